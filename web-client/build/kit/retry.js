// @ts-check
// How long to wait before the next attempt to connect: longer after each, and at random.
//
// It owns no timer. Used by connection.js.

/** First and longest wait before a new attempt. Each wait is random in the upper half of its range. */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 3000;

export class Retry {
  constructor() {
    /** The longest that the next wait may be, ms. */
    this.waitMs = WAIT_FIRST_MS;
  }

  /** The waits start over. */
  reset() {
    this.waitMs = WAIT_FIRST_MS;
  }

  /** The next wait, ms. */
  next() {
    const wait = this.waitMs * (0.5 + 0.5 * Math.random());
    this.waitMs = Math.min(2 * this.waitMs, WAIT_MAX_MS);
    return wait;
  }

  /** Makes the next wait half as long, and no shorter than the first. */
  ease() {
    this.waitMs = Math.max(WAIT_FIRST_MS, this.waitMs / 2);
  }
}
