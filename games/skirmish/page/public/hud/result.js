// @ts-check
// The result of a round: the winner, the own place and what was best about it, the table with the
// medals, and when the next round begins.
//
// It is shown beside the middle, since ships fly on, and can be closed. Screen readers read it once.
// Called by hud.js.

import { PastRounds, comparison } from "./past-rounds.js";
import { bestOf, isComplete, medalFor, medalsOf } from "./medals.js";
import { nameTag, nameText, playerColour, shipMark, span, teamMark } from "./marks.js";
import { LEFT } from "../world.js";
import { announce } from "./announce.js";
import { element } from "../dom.js";
import { ordinal, pointsText, shortlist, verdict } from "./words.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Result} Row */

/** By column: label, short label, and field.
 *  @type {[string, string, "score" | "kills" | "deaths" | "assists" | "streak"][]} */
const FIGURES = [
  ["Points", "Pts", "score"],
  ["Kills", "K", "kills"],
  ["Deaths", "D", "deaths"],
  ["Assists", "A", "assists"],
  ["Streak", "Best", "streak"],
];
/** Maximum rows, so that neither the own ship nor the touch sticks are covered. */
const ROWS = { wide: 12, upright: 8, short: 6, flat: 4 };
const UPRIGHT = "(max-width: 700px) and (min-height: 561px)";
const SHORT = "(max-width: 700px) and (max-height: 600px)";
const FLAT = "(max-height: 560px)";

export class ResultPanel {
  constructor() {
    /** @private */
    this.root = element("result");
    /** The round that it was opened for, and the one that the player closed. @private @type {number | null} */
    this.opened = null;
    /** @private */
    this.shown = "";
    /** @private */
    this.past = new PastRounds();
    /** @private */
    this.room = "";
    /** @private */
    this.flat = matchMedia(FLAT);
    /** @private */
    this.upright = matchMedia(UPRIGHT);
    /** @private */
    this.short = matchMedia(SHORT);
    element("result-close").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** @param {string} room */
  enter(room) {
    this.room = room;
    this.opened = null;
    this.close();
  }

  /** Closes it. Returns whether it was open. */
  close() {
    const open = this.isOpen;
    this.root.hidden = true;
    return open;
  }

  /** Returns whether it has just opened. @param {World} world
   *  @param {Map<number, number>} classes of the players, as far as known */
  draw(world, classes) {
    const { round, results } = world;
    if (!round || round.phase !== 1) {
      this.opened = null;
      this.close();
      return false;
    }
    // After a join the own team is known a moment later.
    if (results.length === 0 || !world.isAcquainted) return false;
    const opens = this.opened !== round.number;
    if (opens) {
      this.opened = round.number;
      this.shown = "";
      this.root.hidden = false;
      announce(spoken(world));
    }
    if (this.isOpen) this.fill(world, classes);
    return opens;
  }

  /** How many rows there is room for. @private */
  rows() {
    if (this.flat.matches) return ROWS.flat;
    if (this.short.matches) return ROWS.short;
    return this.upright.matches ? ROWS.upright : ROWS.wide;
  }

  /** @private @param {World} world @param {Map<number, number>} classes */
  fill(world, classes) {
    const left = world.secondsLeft();
    element("result-left").textContent = left === null ? "" : `${Math.max(0, Math.ceil(left))} s`;
    const most = this.rows();
    const rows = shortlist(world.results, most, (row) => row.player === world.self);
    // Many rows arrive over several snapshots.
    const state = JSON.stringify([most, world.playersVersion, [...classes.values()].join(""), rows]);
    if (state === this.shown) return;
    this.shown = state;
    const { text, tone, team } = judged(world);
    const title = element("result-title");
    title.replaceChildren(...(team ? [teamMark(team)] : []), text);
    this.root.dataset.tone = tone;
    element("result-teams").replaceChildren(...(world.isTeams ? teamPoints(world) : []));
    element("result-own").replaceChildren(...this.ownRound(world));
    element("result-head").replaceChildren(...headings());
    element("result-rows").replaceChildren(...rows.map((row) => tableRow(world, row, classes)));
    const more = world.results.length - rows.length;
    element("result-more").textContent = more > 0 ? `and ${more} more` : "";
  }

  /** The own place, what was best about it, and the round in comparison with those before.
   *  @private @param {World} world @returns {HTMLElement[]} */
  ownRound(world) {
    const { results, round } = world;
    const own = results.find((row) => row.player === world.self);
    if (!own || !round) return [];
    const past = this.past.note(`${this.room}/${round.number}`, own);
    const all = allRows(world);
    const medals = medalsOf(all, own);
    const place = span("standing", `${ordinal(own.place)} of ${playersOf(world)}, ${pointsText(own.score)}`);
    const praise = medals.length > 0 ? medals.map((medal) => span("medal", medal)) : [span("praise", bestOf(all, own))];
    return [place, ...praise, span("compared", comparison(own.score, past))].filter((part) => part.textContent !== "");
  }
}

/** How many players a result is about: of many players not all rows are sent, and who joins while it stands is
 *  in none. @param {Pick<World, "results" | "players" | "measures">} world */
export function playersOf({ results, players, measures }) {
  return isComplete(results, measures.results_max) ? results.length : Math.max(results.length, players.size);
}

/** All rows of a round; none if not all are known. @param {World} world */
function allRows({ results, measures }) {
  return isComplete(results, measures.results_max) ? results : [];
}

/** The winner. @param {World} world */
export function judged(world) {
  const rows = world.results.map(({ place, score, player }) => {
    const name = player === LEFT ? "Somebody who left" : nameText(world, player);
    return { place, score, name, own: player === world.self };
  });
  const teams = /** @type {[number, number] | null} */ (
    world.isTeams && world.round ? [world.round.team1, world.round.team2] : null
  );
  const ownTeam = world.self === null ? 0 : (world.players.get(world.self)?.team ?? 0);
  return verdict(rows, teams, ownTeam);
}

/** @param {World} world */
function spoken(world) {
  const own = world.results.find((row) => row.player === world.self);
  const place = own
    ? ` You are ${ordinal(own.place)} of ${playersOf(world)}, with ${pointsText(own.score)}.`
    : "";
  return `Round ${world.round?.number} is over. ${judged(world).text}.${place}`;
}

/** @param {World} world */
function teamPoints({ round }) {
  return [1, 2].map((team) => {
    const points = span(`team-${team}`, "");
    const value = team === 1 ? round?.team1 : round?.team2;
    points.append(teamMark(team), String(value ?? 0));
    return points;
  });
}

function headings() {
  const place = heading("Place", "#");
  place.className = "place";
  const name = heading("Player", "Player");
  name.className = "name";
  return [place, name, ...FIGURES.map(([word, short]) => heading(word, short))];
}

/** The label on wide screens, the short one on narrow ones. @param {string} word
 *  @param {string} short */
function heading(word, short) {
  const cell = document.createElement("th");
  cell.scope = "col";
  cell.title = word;
  cell.setAttribute("aria-label", word);
  cell.append(span("long", word), span("short", short));
  return cell;
}

/** @param {World} world @param {Row} row @param {Map<number, number>} classes */
function tableRow(world, row, classes) {
  const line = document.createElement("tr");
  if (row.player === world.self) line.className = "self";
  const player = world.players.get(row.player);
  const name = document.createElement("th");
  name.scope = "row";
  name.className = "name";
  if (row.player === LEFT) {
    name.append(span("left", "left"));
  } else {
    const mark = shipMark(classes.get(row.player));
    mark.style.color = playerColour(world, row.player);
    const team = player && player.team > 0 ? [teamMark(player.team)] : [];
    name.append(mark, ...team, nameTag(world, row.player));
    if (player?.bot) name.append(span("bot", "bot"));
  }
  const figures = FIGURES.map(([, , figure]) => medalCell(world, row, figure));
  line.append(cell(row.place, "place"), name, ...figures);
  return line;
}

/** @param {number} value @param {string} kind */
function cell(value, kind) {
  const element = document.createElement("td");
  element.className = kind;
  element.textContent = String(value);
  return element;
}

/** A figure, marked if it is the best of all. @param {World} world @param {Row} row
 *  @param {"score" | "kills" | "deaths" | "assists" | "streak"} figure */
function medalCell(world, row, figure) {
  const made = cell(row[figure], figure);
  const medal = medalFor(allRows(world), row, figure);
  if (medal === "") return made;
  made.classList.add("medal");
  made.title = medal;
  made.setAttribute("aria-label", `${row[figure]}, ${medal.toLowerCase()}`);
  return made;
}
