// @ts-check
// The client core, typed: what the exports of `web-client/src/exports.rs` are to JavaScript.
//
// It copies nothing that can be read in place and keeps no state but the instance. Views of
// wasm memory are made anew after each call, since any call may grow the memory; what a method
// gives as an array is good until the next call. Used by connection.js, world.js and main.js.

/** How far the client is, as `PageClient::stage_number` has it. */
export const Stage = { NONE: 0, GREETING: 1, PLAYING: 2, REFUSED: 3, ENDED: 4, FAULT: 5 };

/**
 * @typedef {object} State
 * @property {number} stage one of {@link Stage}
 * @property {string} reason why it is not in a room, for people
 * @property {boolean} stale whether the server runs other code than this page
 * @property {boolean} last whether trying again would not help
 * @property {boolean} idle whether the server ended it because the player did nothing
 * @property {string | null} room
 * @property {number | null} player
 * @property {number} tick_rate_hz
 * @property {number} delay_ticks how late spectators see the room
 * @property {number} time_scale how fast the room makes its ticks; 1 is its full tick rate
 * @property {number} tick
 * @property {number} rtt_ms
 * @property {number} snapshots
 * @property {number} bytes
 * @property {number} snapshot_bytes
 * @property {number} late_inputs
 * @property {number} corrections
 * @property {number | null} margin_ms how early the newest input was; null for spectators
 * @property {number} extrapolated_percent in how much of what was drawn of late others were guessed
 * @property {number} entities
 *
 * @typedef {{ name: string, fields: string[] }} Kind
 * @typedef {{ entities: Kind[], events: Kind[] }} Schema
 *
 * @typedef {object} Player
 * @property {number} player
 * @property {string} name text of a stranger: draw it, never interpret it
 * @property {number} score
 * @property {number} team
 * @property {boolean} bot
 *
 * @typedef {object} BoardPage who leads, where the roster does not tell it all
 * @property {number} first how many are before the first of it
 * @property {number} total
 * @property {number | null} own how many are before the own player
 * @property {number[]} players
 *
 * @typedef {{ x: number, y: number, w: number, h: number, solid_from: number }} Wall
 * @typedef {{ x: number, y: number, radius: number, solid_from: number }} Rock
 * @typedef {{ x: number, y: number, kind: number }} Pad
 *
 * @typedef {object} Drifter a rock that goes around on a circle
 * @property {number} x the centre of its orbit
 * @property {number} y
 * @property {number} orbit
 * @property {number} radius
 * @property {number} solid_from
 *
 * @typedef {{ walls: Wall[], rocks: Rock[], drifters: Drifter[], pads: Pad[] }} Level
 *
 * @typedef {object} Own
 * @property {number} player
 * @property {number} ship entity of its ship; 0 before the first
 * @property {number | null} respawn_ticks null while it flies
 * @property {number} x
 * @property {number} y
 * @property {number} hull
 * @property {number} shield
 * @property {number} aim radians
 * @property {number} cooldown_ticks
 * @property {number} charge of the rail, from 0 to 1
 * @property {boolean} railed whether it fired the rail in its last tick
 * @property {number} rail_reach how far a rail would go from here if no ship were in its way, units
 * @property {number} class of its ship, an index of {@link Measures.classes}
 * @property {number} wish class of its next ship
 * @property {number} team 0 where there are none
 * @property {number} hull_max of its class
 * @property {number} shield_max of its class; a shield picked up may be twice as strong
 * @property {number} overcharge_s how long its shots still take more, seconds
 * @property {boolean} truce whether all weapons are off: the result of a round stands
 * @property {boolean} protected whether it cannot be hurt
 *
 * @typedef {object} Measures
 * @property {number} hull_max the largest of all classes
 * @property {number} shield_max the largest of all classes
 * @property {number} flag_protected bit of a ship's `flags`
 * @property {number} flag_charging bit of a ship's `flags`
 * @property {number} flag_overcharged bit of a ship's `flags`
 * @property {number} team_shift the two bits of a ship's `flags` from this one on are its team
 * @property {number} overcharge_s how long an overcharge lasts
 * @property {number} bolt_speed units per second
 * @property {number} view_half_x how far to each side a player knows what there is
 * @property {number} view_half_y
 * @property {number} screen_half_x how much of it a screen should show
 * @property {number} screen_half_y
 * @property {number} tall_half_x on a screen that is taller than wide
 * @property {number} tall_half_y
 * @property {Class[]} classes
 *
 * @typedef {object} Class of ship
 * @property {string} name
 * @property {number} hull_max
 * @property {number} shield_max
 * @property {number} speed units per second
 * @property {number} damage of a bolt
 * @property {number} cooldown_s between two bolts
 * @property {number} rail_charge_s
 */

/**
 * What is held down, and the direction to the pointer in radians.
 * @typedef {{ buttons: number, aim: number }} Held
 */

/** Loads the client core. */
export async function loadWasm() {
  const response = await fetch(new URL("tickwire.wasm", import.meta.url));
  if (!response.ok) throw new Error(`the game's code could not be loaded (${response.status})`);
  const source = await WebAssembly.instantiate(await response.arrayBuffer(), {});
  return new Wasm(source.instance);
}

/** Whether a message is binary, whichever realm it was made in: a frame, a worker or a test has an
 *  `ArrayBuffer` of its own, of which nothing here is an instance.
 *  @param {unknown} data @returns {data is ArrayBuffer} */
export function isBinary(data) {
  return Object.prototype.toString.call(data) === "[object ArrayBuffer]";
}

export class Wasm {
  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    this.calls = /** @type {Record<string, (...numbers: number[]) => number>} */ (
      /** @type {unknown} */ (instance.exports)
    );
    this.memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    this.decoder = new TextDecoder();
    this.encoder = new TextEncoder();
  }

  /**
   * Begins anew: its hello waits to be sent.
   * @param {number} now
   * @param {{ spectator: boolean, name: string, room: string | null, ticket?: string | null,
   *   settings?: string }} greeting settings: JSON, for a room that opens for it
   */
  open(now, { spectator, name, room, ticket, settings }) {
    const texts = [name, room ?? "", ticket ?? "", settings ?? ""].map((text) => this.encoder.encode(text));
    const all = new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0));
    let at = 0;
    for (const text of texts) {
      all.set(text, at);
      at += text.length;
    }
    this.put(all);
    const lengths = texts.map((text) => text.length);
    this.calls.tickwire_open(now, spectator ? 1 : 0, ...lengths);
  }

  /**
   * Puts a simulated network between socket and client, this and all to come; with all 0 none.
   * @param {number} now @param {number} latency ms of a round trip @param {number} jitter ms
   * @param {number} stall percent of the time @param {number} stallMs how long each lasts
   */
  link(now, latency, jitter, stall, stallMs) {
    this.calls.tickwire_link(now, latency, jitter, stall, stallMs);
  }

  /** Switches what is shown of the client's work.
   *  @param {boolean} prediction @param {boolean} interpolation */
  show(prediction, interpolation) {
    this.calls.tickwire_show(prediction ? 1 : 0, interpolation ? 1 : 0);
  }

  /**
   * Begins anew with a room of bots in the page itself.
   * @param {number} now @param {number} seed @param {number} players
   */
  demo(now, seed, players) {
    this.calls.tickwire_demo(now, seed, players);
  }

  /** @param {number} now */
  advanceDemo(now) {
    this.calls.tickwire_demo_advance(now);
  }

  /**
   * Puts one message on the way to the client; `play` takes it.
   * @param {number} now @param {ArrayBuffer} message
   */
  receive(now, message) {
    this.put(new Uint8Array(message));
    this.calls.tickwire_receive(now, message.byteLength);
  }

  /** Whether a message is on the way to the client. */
  isComing() {
    return this.calls.tickwire_is_coming() !== 0;
  }

  /** What is held has changed: what is pressed and let go before the next tick counts for one, too.
   *  @param {number} buttons */
  hold(buttons) {
    this.calls.tickwire_hold(buttons);
  }

  /**
   * Takes the messages that have come and makes the ticks that are due; gives the stage then.
   * @param {number} now @param {Held} held
   */
  play(now, held) {
    return this.calls.tickwire_play(now, held.buttons, held.aim);
  }

  /** When `play` is due next. */
  due() {
    return this.calls.tickwire_due();
  }

  /** Takes the next message to be sent now, a copy. @param {number} now */
  outgoing(now) {
    const length = this.calls.tickwire_outgoing(now);
    return length === 0 ? null : this.bytes(length).slice();
  }

  /** Queues a goodbye, to be sent now. @param {number} now */
  leave(now) {
    this.calls.tickwire_leave(now);
  }

  /**
   * What is to be drawn: the tick of the others, that of the own ship, then rows of entity, kind,
   * count, values.
   * @param {number} now @param {Held} held
   */
  draw(now, held) {
    return this.numbers(this.calls.tickwire_draw(now, held.buttons, held.aim));
  }

  /** Takes what has happened: rows of tick, kind, count, values. */
  events() {
    return this.numbers(this.calls.tickwire_events());
  }

  /** @returns {State} */
  state() {
    return JSON.parse(this.text(this.calls.tickwire_state()));
  }

  /** @returns {Measures} */
  measures() {
    return JSON.parse(this.text(this.calls.tickwire_measures()));
  }

  /** @returns {Own | null} */
  own() {
    return this.json(this.calls.tickwire_own());
  }

  /** @returns {Schema | null} */
  schema() {
    return this.json(this.calls.tickwire_schema());
  }

  /** @returns {Level | null} */
  level() {
    return this.json(this.calls.tickwire_level());
  }

  /** Where the rocks that drift are: x and y of each. @param {number} tick with its fraction */
  drifters(tick) {
    return this.numbers(this.calls.tickwire_drifters(tick));
  }

  /** @returns {Player[] | null} */
  roster() {
    return this.json(this.calls.tickwire_roster());
  }

  /** Rises whenever the roster changed. */
  rosterVersion() {
    return this.calls.tickwire_roster_version();
  }

  /** Has so many rows of the board open. @param {number} rows */
  openBoard(rows) {
    this.calls.tickwire_open_board(rows);
  }

  /** @returns {BoardPage | null} */
  board() {
    return this.json(this.calls.tickwire_board());
  }

  /** Takes the next notice. */
  notice() {
    return this.text(this.calls.tickwire_notice());
  }

  /** @private @param {Uint8Array} bytes */
  put(bytes) {
    const at = this.calls.tickwire_scratch(bytes.length);
    // Longer than scratch can be: the core refuses it by its length.
    new Uint8Array(this.memory.buffer).set(bytes.subarray(0, SCRATCH_MAX_BYTES), at);
  }

  /** @private @param {number} length */
  bytes(length) {
    return new Uint8Array(this.memory.buffer, this.calls.tickwire_bytes(), length);
  }

  /** @private @param {number} length */
  numbers(length) {
    return new Float64Array(this.memory.buffer, this.calls.tickwire_numbers(), length);
  }

  /** @private @param {number} length */
  text(length) {
    return this.decoder.decode(this.bytes(length));
  }

  /** @private @param {number} length */
  json(length) {
    return length === 0 ? null : JSON.parse(this.text(length));
  }
}

/** As `limits::SERVER_MESSAGE_MAX_BYTES`. */
const SCRATCH_MAX_BYTES = 1 << 20;
