// @ts-check
// The page of my-game: keys in, runners out. What lies between is tickwire.js.

import { Tickwire } from "./tickwire.js";

/** Which field of the game's `Input` a key holds. @type {Record<string, string>} */
const KEYS = {
  KeyW: "up",
  ArrowUp: "up",
  KeyS: "down",
  ArrowDown: "down",
  KeyA: "left",
  ArrowLeft: "left",
  KeyD: "right",
  ArrowRight: "right",
};
/** Half of the field's side, in metres. */
const HALF = 10;

const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const text = /** @type {HTMLElement} */ (document.querySelector("p"));
// `/?spectate`, `/?room=NAME` and `/?name=NAME` are this page's own words.
const address = new URLSearchParams(location.search);
const room = address.get("room") ?? undefined;
const name = address.get("name") ?? "Runner";

const game = await Tickwire.load({ address: location.search, preconnect: true });
// To be asked in the browser's console.
Object.assign(globalThis, { game });
if (address.has("spectate")) game.spectate({ room });
else game.join({ room, name });

/** @type {Record<string, boolean>} */
const held = {};
/** @param {KeyboardEvent} event */
function key(event) {
  const field = KEYS[event.code];
  if (!field) return;
  event.preventDefault();
  held[field] = event.type === "keydown";
  game.hold(held);
}
addEventListener("keydown", key);
addEventListener("keyup", key);
addEventListener("blur", () => {
  for (const field in held) held[field] = false;
  game.release();
});

/** The scores, the best first. */
function scores() {
  const players = [...game.roster.values()].sort((a, b) => b.score - a.score);
  return players.map(({ name, score }) => `${score} ${name}`).join("\n");
}

/** @param {any} row what the server shows of an entity, with the names of the rules' struct */
function draw({ kind, x, y, player }) {
  const isCoin = kind === "coin";
  paint.fillStyle = isCoin ? "#ffd54a" : player === game.player ? "#7be0a8" : "#7da7ff";
  paint.beginPath();
  paint.arc(x, y, isCoin ? 0.3 : 0.5, 0, 2 * Math.PI);
  paint.fill();
  if (!isCoin) paint.fillText(game.roster.get(player)?.name ?? "", x, y - 0.8);
}

function frame() {
  requestAnimationFrame(frame);
  canvas.width = canvas.clientWidth;
  canvas.height = canvas.clientHeight;
  const scale = Math.min(canvas.width, canvas.height) / (2.2 * HALF);
  paint.setTransform(scale, 0, 0, scale, canvas.width / 2, canvas.height / 2);
  paint.fillStyle = "#1c2230";
  paint.fillRect(-HALF, -HALF, 2 * HALF, 2 * HALF);
  paint.font = "0.6px system-ui";
  paint.textAlign = "center";
  game.rows().forEach(draw);
  for (const { kind, player } of game.events()) {
    if (kind === "taken" && player === game.player) canvas.animate({ opacity: [0.6, 1] }, 150);
  }
  const closing = game.closesIn === null ? "" : `The server closes in ${game.closesIn} s.\n`;
  text.textContent = game.isInRoom ? closing + scores() : game.reason || game.status;
}
frame();
