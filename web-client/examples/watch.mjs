// @ts-check
// Joins a live room as a spectator and prints what it sees. Node 22, or an older one with
// --experimental-websocket:   node watch.mjs [http://127.0.0.1:7777] [ROOM] [SNAPSHOTS]
import { TickwireClient } from "../build/kit/client.js";

const [address = "http://127.0.0.1:7777", room = "", count = "150"] = process.argv.slice(2);
// With a slash at its end, an address with a path is a base URL.
const server = address.replace(/\/?$/, "/");
const client = new TickwireClient();
const socket = new WebSocket(new URL("ws", server.replace(/^http/, "ws")));
socket.binaryType = "arraybuffer";
const flush = () => [...client.outgoing()].forEach((message) => socket.send(message));
let snapshots = 0;
let events = 0;

socket.addEventListener("open", () => {
  client.hello({ name: "watcher", room });
  flush();
});
// Pings keep the connection alive while no snapshots come, as during the spectators' delay.
const pings = setInterval(() => {
  if (client.stage !== "playing") return;
  client.ping();
  flush();
}, 1_000);
socket.addEventListener("message", ({ data }) => {
  if (client.receive(data) === "snapshot") {
    const seen = client.rows().map(({ kind, id, x = 0, y = 0, player }) => {
      const name = client.roster.get(player)?.name;
      return `${name || `${kind} ${id}`} at ${x.toFixed(1)}, ${y.toFixed(1)}`;
    });
    events += client.events().length;
    if (snapshots++ % 30 === 0) console.log(`tick ${client.tick}: ${seen.join("; ")}`);
    if (snapshots === Number(count)) client.leave();
  }
  flush();
});
socket.addEventListener("close", ({ code, reason }) => {
  clearInterval(pings);
  if (client.refusal) console.log(`refused: ${client.refusal.text}`);
  console.log(`${snapshots} snapshots, ${events} events, then ${code} ${reason}`);
  process.exitCode = snapshots >= Number(count) ? 0 : 1;
});
