// @ts-check
// The player's settings: name, ship, keys, sound, graphics.
//
// It owns these values, stores them in the browser as one JSON, and notifies its listeners of every
// change; invalid or unknown stored values count as unset. It applies none of them. Made by main.js;
// changed by the start overlay, hud/settings.js, hud/next-ship.js, hud/hints.js,
// hud/connection.js, hud/network-offer.js, sound.js and
// input.js.

import { CLASS_COUNT } from "./input/buttons.js";
import { calm } from "./motion.js";
import { USUAL as USUAL_KEYS, read as readKeys } from "./input/bindings.js";

/**
 * @typedef {import("./input/bindings.js").Bindings} Bindings
 * @typedef {"auto" | "high" | "low"} Quality
 * @typedef {{ volume: number, muted: boolean }} Sound volume from 0 to 1
 * @typedef {{ move: boolean, fire: boolean, rail: boolean, network: boolean }} Learned
 *
 * @typedef {object} Values
 * @property {string} name empty until one is chosen
 * @property {number} ship class of the next ship
 * @property {Bindings} keys
 * @property {Sound} sound
 * @property {Quality} quality of the picture
 * @property {boolean | null} shake whether hits shake the picture; null for the system's preference
 * @property {boolean} damageNumbers whether own hits show their damage
 * @property {boolean} leftHanded whether the left thumb aims
 * @property {boolean} unfolded whether all figures of the connection show
 * @property {Learned} learned what needs no hint any more
 */

const KEPT_AS = "tickwire.settings";
export const NAME_MAX = 20;
/** @type {Quality[]} */
export const QUALITIES = ["auto", "high", "low"];

/** @returns {Values} */
function usual() {
  return {
    name: "",
    ship: 1,
    keys: readKeys(USUAL_KEYS),
    sound: { volume: 0.7, muted: false },
    quality: "auto",
    shake: null,
    damageNumbers: true,
    leftHanded: false,
    unfolded: false,
    learned: { move: false, fire: false, rail: false, network: false },
  };
}

export class Settings {
  constructor() {
    /** @private */
    this.values = read(stored());
    /** @private @type {Set<(settings: Settings) => void>} */
    this.listeners = new Set();
    /** Whether this tab's ship is its own. @private */
    this.keepsShip = false;
    // All tabs share the settings. A missing key means that the storage was cleared.
    addEventListener("storage", (event) => {
      if (event.key !== KEPT_AS && event.key !== null) return;
      const { ship } = this.values;
      this.values = read(stored());
      if (this.keepsShip) this.values.ship = ship;
      this.notify();
    });
    calm.addEventListener("change", () => this.notify());
  }

  get name() {
    return this.values.name;
  }

  get ship() {
    return this.values.ship;
  }

  get keys() {
    return this.values.keys;
  }

  get sound() {
    return this.values.sound;
  }

  get quality() {
    return this.values.quality;
  }

  get shake() {
    return this.values.shake ?? !calm.matches;
  }

  get damageNumbers() {
    return this.values.damageNumbers;
  }

  get leftHanded() {
    return this.values.leftHanded;
  }

  get unfolded() {
    return this.values.unfolded;
  }

  get learned() {
    return this.values.learned;
  }

  /** Sets some values and stores all. @param {Partial<Values>} wanted */
  change(wanted) {
    this.values = read({ ...this.values, ...wanted });
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(this.values));
    } catch {
      // Without storage the settings last as long as the page.
    }
    this.notify();
  }

  /** From now on no other tab changes this one's ship, since somebody flies it. */
  keepShip() {
    this.keepsShip = true;
  }

  /** Resets input, graphics and sound; keeps name, ship, learned hints and what is unfolded. */
  reset() {
    const { name, ship, learned, unfolded } = this.values;
    this.change({ ...usual(), name, ship, learned, unfolded });
  }

  /** Calls a listener at every change from now on.
   *  @param {(settings: Settings) => void} listener */
  onChange(listener) {
    this.listeners.add(listener);
  }

  /** @private */
  notify() {
    for (const listener of this.listeners) listener(this);
  }
}

/** Reads stored values; invalid ones get their default. @param {unknown} stored @returns {Values} */
function read(stored) {
  const asked = record(stored);
  const { sound, learned, ...rest } = usual();
  const { volume } = record(asked.sound);
  return {
    name: typeof asked.name === "string" ? first(asked.name, NAME_MAX) : rest.name,
    ship: isShip(asked.ship) ? asked.ship : rest.ship,
    keys: readKeys(asked.keys),
    sound: {
      volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : sound.volume,
      muted: flag(record(asked.sound).muted, sound.muted),
    },
    quality: QUALITIES.find((quality) => quality === asked.quality) ?? rest.quality,
    shake: typeof asked.shake === "boolean" ? asked.shake : rest.shake,
    damageNumbers: flag(asked.damageNumbers, rest.damageNumbers),
    leftHanded: flag(asked.leftHanded, rest.leftHanded),
    unfolded: flag(asked.unfolded, rest.unfolded),
    learned: {
      move: flag(record(asked.learned).move, learned.move),
      fire: flag(record(asked.learned).fire, learned.fire),
      rail: flag(record(asked.learned).rail, learned.rail),
      network: flag(record(asked.learned).network, learned.network),
    },
  };
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function record(value) {
  const is = value !== null && typeof value === "object";
  return is ? /** @type {Record<string, unknown>} */ (value) : {};
}

/** @param {unknown} value @returns {value is number} */
function isShip(value) {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < CLASS_COUNT;
}

/** @param {unknown} value @param {boolean} otherwise */
function flag(value, otherwise) {
  return typeof value === "boolean" ? value : otherwise;
}

/** The first characters of a text, none of them cut in half. @param {string} text
 *  @param {number} most */
export function first(text, most) {
  return [...text].slice(0, most).join("");
}

/** @returns {unknown} */
function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? "null");
  } catch {
    return null;
  }
}
