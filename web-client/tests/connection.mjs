// @ts-check
// What connection.js promises, without a browser: node connection.mjs
//
// The line dies and comes back, the page is put away and shown again, the server is renewed, away, or
// refuses the page. Run by tests/tests/page_in_node.rs.

import { document, holds, run, tell, told, world } from "./fake-browser.mjs";
import { FakeCore, FakeSocket, until, wire } from "./fake-wire.mjs";

const { Connection } = await import("../page/connection.js");
const { keepWanted, takeWanted } = await import("../page/wanted.js");
const { isBinary } = await import("../page/wasm.js");

/** @typedef {import("../page/connection.js").Greeting} Greeting */

const GREETING = { spectator: false, name: "Ada", room: "blue" };
/** @type {{ status: string, reason: string }[]} */
let turns = [];
/** @type {string[]} */
let ended = [];
/** @type {Greeting[]} */
let reloads = [];
/** A page that has just been loaded over so many connections. @param {number} [loadedBy] */
async function page(loadedBy = 6) {
  turns = [];
  ended = [];
  reloads = [];
  Object.assign(wire, { line: true, server: "up", stale: false, requests: [], sockets: [], hellos: [] });
  wire.pool = Array.from({ length: loadedBy }, () => wire.deaths);
  const core = new FakeCore();
  const connection = new Connection(/** @type {any} */ (core), () => ({ buttons: 0, aim: 0 }), {
    changed: (status, reason) => void turns.push({ status, reason }),
    silent() {},
    over: (reason) => void ended.push(reason),
    idled() {},
    faulted: async () => /** @type {any} */ (core),
    reloads: (greeting) => void reloads.push(greeting),
  });
  connection.start(GREETING);
  await until(run, () => connection.status === "playing", 3_000);
  return { connection, core };
}
const reasons = () => turns.map(({ reason }) => reason).join(" / ");

// The line dies soon after the page was loaded over it.
const back = [];
for (const away of [2_000, 7_500, 9_000, 12_300, 20_000, 45_000, 90_000]) {
  const { connection } = await page();
  await run(1_000);
  wire.die();
  await run(away);
  wire.line = true;
  // A short one is sat out by the socket: what was lost is sent again.
  const socket = wire.sockets.at(-1);
  if (away < 6_000 && socket) {
    socket.born = wire.deaths;
    socket.say("snapshot");
  }
  const isBack = () => connection.status === "playing" && told.now - connection.heardAt < 100;
  back.push(Math.round(await until(run, isBack, 120_000)));
  connection.leave();
}
console.log(`back after a line was dead, ms: ${back.join(" ")}`);
holds(Math.max(...back) <= 5_000, "the page is back within 5 s of the line");

// Told that the network is there again it looks at once, whatever it was waiting for.
const told_ = [];
for (const away of [8_000, 12_300, 14_900, 45_000]) {
  const { connection } = await page();
  await run(1_000);
  wire.die();
  await run(away);
  wire.line = true;
  tell("online");
  told_.push(Math.round(await until(run, () => connection.status === "playing", 60_000)));
  connection.leave();
}
console.log(`back after being told so, ms: ${told_.join(" ")}`);
holds(Math.max(...told_) <= 250, "told that the network is back, the page is back at once");

// A server that is away for a minute is asked by requests: hardly a WebSocket fails.
{
  const { connection } = await page();
  wire.server = "down";
  await run(200);
  const before = wire.sockets.length;
  await run(60_000);
  const failed = wire.sockets.length - before;
  wire.server = "up";
  const ms = await until(run, () => connection.status === "playing", 60_000);
  holds(failed < 10, `${failed} WebSockets fail in a minute without a server`);
  holds(ms <= 3_500, `and the page is back within ${ms} ms of it`);
  const urls = new Set(wire.requests.map(({ url }) => url));
  const asked = "http://play.test/game/ws?origin=http%3A%2F%2Fplay.test";
  holds([...urls].join() === asked, "it asks where the socket is, below its path, and says its origin");
  holds(wire.sockets.every(({ url }) => url === "ws://play.test/game/ws"), "and so does the socket");
  connection.leave();
}

// Put away, to be shown again perhaps.
for (const [hide, show] of [["pagehide", "pageshow"], ["freeze", "resume"]]) {
  const target = hide === "freeze" ? document : undefined;
  const { connection, core } = await page();
  const socket = /** @type {FakeSocket} */ (wire.sockets.at(-1));
  document.hidden = true;
  tell("visibilitychange", {}, document);
  tell(hide, { persisted: true }, target);
  tell(hide, { persisted: true }, target);
  holds(socket.closed !== null, `at ${hide} the socket is closed at once`);
  holds(core.left === 0 && !socket.sent.some(({ goodbye }) => goodbye), "without a goodbye");
  const before = wire.sockets.length;
  tell("online");
  await run(60_000);
  holds(wire.sockets.length === before, "nothing is opened while nobody looks");
  document.hidden = false;
  tell("visibilitychange", {}, document);
  tell(show, { persisted: true }, target);
  const ms = await until(run, () => connection.status === "playing", 5_000);
  holds(ms <= 250 && wire.requests.length === 0, `at ${show} it plays on at once: ${ms} ms`);
  const hello = wire.hellos.at(-1);
  holds(hello.name === "Ada" && hello.room === "blue" && !hello.spectator, "as what it was");
  connection.leave();
  holds(core.left === 1, "who leaves says goodbye");
  tell(hide, { persisted: true }, target);
  tell(show, { persisted: true }, target);
  holds(connection.status === "idle", "and is not brought back");
}
{
  const { connection } = await page();
  tell("pagehide", { persisted: false });
  holds(wire.sockets.at(-1)?.closed === null, "the socket of a page that ends is the browser's to close");
  connection.leave();
}

// The server was renewed: once the page is loaded anew, with what was wanted.
{
  const { connection } = await page();
  wire.stale = true;
  /** @type {FakeSocket} */ (wire.sockets.at(-1)).end();
  await run(3_000);
  holds(wire.reloads === 1 && reloads[0]?.name === "Ada", "another server's page is loaded anew, once");
  holds(ended.length === 0, "without a word of it until then");
  keepWanted(/** @type {Greeting} */ (reloads[0]), 2);
  const { stale } = wire;
  // The page that is loaded then, still refused.
  const wanted = takeWanted();
  holds(wanted?.name === "Ada" && wanted.room === "blue" && wanted.ship === 2 && !wanted.spectator, "name, room, ship and role are kept");
  holds(takeWanted() === null, "for one page alone");
  const { connection: next } = await page();
  next.leave();
  wire.stale = stale;
  next.start(GREETING);
  await run(20_000);
  holds(wire.reloads === 1 && next.status === "idle", "one that is still refused is not loaded for ever");
  holds(ended.some((reason) => reason.includes("after the page was loaded anew")), "and says so");
  for (const broken of ["{", "7", "null", '{"name":7,"room":{},"spectator":"x"}', JSON.stringify({ name: "x".repeat(1e5) })]) {
    world.sessionStorage.setItem("tickwire.wanted", broken);
    const taken = takeWanted();
    holds(taken === null || (taken.name.length <= 20 && taken.room === null && !taken.spectator), `${broken.slice(0, 20)} is no wish`);
  }
  connection.leave();
  world.sessionStorage.removeItem("tickwire.reloaded");
}

// A page that may not connect is told why, and one that cannot is told what it may be.
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
  holds(reasons().includes("the server answers, but opens no connection"), "a server that opens no socket is told of");
  holds(reasons().includes("http://play.test"), "with the page's origin");
  wire.server = "closing";
  await run(5_000);
  wire.server = "up";
  const ms = await until(run, () => connection.status === "playing", 20_000);
  holds(ms <= 4_000, `and it is back when it does: ${ms} ms`);
  connection.leave();
}

// Binary is binary, whichever realm it is of.
const { runInNewContext } = await import(/** @type {any} */ ("node:vm"));
holds(isBinary(new ArrayBuffer(1)) && isBinary(runInNewContext("new ArrayBuffer(1)")), "buffers of any realm are binary");
holds(![null, "text", {}, new Uint8Array(1), undefined].some(isBinary), "nothing else is");
