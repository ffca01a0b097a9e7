"""A bot that plays Tag: while it is "it" it chases the nearest runner, and otherwise it flees from the one who is.

    cargo run --release -p tag                     # the server, in another terminal
    python example_tag.py --seconds 30

At the end it prints its figures as JSON. It exits with 1 if the connection ended early.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import time
from collections import Counter
from typing import Any, Dict, Optional, Tuple

import tickwire

NEAR_M = 5.0
"""The bot flees only from a chaser nearer than this."""
CALM_TICKS = 300
"""When nobody was caught for so long, it lets itself be caught: bots that chase get stuck behind walls."""
DEAD_ZONE_M = 0.3
STUCK_M, STUCK_SNAPSHOTS = 0.02, 6
"""A runner that moved less than this in each of so many snapshots, though it tried to, is stopped by a wall."""
ASIDE_SNAPSHOTS = 25
HALF_M = (20.0, 12.0)
"""From the middle of the field to its edges."""


class Bot:
    """Decides where to run by the rows of each snapshot."""

    def __init__(self, player: int) -> None:
        self.player = player
        self.counts: Counter = Counter()
        self.moved_m = 0.0
        self.was: Optional[Tuple[float, float]] = None
        self.stuck = self.aside = 0
        self.turn = 1.0
        self.caught_at: Optional[int] = None

    def look(self, snapshot: tickwire.Snapshot) -> Dict[str, bool]:
        """What to hold from now on."""
        if snapshot.events or self.caught_at is None:
            self.caught_at = snapshot.tick
        for event in snapshot.events:
            self.counts["tags_seen"] += 1
            self.counts["caught"] += event.by == self.player
            self.counts["was_caught"] += event.who == self.player
        me = snapshot.row("runner", player=self.player)
        if me is None:
            return {}
        stride = math.dist((me.x, me.y), self.was) if self.was else 0.0
        self.was = (me.x, me.y)
        self.moved_m += stride
        self.counts["snapshots_it"] += me.it
        x, y = self.direction(me, snapshot)
        wants = max(abs(x), abs(y)) > DEAD_ZONE_M
        self.stuck = self.stuck + 1 if wants and not me.frozen and stride < STUCK_M else 0
        if self.stuck > STUCK_SNAPSHOTS:
            self.aside, self.stuck, self.turn = ASIDE_SNAPSHOTS, 0, random.choice((-1.0, 1.0))
        if self.aside > 0:
            self.aside -= 1
            x, y = self.turn * y, -self.turn * x
        return {"left": x < -DEAD_ZONE_M, "right": x > DEAD_ZONE_M, "up": y < -DEAD_ZONE_M, "down": y > DEAD_ZONE_M}

    def direction(self, me: tickwire.Row, snapshot: tickwire.Snapshot) -> Tuple[float, float]:
        """The direction in which to run if there were no walls."""
        others = [row for row in snapshot.rows_of("runner") if row.player != self.player]
        targets = [row for row in others if (not row.frozen if me.it else row.it)]
        if not targets:
            return -me.x, -me.y
        other = min(targets, key=lambda row: math.dist((row.x, row.y), (me.x, me.y)))
        x, y = other.x - me.x, other.y - me.y
        if me.it or snapshot.tick > self.caught_at + CALM_TICKS:
            return x, y
        if math.hypot(x, y) > NEAR_M:
            return -me.x, -me.y
        # Away, and along an edge rather than into it.
        return tuple(
            math.copysign(4.0, -at) if abs(at) > half - 1.5 and at * -toward > 0 else -toward
            for toward, at, half in ((x, me.x, HALF_M[0]), (y, me.y, HALF_M[1]))
        )


async def play(url: str, name: str, room_name: Optional[str], seconds: float) -> Dict[str, Any]:
    """Plays for so many seconds and returns the figures."""
    async with tickwire.join(url, name=name, room=room_name) as room:
        bot = Bot(room.player)
        players = 0
        started, cpu = time.monotonic(), time.process_time()
        error = None
        try:
            async for snapshot in room:
                players = max(players, len(room.roster))
                room.hold(bot.look(snapshot))
                if time.monotonic() > started + seconds:
                    break
        except tickwire.TickwireError as ended:
            error = ended
        wall, cpu = time.monotonic() - started, time.process_time() - cpu
        margins = room.margins
        of_margins = max(sum(margins.values()), 1)
        own = room.roster.get(room.player)
        return {
            "room": room.name,
            "seconds": round(wall, 2),
            "players": players,
            "snapshots": room.counts["snapshots"],
            "bytes_per_snapshot": round(room.counts["bytes"] / max(room.counts["snapshots"], 1), 1),
            "inputs": room.counts["inputs"],
            **{given: room.counts[given] for given in ("received", "repeated", "absent")},
            "margin_mean_ticks": round(sum(ticks * times for ticks, times in margins.items()) / of_margins, 2),
            "margin_positive_percent": round(100 * sum(n for t, n in margins.items() if t > 0) / of_margins, 1),
            "late_percent": round(100 * sum(n for t, n in margins.items() if t < 0) / of_margins, 2),
            "lead_ticks": round(room.lead_ticks, 2),
            "rtt_ms": room.rtt_ms and round(room.rtt_ms, 2),
            "moved_m": round(bot.moved_m, 1),
            **{what: bot.counts[what] for what in ("tags_seen", "caught", "was_caught", "snapshots_it")},
            "score": own and own.score,
            "cpu_percent": round(100 * cpu / wall, 1),
            "decode_errors": int(isinstance(error, tickwire.StreamError)),
            "error": error and str(error),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Plays Tag and prints figures as JSON.")
    parser.add_argument("--url", default="ws://127.0.0.1:7777/ws", help="the server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to play (%(default)s)")
    parser.add_argument("--name", default="Python", help="the player's name (%(default)s)")
    parser.add_argument("--room", help="the room to join (default: any with space)")
    options = parser.parse_args()
    try:
        report = asyncio.run(play(options.url, options.name, options.room, options.seconds))
    except tickwire.TickwireError as error:
        sys.exit(f"example_tag: {error}")
    print(json.dumps(report, indent=2))
    sys.exit(1 if report["error"] else 0)


if __name__ == "__main__":
    main()
