// @ts-check
// What is expected of a row: how its fields move from tick to tick, and where those of a new one
// begin. It follows docs/protocol.md, to the last bit.

import { refuse } from "./bytes.js";

/** @typedef {import("./schema.js").FieldPlan} FieldPlan */
/** @typedef {import("./schema.js").Plan} Plan */
/** @typedef {{ id: number, kind: number, values: number[], rests: number[], mask: number[] }} Row */
/** @typedef {(at: number, expected: number) => number} Read the value of a field that is expected to be so */

/** Rows move on for so many ticks; then they stand. */
export const TICKS_MAX = 64;

/** @type {Read} */
export const asExpected = (_, expected) => expected;

/** Into the range of a field. @param {FieldPlan} field @param {number} value */
function held(field, value) {
  if (value >= field.min && value <= field.max) return value;
  if (!field.wraps) return Math.min(Math.max(value, field.min), field.max);
  const above = (value - field.min) % field.turn;
  return field.min + (above < 0 ? above + field.turn : above);
}

/** @param {FieldPlan} field @param {number} from @param {number} to */
function way(field, from, to) {
  let difference = to - from;
  if (field.wraps && 2 * difference > field.turn) difference -= field.turn;
  else if (field.wraps && 2 * difference < -field.turn) difference += field.turn;
  return difference | 0;
}

/** @param {number} value */
const short = (value) => Math.min(Math.max(value, -32_768), 32_767);

/** `floor((one * other + more) / 2^bits)` of whole numbers, as in 64 bits.
 *  @param {number} one @param {number} other @param {number} bits @param {number} [more] */
function scaled(one, other, bits, more = 0) {
  const product = one * other + more;
  if (Math.abs(product) <= Number.MAX_SAFE_INTEGER) return Math.floor(product / 2 ** bits);
  return Number(BigInt.asIntN(64, BigInt(one) * BigInt(other) + BigInt(more)) >> BigInt(bits));
}

/** Moves a row on. In the last tick `read` is asked for the value of each field.
 *  @param {Plan} plan @param {Row} row @param {number} ticks @param {Read} read */
export function moveOn(plan, row, ticks, read) {
  const count = Math.min(ticks, TICKS_MAX);
  const first = count > 1 ? [...row.values] : row.values;
  for (let tick = 1; tick < count; tick++) moveMovers(plan, row, asExpected);
  if (read !== asExpected) for (const at of plan.holds) row.values[at] = read(at, row.values[at]);
  moveMovers(plan, row, read);
  if (count === 1) return;
  for (const at of plan.movers) {
    if (plan.fields[at].moves.sort !== "last-two") continue;
    row.rests[at] = short(Math.trunc(way(plan.fields[at], first[at], row.values[at]) / count));
  }
}

/** A value in 1/65536: what moves smoothly has a rest of them.
 *  @param {Plan} plan @param {Row} row @param {number} at */
function fine(plan, row, at) {
  const { sort } = plan.fields[at].moves;
  return row.values[at] * 65_536 + (sort === "hold" || sort === "last-two" ? 0 : row.rests[at]);
}

/** @param {Plan} plan @param {Row} row @param {Read} read */
function moveMovers(plan, row, read) {
  if (plan.movers.length === 0) return;
  const { fields, movers } = plan;
  const before = fields.map((_, at) => fine(plan, row, at));
  for (const at of movers) {
    const field = fields[at];
    const old = row.values[at];
    if (field.moves.sort === "last-two") {
      row.values[at] = read(at, held(field, old + row.rests[at]));
      row.rests[at] = short(way(field, old, row.values[at]));
      continue;
    }
    const to = goesTo(plan, field, row, fine(plan, row, at), before);
    const nearest = Math.floor((to + 32_768) / 65_536);
    const expected = held(field, nearest);
    let rest = !field.wraps && expected !== nearest ? 0 : to - nearest * 65_536;
    const value = read(at, expected);
    if (value !== expected) {
      const off = way(field, expected, value);
      rest = off === 1 ? -30_720 : off === -1 ? 30_720 : 0;
    }
    row.values[at] = value;
    row.rests[at] = rest;
  }
}

/** @param {Plan} plan @param {FieldPlan} field @param {Row} row @param {number} was
 *  @param {number[]} before */
function goesTo(plan, { moves }, row, was, before) {
  const { sort, needs, factor, keep, wayOf } = moves;
  if (sort === "by") return was + scaled(before[needs] + fine(plan, row, needs), factor, 17);
  if (sort === "along") return was + wayOf(row.values[needs]);
  const goal = scaled(fine(plan, row, needs), factor, 16);
  return goal + scaled(was - goal, keep, 16);
}

/** Where a field of a new row begins.
 *  @param {FieldPlan} field @param {number[]} values @param {number[] | null} named */
export function beginningIn(field, values, named) {
  const { of, at, ratio, zero } = field.beginning;
  if (of === "same") return held(field, scaled(values[at], ratio, 16, 32_768));
  if (of === "none" || named === null) return zero;
  return held(field, scaled(named[at], ratio, 16, 32_768));
}

/** @param {FieldPlan} field @param {number} value */
export function inRange(field, value) {
  refuse(value >= field.min && value <= field.max, "range");
  return value;
}

/** A value so far from another. @param {FieldPlan} field @param {number} to @param {number | null} residual */
export function added(field, to, residual) {
  refuse(residual !== null, "range");
  let value = to + residual;
  if (!field.wraps) value |= 0;
  else if (value > field.max) value -= field.turn;
  else if (value < field.min) value += field.turn;
  return inRange(field, value);
}
