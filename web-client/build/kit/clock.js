// @ts-check
// The page's clock, evened out where the browser's is coarse.
//
// With privacy settings `performance.now()` and the frames' time stamps move in steps of 16 or even 100 ms: several
// frames in a row would show the same moment, and inputs would be sent in bursts. This clock then runs on between two
// steps, by the frames, which come evenly, and by timers, which never fire early. Frames and arrivals are off by such
// a step at most; between frames the time is, too, but after frames have stopped or come late it may for a moment
// be behind by another step or frame. It never goes back. Where the browser's clock is fine, this is that clock. Used
// by connection.js, game.js and the viewer.

/** Steps from this on, in ms, are evened out. */
const COARSE_MS = 6;
/** Readings closer to each other than this are the same one, rounded differently. */
const ROUNDING_MS = 0.2;
/** A probe reads the clock again after so long: longer than a fine clock's step, shorter than a coarse one's. Frames
 *  alone prove nothing: they come as evenly as a coarse clock steps. */
const PROBE_MS = 3;
/** So many probes follow each other: at the first, frames may always be just before a step. */
const PROBES = 2;
/** A clock is coarse when it stood still in so many probes, and stepped so often meanwhile. */
const STOOD_STILL = 3;
const STEPPED = 8;
/** Longer gaps between readings are a page that stood still: they show no step. */
const GAP_MS = 300;
/** A reading that is so far behind what was shown is of a clock that was set back. */
const SET_BACK_MS = 2 * GAP_MS;
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
  /** Whether a probe is on its way. */
  #isProbed = false;
  /** No moment before this is shown any more, of a coarse clock. */
  #least = -Infinity;
  /** What the last frame was given. */
  #frameAt = -Infinity;
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

  /** The time now, in ms: never before a frame's moment or an earlier time. */
  now() {
    const read = this.#look();
    if (this.step === 0) return Math.max(read, this.#least, this.#frameAt);
    const next = this.#shown + this.#intervalMs;
    // An early step of the browser's is not followed beyond what the next frame shows, unless that is overdue.
    const isOverdue = read - this.#readAt > this.#intervalMs + this.step;
    return this.#atLeast(read, isOverdue ? read : Math.min(read, next));
  }

  /** When something came that is received now, in ms: off by a step of the browser's clock at most. */
  arrival() {
    return Math.max(this.#look(), this.#least);
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
    return (this.#frameAt = this.step === 0 ? this.#fine(stamp, read) : this.#even(read));
  }

  /** @param {unknown} stamp @param {number} read */
  #fine(stamp, read) {
    return Math.max(read, this.#least, this.#frameAt, isNear(stamp, read) ? stamp : -Infinity);
  }

  /** @param {number} read */
  #even(read) {
    const { step } = this;
    const gap = read - this.#readAt;
    this.#readAt = read;
    this.#frames += 1;
    if (this.#isPause(gap)) this.#restart(read);
    else if (gap > 0) this.#shown = this.#onEdge(read);
    else this.#shown = Math.min(this.#shown + this.#intervalMs, read + step);
    return this.#atLeast(read, this.#shown);
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
    if (this.#steps.isLearning && !this.#isProbed) this.#probe(read);
    // A clock that was set back leaves nothing to hold to.
    if (read < Math.max(this.#least, this.#frameAt) - SET_BACK_MS) {
      this.#least = this.#frameAt = this.#shown = this.#readAt = -Infinity;
    }
    return read;
  }

  /** Looks whether the clock stands still although time passes.
   *  @param {number} before what it says now @param {number} [left] probes */
  #probe(before, left = PROBES) {
    this.#isProbed = true;
    setTimeout(() => {
      const read = this.#read();
      if (read === before) this.#steps.stoodStill();
      else this.#steps.add(read);
      this.#isProbed = false;
      if (left > 1 && this.#steps.isLearning) this.#probe(read, left - 1);
    }, PROBE_MS);
  }

  /** How late at most a frame sees that the browser's clock has stepped. */
  get #width() {
    return Math.min(this.#intervalMs, this.step);
  }

  /** The wanted moment, held to what the browser's clock says and to what was shown. Browsers also step a little too
   *  early, at random: this clock need not follow at once. @param {number} read @param {number} wanted */
  #atLeast(read, wanted) {
    this.#least = Math.max(this.#least, clamp(wanted, read - this.#width, read + this.step));
    return this.#least;
  }
}

/** Finds the step of a coarse clock. */
class StepFinder {
  /** The step in ms; 0 while none is known, and for a fine clock. */
  step = 0;
  /** A fine clock stays fine. */
  #isFine = false;
  /** The smallest gap between two readings, in ms. */
  #smallest = Infinity;
  #stepped = 0;
  #stood = 0;
  #last = NaN;

  /** Whether it does not yet know whether the clock is coarse. */
  get isLearning() {
    return !this.#isFine && this.step === 0;
  }

  /** @param {number} read */
  add(read) {
    const gap = read - this.#last;
    this.#last = read;
    if (this.#isFine || !(gap > ROUNDING_MS && gap < GAP_MS)) return;
    // No coarse clock has readings so close to each other.
    if (gap < COARSE_MS) {
      this.#isFine = true;
      this.step = 0;
      return;
    }
    this.#stepped += 1;
    this.#smallest = Math.min(this.#smallest, gap);
    this.#conclude();
  }

  /** The clock said the same before and after a probe. */
  stoodStill() {
    this.#stood += 1;
    this.#conclude();
  }

  #conclude() {
    if (this.#stood >= STOOD_STILL && this.#stepped >= STEPPED) this.step = this.#smallest;
  }
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
