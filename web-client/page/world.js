// @ts-check
// What is drawn, as objects: rows and events of the core, read by the room's schema.
//
// It owns the objects and reuses them from frame to frame. It decides nothing about looks and
// predicts nothing: the core did. Filled by main.js, read by everything that draws.

/** @typedef {import("./wasm.js").Wasm} Wasm */
/** @typedef {import("./wasm.js").Kind} Kind */
/** @typedef {import("./wasm.js").Player} Player */
/** @typedef {import("./wasm.js").Level} Level */
/** @typedef {import("./wasm.js").Held} Held */

/**
 * @typedef {object} Ship
 * @property {number} entity
 * @property {number} x
 * @property {number} y
 * @property {number} vx
 * @property {number} vy
 * @property {number} wx the velocity steered at; it and `wy` are 0 while the engine is off
 * @property {number} wy
 * @property {number} aim
 * @property {number} hull
 * @property {number} shield
 * @property {number} flags
 * @property {number} player
 *
 * @typedef {object} Bolt
 * @property {number} entity
 * @property {number} x
 * @property {number} y
 * @property {number} aim along which it flies
 * @property {number} owner
 *
 * @typedef {object} Happening
 * @property {string} name of the event's kind
 * @property {Record<string, number>} values by the names of its fields
 */

export class World {
  constructor() {
    this.tick = 0;
    /** @type {Ship[]} */
    this.ships = [];
    /** @type {Bolt[]} */
    this.bolts = [];
    this.borderRadius = 0;
    /** How far the level reaches: what there is to look at before the border is known. */
    this.levelRadius = 0;
    /** @type {Level} */
    this.level = { walls: [], rocks: [] };
    /** @type {Map<number, Player>} */
    this.players = new Map();
    /** The own player. @type {number | null} */
    this.self = null;
    /** The own ship, where it is drawn; null when there is none. @type {Ship | null} */
    this.own = null;
    /** @private @type {import("./wasm.js").Schema} */
    this.schema = { entities: [], events: [] };
    /** Objects by kind, of which the first few are in use. @private
     *  @type {Map<string, Record<string, number>[]>} */
    this.pools = new Map();
    /** @private */
    this.rosterVersion = -1;
  }

  /**
   * Learns what is said once, at the entrance to a room.
   * @param {Wasm} wasm @param {number | null} self
   */
  enter(wasm, self) {
    this.schema = wasm.schema() ?? { entities: [], events: [] };
    this.level = wasm.level() ?? { walls: [], rocks: [] };
    this.self = self;
    this.borderRadius = 0;
    this.levelRadius = reach(this.level);
    this.pools.clear();
    this.clear();
    this.players.clear();
    this.rosterVersion = -1;
  }

  /** Forgets all that moves. */
  clear() {
    this.ships.length = 0;
    this.bolts.length = 0;
    this.own = null;
  }

  /**
   * Takes what is to be drawn at `now`. Gives whether there was anything.
   * @param {Wasm} wasm @param {number} now @param {Held} held
   */
  refill(wasm, now, held) {
    this.readRoster(wasm);
    const numbers = wasm.draw(now, held);
    if (numbers.length < 2) return false;
    this.clear();
    this.tick = numbers[0];
    /** @type {Map<string, number>} */
    const used = new Map();
    for (let at = 1; at < numbers.length; ) {
      const kind = this.schema.entities[numbers[at + 1]];
      const count = numbers[at + 2];
      const nth = used.get(kind.name) ?? 0;
      used.set(kind.name, nth + 1);
      const row = this.object(kind, nth);
      row.entity = numbers[at];
      for (let i = 0; i < count; i++) row[kind.fields[i]] = numbers[at + 3 + i];
      at += 3 + count;
      this.place(kind.name, row);
    }
    return true;
  }

  /** @private @param {string} kind @param {Record<string, number>} row */
  place(kind, row) {
    if (kind === "ship") {
      const ship = /** @type {Ship} */ (/** @type {unknown} */ (row));
      this.ships.push(ship);
      if (ship.player === this.self) this.own = ship;
    } else if (kind === "bolt") {
      this.bolts.push(/** @type {Bolt} */ (/** @type {unknown} */ (row)));
    } else if (kind === "border") {
      this.borderRadius = row.radius;
    }
  }

  /** @private @param {Kind} kind @param {number} nth */
  object(kind, nth) {
    let pool = this.pools.get(kind.name);
    if (!pool) this.pools.set(kind.name, (pool = []));
    return (pool[nth] ??= {});
  }

  /**
   * Takes what has happened up to what is drawn.
   * @param {Wasm} wasm @returns {Happening[]}
   */
  happenings(wasm) {
    const numbers = wasm.events();
    const happenings = [];
    for (let at = 0; at < numbers.length; ) {
      const kind = this.schema.events[numbers[at + 1]];
      const count = numbers[at + 2];
      /** @type {Record<string, number>} */
      const values = {};
      for (let i = 0; i < count; i++) values[kind.fields[i]] = numbers[at + 3 + i];
      at += 3 + count;
      happenings.push({ name: kind.name, values });
    }
    return happenings;
  }

  /** @param {number} player */
  nameOf(player) {
    return this.players.get(player)?.name || "";
  }

  /** @param {number} player @returns {Ship | undefined} */
  shipOf(player) {
    return this.ships.find((ship) => ship.player === player);
  }

  /** @private @param {Wasm} wasm */
  readRoster(wasm) {
    const version = wasm.rosterVersion();
    if (version === this.rosterVersion) return;
    this.rosterVersion = version;
    this.players.clear();
    for (const player of wasm.roster() ?? []) this.players.set(player.player, player);
  }

  /** Rises whenever `players` changed. */
  get playersVersion() {
    return this.rosterVersion;
  }
}

/** How far from the middle a level reaches. @param {Level} level */
function reach({ walls, rocks }) {
  const ends = [
    ...walls.map(({ x, y, w, h }) => Math.hypot(x + w / 2, y + h / 2) + Math.hypot(w, h) / 2),
    ...rocks.map(({ x, y, radius }) => Math.hypot(x, y) + radius),
  ];
  return Math.max(0, ...ends);
}
