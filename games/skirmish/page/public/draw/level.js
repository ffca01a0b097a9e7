// @ts-check
// Everything that never moves: ground, grid, walls, rocks, pads, and the orbits of drifting rocks.
//
// It paints to a given canvas, once for many frames: arena.js keeps the image. The shapes of rocks
// are here for drifting ones as well.

import { BACKGROUND, KINDS, faded } from "./palette.js";
import { ICONS } from "./pickups.js";
import { hazeOf } from "./sky.js";

/** @typedef {import("../world.js").World} World */
/**
 * A part of the world to be painted.
 * @typedef {object} Sheet
 * @property {CanvasRenderingContext2D} context that paints in units
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} pixel how much of a unit a CSS pixel is
 */
/** @typedef {{ outline: Path2D, inner: Path2D }} Shape */

const GRID_UNITS = 4;
const GRID_STRONG_EVERY = 5;
/** Below this scale, in CSS pixels per unit, only the strong lines are painted. */
const GRID_WEAK_SCALE = 7;
/** The haze beyond the arena is strongest so far from it. */
const HAZE_UNITS = 12;
const GROUND = "#0d1731";
const LINE = "#4d7cff";
const WALL = "#7fa8ff";
const ROCK = "#8fb4d9";
const PAD_UNITS = 1.3;

/** @param {Sheet} sheet @param {World} world */
export function paintLevel(sheet, world) {
  paintGround(sheet, world.levelRadius || world.borderRadius, hazeOf(world.level));
  paintGrid(sheet);
  paintWays(sheet, world);
  paintPads(sheet, world);
  paintObstacles(sheet, world);
}

/** @param {Sheet} sheet @param {number} radius @param {string} haze */
function paintGround({ context, left, top, right, bottom }, radius, haze) {
  const all = Math.max(1, radius) + 3 * HAZE_UNITS;
  const ground = context.createRadialGradient(0, 0, 0, 0, 0, all);
  ground.addColorStop(0, GROUND);
  ground.addColorStop((0.7 * radius) / all, BACKGROUND);
  ground.addColorStop(radius / all, BACKGROUND);
  ground.addColorStop((radius + HAZE_UNITS) / all, haze);
  ground.addColorStop(1, BACKGROUND);
  context.fillStyle = ground;
  context.fillRect(left, top, right - left, bottom - top);
}

/** @param {Sheet} sheet */
function paintGrid({ context, left, top, right, bottom, pixel }) {
  const strong = GRID_UNITS * GRID_STRONG_EVERY;
  for (const [step, alpha] of [[GRID_UNITS, 0.13], [strong, 0.17]]) {
    if (step < strong && pixel > 1 / GRID_WEAK_SCALE) continue;
    context.beginPath();
    for (let x = Math.ceil(left / step) * step; x <= right; x += step) {
      context.moveTo(x, top);
      context.lineTo(x, bottom);
    }
    for (let y = Math.ceil(top / step) * step; y <= bottom; y += step) {
      context.moveTo(left, y);
      context.lineTo(right, y);
    }
    context.lineWidth = pixel;
    context.strokeStyle = faded(LINE, alpha);
    context.stroke();
  }
}

/** The orbits of drifting rocks. @param {Sheet} sheet @param {World} world */
function paintWays({ context, pixel }, { level, borderRadius }) {
  context.beginPath();
  for (const { x, y, orbit, solid_from } of level.drifters) {
    if (borderRadius < solid_from) continue;
    context.moveTo(x + orbit, y);
    context.arc(x, y, orbit, 0, 2 * Math.PI);
  }
  context.lineWidth = pixel;
  context.setLineDash([2 * pixel, 9 * pixel]);
  context.strokeStyle = faded(ROCK, 0.35);
  context.stroke();
  context.setLineDash([]);
}

/** @param {Sheet} sheet @param {World} world */
function paintPads({ context, pixel }, { level }) {
  for (const { x, y, kind } of level.pads) {
    const colour = KINDS[kind] ?? KINDS[0];
    context.save();
    context.translate(x, y);
    context.lineWidth = 1.2 * pixel;
    context.fillStyle = faded(colour, 0.05);
    context.strokeStyle = faded(colour, 0.4);
    context.beginPath();
    context.arc(0, 0, PAD_UNITS, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.beginPath();
    for (let i = 0; i < 4; i++) {
      const [cos, sin] = [Math.cos((i * Math.PI) / 2), Math.sin((i * Math.PI) / 2)];
      context.moveTo(PAD_UNITS * cos, PAD_UNITS * sin);
      context.lineTo((PAD_UNITS + 0.45) * cos, (PAD_UNITS + 0.45) * sin);
    }
    context.stroke();
    context.strokeStyle = faded(colour, 0.28);
    context.stroke(ICONS[kind] ?? ICONS[0]);
    context.restore();
  }
}

/** @param {Sheet} sheet @param {World} world */
function paintObstacles(sheet, world) {
  const { context, pixel } = sheet;
  const walls = { outline: new Path2D(), inner: new Path2D() };
  const rocks = { outline: new Path2D(), inner: new Path2D() };
  const shades = { outline: new Path2D(), inner: new Path2D() };
  for (const { x, y, w, h, solid_from } of world.level.walls) {
    if (x > sheet.right || x + w < sheet.left || y > sheet.bottom || y + h < sheet.top) continue;
    if (world.borderRadius < solid_from) {
      shades.outline.rect(x, y, w, h);
      continue;
    }
    walls.outline.rect(x, y, w, h);
    const inset = Math.min(w, h) * 0.24;
    walls.inner.rect(x + inset, y + inset, w - 2 * inset, h - 2 * inset);
  }
  for (const { x, y, radius, solid_from } of world.level.rocks) {
    if (x - radius > sheet.right || x + radius < sheet.left) continue;
    if (y - radius > sheet.bottom || y + radius < sheet.top) continue;
    addRock(world.borderRadius < solid_from ? shades : rocks, x, y, radius, x * 1.7 + y * 2.3);
  }
  context.lineJoin = "round";
  context.lineWidth = pixel;
  context.setLineDash([3 * pixel, 5 * pixel]);
  context.strokeStyle = faded(WALL, 0.22);
  context.stroke(shades.outline);
  context.setLineDash([]);
  paintShape(context, walls, pixel, WALL, "#0d1730");
  paintShape(context, rocks, pixel, ROCK, "#0c1524");
}

/** @param {CanvasRenderingContext2D} context @param {Shape} shape @param {number} pixel
 *  @param {string} colour @param {string} fill */
function paintShape(context, { outline, inner }, pixel, colour, fill) {
  context.fillStyle = fill;
  context.fill(outline);
  context.lineWidth = 5 * pixel;
  context.strokeStyle = faded(colour, 0.12);
  context.stroke(outline);
  context.lineWidth = 1.4 * pixel;
  context.strokeStyle = faded(colour, 0.85);
  context.stroke(outline);
  context.lineWidth = pixel;
  context.strokeStyle = faded(colour, 0.22);
  context.stroke(inner);
}

/** @param {CanvasRenderingContext2D} context @param {Shape} shape @param {number} pixel */
export function paintRock(context, shape, pixel) {
  paintShape(context, shape, pixel, ROCK, "#0c1524");
}

/** A polygon close to the rock's circle, which is what shots hit. Its corners follow from a seed, so
 *  that it looks the same to all.
 *  @param {Shape} shape @param {number} x @param {number} y @param {number} radius
 *  @param {number} seed */
export function addRock({ outline, inner }, x, y, radius, seed) {
  const corners = 7 + (Math.abs(Math.round(seed * 5)) % 4);
  for (let i = 0; i < corners; i++) {
    const angle = seed + (i / corners) * 2 * Math.PI + 0.18 * Math.sin(i * 2.4 + seed);
    const reach = radius * (1.02 - 0.05 * Math.abs(Math.sin(i * 1.9 + seed)));
    const [px, py] = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
    if (i === 0) outline.moveTo(px, py);
    else outline.lineTo(px, py);
    if (i % 2 !== 0) continue;
    inner.moveTo(px, py);
    inner.lineTo(
      x + 0.42 * radius * Math.cos(angle + 0.5),
      y + 0.42 * radius * Math.sin(angle + 0.5),
    );
  }
  outline.closePath();
}
