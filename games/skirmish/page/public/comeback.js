// @ts-check
// What a player reads who is back in a room: whether the ship is still the one that it had.
//
// A welcome does not say: the ship may have been destroyed meanwhile, or a new round have begun. So the first own state
// decides. It shows nothing. Made by play.js, which shows the sentence; main.js stores `flown` over a reload.

/** @typedef {import("./types.js").Own} Own */
/** @typedef {{ ship: number, round: number }} Flown the entity of a ship that flew, and the number of its round */

/** After a cut that was shorter nothing is said of a ship that is as it was. */
const NOTICED_MS = 1000;
export const BACK = "Back in your ship.";
const DESTROYED = "Your ship was destroyed while you were away.";
const NEW_ROUND = "A new round began while you were away.";
const NOT_KEPT = "Your place was not kept: you start anew.";

export class Comeback {
  /** @param {Flown | null} flown before the page was loaded */
  constructor(flown) {
    /** The ship of the last own state; null if it was destroyed, or nothing is known. */
    this.flown = flown;
    /** Since when nothing is heard from the room, ms; a reload was long enough. @private @type {number | null} */
    this.awaySince = -Infinity;
    /** @private */
    this.awayMs = 0;
    /** Whether the first own state is awaited. @private */
    this.isAwaited = false;
  }

  /** Nothing comes from the room. @param {number} now ms */
  cut(now) {
    this.awaySince ??= now;
  }

  /** Something comes again, over the same connection. */
  heard() {
    this.awaySince = null;
  }

  /** The page is in a room. Returns what there is to say of that, "" if nothing.
   *  @param {{ isResumed: boolean, joinedAnew: boolean }} game @param {number} now ms */
  enter({ isResumed, joinedAnew }, now) {
    this.awayMs = now - (this.awaySince ?? now);
    this.awaySince = null;
    this.isAwaited = isResumed;
    if (!isResumed) this.flown = null;
    return joinedAnew ? NOT_KEPT : "";
  }

  /** The own state of a frame. Returns what there is to say of the first one, "" if nothing.
   *  @param {Own | null} own @param {{ number: number } | null} round */
  note(own, round) {
    if (!own || !round) return "";
    const now = own.respawn_ticks === null ? { ship: own.ship, round: round.number } : null;
    const text = this.isAwaited && this.flown ? this.compare(this.flown, now, round.number) : "";
    this.isAwaited = false;
    this.flown = now;
    return text;
  }

  /** @private @param {Flown} before @param {Flown | null} now @param {number} round */
  compare(before, now, round) {
    if (now?.ship === before.ship) return this.awayMs < NOTICED_MS ? "" : BACK;
    return round === before.round ? DESTROYED : NEW_ROUND;
  }
}
