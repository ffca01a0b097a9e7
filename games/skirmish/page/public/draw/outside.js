// @ts-check
// The outside: what is on the screen beyond the border, and the border itself with its light.
//
// It owns the picture of a planet, which it paints anew only for another size or level. Stars at several
// depths, shards and a few travelling lights are placed by arithmetic in every frame, and no list of them is
// kept. The haze is part of the level's image. At the least quality there is only darkness, and no picture.
// It knows no ships. arena.js calls it.

import { DANGER, OUTSIDE, faded } from "./palette.js";
import { DEPTHS, LIGHTS, SHARDS, lightAt, mixed, paintPlanet, part, planetAt, seedOf } from "./sky.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./sky.js").Depth} Depth */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Level} Level */

/** How far the planet moves when the camera does, against the arena. */
const PLANET_MOVES = 0.1;
/** Side of the planet's picture, of the shorter side of the screen. */
const PLANET_SIDE = 0.34;
/** A usual scale: what moves with the camera does so by this, so that zooming leaves it in place. */
const PX_PER_UNIT = 28;
/** Nothing small is drawn nearer to the border, in units. */
const CLEAR_UNITS = 0.7;
/** The light of the border falls so far outwards, in units. */
const LIGHT_UNITS = 1.4;
const DARKNESS = faded(OUTSIDE, 0.8);
/** Of the border: its soft edge, its light, its line, and the dashes beyond it. */
const BORDER = { edge: faded(DANGER, 0.08), light: faded(DANGER, 0.06), line: faded(DANGER, 0.8), dashes: faded(DANGER, 0.5) };

export class Outside {
  constructor() {
    /** The planet's picture. @private @type {HTMLCanvasElement | null} */
    this.planet = null;
    /** @private @type {Level | null} */
    this.level = null;
    /** @private */
    this.seed = 0;
    /** @private @type {[number, number]} */
    this.at = [0, 0];
    /** @private @type {[number, number]} */
    this.place = [0, 0];
  }

  /** @param {Canvas} canvas @param {World} world @param {number} now
   *  @param {boolean} calm whether the system asks for less motion */
  draw(canvas, world, now, calm) {
    const { camera } = canvas;
    const radius = world.borderRadius;
    const halfX = camera.width / 2 / camera.scale;
    const halfY = camera.height / 2 / camera.scale;
    if (Math.hypot(Math.abs(camera.x) + halfX, Math.abs(camera.y) + halfY) < radius - 1) return;
    darken(canvas, radius);
    const { fills, trails } = canvas.level;
    if (fills) {
      this.enter(world.level);
      canvas.toPixels();
      for (const depth of DEPTHS) this.drawStars(canvas, radius, depth);
      this.drawPlanet(canvas, radius);
      if (trails) this.drawShards(canvas, radius);
      if (trails && !calm) this.drawLights(canvas, radius, now);
    } else {
      this.planet = null;
    }
    drawBorder(canvas, radius, fills);
  }

  /** @private @param {Level} level */
  enter(level) {
    if (this.level === level) return;
    this.level = level;
    this.seed = seedOf(level);
    this.at = planetAt(this.seed);
    this.planet = null;
  }

  /** Paints the planet's picture if there is none of this size. @private @param {number} side
   *  @returns {HTMLCanvasElement} */
  pictureOf(side) {
    if (this.planet?.width === side) return this.planet;
    this.planet = document.createElement("canvas");
    this.planet.width = this.planet.height = side;
    const context = this.planet.getContext("2d");
    if (context) paintPlanet(context, side, this.seed);
    return this.planet;
  }

  /** @private @param {Canvas} canvas @param {number} radius */
  drawPlanet(canvas, radius) {
    const { context, camera, ratio } = canvas;
    const half = (PLANET_SIDE / 2) * Math.min(camera.width, camera.height);
    const x = (0.5 + this.at[0]) * camera.width - camera.x * PX_PER_UNIT * PLANET_MOVES;
    const y = (0.5 + this.at[1]) * camera.height - camera.y * PX_PER_UNIT * PLANET_MOVES;
    // Its distance from the arena's middle, and the border's, in CSS pixels.
    const far = Math.hypot(x - camera.screenX(0), y - camera.screenY(0));
    const border = radius * camera.scale;
    if (far + half < border) return;
    const picture = this.pictureOf(Math.max(1, Math.round(2 * half * ratio)));
    const clips = far - half < border;
    if (clips) {
      context.save();
      canvas.toWorld();
      beyond(canvas, radius);
      context.clip("evenodd");
    }
    canvas.toPixels();
    context.drawImage(picture, Math.round((x - half) * ratio), Math.round((y - half) * ratio));
    if (clips) context.restore();
  }

  /** @private @param {Canvas} canvas @param {number} radius @param {Depth} depth */
  drawStars(canvas, radius, { part: moves, cell, size, colour }) {
    const { context, camera, ratio } = canvas;
    context.fillStyle = colour;
    const [left, top] = [camera.x * PX_PER_UNIT * moves, camera.y * PX_PER_UNIT * moves];
    for (let row = Math.floor(top / cell); row * cell < top + camera.height; row++) {
      for (let column = Math.floor(left / cell); column * cell < left + camera.width; column++) {
        const bits = mixed(this.seed + cell, mixed(column, row));
        const x = (column + part(bits, 0)) * cell - left;
        const y = (row + part(bits, 1)) * cell - top;
        if (!isBeyond(camera, x, y, radius)) continue;
        // Whole pixels, which need no smoothing.
        const side = Math.max(1, Math.round(size * (0.6 + 0.7 * part(bits, 2)) * ratio));
        context.fillRect(Math.round(x * ratio), Math.round(y * ratio), side, side);
      }
    }
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
  canvas.context.fillStyle = DARKNESS;
  canvas.context.fill("evenodd");
}

/** @param {Canvas} canvas @param {number} radius @param {boolean} shines */
function drawBorder(canvas, radius, shines) {
  const { context } = canvas;
  canvas.toWorld();
  context.strokeStyle = BORDER.edge;
  ring(canvas, radius, canvas.px(9));
  if (shines) {
    context.strokeStyle = BORDER.light;
    ring(canvas, radius + LIGHT_UNITS / 2, LIGHT_UNITS);
  }
  context.strokeStyle = BORDER.line;
  ring(canvas, radius, canvas.px(1.6));
  context.setLineDash([canvas.px(2), canvas.px(8)]);
  context.strokeStyle = BORDER.dashes;
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
