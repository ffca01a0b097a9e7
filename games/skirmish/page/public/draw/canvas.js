// @ts-check
// The canvas: its size and resolution, and the transforms into the world.
//
// It owns the pixels and the glow sprites; it draws nothing of the game itself. All of draw/ paints
// through it.

import { pixelRatio } from "../finite.js";

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../quality.js").Level} Level */

/** Glow sizes are multiples of this, in pixels, so that there are few sprites. */
const GLOW_STEP = 8;
/** Larger ones are scaled. */
const GLOW_MAX = 192;

/** No painter nests more saved states. */
const SAVED_MAX = 4;

export class Canvas {
  /** @param {HTMLCanvasElement} element @param {Camera} camera @param {Level} level */
  constructor(element, camera, level) {
    this.element = element;
    this.camera = camera;
    /** The quality level. */
    this.level = level;
    const context = element.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.ratio = 1;
    /** The screen's ratio when the size was set. @private */
    this.screenRatio = NaN;
    /** Sprites by colour and size. @type {Map<string, Map<number, HTMLCanvasElement>>} */
    this.glows = new Map();
    this.resize();
    addEventListener("resize", () => this.resize());
  }

  /** @param {Level} level */
  setQuality(level) {
    this.level = level;
    this.resize();
  }

  /** Follows the window to a screen of another pixel ratio, of which no event tells everywhere. Called before
   *  anything is painted in a frame, for another size clears the canvas. */
  followScreen() {
    if (devicePixelRatio !== this.screenRatio) this.resize();
  }

  /** @private */
  resize() {
    this.screenRatio = devicePixelRatio;
    // A ratio below 1 is for software rendering: it shows fewer pixels than the screen has.
    const { ratio } = this.level;
    // A hidden or new window has no size, and a canvas without one cannot be painted.
    if (!(innerWidth > 0 && innerHeight > 0)) return;
    this.ratio = Math.min(pixelRatio(Infinity) * Math.min(1, ratio), ratio);
    const [width, height] = [innerWidth * this.ratio, innerHeight * this.ratio].map((size) => Math.max(1, Math.round(size)));
    // Setting a size clears the canvas, even if it is the same.
    if (this.element.width !== width) this.element.width = width;
    if (this.element.height !== height) this.element.height = height;
    this.camera.resize(innerWidth, innerHeight);
  }

  /** Restores the canvas state after a painter that failed. */
  settle() {
    const { context } = this;
    for (let nth = 0; nth < SAVED_MAX; nth++) context.restore();
    this.toPixels();
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
    context.setLineDash([]);
  }

  /** Paints in pixels of the canvas from here on. */
  toPixels() {
    this.context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Paints in CSS pixels from here on. */
  toScreen() {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  }

  /** Paints in units of the world from here on. */
  toWorld() {
    this.toPlace(0, 0, 0);
  }

  /** Paints in units around a place, turned. @param {number} x @param {number} y
   *  @param {number} angle */
  toPlace(x, y, angle) {
    const { camera } = this;
    const scale = camera.scale * this.ratio;
    const cos = scale * Math.cos(angle);
    const sin = scale * Math.sin(angle);
    const px = camera.screenX(x) * this.ratio;
    const py = camera.screenY(y) * this.ratio;
    this.context.setTransform(cos, sin, -sin, cos, px, py);
  }

  /** CSS pixels converted to units. @param {number} pixels */
  px(pixels) {
    return pixels / this.camera.scale;
  }

  /**
   * Paints a soft light at a place of the world under any transform; leaves the pixel transform set.
   * @param {string} colour @param {number} x @param {number} y @param {number} radius units
   * @param {number} alpha
   */
  glow(colour, x, y, radius, alpha) {
    const { context, camera, ratio } = this;
    const size = GLOW_STEP * Math.ceil((2 * radius * camera.scale * ratio) / GLOW_STEP);
    if (!(size > 0)) return;
    const sprite = this.glowOf(colour, Math.min(GLOW_MAX, size));
    this.toPixels();
    context.globalAlpha = alpha;
    const left = Math.round(camera.screenX(x) * ratio - size / 2);
    const top = Math.round(camera.screenY(y) * ratio - size / 2);
    // Unscaled and at whole pixels: scaling takes software rendering many times as long.
    if (size <= GLOW_MAX) context.drawImage(sprite, left, top);
    else context.drawImage(sprite, left, top, size, size);
    context.globalAlpha = 1;
  }

  /** A sprite, since gradients and shadows per entity are slow. @private
   *  @param {string} colour @param {number} size pixels */
  glowOf(colour, size) {
    let sizes = this.glows.get(colour);
    if (!sizes) this.glows.set(colour, (sizes = new Map()));
    let sprite = sizes.get(size);
    if (sprite) return sprite;
    sprite = document.createElement("canvas");
    sprite.width = sprite.height = size;
    const paint = /** @type {CanvasRenderingContext2D} */ (sprite.getContext("2d"));
    const half = size / 2;
    const gradient = paint.createRadialGradient(half, half, 0, half, half, half);
    gradient.addColorStop(0, colour + "ff");
    gradient.addColorStop(0.25, colour + "70");
    gradient.addColorStop(0.6, colour + "1c");
    gradient.addColorStop(1, colour + "00");
    paint.fillStyle = gradient;
    paint.fillRect(0, 0, size, size);
    sizes.set(size, sprite);
    return sprite;
  }
}
