// @ts-check
// The keyboard: which bound keys are held, how they turn the aim, and single presses.
//
// It owns its listeners and tracks which keys are down even while a panel has the input: what is
// still down when the game goes on counts again. settings.js has the bindings. Made and polled by
// controls.js.

import { byCode } from "./bindings.js";
import { Button } from "./buttons.js";
import { finite } from "../finite.js";

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

/** How fast keys turn the aim, in radians a second: slowly at first, then fast. */
const TURN_FIRST = 1.4;
const TURN_MAX = 5.5;
/** The slow phase, in seconds. */
const TURN_RISE = 0.45;
/** The aim is polled at each tick and frame: a longer gap does not turn it. */
const TURN_GAP_MAX = 0.1;
/** A press turns the aim for at least this long, in seconds: one tick. */
const TURN_MIN = 1 / 30;

export class Keys {
  /**
   * @param {Settings} settings
   * @param {{ hears(): boolean, used(): void, turned(): void, changed(): void,
   *           pressed(action: Action): void, now(): number }} owner `now` in ms
   */
  constructor(settings, owner) {
    this.owner = owner;
    /** @private */
    this.actions = byCode(settings.keys);
    /** Codes of the keys that are down. @private @type {Set<string>} */
    this.downs = new Set();
    /** How long the aim has been turning, in seconds. @private */
    this.turning = 0;
    /** @private */
    this.turnedAt = 0;
    /** Which way it turns: 1, -1, or 0 for none. @private */
    this.way = 0;
    /** By how much it has turned since the last poll. @private */
    this.turned = 0;
    settings.onChange(() => (this.actions = byCode(settings.keys)));
    // Captured, so that a panel cannot hide it.
    addEventListener("keydown", (event) => this.note(event), true);
    addEventListener("keyup", (event) => this.up(event), true);
    addEventListener("keydown", (event) => this.down(event));
  }

  buttons() {
    let buttons = 0;
    for (const action of this.held()) buttons |= BUTTONS[action] ?? 0;
    return buttons;
  }

  /** By how much the aim has turned since the last call. @param {number} now */
  turn(now) {
    this.advance(now);
    const { turned } = this;
    this.turned = 0;
    return turned;
  }

  /** Drops all keys: their release may go unreported from now on. */
  forget() {
    this.change(() => this.downs.clear());
  }

  /** Turns the aim up to now by the keys that were down: a key may be released before the next poll.
   *  @private @param {number} now */
  advance(now) {
    const seconds = Math.min(TURN_GAP_MAX, Math.max(0, finite((now - this.turnedAt) / 1000)));
    this.turnedAt = finite(now, this.turnedAt);
    const speed = TURN_FIRST + (TURN_MAX - TURN_FIRST) * Math.min(1, this.turning / TURN_RISE);
    this.turned += this.way * speed * seconds;
    this.turning += seconds;
    const actions = this.held();
    const way = Number(actions.includes("aimRight")) - Number(actions.includes("aimLeft"));
    if (way === this.way) return;
    this.turned += this.way * TURN_FIRST * Math.max(0, TURN_MIN - this.turning);
    this.way = way;
    this.turning = 0;
  }

  /** Changes which keys are down. @private @param {() => void} act */
  change(act) {
    const now = this.owner.now();
    this.advance(now);
    act();
    this.advance(now);
    this.owner.changed();
  }

  /** What is held. @private @returns {Action[]} */
  held() {
    if (!this.owner.hears()) return [];
    return [...this.downs].flatMap((code) => this.actions.get(code) ?? []);
  }

  /** @private @param {KeyboardEvent} event */
  note(event) {
    if (!isChord(event) && !this.downs.has(event.code)) this.change(() => this.downs.add(event.code));
  }

  /** @private @param {KeyboardEvent} event */
  up(event) {
    if (this.downs.has(event.code)) this.change(() => this.downs.delete(event.code));
    // While this key is held, macOS reports no release of another.
    if (event.key === "Meta") this.forget();
  }

  /** @private @param {KeyboardEvent} event */
  down(event) {
    if (!this.owner.hears() || isChord(event)) return;
    const action = this.actions.get(event.code);
    if (!action) return;
    // The space bar would press a focused button, and arrow keys would scroll.
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
