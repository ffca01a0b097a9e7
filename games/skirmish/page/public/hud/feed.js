// @ts-check
// The feed: who destroyed whom with what, long streaks, people who join and leave, as a few lines that
// fade.
//
// It only shows; it counts nothing. hud.js calls it for each of these.

import { nameBox, nameTag, span, weaponMark } from "./marks.js";
import { element } from "../dom.js";
import { streakWords } from "./words.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {import("./arrivals.js").Line} Line */

const LINES_MAX = 6;
const LINE_MS = 6500;

export class Feed {
  constructor() {
    /** @private */
    this.list = element("feed");
  }

  clear() {
    this.list.replaceChildren();
  }

  /** @param {World} world @param {number} victim @param {number} killer @param {boolean} rail */
  kill(world, victim, killer, rail) {
    const line = document.createElement("li");
    if (victim === world.self || killer === world.self) line.className = "self";
    line.append(nameTag(world, killer), weaponMark(rail), nameTag(world, victim));
    this.add(line);
  }

  /** @param {World} world @param {number} player @param {number} kills without dying */
  streak(world, player, kills) {
    const line = document.createElement("li");
    line.append(nameTag(world, player), ` · ${streakWords(kills)}, ${kills} in a row`);
    this.add(line);
  }

  /** People who joined or left. @param {World} world @param {Line} arrival */
  presence(world, { what, people }) {
    const line = document.createElement("li");
    const [{ player, name }] = people;
    if (people.length > 1) line.append(String(people.length), span("what", `players ${what}`));
    else line.append(world.players.has(player) ? nameTag(world, player) : nameBox(name || "Nameless"), span("what", what));
    this.add(line);
  }

  /** @private @param {HTMLElement} line */
  add(line) {
    this.list.append(line);
    while (this.list.children.length > LINES_MAX) this.list.firstElementChild?.remove();
    setTimeout(() => line.remove(), LINE_MS);
  }
}
