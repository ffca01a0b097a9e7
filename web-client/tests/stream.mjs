// @ts-check
// Tests of client.js with the streams of tests/golden: node stream.mjs
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.
// tests/golden tests whether the decoded values are right.

import { TickwireClient, TickwireError } from "../build/kit/client.js";
import { Writer } from "../build/kit/stream/bytes.js";

const { readFileSync } = await import(/** @type {any} */ ("node:fs"));

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** @param {string} hex */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** A stream: the values of its welcome, and its snapshots. @param {string} file @param {string} name */
function golden(file, name) {
  /** @type {string[]} */
  const lines = readFileSync(new URL(`../../tests/golden/${file}.snapshots`, import.meta.url), "utf8").split("\n");
  const hz = Number(lines.find((line) => line.startsWith("rate "))?.slice(5));
  const schema = bytesOf(lines.find((line) => line.startsWith("schema "))?.slice(7) ?? "");
  const from = lines.indexOf(`stream ${name}`);
  const to = lines.findIndex((line, at) => at > from && line.startsWith("stream "));
  const bodies = lines.slice(from, to < 0 ? undefined : to).filter((line) => line.startsWith("range "));
  const snapshots = bodies.map((line) => new Writer().u8(132).raw(bytesOf(line.slice(6))).done());
  return { hz, schema, snapshots };
}

/** @param {{ hz: number, schema: Uint8Array }} room @param {number | null} player */
function welcome({ hz, schema }, player) {
  const writer = new Writer().u8(129).unsigned(7);
  if (player === null) writer.u8(0);
  else writer.u8(1).unsigned(player);
  writer.text("meadow").unsigned(hz).unsigned(1).unsigned(4).unsigned(60);
  return writer.block(schema).block([1, 2, 3]).block([]).raw(bytesOf(TOKEN)).u8(1).unsigned(300).done();
}

const TOKEN = `0700000000000000${"c0de".repeat(8)}`;

/** The code of the thrown error. @param {() => unknown} act */
function thrown(act) {
  try {
    act();
  } catch (error) {
    if (error instanceof TickwireError) return error.code;
    throw error;
  }
  return null;
}

/** A client that has joined. @param {ReturnType<typeof golden>} stream @param {number | null} player */
function entered(stream, player) {
  const client = new TickwireClient();
  client.hello({ role: player === null ? "spectator" : "player", name: "Ada" });
  holds([...client.outgoing()].length === 1, "a hello goes out once");
  holds(client.receive(welcome(stream, player)) === "welcome", "it is let in");
  return client;
}

const cart = golden("cart", "spectator");
const watching = entered(cart, null);
holds(watching.welcome?.room === "meadow" && watching.welcome.delayTicks === 60, "the welcome is known");
const { resume, resumed, graceSeconds } = watching.welcome ?? {};
holds(resume === TOKEN && resumed === true && graceSeconds === 300, "and by what it can be resumed, and for how long");
holds(watching.level().join() === "1,2,3" && watching.settings().length === 0, "level and settings are bytes");
/** @type {number[]} */
const said = [];
for (const [nth, snapshot] of cart.snapshots.entries()) {
  watching.receive(snapshot);
  if ([...watching.outgoing()].length > 0) said.push(nth);
}
holds(said.join() === "0", "a spectator acknowledges at once, and not again within half a second");
const kinds = watching.schema?.entities ?? [];
const [row] = watching.rows();
holds(row && kinds.some(({ name }) => name === row.kind), "rows have the kinds of the schema");
const kind = kinds.find(({ name }) => name === row.kind);
holds(kind?.fields.every(({ name }) => Number.isFinite(row[name] ?? row[`${name}_`])), "and its fields");
const happened = watching.events();
holds(watching.events().length === 0, `${happened.length} events are returned once`);
holds(thrown(() => watching.input(1, Uint8Array.of(1))) === "argument", "a spectator has no input");
holds(thrown(() => watching.openBoard(0, 10)) === "argument", "nor a board");
holds(thrown(() => watching.receive(welcome(cart, null))) === "out-of-place", "one welcome is enough");
holds(watching.stage === "faulted" && thrown(() => watching.receive(cart.snapshots[0])) === "out-of-place", "then no more");

const motions = golden("motions", "spectator");
const long = entered(motions, null);
let acks = 0;
for (const snapshot of motions.snapshots) {
  long.receive(snapshot);
  acks += [...long.outgoing()].length;
}
const most = 1 + motions.snapshots.length / Math.floor(motions.hz / 2);
holds(acks > 1 && acks <= most, `${acks} acknowledgements of ${motions.snapshots.length} snapshots`);

// The costs of all symbols are the logarithm of the probability of the whole: the coder is within some bytes of it.
for (const [file, name] of [["motions", "spectator"], ["names", "spectator"], ["names", "spectator, with gaps and keyframes"]]) {
  const stream = golden(file, name);
  const counting = entered(stream, null);
  const { costs } = counting;
  let [bytes, counted] = [0, 0];
  for (const [nth, snapshot] of stream.snapshots.entries()) {
    counting.receive(snapshot);
    const { isKeyframe, rows, gone } = counting.changes();
    const known = new Set(counting.rows().map(({ id }) => id));
    holds((nth > 0 || isKeyframe) && rows.every(({ row }) => known.has(row.id)) && !gone.some((id) => known.has(id)),
          `${file}, snapshot ${nth}: it says what became of rows`);
    if (isKeyframe) continue;
    bytes += snapshot.length - 1;
    counted += 1;
  }
  const bits = costs?.list().reduce((sum, cost) => sum + cost.bits, 0) ?? 0;
  const spare = 8 * bytes - bits;
  holds(costs?.snapshots === counted && counted > 5, `${file}: keyframes do not count`);
  holds(spare > -16 * stream.snapshots.length && spare < 32 * stream.snapshots.length, `${file}: ${bytes} bytes are ${bits.toFixed()} bits`);
}
const changing = entered(cart, null);
/** @type {string[]} */
const changes = [];
for (const snapshot of cart.snapshots) {
  changing.receive(snapshot);
  changes.push(changing.changes().rows.map(({ row, fields }) => `${row.id} ${fields?.join("+") ?? "new"}`).join());
}
holds(changes.join("; ") === "1 new; 1 x; ; 1 x+light; ", "a snapshot names rows that are new, and fields that are not as expected");

const gaps = golden("gaps", "player, does not replay");
const playing = entered(gaps, 0);
holds(thrown(() => playing.input(4, new Uint8Array(33))) === "argument", "an input has at most 32 bytes");
const [first, second, third, fourth] = gaps.snapshots;
playing.receive(first);
holds([...playing.outgoing()].length === 0, "a player does not acknowledge a single snapshot");
playing.receive(second);
const [ack] = [...playing.outgoing()];
holds(ack?.[0] === 3, "of two it does");
playing.receive(third);
playing.input(400, Uint8Array.of(9));
const [input] = [...playing.outgoing()];
const seen = new Writer().u8(2).unsigned(400).unsigned(playing.tick ?? 0).unsigned(0).block([9]).done();
holds(input.join() === seen.join(), "an input acknowledges");
playing.receive(fourth);
holds([...playing.outgoing()].length === 0, "so no acknowledgement follows");
playing.ping();
holds([...playing.outgoing()].map(([kind]) => kind).join() === "4,3", "before a ping the rest is acknowledged");
holds(playing.own() !== null && playing.standing !== null, "own state and input status are known");

const entry = (/** @type {number} */ player, /** @type {string} */ name) =>
  new Writer().unsigned(player).text(name).unsigned(4).u8(1).u8(0).done();
const roster = (/** @type {Uint8Array[]} */ entries, /** @type {number[]} */ gone, isComplete = false) => {
  const writer = new Writer().u8(131).u8(isComplete ? 1 : 0).unsigned(entries.length);
  entries.forEach((each) => writer.raw(each));
  writer.unsigned(gone.length);
  gone.forEach((player) => writer.unsigned(player));
  return writer.done();
};
const names = () => [...playing.roster.values()].map(({ player, name, score }) => `${player} ${name} ${score}`).join();
playing.receive(roster([entry(300, "Bea"), entry(2, "Ann")], [], true));
holds(names() === "2 Ann 2,300 Bea 2", "the roster is by rising player");
playing.receive(roster([entry(4, "Cid")], [2]));
holds(names() === "4 Cid 2,300 Bea 2", "players who left are removed");
playing.receive(new Writer().u8(137).unsigned(2).unsigned(4).unsigned(20).u8(1).unsigned(5).unsigned(2).u8(0).done());
holds(names() === "4 Cid 10,300 Bea 2", "scores apply only to present players");
const page = new Writer().u8(138).unsigned(0).unsigned(2).u8(1).unsigned(1).block([]).raw([]);
playing.receive(page.done());
holds(playing.board === null, "a page that was not opened is ignored");
playing.openBoard(0, 10);
playing.receive(page.done());
holds(playing.board?.total === 2 && playing.board.own === 1, "an opened one is known");
playing.openBoard(0, 0);
holds(playing.board === null && thrown(() => playing.openBoard(0, 51)) === "argument", "until it is closed");
holds(playing.closing === null, "nothing is known of an end");
holds(playing.receive(new Writer().u8(139).unsigned(300).done()) === "closing" && playing.closing === 300, "the server closes in 300 s");
playing.receive(new Writer().u8(135).unsigned(15).done());
holds(playing.stage === "ended" && playing.end?.reason === "idle" && playing.end.code === 4007, "the end has its reason");

// Tokens to resume by.
const resuming = new TickwireClient();
resuming.hello({ role: "player", name: "Ada" });
const [anew] = [...resuming.outgoing()];
for (const none of [null, undefined]) {
  resuming.hello({ role: "player", name: "Ada", resume: none });
  holds([...resuming.outgoing()].join() === anew.join(), `${none} is no token`);
}
resuming.hello({ role: "player", name: "Ada", resume: TOKEN.toUpperCase() });
const [withToken] = [...resuming.outgoing()].map((bytes) => [...bytes]);
holds(withToken.join() === [...anew.slice(0, -1), 1, ...bytesOf(TOKEN)].join(), "a hello ends with its token");
for (const wrong of ["", TOKEN.slice(1), `${TOKEN}0`, TOKEN.replace("c", "g"), TOKEN.replace("c", "\n"), /** @type {any} */ (7)]) {
  holds(thrown(() => resuming.hello({ resume: wrong })) === "argument", `${JSON.stringify(wrong)} is no token`);
}
resuming.hello({ resume: TOKEN });
holds(resuming.closing === null && resuming.receive(Uint8Array.of(130, 21)) === "refused", "a token may be refused");
holds(resuming.refusal?.reason === "not-resumable" && resuming.refusal.server === null, "by a reason of its own");
for (const [number, code, reason] of /** @type {const} */ ([[17, 4009, "replaced"], [18, 4010, "away"]])) {
  resuming.hello();
  resuming.receive(Uint8Array.of(135, number));
  holds(resuming.end?.code === code && resuming.end.reason === reason, `${reason} is an end`);
}

// Lists that claim more items than bytes, invalid texts, missing fields.
for (const [what, bytes] of /** @type {[string, number[]][]} */ ([
  ["a list of 2^32 players", [131, 1, 252, 255, 255, 255, 255]],
  ["a list of 2^53 players", [131, 1, 253, 0, 0, 0, 0, 0, 0, 32, 0]],
  ["a text that is not UTF-8", [134, 2, 0xc3, 0x28]],
  ["a pace of 0", [136, 1, 0]],
  ["a reason that is none", [130, 99]],
  ["the first reason that is none", [130, 23]],
  ["the first end that is none", [135, 19]],
  ["seconds of more than 16 bits", [139, 252, 0, 0, 1, 0]],
  ["a token too short", [129, 7, 0, 0, 30, 1, 4, 60, 0, 0, 0, ...new Array(25).fill(0)]],
  ["bytes left over", [133, 1, 1]],
  ["nothing", []],
  ["a kind that is none", [7]],
])) {
  const client = new TickwireClient();
  client.hello();
  holds(thrown(() => client.receive(Uint8Array.from(bytes))) === "message", `${what}: an error`);
}

// Changes a few bytes at a time, the same in each run.
let [state, faults, rounds] = [1, 0, 0];
const below = (/** @type {number} */ bound) => (state = (state * 48_271) % 2_147_483_647) % bound;
for (const [stream, player] of /** @type {const} */ ([[cart, null], [golden("names", "spectator"), null], [gaps, 0]])) {
  for (let round = 0; round < 400; round++, rounds++) {
    const messages = [welcome(stream, player), ...stream.snapshots.slice(0, 12)].map((bytes) => bytes.slice());
    for (let times = below(3); times >= 0; times--) {
      const message = messages[below(messages.length)];
      message[below(message.length)] = below(256);
    }
    const client = new TickwireClient();
    client.hello();
    for (const message of messages) {
      const code = thrown(() => client.receive(message));
      if (code === "fault") throw new Error(`a mistake of the decoder's own in round ${round}`);
      client.rows();
      client.events();
      if (code === null) continue;
      faults++;
      break;
    }
  }
}
holds(faults > 200 && faults < rounds, `${faults} of ${rounds} streams that were meddled with are errors`);
