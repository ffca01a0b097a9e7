// @ts-check
// Tests of client.js against a running server: node client.mjs URL
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/real.rs.

import { TickwireClient, TickwireError } from "../build/kit/client.js";

// Below a path, if the server lies below one.
const server = process.argv[2].replace(/\/?$/, "/");

/** @typedef {import("../build/kit/client.js").Greeting} Greeting */

/** @param {unknown} claim @param {string} what */
function holds(claim, what) {
  if (!claim) throw new Error(`does not hold: ${what}`);
  console.log(what);
}

/** The code of the thrown error. @param {() => unknown} act */
async function thrown(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof TickwireError) return error.code;
    throw error;
  }
  return null;
}

/** Close code of the last socket. */
let closeCode = 0;

/**
 * Connects, and passes each message to `each` before the client gets it, until the socket closes.
 * @param {Greeting} greeting
 * @param {(client: TickwireClient, name: string, message: ArrayBuffer) => void} each
 */
async function join(greeting, each) {
  const client = new TickwireClient();
  const socket = new WebSocket(new URL("ws", server.replace(/^http/, "ws")));
  socket.binaryType = "arraybuffer";
  const flush = () => [...client.outgoing()].forEach((message) => socket.send(message));
  await new Promise((closed, failed) => {
    socket.addEventListener("open", () => {
      client.hello(greeting);
      flush();
    });
    socket.addEventListener("message", ({ data }) => {
      try {
        each(client, client.receive(data), data);
        flush();
      } catch (error) {
        failed(error);
        socket.close();
      }
    });
    socket.addEventListener("close", ({ code }) => closed((closeCode = code)));
  });
  return client;
}

// A player without rules: it receives its whole own state, and the server accepts its inputs.
let received = 0;
let ownBytes = 0;
let pinged = 0;
let sent = 0;
/** Where the own ship was, in each snapshot. @type {number[]} */
const places = [];
const player = await join({ role: "player", name: "Ada", room: "raw" }, (client, name) => {
  if (name !== "snapshot" || client.tick === null || received >= 30) return;
  ownBytes = client.own()?.length ?? ownBytes;
  if (client.standing?.given === "received") received++;
  const own = client.rows().find((row) => row.kind === "ship" && row.player === client.welcome?.player);
  if (own) places.push(own.x);
  // The input of the bundled game, by its names in the schema: to the right.
  sent = Math.max(sent + 1, client.tick + 4);
  client.input(sent, { buttons: 8 });
  if (pinged === 0) pinged = client.ping();
  if (received === 30) client.leave();
});
holds(player.welcome?.room === "raw", "a player is let in");
holds(received === 30, "a player's inputs are received in time");
holds(places.length > 10 && places[places.length - 1] > places[0] + 1, "what it holds by the schema moves its ship");
holds(ownBytes > 0, "its own state comes as bytes");
holds(pinged !== 0 && player.pong === pinged, "a ping is answered by its number");
const names = [...player.roster.values()].map((each) => each.name);
holds(names.includes("Ada"), "the roster has its name");
holds(closeCode === 1000, "it left in order");

// Invalid bytes are a typed error, and do not affect other clients.
/** @type {ArrayBuffer[]} */
const messages = [];
const spectator = await join({ room: "raw" }, (client, _name, message) => {
  if (messages.push(message.slice(0)) === 40) client.leave();
});
const ships = spectator.rows().filter((row) => row.kind === "ship");
holds(ships.length > 0 && ships.every((ship) => Number.isFinite(ship.x)), "rows have their values");
holds(spectator.schema?.entities.some((kind) => kind.name === "ship"), "the schema has its kinds");
const client = new TickwireClient();
let faults = 0;
for (let round = 0; round < 400; round++) {
  client.hello();
  for (const [nth, message] of messages.entries()) {
    const bytes = new Uint8Array(message.slice(0));
    // Spread by multiplication: the same bytes are meddled with in each run.
    if (nth === round % messages.length) bytes[(round * 7919) % bytes.length] ^= 1 << round % 8;
    const code = await thrown(() => client.receive(bytes));
    if (code === "fault") throw new Error(`a mistake of the decoder's in round ${round}`);
    if (code === null) continue;
    faults++;
    const again = await thrown(() => client.receive(message));
    if (again !== code) throw new Error(`${code} in round ${round}, but then ${again}`);
    break;
  }
}
holds(faults > 20, `${faults} of 400 streams that were meddled with are errors, and none is the decoder's own`);
holds(spectator.rows().length > 0, "a client beside them goes on");
client.hello();
holds((await thrown(() => client.receive(new Uint8Array(2 ** 21)))) === "message", "too long");
holds((await thrown(() => client.receive(messages[0]))) === "message", "nothing more is taken");
client.hello();
holds(client.receive(messages[0]) === "welcome", "a hello starts over");
holds((await thrown(() => client.input(1, Uint8Array.of(0)))) === "argument", "a spectator has no input");
holds((await thrown(() => client.hello({ name: "x".repeat(1_999) }))) === "argument", "a name too long");
const settings = { text: "x".repeat(512) };
holds((await thrown(() => client.hello({ room: "a", settings }))) === "argument", "settings too long");
const texts = /** @type {any} */ ("a text");
holds((await thrown(() => client.receive(texts))) === "argument", "a text is no message");

// Buffers of other realms work: jest, jsdom and frames have classes of their own.
const { runInNewContext } = await import(/** @type {any} */ ("node:vm"));
const elsewhere = runInNewContext("(bytes) => Uint8Array.from(bytes)");
const foreign = new TickwireClient();
foreign.hello();
holds(foreign.receive(elsewhere(new Uint8Array(messages[0])).buffer) === "welcome", "a buffer of another realm");
holds(foreign.receive(elsewhere(new Uint8Array(messages[1]))) !== null, "a view of another realm");

// Many clients, each with a stream of its own.
const crowd = Array.from({ length: 64 }, () => new TickwireClient());
for (const each of crowd) each.hello();
for (const [nth, message] of messages.entries()) {
  for (const [who, each] of crowd.entries()) if (nth <= who) each.receive(message);
}
const last = crowd[63].tick ?? 0;
holds(last === spectator.tick && crowd[63].rows().length === spectator.rows().length, "a crowd");
holds(crowd[20].tick !== null && crowd[20].tick < last, "each with a stream of its own");

// A refused client receives the reason.
const refused = await join({ game: "skirmish", rules: 4_000_000_000 }, () => {});
holds(refused.refusal?.reason === "rules" && refused.refusal.server !== null, "other rules");
holds((await join({ game: "chess" }, () => {})).refusal?.reason === "game", "another game");
