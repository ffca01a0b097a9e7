// @ts-check
// A line and a server for connection.js, on the virtual time of fake-browser.mjs: import it after that.
//
// What matters of a real browser is here: plain requests go over connections from before, which are
// as dead as the line was when it died, and over connects that go on after their request was given
// up; a WebSocket always opens anew. Lost connects are tried again after 1, 3, 7 and 15 seconds.

import { settled, told, world } from "./fake-browser.mjs";

export const Stage = { GREETING: 1, PLAYING: 2, REFUSED: 3 };
const ROUND_TRIP_MS = 20;
const SNAPSHOT_MS = 33;
const SYN_MS = [0, 1000, 3000, 7000, 15_000, 31_000];

/** What a test sets, and what it may look at. */
export const wire = {
  /** Whether bytes pass. */
  line: true,
  /** @type {"up" | "down" | "closing" | "forbidden" | "shut"} */
  server: "up",
  /** Whether the server refuses the page as stale. */
  stale: false,
  /** How often the line has died: connections from before that are dead. */
  deaths: 0,
  /** Plain connections that the page was loaded by, each by the death count of its time. */
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

/** Opens a TCP connection: at the first of the usual tries at which the line is there. */
async function connect() {
  const begun = told.now;
  for (const at of SYN_MS) {
    await wait(Math.max(0, begun + at - told.now));
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
  await Promise.race([wait(ROUND_TRIP_MS), gone]);
  wire.pool.push(from);
  const statuses = { up: 426, shut: 426, closing: 503, forbidden: 403, down: 0 };
  const text = "Pages of http://play.test may not connect: set --allow-origin.\n";
  return {
    status: statuses[wire.server],
    ok: wire.server === "up",
    headers: { get: () => "text/plain; charset=utf-8" },
    text: async () => text,
  };
};

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
      const lets = wire.server === "up" && opened !== null;
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
      setTimeout(() => this.say(wire.stale ? "stale" : "welcome"), ROUND_TRIP_MS);
    }
  }

  /** @param {string} what */
  say(what) {
    if (this.closed || !wire.line || this.born !== wire.deaths) return;
    if (wire.server !== "up") return this.end();
    const message = new ArrayBuffer(1);
    new Uint8Array(message)[0] = what === "stale" ? 2 : 1;
    this.onmessage?.({ data: message });
    if (what !== "stale") setTimeout(() => this.say("snapshot"), SNAPSHOT_MS);
  }

  end() {
    this.readyState = 3;
    this.onclose?.();
  }

  /** @param {unknown[]} how */
  close(...how) {
    this.closed = how;
    this.readyState = 2;
  }
}
world.WebSocket = FakeSocket;
world.location.reload = () => void (wire.reloads += 1);

/** A core that knows hello, welcome and a refusal. */
export class FakeCore {
  stage = 0;
  /** @type {any[]} */
  queue = [];
  left = 0;
  open(/** @type {number} */ _now, /** @type {any} */ greeting) {
    this.stage = Stage.GREETING;
    this.queue = [{ hello: greeting }];
  }
  receive(/** @type {number} */ _now, /** @type {ArrayBuffer} */ data) {
    this.stage = new Uint8Array(data)[0] === 2 ? Stage.REFUSED : Stage.PLAYING;
  }
  play() {
    return this.stage;
  }
  state() {
    return { stage: this.stage, stale: this.stage === Stage.REFUSED, last: false, reason: "this server plays by rules 5" };
  }
  due() {
    return Infinity;
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

/** Lets time pass in small steps until something holds; gives how long it took.
 *  @param {(ms: number) => Promise<void>} run @param {() => boolean} is @param {number} most */
export async function until(run, is, most) {
  const begun = told.now;
  await settled();
  while (!is()) {
    if (told.now - begun > most) return Infinity;
    await run(50);
  }
  return told.now - begun;
}
