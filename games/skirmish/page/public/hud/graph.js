// @ts-check
// The net graph: a bar per snapshot by its bytes, a gap per missed one, and figures.
//
// It keeps and paints the last few seconds; it measures nothing itself. Loaded by connection.js when it is first
// unfolded, and called by it.

import { pixelRatio } from "../finite.js";

/** @typedef {import("../types.js").NetworkState} State */
/** @typedef {import("../frame-time.js").Spread} Spread */

const SAMPLES = 95;
/** A snapshot counts as missed when it is this many ticks late: frames alone add half a tick. */
const MISSED_TICKS = 1.75;
/** With what each is. */
const FIGURES = {
  ping: "The round trip to the server and back",
  tick: "The room's step in the newest snapshot",
  rate: "Snapshots that come per second",
  size: "Bytes of the newest snapshot",
  late: "Inputs that came too late for their tick",
  fixes: "How often the prediction of the own ship was corrected: by a hit, a push, a late input",
  margin: "How early the newest input was at the server",
  guess: "Frames in which other ships had to be drawn beyond the newest snapshot",
  frame: "",
  drawn: "The quality of the picture",
};

export class Graph {
  /** @param {HTMLCanvasElement} canvas @param {HTMLElement} figures */
  constructor(canvas, figures) {
    this.canvas = canvas;
    /** @private @type {number[]} */
    this.sizes = [];
    /** Snapshots up to the newest bar. @private */
    this.snapshots = 0;
    /** When the newest bar or gap was due. @private */
    this.barAt = 0;
    /** @private @type {Record<string, HTMLElement>} */
    this.values = {};
    for (const [name, title] of Object.entries(FIGURES)) {
      const term = document.createElement("dt");
      term.textContent = name;
      const value = document.createElement("dd");
      term.title = value.title = title;
      figures.append(term, value);
      this.values[name] = value;
    }
  }

  clear() {
    this.sizes.length = 0;
    this.snapshots = 0;
  }

  /** @param {State} state @param {number} now */
  note(state, now) {
    const isFirst = this.snapshots === 0;
    const fresh = isFirst ? 0 : Math.min(SAMPLES, Math.max(0, state.snapshots - this.snapshots));
    this.snapshots = state.snapshots;
    const tickMs = 1000 / Math.max(1, state.tick_rate_hz);
    // Snapshots between two calls are drawn with the size of the last one.
    for (let nth = 0; nth < fresh; nth++) this.sizes.push(state.snapshot_bytes);
    // No gaps before the first snapshot: spectators wait for theirs.
    if (fresh > 0 || isFirst) this.barAt = now;
    for (let nth = 0; nth < SAMPLES && now - this.barAt > MISSED_TICKS * tickMs; nth++) {
      this.sizes.push(0);
      this.barAt += tickMs;
    }
    if (this.sizes.length > SAMPLES) this.sizes.splice(0, this.sizes.length - SAMPLES);
  }

  /** @param {State} state @param {number} rate snapshots per second @param {Spread} frames milliseconds of each
   *  @param {string} quality */
  show(state, rate, frames, quality) {
    this.values.ping.textContent = `${state.rtt_ms.toFixed(0)} ms`;
    this.values.tick.textContent = String(state.tick);
    this.values.rate.textContent = `${rate.toFixed(0)} /s`;
    this.values.size.textContent = `${state.snapshot_bytes} B`;
    this.values.late.textContent = String(state.late_inputs);
    this.values.fixes.textContent = String(state.corrections);
    this.values.margin.textContent = state.margin_ms === null ? "–" : `${state.margin_ms.toFixed(0)} ms`;
    this.values.guess.textContent = `${state.extrapolated_percent.toFixed(0)} %`;
    this.values.frame.textContent = `${frames.p95.toFixed(1)} ms`;
    this.values.frame.title = `half of the frames take up to ${frames.p50.toFixed(1)} ms, 95 % up to this`;
    this.values.drawn.textContent = quality;
    this.paint();
  }

  /** @private */
  paint() {
    const { canvas } = this;
    const ratio = pixelRatio(2);
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const most = Math.max(64, ...this.sizes);
    const step = width / SAMPLES;
    this.sizes.forEach((size, nth) => {
      const x = width - (this.sizes.length - nth) * step;
      const tall = size === 0 ? 2 : Math.max(1, ((height - 2) * size) / most);
      context.fillStyle = size === 0 ? "#ff6b6b" : "#3f9dffb0";
      context.fillRect(x, height - tall, Math.max(1, step - 0.8), tall);
    });
  }
}
