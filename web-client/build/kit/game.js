// @ts-check
// `Tickwire`: the API for pages. It combines the core with its connection, and knows no game.
//
// It owns what outlasts a connection and a trapped core: the held input, the simulated network, the page's
// options. It draws nothing. `tickwire.d.ts` documents its members.

import { Clock } from "./clock.js";
import { Connection } from "./connection.js";
import { Core } from "./core.js";
import { EarlySocket } from "./early.js";
import { Guard } from "./guard.js";
import { Session } from "./session.js";
import { compile, simulationOf } from "./load.js";
import { hasPage, isLocal, isReplaced, moduleUrl } from "./env.js";

/** @typedef {import("./tickwire.js").Tickwire} Declared */
/** @typedef {import("./tickwire.js").LoadOptions} LoadOptions */
/** @typedef {import("./tickwire.js").JoinOptions} JoinOptions */
/** @typedef {import("./tickwire.js").Simulation} Simulation */
/** @typedef {import("./tickwire.js").Status} Status */
/** @typedef {import("./tickwire.js").Player} Player */
/** @typedef {import("./tickwire.js").Keys} Keys */
/** @typedef {import("./connection.js").Greeting} Greeting */

/** Default length of a simulated stall. */
const STALL_MS = 300;
const DEMO_PLAYERS = 14;
const NO_WASM = "this browser has no WebAssembly, or a setting such as Lockdown Mode switches it off for this page";
/** Seconds that a demo plays before it is drawn: by then all who wait for something at the start have it. */
const DEMO_AHEAD_SECONDS = 3;
/** A wasm that was loaded this recently is the server's current one. */
const FRESH_MS = 3000;

/** @type {Simulation} */
const USUAL = { latency: 0, jitter: 0, stall: 0, stallMs: STALL_MS, prediction: true, interpolation: true };

/** @implements {Declared} */
export class Tickwire extends EventTarget {
  /** @type {Core} */
  #core;
  /** @type {() => Promise<Core>} */
  #renew;
  /** Whether the server has another wasm by now than this one. */
  #isReplaced = async () => false;
  #loadedAt = performance.now();
  #clock = new Clock();
  /** @type {Connection} */
  #connection;
  #guard = new Guard((error) => this.#connection.handleTrap(error));
  /** Gives a core the held input; undefined while the player is away. @type {((core: Core) => void) | undefined} */
  #held;
  /** Sees all messages. @type {import("./core.js").Traffic | null} */
  #observer = null;
  /** Reported errors of inputs. @type {Set<string>} */
  #complaints = new Set();
  #simulation = { ...USUAL };
  /** @type {{ players: number, seed: number, ahead: number } | null} */
  #demo = null;
  /** @type {Map<number, Player>} */
  #roster = new Map();
  #rosterVersion = -1;
  /** The last reported version. */
  #rosterReported = -1;
  /** The last reported time at which the server closes. */
  #closesAt = Infinity;
  /** Values that are constant in a room. @type {Record<string, any>} */
  #room = {};

  /** @type {Status} */
  status = "idle";
  reason = "";
  isIdle = false;
  isSilent = false;
  isResumed = false;
  joinedAnew = false;
  tick = 0;
  ownTick = 0;
  serverTick = 0;
  /** @type {(() => void) | null} */
  onsample = null;

  /** @param {LoadOptions} [options] */
  static async load({ server, wasm, address, preconnect = false } = {}) {
    if (typeof WebSocket !== "function") throw new Error("there is no WebSocket here: Node has one from version 22");
    if (typeof WebAssembly !== "object") throw new Error(NO_WASM);
    const home = server === undefined ? here() : homeAt(server);
    const early = preconnect ? new EarlySocket(home.server) : null;
    const settled = new Session(home.server).settle();
    const { module, url, tag } = await compile(wasm ?? new URL("tickwire.wasm", home.files)).catch((error) => {
      early?.close();
      throw error;
    });
    // Until it is known what a join may resume.
    await settled;
    const renew = async () => new Core(await WebAssembly.instantiate(module, {}));
    const game = new Tickwire(await renew(), renew, home.server, early);
    if (tag && isLocal(url)) game.#isReplaced = () => isReplaced(url, tag);
    if (address !== undefined) game.simulate(simulationOf(address));
    return game;
  }

  /** @param {{ server?: string | URL | undefined }} [options] */
  static async kept({ server } = {}) {
    if (!hasPage) return null;
    const session = new Session((server === undefined ? here() : homeAt(server)).server);
    await session.settle();
    return session.kept;
  }

  /** Use {@link Tickwire.load}. @param {Core} core @param {() => Promise<Core>} renew @param {URL} server
   *  @param {EarlySocket | null} early */
  constructor(core, renew, server, early) {
    super();
    this.#core = core;
    this.#renew = renew;
    this.#connection = new Connection(core, server, {
      sample: () => this.onsample?.(),
      pumped: () => this.#tellNews(),
      changed: (status, reason) => this.#changed(status, reason),
      silent: (silent) => this.#tell("silent", { silent: (this.isSilent = silent) }),
      over: (reason) => {
        this.#turn("ended", reason);
        this.isIdle = false;
      },
      idled: () => {
        this.isIdle = true;
        this.#tell("idle", {});
      },
      faulted: () => this.#faulted(),
      early: () => early?.take() ?? null,
      reloads: (greeting) => this.#tell("reload", greeting),
    }, this.#clock);
  }

  /** @param {JoinOptions} [options] */
  join({ name = "", room = null, ticket = null, settings } = {}) {
    this.#enter({ spectator: false, name, room: room || null, ticket, settings });
  }

  /** @param {Omit<JoinOptions, "settings">} [options] */
  spectate({ name = "", room = null, ticket = null } = {}) {
    this.#enter({ spectator: true, name, room: room || null, ticket });
  }

  /** @param {Greeting} greeting */
  #enter(greeting) {
    this.isIdle = false;
    this.#connection.start(greeting);
  }

  resume() {
    if (!this.isIdle) return false;
    this.isIdle = false;
    this.#connection.rejoinAs(false);
    return true;
  }

  leave() {
    this.isIdle = false;
    this.#connection.leave();
  }

  /** @param {number} [players] @param {number} [seed] @param {number} [ahead] */
  demo(players = DEMO_PLAYERS, seed = Math.floor(Math.random() * 2 ** 32), ahead = DEMO_AHEAD_SECONDS) {
    if (this.#connection.greeting) this.leave();
    this.#demo = { players, seed, ahead };
    this.#forget();
    this.#run("demo", (core) => this.#demoIn(core));
  }

  /** @param {Core} core */
  #demoIn(core) {
    if (this.#demo) core.demo(this.#clock.now(), this.#demo.seed, this.#demo.players, this.#demo.ahead);
  }

  get isDemo() {
    return this.#demo !== null;
  }

  get closesIn() {
    const at = this.isInRoom ? (this.#run("closing", (core) => core.closesAt()) ?? Infinity) : Infinity;
    return Number.isFinite(at) ? Math.max(0, Math.ceil((at - this.#clock.now()) / 1000)) : null;
  }

  get isInRoom() {
    return this.status === "playing" || this.status === "watching";
  }

  get resuming() {
    const { greeting, session } = this.#connection;
    return greeting && !this.isInRoom ? session.held : null;
  }

  /** @param {unknown} input @param {unknown} [stick] */
  hold(input, stick) {
    this.#held = (core) => this.#complain(core.hold(input, stick));
    this.#run("hold", this.#held);
  }

  get keys() {
    return this.#run("keys", (core) => core.keys()) ?? [];
  }

  /** @param {Keys} held @param {Keys} [stick] */
  holdKeys(held, stick = {}) {
    this.#held = (core) => core.holdKeys(held, stick);
    this.#run("hold", this.#held);
  }

  /** @param {import("./core.js").Traffic} observer */
  observe(observer) {
    this.#observer = observer;
    this.#run("observe", (core) => this.#observeIn(core));
  }

  /** @param {Core} core */
  #observeIn(core) {
    if (!this.#observer) return;
    core.ontraffic = this.#observer;
    core.replays(false);
  }

  /** @param {unknown} input */
  press(input) {
    this.#run("press", (core) => this.#complain(core.press(input)));
  }

  release() {
    this.#held = undefined;
    this.#run("release", (core) => core.release());
  }

  /** Logs each distinct error of a held input once. @param {string} what */
  #complain(what) {
    if (what === "" || this.#complaints.has(what)) return;
    this.#complaints.add(what);
    console.error(`not a valid input of the game: ${what}`);
  }

  /** @param {number} [stamp] */
  frame(stamp) {
    return this.#clock.frame(stamp);
  }

  now() {
    return this.#clock.now();
  }

  rows(at = this.frame()) {
    if (!this.#demo && this.isInRoom) this.#sample(at);
    // Only now: a listener may have left the room meanwhile, or a due tick have ended the connection.
    if (!this.#demo && (this.status === "idle" || this.status === "ended")) return [];
    const drawn = this.#run("rows", (core) => {
      if (this.#demo) core.advanceDemo(at);
      return core.draw(at);
    });
    if (!drawn) return [];
    this.tick = drawn.tick;
    this.ownTick = drawn.ownTick;
    return drawn.list;
  }

  /** Takes the input as it is now; makes the ticks first that are due, for their timer may be late.
   *  @param {number} at ms */
  #sample(at) {
    const due = this.#run("due", (core) => core.due()) ?? Infinity;
    if (due <= at) this.#guard.run("ticks", () => this.#connection.nudge());
    this.#guard.run("input", () => this.onsample?.());
  }

  events() {
    return this.#run("events", (core) => core.events()) ?? [];
  }

  serverRows() {
    const isInRoom = this.#demo || this.isInRoom;
    const newest = isInRoom ? this.#run("server's rows", (core) => core.serverRows()) : null;
    this.serverTick = newest?.tick ?? 0;
    return newest?.list ?? [];
  }

  corrections() {
    return this.#run("corrections", (core) => core.corrections()) ?? [];
  }

  get own() {
    return this.isInRoom ? (this.#run("own", (core) => core.own()) ?? null) : null;
  }

  get roster() {
    const version = this.rosterVersion;
    if (version !== this.#rosterVersion) {
      this.#rosterVersion = version;
      const players = this.#run("roster", (core) => core.roster()) ?? [];
      this.#roster = new Map(players.map((player) => [player.player, player]));
    }
    return this.#roster;
  }

  get rosterVersion() {
    return this.#run("roster", (core) => core.rosterVersion()) ?? 0;
  }

  /** @param {number} rows */
  openBoard(rows) {
    this.#run("board", (core) => core.openBoard(rows));
  }

  get board() {
    return this.#run("board", (core) => core.board()) ?? null;
  }

  get player() {
    return this.#once("player", (core) => core.state().player);
  }

  get room() {
    return this.#once("room", (core) => core.state().room);
  }

  get tickRate() {
    return this.#once("tickRate", (core) => core.state().tick_rate_hz || null) ?? 0;
  }

  get schema() {
    return this.#once("schema", (core) => core.schema());
  }

  get level() {
    return this.#once("level", (core) => core.level());
  }

  get settings() {
    return this.#once("settings", (core) => core.settings());
  }

  get measures() {
    return (this.#measures ??= this.#run("measures", (core) => core.measures()));
  }
  /** @type {any} */
  #measures;

  /** @param {number} tick */
  moving(tick) {
    return this.#run("moving", (core) => core.moving(tick)) ?? new Float64Array();
  }

  get network() {
    return this.#run("network", (core) => core.state()) ?? NOTHING;
  }

  /** @param {Partial<Simulation>} wanted */
  simulate(wanted) {
    Object.assign(this.#simulation, wanted);
    this.#run("simulation", (core) => this.#simulateIn(core));
    this.#connection.nudge();
  }

  get simulation() {
    return { ...this.#simulation };
  }

  /** A value that is constant in a room. @template T @param {string} name
   *  @param {(core: Core) => T | null} ask @returns {T | null} */
  #once(name, ask) {
    if (name in this.#room) return this.#room[name];
    const known = this.#run(name, ask) ?? null;
    if (this.isInRoom || this.#demo) this.#room[name] = known;
    return known;
  }

  #forget() {
    this.#room = {};
    this.#rosterVersion = this.#rosterReported = -1;
    this.#roster = new Map();
    this.#closesAt = Infinity;
  }

  /** @param {import("./connection.js").Status} status @param {string} reason */
  #changed(status, reason) {
    this.isSilent = this.isResumed = this.joinedAnew = false;
    if (status !== "playing") return this.#turn(status, reason);
    this.#demo = null;
    this.#forget();
    this.#reloadIfReplaced();
    const { player, resumed } = this.#core.state();
    this.isResumed = resumed;
    this.joinedAnew = this.#connection.joinedAnew;
    this.#turn(player === null ? "watching" : "playing", reason);
  }

  /** During development the rules change without their version: a page that stays open would predict by the
   *  old ones. */
  async #reloadIfReplaced() {
    if (performance.now() - this.#loadedAt < FRESH_MS) return;
    if ((await this.#isReplaced()) && this.isInRoom) this.#connection.reload();
  }

  /** @param {Status} status @param {string} reason */
  #turn(status, reason) {
    this.status = status;
    this.reason = reason;
    this.#tell("status", { status, reason });
  }

  #tellNews() {
    if (!this.isInRoom) return;
    const version = this.#core.rosterVersion();
    if (version !== this.#rosterReported) {
      this.#rosterReported = version;
      this.#tell("roster", {});
    }
    const closesAt = this.#core.closesAt();
    if (closesAt !== this.#closesAt) {
      this.#closesAt = closesAt;
      this.#tell("closing", { seconds: this.closesIn ?? 0 });
    }
    for (let text = this.#core.notice(); text; text = this.#core.notice()) this.#tell("notice", { text });
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    this.dispatchEvent(Object.assign(new Event(type), detail));
  }

  /** After a trap, the core's memory can no longer be trusted. */
  async #faulted() {
    const core = await this.#renew();
    this.#core = core;
    this.#simulateIn(core);
    this.#observeIn(core);
    this.#held?.(core);
    this.#demoIn(core);
    this.#tell("renewed", {});
    return core;
  }

  /** @param {Core} core */
  #simulateIn(core) {
    const { latency, jitter, stall, stallMs, prediction, interpolation } = this.#simulation;
    core.link(this.#clock.now(), latency, jitter, stall, stallMs);
    core.show(prediction, interpolation);
  }

  /** Calls the core; undefined if it traps, in which case a new one is being loaded.
   *  @template T @param {string} step @param {(core: Core) => T} act @returns {T | undefined} */
  #run(step, act) {
    return this.#guard.run(step, () => act(this.#core));
  }
}

/** @type {import("./core.js").State} */
const NOTHING = {
  stage: 0, reason: "", stale: false, last: false, idle: false, closed: false, replaced: false, not_resumable: false,
  resumed: false, grace_s: 0, room: null, player: null, tick_rate_hz: 0,
  delay_ticks: 0, time_scale: 1, tick: 0, rtt_ms: 0, snapshots: 0, bytes: 0, snapshot_bytes: 0, late_inputs: 0,
  corrections: 0, margin_ms: null, extrapolated_percent: 0, entities: 0,
};

/** The server's folder, and that of its files: these may have a folder of their own, `~` and a hash, so that
 *  browsers can cache them.
 *  @typedef {{ server: URL, files: URL }} Home */

/** The folder of this module; that of the page if the module is bundled.
 *  @returns {Home} */
function here() {
  // A classic script has no address.
  const own = new URL(import.meta.url ?? "about:blank");
  const steps = own.pathname.split("/");
  // The form that tickwire-build uses: a web server may also have folders such as ~ada.
  const hashed = steps.findLastIndex((step) => /^~[0-9a-f]{16}$/.test(step));
  const upTo = (/** @type {number} */ count) => new URL(`${steps.slice(0, count).join("/")}/`, own);
  if (own.protocol.startsWith("http")) {
    if (hashed > 0) return { server: upTo(hashed), files: upTo(hashed + 1) };
    if (steps.at(-1) === "game.js" && own.href !== moduleUrl) return homeAt(new URL(".", own));
  }
  if (hasPage) return homeAt(new URL(".", document.baseURI));
  throw new Error("outside of a page, Tickwire.load needs the option `server`");
}

/** @param {string | URL} server @returns {Home} */
function homeAt(server) {
  const folder = new URL(String(server).replace(/\/?$/, "/"));
  return { server: folder, files: folder };
}
