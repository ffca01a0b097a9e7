// @ts-check
// Reads and writes the encoding of docs/protocol.md: bincode 2 in its standard configuration.
//
// The reader trusts nothing: missing or invalid bytes throw `Refused`, and a list that claims more items
// than there are bytes left is refused before anything is allocated.

/** Thrown for invalid bytes; the message says why. */
export class Refused extends Error {}

/** @param {boolean} unless @param {string} reason @returns {asserts unless} */
export function refuse(unless, reason) {
  if (!unless) throw new Refused(reason);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export class Reader {
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    /** @private */
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Skips this many bytes and returns their offset. @private @param {number} length */
  skip(length) {
    const at = this.at;
    refuse(length <= this.bytes.length - at, "too short");
    this.at = at + length;
    return at;
  }

  u8() {
    return this.bytes[this.skip(1)];
  }

  i8() {
    return (this.u8() << 24) >> 24;
  }

  bool() {
    const value = this.u8();
    refuse(value <= 1, "neither true nor false");
    return value === 1;
  }

  /** Up to 64 bits; numbers above 2^53 are inexact. @param {number} [most] */
  unsigned(most = Infinity) {
    const value = this.digits();
    refuse(value <= most, "a number too large");
    return value;
  }

  /** @private */
  digits() {
    const first = this.u8();
    if (first < 251) return first;
    if (first === 251) return this.view.getUint16(this.skip(2), true);
    if (first === 252) return this.view.getUint32(this.skip(4), true);
    refuse(first === 253, "a number too large");
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  u16() {
    return this.unsigned(0xffff);
  }

  u32() {
    return this.unsigned(0xffff_ffff);
  }

  i32() {
    return unfold(this.u32());
  }

  /** Up to 64 bits, as `unsigned`. */
  signed() {
    if (this.bytes[this.at] !== 253) return unfold(this.unsigned());
    // It is half as large as what is written for it, which may be inexact.
    const folded = this.view.getBigUint64(this.skip(9) + 1, true);
    return Number(folded % 2n === 1n ? -(folded + 1n) / 2n : folded / 2n);
  }

  f32() {
    return this.view.getFloat32(this.skip(4), true);
  }

  f64() {
    return this.view.getFloat64(this.skip(8), true);
  }

  /** A copy of the next so many bytes. @param {number} length */
  take(length) {
    const at = this.skip(length);
    return this.bytes.slice(at, at + length);
  }

  /** A copy. */
  block() {
    return this.take(this.unsigned());
  }

  text() {
    const length = this.unsigned();
    const at = this.skip(length);
    try {
      return strict.decode(this.bytes.subarray(at, at + length));
    } catch {
      throw new Refused("a text that is not UTF-8");
    }
  }

  /** Each item has a byte at least, or there is a limit. @template T @param {() => T} item @param {number} [most]
   *  @returns {T[]} */
  list(item, most) {
    const length = this.unsigned(most);
    refuse(length <= this.bytes.length - this.at, "too short");
    const items = [];
    for (let nth = 0; nth < length; nth++) items.push(item());
    return items;
  }

  /** @template T @param {() => T} item @returns {T | null} */
  optional(item) {
    return this.bool() ? item() : null;
  }

  end() {
    const left = this.bytes.length - this.at;
    refuse(left === 0, `${left} bytes left over`);
  }
}

/** What bincode writes a whole number of either sign as. @param {number} value */
function unfold(value) {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

export class Writer {
  /** @private @type {number[]} */
  bytes = [];

  /** @param {number} value */
  u8(value) {
    this.bytes.push(value);
    return this;
  }

  /** Up to 53 bits. @param {number} value */
  unsigned(value) {
    if (value < 251) return this.u8(value);
    const size = value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8;
    this.u8(size === 2 ? 251 : size === 4 ? 252 : 253);
    for (let byte = 0; byte < size; byte++) this.u8(Math.floor(value / 256 ** byte) % 256);
    return this;
  }

  /** Up to 53 bits. @param {number} value */
  signed(value) {
    if (Math.abs(value) < 2 ** 52) return this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
    const folded = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigUint64(0, folded, true);
    return this.u8(253).raw(new Uint8Array(bytes.buffer));
  }

  /** @param {number} value */
  f32(value) {
    const bytes = new DataView(new ArrayBuffer(4));
    bytes.setFloat32(0, value, true);
    return this.raw(new Uint8Array(bytes.buffer));
  }

  /** @param {number} value */
  f64(value) {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setFloat64(0, value, true);
    return this.raw(new Uint8Array(bytes.buffer));
  }

  /** Without its length. @param {ArrayLike<number>} bytes */
  raw(bytes) {
    for (let at = 0; at < bytes.length; at++) this.bytes.push(bytes[at]);
    return this;
  }

  /** @param {ArrayLike<number>} bytes */
  block(bytes) {
    return this.unsigned(bytes.length).raw(bytes);
  }

  /** @param {string} text */
  text(text) {
    return this.block(encoder.encode(text));
  }

  /** An option: none if the text is empty. @param {string} text */
  optional(text) {
    return text === "" ? this.u8(0) : this.u8(1).text(text);
  }

  /** @returns {Uint8Array<ArrayBuffer>} */
  done() {
    return Uint8Array.from(this.bytes);
  }
}
