// @ts-check
// Records what was drawn, frame by frame, so that tests can measure how smooth it is.
//
// It records only on request, through `window.tickwire` (state.js). main.js calls it for each frame.

/** @typedef {import("./world.js").World} World */
/**
 * @typedef {object} Frame
 * @property {number} at the time that the frame shows, on the page's clock
 * @property {{ x: number, y: number } | null} own where the own ship was drawn
 * @property {[player: number, entity: number, x: number, y: number][]} ships the others
 * @property {number[]} keys when keys went down since the frame before
 * @property {number} work_ms how long the frame before took until it was painted
 *
 * @typedef {{ left: number, frames: Frame[], done(record: { frames: Frame[] }): void }} Recording
 */

/** Half a minute of frames at 120 a second. */
const FRAMES_MAX = 3600;

export class Recorder {
  constructor() {
    /** @private @type {Recording[]} */
    this.recordings = [];
    /** @private @type {number[]} */
    this.keys = [];
    addEventListener(
      "keydown",
      ({ repeat, timeStamp }) => {
        if (!repeat && this.recordings.length > 0) this.keys.push(timeStamp);
      },
      { capture: true },
    );
  }

  /** Records the next frames. @param {number} frames
   *  @returns {Promise<{ frames: Frame[] }>} */
  record(frames) {
    const left = Math.min(FRAMES_MAX, Math.max(1, Math.floor(frames) || 1));
    return new Promise((done) => this.recordings.push({ left, frames: [], done }));
  }

  /** Notes one frame. @param {number} at @param {World} world
   *  @param {number} workMs of the frame before */
  note(at, world, workMs) {
    if (this.recordings.length === 0) return;
    const own = world.own && { x: world.own.x, y: world.own.y };
    const others = world.ships.filter((ship) => ship !== world.own);
    /** @type {Frame["ships"]} */
    const ships = others.map(({ player, id, x, y }) => [player, id, x, y]);
    for (const recording of this.recordings) {
      recording.frames.push({ at, own, ships, keys: this.keys, work_ms: workMs });
      if (--recording.left === 0) recording.done({ frames: recording.frames });
    }
    this.recordings = this.recordings.filter(({ left }) => left > 0);
    this.keys = [];
  }
}
