// @ts-check
// Prediction of rows: how fields move from tick to tick, and the initial values of a new row. It follows
// docs/protocol.md bit by bit.

import { refuse } from "./bytes.js";

/** @typedef {import("./schema.js").FieldPlan} FieldPlan */
/** @typedef {import("./schema.js").Plan} Plan */
/** @typedef {{ id: number, kind: number, values: number[], fractions: number[], mask: number[] }} Row */
/** @typedef {(at: number, expected: number) => number} Read reads a field's value, given the predicted one */

/** Rows are predicted for at most this many ticks; then they stand still. */
export const TICKS_MAX = 64;

/** @type {Read} */
export const asExpected = (_, expected) => expected;

/** Clamps or wraps into the field's range. @param {FieldPlan} field @param {number} value */
function held(field, value) {
  if (value >= field.min && value <= field.max) return value;
  if (!field.wraps) return Math.min(Math.max(value, field.min), field.max);
  const above = (value - field.min) % field.turn;
  return field.min + (above < 0 ? above + field.turn : above);
}

/** @param {FieldPlan} field @param {number} from @param {number} to */
function delta(field, from, to) {
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

/** Predicts a row. In the last tick `read` gives the value of each field.
 *  @param {Plan} plan @param {Row} row @param {number} ticks @param {Read} read */
export function moveOn(plan, row, ticks, read) {
  const count = Math.min(ticks, TICKS_MAX);
  const first = count > 1 ? [...row.values] : row.values;
  for (let tick = 1; tick < count; tick++) moveMovers(plan, row, asExpected);
  if (read !== asExpected) for (const at of plan.holds) row.values[at] = read(at, row.values[at]);
  moveMovers(plan, row, read);
  if (count === 1) return;
  for (const at of plan.movingFields) {
    if (plan.fields[at].moves.sort !== "last-two") continue;
    row.fractions[at] = short(Math.trunc(delta(plan.fields[at], first[at], row.values[at]) / count));
  }
}

/** A value in 1/65536: what moves smoothly has a fraction.
 *  @param {Plan} plan @param {Row} row @param {number} at */
function fine(plan, row, at) {
  const { sort } = plan.fields[at].moves;
  return row.values[at] * 65_536 + (sort === "hold" || sort === "last-two" ? 0 : row.fractions[at]);
}

/** @param {Plan} plan @param {Row} row @param {Read} read */
function moveMovers(plan, row, read) {
  if (plan.movingFields.length === 0) return;
  const { fields, movingFields } = plan;
  const before = fields.map((_, at) => fine(plan, row, at));
  for (const at of movingFields) {
    const field = fields[at];
    const old = row.values[at];
    if (field.moves.sort === "last-two") {
      row.values[at] = read(at, held(field, old + row.fractions[at]));
      row.fractions[at] = short(delta(field, old, row.values[at]));
      continue;
    }
    const to = goesTo(plan, field, row, fine(plan, row, at), before);
    const nearest = Math.floor((to + 32_768) / 65_536);
    const expected = held(field, nearest);
    let fraction = !field.wraps && expected !== nearest ? 0 : to - nearest * 65_536;
    const value = read(at, expected);
    if (value !== expected) {
      const residual = delta(field, expected, value);
      fraction = residual === 1 ? -30_720 : residual === -1 ? 30_720 : 0;
    }
    row.values[at] = value;
    row.fractions[at] = fraction;
  }
}

/** @param {Plan} plan @param {FieldPlan} field @param {Row} row @param {number} was
 *  @param {number[]} before */
function goesTo(plan, { moves }, row, was, before) {
  const { sort, needs, factor, keep, deltaOf } = moves;
  if (sort === "by") return was + scaled(before[needs] + fine(plan, row, needs), factor, 17);
  if (sort === "along") return was + deltaOf(row.values[needs]);
  const goal = scaled(fine(plan, row, needs), factor, 16);
  return goal + scaled(was - goal, keep, 16);
}

/** The predicted initial value of a new row's field.
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

/** Adds a residual to a value. @param {FieldPlan} field @param {number} to @param {number | null} residual */
export function added(field, to, residual) {
  refuse(residual !== null, "range");
  let value = to + residual;
  if (!field.wraps) value |= 0;
  else if (value > field.max) value -= field.turn;
  else if (value < field.min) value += field.turn;
  return inRange(field, value);
}
