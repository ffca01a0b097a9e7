// @ts-check
// The server's view: what the server sent last, neither predicted nor interpolated, to be drawn over the
// picture.
//
// It owns outlines, marks of corrections, and the places at which rails were judged; draw/server-view.js
// paints them. main.js makes it when it is switched on and drops it when it is switched off: nothing of it
// is computed otherwise.

/** @typedef {import("./types.js").Game} Game */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Ship} Ship */
/** @typedef {import("./world.js").GameEvent} GameEvent */
/** @typedef {{ x: number, y: number }} Place */
/**
 * A correction of the own ship.
 * @typedef {{ from: Place, to: Place, at: number }} Mark
 *
 * Where a rail's target was when its shooter saw it, and where it was when it was hit.
 * @typedef {{ seen: Place, hit: Place, class: number, aim: number, at: number }} Judged
 *
 * @typedef {{ tick: number, ships: Map<number, Place> }} Past ships by player
 *
 * @typedef {object} ServerViewState
 * @property {number} tick of the newest snapshot
 * @property {number} own_tick at which the own ship is drawn
 * @property {number} others_tick at which the others are drawn
 * @property {number} ghosts number of outlines
 * @property {Place | null} own outline of the own ship
 * @property {Place | null} ship where the own ship is drawn
 * @property {number} corrections since it was switched on
 * @property {number} marks of corrections that are drawn
 * @property {number} judged places of rail hits that are drawn
 */

/** How long a mark is drawn. */
export const MARK_MS = 2000;
/** How many ticks are remembered: events are drawn later than their snapshot comes, by up to this. */
const PAST_TICKS = 60;
/** The part of a new value in a usual one, at each frame. */
const SMOOTHED = 0.05;
/** No ship flies farther than this while the rail looks back: what lies farther away was no rail hit. */
const REWIND_UNITS_MAX = 12;

export class ServerView {
  constructor() {
    /** The tick of the newest snapshot. */
    this.tick = 0;
    /** The ships in it. @type {Ship[]} */
    this.ghosts = [];
    /** The own one of them. @type {Ship | null} */
    this.own = null;
    /** By how many ticks the own outline is behind its ship, and the others' are ahead of theirs: usual values.
     *  @private */
    this.behind = 0;
    /** @private */
    this.ahead = 0;
    /** The oldest first. @type {Mark[]} */
    this.marks = [];
    /** @type {Judged[]} */
    this.judged = [];
    /** Since it was switched on. */
    this.corrections = 0;
    /** By rising tick. @private @type {Past[]} */
    this.past = [];
    /** The newest rail of each player. @private @type {Map<number, { tick: number, end: Place }>} */
    this.rails = new Map();
    /** Whether corrections from before still wait. @private */
    this.isNew = true;
  }

  /** Another room. */
  clear() {
    this.ghosts.length = this.marks.length = this.judged.length = this.past.length = 0;
    this.own = null;
    this.rails.clear();
    this.isNew = true;
  }

  /** Reads the newest snapshot. @param {Game} game @param {World} world @param {number} now */
  refill(game, world, now) {
    const rows = game.serverRows();
    this.ghosts.length = 0;
    this.own = null;
    for (const row of rows) {
      if (row.kind !== "ship") continue;
      const ship = /** @type {Ship} */ (/** @type {unknown} */ (row));
      this.ghosts.push(ship);
      if (ship.player === world.self) this.own = ship;
    }
    // No snapshot of this room has come yet.
    if (game.serverTick === 0) return;
    if (game.serverTick !== this.tick) this.remember(game.serverTick);
    this.behind = usual(this.behind, world.ownTick - this.tick, this.isNew);
    this.ahead = usual(this.ahead, this.tick - world.tick, this.isNew);
    this.takeCorrections(game, now);
    dropOld(this.marks, now);
    dropOld(this.judged, now);
  }

  /** @private @param {number} tick */
  remember(tick) {
    this.tick = tick;
    // Of another room.
    if (tick < (this.past.at(-1)?.tick ?? 0)) this.past.length = 0;
    const oldest = this.past.length < PAST_TICKS ? undefined : this.past.shift();
    const past = oldest ?? { tick, ships: new Map() };
    past.tick = tick;
    past.ships.clear();
    for (const { player, x, y } of this.ghosts) past.ships.set(player, { x, y });
    this.past.push(past);
  }

  /** @private @param {Game} game @param {number} now */
  takeCorrections(game, now) {
    const corrections = game.corrections();
    if (this.isNew) corrections.length = 0;
    this.isNew = false;
    this.corrections += corrections.length;
    for (const { from, to } of corrections) {
      if (from && to) this.marks.push({ from, to, at: now });
    }
  }

  /** Looks at the events of a frame, as they are drawn. @param {GameEvent[]} events @param {number} now */
  look(events, now) {
    for (const { name, values } of events) {
      if (name === "rail") {
        const { tick, by, x, y, dx, dy } = values;
        this.rails.set(by, { tick, end: { x: x + dx, y: y + dy } });
      } else if (name === "hit") {
        this.judge(values, events, now);
      }
    }
  }

  /**
   * A rail ends where it met its target as its shooter saw it; its hit is shown on the same side of the target
   * as it is now. So the one less the other, off the target's place in that tick, is where it was judged.
   * @private @param {Record<string, number>} hit @param {GameEvent[]} events @param {number} now
   */
  judge({ tick, by, player, x, y }, events, now) {
    const rail = this.rails.get(by);
    if (rail?.tick !== tick) return;
    // A ship that this has destroyed is in no snapshot of that tick.
    const boom = events.find(({ name, values }) => name === "boom" && values.tick === tick && values.player === player);
    const hit = boom ? { x: boom.values.x, y: boom.values.y } : this.placeAt(tick, player);
    if (!hit) return;
    const seen = { x: hit.x + rail.end.x - x, y: hit.y + rail.end.y - y };
    if (Math.hypot(seen.x - hit.x, seen.y - hit.y) > REWIND_UNITS_MAX) return;
    const ghost = this.ghosts.find((ship) => ship.player === player);
    this.judged.push({ seen, hit, class: ghost?.class ?? 1, aim: ghost?.aim ?? 0, at: now });
  }

  /** Where a player's ship was after a tick; between two snapshots if there was none of that tick. @private
   *  @param {number} tick @param {number} player @returns {Place | null} */
  placeAt(tick, player) {
    const after = this.past.find((past) => past.tick >= tick);
    const before = this.past.findLast((past) => past.tick <= tick);
    const [from, to] = [before?.ships.get(player), after?.ships.get(player)];
    if (!before || !after || !from || !to) return from ?? null;
    const part = after.tick === before.tick ? 0 : (tick - before.tick) / (after.tick - before.tick);
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }

  /** What the outlines are, in a line. @param {number} tickRate ticks per second */
  describe(tickRate) {
    const away = (/** @type {number} */ ticks) => `${((1000 * ticks) / Math.max(1, tickRate)).toFixed(0)} ms`;
    const parts = [];
    if (this.own) parts.push(`yours ${away(this.behind)} behind`);
    parts.push(`others' ${away(this.ahead)} ahead`);
    const { corrections, judged } = this;
    const strokes = corrections > 0 ? ` Strokes: ${corrections} ${corrections === 1 ? "correction" : "corrections"}.` : "";
    const rings = judged.length > 0 ? " Ring: where the rail's target was seen." : "";
    return `Outlines: the newest from the server, ${parts.join(", ")}.${strokes}${rings}`;
  }

  /** @param {World} world @returns {ServerViewState} */
  state(world) {
    const place = (/** @type {Ship | null} */ ship) => ship && { x: ship.x, y: ship.y };
    return {
      tick: this.tick,
      own_tick: world.ownTick,
      others_tick: world.tick,
      ghosts: this.ghosts.length,
      own: place(this.own),
      ship: place(world.own),
      corrections: this.corrections,
      marks: this.marks.length,
      judged: this.judged.length,
    };
  }
}

/** @param {{ at: number }[]} marks the oldest first @param {number} now */
function dropOld(marks, now) {
  while (marks.length > 0 && now - marks[0].at > MARK_MS) marks.shift();
}

/** A value that follows another one smoothly, never below 0. @param {number} before @param {number} value
 *  @param {boolean} isFirst */
function usual(before, value, isFirst) {
  const to = Math.max(0, value);
  return isFirst ? to : before + SMOOTHED * (to - before);
}
