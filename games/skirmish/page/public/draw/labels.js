// @ts-check
// Labels of ships: names, and hull bars of damaged ones.
//
// It paints in pixels of the screen, over the ships. Called by renderer.js.

import { DANGER, TEXT, WHITE, colourIn } from "./palette.js";
import { LOW_HULL } from "../thresholds.js";
import { hullLeft } from "./ships.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Measures} Measures */

const FONT = "500 11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
/** Below this scale, in CSS pixels per unit, labels would cover the ships. */
const HULL_SCALE = 4;
const NAME_SCALE = 6;
/** Minimum length of a bar, in CSS pixels. */
const BAR_PX = 16;

/** @param {Canvas} canvas @param {World} world @param {Measures} measures */
export function drawLabels(canvas, world, measures) {
  const { context, camera } = canvas;
  if (camera.scale < HULL_SCALE) return;
  canvas.toScreen();
  const width = Math.max(BAR_PX, 2 * camera.scale);
  for (const ship of world.ships) {
    const hull = hullLeft(world, ship, measures);
    if (hull >= 1 || !camera.sees(ship.x, ship.y, 3)) continue;
    const left = camera.screenX(ship.x) - width / 2;
    const top = camera.screenY(ship.y) + 1.9 * camera.scale - 2;
    context.globalAlpha = 0.25;
    context.fillStyle = WHITE;
    context.fillRect(left, top, width, 2.5);
    context.globalAlpha = 1;
    context.fillStyle = hull < LOW_HULL ? DANGER : colourIn(world, ship.player);
    context.fillRect(left, top, width * Math.max(0, hull), 2.5);
  }
  if (camera.scale < NAME_SCALE) return;
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = TEXT;
  context.globalAlpha = 0.75;
  for (const ship of world.ships) {
    // The own ship needs no name.
    if (ship.player === world.self || !camera.sees(ship.x, ship.y, 3)) continue;
    const name = world.nameOf(ship.player);
    const below = 1.9 * camera.scale + 4;
    if (name) context.fillText(name, camera.screenX(ship.x), camera.screenY(ship.y) + below);
  }
  context.globalAlpha = 1;
}
