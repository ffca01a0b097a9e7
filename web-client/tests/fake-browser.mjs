// @ts-check
// A fake browser on virtual time, for the page's modules that need no screen: import it before them.
//
// It has a window and a document with listeners and events, timers and a clock that only `run` moves, and
// values of devices and the browser that a test sets. web-client/tests/fake-wire.mjs has the network.

/** @typedef {{ at: number, nth: number, every: number, act: () => void }} Timer */

/** @type {any} */
export const world = globalThis;
// Several pages add listeners, one after the other.
const { setMaxListeners } = await import(/** @type {any} */ ("node:events"));
setMaxListeners(0);
const window = new EventTarget();
export const document = /** @type {any} */ (new EventTarget());
/** The browser's values that a test sets. */
export const fake = { focus: true, pads: /** @type {any[]} */ ([]), now: 0 };

/** @type {Map<number, Timer>} */
const timers = new Map();
let nth = 0;

/** @param {() => void} act @param {number} [ms] @param {number} [every] */
function start(act, ms = 0, every = 0) {
  const wait = Math.max(0, Number(ms) || 0);
  timers.set(++nth, { at: fake.now + wait, nth, every, act });
  return nth;
}

/** Advances the time; lets promises run before and after each timer. @param {number} ms */
export async function run(ms) {
  const end = fake.now + ms;
  for (;;) {
    await settled();
    const next = [...timers.values()].sort((a, b) => a.at - b.at || a.nth - b.nth)[0];
    if (!next || next.at > end) break;
    fake.now = Math.max(fake.now, next.at);
    if (next.every > 0) next.at = fake.now + next.every;
    else timers.delete(next.nth);
    next.act();
  }
  fake.now = end;
}

const immediately = setImmediate;

/** Lets all promises run that can. */
export async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((done) => immediately(() => done(null)));
}

/** Dispatches an event to the window, or another target. @param {string} type @param {object} [fields]
 *  @param {EventTarget} [target] */
export function dispatch(type, fields = {}, target = window) {
  const event = new Event(type, { cancelable: true });
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(event, name, { value, configurable: true });
  }
  target.dispatchEvent(event);
  return event;
}

/** @param {Record<string, unknown>} values */
function define(values) {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(world, name, { value, configurable: true, writable: true });
  }
}

export class Storage {
  /** @type {Map<string, string>} */
  #kept;
  /** @param {Storage} [copied] */
  constructor(copied) {
    this.#kept = new Map(copied ? copied.#kept : []);
  }
  /** @param {string} key */
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.#kept.set(key, String(value));
  }
  /** @param {string} key */
  removeItem(key) {
    this.#kept.delete(key);
  }
  get length() {
    return this.#kept.size;
  }
}

/** Channels between tabs that are open. @type {Set<FakeChannel>} */
export const channels = new Set();

/** Delivers in the next timer to all others of its name. */
class FakeChannel {
  onmessage = /** @type {any} */ (null);
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    channels.add(this);
  }
  /** @param {unknown} data */
  postMessage(data) {
    const others = [...channels].filter((other) => other !== this && other.name === this.name);
    for (const other of others) setTimeout(() => channels.has(other) && other.onmessage?.({ data }), 1);
  }
  close() {
    channels.delete(this);
  }
}

// Any time will do: the same clock for all.
Date.now = () => 1_700_000_000_000 + fake.now;
document.body = { dataset: {} };
document.hidden = false;
document.visibilityState = "visible";
document.hasFocus = () => fake.focus;
document.baseURI = "http://play.test/game/";
define({
  addEventListener: window.addEventListener.bind(window),
  removeEventListener: window.removeEventListener.bind(window),
  dispatchEvent: window.dispatchEvent.bind(window),
  window: world,
  document,
  Element: class {},
  HTMLElement: class {},
  matchMedia: () => Object.assign(new EventTarget(), { matches: false }),
  navigator: { getGamepads: () => fake.pads },
  performance: { now: () => fake.now },
  setTimeout: start,
  clearTimeout: (/** @type {number} */ timer) => timers.delete(timer),
  setInterval: (/** @type {() => void} */ act, /** @type {number} */ ms) => start(act, ms, ms),
  clearInterval: (/** @type {number} */ timer) => timers.delete(timer),
  innerWidth: 1280,
  innerHeight: 720,
  devicePixelRatio: 1,
  BroadcastChannel: FakeChannel,
  sessionStorage: new Storage(),
  localStorage: new Storage(),
  location: { href: "http://play.test/game/", origin: "http://play.test", protocol: "http:", search: "", reload() {} },
});

/** Throws unless a claim holds; prints it. @param {unknown} claim @param {string} what */
export function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** The same numbers in each run of a seed: xorshift. @param {number} seed */
export function dice(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Broken values of a device. */
export const BROKEN = [NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, undefined];
