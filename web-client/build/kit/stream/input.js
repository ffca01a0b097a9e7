// @ts-check
// Inputs of a game that is known by its schema alone, which says how one is encoded. It follows
// docs/protocol.md.
//
// A value is what JSON would have for it: an enum is the name of its variant, or, if that holds something, an
// object with that one name. Whole numbers of 64 bits are exact up to 2^53.

import { Reader, Writer, Refused, refuse } from "./bytes.js";

/** @typedef {typeof SORTS[number]} Sort */
/** @typedef {{ sort: Sort, name: string, children: Shape[] }} Shape */
/** @typedef {{ shape: Shape | null, default: Uint8Array }} InputSchema without a shape only its default is known */

/** As the schema numbers them. */
const SORTS = /** @type {const} */ ([
  "unit", "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "option", "struct", "tuple",
  "enum", "list",
]);
const NODES_MAX = 256;
const DEPTH_MAX = 16;
const INPUT_MAX_BYTES = 32;

/** @param {Reader} reader @returns {InputSchema} */
export function readInputSchema(reader) {
  const wrong = "the input is described wrongly";
  const count = reader.unsigned(NODES_MAX);
  let taken = 0;
  /** @param {number} depth @returns {Shape} */
  const node = (depth) => {
    refuse(taken < count && depth <= DEPTH_MAX, wrong);
    taken += 1;
    const name = reader.text();
    const sort = SORTS[reader.unsigned()];
    refuse(sort !== undefined, wrong);
    const hasCount = sort === "struct" || sort === "tuple" || sort === "enum";
    const length = hasCount ? reader.u16() : Number(sort === "option" || sort === "list");
    const children = [];
    for (let nth = 0; nth < length; nth++) children.push(node(depth + 1));
    return { sort, name, children };
  };
  const shape = count === 0 ? null : node(1);
  refuse(taken === count, wrong);
  const usual = reader.block();
  // That bounds what reading it may cost: a list in a list may hold nothing many times.
  refuse(usual.length <= INPUT_MAX_BYTES, wrong);
  return { shape, default: usual };
}

/** What some bytes say. @param {Shape} shape @param {Uint8Array} bytes @returns {unknown} */
export function decodeInput(shape, bytes) {
  const reader = new Reader(bytes);
  const value = take(shape, reader);
  reader.end();
  return value;
}

/** @param {Shape} shape @param {Reader} reader @returns {unknown} */
function take({ sort, children }, reader) {
  switch (sort) {
    case "unit":
      return null;
    case "bool":
    case "u8":
    case "i8":
    case "f32":
    case "f64":
      return reader[sort]();
    case "option":
      return reader.optional(() => take(children[0], reader));
    case "list":
      return reader.list(() => take(children[0], reader), INPUT_MAX_BYTES);
    case "tuple":
      return children.map((child) => take(child, reader));
    case "struct":
      return Object.fromEntries(children.map((child) => [child.name, take(child, reader)]));
    case "enum": {
      const variant = children[reader.unsigned()];
      refuse(variant !== undefined, "no such variant");
      return variant.sort === "unit" ? variant.name : { [variant.name]: take(variant, reader) };
    }
    default:
      return sort.startsWith("u") ? reader.unsigned() : reader.signed();
  }
}

/** An input's bytes: what `given` leaves out of its fields is as in the default input.
 *  @param {InputSchema} schema @param {unknown} given @returns {Uint8Array<ArrayBuffer>} */
export function encodeInput({ shape, default: usual }, given) {
  if (!shape) throw new Refused("the server does not say how this game's input is encoded: give bytes");
  const writer = new Writer();
  put(shape, merged(shape, decodeInput(shape, usual), given), "input", writer);
  return writer.done();
}

/** @param {Shape} shape @param {any} usual @param {any} given @returns {unknown} */
function merged({ sort, children }, usual, given) {
  if (given === undefined) return usual;
  if (sort !== "struct" || !isObject(given)) return given;
  const known = new Set(children.map(({ name }) => name));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new Refused(`an input has no ${name}, but ${[...known].join(", ")}`);
  }
  const of = (/** @type {Shape} */ child) => (Object.hasOwn(given, child.name) ? given[child.name] : undefined);
  return Object.fromEntries(children.map((child) => [child.name, merged(child, usual?.[child.name], of(child))]));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {Shape} shape @param {any} value @param {string} place @param {Writer} writer */
function put({ sort, children }, value, place, writer) {
  /** @param {boolean} unless @param {string} what @returns {asserts unless} */
  const need = (unless, what) => refuse(unless, `${place} is to be ${what}`);
  switch (sort) {
    case "unit":
      return;
    case "bool":
      need(typeof value === "boolean", "true or false");
      writer.u8(Number(value));
      return;
    case "f32":
    case "f64":
      need(typeof value === "number", "a number");
      writer[sort](value);
      return;
    case "option":
      writer.u8(value === null || value === undefined ? 0 : 1);
      if (value !== null && value !== undefined) put(children[0], value, place, writer);
      return;
    case "list":
      need(Array.isArray(value), "a list");
      writer.unsigned(value.length);
      value.forEach((/** @type {unknown} */ item, /** @type {number} */ nth) => put(children[0], item, `${place}.${nth}`, writer));
      return;
    case "tuple":
      need(Array.isArray(value) && value.length === children.length, `a list of ${children.length}`);
      children.forEach((child, nth) => put(child, value[nth], `${place}.${nth}`, writer));
      return;
    case "struct":
      need(isObject(value), "an object");
      for (const child of children) put(child, value[child.name], `${place}.${child.name}`, writer);
      return;
    case "enum": {
      const said = typeof value === "string" ? [[value, null]] : isObject(value) ? Object.entries(value) : [];
      const [name, held] = said[0] ?? [];
      const index = children.findIndex((child) => child.name === name);
      need(index >= 0 && said.length === 1, `one of ${children.map((child) => child.name).join(", ")}`);
      writer.unsigned(index);
      put(children[index], held, `${place}.${name}`, writer);
      return;
    }
    default:
      putWhole(sort, value, need, writer);
  }
}

/** @param {"u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64"} sort @param {any} value
 *  @param {(unless: boolean, what: string) => void} need @param {Writer} writer */
function putWhole(sort, value, need, writer) {
  const bits = Number(sort.slice(1));
  const isSigned = sort.startsWith("i");
  const most = Math.min(2 ** (isSigned ? bits - 1 : bits) - 1, Number.MAX_SAFE_INTEGER);
  const least = isSigned ? -most - 1 : 0;
  need(Number.isInteger(value) && value >= least && value <= most, `a whole number from ${least} to ${most}`);
  if (bits === 8) writer.u8(value & 0xff);
  else if (isSigned) writer.signed(value);
  else writer.unsigned(value);
}
