// @ts-check
// A room as the viewer sees it: through the game's own WebAssembly, which predicts, or by the schema alone.
//
// Either way each message is also decoded by `client.js`, which says what its bits are spent on. It draws
// nothing. The server decides what is shown: a viewer joins as a player or as a spectator, and is neither more.

import { Clock } from "../clock.js";
import { TickwireClient } from "../client.js";
import { Tickwire } from "../game.js";
import { socketUrl, ticketOf } from "../env.js";
import { Between, playerKey } from "./between.js";

/** @typedef {import("../tickwire.js").Keys} Keys */
/** @typedef {import("../tickwire.js").Player} Player */
/** @typedef {import("../tickwire.js").Schema} Schema */
/** @typedef {import("../tickwire.js").NetworkState} NetworkState */
/** @typedef {{ id: number, kind: string, own: boolean, [field: string]: any }} Row */
/** @typedef {{ tick: number, kind: string, [field: string]: any }} Happening */
/** @typedef {{ spectator: boolean, name: string, room: string | null }} Entry */
/** @typedef {{ isKeyframe: boolean, tick: number, rows: object[], gone: number[], events: Happening[] }} Said what a
 *  snapshot said: rows that are new or of which it named fields, those that are gone, and what happened */
/** @typedef {{ message: Uint8Array, isOwn: boolean, name: string, snapshot: Said | null }} Traffic */

/**
 * @typedef {object} Feed
 * @property {"idle" | "connecting" | "playing" | "watching" | "waiting" | "ended"} status
 * @property {string} reason
 * @property {string | null} room
 * @property {number | null} player
 * @property {number} tickRate
 * @property {number | null} tick of the last snapshot
 * @property {Schema | null} schema
 * @property {ReadonlyMap<number, Player>} roster
 * @property {import("../client.js").Costs | null} costs
 * @property {TickwireClient} decoder sees all that comes
 * @property {boolean} isInRoom
 * @property {boolean} isSilent in a room of which nothing is heard
 * @property {number | null} closesIn seconds until the server closes, if it has said that it does
 * @property {number} drawnTick of what was drawn of the others last
 * @property {number} ownTick of what was drawn of the own player last
 * @property {NetworkState | null} network only a client that predicts has it
 * @property {readonly (keyof Keys)[]} keys those that the game takes
 * @property {(stamp: number) => number} frame the moment that a frame shows, ms
 * @property {(at?: number) => Row[]} rows what is to be drawn then, or now
 * @property {() => Happening[]} events since the last call
 * @property {(entry: Entry) => void} enter
 * @property {(keys: Keys, stick: Keys) => void} hold
 * @property {(sample: () => void) => void} onsample before each tick
 * @property {(listener: () => void) => void} onstatus
 * @property {(listener: (text: string) => void) => void} onnotice also that the server closes
 * @property {(listener: (traffic: Traffic) => void) => void} ontraffic
 */

/** Where the server speaks: the viewer's modules lie in a folder below that, or in a hashed one. */
const SERVER = new URL(".", document.baseURI);
const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 5000;
/** After so long in a room, waits begin small again. */
const SETTLED_MS = 2000;
/** A room that says nothing for so long is gone, whatever the socket believes. */
const SILENCE_MAX_MS = 10_000;
/** A server ends a connection of which it hears nothing for 15 seconds. */
const PING_MS = 5000;
/** Events that wait to be drawn, of a page that is not seen. */
const EVENTS_MAX = 256;

/** By the game's WebAssembly. @param {URL} [wasm] where it is, if it is not beside the kit @returns {Promise<Feed>} */
export async function openPredicted(wasm) {
  const game = await Tickwire.load({ address: location.search, wasm, preconnect: true });
  const decoder = new TickwireClient();
  /** @type {((traffic: Traffic) => void)[]} */
  const listeners = [];
  game.observe((message, isOwn) => {
    const name = isOwn ? noteOwn(decoder, message) : noteServers(decoder, message);
    if (listeners.length === 0) return;
    const snapshot = name === "snapshot" ? saidOf(decoder, /** @type {Happening[]} */ (decoder.events())) : null;
    for (const listener of listeners) listener({ message, isOwn, name, snapshot });
  });
  return {
    get status() { return game.status; },
    get reason() { return game.reason; },
    get room() { return game.room; },
    get player() { return game.player; },
    get tickRate() { return game.tickRate; },
    get tick() { return decoder.tick; },
    get schema() { return game.isInRoom ? game.schema : null; },
    get roster() { return game.roster; },
    get costs() { return decoder.costs; },
    get isInRoom() { return game.isInRoom; },
    get drawnTick() { return game.tick; },
    get ownTick() { return game.ownTick; },
    get network() { return game.network; },
    decoder,
    keys: game.keys,
    frame: (stamp) => game.frame(stamp),
    rows(at) {
      const rows = /** @type {Row[]} */ (game.rows(at));
      // A game without prediction has no row of its own by that.
      if (game.player !== null && !rows.some(({ own }) => own)) markOwn(rows, game.schema, game.player);
      return rows;
    },
    events: () => /** @type {Happening[]} */ (game.events()),
    enter({ spectator, name, room }) {
      if (spectator) game.spectate({ name, room });
      else game.join({ name, room });
    },
    hold(keys, stick) {
      if (game.keys.length === 0) return;
      game.holdKeys(keys, stick);
      // Who was idle plays again by any key.
      if (game.isIdle && [...Object.values(keys), ...Object.values(stick)].includes(true)) game.resume();
    },
    onsample: (sample) => { game.onsample = sample; },
    get isSilent() { return game.isSilent; },
    get closesIn() { return game.closesIn; },
    onstatus(listener) {
      game.addEventListener("status", listener);
      game.addEventListener("silent", listener);
    },
    onnotice(listener) {
      game.addEventListener("notice", (event) => listener(/** @type {import("../tickwire.js").NoticeEvent} */ (event).text));
      game.addEventListener("closing", () => listener(closingText(game.closesIn ?? 0)));
    },
    ontraffic: (listener) => { listeners.push(listener); },
  };
}

/** A message of the viewer's own: with a hello the decoder begins anew.
 *  @param {TickwireClient} decoder @param {Uint8Array} message */
function noteOwn(decoder, message) {
  if (message[0] === 1) decoder.hello();
  for (const _ of decoder.outgoing()); // What it would say the client says itself.
  return OWN_NAMES[message[0]] ?? "unknown";
}

/** @param {TickwireClient} decoder @param {Uint8Array} message @returns {string} */
function noteServers(decoder, message) {
  try {
    return decoder.receive(message);
  } catch (error) {
    return String(error);
  }
}

/** Marks the rows of a player. @param {Row[]} rows @param {Schema | null} schema @param {number} player */
function markOwn(rows, schema, player) {
  for (const { name, fields } of schema?.entities ?? []) {
    const key = playerKey(fields);
    if (key === null) continue;
    for (const row of rows) if (row.kind === name) row.own = row[key] === player;
  }
}

/** What the last snapshot said. @param {TickwireClient} decoder @param {Happening[]} events @returns {Said} */
function saidOf(decoder, events) {
  const { rows, gone, isKeyframe } = decoder.changes();
  return { isKeyframe, tick: decoder.tick ?? 0, rows: [...rows], gone: [...gone], events };
}

/** A client's messages by their first byte. */
const OWN_NAMES = ["", "hello", "input", "ack", "ping", "goodbye", "board"];

/** By the schema alone. @returns {Feed} */
export function openPlain() {
  return new PlainFeed();
}

/** @implements {Feed} */
class PlainFeed {
  /** @type {Feed["status"]} */
  status = "idle";
  reason = "";
  network = null;
  /** @type {readonly (keyof Keys)[]} */
  keys = [];
  decoder = new TickwireClient();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Entry | null} */
  #entry = null;
  #waitMs = WAIT_FIRST_MS;
  #retryTimer = 0;
  #enteredAt = 0;
  #heardAt = 0;
  isSilent = false;
  /** When the server closes. */
  #closesAt = Infinity;
  #between = new Between();
  #clock = new Clock();
  /** What happened and was not asked for. @type {Happening[]} */
  #events = [];
  /** @type {(() => void)[]} */
  #statusListeners = [];
  /** @type {((text: string) => void)[]} */
  #noticeListeners = [];
  /** @type {((traffic: Traffic) => void)[]} */
  #trafficListeners = [];

  constructor() {
    setInterval(() => this.#ping(), PING_MS);
    // A page that is put away keeps its socket, and the server its player.
    addEventListener("pagehide", () => this.#socket?.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#entry && this.#connect());
  }

  get isInRoom() { return this.status === "playing" || this.status === "watching"; }
  get closesIn() {
    const left = this.#closesAt - performance.now();
    return this.isInRoom && Number.isFinite(left) ? Math.max(0, Math.ceil(left / 1000)) : null;
  }
  get drawnTick() { return this.decoder.tick ?? 0; }
  get ownTick() { return this.decoder.tick ?? 0; }
  get room() { return this.decoder.welcome?.room ?? null; }
  get player() { return this.decoder.welcome?.player ?? null; }
  get tickRate() { return this.decoder.welcome?.tickRateHz ?? 0; }
  get tick() { return this.decoder.tick; }
  get schema() { return this.decoder.schema; }
  get roster() { return this.decoder.roster; }
  get costs() { return this.decoder.costs; }

  /** @param {number} stamp */
  frame(stamp) {
    return this.#clock.frame(stamp);
  }

  /** @param {number} [at] */
  rows(at = this.#clock.now()) {
    return this.#between.rows(at);
  }

  events() {
    return this.#events.splice(0);
  }

  /** @param {Entry} entry */
  enter(entry) {
    this.#entry = entry;
    this.#waitMs = WAIT_FIRST_MS;
    this.#connect();
  }

  hold() {}
  onsample() {}

  /** @param {() => void} listener */
  onstatus(listener) { this.#statusListeners.push(listener); }
  /** @param {(text: string) => void} listener */
  onnotice(listener) { this.#noticeListeners.push(listener); }
  /** @param {(traffic: Traffic) => void} listener */
  ontraffic(listener) { this.#trafficListeners.push(listener); }

  #connect() {
    const entry = this.#entry;
    if (!entry) return;
    clearTimeout(this.#retryTimer);
    this.#socket?.close();
    this.#turn("connecting", "");
    this.#between = new Between();
    this.#closesAt = Infinity;
    const { spectator, name, room } = entry;
    const ticket = ticketOf(entry);
    this.decoder.hello({ role: spectator ? "spectator" : "player", name, room, ticket });
    const socket = new WebSocket(socketUrl(SERVER, "ws"));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#flush();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = () => socket === this.#socket && this.#lost("the connection was lost");
  }

  /** @param {unknown} data */
  #receive(data) {
    if (!(data instanceof ArrayBuffer)) return;
    const message = new Uint8Array(data);
    const name = noteServers(this.decoder, message);
    const { decoder } = this;
    const events = /** @type {Happening[]} */ (decoder.events());
    this.#events = [...this.#events, ...events].slice(-EVENTS_MAX);
    const isHeard = name === "snapshot" && this.#trafficListeners.length > 0;
    const snapshot = isHeard ? saidOf(decoder, events) : null;
    this.#heardAt = performance.now();
    if (this.isInRoom && this.#heardAt - this.#enteredAt > SETTLED_MS) this.#waitMs = WAIT_FIRST_MS;
    for (const listener of this.#trafficListeners) listener({ message, isOwn: false, name, snapshot });
    if (name === "snapshot" && decoder.schema) {
      const own = decoder.welcome?.player ?? null;
      this.#between.take(this.#clock.now(), decoder.schema, decoder.rows(), own);
    } else if (name === "welcome") {
      this.#enteredAt = performance.now();
      this.#turn(this.player === null ? "watching" : "playing", "");
    } else if (name === "refused" || name === "goodbye") {
      this.#ended();
    } else if (name === "notice") {
      for (const listener of this.#noticeListeners) listener(decoder.notice ?? "");
    } else if (name === "closing") {
      const seconds = /** @type {{ closing: number | null }} */ (/** @type {unknown} */ (decoder)).closing ?? 0;
      this.#closesAt = performance.now() + 1000 * seconds;
      for (const listener of this.#noticeListeners) listener(closingText(seconds));
    } else if (decoder.stage === "faulted") {
      this.#lost(name);
    }
    this.#flush();
  }

  #ended() {
    const { refusal, end } = this.decoder;
    if (end?.reason === "idle" && this.#entry) {
      this.#entry = { ...this.#entry, spectator: true };
      this.#connect();
      return;
    }
    const passes = end !== null || PASSING.has(refusal?.reason ?? "");
    if (passes) return this.#lost(refusal?.text ?? `the server ended it: ${end?.reason}`);
    this.#entry = null;
    this.#socket = null;
    this.#turn("ended", refusal?.text ?? "");
  }

  /** @param {string} reason */
  #lost(reason) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (!this.#entry) return;
    this.#turn("waiting", reason);
    this.#retryTimer = setTimeout(() => this.#connect(), this.#waitMs * Math.random());
    this.#waitMs = Math.min(2 * this.#waitMs, WAIT_MAX_MS);
  }

  #ping() {
    if (this.#socket?.readyState !== WebSocket.OPEN || !this.schema) return;
    if (performance.now() - this.#heardAt > SILENCE_MAX_MS) return this.#lost("nothing heard from the server");
    this.decoder.ping();
    this.#flush();
  }

  #flush() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const message of this.decoder.outgoing()) {
      this.#socket.send(message);
      const name = OWN_NAMES[message[0]] ?? "unknown";
      for (const listener of this.#trafficListeners) listener({ message, isOwn: true, name, snapshot: null });
    }
  }

  /** @param {Feed["status"]} status @param {string} reason */
  #turn(status, reason) {
    [this.status, this.reason] = [status, reason];
    for (const listener of this.#statusListeners) listener();
  }
}

/** @param {number} seconds */
export const closingText = (seconds) => `The server closes in ${seconds} s.`;

/** Refusals that may be otherwise in a moment. */
const PASSING = new Set(["room-full", "server-full", "closing", "overloaded", "rooms-building", "rooms-max",
                         "own-rooms-max", "own-rooms-rate"]);
