"""Tests of `Room` and `join`: what a program gets of its room and sends to it.

    python -m unittest

It needs no package and no server: the messages come from a socket that the tests provide.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import types
import unittest
from typing import Any, List, Optional
from unittest import mock

import tickwire
from test_tickwire import TOKEN, entered, golden, input_of, node, welcome


class Socket:
    """A connection to nobody: gives these messages, then ends or hangs, and keeps what is sent."""

    def __init__(self, messages: List[bytes], close_code: Optional[int] = None) -> None:
        self.messages, self.sent = list(messages), []
        self.close_code, self.close_reason = None, ""
        self.ends_with = close_code
        self.is_closed = False
        self.transport = self
        self._news = asyncio.Event()

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        while not self.messages and self.ends_with is None:
            self._news.clear()
            await self._news.wait()
        if self.messages:
            return self.messages.pop(0)
        self.close_code = self.ends_with
        raise StopAsyncIteration

    def give(self, message: bytes) -> None:
        self.messages.append(message)
        self._news.set()

    def abort(self) -> None:
        """Breaks."""
        self.ends_with = 1006
        self._news.set()

    async def send(self, message: bytes) -> None:
        self.sent.append(message)

    async def recv(self) -> bytes:
        return await self.__anext__()

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


class Server:
    """Gives rooms, and resumes their sessions: each attempt gets the next of the answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.tokens = list(answers), []

    def room(self, client: tickwire.Client, socket: Socket) -> tickwire.Room:
        return tickwire.Room(client, socket, self.connect)

    async def connect(self, token: bytes) -> Any:
        self.tokens.append(token)
        # The last one is given again and again.
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def connecting(*sockets: Socket) -> Any:
    """In place of `websockets`: each connection is the next of these, and the last one the next ones as well."""
    left = list(sockets)

    async def connect(url: str, **options: Any) -> Socket:
        return left.pop(0) if len(left) > 1 else left[0]

    names = ("websockets", "websockets.asyncio", "websockets.asyncio.client")
    modules = {name: types.ModuleType(name) for name in names}
    modules[names[-1]].connect = connect
    return mock.patch.dict(sys.modules, modules)


def refusal(*body: int) -> tickwire.Refused:
    return tickwire.Refused(tickwire._read_message(bytes((130, *body))).what)


@mock.patch.object(tickwire, "_RETRY_FIRST_S", 0.001)
class Resuming(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.stream = golden("cart", "spectator")
        self.played = golden("gaps", "player, does not replay")

    def again(self, stream: Any, player: Optional[int], messages: List[bytes], code: Optional[int] = None) -> Any:
        return entered(stream, player, token=b"\xab" * 24, resumed=True), Socket(messages, code)

    async def test_a_loop_goes_on_over_a_new_connection_when_the_last_broke(self) -> None:
        for code in (1006, 1011, 4002, 4003):
            server = Server(tickwire.Unreachable("no"), self.again(self.stream, None, self.stream[2], 4007))
            room = server.room(entered(self.stream, None), Socket(self.stream[2], code))
            looped = []
            with self.assertRaises(tickwire.Ended) as caught:
                async for snapshot in room:
                    looped.append((snapshot.tick, [event.kind for event in snapshot.events]))
            self.assertEqual(caught.exception.end.reason, "idle")
            of_stream = [(7, []), (8, []), (9, []), (10, ["bell"]), (11, [])]
            self.assertEqual(looped, of_stream + of_stream)
            self.assertEqual(server.tokens, [TOKEN, TOKEN])
            self.assertEqual((room.counts["resumed"], room.client.welcome.resume), (1, b"\xab" * 24))
            await room.leave()

    async def test_what_a_loop_has_not_seen_of_the_last_connection_is_not_lost(self) -> None:
        for is_looked_at in (False, True):
            server = Server(self.again(self.stream, None, self.stream[2][:2]))
            room = server.room(entered(self.stream, None), Socket(self.stream[2][:4], 1006))
            while room.counts["snapshots"] < 4:
                await asyncio.sleep(0)
            self.assertEqual(room.snapshot.tick if is_looked_at else 10, 10)
            while room.counts["snapshots"] < 6:
                await asyncio.sleep(0)
            self.assertEqual((await room.next()).events, [{"tick": 10, "kind": "bell"}])
            room._socket.give(self.stream[2][2])
            self.assertEqual((await room.next()).events, [])
            await room.leave()

    async def test_between_two_connections_a_room_is_as_it_was(self) -> None:
        server = Server(tickwire.Unreachable("no"))
        room = server.room(entered(self.stream, None), Socket(self.stream[2], 1006))
        await room.next()
        while len(server.tokens) < 3:
            await asyncio.sleep(0)
        self.assertEqual((room.snapshot.tick, room.name, room.player), (11, "meadow", None))
        self.assertEqual((await room.next()).tick, 11)
        waiting = asyncio.ensure_future(room.next())
        await room.leave()
        with self.assertRaises(tickwire.Ended) as caught:
            await waiting
        self.assertEqual(caught.exception.end.reason, "left")
        tokens = len(server.tokens)
        await asyncio.sleep(0.02)
        self.assertEqual(len(server.tokens), tokens)

    async def test_a_player_holds_what_it_held_and_has_its_board_open(self) -> None:
        server = Server(self.again(self.played, 0, self.played[2][:3]))
        room = server.room(entered(self.played, 0), Socket(self.played[2][:3]))
        room.hold(b"\7")
        room.open_board(5, 20)
        first = room._socket
        while not any(message[0] == 2 for message in first.sent):
            await asyncio.sleep(0.01)
        first.abort()
        while not any(message[0] == 2 for message in room._socket.sent) or room._socket is first:
            await asyncio.sleep(0.01)
        kinds = [message[0] for message in room._socket.sent]
        self.assertIn(6, kinds[:2])
        # It is heard before it has anything to play by.
        self.assertIn(4, kinds[:2])
        self.assertIn(tickwire._board(5, 20), room._socket.sent)
        inputs = [message for message in room._socket.sent if message[0] == 2]
        self.assertTrue(all(message.endswith(b"\0\1\7") for message in inputs))
        await room.leave()
        self.assertEqual((first.sent[-1][0] != 5, room._socket.sent[-1]), (True, b"\5"))

    async def test_only_a_connection_that_broke_is_taken_up_again(self) -> None:
        wrong = bytes((132, 255))
        for message, code, kind in (
            (bytes((135, 15)), 4007, "idle"), (bytes((135, 17)), 4009, "replaced"), (bytes((135, 0)), 1000, "left"),
            (bytes((135, 1)), 1001, "closing"), (bytes((135, 16)), 4008, "room-over"), (bytes((135, 9)), 1006, "too-much"),
            (wrong, 1006, None),
        ):
            server = Server(AssertionError())
            room = server.room(entered(self.stream, None), Socket([message], code))
            with self.assertRaises(tickwire.TickwireError) as caught:
                await room.next()
            end = getattr(caught.exception, "end", None)
            self.assertEqual((end and end.reason, server.tokens), (kind, []))
            await room.leave()

    async def test_an_error_of_the_clients_own_ends_the_room(self) -> None:
        server = Server(AssertionError())
        room = server.room(entered(self.stream, None), Socket(self.stream[2]))
        room._aim = None
        with self.assertRaises(tickwire.Ended) as caught:
            async for _ in room:
                pass
        self.assertIsInstance(caught.exception.__cause__, AttributeError)
        self.assertEqual(server.tokens, [])
        await room.leave()

    async def test_who_is_refused_gets_the_end_of_the_connection_and_why_as_its_cause(self) -> None:
        for refused in (refusal(21), refusal(4), tickwire.Ended(tickwire.DisconnectReason(1001, "closing"))):
            server = Server(tickwire.Unreachable("no"), refused)
            room = server.room(entered(self.stream, None), Socket([], 4002))
            with self.assertRaises(tickwire.Ended) as caught:
                await room.next()
            self.assertEqual(caught.exception.end, (4002, "silent"))
            self.assertIs(caught.exception.__cause__, refused)
            self.assertEqual(len(server.tokens), 2)
            await room.leave()

    async def test_it_gives_up_when_the_session_is_not_kept_any_longer(self) -> None:
        for grace_seconds, attempts in ((0, 0), (1, 2)):
            server = Server(tickwire.Unreachable("no"))
            client = entered(self.stream, None, grace_seconds=grace_seconds)
            room = server.room(client, Socket([], 1006))
            with self.assertRaises(tickwire.Ended) as caught:
                await room.next()
            self.assertEqual(caught.exception.end.reason, "lost")
            self.assertTrue(attempts <= len(server.tokens) < 100, server.tokens)
            await room.leave()

    async def test_waits_are_random_double_and_stay_below_their_limit(self) -> None:
        asked: List[Any] = []

        def uniform(low: float, high: float) -> float:
            asked.append((low, high))
            return 0.0

        server = Server(*[tickwire.Unreachable("no")] * 6, self.again(self.stream, None, self.stream[2]))
        with mock.patch.object(tickwire, "_RETRY_FIRST_S", 0.25), mock.patch.object(tickwire.random, "uniform", uniform):
            room = server.room(entered(self.stream, None), Socket([], 1006))
            await room.next()
        self.assertEqual(asked, [(0, most) for most in (0.25, 0.5, 1.0, 2.0, 3.0, 3.0, 3.0)])
        await room.leave()

    @mock.patch.object(tickwire, "_RESUME_TIMEOUT_S", 0.02)
    async def test_an_attempt_that_gets_no_welcome_is_given_up_without_a_goodbye_and_is_not_the_last(self) -> None:
        # The line dies again after the hello. Whether the server has taken that nobody can tell here.
        dead = [Socket([]), Socket([])]
        back = Socket([welcome(*self.stream[:2], None, resumed=True), *self.stream[2]])
        joining = tickwire.join("ws://nowhere", name="Ada", spectate=True)
        with connecting(*dead, back):
            room = tickwire.Room(entered(self.stream, None), Socket([], 1006), joining._connect)
            await room.next()
        self.assertEqual((room.counts["resumed"], room._socket), (1, back))
        for socket in dead:
            self.assertEqual([message[0] for message in socket.sent], [1])
            self.assertIn(TOKEN, socket.sent[0])
            self.assertEqual((socket.ends_with, socket.is_closed), (1006, False))
        await room.leave()

    @mock.patch.object(tickwire, "_RESUME_TIMEOUT_S", 0.02)
    async def test_who_gets_no_welcome_within_the_grace_gets_that_as_the_cause(self) -> None:
        server = Socket([])
        joining = tickwire.join("ws://nowhere", name="Ada", spectate=True)
        client = entered(self.stream, None, grace_seconds=1)
        with connecting(server), mock.patch.object(tickwire, "_RETRY_MAX_S", 0.01):
            room = tickwire.Room(client, Socket([], 1006), joining._connect)
            with self.assertRaises(tickwire.Ended) as caught:
                await room.next()
        self.assertEqual(caught.exception.end.reason, "lost")
        self.assertIsInstance(caught.exception.__cause__, tickwire.Unreachable)
        self.assertGreater(len(server.sent), 1)
        self.assertFalse(server.is_closed)
        await room.leave()

    async def test_who_joins_anew_and_gets_no_welcome_closes_its_connection(self) -> None:
        server = Socket([])
        with connecting(server), mock.patch.object(tickwire, "_JOIN_TIMEOUT_S", 0.02):
            with self.assertRaisesRegex(tickwire.Unreachable, "does not answer"):
                await tickwire.join("ws://nowhere", name="Ada")
        self.assertEqual((server.ends_with, server.is_closed), (None, True))

    @mock.patch.object(tickwire, "_PING_EVERY_S", 0.002)
    async def test_a_connection_over_which_nothing_arrives_is_broken_and_one_that_answers_pings_is_not(self) -> None:
        server = Server(self.again(self.stream, None, self.stream[2]))
        first, second = Socket(self.stream[2][:1]), server.answers[0][1]

        async def answer(message: bytes) -> None:
            second.sent.append(message)
            if message[0] == 4:
                second.give(b"\x85" + message[1:])

        room = server.room(entered(self.stream, None), first)
        with mock.patch.object(second, "send", answer):
            while len(second.sent) < 3 * tickwire._SILENT_PINGS_MAX:
                await asyncio.sleep(0.001)
        pings = [message for message in first.sent if message[0] == 4]
        # One may have gone out before the snapshot came.
        self.assertIn(len(pings) - tickwire._SILENT_PINGS_MAX, (0, 1))
        self.assertEqual(room.counts["resumed"], 1)
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
