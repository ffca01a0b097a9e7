// @ts-check
// What a player wanted, across the one reload that a new version of the server asks for.
//
// It is kept for this tab alone, and taken once. A ticket is none of it: that stays where the site has
// put it. Kept and taken by main.js.

import { NAME_MAX, first } from "./settings.js";

/** @typedef {import("./connection.js").Greeting} Greeting */
/** @typedef {Greeting & { ship: unknown }} Wanted `ship` is what settings.js takes or leaves */

const KEY = "tickwire.wanted";
/** As in start.js: longer than any room's name. */
const ROOM_MAX = 33;

/** @param {Greeting} greeting @param {number} ship of which class the next one is to be */
export function keepWanted({ spectator, name, room }, ship) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ spectator, name, room, ship }));
  } catch {
    // A browser that keeps nothing: the player is asked again.
  }
}

/** Takes what was kept, as far as it makes sense. @returns {Wanted | null} */
export function takeWanted() {
  try {
    const kept = sessionStorage.getItem(KEY);
    if (kept === null) return null;
    sessionStorage.removeItem(KEY);
    const { spectator, name, room, ship } = JSON.parse(kept);
    return {
      ship,
      spectator: spectator === true,
      name: typeof name === "string" ? first(name, NAME_MAX) : "",
      room: typeof room === "string" ? first(room, ROOM_MAX) || null : null,
    };
  } catch {
    return null;
  }
}
