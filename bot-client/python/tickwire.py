"""A client for any Tickwire room, for bots and notebooks: read rows by name, send inputs by name.

    import tickwire

    async with tickwire.join("ws://127.0.0.1:7777/ws", name="Ada") as room:
        print(room.schema.describe())
        async for snapshot in room:
            me = snapshot.row("runner", player=room.player)
            room.hold(left=me is not None and me.x > 0)

It knows no game: the room's schema describes rows, events and inputs. It does not predict, so what a bot
sees of its own player is a round trip old. The client is this one file. It needs Python 3.9 and, only to
connect, the package `websockets` (14.1 or newer): `Client` does no I/O and reads no clock.

Sections: errors; bytes; symbols; the schema and the plans made of it; the prediction of rows; the decoder of
snapshots; inputs; messages; `Client`; `Aim`, which chooses the tick of each input; `join` and `Room`. All up
to the messages follows `docs/protocol.md`, in its words. Names that begin with an underscore may change.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import struct
import time
from collections import Counter, deque
from typing import Any, Awaitable, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "Aim", "BoardPage", "Client", "DisconnectReason", "Ended", "Field", "Input", "InputError", "Kind", "Pace",
    "Player", "Predict", "Reader", "RefusalReason", "Refused", "Room", "Row", "Schema", "Snapshot",
    "Standing", "StreamError", "TickwireError", "Unreachable", "Welcome", "join",
]

PROTOCOL = 10
"""The version of the protocol that this speaks."""


# --- Errors ---


class TickwireError(Exception):
    """The base of all exceptions of this module."""


class StreamError(TickwireError):
    """Bytes that are not the server's next message. The stream cannot go on after that.

    `code` is `message` (not a message of the protocol), `part` (a part of the welcome that cannot be read),
    `snapshot` (not the next snapshot of the stream), `schema` (a schema that cannot be used), `place` (a message
    that is not allowed here), or `fault` (a bug in this decoder).
    """

    def __init__(self, reason: str, code: str = "message") -> None:
        super().__init__(reason)
        self.code = code


class InputError(TickwireError, ValueError):
    """An argument is not valid. Nothing was sent, and the connection goes on."""


class Unreachable(TickwireError):
    """No connection could be made."""


class Refused(TickwireError):
    """The server refused the hello; `refusal` has the reason."""

    def __init__(self, refusal: RefusalReason) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal

    def __reduce__(self) -> Any:
        # An exception is pickled with its message, but made of this: process pools pickle what their workers raise.
        return type(self), (self.refusal,)


class Ended(TickwireError):
    """The connection is over; `end` has its code and its name."""

    def __init__(self, end: DisconnectReason) -> None:
        super().__init__(f"the connection ended: {end.reason} ({end.code})")
        self.end = end

    def __reduce__(self) -> Any:
        return type(self), (self.end,)


def _refuse(unless: bool, reason: str) -> None:
    if not unless:
        raise StreamError(reason)


# --- Bytes: bincode 2 in its standard configuration ---


class Reader:
    """Reads values one after the other, as games encode them: for `Room.level`, `Room.settings` and `Snapshot.own`.

    Raises `StreamError` for what is missing or not valid.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)
        self.at = 0

    def take(self, length: int) -> bytes:
        """The next so many bytes."""
        at = self.at
        _refuse(length <= len(self.data) - at, "too short")
        self.at = at + length
        return self.data[at:self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def i8(self) -> int:
        return (self.u8() ^ 0x80) - 0x80

    def bool(self) -> bool:
        value = self.u8()
        _refuse(value <= 1, "neither true nor false")
        return value == 1

    def unsigned(self, bits: int = 64) -> int:
        """A whole number of 16, 32 or 64 bits."""
        value = self.u8()
        if value > 250:
            _refuse(value <= 253, "a number too large")
            value = int.from_bytes(self.take(2 << (value - 251)), "little")
        _refuse(value < 1 << bits, "a number too large")
        return value

    def signed(self, bits: int = 64) -> int:
        """The same with a sign."""
        value = self.unsigned(bits)
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def u16(self) -> int:
        return self.unsigned(16)

    def u32(self) -> int:
        return self.unsigned(32)

    def i32(self) -> int:
        return self.signed(32)

    def f32(self) -> float:
        return struct.unpack("<f", self.take(4))[0]

    def f64(self) -> float:
        return struct.unpack("<d", self.take(8))[0]

    def block(self) -> bytes:
        """A length, and so many bytes."""
        return self.take(self.unsigned())

    def text(self) -> str:
        try:
            return self.block().decode("utf-8")
        except UnicodeDecodeError:
            raise StreamError("a text that is not UTF-8") from None

    def list(self, item: Callable[[], Any]) -> List[Any]:
        """A length, and so many items of at least a byte each: a longer list than bytes are left is refused."""
        length = self.unsigned()
        _refuse(length <= len(self.data) - self.at, "too short")
        return [item() for _ in range(length)]

    def optional(self, item: Callable[[], Any]) -> Optional[Any]:
        return item() if self.bool() else None

    def end(self) -> None:
        """Raises `StreamError` if bytes are left."""
        left = len(self.data) - self.at
        _refuse(left == 0, f"{left} bytes left over")


def _unsigned(value: int) -> bytes:
    if value < 251:
        return bytes((value,))
    size = 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    return bytes((250 + size.bit_length() - 1,)) + value.to_bytes(size, "little")


def _block(data: bytes) -> bytes:
    return _unsigned(len(data)) + data


def _text(text: str) -> bytes:
    # Half a pair of surrogates is no character, and has no UTF-8.
    return _block(text.encode("utf-8", "replace"))


# --- Symbols ---

_PACE = (1638, 1260, 964, 780, 655, 565, 497, 431, 372, 315, 273, 228, 195, 171, 146, 128)
_USES_AFTER = tuple(min(uses + 1, 15) for uses in range(16))
_SHIFTS = (2,) * 2 + (3,) * 4 + (4,) * 18 + (5,)


class _Model:
    """The odds of a bit. `m` is 16 × odds + uses."""

    __slots__ = ("m",)

    def __init__(self) -> None:
        self.m = 16 * 2048


class _ChoiceSet:
    """The odds of 8 or 16 values."""

    __slots__ = ("count", "c", "uses")

    def __init__(self, count: int) -> None:
        self.count = count
        self.c = [65_536 * (v + 1) // count for v in range(count - 1)]
        self.uses = 0

    def take(self, source: _RangeSource) -> int:
        return source.choice(self)


def _models(count: int) -> List[_Model]:
    return [_Model() for _ in range(count)]


class _RangeSource:
    """Takes symbols from a body by range coding."""

    __slots__ = ("_body", "_left", "_at", "_code", "_range")

    def __init__(self, body: bytes) -> None:
        # Eight zeros may be taken from beyond the end, and no more.
        self._body = body + bytes(8)
        self._left = len(body)
        self._range = 2**32 - 1
        self._code = int.from_bytes(self._body[:4], "big")
        self._at = 4

    def _widen(self) -> None:
        while self._range < 1 << 24:
            if self._at >= len(self._body):
                raise StreamError("too short")
            self._code = (self._code << 8 | self._body[self._at]) & 0xFFFF_FFFF
            self._at += 1
            self._range <<= 8

    def bit_at(self, odds: int) -> int:
        bound = (self._range >> 12) * odds
        is_set = self._code < bound
        if is_set:
            self._range = bound
        else:
            self._code -= bound
            self._range -= bound
        self._widen()
        return int(is_set)

    def bit(self, model: _Model) -> int:
        # Most symbols are such bits: `bit_at` and the learning of the model are inlined for speed.
        m = model.m
        uses = m & 15
        bound = (self._range >> 12) * (m >> 4)
        if self._code < bound:
            self._range = bound
            m += (65_280 - m) * _PACE[uses] >> 12
            bit = 1
        else:
            self._code -= bound
            self._range -= bound
            m += (256 - m) * _PACE[uses] >> 12
            bit = 0
        model.m = m & ~15 | _USES_AFTER[uses]
        if self._range < 1 << 24:
            self._widen()
        return bit

    def choice(self, by: _ChoiceSet) -> int:
        c, last = by.c, by.count - 1
        unit = self._range >> 15
        target = self._code // unit
        factor = 32_768 - 8 * by.count
        v = start = 0
        while v < last:
            end = (c[v] * factor >> 16) + 8 * (v + 1)
            if end > target:
                break
            start = end
            v += 1
        self._code -= unit * start
        self._range = unit * (end - start) if v < last else self._range - unit * start
        self._widen()
        shift = _SHIFTS[by.uses]
        for i in range(v):
            c[i] -= c[i] >> shift
        for i in range(v, last):
            c[i] += 65_535 - c[i] >> shift
        if by.uses < 24:
            by.uses += 1
        return v

    def one_of(self, n: int) -> int:
        self._range //= n
        value = min(self._code // self._range, n - 1)
        self._code = (self._code - value * self._range) & 0xFFFF_FFFF
        self._widen()
        return value

    def raw(self, n: int) -> int:
        if n <= 16:
            return self.one_of(1 << n)
        upper = self.one_of(1 << (n - 16))
        return upper << 16 | self.one_of(1 << 16)

    def end(self) -> None:
        _refuse(self._at >= self._left, "left over")


def _take_count(source: _RangeSource, by: List[_Model]) -> int:
    b, last = 0, len(by) - 1
    while source.bit(by[min(b, last)]):
        b += 1
        _refuse(b <= 32, "number")
    upper = source.raw(b - 16) << 16 if b > 16 else 0
    count = (1 << b) + upper + source.raw(min(b, 16)) - 1
    _refuse(count < 1 << 32, "number")
    return count


class _Nothing:
    """A value of no bits."""

    def take(self, _source: _RangeSource) -> int:
        return 0


class _FewBits:
    """A value of one bit or two."""

    __slots__ = ("models",)

    def __init__(self, bits: int) -> None:
        self.models = _models(2**bits - 1)

    def take(self, source: _RangeSource) -> int:
        by = self.models
        first = source.bit(by[0])
        return first if len(by) == 1 else 2 * first + source.bit(by[1 + first])


class _ManyBits:
    """A value of five to eight bits."""

    __slots__ = ("upper", "sets")

    def __init__(self, bits: int) -> None:
        self.upper = _value_models(bits - 4)
        self.sets = [_ChoiceSet(16) for _ in range(1 << bits - 4)]

    def take(self, source: _RangeSource) -> int:
        upper = self.upper.take(source)
        return 16 * upper + source.choice(self.sets[upper])


def _value_models(bits: int) -> Any:
    if bits == 0:
        return _Nothing()
    if bits <= 2:
        return _FewBits(bits)
    return _ChoiceSet(1 << bits) if bits <= 4 else _ManyBits(bits)


class _Residual:
    """By how much a number of so many bits differs from the expected one."""

    __slots__ = ("sign", "tops", "lengths")

    def __init__(self, bits: int) -> None:
        self.sign = _Model()
        self.tops = [_models(3) for _ in range(4)]
        self.lengths = _value_models(2 if bits <= 4 else 3 if bits <= 8 else 4 if bits <= 16 else 5)

    def take(self, source: _RangeSource, refusal: str) -> int:
        length = self.lengths.take(source)
        is_negative = source.bit(self.sign)
        size = 1
        if length > 0:
            top = self.tops[min(length, 4) - 1]
            highest = source.bit(top[0])
            size = 2 + highest
            if length > 1:
                size = 2 * size + source.bit(top[1 + highest])
                left = length - 2
                if left > 16:
                    size = size << left - 16 | source.raw(left - 16)
                    left = 16
                size = size << left | source.raw(left)
        residual = -size if is_negative else size
        _refuse(-(2**31) <= residual < 2**31, refusal)
        return residual


# --- The schema, and the plan of each kind that follows from it ---

_HOLD, _LAST_TWO, _BY, _APPROACH, _ALONG = range(5)
_HOW = ("hold", "last-two", "by", "approach", "along")
_KINDS_MAX, _FIELDS_MAX, _MOVING_MAX = 64, 32, 8
_MISSING = "a field that is not there is referred to"


class Predict(NamedTuple):
    """How a field moves from tick to tick."""

    how: str
    """`hold`, `last-two` (as between its last two values), `by` (by another field, its velocity),
    `approach` (nears another field) or `along` (in the direction of another field, an angle)."""
    field: Optional[int] = None
    """The other field."""
    per_second: float = 0.0
    axis: int = 0
    """Of `along`: 0 for x, 1 for y."""


class Field(NamedTuple):
    """A field of a kind. On the wire its value is a whole number of steps; in rows it is in its unit."""

    name: str
    min: int
    max: int
    unit: str
    scale: float
    """How much of the unit one step is."""
    wraps: bool
    """Whether the step after `max` is `min`."""
    predict: Predict
    names: Optional[Tuple[int, int]]
    """It names the row of this kind (first) whose field (second) has the same value."""
    origin: Optional[int]
    """At or near which field of the row named it begins."""


class Kind(NamedTuple):
    """A kind of entity or of event."""

    name: str
    fields: Tuple[Field, ...]
    place: Optional[Tuple[int, int]]
    """Which fields are x and y."""


class Schema(NamedTuple):
    """Describes the rows, events and inputs of a room. Kinds and fields refer to each other by index."""

    entities: Tuple[Kind, ...]
    events: Tuple[Kind, ...]
    input: Input

    def describe(self) -> str:
        """All of it, as text for people."""
        lines = []
        for title, kinds in (("row", self.entities), ("event", self.events)):
            for kind in kinds:
                lines.append(f"{title} {kind.name}")
                for field, name in zip(kind.fields, _names_of(kind)):
                    low, high = (_value_of(field, step) for step in (field.min, field.max))
                    lines.append(f"    {name}: {low:g} to {high:g} {field.unit}".rstrip())
        return "\n".join([*lines, f"input {self.input.describe()}"])


def _value_of(field: Field, step: int) -> Any:
    return step if field.scale == 1.0 else step * field.scale


def _names_of(kind: Kind) -> List[str]:
    """The names of its fields in rows, made unique."""
    names: List[str] = []
    for name in (field.name for field in kind.fields):
        while name in ("id", "kind", "tick") or name in names:
            name += "_"
        names.append(name)
    return names


def _read_schema(data: bytes) -> Schema:
    reader = Reader(data)

    def predict() -> Predict:
        sort = reader.unsigned()
        _refuse(sort < len(_HOW), "no such sort of prediction")
        how = _HOW[sort]
        if sort <= _LAST_TWO:
            return Predict(how)
        other = reader.u8()
        per_second = reader.f64() if sort >= _APPROACH else 0.0
        axis = reader.unsigned() if sort == _ALONG else 0
        _refuse(axis <= 1, "no such axis")
        return Predict(how, other, per_second, axis)

    def pair() -> Tuple[int, int]:
        return reader.u8(), reader.u8()

    # Arguments are read in the order in which they stand.
    def field() -> Field:
        return Field(
            reader.text(), reader.i32(), reader.i32(), reader.text(), reader.f64(), reader.bool(),
            predict(), reader.optional(pair), reader.optional(reader.u8),
        )

    def kind() -> Kind:
        return Kind(reader.text(), tuple(reader.list(field)), reader.optional(pair))

    entities, events = tuple(reader.list(kind)), tuple(reader.list(kind))
    schema = Schema(entities, events, _read_input(reader))
    reader.end()
    return schema


def _check_schema(schema: Schema) -> None:
    for kinds in (schema.entities, schema.events):
        _refuse(len(kinds) <= _KINDS_MAX, "too many kinds or fields")
        for kind in kinds:
            _check_kind(kind)
            _check_references(kind, schema.entities)


def _check_kind(kind: Kind) -> None:
    fields = kind.fields
    _refuse(len(fields) <= _FIELDS_MAX, "too many kinds or fields")
    _refuse(all(at < len(fields) for at in kind.place or ()), _MISSING)
    for field in fields:
        how, other, per_second, _ = field.predict
        _refuse(field.min <= field.max, "the range of a field is empty")
        _refuse(other is None or other < len(fields), _MISSING)
        rates = [field.scale] if how in ("hold", "last-two", "by") else [field.scale, per_second]
        positive = all(math.isfinite(rate) and rate > 0 for rate in rates)
        _refuse(positive, "a scale or rate is not a positive number")
    moving = {field.predict.field for field in fields} - {None}
    _refuse(len(moving) <= _MOVING_MAX, "too many kinds or fields")
    for field in fields:
        steps = 0
        while field.predict.field is not None:
            field = fields[field.predict.field]
            steps += 1
            _refuse(steps <= len(fields), "fields are predicted from each other in a circle")


def _check_references(kind: Kind, entities: Tuple[Kind, ...]) -> None:
    def has(of: int, field: int) -> bool:
        return of < len(entities) and field < len(entities[of].fields)

    named = next((field.names for field in kind.fields if field.names), None)
    for field in kind.fields:
        _refuse(field.names is None or has(*field.names), _MISSING)
        if field.origin is not None:
            _refuse(named is not None and has(named[0], field.origin), _MISSING)


def _fixed(x: float) -> int:
    """In 1/65536, to the nearest, halves to the even one."""
    scaled = x * 65_536
    if math.isnan(scaled):
        return 0
    return round(min(max(scaled, -(2.0**40)), 2.0**40))


def _scaled(one: int, other: int, bits: int, more: int = 0) -> int:
    """`floor((one * other + more) / 2^bits)`, as numbers of 64 bits give it."""
    product = one * other + more
    if not -(2**63) <= product < 2**63:
        product = (product + 2**63) % 2**64 - 2**63
    return product >> bits


def _i32(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


class _FieldPlan:
    """What is computed of a field once, when a room is entered."""

    __slots__ = (
        "at", "min", "max", "wraps", "turn", "bits", "sort", "needs", "factor", "keep", "_along",
        "origin", "same", "ratio", "zero", "alike",
    )

    def __init__(self, kind: Kind, at: int, entities: Tuple[Kind, ...], is_entity: bool, hz: int) -> None:
        field = kind.fields[at]
        how, other, per_second, axis = field.predict
        self.at, self.min, self.max, self.wraps = at, field.min, field.max, field.wraps
        self.turn = field.max - field.min + 1
        self.bits = (field.max - field.min).bit_length()
        self.sort = _HOW.index(how) if is_entity else _HOLD
        self.needs = other or 0
        self.factor = self.keep = 0
        self._along: Optional[Tuple[int, float, float, float, Callable[[float], float]]] = None
        of = kind.fields[self.needs]
        if self.sort == _BY:
            self.factor = _fixed(of.scale / (field.scale * hz))
        elif self.sort == _APPROACH:
            self.factor = _fixed(of.scale / field.scale)
            self.keep = _fixed(math.exp(-per_second / hz))
        elif self.sort == _ALONG:
            part = math.sin if axis else math.cos
            self._along = (of.min, of.scale, per_second, field.scale * hz, part)
        # Where it begins in a new row: at a field of the named row, at one of the same row, or at zero.
        self.origin = self.same = None
        self.ratio = 0
        self.zero = min(max(0, field.min), field.max)
        named = next((field.names for field in kind.fields if field.names), None)
        if named and field.origin is not None:
            self.origin = field.origin
            self.ratio = _fixed(entities[named[0]].fields[field.origin].scale / field.scale)
        elif self.sort == _APPROACH:
            self.same = self.needs
            self.ratio = _fixed(of.scale / field.scale)
        # Fields of which this is the same share their models.
        self.alike = (field.min, field.max, field.scale, field.wraps, field.names, how, field.origin is None)

    def held(self, value: int) -> int:
        """Into the range."""
        if self.min <= value <= self.max:
            return value
        if self.wraps:
            return self.min + (value - self.min) % self.turn
        return self.min if value < self.min else self.max

    def difference(self, start: int, to: int) -> int:
        difference = to - start
        if self.wraps:
            if 2 * difference > self.turn:
                difference -= self.turn
            elif 2 * difference < -self.turn:
                difference += self.turn
        return _i32(difference)

    def along(self, value: int) -> int:
        """How far it goes in a tick, for this value of the angle."""
        low, scale, per_second, per, part = self._along
        if value - low >= 65_536:
            return 0
        angle = value * scale
        return _i32(_fixed(per_second * part(angle) / per)) if math.isfinite(angle) else 0

    def in_range(self, value: int) -> int:
        if not self.min <= value <= self.max:
            raise StreamError("range")
        return value

    def added(self, to: int, residual: int) -> int:
        value = to + residual
        if self.min <= value <= self.max:
            return value
        if not self.wraps:
            value = _i32(value)
        elif value > self.max:
            value -= self.turn
        else:
            value += self.turn
        return self.in_range(value)

    def begins(self, values: List[int], named: Optional[List[int]]) -> int:
        if self.same is not None:
            start = values[self.same]
        elif self.origin is not None and named is not None:
            start = named[self.origin]
        else:
            return self.zero
        return self.held(_scaled(start, self.ratio, 16, 32_768))


class _Plan:
    """The order in which the fields of a kind are read and move. A set of fields is a bit mask."""

    def __init__(self, kind: Kind, entities: Tuple[Kind, ...], is_entity: bool, hz: int) -> None:
        fields = [_FieldPlan(kind, at, entities, is_entity, hz) for at in range(len(kind.fields))]
        moving: List[int] = []

        def add(at: int) -> None:
            if fields[at].sort == _HOLD or at in moving:
                return
            if fields[at].sort != _LAST_TWO:
                add(fields[at].needs)
            moving.append(at)

        for at in range(len(fields)):
            add(at)
        last_two = [at for at in moving if fields[at].sort == _LAST_TWO]
        self.fields = fields
        self.holds = [at for at in range(len(fields)) if fields[at].sort == _HOLD]
        self.moving = [fields[at] for at in moving]
        self.last_two = [fields[at] for at in last_two]
        self.is_simple = len(last_two) == len(moving)
        self.order = [fields[at] for at in self.holds + moving]
        self.groups = (last_two, [at for at in moving if at not in last_two], self.holds)
        self.first_mask = sum(1 << at for at in last_two)
        self.naming = next((at for at, field in enumerate(kind.fields) if field.names), None)
        self.named = None if self.naming is None else kind.fields[self.naming].names
        self.held_bits = max((fields[at].bits for at in self.holds), default=0)
        self.names = _names_of(kind)
        self.name = kind.name
        self.scales = [None if field.scale == 1.0 else field.scale for field in kind.fields]


# --- Prediction of rows ---

_PREDICT_MAX_TICKS = 64


class _Known:
    """A row of the mirror."""

    __slots__ = ("id", "kind", "values", "fractions", "mask")

    def __init__(self, id: int, kind: int, values: List[int]) -> None:
        self.id, self.kind, self.values = id, kind, values
        self.fractions = [0] * len(values)
        self.mask = 0


def _predict(
    plan: _Plan, row: _Known, ticks: int, mask: int = 0, read: Optional[Callable[[int, int], int]] = None
) -> None:
    """Predicts a row. In the last tick `read(field, expected)` gives the value of each field in `mask`."""
    values = row.values
    count = min(ticks, _PREDICT_MAX_TICKS)
    first = values[:]
    for _ in range(count - 1):
        _predict_tick(plan, row, 0, None)
    if mask:
        for at in plan.holds:
            if mask >> at & 1:
                values[at] = read(at, values[at])
    if plan.moving:
        _predict_tick(plan, row, mask, read)
    if count > 1:
        for field in plan.last_two:
            difference = field.difference(first[field.at], values[field.at])
            mean = -(-difference // count) if difference < 0 else difference // count
            row.fractions[field.at] = min(max(mean, -32_768), 32_767)


def _predict_tick(plan: _Plan, row: _Known, mask: int, read: Optional[Callable[[int, int], int]]) -> None:
    values, fractions = row.values, row.fractions
    fields = plan.fields

    def fine(at: int) -> int:
        return values[at] * 65_536 + (fractions[at] if fields[at].sort > _LAST_TWO else 0)

    before = None if plan.is_simple else [fine(at) for at in range(len(fields))]
    for field in plan.moving:
        at, sort = field.at, field.sort
        old = values[at]
        if sort == _LAST_TWO:
            value = old + fractions[at]
            if not field.min <= value <= field.max:
                value = field.held(value)
            if mask >> at & 1:
                value = read(at, value)
            values[at] = value
            fractions[at] = min(max(field.difference(old, value), -32_768), 32_767)
            continue
        to = old * 65_536 + fractions[at]
        if sort == _ALONG:
            to += field.along(values[field.needs])
        elif sort == _BY:
            to += _scaled(before[field.needs] + fine(field.needs), field.factor, 17)
        else:
            goal = _scaled(fine(field.needs), field.factor, 16)
            to = goal + _scaled(to - goal, field.keep, 16)
        nearest = to + 32_768 >> 16
        expected = field.held(nearest)
        fraction = to - nearest * 65_536 if field.wraps or expected == nearest else 0
        value = read(at, expected) if mask >> at & 1 else expected
        if value != expected:
            residual = field.difference(expected, value)
            fraction = -30_720 if residual == 1 else 30_720 if residual == -1 else 0
        values[at], fractions[at] = value, fraction


# --- The decoder of snapshots ---

_OWN_MAX_BYTES = 1024
_ROWS_MAX = 65_535
_EVENTS_MAX = 255
_GIVEN_MAX_TICKS = 64
_FEW_BITS_MAX = 6
# So many fields are predicted by a tick for one snapshot. A room of 4,096 players who were silent for as long
# as rows are predicted takes half of it, and Python some seconds; a few bytes could ask for thousands of times as much.
_PREDICTIONS_MAX = 1 << 22


class _FieldModels:
    __slots__ = ("few", "change", "old", "fresh")

    def __init__(self, field: _FieldPlan, held: _Residual, is_event: bool) -> None:
        is_held = field.sort == _HOLD
        self.few = _value_models(field.bits) if is_held and field.bits <= _FEW_BITS_MAX else None
        self.change = held if is_held else _Residual(field.bits)
        # Whether it differs from its beginning, and by how much: of rows with old ids, and with fresh ones.
        self.old = (_Model(), _Residual(field.bits))
        is_both = not is_event and field.origin is not None
        self.fresh = (_Model(), _Residual(field.bits)) if is_both else self.old


class _KindModels:
    """The models of a kind. `shared` has those of fields that others share, by what makes them alike."""

    __slots__ = ("differs", "shape", "in_mask", "named", "fields")

    def __init__(self, plan: _Plan, shared: Dict[Any, _FieldModels], is_event: bool) -> None:
        self.differs = _models(2)
        self.shape = (_ChoiceSet(8), _ChoiceSet(8))
        self.in_mask = [_models(2) for _ in plan.fields]
        self.named = _Model()
        held = _Residual(plan.held_bits)
        self.fields = []
        for field in plan.fields:
            if field.alike not in shared:
                shared[field.alike] = _FieldModels(field, held, is_event)
            self.fields.append(shared[field.alike])


class _StreamModels:
    """All models, as a keyframe finds them."""

    def __init__(self, codec: _Codec) -> None:
        self.skipped = _models(4)
        self.given = _models(2)
        self.margin_changed, self.margin = _Model(), _Residual(16)
        self.own_none, self.own_changed = _Model(), _Model()
        self.own_length, self.own_byte = _models(2), _models(16)
        self.sparse, self.sparse_more, self.sparse_gap = _Model(), _Model(), _models(8)
        self.new_more, self.new_old = _models(2), _Model()
        self.fresh_gap, self.old_gap = _models(8), _models(14)
        self.event_more, self.event_ago = _models(2), _models(4)
        kind_bits = [max(len(plans) - 1, 0).bit_length() for plans in (codec.entities, codec.events)]
        self.entity_kind, self.event_kind = (_value_models(bits) for bits in kind_bits)
        self.entities = [_KindModels(plan, {}, False) for plan in codec.entities]
        shared: Dict[Any, _FieldModels] = {}
        self.events = [_KindModels(plan, shared, True) for plan in codec.events]


class _Codec:
    """What all decoders of a room share."""

    def __init__(self, schema: Schema, hz: int) -> None:
        _check_schema(schema)
        self.entities = [_Plan(kind, schema.entities, True, hz) for kind in schema.entities]
        self.events = [_Plan(kind, schema.entities, False, hz) for kind in schema.events]


class _Event(NamedTuple):
    tick: int
    kind: int
    values: List[int]


class _Decoded(NamedTuple):
    """What a snapshot has beside the rows."""

    tick: int
    is_keyframe: bool
    given: Optional[Tuple[str, ...]]
    margin: int
    own: Optional[bytes]
    events: List[_Event]


class _Decoder:
    """Decodes the snapshots of one connection, in order."""

    def __init__(self, codec: _Codec) -> None:
        self.codec = codec
        self.rows: List[_Known] = []
        self.tick: Optional[int] = None
        self.own: Optional[bytes] = None
        self.is_player = False
        self._margin = 0
        self._next_id = 0
        self._models = _StreamModels(codec)
        self._source: Any = None

    def decode(
        self, body: bytes, replay: Callable[[bytes], bytes] = lambda own: own, source: Any = None
    ) -> _Decoded:
        """Nothing can be decoded after a body that was refused. `replay` is for clients that know the rules, `source`
        for tests with the plain coding."""
        self._source = source = source or _RangeSource(body)
        is_keyframe, ticks = self._take_head()
        given = self._take_player(is_keyframe, ticks, replay) if self.is_player else None
        self._take_known(ticks)
        self._take_new()
        events = self._take_events()
        source.end()
        return _Decoded(self.tick, is_keyframe, given, self._margin, self.own, events)

    def _take_head(self) -> Tuple[bool, int]:
        source = self._source
        if source.bit_at(64):
            self.tick = source.raw(32)
            self.is_player = source.raw(1) == 1
            self.rows = []
            self.own = None
            self._margin = self._next_id = 0
            self._models = _StreamModels(self.codec)
            return True, 1
        _refuse(self.tick is not None, "no keyframe")
        ticks = 1 + _take_count(source, self._models.skipped)
        self.tick += ticks
        _refuse(self.tick < 1 << 32, "tick")
        return False, ticks

    def _take_player(
        self, is_keyframe: bool, ticks: int, replay: Callable[[bytes], bytes]
    ) -> Tuple[str, ...]:
        source, models = self._source, self._models
        is_short = ticks <= _GIVEN_MAX_TICKS
        given = tuple(self._take_given() for _ in range(ticks if is_short else 1))
        if source.bit(models.margin_changed):
            margin = self._margin + models.margin.take(source, "number")
            self._margin = (margin + 32_768) % 65_536 - 32_768
        base = b"" if is_keyframe or not is_short or not self.own else replay(self.own)
        if source.bit(models.own_none):
            self.own = None
        else:
            self.own = self._take_own(base) if source.bit(models.own_changed) else base
        return given

    def _take_given(self) -> str:
        source, (late, absent) = self._source, self._models.given
        if not source.bit(late):
            return "received"
        return "absent" if source.bit(absent) else "repeated"

    def _take_own(self, base: bytes) -> bytes:
        source, models = self._source, self._models
        longer = _take_count(source, models.own_length)
        length = len(base) + (-(longer + 1 >> 1) if longer & 1 else longer >> 1)
        _refuse(0 <= length <= _OWN_MAX_BYTES, "too many")
        own = bytearray()
        for at in range(length):
            if at >= len(base):
                own.append(source.raw(8))
            elif source.bit(models.own_byte[min(at, 15)]):
                own.append(base[at] ^ source.raw(8))
            else:
                own.append(base[at])
        return bytes(own)

    def _take_known(self, ticks: int) -> None:
        plans = self.codec.entities
        is_sparse = self._source.bit(self._models.sparse)
        following = self._take_gap(0) if is_sparse else 0
        stay = []
        predictions = 0
        for at, row in enumerate(self.rows):
            plan = plans[row.kind]
            predictions += len(plan.moving) * min(ticks, _PREDICT_MAX_TICKS)
            if predictions > _PREDICTIONS_MAX:
                raise StreamError("too much to predict")
            if at != following:
                _predict(plan, row, ticks)
                stay.append(row)
                continue
            if self._take_change(plan, row, ticks):
                stay.append(row)
            following = self._take_gap(at + 1) if is_sparse else at + 1
        self.rows = stay

    def _take_gap(self, start: int) -> int:
        """The index of the next row that follows, or -1."""
        source, models = self._source, self._models
        if not source.bit(models.sparse_more):
            return -1
        following = start + _take_count(source, models.sparse_gap)
        _refuse(following < len(self.rows), "too many")
        return following

    def _take_change(self, plan: _Plan, row: _Known, ticks: int) -> bool:
        """Whether the row stays."""
        source = self._source
        models = self._models.entities[row.kind]
        old = row.mask
        row.mask = 0
        if not source.bit(models.differs[1 if old else 0]):
            _predict(plan, row, ticks)
            return True
        shape = source.choice(models.shape[1 if old & plan.first_mask else 0])
        if shape == 0:
            return False
        mask = 0
        for number, group in enumerate(plan.groups):
            if shape >> number & 1:
                mask |= self._take_group(group, old, models.in_mask)
        row.mask = mask

        def read(at: int, expected: int) -> int:
            field, by = plan.fields[at], models.fields[at]
            if by.few is not None:
                return field.in_range(field.min + by.few.take(source))
            return field.added(expected, by.change.take(source, "range"))

        _predict(plan, row, ticks, mask, read)
        return True

    def _take_group(self, group: List[int], old: int, in_mask: List[List[_Model]]) -> int:
        mask = 0
        for at in group:
            # If no other field differs, the last does.
            is_sent = mask or at != group[-1]
            if not is_sent or self._source.bit(in_mask[at][old >> at & 1]):
                mask |= 1 << at
        return mask

    def _take_new(self) -> None:
        source, models = self._source, self._models
        if not source.bit(models.new_more[0]):
            return
        ids = {row.id for row in self.rows}
        known: Dict[int, List[_Known]] = {}
        new: List[_Known] = []
        is_fresh = False
        least = 0
        while True:
            _refuse(len(self.rows) + len(new) < _ROWS_MAX, "too many")
            is_fresh = is_fresh or not source.bit(models.new_old)
            if is_fresh:
                id = self._next_id + _take_count(source, models.fresh_gap)
            else:
                id = self._next_id - 1 - _take_count(source, models.old_gap)
            _refuse(least <= id < 1 << 32 and id not in ids, "twice")
            least = id + 1
            if is_fresh:
                self._next_id = min(id + 1, (1 << 32) - 1)
            kind = models.entity_kind.take(source)
            _refuse(kind < len(self.codec.entities), "kind")
            plan = self.codec.entities[kind]
            new.append(_Known(id, kind, self._take_fields(plan, models.entities[kind], is_fresh, known)))
            if not source.bit(models.new_more[1]):
                break
        self.rows = sorted(self.rows + new, key=lambda row: row.id)

    def _take_fields(
        self, plan: _Plan, models: _KindModels, is_fresh: bool, known: Dict[int, List[_Known]]
    ) -> List[int]:
        """Of a new row or an event. `known` caches the rows of each kind that can be named."""
        source = self._source
        values = [0] * len(plan.fields)
        named = None
        if plan.named is not None:
            kind, of = plan.named
            if kind not in known:
                known[kind] = [row for row in self.rows if row.kind == kind]
            rows = known[kind]
            if rows and source.bit(models.named):
                named = rows[source.one_of(len(rows))].values
                values[plan.naming] = plan.fields[plan.naming].in_range(named[of])
        for field in plan.order:
            at = field.at
            if named is not None and at == plan.naming:
                continue
            by = models.fields[at]
            if by.few is not None:
                values[at] = field.in_range(field.min + by.few.take(source))
                continue
            differs, residual = by.fresh if is_fresh else by.old
            value = field.begins(values, named)
            values[at] = field.added(value, residual.take(source, "range")) if source.bit(differs) else value
        return values

    def _take_events(self) -> List[_Event]:
        source, models = self._source, self._models
        known: Dict[int, List[_Known]] = {}
        events: List[_Event] = []
        while source.bit(models.event_more[1 if events else 0]):
            _refuse(len(events) < _EVENTS_MAX, "too many")
            tick = self.tick - _take_count(source, models.event_ago)
            _refuse(tick >= 0, "tick")
            kind = models.event_kind.take(source)
            _refuse(kind < len(self.codec.events), "kind")
            plan = self.codec.events[kind]
            events.append(_Event(tick, kind, self._take_fields(plan, models.events[kind], False, known)))
        return events


# --- Inputs ---

_INPUT_MAX_BYTES = 32
_NODES_MAX, _DEPTH_MAX = 256, 16
_SORTS = (
    "unit", "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "option", "struct",
    "tuple", "enum", "list",
)


class _Node:
    """A part of an input: its name, its sort, and the parts that it has."""

    __slots__ = ("name", "sort", "children")

    def __init__(self, name: str, sort: str, children: List[_Node]) -> None:
        self.name, self.sort, self.children = name, sort, children

    @property
    def names(self) -> List[str]:
        return [child.name for child in self.children]

    def describe(self, indent: str = "") -> str:
        """Text for people."""
        sort, deeper = self.sort, indent + "    "
        parts = [child.describe(deeper) for child in self.children]
        if sort == "unit":
            return "nothing"
        if sort == "option":
            return f"None or {parts[0]}"
        if sort == "list":
            return f"list of {parts[0]}"
        if sort == "tuple":
            return f"({', '.join(parts)})"
        if sort == "struct":
            return "\n".join(["struct", *(f"{deeper}{name}: {part}" for name, part in zip(self.names, parts))])
        if sort == "enum":
            variants = [
                repr(child.name) if child.sort == "unit" else f"{{{child.name!r}: ...}} with {part}"
                for child, part in zip(self.children, parts)
            ]
            return "\n".join(["one of", *(f"{deeper}{variant}" for variant in variants)])
        return sort

    def take(self, reader: Reader) -> Any:
        """Reads a value."""
        sort, children = self.sort, self.children
        if sort == "unit":
            return None
        if sort == "bool":
            return reader.bool()
        if sort in ("u8", "i8", "f32", "f64"):
            return getattr(reader, sort)()
        if sort[0] in "ui" and sort[1:].isdigit():
            bits = int(sort[1:])
            return reader.unsigned(bits) if sort[0] == "u" else reader.signed(bits)
        if sort == "option":
            return reader.optional(lambda: children[0].take(reader))
        if sort == "struct":
            return {child.name: child.take(reader) for child in children}
        if sort == "tuple":
            return [child.take(reader) for child in children]
        if sort == "list":
            length = reader.unsigned()
            # Items may have no bytes, so the bytes left do not bound them.
            _refuse(length <= _INPUT_MAX_BYTES, "too long for an input")
            return [children[0].take(reader) for _ in range(length)]
        number = reader.unsigned(32)
        _refuse(number < len(children), "no such variant")
        variant = children[number]
        return variant.name if variant.sort == "unit" else {variant.name: variant.take(reader)}

    def put(self, value: Any, at: str) -> bytes:
        """Encodes a value; `at` names the part of the input in errors."""
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()  # A NumPy number.
        sort, children = self.sort, self.children
        if sort == "unit":
            if value is not None:
                raise _wrong(at, "None", value)
            return b""
        if sort == "bool":
            if not isinstance(value, bool):
                raise _wrong(at, "True or False", value)
            return bytes((value,))
        if sort in ("f32", "f64"):
            return self._put_float(value, at)
        if sort[0] in "ui" and sort[1:].isdigit():
            return self._put_integer(value, at)
        if sort == "option":
            return b"\0" if value is None else b"\1" + children[0].put(value, at)
        if sort == "struct":
            return self._put_struct(value, at)
        if sort == "enum":
            return self._put_variant(value, at)
        if isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable):
            raise _wrong(at, "a list", value)
        items = list(value)
        if sort == "list":
            return _unsigned(len(items)) + b"".join(
                children[0].put(item, f"{at}[{nth}]") for nth, item in enumerate(items)
            )
        if len(items) != len(children):
            raise _wrong(at, f"a list of {len(children)}", value)
        return b"".join(child.put(item, f"{at}[{nth}]") for nth, (child, item) in enumerate(zip(children, items)))

    def _put_integer(self, value: Any, at: str) -> bytes:
        bits, is_signed = int(self.sort[1:]), self.sort[0] == "i"
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _wrong(at, f"a whole number from {low} to {high}", value)
        if bits == 8:
            return bytes((value & 0xFF,))
        if is_signed:
            value = 2 * value if value >= 0 else -2 * value - 1
        return _unsigned(value)

    def _put_float(self, value: Any, at: str) -> bytes:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                data = struct.pack("<f" if self.sort == "f32" else "<d", value)
                if math.isfinite(value):
                    return data
            except (OverflowError, struct.error):
                pass
        raise _wrong(at, "a finite number", value)

    def _put_struct(self, value: Any, at: str) -> bytes:
        if not isinstance(value, dict):
            raise _wrong(at, f"a dict of {_listed(self.names)}", value)
        for name in value:
            if name not in self.names:
                raise InputError(f"{at} has no {name!r}; it has {_listed(self.names)}")
        parts = []
        for child in self.children:
            if child.name not in value:
                raise InputError(f"{at} needs {child.name!r}; it has {_listed(self.names)}")
            parts.append(child.put(value[child.name], f"{at}.{child.name}"))
        return b"".join(parts)

    def _put_variant(self, value: Any, at: str) -> bytes:
        name, inner = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else (value, None)
        if not isinstance(name, str):
            raise _wrong(at, f"one of {_listed(self.names)}, or {{name: value}}", value)
        if name not in self.names:
            raise InputError(f"{at} has no {name!r}; it is one of {_listed(self.names)}")
        number = self.names.index(name)
        return _unsigned(number) + self.children[number].put(inner, f"{at}.{name}")

    def merged(self, base: Any, value: Any) -> Any:
        """`value`, with what its dicts leave out taken from `base`."""
        if self.sort == "option" and base is not None and value is not None:
            return self.children[0].merged(base, value)
        if not isinstance(base, dict) or not isinstance(value, dict):
            return value
        children = {child.name: child for child in self.children}
        if self.sort == "enum":
            return {
                name: children[name].merged(base[name], inner) if name in base and name in children else inner
                for name, inner in value.items()
            }
        return {**base, **{
            name: children[name].merged(base[name], inner) if name in children else inner
            for name, inner in value.items()
        }}


def _wrong(at: str, wanted: str, value: Any) -> InputError:
    return InputError(f"{at} must be {wanted}, not {value!r}")


def _listed(names: List[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nothing"


class Input:
    """The shape of the game's inputs. As Python values, structs are dicts, tuples and lists are lists, an option is
    None or its value, and an enum is the name of its variant, or `{name: value}` if the variant has data."""

    def __init__(self, root: Optional[_Node], default: bytes) -> None:
        self._root = root
        self._default = self.default = default
        """The input of a player who does nothing."""
        try:
            self.default = self.decode(default)
        except StreamError:
            # A type whose encoding is not what it describes.
            self._root = None

    @property
    def is_described(self) -> bool:
        """Whether the schema has the shape. Without it inputs are bytes, of which only the default is known."""
        return self._root is not None

    def describe(self) -> str:
        """Text for people."""
        shape = self._root.describe() if self._root else "bytes that the schema does not describe"
        return f"{shape}\ndefault: {self.default!r}"

    def encode(self, value: Any = None) -> bytes:
        """The bytes of an input. What `value` leaves out is taken from the default, and None is the default itself;
        bytes are taken as they are. Raises `InputError`, which lists what is allowed, for a wrong name or type."""
        if value is None:
            return self._default
        if isinstance(value, (bytes, bytearray, memoryview)):
            data = bytes(value)
        elif self._root:
            data = self._root.put(self._root.merged(self.default, value), "input")
        else:
            raise InputError("the schema does not describe the input: give bytes")
        if len(data) > _INPUT_MAX_BYTES:
            raise InputError(f"an input has at most {_INPUT_MAX_BYTES} bytes, and this is {len(data)}")
        return data

    def decode(self, data: bytes) -> Any:
        """The input that these bytes encode."""
        if self._root is None:
            return data
        reader = Reader(data)
        value = self._root.take(reader)
        reader.end()
        return value


def _read_input(reader: Reader) -> Input:
    left = reader.unsigned()
    _refuse(left <= _NODES_MAX, "an input of too many parts")

    def default() -> bytes:
        data = reader.block()
        # Lists of units take a byte for many values: a long default would decode into more than memory holds.
        _refuse(len(data) <= _INPUT_MAX_BYTES, "a default input too long")
        return data

    if left == 0:
        return Input(None, default())

    def node(depth: int) -> _Node:
        nonlocal left
        _refuse(left > 0, "an input without its parts")
        _refuse(depth <= _DEPTH_MAX, "an input too deep")
        left -= 1
        name, number = reader.text(), reader.unsigned()
        _refuse(number < len(_SORTS), "no such sort of input")
        sort = _SORTS[number]
        count = reader.u16() if sort in ("struct", "tuple", "enum") else 1 if sort in ("option", "list") else 0
        return _Node(name, sort, [node(depth + 1) for _ in range(count)])

    root = node(1)
    _refuse(left == 0, "an input of parts that are left over")
    return Input(root, default())


# --- Messages ---

_HELLO_MAX_BYTES = 1_824
_SETTINGS_MAX_BYTES = 512
_SMALL_BYTES = 16
_BOARD_MAX_PLAYERS = 50
_RESUME_TOKEN_BYTES = 24
_SNAPSHOT, _SNAPSHOT_MAX_BYTES = 132, 1 << 20
_NAME_MAX_CHARS = 256
"""Far more than a server gives to a player."""

_REFUSAL_REASONS = (
    ("protocol", "this server speaks protocol {}: reload the page or renew the client"),
    ("game", "this server runs another game"),
    ("rules", "this server plays by rules {}: reload the page or renew the client"),
    ("room-name", "a room name has 1 to 32 letters, digits, '-' or '_'"),
    ("room-full", "the room is full"),
    ("server-full", "the server is full"),
    ("closing", "the server is closing"),
    ("overloaded", "the room is overloaded"),
    ("ticket-required", "a ticket is needed here: come in by the site that gives it"),
    ("ticket-invalid", "the ticket is not good for this: come in anew by the site that gave it"),
    ("ticket-expired", "the ticket has expired: come in anew by the site that gave it"),
    ("rooms-building", "too many rooms are being opened at the moment: try again in a few seconds"),
    ("rooms-max", "all rooms of the server are taken: join one that is open, or try again later"),
    ("own-rooms-max", "too many rooms were opened from your address or account: join one of them, or try again "
     "when one is gone"),
    ("own-rooms-rate", "rooms are opened too often from your address or account: join one that is open, or try "
     "again in a minute"),
    ("settings-too-long", f"the settings of a room have at most {_SETTINGS_MAX_BYTES} bytes"),
    ("settings-without-room", "settings are for a room of your own: name it"),
    ("settings-unreadable", "the settings of a room are a JSON object, such as {{\"name\": 1}}: {}"),
    ("setting-not-allowed", "{}"),
    ("setting-invalid", "{}"),
    ("settings-refused", "{}"),
    ("not-resumable", "the place in the room is not kept any more: join anew"),
    ("room-fails", "rooms like this one fail: try again in a minute, or another name or other settings"),
)
_DISCONNECT_REASONS = (
    (1000, "left"), (1001, "closing"), (1002, "protocol"), (1003, "not-binary"), (1009, "too-big"),
    (4000, "refused"), (4001, "hello-timeout"), (4002, "silent"), (4003, "too-slow"), (4004, "too-much"),
    (4005, "room-failed"), (1011, "fault"), (1006, "lost"), (1007, "not-utf8"), (4006, "flood"), (4007, "idle"),
    (4008, "room-over"), (4009, "replaced"), (4010, "away"),
)


class Welcome(NamedTuple):
    """The server's answer to the hello."""

    room: str
    player: Optional[int]
    """The own player's id; None for a spectator."""
    tick_rate_hz: int
    tick: int
    """The room's tick when it was sent."""
    players_max: int
    delay_ticks: int
    """How many ticks behind the room a spectator is; 0 for players."""
    schema: bytes
    level: bytes
    settings: bytes
    resume: bytes
    """A secret by which this session can be resumed (`Client.hello`): who has it has the player. It takes the place of
    the one by which the session was resumed, which is void once the server has heard from the client."""
    resumed: bool
    """Whether a session was resumed, with its player: by a token, or by the ticket of a player whose connection broke."""
    grace_seconds: int
    """For how long the server keeps the session when the connection breaks; 0 if not at all."""

    def __repr__(self) -> str:
        # A log is no place for the token, nor for all bytes of the schema.
        shown = {name: value for name, value in self._asdict().items() if not isinstance(value, bytes)}
        return f"Welcome({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class RefusalReason(NamedTuple):
    """Why the server refused the hello."""

    reason: str
    server: Optional[int]
    """The server's version, for the reasons `protocol` and `rules`."""
    text: str
    """For people."""


class DisconnectReason(NamedTuple):
    """Why a connection ended: the WebSocket's close code, and its name in `docs/protocol.md`."""

    code: int
    reason: str


class Player(NamedTuple):
    """A player in the room. An id is not used again for 30 s after its player left."""

    player: int
    name: str
    """Text of a stranger: show it as text only."""
    score: int
    team: int
    """0 where there are no teams."""
    bot: bool


class Pace(NamedTuple):
    """How fast the room makes its ticks."""

    start: int
    """The first tick at this pace."""
    permille: int
    """Thousandths of the tick rate."""


class BoardPage(NamedTuple):
    """A page of all players, the best first."""

    first: int
    """How many players are before the first of the page."""
    total: int
    own: Optional[int]
    """How many players are before the own one."""
    players: List[int]


class _Message(NamedTuple):
    name: str
    what: Any


def _read_welcome(body: Reader) -> Any:
    body.unsigned()  # The session's number, for the server's log.
    player = body.optional(body.u16)
    room, hz, tick, players_max, delay = body.text(), body.u16(), body.u32(), body.u16(), body.u32()
    parts = body.block(), body.block(), body.block()
    session = body.take(_RESUME_TOKEN_BYTES), body.bool(), body.u16()
    return Welcome(room, player, hz, tick, players_max, delay, *parts, *session)


def _read_refusal(body: Reader) -> Any:
    number = body.unsigned()
    _refuse(number < len(_REFUSAL_REASONS), "no such reason of a refusal")
    reason, words = _REFUSAL_REASONS[number]
    server = body.u16() if reason == "protocol" else body.u32() if reason == "rules" else None
    text = body.text() if server is None and "{}" in words else server
    return RefusalReason(reason, server, words.format(text))


def _read_roster(body: Reader) -> Any:
    def player() -> Player:
        return Player(body.u16(), body.text(), body.i32(), body.u8(), body.bool())

    is_complete, players = body.bool(), body.list(player)
    _refuse(all(len(each.name) <= _NAME_MAX_CHARS for each in players), "a name too long")
    return is_complete, players, body.list(body.u16)


def _read_goodbye(body: Reader) -> Any:
    number = body.unsigned()
    _refuse(number < len(_DISCONNECT_REASONS), "no such reason of an end")
    return DisconnectReason(*_DISCONNECT_REASONS[number])


def _read_pace(body: Reader) -> Any:
    pace = Pace(body.u32(), body.u16())
    _refuse(1 <= pace.permille <= 1000, "no such pace")
    return pace


def _read_scores(body: Reader) -> Any:
    player = 0

    def score() -> Tuple[int, int, int]:
        nonlocal player
        player = (player + body.u16()) % 65_536
        return player, body.i32(), body.u8()

    return body.list(score)


def _read_board(body: Reader) -> Any:
    return BoardPage(body.u16(), body.u16(), body.optional(body.u16), body.list(body.u16))


_KINDS: Dict[int, Tuple[str, int, Callable[[Reader], Any]]] = {
    129: ("welcome", 1 << 20, _read_welcome),
    130: ("refused", 261, _read_refusal),
    131: ("roster", 1 << 19, _read_roster),
    133: ("pong", _SMALL_BYTES, Reader.u32),
    134: ("notice", 1_024, Reader.text),
    135: ("goodbye", _SMALL_BYTES, _read_goodbye),
    136: ("pace", _SMALL_BYTES, _read_pace),
    137: ("scores", 4_096, _read_scores),
    138: ("board", 4_096, _read_board),
    139: ("closing", _SMALL_BYTES, Reader.u16),
}


def _read_message(data: bytes) -> _Message:
    _refuse(len(data) > 0, "an empty message")
    kind = data[0]
    if kind == _SNAPSHOT:
        name, most, read = "snapshot", _SNAPSHOT_MAX_BYTES, None
    elif kind in _KINDS:
        name, most, read = _KINDS[kind]
    else:
        raise StreamError(f"no kind of message has number {kind}")
    _refuse(len(data) <= most, f"{len(data)} bytes, of which its kind may have {most}")
    if read is None:
        return _Message(name, data[1:])
    body = Reader(data[1:])
    try:
        message = _Message(name, read(body))
        body.end()
    except StreamError as error:
        raise StreamError(f"not a {name}: {error}", error.code) from None
    return message


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _hello(
    name: str, room: str, spectate: bool, game: str, rules: int, ticket: str, settings: Optional[dict],
    resume: Optional[bytes],
) -> bytes:
    try:
        chosen = "" if settings is None else json.dumps(settings, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the settings have no JSON: {error}") from None
    if len(chosen) > _SETTINGS_MAX_BYTES:
        raise InputError(f"the settings of a room have at most {_SETTINGS_MAX_BYTES} bytes")

    if resume is not None and not (isinstance(resume, bytes) and len(resume) == _RESUME_TOKEN_BYTES):
        raise InputError(f"a token to resume by has {_RESUME_TOKEN_BYTES} bytes")

    def optional(text: str) -> bytes:
        return b"\1" + _text(text) if text else b"\0"

    greeting = b"".join((
        b"\1", _unsigned(PROTOCOL), _text(game), _unsigned(rules), _unsigned(int(spectate)), _text(name),
        optional(room), b"\0", optional(ticket), optional(chosen), b"\0" if resume is None else b"\1" + resume,
    ))
    if len(greeting) > _HELLO_MAX_BYTES:
        raise InputError("the names, the ticket or the settings are too long for a hello")
    return greeting


def _input(tick: int, seen: int, data: bytes) -> bytes:
    # The rewind is 0, as this client draws nothing.
    return b"\2" + _unsigned(tick) + _unsigned(seen) + b"\0" + _block(data)


def _ack(seen: int) -> bytes:
    return b"\3" + _unsigned(seen)


def _ping(number: int) -> bytes:
    return b"\4" + _unsigned(number)


_GOODBYE = b"\5"


def _board(first: int, count: int) -> bytes:
    if not _is_whole(first, 65_535) or not _is_whole(count, _BOARD_MAX_PLAYERS):
        raise InputError(f"a page begins below 65,536 and has at most {_BOARD_MAX_PLAYERS} players")
    return b"\6" + _unsigned(first) + bytes((count,))


# --- A client without I/O ---

_EVENTS_WAITING_MAX = 1_024
_TICK_MAX = 2**32 - 1 - 2**20
_TICK_RATE_MAX_HZ = 240
_SPECTATOR_ACKS_HZ = 2
_PLAYER_UNACKNOWLEDGED_MAX = 2


class Row(dict):
    """A row or an event, as a dict whose values are attributes too: `row["x"]` is `row.x`.

    A row has `id` and `kind`, an event `tick` and `kind`; both have the fields of their kind, in their unit. A
    field with one of these names, or the name of a field before it, has an underscore appended. A field with the
    name of a dict's method is no attribute: write `row["items"]`.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a {self.get('kind')} has no {name!r}; it has {', '.join(self)}") from None


class Standing(NamedTuple):
    """What a snapshot says of the own player's inputs."""

    given: Tuple[str, ...]
    """What counted in each tick since the last snapshot, oldest first: `received` (the input sent for it), `repeated`
    (the one before, once more) or `absent` (none)."""
    margin_ticks: int
    """By how many ticks the newest input was early; negative when it was late."""


class Client:
    """A client without I/O and without a clock: takes the bytes of messages and gives the bytes of messages.

        client = Client()
        client.hello(name="Ada")
        # When the socket is open, and after each message:
        for message in client.outgoing(): socket.send(message)
        if client.receive(socket.recv()) == "snapshot": print(client.tick, client.rows())

    Nothing can be received after a `StreamError`; `hello` begins anew, for another connection.
    """

    def __init__(self) -> None:
        self._outgoing: deque = deque()
        self._begin("new")

    def _begin(self, stage: str) -> None:
        self.stage = stage
        """`new`, `greeting`, `playing`, `refused`, `ended` or `faulted`."""
        self.welcome: Optional[Welcome] = None
        self.refusal: Optional[RefusalReason] = None
        self.end: Optional[DisconnectReason] = None
        self.schema: Optional[Schema] = None
        self.roster: Dict[int, Player] = {}
        """The players in the room, by id in rising order. In a room of more than 32 players scores are current only
        for the own player, those in view, the ten best and those on the board."""
        self.board: Optional[BoardPage] = None
        """The open page of the board, once it has arrived."""
        self.tick: Optional[int] = None
        """The tick of the last snapshot."""
        self.standing: Optional[Standing] = None
        self.notice: Optional[str] = None
        """The last message for people from the server."""
        self.closing: Optional[int] = None
        """The server closes in so many seconds at the latest, as of the last such message. No session can be resumed
        after that."""
        self.pace: Optional[Pace] = None
        self.pong: Optional[int] = None
        """Number of the last ping that was answered."""
        self._outgoing.clear()
        self._decoder: Optional[_Decoder] = None
        self._events: deque = deque(maxlen=_EVENTS_WAITING_MAX)
        self._fault: Optional[StreamError] = None
        self._pings = self._unacknowledged = 0
        self._acknowledged: Optional[int] = None
        self._is_board_open = False

    def hello(
        self, name: str = "", room: Optional[str] = None, spectate: bool = False, game: str = "",
        rules: int = 0, ticket: Optional[str] = None, settings: Optional[dict] = None,
        resume: Optional[bytes] = None,
    ) -> None:
        """Begins anew, for a fresh connection.

        Without a `room` the server chooses one with space. With `game` and `rules` the server refuses unless it
        runs that game. `settings` are for the room if this hello opens it. `resume` is the token of the last welcome,
        to go on with its session, as a player or a spectator as before; if the server refuses it (`not-resumable`),
        say hello without it. Send something as soon as the welcome has arrived, such as a ping.
        """
        if not _is_whole(rules, 2**32 - 1):
            raise InputError("rules are a number of 32 bits")
        texts = (str(name), str(room or ""), bool(spectate), str(game), rules, str(ticket or ""))
        greeting = _hello(*texts, settings, resume)
        self._begin("greeting")
        self._outgoing.append(greeting)

    def receive(self, message: bytes) -> str:
        """Takes one binary message and returns its name: `welcome`, `refused`, `roster`, `snapshot`, `pong`,
        `notice`, `closing`, `pace`, `goodbye`, `scores` or `board`."""
        if self._fault:
            raise self._fault
        if self.stage == "new":
            raise InputError("call hello first")
        try:
            name, what = _read_message(bytes(message))
            self._take(name, what)
        except StreamError as error:
            self._fail(error)
            raise
        except Exception as error:
            self._fail(StreamError(f"the decoder failed: {error!r}", "fault"))
            raise self._fault from error
        return name

    def _fail(self, error: StreamError) -> None:
        self.stage = "faulted"
        self._fault = error

    def _take(self, name: str, what: Any) -> None:
        if name == "goodbye":
            self.end = what
            self.stage = "ended"
        elif self._decoder is not None:
            self._take_in_room(self._decoder, name, what)
        elif name == "welcome":
            self._enter(what)
        elif name == "refused":
            self.refusal = what
            self.stage = "refused"
        else:
            raise StreamError(f"a {name} before the welcome", "place")

    def _enter(self, welcome: Welcome) -> None:
        hz = welcome.tick_rate_hz
        with _coded("part"):
            schema = _read_schema(welcome.schema)
            _refuse(1 <= hz <= _TICK_RATE_MAX_HZ, "the tick rate cannot be used")
        with _coded("schema"):
            self._decoder = _Decoder(_Codec(schema, hz))
        self.schema = schema
        self.welcome = welcome
        self.stage = "playing"

    def _take_in_room(self, decoder: _Decoder, name: str, what: Any) -> None:
        if name == "snapshot":
            self._take_snapshot(decoder, what)
        elif name == "roster":
            is_complete, players, gone = what
            roster = {} if is_complete else self.roster
            for player in gone:
                roster.pop(player, None)
            roster.update((each.player, each) for each in players)
            self.roster = dict(sorted(roster.items()))
        elif name == "scores":
            for player, score, team in what:
                if player in self.roster:
                    self.roster[player] = self.roster[player]._replace(score=score, team=team)
        elif name == "board":
            if self._is_board_open:
                self.board = what
        elif name in ("pong", "notice", "closing", "pace"):
            setattr(self, name, what)
        else:
            raise StreamError(f"a {name} within a room", "place")

    def _take_snapshot(self, decoder: _Decoder, body: bytes) -> None:
        with _coded("snapshot"):
            decoded = decoder.decode(body)
            _refuse(decoded.tick <= _TICK_MAX, "a tick that cannot be")
        self.tick = decoded.tick
        is_own = self._is_player and decoded.given is not None
        self.standing = Standing(decoded.given, decoded.margin) if is_own else None
        plans = decoder.codec.events
        for tick, kind, values in decoded.events:
            self._events.append(_row_of(plans[kind], "tick", tick, values))
        self._unacknowledged += 1
        if self._is_ack_due():
            self._outgoing.append(_ack(self._acknowledge()))

    @property
    def _is_player(self) -> bool:
        return self.welcome is not None and self.welcome.player is not None

    def _is_ack_due(self) -> bool:
        if self._is_player:
            return self._unacknowledged >= _PLAYER_UNACKNOWLEDGED_MAX
        every = self.welcome.tick_rate_hz // _SPECTATOR_ACKS_HZ
        return self._acknowledged is None or self.tick - self._acknowledged >= every

    def _acknowledge(self) -> int:
        """The tick to acknowledge; it counts as acknowledged from now on."""
        self._unacknowledged = 0
        self._acknowledged = self.tick
        return self.tick or 0

    def rows(self) -> List[Row]:
        """The entities known after the last snapshot, by rising id."""
        decoder = self._decoder
        if decoder is None:
            return []
        plans = decoder.codec.entities
        return [_row_of(plans[row.kind], "id", row.id, row.values) for row in decoder.rows]

    def events(self) -> List[Row]:
        """The events since the last call. Of more than 1,024 the oldest are dropped."""
        events = list(self._events)
        self._events.clear()
        return events

    @property
    def own(self) -> Optional[bytes]:
        """The own player's state as the game encodes it (see `Reader`)."""
        return self._decoder.own if self._decoder else None

    def encode(self, value: Any = None) -> bytes:
        """The bytes of an input, by the schema (see `Input.encode`)."""
        if self.schema is None:
            raise InputError("not in a room")
        return self.schema.input.encode(value)

    def input(self, tick: int, value: Any = None) -> None:
        """Queues the own player's input for a tick. `Aim` chooses the tick and the time."""
        if not self._is_player or self.stage != "playing" or not _is_whole(tick, 2**32 - 1):
            raise InputError("not a player in a room, or not a tick")
        message = _input(tick, self.tick or 0, self.encode(value))
        # An input acknowledges too.
        self._acknowledge()
        self._outgoing.append(message)

    def ping(self) -> int:
        """Queues a ping and returns its number. The server ends a connection that is silent for 15 s."""
        self._pings = (self._pings + 1) % 2**32
        self._outgoing.append(_ping(self._pings))
        if self._unacknowledged:
            self._outgoing.append(_ack(self._acknowledge()))
        return self._pings

    def open_board(self, first: int = 0, count: int = 10) -> None:
        """Opens a page of the board, which ranks all players by score: `count` players (at most 50), after the `first`
        ones; a count of 0 closes it. The page arrives as `board`, and again when it changes. Spectators need none:
        their roster has all scores."""
        if not self._is_player:
            raise InputError("not a player in a room")
        self._outgoing.append(_board(first, count))
        self._is_board_open = count > 0
        if count == 0:
            self.board = None

    def leave(self) -> None:
        """Queues a goodbye."""
        self._outgoing.append(_GOODBYE)

    def outgoing(self) -> Iterable[bytes]:
        """Takes all messages to send, in order."""
        while self._outgoing:
            yield self._outgoing.popleft()


class _coded:
    """Gives this code to a `StreamError` raised within."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: Any, _trace: Any) -> None:
        if isinstance(error, StreamError):
            error.code = self._code


def _row_of(plan: _Plan, head: str, number: int, values: List[int]) -> Row:
    row = Row({head: number, "kind": plan.name})
    for name, value, scale in zip(plan.names, values, plan.scales):
        row[name] = value if scale is None else value * scale
    return row


# --- Which tick an input is for ---

_LEAD_AT_START_TICKS = 3.0
_MARGIN_GOAL_TICKS = 1.0
# So much time after the first sample the lead may jump freely, as it may after so many late inputs in a row.
_FRESH_S, _LATE_MAX = 1.0, 3
_SLEW_MAX = 0.03
# A lead that is wrong by more than this jumps. An input later than most by more than this is a spike.
_JUMP_S, _SPIKE_S = 0.09, 0.1
# After so long without a snapshot it stops.
_SILENT_S, _SILENT_TICKS = 0.5, 5
# How long arrivals and samples count, and how often the lead to aim for is computed from them.
_ARRIVALS_S, _SAMPLES_S, _ANSWER_S = 1.5, 5.0, 0.1
_SENT_MAX = 512


class Aim:
    """Chooses the tick of each input and the time to send it. Times are in seconds, all of one clock.

    It counts ticks ahead of the newest snapshots by a *lead*, so that inputs arrive about a tick early. A margin
    less the lead of its input depends on the network alone, however the lead has changed since. The lead follows
    the worst of these samples in the last seconds, without those far below nine in ten of them: a spike is not
    jitter. At first the lead jumps to its goal; later it changes by 3 % at most, and jumps when inputs are late.
    """

    def __init__(self, tick_rate_hz: int) -> None:
        self._hz = self._rate = float(tick_rate_hz)
        # A line through the arrivals (a time, its tick), and how late recent snapshots were against it.
        self._at = self._ticks = 0.0
        self._late: deque = deque()
        self._earliest = 0.0
        self._newest: Optional[Tuple[int, float]] = None
        self._lead = _LEAD_AT_START_TICKS
        self._next = 0
        # The lead of each input in flight, and the newest input that the server has reported.
        self._sent: Dict[int, float] = {}
        self._known: Optional[int] = None
        self._samples: deque = deque()
        self._lead_goal: Optional[float] = None
        self._answered_at = 0.0
        self._fresh_until: Optional[float] = None
        self._late_in_a_row = 0

    @property
    def lead_ticks(self) -> float:
        """How many ticks inputs are ahead of the earliest snapshots."""
        return self._lead

    def pace(self, now: float, permille: int) -> None:
        """The room runs at so many thousandths of its tick rate from now on."""
        self._ticks, self._at = self._tick_at(now), now
        self._rate = self._hz * permille / 1000
        # Margins of inputs in flight say nothing of the new pace.
        self._sent.clear()

    def snapshot(self, now: float, tick: int, margin_ticks: int) -> None:
        """A snapshot has arrived."""
        if self._newest is None:
            self._at, self._ticks = now, float(tick)
        elif now - self._newest[1] > max(0.25, 3 / self._rate):
            # The server or the network stood still: earlier arrivals no longer count.
            self._late.clear()
        last = self._newest[0] if self._newest else tick
        self._newest = (tick, now)
        self._late.append((now, self._tick_at(now) - tick))
        while self._late[0][0] < now - _ARRIVALS_S:
            self._late.popleft()
        self._earliest = min(late for _, late in self._late)
        if self._next == 0:
            self._jump(now, self._lead)
            return
        self._note(now, tick, tick + margin_ticks, tick - last == 1)
        self._late_in_a_row = self._late_in_a_row + 1 if margin_ticks < 0 else 0
        self._steer(now, tick - last, margin_ticks)

    def _tick_at(self, now: float) -> float:
        return self._ticks + (now - self._at) * self._rate

    def _position(self, now: float) -> float:
        """How far its ticks are now. It stops when no snapshot has arrived for long, as the room may have stopped."""
        silent = max(_SILENT_S, _SILENT_TICKS / self._rate)
        return self._tick_at(min(now, self._newest[1] + silent)) - self._earliest + self._lead

    def _note(self, now: float, tick: int, newest: int, is_next: bool) -> None:
        known, self._known = self._known, max(newest, self._known or 0)
        if known is not None and newest <= known:
            return
        # Of inputs that arrived together the first waited longest. If snapshots were left out, it is not known in
        # which tick it arrived.
        first = known + 1 if is_next and known is not None else newest
        for sent in list(self._sent):
            if sent > newest:
                break
            lead = self._sent.pop(sent)
            if sent >= first:
                self._samples.append((now, sent - tick - lead))
                first = newest + 1
                if self._fresh_until is None:
                    self._fresh_until = now + _FRESH_S

    def _steer(self, now: float, ticks: int, margin_ticks: int) -> None:
        while self._samples and self._samples[0][0] < now - _SAMPLES_S:
            self._samples.popleft()
        if not self._samples:
            return
        if self._lead_goal is None or now >= self._answered_at + _ANSWER_S:
            self._answered_at = now
            samples = sorted(sample for _, sample in self._samples)
            lowest = samples[len(samples) // 10] - max(2.0, _SPIKE_S * self._rate)
            samples = [sample for sample in samples if sample >= lowest]
            self._lead_goal = _MARGIN_GOAL_TICKS - samples[len(samples) // 50]
        error = self._lead_goal - self._lead
        is_lost = now < self._fresh_until or self._late_in_a_row >= _LATE_MAX
        far = 0.25 if is_lost else max(2.0, _JUMP_S * self._rate)
        if abs(error) > far and (is_lost or error < 0 or margin_ticks <= 0):
            self._late_in_a_row = 0
            self._jump(now, self._lead_goal)
        else:
            most = _SLEW_MAX * min(max(ticks, 1), 10)
            self._lead += min(max(error, -most), most)

    def _jump(self, now: float, lead: float) -> None:
        self._lead = lead
        # Forward it leaves out ticks. Backward it waits for the room, as inputs were sent for the coming ticks.
        self._next = max(self._next, int(self._position(now)) + 1)

    def due_at(self) -> Optional[float]:
        """When the next input is due; None while it waits for a snapshot."""
        if self._newest is None:
            return None
        due = self._at + (self._next - self._lead + self._earliest - self._ticks) / self._rate
        return due if due < self._newest[1] + max(_SILENT_S, _SILENT_TICKS / self._rate) else None

    def next_due(self, now: float) -> Optional[int]:
        """The tick whose input is due now, or None. The caller sends that input."""
        if self._newest is None:
            return None
        position = self._position(now)
        # The server accepts no input more than two seconds, or 64 ticks, ahead.
        if position < self._next or self._next >= self._newest[0] + max(2 * self._hz, 64):
            return None
        if position - self._next > max(2.0, self._rate / 4):
            self._next = int(position)
        due = self._next
        self._next += 1
        self._sent[due] = self._lead
        if len(self._sent) > _SENT_MAX:
            del self._sent[next(iter(self._sent))]
        return due


# --- A client with a socket ---

_JOIN_TIMEOUT_S = 30.0
# How long one attempt to resume may take, to the welcome: a line may be lost once more, and the grace has room for several.
_RESUME_TIMEOUT_S = 10.0
_GOODBYE_TIMEOUT_S = 2.0
_PING_EVERY_S = 1.0
# A connection over which nothing arrives while so many pings go out is broken.
_SILENT_PINGS_MAX = 6
# Before an attempt to resume it waits for up to this, and for up to twice as long each time: after an outage all
# clients come at once.
_RETRY_FIRST_S, _RETRY_MAX_S = 0.25, 3.0
# Ends after which the server keeps the session: the connection broke, or it was silent or too slow, or the server had an
# error of its own.
_RESUMABLE = ("lost", "silent", "too-slow", "fault")
_LOOK_EVERY_S = 0.05
_ROUND_TRIPS = 16
_PRESSES_MAX = 4


class Snapshot:
    """What the client knew at a tick."""

    def __init__(self, client: Client) -> None:
        self.tick: int = client.tick
        self.rows: List[Row] = client.rows()
        """The known entities, by rising id."""
        self.events: List[Row] = list(client._events)
        """The events since the snapshot that `Room.next` returned before."""
        self.standing: Optional[Standing] = client.standing
        self.own: Optional[bytes] = client.own
        """The own player's state as the game encodes it (see `Reader`)."""

    def rows_of(self, kind: Optional[str] = None, /, **fields: Any) -> List[Row]:
        """The rows of this kind whose fields have these values."""
        return [
            row for row in self.rows
            if kind in (None, row["kind"]) and all(row.get(name) == value for name, value in fields.items())
        ]

    def row(self, kind: Optional[str] = None, /, **fields: Any) -> Optional[Row]:
        """The first of these rows, or None."""
        return next(iter(self.rows_of(kind, **fields)), None)

    def __repr__(self) -> str:
        return f"<Snapshot of tick {self.tick}: {len(self.rows)} rows, {len(self.events)} events>"


class Room:
    """A joined room. While the event loop runs it sends what is held, once a tick.

    `async for snapshot in room` waits for the next snapshot. A loop that is too slow skips snapshots, but not their
    events. It stops after `leave`, and raises `Ended` or `StreamError` when the connection ends otherwise. Two such
    loops share the snapshots: each snapshot, with its events, goes to one of them.

    When the connection breaks, or the server ends it as `silent` or `too-slow`, the room connects again and resumes its
    session, for as long as the server keeps that (`client.welcome.grace_seconds`). Meanwhile no snapshot arrives and
    nothing is sent; then the loop goes on, with the same player and what is held by then. Events of the meantime are lost,
    and `client` is another one. If it does not succeed, `Ended` has how the connection ended at first.
    """

    def __init__(self, client: Client, socket: Any, connect: Optional[_Connect] = None) -> None:
        self.client = client
        self.counts: Counter = Counter()
        """`snapshots`, their `bytes`, `inputs` sent, the ticks whose input was `received`, `repeated` or `absent`, and
        how often the session was `resumed`."""
        self.margins: Counter = Counter()
        """How often each margin (in ticks) was reported."""
        self._socket = socket
        self._connect = connect
        self._aim = Aim(client.welcome.tick_rate_hz)
        self._held = client.encode()
        self._pressed: deque = deque(maxlen=_PRESSES_MAX)
        # How many snapshots have arrived, of the one in `_snapshot`, and of the last that `next` returned.
        self._arrived = self._built = self._returned = 0
        self._snapshot: Optional[Snapshot] = None
        self._changed = asyncio.Event()
        self._error: Optional[TickwireError] = None
        self._is_left = False
        self._sending = asyncio.Lock()
        self._pings: Dict[int, float] = {}
        self._silent_pings = 0
        self._page: Optional[Tuple[int, int]] = None
        self._round_trips: deque = deque(maxlen=_ROUND_TRIPS)
        self.is_player = client.welcome.player is not None
        self._task = asyncio.ensure_future(self._run())

    @property
    def name(self) -> str:
        return self.client.welcome.room

    @property
    def player(self) -> Optional[int]:
        """The own player's id; None for a spectator."""
        return self.client.welcome.player

    @property
    def tick_rate_hz(self) -> int:
        return self.client.welcome.tick_rate_hz

    @property
    def schema(self) -> Schema:
        """Describes rows, events and inputs."""
        return self.client.schema

    @property
    def roster(self) -> Dict[int, Player]:
        """The players in the room, by id."""
        return self.client.roster

    @property
    def board(self) -> Optional[BoardPage]:
        """The open page of the board."""
        return self.client.board

    @property
    def level(self) -> bytes:
        """The room's level as the game encodes it (see `Reader`)."""
        return self.client.welcome.level

    @property
    def settings(self) -> bytes:
        """The room's settings as the game encodes them."""
        return self.client.welcome.settings

    @property
    def rtt_ms(self) -> Optional[float]:
        """The shortest of the last round trips, in milliseconds."""
        return 1000 * min(self._round_trips) if self._round_trips else None

    @property
    def lead_ticks(self) -> float:
        """How many ticks inputs are ahead of the earliest snapshots."""
        return self._aim.lead_ticks

    @property
    def snapshot(self) -> Optional[Snapshot]:
        """The newest snapshot; None before the first. It is still to be returned by `next`, with the same events."""
        if self._built != self._arrived:
            self._snapshot = Snapshot(self.client)
            self._built = self._arrived
        return self._snapshot

    def hold(self, value: Any = None, /, **fields: Any) -> None:
        """Sets the input of every tick from now on: `hold(left=True)`, `hold({"left": True})`, or `hold("Left")` for
        an input that is an enum. What is left out is as in the default input, and `hold()` holds that. Raises
        `InputError` for a wrong name or type; the input is then as before."""
        self._held = self._encoded(value, fields)

    def press(self, value: Any = None, /, **fields: Any) -> None:
        """Sets the input of one tick, after which the held one counts again. Several get a tick each, in order; of more
        than four that wait for their ticks the oldest are dropped."""
        self._pressed.append(self._encoded(value, fields))

    def _encoded(self, value: Any, fields: Dict[str, Any]) -> bytes:
        self._raise_if_ended()
        if not self.is_player:
            raise InputError("a spectator has no input")
        if fields and value is not None and not isinstance(value, dict):
            raise InputError("give either a value or fields by name")
        return self.client.encode({**(value or {}), **fields} if fields else value)

    def open_board(self, first: int = 0, count: int = 10) -> None:
        """Opens a page of the board (see `Client.open_board`)."""
        self.client.open_board(first, count)
        self._page = (first, count) if count > 0 else None

    async def next(self) -> Snapshot:
        """Waits for a snapshot newer than the last that this returned."""
        while self._returned == self._arrived:
            self._raise_if_ended()
            self._changed.clear()
            await self._changed.wait()
        snapshot = self.snapshot
        self._returned = self._arrived
        self.client.events()  # They are in this snapshot, and not in the next.
        return snapshot

    def __aiter__(self) -> Room:
        return self

    async def __anext__(self) -> Snapshot:
        if self._is_left:
            raise StopAsyncIteration
        try:
            return await self.next()
        except Ended:
            if self._is_left:
                raise StopAsyncIteration from None
            raise

    def _raise_if_ended(self) -> None:
        if self._error:
            raise self._error

    async def leave(self) -> None:
        """Says goodbye and closes the connection, unless it has ended already."""
        is_over, self._is_left = self._error is not None, True
        self._finish(Ended(DisconnectReason(1000, "left")))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not is_over:
            self.client.leave()
            try:
                await asyncio.wait_for(self._flush(), _GOODBYE_TIMEOUT_S)
            except Exception:  # The connection is broken: there is nobody to say goodbye to.
                pass
        await self._socket.close()

    async def __aenter__(self) -> Room:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.leave()

    def _finish(self, error: TickwireError) -> None:
        self._error = self._error or error
        self._changed.set()

    async def _run(self) -> None:
        """Plays over one connection after the other, until the last has ended."""
        error = await self._play()
        # `wait_for` may take no notice of `leave` (before Python 3.12).
        while await self._resume(error) and not self._is_left:
            error = await self._play()
        self._finish(error)
        await self._socket.close()

    async def _play(self) -> TickwireError:
        """Plays over this connection until it has ended; returns the error of the stream, or else how it ended."""
        works = [asyncio.ensure_future(work()) for work in (self._receive, self._send_on_time)]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            error = next(iter(done)).exception()
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
        if isinstance(error, TickwireError):
            return error
        ended = self._ended()
        ended.__cause__ = error
        return ended

    async def _receive(self) -> None:
        async for message in self._socket:
            if isinstance(message, str):
                raise StreamError("a message that is not binary")
            self._take(message)
            if not self.is_player:
                await self._flush()

    def _ended(self) -> Ended:
        code = self._socket.close_code or 1006
        reason = self._socket.close_reason or dict(_DISCONNECT_REASONS).get(code, "lost")
        return Ended(self.client.end or DisconnectReason(code, reason))

    async def _resume(self, error: TickwireError) -> bool:
        """Goes on over a new connection, if the session that ended so is kept; whether it could. If not, `error` has
        why as its cause."""
        welcome = self.client.welcome
        is_lost = isinstance(error, Ended) and error.end.reason in _RESUMABLE
        # An error of this client leaves the connection open, and would come again over the next.
        if not self._connect or not is_lost or self._socket.close_code is None:
            return False
        until, longest = time.monotonic() + welcome.grace_seconds, _RETRY_FIRST_S
        while not self._is_left:
            # Any time from none on: clients whose waits were alike would meet again.
            wait = random.uniform(0, longest)
            left = until - time.monotonic() - wait
            if left <= 0:
                break
            await asyncio.sleep(wait)
            longest = min(2 * longest, _RETRY_MAX_S)
            try:
                self._enter(*await asyncio.wait_for(self._connect(welcome.resume), min(left, _RESUME_TIMEOUT_S)))
                return True
            except asyncio.TimeoutError:
                error.__cause__ = Unreachable("no welcome in time")
            except TickwireError as failed:
                error.__cause__ = failed
                if not isinstance(failed, Unreachable):
                    break
        return False

    def _enter(self, client: Client, socket: Any) -> None:
        """A new connection takes the place of the last."""
        # What `next` has not returned yet stays: the newest snapshot, and events.
        self._snapshot = self.snapshot
        client._events.extend(self.client._events)
        self.client, self._socket = client, socket
        self._aim = Aim(client.welcome.tick_rate_hz)
        self._pings.clear()
        self._silent_pings = 0
        self.counts["resumed"] += 1
        if self._page:
            client.open_board(*self._page)

    def _take(self, message: bytes) -> None:
        client, now = self.client, time.monotonic()
        name = client.receive(message)
        self._silent_pings = 0
        if name == "snapshot":
            self._arrived += 1
            self.counts["snapshots"] += 1
            self.counts["bytes"] += len(message)
            if client.standing:
                self.counts.update(client.standing.given)
                self.margins[client.standing.margin_ticks] += 1
                self._aim.snapshot(now, client.tick, client.standing.margin_ticks)
            self._changed.set()
        elif name == "pace":
            self._aim.pace(now, client.pace.permille)
        elif name == "pong" and client.pong in self._pings:
            self._round_trips.append(now - self._pings.pop(client.pong))

    async def _send_on_time(self) -> None:
        """Sends inputs when they are due, and a ping each second."""
        ping_at = time.monotonic()
        while True:
            now = time.monotonic()
            self._send_inputs(now)
            if now >= ping_at:
                self._ping(now)
                ping_at = now + _PING_EVERY_S
            await self._flush()
            due = self._aim.due_at()
            wait = min(ping_at, now + _LOOK_EVERY_S, due or math.inf) - time.monotonic()
            await asyncio.sleep(max(wait, 0.001))

    def _ping(self, now: float) -> None:
        if self._silent_pings >= _SILENT_PINGS_MAX and self._connect:
            # Not closed: that would say that it leaves.
            self._socket.transport.abort()
            return
        self._silent_pings += 1
        self._pings = {**dict(list(self._pings.items())[-_ROUND_TRIPS:]), self.client.ping(): now}

    def _send_inputs(self, now: float) -> None:
        if not self.is_player or self.client.stage != "playing":
            return
        tick = self._aim.next_due(now)
        while tick is not None:
            self.client.input(tick, self._pressed.popleft() if self._pressed else self._held)
            self.counts["inputs"] += 1
            tick = self._aim.next_due(now)

    async def _flush(self) -> None:
        async with self._sending:
            for message in self.client.outgoing():
                await self._socket.send(message)

    def __repr__(self) -> str:
        who = "watched" if self.player is None else f"played as {self.player}"
        return f"<Room {self.name!r}, {who}, tick {self.client.tick}>"


_Connect = Callable[[bytes], Awaitable[Tuple[Client, Any]]]
"""Connects anew and resumes the session of this token."""


class _PendingJoin:
    """What `join` returns: `await` it for a room, or use `async with`, which leaves the room at its end."""

    def __init__(self, url: str, hello: Dict[str, Any], options: Dict[str, Any]) -> None:
        self._url, self._hello, self._options = url, hello, options
        self._room: Optional[Room] = None

    def __await__(self) -> Any:
        return self._join().__await__()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the room is not joined yet, and has no {name!r}: await it, `room = await join(...)`")

    async def __aenter__(self) -> Room:
        self._room = await self._join()
        return self._room

    async def __aexit__(self, *_: Any) -> None:
        await self._room.leave()

    async def _join(self) -> Room:
        return Room(*await self._connect(), self._connect)

    async def _connect(self, resume: Optional[bytes] = None) -> Tuple[Client, Any]:
        from websockets.asyncio.client import connect

        # Settings are for a room that opens; that of a session is there.
        hello = {**self._hello, "settings": None, "resume": resume} if resume else self._hello
        client = Client()
        client.hello(**hello)
        url = _address(self._url)
        # The server sends pings, which the library answers.
        options = {"compression": None, "max_size": 1 << 20, "ping_interval": None, **self._options}
        try:
            socket = await connect(url, **options)
        except Exception as error:
            raise Unreachable(f"cannot connect to {url}: {error}") from error
        try:
            await asyncio.wait_for(_greet(client, socket), _JOIN_TIMEOUT_S)
        except BaseException as error:
            if resume:
                # Not closed: if the server has taken the hello, that would say that the player leaves.
                socket.transport.abort()
            else:
                await socket.close()
            if isinstance(error, TickwireError) or not isinstance(error, Exception):
                raise
            raise Unreachable(f"{url} does not answer as a Tickwire server: {error!r}") from error
        return client, socket


async def _greet(client: Client, socket: Any) -> None:
    for message in client.outgoing():
        await socket.send(message)
    while client.stage == "greeting":
        message = await socket.recv()
        if isinstance(message, str):
            raise StreamError("a message that is not binary")
        client.receive(message)
    if client.refusal:
        raise Refused(client.refusal)
    if client.end:
        raise Ended(client.end)


def _address(url: str) -> str:
    parts = urlsplit(url if "://" in url else f"ws://{url}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.netloc:
        raise InputError(f"not the address of a server: {url!r}")
    path = parts.path if parts.path.endswith("/ws") else parts.path.rstrip("/") + "/ws"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def join(
    url: str, name: str = "", room: Optional[str] = None, spectate: bool = False, *, game: str = "",
    rules: int = 0, ticket: Optional[str] = None, settings: Optional[dict] = None, **options: Any,
) -> _PendingJoin:
    """Joins a room: `async with join(...) as room`, or `room = await join(...)` and later `await room.leave()`.

    `url` is `ws://HOST:PORT/ws`, or the address of the page. For the other arguments see `Client.hello`; `options` go
    to `websockets.connect` (`ssl`, `proxy`, `additional_headers`, ...). Raises `Unreachable`, `Refused` or another
    `TickwireError`. If the connection breaks later, the room resumes its session by itself (see `Room`).
    """
    hello = {
        "name": name, "room": room, "spectate": spectate, "game": game, "rules": rules, "ticket": ticket,
        "settings": settings,
    }
    return _PendingJoin(url, hello, options)
