// @ts-check
// What outlasts the one reload that a new version of the server asks for: that it was made, and how the
// player is to join again.
//
// It is kept for this tab alone; how to join is taken once. A ticket is none of it: that stays where the
// site has put it. The reload is noted by connection.js, the intent is saved and taken by main.js.

import { NAME_MAX, first } from "./settings.js";

/** @typedef {import("./connection.js").Greeting} Greeting */
/** @typedef {Greeting & { idle: boolean, ship: unknown }} RejoinIntent `idle`: it only watches because it
 *  did nothing as a player; `ship` is what settings.js takes or leaves */

const KEY = "tickwire.rejoin";
const RELOADED_KEY = "tickwire.reloaded";
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

/** Whether this page was loaded anew for being stale. */
export function wasReloaded() {
  try {
    return sessionStorage.getItem(RELOADED_KEY) !== null;
  } catch {
    // A browser that keeps nothing.
    return false;
  }
}

/** Notes for after a reload whether it was one for being stale. Gives whether that could be stored: else
 *  the page would reload for ever. @param {boolean} reloaded */
export function markReloaded(reloaded) {
  try {
    if (reloaded) sessionStorage.setItem(RELOADED_KEY, "once");
    else sessionStorage.removeItem(RELOADED_KEY);
    return true;
  } catch {
    return false;
  }
}
