// @ts-check
// The HUD's icons: ships by class, teams, weapons; and names in their players' colours.
//
// It makes elements and keeps none. Shapes repeat what colours say, and each has a label for screen
// readers. Used by everything in hud/.

import { colourIn } from "../draw/palette.js";
import { silhouetteOf } from "../draw/silhouettes.js";

/** @typedef {import("../world.js").World} World */

const SVG = "http://www.w3.org/2000/svg";

/** By team, as over the ships: a bow, a roof. */
const TEAMS = ["", "M2.5 9.5a5.5 6 0 0 1 11 0", "M2.5 9.5 8 2.5l5.5 7"];
const BOLT = "M1 6h4M6.5 6h8M11 3.2 14.5 6 11 8.8";
const RAIL = "M1 4.6h14M1 7.4h14M5 2v8M11 2v8";

/** @param {string} kind @param {string} text */
export function span(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}

/** @param {number | undefined} index of a class; what is not known is left blank */
export function shipMark(index) {
  const lines = index === undefined ? "" : `M${silhouetteOf(index).corners.join("L")}Z`;
  const mark = drawing("ship-mark", lines, "");
  // In the picture's units, bow to the right.
  mark.setAttribute("viewBox", "-1.5 -1.15 3.2 2.3");
  return mark;
}

/** @param {number} team 1 or 2 */
export function teamMark(team) {
  return drawing(`team-mark team-${team}`, TEAMS[team] ?? "", `Team ${team}`);
}

/** @param {boolean} rail */
export function weaponMark(rail) {
  return drawing("weapon-mark", rail ? RAIL : BOLT, rail ? "by rail" : "by bolt");
}

/** @param {World} world @param {number} player */
export function nameText(world, player) {
  return world.nameOf(player) || "Nameless";
}

/** @param {World} world @param {number} player */
export function playerColour(world, player) {
  return colourIn(world, player);
}

/** A name, isolated so that right-to-left text does not reorder its neighbours.
 *  @param {string} text */
export function nameBox(text) {
  const element = document.createElement("bdi");
  element.className = "name";
  element.textContent = text;
  return element;
}

/** A name in its player's colour. @param {World} world @param {number} player */
export function nameTag(world, player) {
  const element = nameBox(nameText(world, player));
  element.style.color = playerColour(world, player);
  return element;
}

/** Thin lines, in the text's colour. @param {string} kind @param {string} lines
 *  @param {string} word label for screen readers; empty for none */
function drawing(kind, lines, word) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 12");
  svg.setAttribute("class", kind);
  if (word) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", word);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", lines);
  svg.append(path);
  return svg;
}
