// @ts-check
// The schema of docs/protocol.md, and the plan of each kind, which is derived from it once at the join.
// Elsewhere kinds and fields are indices, as on the wire.

import { Reader, refuse } from "./bytes.js";
import { readInputSchema } from "./input.js";

/**
 * @typedef {{ sort: "hold" | "last-two" } | { sort: "by", needs: number }
 *   | { sort: "approach", needs: number, perSecond: number }
 *   | { sort: "along", needs: number, perSecond: number, axis: number }} Predict
 * @typedef {{ kind: number, field: number }} Reference
 * @typedef {object} Field
 * @property {string} name
 * @property {number} min
 * @property {number} max
 * @property {string} unit
 * @property {number} scale
 * @property {boolean} wraps
 * @property {Predict} predict
 * @property {Reference | null} names
 * @property {number | null} origin
 * @typedef {{ name: string, fields: Field[], place: [number, number] | null }} Kind
 * @typedef {{ entities: Kind[], events: Kind[], input: import("./input.js").InputSchema }} Schema
 */

/**
 * @typedef {{ of: "none" | "named" | "same", at: number, ratio: number, zero: number }} Beginning
 * @typedef {object} Moves constants of a field's prediction
 * @property {Predict["sort"]} sort
 * @property {number} needs the field that it is predicted from
 * @property {number} factor of `by` and `approach`, in 1/65536
 * @property {number} keep of `approach`, in 1/65536
 * @property {(value: number) => number} deltaOf of `along`, by the other's value
 * @typedef {Field & { bits: number, turn: number, beginning: Beginning, moves: Moves }} FieldPlan
 * @typedef {object} Plan
 * @property {number[]} holds
 * @property {number[]} movingFields
 * @property {number[]} order
 * @property {number[][]} groups
 * @property {number} naming
 * @property {Reference | null} named
 * @property {FieldPlan[]} fields
 */

const KINDS_MAX = 64;
const FIELDS_MAX = 32;
/** Fields of a kind that others are predicted from. */
const MOVING_MAX = 8;

/** @param {Uint8Array} bytes @returns {Schema} */
export function readSchema(bytes) {
  const reader = new Reader(bytes);
  /** @returns {Predict} */
  const predict = () => {
    const sort = reader.unsigned();
    refuse(sort <= 4, "no such way to move");
    if (sort === 0) return { sort: "hold" };
    if (sort === 1) return { sort: "last-two" };
    const needs = reader.u8();
    if (sort === 2) return { sort: "by", needs };
    const perSecond = reader.f64();
    if (sort === 3) return { sort: "approach", needs, perSecond };
    const axis = reader.unsigned();
    refuse(axis <= 1, "no such axis");
    return { sort: "along", needs, perSecond, axis };
  };
  // Properties are evaluated in this order, which is that of the bytes.
  /** @returns {Field} */
  const field = () => ({
    name: reader.text(),
    min: reader.i32(),
    max: reader.i32(),
    unit: reader.text(),
    scale: reader.f64(),
    wraps: reader.bool(),
    predict: predict(),
    names: reader.optional(() => ({ kind: reader.u8(), field: reader.u8() })),
    origin: reader.optional(() => reader.u8()),
  });
  /** @returns {Kind} */
  const kind = () => ({
    name: reader.text(),
    fields: reader.list(field),
    place: reader.optional(() => /** @type {[number, number]} */ ([reader.u8(), reader.u8()])),
  });
  const schema = { entities: reader.list(kind), events: reader.list(kind), input: readInputSchema(reader) };
  reader.end();
  return schema;
}

/** Refuses a schema that cannot be used. @param {Schema} schema */
export function checkSchema({ entities, events }) {
  for (const kinds of [entities, events]) {
    refuse(kinds.length <= KINDS_MAX, "too many kinds or fields");
    for (const kind of kinds) {
      checkKind(kind);
      checkReferences(kind, entities);
    }
  }
}

/** @param {Field | undefined} field */
const needsOf = (field) => (field && "needs" in field.predict ? field.predict.needs : undefined);

/** @param {Kind} kind */
function checkKind({ fields, place }) {
  refuse(fields.length <= FIELDS_MAX, "too many kinds or fields");
  const isPositive = (/** @type {number} */ rate) => Number.isFinite(rate) && rate > 0;
  const has = (/** @type {number | undefined} */ at) => at === undefined || at < fields.length;
  const there = "a field that is not there is referred to";
  refuse(place === null || place.every(has), there);
  for (const field of fields) {
    refuse(field.min <= field.max, "the range of a field is empty");
    refuse(has(needsOf(field)), there);
    const rate = "perSecond" in field.predict ? field.predict.perSecond : 1;
    refuse(isPositive(field.scale) && isPositive(rate), "a scale or rate is not a positive number");
  }
  const moving = new Set(fields.map(needsOf).filter((at) => at !== undefined));
  refuse(moving.size <= MOVING_MAX, "too many kinds or fields");
  for (const start of fields) {
    /** @type {Field | undefined} */
    let next = start;
    for (let steps = 0; next !== undefined; steps++) {
      refuse(steps <= fields.length, "fields are predicted from each other in a circle");
      const needs = needsOf(next);
      next = needs === undefined ? undefined : fields[needs];
    }
  }
}

/** @param {Kind} kind @param {Kind[]} entities */
function checkReferences({ fields }, entities) {
  const there = "a field that is not there is referred to";
  const named = fields.find((field) => field.names !== null)?.names;
  for (const { names, origin } of fields) {
    refuse(names === null || entities[names.kind]?.fields[names.field] !== undefined, there);
    if (origin === null) continue;
    refuse(named !== undefined && named !== null, there);
    refuse(entities[named.kind]?.fields[origin] !== undefined, there);
  }
}

/** The number of binary digits; 0 for 0. @param {number} value */
export const bitsOf = (value) => 32 - Math.clz32(value);

/** In 1/65536, to the nearest, halves to the even one. @param {number} x */
function fixed(x) {
  const scaled = x * 65_536;
  let whole = Math.floor(scaled);
  const rest = scaled - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0)) whole += 1;
  return Math.min(Math.max(whole, -(2 ** 40)), 2 ** 40);
}

/**
 * The plan of a kind; in an event kind no field moves.
 * @param {Kind[]} kinds @param {number} index @param {Kind[]} entities @param {boolean} isEntity
 * @param {number} hz ticks per second @returns {Plan}
 */
export function planOf(kinds, index, entities, isEntity, hz) {
  const { fields } = kinds[index];
  const sortOf = (/** @type {Field} */ field) => (isEntity ? field.predict.sort : "hold");
  const holds = fields.map((_, at) => at).filter((at) => sortOf(fields[at]) === "hold");
  /** @type {number[]} */
  const movingFields = [];
  const addAfterNeeded = (/** @type {number} */ at) => {
    if (sortOf(fields[at]) === "hold" || movingFields.includes(at)) return;
    const needs = needsOf(fields[at]);
    if (needs !== undefined) addAfterNeeded(needs);
    movingFields.push(at);
  };
  fields.forEach((_, at) => addAfterNeeded(at));
  const isLastTwo = (/** @type {number} */ at) => sortOf(fields[at]) === "last-two";
  const naming = fields.findIndex((field) => field.names !== null);
  const named = naming < 0 ? null : fields[naming].names;
  const ofNamed = named && entities[named.kind].fields;
  return {
    holds,
    movingFields,
    order: [...holds, ...movingFields],
    groups: [movingFields.filter(isLastTwo), movingFields.filter((at) => !isLastTwo(at)), holds],
    naming,
    named,
    fields: fields.map((field) => ({
      ...field,
      bits: bitsOf(field.max - field.min),
      turn: field.wraps ? field.max - field.min + 1 : 0,
      beginning: beginningOf(field, fields, ofNamed, isEntity),
      moves: movesOf(field, fields, hz, sortOf(field)),
    })),
  };
}

/** @param {Field} field @param {Field[]} fields @param {Field[] | null} ofNamed
 *  @param {boolean} isEntity @returns {Beginning} */
function beginningOf(field, fields, ofNamed, isEntity) {
  const zero = Math.min(Math.max(0, field.min), field.max);
  if (ofNamed && field.origin !== null) {
    const ratio = fixed(ofNamed[field.origin].scale / field.scale);
    return { of: "named", at: field.origin, ratio, zero };
  }
  if (isEntity && field.predict.sort === "approach") {
    const at = field.predict.needs;
    return { of: "same", at, ratio: fixed(fields[at].scale / field.scale), zero };
  }
  return { of: "none", at: 0, ratio: 0, zero };
}

/** @param {Field} field @param {Field[]} fields @param {number} hz @param {Predict["sort"]} sort
 *  @returns {Moves} */
function movesOf(field, fields, hz, sort) {
  const { predict, scale } = field;
  /** @type {Moves} */
  const moves = { sort, needs: needsOf(field) ?? 0, factor: 0, keep: 0, deltaOf: () => 0 };
  const other = fields[moves.needs];
  if (sort === "by") return { ...moves, factor: fixed(other.scale / (scale * hz)) };
  if (sort === "approach" && predict.sort === "approach") {
    const keep = fixed(Math.exp(-predict.perSecond / hz));
    return { ...moves, factor: fixed(other.scale / scale), keep };
  }
  if (sort !== "along" || predict.sort !== "along") return moves;
  const deltaOf = (/** @type {number} */ value) => {
    if (value - other.min >= 65_536) return 0;
    const angle = value * other.scale;
    const part = predict.axis === 0 ? Math.cos(angle) : Math.sin(angle);
    return fixed((predict.perSecond * part) / (scale * hz)) | 0;
  };
  return { ...moves, deltaOf };
}

/** Whether two fields share their models.
 *  @param {FieldPlan} one @param {FieldPlan} other */
export function alike(one, other) {
  return (
    one.min === other.min &&
    one.max === other.max &&
    one.scale === other.scale &&
    one.wraps === other.wraps &&
    one.names?.kind === other.names?.kind &&
    one.names?.field === other.names?.field &&
    one.predict.sort === other.predict.sort &&
    (one.origin === null) === (other.origin === null)
  );
}
