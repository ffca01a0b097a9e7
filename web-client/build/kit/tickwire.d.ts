// Types of tickwire.js: a Tickwire game for its page.

import type { BoardPage, Kind, Player, Schema } from "./client.js";

export type { BoardPage, Field, Kind, Player, Schema } from "./client.js";

/**
 * What is known of a game's types; each is `any` unless you say it:
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
 * A game: it connects, plays, predicts, and says what is to be drawn.
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
 * It tells of itself by events: `status` ({@link StatusEvent}), `roster`, `notice` ({@link NoticeEvent}),
 * `silent` (nothing is heard of the room, or something again), `idle` (the server has let a player who did
 * nothing watch), `reload` (the page is about to be loaded anew, once, for the server runs a newer version),
 * `renewed` (the WebAssembly has failed, and another goes on in its place).
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

  /** Loads the game's WebAssembly; nothing is connected yet. */
  static load<G extends GameTypes = {}>(options?: LoadOptions): Promise<Tickwire<G>>;

  /**
   * Joins as a player, and comes back by itself whenever the connection is lost, until {@link leave}. Whoever
   * is in a room already joins anew.
   */
  join(options?: JoinOptions<Of<G, "settings", any>>): void;
  /** The same as a spectator. */
  spectate(options?: Omit<JoinOptions, "settings">): void;
  /** Says goodbye and stays away. */
  leave(): void;
  /**
   * Whether this is somebody who did nothing for so long that it watches now. May be set, for a page that was
   * loaded anew meanwhile.
   */
  isIdle: boolean;
  /** Such a one plays again. Gives whether it was one. */
  resume(): boolean;
  /** Plays a room of bots in the page, to be drawn as any other; it ends when a room is joined. */
  demo(players?: number, seed?: number): void;
  /** Whether that is what is drawn. */
  readonly isDemo: boolean;

  /**
   * What the player holds from now on: call it whenever that changes, from the event itself, so that a tap
   * counts that is over before the next tick. Fields that are left out are as in the game's default input.
   * Booleans are buttons: each press and each release counts for at least one tick. Those of `stick` are what
   * a stick or a thumb points at: they count as held, but one that flickers at the border of two directions is
   * no series of presses. A name or a type that the input does not have is an error in the console, once, and
   * what was held before is held on.
   */
  hold(input: Partial<Of<G, "input", any>>, stick?: Partial<Of<G, "input", any>>): void;
  /** Presses the booleans that are true and lets go of them at once; all else of it holds for one tick. */
  press(input: Partial<Of<G, "input", any>>): void;
  /** Nobody is there: the game gets its default input until something is held or pressed again. */
  release(): void;
  /** Which of {@link Keys} change the input: none if the game has no `keys`. */
  readonly keys: readonly (keyof Keys)[];
  /** What the player holds from now on, of a game that makes its input of keys: in place of {@link hold}, never beside
   *  it. Each press and each release counts for at least one tick, as there. */
  holdKeys(held: Keys, stick?: Keys): void;
  /** Shows each message, as it comes and as it is sent, to somebody who decodes it by the schema alone, such as a
   *  `TickwireClient`; to be called before a room is joined. The server then sends the own state in full, which takes
   *  some more bytes. */
  observe(observer: (message: Uint8Array<ArrayBuffer>, isOwn: boolean) => void): void;
  /** Called before ticks are made and before rows are drawn: the last moment to {@link hold} what is to be
   *  asked for, such as a gamepad or a pointer seen from where the own player is drawn. */
  onsample: (() => void) | null;

  /**
   * What is to be drawn now: the own player as predicted, the others between two snapshots. Fields have the
   * names and units of the schema; one called `id`, `kind`, `own` or `tick` stands under that name and an
   * underscore. The array and its objects are refilled by the next call; an entity keeps its object.
   */
  rows(): Of<G, "row", Row>[];
  /** What has happened since the last call, up to what is drawn. */
  events(): Of<G, "event", GameEvent>[];
  /** The tick of what was drawn of the others last, with its fraction. */
  readonly tick: number;
  /** The tick of what was drawn of the own player last: ahead of the others. */
  readonly ownTick: number;
  /** The own state as predicted, null when there is none. Refilled whenever it is asked for. */
  readonly own: Of<G, "own", any> | null;
  /** What moves in the level by the tick alone, as the game's view has it; good until the next call. */
  moving(tick: number): Float64Array;

  /** Who is in the room, by player. Another map whenever it has changed. */
  readonly roster: ReadonlyMap<number, Player>;
  /** Rises whenever the roster, a score or the board has changed. */
  readonly rosterVersion: number;
  /** Has the first so many players of a room told in which not all scores are; 0 closes that. */
  openBoard(rows: number): void;
  /** They, null where the roster tells it all. */
  readonly board: BoardPage | null;
  /** The own player; null for spectators. */
  readonly player: number | null;
  readonly room: string | null;
  /** Ticks per second of the room. */
  readonly tickRate: number;
  /** What rows and events mean; null before the first room, as the next two are. When a room was left they
   *  stay as they were until the next one, so that its last picture can go on being drawn: whether there is
   *  a room is {@link isInRoom}. */
  readonly schema: Schema | null;
  readonly level: Of<G, "level", any> | null;
  readonly settings: Of<G, "settings", any> | null;
  /** Constants of the rules, as the game's view has them. */
  readonly measures: Of<G, "measures", any>;

  readonly status: Status;
  /** Why it is not in a room, for people. */
  readonly reason: string;
  /** Whether it plays or watches. */
  readonly isInRoom: boolean;
  /** Whether nothing has been heard of the room for a moment. */
  readonly isSilent: boolean;
  /** How the connection and the prediction do, as of now. */
  readonly network: NetworkState;

  /** Puts a network with these faults between the server and the game, to see what it copes with. */
  simulate(wanted: Partial<Simulation>): void;
  readonly simulation: Simulation;
}

/** `waiting`: for the next attempt to connect; `ended`: the server will not have us, see the reason. */
export type Status = "idle" | "connecting" | "playing" | "watching" | "waiting" | "ended";

export interface LoadOptions {
  /** The folder in which the server speaks: the one that this module comes from, unless you say it. Needed
   *  outside of pages, and where a bundler's own server serves the page. */
  server?: string | URL | undefined;
  /** Where the game's WebAssembly is, or itself: in the server's folder, unless you say it. */
  wasm?: string | URL | BufferSource | WebAssembly.Module | undefined;
  /** An address whose query asks for a {@link Simulation}, as `location.search`: `?latency=150&jitter=20`. */
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
  /** Any room, unless you name one. */
  room?: string | null | undefined;
  /** Of a player whom your site knows; what `sessionStorage` has as `tickwire-ticket`, unless you say it. A
   *  function is asked anew for each connection. */
  ticket?: string | null | (() => string | null) | undefined;
  /** For a room that is opened by this; `room` must name it. */
  settings?: Settings | undefined;
}

export interface Simulation {
  /** By how many milliseconds a round trip is longer. */
  latency: number;
  /** Up to how many more milliseconds each message takes, each way. */
  jitter: number;
  /** For how much of the time each direction stands still, in percent. */
  stall: number;
  /** How many milliseconds each time. */
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
  /** How fast the room makes its ticks: 1 is its full tick rate; an overloaded one is in slow motion. */
  time_scale: number;
  /** How late spectators see the room. */
  delay_ticks: number;
  /** Of the last snapshot. */
  tick: number;
  rtt_ms: number;
  snapshots: number;
  /** Received in all. */
  bytes: number;
  /** Of the last snapshot. */
  snapshot_bytes: number;
  /** Inputs that came too late for their tick. */
  late_inputs: number;
  /** How often the own player was elsewhere than predicted. */
  corrections: number;
  /** How early the newest input was; null for spectators. */
  margin_ms: number | null;
  /** In how much of what was drawn of late the others had to be guessed. */
  extrapolated_percent: number;
  /** Rows known. */
  entities: number;
}

export interface StatusEvent extends Event {
  readonly status: Status;
  readonly reason: string;
}

/** The events by their names. */
export interface TickwireEvents {
  status: StatusEvent;
  notice: NoticeEvent;
  silent: Event & { readonly silent: boolean };
  roster: Event;
  idle: Event;
  reload: ReloadEvent;
  renewed: Event;
}

/** With what was asked for, for the page that comes to ask for it again. */
export interface ReloadEvent extends Event {
  readonly name: string;
  readonly room: string | null;
  readonly spectator: boolean;
}

export interface NoticeEvent extends Event {
  /** Of the server's operator. */
  readonly text: string;
}

/** A row of a game whose types are not known. */
export type Row = {
  readonly id: number;
  readonly kind: string;
  /** Whether it is the own player's, as predicted. */
  readonly own: boolean;
} & { readonly [field: string]: any };

/** An event of a game whose types are not known. */
export type GameEvent = { readonly tick: number; readonly kind: string } & { readonly [field: string]: any };
