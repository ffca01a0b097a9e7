"""Checks against a running server that a room is resumed when its connection breaks, and only then.

    python check_resume.py ws://127.0.0.1:7777/ws

It needs the package `websockets`, and a server that keeps sessions (`--grace`). It prints a line for each claim that holds,
and ends with 1 at the first that does not. Run by `tests/tests/generic_page.rs`.
"""

from __future__ import annotations

import asyncio
import sys

import tickwire

SETTLED_SNAPSHOTS = 20
"""Whatever was sent has been answered after so many."""


def holds(claim: bool, what: str) -> None:
    if not claim:
        raise SystemExit(f"does not hold: {what}")
    print(what)


async def look(room: tickwire.Room) -> tickwire.Snapshot:
    """The last of some snapshots."""
    for _ in range(SETTLED_SNAPSHOTS):
        snapshot = await room.next()
    return snapshot


async def end_of(room: tickwire.Room) -> tickwire.Ended:
    try:
        while True:
            await room.next()
    except tickwire.Ended as ended:
        return ended


async def check(url: str) -> None:
    joining = tickwire.join(url, name="Ada", room="back")
    room = await joining
    welcome = room.client.welcome
    holds(not welcome.resumed and welcome.grace_seconds > 0, "who joins has resumed nothing")
    room.hold(left=True)
    before = await look(room)
    name = room.roster[room.player].name
    for times in (1, 2):
        room._socket.transport.abort()
        received = room.counts["received"]
        after = await look(room)
        holds(room.counts["resumed"] == times and room.client.welcome.resumed, f"break {times}: the session is resumed")
        holds(room.player == welcome.player and room.roster[room.player].name == name, "with the same player")
        holds(after.tick > before.tick and after.row(player=room.player) is not None, "the loop goes on with its row")
        holds(room.counts["received"] > received, "and what it holds is sent and received")
        before = after

    client, socket = await joining._connect(room.client.welcome.resume)
    ended = await end_of(room)
    holds(ended.end.reason == "replaced" and room.counts["resumed"] == 2, "who is replaced does not come back")
    newest = tickwire.Room(client, socket, joining._connect)
    await look(newest)
    holds(newest.player == welcome.player, "the newest connection has the player")

    newest.client.welcome = newest.client.welcome._replace(resume=bytes(24))
    newest._socket.transport.abort()
    ended = await end_of(newest)
    holds(ended.end.reason == "lost", "who is refused gets the end of the connection that broke")
    cause = ended.__cause__
    holds(isinstance(cause, tickwire.Refused) and cause.refusal.reason == "not-resumable", "and the refusal as its cause")

    async with tickwire.join(url, name="Ada", room="back", spectate=True) as watching:
        await look(watching)
        watching._socket.transport.abort()
        await look(watching)
        holds(watching.counts["resumed"] == 1 and watching.player is None, "a spectator is resumed as well")
        left = watching.client.welcome.resume
    try:
        await tickwire.join(url, room="back", spectate=True)._connect(left)
    except tickwire.Refused as refused:
        holds(refused.refusal.reason == "not-resumable", "who has left is not")
    else:
        holds(False, "who has left is not")


if __name__ == "__main__":
    asyncio.run(check(sys.argv[1]))
