// @ts-check
// The core's numbers and bytes as objects and back: rows, events and the own state; inputs.
//
// Objects are created once and refilled. It calls nothing of the core. Used by core.js.

/** @typedef {import("./tickwire.js").Schema} Schema */
/** @typedef {import("./tickwire.js").Kind} Kind */
/** @typedef {import("./tickwire.js").Row} Row */
/** @typedef {import("./tickwire.js").GameEvent} GameEvent */

/** Reserved field names: those that every row or event has, and `__proto__`. */
const TAKEN = new Set(["id", "kind", "own", "tick", "__proto__"]);
const encoder = new TextEncoder();

/** Converts the core's numbers to objects, by the room's schema. */
export class Rows {
  /** @param {Schema} schema */
  constructor({ entities, events }) {
    /** The tick at which others are drawn. */
    this.tick = 0;
    /** The tick at which the own player is drawn: ahead of the others. */
    this.ownTick = 0;
    /** The rows of the last call. @type {Row[]} */
    this.list = [];
    /** @private */
    this.filled = 0;
    const named = (/** @type {Kind} */ { name, fields }) => ({
      name,
      fields: fields.map((field) => (TAKEN.has(field.name) ? `${field.name}_` : field.name)),
      /** By id. @type {Map<number, { row: any, filled: number }>} */
      known: new Map(),
    });
    /** @private */
    this.entityKinds = entities.map(named);
    /** @private */
    this.eventKinds = events.map(named);
  }

  /** @param {Float64Array} numbers the two ticks, then of each row: id, kind, whether it is the own, values */
  fill(numbers) {
    this.tick = numbers[0];
    this.ownTick = numbers[1];
    this.list.length = 0;
    this.filled += 1;
    for (let at = 2; at < numbers.length; ) {
      const id = numbers[at];
      const { name, fields, known } = this.entityKinds[numbers[at + 1]];
      let entry = known.get(id);
      if (!entry) known.set(id, (entry = { row: { id, kind: name, own: false }, filled: 0 }));
      const { row } = entry;
      entry.filled = this.filled;
      row.own = numbers[at + 2] !== 0;
      at += 3;
      for (const field of fields) row[field] = numbers[at++];
      this.list.push(row);
    }
    for (const { known } of this.entityKinds) {
      for (const [id, { filled }] of known) if (filled !== this.filled) known.delete(id);
    }
  }

  /** @param {Float64Array} numbers of each event: tick, kind, count, values @returns {GameEvent[]} */
  events(numbers) {
    const events = [];
    for (let at = 0; at < numbers.length; ) {
      const { name, fields } = this.eventKinds[numbers[at + 1]];
      /** @type {any} */
      const event = { tick: numbers[at], kind: name };
      at += 3;
      for (const field of fields) event[field] = numbers[at++];
      events.push(event);
    }
    return events;
  }
}

/** An object of the core that is refilled with new numbers as long as the rest of it stays. */
export class Template {
  /** @param {number} version @param {unknown} shape with each leaf's place among the numbers, -1 - place for
   *  a boolean */
  constructor(version, shape) {
    this.version = version;
    /** @private @type {{ value: any }} */
    this.root = { value: shape };
    /** @private @type {{ of: any, key: string, place: number, isFlag: boolean }[]} */
    this.leaves = [];
    this.find(this.root);
  }

  /** @private @param {any} of */
  find(of) {
    for (const [key, value] of Object.entries(of)) {
      if (typeof value === "number") {
        const isFlag = value < 0;
        this.leaves.push({ of, key, place: isFlag ? -1 - value : value, isFlag });
      } else if (typeof value === "object" && value !== null) {
        this.find(value);
      }
    }
  }

  /** @param {Float64Array} numbers the version, then the leaves */
  fill(numbers) {
    for (const { of, key, place, isFlag } of this.leaves) {
      const value = numbers[place + 1];
      of[key] = isFlag ? value !== 0 : value;
    }
    return this.root.value;
  }
}

/** Values as bytes, in seven forms of MessagePack: nil, booleans, float 64, str 32, array 32, map 32. */
export class Packer {
  constructor() {
    /** @private */
    this.bytes = new Uint8Array(256);
    /** @private */
    this.length = 0;
  }

  /** Returns a copy. @param {unknown} value */
  pack(value) {
    this.length = 0;
    if (value !== undefined) this.add(value);
    return this.bytes.slice(0, this.length);
  }

  /** @private @param {unknown} value */
  add(value) {
    if (value === true || value === false) {
      this.head(value ? 0xc3 : 0xc2, 0);
    } else if (typeof value === "number") {
      const at = this.head(0xcb, 8);
      this.view().setFloat64(at, value);
    } else if (typeof value === "string") {
      const text = encoder.encode(value);
      this.count(0xdb, text.length);
      const at = this.room(text.length);
      this.bytes.set(text, at);
    } else if (Array.isArray(value)) {
      this.count(0xdd, value.length);
      for (const item of value) this.add(item);
    } else if (typeof value === "object" && value !== null) {
      const fields = Object.entries(value).filter(([, field]) => field !== undefined);
      this.count(0xdf, fields.length);
      for (const [name, field] of fields) {
        this.add(name);
        this.add(field);
      }
    } else {
      this.head(0xc0, 0);
    }
  }

  /** @private @param {number} tag @param {number} length of the content; returns its offset */
  head(tag, length) {
    const at = this.room(1 + length);
    this.bytes[at] = tag;
    return at + 1;
  }

  /** @private @param {number} tag @param {number} count */
  count(tag, count) {
    const at = this.head(tag, 4);
    this.view().setUint32(at, count);
  }

  /** @private */
  view() {
    return new DataView(this.bytes.buffer);
  }

  /** Reserves this many bytes; returns their offset. @private @param {number} length */
  room(length) {
    const at = this.length;
    this.length += length;
    if (this.length > this.bytes.length) {
      const bytes = new Uint8Array(2 * this.length);
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    return at;
  }
}
