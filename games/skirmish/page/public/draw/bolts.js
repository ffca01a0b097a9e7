// @ts-check
// Bolts and the trails of ships: streaks. Those of one colour and width are one stroke, so that many
// of them are cheap.
//
// renderer.js calls it before the ships.

import { ALL, OVERCHARGE, WHITE, indexIn } from "./palette.js";
import { TRAIL_MS } from "./ship-effects.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./ship-effects.js").ShipEffects} ShipEffects */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Measures} Measures */

const STREAK_SECONDS = 0.034;
/** Distance of a bow from the centre of its ship, where bolts begin: streaks and flashes start there. */
export const BOW_UNITS = 1.3;
/** Length of a streak that has not left its ship yet, so that a shot shows in its first frame. */
const STUB_UNITS = 0.3;
const TRAIL_BANDS = 5;
/** Longest segment of a trail, in units. */
const TRAIL_REACH = 8;

/** Width of each class's bolts, by their damage.
 *  @param {Measures} measures @returns {number[]} */
export function boltWidths({ classes }) {
  const mean = classes.reduce((sum, { damage }) => sum + damage, 0) / classes.length;
  return classes.map(({ damage }) => Math.min(1.8, Math.max(0.65, damage / mean)));
}

/**
 * Where a bolt's streak begins and ends, in units along its flight from the bolt's place, which is 0.
 * Near its own ship it begins at the bow, so it is never longer than the way flown since the shot.
 * @param {{ x: number, y: number }} bolt @param {number} cos @param {number} sin of its flight
 * @param {number} length of a whole streak
 * @param {{ x: number, y: number } | undefined} ship of its owner, as far as known
 * @param {{ from: number, to: number }} ends set to the result
 */
export function streakEnds(bolt, cos, sin, length, ship, ends) {
  ends.from = -length;
  ends.to = 0;
  if (!ship) return;
  const [dx, dy] = [bolt.x - ship.x, bolt.y - ship.y];
  const along = dx * cos + dy * sin;
  const aside = dy * cos - dx * sin;
  // Beside its ship or far ahead it has left it long ago.
  if (Math.abs(aside) > BOW_UNITS || along < -BOW_UNITS || along > BOW_UNITS + length) return;
  ends.from = Math.max(-length, BOW_UNITS - along);
  ends.to = Math.max(0, ends.from + STUB_UNITS);
}

/** Streaks by colour and thickness. @param {Canvas} canvas @param {World} world
 *  @param {ShipEffects} shipEffects @param {number[]} widths by class */
export function drawBolts(canvas, world, shipEffects, widths) {
  if (world.bolts.length === 0) return;
  const { context, camera, level } = canvas;
  const length = shipEffects.measures.bolt_speed * STREAK_SECONDS;
  const many = Math.max(1, widths.length);
  /** @type {(Path2D | undefined)[]} */
  const paths = [];
  /** @type {Path2D | null} */
  let charged = null;
  const ends = { from: 0, to: 0 };
  for (const bolt of world.bolts) {
    const { x, y, aim, owner } = bolt;
    if (!camera.sees(x, y, 2)) continue;
    // Drawn in this frame at the bolt's own time.
    const ship = shipEffects.of(owner);
    const kind = Math.min(many - 1, ship?.kind ?? 0);
    const path = (paths[indexIn(world, owner) * many + kind] ??= new Path2D());
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    streakEnds(bolt, cos, sin, length, ship, ends);
    path.moveTo(x + ends.from * cos, y + ends.from * sin);
    path.lineTo(x + ends.to * cos, y + ends.to * sin);
    if (!shipEffects.isOvercharged(owner)) continue;
    charged ??= new Path2D();
    charged.moveTo(x + ends.from * cos, y + ends.from * sin);
    charged.lineTo(x + ends.to * cos, y + ends.to * sin);
  }
  canvas.toWorld();
  context.lineCap = "round";
  context.globalCompositeOperation = "lighter";
  if (charged) stroke(canvas, charged, OVERCHARGE, 7, 0.5);
  paths.forEach((path, index) => {
    if (!path) return;
    const colour = ALL[Math.floor(index / many)];
    const width = widths[index % many] ?? 1;
    if (level.fills) stroke(canvas, path, colour, 9 * width, 0.18);
    stroke(canvas, path, colour, 4.4 * width, 0.45);
    stroke(canvas, path, colour, 2.3 * width, 0.9);
    if (level.fills) stroke(canvas, path, WHITE, 0.7 * width, 0.55);
  });
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
}

/** @param {Canvas} canvas @param {Path2D} path @param {string} colour @param {number} pixels
 *  @param {number} alpha */
function stroke(canvas, path, colour, pixels, alpha) {
  const { context } = canvas;
  context.lineWidth = canvas.px(pixels);
  context.strokeStyle = colour;
  context.globalAlpha = alpha;
  context.stroke(path);
}

/** By colour and age. @param {Canvas} canvas @param {World} world @param {ShipEffects} shipEffects
 *  @param {number} now */
export function drawTrails(canvas, world, shipEffects, now) {
  if (!canvas.level.trails) return;
  const { context, camera } = canvas;
  /** @type {(Path2D | undefined)[]} */
  const paths = [];
  for (const ship of world.ships) {
    if (!camera.sees(ship.x, ship.y, TRAIL_REACH)) continue;
    const points = shipEffects.of(ship.player)?.points ?? [];
    const colour = indexIn(world, ship.player);
    for (let nth = 0; nth < points.length; nth++) {
      const point = points[nth];
      const age = (now - point.at) / TRAIL_MS;
      const band = Math.min(TRAIL_BANDS - 1, Math.floor(age * TRAIL_BANDS));
      const path = (paths[colour * TRAIL_BANDS + band] ??= new Path2D());
      const next = points[nth + 1] ?? ship;
      path.moveTo(point.x, point.y);
      path.lineTo(next.x, next.y);
    }
  }
  canvas.toWorld();
  context.lineCap = "butt";
  paths.forEach((path, index) => {
    if (!path) return;
    const young = 1 - (index % TRAIL_BANDS) / TRAIL_BANDS;
    stroke(canvas, path, ALL[Math.floor(index / TRAIL_BANDS)], 0.6 + 2.6 * young, 0.5 * young * young);
  });
  context.globalAlpha = 1;
}
