// @ts-check
// Tests of connection.js, without a browser: node connection.mjs
//
// The network fails and comes back, the page is put away and shown again, the server is updated, away, or
// refuses the page. Run by tests/tests/page_in_node.rs.

import { dispatch, document, fake, holds, run, world } from "./fake-browser.mjs";
import { FakeCore, FakeSocket, until, wire } from "./fake-wire.mjs";

const { Connection } = await import("../build/kit/connection.js");
const { hasRejoinIntent, resumedOf, saveRejoinIntent, takeRejoinIntent } = await import("../../games/skirmish/page/public/rejoin.js");
const { isBinary } = await import("../build/kit/core.js");

/** @typedef {import("../build/kit/connection.js").Greeting} Greeting */

const GREETING = { spectator: false, name: "Ada", room: "blue" };
/** @type {{ status: string, reason: string }[]} */
let turns = [];
/** @type {string[]} */
let ended = [];
/** @type {Greeting[]} */
let reloads = [];
/** The hook that sets the input; may throw. */
let held = () => {};
/** What else a page does at a change of status. @param {string} _status */
let onTurn = (_status) => {};
/** Loads a new core. @type {() => Promise<FakeCore>} */
let renew = async () => new FakeCore();
/** A page that was just loaded over this many connections. @param {number} [loadedBy] @param {Greeting} [greeting] */
async function page(loadedBy = 6, greeting = GREETING) {
  turns = [];
  ended = [];
  reloads = [];
  Object.assign(wire, { line: true, server: "up", stale: false, full: [], answerMs: 20 });
  Object.assign(wire, { requests: [], sockets: [], hellos: [] });
  wire.pool = Array.from({ length: loadedBy }, () => wire.deaths);
  const core = new FakeCore();
  const connection = new Connection(/** @type {any} */ (core), new URL("http://play.test/game/"), {
    sample: () => held(),
    pumped() {},
    changed(status, reason) {
      turns.push({ status, reason });
      onTurn(status);
    },
    silent() {},
    over: (reason) => void ended.push(reason),
    idled() {},
    faulted: async () => /** @type {any} */ (await renew()),
    reloads: (greeting) => void reloads.push(greeting),
  });
  connection.start(greeting);
  await until(run, () => connection.status === "playing", 3_000);
  return { connection, core };
}
const reasons = () => turns.map(({ reason }) => reason).join(" / ");

// The network fails soon after the page was loaded.
const back = [];
for (const away of [2_000, 7_500, 9_000, 12_300, 20_000, 45_000, 90_000]) {
  const { connection } = await page();
  await run(1_000);
  wire.die();
  await run(away);
  wire.line = true;
  // A socket survives a short failure: TCP retransmits what was lost.
  const socket = wire.sockets.at(-1);
  if (away < 6_000 && socket) {
    socket.born = wire.deaths;
    socket.say("snapshot");
  }
  const isBack = () => connection.status === "playing" && fake.now - connection.heardAt < 100;
  back.push(Math.round(await until(run, isBack, 120_000)));
  connection.leave();
}
console.log(`back after a line was dead, ms: ${back.join(" ")}`);
holds(Math.max(...back) <= 5_000, "the page is back within 5 s of the line");

// When the browser reports the network back, it connects at once, whatever it was waiting for.
const delays = [];
for (const away of [8_000, 12_300, 14_900, 45_000]) {
  const { connection } = await page();
  await run(1_000);
  wire.die();
  await run(away);
  wire.line = true;
  dispatch("online");
  delays.push(Math.round(await until(run, () => connection.status === "playing", 60_000)));
  connection.leave();
}
console.log(`back after the browser's event, ms: ${delays.join(" ")}`);
holds(Math.max(...delays) <= 250, "when the browser reports the network back, the page is back at once");

// A server that is away for a minute gets requests: hardly a WebSocket fails.
{
  const { connection } = await page();
  wire.server = "down";
  await run(200);
  const before = wire.sockets.length;
  await run(60_000);
  const failed = wire.sockets.length - before;
  wire.server = "up";
  const ms = await until(run, () => connection.status === "playing", 60_000);
  holds(failed < 15, `${failed} WebSockets fail in a minute without a server`);
  holds(ms <= 3_500, `and the page is back within ${ms} ms of it`);
  const urls = new Set(wire.requests.map(({ url }) => url));
  const asked = "http://play.test/game/ws?origin=http%3A%2F%2Fplay.test";
  holds([...urls].join() === asked, "it asks where the socket is, below its path, and says its origin");
  holds(wire.sockets.every(({ url }) => url === "ws://play.test/game/ws"), "and so does the socket");
  connection.leave();
}

// Put away, perhaps to be shown again.
for (const [hide, show] of [["pagehide", "pageshow"], ["freeze", "resume"]]) {
  const target = hide === "freeze" ? document : undefined;
  const { connection, core } = await page();
  const socket = /** @type {FakeSocket} */ (wire.sockets.at(-1));
  document.hidden = true;
  dispatch("visibilitychange", {}, document);
  dispatch(hide, { persisted: true }, target);
  dispatch(hide, { persisted: true }, target);
  holds(socket.closed !== null, `at ${hide} the socket is closed at once`);
  holds(core.left === 0 && !socket.sent.some(({ goodbye }) => goodbye), "without a goodbye");
  const before = wire.sockets.length;
  dispatch("online");
  await run(60_000);
  holds(wire.sockets.length === before, "nothing is opened while nobody looks");
  document.hidden = false;
  dispatch("visibilitychange", {}, document);
  dispatch(show, { persisted: true }, target);
  const ms = await until(run, () => connection.status === "playing", 5_000);
  holds(ms <= 250 && wire.requests.length === 0, `at ${show} it plays on at once: ${ms} ms`);
  const hello = wire.hellos.at(-1);
  holds(hello.name === "Ada" && hello.room === "blue" && !hello.spectator, "as what it was");
  connection.leave();
  holds(core.left === 1, "leaving sends a goodbye");
  dispatch(hide, { persisted: true }, target);
  dispatch(show, { persisted: true }, target);
  holds(connection.status === "idle", "and is not brought back");
}
{
  const { connection } = await page();
  dispatch("pagehide", { persisted: false });
  holds(wire.sockets.at(-1)?.closed === null, "the socket of a page that ends is the browser's to close");
  connection.leave();
}

// The server was updated: the page reloads once, and keeps the join options.
{
  const { connection } = await page();
  wire.stale = true;
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(3_000);
  holds(wire.reloads === 1 && reloads[0]?.name === "Ada", "the page of another version reloads once");
  holds(ended.length === 0, "without an error until then");
  saveRejoinIntent(/** @type {Greeting} */ (reloads[0]), false, 2, true, null);
  holds(hasRejoinIntent(), "and is to join again");
  const { stale } = wire;
  // The reloaded page is still refused.
  const wanted = takeRejoinIntent(null);
  holds(wanted?.name === "Ada" && wanted.room === "blue" && wanted.ship === 2 && !wanted.spectator, "name, room, ship and role are kept");
  saveRejoinIntent({ ...GREETING, spectator: true }, true, 2, true, null);
  holds(takeRejoinIntent(null)?.idle, "and that it watches because it was idle");
  holds(takeRejoinIntent(null) === null, "for one page alone");
  const { connection: next } = await page();
  next.leave();
  wire.stale = stale;
  next.start(GREETING);
  await run(20_000);
  holds(wire.reloads === 1 && next.status === "idle", "one that is still refused does not reload for ever");
  holds(ended.some((reason) => reason.includes("after the page was reloaded")), "and says so");
  for (const broken of ["{", "7", "null", '{"name":7,"room":{},"spectator":"x","idle":true,"isUpdate":true,"flown":{"ship":"x"}}', JSON.stringify({ name: "x".repeat(1e5), isUpdate: true })]) {
    world.sessionStorage.setItem("tickwire.rejoin", broken);
    const taken = takeRejoinIntent(null);
    holds(taken === null || (taken.name.length <= 20 && taken.room === null && !taken.spectator && !taken.idle && !taken.flown), `${broken.slice(0, 20)} is no intent`);
  }
  connection.leave();
  world.sessionStorage.removeItem("tickwire.reloaded");
}

// A page that its player reloads goes on at once, with what can be resumed.
{
  const kept = { name: "Ada", room: "blue", spectator: false };
  /** @type {[string, string | null, boolean][]} */
  const loads = [["reload", "blue", true], ["reload", null, true], ["back_forward", "blue", true], ["reload", "red", false], ["navigate", "blue", false]];
  for (const [type, room, goesOn] of loads) {
    world.performance.getEntriesByType = () => [{ type }];
    holds((resumedOf(kept, room) !== null) === goesOn, `a page that is loaded by ${type} for ${room} ${goesOn ? "goes on" : "does not"}`);
  }
  world.performance.getEntriesByType = () => [];
  holds(resumedOf(kept, "blue") === null && resumedOf(null, "blue") === null, "nor does one of which nothing is known");
  saveRejoinIntent(GREETING, false, 2, false, null);
  holds(!hasRejoinIntent() && takeRejoinIntent(null) === null, "what was saved at a reload is of no use without that");
  saveRejoinIntent({ ...GREETING, spectator: true }, true, 2, false, { ship: 70, round: 3 });
  const watched = takeRejoinIntent({ ...kept, spectator: true });
  holds(watched?.idle && watched.ship === 2 && watched.room === "blue" && !watched.isUpdate, "with it, ship and idleness are as they were");
  holds(watched?.flown?.ship === 70 && watched.flown.round === 3, "and it is known which ship was flown");
  const crashed = takeRejoinIntent(kept);
  holds(crashed?.ship === null && crashed.flown === null && !crashed.idle && crashed.name === "Ada", "a page that crashed has saved neither");
}

// A page that may not connect shows why; one that cannot connect shows possible reasons.
{
  const { connection } = await page();
  wire.server = "forbidden";
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(10_000);
  holds(ended.length === 1 && ended[0].includes("--allow-origin"), `forbidden: ${ended}`);
  holds(connection.status === "idle", "and it does not try for ever");
}
{
  const { connection } = await page();
  wire.server = "shut";
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(10_000);
  holds(reasons().includes("the server answers, but opens no connection"), "a server that opens no socket is reported");
  holds(reasons().includes("http://play.test"), "with the page's origin");
  wire.server = "closing";
  await run(5_000);
  wire.server = "up";
  const ms = await until(run, () => connection.status === "playing", 20_000);
  holds(ms <= 4_000, `and it is back when it does: ${ms} ms`);
  holds(reasons().includes("the server is restarting"), "a server that restarts is reported");
  connection.leave();
}

// A proxy may refuse the request because of its origin and forward the WebSocket.
for (const answerMs of [20, 900]) {
  const { connection } = await page();
  wire.server = "shut";
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await until(run, () => wire.sockets.length === 2 && connection.status === "waiting", 2_000);
  wire.server = "stripped";
  wire.answerMs = answerMs;
  const ms = await until(run, () => connection.status === "playing", 10_000);
  await run(2_000);
  holds(ms < 3_000 && wire.requests.length > 0, `requests are refused after ${answerMs} ms, WebSockets are not: back in ${ms} ms`);
  holds(connection.status === "playing" && ended.length === 0, "and the refusal ends nothing");
  connection.leave();
}
// A refusal for too many connections does not blame the origin.
{
  const { connection } = await page();
  wire.server = "crowded";
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(1_500);
  const known = turns.length;
  await run(30_000);
  const said = new Set(turns.slice(known).map(({ reason }) => reason));
  holds([...said].every((reason) => reason.includes("too many connections or requests")), `a crowded address: ${[...said]}`);
  holds(ended.length === 0, "it passes");
  wire.server = "down";
  await run(20_000);
  holds(turns.at(-1)?.reason.includes("lost"), "a server that then is away is reported as that");
  wire.server = "up";
  const ms = await until(run, () => connection.status === "playing", 10_000);
  holds(ms <= 4_000, `and the page is back when it is: ${ms} ms`);
  connection.leave();
}

// A core that has trapped is replaced, whatever the player does meanwhile.
for (const action of ["waits", "leaves and plays again", "is put away", "plays on after being idle"]) {
  const { connection, core } = await page();
  let asked = 0;
  /** @type {FakeCore | null} */
  let fresh = null;
  renew = async () => {
    asked += 1;
    if (asked === 1) throw new TypeError("Failed to fetch");
    return (fresh = new FakeCore());
  };
  const { error } = console;
  console.error = () => {};
  core.traps = true;
  await run(200);
  if (action.startsWith("leaves")) {
    connection.leave();
    await run(500);
    connection.start(GREETING);
  } else if (action === "is put away") {
    dispatch("freeze", {}, document);
    await run(100);
    dispatch("resume", {}, document);
  } else if (action.startsWith("plays")) {
    connection.rejoinAs(false);
  }
  await run(500);
  holds(wire.sockets.length === 1, "nothing is opened for a core that has trapped");
  const ms = await until(run, () => connection.status === "playing", 10_000);
  holds(ms <= 5_000 && asked === 2, `the core trapped, and the player ${action}: back in ${ms} ms`);
  /** @type {any} */ (fresh).traps = true;
  const again = await until(run, () => asked === 3 && connection.status === "playing", 10_000);
  holds(again <= 1_000, "and the next trap is seen as well");
  console.error = error;
  connection.leave();
}

// A page that is shown again has messages waiting from while it was hidden.
for (const lives of [true, false]) {
  const { connection } = await page();
  await run(500);
  const before = wire.sockets.length;
  document.hidden = true;
  dispatch("visibilitychange", {}, document);
  connection.heardAt = fake.now - 20_000;
  connection.watchedAt = fake.now - 20_000;
  if (!lives) wire.die();
  document.hidden = false;
  dispatch("visibilitychange", {}, document);
  holds(wire.sockets.length === before && connection.status === "playing", "a page that is shown waits for its messages");
  if (!lives) wire.line = true;
  await run(400);
  const opened = wire.sockets.length - before;
  holds(opened === (lives ? 0 : 1), lives ? "a socket that lives is kept" : "one that is dead is replaced soon");
  connection.leave();
}
// After a sleep timers run first, then the messages that came meanwhile.
{
  const { connection } = await page();
  await run(500);
  wire.line = false;
  fake.now += 20_000;
  await run(100);
  wire.line = true;
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).say("snapshot");
  await run(1_000);
  holds(wire.sockets.length === 1 && connection.status === "playing", "after a sleep a socket that lives is kept");
  connection.leave();
}
// A browser may let a hidden page run for a moment.
{
  const { connection } = await page();
  document.hidden = true;
  dispatch("visibilitychange", {}, document);
  dispatch("freeze", {}, document);
  const before = wire.sockets.length;
  for (let nth = 0; nth < 3; nth++) {
    dispatch("resume", {}, document);
    await run(1_000);
    dispatch("freeze", {}, document);
    await run(1_000);
  }
  dispatch("resume", {}, document);
  holds(wire.sockets.length === before, "a hidden page that runs for a moment joins nothing");
  document.hidden = false;
  dispatch("visibilitychange", {}, document);
  const ms = await until(run, () => connection.status === "playing", 5_000);
  holds(ms <= 250, `shown, it plays on at once: ${ms} ms`);
  connection.leave();
}

// An idle player watches and comes back in the same room if that has space, else in any.
const anyRoom = { ...GREETING, room: null };
for (const isFull of [false, true]) {
  const { connection } = await page(6, anyRoom);
  if (isFull) wire.full = ["arena-1"];
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).say("idle");
  await until(run, () => wire.hellos.length > 1 && connection.status === "playing", 5_000);
  connection.rejoinAs(false);
  await until(run, () => connection.status === "playing", 5_000);
  const asked = wire.hellos.map(({ spectator, room }) => `${spectator ? "watches" : "plays"} ${room}`).join(", ");
  const own = ["plays null", "watches arena-1", "plays arena-1"];
  const any = ["plays null", "watches arena-1", "watches null", "plays arena-1", "plays null"];
  holds(asked === (isFull ? any : own).join(", "), `idle${isFull ? ", and the room is full" : ""}: ${asked}`);
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await until(run, () => connection.status === "playing", 5_000);
  const { room: last, resume } = wire.hellos.at(-1);
  holds(last === "arena-1" && resume !== null, "a later connection resumes in the last room");
  connection.leave();
}

// Without storage the page does not reload, and does not claim that it did.
{
  const { setItem } = world.sessionStorage;
  world.sessionStorage.setItem = () => {
    throw new Error("blocked");
  };
  const { connection } = await page();
  const { reloads: before } = wire;
  wire.stale = true;
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(3_000);
  holds(wire.reloads === before && ended.join() === "this server plays by rules 5", `without storage: ${ended}`);
  connection.leave();
  world.sessionStorage.setItem = setItem;
}

// Inputs go on even if the page throws.
{
  const { connection, core } = await page();
  const { error } = console;
  console.error = () => {};
  core.every = 33;
  connection.nudge();
  let played = 0;
  core.play = () => {
    played += 1;
    return core.stage;
  };
  held = () => {
    throw new Error("a gamepad that is none");
  };
  await run(1_000);
  holds(played >= 30, `no hand can be read for a second: ${played} ticks`);
  held = () => {};
  onTurn = (status) => {
    if (status === "playing") throw new Error("a page's own fault");
  };
  connection.status = "connecting";
  let thrown = 0;
  try {
    connection.nudge();
  } catch {
    thrown += 1;
  }
  played = 0;
  wire.line = false;
  await run(1_000);
  holds(thrown === 1 && played >= 30, `the page fails at a turn: ${played} ticks`);
  console.error = error;
  onTurn = () => {};
  connection.leave();
}

// A full server that then does not answer is not asked more often for that.
{
  const { connection } = await page();
  wire.server = "shut";
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(20_000);
  wire.die();
  await until(run, () => turns.at(-1)?.reason === "no answer from the server", 20_000);
  holds(connection.retry.waitMs >= 1_500, `the wait after no answer: ${connection.retry.waitMs} ms`);
  connection.leave();
}

// Buffers of any realm are binary.
const { runInNewContext } = await import(/** @type {any} */ ("node:vm"));
holds(isBinary(new ArrayBuffer(1)) && isBinary(runInNewContext("new ArrayBuffer(1)")), "buffers of any realm are binary");
holds(![null, "text", {}, new Uint8Array(1), undefined].some(isBinary), "nothing else is");
