// @ts-check
// Which part of the arena is on the screen: a centre and a scale.
//
// A player's camera sits on the own ship, leads a little to where it aims, and shows as much to
// everybody on any screen (never beyond `view_half`, which the client does not know). A spectator's
// goes where spectator.js sends it. It drops inputs that are not finite: each position is blended
// with the one before, so a NaN would never go away. Moved by view.js, read by draw/.

import { finite, isPlace } from "./finite.js";

/** @typedef {import("./types.js").Measures} Measures */

/** Room around the arena when all of it is shown, in units. */
const FIT_SPARE = 2.5;
const ZOOM_MAX = 40;
/** Positions are clamped to this many units: far beyond any arena, small enough for exact arithmetic. */
const PLACE_MAX = 1e6;
const SCALE_MIN = 1e-3;
const SCALE_MAX = 1e4;
/** Smaller window sizes are ignored: they occur while a window opens or closes. */
const SIZE_MAX = 1e5;

/** The camera leads by this fraction of the way from the middle of the screen to the pointer. Ship,
 *  middle and pointer then lie on one line, so a lead of any length leaves the aim as it is. */
const LEAD_PART = 0.16;
/** How far it leads for a stick, which only has a direction. */
const LEAD_STICK_UNITS = 2.5;
const LEAD_PER_SECOND = 5;
/** How fast it peeks, and how fast it comes nearer meanwhile: in a third of a second, since a zoom
 *  repaints the level in each frame. */
const PEEK_PER_SECOND = 3;
const PEEK_ZOOM_PER_SECOND = 12;
const PEEK_STILL = 0.004;
/** The lead stops this near to its target, so that the camera stands still for a still pointer. */
const LEAD_STILL_UNITS = 0.002;
/** The known area must exceed the shown one by this much, or things at the edge would show by half. */
const EDGE_UNITS = 0.8;
/** A scale this near to its target snaps to it, so that the cached level (arena.js) stays valid. */
const SCALE_STILL = 0.001;

export class Camera {
  /** @param {Measures} measures */
  constructor(measures) {
    this.measures = measures;
    this.x = 0;
    this.y = 0;
    /** CSS pixels per unit. */
    this.scale = 20;
    this.width = 1;
    this.height = 1;
    /** How far a player's camera is off its ship. */
    this.leadX = 0;
    this.leadY = 0;
    this.shake = 0;
    this.offsetX = 0;
    this.offsetY = 0;
  }

  /** @param {number} width @param {number} height in CSS pixels */
  resize(width, height) {
    // A hidden or new window is 0 x 0: keep the last size.
    if (!(width > 0 && height > 0 && width < SIZE_MAX && height < SIZE_MAX)) return;
    this.width = width;
    this.height = height;
  }

  /** Whether the screen is so tall that a tall view shows more: the server then sends one. At the limit
   *  both show the same. */
  get isTall() {
    const { tall_half_x, screen_half_y } = this.measures;
    return this.width * screen_half_y < this.height * tall_half_x;
  }

  /** Shows what a player at a place sees. @param {number} x @param {number} y */
  sitOn(x, y) {
    this.place(x + this.leadX, y + this.leadY, this.playScale());
  }

  /**
   * Leads to where a player aims: softly, and less where the screen shows nearly all that is
   * known.
   * @param {number} aim seen from the middle of the screen, in radians
   * @param {number} far how far off the middle the pointer is, in CSS pixels; infinite for sticks
   * @param {number} seconds
   */
  lead(aim, far, seconds) {
    const [halfX, halfY] = this.knownHalf();
    const scale = this.playScale();
    const mostX = Math.max(0, halfX - this.width / 2 / scale - EDGE_UNITS);
    const mostY = Math.max(0, halfY - this.height / 2 / scale - EDGE_UNITS);
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    const wanted = far === Infinity ? LEAD_STICK_UNITS : (LEAD_PART * far) / scale;
    // One length for both axes: the lead keeps the direction of the aim.
    const reach = Math.min(wanted, along(mostX, cos), along(mostY, sin));
    const dx = reach * cos - this.leadX;
    const dy = reach * sin - this.leadY;
    const still = Math.hypot(dx, dy) < LEAD_STILL_UNITS;
    const part = still ? 1 : blend(LEAD_PER_SECOND, seconds);
    // After a turn of the screen the known area may be smaller on the way there.
    this.leadX = Math.min(mostX, Math.max(-mostX, finite(this.leadX + dx * part)));
    this.leadY = Math.min(mostY, Math.max(-mostY, finite(this.leadY + dy * part)));
  }

  /**
   * Glides towards a place and nearer, without ever showing more than what is known around another.
   * @param {number} homeX @param {number} homeY the middle of what is known
   * @param {number} x @param {number} y @param {number} nearness 1 is as near as in play
   * @param {number} seconds
   */
  peek(homeX, homeY, x, y, nearness, seconds) {
    this.scaleTo(nearness * this.playScale(), blend(PEEK_ZOOM_PER_SECOND, seconds), PEEK_STILL);
    const [halfX, halfY] = this.knownHalf();
    const mostX = Math.max(0, halfX - this.width / 2 / this.scale - EDGE_UNITS);
    const mostY = Math.max(0, halfY - this.height / 2 / this.scale - EDGE_UNITS);
    const part = blend(PEEK_PER_SECOND, seconds);
    const [toX, toY] = [this.x + (x - this.x) * part, this.y + (y - this.y) * part];
    this.place(
      Math.min(homeX + mostX, Math.max(homeX - mostX, toX)),
      Math.min(homeY + mostY, Math.max(homeY - mostY, toY)),
    );
  }

  /** Follows a ship softly. @param {number} x @param {number} y
   *  @param {number} nearness 1 is about as near as its player sees it @param {number} seconds */
  glideTo(x, y, nearness, seconds) {
    const part = blend(10, seconds);
    this.place(this.x + (x - this.x) * part, this.y + (y - this.y) * part);
    this.scaleTo(nearness * this.watchScale(), part);
  }

  /** Shows the whole arena. @param {number} radius
   *  @param {number} below CSS pixels to leave free at the lower edge
   *  @param {number} seconds */
  fit(radius, below, seconds) {
    const part = blend(4, seconds);
    // In a window lower than `below` the arena still gets a sliver.
    const size = Math.max(1, Math.min(this.width, this.height - below));
    const wanted = size / (2 * (radius + FIT_SPARE));
    this.place(this.x * (1 - part), this.y + (below / 2 / wanted - this.y) * part);
    this.scaleTo(wanted, part);
  }

  /** As behind the start overlay: near enough to see ships. @param {number} x @param {number} y
   *  @param {number} seconds */
  drift(x, y, seconds) {
    const part = blend(0.8, seconds);
    const [toX, toY] = [this.x + (x - this.x) * part, this.y + (y - this.y) * part];
    this.place(toX, toY, this.playScale() * 1.05);
  }

  /** @param {number} dx @param {number} dy in CSS pixels */
  drag(dx, dy) {
    this.place(this.x - dx / this.scale, this.y - dy / this.scale);
  }

  /** Keeps the middle of the picture within a circle. @param {number} radius */
  keepWithin(radius) {
    const far = Math.hypot(this.x, this.y);
    if (far <= radius) return;
    this.place((this.x * radius) / far, (this.y * radius) / far);
  }

  /** @param {number} factor @param {number} px @param {number} py the point that stays */
  zoom(factor, px, py) {
    if (!(factor > 0) || !isPlace(px, py)) return;
    const [x, y] = this.toWorld(px, py);
    this.scale = Math.min(ZOOM_MAX, Math.max(1, this.scale * factor));
    const [nx, ny] = this.toWorld(px, py);
    this.place(this.x + x - nx, this.y + y - ny);
  }

  /** Shakes by up to this many pixels for a moment. @param {number} pixels */
  kick(pixels) {
    this.shake = Math.max(this.shake, finite(pixels));
  }

  /** @param {number} seconds */
  settle(seconds) {
    this.shake *= 1 - blend(9, seconds);
    if (this.shake < 0.2) this.shake = 0;
    this.offsetX = this.shake * (2 * Math.random() - 1);
    this.offsetY = this.shake * (2 * Math.random() - 1);
  }

  /** @param {number} px @param {number} py @returns {[number, number]} */
  toWorld(px, py) {
    return [
      this.x + (px - this.width / 2) / this.scale,
      this.y + (py - this.height / 2) / this.scale,
    ];
  }

  /** @param {number} x @returns {number} CSS pixels */
  screenX(x) {
    return (x - this.x) * this.scale + this.width / 2 + this.offsetX;
  }

  /** @param {number} y @returns {number} CSS pixels */
  screenY(y) {
    return (y - this.y) * this.scale + this.height / 2 + this.offsetY;
  }

  /** Whether a circle may be on the screen. @param {number} x @param {number} y
   *  @param {number} reach */
  sees(x, y, reach) {
    const halfX = this.width / 2 / this.scale + reach;
    const halfY = this.height / 2 / this.scale + reach;
    return Math.abs(x - this.x) <= halfX && Math.abs(y - this.y) <= halfY;
  }

  /** @private @param {number} wanted @param {number} part of the way there @param {number} [still]
   *  so near, as a fraction of it, that it is there */
  scaleTo(wanted, part, still = SCALE_STILL) {
    const scale = this.scale + (wanted - this.scale) * part;
    this.place(this.x, this.y, Math.abs(wanted - scale) < still * wanted ? wanted : scale);
  }

  /** Goes to a place, if it is one. @private @param {number} x @param {number} y
   *  @param {number} [scale] */
  place(x, y, scale = this.scale) {
    const within = (/** @type {number} */ at) => Math.min(PLACE_MAX, Math.max(-PLACE_MAX, at));
    this.x = within(finite(x, this.x));
    this.y = within(finite(y, this.y));
    this.scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, finite(scale, this.scale)));
  }

  /** What is shown at most, to each side. @private @returns {[number, number]} */
  shownHalf() {
    const { screen_half_x, screen_half_y, tall_half_x, tall_half_y } = this.measures;
    return this.isTall ? [tall_half_x, tall_half_y] : [screen_half_x, screen_half_y];
  }

  /** What is known, to each side. @private @returns {[number, number]} */
  knownHalf() {
    const { view_half_x, view_half_y } = this.measures;
    return this.isTall ? [view_half_y, view_half_x] : [view_half_x, view_half_y];
  }

  /** A spectator may see more than a player: as much area as a player on a wide or a tall screen at most, and
   *  in between on screens between these. @private */
  watchScale() {
    const { screen_half_x, screen_half_y, tall_half_x, tall_half_y } = this.measures;
    const tall = tall_half_x / tall_half_y;
    const wide = screen_half_x / screen_half_y;
    const part = Math.log(this.width / this.height / tall) / Math.log(wide / tall);
    const most = (screen_half_x * screen_half_y) / (tall_half_x * tall_half_y);
    const area = 4 * tall_half_x * tall_half_y * most ** Math.min(1, Math.max(0, part));
    return Math.sqrt((this.width * this.height) / area);
  }

  /** @private */
  playScale() {
    const [halfX, halfY] = this.shownHalf();
    return Math.max(this.width / (2 * halfX), this.height / (2 * halfY));
  }
}

/** The fraction of the remaining way to go in this frame (exponential easing); 1 for infinite time.
 *  @param {number} speed @param {number} seconds */
function blend(speed, seconds) {
  return seconds > 0 ? 1 - Math.exp(-speed * seconds) : 0;
}

/** How far one can go in a direction until one axis reaches its maximum.
 *  @param {number} most along the axis @param {number} part of the direction, its sine or cosine */
function along(most, part) {
  return part === 0 ? Infinity : most / Math.abs(part);
}
