// What is expected of a row: how its fields move from tick to tick, and where those of a new one
// begin. Follows docs/protocol.md. Numbers of 64 bits are BigInt.

import { refuse } from "./symbols.mjs";

const TICKS_MAX = 64;

/** Into the range of a field. */
function held(field, value) {
  if (value >= field.min && value <= field.max) return value;
  if (!field.wraps) return Math.min(Math.max(value, field.min), field.max);
  const above = (value - field.min) % field.turn;
  return field.min + (above < 0 ? above + field.turn : above);
}

function way(field, from, to) {
  let difference = to - from;
  if (field.wraps && 2 * difference > field.turn) difference -= field.turn;
  else if (field.wraps && 2 * difference < -field.turn) difference += field.turn;
  return difference | 0;
}

const short = (value) => Math.min(Math.max(value, -32_768), 32_767);
const wide = (value) => BigInt.asIntN(64, value);

/** Moves a row on. In the last tick `read` is asked for the value of each field. */
export function moveOn(plan, row, ticks, read) {
  const count = Math.min(ticks, TICKS_MAX);
  const first = [...row.values];
  for (let tick = 1; tick < count; tick += 1) moveMovers(plan, row, (_, expected) => expected);
  for (const at of plan.holds) row.values[at] = read(at, row.values[at]);
  moveMovers(plan, row, read);
  if (count === 1) return;
  for (const at of plan.movers.filter((at) => plan.fields[at].sort === "last-two")) {
    const mean = Math.trunc(way(plan.fields[at], first[at], row.values[at]) / count);
    row.rests[at] = short(mean);
  }
}

function moveMovers(plan, row, read) {
  const hasFine = (at) => ["by", "approach", "along"].includes(plan.fields[at].sort);
  const fine = (at) => BigInt(row.values[at]) * 65_536n + (hasFine(at) ? BigInt(row.rests[at]) : 0n);
  const before = row.values.map((_, at) => fine(at));
  for (const at of plan.movers) {
    const field = plan.fields[at];
    const old = row.values[at];
    const was = fine(at);
    if (field.sort === "last-two") {
      row.values[at] = read(at, held(field, old + row.rests[at]));
      row.rests[at] = short(way(field, old, row.values[at]));
    } else {
      const to = wide(goesTo(field, was, fine, before, row));
      const nearest = wide(to + 32_768n) >> 16n;
      const expected = held(field, Number(nearest));
      let rest = Number(BigInt.asIntN(16, to - (nearest << 16n)));
      if (!field.wraps && BigInt(expected) !== nearest) rest = 0;
      const value = read(at, expected);
      if (value !== expected) rest = { 1: -30_720, "-1": 30_720 }[way(field, expected, value)] ?? 0;
      row.values[at] = value;
      row.rests[at] = rest;
    }
  }
}

function goesTo(field, was, fine, before, row) {
  const { needs } = field.predict;
  if (field.sort === "by") {
    return was + (wide((before[needs] + fine(needs)) * field.perStep) >> 17n);
  }
  if (field.sort === "along") return was + field.wayOf(row.values[needs]);
  const goal = wide(fine(needs) * field.ratio) >> 16n;
  return goal + (wide((was - goal) * field.keep) >> 16n);
}

/** Where a field of a new row begins. */
export function beginningIn(field, values, named) {
  const { of, at, ratio, zero } = field.beginning;
  if (of === "none" || (of === "named" && named === null)) return zero;
  const value = of === "named" ? named[at] : values[at];
  return held(field, Number(wide(BigInt(value) * ratio + 32_768n) >> 16n));
}

export function inRange(field, value) {
  refuse(value >= field.min && value <= field.max, "range");
  return value;
}

/** A value so far from another. */
export function added(field, to, residual) {
  refuse(residual !== null, "range");
  let value = to + residual;
  if (!field.wraps) value |= 0;
  else if (value > field.max) value -= field.turn;
  else if (value < field.min) value += field.turn;
  return inRange(field, value);
}
