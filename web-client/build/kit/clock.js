// @ts-check
// The page's clock, evened out where the browser's is coarse.
//
// With privacy settings `performance.now()` and the frames' time stamps move in steps of 16 or even 100 ms: several
// frames in a row would show the same moment, and inputs would be sent in bursts. This clock then runs on between two
// steps, by the frames, which come evenly, and by timers, which never fire early. It is never farther off than such a
// step. Where the browser's clock is fine, this is that clock. Used by connection.js, game.js and the viewer.

/** Steps from this on, in ms, are evened out. */
const COARSE_MS = 4;
/** So far may a reading lie beside a multiple of the step: browsers round. */
const ROUNDING_MS = 0.2;
/** A clock is coarse when so many readings were multiples of a step. A single other one shows that it is not. */
const CONFIRMED = 8;
/** Longer gaps between readings are a page that stood still: they show no step. */
const GAP_MS = 300;
/** How much of its error the clock makes up for at each step of the browser's. */
const GAIN = 0.1;
/** The interval of frames is their average over so long. */
const AVERAGED_MS = 1500;
/** A gap of more intervals is a pause, of which the average knows nothing; but not more often in a row than that. */
const PAUSE_INTERVALS = 2.5;
const PAUSES_MAX = 2;
/** The interval until it is known. */
const USUAL_MS = 1000 / 60;

export class Clock {
  #read;
  #steps = new StepFinder();
  /** No moment before this is shown any more. */
  #least = -Infinity;
  /** The moment that the last frame shows, before it is held to the others. */
  #shown = -Infinity;
  /** What the browser's clock said at the last frame. */
  #readAt = -Infinity;
  #frames = 0;
  #intervalMs = USUAL_MS;
  #pauses = 0;
  /** When the browser's clock stepped, and at which frame. @type {{ at: number, frame: number }[]} */
  #edges = [];

  /** @param {() => number} [read] the browser's clock, in ms */
  constructor(read = () => performance.now()) {
    this.#read = read;
  }

  /** The step of the browser's clock, in ms; 0 where it is fine. */
  get step() {
    return this.#steps.step;
  }

  /** The time now, in ms. */
  now() {
    return this.#atLeast(this.#look());
  }

  /** Calls at a moment, in ms of this clock. Returns the timer, for `clearTimeout`.
   *  @param {number} due @param {() => void} act */
  at(due, act) {
    return setTimeout(() => {
      // Timers never fire early: it is that moment by now.
      if (this.step > 0) this.#least = Math.max(this.#least, Math.min(due, this.#look() + this.step));
      act();
    }, Math.max(0, due - this.now()));
  }

  /** The moment that a frame shows, in ms: call it once per frame, first.
   *  @param {number} [stamp] the frame's own time stamp, as its callback was given it */
  frame(stamp) {
    const read = this.#look();
    const { step } = this;
    if (step === 0) return isNear(stamp, read) ? Math.max(stamp, read) : read;
    const gap = read - this.#readAt;
    this.#readAt = read;
    this.#frames += 1;
    if (this.#isPause(gap)) this.#restart(read);
    else if (gap > 0) this.#shown = this.#onEdge(read);
    else this.#shown = Math.min(this.#shown + this.#intervalMs, read + step);
    this.#least = Math.max(this.#least, Math.min(this.#shown, read + step));
    return this.#atLeast(read);
  }

  /** Whether the frames stood still, or the clock was set back. @param {number} gap between two readings, in ms */
  #isPause(gap) {
    if (!(gap >= 0 && gap < GAP_MS + this.step)) return true;
    if (gap === 0) return false;
    const isLong = gap > PAUSE_INTERVALS * Math.max(this.#intervalMs, this.step);
    this.#pauses = isLong ? this.#pauses + 1 : 0;
    // Frames that come so slowly again and again come at another interval.
    return isLong && this.#pauses <= PAUSES_MAX;
  }

  /** The first frame, or the first after a pause. @param {number} read */
  #restart(read) {
    this.#shown = read + this.#width / 2;
    this.#edges = [{ at: read, frame: this.#frames }];
    // A clock that was set back leaves nothing to hold to.
    this.#least = Math.min(this.#least, read + this.step);
  }

  /** The browser's clock has stepped since the last frame: by now it is that moment, or up to a frame later.
   *  @param {number} read */
  #onEdge(read) {
    const edges = this.#edges;
    edges.push({ at: read, frame: this.#frames });
    while (edges.length > 2 && read - edges[1].at >= AVERAGED_MS) edges.shift();
    this.#intervalMs = (read - edges[0].at) / (this.#frames - edges[0].frame);
    const width = this.#width;
    const middle = read + width / 2;
    const next = this.#shown + this.#intervalMs;
    return clamp(next + GAIN * (middle - next), middle - width, middle + width);
  }

  /** Reads the browser's clock. */
  #look() {
    const read = this.#read();
    this.#steps.add(read);
    return read;
  }

  /** How late at most a frame sees that the browser's clock has stepped. */
  get #width() {
    return Math.min(this.#intervalMs, this.step);
  }

  /** Browsers also step a little too early, at random: this clock need not follow at once.
   *  @param {number} read */
  #atLeast(read) {
    const { step } = this;
    if (step === 0) return read;
    this.#least = clamp(this.#least, read - this.#width, read + step);
    return this.#least;
  }
}

/** Finds the step that all readings of a clock are multiples of. */
class StepFinder {
  /** The step in ms; 0 while none is known. */
  step = 0;
  /** What the gaps between readings so far have in common. */
  #common = 0;
  #confirmed = 0;
  #last = NaN;

  /** @param {number} read */
  add(read) {
    const gap = Math.abs(read - this.#last);
    this.#last = read;
    // A fine clock stays fine.
    if (!(gap > ROUNDING_MS && gap < GAP_MS) || this.#confirmed < 0) return;
    const common = this.#common === 0 ? gap : commonStep(this.#common, gap);
    if (common < COARSE_MS) {
      this.#confirmed = -1;
      this.step = 0;
      return;
    }
    this.#confirmed += 1;
    this.#common = common;
    if (this.#confirmed >= CONFIRMED) this.step = common;
  }
}

/** The greatest step that both are multiples of, up to rounding. @param {number} a @param {number} b */
function commonStep(a, b) {
  while (b > ROUNDING_MS) [a, b] = [b, Math.abs(a - b * Math.round(a / b))];
  return a;
}

/** Whether a frame's time stamp is a moment of the same clock. @param {unknown} stamp @param {number} read
 *  @returns {stamp is number} */
function isNear(stamp, read) {
  return typeof stamp === "number" && Math.abs(stamp - read) < GAP_MS;
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
