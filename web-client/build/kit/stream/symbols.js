// @ts-check
// The symbols of a snapshot's body: models, range coding, counts, values and residuals. Names and order
// are those of docs/protocol.md, "Symbols".

import { refuse } from "./bytes.js";

/** @typedef {Pick<RangeSource, "bit" | "bitAt" | "choice" | "raw" | "oneOf" | "end">} Source */
/** @typedef {Model[] | ChoiceSet | { upper: ValueModels, sets: ChoiceSet[] } | null} ValueModels */
/** @typedef {ReturnType<typeof residualModels>} ResidualModels */

const PACE = [1638, 1260, 964, 780, 655, 565, 497, 431, 372, 315, 273, 228, 195, 171, 146, 128];

// --- Models ---

export class Model {
  odds = 2048;
  uses = 0;

  /** @param {number} bit */
  learn(bit) {
    const m = 16 * this.odds + this.uses;
    const goal = bit ? 65_280 : 256;
    this.odds = (m + (((goal - m) * PACE[this.uses]) >> 12)) >> 4;
    if (this.uses < 15) this.uses += 1;
  }
}

export class ChoiceSet {
  uses = 0;

  /** @param {number} count 8 or 16 */
  constructor(count) {
    this.count = count;
    this.c = Array.from({ length: count - 1 }, (_, v) => Math.floor((65_536 * (v + 1)) / count));
  }

  /** The end of a value's interval, out of 32,768. @param {number} v */
  end(v) {
    if (v < 0) return 0;
    if (v === this.count - 1) return 32_768;
    return Math.floor((this.c[v] * (32_768 - 8 * this.count)) / 65_536) + 8 * (v + 1);
  }

  /** @param {number} v */
  learn(v) {
    const { c, uses } = this;
    const shift = uses < 2 ? 2 : uses < 6 ? 3 : uses < 24 ? 4 : 5;
    for (let i = 0; i < c.length; i++) {
      c[i] += i < v ? -(c[i] >> shift) : (65_535 - c[i]) >> shift;
    }
    if (uses < 24) this.uses += 1;
  }
}

/** @param {number} count */
export const models = (count) => Array.from({ length: count }, () => new Model());

// --- Symbols ---

export class RangeSource {
  /** @private */
  next = 0;
  /** @private */
  code = 0;
  /** @private */
  range = 2 ** 32 - 1;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    /** @private */
    this.bytes = bytes;
    for (let i = 0; i < 4; i++) this.byte();
  }

  /** @private */
  byte() {
    const { next, bytes } = this;
    this.code = (this.code * 256 + (next < bytes.length ? bytes[next] : 0)) % 2 ** 32;
    this.next = next + 1;
    refuse(next < bytes.length + 8, "too short");
  }

  /** @private */
  widen() {
    while (this.range < 2 ** 24) {
      this.byte();
      this.range *= 256;
    }
  }

  /** @param {number} odds */
  bitAt(odds) {
    const bound = (this.range >>> 12) * odds;
    const isSet = this.code < bound;
    if (isSet) {
      this.range = bound;
    } else {
      this.code -= bound;
      this.range -= bound;
    }
    this.widen();
    return isSet ? 1 : 0;
  }

  /** @param {Model} model */
  bit(model) {
    const bit = this.bitAt(model.odds);
    model.learn(bit);
    return bit;
  }

  /** @param {ChoiceSet} set */
  choice(set) {
    const unit = this.range >>> 15;
    const place = Math.floor(this.code / unit);
    let v = 0;
    while (v < set.count - 1 && set.end(v) <= place) v += 1;
    const from = unit * set.end(v - 1);
    this.code -= from;
    this.range = v === set.count - 1 ? this.range - from : unit * set.end(v) - from;
    this.widen();
    set.learn(v);
    return v;
  }

  /** @private @param {number} parts */
  part(parts) {
    this.range = Math.floor(this.range / parts);
    const value = Math.min(Math.floor(this.code / this.range), parts - 1);
    this.code = (this.code - value * this.range) % 2 ** 32;
    this.widen();
    return value;
  }

  /** @param {number} n */
  raw(n) {
    if (n <= 16) return this.part(2 ** n);
    const upper = this.part(2 ** (n - 16));
    return upper * 65_536 + this.part(65_536);
  }

  /** @param {number} n */
  oneOf(n) {
    return this.part(n);
  }

  end() {
    refuse(this.next >= this.bytes.length, "left over");
  }
}

/** @param {Source} source @param {Model[]} by */
export function takeCount(source, by) {
  let b = 0;
  while (source.bit(by[Math.min(b, by.length - 1)])) {
    b += 1;
    refuse(b <= 32, "number");
  }
  const upper = b > 16 ? source.raw(b - 16) * 65_536 : 0;
  const count = 2 ** b + upper + source.raw(Math.min(b, 16)) - 1;
  refuse(count < 2 ** 32, "number");
  return count;
}

/** @param {number} n bits @returns {ValueModels} */
export function valueModels(n) {
  if (n === 0) return null;
  if (n === 1) return models(1);
  if (n === 2) return models(3);
  if (n <= 4) return new ChoiceSet(2 ** n);
  const sets = Array.from({ length: 2 ** (n - 4) }, () => new ChoiceSet(16));
  return { upper: valueModels(n - 4), sets };
}

/** @param {Source} source @param {ValueModels} by @returns {number} */
export function takeValue(source, by) {
  if (by === null) return 0;
  if (by instanceof ChoiceSet) return source.choice(by);
  if (!Array.isArray(by)) {
    const upper = takeValue(source, by.upper);
    return 16 * upper + source.choice(by.sets[upper]);
  }
  const first = source.bit(by[0]);
  return by.length === 1 ? first : 2 * first + source.bit(by[1 + first]);
}

/** @param {number} n */
const lengthBits = (n) => (n <= 4 ? 2 : n <= 8 ? 3 : n <= 16 ? 4 : 5);

/** @param {number} n bits */
export const residualModels = (n) => ({
  sign: new Model(),
  tops: Array.from({ length: 4 }, () => models(3)),
  lengths: valueModels(lengthBits(n)),
});

/** A residual; `null` for none. @param {Source} source @param {ResidualModels} by */
export function takeResidual(source, by) {
  const length = takeValue(source, by.lengths);
  const isNegative = source.bit(by.sign) === 1;
  let size = 1;
  if (length > 0) {
    const top = by.tops[Math.min(length, 4) - 1];
    const highest = source.bit(top[0]);
    size = 2 * size + highest;
    if (length > 1) size = 2 * size + source.bit(top[1 + highest]);
    const left = Math.max(length - 2, 0);
    if (left > 16) size = size * 2 ** (left - 16) + source.raw(left - 16);
    size = size * 2 ** Math.min(left, 16) + source.raw(Math.min(left, 16));
  }
  const residual = isNegative ? -size : size;
  return residual >= -(2 ** 31) && residual < 2 ** 31 ? residual : null;
}
