// @ts-check
// How long frames take: the script of each, and everything that the page's thread does until the
// frame is painted.
//
// It owns the last few seconds of measurements; quality.js decides by them. main.js calls it when a
// frame begins and ends; the net graph, state.js and record.js read it.

/** @typedef {{ p50: number, p95: number }} Spread */

/** About four seconds at 60 frames a second. */
const FRAMES = 240;

export class FrameTime {
  constructor() {
    /** Milliseconds of script, of the last frames. @private */
    this.scripts = new Ring();
    /** Milliseconds until painted. @private */
    this.works = new Ring();
    /** Of the newest frame that is painted. */
    this.lastWork = 0;
    /** @private */
    this.begunAt = 0;
    // A task queued within a frame runs after the frame is painted. In browsers that paint the
    // canvas on this thread, painting is most of the work, and a script cannot measure it otherwise.
    const channel = new MessageChannel();
    channel.port1.onmessage = () => this.painted();
    /** @private */
    this.port = channel.port2;
  }

  begin() {
    this.begunAt = performance.now();
  }

  end() {
    this.scripts.add(performance.now() - this.begunAt);
    this.port.postMessage(0);
  }

  /** @private */
  painted() {
    this.lastWork = performance.now() - this.begunAt;
    this.works.add(this.lastWork);
  }

  /** Drops all measurements: the quality has changed. */
  clear() {
    for (const ring of [this.scripts, this.works]) ring.clear();
  }

  /** @returns {Spread} */
  work() {
    return this.works.spread();
  }

  /** @returns {Spread} */
  script() {
    return this.scripts.spread();
  }

}

/** A ring buffer of the last numbers. */
class Ring {
  constructor() {
    this.values = new Float32Array(FRAMES);
    this.count = 0;
    this.next = 0;
  }

  /** @param {number} value */
  add(value) {
    this.values[this.next] = value;
    this.next = (this.next + 1) % FRAMES;
    this.count = Math.min(FRAMES, this.count + 1);
  }

  clear() {
    this.count = this.next = 0;
  }

  /** @returns {Spread} */
  spread() {
    if (this.count === 0) return { p50: 0, p95: 0 };
    const sorted = this.values.slice(0, this.count).sort();
    const at = (/** @type {number} */ part) => sorted[Math.floor((this.count - 1) * part)];
    return { p50: at(0.5), p95: at(0.95) };
  }
}
