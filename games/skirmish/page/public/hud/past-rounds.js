// @ts-check
// The own player's last round and best points, kept in the browser to compare a round with.
//
// It owns one JSON in the browser's storage; what is invalid there counts as unset. It shows nothing.
// result.js gives it each result once, or again after a reload.

import { pointsText } from "./words.js";

/** @typedef {import("../world.js").Result} Row */
/** @typedef {{ id: string, score: number, kills: number, deaths: number }} Past a finished round */
/** @typedef {{ last: Past | null, before: Past | null, best: number | null, bestBefore: number | null }} Kept
 *  `before` is the round before the last one, and `bestBefore` the most points until then */

const KEPT_AS = "tickwire.rounds";
/** The rules count no further. */
const COUNT_MAX = 99_999;

export class PastRounds {
  /**
   * Notes the own row of a round, and returns what to compare it with.
   * @param {string} id of the room and the round @param {Row} row
   * @returns {{ before: Past | null, best: number | null }} the round before, and the most points until then
   */
  note(id, { score, kills, deaths }) {
    const kept = read();
    const now = { id, score, kills, deaths };
    // The same result again; a restarted server gives the same number to another round.
    const { last } = kept;
    const isNoted = last !== null && last.id === id && last.score === score && last.kills === kills && last.deaths === deaths;
    if (isNoted) return { before: kept.before, best: kept.bestBefore };
    const best = Math.max(score, kept.best ?? score);
    write({ last: now, before: last, best, bestBefore: kept.best });
    return { before: last, best: kept.best };
  }
}

/** A round in comparison, in words; empty for the first one.
 *  @param {number} score @param {{ before: Past | null, best: number | null }} past */
export function comparison(score, { before, best }) {
  // Without a point in either there is nothing to be proud of.
  if (before === null || best === null || (score <= 0 && best <= 0)) return "";
  if (score > best) return `your best yet, ${best} before`;
  const more = score - before.score;
  const last = more === 0 ? "as many as last round" : `${pointsText(Math.abs(more))} ${more > 0 ? "more" : "fewer"} than last round`;
  return `${last}, your best is ${best}`;
}

/** @returns {Kept} */
function read() {
  /** @type {any} */
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(KEPT_AS) ?? "null");
  } catch {
    // As if nothing was kept.
  }
  return {
    last: past(kept?.last),
    before: past(kept?.before),
    best: isCount(kept?.best) ? kept.best : null,
    bestBefore: isCount(kept?.bestBefore) ? kept.bestBefore : null,
  };
}

/** @param {Kept} kept */
function write(kept) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(kept));
  } catch {
    // Without storage there is nothing to compare with.
  }
}

/** @param {any} value @returns {Past | null} */
function past(value) {
  const { id, score, kills, deaths } = value ?? {};
  const is = typeof id === "string" && [score, kills, deaths].every(isCount);
  return is ? { id, score, kills, deaths } : null;
}

/** @param {unknown} value @returns {value is number} */
function isCount(value) {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= COUNT_MAX;
}
