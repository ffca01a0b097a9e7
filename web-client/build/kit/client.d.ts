// Types of client.js: a client of any Tickwire room, without sockets, clocks, rules or WebAssembly.

/**
 * One client. Clients are independent of each other. For a new connection call {@link hello} again, or make
 * another client.
 *
 * ```js
 * const client = new TickwireClient();
 * client.hello({ role: "spectator", room: "lobby" });
 * // Whenever the socket opened, and after each message:
 * for (const message of client.outgoing()) socket.send(message);
 * if (client.receive(event.data) === "snapshot") console.log(client.tick, client.rows());
 * ```
 *
 * You open and close the socket. To leave for good, call {@link leave} first.
 *
 * If the connection breaks, connect again soon and resume: the player is kept for `welcome.graceSeconds`.
 *
 * ```js
 * const { welcome } = client;
 * client.hello({ role: "player", room: welcome?.room, resume: welcome?.resume });
 * ```
 *
 * The player then has its id, score and state as before, and the stream begins anew. If the server refuses it as
 * `not-resumable`, say hello without the token. Each welcome has another token, and the old one is void once the
 * server has heard from the client: send a ping at once. Wait before an attempt, a random time up to 250 ms at first and
 * up to twice as long each time, to 3 s: after an outage all clients come at once. Do not resume after an
 * {@link end} that is `replaced`: the session goes on over a newer connection, for example in another tab. Who has the
 * token has the player: keep it in memory, or in `sessionStorage` (a copy of the tab then has it as well), and never in
 * an address or a log.
 *
 * In a browser's page close the socket with the code 4010 on `pagehide` if the event is `persisted`, and on `freeze`:
 * a page in the back/forward cache keeps its socket, and its player would stand idle in the room. The player is then
 * kept for 5 s at most. On `pageshow` or `resume` connect again.
 */
export class TickwireClient {
  readonly stage: Stage;
  /** The server's welcome; null before it. */
  readonly welcome: Welcome | null;
  /** Why the server refused the hello; null if it did not. */
  readonly refusal: Refusal | null;
  /** Why the server ended the connection; null if it did not. */
  readonly end: End | null;
  /** What rows and events mean; null outside of a room. */
  readonly schema: Schema | null;
  /**
   * The players in the room, by id. For spectators and in rooms of at most 32 players all scores and teams
   * are current. In larger rooms they are current for the own player, those in view (the middle of whose
   * view lies in it), the ten best and those on {@link board}; for others they are the last ones received.
   */
  readonly roster: ReadonlyMap<number, Player>;
  /** What bits are spent on, from the first time that it is asked for; null outside of a room. Counting makes decoding
   *  a little slower. */
  readonly costs: Costs | null;
  /** The open page of the board, as last received; null when none is open. */
  readonly board: BoardPage | null;
  /** Tick of the last snapshot; null before the first. */
  readonly tick: number | null;
  /** Status of the own player's inputs at the last snapshot; null for spectators. */
  readonly standing: Standing | null;
  /** The last notice of the server's operator. */
  readonly notice: string | null;
  /** The server closes in so many seconds at the latest, as of the last `closing` message; null before one. No session
   *  can be resumed after that. */
  readonly closing: number | null;
  /** Number of the last ping that was answered. */
  readonly pong: number | null;
  /** The last `pace` message; null before the first, while the room makes its full tick rate. */
  readonly pace: Pace | null;

  /** Starts over for a new connection. The hello waits in {@link outgoing}. */
  hello(greeting?: Greeting): void;

  /**
   * Decodes one binary message and returns its kind. Throws a {@link TickwireError} for bytes that are
   * not a valid next message; the stream cannot go on after that.
   */
  receive(message: ArrayBuffer | ArrayBufferView): MessageName;

  /**
   * The known entities after the last snapshot, by rising id: `{ id, kind, ...fields }` with the names and
   * units of the schema. A field called `id`, `kind` or `tick`, or with a duplicate name, gets an underscore
   * behind its name. Pass the type of your game's rows to have them checked: `client.rows<Ship | Bolt>()`.
   */
  rows<R extends { id: number; kind: string } = Row>(): R[];

  /**
   * The events since the last call: `{ tick, kind, ...fields }`. When more than 1024 wait, the oldest are
   * dropped.
   */
  events<E extends { tick: number; kind: string } = GameEvent>(): E[];

  /**
   * What the last snapshot said of rows: those that were new in it, those that were not as expected, with the fields of
   * which that is so, and the ids of those that are gone. All others moved on as expected.
   */
  changes<R extends { id: number; kind: string } = Row>(): Changes<R>;

  /** The own player's state in the game's encoding (bincode 2); null when there is none. */
  own(): Uint8Array<ArrayBuffer> | null;
  /** The level, which never changes, in the game's encoding. */
  level(): Uint8Array<ArrayBuffer>;
  /** The room's settings, in the game's encoding. */
  settings(): Uint8Array<ArrayBuffer>;

  /**
   * Queues the own player's input for a tick: an object with the names of {@link Schema.input}, in which what is
   * left out is as in the game's default, or bytes in the game's encoding. Aim a few ticks ahead of
   * {@link tick}, such that `standing.marginTicks` stays small and positive. Throws a
   * {@link TickwireError} when it cannot be sent.
   */
  input(tick: number, input: object | ArrayBuffer | ArrayBufferView): void;

  /**
   * Queues a ping and returns its number; {@link pong} has that number once the server answers. The
   * server ends a connection that sends nothing for 15 seconds. Acknowledgements of snapshots are sent
   * automatically and count; where no snapshots come (a long spectators' delay, a paused tab), send a ping
   * now and then.
   */
  ping(): number;

  /**
   * Opens a page of the board: `count` players (at most 50) after the first `first`; a count of 0
   * closes it. The answer is {@link board}, which the server updates when it changes. Throws a
   * {@link TickwireError} for spectators: they know all scores.
   */
  openBoard(first: number, count: number): void;

  /** Queues a goodbye. Close the socket once it is sent, or let the server close it. */
  leave(): void;

  /** Takes all pending messages; send each as one binary message, in this order. */
  outgoing(): Generator<Uint8Array<ArrayBuffer>, void, void>;
}

/** The only error that a client throws. */
export class TickwireError extends Error {
  constructor(code: ErrorCode, message: string);
  readonly name: "TickwireError";
  readonly code: ErrorCode;
}

/**
 * - `message`, `part`: invalid bytes, or an invalid field of a message
 * - `snapshot`: not the next snapshot of the stream
 * - `schema`: an invalid schema
 * - `out-of-place`: a message that is not allowed at this stage
 * - `argument`: an invalid argument of yours; the client goes on
 * - `fault`: a bug of the decoder
 */
export type ErrorCode =
  | "message"
  | "part"
  | "snapshot"
  | "schema"
  | "out-of-place"
  | "argument"
  | "fault";

export type Stage = "new" | "greeting" | "playing" | "refused" | "ended" | "faulted";

export type MessageName =
  | "welcome"
  | "refused"
  | "roster"
  | "snapshot"
  | "pong"
  | "notice"
  | "closing"
  | "pace"
  | "goodbye"
  | "scores"
  | "board";

export interface Greeting {
  /** Spectator by default. */
  role?: "player" | "spectator";
  name?: string;
  /** Any room with space by default. */
  room?: string | null;
  /** The game, and the version of its rules: if given, the server refuses a mismatch. Any game by default, since
   *  the room's schema is enough to decode it. */
  game?: string;
  rules?: number;
  /** A signed ticket, for servers that require one. It is never part of an address. */
  ticket?: string | null;
  /**
   * Settings of {@link room} if this client opens it, such as `{ teams: true }`: at most 512 bytes of JSON, and
   * only those that the game lets guests choose; otherwise the server refuses the hello. Ignored if the room
   * exists: {@link TickwireClient.settings} has its settings.
   */
  settings?: { readonly [name: string]: unknown };
  /**
   * The last {@link Welcome.resume}, to go on with that session: 48 hexadecimal digits. Role and room must be those of
   * the session, or any room; it needs no ticket. A server that does not take it refuses the hello as
   * `not-resumable`. The session keeps its player's name.
   */
  resume?: string | null;
}

export interface Welcome {
  readonly room: string;
  /** The own player; null for a spectator. */
  readonly player: number | null;
  readonly tickRateHz: number;
  /** The room's tick at the welcome. */
  readonly tick: number;
  readonly playersMax: number;
  /** Delay of spectators, in ticks. */
  readonly delayTicks: number;
  /** A secret by which this session can be resumed ({@link Greeting.resume}): 48 hexadecimal digits. */
  readonly resume: string;
  /** Whether a session was resumed, with its player: by a token, or by the ticket of a player whose connection
   *  broke. */
  readonly resumed: boolean;
  /** For how long the server keeps the session when the connection breaks; 0 if not at all. */
  readonly graceSeconds: number;
}

export interface Refusal {
  readonly reason:
    | "protocol"
    | "rules"
    | "game"
    | "room-name"
    | "room-full"
    | "server-full"
    | "closing"
    | "overloaded"
    | "ticket-required"
    | "ticket-invalid"
    | "ticket-expired"
    | "rooms-building"
    | "rooms-max"
    | "own-rooms-max"
    | "own-rooms-rate"
    | "settings-too-long"
    | "settings-without-room"
    | "settings-unreadable"
    | "setting-not-allowed"
    | "setting-invalid"
    | "settings-refused"
    | "not-resumable"
    | "room-fails";
  /** The server's version, if the reason is a version. */
  readonly server: number | null;
  /** For people. */
  readonly text: string;
}

/** How fast the room makes its ticks. Before the first `pace` message it is the full rate. */
export interface Pace {
  /** The first tick at this rate. */
  readonly from: number;
  /** Thousandths of the tick rate. */
  readonly permille: number;
}

export interface End {
  /** The WebSocket's close code. */
  readonly code: number;
  /**
   * One of the table in `docs/protocol.md`. After `idle` (the player's input did not change for a minute,
   * or the time that the server sets) connect again at once: as a spectator to go on watching the room, or as a
   * player once there is input. The server sends a notice 15 s before; a changed
   * {@link TickwireClient.input} is enough to stay.
   */
  readonly reason: string;
}

export interface Standing {
  /** Where the input of the snapshot's tick came from. */
  readonly given: "received" | "repeated" | "absent";
  /** How many ticks early the newest input was; negative when it was late. */
  readonly marginTicks: number;
}

export interface Player {
  /** Its id. Reused 30 s after it left at the earliest: drop what you store under it when it is gone. */
  readonly player: number;
  /** Untrusted text: show it, never interpret it. */
  readonly name: string;
  readonly score: number;
  /** 0 where there are no teams. */
  readonly team: number;
  readonly bot: boolean;
}

/** A page of all players, the best first. */
export interface BoardPage {
  /** Number of players before this page. */
  readonly first: number;
  /** Number of players. */
  readonly total: number;
  /** Number of players before the own one; null for none. */
  readonly own: number | null;
  /** The players on it. {@link TickwireClient.roster} has names and scores. */
  readonly players: readonly number[];
}

export interface Schema {
  readonly entities: readonly Kind[];
  readonly events: readonly Kind[];
  /** What an input consists of; null if the server cannot say. In the schema of `tickwire.js`, whose game knows it,
   *  this is left out. */
  readonly input?: InputShape | null;
}

/** A part of an input. Its value is what JSON would have: an enum is the name of a variant, or, if that holds
 *  something, an object with that one name. */
export interface InputShape {
  readonly sort:
    | "unit" | "bool" | "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64"
    | "option" | "struct" | "tuple" | "enum" | "list";
  /** Of the field or the variant; empty for others. */
  readonly name: string;
  /** Fields, values, variants, or the one thing that may be there. */
  readonly children: readonly InputShape[];
}

export interface Changes<R> {
  /** Whether it began anew: then all rows are new. */
  readonly isKeyframe: boolean;
  /** `fields` is null of a row that is new: it is sent whole. */
  readonly rows: readonly { readonly row: R; readonly isNew: boolean; readonly fields: readonly string[] | null }[];
  readonly gone: readonly number[];
}

/** What the bits of snapshots are spent on; keyframes do not count. Kinds and fields are places in the schema. */
export interface Costs {
  /** Snapshots that were counted. */
  readonly snapshots: number;
  /** The most first. */
  list(): Cost[];
  /** Begins anew. */
  clear(): void;
}

export interface Cost {
  /** `changes`: which rows of a kind are gone or changed, and in which fields; `new`: id, kind and reference of a new
   *  row; `head`: tick, how inputs came, and ends of lists. */
  part: "head" | "own" | "changes" | "field" | "new" | "new-field" | "event" | "event-field";
  kind: number;
  field: number;
  bits: number;
}

export interface Kind {
  readonly name: string;
  readonly fields: readonly Field[];
  /** The two fields of its position, if it has one. */
  readonly place: readonly [x: string, y: string] | null;
}

/** Values are whole steps on the wire; rows have them in `unit`. */
export interface Field {
  readonly name: string;
  readonly unit: string;
  /** Lowest step. */
  readonly min: number;
  /** Highest step. */
  readonly max: number;
  /** Size of a step, in the unit. */
  readonly scale: number;
  /** Whether the step after `max` is `min`. */
  readonly wraps: boolean;
  /** How its value is predicted between two snapshots. */
  readonly predict: Predict;
  /** The row that it refers to: the one of that kind whose field has the same value. */
  readonly names: { readonly kind: string; readonly field: string } | null;
  /** The field of the referred row near which it begins (the row of the first field that refers to one). */
  readonly origin: string | null;
}

/**
 * - `hold`: it keeps its value until a snapshot changes it
 * - `linear-from-last-two`: it continues the change between its last two values
 * - `linear-by`: by another field, the velocity
 * - `approach`: it approaches another field by the fraction `1 - exp(-perSecond / tickRateHz)` of the
 *   difference in each tick
 * - `along`: at a speed in the direction of another field, an angle
 */
export type Predict =
  | { readonly how: "hold" | "linear-from-last-two" }
  | { readonly how: "linear-by"; readonly field: string }
  | { readonly how: "approach"; readonly field: string; readonly perSecond: number }
  | {
      readonly how: "along";
      readonly field: string;
      readonly perSecond: number;
      readonly axis: "x" | "y";
    };

/** A row of a game whose types are not known. */
export type Row = { readonly id: number; readonly kind: string } & { readonly [field: string]: number };

/** An event of a game whose types are not known. */
export type GameEvent = { readonly tick: number; readonly kind: string } & {
  readonly [field: string]: number;
};
