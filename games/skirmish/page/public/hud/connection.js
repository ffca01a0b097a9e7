// @ts-check
// The connection's figures: two lines that anybody understands, all else folded under them.
//
// It owns the corner of the page that shows them, and whether it is unfolded, which settings.js stores; graph.js
// shows what is folded, and is not loaded before. Called by hud.js.

import { element } from "../dom.js";

/** @typedef {import("../types.js").NetworkState} State */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../input-frames.js").InputFrames} InputFrames */
/** @typedef {import("../frame-time.js").Spread} Spread */

/** Rates are of so much time. */
const RATE_MS = 2000;

export class Connection {
  /** @param {Settings} settings @param {InputFrames} inputFrames */
  constructor(settings, inputFrames) {
    /** @private */
    this.settings = settings;
    /** @private */
    this.inputFrames = inputFrames;
    /** @private @type {import("./graph.js").Graph | null} */
    this.graph = null;
    /** The counts of the last moments. @private @type {{ at: number, snapshots: number, bytes: number }[]} */
    this.seen = [];
    /** @private */
    this.details = element("net-details", HTMLDetailsElement);
    /** What is shown, so that only changes touch the page. @private @type {Record<string, string>} */
    this.shown = {};
    this.listen();
  }

  /** @private */
  listen() {
    const { settings, details } = this;
    const show = () => {
      details.open = settings.unfolded;
      if (details.open && !this.graph) void this.loadGraph();
    };
    show();
    settings.onChange(show);
    details.addEventListener("toggle", () => {
      if (details.open !== settings.unfolded) settings.change({ unfolded: details.open });
    });
    // Drop the focus after a pointer's press: the keys are for the game.
    const summary = /** @type {HTMLElement} */ (details.firstElementChild);
    summary.addEventListener("click", ({ detail }) => detail > 0 && summary.blur());
    // The lines have titles, and so they catch the mouse: its presses are still for the game.
    const lines = element("net-lines");
    const surface = element("game");
    for (const name of ["mousedown", "contextmenu"]) {
      lines.addEventListener(name, (event) => {
        event.preventDefault();
        surface.dispatchEvent(new MouseEvent(name, /** @type {MouseEvent} */ (event)));
      });
    }
  }

  /** @private */
  async loadGraph() {
    const module = await import("./graph.js").catch(() => null);
    // The server is gone, or has another version by now: what is unfolded would stay empty.
    if (!module) return this.settings.change({ unfolded: false });
    this.graph ??= new module.Graph(element("graph", HTMLCanvasElement), element("figures"));
  }

  clear() {
    this.seen.length = 0;
    this.graph?.clear();
  }

  /** @param {State} state @param {number} now */
  note(state, now) {
    this.seen.push({ at: now, snapshots: state.snapshots, bytes: state.bytes });
    while (now - this.seen[0].at > RATE_MS) this.seen.shift();
    this.graph?.note(state, now);
  }

  /** What came per second, of late. @private */
  perSecond() {
    const [first, last] = [this.seen[0], this.seen[this.seen.length - 1]];
    const seconds = Math.max(0.001, (last.at - first.at) / 1000);
    const of = (/** @type {"snapshots" | "bytes"} */ what) => (last[what] - first[what]) / seconds;
    return { snapshots: of("snapshots"), bytes: of("bytes") };
  }

  /** @param {State} state @param {number} ships how many the server sends @param {Spread} frames milliseconds of each
   *  @param {string} quality */
  show(state, ships, frames, quality) {
    const { snapshots, bytes } = this.perSecond();
    const kilobytes = bytes / 1000;
    this.set("net-ping", `${state.rtt_ms.toFixed(0)} ms`);
    this.set("net-rate", `${kilobytes.toFixed(kilobytes < 10 ? 1 : 0)} kB/s`);
    this.set("net-ships", ships === 1 ? "1 ship" : `${ships} ships`);
    this.set("net-hz", `${(state.tick_rate_hz * state.time_scale).toFixed(0)} Hz`);
    this.set("net-input", state.player === null ? "" : this.inputText());
    if (this.details.open) this.graph?.show(state, snapshots, frames, quality);
  }

  /** @private */
  inputText() {
    const usual = this.inputFrames.usual;
    if (!usual) return "Input shown in –";
    const frames = usual.frames === 1 ? "1 frame" : `${usual.frames} frames`;
    return `Input shown in ${frames}${usual.frames === 1 ? "" : ` (${usual.ms.toFixed(0)} ms)`}`;
  }

  /** @private @param {string} id @param {string} text */
  set(id, text) {
    if (this.shown[id] === text) return;
    this.shown[id] = text;
    element(id).textContent = text;
  }
}
