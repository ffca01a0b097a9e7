// @ts-check
// What the own shots do, at the ships that they hit: a marker, the damage, and the word at a kill.
//
// It owns a few targets for about a second each, and nothing otherwise. events.js notes hits and kills,
// labels.js asks whose bars to show, renderer.js has it painted over the ships.

import { SELF, SHIELD, WHITE } from "./palette.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */
/**
 * @typedef {object} Target
 * @property {number} player
 * @property {number} x where its ship is, or was last
 * @property {number} y
 * @property {number} damage of the hits that followed one another
 * @property {string} text
 * @property {boolean} shielded whether its shield took the last hit
 * @property {boolean} killed
 * @property {number} at time of the last hit, in ms
 */

/** How long a target's bars and number stay after the last hit. */
const SHOWN_MS = 1000;
const FADE_MS = 300;
const MARKER_MS = 180;
const KILL_MARKER_MS = 380;
const TARGETS_MAX = 8;
const FONT = "600 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const KILL_FONT = "600 15px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
/** How far a number rises, in CSS pixels. */
const RISE_PX = 10;

export class OwnHits {
  constructor() {
    /** Whether the damage is shown: a setting. */
    this.numbers = true;
    /** @private @type {Target[]} */
    this.targets = [];
  }

  clear() {
    this.targets.length = 0;
  }

  /** An own shot hit a ship; damage 0 is one that cannot be hurt. @param {number} player
   *  @param {number} x @param {number} y @param {number} damage @param {boolean} shielded
   *  @param {number} now */
  hit(player, x, y, damage, shielded, now) {
    const target = this.target(player, now);
    target.damage += damage;
    target.text = target.damage > 0 ? String(Math.round(target.damage)) : "protected";
    this.note(target, x, y, now);
    target.shielded = shielded;
  }

  /** An own shot destroyed a ship. @param {number} player @param {number} x @param {number} y
   *  @param {number} now */
  kill(player, x, y, now) {
    const target = this.target(player, now);
    this.note(target, x, y, now);
    target.shielded = false;
    target.killed = true;
  }

  /** How visible the bars of a ship are that was hit lately, from 0 to 1. @param {number} player
   *  @param {number} now */
  shows(player, now) {
    for (const target of this.targets) {
      if (target.player === player && !target.killed) return strength(target, now);
    }
    return 0;
  }

  /** @param {Canvas} canvas @param {World} world @param {number} now
   *  @param {boolean} calm whether the system asks for less motion */
  draw(canvas, world, now, calm) {
    const { targets } = this;
    if (targets.length === 0) return;
    let kept = 0;
    for (const target of targets) if (strength(target, now) > 0) targets[kept++] = target;
    targets.length = kept;
    canvas.toScreen();
    for (const target of targets) {
      const ship = target.killed ? undefined : world.shipOf(target.player);
      if (ship) [target.x, target.y] = [ship.x, ship.y];
      if (!canvas.camera.sees(target.x, target.y, 2)) continue;
      drawMarker(canvas, target, now, calm);
      if (this.numbers && target.text) drawNumber(canvas, target, now, calm);
      if (target.killed) drawWord(canvas, target, now);
    }
    canvas.context.globalAlpha = 1;
  }

  /** @private @param {Target} target @param {number} x @param {number} y @param {number} now */
  note(target, x, y, now) {
    target.x = x;
    target.y = y;
    target.at = now;
  }

  /** The player's target of a moment ago, or a new one. @private @param {number} player
   *  @param {number} now @returns {Target} */
  target(player, now) {
    const known = this.targets.find((target) => target.player === player && strength(target, now) > 0);
    if (known) return known;
    if (this.targets.length >= TARGETS_MAX) this.targets.shift();
    const target = { player, x: 0, y: 0, damage: 0, text: "", shielded: false, killed: false, at: now };
    this.targets.push(target);
    return target;
  }
}

/** From 1 to 0, when it is over. @param {Target} target @param {number} now */
function strength({ at }, now) {
  return Math.min(1, Math.max(0, (at + SHOWN_MS - now) / FADE_MS));
}

/** Four ticks around the ship, which close in at a hit and are larger at a kill.
 *  @param {Canvas} canvas @param {Target} target @param {number} now @param {boolean} calm */
function drawMarker({ context, camera }, { x, y, shielded, killed, at }, now, calm) {
  const left = 1 - (now - at) / (killed ? KILL_MARKER_MS : MARKER_MS);
  if (left <= 0) return;
  const [px, py] = [camera.screenX(x), camera.screenY(y)];
  const from = 1.25 * camera.scale + (calm ? 4 : 8 * left);
  const to = from + (killed ? 11 : 7);
  context.beginPath();
  for (const [dx, dy] of DIAGONALS) {
    context.moveTo(px + from * dx, py + from * dy);
    context.lineTo(px + to * dx, py + to * dy);
  }
  context.lineCap = "round";
  context.lineWidth = killed ? 3 : 2;
  context.strokeStyle = killed ? SELF : shielded ? SHIELD : WHITE;
  context.globalAlpha = Math.min(1, 2 * left);
  context.stroke();
}

const DIAGONALS = [[0.71, 0.71], [-0.71, 0.71], [0.71, -0.71], [-0.71, -0.71]];

/** @param {Canvas} canvas @param {Target} target @param {number} now @param {boolean} calm */
function drawNumber({ context, camera }, target, now, calm) {
  const rise = calm ? 0 : RISE_PX * Math.min(1, (now - target.at) / SHOWN_MS);
  context.font = FONT;
  context.textAlign = "left";
  context.fillStyle = target.killed ? SELF : target.shielded ? SHIELD : WHITE;
  const px = camera.screenX(target.x) + 1.5 * camera.scale + 4;
  write(context, target.text, px, camera.screenY(target.y) - 1.1 * camera.scale - rise, strength(target, now));
}

/** @param {Canvas} canvas @param {Target} target @param {number} now */
function drawWord({ context, camera }, target, now) {
  context.font = KILL_FONT;
  context.textAlign = "center";
  context.fillStyle = SELF;
  const py = camera.screenY(target.y) - 2 * camera.scale - 14;
  write(context, "Destroyed", camera.screenX(target.x), py, strength(target, now));
}

/** A text on a dark edge, since anything may fly below it. @param {CanvasRenderingContext2D} context
 *  @param {string} text @param {number} x @param {number} y @param {number} alpha */
function write(context, text, x, y, alpha) {
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = "#03050a";
  context.globalAlpha = alpha;
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
