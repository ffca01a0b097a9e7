// @ts-check
// Tests of tickwire.js in Node, against a running server of Skirmish: node tickwire.mjs URL
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/real.rs.

import { TickwireClient } from "../build/kit/client.js";
import { Tickwire } from "../build/kit/tickwire.js";

const server = process.argv[2];
/** Errors in the console. @type {string[]} */
const said = [];
console.error = (/** @type {unknown[]} */ ...texts) => void said.push(texts.join(" "));

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}; ${said.join("; ")}`);
  console.log(what);
}

const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/** Draws frames until a condition holds. @param {Tickwire} game @param {(rows: any[]) => unknown} is
 *  @param {string} what */
async function until(game, is, what) {
  for (let frame = 0; frame < 1500; frame++) {
    if (is(game.rows())) return;
    await pause(10);
  }
  throw new Error(`never ${what}: ${game.status} ${game.reason} ${said.join("; ")}`);
}

const game = await Tickwire.load({ server });
/** @type {string[]} */
const statuses = [];
let rosters = 0;
game.addEventListener("status", () => statuses.push(game.status));
game.addEventListener("roster", () => (rosters += 1));

holds(game.status === "idle" && game.rows().length === 0 && game.own === null, "nothing is there at first");
game.demo(5, 1);
await until(game, (rows) => rows.some(({ kind }) => kind === "ship"), "a demo");
holds(game.isDemo && game.player === null && game.roster.size === 5, "a demo is a room without a server");

game.join({ name: "Ada", room: "kit" });
await until(game, () => game.own?.respawn_ticks === null, "flying");
holds(statuses.join() === "connecting,playing" && !game.isDemo, "it joins, and says so");
holds(game.room === "kit" && game.player !== null && game.tickRate > 0, "it knows where it is");
holds(game.roster.get(game.player ?? -1)?.name === "Ada" && rosters > 0, "and who is there");
holds(game.level?.walls && game.settings && game.measures.classes.length === 3, "and level, settings, measures");
await until(game, (rows) => rows.some((row) => row.own && row.kind === "ship" && row.player === game.player), "own");
holds(true, "its own row is marked");

const ship = () => game.rows().find((row) => row.own && row.kind === "ship");
const first = ship();
await pause(50);
holds(first && first === ship(), "an entity keeps its object");
const { x } = game.own;
let flies = 1;
game.onsample = () => game.hold({ left: flies < 0, right: flies > 0, aim: 1, class: "Dart" });
for (let turn = 0; turn < 20 && Math.abs(game.own.x - x) < 1; turn++) {
  await until(game, () => true, "drawn");
  await pause(100);
  // An obstacle may be in the way.
  if (turn === 10) flies = -1;
}
holds(Math.abs(game.own.x - x) >= 1 && Math.abs(game.own.aim - 1) < 0.01, "what is held moves the own player");
game.onsample = null;
game.hold({ aim: 1 });
await until(game, () => game.own?.cooldown_ticks === 0 && game.own.respawn_ticks === null, "ready to fire");
game.press({ fire: true });
await until(game, () => game.own?.cooldown_ticks > 0, "fired");
holds(true, "a press of no length fires");
holds(said.length === 0, "and there was nothing to complain of");
for (let twice = 0; twice < 2; twice++) {
  game.hold(/** @type {any} */ ({ fier: true }));
  game.hold(/** @type {any} */ ({ aim: "north" }));
  game.press(/** @type {any} */ ({ fire: 1 }));
}
const wrong = ["fier: there is no such field", "aim: invalid type: string", "fire: it must be true or false"];
holds(said.length === 3 && wrong.every((text, nth) => said[nth].includes(text)), "each wrong input is said once");

game.simulate({ latency: 120 });
await until(game, () => game.network.rtt_ms >= 120, "farther away");
holds(game.simulation.latency === 120 && game.network.bytes > 0, "a worse network is simulated");
game.simulate({ latency: 0, prediction: false });
await until(game, (rows) => rows.length > 0 && !rows.some(({ own }) => own), "unpredicted");
holds(true, "what is predicted can be left out");

game.spectate({ room: "kit" });
await until(game, (rows) => game.status === "watching" && rows.some(({ kind }) => kind === "ship"), "watching");
holds(game.player === null && game.own === null, "a spectator has no own player");
game.leave();
holds(game.status === "idle", "it leaves");
game.join({ room: "no room is called so!" });
await until(game, () => game.status === "ended", "refused");
holds(game.reason.length > 0, "and it has the server's reason");
game.leave();

// One that shows its messages, and whose connection breaks.
const { WebSocket } = globalThis;
/** @type {WebSocket[]} */
const sockets = [];
globalThis.WebSocket = class extends WebSocket {
  /** @param {string | URL} url */
  constructor(url) {
    super(url);
    sockets.push(this);
  }
};
const shown = await Tickwire.load({ server });
const decoder = new TickwireClient();
const [AWAY, NO_TOKEN] = [4010, "0".repeat(48)];
/** @type {Uint8Array[]} */
const hellos = [];
/** @type {unknown[]} */
const welcomes = [];
shown.observe((message, isOwn) => {
  if (isOwn && message[0] === 1) {
    hellos.push(message);
    decoder.hello();
  }
  for (const _ of decoder.outgoing());
  if (!isOwn && decoder.receive(message.slice().buffer) === "welcome") welcomes.push({ ...decoder.welcome });
});
shown.join({ name: "Cleo", room: "kit" });
await until(shown, () => shown.own?.respawn_ticks === null, "flying");
const { player } = shown;
holds(shown.resuming === null && !shown.isResumed && !shown.joinedAnew, "who joins for the first time resumes nothing");
sockets.at(-1)?.close(AWAY);
await until(shown, () => !shown.isInRoom, "cut");
const { name, room, spectator } = shown.resuming ?? {};
holds(name === "Cleo" && room === "kit" && spectator === false, "while it is away it knows what it is to resume");
await until(shown, () => shown.isInRoom, "back");
holds(shown.isResumed && shown.player === player && !shown.joinedAnew, "and is that again");
const tokens = welcomes.map((one) => /** @type {any} */ (one).resume);
const grace = welcomes.map((one) => /** @type {any} */ (one).graceSeconds);
holds(tokens.join() === [NO_TOKEN, NO_TOKEN].join() && grace.join() === "30,30", "observers see all of a welcome but its token");
holds(hellos.length === 2 && hellos[1].length === hellos[0].length + 24, "and of a hello that has one");
holds([...hellos[1].subarray(-25)].join("") === `1${"0".repeat(24)}`, "zeros, too");
shown.leave();
globalThis.WebSocket = WebSocket;

const wasm = await (await fetch(new URL("tickwire.wasm", server.replace(/\/?$/, "/")))).arrayBuffer();
const other = await Tickwire.load({ server, wasm });
other.join({ name: "Bob" });
await until(other, () => other.isInRoom, "in a room");
holds(other.room !== null, "a module of one's own will do");
other.leave();
const nowhere = await Tickwire.load({ server: `${server}/nowhere/` }).catch(String);
holds(typeof nowhere === "string" && nowhere.includes("404"), "what is not there is said");
// After leaving, nothing keeps the program running.
