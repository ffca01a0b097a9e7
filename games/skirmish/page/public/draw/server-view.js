// @ts-check
// Paints the server's view: under the ships outlines of the newest positions with a line from each to its ship;
// over them a tick at each correction, and where the target of a rail was judged.
//
// It keeps nothing. Called by renderer.js while the view is switched on.

import { GHOST, faded } from "./palette.js";
import { MARK_MS } from "../server-view.js";
import { silhouetteOf } from "./silhouettes.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../server-view.js").Place} Place */
/** @typedef {import("../server-view.js").ServerView} ServerView */
/** @typedef {import("../world.js").World} World */

/** A line that is shorter shows nothing, in units. */
const LINE_UNITS_MIN = 0.05;
/** Half the length of a tick, in CSS pixels, and how far it lies off the correction's place. */
const TICK_PX = 9;
/** Radius of a ship for a rail, in units. */
const TARGET_UNITS = 1;

/** @param {Canvas} canvas @param {ServerView} view @param {World} world */
export function drawOutlines(canvas, view, world) {
  const { context } = canvas;
  context.lineJoin = "round";
  context.lineCap = "round";
  drawLines(canvas, view, world);
  context.strokeStyle = GHOST;
  for (const ghost of view.ghosts) {
    if (!canvas.camera.sees(ghost.x, ghost.y, 2.5)) continue;
    canvas.toPlace(ghost.x, ghost.y, ghost.aim);
    context.lineWidth = canvas.px(1.5);
    context.stroke(silhouetteOf(ghost.class).outline);
  }
  context.lineCap = "butt";
}

/** @param {Canvas} canvas @param {ServerView} view @param {number} now */
export function drawMarks(canvas, view, now) {
  const { context } = canvas;
  context.lineCap = "round";
  for (const mark of view.marks) drawTick(canvas, mark.from, mark.to, leftOf(mark.at, now));
  for (const { seen, hit, aim, class: shape, at } of view.judged) {
    const left = leftOf(at, now);
    drawTarget(canvas, seen, hit, left);
    canvas.toPlace(seen.x, seen.y, aim);
    context.lineWidth = canvas.px(1.2);
    context.stroke(silhouetteOf(shape).outline);
  }
  context.lineCap = "butt";
}

/** How much of a mark is left, from 1 to 0. @param {number} at @param {number} now */
function leftOf(at, now) {
  return Math.max(0, 1 - (now - at) / MARK_MS);
}

/** @param {Canvas} canvas @param {ServerView} view @param {World} world */
function drawLines(canvas, view, world) {
  const { context } = canvas;
  canvas.toWorld();
  context.beginPath();
  for (const ghost of view.ghosts) {
    const ship = world.shipOf(ghost.player);
    if (!ship || Math.hypot(ship.x - ghost.x, ship.y - ghost.y) < LINE_UNITS_MIN) continue;
    context.moveTo(ghost.x, ghost.y);
    context.lineTo(ship.x, ship.y);
  }
  context.lineWidth = canvas.px(1.2);
  context.strokeStyle = faded(GHOST, 0.7);
  context.stroke();
}

/** A stroke across the way that the own ship was moved; a cross where it was not moved at all.
 *  @param {Canvas} canvas @param {Place} from @param {Place} to @param {number} left */
function drawTick(canvas, from, to, left) {
  const { context } = canvas;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const far = Math.hypot(dx, dy);
  canvas.toPlace(to.x, to.y, far > 0 ? Math.atan2(dy, dx) : Math.PI / 4);
  const size = canvas.px(TICK_PX);
  context.beginPath();
  context.moveTo(0, -size);
  context.lineTo(0, size);
  context.moveTo(far > 0 ? -far : -size, 0);
  context.lineTo(far > 0 ? 0 : size, 0);
  context.lineWidth = canvas.px(2.5);
  context.strokeStyle = faded(GHOST, left);
  context.stroke();
}

/** A ring around where the target was seen, with a line to where it was when it was hit.
 *  @param {Canvas} canvas @param {Place} seen @param {Place} hit @param {number} left */
function drawTarget(canvas, seen, hit, left) {
  const { context } = canvas;
  canvas.toWorld();
  context.beginPath();
  context.arc(seen.x, seen.y, TARGET_UNITS, 0, 2 * Math.PI);
  context.moveTo(seen.x, seen.y);
  context.lineTo(hit.x, hit.y);
  context.setLineDash([0.3, 0.25]);
  context.lineWidth = canvas.px(2);
  context.strokeStyle = faded(GHOST, left);
  context.stroke();
  context.setLineDash([]);
}
