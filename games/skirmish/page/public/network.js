// @ts-check
// The simulated network: latency, jitter and stalls, whether prediction and interpolation show, and
// whether the server's view does.
//
// It owns these settings, reads them from the page's address, and passes them to the game, which
// applies all but the last; that is main.js's. Changed by hud/network.js, made by main.js.

/** @typedef {import("./types.js").Game} Game */
/**
 * @typedef {object} Settings
 * @property {number} latency added to a round trip, in ms
 * @property {number} jitter maximum extra delay of a message, each way, in ms
 * @property {number} stall fraction of the time for which each direction stands still, in percent
 * @property {boolean} prediction whether the own ship is drawn where it is predicted to be
 * @property {boolean} interpolation whether the others are drawn between two snapshots
 * @property {boolean} serverView whether what the server sent last is drawn over the picture
 *
 * @typedef {object} Preset
 * @property {string} name
 * @property {number} latency as in {@link Settings}, like the next two
 * @property {number} jitter
 * @property {number} stall
 * @property {string} look what to look for
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

/**
 * Networks as people have them; they come on top of the real one. Where the figures are from:
 * - Wi-Fi: fibre and cable lines have 10 to 20 ms (FCC, Measuring Broadband America); a shared radio
 *   channel delays a message by some more now and then.
 * - 4G: 60 to 70 ms is usual (Chrome's and WebPageTest's profiles of a good one; 150 ms is the worst quarter,
 *   by Lighthouse); radio schedulers send in bursts, and a lost packet stops a TCP connection for a moment.
 * - Across the ocean: New York to London is under 90 ms (Verizon's guarantee), Europe to California
 *   about 150 ms; long cables are steady.
 * - Awful: half the globe over a crowded mobile cell.
 * @type {Preset[]}
 */
export const PRESETS = [
  {
    name: "Wi-Fi", latency: 20, jitter: 10, stall: 0,
    look: "As good as none: ships fly evenly, and your outline trails by a tick or two.",
  },
  {
    name: "4G", latency: 70, jitter: 40, stall: 1,
    look: "Others still fly evenly: they are drawn a little later, so that late messages are in time.",
  },
  {
    name: "Across the ocean", latency: 150, jitter: 10, stall: 0,
    look: "Your ship answers in the next frame all the same, and the rail hits what you see.",
  },
  {
    name: "Awful", latency: 300, jitter: 80, stall: 5,
    look: "Keys still answer at once. In a stall others run on by a guess, then glide to the truth.",
  },
];

/** @type {Settings} */
const USUAL = { latency: 0, jitter: 0, stall: 0, prediction: true, interpolation: true, serverView: false };

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
    this.change({ serverView: asked.get("server-view") === "1" });
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
    const { serverView: _, ...simulation } = this.settings;
    game.simulate({ ...simulation, stallMs: STALL_MS });
  }

  /** The preset that the network is, if it is one. @returns {Preset | null} */
  get preset() {
    const { latency, jitter, stall } = this.settings;
    const isIt = (/** @type {Preset} */ one) => one.latency === latency && one.jitter === jitter && one.stall === stall;
    return PRESETS.find(isIt) ?? null;
  }

  /** Simulates a preset; the one that is simulated already is switched off. @param {Preset} preset */
  choose(preset) {
    const { latency, jitter, stall } = this.preset === preset ? USUAL : preset;
    this.change({ latency, jitter, stall });
  }

  /** The simulated network; null when there is none. @returns {LinkState | null} */
  link() {
    const { latency, jitter, stall } = this.settings;
    if (latency + jitter + stall === 0) return null;
    return { latency_ms: latency, jitter_ms: jitter, stall_percent: stall };
  }

  /** A text that lists what is changed; empty when nothing is. */
  describe() {
    const { latency, jitter, stall, prediction, interpolation, serverView } = this.settings;
    const parts = [];
    if (latency > 0) parts.push(`+${latency} ms`);
    if (jitter > 0) parts.push(`${jitter} ms jitter`);
    if (stall > 0) parts.push(`${stall} % stalls`);
    const head = parts.length > 0 ? "Simulated network: " : "Shown with ";
    if (!prediction) parts.push("no prediction");
    if (!interpolation) parts.push("no interpolation");
    if (serverView) parts.push("server's view");
    return parts.length > 0 ? head + parts.join(" · ") : "";
  }
}
