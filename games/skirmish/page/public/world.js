// @ts-check
// The rows and events of the game, sorted by kind for drawing.
//
// It decides nothing about graphics and predicts nothing. Filled by main.js, read by everything that draws.

/** @typedef {import("./types.js").Game} Game */
/** @typedef {import("./types.js").Player} Player */
/** @typedef {import("./types.js").Level} Level */

/**
 * @typedef {object} Ship
 * @property {number} id of the entity
 * @property {number} x
 * @property {number} y
 * @property {number} vx
 * @property {number} vy
 * @property {number} wx the target velocity; it and `wy` are 0 while the engine is off
 * @property {number} wy
 * @property {number} aim
 * @property {number} hull
 * @property {number} shield
 * @property {number} flags
 * @property {number} player
 * @property {number} class an index of the measures' classes
 *
 * @typedef {object} Bolt
 * @property {number} id of the entity
 * @property {number} x
 * @property {number} y
 * @property {number} aim along which it flies
 * @property {number} owner
 *
 * @typedef {{ id: number, x: number, y: number, kind_: number }} Pickup
 *
 * @typedef {object} Round
 * @property {number} number
 * @property {number} phase 0 while it is played, 1 while its result stands
 * @property {number} ends the tick at which the phase ends, less 2^32 from 2^31 on; 0 if it does not
 * @property {number} team1 points
 * @property {number} team2
 *
 * @typedef {object} Result of a player in a round
 * @property {number} player {@link LEFT} if that one has left
 * @property {number} place 1 is the best; equals share one
 * @property {number} score
 * @property {number} kills
 * @property {number} deaths
 * @property {number} assists
 * @property {number} streak
 *
 * @typedef {object} GameEvent
 * @property {string} name of the event's kind
 * @property {Record<string, number>} values by the names of its fields; `kind_` is the field of that name
 */

/** The player number of those who have left. */
export const LEFT = 65535;
/** Bits of a ship's `flags` that are its team. */
const TEAM_MASK = 3;

export class World {
  /** @param {import("./types.js").Measures} measures */
  constructor(measures) {
    this.measures = measures;
    /** The tick at which others are drawn. */
    this.tick = 0;
    /** The tick at which the own ship is drawn: ahead of the others. */
    this.ownTick = 0;
    /** @private */
    this.tickRate = 30;
    /** @type {Ship[]} */
    this.ships = [];
    /** @type {Bolt[]} */
    this.bolts = [];
    /** @type {Pickup[]} */
    this.pickups = [];
    /** @type {Round | null} */
    this.round = null;
    /** The best first; empty while a round is played. @type {Result[]} */
    this.results = [];
    /** The rocks that drift, where they are. @type {import("./types.js").Rock[]} */
    this.drifters = [];
    this.borderRadius = 0;
    /** Radius of the level: shown until the border is known. */
    this.levelRadius = 0;
    /** @type {Level} */
    this.level = NOTHING;
    /** @type {ReadonlyMap<number, Player>} */
    this.players = new Map();
    /** The leaders, in rooms whose roster has not all scores. @type {import("./types.js").BoardPage | null} */
    this.board = null;
    /** The own player. @type {number | null} */
    this.self = null;
    /** The own ship, where it is drawn; null when there is none. @type {Ship | null} */
    this.own = null;
    /** @private */
    this.rosterVersion = -1;
  }

  /** Reads what a room sends once, at the join. @param {Game} game */
  enter(game) {
    this.level = game.level ?? NOTHING;
    this.drifters = this.level.drifters.map(({ radius, solid_from }) => ({ x: 0, y: 0, radius, solid_from }));
    this.tickRate = game.tickRate;
    this.self = game.player;
    this.borderRadius = 0;
    this.levelRadius = reach(this.level);
    this.clear();
    this.players = new Map();
    this.board = null;
    this.rosterVersion = -1;
  }

  /** Drops everything that moves. */
  clear() {
    this.ships.length = 0;
    this.bolts.length = 0;
    this.pickups.length = 0;
    this.results.length = 0;
    this.round = null;
    this.own = null;
  }

  /** Reads the rows of a frame. Returns whether there were any. @param {Game} game
   *  @param {number} at the moment that it shows */
  refill(game, at) {
    this.readRoster(game);
    const rows = game.rows(at);
    if (rows.length === 0) return false;
    this.clear();
    this.tick = game.tick;
    this.ownTick = game.ownTick;
    for (const row of rows) this.place(row.kind, row);
    this.results.sort((a, b) => a.place - b.place || a.player - b.player);
    this.drift(game);
    return true;
  }

  /** Drifting rocks are placed by the own ship's tick, so that it hits them where they are drawn.
   *  @private @param {Game} game */
  drift(game) {
    const places = game.moving(this.ownTick);
    this.drifters.forEach((rock, nth) => {
      rock.x = places[2 * nth];
      rock.y = places[2 * nth + 1];
    });
  }

  /** @private @param {string} kind @param {any} row */
  place(kind, row) {
    if (kind === "ship") {
      this.ships.push(row);
      if (row.player === this.self) this.own = row;
    } else if (kind === "bolt") {
      this.bolts.push(row);
    } else if (kind === "border") {
      this.borderRadius = row.radius;
    } else if (kind === "pickup") {
      this.pickups.push(row);
    } else if (kind === "round") {
      this.round = row;
    } else if (kind === "result") {
      this.results.push(row);
    }
  }

  /** Takes the events up to the tick that is drawn. @param {Game} game */
  events(game) {
    /** @type {GameEvent[]} */
    const events = [];
    for (const values of game.events()) {
      const name = values.kind;
      // In a large arena a kill is sent to each of the two players; a spectator gets both.
      const last = events.at(-1);
      const isTwice = name === "kill" && last?.name === "kill" && last.values.victim === values.victim;
      if (!isTwice) events.push({ name, values });
    }
    return events;
  }

  /** @param {number} player */
  nameOf(player) {
    return this.players.get(player)?.name || "";
  }

  /** @param {number} player @returns {Ship | undefined} */
  shipOf(player) {
    return this.ships.find((ship) => ship.player === player);
  }

  /** @param {Ship} ship @returns {number} 0 where there are none */
  teamOf(ship) {
    return (ship.flags >> this.measures.team_shift) & TEAM_MASK;
  }

  /** Whether two players are of one team. @param {number | null} one @param {number | null} other */
  areMates(one, other) {
    if (one === null || other === null || one === other) return false;
    const team = this.players.get(one)?.team ?? 0;
    return team !== 0 && team === this.players.get(other)?.team;
  }

  /** @param {Ship} ship */
  classOf(ship) {
    return this.measures.classes[ship.class];
  }

  /** Whether the roster is known, with the own player in it. */
  get isAcquainted() {
    return this.players.size > 0 && (this.self === null || this.players.has(this.self));
  }

  /** Whether there are teams. */
  get isTeams() {
    for (const player of this.players.values()) return player.team !== 0;
    return false;
  }

  /** Seconds until the round's phase ends, at the tick of the drawn others; null if it does not.
   *  @returns {number | null} */
  secondsLeft() {
    if (!this.round || this.round.ends === 0) return null;
    const ends = this.round.ends >>> 0;
    return Math.max(0, (ends - this.tick) / Math.max(1, this.tickRate));
  }

  /** @private @param {Game} game */
  readRoster(game) {
    const version = game.rosterVersion;
    if (version === this.rosterVersion) return;
    this.rosterVersion = version;
    this.players = game.roster;
    this.board = game.board;
  }

  /** Rises whenever `players` changes. */
  get playersVersion() {
    return this.rosterVersion;
  }
}

/** @type {Level} */
const NOTHING = { walls: [], rocks: [], drifters: [], pads: [] };

/** How far from the middle a level reaches. @param {Level} level */
function reach({ walls, rocks, drifters }) {
  const ends = [
    ...drifters.map(({ x, y, orbit, radius }) => Math.hypot(x, y) + orbit + radius),
    ...walls.map(({ x, y, w, h }) => Math.hypot(x + w / 2, y + h / 2) + Math.hypot(w, h) / 2),
    ...rocks.map(({ x, y, radius }) => Math.hypot(x, y) + radius),
  ];
  return Math.max(0, ...ends);
}
