// @ts-check
// Replaces a core that has trapped: after a trap its memory can no longer be trusted.
//
// It calls no core. Used by connection.js.

/** @typedef {import("./core.js").Core} Core */

/** The wait before a core that did not load is loaded again. */
const WAIT_MS = 3000;

export class Renewal {
  /** @param {() => Promise<Core>} load loads a new core @param {(core: Core) => void} done called with it */
  constructor(load, done) {
    /** @private */
    this.load = load;
    /** @private */
    this.done = done;
    /** Whether a new core is being loaded. */
    this.isRunning = false;
  }

  /** Loads a new core; the server may be away, so it retries until it succeeds, whatever the player does. */
  start() {
    this.isRunning = true;
    this.load().then(
      (core) => {
        this.isRunning = false;
        this.done(core);
      },
      () => void setTimeout(() => this.start(), WAIT_MS),
    );
  }
}
