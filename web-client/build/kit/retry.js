// @ts-check
// How long to wait before the next attempt to connect: longer after each, and at random.
//
// After a cut of all connections all pages come at once: each wait is random in its whole range, from none, which
// spreads them best. The first attempt after a cut waits as well: a page cannot tell its own line's cut from one of all,
// and an eighth of a second on average is soon enough. It owns no timer. Used by connection.js.

/** The range of the first wait before a new attempt, and of the longest. */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 3000;

export class Retry {
  constructor() {
    /** The range of the next wait, ms. */
    this.waitMs = WAIT_FIRST_MS;
  }

  /** The waits start over. */
  reset() {
    this.waitMs = WAIT_FIRST_MS;
  }

  /** The next wait, ms. */
  next() {
    const wait = this.waitMs * Math.random();
    this.waitMs = Math.min(2 * this.waitMs, WAIT_MAX_MS);
    return wait;
  }

  /** Halves the range of the next wait, down to that of the first. */
  ease() {
    this.waitMs = Math.max(WAIT_FIRST_MS, this.waitMs / 2);
  }
}
