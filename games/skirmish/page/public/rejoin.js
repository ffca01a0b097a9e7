// @ts-check
// How to join again after the one reload that a new version of the server asks for.
//
// It is stored for this tab alone and used once. It holds no ticket: that stays where the site put it.
// Saved and taken by main.js.

import { NAME_MAX, first } from "./settings.js";

/** @typedef {{ spectator: boolean, name: string, room: string | null }} Greeting */
/** @typedef {Greeting & { idle: boolean, ship: unknown }} RejoinIntent `idle`: it only watches because it
 *  was idle as a player; settings.js checks `ship` */

const KEY = "tickwire.rejoin";
/** As in start/room.js: longer than any room's name. */
const ROOM_MAX = 33;

/** @param {Greeting} greeting @param {boolean} idle @param {number} ship class of the next ship */
export function saveRejoinIntent({ spectator, name, room }, idle, ship) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ spectator, name, room, idle, ship }));
  } catch {
    // Without storage the player has to join by hand.
  }
}

/** Whether one is saved, valid or not. */
export function hasRejoinIntent() {
  try {
    return sessionStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

/** Takes the saved intent, as far as it is valid. @returns {RejoinIntent | null} */
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
