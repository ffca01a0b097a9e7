// @ts-check
// What outlasts the one reload that a new version of the server asks for: how the player is to join again.
//
// It is kept for this tab alone, and taken once. A ticket is none of it: that stays where the site has put it.
// Saved and taken by main.js.

import { NAME_MAX, first } from "./settings.js";

/** @typedef {{ spectator: boolean, name: string, room: string | null }} Greeting */
/** @typedef {Greeting & { idle: boolean, ship: unknown }} RejoinIntent `idle`: it only watches because it
 *  did nothing as a player; `ship` is what settings.js takes or leaves */

const KEY = "tickwire.rejoin";
/** As in start.js: longer than any room's name. */
const ROOM_MAX = 33;

/** @param {Greeting} greeting @param {boolean} idle @param {number} ship class of the next ship */
export function saveRejoinIntent({ spectator, name, room }, idle, ship) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ spectator, name, room, idle, ship }));
  } catch {
    // A browser that keeps nothing: the player is asked again.
  }
}

/** Takes what was saved, as far as it makes sense. @returns {RejoinIntent | null} */
export function takeRejoinIntent() {
  try {
    const saved = sessionStorage.getItem(KEY);
    if (saved === null) return null;
    sessionStorage.removeItem(KEY);
    const { spectator, name, room, idle, ship } = JSON.parse(saved);
    return {
      ship,
      spectator: spectator === true,
      idle: idle === true && spectator === true,
      name: typeof name === "string" ? first(name, NAME_MAX) : "",
      room: typeof room === "string" ? first(room, ROOM_MAX) || null : null,
    };
  } catch {
    return null;
  }
}
