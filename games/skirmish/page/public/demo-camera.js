// @ts-check
// The camera of the demo behind the start overlay: it goes where the fight is.
//
// It chooses a ship and follows those around it softly, and shows them beside the form, which covers the middle
// of the screen. It decides nothing else about the picture. Loaded and called by view.js.

import { calm } from "./motion.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Ship} Ship */
/** @typedef {import("./world.js").Bolt} Bolt */
/** @typedef {{ x: number, y: number }} Place */

/** What is within this distance of a ship is part of its fight, in units. */
const NEAR = 12;
/** Another ship counts as so many bolts. */
const SHIP_WEIGHT = 3;
/** How often the fights are compared. */
const JUDGE_MS = 500;
/** The camera stays with a ship for this long at least, while it fights. */
const STAY_MS = 5000;
/** The camera is no farther off the arena's middle than this part of its radius: beyond the border is nothing. */
const OFF_MIDDLE_MAX = 0.35;
/** The fight is shown on the other side of the form once that is nearer to the arena's middle by this much. */
const SWAP_UNITS = 8;
/** Where the form leaves less room than this, the fight is shown behind it. In CSS pixels. */
const FREE_MIN = { width: 220, height: 130 };

/** Of the arena: who wants less motion sees it from there. */
const MIDDLE = { x: 0, y: 0 };

/**
 * How much goes on around a ship: 0 for one that is alone, or that nothing can hurt.
 * @param {Ship} ship @param {Ship[]} ships @param {Bolt[]} bolts
 * @param {number} isProtected the bit of `flags` that ships have that cannot be hurt
 */
export function fightAround(ship, ships, bolts, isProtected) {
  if ((ship.flags & isProtected) !== 0) return 0;
  const near = (/** @type {Place} */ at) => Math.hypot(at.x - ship.x, at.y - ship.y) <= NEAR;
  const isFoe = (/** @type {Ship} */ at) => at !== ship && (at.flags & isProtected) === 0 && near(at);
  const foes = ships.filter(isFoe).length;
  return foes === 0 ? 0 : SHIP_WEIGHT * foes + bolts.filter(near).length;
}

/**
 * The ship with most going on around it; null if all are alone.
 * @param {Ship[]} ships @param {Bolt[]} bolts @param {number} isProtected
 * @returns {Ship | null}
 */
export function busiest(ships, bolts, isProtected) {
  /** @type {Ship | null} */
  let best = null;
  let most = 0;
  for (const ship of ships) {
    const fight = fightAround(ship, ships, bolts, isProtected);
    if (fight > most) [best, most] = [ship, fight];
  }
  return best;
}

/**
 * The middles of what a covering box leaves free of a screen, in CSS pixels from the screen's middle; that of
 * the screen itself if it is too little everywhere.
 * @param {{ left: number, right: number, top: number, bottom: number }} cover
 * @param {number} width of the screen @param {number} height
 * @returns {Place[]}
 */
export function freePlaces(cover, width, height) {
  /** @type {Place[]} */
  const places = [];
  const sides = [[0, cover.left], [cover.right, width]];
  for (const [from, to] of sides) {
    if (to - from >= FREE_MIN.width) places.push({ x: (from + to - width) / 2, y: 0 });
  }
  if (places.length > 0) return places;
  for (const [from, to] of [[0, cover.top], [cover.bottom, height]]) {
    if (to - from >= FREE_MIN.height) places.push({ x: 0, y: (from + to - height) / 2 });
  }
  return places.length > 0 ? places : [{ x: 0, y: 0 }];
}

export class DemoCamera {
  /** @param {Camera} camera @param {World} world @param {HTMLElement} cover the form over the middle */
  constructor(camera, world, cover) {
    this.camera = camera;
    this.world = world;
    this.cover = cover;
    /** The entity of the ship that is followed. @private @type {number | null} */
    this.followed = null;
    /** Since when. @private */
    this.since = -Infinity;
    /** @private */
    this.judgedAt = -Infinity;
    /** Where on the screen its fight is shown, from the middle. @private @type {Place} */
    this.beside = { x: 0, y: 0 };
    /** Whether it is where the fight is: from then on it moves softly. @private */
    this.hasCut = false;
  }

  /** The next room is another: cuts to its fight. */
  restart() {
    this.followed = null;
    this.since = this.judgedAt = -Infinity;
    this.beside = { x: 0, y: 0 };
    this.hasCut = false;
  }

  /** @param {number} now @param {number} seconds since the last frame */
  move(now, seconds) {
    const { camera, world } = this;
    if (world.ships.length === 0) return;
    if (now - this.judgedAt >= JUDGE_MS) this.judge(now);
    const ship = world.ships.find(({ id }) => id === this.followed);
    // Where it was destroyed is looked at until the next one is chosen.
    if (!ship) return;
    const { x, y } = this.target(calm.matches ? MIDDLE : this.middleOf(ship));
    camera.drift(x, y, this.hasCut && !calm.matches ? seconds : Infinity);
    this.hasCut = true;
  }

  /** Where the camera shows a fight beside the form. @private @param {Place} fight @returns {Place} */
  target(fight) {
    const { scale } = this.camera;
    const [x, y] = [fight.x - this.beside.x / scale, fight.y - this.beside.y / scale];
    // What is above or below the form on an upright screen hides what lies beyond the border on its other side.
    const most = this.beside.y === 0 ? OFF_MIDDLE_MAX * this.world.borderRadius : Infinity;
    const part = Math.min(1, most / Math.max(1, Math.hypot(x, y)));
    return { x: x * part, y: y * part };
  }

  /** Chooses the ship to follow. @private @param {number} now */
  judge(now) {
    this.judgedAt = now;
    const { ships, bolts, measures } = this.world;
    const flag = measures.flag_protected;
    const followed = ships.find(({ id }) => id === this.followed);
    if (followed) this.beside = this.placeFor(calm.matches ? MIDDLE : followed);
    const fights = followed !== undefined && fightAround(followed, ships, bolts, flag) > 0;
    if (fights && now - this.since < STAY_MS) return;
    const best = busiest(ships, bolts, flag);
    if (best === null && followed) return;
    const next = best ?? ships[0];
    if (next.id === this.followed) return;
    this.followed = next.id;
    this.since = now;
    this.beside = this.placeFor(calm.matches ? MIDDLE : next);
  }

  /** The free place of the screen at which a fight leaves the camera nearest to the middle of the arena, beyond
   *  whose border is nothing to see. @private @param {Place} fight */
  placeFor(fight) {
    const { width, height, scale } = this.camera;
    const away = (/** @type {Place} */ at) => Math.hypot(fight.x - at.x / scale, fight.y - at.y / scale);
    const free = freePlaces(this.cover.getBoundingClientRect(), width, height);
    const best = free.reduce((best, place) => (away(place) < away(best) ? place : best));
    const current = free.find(({ x, y }) => x === this.beside.x && y === this.beside.y);
    return current && away(current) < away(best) + SWAP_UNITS ? current : best;
  }

  /** The middle of those around a ship, and of itself. @private @param {Ship} ship */
  middleOf(ship) {
    let [x, y, count] = [0, 0, 0];
    for (const other of this.world.ships) {
      if (Math.hypot(other.x - ship.x, other.y - ship.y) > NEAR) continue;
      x += other.x;
      y += other.y;
      count += 1;
    }
    return { x: x / count, y: y / count };
  }
}
