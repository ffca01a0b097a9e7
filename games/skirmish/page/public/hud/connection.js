// @ts-check
// The connection's figures: two lines that anybody understands, all else folded under them.
//
// It owns the corner of the page that shows them, and whether it is unfolded, which settings.js stores; graph.js
// paints what is folded. It measures nothing itself. Called by hud.js.

import { Graph } from "./graph.js";
import { element } from "../dom.js";

/** @typedef {import("../types.js").NetworkState} State */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../input-frames.js").InputFrames} InputFrames */
/** @typedef {import("../frame-time.js").Spread} Spread */

export class Connection {
  /** @param {Settings} settings @param {InputFrames} inputFrames */
  constructor(settings, inputFrames) {
    /** @private */
    this.settings = settings;
    /** @private */
    this.inputFrames = inputFrames;
    /** @private */
    this.graph = new Graph(element("graph", HTMLCanvasElement), element("figures"));
    /** @private */
    this.details = element("net-details", HTMLDetailsElement);
    /** What is shown, so that only changes touch the page. @private @type {Record<string, string>} */
    this.shown = {};
    this.listen();
  }

  /** @private */
  listen() {
    const { settings, details } = this;
    const show = () => (details.open = settings.unfolded);
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

  clear() {
    this.graph.clear();
  }

  /** @param {State} state @param {number} now */
  note(state, now) {
    this.graph.note(state, now);
  }

  /** @param {State} state @param {number} ships how many the server sends @param {Spread} frames milliseconds of each
   *  @param {string} quality */
  show(state, ships, frames, quality) {
    const { bytes } = this.graph.perSecond;
    const kilobytes = bytes / 1000;
    this.set("net-ping", `${state.rtt_ms.toFixed(0)} ms`);
    this.set("net-rate", `${kilobytes.toFixed(kilobytes < 10 ? 1 : 0)} kB/s`);
    this.set("net-ships", ships === 1 ? "1 ship" : `${ships} ships`);
    this.set("net-hz", `${(state.tick_rate_hz * state.time_scale).toFixed(0)} Hz`);
    this.set("net-input", state.player === null ? "" : this.inputText());
    if (this.details.open) this.graph.show(state, frames, quality);
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
