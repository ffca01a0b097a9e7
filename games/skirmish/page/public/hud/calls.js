// @ts-check
// Short announcements in the middle of the screen: points, pick-ups, streaks, rounds.
//
// It only shows; it counts nothing. Screen readers skip it, since it changes all the time. Called by
// hud.js.

import { PICKUPS } from "../thresholds.js";
import { nameTag, span } from "./marks.js";
import { element } from "../dom.js";
import { POINTS, signed, streakWords } from "./words.js";

/** @typedef {import("../world.js").World} World */

const GAINS_MAX = 3;
const GAIN_MS = 1800;
const LARGE_MS = 2000;

export class Calls {
  constructor() {
    /** @private */
    this.gains = element("gains");
    /** @private */
    this.large = element("large");
    /** @private */
    this.timer = 0;
  }

  clear() {
    this.gains.replaceChildren();
    this.fall();
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

  /** The own ship took a pick-up. @param {number} kind */
  take(kind) {
    const { name, does } = PICKUPS[kind] ?? { name: "Pick-up", does: "" };
    this.add(span(`pickup pickup-${kind}`, name), span("what", does));
  }

  /** The own player's streak. @param {number} kills without dying */
  streak(kills) {
    this.announce(streakWords(kills), true, `${kills} in a row`);
  }

  /** In large letters. @param {string} words @param {boolean} own whether it is the own player's
   *  @param {...(Node | string)} small what is shown under them */
  announce(words, own, ...small) {
    const line = document.createElement("small");
    line.append(...small);
    this.large.replaceChildren(span("words", words), line);
    this.large.classList.toggle("self", own);
    this.large.hidden = false;
    // Restart the animation even if one is running.
    this.large.style.animation = "none";
    void this.large.offsetWidth;
    this.large.style.animation = "";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fall(), LARGE_MS);
  }

  /** @private */
  fall() {
    this.large.hidden = true;
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
