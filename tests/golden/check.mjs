// Decodes the streams of golden files (README.md here describes them) with the decoder of client.js, and
// compares the result with the files.
//
//     node check.mjs FILE...
//
// Prints how much it decoded; exits with 1 at the first difference.

import { readFileSync } from "node:fs";

import { Refused, refuse } from "../../web-client/build/kit/stream/bytes.js";
import { Codec, Decoder } from "../../web-client/build/kit/stream/decoder.js";
import { bitsOf, readSchema } from "../../web-client/build/kit/stream/schema.js";
import { RangeSource } from "../../web-client/build/kit/stream/symbols.js";

/** The plain coding, which no connection uses: it is readable by eye. */
class PlainSource {
  at = 0;

  constructor(bytes) {
      this.bytes = bytes;
  }

  raw(n) {
    let value = 0;
    for (let i = 0; i < n; i++, this.at++) {
      refuse(this.at < 8 * this.bytes.length, "too short");
      value += ((this.bytes[this.at >> 3] >> (this.at & 7)) & 1) * 2 ** i;
    }
    return value;
  }

  bit(_model) {
    return this.raw(1);
  }

  bitAt(_odds) {
    return this.raw(1);
  }

  choice(set) {
    return this.raw(Math.log2(set.count));
  }

  oneOf(n) {
    const value = this.raw(bitsOf(n - 1));
    refuse(value < n, "too short");
    return value;
  }

  end() {
    const left = 8 * this.bytes.length - this.at;
    refuse(left < 8 && this.raw(left) === 0, "left over");
  }
}

const SOURCES = { plain: PlainSource, range: RangeSource };
const CODINGS = Object.keys(SOURCES);

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const ownOf = (word) => (word === "-" ? null : word === "%" ? [] : [...bytesOf(word)]);
const wordOf = (own) => {
  if (own === null) return "-";
  return own.map((byte) => byte.toString(16).padStart(2, "0")).join("") || "%";
};

/** The lines of a file as streams: for each its steps, for each of these its lines. */
function readStreams(text) {
  const file = { streams: [] };
  let step = null;
  for (const line of text.split("\n")) {
    const [first, ...words] = line.split(" ");
    if (first === "" || first.startsWith("#")) continue;
    if (first === "snapshots") file.version = words[0];
    else if (first === "rate") file.hz = Number(words[0]);
    else if (first === "schema") file.schema = bytesOf(words[0]);
    else if (first === "stream") file.streams.push({ name: words.join(" "), steps: [] });
    else if (first === "tick" || first === "refused") {
      step = { first, words, bodies: {}, replayed: undefined, lines: [] };
      file.streams.at(-1).steps.push(step);
    } else if (CODINGS.includes(first)) step.bodies[first] = bytesOf(words[0] ?? "");
    else if (first === "replayed") step.replayed = words[0];
    else step.lines.push(line);
  }
  if (file.version !== "2") throw new Error("no snapshots of version 2");
  return file;
}

/** A snapshot as the lines of a step. */
function linesOf(decoder, { player, events }) {
  const lines = [];
  if (player !== null) {
    lines.push(`given ${player.given.join(" ")}`, `margin ${player.margin}`, `own ${wordOf(player.own)}`);
  }
  lines.push(...decoder.rows.map(({ id, kind, values }) => ["row", id, kind, ...values].join(" ")));
  lines.push(...events.map(({ tick, kind, values }) => ["event", tick, kind, ...values].join(" ")));
  return lines;
}

function same(is, should, where) {
  if (is === should) return;
  console.log(`${where}\nis:\n${is}\nshould be:\n${should}`);
  process.exit(1);
}

/** A deep copy that keeps shared references; plans, which never change, are not copied. */
function cloned(value, done = new Map()) {
  if (typeof value !== "object" || value === null || value instanceof Codec) return value;
  if (done.has(value)) return done.get(value);
  // Caches are filled again.
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  const copy = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
  done.set(value, copy);
  for (const key of Object.keys(value)) copy[key] = cloned(value[key], done);
  return copy;
}

function check(decoder, step, coding, where) {
  const body = step.bodies[coding];
  const source = () => new SOURCES[coding](body);
  const replay = (own) => (step.replayed === undefined ? own : ownOf(step.replayed));
  if (step.first === "refused") {
    try {
      cloned(decoder).decode(body, replay, source());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      same(error.message, step.words.join(" ") || error.message, where);
      return;
    }
    same("taken", "refused", where);
    return;
  }
  const snapshot = decoder.decode(body, replay, source());
  const head = [snapshot.tick, ...(snapshot.isKeyframe ? ["keyframe"] : [])].join(" ");
  same(head, step.words.join(" "), where);
  same(linesOf(decoder, snapshot).join("\n"), step.lines.join("\n"), where);
}

const counted = { streams: 0, snapshots: 0, refused: 0, bytes: 0 };
for (const path of process.argv.slice(2)) {
  const file = readStreams(readFileSync(path, "utf8"));
  for (const coding of CODINGS) {
    const codec = new Codec(readSchema(file.schema), file.hz);
    for (const stream of file.streams) {
      const steps = stream.steps.filter((step) => step.bodies[coding] !== undefined);
      const decoder = new Decoder(codec);
      for (const [nth, step] of steps.entries()) {
        const where = `${path}, stream ${stream.name}, ${coding}, step ${nth}: ${step.words.join(" ")}`;
        try {
          check(decoder, step, coding, where);
        } catch (error) {
          console.log(where);
          throw error;
        }
        counted[step.first === "refused" ? "refused" : "snapshots"] += 1;
        counted.bytes += step.bodies[coding].length;
      }
      counted.streams += steps.length > 0 ? 1 : 0;
    }
  }
}
console.log(
  `${counted.streams} streams, ${counted.snapshots} snapshots, ${counted.bytes} bytes as they should be; ` +
    `${counted.refused} bodies refused`,
);
