// Symbols of a snapshot's body, and what they are made of: models, the two codings, counts, values
// and residuals. Follows docs/protocol.md.

import { bitsOf } from "./schema.mjs";

const PACE = [1638, 1260, 964, 780, 655, 565, 497, 431, 372, 315, 273, 228, 195, 171, 146, 128];

/** A body that is to be refused; its message is the reason as the page's last table has it. */
export class Refused extends Error {}

export function refuse(unless, reason) {
  if (!unless) throw new Refused(reason);
}

// --- Models ---

export class Model {
  odds = 2048;
  uses = 0;

  learn(bit) {
    const m = 16 * this.odds + this.uses;
    const goal = bit ? 65_280 : 256;
    this.odds = Math.floor((m + Math.floor(((goal - m) * PACE[this.uses]) / 4096)) / 16);
    this.uses = Math.min(this.uses + 1, 15);
  }
}

export class ChoiceSet {
  uses = 0;

  constructor(count) {
    this.count = count;
    this.c = Array.from({ length: count - 1 }, (_, v) => Math.floor((65_536 * (v + 1)) / count));
  }

  end(v) {
    if (v < 0) return 0;
    if (v === this.count - 1) return 32_768;
    return Math.floor((this.c[v] * (32_768 - 8 * this.count)) / 65_536) + 8 * (v + 1);
  }

  learn(v) {
    const d = this.uses < 2 ? 4 : this.uses < 6 ? 8 : this.uses < 24 ? 16 : 32;
    this.c = this.c.map((c, i) =>
      i < v ? c - Math.floor(c / d) : c + Math.floor((65_535 - c) / d),
    );
    this.uses = Math.min(this.uses + 1, 24);
  }
}

export const models = (count) => Array.from({ length: count }, () => new Model());

// --- Symbols ---

export class PlainSource {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  raw(n) {
    let value = 0;
    for (let i = 0; i < n; i += 1, this.at += 1) {
      refuse(this.at < 8 * this.bytes.length, "too short");
      value += ((this.bytes[this.at >> 3] >> (this.at & 7)) & 1) * 2 ** i;
    }
    return value;
  }

  bit() {
    return this.raw(1);
  }

  bitAt() {
    return this.raw(1);
  }

  choice(set) {
    return this.raw(Math.log2(set.count));
  }

  oneOf(n) {
    const value = this.raw(bitsOf(n - 1));
    refuse(value < n, "too short");
    return value;
  }

  end() {
    const left = 8 * this.bytes.length - this.at;
    refuse(left < 8 && this.raw(left) === 0, "left over");
  }
}

export class RangeSource {
  next = 0;
  code = 0;
  range = 2 ** 32 - 1;

  constructor(bytes) {
    this.bytes = bytes;
    for (let i = 0; i < 4; i += 1) this.byte();
  }

  byte() {
    this.code = (this.code * 256 + (this.bytes[this.next] ?? 0)) % 2 ** 32;
    this.next += 1;
    refuse(this.next <= this.bytes.length + 8, "too short");
  }

  widen() {
    while (this.range < 2 ** 24) {
      this.byte();
      this.range *= 256;
    }
  }

  bitAt(odds) {
    const bound = Math.floor(this.range / 4096) * odds;
    const bit = this.code < bound;
    if (bit) {
      this.range = bound;
    } else {
      this.code -= bound;
      this.range -= bound;
    }
    this.widen();
    return bit ? 1 : 0;
  }

  bit(model) {
    const bit = this.bitAt(model.odds);
    model.learn(bit);
    return bit;
  }

  choice(set) {
    const unit = Math.floor(this.range / 32_768);
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

  part(parts) {
    this.range = Math.floor(this.range / parts);
    const value = Math.min(Math.floor(this.code / this.range), parts - 1);
    this.code = (this.code - value * this.range) % 2 ** 32;
    this.widen();
    return value;
  }

  raw(n) {
    if (n <= 16) return this.part(2 ** n);
    const upper = this.part(2 ** (n - 16));
    return upper * 65_536 + this.part(65_536);
  }

  oneOf(n) {
    return this.part(n);
  }

  end() {
    refuse(this.next >= this.bytes.length, "left over");
  }
}

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

export function valueModels(n) {
  if (n === 0) return null;
  if (n === 1) return models(1);
  if (n === 2) return models(3);
  if (n <= 4) return new ChoiceSet(2 ** n);
  const sets = Array.from({ length: 2 ** (n - 4) }, () => new ChoiceSet(16));
  return { upper: valueModels(n - 4), sets };
}

export function takeValue(source, by, n) {
  if (n === 0) return 0;
  if (n === 1) return source.bit(by[0]);
  if (n === 2) {
    const upper = source.bit(by[0]);
    return 2 * upper + source.bit(by[1 + upper]);
  }
  if (n <= 4) return source.choice(by);
  const upper = takeValue(source, by.upper, n - 4);
  return 16 * upper + source.choice(by.sets[upper]);
}

const lengthBits = (n) => (n <= 4 ? 2 : n <= 8 ? 3 : n <= 16 ? 4 : 5);

export const residualModels = (n) => ({
  sign: new Model(),
  tops: Array.from({ length: 4 }, () => models(3)),
  lengths: valueModels(lengthBits(n)),
});

/** A residual; `null` for none. */
export function takeResidual(source, by, n) {
  const length = takeValue(source, by.lengths, lengthBits(n));
  const negative = source.bit(by.sign);
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
  const residual = negative ? -size : size;
  return residual >= -(2 ** 31) && residual < 2 ** 31 ? residual : null;
}
