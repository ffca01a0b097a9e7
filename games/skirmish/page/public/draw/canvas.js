// @ts-check
// The canvas: as sharp as the screen, as large as the window, and transforms into the world.
//
// It owns the pixels and the sprites of glow; it draws nothing of the game by itself. All of
// draw/ paints through it.

import { pixelRatio } from "../finite.js";

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../quality.js").Level} Level */

/** Sizes of glows are multiples of it, so that they are few, in pixels. */
const GLOW_STEP = 8;
/** Larger ones are scaled. */
const GLOW_MAX = 192;

/** No painter has more states saved at a time. */
const SAVED_MAX = 4;

export class Canvas {
  /** @param {HTMLCanvasElement} element @param {Camera} camera @param {Level} level */
  constructor(element, camera, level) {
    this.element = element;
    this.camera = camera;
    /** What may be drawn. */
    this.level = level;
    const context = element.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.ratio = 1;
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

  /** @private */
  resize() {
    // A level below 1 is for those whose processor paints: it saves on what a screen can show.
    const { ratio } = this.level;
    // A window that is hidden or not yet there has no size: a canvas without one cannot be painted.
    if (!(innerWidth > 0 && innerHeight > 0)) return;
    this.ratio = Math.min(pixelRatio(Infinity) * Math.min(1, ratio), ratio);
    const [width, height] = [innerWidth * this.ratio, innerHeight * this.ratio].map((size) => Math.max(1, Math.round(size)));
    // To set a size clears the canvas, even if it is the same.
    if (this.element.width !== width) this.element.width = width;
    if (this.element.height !== height) this.element.height = height;
    this.camera.resize(innerWidth, innerHeight);
  }

  /** Makes good what a painter left behind that did not get to its end. */
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

  /** So many CSS pixels in units. @param {number} pixels */
  px(pixels) {
    return pixels / this.camera.scale;
  }

  /**
   * Paints a soft light at a place of the world, whatever transform holds; pixels hold then.
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
    // As it is, and in whole pixels: what is to be scaled takes a processor many times as long.
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
