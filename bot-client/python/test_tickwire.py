"""Tests of tickwire.py: what it keeps of a stream and sends, how it encodes inputs, and when it sends them.

    python -m unittest

It needs no package and no server. That it decodes correctly is checked by `check.py`. `test_room.py` has the tests of
a joined room.
"""

from __future__ import annotations

import random
import unittest
from typing import Any, List, Optional, Tuple

import tickwire
from check import GOLDEN, read_streams
from tickwire import _block, _text, _unsigned

NODE_SORTS = {name: number for number, name in enumerate(tickwire._SORTS)}


def golden(file: str, name: str) -> Tuple[int, bytes, List[bytes]]:
    """The rate, the schema and the snapshots of a stream, as messages."""
    hz, schema, streams = read_streams((GOLDEN / f"{file}.snapshots").read_text(encoding="utf-8"))
    steps = dict(streams)[name]
    return hz, schema, [bytes((132,)) + step.bodies["range"] for step in steps if step.first == "tick"]


TOKEN = bytes(range(24))


def welcome(
    hz: int, schema: bytes, player: Optional[int], token: bytes = TOKEN, resumed: bool = False, grace_seconds: int = 30
) -> bytes:
    own = b"\0" if player is None else b"\1" + _unsigned(player)
    head = bytes((129,)) + _unsigned(7) + own + _text("meadow") + _unsigned(hz)
    parts = _unsigned(1) + _unsigned(4) + _unsigned(60) + _block(schema) + _block(b"\1\2\3") + _block(b"")
    return head + parts + token + bytes((resumed,)) + _unsigned(grace_seconds)


def entered(stream: Tuple[int, bytes, List[bytes]], player: Optional[int], **session: Any) -> tickwire.Client:
    """A client that was let in."""
    client = tickwire.Client()
    client.hello(name="Ada", spectate=player is None)
    client.receive(welcome(*stream[:2], player, **session))
    list(client.outgoing())
    return client


def node(name: str, sort: str, *children: bytes) -> bytes:
    count = _unsigned(len(children)) if sort in ("struct", "tuple", "enum") else b""
    return _text(name) + _unsigned(NODE_SORTS[sort]) + count + b"".join(children)


def input_of(count: int, shape: bytes, default: bytes) -> tickwire.Input:
    return tickwire._read_input(tickwire.Reader(_unsigned(count) + shape + _block(default)))


SHIP = input_of(
    17,
    node(
        "", "struct",
        node("left", "bool"),
        node("aim", "f32"),
        node("at", "tuple", node("", "i16"), node("", "u8")),
        node("order", "option", node("", "struct", node("hull", "u16"), node("paint", "u8"))),
        node("act", "enum", node("Rest", "unit"), node("Fire", "struct", node("power", "i32"), node("low", "bool"))),
        node("path", "list", node("", "i8")),
    ),
    bytes.fromhex("01" "0000803f" "0305" "01fb2c0109" "00" "00"),
)


class Inputs(unittest.TestCase):
    def refused(self, value: object, *words: str) -> None:
        with self.assertRaises(tickwire.InputError) as caught:
            SHIP.encode(value)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_the_default_is_read_and_written_as_it_was(self) -> None:
        self.assertEqual(SHIP.default, {
            "left": True, "aim": 1.0, "at": [-2, 5], "order": {"hull": 300, "paint": 9}, "act": "Rest", "path": [],
        })
        self.assertEqual(SHIP.encode().hex(), "010000803f030501fb2c01090000")

    def test_what_is_left_out_is_as_in_the_default_at_any_depth(self) -> None:
        self.assertEqual(SHIP.decode(SHIP.encode({"order": {"paint": 2}, "path": [1, -1]})), {
            **SHIP.default, "order": {"hull": 300, "paint": 2}, "path": [1, -1],
        })

    def test_an_option_is_none_and_an_enum_a_name_or_a_name_with_a_value(self) -> None:
        fire = {"act": {"Fire": {"power": -70_000, "low": True}}, "order": None, "left": False}
        data = SHIP.encode(fire)
        self.assertEqual(data.hex(), "00" "0000803f" "0305" "00" "01fcdf22020001" "00")
        self.assertEqual(SHIP.decode(data), {**SHIP.default, **fire})

    def test_a_wrong_name_or_type_is_an_error_that_says_what_there_is(self) -> None:
        self.refused({"lift": True}, "'lift'", "'left'", "'path'")
        self.refused({"left": 1}, "input.left", "True or False", "1")
        self.refused({"aim": "north"}, "input.aim", "number")
        self.refused({"aim": float("nan")}, "input.aim", "finite")
        self.refused({"aim": 1e39}, "input.aim", "finite")
        self.refused({"aim": 10**400}, "input.aim", "finite")
        self.refused({"at": [0, 256]}, "input.at[1]", "from 0 to 255")
        self.refused({"at": [0, True]}, "input.at[1]", "whole number")
        self.refused({"at": [0]}, "input.at", "a list of 2")
        self.refused({"at": 3}, "input.at", "a list")
        self.refused({"act": "Run"}, "'Run'", "'Rest'", "'Fire'")
        self.refused({"act": 1}, "input.act", "'Fire'")
        self.refused({"act": "Fire"}, "input.act.Fire", "'power'")
        self.refused({"act": {"Fire": {"power": 1}}}, "needs 'low'", "'power'")
        self.refused({"order": {"hue": 1}}, "'hue'", "'paint'")
        self.refused([], "a dict of 'left'")
        self.refused({"path": [0] * 30}, "at most 32 bytes")

    def test_integers_of_all_sizes_go_there_and_back(self) -> None:
        for sort in ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"):
            bits = int(sort[1:])
            low, high = (0, 2**bits - 1) if sort[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            number = input_of(1, node("", sort), b"\0")
            for value in {low, low + 1, 0, 1, 125, high - 1, high}:
                self.assertEqual(number.decode(number.encode(value)), value, sort)
            for value in (low - 1, high + 1, 0.5, True, "0"):
                self.assertRaises(tickwire.InputError, number.encode, value)

    def test_an_input_is_described_for_people(self) -> None:
        text = SHIP.describe()
        for word in ("left: bool", "at: (i16, u8)", "order: None or struct", "'Rest'", "'Fire'", "list of i8", "300", "default: {"):
            self.assertIn(word, text)

    def test_a_shape_that_cannot_be_is_refused(self) -> None:
        deep = node("", "bool")
        for _ in range(15):
            deep = node("", "option", deep)
        self.assertIsNotNone(input_of(16, deep, b"\0"))
        for count, shape, default in (
            (17, node("", "option", deep), b"\0"),
            (257, node("", "struct", *[node("a", "unit")] * 256), b""),
            (2, node("", "bool"), b"\0"),
            (1, node("", "option", node("", "bool")), b"\0"),
            (1, b"\0\x11", b""),
        ):
            with self.assertRaises(tickwire.StreamError):
                input_of(count, shape, default)

    def test_a_default_longer_than_an_input_is_refused_before_it_is_decoded(self) -> None:
        units = node("", "list", node("", "list", node("", "tuple", *[node("", "unit")] * 250)))
        largest = input_of(253, units, b"\x1f" + b"\x20" * 31)
        self.assertEqual(sum(len(each) for each in largest.default), 31 * 32)
        for count, shape in ((253, units), (0, b""), (1, node("", "u8"))):
            with self.assertRaisesRegex(tickwire.StreamError, "default input too long"):
                input_of(count, shape, b"\x20" * 33)

    def test_an_input_without_a_shape_or_with_one_that_does_not_fit_is_bytes(self) -> None:
        for count, shape, default in (
            (0, b"", b"\5"),
            (1, node("", "bool"), b"\5"),
            (1, node("", "bool"), b"\0\0"),
            (2, node("", "list", node("", "unit")), b"\xfc\xff\xff\xff\xff"),
        ):
            raw = input_of(count, shape, default)
            self.assertFalse(raw.is_described)
            self.assertEqual((raw.encode(), raw.encode(b"\7"), raw.default), (default, b"\7", default))
            self.assertRaises(tickwire.InputError, raw.encode, {"left": True})
            self.assertRaises(tickwire.InputError, raw.encode, bytes(33))


class Streams(unittest.TestCase):
    def test_a_spectator_acknowledges_the_first_snapshot_and_then_twice_a_second(self) -> None:
        stream = golden("motions", "spectator")
        client = entered(stream, None)
        acks = 0
        for nth, snapshot in enumerate(stream[2]):
            self.assertEqual(client.receive(snapshot), "snapshot")
            acks += len(list(client.outgoing()))
            self.assertTrue(acks > 0 or nth > 0)
        self.assertLessEqual(acks, 1 + len(stream[2]) // (stream[0] // 2))
        self.assertGreater(acks, 1)

    def test_rows_and_events_have_the_names_and_units_of_the_schema(self) -> None:
        stream = golden("cart", "spectator")
        client = entered(stream, None)
        for snapshot in stream[2][:4]:
            client.receive(snapshot)
        self.assertEqual(client.rows(), [{"id": 1, "kind": "cart", "x": 529 * 0.1, "light": 1}])
        self.assertEqual(client.rows()[0].light, 1)
        with self.assertRaises(AttributeError):
            client.rows()[0].dark
        self.assertEqual(client.events(), [{"tick": 10, "kind": "bell"}])
        self.assertEqual(client.events(), [])

    def test_a_player_acknowledges_by_inputs_and_without_them_after_two_snapshots(self) -> None:
        stream = golden("gaps", "player, does not replay")
        client = entered(stream, 0)
        sent = []
        for snapshot in stream[2][:2]:
            client.receive(snapshot)
            sent.append([message[0] for message in client.outgoing()])
        self.assertEqual(sent, [[], [3]])
        client.receive(stream[2][2])
        client.input(400, b"\x09")
        self.assertEqual(list(client.outgoing()), [tickwire._input(400, client.tick, b"\x09")])
        client.receive(stream[2][3])
        client.ping()
        self.assertEqual([message[0] for message in client.outgoing()], [4, 3])
        self.assertIsNotNone(client.own)
        self.assertIsNotNone(client.standing)
        self.assertRaises(tickwire.InputError, client.input, 4, bytes(33))
        self.assertRaises(tickwire.InputError, client.input, -1, b"")
        self.assertRaises(tickwire.InputError, client.open_board, 0, 51)

    def test_the_roster_the_scores_and_the_board_are_kept(self) -> None:
        def entry(player: int, name: str) -> bytes:
            return _unsigned(player) + _text(name) + b"\4\1\0"

        def roster(entries: List[bytes], gone: List[int], is_complete: int) -> bytes:
            listed = _unsigned(len(entries)) + b"".join(entries)
            return bytes((131, is_complete)) + listed + _unsigned(len(gone)) + b"".join(map(_unsigned, gone))

        client = entered(golden("gaps", "player, does not replay"), 0)
        client.receive(roster([entry(300, "Bea"), entry(2, "Ann")], [], 1))
        self.assertEqual([each.name for each in client.roster.values()], ["Ann", "Bea"])
        client.receive(roster([entry(4, "Cid")], [2], 0))
        client.receive(bytes((137, 2, 4, 20, 1, 5, 2, 0)))
        self.assertEqual([(each.player, each.score) for each in client.roster.values()], [(4, 10), (300, 2)])
        page = bytes((138, 0, 2, 1, 1, 0))
        client.receive(page)
        self.assertIsNone(client.board)
        client.open_board(0, 10)
        client.receive(page)
        self.assertEqual(client.board, (0, 2, 1, []))
        client.receive(bytes((135, 15)))
        self.assertEqual((client.stage, client.end), ("ended", (4007, "idle")))

    def test_a_session_has_a_token_by_which_it_is_resumed(self) -> None:
        stream = golden("cart", "spectator")
        client = entered(stream, 3, token=b"\xab" * 24, resumed=True, grace_seconds=300)
        self.assertEqual(client.welcome[-3:], (b"\xab" * 24, True, 300))
        for hidden in ("xab", "abab"):
            self.assertNotIn(hidden, repr(client.welcome))
        client.hello(name="Ada")
        [anew] = client.outgoing()
        client.hello(name="Ada", resume=TOKEN)
        self.assertEqual(list(client.outgoing()), [anew[:-1] + b"\1" + TOKEN])
        for wrong in (b"", TOKEN[1:], TOKEN + b"\0", TOKEN.hex(), 7):
            self.assertRaises(tickwire.InputError, client.hello, resume=wrong)
        self.assertEqual(client.receive(bytes((130, 21))), "refused")
        self.assertEqual(client.refusal[:2], ("not-resumable", None))
        for number, end in ((17, (4009, "replaced")), (18, (4010, "away"))):
            client.hello()
            client.receive(bytes((135, number)))
            self.assertEqual(client.end, end)

    def test_when_the_server_closes_is_kept(self) -> None:
        client = entered(golden("cart", "spectator"), None)
        self.assertIsNone(client.closing)
        self.assertEqual(client.receive(bytes((139, 251, 44, 1))), "closing")
        self.assertEqual(client.closing, 300)
        client.hello()
        self.assertIsNone(client.closing)

    def test_what_is_no_message_is_one_sort_of_error(self) -> None:
        for data in (
            b"", b"\7", bytes((131, 1, 252, 255, 255, 255, 255)), bytes((131, 1, 253, 0, 0, 0, 0, 0, 0, 32, 0)),
            bytes((134, 2, 0xC3, 0x28)), bytes((136, 1, 0)), bytes((130, 99)), bytes((130, 23)), bytes((135, 19)), bytes((133, 1, 1)), bytes((133, 254)),
            bytes((135, 253)), bytes((132,)),
        ):
            client = tickwire.Client()
            client.hello()
            with self.assertRaises(tickwire.StreamError) as caught:
                client.receive(data)
            self.assertNotEqual(caught.exception.code, "fault", data)
            self.assertRaises(tickwire.StreamError, client.receive, bytes((133, 1)))

    def test_a_damaged_stream_is_refused_or_decoded_and_nothing_else(self) -> None:
        dice = random.Random(1)
        faults = rounds = 0
        streams = (("cart", "spectator", None), ("names", "spectator", None), ("gaps", "player, does not replay", 0))
        for file, name, player in streams:
            hz, schema, snapshots = golden(file, name)
            for _ in range(400):
                rounds += 1
                messages = [bytearray(each) for each in (welcome(hz, schema, player), *snapshots[:12])]
                for _ in range(dice.randint(1, 3)):
                    message = dice.choice(messages)
                    message[dice.randrange(len(message))] = dice.randrange(256)
                client = tickwire.Client()
                client.hello()
                try:
                    for message in messages:
                        client.receive(message)
                        client.rows()
                        client.events()
                except tickwire.StreamError as error:
                    self.assertNotEqual(error.code, "fault", error)
                    faults += 1
        self.assertTrue(200 < faults < rounds, (faults, rounds))


class Link:
    """A room and a network path to it on virtual time: reports the margins of the inputs of an `Aim`."""

    def __init__(self, hz: int, there_s: float, back_s: float, jitter_s: float, seed: int = 1) -> None:
        self.hz, self.there, self.back, self.jitter = hz, there_s, back_s, jitter_s
        self.dice = random.Random(seed)
        self.aim = tickwire.Aim(hz)
        self.now = 0.0
        self.tick = 1000
        self.tick_at = 0.0
        self.newest: Optional[int] = None
        self.inputs: List[Tuple[float, int]] = []
        self.snapshots: List[Tuple[float, int, int]] = []
        self.margins: List[int] = []
        self.scale = 1.0

    def after(self, delay_s: float, queue: list) -> float:
        # In order, as TCP is.
        at = self.now + delay_s + self.dice.random() * self.jitter
        return max(at, queue[-1][0]) if queue else at

    def run(self, seconds: float, stands_s: float = 0.0) -> List[int]:
        """Runs on, after the room has stood still for some time; returns the margins that it reported."""
        self.tick_at += stands_s
        begin, end = len(self.margins), self.now + seconds
        while self.now < end:
            self.now += 0.001
            while self.inputs and self.inputs[0][0] <= self.now:
                tick = self.inputs.pop(0)[1]
                if tick <= self.tick + max(2 * self.hz, 64):
                    self.newest = max(tick, self.newest or 0)
            if self.now >= self.tick_at:
                self.tick_at += 1 / (self.hz * self.scale)
                self.tick += 1
                margin = -64 if self.newest is None else max(self.newest - self.tick, -64)
                self.margins.append(margin)
                self.snapshots.append((self.after(self.back, self.snapshots), self.tick, margin))
            while self.snapshots and self.snapshots[0][0] <= self.now:
                _, tick, margin = self.snapshots.pop(0)
                self.aim.snapshot(self.now, tick, margin)
            due = self.aim.next_due(self.now)
            while due is not None:
                self.inputs.append((self.after(self.there, self.inputs), due))
                due = self.aim.next_due(self.now)
        return self.margins[begin:]


class Aims(unittest.TestCase):
    def settled(self, margins: List[int], jitter_ticks: float) -> None:
        late = sum(margin < 0 for margin in margins)
        self.assertLess(late / len(margins), 0.02, margins)
        mean = sum(margins) / len(margins)
        self.assertTrue(0 < mean < 3 + 2 * jitter_ticks, mean)

    def test_inputs_are_early_by_a_tick_or_two_on_any_link(self) -> None:
        for hz in (20, 30, 60, 120):
            for there, back, jitter in ((0.0, 0.0, 0.0), (0.02, 0.08, 0.0), (0.12, 0.12, 0.0), (0.03, 0.03, 0.04)):
                with self.subTest(hz=hz, there=there, back=back, jitter=jitter):
                    link = Link(hz, there, back, jitter)
                    link.run(3.0)
                    self.settled(link.run(20.0), jitter * hz)

    def test_a_room_that_stood_still_is_found_again(self) -> None:
        for stands in (0.4, 1.0, 10.0):
            with self.subTest(stands=stands):
                link = Link(30, 0.05, 0.05, 0.0)
                link.run(5.0)
                link.run(stands + 5.0, stands)
                self.settled(link.run(10.0), 0.0)

    def test_a_link_that_becomes_longer_or_shorter_is_followed(self) -> None:
        link = Link(60, 0.02, 0.02, 0.0)
        link.run(5.0)
        for there, back in ((0.15, 0.1), (0.01, 0.01)):
            link.there, link.back = there, back
            link.run(8.0)
            self.settled(link.run(10.0), 0.0)

    def test_a_room_in_slow_motion_is_followed(self) -> None:
        link = Link(60, 0.03, 0.03, 0.0)
        link.run(5.0)
        for permille in (500, 1000):
            link.scale = permille / 1000
            link.run(0.03)
            link.aim.pace(link.now, permille)
            link.run(7.0)
            self.settled(link.run(10.0), 0.0)

    def test_ticks_are_taken_once_and_rise(self) -> None:
        link = Link(60, 0.05, 0.05, 0.05)
        taken: List[int] = []
        next_due = link.aim.next_due

        def noted(now: float) -> Optional[int]:
            due = next_due(now)
            taken.extend([] if due is None else [due])
            return due

        link.aim.next_due = noted  # type: ignore[method-assign]
        link.run(10.0, 0.0)
        link.run(10.0, 3.0)
        self.assertGreater(len(taken), 600)
        self.assertTrue(all(one < other for one, other in zip(taken, taken[1:])))


if __name__ == "__main__":
    unittest.main()
