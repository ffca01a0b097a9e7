// @ts-check
// Labels of ships: names, and bars of damaged ones and of those that the own player just hit.
//
// It paints in pixels of the screen, over the ships. Called by renderer.js.

import { DANGER, SHIELD, TEXT, WHITE, colourIn } from "./palette.js";
import { LOW_HULL } from "../thresholds.js";
import { hullLeft } from "./ships.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./own-hits.js").OwnHits} OwnHits */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Ship} Ship */
/** @typedef {import("../types.js").Measures} Measures */

const FONT = "500 11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const PERSON_FONT = "600 11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
/** Before a person's name: brightness alone is lost on some eyes and screens. */
const PERSON_MARK = "\u25cf\u00a0";
/** Below this scale, in CSS pixels per unit, labels would cover the ships. */
const HULL_SCALE = 4;
const NAME_SCALE = 6;
/** Minimum length of a bar, and its height, in CSS pixels. */
const BAR_PX = 16;
const BAR_HEIGHT_PX = 2.5;

/** @param {Canvas} canvas @param {World} world @param {Measures} measures @param {OwnHits} ownHits
 *  @param {number} now */
export function drawLabels(canvas, world, measures, ownHits, now) {
  const { camera } = canvas;
  if (camera.scale < HULL_SCALE) return;
  canvas.toScreen();
  for (const ship of world.ships) {
    const hull = hullLeft(world, ship, measures);
    const struck = ownHits.shows(ship.player, now);
    if ((hull >= 1 && struck === 0) || !camera.sees(ship.x, ship.y, 3)) continue;
    const colour = hull < LOW_HULL ? DANGER : colourIn(world, ship.player);
    drawBar(canvas, ship, 0, hull, colour, hull < 1 ? 1 : struck);
    const shieldMax = world.classOf(ship)?.shield_max ?? measures.shield_max;
    if (struck > 0) drawBar(canvas, ship, -2 * BAR_HEIGHT_PX, ship.shield / shieldMax, SHIELD, struck);
  }
  if (camera.scale >= NAME_SCALE) drawNames(canvas, world);
  canvas.context.globalAlpha = 1;
}

/** @param {Canvas} canvas @param {Ship} ship @param {number} down from the hull's bar, in CSS pixels
 *  @param {number} fraction @param {string} colour @param {number} alpha */
function drawBar({ context, camera }, ship, down, fraction, colour, alpha) {
  const width = Math.max(BAR_PX, 2 * camera.scale);
  const left = camera.screenX(ship.x) - width / 2;
  const top = camera.screenY(ship.y) + 1.9 * camera.scale - 2 + down;
  context.globalAlpha = 0.25 * alpha;
  context.fillStyle = WHITE;
  context.fillRect(left, top, width, BAR_HEIGHT_PX);
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(left, top, width * Math.min(1, Math.max(0, fraction)), BAR_HEIGHT_PX);
}

/** People's names are brighter than those of bots, and bear a mark.
 *  @param {Canvas} canvas @param {World} world */
function drawNames({ context, camera }, world) {
  context.textAlign = "center";
  context.textBaseline = "top";
  const below = 1.9 * camera.scale + 4;
  let left = 0;
  // One after the other: another font for each name is slow.
  for (const people of [false, true]) {
    if (people && left === 0) return;
    context.font = people ? PERSON_FONT : FONT;
    context.fillStyle = people ? WHITE : TEXT;
    context.globalAlpha = people ? 1 : 0.65;
    for (const ship of world.ships) {
      // The own ship needs no name.
      if (ship.player === world.self || !camera.sees(ship.x, ship.y, 3)) continue;
      const player = world.players.get(ship.player);
      if (!player?.name) continue;
      if (player.bot === people) {
        left += 1;
        continue;
      }
      const text = people ? PERSON_MARK + player.name : player.name;
      context.fillText(text, camera.screenX(ship.x), camera.screenY(ship.y) + below);
    }
  }
}
