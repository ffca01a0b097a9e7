// Reads and writes the inputs of `inputs.txt` by what client.js writes inputs with: node inputs.mjs
//
// It ends with 0 if all are as they should be, and else prints what is not.

import { readFileSync } from "node:fs";
import { Reader } from "../../web-client/build/kit/stream/bytes.js";
import { decodeInput, encodeInput, readInputSchema } from "../../web-client/build/kit/stream/input.js";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function same(is, should, what) {
  if (is === should) return;
  console.log(`${what}\nis:\n${is}\nshould be:\n${should}`);
  process.exit(1);
}

const lines = readFileSync(new URL("inputs.txt", import.meta.url), "utf8").trim().split("\n");
const [first, schemaLine, ...inputs] = lines;
same(first, "inputs 1", "the version");
const reader = new Reader(bytesOf(schemaLine.split(" ")[1]));
const schema = readInputSchema(reader);
reader.end();
same(hexOf(encodeInput(schema, {})), inputs[0].split(" ")[1], "the default");
for (const line of inputs) {
  const [, hex, ...rest] = line.split(" ");
  const value = JSON.parse(rest.join(" "));
  same(hexOf(encodeInput(schema, value)), hex, line);
  same(JSON.stringify(decodeInput(schema.shape, bytesOf(hex))), JSON.stringify(value), line);
}
for (const wrong of [{ jumps: true }, { jump: 1 }, { bytes: [256, 0] }, { bytes: [1] }, { weapon: "Laser" },
                     { weapon: { Beam: {} } }, { far: null }, { short: [0.5, 0] }]) {
  let error = null;
  try {
    encodeInput(schema, wrong);
  } catch (thrown) {
    error = thrown;
  }
  same(error?.constructor.name, "Refused", JSON.stringify(wrong));
}
console.log(`${inputs.length} inputs read and written as they should be`);
