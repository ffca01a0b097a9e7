// @ts-check
// Messages as people read them: what each is, how long, and its fields by name. It keeps the newest.

import { Reader, Refused } from "../stream/bytes.js";
import { decodeInput } from "../stream/input.js";
import { readMessage } from "../stream/messages.js";
import { hex } from "./scenes.js";

/** @typedef {import("./feed.js").Traffic} Traffic */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {{ at: number, isOwn: boolean, name: string, message: Uint8Array, length: number, fields: unknown }} Entry
 *  `at` in milliseconds since the page was opened; `length` in bytes, also where those are not kept */

/** So many messages are kept. */
export const ENTRIES_MAX = 600;
/** Of a snapshot that names more rows so many are kept: a keyframe names all. */
const ROWS_MAX = 40;

export class Log {
  /** The oldest first. @type {Entry[]} */
  entries = [];
  /** @param {Traffic} traffic @param {Feed} feed @param {number} at ms */
  add(traffic, feed, at) {
    const { isOwn, name } = traffic;
    // A hello may have a ticket, which lets in whoever has it: its bytes are not kept.
    const message = isOwn && name === "hello" ? new Uint8Array() : traffic.message;
    this.entries.push({ at, isOwn, name, message, length: traffic.message.length, fields: fieldsOf(traffic, feed) });
    if (this.entries.length > ENTRIES_MAX) this.entries.shift();
  }

  /** For programs: a line of JSON for each message, its bytes in hexadecimal. */
  export() {
    const lines = this.entries.map(({ at, isOwn, name, message, fields }) =>
      JSON.stringify({ ms: Math.round(at * 10) / 10, from: isOwn ? "client" : "server", name, bytes: hex(message), fields }));
    return `${lines.join("\n")}\n`;
  }
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
  if (taken.name === "welcome") return taken.welcome;
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
  return { protocol, game, rules, role, name, room, replays, hasTicket, settings: reader.optional(() => reader.text()) };
}
