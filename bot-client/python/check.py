"""Checks tickwire.py against the golden files of this repository (`tests/golden/README.md`).

    python check.py             # all of them
    python check.py FILE...     # streams of snapshots
    python check.py --messages  # prints each message of a server as JSON, as tests/golden/messages.mjs does
    python check.py --inputs    # inputs by their shape

It needs Python 3.9 and no package. It prints how much it has checked, and ends with 1 at the first thing that is
not as it should be. Run by `tests/tests/golden` and `tests/tests/python.rs`.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import tickwire
from tickwire import _Codec, _Decoder, _RangeSource, _refuse

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"


class PlainSource:
    """The plain coding, which no connection uses: it can be read by eye."""

    def __init__(self, body: bytes) -> None:
        self.left = 8 * len(body)
        self.bits = int.from_bytes(body, "little")

    def raw(self, n: int) -> int:
        _refuse(n <= self.left, "too short")
        value = self.bits & ((1 << n) - 1)
        self.bits >>= n
        self.left -= n
        return value

    def bit(self, _model: Any) -> int:
        return self.raw(1)

    def bit_at(self, _odds: int) -> int:
        return self.raw(1)

    def choice(self, by: Any) -> int:
        return self.raw(by.count.bit_length() - 1)

    def one_of(self, n: int) -> int:
        value = self.raw((n - 1).bit_length())
        _refuse(value < n, "too short")
        return value

    def end(self) -> None:
        _refuse(self.left < 8 and self.bits == 0, "left over")


SOURCES: Dict[str, Callable[[bytes], Any]] = {"plain": PlainSource, "range": _RangeSource}


class Step:
    """A snapshot of a stream, and what is to be known after it; or one that is to be refused."""

    def __init__(self, first: str, words: List[str]) -> None:
        self.first, self.words = first, words
        self.bodies: Dict[str, bytes] = {}
        self.replayed: Optional[str] = None
        self.lines: List[str] = []


def read_streams(text: str) -> Tuple[int, bytes, List[Tuple[str, List[Step]]]]:
    """The rate, the schema, and the streams by name."""
    head: Dict[str, str] = {}
    streams: List[Tuple[str, List[Step]]] = []
    for line in text.splitlines():
        first, _, rest = line.partition(" ")
        if first == "" or first.startswith("#"):
            continue
        if first in ("snapshots", "rate", "schema"):
            head[first] = rest
        elif first == "stream":
            streams.append((rest, []))
        elif first in ("tick", "refused"):
            streams[-1][1].append(Step(first, rest.split()))
        elif first in SOURCES:
            streams[-1][1][-1].bodies[first] = bytes.fromhex(rest)
        elif first == "replayed":
            streams[-1][1][-1].replayed = rest
        else:
            streams[-1][1][-1].lines.append(line)
    if head["snapshots"] != "2":
        raise SystemExit("no snapshots of version 2")
    return int(head["rate"]), bytes.fromhex(head["schema"]), streams


def own_of(word: str) -> Optional[bytes]:
    return None if word == "-" else b"" if word == "%" else bytes.fromhex(word)


def lines_of(decoder: _Decoder, decoded: Any) -> List[str]:
    """What a snapshot says, as the lines of a step."""
    lines = []
    if decoded.given is not None:
        own = "-" if decoded.own is None else decoded.own.hex() or "%"
        lines += [f"given {' '.join(decoded.given)}", f"margin {decoded.margin}", f"own {own}"]
    lines += [" ".join(map(str, ("row", row.id, row.kind, *row.values))) for row in decoder.rows]
    lines += [" ".join(map(str, ("event", tick, kind, *values))) for tick, kind, values in decoded.events]
    return lines


def same(was: str, should: str, where: str) -> None:
    if was != should:
        raise SystemExit(f"{where}\nis:\n{was}\nshould be:\n{should}")


def check_step(decoder: _Decoder, step: Step, coding: str, where: str) -> None:
    body = step.bodies[coding]

    def replay(own: bytes) -> bytes:
        return own if step.replayed is None else own_of(step.replayed) or b""

    if step.first == "refused":
        # Plans never change.
        copied = copy.deepcopy(decoder, {id(decoder.codec): decoder.codec})
        try:
            copied.decode(body, replay, SOURCES[coding](body))
        except tickwire.StreamError as error:
            same(str(error), " ".join(step.words) or str(error), where)
            return
        same("taken", "refused", where)
    decoded = decoder.decode(body, replay, SOURCES[coding](body))
    same(f"{decoded.tick}{' keyframe' * decoded.is_keyframe}", " ".join(step.words), where)
    same("\n".join(lines_of(decoder, decoded)), "\n".join(step.lines), where)


def check_streams(paths: List[Path]) -> None:
    streams = snapshots = refused = size = 0
    for path in paths:
        hz, schema, of_file = read_streams(path.read_text(encoding="utf-8"))
        codec = _Codec(tickwire._read_schema(schema), hz)
        for coding in SOURCES:
            for name, steps in of_file:
                steps = [step for step in steps if coding in step.bodies]
                decoder = _Decoder(codec)
                for nth, step in enumerate(steps):
                    where = f"{path}, stream {name}, {coding}, step {nth}: {' '.join(step.words)}"
                    try:
                        check_step(decoder, step, coding, where)
                    except Exception:
                        print(where)
                        raise
                    size += len(step.bodies[coding])
                    refused += step.first == "refused"
                    snapshots += step.first != "refused"
                streams += len(steps) > 0
    print(f"{streams} streams, {snapshots} snapshots, {size} bytes as they should be; {refused} bodies refused")


def read_golden(file: str) -> List[Tuple[str, bytes]]:
    lines = (GOLDEN / file).read_text(encoding="utf-8").splitlines()
    parts = [line.split(": ") for line in lines if line and not line.startswith("#")]
    return [(name, bytes.fromhex(data)) for name, data in parts]


def camel_of(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def json_of(name: str, what: Any) -> Dict[str, Any]:
    """A message as client.js gives it."""
    if name == "welcome":
        fields = {name: value for name, value in what._asdict().items() if name not in ("schema", "level", "settings")}
        return {"welcome": {camel_of(name): value for name, value in {**fields, "resume": what.resume.hex()}.items()}}
    if name == "refused":
        return {"refusal": what._asdict()}
    if name == "goodbye":
        return {"end": what._asdict()}
    if name == "roster":
        is_complete, players, gone = what
        return {"isComplete": is_complete, "players": [each._asdict() for each in players], "gone": gone}
    if name == "scores":
        return {"scores": [dict(zip(("player", "score", "team"), each)) for each in what]}
    if name == "board":
        return {"page": what._asdict()}
    if name == "pace":
        return {"pace": {"from": what.start, "permille": what.permille}}
    return {name: what}


def print_messages() -> None:
    for name, data in read_golden("server-messages.txt"):
        message = tickwire._read_message(data)
        print(f"{name}: {json.dumps({'name': message.name, **json_of(message.name, message.what)})}")


def check_written() -> None:
    """The messages of a client that knows no rules, byte for byte."""
    should = dict(read_golden("client-messages.txt"))
    token = (5).to_bytes(8, "little") + b"\x9e" * 16
    written = {
        "hello, by the schema": tickwire._hello("Zoë", "den-1", True, "", 0, "a.b.c", {"teams": True}, None),
        "hello, resume by the schema": tickwire._hello("Ann", "den-1", False, "", 0, "", None, token),
        "input, by the schema": tickwire._input(300, 250, bytes((2, 3, 1))),
        "ack": tickwire._ack(70_000),
        "ping": tickwire._ping(7),
        "goodbye": tickwire._GOODBYE,
        "board": tickwire._board(300, 20),
    }
    for name, data in written.items():
        same(data.hex(), should[name].hex(), name)


def check_inputs() -> None:
    first, schema, *inputs = (GOLDEN / "inputs.txt").read_text(encoding="utf-8").splitlines()
    same(first, "inputs 1", "the version")
    reader = tickwire.Reader(bytes.fromhex(schema.split(" ")[1]))
    shape = tickwire._read_input(reader)
    reader.end()
    for line in inputs:
        _, data, text = line.split(" ", 2)
        # It is longer than an input may be, to have a part of each sort.
        same(shape._root.put(shape._root.merged(shape.default, json.loads(text)), "input").hex(), data, line)
        same(json.dumps(shape.decode(bytes.fromhex(data))), json.dumps(json.loads(text)), line)
    print(f"{len(inputs)} inputs read and written as they should be")


def main(arguments: List[str]) -> None:
    if arguments == ["--messages"]:
        check_written()
        print_messages()
    elif arguments == ["--inputs"]:
        check_inputs()
    elif arguments:
        check_streams([Path(path) for path in arguments])
    else:
        check_written()
        for _, data in read_golden("server-messages.txt"):
            tickwire._read_message(data)
        check_streams(sorted(GOLDEN.glob("*.snapshots")))
        check_inputs()


if __name__ == "__main__":
    main(sys.argv[1:])
