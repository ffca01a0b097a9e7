// Types of client.js: a client of any Tickwire room, without sockets, clocks, rules or WebAssembly.

/**
 * One client. Many run side by side, and what befalls one does not touch another. For a new connection
 * take a client again by {@link hello}, or make another.
 *
 * ```js
 * const client = new TickwireClient();
 * client.hello({ role: "spectator", room: "lobby" });
 * // Whenever the socket opened, and after each message:
 * for (const message of client.outgoing()) socket.send(message);
 * if (client.receive(event.data) === "snapshot") console.log(client.tick, client.rows());
 * ```
 *
 * The socket is yours, and so is its end. In a browser's page close it on `pagehide` if the event is
 * `persisted`, and on `freeze`: a page that is put away to be shown again keeps its socket, and the
 * room a player whom nobody plays. On `pageshow` or `resume` connect again and say {@link hello}.
 * Whoever leaves for good says {@link leave} first.
 */
export class TickwireClient {
  /** How far it has come. */
  readonly stage: Stage;
  /** How it was let in; null before. */
  readonly welcome: Welcome | null;
  /** Why it was not let in, when it was not. */
  readonly refusal: Refusal | null;
  /** Why the server ended it, when it did. */
  readonly end: End | null;
  /** What rows and events mean; null outside of a room. */
  readonly schema: Schema | null;
  /**
   * Who is in the room, by player. In a room of at most 32 players scores and teams are those of now,
   * and so they are for spectators. In a larger one they are for the own player, those in view (whose
   * own view's middle lies in it), the ten best and those on {@link board}; of others as they were told last.
   */
  readonly roster: ReadonlyMap<number, Player>;
  /** What bits are spent on, from the first time that it is asked for; null outside of a room. Counting makes decoding
   *  a little slower. */
  readonly costs: Costs | null;
  /** The page of the board that is open, as it was told last; null when none is. */
  readonly board: BoardPage | null;
  /** Tick of the last snapshot; null before the first. */
  readonly tick: number | null;
  /** How the last snapshot found the own player's inputs; null for spectators. */
  readonly standing: Standing | null;
  /** The last text from the server's operator. */
  readonly notice: string | null;
  /** Number of the last ping that was answered. */
  readonly pong: number | null;
  /** What the last `pace` message said; null before the first: the full pace. */
  readonly pace: Pace | null;

  /** Begins anew, for a fresh connection. The hello waits in {@link outgoing}. */
  hello(greeting?: Greeting): void;

  /**
   * Takes one binary message and gives what it was. Throws a {@link TickwireError} for bytes
   * that are not the server's next message; the stream cannot go on after that.
   */
  receive(message: ArrayBuffer | ArrayBufferView): MessageName;

  /**
   * The entities known after the last snapshot, by rising id: `{ id, kind, ...fields }` with the
   * fields' names and units of the schema. A field called `id`, `kind` or `tick`, or as one before it, stands
   * under that name and an underscore. Give the type of your game's rows to have them checked:
   * `client.rows<Ship | Bolt>()`.
   */
  rows<R extends { id: number; kind: string } = Row>(): R[];

  /**
   * What has happened since the last call: `{ tick, kind, ...fields }`. The oldest go when more
   * than 1024 wait.
   */
  events<E extends { tick: number; kind: string } = GameEvent>(): E[];

  /**
   * What the last snapshot said of rows: those that were new in it, those that were not as expected, with the fields of
   * which that is so, and the ids of those that are gone. All others moved on as expected.
   */
  changes<R extends { id: number; kind: string } = Row>(): Changes<R>;

  /** The own player's state in the game's encoding (bincode 2); null when there is none. */
  own(): Uint8Array<ArrayBuffer> | null;
  /** What never moves, in the game's encoding. */
  level(): Uint8Array<ArrayBuffer>;
  /** What whoever opened the room chose, in the game's encoding. */
  settings(): Uint8Array<ArrayBuffer>;

  /**
   * Queues the own player's input for a tick: an object with the names of {@link Schema.input}, in which what is
   * left out is as in the game's default, or bytes in the game's encoding. Aim a few ticks ahead of
   * {@link tick}, such that `standing.marginTicks` stays small and positive. Throws a
   * {@link TickwireError} when it cannot be sent.
   */
  input(tick: number, input: object | ArrayBuffer | ArrayBufferView): void;

  /**
   * Queues a ping and gives its number; {@link pong} is that number once it was answered. The
   * server ends a connection of which it hears nothing for 15 seconds. Acknowledgements of
   * snapshots go out by themselves and count; where none come (a long delay of spectators, a
   * paused tab), ping now and then.
   */
  ping(): number;

  /**
   * Opens a page of the board: `count` players (at most 50), of whom `first` are before the first; 0
   * closes it. Its answer is {@link board}, and comes again when it changes. Throws a
   * {@link TickwireError} for spectators: they know all scores.
   */
  openBoard(first: number, count: number): void;

  /** Queues a goodbye. Close the socket once it is sent, or wait for the server to. */
  leave(): void;

  /** Takes all messages that are to be sent, each as one binary message, in this order. */
  outgoing(): Generator<Uint8Array<ArrayBuffer>, void, void>;
}

/** What is thrown, and nothing else. */
export class TickwireError extends Error {
  constructor(code: ErrorCode, message: string);
  readonly name: "TickwireError";
  readonly code: ErrorCode;
}

/**
 * - `message`, `part`: bytes that are not a message, or a part of one that is not what it should be
 * - `snapshot`: not the next snapshot of the stream
 * - `schema`: a schema that cannot be used
 * - `out-of-place`: a message that has no place here
 * - `argument`: you asked for what cannot be; the client goes on
 * - `fault`: the decoder itself failed, which is a mistake of its own
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
  /** The game, and the version of its rules: if these are given, no other is joined. Any game by default: what is
   *  seen goes by the room's schema. */
  game?: string;
  rules?: number;
  /** What lets in where guests are not: a signed ticket. It is never part of an address. */
  ticket?: string | null;
  /**
   * What to choose of the settings of {@link room} if it is not there and opens for this client, such as
   * `{ teams: true }`: at most 512 bytes of JSON, and only what the game lets guests choose. Else it is refused. If the
   * room is there it is ignored: {@link TickwireClient.settings} has those that hold.
   */
  settings?: { readonly [name: string]: unknown };
}

export interface Welcome {
  readonly room: string;
  /** The own player; null for a spectator. */
  readonly player: number | null;
  readonly tickRateHz: number;
  /** The room's tick at that time. */
  readonly tick: number;
  readonly playersMax: number;
  /** By how many ticks spectators see the room later than players do. */
  readonly delayTicks: number;
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
    | "settings-refused";
  /** The version that the server has, where versions are the reason. */
  readonly server: number | null;
  /** For people. */
  readonly text: string;
}

/** How fast the room makes its ticks; until told otherwise, at its full rate. */
export interface Pace {
  /** The first tick that is made so fast. */
  readonly from: number;
  /** Thousandths of the tick rate. */
  readonly permille: number;
}

export interface End {
  /** As the WebSocket's close code. */
  readonly code: number;
  /**
   * As in the table of `docs/protocol.md`. After `idle` (a player whose input did not change for a
   * minute, or as the server is set) connect again at once: with the role of a spectator to watch the
   * room on, or as a player when there is something to play. A notice comes 15 s before it; a changed
   * {@link TickwireClient.input} is enough to stay.
   */
  readonly reason: string;
}

export interface Standing {
  /** How the input of the snapshot's tick was come by. */
  readonly given: "received" | "repeated" | "absent";
  /** By how many ticks the newest input was early; negative when it was late. */
  readonly marginTicks: number;
}

export interface Player {
  /** Its id. Nobody else's for 30 s after it left: forget what you keep by it when it is gone. */
  readonly player: number;
  /** Text of a stranger: show it, never interpret it. */
  readonly name: string;
  readonly score: number;
  /** 0 where there are no teams. */
  readonly team: number;
  readonly bot: boolean;
}

/** A page of all players, the best first. */
export interface BoardPage {
  /** How many are before the first of it. */
  readonly first: number;
  /** How many players there are. */
  readonly total: number;
  /** How many are before the own player; null when it is not in. */
  readonly own: number | null;
  /** Who is on it. {@link TickwireClient.roster} has names and scores. */
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
  /** `fields` is null of a row that is new: it was told whole. */
  readonly told: readonly { readonly row: R; readonly isNew: boolean; readonly fields: readonly string[] | null }[];
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
  /** Which two fields say where it is, if it has a place. */
  readonly place: readonly [x: string, y: string] | null;
}

/** Values are whole numbers of steps on the wire, and here already in `unit`. */
export interface Field {
  readonly name: string;
  readonly unit: string;
  /** Lowest step. */
  readonly min: number;
  /** Highest step. */
  readonly max: number;
  /** How much of the unit one step is. */
  readonly scale: number;
  /** Whether the step after `max` is `min`. */
  readonly wraps: boolean;
  /** How it moves between two snapshots. */
  readonly predict: Predict;
  /** Which row it names: the one of that kind whose field there has the same value. */
  readonly names: { readonly kind: string; readonly field: string } | null;
  /** At or near which field of the row named (by the first field that names one) it begins. */
  readonly origin: string | null;
}

/**
 * - `hold`: it keeps its value until told otherwise
 * - `linear-from-last-two`: it moves on as it did between its last two values
 * - `linear-by`: by another field, the velocity
 * - `approach`: it nears another field; of what is missing `1 - exp(-perSecond / tickRateHz)` in a
 *   tick
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
