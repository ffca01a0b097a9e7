// @ts-check
// How to go on after the page was loaded anew: for a new version of the server, which it asks for once, or by its player.
//
// It is stored for this tab alone and used once. It holds no ticket, which stays where the site put it, and no token:
// the kit has that, and says what can be resumed. Saved and taken by main.js.

import { NAME_MAX, first } from "./settings.js";

/** @typedef {{ spectator: boolean, name: string, room: string | null }} Greeting */
/** @typedef {import("./tickwire.js").Kept} Kept */
/** @typedef {import("./comeback.js").Flown} Flown */
/** @typedef {Greeting & { idle: boolean, ship: unknown, isUpdate: boolean, flown: Flown | null }} RejoinIntent `idle`: it
 *  only watches because it was idle as a player; settings.js checks `ship`, the class of the next one; `isUpdate`: it was
 *  loaded for a new version; `flown`: the ship that it had */

const KEY = "tickwire.rejoin";
/** As in start/room.js: longer than any room's name. */
const ROOM_MAX = 33;

/** @param {Greeting} greeting @param {boolean} idle @param {number} ship class of the next ship
 *  @param {boolean} isUpdate @param {Flown | null} flown */
export function saveRejoinIntent({ spectator, name, room }, idle, ship, isUpdate, flown) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ spectator, name, room, idle, ship, isUpdate, flown }));
  } catch {
    // Without storage the player has to join by hand.
  }
}

/** Whether the page was loaded for a new version. */
export function hasRejoinIntent() {
  return read()?.isUpdate === true;
}

/** Takes the saved intent, as far as it is valid. @param {Kept | null} kept what the page resumes: without it only a new
 *  version is a reason to go on at once @returns {RejoinIntent | null} */
export function takeRejoinIntent(kept) {
  const saved = read();
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then there is none either.
  }
  if (saved?.isUpdate) return saved;
  if (!kept) return null;
  const { idle = false, ship = null, flown = null } = saved ?? {};
  return { ...kept, idle: idle && kept.spectator, ship, isUpdate: false, flown };
}

/** What the page resumes by itself, of what the tab has kept: after a reload, not where its player has followed a link, and only
 *  in the room that the address names. @param {Kept | null} kept @param {string | null} room */
export function resumedOf(kept, room) {
  const [loaded] = performance.getEntriesByType("navigation");
  const { type } = /** @type {PerformanceNavigationTiming} */ (loaded ?? {});
  const isAgain = type === "reload" || type === "back_forward";
  return kept && isAgain && (room === null || room === kept.room) ? kept : null;
}

/** @returns {RejoinIntent | null} */
function read() {
  try {
    const { spectator, name, room, idle, ship, isUpdate, flown } = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return {
      ship,
      isUpdate: isUpdate === true,
      flown: Number.isInteger(flown?.ship) && Number.isInteger(flown?.round) ? { ship: flown.ship, round: flown.round } : null,
      spectator: spectator === true,
      idle: idle === true && spectator === true,
      name: typeof name === "string" ? first(name, NAME_MAX) : "",
      room: typeof room === "string" ? first(room, ROOM_MAX) || null : null,
    };
  } catch {
    return null;
  }
}
