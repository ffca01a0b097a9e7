// @ts-check
// The outside: what is on the screen beyond the border, and the border itself with its light.
//
// It owns the picture of the far sky, which it paints anew only for another size, resolution or level.
// Before it pass stars at two depths, shards and a few travelling lights, each placed by arithmetic in
// every frame: nothing is kept and nothing allocated. At the least quality there is only darkness. It
// knows no ships. arena.js calls it.

import { DANGER, OUTSIDE, faded } from "./palette.js";
import { DEPTHS, LIGHTS, SHARDS, lightAt, mixed, paintSky, part, seedOf } from "./sky.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./sky.js").Depth} Depth */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Level} Level */

/** How far the sky moves when the camera does, against the arena, up to so many CSS pixels. */
const SKY_PART = 0.06;
const SKY_MARGIN_PX = 90;
/** A usual scale: what moves with the camera does so by this, so that zooming leaves it in place. */
const PX_PER_UNIT = 28;
/** What of the level beyond the border shows through the sky. */
const SKY_ALPHA = 0.86;
/** Nothing small is drawn nearer to the border, in units. */
const CLEAR_UNITS = 0.7;
/** How far the light of the border falls outwards, in units, and how strong it is there. */
const LIGHT_UNITS = 6;
const LIGHT_ALPHA = 0.16;

export class Outside {
  constructor() {
    /** @private @type {HTMLCanvasElement | null} */
    this.sky = null;
    /** @private @type {Level | null} */
    this.level = null;
    /** @private */
    this.seed = 0;
    /** @private */
    this.painted = { width: 0, height: 0, ratio: 0 };
    /** @private @type {[number, number]} */
    this.place = [0, 0];
    /** The light of a border of this radius. @private @type {{ radius: number, fill: CanvasGradient | null }} */
    this.light = { radius: 0, fill: null };
  }

  /** @param {Canvas} canvas @param {World} world @param {number} now
   *  @param {boolean} calm whether the system asks for less motion */
  draw(canvas, world, now, calm) {
    const { camera } = canvas;
    const radius = world.borderRadius;
    const halfX = camera.width / 2 / camera.scale;
    const halfY = camera.height / 2 / camera.scale;
    if (Math.hypot(Math.abs(camera.x) + halfX, Math.abs(camera.y) + halfY) < radius - 1) return;
    const { fills, trails } = canvas.level;
    if (fills) {
      this.refresh(canvas, world);
      this.drawSky(canvas, radius);
      for (const depth of DEPTHS) this.drawStars(canvas, radius, depth);
      if (trails) this.drawShards(canvas, radius);
      if (trails && !calm) this.drawLights(canvas, radius, now);
      canvas.toWorld();
      this.drawLight(canvas, radius);
    } else {
      darken(canvas, radius);
    }
    drawBorder(canvas, radius);
  }

  /** Paints the sky anew if it is another one. @private @param {Canvas} canvas @param {World} world */
  refresh({ camera, ratio }, world) {
    const { painted } = this;
    const { width, height } = camera;
    const isSame = this.level === world.level && painted.width === width &&
      painted.height === height && painted.ratio === ratio;
    if (this.sky && isSame) return;
    if (this.level !== world.level || !this.sky) this.seed = seedOf(world.level);
    this.level = world.level;
    this.painted = { width, height, ratio };
    this.sky ??= document.createElement("canvas");
    const margin = 2 * SKY_MARGIN_PX;
    this.sky.width = Math.ceil((width + margin) * ratio);
    this.sky.height = Math.ceil((height + margin) * ratio);
    const context = this.sky.getContext("2d", { alpha: false });
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintSky(context, width + margin, height + margin, this.seed);
  }

  /** @private @param {Canvas} canvas @param {number} radius */
  drawSky(canvas, radius) {
    if (!this.sky) return;
    const { context, camera, ratio, element } = canvas;
    context.save();
    canvas.toWorld();
    beyond(canvas, radius);
    context.clip("evenodd");
    canvas.toPixels();
    const within = (/** @type {number} */ at) => Math.min(1, Math.max(-1, at)) * SKY_MARGIN_PX * ratio;
    const moved = (SKY_PART * PX_PER_UNIT) / SKY_MARGIN_PX;
    // In whole pixels, which is a plain copy.
    const x = Math.round((element.width - this.sky.width) / 2 - within(camera.x * moved));
    const y = Math.round((element.height - this.sky.height) / 2 - within(camera.y * moved));
    context.globalAlpha = SKY_ALPHA;
    context.drawImage(this.sky, x, y);
    context.restore();
  }

  /** @private @param {Canvas} canvas @param {number} radius @param {Depth} depth */
  drawStars(canvas, radius, { part: moves, cell, size, colour }) {
    const { context, camera } = canvas;
    canvas.toScreen();
    context.beginPath();
    const [left, top] = [camera.x * PX_PER_UNIT * moves, camera.y * PX_PER_UNIT * moves];
    for (let row = Math.floor(top / cell); row * cell < top + camera.height; row++) {
      for (let column = Math.floor(left / cell); column * cell < left + camera.width; column++) {
        const bits = mixed(this.seed + cell, mixed(column, row));
        const x = (column + part(bits, 0)) * cell - left;
        const y = (row + part(bits, 1)) * cell - top;
        if (!isBeyond(camera, x, y, radius)) continue;
        const side = size * (0.6 + 0.7 * part(bits, 2));
        context.rect(x, y, side, side);
      }
    }
    context.fillStyle = colour;
    context.fill();
  }

  /** @private @param {Canvas} canvas @param {number} radius */
  drawShards(canvas, radius) {
    const { part: moves, cell, size, colour } = SHARDS;
    const { context, camera } = canvas;
    canvas.toScreen();
    context.beginPath();
    const [left, top] = [camera.x * PX_PER_UNIT * moves, camera.y * PX_PER_UNIT * moves];
    for (let row = Math.floor(top / cell); row * cell < top + camera.height; row++) {
      for (let column = Math.floor(left / cell); column * cell < left + camera.width; column++) {
        const bits = mixed(this.seed + cell, mixed(column, row));
        const x = (column + part(bits, 0)) * cell - left;
        const y = (row + part(bits, 1)) * cell - top;
        if (!isBeyond(camera, x, y, radius)) continue;
        const [reach, turn] = [size * (0.5 + part(bits, 2)), 6.28 * part(bits, 3)];
        context.moveTo(x + reach * Math.cos(turn), y + reach * Math.sin(turn));
        context.lineTo(x + reach * Math.cos(turn + 1.9), y + reach * Math.sin(turn + 1.9));
        context.lineTo(x + 0.6 * reach * Math.cos(turn + 3.6), y + 0.6 * reach * Math.sin(turn + 3.6));
        context.closePath();
      }
    }
    context.fillStyle = colour;
    context.fill();
  }

  /** @private @param {Canvas} canvas @param {number} radius */
  drawLight({ context }, radius) {
    const { light } = this;
    if (!light.fill || light.radius !== radius) {
      light.radius = radius;
      light.fill = context.createRadialGradient(0, 0, radius, 0, 0, radius + LIGHT_UNITS);
      light.fill.addColorStop(0, faded(DANGER, LIGHT_ALPHA));
      light.fill.addColorStop(0.4, faded(DANGER, LIGHT_ALPHA * 0.3));
      light.fill.addColorStop(1, faded(DANGER, 0));
    }
    context.beginPath();
    context.arc(0, 0, radius + LIGHT_UNITS, 0, 2 * Math.PI);
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    context.fillStyle = light.fill;
    context.fill("evenodd");
  }

  /** @private @param {Canvas} canvas @param {number} radius @param {number} now */
  drawLights(canvas, radius, now) {
    const { context, camera } = canvas;
    const { place } = this;
    canvas.toScreen();
    context.fillStyle = LIGHTS.colour;
    for (let nth = 0; nth < LIGHTS.count; nth++) {
      if (!lightAt(this.seed, nth, now, place)) continue;
      const x = place[0] * camera.width - camera.x * PX_PER_UNIT * LIGHTS.part;
      const y = place[1] * camera.height - camera.y * PX_PER_UNIT * LIGHTS.part;
      if (!isBeyond(camera, x, y, radius)) continue;
      // It twinkles as something that turns.
      context.globalAlpha = 0.3 + 0.25 * Math.sin(now / 900 + nth * 2);
      context.fillRect(x, y, 2, 2);
    }
    context.globalAlpha = 1;
  }
}

/** Whether a point of the screen is outside, with room to spare.
 *  @param {import("../camera.js").Camera} camera @param {number} x @param {number} y in CSS pixels
 *  @param {number} radius of the border */
function isBeyond(camera, x, y, radius) {
  const wx = camera.x + (x - camera.width / 2 - camera.offsetX) / camera.scale;
  const wy = camera.y + (y - camera.height / 2 - camera.offsetY) / camera.scale;
  const most = radius + CLEAR_UNITS;
  return wx * wx + wy * wy > most * most;
}

/** A path around all that is beyond, for the rule "evenodd". @param {Canvas} canvas
 *  @param {number} radius */
function beyond({ context, camera }, radius) {
  const halfX = camera.width / 2 / camera.scale;
  const halfY = camera.height / 2 / camera.scale;
  context.beginPath();
  context.rect(camera.x - halfX - 2, camera.y - halfY - 2, 2 * halfX + 4, 2 * halfY + 4);
  context.arc(0, 0, radius, 0, 2 * Math.PI);
}

/** @param {Canvas} canvas @param {number} radius */
function darken(canvas, radius) {
  canvas.toWorld();
  beyond(canvas, radius);
  canvas.context.fillStyle = faded(OUTSIDE, 0.8);
  canvas.context.fill("evenodd");
}

/** @param {Canvas} canvas @param {number} radius */
function drawBorder(canvas, radius) {
  const { context } = canvas;
  canvas.toWorld();
  context.strokeStyle = faded(DANGER, 0.08);
  ring(canvas, radius, canvas.px(9));
  context.strokeStyle = faded(DANGER, 0.8);
  ring(canvas, radius, canvas.px(1.6));
  context.setLineDash([canvas.px(2), canvas.px(8)]);
  context.strokeStyle = faded(DANGER, 0.5);
  ring(canvas, radius + 0.5, canvas.px(1));
  context.setLineDash([]);
}

/** @param {Canvas} canvas @param {number} radius @param {number} width */
function ring({ context }, radius, width) {
  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.lineWidth = width;
  context.stroke();
}
