// @ts-check
// The colours: one warm accent for the own player, cool hues for all others, red for danger alone.
//
// The hues differ in lightness as well as in hue, and ships also bear marks (silhouettes.js), so
// that no one needs to distinguish two colours to play. The two teams are a dark blue and a pale
// green: with any colour blindness one is dark and the other light, and neither is the amber of the
// own ship. Used by everything that draws.

/** @typedef {import("../world.js").World} World */

export const SELF = "#ffb454";
export const DANGER = "#ff6b6b";
export const BACKGROUND = "#060a13";
export const OUTSIDE = "#03050a";
export const TEXT = "#c9d6ea";
export const WHITE = "#ffffff";
export const SHIELD = "#9fd8ff";
export const OVERCHARGE = "#c58bff";
/** What the server sent last: no ship, shot or team has this hue. */
export const GHOST = "#ff8ee0";
/** Of pick-ups, in the order of their kinds. */
export const KINDS = ["#5ff0b0", SHIELD, OVERCHARGE];
/** Of teams 1 and 2; team 0 is none. */
export const TEAMS = ["", "#4a90ff", "#b4ff9e"];

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

/** In the order of {@link colourIndex}. */
export const ALL = [...COOL, TEAMS[1], TEAMS[2], SELF];

/** @param {number} player @param {number | null} self
 *  @param {number} [team] 0 where there are none */
export function colourOf(player, self, team = 0) {
  return ALL[colourIndex(player, self, team)];
}

/** Index of a player's colour, so that painters can batch by colour. @param {number} player
 *  @param {number | null} self @param {number} [team] */
export function colourIndex(player, self, team = 0) {
  if (player === self) return ALL.length - 1;
  return team > 0 ? COOL.length + Math.min(2, team) - 1 : player % COOL.length;
}

/** @param {World} world @param {number} player */
export function indexIn(world, player) {
  return colourIndex(player, world.self, world.players.get(player)?.team);
}

/** @param {World} world @param {number} player */
export function colourIn(world, player) {
  return ALL[indexIn(world, player)];
}

/** A colour of the palette with an alpha. @param {string} colour @param {number} alpha */
export function faded(colour, alpha) {
  const byte = Math.round(255 * Math.min(1, Math.max(0, alpha)));
  return colour + byte.toString(16).padStart(2, "0");
}

/** An opaque colour with another over it. @param {string} under @param {string} over @param {number} alpha */
export function blended(under, over, alpha) {
  const mixed = [1, 3, 5].map((at) => {
    const [below, above] = [under, over].map((colour) => parseInt(colour.slice(at, at + 2), 16));
    return Math.round(below + (above - below) * alpha);
  });
  return "#" + mixed.map((part) => part.toString(16).padStart(2, "0")).join("");
}
