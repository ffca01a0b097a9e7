// @ts-check
// The round at the top of the screen: its time, its number, the teams' points.
//
// It shows the round's row; it has no countdown of its own. Called by hud.js.

import { teamMark } from "./marks.js";
import { element } from "../dom.js";
import { clockText } from "./words.js";

/** @typedef {import("../world.js").World} World */

const URGENT_SECONDS = 10;

export class RoundClock {
  constructor() {
    /** @private */
    this.root = element("round");
    /** @private */
    this.shown = "";
    for (const team of [1, 2]) element(`team-${team}`).prepend(teamMark(team));
  }

  enter() {
    this.root.hidden = true;
    this.shown = "";
  }

  /** @param {World} world */
  draw(world) {
    const { round, isTeams } = world;
    const left = world.secondsLeft();
    const ownTeam = world.self === null ? 0 : (world.players.get(world.self)?.team ?? 0);
    const clock = left === null ? "" : clockText(left);
    const over = round?.phase === 1;
    const state = [round?.number, over, clock, round?.team1, round?.team2, ownTeam, isTeams].join();
    if (state === this.shown) return;
    this.shown = state;
    this.root.hidden = !round || (left === null && !isTeams);
    if (!round) return;
    element("clock").hidden = left === null;
    element("clock").textContent = clock;
    element("round-number").textContent = over ? "next round" : `round ${round.number}`;
    this.root.classList.toggle("urgent", !over && left !== null && left <= URGENT_SECONDS);
    this.root.classList.toggle("teams", isTeams);
    for (const team of /** @type {const} */ ([1, 2])) {
      element(`team-${team}`).hidden = !isTeams;
      element(`team-${team}`).classList.toggle("self", team === ownTeam);
      element(`team-${team}-points`).textContent = String(round[`team${team}`]);
    }
  }
}
