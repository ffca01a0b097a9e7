// @ts-check
// How many frames pass from a press until the own ship on the screen answers it.
//
// It measures, whatever should be: a ship that flies steadily is where the frames before said it would be, up to
// the frame that answers the press. Presses while it does not fly steadily are not measured. It owns the last
// few results. play.js calls it at each change of the held directions and at each frame.

/** The shown figure is the median of this many. */
const KEPT = 9;
/** A press is measured after so many ticks of steady flight: between two ticks every flight looks steady. */
const STEADY_TICKS = 4;
/** An error of the way ahead that is larger is no steady flight, in units: the answer must stand out from it even if
 *  a frame shows but little of a tick. */
const STEADY_UNITS = 1e-3;
/** Where a ship stands still, so much is an answer, in units; in flight twice the usual error. */
const ANSWER_UNITS = 1e-4;
/** Nothing answers a press into a wall. */
const FRAMES_MAX = 90;

export class InputFrames {
  constructor() {
    /** The last results, the newest last. @private @type {{ frames: number, ms: number }[]} */
    this.results = [];
    /** Place and moment of the last two frames, in units and in ticks. @private */
    this.last = { x: NaN, y: NaN, tick: NaN };
    /** Units per tick. @private */
    this.speed = { x: NaN, y: NaN };
    /** The moment from which it has flown steadily, and the largest error of the way ahead since. @private */
    this.steady = { tick: NaN, error: 0 };
    /** What was pressed and waits for its answer. @private
     *  @type {{ at: number, frames: number, limit: number } | null} */
    this.press = null;
  }

  /** Forgets all results, since something about them has changed. */
  clear() {
    this.results.length = 0;
    this.interrupt();
  }

  /** The ship is another, or gone. */
  interrupt() {
    this.steady.tick = NaN;
    this.press = null;
    this.speed.x = this.speed.y = this.last.x = this.last.y = this.last.tick = NaN;
  }

  /** The held directions have changed. @param {number} now */
  change(now) {
    const { last, steady } = this;
    // A second press would be answered by the first one's frame.
    if (this.press || !(last.tick - steady.tick >= STEADY_TICKS)) return;
    this.press = { at: now, frames: 0, limit: Math.max(ANSWER_UNITS, 2 * steady.error) };
  }

  /** A frame shows the own ship at a place. @param {number} now @param {number} x @param {number} y
   *  @param {number} tick the moment that this place is of, with its fraction */
  frame(now, x, y, tick) {
    const { last, speed, steady, press } = this;
    const ticks = tick - last.tick;
    const error = Math.hypot(x - last.x - speed.x * ticks, y - last.y - speed.y * ticks);
    if (press) {
      press.frames += 1;
      if (error > press.limit) this.keep({ frames: press.frames, ms: now - press.at });
      if (error > press.limit || press.frames >= FRAMES_MAX) this.press = null;
    }
    // The first error is none: there was no way ahead.
    const isSteady = error < STEADY_UNITS && !Number.isNaN(steady.tick);
    steady.error = isSteady ? Math.max(steady.error, error) : 0;
    if (!isSteady) steady.tick = tick;
    // The room's clock may stand still for a frame: its speed is that of before.
    if (!(ticks > 0)) {
      if (Number.isNaN(last.tick)) Object.assign(last, { x, y, tick });
      return;
    }
    speed.x = (x - last.x) / ticks;
    speed.y = (y - last.y) / ticks;
    last.x = x;
    last.y = y;
    last.tick = tick;
  }

  /** @private @param {{ frames: number, ms: number }} result */
  keep(result) {
    this.results.push(result);
    if (this.results.length > KEPT) this.results.shift();
  }

  /** The usual result; null before the first. @returns {{ frames: number, ms: number } | null} */
  get usual() {
    const sorted = [...this.results].sort((a, b) => a.frames - b.frames || a.ms - b.ms);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
