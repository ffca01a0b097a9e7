// @ts-check
// The client core: typed access to the exports of `web-client/src/exports.rs`.
//
// It reads in place what it can. Views of wasm memory are recreated after each call, since any call may
// grow the memory. Objects for rows and for the own state (values.js) are created once and refilled. Used by
// game.js and connection.js; `docs/client.md` describes the exports.

import { Packer, Rows, Template } from "./values.js";

/** @typedef {import("./tickwire.js").NetworkState} NetworkState */
/** @typedef {import("./tickwire.js").Schema} Schema */
/** @typedef {import("./tickwire.js").Player} Player */
/** @typedef {import("./tickwire.js").BoardPage} BoardPage */
/** @typedef {import("./tickwire.js").Keys} Keys */
/** @typedef {import("./tickwire.js").GameEvent} GameEvent */
/** @typedef {import("./tickwire.js").Correction} Correction */

/** The client's stage: the numbers of `PageClient::stage_number`. */
export const Stage = { NONE: 0, GREETING: 1, PLAYING: 2, REFUSED: 3, ENDED: 4, FAULT: 5 };

/** The version of the exports that this file is for. */
const ABI = 4;
/** How long a frame may take for what a demo plays ahead, and in how many calls of how many steps. */
const AHEAD_SLICE_MS = 20;
const AHEAD_STEPS = 8;
const AHEAD_CALLS_MAX = 50;
/** Numbers of a correction: tick, distance, two places. */
const CORRECTION_NUMBERS = 6;
/** As `limits::SERVER_MESSAGE_MAX_BYTES`. */
const SCRATCH_MAX_BYTES = 1 << 20;
/** The keys of a generic page, in the order of their bits; the last two are of the pointer. */
export const KEYS = /** @type {const} */ (["up", "down", "left", "right", "primary", "secondary", "pointer", "aim"]);
/** The kinds of message that have a token, and its length. */
const [HELLO, WELCOME] = [1, 129];
const TOKEN_BYTES = 24;
const encoder = new TextEncoder();

/** Whether a message is an `ArrayBuffer` of any realm: `instanceof` fails for those of frames, workers and
 *  tests.
 *  @param {unknown} data @returns {data is ArrayBuffer} */
export function isBinary(data) {
  return Object.prototype.toString.call(data) === "[object ArrayBuffer]";
}

/**
 * The core's state, for the page and for connection.js.
 * @typedef {NetworkState & {
 *   stage: number, stale: boolean, last: boolean, idle: boolean, closed: boolean, replaced: boolean,
 *   not_resumable: boolean, resumed: boolean, grace_s: number, reason: string,
 * }} State
 * @typedef {(message: Uint8Array<ArrayBuffer>, isOwn: boolean) => void} Traffic
 * @typedef {{ spectator: boolean, name: string, room: string | null, ticket: string | null,
 *             settings: unknown, resume: string | null }} Hello `resume`: a session's token
 */

export class Core {
  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    /** @private */
    this.calls = /** @type {Record<string, (...numbers: number[]) => number>} */ (
      /** @type {unknown} */ (instance.exports)
    );
    /** @private */
    this.memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    /** @private */
    this.decoder = new TextDecoder();
    /** @private */
    this.packer = new Packer();
    /** @private @type {Rows | null} */
    this.drawn = null;
    /** @private @type {Rows | null} */
    this.newest = null;
    /** @private @type {Template | null} */
    this.template = null;
    /** Whether the hello has a token. @private */
    this.hasToken = false;
    /** Sees each message as it comes and as it is sent, without a session's token. @type {Traffic | null} */
    this.ontraffic = null;
    const abi = this.calls.tickwire_start?.();
    if (abi !== ABI) throw new Error(`tickwire.wasm is of another version than the page: ${abi}, not ${ABI}`);
  }

  /** Starts a new connection: queues its hello. @param {number} now @param {Hello} hello */
  open(now, { spectator, name, room, ticket, settings, resume }) {
    const chosen = settings === undefined || settings === null ? "" : JSON.stringify(settings);
    const texts = [name, room ?? "", ticket ?? "", chosen, resume ?? ""];
    const lengths = this.put(texts.map((text) => encoder.encode(text)));
    this.hasToken = resume !== null;
    this.calls.tickwire_open(now, spectator ? 1 : 0, ...lengths);
    this.drawn = this.newest = null;
  }

  /**
   * Puts a simulated network between socket and client, now and for later connections; all 0 removes it.
   * @param {number} now @param {number} latency ms of a round trip @param {number} jitter ms
   * @param {number} stall percent of the time @param {number} stallMs length of a stall
   */
  link(now, latency, jitter, stall, stallMs) {
    this.calls.tickwire_link(now, latency, jitter, stall, stallMs);
  }

  /** Switches prediction and interpolation.
   *  @param {boolean} prediction @param {boolean} interpolation */
  show(prediction, interpolation) {
    this.calls.tickwire_show(prediction ? 1 : 0, interpolation ? 1 : 0);
  }

  /**
   * Starts a demo room of bots in the page itself.
   * @param {number} now @param {number} seed @param {number} players
   * @param {number} ahead seconds that they play before anything is drawn
   */
  demo(now, seed, players, ahead) {
    this.calls.tickwire_demo(now, seed, players, ahead);
    this.drawn = this.newest = null;
  }

  /** Steps the demo: at first what it plays ahead, in slices, so that the page goes on meanwhile.
   *  @param {number} now */
  advanceDemo(now) {
    const until = performance.now() + AHEAD_SLICE_MS;
    // A browser's clock may be coarse, hence the count.
    for (let nth = 0; this.calls.tickwire_demo_ahead(AHEAD_STEPS) > 0; nth++) {
      if (nth >= AHEAD_CALLS_MAX || performance.now() >= until) return;
    }
    this.calls.tickwire_demo_advance(now);
  }

  /**
   * Queues a received message; `play` processes it.
   * @param {number} now @param {ArrayBuffer} message
   */
  receive(now, message) {
    this.ontraffic?.(shownOf(new Uint8Array(message), false), false);
    this.put([new Uint8Array(message)]);
    this.calls.tickwire_receive(now, message.byteLength);
  }

  /** Whether a received message is still queued. */
  isComing() {
    return this.calls.tickwire_is_coming() !== 0;
  }

  /** Sets the held input; returns an error text, or "". @param {unknown} input @param {unknown} stick */
  hold(input, stick) {
    const lengths = this.put([this.packer.pack(input), this.packer.pack(stick)]);
    return this.text(this.calls.tickwire_hold(...lengths));
  }

  /** Presses an input for a moment; returns an error text, or "". @param {unknown} input */
  press(input) {
    return this.text(this.calls.tickwire_press(...this.put([this.packer.pack(input)])));
  }

  /** Which keys of a generic page change the game's input. */
  keys() {
    const used = this.calls.tickwire_keys();
    return KEYS.filter((_, bit) => used & (1 << bit));
  }

  /** What is held on a generic page. @param {Keys} held @param {Keys} stick */
  holdKeys(held, stick) {
    const [x, y] = held.pointer ?? [NaN, NaN];
    this.calls.tickwire_point(x, y, held.aim ?? NaN);
    this.calls.tickwire_hold_keys(bitsOf(held), bitsOf(stick));
  }

  /** Clears the input: the player is away. */
  release() {
    this.calls.tickwire_release();
  }

  /** Processes queued messages and makes the ticks that are due; returns the stage.
   *  @param {number} now */
  play(now) {
    return this.calls.tickwire_play(now);
  }

  /** When `play` is due next. */
  due() {
    return this.calls.tickwire_due();
  }

  /** A copy of the next message to send now. @param {number} now */
  outgoing(now) {
    const length = this.calls.tickwire_outgoing(now);
    if (length === 0) return null;
    const message = this.bytes(length).slice();
    this.ontraffic?.(shownOf(message, this.hasToken), true);
    return message;
  }

  /** Whether clients that open from now on leave their own state to the game's rules between snapshots.
   *  @param {boolean} does */
  replays(does) {
    this.calls.tickwire_replays(does ? 1 : 0);
  }

  /** Queues a goodbye. @param {number} now */
  leave(now) {
    this.calls.tickwire_leave(now);
  }

  /** What to draw now; null while there is nothing. The next call refills the result.
   *  @param {number} now */
  draw(now) {
    const count = this.calls.tickwire_draw(now);
    if (count === 0) return null;
    let { drawn } = this;
    if (!drawn) {
      const schema = this.schema();
      if (!schema) return null;
      this.drawn = drawn = new Rows(schema);
      // schema() has replaced the drawn numbers.
      this.calls.tickwire_draw(now);
    }
    drawn.fill(this.numbers(count));
    return drawn;
  }

  /** Takes the events up to the drawn tick. @returns {GameEvent[]} */
  events() {
    const { drawn } = this;
    return drawn ? drawn.events(this.numbers(this.calls.tickwire_events())) : [];
  }

  /** The rows of the newest snapshot, as the server sent them; null while there is none. The next call refills
   *  the result. */
  serverRows() {
    if (!this.newest) {
      const schema = this.schema();
      if (!schema) return null;
      this.newest = new Rows(schema);
    }
    const count = this.calls.tickwire_server_rows();
    if (count === 0) return null;
    this.newest.fill(this.numbers(count));
    return this.newest;
  }

  /** Takes the corrections of the own player since the last call. @returns {Correction[]} */
  corrections() {
    const numbers = this.numbers(this.calls.tickwire_corrections());
    const placeAt = (/** @type {number} */ at) => {
      const [x, y] = numbers.subarray(at);
      return Number.isNaN(x) ? null : { x, y };
    };
    const corrections = [];
    for (let at = 0; at < numbers.length; at += CORRECTION_NUMBERS) {
      const [tick, units] = numbers.subarray(at);
      corrections.push({ tick, units, from: placeAt(at + 2), to: placeAt(at + 4) });
    }
    return corrections;
  }

  /** The predicted own state: an object that the next call refills, as long as its shape stays.
   *  @returns {any} */
  own() {
    const numbers = this.numbers(this.calls.tickwire_own());
    if (numbers.length === 0) return null;
    if (this.template?.version !== numbers[0]) {
      const leaves = numbers.slice();
      this.template = new Template(leaves[0], this.json(this.calls.tickwire_own_template()));
      return this.template.fill(leaves);
    }
    return this.template.fill(numbers);
  }

  /** @returns {State} */
  state() {
    return this.json(this.calls.tickwire_state());
  }

  /** The token of the session; "" outside of a room. */
  resumeToken() {
    return this.text(this.calls.tickwire_resume_token());
  }

  /** When the server closes; infinite if it has not said that it does. */
  closesAt() {
    return this.calls.tickwire_closes_at();
  }

  /** @returns {any} */
  measures() {
    return this.json(this.calls.tickwire_measures());
  }

  /** @returns {Schema | null} */
  schema() {
    return this.json(this.calls.tickwire_schema());
  }

  /** @returns {any} */
  level() {
    return this.json(this.calls.tickwire_level());
  }

  /** @returns {any} */
  settings() {
    return this.json(this.calls.tickwire_settings());
  }

  /** The level's parts that move by the tick alone; valid until the next call. @param {number} tick */
  moving(tick) {
    return this.numbers(this.calls.tickwire_moving(tick));
  }

  /** @returns {Player[] | null} */
  roster() {
    return this.json(this.calls.tickwire_roster());
  }

  /** Rises whenever the roster changes. */
  rosterVersion() {
    return this.calls.tickwire_roster_version();
  }

  /** Opens this many rows of the board. @param {number} rows */
  openBoard(rows) {
    this.calls.tickwire_open_board(rows);
  }

  /** @returns {BoardPage | null} */
  board() {
    return this.json(this.calls.tickwire_board());
  }

  /** Takes the next notice; "" when there is none. */
  notice() {
    return this.text(this.calls.tickwire_notice());
  }

  /** Copies arrays into the core one after the other; returns their lengths. @private @param {Uint8Array[]} parts */
  put(parts) {
    const lengths = parts.map((part) => part.length);
    const length = lengths.reduce((sum, each) => sum + each, 0);
    let at = this.calls.tickwire_scratch(length);
    let room = SCRATCH_MAX_BYTES;
    const memory = new Uint8Array(this.memory.buffer);
    for (const part of parts) {
      // Too long for the scratch buffer: the core refuses it by its length.
      const fits = part.subarray(0, room);
      memory.set(fits, at);
      at += fits.length;
      room -= fits.length;
    }
    return lengths;
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
    return length === 0 ? "" : this.decoder.decode(this.bytes(length));
  }

  /** @private @param {number} length */
  json(length) {
    return length === 0 ? null : JSON.parse(this.text(length));
  }
}

/** What an observer is shown of a message: zeros take the place of a token, since who has that has the player.
 *  @param {Uint8Array<ArrayBuffer>} message @param {boolean} hasToken whether it ends with one if it is a hello */
function shownOf(message, hasToken) {
  const [kind] = message;
  if (kind === HELLO && hasToken) return message.slice().fill(0, -TOKEN_BYTES);
  if (kind !== WELCOME) return message;
  const at = tokenAt(message);
  return message.slice().fill(0, at, at + TOKEN_BYTES);
}

/** Where a welcome has its token, by docs/protocol.md. @param {Uint8Array} message */
function tokenAt(message) {
  let at = 1;
  const number = () => {
    const first = message[at++];
    if (first < 251) return first;
    const end = at + 2 ** (first - 250);
    let value = 0;
    for (let digit = 0; at < end; digit++) value += message[at++] * 256 ** digit;
    return value;
  };
  const skip = () => {
    const length = number();
    at += length;
  };
  number();
  if (message[at++] === 1) number();
  skip();
  for (let nth = 0; nth < 4; nth++) number();
  for (let nth = 0; nth < 3; nth++) skip();
  return at;
}

/** @param {Keys} held */
function bitsOf(held) {
  return KEYS.reduce((bits, key, bit) => (held[key] === true ? bits | (1 << bit) : bits), 0);
}
