// @ts-check
// `window.tickwire`: the page's condition as plain data, for tests and for the curious.
//
// It only looks. It works from the first moment, before anything is loaded. Installed by
// main.js, which tells it what there is to look at.

/** @typedef {import("./wasm.js").Wasm} Wasm */
/** @typedef {import("./wasm.js").Own} Own */

/**
 * @typedef {object} Looks
 * @property {() => boolean} connected
 * @property {() => Wasm} wasm
 *
 * @typedef {object} PageState
 * @property {boolean} connected whether in a room
 * @property {"player" | "spectator" | null} role
 * @property {string | null} room
 * @property {number} tick of the last snapshot
 * @property {number} rtt_ms
 * @property {number} snapshots
 * @property {number} bytes
 * @property {number} entities rows known
 * @property {{ x: number, y: number, hull: number, score: number } | null} me predicted
 * @property {number} corrections
 */

/** @returns {{ look(looks: Looks): void }} */
export function installState() {
  /** @type {Looks | null} */
  let looks = null;
  const state = () => (looks?.connected() ? read(looks.wasm()) : blank());
  Object.assign(window, { tickwire: { state } });
  return {
    look(to) {
      looks = to;
    },
  };
}

/** @returns {PageState} */
const blank = () => ({
  connected: false,
  role: null,
  room: null,
  tick: 0,
  rtt_ms: 0,
  snapshots: 0,
  bytes: 0,
  entities: 0,
  me: null,
  corrections: 0,
});

/** @param {Wasm} wasm @returns {PageState} */
function read(wasm) {
  const state = wasm.state();
  const own = wasm.own();
  const score = wasm.roster()?.find((player) => player.player === state.player)?.score ?? 0;
  return {
    connected: true,
    role: state.player === null ? "spectator" : "player",
    room: state.room,
    tick: state.tick,
    rtt_ms: state.rtt_ms,
    snapshots: state.snapshots,
    bytes: state.bytes,
    entities: state.entities,
    me: own && hasLived(own) ? { x: own.x, y: own.y, hull: own.hull, score } : null,
    corrections: state.corrections,
  };
}

/** A player who waits for its first ship has no place yet; entity 0 is never a ship.
 *  @param {Own} own */
function hasLived(own) {
  return own.ship !== 0;
}
