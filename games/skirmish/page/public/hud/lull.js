// @ts-check
// Whether the own player has time to read: it neither fires nor was hit for a while.
//
// It owns the two times and shows nothing. hints.js asks it in each frame.

/** @typedef {import("../types.js").Own} Own */

/** A fight is over when there was no shot of the own ship for this long, in seconds. */
const SINCE_SHOT_SECONDS = 1.5;
/** And no hit. */
const SINCE_HIT_SECONDS = 3;

export class Lull {
  constructor() {
    /** @private */
    this.sinceShot = 0;
    /** @private */
    this.sinceHit = 0;
    /** Hull and shield of the last frame; 0 without a ship. @private */
    this.armor = 0;
  }

  /**
   * @param {Own | null} own null without a ship that flies @param {boolean} fires
   * @param {number} seconds since the last frame @returns {boolean} whether nothing happens now
   */
  note(own, fires, seconds) {
    const armor = own ? own.hull + own.shield : 0;
    const isHit = armor < this.armor;
    // A fresh ship may lie in somebody's aim: it is watched as long as one that was just hit.
    const isFresh = this.armor === 0;
    this.sinceShot = fires ? 0 : this.sinceShot + seconds;
    this.sinceHit = isHit || isFresh ? 0 : this.sinceHit + seconds;
    this.armor = armor;
    if (!own || own.truce) return false;
    return this.sinceShot >= SINCE_SHOT_SECONDS && this.sinceHit >= SINCE_HIT_SECONDS;
  }
}
