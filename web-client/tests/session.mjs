// @ts-check
// Tests of how a page keeps its session: node session.mjs
//
// The connection breaks, the page is reloaded, put away, duplicated or crashes, the server closes or keeps nothing. Run by
// tests/tests/page_in_node.rs.

import { Storage, dispatch, fake, holds, run, world } from "./fake-browser.mjs";
import { CLOSES_IN, until, wire } from "./fake-wire.mjs";
import { AWAY, GREETING, KEY, begin, code, ended, hello, isIn, join, load, newest, openTab, shown, socket, stored, unload } from "./fake-page.mjs";

const { Retry } = await import("../build/kit/retry.js");
const { random } = Math;

/** @typedef {import("../build/kit/connection.js").Greeting} Greeting */

// A connection that breaks, is silent, or does not open.
begin();
{
  const page = await join();
  holds(hello().resume === null, "the first hello resumes nothing");
  const first = newest();
  socket().end();
  await isIn(page);
  holds(hello().resume === first && hello().room === "blue", "after a cut the hello has the session's token");
  holds(!page.joinedAnew, "and the page has lost nothing");
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

// Sockets that nothing comes over are many.
begin();
{
  const page = await join();
  const first = socket();
  await run(1_000);
  for (let nth = 1; nth <= 5; nth++) {
    wire.die();
    await run(nth === 1 ? 6_500 : 700);
    wire.line = true;
    wire.welcomeMs = 60_000;
    dispatch("online");
    const hellos = wire.hellos.length;
    await until(run, () => wire.hellos.length > hellos, 20_000);
    const closed = wire.sockets.filter((one) => one.sent.length > 0 && one.closed !== null);
    holds(page.status !== "playing" && closed.length === (nth === 5 ? 1 : 0), `${nth} set aside: ${closed.length} closed`);
  }
  holds(code(first) === AWAY, "of too many the oldest is closed");
  wire.welcomeMs = 20;
  wire.die();
  wire.line = true;
  await isIn(page);
  const open = wire.sockets.filter((one) => one.closed === null);
  holds(open.length === 1 && open[0] === socket(), "once one is in the room all others are closed");
  page.leave();
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

// The page is loaded anew while a hello is held up, which then takes the session.
for (const [seconds, isOwn] of /** @type {[number, boolean][]} */ ([[5, true], [40, false]])) {
  begin();
  const page = await join();
  socket().end();
  wire.welcomeMs = 60_000;
  await until(run, () => wire.hellos.length === 2, 5_000);
  unload(page);
  wire.welcomeMs = 20;
  const next = await join();
  const given = newest();
  holds(hello().resume !== null && next.status === "playing", "a page that is loaded anew while a hello is unanswered resumes");
  await run(1_000 * seconds);
  const count = wire.hellos.length;
  socket().say("replaced");
  await run(20_000);
  holds((wire.hellos.length === count + 1 && hello().resume === given) === isOwn, `replaced after ${seconds} s it is ${isOwn ? "back: that was the page before" : "not"}`);
  if (isOwn) socket().say("replaced");
  await run(20_000);
  holds(next.status === "idle" && wire.hellos.length === count + (isOwn ? 1 : 0), "and gives up then");
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
  holds(page.joinedAnew, "and knows that it is another");
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
for (const [seconds, isBack] of /** @type {const} */ ([[48, true], [52, false]])) {
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
