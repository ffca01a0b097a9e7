// @ts-check
// Tests of resuming with client.js against a running server that keeps sessions: node resume.mjs URL
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.

import { TickwireClient } from "../build/kit/client.js";

const { connect, createServer } = await import(/** @type {any} */ ("node:net"));

const server = new URL(process.argv[2].replace(/\/?$/, "/"));
const ROOM = "back";
/** What a player does between two snapshots is over within so many. */
const SETTLED_SNAPSHOTS = 15;
/** Closes a socket whose client may come back. */
const AWAY = 4010;

/** @typedef {import("../build/kit/client.js").Greeting} Greeting */

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** A client on a socket. What it was sent is waited for by `until`. */
class Joined {
  client = new TickwireClient();
  code = 0;
  names = "";
  isKeyframeFirst = false;
  /** Whether its messages are sent. */
  isHeard = true;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {Greeting} greeting @param {URL} [at] */
  constructor(greeting, at = server) {
    this.client.hello(greeting);
    this.socket = new WebSocket(new URL("ws", at.href.replace(/^http/, "ws")));
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => this.flush());
    this.socket.addEventListener("message", ({ data }) => {
      const name = this.client.receive(data);
      if (name === "snapshot" && this.count("snapshot") === 0) this.isKeyframeFirst = this.client.changes().isKeyframe;
      this.names += `${name} `;
      if (this.isHeard) this.flush();
      this.#waiting.splice(0).forEach((look) => look());
    });
    this.socket.addEventListener("close", ({ code }) => {
      this.code = code;
      this.#waiting.splice(0).forEach((look) => look());
    });
  }

  flush() {
    for (const message of this.client.outgoing()) this.socket.send(message);
  }

  /** How many messages of a kind came. @param {string} name */
  count(name) {
    return this.names.split(" ").filter((each) => each === name).length;
  }

  /** @param {(joined: Joined) => unknown} is @returns {Promise<Joined>} */
  async until(is) {
    while (!is(this)) {
      if (this.code !== 0) throw new Error(`closed with ${this.code}: ${this.client.refusal?.text}`);
      await new Promise((look) => this.#waiting.push(() => look(null)));
    }
    return this;
  }

  /** Until the server has handled what was sent before, and some more. */
  async settle() {
    const ping = this.client.ping();
    this.flush();
    await this.until(({ client }) => client.pong === ping);
    const snapshots = this.count("snapshot");
    return this.until(() => this.count("snapshot") >= snapshots + SETTLED_SNAPSHOTS);
  }

  async closed() {
    while (this.code === 0) await new Promise((look) => this.#waiting.push(() => look(null)));
    return this;
  }

  get token() {
    return this.client.welcome?.resume ?? "";
  }

  get player() {
    return this.client.welcome?.player ?? null;
  }
}

/** @param {Greeting} greeting @param {URL} [at] */
const join = (greeting, at) => new Joined(greeting, at).until(({ client }) => client.roster.size > 0 && client.tick !== null);

/** Joins, and is refused; gives the reason. @param {Greeting} greeting */
async function refused(greeting) {
  const { client, code } = await new Joined(greeting).closed();
  return code === 4000 ? client.refusal?.reason : `let in, ${code}`;
}

/** @type {Greeting} */
const greeting = { role: "player", name: "Ada", room: ROOM };
const first = await join(greeting);
const { player } = first;
holds(player !== null && first.client.welcome?.resumed === false, "who comes has resumed nothing");
holds(/^[0-9a-f]{48}$/.test(first.token), "and has a token to resume by");
holds(first.client.welcome?.graceSeconds === 30, "which is good for half a minute after its connection broke");
await first.settle();

// The newest connection has the session.
const second = await join({ ...greeting, room: null, resume: first.token });
holds(second.client.welcome?.resumed && second.player === player, "a token gives the same player, in whichever room it is");
holds(second.client.welcome?.room === ROOM && second.client.roster.get(player ?? 0)?.name === "Ada", "by the same name");
holds(second.isKeyframeFirst && (second.client.tick ?? 0) > (first.client.tick ?? Infinity), "with a stream that begins anew");
await first.closed();
holds(first.code === 4009 && first.client.end?.reason === "replaced", "the connection before it is replaced");
holds(second.token !== first.token, "each welcome has a token of its own");

// The token that was used is good until its client was heard over the new connection.
await second.settle();
const unheard = new Joined({ ...greeting, resume: second.token });
unheard.isHeard = false;
await unheard.until(({ client }) => client.welcome);
const third = await join({ ...greeting, resume: second.token });
holds(third.player === player, "a token is good once more if the answer to it may have been lost");
await unheard.closed();
await third.settle();
holds((await refused({ ...greeting, resume: second.token })) === "not-resumable", "and is void once the client was heard");
holds((await refused({ ...greeting, resume: unheard.token })) === "not-resumable", "so is one that was never used");

// Nothing else is good for the session.
const wrong = third.token.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
for (const [what, other] of /** @type {[string, Greeting][]} */ ([
  ["another token", { ...greeting, resume: wrong }],
  ["another role", { ...greeting, role: "spectator", resume: third.token }],
  ["another room", { ...greeting, room: "elsewhere", resume: third.token }],
  ["no session at all", { ...greeting, resume: "ff".repeat(24) }],
])) {
  holds((await refused(other)) === "not-resumable", `${what}: the same refusal`);
}
holds(third.code === 0, "and the session goes on");

// Connections that end.
third.socket.close(AWAY);
await third.closed();
const fourth = await join({ ...greeting, resume: third.token });
holds(fourth.player === player && fourth.client.welcome?.resumed, "who says that it goes away may come back");
await fourth.settle();
const proxy = createServer((/** @type {any} */ near) => {
  const far = connect(Number(server.port), server.hostname);
  near.pipe(far).pipe(near);
  cut = () => [near, far].forEach((end) => end.resetAndDestroy());
  for (const end of [near, far]) end.on("error", () => {});
});
let cut = () => {};
await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
const through = new URL(`http://127.0.0.1:${proxy.address().port}/`);
const fifth = await join({ ...greeting, resume: fourth.token }, through);
await fifth.settle();
cut();
await fifth.closed();
proxy.close();
holds(fifth.code === 1006, "a connection breaks without a word");
const sixth = await join({ ...greeting, resume: fifth.token });
holds(sixth.player === player && sixth.client.roster.size === 1, "its player is there, and nobody else");
await sixth.settle();
sixth.client.leave();
sixth.flush();
await sixth.closed();
holds(sixth.code === 1000, "it leaves");
holds((await refused({ ...greeting, resume: sixth.token })) === "not-resumable", "who has left may not");
const anew = await join(greeting);
holds(anew.client.welcome?.resumed === false && anew.client.roster.size === 1, "but comes anew, to a room without its player");

// A spectator.
const watching = await join({ room: ROOM });
await watching.settle();
watching.socket.close(AWAY);
await watching.closed();
const again = await join({ room: ROOM, resume: watching.token });
holds(again.client.welcome?.resumed && again.player === null, "a spectator resumes as well");
for (const each of [anew, again]) {
  each.client.leave();
  each.flush();
  await each.closed();
}
