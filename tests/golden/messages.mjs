// Reads server-messages.txt, and writes those messages of client-messages.txt that a client without rules
// sends, with the messages of client.js:
//
//     node messages.mjs
//
// Prints each server message as JSON behind its name; exits with 1 at the first difference.

import { readFileSync } from "node:fs";

import { ack, board, goodbye, hello, input, ping, readMessage, tokenOf } from "../../web-client/build/kit/stream/messages.js";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Names and bytes. */
function read(file) {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.split(": "));
}

for (const [name, hex] of read("server-messages.txt")) {
  const message = readMessage(bytesOf(hex));
  console.log(`${name}: ${JSON.stringify(message)}`);
}

const written = {
  "hello, by the schema": hello({
    role: "spectator", name: "Zoë", room: "den-1", game: "", rules: 0, ticket: "a.b.c", settings: { teams: true },
    resume: null,
  }),
  "hello, resume by the schema": hello({
    role: "player", name: "Ann", room: "den-1", game: "", rules: 0, ticket: "", settings: undefined,
    resume: tokenOf(`0500000000000000${"9e".repeat(16)}`),
  }),
  "input, by the schema": input(300, 250, Uint8Array.of(2, 3, 1)),
  ack: ack(70_000),
  ping: ping(7),
  goodbye: goodbye(),
  board: board(300, 20),
};
const should = new Map(read("client-messages.txt"));
for (const [name, bytes] of Object.entries(written)) {
  if (hexOf(bytes) === should.get(name)) continue;
  console.error(`${name}\nis:        ${hexOf(bytes)}\nshould be: ${should.get(name)}`);
  process.exit(1);
}
