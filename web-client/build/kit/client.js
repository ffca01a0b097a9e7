// @ts-check
// A client of any Tickwire room for programs of your own: messages in, rows by name out.
//
// It needs this file and `tickwire.wasm` beside it, nothing of the page, and runs wherever WebAssembly
// does: browsers, Node, Deno, Bun. It opens no socket and reads no clock; it decodes what yours
// brings and says what yours is to send. It knows no rules, so it predicts nothing. The types,
// with a word on each, are in `client.d.ts`; `web-client/examples/watch.mjs` uses it all. The
// other side of it is `web-client/src/schema_client.rs`.

/** @typedef {import("./client.js").TickwireClient} Declared */
/** @typedef {import("./client.js").Kind} Kind */
/** @typedef {import("./client.js").MessageName} MessageName */
/** @typedef {import("./client.js").ErrorCode} ErrorCode */

/** What a message was, by the numbers of `schema_client::Received`. @type {MessageName[]} */
const RECEIVED = ["welcome", "refused", "roster", "snapshot", "pong", "notice", "pace", "goodbye",
  "scores", "board"];
const GIVEN = /** @type {const} */ (["received", "repeated", "absent"]);
/** As `limits::SERVER_MESSAGE_MAX_BYTES`. */
const SCRATCH_MAX_BYTES = 1 << 20;
/** Names that a row or an event has of its own, and one that no object takes. */
const TAKEN = new Set(["id", "kind", "tick", "__proto__"]);

export class TickwireError extends Error {
  /** @param {ErrorCode} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "TickwireError";
    this.code = code;
  }
}

/** @implements {Declared} */
export class TickwireClient {
  /** @type {Record<string, (...numbers: number[]) => number>} */
  #calls;
  /** @type {WebAssembly.Memory} */
  #memory;
  #encoder = new TextEncoder();
  #decoder = new TextDecoder();
  /** @type {{ game: string, rules: number }} */
  #home;
  /** @type {import("./client.js").Schema | null} */
  #schema = null;
  /** Names of the fields by kind, as rows and events have them.
   *  @type {{ entities: string[][], events: string[][] }} */
  #names = { entities: [], events: [] };
  /** @type {Map<number, import("./client.js").Player>} */
  #roster = new Map();
  /** Whether the core knows a newer one. */
  #rosterIsOld = false;
  /** @type {TickwireError | null} */
  #fault = null;

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
  /** @type {import("./client.js").Pace | null} */
  pace = null;
  /** @type {number | null} */
  pong = null;

  /** @param {string | URL | BufferSource | WebAssembly.Module} source */
  static async load(source) {
    try {
      const module = isA(source, "WebAssembly.Module")
        ? /** @type {WebAssembly.Module} */ (source)
        : await compile(/** @type {string | URL | BufferSource} */ (source));
      return new TickwireClient(await WebAssembly.instantiate(module, {}));
    } catch (error) {
      throw error instanceof TickwireError ? error : new TickwireError("load", String(error));
    }
  }

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    const { exports } = instance;
    if (!("tickwire_any_receive" in exports)) {
      throw new TickwireError("load", "this WebAssembly is not Tickwire's");
    }
    this.#calls = /** @type {any} */ (exports);
    this.#memory = /** @type {WebAssembly.Memory} */ (exports.memory);
    // It says which game's module it is.
    this.#calls.tickwire_start();
    this.#home = JSON.parse(this.#text(this.#call("game")));
  }

  get schema() {
    return this.#schema;
  }

  get roster() {
    if (this.#rosterIsOld) {
      this.#rosterIsOld = false;
      /** @type {import("./client.js").Player[]} */
      const players = JSON.parse(this.#text(this.#call("roster")));
      this.#roster = new Map(players.map((player) => [player.player, player]));
    }
    return this.#roster;
  }

  get board() {
    const length = this.#call("board");
    return length === 0 ? null : JSON.parse(this.#text(length));
  }

  /** @param {import("./client.js").Greeting} [greeting] */
  hello({ role = "spectator", name = "", room = "", game, rules, ticket = "", settings } = {}) {
    const chosen = settings === undefined ? "" : JSON.stringify(settings);
    const texts = [game ?? this.#home.game, name, room, ticket, chosen].map((text) => this.#encoder.encode(text));
    this.#put(texts);
    const lengths = texts.map((text) => text.length);
    const spectator = role === "spectator" ? 1 : 0;
    if (!this.#call("hello", spectator, rules ?? this.#home.rules, ...lengths)) {
      throw new TickwireError("argument", "the names, the ticket or the settings are too long for a hello");
    }
    this.stage = "greeting";
    this.welcome = this.refusal = this.end = this.tick = this.standing = null;
    this.notice = this.pace = this.pong = this.#schema = this.#fault = null;
    this.#roster = new Map();
    this.#rosterIsOld = false;
  }

  /** @param {ArrayBuffer | ArrayBufferView} message @returns {MessageName} */
  receive(message) {
    if (this.#fault) throw this.#fault;
    if (this.stage === "new") throw new TickwireError("argument", "no hello was said");
    const bytes = bytesOf(message);
    this.#put([bytes]);
    const number = this.#call("receive", bytes.length);
    if (number === 0) {
      const { code, text } = JSON.parse(this.#text());
      throw this.#fail(code, text);
    }
    const name = RECEIVED[number - 1];
    this.#note(name);
    return name;
  }

  /** Keeps what a message said. @param {MessageName} name */
  #note(name) {
    if (name === "welcome") {
      this.welcome = JSON.parse(this.#text());
      this.stage = "playing";
      this.#learn(JSON.parse(this.#text(this.#call("schema"))));
    } else if (name === "refused") {
      this.refusal = JSON.parse(this.#text());
      this.stage = "refused";
    } else if (name === "goodbye") {
      this.end = JSON.parse(this.#text());
      this.stage = "ended";
    } else if (name === "roster" || name === "scores") {
      this.#rosterIsOld = true;
    } else if (name === "snapshot") {
      const [tick, , given, marginTicks] = this.#numbers(4);
      this.tick = tick;
      const isPlayer = this.welcome?.player !== null;
      this.standing = isPlayer ? { given: GIVEN[given], marginTicks } : null;
    } else if (name === "notice") {
      this.notice = this.#text();
    } else if (name === "pace") {
      const [from, permille] = this.#numbers(2);
      this.pace = { from, permille };
    } else if (name === "pong") {
      this.pong = this.#numbers(1)[0];
    }
  }

  /** @param {import("./client.js").Schema} schema */
  #learn(schema) {
    const namesOf = (/** @type {readonly Kind[]} */ kinds) =>
      kinds.map(({ fields }) =>
        fields.map(({ name }) => (TAKEN.has(name) ? `${name}_` : name)),
      );
    this.#schema = schema;
    this.#names = { entities: namesOf(schema.entities), events: namesOf(schema.events) };
  }

  rows() {
    const count = this.#call("rows");
    return /** @type {any[]} */ (this.#objects("entities", "id", count));
  }

  events() {
    const count = this.#call("events");
    return /** @type {any[]} */ (this.#objects("events", "tick", count));
  }

  /** Numbers as objects: each a head of its own, its kind, how many values, the values.
   *  @param {"entities" | "events"} list @param {string} head @param {number} count */
  #objects(list, head, count) {
    const objects = [];
    const numbers = this.#numbers(count);
    for (let at = 0; at < count; ) {
      const kind = numbers[at + 1];
      const names = this.#names[list][kind];
      /** @type {Record<string, number | string | undefined>} */
      const object = { [head]: numbers[at], kind: this.#schema?.[list][kind].name };
      at += 3;
      for (const name of names) object[name] = numbers[at++];
      objects.push(object);
    }
    return objects;
  }

  own() {
    const length = this.#call("own");
    return length === 0 ? null : this.#bytes(length);
  }

  level() {
    return this.#bytes(this.#call("level"));
  }

  settings() {
    return this.#bytes(this.#call("settings"));
  }

  /** @param {number} tick @param {ArrayBuffer | ArrayBufferView} input */
  input(tick, input) {
    const bytes = bytesOf(input);
    this.#put([bytes]);
    if (!this.#call("input", tick, bytes.length)) {
      throw new TickwireError("argument", "not a player in a room, or an input too long");
    }
  }

  ping() {
    return this.#call("ping") >>> 0;
  }

  /** @param {number} first @param {number} count */
  openBoard(first, count) {
    if (!this.#call("open_board", first, count)) {
      throw new TickwireError("argument", "not a player in a room, or a page too long");
    }
  }

  leave() {
    this.#call("leave");
  }

  *outgoing() {
    for (let length = this.#call("outgoing"); length > 0; length = this.#call("outgoing")) {
      yield this.#bytes(length);
    }
  }

  /** A trap leaves the core in no known state: nothing is asked of it after that.
   *  @param {string} name @param {number[]} numbers */
  #call(name, ...numbers) {
    if (this.#fault?.code === "fault") throw this.#fault;
    try {
      return this.#calls[`tickwire_any_${name}`](...numbers);
    } catch (error) {
      throw this.#fail("fault", String(error));
    }
  }

  /** @param {ErrorCode} code @param {string} text */
  #fail(code, text) {
    this.stage = "faulted";
    this.#fault = new TickwireError(code, text);
    return this.#fault;
  }

  /** Puts bytes into the core, one after the other. What is too long for any message is cut: the
   *  core refuses it by its length. @param {Uint8Array[]} parts */
  #put(parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    let at = this.#call("scratch", length);
    let room = SCRATCH_MAX_BYTES;
    // The call may have grown the memory: views of it are made anew each time.
    const memory = new Uint8Array(this.#memory.buffer);
    for (const part of parts) {
      const fits = part.subarray(0, room);
      memory.set(fits, at);
      at += fits.length;
      room -= fits.length;
    }
  }

  /** What the last call left, a copy. @param {number} length */
  #bytes(length) {
    return new Uint8Array(this.#memory.buffer, this.#call("bytes"), length).slice();
  }

  /** What the last call left, good until the next one. @param {number} count */
  #numbers(count) {
    return new Float64Array(this.#memory.buffer, this.#call("numbers"), count);
  }

  /** What the last call left. @param {number} [length] */
  #text(length = this.#call("bytes_len")) {
    return this.#decoder.decode(this.#bytes(length));
  }
}

/** @param {string | URL | BufferSource} source */
async function compile(source) {
  if (typeof source !== "string" && !isA(source, "URL")) {
    return WebAssembly.compile(/** @type {BufferSource} */ (source));
  }
  const response = await fetch(/** @type {string | URL} */ (source));
  if (!response.ok) throw new TickwireError("load", `${source}: HTTP ${response.status}`);
  // Not streaming: that insists on a content type, which a plain file server may not know.
  return WebAssembly.compile(await response.arrayBuffer());
}

/** @param {ArrayBuffer | ArrayBufferView} message */
function bytesOf(message) {
  if (ArrayBuffer.isView(message)) {
    return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  }
  if (isA(message, "ArrayBuffer") || isA(message, "SharedArrayBuffer")) return new Uint8Array(message);
  throw new TickwireError("argument", "a message is binary: set the socket's binaryType");
}

/** Whether something is of a kind, whichever realm it is from: a frame, a worker or a test runner has
 *  classes of its own, of which it is an instance, and of none of these.
 *  @param {unknown} value @param {string} kind */
function isA(value, kind) {
  return Object.prototype.toString.call(value) === `[object ${kind}]`;
}
