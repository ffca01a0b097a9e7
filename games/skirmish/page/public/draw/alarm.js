// @ts-check
// Warnings for the own ship at the edge of the screen: the direction of hits, a low hull, and its
// death with the killer.
//
// It owns the last few hits and the killer, in pixels of the screen; it shows nothing of other
// ships. events.js reports hits to it; renderer.js paints it last.

import { DANGER, OUTSIDE, SHIELD, WHITE } from "./palette.js";
import { LOW_HULL } from "../thresholds.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Own} Own */
/** @typedef {{ angle: number, at: number, shielded: boolean }} Blow */

const BLOW_MS = 1100;
const BLOWS_MAX = 6;
/** Hits from nearly the same direction are shown as one. */
const SAME_SIDE = 0.35;
/** Distance from the edge in CSS pixels, and width in radians. */
const INSET_PX = 54;
const ARC = 0.2;
/** How far the red of a low hull reaches into the screen, as a fraction of its height. */
const REACH = 0.16;
const FALL_MS = 350;

export class Alarm {
  constructor() {
    /** @private @type {Blow[]} */
    this.blows = [];
    /** @private @type {number | null} */
    this.killer = null;
    /** When the own ship went down. @private @type {number | null} */
    this.deadAt = null;
    /** From red at 0 to nothing at 1. @private */
    this.shade = makeShade();
  }

  clear() {
    this.blows.length = 0;
    this.killer = this.deadAt = null;
  }

  /** The own ship was hit. @param {number} angle to where it came from @param {boolean} shielded
   *  @param {number} now */
  blow(angle, shielded, now) {
    const same = this.blows.find((blow) => Math.abs(turn(blow.angle - angle)) < SAME_SIDE);
    if (same) Object.assign(same, { angle, at: now, shielded });
    else this.blows.push({ angle, at: now, shielded });
    if (this.blows.length > BLOWS_MAX) this.blows.shift();
  }

  /** The own ship was destroyed. @param {number} killer */
  fall(killer) {
    this.killer = killer;
  }

  /** Paints below the effects: the screen darkens except at the own wreck.
   *  @param {Canvas} canvas @param {World} world @param {Own | null} own @param {number} now */
  drawDark(canvas, world, own, now) {
    const dead = own !== null && own.ship !== 0 && own.respawn_ticks !== null && !world.own;
    if (!dead) this.deadAt = null;
    else this.deadAt ??= now;
    if (!dead) return;
    const { context, camera } = canvas;
    canvas.toScreen();
    context.globalAlpha = 0.45 * this.darkness(now);
    context.fillStyle = OUTSIDE;
    context.fillRect(0, 0, camera.width, camera.height);
    context.globalAlpha = 1;
  }

  /** Progress of the death, from 0 to 1. @private @param {number} now */
  darkness(now) {
    return this.deadAt === null ? 0 : Math.min(1, (now - this.deadAt) / FALL_MS);
  }

  /** Paints above everything. @param {Canvas} canvas @param {World} world @param {Own | null} own
   *  @param {number} now @param {boolean} calm */
  draw(canvas, world, own, now, calm) {
    if (!own) return;
    canvas.toScreen();
    if (world.own) {
      this.killer = null;
      this.drawHull(canvas, own.hull / own.hull_max, now, calm);
      this.drawBlows(canvas, world, now);
    } else if (this.deadAt !== null) {
      this.drawDeath(canvas, world, this.darkness(now), calm);
    }
    canvas.context.globalAlpha = 1;
  }

  /** @private @param {Canvas} canvas @param {number} hull @param {number} now
   *  @param {boolean} calm */
  drawHull(canvas, hull, now, calm) {
    const fresh = this.blows.filter(({ shielded }) => !shielded).map(({ at }) => 1 - (now - at) / 300);
    const flash = Math.max(0, ...fresh);
    const low = hull < LOW_HULL ? 0.35 + 0.35 * (1 - hull / LOW_HULL) : 0;
    const pulse = calm || low === 0 ? 1 : 0.75 + 0.25 * Math.sin(now / 170);
    this.drawShade(canvas, Math.min(1, low * pulse + (calm ? 0.25 : 0.5) * flash));
  }

  /** @private @param {Canvas} canvas @param {number} alpha */
  drawShade({ context, camera }, alpha) {
    if (alpha <= 0.01) return;
    const { width, height } = camera;
    const reach = REACH * Math.min(width, height);
    context.globalAlpha = alpha;
    // One strip, turned to each edge.
    for (const [a, b, c, d, e, f, long] of [
      [1, 0, 0, 1, 0, 0, width],
      [-1, 0, 0, -1, width, height, width],
      [0, -1, 1, 0, 0, height, height],
      [0, 1, -1, 0, width, 0, height],
    ]) {
      context.save();
      context.transform(a, b, c, d, e, f);
      context.drawImage(this.shade, 0, 0, long, reach);
      context.restore();
    }
  }

  /** @private @param {Canvas} canvas @param {World} world @param {number} now */
  drawBlows({ context, camera }, world, now) {
    this.blows = this.blows.filter(({ at }) => now - at < BLOW_MS);
    const x = world.own ? camera.screenX(world.own.x) : camera.width / 2;
    const y = world.own ? camera.screenY(world.own.y) : camera.height / 2;
    const half = Math.min(camera.width, camera.height) / 2;
    const radius = half - INSET_PX;
    // Smaller on a phone.
    const size = Math.min(1, Math.max(0.55, half / 350));
    context.lineCap = "butt";
    for (const { angle, at, shielded } of this.blows) {
      const left = 1 - (now - at) / BLOW_MS;
      context.globalAlpha = Math.min(1, 1.6 * left);
      context.strokeStyle = shielded ? SHIELD : DANGER;
      context.lineWidth = (3 + 6 * left) * size;
      context.beginPath();
      context.arc(x, y, radius, angle - ARC, angle + ARC);
      context.stroke();
      // The tip points to the shooter.
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const [foot, tip, wide] = [radius + 8 * size, radius + 26 * size, 11 * size];
      context.beginPath();
      context.moveTo(x + tip * cos, y + tip * sin);
      context.lineTo(x + foot * cos - wide * sin, y + foot * sin + wide * cos);
      context.lineTo(x + foot * cos + wide * sin, y + foot * sin - wide * cos);
      context.closePath();
      context.fillStyle = shielded ? SHIELD : DANGER;
      context.fill();
    }
  }

  /** A flash, then brackets around the killer. @private @param {Canvas} canvas
   *  @param {World} world @param {number} dark from 0 to 1 @param {boolean} calm */
  drawDeath(canvas, world, dark, calm) {
    const { context, camera } = canvas;
    if (!calm && dark < 0.5) {
      context.globalAlpha = 0.35 * (1 - 2 * dark);
      context.fillStyle = WHITE;
      context.fillRect(0, 0, camera.width, camera.height);
    }
    this.drawShade(canvas, 0.45 * dark);
    // A killer who has left is not shown.
    if (this.killer !== null && !world.players.has(this.killer)) this.killer = null;
    const ship = this.killer === null ? undefined : world.shipOf(this.killer);
    if (!ship || ship.player === world.self) return;
    const [x, y] = [camera.screenX(ship.x), camera.screenY(ship.y)];
    const half = Math.max(20, 2.6 * camera.scale) * (calm ? 1 : 1 + 1.5 * (1 - dark));
    context.globalAlpha = dark;
    context.strokeStyle = DANGER;
    context.lineWidth = 2;
    context.beginPath();
    for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
      context.moveTo(x + sx * half, y + sy * half * 0.55);
      context.lineTo(x + sx * half, y + sy * half);
      context.lineTo(x + sx * half * 0.55, y + sy * half);
    }
    context.stroke();
  }
}

/** One column is enough: it is as wide as wanted. */
function makeShade() {
  const sprite = document.createElement("canvas");
  sprite.width = 1;
  sprite.height = 64;
  const paint = /** @type {CanvasRenderingContext2D} */ (sprite.getContext("2d"));
  const gradient = paint.createLinearGradient(0, 0, 0, 64);
  gradient.addColorStop(0, "#ff4d4d90");
  gradient.addColorStop(0.35, "#ff4d4d30");
  gradient.addColorStop(1, "#ff4d4d00");
  paint.fillStyle = gradient;
  paint.fillRect(0, 0, 1, 64);
  return sprite;
}

/** An angle between -pi and pi. @param {number} angle */
function turn(angle) {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}
