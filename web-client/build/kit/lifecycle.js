// @ts-check
// Whether the page is there: it may be hidden, frozen, or put into the browser's back/forward cache, and be back.
//
// It closes and opens nothing. Used by connection.js, which does that. In Node, without a page, nothing of it happens.

import { hasPage, isHidden } from "./env.js";

/**
 * @typedef {object} Actions
 * @property {() => boolean} isWanted whether there is a connection, or one is tried
 * @property {() => boolean} isSilent whether nothing comes over it
 * @property {() => void} look the server may be reachable now
 * @property {() => void} hide the page goes away, for good or not
 * @property {() => void} suspend the page does not run until it is back
 * @property {() => void} resume it is back, and seen
 */

/** A page that is shown again gets the messages of the meantime only after this. */
const SHOWN_MS = 300;

export class Lifecycle {
  /** @param {Actions} actions */
  constructor(actions) {
    /** @private */
    this.actions = actions;
    /** Whether the page is in the back/forward cache or frozen. */
    this.isSuspended = false;
    /** @private */
    this.timer = 0;
    if (!hasPage) return;
    addEventListener("online", () => actions.look());
    document.addEventListener("visibilitychange", () => this.shown());
    addEventListener("pagehide", (event) => {
      actions.hide();
      if (event.persisted) this.suspend();
    });
    addEventListener("pageshow", (event) => event.persisted && this.resume());
    document.addEventListener("freeze", () => this.suspend());
    document.addEventListener("resume", () => this.resume());
  }

  /** @private */
  suspend() {
    if (this.isSuspended || !this.actions.isWanted()) return;
    this.isSuspended = true;
    this.actions.suspend();
  }

  /** Once the page is visible, since a browser may run a hidden page for a moment. @private */
  resume() {
    if (!this.isSuspended || !this.actions.isWanted() || isHidden()) return;
    this.isSuspended = false;
    this.actions.resume();
  }

  /** The page was hidden or shown. Messages received while it was hidden may still be queued. @private */
  shown() {
    clearTimeout(this.timer);
    if (isHidden()) return;
    this.resume();
    const { isSilent, look } = this.actions;
    if (isSilent()) this.timer = setTimeout(look, SHOWN_MS);
    else look();
  }
}
