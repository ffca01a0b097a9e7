// @ts-check
// Tests of what the generic page and the laboratory compute without a browser: node viewer.mjs
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.

import { TickwireClient } from "../build/kit/client.js";
import { Writer } from "../build/kit/stream/bytes.js";
import { Between } from "../build/kit/viewer/between.js";
import { Log } from "../build/kit/viewer/log.js";
import { MinuteRecorder } from "../build/kit/viewer/recorder.js";

const { readFileSync } = await import(/** @type {any} */ ("node:fs"));

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** @typedef {import("../build/kit/client.js").Field} Field */
/** @param {Partial<Field>} field @returns {Field} */
const field = (field) => ({ name: "", unit: "", min: 0, max: 100, scale: 1, wraps: false, predict: { how: "hold" }, names: null,
                            origin: null, ...field });
/** @type {Field["predict"]} */
const moves = { how: "linear-from-last-two" };
/** @type {import("../build/kit/client.js").Schema} */
const schema = {
  entities: [
    { name: "ship", place: ["x", "own"], fields: [
      field({ name: "x", predict: moves }), field({ name: "own", predict: moves, wraps: true, max: 9 }),
      field({ name: "id", unit: "player" }), field({ name: "hull" }) ] },
    { name: "bolt", place: null, fields: [field({ name: "owner", unit: "player", names: { kind: "ship", field: "id" } })] },
  ],
  events: [],
};
const ship = (/** @type {number} */ x, /** @type {number} */ own, /** @type {number} */ hull) =>
  ({ id: 7, kind: "ship", x, own, id_: 3, hull });
const bolt = { id: 8, kind: "bolt", owner: 3 };
const between = new Between();
between.take(1_000, schema, [ship(10, 9, 1), bolt], 3);
holds(between.rows(1_010)[0].x === 10, "after one snapshot rows are where it has them");
between.take(1_100, schema, [ship(20, 1, 2), bolt], 3);
const [half, shot] = between.rows(1_150);
holds(half.x === 15 && half.hull === 2, "what moves is on its way to the newest value, all else is at it");
holds(half.own_ === 0, "what wraps goes the shorter way round");
holds(half.own === true && shot.own === false, "a row is the player's by its own field, not by one that names another row");
holds(between.rows(1_900)[0].x === 20, "it goes no further");

/** @param {string} hex */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const hexOf = (/** @type {Uint8Array} */ bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
/** @type {string[]} */
const lines = readFileSync(new URL("../../tests/golden/gaps.snapshots", import.meta.url), "utf8").split("\n");
const schemaBytes = bytesOf(lines.find((line) => line.startsWith("schema "))?.slice(7) ?? "");
const stream = lines.slice(lines.indexOf("stream player, does not replay") + 1);
const decoder = new TickwireClient();
/** What the log and the recorder ask of a feed. @type {any} */
const feed = { decoder, get tick() { return decoder.tick; }, tickRate: 30, get costs() { return decoder.costs; } };
const log = new Log();
const recorder = new MinuteRecorder();
recorder.start(60);
/** @param {Uint8Array} message @param {boolean} isOwn */
function see(message, isOwn) {
  const name = isOwn ? "hello" : decoder.receive(message);
  const { rows, gone, isKeyframe } = decoder.changes();
  const said = { isKeyframe, tick: decoder.tick ?? 0, rows: [...rows], gone: [...gone], events: /** @type {any[]} */ (decoder.events()) };
  const traffic = { message, isOwn, name, snapshot: name === "snapshot" ? said : null };
  log.add(traffic, feed, 0);
  recorder.add(traffic, feed);
}
const [OLD_TOKEN, TOKEN] = ["dead".repeat(12), "beef".repeat(12)];
decoder.hello({ role: "player", name: "Ada", ticket: "aaa.bbb.ccc", resume: OLD_TOKEN });
for (const hello of decoder.outgoing()) see(hello, true);
const welcome = new Writer().u8(129).unsigned(7).u8(1).unsigned(1).text("meadow").unsigned(30).unsigned(1).unsigned(4).unsigned(0);
welcome.block(schemaBytes).block([]).block([]).raw(bytesOf(TOKEN)).u8(1).unsigned(30);
see(welcome.done(), false);
// Its first snapshots: later ones are of ticks that no room reaches.
const ticks = stream.flatMap((line, at) => (line.startsWith("tick ") ? [at] : []));
const own = stream.slice(0, ticks[5]);
for (const line of own) if (line.startsWith("range ")) see(new Writer().u8(132).raw(bytesOf(line.slice(6))).done(), false);

const exported = log.export();
holds(!exported.includes("6161612e6262622e636363") && !exported.includes("aaa.bbb"), "no ticket is kept of a hello");
holds(!exported.includes(OLD_TOKEN) && !exported.includes(TOKEN), "nor a token, of a hello or of a welcome");
const kept = log.entries[1].message;
holds(hexOf(kept) === hexOf(welcome.done()).replace(TOKEN, "00".repeat(24)), "all else of a welcome is kept");
holds(hexOf(welcome.done()).includes(TOKEN), "in the log alone: the message itself is whole");
holds(exported.includes('"hasToken":true') && exported.includes('"graceSeconds":30'), "as it is said that it resumed");
const unreadable = welcome.u8(0).done();
log.add({ message: unreadable, isOwn: false, name: "TickwireError: left over", snapshot: null }, feed, 0);
const [last] = log.entries.slice(-1);
holds(last.length === unreadable.length && last.message.length === 0, "of a welcome that cannot be read no byte is kept");
holds(!log.export().includes(TOKEN), "since its token may be anywhere");
holds(log.entries[0].length > 20 && exported.includes('"hasTicket":true'), "but how long it was, and that it had one");
const scenes = recorder.scenes().split("\n");
const is = (/** @type {string} */ line) => /^(row|event) /.test(line);
const rows = own.filter(is).map((line) => line.replace(/^event \d+ /, "event "));
holds(rows.length > 5 && scenes.filter(is).join() === rows.join(), "a recording has the rows and the events that were decoded");
holds(scenes[0] === "scenes 2" && scenes.some((line) => line.startsWith("own 1 ")), "and what the player was sent of itself");
