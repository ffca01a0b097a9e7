// @ts-check
// What keeps a player from a room, in a sentence, and the one way out of it that the page offers.
//
// It owns the words; it opens no connection. main.js and play.js show them over the game or on the start overlay.

/** @typedef {{ label: string, act: () => void }} Way a button */
/**
 * What the page can do about it.
 * @typedef {object} Ways
 * @property {() => void} watch the same room
 * @property {() => void} anyRoom joins whichever has space
 * @property {() => void} reload
 */

/** The named room is not open, and cannot be opened now: there are others that are. */
const UNOPENED = /^(too many rooms|all rooms of the server|rooms are opened too often|rooms like this one fail)/;

/** Shows the button of a way, or none. @param {HTMLButtonElement} button @param {Way | null} way */
export function offer(button, way) {
  button.hidden = way === null;
  button.textContent = way?.label ?? "";
  button.onclick = way && (() => way.act());
}

/** The way out while the page tries again by itself.
 *  @param {string} reason @param {{ spectates: boolean, room: string | null }} wanted @param {Ways} ways
 *  @returns {Way | null} */
export function wayWhileWaiting(reason, { spectates, room }, ways) {
  if (UNOPENED.test(reason)) return room === null ? null : { label: "Another room", act: ways.anyRoom };
  if (!/^the (room|server) is full|^the room is overloaded/.test(reason)) return null;
  if (!spectates && !reason.startsWith("the server")) return { label: "Watch meanwhile", act: ways.watch };
  return room !== null && !reason.startsWith("the server") ? { label: "Another room", act: ways.anyRoom } : null;
}

/** The way out when the server has refused for good: Play is there to try again, unless the page is old.
 *  @param {string} reason @param {string | null} room @param {Ways} ways @returns {Way | null} */
export function wayAfterEnd(reason, room, ways) {
  if (/reload the page/.test(reason)) return { label: "Reload", act: ways.reload };
  return room !== null && /room/.test(reason) ? { label: "Another room", act: ways.anyRoom } : null;
}

/** A reason as a sentence. @param {string} reason */
export function sentence(reason) {
  if (reason === "") return "";
  const first = reason.charAt(0).toUpperCase() + reason.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}
