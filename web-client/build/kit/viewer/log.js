// @ts-check
// Messages as people read them: what each is, how long, and its fields by name. It keeps the newest.

import { Reader, Refused } from "../stream/bytes.js";
import { decodeInput } from "../stream/input.js";
import { RESUME_TOKEN_BYTES, readMessage } from "../stream/messages.js";
import { hex } from "./scenes.js";

/** @typedef {import("./feed.js").Traffic} Traffic */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {{ at: number, isOwn: boolean, name: string, message: Uint8Array, length: number, fields: unknown }} Entry
 *  `at` in milliseconds since the page was opened; `length` in bytes, also where those are not kept */

/** So many messages are kept. */
export const ENTRIES_MAX = 600;
/** Of a snapshot that names more rows so many are kept: a keyframe names all. */
const ROWS_MAX = 40;
/** The kinds of message that hold a ticket or a token: who has it is let in. */
const HELLO = 1;
const WELCOME = 129;

export class Log {
  /** The oldest first. @type {Entry[]} */
  entries = [];
  /** @param {Traffic} traffic @param {Feed} feed @param {number} at ms */
  add(traffic, feed, at) {
    const { isOwn, name, message: { length } } = traffic;
    this.entries.push({ at, isOwn, name, message: withoutSecrets(traffic.message), length, fields: fieldsOf(traffic, feed) });
    if (this.entries.length > ENTRIES_MAX) this.entries.shift();
  }

  /** For programs: a line of JSON for each message, its bytes in hexadecimal. */
  export() {
    const lines = this.entries.map(({ at, isOwn, name, message, fields }) =>
      JSON.stringify({ ms: Math.round(at * 10) / 10, from: isOwn ? "client" : "server", name, bytes: hex(message), fields }));
    return `${lines.join("\n")}\n`;
  }
}

/** The bytes of a message. A hello may have a ticket and a token, and is left out; in a welcome, which has the room's
 *  schema, zeros take the place of the token. @param {Uint8Array} message */
function withoutSecrets(message) {
  const kind = message[0];
  if (kind !== HELLO && kind !== WELCOME) return message;
  try {
    const taken = kind === WELCOME ? readMessage(message) : null;
    if (taken?.name === "welcome") return message.slice().fill(0, taken.tokenAt, taken.tokenAt + RESUME_TOKEN_BYTES);
  } catch {
    // Not a welcome of this version: where its token is cannot be known.
  }
  return new Uint8Array();
}

/** What a message says, by name. @param {Traffic} traffic @param {Feed} feed */
function fieldsOf({ message, isOwn, name, snapshot }, feed) {
  if (snapshot) {
    const { rows, ...others } = snapshot;
    const left = rows.length > ROWS_MAX ? { rowsLeftOut: rows.length - ROWS_MAX } : {};
    return { ...others, rows: rows.slice(0, ROWS_MAX), ...left };
  }
  try {
    return isOwn ? ownFields(message, feed) : serverFields(message);
  } catch (error) {
    return { error: error instanceof Refused ? error.message : String(error), name };
  }
}

/** @param {Uint8Array} message */
function serverFields(message) {
  const taken = readMessage(message);
  // Long parts are the game's own, and said elsewhere.
  if (taken.name === "welcome") {
    const { resume: _, ...welcome } = taken.welcome;
    return welcome;
  }
  const { name: _, ...fields } = taken;
  return fields;
}

/** @param {Uint8Array} message @param {Feed} feed */
function ownFields(message, feed) {
  const reader = new Reader(message);
  switch (reader.u8()) {
    case 1:
      return helloFields(reader);
    case 2: {
      const [tick, seen, rewind, input] = [reader.u32(), reader.u32(), reader.u16(), reader.block()];
      const shape = feed.decoder.schema?.input;
      const decoded = shape ? decodeInput(/** @type {import("../stream/input.js").Shape} */ (shape), input) : hex(input);
      return { tick, seen, rewind, input: decoded };
    }
    case 3:
      return { seen: reader.u32() };
    case 4:
      return { number: reader.u32() };
    case 6:
      return { first: reader.u16(), count: reader.u8() };
    default:
      return {};
  }
}

/** @param {Reader} reader */
function helloFields(reader) {
  const [protocol, game, rules] = [reader.u16(), reader.text(), reader.u32()];
  const role = reader.unsigned() === 1 ? "spectator" : "player";
  const name = reader.text();
  const room = reader.unsigned() === 1 ? reader.text() : null;
  const replays = reader.bool();
  const hasTicket = reader.optional(() => reader.text()) !== null;
  const settings = reader.optional(() => reader.text());
  const hasToken = reader.optional(() => reader.take(RESUME_TOKEN_BYTES)) !== null;
  return { protocol, game, rules, role, name, room, replays, hasTicket, settings, hasToken };
}
