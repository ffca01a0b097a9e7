// @ts-check
// A fake network and server for connection.js, on the virtual time of fake-browser.mjs: import it after that.
//
// Like a real browser, plain requests reuse old connections, which are dead if the network failed since, and
// connects that continue after their request was aborted; a WebSocket always opens a new connection. Lost
// connects are retried after 1, 3, 7 and 15 seconds. The server keeps sessions: each welcome has another token.

import { fake, settled, world } from "./fake-browser.mjs";

export const Stage = { GREETING: 1, PLAYING: 2, REFUSED: 3, ENDED: 4 };
const ROUND_TRIP_MS = 20;
const SNAPSHOT_MS = 33;
const SYN_MS = [0, 1000, 3000, 7000, 15_000, 31_000];

/** What a test sets, and what it may look at. */
export const wire = {
  /** Whether bytes pass. */
  line: true,
  /** `stripped` refuses requests for their origin, but no WebSocket; `crowded` has too many connections.
   *  @type {"up" | "down" | "closing" | "forbidden" | "stripped" | "shut" | "crowded"} */
  server: "up",
  /** How long a plain request takes. */
  answerMs: ROUND_TRIP_MS,
  /** Rooms that have no space. @type {(string | null)[]} */
  full: [],
  /** Whether the server refuses the page as stale. */
  stale: false,
  /** Tokens by which a session can be resumed. @type {Set<string>} */
  tokens: new Set(),
  /** How many tokens the server has given out. */
  given: 0,
  /** For how long it keeps a session without a connection, s. */
  graceS: 30,
  /** How long a hello waits for its answer. */
  welcomeMs: ROUND_TRIP_MS,
  /** How often the network failed: older connections are dead. */
  deaths: 0,
  /** Plain connections that the page was loaded over, each with the failure count of its time. */
  pool: /** @type {number[]} */ ([]),
  requests: /** @type {any[]} */ ([]),
  sockets: /** @type {FakeSocket[]} */ ([]),
  hellos: /** @type {any[]} */ ([]),
  reloads: 0,
  die() {
    wire.line = false;
    wire.deaths += 1;
  },
};

const wait = (/** @type {number} */ ms) => new Promise((done) => setTimeout(() => done(null), ms));
const aborted = (/** @type {AbortSignal} */ signal) =>
  new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("aborted"))));

/** Opens a TCP connection: at the first retry while the network works. */
async function connect() {
  const begun = fake.now;
  for (const at of SYN_MS) {
    await wait(Math.max(0, begun + at - fake.now));
    if (!wire.line) continue;
    await wait(ROUND_TRIP_MS);
    return wire.server === "down" ? null : wire.deaths;
  }
  return null;
}

/** Connects that no request waits for any more. @type {Promise<number | null>[]} */
let orphans = [];

world.fetch = async (/** @type {URL} */ url, /** @type {any} */ options) => {
  wire.requests.push({ url: String(url), ...options });
  const { signal } = options;
  const gone = aborted(signal);
  gone.catch(() => {});
  // The connections of a process go with it.
  if (wire.server === "down") wire.pool = [];
  let from = wire.pool.pop();
  if (from === undefined) {
    const connecting = orphans.pop() ?? connect();
    let waits = true;
    signal.addEventListener("abort", () => waits && orphans.push(connecting));
    const opened = await Promise.race([connecting, gone]);
    waits = false;
    if (opened === null) throw new TypeError("Failed to fetch");
    from = /** @type {number} */ (opened);
  }
  if (from !== wire.deaths || !wire.line) await gone;
  await Promise.race([wait(wire.answerMs), gone]);
  wire.pool.push(from);
  const statuses = { up: 204, shut: 204, closing: 503, forbidden: 403, stripped: 403, crowded: 429, down: 0 };
  const status = statuses[wire.server];
  const text =
    status === 429
      ? "This address has too many connections or requests: try again later.\n"
      : "Pages of http://play.test may not connect: set --allow-origin.\n";
  return {
    status,
    ok: status === 204,
    headers: { get: () => "text/plain; charset=utf-8" },
    text: async () => text,
  };
};

/** The first byte of each message. */
const SAID = { welcome: 1, stale: 2, full: 3, idle: 4, snapshot: 5, unknown: 6, replaced: 7, closing: 8, closed: 9 };
const REASONS = [
  "", "", "this server plays by rules 5", "the room is full", "idle", "", "the place in the room is not kept any more",
  "replaced", "", "closing",
];
/** Seconds in which the server closes when it says so. */
export const CLOSES_IN = 12;

/** The token of a number. @param {number} number */
export const tokenOf = (number) => number.toString(16).padStart(48, "0");

const isOpen = () => wire.server === "up" || wire.server === "stripped";

export class FakeSocket {
  static OPEN = 1;
  onopen = /** @type {any} */ (null);
  onmessage = /** @type {any} */ (null);
  onclose = /** @type {any} */ (null);
  readyState = 0;
  /** @type {any[]} */
  sent = [];
  /** Arguments of the close, if it was closed by the page. @type {unknown[] | null} */
  closed = null;

  /** @param {URL} url */
  constructor(url) {
    this.url = String(url);
    wire.sockets.push(this);
    this.born = wire.deaths;
    connect().then(async (opened) => {
      if (this.closed) return;
      const lets = isOpen() && opened !== null;
      if (!lets) return this.end();
      await wait(ROUND_TRIP_MS);
      if (this.closed) return;
      this.born = wire.deaths;
      this.readyState = 1;
      this.onopen?.();
    });
  }

  /** @param {any} message */
  send(message) {
    this.sent.push(message);
    if (message.hello) {
      wire.hellos.push(message.hello);
      const { room, resume } = message.hello;
      const isFull = wire.full.includes(room);
      const isUnknown = resume !== null && !wire.tokens.has(resume);
      const answer = wire.stale ? "stale" : isUnknown ? "unknown" : isFull ? "full" : "welcome";
      setTimeout(() => this.say(answer, resume), wire.welcomeMs);
    }
  }

  /** @param {keyof typeof SAID} what @param {string | null} [resume] the token of the hello that it answers */
  say(what, resume = null) {
    if (this.closed || !wire.line || this.born !== wire.deaths) return;
    if (!isOpen()) return this.end();
    if (what === "welcome") {
      if (resume !== null) wire.tokens.delete(resume);
      wire.tokens.add(tokenOf((wire.given += 1)));
    }
    const message = Uint8Array.of(SAID[what], wire.given, resume === null ? 0 : 1);
    this.onmessage?.({ data: message.buffer });
    if (what === "welcome" || what === "snapshot") setTimeout(() => this.say("snapshot"), SNAPSHOT_MS);
  }

  end() {
    this.readyState = 3;
    this.onclose?.();
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    if (event.type === "open") this.onopen?.(event);
    return true;
  }

  /** @param {unknown[]} how */
  close(...how) {
    this.closed = how;
    this.readyState = 2;
  }
}
world.WebSocket = FakeSocket;
world.location.reload = () => void (wire.reloads += 1);

/** A core that knows hello, welcome, refusals and ends. */
export class FakeCore {
  stage = 0;
  /** The first byte of the last message but for snapshots. */
  said = 0;
  token = "";
  resumed = false;
  closes = Infinity;
  /** Whether it has trapped. */
  traps = false;
  /** How often it is to be played, ms. */
  every = Infinity;
  /** @type {string | null} */
  room = null;
  /** @type {any[]} */
  queue = [];
  left = 0;
  open(/** @type {number} */ _now, /** @type {any} */ greeting) {
    this.stage = Stage.GREETING;
    this.queue = [{ hello: greeting }];
    this.room = greeting.room ?? "arena-1";
    this.token = "";
    this.resumed = false;
    this.closes = Infinity;
    this.said = 0;
  }
  receive(/** @type {number} */ now, /** @type {ArrayBuffer} */ data) {
    const [said, number, resumed] = new Uint8Array(data);
    if (said === SAID.closing) this.closes = now + 1000 * CLOSES_IN;
    if (said === SAID.snapshot || said === SAID.closing) return;
    this.said = said;
    const isRefused = said === SAID.stale || said === SAID.full || said === SAID.unknown;
    this.stage = said === SAID.welcome ? Stage.PLAYING : isRefused ? Stage.REFUSED : Stage.ENDED;
    if (said !== SAID.welcome) return;
    this.token = tokenOf(number);
    this.resumed = resumed === 1;
  }
  resumeToken() {
    return this.token;
  }
  closesAt() {
    return this.closes;
  }
  play() {
    this.mayTrap();
    return this.stage;
  }
  state() {
    this.mayTrap();
    const { stage, room, said, resumed } = this;
    const ends = { stale: said === SAID.stale, idle: said === SAID.idle };
    const refusal = { closed: said === SAID.closed, replaced: said === SAID.replaced, not_resumable: said === SAID.unknown, last: false };
    return { stage, ...ends, ...refusal, resumed, grace_s: wire.graceS, reason: REASONS[said], room };
  }
  due() {
    this.mayTrap();
    return fake.now + this.every;
  }
  /** @private */
  mayTrap() {
    if (this.traps) throw new WebAssembly.RuntimeError("unreachable");
  }
  isComing() {
    return false;
  }
  outgoing() {
    return this.queue.shift() ?? null;
  }
  leave() {
    this.left += 1;
    this.queue.push({ goodbye: true });
  }
}

/** Advances the time in small steps until a condition holds; returns how long it took.
 *  @param {(ms: number) => Promise<void>} run @param {() => boolean} is @param {number} most */
export async function until(run, is, most) {
  const begun = fake.now;
  await settled();
  while (!is()) {
    if (fake.now - begun > most) return Infinity;
    await run(50);
  }
  return fake.now - begun;
}
