// @ts-check
// A minute of a room, from a keyframe on: its scenes for `stream-report`, and what its bits were spent on. It reads no
// clock but the ticks.

import { sceneHead, sceneTick } from "./scenes.js";

/** @typedef {import("./feed.js").Traffic} Traffic */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {import("../client.js").Cost} Cost */

const SECONDS = 60;

export class MinuteRecorder {
  /** @type {"idle" | "waiting" | "recording" | "done" | "broken"} */
  state = "idle";
  /** @type {string[]} */
  #lines = [];
  #firstTick = 0;
  #seconds = SECONDS;
  /** @type {Uint8Array | null} */
  #own = null;
  /** Without keyframes. */
  snapshots = 0;
  bytes = 0;
  keyframes = 0;
  /** @type {Cost[]} */
  costs = [];

  /** From the next keyframe on, which comes when the room is joined again.
   *  @param {number} [seconds] at most a minute */
  start(seconds = SECONDS) {
    this.state = "waiting";
    this.#seconds = Math.min(seconds, SECONDS);
  }

  /** How much of the minute is recorded, from 0 to 1. @param {Feed} feed */
  progress(feed) {
    if (this.state === "done") return 1;
    if (this.state !== "recording") return 0;
    return Math.min(1, ((feed.tick ?? 0) - this.#firstTick) / (this.#seconds * Math.max(feed.tickRate, 1)));
  }

  /** @param {Traffic} traffic @param {Feed} feed */
  add({ name, message, snapshot }, feed) {
    const { schema, tick, standing, welcome, costs } = feed.decoder;
    if (this.state !== "waiting" && this.state !== "recording") return;
    if (name === "welcome" && this.state === "recording") this.state = "broken";
    if (!snapshot || !schema || tick === null || !costs || !welcome) return;
    if (this.state === "waiting") {
      if (!snapshot.isKeyframe) return;
      this.#begin(feed, tick);
    } else {
      this.snapshots += Number(!snapshot.isKeyframe);
      this.bytes += snapshot.isKeyframe ? 0 : message.length;
    }
    const own = feed.decoder.own();
    const viewer = welcome.player !== null && standing
      ? { player: welcome.player, own, before: this.#own, given: standing.given, margin: standing.marginTicks }
      : null;
    const rows = /** @type {import("./scenes.js").Row[]} */ (feed.decoder.rows());
    this.#lines.push(...sceneTick(schema, tick, rows, snapshot.events, viewer));
    this.#own = own;
    this.costs = costs.list();
    this.keyframes += Number(snapshot.isKeyframe);
    if (this.progress(feed) >= 1) this.state = "done";
  }

  /** @param {Feed} feed @param {number} tick */
  #begin(feed, tick) {
    const { schema, welcome } = feed.decoder;
    this.state = "recording";
    this.#lines = schema ? sceneHead(schema, welcome?.tickRateHz ?? 0) : [];
    this.#firstTick = tick;
    this.#own = null;
    this.snapshots = this.bytes = this.keyframes = 0;
    feed.costs?.clear();
    this.costs = [];
  }

  /** The recording, for `stream-report`. */
  scenes() {
    return `${this.#lines.join("\n")}\n`;
  }
}
