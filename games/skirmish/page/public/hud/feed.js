// @ts-check
// Who destroyed whom and with what, and who goes on doing so: a few lines that fade.
//
// It shows what it is told and counts nothing. Called by hud.js for each kill and long streak.

import { nameTag, weaponMark } from "./marks.js";
import { element } from "../dom.js";
import { streakWords } from "./words.js";

/** @typedef {import("../world.js").World} World */

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

  /** @private @param {HTMLElement} line */
  add(line) {
    this.list.append(line);
    while (this.list.children.length > LINES_MAX) this.list.firstElementChild?.remove();
    setTimeout(() => line.remove(), LINE_MS);
  }
}
