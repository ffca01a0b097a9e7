// @ts-check
// The colours: one warm accent for the own player, cool hues for all others.
//
// The hues differ in lightness as well as in hue, and ships also bear marks (ships.js), so that
// nobody has to tell two colours apart to play. Used by everything that draws.

export const SELF = "#ffb454";
export const DANGER = "#ff6b6b";
export const BACKGROUND = "#060a13";
export const OUTSIDE = "#03050a";
export const TEXT = "#c9d6ea";

/** For others, by player. */
const COOL = [
  "#5cd6ff",
  "#8f9bff",
  "#4fe0b5",
  "#c7a6ff",
  "#3f9dff",
  "#a6e9ff",
  "#6f7dff",
  "#9af0cf",
];

/** @param {number} player @param {number | null} self */
export function colourOf(player, self) {
  return player === self ? SELF : COOL[player % COOL.length];
}

/** All colours there are, so that drawing can go by colour. @param {number | null} self
 *  @param {number} player */
export function colourIndex(player, self) {
  return player === self ? COOL.length : player % COOL.length;
}

/** In the order of {@link colourIndex}. */
export const ALL = [...COOL, SELF];

/** A colour of the palette with an alpha. @param {string} colour @param {number} alpha */
export function faded(colour, alpha) {
  const byte = Math.round(255 * Math.min(1, Math.max(0, alpha)));
  return colour + byte.toString(16).padStart(2, "0");
}
