// @ts-check
// The page of tag: keys in, runners out. What lies between is tickwire.js.

import { Tickwire } from "./tickwire.js";

/** Which field of the game's `Input` a key holds. @type {Record<string, string>} */
const KEYS = { KeyW: "up", ArrowUp: "up", KeyS: "down", ArrowDown: "down",
               KeyA: "left", ArrowLeft: "left", KeyD: "right", ArrowRight: "right" };
const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const text = /** @type {HTMLElement} */ (document.querySelector("p"));
const address = new URLSearchParams(location.search);
const room = address.get("room") ?? undefined;

const game = await Tickwire.load({ address: location.search, preconnect: true });
Object.assign(globalThis, { game }); // To be asked in the browser's console.
game.addEventListener("status", () => (text.textContent = game.isInRoom ? "" : game.reason || game.status));
if (address.has("spectate")) game.spectate({ room });
else game.join({ room, name: address.get("name") ?? "Runner" });

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

const name = (/** @type {number} */ player) => game.roster.get(player)?.name ?? "somebody";

/** @param {any} row */
function draw({ x, y, player, it, frozen }) {
  paint.fillStyle = it ? "#ff5d5d" : player === game.player ? "#7be0a8" : "#7da7ff";
  paint.globalAlpha = frozen ? 0.5 : 1;
  paint.beginPath();
  paint.arc(x, y, game.level.radius, 0, 2 * Math.PI);
  paint.fill();
  paint.fillText(name(player), x, y - 2 * game.level.radius);
}

function frame() {
  requestAnimationFrame(frame);
  if (!game.level) return;
  const { half, walls } = game.level;
  [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = Math.min(canvas.width / half[0], canvas.height / half[1]) / 2.2;
  paint.setTransform(scale, 0, 0, scale, canvas.width / 2, canvas.height / 2);
  [paint.font, paint.textAlign, paint.fillStyle] = ["0.7px system-ui", "center", "#1c2230"];
  paint.fillRect(-half[0], -half[1], 2 * half[0], 2 * half[1]);
  paint.fillStyle = "#5b6885";
  for (const [x, y, width, height] of walls) paint.fillRect(x, y, width, height);
  game.rows().forEach(draw);
  for (const { by, who } of game.events()) text.textContent = `${name(by)} tagged ${name(who)}`;
  if (game.closesIn !== null) text.textContent = `The server closes in ${game.closesIn} s.`;
}
frame();
