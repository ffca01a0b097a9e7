// @ts-check
// The rendering quality: lower when frames take too long, higher again when there is time.
//
// It owns the level and chooses it by frame-time.js; each painter applies it. main.js asks at every
// frame; the address (`?quality=`) or a setting forces a level.

/** @typedef {import("./frame-time.js").FrameTime} FrameTime */
/** @typedef {"auto" | "high" | "low"} Choice */
/**
 * A quality level.
 * @typedef {object} Level
 * @property {string} name
 * @property {number} ratio maximum device pixels per CSS pixel
 * @property {"all" | "own" | "none"} glow which ships glow
 * @property {boolean} trails
 * @property {boolean} fills whether outlines are filled and bolts have a halo
 * @property {number} marks maximum number of short-lived effects
 * @property {number} sparks fraction of the sparks that are drawn
 */

/** From least to full. @type {Level[]} */
export const LEVELS = [
  { name: "least", ratio: 0.75, glow: "none", trails: false, fills: false, marks: 120, sparks: 0.25 },
  { name: "low", ratio: 1, glow: "none", trails: false, fills: true, marks: 200, sparks: 0.4 },
  { name: "lean", ratio: 1.5, glow: "own", trails: true, fills: true, marks: 400, sparks: 0.7 },
  { name: "full", ratio: 2, glow: "all", trails: true, fills: true, marks: 700, sparks: 1 },
];
const FULL = LEVELS.length - 1;
const LOW = 1;

/** Above this a frame takes too long: half of the time that 60 frames a second leave. */
const SLOW_MS = 8;
/** The last step down blurs the picture: it is only taken when frames are missed. */
const SLOWEST_MS = 10;
/** Below this there is time for a higher level. */
const QUICK_MS = 4.5;
/** A frame that comes later than this many usual intervals was missed. A script sees the graphics
 *  processor's time in no other way; the interval is relative because displays have different rates. */
const LATE_PART = 1.5;
const LATE_MS_MIN = 25;
const LATE_SHARE = 0.1;
/** A level is judged after this many of its frames. */
const JUDGED_FRAMES = 120;
const JUDGED_EVERY_MS = 500;
/** Frames must be quick for this long before a higher level is tried; doubles after each failed try. */
const RISE_MS = 6000;
const RISE_MS_MAX = 120_000;

export class Quality {
  /** @param {FrameTime} times @param {string} query of the page's address
   *  @param {(level: Level) => void} changed */
  constructor(times, query, changed) {
    this.times = times;
    // Not called for the initial level: the caller reads that.
    this.changed = (/** @type {Level} */ _) => {};
    /** @type {Choice} */
    this.choice = "auto";
    /** @private */
    this.index = FULL;
    /** @private */
    this.riseMs = RISE_MS;
    /** Since when frames have been quick. @private */
    this.quickSince = Infinity;
    /** @private */
    this.rose = false;
    /** @private */
    this.judgedAt = 0;
    const asked = new URLSearchParams(query).get("quality");
    /** Whether the address asks for one. */
    this.asked = asked === "high" || asked === "low";
    if (asked === "high" || asked === "low") this.force(asked);
    this.changed = changed;
  }

  get level() {
    return LEVELS[this.index];
  }

  /** @param {Choice} choice */
  force(choice) {
    this.choice = choice;
    this.quickSince = Infinity;
    if (choice !== "auto") this.go(choice === "high" ? FULL : LOW);
  }

  /** Judges what has been measured. @param {number} now */
  judge(now) {
    const { times, index } = this;
    if (this.choice !== "auto" || times.frames < JUDGED_FRAMES) return;
    if (now - this.judgedAt < JUDGED_EVERY_MS) return;
    this.judgedAt = now;
    const { p95 } = times.work();
    const late = times.lateShare(LATE_PART, LATE_MS_MIN) > LATE_SHARE;
    const most = index > LOW ? SLOW_MS : SLOWEST_MS;
    // A blurred picture does not help frames that are merely late.
    if (index > 0 && (p95 > most || (late && index > LOW))) {
      // The higher level was too slow.
      if (this.rose) this.riseMs = Math.min(RISE_MS_MAX, 2 * this.riseMs);
      this.rose = false;
      this.go(index - 1);
    } else if (late || p95 > QUICK_MS) {
      this.quickSince = Infinity;
    } else if (index < FULL) {
      this.quickSince = Math.min(this.quickSince, now);
      if (now - this.quickSince < this.riseMs) return;
      this.rose = true;
      this.go(index + 1);
    }
  }

  /** @private @param {number} index */
  go(index) {
    if (index === this.index) return;
    this.index = index;
    this.quickSince = Infinity;
    this.times.clear();
    this.changed(this.level);
  }
}
