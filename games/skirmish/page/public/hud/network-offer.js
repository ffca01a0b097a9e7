// @ts-check
// The offer to look at what the server does: once, after the first death, while the next ship flies.
//
// settings.js stores that it was made. It opens nothing itself: its button is a second one of hud/network.js.
// Called by hud.js.

import { element } from "../dom.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../types.js").Own} Own */

/** For how long it is shown, in ms of flight. */
const SHOWN_MS = 12_000;
/** A longer gap between frames is a hidden page, in which nobody saw it. */
const GAP_MS = 500;

export class NetworkOffer {
  /** @param {Settings} settings */
  constructor(settings) {
    /** @private */
    this.settings = settings;
    /** @private */
    this.root = element("network-offer", HTMLButtonElement);
    /** @private */
    this.hasDied = false;
    /** How much longer it is shown, in ms. @private */
    this.left = SHOWN_MS;
    /** @private */
    this.drawnAt = 0;
    // Whichever way the panel was opened, there is nothing left to offer.
    const learn = () => this.learn();
    element("network").addEventListener("toggle", learn);
    this.root.addEventListener("click", learn);
  }

  enter() {
    this.hasDied = false;
    this.root.hidden = true;
  }

  /** @param {Own | null} own @param {number} now */
  draw(own, now) {
    const passed = Math.min(GAP_MS, now - this.drawnAt);
    this.drawnAt = now;
    if (this.settings.learned.network || !own) {
      // Perhaps it was learned in another tab.
      this.root.hidden = true;
      return;
    }
    const flies = own.respawn_ticks === null;
    // Before the first ship nobody has died.
    this.hasDied ||= !flies && own.ship !== 0;
    const isShown = this.hasDied && flies && !own.truce;
    if (isShown && !this.root.hidden) this.left -= passed;
    this.root.hidden = !isShown;
    if (this.left < 0) this.learn();
  }

  /** @private */
  learn() {
    this.root.hidden = true;
    const { learned } = this.settings;
    if (!learned.network) this.settings.change({ learned: { ...learned, network: true } });
  }
}
