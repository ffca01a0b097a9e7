// @ts-check
// `window.tickwire`: the page's state as plain data, for tests and debugging.
//
// It only reads, or starts record.js. main.js installs it at once and passes the objects to read
// later; until then the state is empty.

/** @typedef {import("./types.js").Game} Game */
/** @typedef {import("./types.js").Own} Own */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./server-view.js").ServerView} ServerView */
/** @typedef {import("./record.js").Recorder} Recorder */
/** @typedef {import("./quality.js").Quality} Quality */

/**
 * @typedef {object} Looks
 * @property {() => boolean} connected
 * @property {() => Game} game
 * @property {() => View} view
 * @property {() => Network} network
 * @property {() => ServerView | null} serverView while it is switched on
 * @property {() => Quality} quality
 *
 * @typedef {object} CameraState
 * @property {import("./spectator.js").Mode} mode
 * @property {number | null} player the one it follows
 * @property {string | null} name
 * @property {{ x: number, y: number } | null} ship where that player's ship is drawn
 * @property {number} x the middle of the picture
 * @property {number} y
 *
 * @typedef {object} Me
 * @property {number} player its id
 * @property {number} ship entity of its ship
 * @property {number} x
 * @property {number} y
 * @property {number} hull
 * @property {number} score
 * @property {boolean} alive
 * @property {number} aim radians
 * @property {number} charge of the rail, from 0 to 1
 * @property {number} cooldown_ticks until it may shoot
 * @property {number} class of its ship
 * @property {boolean} truce whether the result of a round stands
 *
 * @typedef {object} PageState
 * @property {boolean} connected whether in a room
 * @property {"player" | "spectator" | null} role
 * @property {string | null} room
 * @property {boolean} resumed whether it is who it was before the connection was lost or the page reloaded
 * @property {number} tick of the last snapshot
 * @property {number} delay_ticks how late spectators see the room
 * @property {number} rtt_ms
 * @property {number} snapshots
 * @property {number} bytes
 * @property {number} entities rows known
 * @property {Me | null} me predicted
 * @property {number} corrections
 * @property {number} late_inputs
 * @property {number | null} margin_ms how early the newest input was; null for spectators
 * @property {number} extrapolated_percent of the recent frames that had to extrapolate others
 * @property {import("./network.js").LinkState | null} link the simulated network
 * @property {boolean} prediction
 * @property {boolean} interpolation
 * @property {import("./server-view.js").ServerViewState | null} server_view while it is switched on
 * @property {CameraState | null} camera a spectator's
 * @property {number} frame_ms_p50 time of recent frames until they were painted
 * @property {number} frame_ms_p95
 * @property {number} script_ms_p95 the part of it that the page's scripts took
 * @property {string | null} quality name of the quality level
 */

/** @param {Recorder} recorder @returns {{ look(looks: Looks): void }} */
export function installState(recorder) {
  /** @type {Looks | null} */
  let looks = null;
  const state = () => (looks?.connected() ? read(looks) : { ...blank(), ...simulated(looks), ...drawn(looks) });
  const record = (/** @type {number} */ frames) => recorder.record(frames);
  Object.assign(window, { tickwire: { state, record } });
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
  resumed: false,
  tick: 0,
  delay_ticks: 0,
  rtt_ms: 0,
  snapshots: 0,
  bytes: 0,
  entities: 0,
  me: null,
  corrections: 0,
  late_inputs: 0,
  margin_ms: null,
  extrapolated_percent: 0,
  ...simulated(null),
  server_view: null,
  camera: null,
  ...drawn(null),
});

/** @param {Looks | null} looks */
function drawn(looks) {
  const quality = looks?.quality();
  const { p50 = 0, p95 = 0 } = quality?.times.work() ?? {};
  const script = quality?.times.script().p95 ?? 0;
  const name = quality?.level.name ?? null;
  return { frame_ms_p50: p50, frame_ms_p95: p95, script_ms_p95: script, quality: name };
}

/** @param {Looks | null} looks */
function simulated(looks) {
  const network = looks?.network();
  const { prediction = true, interpolation = true } = network?.settings ?? {};
  return { link: network?.link() ?? null, prediction, interpolation };
}

/** @param {Looks} looks @returns {PageState} */
function read(looks) {
  const game = looks.game();
  const state = game.network;
  const { own } = game;
  const score = state.player === null ? 0 : (game.roster.get(state.player)?.score ?? 0);
  return {
    connected: true,
    role: state.player === null ? "spectator" : "player",
    room: state.room,
    resumed: game.isResumed,
    tick: state.tick,
    delay_ticks: state.delay_ticks,
    rtt_ms: state.rtt_ms,
    snapshots: state.snapshots,
    bytes: state.bytes,
    entities: state.entities,
    me: own && hasLived(own) ? meOf(own, score) : null,
    corrections: state.corrections,
    late_inputs: state.late_inputs,
    margin_ms: state.margin_ms,
    extrapolated_percent: state.extrapolated_percent,
    ...simulated(looks),
    server_view: looks.serverView()?.state(looks.view().world) ?? null,
    camera: state.player === null ? cameraOf(looks.view()) : null,
    ...drawn(looks),
  };
}

/** @param {Own} own @param {number} score @returns {Me} */
function meOf(own, score) {
  const { player, ship, x, y, hull, aim, charge, cooldown_ticks, truce } = own;
  const alive = own.respawn_ticks === null;
  return { player, ship, x, y, hull, score, alive, aim, charge, cooldown_ticks, class: own.class, truce };
}

/** @param {View} view @returns {CameraState} */
function cameraOf({ camera, spectator, world }) {
  const { mode, followed } = spectator;
  const ship = followed === null ? undefined : world.shipOf(followed);
  return {
    mode,
    player: followed,
    name: followed === null ? null : world.nameOf(followed),
    ship: ship ? { x: ship.x, y: ship.y } : null,
    x: camera.x,
    y: camera.y,
  };
}

/** A player without its first ship has no position yet; entity 0 is never a ship.
 *  @param {Own} own */
function hasLived(own) {
  return own.ship !== 0;
}
