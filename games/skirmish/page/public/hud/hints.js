// @ts-check
// Hints for the controls, shown once: around the own ship for keyboard, mouse and gamepad, at the
// sticks for touch.
//
// One lesson at a time: move, aim and fire, charge the rail. The rail's waits until no fight leaves it
// unread: for a lull, or for the time without a ship. A lesson ends when the player has done it for a
// while or has seen the hint for long enough; settings.js stores that. It takes no input and blocks
// nothing. Called by input.js in each frame.

import { Button, MOVE } from "../input/buttons.js";
import { labelOf } from "../input/labels.js";
import { Lull } from "./lull.js";
import { element } from "../dom.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../input/controls.js").Controls} Controls */
/** @typedef {import("../types.js").Own} Own */
/** @typedef {"move" | "fire" | "rail"} Lesson */

const LESSONS = /** @type {Lesson[]} */ (["move", "fire", "rail"]);
/** A lesson is learned after doing it for this long, in seconds. */
const DONE_SECONDS = { move: 0.5, fire: 0.4, rail: 0.05 };
/** Maximum time for which a hint is shown, in seconds of flight. */
const SHOWN_MAX_SECONDS = 20;

export class Hints {
  /** @param {Settings} settings @param {Controls} controls */
  constructor(settings, controls) {
    this.settings = settings;
    this.controls = controls;
    this.root = element("hints");
    /** The line of the card that is shown without a ship. @private */
    this.line = element("death-hint");
    /** @private */
    this.lull = new Lull();
    /** How long each was done, and shown, in seconds. @private */
    this.done = { move: 0, fire: 0, rail: 0 };
    /** @private */
    this.shownFor = { move: 0, fire: 0, rail: 0 };
    /** @private */
    this.shown = "";
    settings.onChange(() => (this.shown = ""));
  }

  /**
   * @param {Own | null} own @param {number} buttons that are held
   * @param {number} x where the own ship is on the screen, in CSS pixels @param {number} y
   * @param {number} seconds since the last frame
   */
  draw(own, buttons, x, y, seconds) {
    const flies = own !== null && own.respawn_ticks === null;
    const hasTime = this.lull.note(flies ? own : null, (buttons & Button.FIRE) !== 0, seconds);
    const lesson = flies ? this.lesson(own, buttons, hasTime, seconds) : null;
    this.drawLine(own !== null && !flies && own.ship !== 0, seconds);
    if (this.root.hidden !== (lesson === null)) this.root.hidden = lesson === null;
    if (document.body.dataset.hint !== (lesson ?? "")) document.body.dataset.hint = lesson ?? "";
    if (lesson === null) return;
    const { device } = this.controls;
    if (device !== "touch") this.root.style.transform = `translate(${x}px, ${y}px)`;
    if (this.shown === `${lesson} ${device}`) return;
    this.shown = `${lesson} ${device}`;
    this.root.replaceChildren(...this.caps(lesson));
  }

  /** The rail's lesson while the player waits for a ship. @private @param {boolean} waits
   *  @param {number} seconds */
  drawLine(waits, seconds) {
    const shows = waits && this.next() === "rail";
    if (shows) this.shownFor.rail += seconds;
    if (this.line.hidden === !shows) return;
    this.line.hidden = !shows;
    if (shows) this.line.textContent = railWords(this.controls.device, this.settings.keys.rail[0]);
  }

  /** The first lesson that is not learned. @private */
  next() {
    return LESSONS.find((lesson) => !this.settings.learned[lesson]);
  }

  /** The lesson to show now, if any. @private @param {Own} own @param {number} buttons
   *  @param {boolean} hasTime @param {number} seconds @returns {Lesson | null} */
  lesson(own, buttons, hasTime, seconds) {
    const { learned } = this.settings;
    const does = {
      move: (buttons & MOVE) !== 0,
      fire: (buttons & Button.FIRE) !== 0,
      rail: own.charge >= 1,
    };
    const next = this.next();
    if (!next) return null;
    const shows = next !== "rail" || hasTime || own.charge > 0;
    if (shows) this.shownFor[next] += seconds;
    const known = { ...learned };
    for (const lesson of LESSONS) {
      if (does[lesson]) this.done[lesson] += seconds;
      known[lesson] ||= this.done[lesson] >= DONE_SECONDS[lesson];
    }
    known[next] ||= this.shownFor[next] > SHOWN_MAX_SECONDS;
    if (LESSONS.some((lesson) => known[lesson] !== learned[lesson])) {
      this.settings.change({ learned: known });
    }
    return shows ? next : null;
  }

  /** Key caps for a lesson. @private @param {Lesson} lesson @returns {HTMLElement[]} */
  caps(lesson) {
    const { device } = this.controls;
    const { keys } = this.settings;
    if (device === "touch") return [];
    if (device === "gamepad") return GAMEPAD[lesson].map(([where, text]) => cap(where, text));
    if (lesson === "move") {
      const ways = /** @type {const} */ (["up", "left", "down", "right"]);
      return ways.map((way) => cap(way, labelOf(keys[way][0])));
    }
    return [mouse(lesson), cap("beside", labelOf(keys[lesson][0])), cap("note", NOTES[lesson])];
  }
}

const NOTES = { fire: "aim, fire", rail: "Rail: hold, let go" };

/** @param {Controls["device"]} device @param {string | null} key its code; null for none */
export function railWords(device, key) {
  const held = {
    touch: "its button",
    gamepad: "LT",
    keys: key === null ? "the right mouse button" : `the right mouse button or ${labelOf(key)}`,
  };
  return `Rail: hold ${held[device]}, let go to fire`;
}

/** @type {Record<Lesson, [where: string, text: string][]>} */
const GAMEPAD = {
  move: [["stick beside left-one", "L"]],
  fire: [["stick beside", "R"], ["beside second", "RT"], ["note", NOTES.fire]],
  rail: [["beside", "LT"], ["note", NOTES.rail]],
};

/** @param {string} where @param {string} text */
function cap(where, text) {
  const element = document.createElement(where === "note" ? "span" : "kbd");
  element.className = where;
  element.textContent = text;
  return element;
}

/** A mouse with the lesson's button lit. @param {Lesson} lesson */
function mouse(lesson) {
  const element = document.createElement("span");
  element.className = `mouse ${lesson}`;
  return element;
}
