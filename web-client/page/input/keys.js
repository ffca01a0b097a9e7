// @ts-check
// The keyboard: which bound keys are held, how they turn the aim, and what is pressed once.
//
// It owns its listeners and which keys are down, whoever hears them: what is still down when the
// game goes on counts again. What a key means is settings.js's to know. Made and asked by
// controls.js.

import { byCode } from "./bindings.js";
import { Button } from "./buttons.js";

/** @typedef {import("./bindings.js").Action} Action */
/** @typedef {import("../settings.js").Settings} Settings */

/** @type {Partial<Record<Action, number>>} */
const BUTTONS = {
  up: Button.UP,
  left: Button.LEFT,
  down: Button.DOWN,
  right: Button.RIGHT,
  fire: Button.FIRE,
  rail: Button.RAIL,
};

/** How quickly the aim turns by keys, in radians a second: finely at first, then quickly. */
const TURN_FIRST = 1.4;
const TURN_MAX = 5.5;
/** After so long, in seconds. */
const TURN_RISE = 0.45;
/** The aim is asked for at each tick and frame: a longer gap is none that anybody turned in. */
const TURN_GAP_MAX = 0.1;

export class Keys {
  /**
   * @param {Settings} settings
   * @param {{ hears(): boolean, used(): void, turned(): void,
   *           pressed(action: Action): void }} owner
   */
  constructor(settings, owner) {
    this.owner = owner;
    /** @private */
    this.actions = byCode(settings.keys);
    /** Codes of the keys that are down. @private @type {Set<string>} */
    this.downs = new Set();
    /** For how long the aim has been turning, in seconds. @private */
    this.turning = 0;
    /** @private */
    this.turnedAt = 0;
    settings.onChange(() => (this.actions = byCode(settings.keys)));
    // Before a panel keeps it for itself.
    addEventListener("keydown", (event) => this.note(event), true);
    addEventListener("keyup", (event) => this.up(event), true);
    addEventListener("keydown", (event) => this.down(event));
  }

  buttons() {
    let buttons = 0;
    for (const action of this.held()) buttons |= BUTTONS[action] ?? 0;
    return buttons;
  }

  /** By how much the aim has turned since it was last asked. @param {number} now */
  turn(now) {
    const seconds = Math.min(TURN_GAP_MAX, Math.max(0, (now - this.turnedAt) / 1000));
    this.turnedAt = now;
    const actions = this.held();
    const way = Number(actions.includes("aimRight")) - Number(actions.includes("aimLeft"));
    if (way === 0) {
      this.turning = 0;
      return 0;
    }
    this.turning += seconds;
    const speed = TURN_FIRST + (TURN_MAX - TURN_FIRST) * Math.min(1, this.turning / TURN_RISE);
    return way * speed * seconds;
  }

  /** What is down may be let go without a word from now on. */
  forget() {
    this.downs.clear();
  }

  /** What is held. @private @returns {Action[]} */
  held() {
    if (!this.owner.hears()) return [];
    return [...this.downs].flatMap((code) => this.actions.get(code) ?? []);
  }

  /** @private @param {KeyboardEvent} event */
  note(event) {
    if (!isChord(event)) this.downs.add(event.code);
  }

  /** @private @param {KeyboardEvent} event */
  up(event) {
    this.downs.delete(event.code);
    // While this one is held, macOS tells of no other key that is let go.
    if (event.key === "Meta") this.forget();
  }

  /** @private @param {KeyboardEvent} event */
  down(event) {
    if (!this.owner.hears() || isChord(event)) return;
    const action = this.actions.get(event.code);
    if (!action) return;
    // A focused button is pressed by the space bar, and scrolling is for pages.
    event.preventDefault();
    if (event.repeat) return;
    this.owner.used();
    if (action === "aimLeft" || action === "aimRight") this.owner.turned();
    else if (!(action in BUTTONS)) this.owner.pressed(action);
  }
}

/** Whether a key is for the browser or the system. @param {KeyboardEvent} event */
function isChord({ ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey;
}
