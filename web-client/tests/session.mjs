// @ts-check
// Tests of how a page keeps its session: node session.mjs
//
// The connection breaks, the page is reloaded, put away, duplicated or crashes, the server closes or keeps nothing. Run by
// tests/tests/page_in_node.rs.

import { Storage, channels, dispatch, fake, holds, run, world } from "./fake-browser.mjs";
import { CLOSES_IN, FakeCore, FakeSocket, tokenOf, until, wire } from "./fake-wire.mjs";

const { Connection } = await import("../build/kit/connection.js");
const { Retry } = await import("../build/kit/retry.js");

/** @typedef {import("../build/kit/connection.js").Greeting} Greeting */
/** @typedef {InstanceType<typeof Connection>} Page */

const KEY = "tickwire.sessions";
const [AWAY, LEFT] = ["4010", "1000"];
const GREETING = { spectator: false, name: "Ada", room: "blue" };
const { random } = Math;
/** What pages were given and what they logged. @type {string[]} */
const shown = [];
for (const name of /** @type {const} */ (["log", "error", "warn"])) {
  const say = console[name].bind(console);
  console[name] = (...texts) => {
    shown.push(texts.join(" "));
    say(...texts);
  };
}
/** Reasons for which pages gave up. @type {string[]} */
const ended = [];

/** A page that is loaded in this tab: it has asked who holds what is stored. @param {string} [server] */
async function load(server = "http://play.test/game/") {
  const connection = new Connection(/** @type {any} */ (new FakeCore()), new URL(server), {
    sample() {},
    pumped() {},
    changed: (status, reason) => void shown.push(`${status} ${reason}`),
    silent() {},
    over: (reason) => void ended.push(reason),
    idled() {},
    faulted: async () => /** @type {any} */ (new FakeCore()),
    reloads: (greeting) => void shown.push(JSON.stringify(greeting)),
  });
  let isSettled = false;
  void connection.session.settle().then(() => (isSettled = true));
  await until(run, () => isSettled, 2_000);
  return connection;
}

/** @param {Page} page */
const isIn = (page) => until(run, () => page.status === "playing", 20_000);

/** The same in a room. @param {Greeting} [greeting] @param {string} [server] */
async function join(greeting = GREETING, server = undefined) {
  const page = await load(server);
  page.start(greeting);
  await isIn(page);
  return page;
}

/** The tab is loaded anew: the page is gone, by its own word or without one. @param {Page} page @param {boolean} [crashes] */
function unload(page, crashes = false) {
  if (crashes) channels.clear();
  else dispatch("pagehide", { persisted: false });
  // What is gone runs no more.
  clearInterval(page.watchTimer);
  clearTimeout(page.pumpTimer);
  clearTimeout(page.retryTimer);
  socket().onmessage = socket().onclose = null;
  page.greeting = null;
}

/** A tab of its own, with a copy of what another has stored. @param {Storage} [copied] */
function openTab(copied) {
  const storage = new Storage(copied);
  world.sessionStorage = storage;
  return storage;
}

const socket = () => /** @type {FakeSocket} */ (wire.sockets.at(-1));
const hello = () => wire.hellos.at(-1);
const newest = () => tokenOf(wire.given);
const stored = () => JSON.parse(world.sessionStorage.getItem(KEY) ?? "[]");
const code = (/** @type {FakeSocket} */ one) => one.closed?.join() ?? null;

function begin() {
  Object.assign(wire, { line: true, server: "up", full: [], welcomeMs: 20, graceS: 30, sockets: [], hellos: [] });
  Math.random = random;
  openTab();
  ended.length = 0;
}

// A connection that breaks, is silent, or does not open.
begin();
{
  const page = await join();
  holds(hello().resume === null, "the first hello resumes nothing");
  const first = newest();
  socket().end();
  await isIn(page);
  holds(hello().resume === first && hello().room === "blue", "after a cut the hello has the session's token");
  const silent = socket();
  const second = newest();
  holds(second !== first, "each welcome has another");
  await run(1_000);
  wire.die();
  await run(7_000);
  holds(page.status !== "playing" && silent.closed === null, "one that is silent is given up, but no close is sent that could arrive late");
  wire.line = true;
  await isIn(page);
  holds(hello().resume === second && code(silent) === AWAY, "until the next one is in the room: then it is closed as away");
  wire.die();
  await until(run, () => wire.sockets.length === 4, 20_000);
  await run(6_000);
  holds(code(wire.sockets[3]) === AWAY, "a socket that never opened is closed as away, too");
  wire.line = true;
  await isIn(page);
  page.leave();
}

// Leaving, and going to another room.
begin();
{
  const page = await join();
  let one = socket();
  page.start({ ...GREETING, room: "red" });
  holds(one.sent.some(({ goodbye }) => goodbye) && code(one) === LEFT, "who joins another room leaves the one before");
  await isIn(page);
  holds(hello().resume === null && hello().room === "red", "and resumes nothing there");
  one = socket();
  page.leave();
  holds(one.sent.some(({ goodbye }) => goodbye) && code(one) === LEFT, "leaving is a goodbye and 1000");
  holds(stored().length === 0, "and nothing is stored");
  const next = await join();
  holds(hello().resume === null, "who left comes as another");
  wire.die();
  await run(7_000);
  const silent = wire.sockets.find((one) => one.closed === null && one.sent.length > 0);
  next.leave();
  holds(silent && code(silent) === LEFT, "who leaves while nothing comes has left, if that arrives");
}

// The same session elsewhere.
begin();
{
  const page = await join();
  socket().say("replaced");
  await run(60_000);
  holds(wire.sockets.length === 1 && page.status === "idle", "a page whose session goes on elsewhere does not take it back");
  holds(ended.join() === "this game goes on in another tab or window", "and says so");
  holds(stored().length === 0, "it has no token any more");
  page.start(GREETING);
  await isIn(page);
  holds(hello().resume === null, "who joins again is another player");
  page.leave();
}

// A hello that was held up takes the session from the one that overtook it.
for (const again of [false, true]) {
  begin();
  const page = await join();
  socket().end();
  wire.welcomeMs = 60_000;
  // Three are said before one is answered: two may arrive after that.
  await until(run, () => wire.hellos.length === 3, 60_000);
  wire.welcomeMs = 20;
  await isIn(page);
  const overtaken = wire.hellos.length - 2;
  for (let at = 0; at < (again ? overtaken : 1); at++) {
    const [given, said] = [newest(), wire.hellos.length];
    socket().say("replaced");
    await until(run, () => wire.hellos.length > said, 5_000);
    holds(hello().resume === given, "a page that was replaced by its own earlier hello comes back, by its newest token");
    await isIn(page);
  }
  if (!again) await run(40_000);
  const count = wire.hellos.length;
  socket().say("replaced");
  await run(60_000);
  holds(wire.hellos.length === count && page.status === "idle", "once for each, and not when none can be on its way any more");
}

// A token that is good no more.
for (const [room, is] of [["blue", "blue"], [null, "arena-1"]]) {
  begin();
  const page = await join({ ...GREETING, room });
  const token = newest();
  wire.tokens.clear();
  Math.random = () => 0.999;
  socket().end();
  await until(run, () => wire.hellos.length === 2, 5_000);
  const begun = fake.now;
  await isIn(page);
  const asked = wire.hellos.slice(1).map((one) => [one.resume, one.room].join(" "));
  holds(asked.join() === [`${token} ${is}`, ` ${is}`].join(), `refused, it joins ${is} without a token`);
  holds(fake.now - begun <= 200, `at once: after ${fake.now - begun} ms`);
  page.leave();
}
begin();
{
  const page = await load();
  wire.welcomeMs = 5_000;
  page.start(GREETING);
  await run(200);
  socket().say("unknown");
  await run(0);
  holds(page.status === "waiting", "one that has shown no token waits after that refusal");
  page.leave();
}

// A page that is reloaded.
begin();
{
  const page = await join();
  await run(120_000);
  unload(page);
  await run(3_000);
  const token = newest();
  const next = await load();
  const { name, room, spectator } = next.session.kept ?? {};
  holds(name === "Ada" && room === "blue" && spectator === false, "a page that is loaded anew knows what it was");
  next.start(GREETING);
  await isIn(next);
  holds(hello().resume === token, "and resumes it");
  const known = JSON.stringify([shown, wire.requests, wire.sockets.map(({ url }) => url)]);
  holds(known.length > 500 && ![token, newest()].some((one) => known.includes(one)), "no token is in an address, a log, or what pages are given");
  next.leave();
}
begin();
{
  const page = await join();
  const token = newest();
  const { reloads } = wire;
  wire.stale = true;
  socket().end();
  await until(run, () => wire.reloads > reloads, 5_000);
  wire.stale = false;
  unload(page);
  const next = await join();
  holds(hello().resume === token, "a page that is loaded anew for a new version resumes, too");
  next.leave();
  world.sessionStorage.removeItem("tickwire.reloaded");
}
for (const [what, greeting, server] of /** @type {[string, Greeting, string?][]} */ ([
  ["another room", { ...GREETING, room: "red" }],
  ["any room, after one that was named", { ...GREETING, room: null }],
  ["another role", { ...GREETING, spectator: true }],
  ["another server", GREETING, "http://play.test/other/"],
])) {
  begin();
  unload(await join());
  const next = await join(greeting, server);
  holds(hello().resume === null, `a token is not for ${what}`);
  next.leave();
}
for (const room of [null, "arena-1"]) {
  begin();
  unload(await join({ ...GREETING, room: null }));
  const next = await join({ ...GREETING, room });
  holds(hello().resume !== null && hello().room === "arena-1", `who asked for any room is back in its own by ${room}`);
  next.leave();
}
for (const [seconds, isBack] of /** @type {const} */ ([[34, true], [36, false]])) {
  begin();
  unload(await join());
  await run(1_000 * seconds);
  const next = await join();
  holds((hello().resume !== null) === isBack, `after ${seconds} s it is ${isBack ? "still" : "no more"} of use`);
  next.leave();
}
begin();
{
  wire.graceS = 0;
  const page = await join();
  holds(stored().length === 0, "of a server that keeps no sessions none is stored");
  socket().end();
  await isIn(page);
  holds(hello().resume === null, "or resumed");
  page.leave();
}

// Tabs that are duplicated, and pages that crash.
begin();
{
  const first = world.sessionStorage;
  const page = await join();
  const token = newest();
  openTab(first);
  const copy = await load();
  holds(copy.session.kept === null, "a tab that was duplicated has nothing to resume");
  copy.start(GREETING);
  await isIn(copy);
  holds(hello().resume === null && page.status === "playing", "a second tab is a second player");
  holds(copy.session.token !== token && page.session.token === token, "each has its own session");
  world.sessionStorage = first;
  await run(5_000);
  // Both write to whichever storage is there just now: only one is there in a fake browser.
  holds(stored().some((/** @type {any} */ one) => one.token === token), "and the first has stored its own");
  copy.leave();
  world.sessionStorage = first;
  unload(page);
  const next = await join();
  holds(hello().resume === token, "which it resumes when it is reloaded");
  next.leave();
}
for (const hasChannels of [true, false]) {
  begin();
  const page = await join();
  await run(20_000);
  const token = newest();
  unload(page, true);
  const { BroadcastChannel } = world;
  if (!hasChannels) world.BroadcastChannel = undefined;
  const next = await join();
  world.BroadcastChannel = BroadcastChannel;
  const how = hasChannels ? "is back, since nobody answers for it" : "joins anew where nobody can be asked";
  holds(hello().resume === (hasChannels ? token : null), `a page that has crashed ${how}`);
  next.leave();
}

// Two frames of one tab share its storage.
begin();
{
  const inFrame = (/** @type {number} */ nth) => {
    const top = /** @type {any} */ ({ length: 2, 0: {}, 1: {} });
    top[nth] = world;
    top.parent = top;
    world.parent = top;
  };
  inFrame(0);
  const left = await join();
  const token = newest();
  inFrame(1);
  const right = await join();
  holds(hello().resume === null && stored().length === 2, "frames of one tab have a session each");
  const other = newest();
  unload(left);
  dispatch("pagehide", { persisted: false });
  const again = await join();
  holds(hello().resume === other, "the second resumes its own");
  inFrame(0);
  const first = await join();
  holds(hello().resume === token, "and so does the first");
  for (const page of [right, again, first]) page.leave();
  delete world.parent;
}

// A page that was put away, perhaps while another took its session.
for (const isTaken of [false, true]) {
  begin();
  const page = await join();
  const [one, token] = [socket(), newest()];
  dispatch("pagehide", { persisted: true });
  holds(code(one) === AWAY, "a page that is put away closes as away, at once");
  if (isTaken) {
    // The same tab's next page: it has the session when the first one is back.
    const next = await load();
    next.session.claim(GREETING);
    holds(next.session.token === token, "the next page may have its session");
  }
  dispatch("pageshow", { persisted: true });
  await isIn(page);
  holds(hello().resume === (isTaken ? null : token), isTaken ? "then the first joins anew" : "it resumes when it is back");
  page.leave();
}

// Waits are random in their whole range, and longer each time.
{
  const retry = new Retry();
  for (const most of [250, 500, 1000, 2000, 3000, 3000]) {
    holds(retry.waitMs === most, `a wait of up to ${most} ms`);
    Math.random = () => (most === 250 ? 0 : 0.5);
    holds(retry.next() === (most === 250 ? 0 : most / 2), "which may be none");
  }
  Math.random = random;
  const waits = Array.from({ length: 2_000 }, () => retry.next());
  const low = waits.filter((wait) => wait < 1500).length;
  holds(Math.max(...waits) <= 3000 && low > 800 && low < 1_200, `half of them in the lower half: ${low} of 2000`);
}

// The server closes, with a notice before or without one.
for (const [how, notice, stays, wait] of /** @type {[string, boolean, number, number][]} */ ([
  ["after a notice", true, 3_000, 0],
  ["without one", false, 3_000, 245],
  ["to a page that has just come", true, 0, 245],
])) {
  begin();
  const page = await join();
  await run(stays);
  if (notice) socket().say("closing");
  await run(50);
  const left = Math.round((page.core.closesAt() - fake.now) / 1000);
  holds(left === (notice ? CLOSES_IN : Infinity), notice ? "a notice has its time" : "without one there is no time");
  Math.random = () => 0.999;
  socket().say("closed");
  const begun = fake.now;
  while (wire.sockets.length === 1) await run(1);
  const waited = fake.now - begun;
  holds(shown.some((text) => text.startsWith("waiting the server has closed")), "a server that has closed is said to have");
  holds(waited >= wait && waited <= wait + 10, `an end ${how} is followed by an attempt after ${waited} ms`);
  page.leave();
}

// After a cut of all a server lets clients in one after the other.
for (const [ms, sockets] of [[9_500, 1], [10_800, 2]]) {
  begin();
  wire.welcomeMs = ms;
  const page = await load();
  page.start(GREETING);
  await run(10_700);
  await until(run, () => wire.sockets.length === sockets, 3_000);
  holds(wire.sockets.length === sockets, `a welcome after ${ms} ms: ${sockets} sockets`);
  wire.welcomeMs = 20;
  await isIn(page);
  page.leave();
}

// What is stored is bounded, and may be anything.
begin();
for (let nth = 0; nth < 20; nth++) unload(await join(GREETING, `http://play.test/${nth}/`));
holds(stored().length === 8, "no more than so many are stored");
for (const broken of ["{", "7", "null", "[null, 7, {}]", JSON.stringify([{ ...stored()[0], token: "not a token" }]), JSON.stringify([{ ...stored()[0], at: 9e15 }])]) {
  begin();
  world.sessionStorage.setItem(KEY, broken);
  const page = await join();
  holds(hello().resume === null && stored().length === 1, `${broken.slice(0, 20)} is no session`);
  page.leave();
}
begin();
{
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = () => {
    throw new Error("blocked");
  };
  const page = await join();
  const token = newest();
  dispatch("pagehide", { persisted: true });
  dispatch("pageshow", { persisted: true });
  await isIn(page);
  holds(hello().resume === token, "without storage a page that is put away still resumes");
  Storage.prototype.setItem = setItem;
  page.leave();
}
