// @ts-check
// Who destroyed whom and with what: a few lines that fade.
//
// It shows what it is told and counts nothing. Called by hud.js for each kill.

import { nameTag, weaponMark } from "./marks.js";

/** @typedef {import("../world.js").World} World */

const LINES_MAX = 6;
const LINE_MS = 6500;

export class Feed {
  constructor() {
    /** @private */
    this.list = /** @type {HTMLElement} */ (document.getElementById("feed"));
  }

  clear() {
    this.list.replaceChildren();
  }

  /** @param {World} world @param {number} victim @param {number} killer @param {boolean} rail */
  kill(world, victim, killer, rail) {
    const line = document.createElement("li");
    if (victim === world.self || killer === world.self) line.className = "self";
    line.append(nameTag(world, killer), weaponMark(rail), nameTag(world, victim));
    this.list.append(line);
    while (this.list.children.length > LINES_MAX) this.list.firstElementChild?.remove();
    setTimeout(() => line.remove(), LINE_MS);
  }
}
