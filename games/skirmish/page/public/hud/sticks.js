// @ts-check
// The touch sticks and the rail's button, drawn at the thumbs, or where these would best be.
//
// It shows the state of input/touch.js and changes the page only when that changes. Called by input.js
// in each frame.

import { REACH_PX } from "../input/touch.js";
import { element } from "../dom.js";

/** @typedef {import("../input/touch.js").Touch} Touch */
/** @typedef {import("../input/touch.js").Finger} Finger */
/** @typedef {import("../settings.js").Settings} Settings */

const STICKS = /** @type {const} */ (["move", "aim"]);

export class Sticks {
  /** @param {Touch} touch @param {Settings} settings */
  constructor(touch, settings) {
    this.touch = touch;
    this.root = element("sticks");
    this.rail = element("rail");
    /** What is shown, so that only changes touch the page. @private
     *  @type {Record<string, string>} */
    this.shown = {};
    const side = () => document.body.classList.toggle("left-handed", settings.leftHanded);
    settings.onChange(side);
    side();
  }

  /** @param {boolean} isPlayer */
  setPlaying(isPlayer) {
    this.root.hidden = !isPlayer;
  }

  /** @param {number} charge of the rail, from 0 to 1 */
  draw(charge) {
    for (const use of STICKS) this.drawStick(use, this.touch.fingers[use]);
    this.rail.classList.toggle("held", this.touch.fingers.rail !== null);
    this.set("rail", charge.toFixed(2), (text) => this.rail.style.setProperty("--charge", text));
  }

  /** @private @param {"move" | "aim"} use @param {Finger | null} finger */
  drawStick(use, finger) {
    const stick = /** @type {HTMLElement} */ (this.root.querySelector(`.${use}`));
    const knob = /** @type {HTMLElement} */ (stick.firstElementChild);
    stick.classList.toggle("held", finger !== null);
    stick.classList.toggle("out", finger?.isOut ?? false);
    const base = finger ? `translate(${finger.fromX}px, ${finger.fromY}px)` : "";
    this.set(`${use} base`, base, (text) => (stick.style.transform = text));
    const way = finger ? knobAt(finger) : "";
    this.set(`${use} knob`, way, (text) => (knob.style.transform = text));
  }

  /** @private @param {string} key @param {string} text @param {(text: string) => void} put */
  set(key, text, put) {
    if (this.shown[key] === text) return;
    this.shown[key] = text;
    put(text);
  }
}

/** @param {Finger} finger */
function knobAt({ fromX, fromY, x, y }) {
  const length = Math.max(1, Math.hypot(x - fromX, y - fromY) / REACH_PX);
  return `translate(${(x - fromX) / length}px, ${(y - fromY) / length}px)`;
}
