// @ts-check
// The socket: it connects, keeps the client core fed and flushed, and comes back by itself.
//
// It decides when to try again and when to give up; it draws nothing and knows no game. What
// the bytes mean is the core's business. Made by game.js, which is told of each turn. Where there is no
// page, in Node, there is nothing to be put away or loaded anew.
//
// A page may be put away whole, to be shown again by Back: the browser then keeps its socket, and the
// server a ship that nobody flies. So it closes the socket when the page goes, without a goodbye, and
// joins again when the page is back.

import { Guard } from "./guard.js";
import { Stage, isBinary } from "./core.js";
import { ask, hasPage, isHidden, markReloaded, socketUrl, ticketOf, wasReloaded } from "./env.js";

/** @typedef {import("./core.js").Core} Core */
/** @typedef {{ spectator: boolean, name: string, room: string | null, settings?: unknown,
 *              ticket?: string | null | (() => string | null) }} Greeting */
/** @typedef {"idle" | "connecting" | "playing" | "waiting"} Status */
/**
 * @typedef {object} Hooks
 * @property {() => void} sample before ticks are made: the last moment to say what is held
 * @property {() => void} pumped what came has been taken
 * @property {(status: Status, reason: string) => void} changed
 * @property {(silent: boolean) => void} silent in a room of which nothing is heard, or again
 * @property {(reason: string) => void} over it is no use to try again
 * @property {() => void} idled the player did nothing: it watches now
 * @property {() => Promise<Core>} faulted gets a fresh core
 * @property {(greeting: Greeting) => void} reloads the page is about to be loaded anew
 */

/** First and longest wait before a new attempt. Each wait is drawn from its upper half. */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 3000;
/** An attempt that has not led into a room by then is given up. After many that failed it has longer,
 *  for browsers hold back by seconds the WebSockets of whoever had many fail. */
const ATTEMPT_MAX_MS = 4000;
const ATTEMPT_MAX_LATER_MS = 10_000;
const FAILED_MANY = 8;
/** A server that has not answered a plain request by then is asked by a WebSocket as well: a request
 *  may go over a connection from before, as dead as the socket was, a WebSocket never does. */
const PROBE_SILENT_MS = 700;
/** After how many attempts in a row a refusal is believed of a page whose sockets have opened before. */
const REFUSED_MAX = 3;
/** One attempt of so many asks no plain request first. */
const PROBED = 4;
/** A reason to look again is none for an attempt that has only begun. */
const BEGUN_MS = 500;
/** A page that is shown again may be told of what came meanwhile only after that it is shown. */
const SHOWN_MS = 300;
/** A page that has not run for so long has not heard what came meanwhile. */
const STOOD_STILL_MS = 2000;
/** A room that says nothing for so long is gone, whatever the socket believes. */
const SILENCE_MAX_MS = 6000;
/** After so long the player is told. */
const SILENCE_TOLD_MS = 1500;
/** After so long in a room, waits begin small again. */
const SETTLED_MS = 2000;
/** The usual end of a connection, for people. */
const CUT = "the connection was lost";
const FAULT = "the page met a fault of its own";
/** A server that answers but opens no WebSocket does so for a reason that browsers keep from pages. */
const SHUT =
  "the server answers, but opens no connection: it may not allow {origin}, a proxy on the way " +
  "does not pass WebSockets on, or this address has too many connections";

export class Connection {
  /** @param {Core} core @param {URL} server the folder in which it speaks: it may lie below a path
   *  @param {Hooks} hooks */
  constructor(core, server, hooks) {
    this.core = core;
    this.hooks = hooks;
    /** @private */
    this.server = server;
    /** @private */
    this.guard = new Guard();
    /** @type {Status} */
    this.status = "idle";
    /** What the player wants. @type {Greeting | null} */
    this.greeting = null;
    /** The room that it was in last. @private @type {string | null} */
    this.room = null;
    /** The room that the next hello asks for instead of the one that is wanted. @private @type {string | null} */
    this.askedRoom = null;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** Number of the attempt that is heard. @private */
    this.attempt = 0;
    this.waitMs = WAIT_FIRST_MS;
    /** Whether this page is the one reloaded for being stale. @private */
    this.reloaded = wasReloaded();
    this.reason = "";
    this.heardAt = 0;
    this.enteredAt = 0;
    this.openedAt = 0;
    /** Whether the core has begun with this attempt's socket. @private */
    this.greeted = false;
    /** Whether that socket has opened. @private */
    this.opened = false;
    /** How many attempts in a row have opened no socket. @private */
    this.failed = 0;
    /** Whether a socket of this page has ever opened. @private */
    this.everOpened = false;
    /** Whether the server has answered a plain request of this attempt. @private */
    this.answers = false;
    /** Why the server would not have this page, as it answered a plain request of this attempt. @private */
    this.refusal = "";
    /** Why no socket opens, as far as the last plain request told; empty if it told nothing. @private */
    this.diagnosis = "";
    /** Whether the page has been put away, to be shown again perhaps. @private */
    this.suspended = false;
    /** Whether the core has trapped and its successor is on its way. @private */
    this.renewing = false;
    /** Ends the request by which a server is asked whether it is there. @private */
    this.asking = new AbortController();
    /** Whether that socket is gone, though something of it may still be under way. @private */
    this.cut = false;
    /** Whether the player was told that nothing is heard. @private */
    this.silent = false;
    this.pumpTimer = 0;
    this.retryTimer = 0;
    this.watchTimer = 0;
    this.probeTimer = 0;
    this.lookTimer = 0;
    /** When the page last watched. */
    this.watchedAt = 0;
    if (!hasPage) return;
    addEventListener("online", () => this.look());
    document.addEventListener("visibilitychange", () => this.shown());
    // One that is put away for good has its socket closed by the browser, with 1001.
    addEventListener("pagehide", (event) => event.persisted && this.suspend());
    addEventListener("pageshow", (event) => event.persisted && this.resume());
    document.addEventListener("freeze", () => this.suspend());
    document.addEventListener("resume", () => this.resume());
  }

  /** @param {Greeting} greeting */
  start(greeting) {
    this.greeting = greeting;
    this.askedRoom = null;
    this.suspended = false;
    this.anew();
  }

  /** Connects as if nothing had failed before. @private */
  anew() {
    this.reason = this.diagnosis = "";
    this.failed = 0;
    this.waitMs = WAIT_FIRST_MS;
    clearInterval(this.watchTimer);
    this.watchedAt = performance.now();
    this.watchTimer = setInterval(() => this.watch(), 500);
    this.connect();
  }

  /** The page is put away, or stands still: nothing of it runs until it is back. The socket is closed
   *  at once, but without a goodbye, for nobody has left. No script may say 1001. @private */
  suspend() {
    if (!this.greeting || this.suspended) return;
    this.suspended = true;
    this.drop();
    clearTimeout(this.retryTimer);
    clearInterval(this.watchTimer);
    this.turn("waiting", "");
  }

  /** It is back: it joins again as what it was, once somebody looks: a browser may let a hidden page run
   *  for a moment. @private */
  resume() {
    if (!this.greeting || !this.suspended || isHidden()) return;
    this.suspended = false;
    this.anew();
  }

  /** The page is hidden or shown. What came while it was hidden may be on its way to it still.
   *  @private */
  shown() {
    clearTimeout(this.lookTimer);
    if (isHidden()) return;
    this.resume();
    if (this.isSilent()) this.lookTimer = setTimeout(() => this.look(), SHOWN_MS);
    else this.look();
  }

  /** Whether it is in a room of which nothing is heard. @private */
  isSilent() {
    return this.status === "playing" && performance.now() - this.heardAt > SILENCE_TOLD_MS;
  }

  /** There is a reason to think that the server can be reached now. @private */
  look() {
    if (isHidden() || !this.greeting || this.suspended || this.renewing) return;
    const isStuck = this.status === "connecting" && performance.now() - this.openedAt > BEGUN_MS;
    const isSilent = this.isSilent();
    if (isSilent) this.reason = CUT;
    if (this.status === "waiting" || isStuck || isSilent) {
      this.failed = 0;
      this.waitMs = WAIT_FIRST_MS;
      this.connect();
    }
  }

  /** Says goodbye and stays away. */
  leave() {
    if (this.status === "playing") {
      this.guarded(() => {
        this.core.leave(performance.now());
        this.flush();
      });
    }
    this.stop();
  }

  /** Joins again as a player, or as a spectator. The room it was in is asked for once: if that does not
   *  have it, any that is wanted will do. @param {boolean} spectator */
  rejoinAs(spectator) {
    if (!this.greeting) return;
    this.start({ ...this.greeting, spectator });
    this.askedRoom = this.room;
  }

  /** @private */
  stop() {
    this.drop();
    clearTimeout(this.retryTimer);
    clearInterval(this.watchTimer);
    this.greeting = null;
    this.askedRoom = null;
    this.turn("idle", "");
  }

  /** @private */
  connect() {
    clearTimeout(this.retryTimer);
    this.drop();
    // It connects when there is a core again.
    if (this.renewing) {
      this.turn("waiting", FAULT);
      return;
    }
    this.turn("connecting", this.reason);
    this.openedAt = performance.now();
    // Whoever had none fail asks by the socket itself; and so do others now and then, for what passes
    // sockets on may pass nothing else.
    if (this.failed % PROBED === 0) this.open();
    else this.probe();
  }

  /** Asks by a plain request whether the server is there before a socket is opened: browsers delay
   *  WebSockets by seconds after many that failed, but no request. @private */
  probe() {
    const { attempt } = this;
    const isMine = () => attempt === this.attempt;
    this.probeTimer = setTimeout(() => this.open(), PROBE_SILENT_MS);
    ask(socketUrl(this.server, "http"), this.asking.signal).then((answer) => {
      // A socket that has opened knows better.
      if (!isMine() || this.opened) return;
      if (answer.kind === "refused" || answer.kind === "there") {
        this.answers = true;
        // A proxy may treat the origin of a request otherwise than that of a WebSocket.
        if (answer.kind === "refused") this.refusal = answer.reason;
        if (!this.socket) this.open();
      } else if (answer.kind === "busy") {
        this.diagnosis = answer.reason;
        if (!this.socket) this.lost(this.diagnosis);
      } else if (!this.socket) {
        const reason = this.diagnosis ? CUT : this.reason;
        this.diagnosis = "";
        this.lost(reason);
      }
    });
  }

  /** @private */
  open() {
    clearTimeout(this.probeTimer);
    const socket = new WebSocket(socketUrl(this.server, "ws"));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () =>
      this.guarded(() => {
        if (!this.greeting) return;
        this.opened = this.everOpened = true;
        this.failed = 0;
        this.refusal = this.diagnosis = "";
        const { spectator, name, settings } = this.greeting;
        const room = this.askedRoom ?? this.greeting.room;
        const ticket = ticketOf(this.greeting);
        this.core.open(performance.now(), { spectator, name, room, ticket, settings });
        this.askedRoom = null;
        this.greeted = true;
        this.pump();
      });
    socket.onmessage = (event) => this.guarded(() => this.receive(event.data));
    socket.onclose = () => this.guarded(() => this.closed());
  }

  /** What came before the end comes before it over a simulated network, too. @private */
  closed() {
    this.cut = true;
    if (this.greeted) {
      this.pump();
    } else if (this.refusal && (!this.everOpened || this.failed >= REFUSED_MAX)) {
      const { refusal } = this;
      this.stop();
      this.hooks.over(refusal);
    } else {
      if (this.answers) this.diagnosis = this.refusal || SHUT.replace("{origin}", hasPage ? `pages of ${location.origin}` : "this program");
      this.lost(this.diagnosis || CUT);
    }
  }

  /** Forgets the attempt and its socket: whatever they still say is not heard. @private */
  drop() {
    clearTimeout(this.pumpTimer);
    clearTimeout(this.probeTimer);
    // A connection that a request waits on in vain is not used for the next one.
    this.asking.abort();
    this.asking = new AbortController();
    this.attempt++;
    this.greeted = this.cut = this.opened = this.answers = false;
    this.refusal = "";
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @private @param {unknown} data */
  receive(data) {
    if (!isBinary(data)) return;
    this.heardAt = performance.now();
    this.core.receive(this.heardAt, data);
    this.pump();
  }

  /** Goes by how far the core is. @private @param {number} stage */
  heed(stage) {
    if (stage === Stage.PLAYING) {
      if (this.status !== "playing") {
        this.enteredAt = performance.now();
        this.reason = "";
        this.room = this.core.state().room;
        this.turn("playing", "");
      } else if (this.heardAt - this.enteredAt > SETTLED_MS) {
        this.waitMs = WAIT_FIRST_MS;
        this.noteReloaded(false);
      }
    } else if (stage !== Stage.GREETING) {
      this.ended();
    }
  }

  /** Not let in, sent away, or not understood. @private */
  ended() {
    const state = this.core.state();
    if (state.stale && this.reload()) return;
    if (state.idle) {
      this.hooks.idled();
      this.rejoinAs(true);
      return;
    }
    if (state.stale || state.last) {
      const still = state.stale && this.reloaded;
      this.stop();
      this.hooks.over(still ? `still refused after the page was loaded anew: ${state.reason}` : state.reason);
      return;
    }
    const prefix = state.stage === Stage.ENDED ? "the server ended it: " : "";
    this.lost(prefix + state.reason);
  }

  /** Loads the page anew, unless that has just been done. Gives whether it does. */
  reload() {
    if (!hasPage || this.reloaded || !this.noteReloaded(true)) return false;
    if (this.greeting) this.hooks.reloads(this.greeting);
    // What still comes until the page is gone says nothing new.
    this.drop();
    clearInterval(this.watchTimer);
    location.reload();
    return true;
  }

  /** Gives whether that could be stored. @private @param {boolean} reloaded */
  noteReloaded(reloaded) {
    if (this.reloaded !== reloaded && markReloaded(reloaded)) this.reloaded = reloaded;
    return this.reloaded === reloaded;
  }

  /** @private @param {string} reason */
  lost(reason) {
    if (!this.opened) this.failed += 1;
    this.drop();
    if (!this.greeting) return;
    this.reason = reason;
    const wait = this.waitMs * (0.5 + 0.5 * Math.random());
    this.waitMs = Math.min(2 * this.waitMs, WAIT_MAX_MS);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), wait);
    this.turn("waiting", reason);
  }

  /** @private */
  watch() {
    const now = performance.now();
    const stoodStill = now - this.watchedAt > STOOD_STILL_MS;
    this.watchedAt = now;
    if (stoodStill) return;
    const attemptMax = this.failed > FAILED_MANY ? ATTEMPT_MAX_LATER_MS : ATTEMPT_MAX_MS;
    if (this.status === "connecting" && now - this.openedAt > attemptMax) {
      // It has waited already; but a server that is so slow may have too much to do.
      this.waitMs = Math.max(WAIT_FIRST_MS, this.waitMs / 2);
      this.lost("no answer from the server");
    } else if (this.status === "playing" && now - this.heardAt > SILENCE_MAX_MS) {
      this.lost("nothing heard from the server");
    } else if (this.status === "playing") {
      const silent = now - this.heardAt > SILENCE_TOLD_MS;
      if (silent !== this.silent) this.hooks.silent(silent);
      this.silent = silent;
    }
  }

  /** To be called when something may be due that was not before. */
  nudge() {
    this.guarded(() => this.pump());
  }

  /**
   * Takes what has come, plays what is due, sends, and comes back when more is due. Its own timer,
   * not the animation, drives it: inputs go out on time however slowly the screen is drawn.
   * @private
   */
  pump() {
    clearTimeout(this.pumpTimer);
    if (!this.greeted) return;
    try {
      this.guard.run("input", this.hooks.sample);
      // A core that has trapped over it is gone.
      if (!this.greeted) return;
      this.heed(this.core.play(performance.now()));
      // That may have been the end of it.
      if (!this.greeted) return;
      if (this.cut && !this.core.isComing()) this.lost(CUT);
      else this.flush();
      this.guard.run("news", this.hooks.pumped);
    } finally {
      // Whatever the rest of the page throws, the next tick comes.
      if (this.greeted) this.schedule(this.core.due());
    }
  }

  /** @private @param {number} due */
  schedule(due) {
    clearTimeout(this.pumpTimer);
    if (!Number.isFinite(due)) return;
    const wait = Math.max(0, due - performance.now());
    this.pumpTimer = setTimeout(() => this.guarded(() => this.pump()), wait);
  }

  /** @private */
  flush() {
    const open = this.socket?.readyState === WebSocket.OPEN;
    const now = performance.now();
    for (let message = this.core.outgoing(now); message; message = this.core.outgoing(now)) {
      if (open) this.socket?.send(message);
    }
  }

  /** A trap leaves the core in no known state: a fresh one takes its place. @private
   *  @param {() => void} act */
  guarded(act) {
    try {
      act();
    } catch (error) {
      if (!this.handleTrap(error)) throw error;
    }
  }

  /** Replaces a core that has trapped, wherever it was called. Gives whether the error is a trap.
   *  @param {unknown} error */
  handleTrap(error) {
    if (!(error instanceof WebAssembly.RuntimeError)) return false;
    // What else is asked of a core that has trapped traps as well.
    if (this.renewing) return true;
    console.error(error);
    this.renewing = true;
    this.drop();
    // First, for what shows the turn may fail as well.
    this.renew();
    if (this.greeting) this.turn("waiting", FAULT);
    return true;
  }

  /** Gets a fresh core, from a server that may itself be away: whatever the player does meanwhile, it is
   *  tried until there is one. @private */
  renew() {
    this.hooks.faulted().then(
      (core) => {
        this.renewing = false;
        this.core = core;
        if (!this.suspended) this.lost(FAULT);
      },
      () => {
        // No timer of an attempt: nothing but a fresh core ends this.
        setTimeout(() => this.renew(), WAIT_MAX_MS);
      },
    );
  }

  /** @private @param {Status} status @param {string} reason */
  turn(status, reason) {
    this.status = status;
    this.silent = false;
    this.hooks.changed(status, reason);
  }
}
