// @ts-check
// The socket: it connects, keeps the client core fed and flushed, and comes back by itself.
//
// It decides when to try again and when to give up; it draws nothing and knows no game. What
// the bytes mean is the core's business. Made by main.js, which is told of each turn.

import { Stage } from "./wasm.js";

/** @typedef {import("./wasm.js").Wasm} Wasm */
/** @typedef {import("./wasm.js").Held} Held */
/** @typedef {{ spectator: boolean, name: string, room: string | null }} Greeting */
/** @typedef {"idle" | "connecting" | "playing" | "waiting"} Status */

/** First and longest wait before a new attempt. Each wait is drawn from its upper half. */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 3000;
/** An attempt that has not led into a room by then is given up. */
const ATTEMPT_MAX_MS = 4000;
/** A room that says nothing for so long is gone, whatever the socket believes. */
const SILENCE_MAX_MS = 6000;
/** After so long the player is told. */
const SILENCE_TOLD_MS = 1500;
/** After so long in a room, waits begin small again. */
const SETTLED_MS = 2000;
/** The usual end of a connection, for people. */
const CUT = "the connection was lost";
const FAULT = "the page met a fault of its own";
/** Where it is noted that the page was reloaded for being stale, so that it is once. */
const RELOADED_KEY = "tickwire.reloaded";

/**
 * What the site that this page belongs to has put there for whoever plays here: a signed ticket.
 * It is read anew for each connection, for one that has expired may have been renewed.
 */
function ticket() {
  try {
    return sessionStorage.getItem("tickwire-ticket");
  } catch {
    return null; // Without storage everybody is a guest.
  }
}

export class Connection {
  /**
   * @param {Wasm} wasm
   * @param {() => Held} held what the player holds now
   * @param {{ changed(status: Status, reason: string): void, silent(silent: boolean): void,
   *           over(reason: string): void, idled(): void, faulted(): Promise<Wasm> }} hooks
   */
  constructor(wasm, held, hooks) {
    this.wasm = wasm;
    this.held = held;
    this.hooks = hooks;
    /** @type {Status} */
    this.status = "idle";
    /** @type {Greeting | null} */
    this.greeting = null;
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
    /** Whether the core has trapped and its successor is on its way. @private */
    this.renewing = false;
    /** Whether that socket is gone, though something of it may still be under way. @private */
    this.cut = false;
    /** Whether the player was told that nothing is heard. @private */
    this.silent = false;
    this.pumpTimer = 0;
    this.retryTimer = 0;
    this.watchTimer = 0;
    const hurry = () => {
      if (this.status === "waiting" && !document.hidden && !this.renewing) this.connect();
    };
    addEventListener("online", hurry);
    document.addEventListener("visibilitychange", hurry);
  }

  /** @param {Greeting} greeting */
  start(greeting) {
    this.greeting = greeting;
    this.reason = "";
    this.waitMs = WAIT_FIRST_MS;
    clearInterval(this.watchTimer);
    this.watchTimer = setInterval(() => this.watch(), 500);
    this.connect();
  }

  /** Says goodbye and stays away. */
  leave() {
    if (this.status === "playing") {
      this.wasm.leave(performance.now());
      this.flush();
    }
    this.stop();
  }

  /** Comes into the same room as a player, or as a spectator. @param {boolean} spectator */
  turnInto(spectator) {
    if (!this.greeting) return;
    const room = this.wasm.state().room ?? this.greeting.room;
    this.start({ ...this.greeting, spectator, room });
  }

  /** @private */
  stop() {
    this.drop();
    clearTimeout(this.retryTimer);
    clearInterval(this.watchTimer);
    this.greeting = null;
    this.turn("idle", "");
  }

  /** @private */
  connect() {
    clearTimeout(this.retryTimer);
    this.drop();
    this.turn("connecting", this.reason);
    this.openedAt = performance.now();
    if (this.reason === "") {
      this.open();
      return;
    }
    // Browsers delay WebSockets by seconds after many that failed, but no plain request: a server
    // that is away is asked by one. Whatever answers, answers.
    const { attempt } = this;
    const mine = () => attempt === this.attempt;
    const signal = AbortSignal.timeout(ATTEMPT_MAX_MS);
    fetch("/healthz", { cache: "no-store", signal }).then(
      // One that is going down answers, too, but by another status.
      (answer) => mine() && (answer.ok ? this.open() : this.lost(this.reason)),
      () => mine() && this.lost(this.reason),
    );
  }

  /** @private */
  open() {
    const url = new URL("/ws", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () =>
      this.guarded(() => {
        if (!this.greeting) return;
        this.wasm.open(performance.now(), { ...this.greeting, ticket: ticket() });
        this.greeted = true;
        this.pump();
      });
    socket.onmessage = (event) => this.guarded(() => this.receive(event.data));
    socket.onclose = () => this.guarded(() => this.closed());
  }

  /** What came before the end comes before it over a simulated network, too. @private */
  closed() {
    this.cut = true;
    if (this.greeted) this.pump();
    else this.lost(CUT);
  }

  /** Forgets the attempt and its socket: whatever they still say is not heard. @private */
  drop() {
    clearTimeout(this.pumpTimer);
    this.attempt++;
    this.greeted = this.cut = false;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @private @param {unknown} data */
  receive(data) {
    if (!(data instanceof ArrayBuffer)) return;
    this.heardAt = performance.now();
    this.wasm.receive(this.heardAt, data);
    this.pump();
  }

  /** Goes by how far the core is. @private @param {number} stage */
  heed(stage) {
    if (stage === Stage.PLAYING) {
      if (this.status !== "playing") {
        this.enteredAt = performance.now();
        this.reason = "";
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
    const state = this.wasm.state();
    if (state.stale && !this.reloaded && this.noteReloaded(true)) {
      location.reload();
      return;
    }
    if (state.idle) {
      this.hooks.idled();
      this.turnInto(true);
      return;
    }
    if (state.stale || state.last) {
      this.stop();
      this.hooks.over(state.reason);
      return;
    }
    const prefix = state.stage === Stage.ENDED ? "the server ended it: " : "";
    this.lost(prefix + state.reason);
  }

  /** Notes for after a reload whether it was one for being stale. Gives whether that can be kept:
   *  else the page would reload for ever. @private @param {boolean} reloaded */
  noteReloaded(reloaded) {
    if (this.reloaded === reloaded) return true;
    this.reloaded = reloaded;
    try {
      if (reloaded) sessionStorage.setItem(RELOADED_KEY, "once");
      else sessionStorage.removeItem(RELOADED_KEY);
      return true;
    } catch {
      return false;
    }
  }

  /** @private @param {string} reason */
  lost(reason) {
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
    if (this.status === "connecting" && now - this.openedAt > ATTEMPT_MAX_MS) {
      this.lost("no answer from the server");
    } else if (this.status === "playing" && now - this.heardAt > SILENCE_MAX_MS) {
      this.lost("nothing heard from the server");
    } else if (this.status === "playing") {
      const silent = now - this.heardAt > SILENCE_TOLD_MS;
      if (silent !== this.silent) this.hooks.silent(silent);
      this.silent = silent;
    }
  }

  /** What the player holds has changed. @param {number} buttons */
  hold(buttons) {
    this.guarded(() => this.wasm.hold(buttons));
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
    this.heed(this.wasm.play(performance.now(), this.held()));
    // That may have been the end of it.
    if (!this.greeted) return;
    if (this.cut && !this.wasm.isComing()) {
      this.lost(CUT);
      return;
    }
    this.flush();
    const due = this.wasm.due();
    if (Number.isFinite(due)) {
      const wait = Math.max(0, due - performance.now());
      this.pumpTimer = setTimeout(() => this.guarded(() => this.pump()), wait);
    }
  }

  /** @private */
  flush() {
    const open = this.socket?.readyState === WebSocket.OPEN;
    const now = performance.now();
    for (let message = this.wasm.outgoing(now); message; message = this.wasm.outgoing(now)) {
      if (open) this.socket?.send(message);
    }
  }

  /** A trap leaves the core in no known state: a fresh one takes its place. @private
   *  @param {() => void} act */
  guarded(act) {
    try {
      act();
    } catch (error) {
      if (!this.takes(error)) throw error;
    }
  }

  /** Takes a trap of the core, wherever it was called. Gives whether it was one.
   *  @param {unknown} error */
  takes(error) {
    if (!(error instanceof WebAssembly.RuntimeError)) return false;
    // What else is asked of a core that has trapped traps as well.
    if (this.renewing) return true;
    console.error(error);
    this.renewing = true;
    this.drop();
    if (this.greeting) this.turn("waiting", FAULT);
    this.renew();
    return true;
  }

  /** Gets a fresh core, from a server that may itself be away. @private */
  renew() {
    this.hooks.faulted().then(
      (wasm) => {
        this.renewing = false;
        this.wasm = wasm;
        this.lost(FAULT);
      },
      () => {
        this.retryTimer = setTimeout(() => this.renew(), WAIT_MAX_MS);
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

function wasReloaded() {
  try {
    return sessionStorage.getItem(RELOADED_KEY) !== null;
  } catch {
    // A browser that keeps nothing.
    return false;
  }
}
