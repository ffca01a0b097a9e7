// @ts-check
// Reads a server's messages and writes a client's. It follows docs/protocol.md.

import { Reader, Refused, Writer, refuse } from "./bytes.js";

/** @typedef {import("../client.js").Refusal} Refusal */
/** @typedef {import("../client.js").End} End */
/** @typedef {import("../client.js").Player} Player */
/** @typedef {import("../client.js").BoardPage} BoardPage */
/** @typedef {import("../client.js").Pace} Pace */
/** @typedef {import("../client.js").Welcome} Welcome */
/** @typedef {{ schema: Uint8Array<ArrayBuffer>, level: Uint8Array<ArrayBuffer>,
 *              settings: Uint8Array<ArrayBuffer> }} RoomParts */
/**
 * @typedef {{ name: "welcome", welcome: Welcome, parts: RoomParts, tokenAt: number }
 *   | { name: "refused", refusal: Refusal } | { name: "goodbye", end: End }
 *   | { name: "roster", isComplete: boolean, players: Player[], gone: number[] }
 *   | { name: "scores", scores: { player: number, score: number, team: number }[] }
 *   | { name: "board", page: BoardPage } | { name: "snapshot", body: Uint8Array }
 *   | { name: "pong", pong: number } | { name: "notice", notice: string } | { name: "pace", pace: Pace }
 *   | { name: "closing", closing: number }} Message
 */

/** The protocol's version. */
export const PROTOCOL = 10;
const HELLO_MAX_BYTES = 1_824;
const SETTINGS_MAX_BYTES = 512;
const SMALL = 16;
const INPUT_MAX_BYTES = 32;
export const RESUME_TOKEN_BYTES = 24;
/** Far more than a server sends of a player. */
const NAME_MAX_CHARS = 256;
const BOARD_MAX_PLAYERS = 50;

/** @type {[Refusal["reason"], string][]} */
const REASONS = [
  ["protocol", "this server speaks protocol {}: reload the page or renew the client"],
  ["game", "this server runs another game"],
  ["rules", "this server plays by rules {}: reload the page or renew the client"],
  ["room-name", "a room name has 1 to 32 letters, digits, '-' or '_'"],
  ["room-full", "the room is full"],
  ["server-full", "the server is full"],
  ["closing", "the server is closing"],
  ["overloaded", "the room is overloaded"],
  ["ticket-required", "a ticket is needed here: come in by the site that gives it"],
  ["ticket-invalid", "the ticket is not good for this: come in anew by the site that gave it"],
  ["ticket-expired", "the ticket has expired: come in anew by the site that gave it"],
  ["rooms-building", "too many rooms are being opened at the moment: try again in a few seconds"],
  ["rooms-max", "all rooms of the server are taken: join one that is open, or try again later"],
  ["own-rooms-max", "too many rooms were opened from your address or account: join one of them, or try again " +
    "when one is gone"],
  ["own-rooms-rate", "rooms are opened too often from your address or account: join one that is open, or try " +
    "again in a minute"],
  ["settings-too-long", `the settings of a room have at most ${SETTINGS_MAX_BYTES} bytes`],
  ["settings-without-room", "settings are for a room of your own: name it"],
  ["settings-unreadable", "the settings of a room are a JSON object, such as {\"name\": 1}: {}"],
  ["setting-not-allowed", "{}"],
  ["setting-invalid", "{}"],
  ["settings-refused", "{}"],
  ["not-resumable", "the place in the room is not kept any more: join anew"],
  ["room-fails", "rooms like this one fail: try again in a minute, or another name or other settings"],
];

/** @type {[number, string][]} */
const ENDS = [
  [1000, "left"], [1001, "closing"], [1002, "protocol"], [1003, "not-binary"], [1009, "too-big"],
  [4000, "refused"], [4001, "hello-timeout"], [4002, "silent"], [4003, "too-slow"], [4004, "too-much"],
  [4005, "room-failed"], [1011, "fault"], [1006, "lost"], [1007, "not-utf8"], [4006, "flood"], [4007, "idle"],
  [4008, "room-over"], [4009, "replaced"], [4010, "away"],
];

/** The kinds by number: name, maximum length, and how to read the body.
 *  @type {Record<number, [what: string, maxBytes: number, read: (body: Reader) => Message]>} */
const KINDS = {
  129: ["welcome", 1 << 20, (body) => {
    body.unsigned();
    const player = body.optional(() => body.u16());
    const [room, tickRateHz, tick, playersMax, delayTicks] =
      [body.text(), body.u16(), body.u32(), body.u16(), body.u32()];
    const parts = { schema: body.block(), level: body.block(), settings: body.block() };
    const tokenAt = 1 + body.at;
    const [resume, resumed, graceSeconds] = [hexOf(body.take(RESUME_TOKEN_BYTES)), body.bool(), body.u16()];
    const welcome = { room, player, tickRateHz, tick, playersMax, delayTicks, resume, resumed, graceSeconds };
    return { name: "welcome", welcome, parts, tokenAt };
  }],
  130: ["refusal", 261, (body) => ({ name: "refused", refusal: refusal(body) })],
  131: ["roster", 1 << 19, (body) => {
    const isComplete = body.bool();
    const players = body.list(() => ({
      player: body.u16(), name: body.text(), score: body.i32(), team: body.u8(), bot: body.bool(),
    }));
    refuse(players.every(({ name }) => name.length <= NAME_MAX_CHARS), "a name too long");
    return { name: "roster", isComplete, players, gone: body.list(() => body.u16()) };
  }],
  133: ["pong", SMALL, (body) => ({ name: "pong", pong: body.u32() })],
  134: ["notice", 1_024, (body) => ({ name: "notice", notice: body.text() })],
  135: ["goodbye", SMALL, (body) => {
    const end = ENDS[body.unsigned()];
    refuse(end !== undefined, "no such end");
    return { name: "goodbye", end: { code: end[0], reason: end[1] } };
  }],
  136: ["pace", SMALL, (body) => {
    const pace = { from: body.u32(), permille: body.u16() };
    refuse(pace.permille >= 1 && pace.permille <= 1000, "no such pace");
    return { name: "pace", pace };
  }],
  137: ["scores", 4_096, (body) => {
    let player = 0;
    const scores = body.list(() => {
      player = (player + body.u16()) % 65_536;
      return { player, score: body.i32(), team: body.u8() };
    });
    return { name: "scores", scores };
  }],
  138: ["page of the board", 4_096, (body) => {
    const [first, total] = [body.u16(), body.u16()];
    const own = body.optional(() => body.u16());
    return { name: "board", page: { first, total, own, players: body.list(() => body.u16()) } };
  }],
  139: ["closing", SMALL, (body) => ({ name: "closing", closing: body.u16() })],
};
const SNAPSHOT = 132;
const SNAPSHOT_MAX_BYTES = 1 << 20;

/** @param {Reader} body @returns {Refusal} */
function refusal(body) {
  const number = body.unsigned();
  refuse(number < REASONS.length, "no such reason");
  const [reason, words] = REASONS[number];
  const server = reason === "protocol" ? body.u16() : reason === "rules" ? body.u32() : null;
  const text = server ?? (words.includes("{}") ? body.text() : "");
  return { reason, server, text: words.replace("{}", () => String(text)) };
}

/** Reads a whole message. @param {Uint8Array} bytes @returns {Message} */
export function readMessage(bytes) {
  refuse(bytes.length > 0, "an empty message");
  const kind = bytes[0];
  const [what, most, read] = kind === SNAPSHOT ? ["snapshot", SNAPSHOT_MAX_BYTES, null] : (KINDS[kind] ?? []);
  refuse(most !== undefined, `no kind of message has number ${kind}`);
  refuse(bytes.length <= most, `${bytes.length} bytes, of which its kind may have ${most}`);
  if (!read) return { name: "snapshot", body: bytes.subarray(1) };
  const body = new Reader(bytes.subarray(1));
  try {
    const message = read(body);
    body.end();
    return message;
  } catch (error) {
    if (error instanceof Refused) throw new Refused(`not a ${what}: ${error.message}`);
    throw error;
  }
}

/**
 * A hello; null if it is too long.
 * @param {{ role: "player" | "spectator", name: string, room: string, game: string, rules: number,
 *           ticket: string, settings: unknown, resume: Uint8Array | null }} greeting
 */
export function hello({ role, name, room, game, rules, ticket, settings, resume }) {
  const chosen = settings === undefined ? "" : JSON.stringify(settings);
  const writer = new Writer().u8(1).unsigned(PROTOCOL).text(game).unsigned(rules);
  writer.unsigned(role === "spectator" ? 1 : 0).text(name);
  if (room === "") writer.unsigned(0);
  else writer.unsigned(1).text(room);
  writer.u8(0).optional(ticket).optional(chosen);
  const bytes = resume === null ? writer.u8(0).done() : writer.u8(1).raw(resume).done();
  const isTooLong = bytes.length > HELLO_MAX_BYTES || new TextEncoder().encode(chosen).length > SETTINGS_MAX_BYTES;
  return isTooLong ? null : bytes;
}

/** An input for a tick, which acknowledges the tick `seen`; null if it is too long.
 *  @param {number} tick @param {number} seen @param {Uint8Array} input */
export function input(tick, seen, input) {
  if (input.length > INPUT_MAX_BYTES) return null;
  return new Writer().u8(2).unsigned(tick).unsigned(seen).unsigned(0).block(input).done();
}

/** @param {number} seen */
export const ack = (seen) => new Writer().u8(3).unsigned(seen).done();

/** @param {number} number */
export const ping = (number) => new Writer().u8(4).unsigned(number).done();

export const goodbye = () => new Writer().u8(5).done();

/** Opens a page of the board; null if the arguments are invalid. @param {number} first @param {number} count */
export function board(first, count) {
  const isPage = isWhole(first, 65_535) && isWhole(count, BOARD_MAX_PLAYERS);
  return isPage ? new Writer().u8(6).unsigned(first).u8(count).done() : null;
}

/** The token that these hexadecimal digits are; null if they are none. @param {unknown} text */
export function tokenOf(text) {
  const isToken = typeof text === "string" && text.length === 2 * RESUME_TOKEN_BYTES && /^[0-9a-f]*$/i.test(text);
  return isToken ? Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16)) : null;
}

/** @param {Uint8Array} bytes */
const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {number} value @param {number} most */
export const isWhole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
