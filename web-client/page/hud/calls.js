// @ts-check
// What is called out in the middle of the screen: points, pick-ups, streaks; short and soon gone.
//
// It shows what it is told and counts nothing. It says nothing to screen readers: it would never
// stop. Called by hud.js.

import { nameTag, span } from "./marks.js";
import { POINTS, pickupWords, signed, streakWords } from "./words.js";

/** @typedef {import("../world.js").World} World */

const GAINS_MAX = 3;
const GAIN_MS = 1800;
const STREAK_MS = 2000;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Calls {
  constructor() {
    /** @private */
    this.gains = part("gains");
    /** @private */
    this.streakBox = part("streak");
    /** @private */
    this.streakTimer = 0;
  }

  clear() {
    this.gains.replaceChildren();
    this.endStreak();
  }

  /** The own player destroyed another. @param {World} world @param {number} victim
   *  @param {boolean} isMate whether that was of its own team */
  kill(world, victim, isMate) {
    const points = span(isMate ? "loss" : "gain", signed(isMate ? POINTS.mate : POINTS.kill));
    this.add(points, nameTag(world, victim), ...(isMate ? [span("what", "team mate")] : []));
  }

  /** @param {World} world @param {number} victim whom another destroyed with our help */
  assist(world, victim) {
    this.add(span("gain", signed(POINTS.assist)), span("what", "assist"), nameTag(world, victim));
  }

  /** The own ship took something. @param {number} kind */
  take(kind) {
    const [what, does] = pickupWords(kind);
    this.add(span(`pickup pickup-${kind}`, what), span("what", does));
  }

  /** @param {World} world @param {number} player @param {number} kills without dying */
  streak(world, player, kills) {
    const own = player === world.self;
    const who = own ? span("name", "You") : nameTag(world, player);
    const line = document.createElement("small");
    line.append(who, ` · ${kills} in a row`);
    this.streakBox.replaceChildren(span("words", streakWords(kills)), line);
    this.streakBox.classList.toggle("self", own);
    this.streakBox.hidden = false;
    // Anew also when one follows on another.
    this.streakBox.style.animation = "none";
    void this.streakBox.offsetWidth;
    this.streakBox.style.animation = "";
    clearTimeout(this.streakTimer);
    this.streakTimer = setTimeout(() => this.endStreak(), STREAK_MS);
  }

  /** @private */
  endStreak() {
    this.streakBox.hidden = true;
  }

  /** @private @param {...Node} parts */
  add(...parts) {
    const line = document.createElement("li");
    line.append(...parts);
    this.gains.append(line);
    while (this.gains.children.length > GAINS_MAX) this.gains.firstElementChild?.remove();
    setTimeout(() => line.remove(), GAIN_MS);
  }
}
