// @ts-check
// A page for tests of sessions: a connection of connection.js in the tab of fake-browser.mjs, on the wire of fake-wire.mjs.

import { Storage, channels, dispatch, run, world } from "./fake-browser.mjs";
import { FakeCore, FakeSocket, tokenOf, until, wire } from "./fake-wire.mjs";

const { Connection } = await import("../build/kit/connection.js");

/** @typedef {import("../build/kit/connection.js").Greeting} Greeting */
/** @typedef {InstanceType<typeof Connection>} Page */

export const KEY = "tickwire.sessions";
export const [AWAY, LEFT] = ["4010", "1000"];
export const GREETING = { spectator: false, name: "Ada", room: "blue" };
const { random } = Math;
/** What pages were given and what they logged. @type {string[]} */
export const shown = [];
for (const name of /** @type {const} */ (["log", "error", "warn"])) {
  const say = console[name].bind(console);
  console[name] = (...texts) => {
    shown.push(texts.join(" "));
    say(...texts);
  };
}
/** Reasons for which pages gave up. @type {string[]} */
export const ended = [];

/** A page that is loaded in this tab: it has asked who holds what is stored. @param {string} [server] */
export async function load(server = "http://play.test/game/") {
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
export const isIn = (page) => until(run, () => page.status === "playing", 20_000);

/** The same in a room. @param {Greeting} [greeting] @param {string} [server] */
export async function join(greeting = GREETING, server = undefined) {
  const page = await load(server);
  page.start(greeting);
  await isIn(page);
  return page;
}

/** The tab is loaded anew: the page is gone, by its own word or without one. @param {Page} page @param {boolean} [crashes] */
export function unload(page, crashes = false) {
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
export function openTab(copied) {
  const storage = new Storage(copied);
  world.sessionStorage = storage;
  return storage;
}

export const socket = () => /** @type {FakeSocket} */ (wire.sockets.at(-1));
export const hello = () => wire.hellos.at(-1);
export const newest = () => tokenOf(wire.given);
export const stored = () => JSON.parse(world.sessionStorage.getItem(KEY) ?? "[]");
export const code = (/** @type {FakeSocket} */ one) => one.closed?.join() ?? null;

export function begin() {
  Object.assign(wire, { line: true, server: "up", full: [], welcomeMs: 20, graceS: 30, sockets: [], hellos: [] });
  Math.random = random;
  openTab();
  ended.length = 0;
}
