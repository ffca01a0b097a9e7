// @ts-check
// What players of a round did best: a medal for the best of each figure, and the own player's best one.
//
// Pure functions of the rows of a result. Used by result.js.

import { ordinal } from "./words.js";

/** @typedef {import("../world.js").Result} Row */
/** @typedef {"kills" | "assists" | "streak" | "deaths"} Figure */

/** By figure: its medal, and its name after a place; of equal ones the first counts.
 *  @type {Record<Figure, [medal: string, name: string]>} */
const NAMES = {
  kills: ["Most kills", "in kills"],
  streak: ["Longest streak", "in streaks"],
  assists: ["Most assists", "in assists"],
  deaths: ["Fewest deaths", "in staying alive"],
};
const FIGURES = /** @type {Figure[]} */ (Object.keys(NAMES));
/** What more players share is nobody's medal, and nobody's best. */
const SHARED_MAX = 2;
/** Whether all rows of a round are known, so that one can be the best of all: of more players the server sends
 *  the first ones and the own one. @param {readonly Row[]} results @param {number} rowsMax by the rules */
export function isComplete(results, rowsMax) {
  return results.length < rowsMax;
}

/** The medal of a row for one of its figures; empty for none.
 *  @param {readonly Row[]} results all of a round, or none @param {Row} row @param {string} figure */
export function medalFor(results, row, figure) {
  if (results.length < 2 || !isFigure(figure) || !counts(row, figure)) return "";
  return isOwn(results, row, figure) && ahead(results, row, figure) === 0 ? NAMES[figure][0] : "";
}

/** The medals of a row. @param {readonly Row[]} results all of a round, or none @param {Row} row @returns {string[]} */
export function medalsOf(results, row) {
  return FIGURES.map((figure) => medalFor(results, row, figure)).filter((medal) => medal !== "");
}

/** What a row did best in comparison with the others, in words; empty if nothing can be said.
 *  @param {readonly Row[]} results all of a round, or none @param {Row} row */
export function bestOf(results, row) {
  if (results.length < 2) return "";
  const known = FIGURES.filter((figure) => counts(row, figure) && isOwn(results, row, figure));
  const places = known.map((figure) => ahead(results, row, figure) + 1);
  const best = Math.min(...places);
  // In the lower half nothing is to be praised.
  if (best > Math.ceil(results.length / 2)) return "";
  return `${ordinal(best)} ${NAMES[known[places.indexOf(best)]][1]}`;
}

/** @param {string} figure @returns {figure is Figure} */
function isFigure(figure) {
  return figure in NAMES;
}

/** Whether a figure says something: who did nothing did not die either. @param {Row} row
 *  @param {Figure} figure */
function counts(row, figure) {
  return figure === "deaths" ? row.kills + row.assists > 0 : row[figure] > 0;
}

/** Whether hardly anybody shares a figure. @param {readonly Row[]} results @param {Row} row
 *  @param {Figure} figure */
function isOwn(results, row, figure) {
  const equal = results.filter((other) => counts(other, figure) && other[figure] === row[figure]);
  return equal.length <= SHARED_MAX;
}

/** How many are better. @param {readonly Row[]} results @param {Row} row @param {Figure} figure */
function ahead(results, row, figure) {
  const sign = figure === "deaths" ? -1 : 1;
  return results.filter((other) => counts(other, figure) && sign * other[figure] > sign * row[figure]).length;
}
