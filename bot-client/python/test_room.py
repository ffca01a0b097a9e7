"""Tests of `Room` and `join`: what a program gets of its room and sends to it.

    python -m unittest

It needs no package and no server: the messages come from a socket that the tests provide.
"""

from __future__ import annotations

import asyncio
import pickle
import unittest
from typing import List, Optional

import tickwire
from test_tickwire import entered, golden, input_of, node


class Socket:
    """A connection to nobody: gives these messages, then ends or hangs, and keeps what is sent."""

    def __init__(self, messages: List[bytes], close_code: Optional[int] = None) -> None:
        self.messages, self.sent = list(messages), []
        self.close_code, self.close_reason = close_code, ""
        self.is_closed = False

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        if self.messages:
            return self.messages.pop(0)
        if self.close_code is None:
            await asyncio.sleep(60)
        raise StopAsyncIteration

    async def send(self, message: bytes) -> None:
        self.sent.append(message)

    async def close(self) -> None:
        self.is_closed = True


class Rooms(unittest.IsolatedAsyncioTestCase):
    def room(self, player: Optional[int], *after: bytes, close_code: Optional[int] = None) -> tickwire.Room:
        stream = golden("cart", "spectator") if player is None else golden("gaps", "player, does not replay")
        return tickwire.Room(entered(stream, player), Socket([*stream[2][:3], *after], close_code))

    async def test_a_room_gives_snapshots_sends_what_is_held_and_says_goodbye(self) -> None:
        room = self.room(0)
        room.hold(b"\x07")
        snapshot = await room.next()
        while room.counts["snapshots"] < 3 or not room.counts["inputs"]:
            await asyncio.sleep(0.01)
        self.assertLess(snapshot.tick, room.snapshot.tick)
        snapshot = room.snapshot
        self.assertIs(room.snapshot, snapshot)
        self.assertEqual(snapshot.tick, room.client.tick)
        await room.leave()
        sent = room._socket.sent
        inputs = [message for message in sent if message[0] == 2]
        self.assertTrue(inputs and all(message.endswith(b"\0\1\7") for message in inputs))
        self.assertEqual(sent[-1], b"\5")
        self.assertTrue(room._socket.is_closed)
        self.assertEqual([seen async for seen in room], [])
        self.assertRaises(tickwire.Ended, room.hold, b"\7")

    async def test_one_who_looks_takes_no_snapshot_and_no_event_from_the_loop(self) -> None:
        stream = golden("cart", "spectator")
        for is_watched in (False, True):
            room = tickwire.Room(entered(stream, None), Socket(stream[2], 1000))
            looked: List[Optional[tickwire.Snapshot]] = []

            async def look() -> None:
                while room._error is None:
                    looked.append(room.snapshot)
                    room.counts.clear()
                    await asyncio.sleep(0)

            watching = asyncio.ensure_future(look() if is_watched else asyncio.sleep(0))
            looped = []
            with self.assertRaises(tickwire.Ended):
                async for snapshot in room:
                    looped.append(snapshot)
                    self.assertIs(room.snapshot, snapshot)
            await watching
            await room.leave()
            self.assertEqual([each.tick for each in looped], [7, 8, 9, 10, 11])
            self.assertEqual([each.events for each in looped], [[], [], [], [{"tick": 10, "kind": "bell"}], []])
            # It has seen them all as well: it ran in between.
            self.assertEqual({each.tick for each in looked if each}, {7, 8, 9, 10, 11} if is_watched else set())

    async def test_a_loop_that_skips_snapshots_gets_their_events_once(self) -> None:
        stream = golden("cart", "spectator")
        room = tickwire.Room(entered(stream, None), Socket(stream[2]))
        while room.counts["snapshots"] < len(stream[2]):
            await asyncio.sleep(0)
        bell = [{"tick": 10, "kind": "bell"}]
        self.assertEqual([room.snapshot.events, room.snapshot.events], [bell, bell])
        self.assertEqual((await room.next()).events, bell)
        room._take(stream[2][0])
        self.assertEqual((await room.next()).events, [])
        await room.leave()

    async def test_presses_get_a_tick_each_and_the_last_four_count(self) -> None:
        room = self.room(0)
        room.hold(b"\x09")
        for pressed in range(1, 7):
            room.press(bytes((pressed,)))
        while room.counts["inputs"] < 6:
            await asyncio.sleep(0.01)
        await room.leave()
        inputs = [message[-1] for message in room._socket.sent if message[0] == 2]
        self.assertEqual(inputs[:6], [3, 4, 5, 6, 9, 9])

    async def test_fields_may_have_the_names_of_arguments(self) -> None:
        room = self.room(0)
        names = ("value", "self", "kind")
        shape = input_of(4, node("", "struct", *[node(name, "bool") for name in names]), bytes(3))
        room.client.schema = room.client.schema._replace(input=shape)
        room.hold(value=True, self=True)
        self.assertEqual(room._held, b"\1\1\0")
        room.press(self=True, kind=True)
        self.assertEqual(list(room._pressed), [b"\0\1\1"])
        snapshot = await room.next()
        snapshot.rows = [tickwire.Row(id=1, kind="cart", value=1, self=2), tickwire.Row(id=2, kind="cart", value=1)]
        self.assertEqual(snapshot.rows_of("cart", value=1, self=2), snapshot.rows[:1])
        self.assertEqual(snapshot.rows_of(kind="cart", value=1), snapshot.rows)
        self.assertIs(snapshot.row(self=2), snapshot.rows[0])
        await room.leave()

    async def test_a_wrong_input_is_an_error_at_once_and_changes_nothing(self) -> None:
        room = self.room(0)
        room.hold(b"\7")
        self.assertRaises(tickwire.InputError, room.hold, bytes(33))
        self.assertRaises(tickwire.InputError, room.hold, left=True)
        self.assertEqual(room._held, b"\7")
        await room.leave()
        watching = self.room(None)
        self.assertRaises(tickwire.InputError, watching.hold, b"\7")
        await watching.leave()

    async def test_a_room_ends_by_the_reason_that_it_has(self) -> None:
        for after, code, kind, words in (
            (bytes((135, 15)), 4007, tickwire.Ended, "idle"),
            (None, 1006, tickwire.Ended, "lost"),
            (bytes((132, 255)), None, tickwire.StreamError, ""),
            (bytes((7,)), None, tickwire.StreamError, "no kind"),
        ):
            room = self.room(0, *([] if after is None else [after]), close_code=code)
            with self.assertRaises(kind) as caught:
                async for _ in room:
                    pass
            self.assertIn(words, str(caught.exception))
            await room.leave()


class Errors(unittest.TestCase):
    def test_a_join_that_was_not_awaited_says_so(self) -> None:
        room = tickwire.join("ws://127.0.0.1:7777/ws")
        with self.assertRaisesRegex(AttributeError, "'hold'.*await"):
            room.hold(left=True)
        self.assertFalse(hasattr(room, "_repr_html_"))

    def test_exceptions_are_the_same_after_pickling(self) -> None:
        refusal = tickwire._read_message(bytes((130, 0, 8))).what
        for error in (
            tickwire.Refused(refusal), tickwire.Ended(tickwire.DisconnectReason(4007, "idle")),
            tickwire.Unreachable("no"), tickwire.StreamError("no", "snapshot"), tickwire.InputError("no"),
        ):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), vars(again)), (type(error), str(error), vars(error)))


class Addresses(unittest.TestCase):
    def test_an_address_is_that_of_the_page_or_of_the_socket(self) -> None:
        for given, is_ in (
            ("ws://a:1/ws", "ws://a:1/ws"), ("http://a:1", "ws://a:1/ws"), ("a:1", "ws://a:1/ws"),
            ("https://a/games/?room=x", "wss://a/games/ws"),
        ):
            self.assertEqual(tickwire._address(given), is_)
        self.assertRaises(tickwire.InputError, tickwire._address, "ftp://a")


if __name__ == "__main__":
    unittest.main()
