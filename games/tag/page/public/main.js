// @ts-check
// Tag's page: keys in, runners out. What lies between is tickwire.js.

import { Tickwire } from "./tickwire.js";

const KEYS = { KeyW: "up", ArrowUp: "up", KeyS: "down", ArrowDown: "down",
               KeyA: "left", ArrowLeft: "left", KeyD: "right", ArrowRight: "right" };
const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const status = /** @type {HTMLElement} */ (document.querySelector("p"));
const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const address = new URLSearchParams(location.search);
const room = address.get("room") ?? undefined;
/** @type {Record<string, boolean>} */
const held = {};

const game = await Tickwire.load();
if (address.has("spectate")) game.spectate({ room });
else game.join({ room, name: address.get("name") ?? "Runner" });

for (const type of /** @type {const} */ (["keydown", "keyup"])) {
  addEventListener(type, (event) => {
    const name = KEYS[/** @type {keyof typeof KEYS} */ (event.code)];
    if (!name) return;
    held[name] = type === "keydown";
    game.hold(held);
    event.preventDefault();
  });
}
addEventListener("blur", () => {
  for (const name in held) held[name] = false;
  game.release();
});

function frame() {
  requestAnimationFrame(frame);
  const rows = game.rows();
  for (const { by, who } of game.events()) status.textContent = `${name(by)} tagged ${name(who)}`;
  if (game.status === "playing" || game.status === "watching") draw(game.level, rows);
  else status.textContent = game.reason || game.status;
}

/** @param {number} player */
function name(player) {
  return game.roster.get(player)?.name || "Somebody";
}

/** @param {any} level @param {any[]} rows */
function draw({ half: [width, height], radius, walls }, rows) {
  canvas.width = canvas.clientWidth;
  canvas.height = canvas.clientHeight;
  const scale = Math.min(canvas.width / width, canvas.height / height) / 2.1;
  paint.setTransform(scale, 0, 0, scale, canvas.width / 2, canvas.height / 2);
  paint.fillStyle = "#1c2230";
  paint.fillRect(-width, -height, 2 * width, 2 * height);
  paint.fillStyle = "#5b6885";
  for (const { x, y, w, h } of walls) paint.fillRect(x, y, w, h);
  paint.font = "0.7px system-ui";
  paint.textAlign = "center";
  for (const { x, y, player, it, frozen } of rows) {
    paint.globalAlpha = frozen ? 0.5 : 1;
    paint.fillStyle = it ? "#ff5d5d" : player === game.player ? "#7be0a8" : "#7da7ff";
    paint.beginPath();
    paint.arc(x, y, radius, 0, 2 * Math.PI);
    paint.fill();
    paint.fillText(name(player), x, y - 2 * radius);
  }
  paint.globalAlpha = 1;
}
frame();
