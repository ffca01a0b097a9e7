// @ts-check
// A client of any Tickwire room for your own programs: messages in, rows by name out.
//
// It consists of this file and the folder `stream` beside it, without WebAssembly, and runs in browsers,
// Node, Deno and Bun. It opens no socket and reads no clock: you pass it received messages and send its
// outgoing ones. It knows no rules, so it predicts nothing. `client.d.ts` has the documented types;
// `web-client/examples/watch.mjs` is an example.

import { Refused } from "./stream/bytes.js";
import { Costs } from "./stream/costs.js";
import { Codec, Decoder } from "./stream/decoder.js";
import { encodeInput } from "./stream/input.js";
import { ack, board, goodbye, hello, input, isWhole, ping, readMessage, tokenOf } from "./stream/messages.js";
import { readSchema } from "./stream/schema.js";

/** @typedef {import("./client.js").TickwireClient} Declared */
/** @typedef {import("./client.js").ErrorCode} ErrorCode */
/** @typedef {import("./client.js").Field} Field */
/** @typedef {import("./client.js").Kind} Kind */
/** @typedef {import("./client.js").MessageName} MessageName */
/** @typedef {import("./client.js").Predict} Predict */
/** @typedef {import("./stream/messages.js").Message} Message */
/** @typedef {import("./stream/schema.js").Kind} PlainKind */
/** @typedef {import("./stream/schema.js").Schema} PlainSchema */

/** Reserved field names: those that every row or event has, and `__proto__`. */
const TAKEN = new Set(["id", "kind", "tick", "__proto__"]);
/** Maximum number of events that wait to be taken; the oldest are dropped. */
const EVENTS_MAX = 1_024;
/** The last tick of a room. */
const TICK_MAX = 2 ** 32 - 1 - 2 ** 20;
const TICK_RATE_MAX_HZ = 240;
/** Acknowledgements per second of a spectator. */
const SPECTATOR_ACKS_HZ = 2;
/** A player acknowledges after this many snapshots without an input: fewer than a server sends
 *  unacknowledged. */
const PLAYER_UNACKNOWLEDGED_MAX = 2;

export class TickwireError extends Error {
  /** @param {ErrorCode} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "TickwireError";
    this.code = code;
  }
}

/** The state of a joined room. */
class Room {
  /** Number of unacknowledged snapshots. */
  unacknowledged = 0;
  /** The last acknowledged tick. @type {number | null} */
  acknowledged = null;
  /** Events that were not taken yet. @type {object[]} */
  events = [];
  /** @type {import("./client.js").BoardPage | null} */
  page = null;
  isBoardOpen = false;

  /** @param {import("./client.js").Welcome} welcome @param {import("./stream/messages.js").RoomParts} parts */
  constructor(welcome, parts) {
    const plain = within("part", () => readSchema(parts.schema));
    if (!isWhole(welcome.tickRateHz - 1, TICK_RATE_MAX_HZ - 1)) {
      throw new TickwireError("part", "the tick rate cannot be used");
    }
    const codec = within("schema", () => new Codec(plain, welcome.tickRateHz));
    this.decoder = new Decoder(codec);
    this.schema = named(plain);
    this.inputs = plain.input;
    this.entities = plain.entities.map(objectsOf);
    this.makeEvents = plain.events.map(objectsOf);
    this.isPlayer = welcome.player !== null;
    this.ackEvery = Math.floor(welcome.tickRateHz / SPECTATOR_ACKS_HZ);
    this.level = parts.level;
    this.settings = parts.settings;
  }

  isAcknowledgementDue() {
    if (this.isPlayer) return this.unacknowledged >= PLAYER_UNACKNOWLEDGED_MAX;
    const { acknowledged, decoder } = this;
    return acknowledged === null || (decoder.tick ?? 0) - acknowledged >= this.ackEvery;
  }

  /** Marks the newest snapshot as acknowledged; returns its tick. */
  acknowledge() {
    this.unacknowledged = 0;
    this.acknowledged = this.decoder.tick;
    return this.acknowledged ?? 0;
  }
}

/** @implements {Declared} */
export class TickwireClient {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #outgoing = [];
  /** @type {Room | null} */
  #room = null;
  /** @type {TickwireError | null} */
  #fault = null;
  #pings = 0;
  /** @type {Map<number, import("./client.js").Player>} */
  #roster = new Map();

  /** @type {import("./client.js").Stage} */
  stage = "new";
  /** @type {import("./client.js").Welcome | null} */
  welcome = null;
  /** @type {import("./client.js").Refusal | null} */
  refusal = null;
  /** @type {import("./client.js").End | null} */
  end = null;
  /** @type {number | null} */
  tick = null;
  /** @type {import("./client.js").Standing | null} */
  standing = null;
  /** @type {string | null} */
  notice = null;
  /** @type {number | null} */
  closing = null;
  /** @type {import("./client.js").Pace | null} */
  pace = null;
  /** @type {number | null} */
  pong = null;

  get schema() {
    return this.#room?.schema ?? null;
  }

  get costs() {
    const decoder = this.#room?.decoder;
    return decoder ? (decoder.costs ??= new Costs()) : null;
  }

  get roster() {
    return this.#roster;
  }

  get board() {
    return this.#room?.page ?? null;
  }

  /** @param {import("./client.js").Greeting} [greeting] */
  hello({ role = "spectator", name = "", room, game = "", rules = 0, ticket, settings, resume } = {}) {
    if ((role !== "spectator" && role !== "player") || !isWhole(rules, 2 ** 32 - 1)) {
      throw new TickwireError("argument", "a role is player or spectator, and rules are a number");
    }
    const isResuming = resume !== undefined && resume !== null;
    const token = isResuming ? tokenOf(resume) : null;
    if (isResuming && !token) throw new TickwireError("argument", "a token has 48 hexadecimal digits");
    const texts = { name: String(name), room: String(room ?? ""), game: String(game), ticket: String(ticket ?? "") };
    let first = null;
    try {
      first = hello({ role, ...texts, rules, settings, resume: token });
    } catch (error) {
      throw new TickwireError("argument", `the settings have no JSON: ${error}`);
    }
    if (!first) throw new TickwireError("argument", "the names, the ticket or the settings are too long for a hello");
    this.#outgoing = [first];
    this.stage = "greeting";
    this.welcome = this.refusal = this.end = this.tick = this.standing = null;
    this.notice = this.closing = this.pace = this.pong = this.#room = this.#fault = null;
    this.#pings = 0;
    this.#roster = new Map();
  }

  /** @param {ArrayBuffer | ArrayBufferView} message @returns {MessageName} */
  receive(message) {
    if (this.#fault) throw this.#fault;
    if (this.stage === "new") throw new TickwireError("argument", "no hello was said");
    const bytes = bytesOf(message);
    try {
      const taken = within("message", () => readMessage(bytes));
      this.#take(taken);
      return taken.name;
    } catch (error) {
      this.stage = "faulted";
      this.#fault = error instanceof TickwireError ? error : new TickwireError("fault", String(error));
      throw this.#fault;
    }
  }

  /** @param {Message} message */
  #take(message) {
    if (message.name === "goodbye") {
      this.end = message.end;
      this.stage = "ended";
      return;
    }
    const room = this.#room;
    if (room) {
      this.#takeInRoom(room, message);
    } else if (message.name === "welcome") {
      this.#room = new Room(message.welcome, message.parts);
      this.welcome = message.welcome;
      this.stage = "playing";
    } else if (message.name === "refused") {
      this.refusal = message.refusal;
      this.stage = "refused";
    } else {
      throw new TickwireError("out-of-place", "a message before the welcome out of place");
    }
  }

  /** @param {Room} room @param {Message} message */
  #takeInRoom(room, message) {
    if (message.name === "snapshot") {
      this.#takeSnapshot(room, message.body);
    } else if (message.name === "roster") {
      if (message.isComplete) this.#roster = new Map();
      message.gone.forEach((player) => this.#roster.delete(player));
      message.players.forEach((player) => this.#roster.set(player.player, player));
      this.#roster = new Map([...this.#roster].sort(([one], [other]) => one - other));
    } else if (message.name === "scores") {
      for (const { player, score, team } of message.scores) {
        const known = this.#roster.get(player);
        if (known) this.#roster.set(player, { ...known, score, team });
      }
    } else if (message.name === "board") {
      if (room.isBoardOpen) room.page = message.page;
    } else if (message.name === "pong") {
      this.pong = message.pong;
    } else if (message.name === "notice") {
      this.notice = message.notice;
    } else if (message.name === "closing") {
      this.closing = message.closing;
    } else if (message.name === "pace") {
      this.pace = message.pace;
    } else {
      throw new TickwireError("out-of-place", `a ${message.name === "refused" ? "refusal" : message.name} out of place`);
    }
  }

  /** @param {Room} room @param {Uint8Array} body */
  #takeSnapshot(room, body) {
    const { tick, player, events } = within("snapshot", () => room.decoder.decode(body));
    if (tick > TICK_MAX) throw new TickwireError("snapshot", "a tick that cannot be");
    this.tick = tick;
    this.standing = room.isPlayer && player ? { given: player.given.at(-1) ?? "absent", marginTicks: player.margin } : null;
    for (const event of events) room.events.push(room.makeEvents[event.kind]("tick", event.tick, event.values));
    room.events.splice(0, Math.max(0, room.events.length - EVENTS_MAX));
    room.unacknowledged += 1;
    if (room.isAcknowledgementDue()) this.#outgoing.push(ack(room.acknowledge()));
  }

  rows() {
    const { entities, decoder } = this.#room ?? { entities: [], decoder: null };
    const rows = decoder?.rows.map(({ id, kind, values }) => entities[kind]("id", id, values));
    return /** @type {any[]} */ (rows ?? []);
  }

  events() {
    return /** @type {any[]} */ (this.#room?.events.splice(0) ?? []);
  }

  changes() {
    const { entities, schema, decoder } = this.#room ?? { entities: [], schema: null, decoder: null };
    if (!decoder || !schema) return { isKeyframe: false, rows: [], gone: [] };
    const named = decoder.rows.filter(({ id }) => decoder.fresh.has(id) || decoder.changed.has(id));
    const changed = named.map(({ id, kind, values, mask }) => {
      const row = entities[kind]("id", id, values);
      const isNew = decoder.fresh.has(id);
      return { row, isNew, fields: isNew ? null : mask.map((at) => schema.entities[kind].fields[at].name) };
    });
    return { isKeyframe: decoder.isKeyframe, rows: /** @type {any[]} */ (changed), gone: [...decoder.gone] };
  }

  own() {
    const own = this.#room?.decoder.own;
    return own ? Uint8Array.from(own) : null;
  }

  level() {
    return this.#room?.level.slice() ?? new Uint8Array();
  }

  settings() {
    return this.#room?.settings.slice() ?? new Uint8Array();
  }

  /** @param {number} tick @param {ArrayBuffer | ArrayBufferView | object} given */
  input(tick, given) {
    const room = this.#room;
    const isTick = isWhole(tick, 2 ** 32 - 1);
    const isGiven = typeof given === "object" && given !== null;
    const bytes = room && isTick && isGiven ? binaryOf(given) ?? within("argument", () => encodeInput(room.inputs, given)) : null;
    const message = bytes && room?.isPlayer ? input(tick, room.decoder.tick ?? 0, bytes) : null;
    if (!room || !message) {
      throw new TickwireError("argument", "not a player in a room, not a tick, or an input too long");
    }
    // An input acknowledges the snapshot as well.
    room.acknowledge();
    this.#outgoing.push(message);
  }

  ping() {
    this.#pings = (this.#pings + 1) % 2 ** 32;
    this.#outgoing.push(ping(this.#pings));
    const room = this.#room;
    if (room && room.unacknowledged > 0) this.#outgoing.push(ack(room.acknowledge()));
    return this.#pings;
  }

  /** @param {number} first @param {number} count */
  openBoard(first, count) {
    const room = this.#room;
    const message = room?.isPlayer ? board(first, count) : null;
    if (!room || !message) throw new TickwireError("argument", "not a player in a room, or a page too long");
    room.isBoardOpen = count > 0;
    if (count === 0) room.page = null;
    this.#outgoing.push(message);
  }

  leave() {
    this.#outgoing.push(goodbye());
  }

  *outgoing() {
    for (let next = this.#outgoing.shift(); next; next = this.#outgoing.shift()) yield next;
  }
}

/** The result of `act`; what it refuses throws an error of this code.
 *  @template T @param {ErrorCode} code @param {() => T} act @returns {T} */
function within(code, act) {
  try {
    return act();
  } catch (error) {
    throw error instanceof Refused ? new TickwireError(code, error.message) : error;
  }
}

/** Returns a function that makes objects of a kind: id or tick, the kind, and the fields by name in their unit.
 *  @param {PlainKind} kind @returns {(head: "id" | "tick", number: number, values: number[]) => object} */
function objectsOf({ name, fields }) {
  /** @type {string[]} */
  const names = [];
  for (let { name } of fields) {
    while (TAKEN.has(name) || names.includes(name)) name += "_";
    names.push(name);
  }
  return (head, number, values) => {
    /** @type {Record<string, number | string>} */
    const object = { [head]: number, kind: name };
    for (let at = 0; at < names.length; at++) object[names[at]] = values[at] * fields[at].scale;
    return object;
  };
}

/** The public schema, in which fields and kinds refer to each other by name.
 *  @param {PlainSchema} schema @returns {import("./client.js").Schema} */
function named({ entities, events, input }) {
  /** @param {PlainKind} kind @returns {Kind} */
  const kindOf = ({ name, fields, place }) => {
    const inKind = (/** @type {number} */ at) => fields[at].name;
    const naming = fields.find((field) => field.names !== null)?.names;
    /** @param {PlainKind["fields"][number]} field @returns {Field} */
    const fieldOf = ({ name, unit, min, max, scale, wraps, predict, names, origin }) => ({
      name, unit, min, max, scale, wraps,
      predict: predictOf(predict, inKind),
      names: names && { kind: entities[names.kind].name, field: entities[names.kind].fields[names.field].name },
      origin: origin === null || !naming ? null : entities[naming.kind].fields[origin].name,
    });
    return { name, fields: fields.map(fieldOf), place: place && [inKind(place[0]), inKind(place[1])] };
  };
  return { entities: entities.map(kindOf), events: events.map(kindOf), input: input.shape };
}

/** @param {import("./stream/schema.js").Predict} predict @param {(at: number) => string} inKind
 *  @returns {Predict} */
function predictOf(predict, inKind) {
  switch (predict.sort) {
    case "hold":
      return { how: "hold" };
    case "last-two":
      return { how: "linear-from-last-two" };
    case "by":
      return { how: "linear-by", field: inKind(predict.needs) };
    case "approach":
      return { how: "approach", field: inKind(predict.needs), perSecond: predict.perSecond };
    case "along": {
      const { needs, perSecond, axis } = predict;
      return { how: "along", field: inKind(needs), perSecond, axis: axis === 0 ? "x" : "y" };
    }
  }
}

/** @param {ArrayBuffer | ArrayBufferView} message */
function bytesOf(message) {
  const bytes = binaryOf(message);
  if (!bytes) throw new TickwireError("argument", "a message is binary: set the socket's binaryType");
  return bytes;
}

/** The bytes of what is binary, whatever realm it was made in: a frame, a worker or a test runner has classes of
 *  its own, of which it is an instance, and of none of these. @param {object} given */
function binaryOf(given) {
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const kind = Object.prototype.toString.call(given);
  const isBinary = kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]";
  return isBinary ? new Uint8Array(/** @type {ArrayBuffer} */ (given)) : null;
}
