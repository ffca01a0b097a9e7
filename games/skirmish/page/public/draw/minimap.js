// @ts-check
// The map in the corner: a round scope with border, level, pads, and the known ships.
//
// It owns its canvas and an image of the level, and shows only what the world knows: a player's map
// has no ships that are out of sight. Called by play.js at each frame; it paints at some.

import { BACKGROUND, DANGER, KINDS, OUTSIDE, SELF, WHITE, colourIn, faded } from "./palette.js";
import { addTeamMark } from "./silhouettes.js";
import { pixelRatio } from "../finite.js";

/** @typedef {import("../view.js").View} View */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Ship} Ship */

const PAINTED_EVERY_MS = 66;
/** Between the border and the rim, in CSS pixels. */
const RIM_PX = 4;
const SOLID = "#4a648f";

export class Minimap {
  /** @param {HTMLCanvasElement} element */
  constructor(element) {
    this.element = element;
    const context = element.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    /** @private */
    this.context = context;
    /** The level, which does not move. @private */
    this.ground = document.createElement("canvas");
    /** The level and size of the painted ground. @private */
    this.painted = { level: /** @type {object | null} */ (null), radius: 0, size: 0 };
    /** @private */
    this.paintedAt = 0;
    /** Units from the middle to the rim. @private */
    this.reach = 1;
  }

  /** @param {World} world @param {View} view @param {number} now */
  draw(world, view, now) {
    const { element, context } = this;
    // The whole arena is already on the screen.
    const whole = view.mode === "spectator" && view.spectator.mode === "whole";
    const hidden = view.mode === "demo" || whole || world.borderRadius <= 0;
    if (element.hidden !== hidden) element.hidden = hidden;
    if (hidden || now - this.paintedAt < PAINTED_EVERY_MS) return;
    this.paintedAt = now;
    const ratio = pixelRatio(2);
    const size = Math.round(element.clientWidth * ratio);
    // The map needs some room within the rim.
    if (!(size > 4 * RIM_PX * ratio)) return;
    if (element.width !== size) element.width = element.height = size;
    this.reach = world.borderRadius * (1 + RIM_PX / (size / ratio / 2 - RIM_PX));
    this.paintGround(world, size);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, size, size);
    context.drawImage(this.ground, 0, 0);
    const step = size / 2 / this.reach;
    context.setTransform(step, 0, 0, step, size / 2, size / 2);
    this.paintMoving(world, view, ratio / step);
  }

  /** @private @param {World} world @param {number} size pixels */
  paintGround(world, size) {
    const { ground, painted, reach } = this;
    const { level, borderRadius } = world;
    const pads = level.pads.length;
    const same = painted.level === level && painted.size === size;
    if (same && Math.abs(painted.radius - borderRadius) < 0.05) return;
    this.painted = { level, radius: borderRadius, size };
    ground.width = ground.height = size;
    const context = /** @type {CanvasRenderingContext2D} */ (ground.getContext("2d"));
    const step = size / 2 / reach;
    context.setTransform(step, 0, 0, step, size / 2, size / 2);
    circle(context, 0, 0, reach);
    context.fillStyle = faded(OUTSIDE, 0.85);
    context.fill();
    circle(context, 0, 0, borderRadius);
    context.fillStyle = faded(BACKGROUND, 0.9);
    context.fill();
    context.save();
    context.clip();
    context.fillStyle = SOLID;
    context.beginPath();
    for (const { x, y, w, h, solid_from } of level.walls) {
      if (borderRadius >= solid_from) context.rect(x, y, w, h);
    }
    for (const { x, y, radius, solid_from } of level.rocks) {
      if (borderRadius < solid_from) continue;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
    context.restore();
    context.lineWidth = 1.3 * (reach / (size / 2));
    circle(context, 0, 0, borderRadius);
    context.strokeStyle = faded(DANGER, 0.75);
    context.stroke();
    for (let nth = 0; nth < pads; nth++) {
      const { x, y, kind } = level.pads[nth];
      circle(context, x, y, 3.2 / step);
      context.strokeStyle = faded(KINDS[kind] ?? WHITE, 0.5);
      context.stroke();
    }
  }

  /** @private @param {World} world @param {View} view @param {number} pixel units of a CSS pixel */
  paintMoving(world, { camera, mode, spectator }, pixel) {
    const { context } = this;
    context.fillStyle = SOLID;
    for (const { x, y, radius, solid_from } of world.drifters) {
      if (world.borderRadius < solid_from) continue;
      circle(context, x, y, radius);
      context.fill();
    }
    this.paintPickups(world, pixel);
    const [halfX, halfY] = [camera.width / 2 / camera.scale, camera.height / 2 / camera.scale];
    context.lineWidth = pixel;
    context.strokeStyle = faded(WHITE, 0.35);
    context.save();
    circle(context, 0, 0, world.borderRadius);
    context.clip();
    context.strokeRect(camera.x - halfX, camera.y - halfY, 2 * halfX, 2 * halfY);
    context.restore();
    for (const ship of world.ships) {
      if (ship === world.own) continue;
      const followed = mode === "spectator" && ship.player === spectator.followed;
      context.fillStyle = context.strokeStyle = colourIn(world, ship.player);
      this.blip(world, ship, pixel * (followed ? 1.4 : 1));
      if (!followed) continue;
      context.lineWidth = pixel;
      context.strokeStyle = WHITE;
      circle(context, ship.x, ship.y, 7 * pixel);
      context.stroke();
    }
    if (world.own) this.paintOwn(world.own, pixel);
  }

  /** Crosses, in their pads' rings: no ship looks like that. @private @param {World} world
   *  @param {number} pixel */
  paintPickups(world, pixel) {
    const { context } = this;
    const half = 2.6 * pixel;
    context.lineWidth = 1.3 * pixel;
    for (const { x, y, kind_: kind } of world.pickups) {
      context.beginPath();
      context.moveTo(x - half, y);
      context.lineTo(x + half, y);
      context.moveTo(x, y - half);
      context.lineTo(x, y + half);
      context.strokeStyle = KINDS[kind] ?? WHITE;
      context.stroke();
    }
  }

  /** A ship as a dot, or as its team's shape. @private @param {World} world
   *  @param {Ship} ship @param {number} pixel */
  blip(world, ship, pixel) {
    const { context } = this;
    const team = world.players.get(ship.player)?.team ?? 0;
    const { x, y } = ship;
    context.beginPath();
    if (team > 0) {
      addTeamMark(context, team, x, y + 1.6 * pixel, 3.2 * pixel);
      context.lineWidth = 1.9 * pixel;
      context.stroke();
    } else {
      context.rect(x - 1.6 * pixel, y - 1.6 * pixel, 3.2 * pixel, 3.2 * pixel);
      context.fill();
    }
  }

  /** @private @param {Ship} own @param {number} pixel */
  paintOwn({ x, y, aim }, pixel) {
    const { context } = this;
    const corner = (/** @type {number} */ turn, /** @type {number} */ far) =>
      context.lineTo(x + far * pixel * Math.cos(aim + turn), y + far * pixel * Math.sin(aim + turn));
    context.beginPath();
    corner(0, 6.5);
    corner(2.5, 5);
    corner(Math.PI, 1.5);
    corner(-2.5, 5);
    context.closePath();
    context.fillStyle = SELF;
    context.fill();
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 *  @param {number} radius */
function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
