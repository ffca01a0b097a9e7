// Types of tickwire.js: a Tickwire game for its page.

import type { BoardPage, Kind, Player, Schema } from "./client.js";

export type { BoardPage, Field, Kind, Player, Schema } from "./client.js";

/**
 * Your game's types; each one left out is `any`:
 * `const game: Tickwire<{ input: { up: boolean }, own: { x: number } }> = await Tickwire.load()`.
 */
export interface GameTypes {
  /** As the game's `Input` in JSON. */
  input?: unknown;
  /** As the game's `Own` in JSON. */
  own?: unknown;
  level?: unknown;
  settings?: unknown;
  measures?: unknown;
  row?: { id: number; kind: string };
  event?: { tick: number; kind: string };
}

/** @internal */
type Of<G extends GameTypes, K extends keyof GameTypes, Otherwise> = undefined extends G[K] ? Otherwise
  : Exclude<G[K], undefined>;

/**
 * A game: it connects, plays, predicts, and returns what to draw.
 *
 * ```js
 * import { Tickwire } from "./tickwire.js";
 * const game = await Tickwire.load();
 * game.join({ name: "Ada" });
 * addEventListener("keydown", ({ code }) => game.hold({ up: code === "ArrowUp" }));
 * addEventListener("keyup", () => game.hold({}));
 * requestAnimationFrame(function frame() {
 *   requestAnimationFrame(frame);
 *   for (const row of game.rows()) draw(row);
 * });
 * ```
 *
 * It dispatches events: `status` ({@link StatusEvent}), `roster`, `notice` ({@link NoticeEvent}), `closing`
 * ({@link ClosingEvent}), `silent` (nothing comes from the room, or something again), `idle` (the server made an
 * idle player a spectator),
 * `reload` (the page is about to reload, once, because the server runs a newer version), `renewed` (the
 * WebAssembly failed, and a new instance takes its place).
 */
export class Tickwire<G extends GameTypes = {}> extends EventTarget {
  /** Use {@link Tickwire.load}. */
  private constructor();

  addEventListener<K extends keyof TickwireEvents>(type: K, listener: ((event: TickwireEvents[K]) => void)
    | { handleEvent(event: TickwireEvents[K]): void } | null, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof TickwireEvents>(type: K, listener: ((event: TickwireEvents[K]) => void)
    | { handleEvent(event: TickwireEvents[K]): void } | null, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;

  /** Loads the game's WebAssembly; it does not connect yet. */
  static load<G extends GameTypes = {}>(options?: LoadOptions): Promise<Tickwire<G>>;

  /**
   * What this tab played as, if the page was loaded anew so soon that a `join` or `spectate` in that room
   * resumes it, with the same player: for a page that asks its player before it joins, and after a reload is to go
   * on at once. Null if there is nothing to resume, and in a tab that was duplicated. It can be asked before `load`.
   */
  static kept(options?: { server?: string | URL | undefined }): Promise<Kept | null>;

  /**
   * Joins as a player, and reconnects whenever the connection is lost, until {@link leave}. In a room, it
   * leaves that one first. When it reconnects, and when the page was reloaded, it is the same player if the server
   * still keeps that ({@link isResumed}); its name stays, too.
   */
  join(options?: JoinOptions<Of<G, "settings", any>>): void;
  /** The same as a spectator. */
  spectate(options?: Omit<JoinOptions, "settings">): void;
  /** Leaves the room for good. While nothing is heard from the server, that cannot be said to it: a {@link join} of the same
   *  room may then have the player back. */
  leave(): void;
  /**
   * Whether this spectator was an idle player. A page can set it after a reload.
   */
  isIdle: boolean;
  /** Joins again after idleness. Returns whether it was idle. */
  resume(): boolean;
  /** Runs a room of bots in the page, drawn like any other; a join ends it. By default 14 bots and a random
   *  seed; at most 32 bots. They have played for `ahead` seconds when they are first drawn, 3 by default and 60
   *  at most, so that it is a game in full swing: `rows` makes these ticks in slices of some 20 ms, and has no
   *  rows until it has made them all. */
  demo(players?: number, seed?: number, ahead?: number): void;
  /** Whether the demo is drawn. */
  readonly isDemo: boolean;

  /**
   * Sets what the player holds: call it at every change, in the event handler itself, so that a tap counts
   * even if it ends before the next tick. Missing fields are those of the game's default input. Booleans are
   * buttons: each press and each release counts for at least one tick. Booleans of `stick` are directions of a
   * stick: they count as held, but flickering between two directions does not count as presses. An unknown name
   * or a wrong type is logged to the console once, and the held input stays as it was.
   */
  hold(input: Partial<Of<G, "input", any>>, stick?: Partial<Of<G, "input", any>>): void;
  /** Presses and releases the booleans that are true; all other fields hold for one tick. */
  press(input: Partial<Of<G, "input", any>>): void;
  /** The player is away: the game gets its default input until something is held or pressed again. */
  release(): void;
  /** Which of {@link Keys} change the input: none if the game has no `keys`. */
  readonly keys: readonly (keyof Keys)[];
  /** What the player holds from now on, of a game that makes its input of keys: in place of {@link hold}, never beside
   *  it. Each press and each release counts for at least one tick, as there. */
  holdKeys(held: Keys, stick?: Keys): void;
  /** Shows each message, as it comes and as it is sent, to somebody who decodes it by the schema alone, such as a
   *  `TickwireClient`; to be called before a room is joined. The server then sends the own state in full, which takes
   *  some more bytes. In a hello and a welcome zeros take the place of the session's token; a ticket is shown. */
  observe(observer: (message: Uint8Array<ArrayBuffer>, isOwn: boolean) => void): void;
  /** Called before ticks are made and before rows are drawn: the time to {@link hold} what has to be polled,
   *  such as a gamepad, or a pointer relative to the own player on the screen. */
  onsample: (() => void) | null;

  /**
   * The moment that a frame shows, in milliseconds on the scale of `performance.now()`: call it once per frame, first,
   * with the time stamp that `requestAnimationFrame` gives, and hand it to {@link rows} and to what else moves.
   * It advances evenly where privacy settings of the browser make its clock coarse, in steps of 16 or 100 ms.
   */
  frame(stamp?: number): number;
  /** The time now on the clock of {@link frame}, in milliseconds, for what happens between frames, such as a press: it
   *  never goes back, and is never before the last frame's moment. */
  now(): number;
  /**
   * The rows to draw now: the own player as predicted, the others between two snapshots. Fields have the
   * names and units of the schema; one called `id`, `kind`, `own` or `tick` gets an underscore behind its name.
   * The next call refills the array and its objects; an entity keeps its object.
   * `at` is the frame's moment by {@link frame}; without it, `rows` calls `frame` itself.
   * It first calls {@link onsample} and makes the ticks that are due, so events such as `status` may come before it
   * returns: the rows are of what the game is after them, and none if it is over.
   */
  rows(at?: number): Of<G, "row", Row>[];
  /** The events since the last call, up to the drawn tick. */
  events(): Of<G, "event", GameEvent>[];
  /** The tick at which others were drawn last, with its fraction. */
  readonly tick: number;
  /** The tick at which the own player was drawn last: ahead of the others. */
  readonly ownTick: number;
  /** The rows of the newest snapshot, neither predicted nor interpolated: the others as the server sent them last,
   *  the own player as the server had it at {@link serverTick}. The next call refills the array and its objects, which
   *  are not those of {@link rows}. Nothing of it is computed before it is called: for a view of what prediction and
   *  interpolation do. */
  serverRows(): Of<G, "row", Row>[];
  /** The tick of the last {@link serverRows}, 0 if the room had no snapshot yet; `ownTick - serverTick` is by how much the own player is ahead. */
  readonly serverTick: number;
  /** The corrections of the own player since the last call; of very many the oldest are not kept. */
  corrections(): Correction[];
  /** The predicted own state; null when there is none. Each access refills the object. */
  readonly own: Of<G, "own", any> | null;
  /** The level's parts that move by the tick alone, from the game's view; valid until the next call. */
  moving(tick: number): Float64Array;

  /** The players in the room, by id. A new map whenever it changes. */
  readonly roster: ReadonlyMap<number, Player>;
  /** Rises whenever the roster, a score or the board changes. */
  readonly rosterVersion: number;
  /** Requests the scores of the best `rows` players, in rooms that do not send all scores; 0 stops that. */
  openBoard(rows: number): void;
  /** The requested scores; null where the roster has all scores. */
  readonly board: BoardPage | null;
  /** The own player; null for spectators. */
  readonly player: number | null;
  readonly room: string | null;
  /** Ticks per second of the room. */
  readonly tickRate: number;
  /** The room's schema; null before the first room, like the next two. After leaving a room they keep their
   *  values until the next one, so that its last frame can still be drawn; {@link isInRoom} tells whether
   *  there is a room. */
  readonly schema: Schema | null;
  readonly level: Of<G, "level", any> | null;
  readonly settings: Of<G, "settings", any> | null;
  /** Constants of the rules, from the game's view. */
  readonly measures: Of<G, "measures", any>;

  readonly status: Status;
  /** Whether the player or the spectator in this room is the one that it was before the connection was lost, or the
   *  page reloaded. */
  readonly isResumed: boolean;
  /** Whether it is another: the server did not keep the one that there was before, so it starts anew. False for who
   *  joins for the first time, or has left. */
  readonly joinedAnew: boolean;
  /** What it is about to resume, while it is in no room and tries to be back; null otherwise. The server may still keep that
   *  player: {@link leave} gives it up. */
  readonly resuming: Kept | null;
  /** In how many seconds the server closes at the latest; null if it has not said that it does. Each look at it
   *  computes it: show it as a countdown. */
  readonly closesIn: number | null;
  /** Why it is not in a room, as a text to show. */
  readonly reason: string;
  /** Whether it plays or watches. */
  readonly isInRoom: boolean;
  /** Whether nothing has come from the room for a moment. */
  readonly isSilent: boolean;
  /** Current figures of connection and prediction. */
  readonly network: NetworkState;

  /** Simulates a network with these faults between server and game. */
  simulate(wanted: Partial<Simulation>): void;
  readonly simulation: Simulation;
}

/** `waiting`: for the next attempt to connect; `ended`: the server refused for good, or another tab or window has
 *  taken the player over; see the reason. */
export type Status = "idle" | "connecting" | "playing" | "watching" | "waiting" | "ended";

/** What can be resumed. */
export interface Kept {
  readonly name: string;
  readonly room: string;
  readonly spectator: boolean;
}

export interface LoadOptions {
  /** The server's folder; by default the one that this module was loaded from. Required outside of pages, and
   *  where a bundler's own server serves the page. */
  server?: string | URL | undefined;
  /** The game's WebAssembly or its address; by default the file in the server's folder. */
  wasm?: string | URL | BufferSource | WebAssembly.Module | undefined;
  /** Opens the connection while the game's code loads, which saves two round trips: for a page that joins at
   *  once. It is closed after 8 s without `join` or `spectate`. */
  preconnect?: boolean | undefined;
  /** An address whose query sets a {@link Simulation}, such as `location.search`: `?latency=150&jitter=20`. */
  address?: string | undefined;
}

/** What is held on a page that knows no game; the same as `Keys` in Rust. */
export interface Keys {
  up?: boolean;
  down?: boolean;
  left?: boolean;
  right?: boolean;
  primary?: boolean;
  secondary?: boolean;
  /** Where the pointer is, in the game's units. */
  pointer?: readonly [x: number, y: number] | null;
  /** The direction from the own row to it, in radians. */
  aim?: number | null;
}

export interface JoinOptions<Settings = unknown> {
  name?: string | undefined;
  /** By default any room. */
  room?: string | null | undefined;
  /** The ticket of a player with an account on your site; by default what `sessionStorage` has as
   *  `tickwire-ticket`. A function is called for each connection. */
  ticket?: string | null | (() => string | null) | undefined;
  /** Settings of a room that this join opens; `room` must name it. */
  settings?: Settings | undefined;
}

export interface Simulation {
  /** Added to a round trip, in ms. */
  latency: number;
  /** Maximum extra delay of a message, each way, in ms. */
  jitter: number;
  /** Fraction of the time for which each direction stands still, in percent. */
  stall: number;
  /** Length of a stall, in ms. */
  stallMs: number;
  /** Whether the own player is drawn where it is predicted to be. */
  prediction: boolean;
  /** Whether the others are drawn between two snapshots. */
  interpolation: boolean;
}

export interface NetworkState {
  room: string | null;
  player: number | null;
  tick_rate_hz: number;
  /** The room's speed: 1 is its full tick rate; an overloaded room runs in slow motion. */
  time_scale: number;
  /** Delay of spectators. */
  delay_ticks: number;
  /** Of the last snapshot. */
  tick: number;
  rtt_ms: number;
  snapshots: number;
  /** Total received. */
  bytes: number;
  /** Of the last snapshot. */
  snapshot_bytes: number;
  /** Inputs that came too late for their tick. */
  late_inputs: number;
  /** How often the prediction of the own player was wrong. */
  corrections: number;
  /** How early the newest input arrived; null for spectators. */
  margin_ms: number | null;
  /** Share of the recent frames in which others were extrapolated. */
  extrapolated_percent: number;
  /** Number of known rows. */
  entities: number;
}

/** The server's own state of a tick was not what had been predicted, and what was predicted after it has changed. */
export interface Correction {
  /** The tick of that state. */
  readonly tick: number;
  /** How far it moved the own player at its newest tick, in the game's units; 0 if something else than its place was
   *  wrong. On the screen it slides there. */
  readonly units: number;
  /** The place at its newest tick before and after; null if it has none. */
  readonly from: { readonly x: number; readonly y: number } | null;
  readonly to: { readonly x: number; readonly y: number } | null;
}

export interface StatusEvent extends Event {
  readonly status: Status;
  readonly reason: string;
}

/** The events by name. */
export interface TickwireEvents {
  status: StatusEvent;
  notice: NoticeEvent;
  closing: ClosingEvent;
  silent: Event & { readonly silent: boolean };
  roster: Event;
  idle: Event;
  reload: ReloadEvent;
  renewed: Event;
}

/** It carries the join's options, so that the page can store them across the reload. */
export interface ReloadEvent extends Event {
  readonly name: string;
  readonly room: string | null;
  readonly spectator: boolean;
}

export interface NoticeEvent extends Event {
  /** A text of the server's operator. */
  readonly text: string;
}

/** The server closes soon, or at another time than it said before. */
export interface ClosingEvent extends Event {
  /** In so many seconds at the latest: {@link Tickwire.closesIn}. */
  readonly seconds: number;
}

/** A row of a game without declared types. */
export type Row = {
  readonly id: number;
  readonly kind: string;
  /** Whether it is the own player's, as predicted. */
  readonly own: boolean;
} & { readonly [field: string]: any };

/** An event of a game without declared types. */
export type GameEvent = { readonly tick: number; readonly kind: string } & { readonly [field: string]: any };
