// @ts-check
// The socket: it connects, passes messages between it and the client core, and reconnects.
//
// It decides when to try again and when to give up; it draws nothing and knows no game. The core decodes
// the bytes. Made by game.js, whose hooks it calls. In Node, without a page, nothing is hidden or reloaded.
//
// The server keeps a player whose connection broke, and this resumes it by the token of session.js. It leaves a
// room by a goodbye; whatever else it closes says that the page is away. Where no goodbye can be sent, what is still open
// closes as left, and the session is kept: its player may be there still.
//
// A browser may put a page into its back/forward cache: it keeps the socket, and the server a player whom
// nobody controls. So this closes the socket when the page goes, and connects again when the page is back.

import { Clock } from "./clock.js";
import { Guard } from "./guard.js";
import { Lifecycle } from "./lifecycle.js";
import { Probe } from "./probe.js";
import { Renewal } from "./renewal.js";
import { Retry } from "./retry.js";
import { Session } from "./session.js";
import { AWAY, LEFT, Sockets } from "./sockets.js";
import { Stage, isBinary } from "./core.js";
import { isLost, isSilence, isUnanswered } from "./deadlines.js";
import { hasPage, isHidden, markReloaded, socketUrl, ticketOf, wasReloaded } from "./env.js";

/** @typedef {import("./core.js").Core} Core */
/** @typedef {{ spectator: boolean, name: string, room: string | null, settings?: unknown,
 *              ticket?: string | null | (() => string | null) }} Greeting */
/** @typedef {"idle" | "connecting" | "playing" | "waiting"} Status */
/**
 * @typedef {object} Hooks
 * @property {() => void} sample before ticks are made: the last moment to set the input
 * @property {() => void} pumped after received messages are processed
 * @property {(status: Status, reason: string) => void} changed
 * @property {(silent: boolean) => void} silent nothing comes from the room, or something again
 * @property {(reason: string) => void} over the connection is given up
 * @property {() => void} idled the idle player is a spectator now
 * @property {() => Promise<Core>} faulted loads a new core
 * @property {() => WebSocket | null} [early] returns a socket that is already opening, if there is one
 * @property {(greeting: Greeting) => void} reloads the page is about to reload
 */

/** A wake-up does not restart an attempt that is younger than this. */
const BEGUN_MS = 500;
/** After a longer gap between two runs, received messages may still be waiting. */
const STOOD_STILL_MS = 2000;
/** After this long in a room, the waits start over. */
const SETTLED_MS = 2000;
/** The usual reason for the end of a connection, as a text to show. */
const CUT = "the connection was lost";
const FAULT = "the page met a fault of its own";
const CLOSED = "the server has closed, and may be back soon";
const REPLACED = "this game goes on in another tab or window";

export class Connection {
  /** @param {Core} core @param {URL} server the server's folder, which may have a path
   *  @param {Hooks} hooks @param {Clock} [clock] the core's */
  constructor(core, server, hooks, clock = new Clock()) {
    this.core = core;
    this.clock = clock;
    this.hooks = hooks;
    /** @private */
    this.server = server;
    /** @private */
    this.guard = new Guard();
    /** @type {Status} */
    this.status = "idle";
    /** What the page asked for. @type {Greeting | null} */
    this.greeting = null;
    /** What can be resumed. */
    this.session = new Session(server);
    /** Whether the page had a player, or a spectator, before this attempt. @private */
    this.hadPlace = false;
    /** Whether the one in this room is another, since the server did not keep that. */
    this.joinedAnew = false;
    /** The last room. @private @type {string | null} */
    this.room = null;
    /** The room that the next hello asks for instead of the wanted one. @private @type {string | null} */
    this.askedRoom = null;
    /** @private */
    this.sockets = new Sockets();
    /** @private */
    this.probe = new Probe(socketUrl(server, "http"));
    this.retry = new Retry();
    /** Replaces a core that has trapped. @private */
    this.renewal = new Renewal(hooks.faulted, (core) => this.renewed(core));
    /** Whether this page was reloaded because it was stale. @private */
    this.reloaded = wasReloaded();
    this.reason = "";
    this.heardAt = 0;
    this.enteredAt = 0;
    /** When the attempt began, or then when its hello was sent. */
    this.begunAt = 0;
    /** Whether the core has started with this attempt's socket. @private */
    this.greeted = false;
    /** Whether the socket is closed; its last messages may still be queued. @private */
    this.cut = false;
    /** Whether the silence was reported. @private */
    this.silent = false;
    this.pumpTimer = 0;
    this.retryTimer = 0;
    this.watchTimer = 0;
    /** When the watchdog last ran. */
    this.watchedAt = 0;
    /** @private */
    this.lifecycle = new Lifecycle({
      isWanted: () => this.greeting !== null,
      isSilent: () => this.isSilent(),
      look: () => this.look(),
      // If the page goes for good, or is reloaded, the browser closes its socket with 1001.
      hide: () => this.session.letGo(),
      suspend: () => this.suspend(),
      resume: () => this.resume(),
    });
  }

  /** Joins a room, in the session that can be resumed if there is one for just that; leaves the one that it is in.
   *  @param {Greeting} greeting */
  start(greeting) {
    this.leaveRoom();
    this.greeting = greeting;
    this.askedRoom = null;
    this.lifecycle.isSuspended = false;
    // What was before is left, even if that could not be said.
    if (!this.session.claim(greeting)) this.close(LEFT);
    this.hadPlace = this.session.token !== null;
    this.restart();
  }

  /** Connects with the waits and counters reset. @private */
  restart() {
    this.reason = "";
    this.probe.reset();
    this.retry.reset();
    clearInterval(this.watchTimer);
    this.watchedAt = performance.now();
    this.watchTimer = setInterval(() => this.watch(), 500);
    this.connect();
  }

  /** The page is put away or frozen: it does not run until it is back. Closes the socket at once, but without
   *  a goodbye, since the player has not left. @private */
  suspend() {
    this.session.letGo();
    this.close(AWAY);
    clearTimeout(this.retryTimer);
    clearInterval(this.watchTimer);
    this.turn("waiting", "");
  }

  /** The page is back: joins again in the same role. @private */
  resume() {
    this.session.takeBack();
    this.restart();
  }

  /** Whether it is in a room that is silent. @private */
  isSilent() {
    return this.status === "playing" && isSilence(performance.now() - this.heardAt);
  }

  /** Something suggests that the server is reachable now. @private */
  look() {
    if (isHidden() || !this.greeting || this.lifecycle.isSuspended || this.renewal.isRunning) return;
    const isStuck = this.status === "connecting" && performance.now() - this.begunAt > BEGUN_MS;
    const isSilent = this.isSilent();
    if (isSilent) this.reason = CUT;
    if (this.status === "waiting" || isStuck || isSilent) {
      this.probe.failed = 0;
      this.retry.reset();
      if (this.greeted) this.sockets.setAside();
      this.connect();
    }
  }

  /** Leaves the room for good. */
  leave() {
    this.leaveRoom();
    this.session.leave();
    this.stop();
  }

  /** Says goodbye to the room that it is in. The session is over if that may have arrived. @private */
  leaveRoom() {
    if (this.status !== "playing" || !this.sockets.isOpen) return;
    const isSilent = this.isSilent();
    this.guarded(() => {
      this.core.leave(this.clock.now());
      this.flush();
    });
    this.drop(LEFT);
    if (!isSilent) this.session.forget();
  }

  /** Joins again as a player, or as a spectator. It asks for its last room once; if that is refused, for the
   *  wanted one. @param {boolean} spectator */
  rejoinAs(spectator) {
    if (!this.greeting) return;
    this.start({ ...this.greeting, spectator });
    this.askedRoom = this.room;
  }

  /** It connects no more. The session stays: who knows that it is over forgets it. @private */
  stop() {
    this.close(LEFT);
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
    // It connects once there is a new core.
    if (this.renewal.isRunning) {
      this.turn("waiting", FAULT);
      return;
    }
    this.turn("connecting", this.reason);
    this.begunAt = performance.now();
    if (!this.probe.isDue) return this.open();
    this.probe.start({
      isOpening: () => this.sockets.isThere,
      opens: () => this.open(),
      fails: (reason) => this.lost(reason ?? this.reason),
    });
  }

  /** @private */
  open() {
    this.sockets.use(this.hooks.early?.() ?? new WebSocket(socketUrl(this.server, "ws")), {
      opened: () => this.guarded(() => this.greet()),
      received: (data) => this.guarded(() => this.receive(data)),
      closed: () => this.guarded(() => this.closed()),
    });
  }

  /** The socket is open: says hello. @private */
  greet() {
    if (!this.greeting) return;
    this.probe.succeed();
    const { spectator, name, settings } = this.greeting;
    const { token: resume, room: last } = this.session;
    const room = this.askedRoom ?? last ?? this.greeting.room;
    const ticket = ticketOf(this.greeting);
    this.session.say();
    this.core.open(this.clock.now(), { spectator, name, room, ticket, settings, resume });
    this.askedRoom = null;
    this.greeted = true;
    this.begunAt = performance.now();
    this.pump();
  }

  /** Over a simulated network, too, messages before the close are processed first. @private */
  closed() {
    this.cut = true;
    if (this.greeted) {
      this.pump();
      return;
    }
    const refusal = this.probe.believedRefusal();
    if (refusal) {
      this.stop();
      this.hooks.over(refusal);
    } else {
      this.lost(this.probe.why() || CUT);
    }
  }

  /** Drops the attempt and its socket; their later events are ignored. @private @param {number} code */
  drop(code = AWAY) {
    clearTimeout(this.pumpTimer);
    this.probe.drop();
    this.greeted = this.cut = false;
    this.sockets.close(code);
  }

  /** The same, with those that were set aside. @private @param {number} code */
  close(code) {
    this.drop(code);
    this.sockets.closeAside(code);
  }

  /** @private @param {unknown} data */
  receive(data) {
    if (!isBinary(data)) return;
    this.heardAt = performance.now();
    this.core.receive(this.clock.arrival(), data);
    this.pump();
  }

  /** Reacts to the core's stage. @private @param {number} stage */
  applyStage(stage) {
    if (stage === Stage.PLAYING) {
      if (this.status !== "playing") {
        this.enter();
      } else if (this.heardAt - this.enteredAt > SETTLED_MS) {
        this.retry.reset();
        this.noteReloaded(false);
      }
    } else if (stage !== Stage.GREETING) {
      this.ended();
    }
  }

  /** The room has let it in. @private */
  enter() {
    this.enteredAt = performance.now();
    this.reason = "";
    this.sockets.closeAside(AWAY);
    const { room, grace_s, resumed } = this.core.state();
    this.room = room;
    this.joinedAnew = this.hadPlace && !resumed;
    this.hadPlace = true;
    if (this.greeting && room !== null) this.session.begin(this.core.resumeToken(), room, 1000 * grace_s, this.greeting);
    this.turn("playing", "");
  }

  /** The server refused, ended the connection, or sent something invalid. @private */
  ended() {
    const state = this.core.state();
    if (state.stale && this.reload()) return;
    if (state.not_resumable && this.session.token) {
      this.joinAnew();
      return;
    }
    if (state.idle) {
      this.drop();
      this.session.forget();
      this.hooks.idled();
      this.rejoinAs(true);
      return;
    }
    if (state.replaced) {
      if (this.session.wasOvertaken()) {
        this.lost(CUT, true);
        return;
      }
      // Two pages that took it from each other would do so for ever.
      this.session.forget();
      this.stop();
      this.hooks.over(REPLACED);
      return;
    }
    if (state.stale || state.last) {
      const still = state.stale && this.reloaded;
      if (!still) this.session.forget();
      this.stop();
      this.hooks.over(still ? `still refused after the page was reloaded: ${state.reason}` : state.reason);
      return;
    }
    const prefix = state.stage === Stage.ENDED ? "the server ended it: " : "";
    this.lost(state.closed ? CLOSED : prefix + state.reason, this.isEndAnnounced());
  }

  /** The server does not keep the session any more: joins the same room without it, at once. @private */
  joinAnew() {
    this.askedRoom = this.session.room;
    this.session.forget();
    this.connect();
  }

  /** Whether the server had said that it closes, to a page that was in the room for a while: one that it lets in and
   *  ends again would come back for ever. @private */
  isEndAnnounced() {
    return this.heardAt - this.enteredAt > SETTLED_MS && Number.isFinite(this.core.closesAt());
  }

  /** Reloads the page, unless it was just reloaded. Returns whether it does. */
  reload() {
    if (!hasPage || this.reloaded || !this.noteReloaded(true)) return false;
    if (this.greeting) this.hooks.reloads(this.greeting);
    // Ignore further events until the page is gone.
    this.drop();
    clearInterval(this.watchTimer);
    location.reload();
    return true;
  }

  /** Returns whether that could be stored. @private @param {boolean} reloaded */
  noteReloaded(reloaded) {
    if (this.reloaded !== reloaded && markReloaded(reloaded)) this.reloaded = reloaded;
    return this.reloaded === reloaded;
  }

  /** @private @param {string} reason @param {boolean} [atOnce] whether it connects again without a wait: after an end
   *  that the server announced */
  lost(reason, atOnce = false) {
    this.probe.fail();
    this.drop();
    if (!this.greeting) return;
    this.reason = reason;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), atOnce ? 0 : this.retry.next());
    this.turn("waiting", reason);
  }

  /** @private */
  watch() {
    const now = performance.now();
    const stoodStill = now - this.watchedAt > STOOD_STILL_MS;
    this.watchedAt = now;
    if (stoodStill) return;
    if (this.status === "connecting" && isUnanswered(now - this.begunAt, this.greeted, this.probe.failed)) {
      // It has waited already, but such a slow server may be overloaded.
      this.retry.ease();
      if (this.greeted) this.sockets.setAside();
      this.lost("no answer from the server");
    } else if (this.status === "playing" && isLost(now - this.heardAt)) {
      this.sockets.setAside();
      this.lost("nothing heard from the server");
    } else if (this.status === "playing") {
      const silent = isSilence(now - this.heardAt);
      if (!silent) this.session.note();
      if (silent !== this.silent) this.hooks.silent(silent);
      this.silent = silent;
    }
  }

  /** Call this when the due time may have changed. */
  nudge() {
    this.guarded(() => this.pump());
  }

  /**
   * Processes received messages, makes the ticks that are due, sends, and schedules the next run. A timer
   * drives it, not the animation: inputs are sent on time however slow drawing is.
   * @private
   */
  pump() {
    clearTimeout(this.pumpTimer);
    if (!this.greeted) return;
    try {
      this.guard.run("input", this.hooks.sample);
      // The core may have trapped on it.
      if (!this.greeted) return;
      this.applyStage(this.core.play(this.clock.now()));
      // The stage may have ended the attempt.
      if (!this.greeted) return;
      if (this.cut && !this.core.isComing()) this.lost(CUT, this.isEndAnnounced());
      else this.flush();
      this.guard.run("news", this.hooks.pumped);
    } finally {
      // Schedule the next run even if the page throws.
      if (this.greeted) this.schedule(this.core.due());
    }
  }

  /** @private @param {number} due */
  schedule(due) {
    clearTimeout(this.pumpTimer);
    if (!Number.isFinite(due)) return;
    this.pumpTimer = this.clock.at(due, () => this.guarded(() => this.pump()));
  }

  /** @private */
  flush() {
    const { isOpen } = this.sockets;
    const now = this.clock.now();
    for (let message = this.core.outgoing(now); message; message = this.core.outgoing(now)) {
      if (isOpen) this.sockets.send(message);
    }
  }

  /** A trap leaves the core in an unknown state: a new one replaces it. @private
   *  @param {() => void} act */
  guarded(act) {
    try {
      act();
    } catch (error) {
      if (!this.handleTrap(error)) throw error;
    }
  }

  /** Replaces a core that has trapped, wherever it was called. Returns whether the error is a trap.
   *  @param {unknown} error */
  handleTrap(error) {
    if (!(error instanceof WebAssembly.RuntimeError)) return false;
    // Further calls of a trapped core trap as well.
    if (this.renewal.isRunning) return true;
    console.error(error);
    this.drop();
    // First, since the hook below may throw as well.
    this.renewal.start();
    if (this.greeting) this.turn("waiting", FAULT);
    return true;
  }

  /** @private @param {Core} core */
  renewed(core) {
    this.core = core;
    if (!this.lifecycle.isSuspended) this.lost(FAULT);
  }

  /** @private @param {Status} status @param {string} reason */
  turn(status, reason) {
    this.status = status;
    this.silent = false;
    this.hooks.changed(status, reason);
  }
}
