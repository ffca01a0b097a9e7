// @ts-check
// Runs the steps of a frame so that an error in one never stops the others.
//
// It reports each distinct error once, since frames come sixty times a second. Used by connection.js
// and game.js, and by pages.

export class Guard {
  /** @param {(error: unknown) => boolean} [handle] called with each error first; returns whether it has
   *  handled the error, which is then not reported */
  constructor(handle = () => false) {
    /** @private */
    this.handle = handle;
    /** Reported errors. @private @type {Set<string>} */
    this.reported = new Set();
  }

  /** Runs one step. Returns its result; undefined if it throws.
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

/** Maximum number of distinct errors that are reported. */
const REPORTED_MAX = 32;
