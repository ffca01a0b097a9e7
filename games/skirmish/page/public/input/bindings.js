// @ts-check
// Key bindings, by position on the keyboard, so that WASD is a cross on every layout.
//
// It owns the actions, their default keys, and the rules for changing them, as pure functions. It has
// no listeners and no state: keys.js and settings.js have.

/**
 * @typedef {"up" | "left" | "down" | "right" | "fire" | "rail" | "aimLeft" | "aimRight" |
 *           "ship1" | "ship2" | "ship3" | "settings"} Action
 * @typedef {Record<Action, (string | null)[]>} Bindings by action, codes of keys in its two slots
 */

export const SLOTS = 2;

/** Every action with its label, in the order of the settings panel.
 *  @type {Record<Action, string>} */
export const ACTIONS = {
  up: "Up",
  left: "Left",
  down: "Down",
  right: "Right",
  fire: "Fire",
  rail: "Charge rail",
  aimLeft: "Turn aim left",
  aimRight: "Turn aim right",
  ship1: "Next ship 1",
  ship2: "Next ship 2",
  ship3: "Next ship 3",
  settings: "Settings",
};

/** @type {Bindings} */
export const USUAL = {
  up: ["KeyW", "ArrowUp"],
  left: ["KeyA", "ArrowLeft"],
  down: ["KeyS", "ArrowDown"],
  right: ["KeyD", "ArrowRight"],
  fire: ["Space", "KeyK"],
  rail: ["ShiftLeft", "ShiftRight"],
  aimLeft: ["KeyJ", null],
  aimRight: ["KeyL", null],
  ship1: ["Digit1", null],
  ship2: ["Digit2", null],
  ship3: ["Digit3", null],
  settings: ["KeyO", null],
};

const NAMES = /** @type {Action[]} */ (Object.keys(ACTIONS));
/** Keys that browsers, systems and the page's panels need, or that have no position on a keyboard. */
const TAKEN = /^(|Escape|Tab|Enter|NumpadEnter|KeyN|KeyV|(Control|Alt|Meta|OS)(Left|Right)?|F\d+|Unidentified|.*Lock)$/;
/** Longest valid key code. */
const CODE_MAX = 24;

/** Whether a key may be bound at all. @param {unknown} code @returns {code is string} */
export function isFree(code) {
  return typeof code === "string" && code.length <= CODE_MAX && !TAKEN.test(code);
}

/** Reads stored bindings: invalid ones get the default keys, and no key is used twice.
 *  @param {unknown} stored @returns {Bindings} */
export function read(stored) {
  const asked = /** @type {Record<string, unknown>} */ (
    stored !== null && typeof stored === "object" ? stored : {}
  );
  const seen = new Set();
  const bindings = copy(USUAL);
  const first = (/** @type {unknown} */ code) => isFree(code) && !seen.has(code) && !!seen.add(code);
  const known = NAMES.filter((action) => Array.isArray(asked[action]));
  for (const action of known) {
    const codes = /** @type {unknown[]} */ (asked[action]).slice(0, SLOTS);
    bindings[action] = slots(codes.map((code) => (first(code) ? String(code) : null)));
  }
  for (const action of NAMES.filter((action) => !known.includes(action))) {
    bindings[action] = bindings[action].map((code) => (first(code) ? code : null));
  }
  return bindings;
}

/**
 * Puts a key into a slot. The slot that had the key gets this one's: no key does two things.
 * @param {Bindings} before @param {Action} action @param {number} slot @param {string | null} code
 * @returns {{ bindings: Bindings, other: Action | null }} `other`: the action that had the key
 */
export function bind(before, action, slot, code) {
  const bindings = copy(before);
  const old = bindings[action][slot];
  const had = code === null ? undefined : NAMES.find((name) => bindings[name].includes(code));
  if (had) bindings[had][bindings[had].indexOf(code)] = old;
  bindings[action][slot] = code;
  return { bindings, other: had && had !== action ? had : null };
}

/** What each key does. @param {Bindings} bindings @returns {Map<string, Action>} */
export function byCode(bindings) {
  /** @type {Map<string, Action>} */
  const actions = new Map();
  for (const action of NAMES) {
    for (const code of bindings[action]) if (code !== null) actions.set(code, action);
  }
  return actions;
}

/** @param {Bindings} bindings @returns {Bindings} */
function copy(bindings) {
  const pairs = NAMES.map((action) => [action, [...bindings[action]]]);
  return /** @type {Bindings} */ (Object.fromEntries(pairs));
}

/** @param {(string | null)[]} codes */
function slots(codes) {
  return Array.from({ length: SLOTS }, (_, slot) => codes[slot] ?? null);
}
