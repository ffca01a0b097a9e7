// @ts-check
// The WebSocket that opens while a page loads is used once, if it is still usable: node early.mjs
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.

import { holds, run } from "./fake-browser.mjs";
import { FakeCore, until, wire } from "./fake-wire.mjs";

const { Connection } = await import("../build/kit/connection.js");
const { EarlySocket } = await import("../build/kit/early.js");

const SERVER = new URL("http://play.test/game/");

/** A page that opens a socket, loads and then joins, and is in a room if it ever gets there.
 *  @param {number} loads ms @param {() => void} [meanwhile] before it joins */
async function joins(loads, meanwhile = () => {}) {
  Object.assign(wire, { line: true, server: "up", sockets: [], hellos: [] });
  const early = new EarlySocket(SERVER);
  await run(loads);
  meanwhile();
  const connection = new Connection(/** @type {any} */ (new FakeCore()), SERVER, {
    sample() {},
    pumped() {},
    changed() {},
    silent() {},
    over() {},
    idled() {},
    faulted: async () => /** @type {any} */ (new FakeCore()),
    reloads() {},
    early: () => early.take(),
  });
  connection.start({ spectator: false, name: "Ada", room: null });
  await until(run, () => connection.status === "playing", 5_000);
  return { connection };
}

for (const loads of [0, 10, 30, 50, 2_000, 7_900]) {
  const { connection } = await joins(loads);
  const [socket, ...others] = wire.sockets;
  holds(others.length === 0 && socket.url === "ws://play.test/game/ws", `after ${loads} ms it is the one that is used`);
  holds(wire.hellos.length === 1, `after ${loads} ms one hello is said`);
  holds(connection.status === "playing", `after ${loads} ms it is in a room`);
  connection.leave();
}

// A connection that comes back opens another.
{
  const { connection } = await joins(50);
  wire.sockets[0].end();
  await until(run, () => connection.status === "playing", 5_000);
  holds(wire.sockets.length === 2 && wire.hellos.length === 2, "it is used once");
  connection.leave();
}

// One that is no use any more is not used.
{
  const { connection } = await joins(50, () => wire.sockets[0].end());
  holds(wire.sockets.length === 2 && connection.status === "playing", "one that was closed is not used");
  connection.leave();
}
{
  const { connection } = await joins(8_100);
  holds(wire.sockets[0].closed !== null && wire.sockets.length === 2, "the server is not kept waiting for a hello");
  holds(connection.status === "playing", "who joins later has a socket of its own");
  connection.leave();
}

// A page that never joins keeps nothing open.
{
  Object.assign(wire, { sockets: [], hellos: [] });
  const early = new EarlySocket(SERVER);
  await run(50);
  early.close();
  holds(wire.sockets[0].closed !== null && early.take() === null, "one that was closed is not given away");
  const other = new EarlySocket(SERVER);
  const taken = other.take();
  await run(20_000);
  holds(taken !== null && wire.sockets[1].closed === null, "one that was given away is left alone");
}
