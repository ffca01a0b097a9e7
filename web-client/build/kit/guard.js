// @ts-check
// Runs the steps of a frame so that a fault in one never stops the others.
//
// It reports each kind of fault once, for a frame comes sixty times a second, and knows nothing of
// what it runs. Used by connection.js and game.js, and by pages.

export class Guard {
  /** @param {(error: unknown) => boolean} [handle] called with each error first; gives whether it has
   *  handled it, so that nothing is reported */
  constructor(handle = () => false) {
    /** @private */
    this.handle = handle;
    /** What has been reported. @private @type {Set<string>} */
    this.reported = new Set();
  }

  /** Runs one step. Gives what that gives; undefined if it fails.
   *  @template T @param {string} step its name @param {() => T} act @returns {T | undefined} */
  run(step, act) {
    try {
      return act();
    } catch (error) {
      if (!this.handle(error)) this.report(step, error);
      return undefined;
    }
  }

  /** @private @param {string} step @param {unknown} error */
  report(step, error) {
    const key = `${step}: ${error}`;
    if (this.reported.has(key) || this.reported.size >= REPORTED_MAX) return;
    this.reported.add(key);
    console.error(`a frame goes on without its ${step}:`, error);
  }
}

/** So many different faults are reported. */
const REPORTED_MAX = 32;
