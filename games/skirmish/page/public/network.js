// @ts-check
// What a player simulates: how bad the network is, and what of the client's work is shown.
//
// It owns these settings, reads them from the page's address, and tells the game of them; what they
// do is not its business. Changed by hud/network.js, made by main.js.

/** @typedef {import("./types.js").Game} Game */
/**
 * @typedef {object} Settings
 * @property {number} latency by how much a round trip is longer, in ms
 * @property {number} jitter up to how much more each message takes, each way, in ms
 * @property {number} stall for how much of the time each direction stands still, in percent
 * @property {boolean} prediction whether the own ship is drawn where it is predicted to be
 * @property {boolean} interpolation whether the others are drawn between two snapshots
 *
 * @typedef {{ latency_ms: number, jitter_ms: number, stall_percent: number }} LinkState
 */

/** What there is to choose from, from 0 up. */
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

  /** Tells the game, which keeps it from one connection to the next. @param {Game} game */
  apply(game) {
    game.simulate({ ...this.settings, stallMs: STALL_MS });
  }

  /** The simulated network; null when there is none. @returns {LinkState | null} */
  link() {
    const { latency, jitter, stall } = this.settings;
    if (latency + jitter + stall === 0) return null;
    return { latency_ms: latency, jitter_ms: jitter, stall_percent: stall };
  }

  /** What is not as usual, for people; empty when all is. */
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
