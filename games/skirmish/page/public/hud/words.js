// @ts-check
// The HUD's texts: pure functions of numbers and names.
//
// It keeps nothing and does not touch the page. Used by everything in hud/ that writes a text.

/** @typedef {import("../types.js").Measures} Measures */
/** @typedef {"own" | "other" | "none"} Tone who it is good for */

/** The points of the rules; no event carries them, since the roster has the sums. */
export const POINTS = { kill: 2, assist: 1, mate: -2 };

/** Minimum kills in a row, and the text; the last reached one counts. @type {[number, string][]} */
const STREAKS = [
  [3, "On a streak"],
  [5, "Rampage"],
  [8, "Unstoppable"],
  [12, "Untouchable"],
  [20, "Legend"],
];

/** Minutes and seconds, rounded up. @param {number} seconds */
export function clockText(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** How soon the server closes. @param {number} seconds */
export function closingText(seconds) {
  if (seconds === 0) return "Server closes now.";
  return `Server closes in ${seconds < 60 ? `${seconds} s` : clockText(seconds)}.`;
}

/** The same to be heard, once. @param {number} seconds */
export function closingHeard(seconds) {
  const [count, unit] = seconds < 120 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return `The server closes in ${count} ${unit}${count === 1 ? "" : "s"}.`;
}

/** Whether a notice of the server says what the page counts down anyway: it is for clients that do not.
 *  @param {string} text */
export function isOfClosing(text) {
  return /^The server closes in \d+ (s|min)\.$/.test(text);
}

/** @param {number} kills in a row */
export function streakWords(kills) {
  return STREAKS.findLast(([from]) => kills >= from)?.[1] ?? "";
}

/** With its sign, and a minus as wide as a plus. @param {number} points */
export function signed(points) {
  return points < 0 ? `−${-points}` : `+${points}`;
}

/** @param {number} n */
export function ordinal(n) {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  return n + (teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th"));
}

/** @param {number} points */
export function pointsText(points) {
  return Math.abs(points) === 1 ? `${points} point` : `${points} points`;
}

/** A name isolated from the surrounding text's direction, as `<bdi>` does.
 *  @param {string} name */
function apart(name) {
  return `\u2068${name}\u2069`;
}

/** @param {string[]} names at least one */
export function listed(names) {
  return names.length < 3
    ? names.join(" and ")
    : `${names.length} players`;
}

/**
 * The first rows that fit; the last is the own one if it is not among them.
 * @template T @param {T[]} rows @param {number} most @param {(row: T) => boolean} isOwn
 */
export function shortlist(rows, most, isOwn) {
  const shown = rows.slice(0, most);
  const own = rows.findIndex(isOwn);
  if (own >= most && most > 0) shown[most - 1] = rows[own];
  return shown;
}

/**
 * The winner, in a line.
 * @param {{ place: number, score: number, name: string, own: boolean }[]} rows by rising place
 * @param {[number, number] | null} teams the points of both, if there are teams
 * @param {number} ownTeam 0 for none
 * @returns {{ text: string, tone: Tone, team: number }}
 */
export function verdict(rows, teams, ownTeam) {
  if (teams) {
    const [one, two] = teams;
    if (one === two) return { text: "A draw", tone: "none", team: 0 };
    const team = one > two ? 1 : 2;
    if (team === ownTeam) return { text: "Your team wins", tone: "own", team };
    return { text: `Team ${team} wins`, tone: "other", team };
  }
  const best = rows.filter((row) => row.place === 1);
  // A round without points has no winner.
  if (best.length === 0 || best[0].score <= 0) return { text: "Nobody wins", tone: "none", team: 0 };
  const own = best.some((row) => row.own);
  if (best.length === 1) {
    return { text: own ? "You win" : `${apart(best[0].name)} wins`, tone: own ? "own" : "other", team: 0 };
  }
  // "You" comes first.
  const names = best.filter((row) => !row.own).map((row) => apart(row.name));
  const text = own ? `You and ${listed(names)} tie` : `${listed(names)} tie`;
  return { text, tone: own ? "own" : "none", team: 0 };
}
