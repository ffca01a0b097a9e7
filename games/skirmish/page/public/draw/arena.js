// @ts-check
// The arena under the ships: the level, drifting rocks, pads, the border and what is beyond it.
//
// It owns an image of the level that is a little larger than the screen, and repaints it only when
// the camera leaves it or zooms, or when something becomes solid. It knows no ships. renderer.js
// calls it first.

import { Outside } from "./outside.js";
import { addRock, paintLevel, paintRock } from "./level.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./level.js").Shape} Shape */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Level} Level */

/** Margin of the level's image beyond the screen, in CSS pixels. */
const MARGIN_PX = 128;
const TURN_PER_MS = 0.00022;

export class Arena {
  constructor() {
    /** @private */
    this.sheet = document.createElement("canvas");
    const context = this.sheet.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no 2D canvas");
    /** @private */
    this.context = context;
    /** What the image shows: its corner, scale and level. @private */
    this.painted = { x: 0, y: 0, scale: 0, ratio: 0, margin: 0, width: 0, height: 0, solid: -1 };
    /** @private @type {Level | null} */
    this.level = null;
    /** Drifting rocks, around their own middle. @private @type {Shape[]} */
    this.rocks = [];
    /** @private */
    this.outside = new Outside();
  }

  /** @param {Canvas} canvas @param {World} world @param {number} now
   *  @param {boolean} calm whether the system asks for less motion */
  draw(canvas, world, now, calm) {
    this.refresh(canvas, world);
    const { context, camera, ratio } = canvas;
    const { painted } = this;
    const step = camera.scale * ratio;
    canvas.toPixels();
    // In whole pixels, which is a plain copy; ships above it move by less than one against it.
    const x = (painted.x - camera.x) * step + camera.offsetX * ratio;
    const y = (painted.y - camera.y) * step + camera.offsetY * ratio;
    context.drawImage(
      this.sheet,
      Math.round(x + (canvas.element.width - painted.width) / 2),
      Math.round(y + (canvas.element.height - painted.height) / 2),
    );
    // No snapshot yet.
    if (world.borderRadius <= 0) return;
    this.drawDrifters(canvas, world, calm ? 0 : now);
    this.outside.draw(canvas, world, now, calm);
  }

  /** @private @param {Canvas} canvas @param {World} world */
  refresh(canvas, world) {
    const { camera, ratio } = canvas;
    const { painted, level } = this;
    const solid = solidCount(world);
    const zooms = painted.scale !== camera.scale;
    const isSame =
      level === world.level && !zooms && painted.ratio === ratio && painted.solid === solid;
    const room = isSame ? painted.margin / camera.scale : -1;
    const { width, height } = canvas.element;
    const fits = width + 2 * Math.round(painted.margin * ratio) === painted.width &&
      height + 2 * Math.round(painted.margin * ratio) === painted.height;
    const shift = camera.shake / camera.scale;
    const away = Math.max(Math.abs(camera.x - painted.x), Math.abs(camera.y - painted.y)) + shift;
    if (fits && room >= away) return;
    // While the camera zooms, the next frame needs another image.
    const margin = zooms ? Math.ceil(camera.shake) : MARGIN_PX;
    this.paint(canvas, world, margin, solid);
  }

  /** @private @param {Canvas} canvas @param {World} world @param {number} margin CSS pixels
   *  @param {number} solid */
  paint({ camera, ratio, element }, world, margin, solid) {
    const { sheet, context } = this;
    const { x, y, scale } = camera;
    const width = element.width + 2 * Math.round(margin * ratio);
    const height = element.height + 2 * Math.round(margin * ratio);
    if (sheet.width !== width) sheet.width = width;
    if (sheet.height !== height) sheet.height = height;
    const step = scale * ratio;
    context.setTransform(step, 0, 0, step, width / 2 - x * step, height / 2 - y * step);
    const [halfX, halfY] = [width / 2 / step, height / 2 / step];
    const ends = { left: x - halfX, top: y - halfY, right: x + halfX, bottom: y + halfY };
    paintLevel({ context, ...ends, pixel: 1 / scale }, world);
    if (this.level !== world.level) this.rocks = shapesOf(world.level);
    this.level = world.level;
    this.painted = { x, y, scale, ratio, margin, width, height, solid };
  }

  /** @private @param {Canvas} canvas @param {World} world @param {number} now */
  drawDrifters(canvas, world, now) {
    const { context, camera } = canvas;
    world.drifters.forEach(({ x, y, radius, solid_from }, nth) => {
      if (!camera.sees(x, y, radius + 1) || !this.rocks[nth]) return;
      canvas.toPlace(x, y, now * TURN_PER_MS * (nth % 2 === 0 ? 1 : -1));
      const solid = world.borderRadius >= solid_from;
      context.lineJoin = "round";
      if (solid) {
        paintRock(context, this.rocks[nth], canvas.px(1));
        return;
      }
      context.setLineDash([canvas.px(3), canvas.px(5)]);
      context.lineWidth = canvas.px(1);
      context.strokeStyle = "#8fb4d938";
      context.stroke(this.rocks[nth].outline);
      context.setLineDash([]);
    });
  }
}

/** How many things are solid: it changes when the border passes one. @param {World} world */
function solidCount({ level, borderRadius }) {
  let count = 0;
  for (const wall of level.walls) if (borderRadius >= wall.solid_from) count += 1;
  for (const rock of level.rocks) if (borderRadius >= rock.solid_from) count += 1;
  for (const rock of level.drifters) if (borderRadius >= rock.solid_from) count += 1;
  return count;
}

/** @param {Level} level @returns {Shape[]} */
function shapesOf(level) {
  return level.drifters.map(({ radius }, nth) => {
    const shape = { outline: new Path2D(), inner: new Path2D() };
    addRock(shape, 0, 0, radius, nth * 1.7);
    return shape;
  });
}
