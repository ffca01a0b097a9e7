// @ts-check
// The simulated network: latency, jitter and stalls, and whether prediction and interpolation show.
//
// It owns these settings, reads them from the page's address, and passes them to the game, which
// applies them. Changed by hud/network.js, made by main.js.

/** @typedef {import("./types.js").Game} Game */
/**
 * @typedef {object} Settings
 * @property {number} latency added to a round trip, in ms
 * @property {number} jitter maximum extra delay of a message, each way, in ms
 * @property {number} stall fraction of the time for which each direction stands still, in percent
 * @property {boolean} prediction whether the own ship is drawn where it is predicted to be
 * @property {boolean} interpolation whether the others are drawn between two snapshots
 *
 * @typedef {{ latency_ms: number, jitter_ms: number, stall_percent: number }} LinkState
 */

/** The largest value of each slider; the smallest is 0. */
export const RANGES = {
  latency: { most: 500, step: 5 },
  jitter: { most: 200, step: 5 },
  stall: { most: 10, step: 0.5 },
};
/** How long each stall lasts. */
const STALL_MS = 300;

/** @type {Settings} */
const USUAL = { latency: 0, jitter: 0, stall: 0, prediction: true, interpolation: true };

export class Network {
  /** @param {string} query of the page's address @param {() => void} changed */
  constructor(query, changed) {
    this.settings = { ...USUAL };
    this.changed = () => {};
    const asked = new URLSearchParams(query);
    for (const name of /** @type {const} */ (["latency", "jitter", "stall"])) {
      this.change({ [name]: Number(asked.get(name)) });
    }
    for (const name of /** @type {const} */ (["prediction", "interpolation"])) {
      this.change({ [name]: asked.get(name) !== "0" });
    }
    this.changed = changed;
  }

  /** @param {Partial<Settings>} wanted */
  change(wanted) {
    Object.assign(this.settings, wanted);
    for (const name of /** @type {const} */ (["latency", "jitter", "stall"])) {
      const { most, step } = RANGES[name];
      const value = Math.round(this.settings[name] / step) * step;
      this.settings[name] = Math.min(most, Math.max(0, value || 0));
    }
    this.changed();
  }

  reset() {
    this.change(USUAL);
  }

  /** Applies the settings to the game, which keeps them across connections. @param {Game} game */
  apply(game) {
    game.simulate({ ...this.settings, stallMs: STALL_MS });
  }

  /** The simulated network; null when there is none. @returns {LinkState | null} */
  link() {
    const { latency, jitter, stall } = this.settings;
    if (latency + jitter + stall === 0) return null;
    return { latency_ms: latency, jitter_ms: jitter, stall_percent: stall };
  }

  /** A text that lists what is changed; empty when nothing is. */
  describe() {
    const { latency, jitter, stall, prediction, interpolation } = this.settings;
    const parts = [];
    if (latency > 0) parts.push(`+${latency} ms`);
    if (jitter > 0) parts.push(`${jitter} ms jitter`);
    if (stall > 0) parts.push(`${stall} % stalls`);
    const head = parts.length > 0 ? "Simulated network: " : "Shown with ";
    if (!prediction) parts.push("no prediction");
    if (!interpolation) parts.push("no interpolation");
    return parts.length > 0 ? head + parts.join(" · ") : "";
  }
}
