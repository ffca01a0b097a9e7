// @ts-check
// The rendering quality: lower when frames take too long, higher again when there is time.
//
// It owns the level, chooses it by frame-time.js within a second and a half, and keeps it for the next time;
// each painter applies it. main.js asks at every frame; the address (`?quality=`) or a setting forces a level.

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

/** Above this mean of its work a frame takes too long: less than half of the time that 60 frames a second
 *  leave. */
const SLOW_MS = 7;
/** The last step down is only taken when frames are missed. */
const SLOWEST_MS = 9;
/** Above this, one level less would not do. */
const FAR_TOO_SLOW_MS = 16;
/** Below this there is time for a higher level. */
const QUICK_MS = 3.5;
/** A frame's work counts as no more: one that waited for something else says little of the others. */
const WORK_MS_MAX = 50;
/** A frame that comes later than this many usual intervals was missed. A script sees the graphics
 *  processor's time in no other way; the interval is relative because displays have different rates. */
const LATE_PART = 1.5;
const LATE_MS_MIN = 25;
const LATE_SHARE = 0.3;
/** Frames are judged together, for this long and at least so many of them. */
const SPAN_MS = 600;
const SPAN_FRAMES_MIN = 6;
/** The first frames of a level prepare its images. */
const SKIPPED_FRAMES = 3;
/** A longer gap between frames is a hidden page. */
const PAUSE_MS = 500;
/** Frames must be quick for this long before a higher level is tried; doubles after each failed try, and halves
 *  after each that lasts. */
const RISE_MS = 2 * SPAN_MS;
const RISE_MS_MAX = 120_000;
/** A page begins with no longer wait than this: what was too slow the last time may not be today. */
const RISE_MS_KEPT_MAX = 4 * RISE_MS;
/** A level that lasts for this long was no failed try. */
const FAILED_MS = 5000;
/** Time that is not quick takes so many times as much off the wait: one hiccup in two minutes is no reason to
 *  begin anew. */
const SETBACK = 4;

const KEPT_AS = "tickwire.quality";

export class Quality {
  /** @param {FrameTime} times @param {string} query of the page's address
   *  @param {(level: Level) => void} changed */
  constructor(times, query, changed) {
    this.times = times;
    // Not called for the initial level: the caller reads that.
    this.changed = (/** @type {Level} */ _) => {};
    /** @type {Choice} */
    this.choice = "auto";
    const { index, riseMs } = kept();
    /** @private */
    this.index = index;
    /** @private */
    this.riseMs = riseMs;
    /** For how long frames have been quick, less what was not. @private */
    this.quickMs = 0;
    /** When a higher level was tried last. @private */
    this.roseAt = -Infinity;
    /** Whether that try has neither failed nor lasted yet. @private */
    this.isTrying = false;
    /** The shortest mean interval of frames so far: the display's. @private */
    this.usualMs = Infinity;
    /** @private */
    this.judgedAt = NaN;
    /** The frames of a span, and since when it lasts. @private */
    this.span = { since: 0, skipped: 0, frames: 0, late: 0, workMs: 0 };
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
    this.quickMs = 0;
    this.isTrying = false;
    if (choice !== "auto") this.go(choice === "high" ? FULL : LOW);
  }

  /** Notes the last frame, and judges those of a span. @param {number} now */
  judge(now) {
    const interval = now - this.judgedAt;
    this.judgedAt = now;
    if (this.choice !== "auto") return;
    if (!(interval >= 0 && interval < PAUSE_MS)) return this.begin(now);
    const { span } = this;
    if (span.skipped < SKIPPED_FRAMES) {
      span.skipped += 1;
      span.since = now;
      return;
    }
    span.frames += 1;
    span.workMs += Math.min(WORK_MS_MAX, this.times.lastWork);
    if (interval > Math.max(LATE_MS_MIN, LATE_PART * this.usualMs)) span.late += 1;
    if (now - span.since >= SPAN_MS && span.frames >= SPAN_FRAMES_MIN) this.decide(now);
  }

  /** @private @param {number} now */
  decide(now) {
    const { index } = this;
    const { since, frames, late, workMs } = this.span;
    const spanMs = now - since;
    const work = workMs / frames;
    const mean = spanMs / frames;
    const isLate = late > LATE_SHARE * frames;
    this.begin(now, SKIPPED_FRAMES);
    // Less drawn does not bring them sooner: that is how often this display, or this machine, shows frames.
    this.usualMs = isLate && index <= LOW && work < QUICK_MS ? mean : Math.min(this.usualMs, mean);
    if (this.isTrying && now - this.roseAt >= FAILED_MS) {
      this.isTrying = false;
      this.riseMs = Math.max(RISE_MS, this.riseMs / 2);
    }
    const most = index > LOW ? SLOW_MS : SLOWEST_MS;
    // Less than low does not help frames that are merely late.
    if (index > 0 && (work > most || (isLate && index > LOW))) {
      // The higher level was too slow.
      if (this.isTrying) this.riseMs = Math.min(RISE_MS_MAX, 2 * this.riseMs);
      this.isTrying = false;
      this.go(Math.max(0, index - (work > FAR_TOO_SLOW_MS ? 2 : 1)));
    } else if (isLate || work > QUICK_MS) {
      this.quickMs = Math.max(0, this.quickMs - SETBACK * spanMs);
    } else if (index < FULL) {
      this.quickMs += spanMs;
      if (this.quickMs < this.riseMs) return;
      this.roseAt = now;
      this.isTrying = true;
      this.go(index + 1);
    }
  }

  /** Begins a span. @private @param {number} now @param {number} skipped frames that have been skipped already */
  begin(now, skipped = 0) {
    Object.assign(this.span, { since: now, skipped, frames: 0, late: 0, workMs: 0 });
  }

  /** @private @param {number} index */
  go(index) {
    if (index === this.index) return;
    this.index = index;
    this.quickMs = 0;
    this.begin(this.judgedAt);
    this.times.clear();
    if (this.choice === "auto") keep(this.level, this.riseMs);
    this.changed(this.level);
  }
}

/** The screen that a level was found for: a larger one takes longer. */
function screenNow() {
  const { width, height } = screen;
  return `${width} x ${height} x ${devicePixelRatio}`;
}

/** @param {Level} level @param {number} riseMs */
function keep({ name }, riseMs) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify({ level: name, riseMs, screen: screenNow() }));
  } catch {
    // Without storage the page finds it again the next time.
  }
}

/** What this device could show last; full for one that is not known, or whose entry is damaged. */
function kept() {
  const unknown = { index: FULL, riseMs: RISE_MS };
  try {
    const { level, riseMs, screen } = JSON.parse(localStorage.getItem(KEPT_AS) ?? "null");
    const index = LEVELS.findIndex(({ name }) => name === level);
    if (index < 0 || screen !== screenNow()) return unknown;
    const isTime = typeof riseMs === "number" && riseMs >= RISE_MS && riseMs <= RISE_MS_MAX;
    return { index, riseMs: isTime ? Math.min(riseMs, RISE_MS_KEPT_MAX) : RISE_MS };
  } catch {
    return unknown;
  }
}
