// @ts-check
// Which part of the arena is on the screen: a centre and a scale.
//
// A player's camera sits on the own ship and shows the same to everybody, whatever the screen
// (never more than `screen_half`: what lies beyond may not be known yet). A spectator's goes where
// spectator.js sends it. Moved by view.js, read by draw/.

/** @typedef {import("./wasm.js").Measures} Measures */

/** Room around the arena when all of it is shown, in units. */
const FIT_SPARE = 2.5;
const ZOOM_MAX = 40;

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
    this.shake = 0;
    this.offsetX = 0;
    this.offsetY = 0;
  }

  /** @param {number} width @param {number} height in CSS pixels */
  resize(width, height) {
    this.width = width;
    this.height = height;
  }

  /** Shows what a player at a place sees. @param {number} x @param {number} y */
  sitOn(x, y) {
    this.x = x;
    this.y = y;
    this.scale = this.playScale();
  }

  /** Follows a ship softly. @param {number} x @param {number} y
   *  @param {number} nearness 1 is about as near as its player sees it @param {number} seconds */
  glideTo(x, y, nearness, seconds) {
    const part = 1 - Math.exp(-10 * seconds);
    this.x += (x - this.x) * part;
    this.y += (y - this.y) * part;
    this.scale += (nearness * this.watchScale() - this.scale) * part;
  }

  /** Shows the whole arena. @param {number} radius
   *  @param {number} below CSS pixels at the lower edge that are not for it
   *  @param {number} seconds */
  fit(radius, below, seconds) {
    const part = 1 - Math.exp(-4 * seconds);
    const wanted = Math.min(this.width, this.height - below) / (2 * (radius + FIT_SPARE));
    this.x += (0 - this.x) * part;
    this.y += (below / 2 / wanted - this.y) * part;
    this.scale += (wanted - this.scale) * part;
  }

  /** As behind the start overlay: near enough to see ships. @param {number} x @param {number} y
   *  @param {number} seconds */
  drift(x, y, seconds) {
    const part = 1 - Math.exp(-0.8 * seconds);
    this.x += (x - this.x) * part;
    this.y += (y - this.y) * part;
    this.scale = this.playScale() * 1.05;
  }

  /** @param {number} dx @param {number} dy in CSS pixels */
  drag(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
  }

  /** @param {number} factor @param {number} px @param {number} py the point that stays */
  zoom(factor, px, py) {
    const [x, y] = this.toWorld(px, py);
    this.scale = Math.min(ZOOM_MAX, Math.max(1, this.scale * factor));
    const [nx, ny] = this.toWorld(px, py);
    this.x += x - nx;
    this.y += y - ny;
  }

  /** Shakes by up to so many pixels for a moment. @param {number} pixels */
  kick(pixels) {
    this.shake = Math.max(this.shake, pixels);
  }

  /** @param {number} seconds */
  settle(seconds) {
    this.shake *= Math.exp(-9 * seconds);
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

  /** A spectator may see more than a player: on narrow screens it does. @private */
  watchScale() {
    const { screen_half_x, screen_half_y } = this.measures;
    return Math.sqrt((this.width / (2 * screen_half_x)) * (this.height / (2 * screen_half_y)));
  }

  /** @private */
  playScale() {
    const { screen_half_x, screen_half_y } = this.measures;
    return Math.max(this.width / (2 * screen_half_x), this.height / (2 * screen_half_y));
  }
}
