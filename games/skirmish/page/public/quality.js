// @ts-check
// How lavishly is drawn: less when frames take too long, more again when there is time.
//
// It owns the level, and judges by frame-time.js; what a level leaves out is each painter's to
// heed. Asked by main.js at every frame, forced by the address (`?quality=`) or a setting.

/** @typedef {import("./frame-time.js").FrameTime} FrameTime */
/** @typedef {"auto" | "high" | "low"} Choice */
/**
 * What may be drawn.
 * @typedef {object} Level
 * @property {string} name
 * @property {number} ratio most device pixels to a CSS pixel
 * @property {"all" | "own" | "none"} glow which ships glow
 * @property {boolean} trails
 * @property {boolean} fills whether outlines are filled and bolts have a halo
 * @property {number} marks how many short-lived marks at a time
 * @property {number} sparks part of the sparks that fly
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

/** Above it a frame takes too long: half of what 60 frames a second leave. */
const SLOW_MS = 8;
/** The last step down blurs the picture: it is for those who would miss frames. */
const SLOWEST_MS = 10;
/** Below it there is time for more. */
const QUICK_MS = 4.5;
/** A frame that comes so much later than most do was missed, whoever is at fault: what a graphics
 *  processor does is not seen in any other way. Displays have rates of their own. */
const LATE_PART = 1.5;
const LATE_MS_MIN = 25;
const LATE_SHARE = 0.1;
/** A level is judged after so many frames of it. */
const JUDGED_FRAMES = 120;
const JUDGED_EVERY_MS = 500;
/** For how long it must be quick until more is tried; twice as long after each vain try. */
const RISE_MS = 6000;
const RISE_MS_MAX = 120_000;

export class Quality {
  /** @param {FrameTime} times @param {string} query of the page's address
   *  @param {(level: Level) => void} changed */
  constructor(times, query, changed) {
    this.times = times;
    // Whoever makes one asks for the level it begins with.
    this.changed = (/** @type {Level} */ _) => {};
    /** @type {Choice} */
    this.choice = "auto";
    /** @private */
    this.index = FULL;
    /** @private */
    this.riseMs = RISE_MS;
    /** Since when it has been quick. @private */
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
    // Frames that are merely late do not get earlier by a blurred picture.
    if (index > 0 && (p95 > most || (late && index > LOW))) {
      // More was tried and was too much.
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
