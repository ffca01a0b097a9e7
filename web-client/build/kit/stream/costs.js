// @ts-check
// What the bits of snapshots are spent on: each symbol costs the logarithm of its odds, and belongs to a kind
// and a field. `stream-report` counts the same on the side of the encoder.

import { RangeSource } from "./symbols.js";

/** @typedef {import("./symbols.js").Model} Model */
/** @typedef {import("./symbols.js").ChoiceSet} ChoiceSet */
/** @typedef {"head" | "own" | "changes" | "field" | "new" | "new-field" | "event" | "event-field"} PartName */
/** @typedef {{ part: PartName, kind: number, field: number, bits: number }} Cost */

/** One key for a part, its kind and its field: neither has more than 256. */
const keyOf = (/** @type {PartName} */ part, /** @type {number} */ kind, /** @type {number} */ field) =>
  `${part} ${kind} ${field}`;

/** Costs by part, since it was made or cleared. A decoder that has one says what its symbols belong to. Keyframes
 *  do not count: they cost as much as there is to see. */
export class Costs {
  /** @private @type {Map<string, Cost>} */
  costs = new Map();
  /** @private */
  current = this.of("head", 0, 0);
  /** What is not known yet what it belongs to. @private */
  held = { bits: 0 };
  /** @private @type {{ bits: number }} */
  target = this.held;
  /** Of a keyframe. @private */
  isIgnored = false;
  /** Snapshots that count. */
  snapshots = 0;

  /** Counts what the next snapshot's symbols cost, which belong to what is marked first. @param {Uint8Array} body */
  source(body) {
    this.isIgnored = false;
    this.held.bits = 0;
    this.hold();
    return new CountingSource(body, (bits) => (this.target.bits += bits));
  }

  /** It is a keyframe. */
  ignore() {
    this.hold();
    this.isIgnored = true;
  }

  /** What follows belongs to this. @param {PartName} part @param {number} [kind] @param {number} [field] */
  mark(part, kind = 0, field = 0) {
    if (this.isIgnored) return;
    this.current = this.of(part, kind, field);
    this.settle();
  }

  /** What follows belongs to what is marked next. */
  hold() {
    this.target = this.held;
  }

  /** What was held belongs to the last mark after all, or to the one that was just set. */
  settle() {
    if (this.isIgnored) return;
    this.current.bits += this.held.bits;
    this.held.bits = 0;
    this.target = this.current;
  }

  /** The snapshot is whole. */
  end() {
    if (!this.isIgnored) this.snapshots += 1;
  }

  /** Forgets all. */
  clear() {
    for (const cost of this.costs.values()) cost.bits = 0;
    this.snapshots = 0;
  }

  /** What was spent, the most first. */
  list() {
    const spent = [...this.costs.values()].filter(({ bits }) => bits > 0);
    return spent.map((cost) => ({ ...cost })).sort((one, other) => other.bits - one.bits);
  }

  /** @private @param {PartName} part @param {number} kind @param {number} field @returns {Cost} */
  of(part, kind, field) {
    const key = keyOf(part, kind, field);
    let cost = this.costs.get(key);
    if (!cost) this.costs.set(key, (cost = { part, kind, field, bits: 0 }));
    return cost;
  }
}

/** A source that says of each symbol how many bits it cost. */
class CountingSource extends RangeSource {
  /** @param {Uint8Array} bytes @param {(bits: number) => void} count */
  constructor(bytes, count) {
    super(bytes);
    /** @private */
    this.count = count;
  }

  /** @override @param {number} odds */
  bitAt(odds) {
    const bit = super.bitAt(odds);
    this.count(12 - Math.log2(bit ? odds : 4096 - odds));
    return bit;
  }

  /** @override @param {ChoiceSet} set */
  choice(set) {
    const ends = Array.from({ length: set.count }, (_, value) => set.end(value));
    const value = super.choice(set);
    this.count(15 - Math.log2(ends[value] - (ends[value - 1] ?? 0)));
    return value;
  }

  /** @override @param {number} bits */
  raw(bits) {
    this.count(bits);
    return super.raw(bits);
  }

  /** @override @param {number} count */
  oneOf(count) {
    this.count(Math.log2(count));
    return super.oneOf(count);
  }
}
