// @ts-check
// Ships and bolts: hulls, marks, engines, trails, shields, names.
//
// It remembers for each player only what looks need: the trail and the last hits. It decides
// nothing about the game. Called by picture.js.

import { ALL, SELF, TEXT, colourIndex, colourOf, faded } from "./palette.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Ship} Ship */
/** @typedef {import("../wasm.js").Measures} Measures */
/** @typedef {{ entity: number, points: { x: number, y: number, at: number }[], hitAt: number }} Memory */

const TRAIL_MS = 420;
const TRAIL_STEP_MS = 30;
const TRAIL_BANDS = 5;
/** No trail is longer, in units. */
const TRAIL_REACH = 8;
const HIT_MS = 320;
const STREAK_SECONDS = 0.034;
const FONT = "500 11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

const HULL = new Path2D("M1.18 0 L-0.78 0.82 L-0.42 0 L-0.78 -0.82 Z");
/** Told apart without colours: four marks by player. */
const MARKS = [
  new Path2D("M0.62 0 L-0.42 0"),
  new Path2D("M0.1 0.4 L0.1 -0.4"),
  new Path2D("M0.35 0.18 L-0.1 0 L0.35 -0.18"),
  new Path2D("M-0.05 0 m-0.2 0 a0.2 0.2 0 1 0 0.4 0 a0.2 0.2 0 1 0 -0.4 0"),
];

export class Ships {
  /** @param {Measures} measures */
  constructor(measures) {
    this.measures = measures;
    /** @private @type {Map<number, Memory>} */
    this.memories = new Map();
  }

  /** A ship was hit. @param {number} player @param {number} now */
  hit(player, now) {
    const memory = this.memories.get(player);
    if (memory) memory.hitAt = now;
  }

  /** Notes where all are. @param {World} world @param {number} now */
  remember(world, now) {
    for (const ship of world.ships) {
      let memory = this.memories.get(ship.player);
      if (!memory || memory.entity !== ship.entity) {
        memory = { entity: ship.entity, points: [], hitAt: -HIT_MS };
        this.memories.set(ship.player, memory);
      }
      const { points } = memory;
      const last = points[points.length - 1];
      if (!last || now - last.at >= TRAIL_STEP_MS) points.push({ x: ship.x, y: ship.y, at: now });
    }
    for (const [player, memory] of this.memories) {
      while (memory.points.length > 0 && now - memory.points[0].at > TRAIL_MS) {
        memory.points.shift();
      }
      if (memory.points.length === 0) this.memories.delete(player);
    }
  }

  /** By colour and age, so that a crowd takes few strokes. @param {Canvas} canvas
   *  @param {World} world @param {number} now */
  drawTrails(canvas, world, now) {
    const { context, camera } = canvas;
    /** @type {(Path2D | undefined)[]} */
    const paths = [];
    for (const ship of world.ships) {
      if (!camera.sees(ship.x, ship.y, TRAIL_REACH)) continue;
      const points = this.memories.get(ship.player)?.points ?? [];
      const colour = colourIndex(ship.player, world.self);
      points.forEach((point, nth) => {
        const band = Math.min(TRAIL_BANDS - 1, Math.floor(((now - point.at) / TRAIL_MS) * TRAIL_BANDS));
        const path = (paths[colour * TRAIL_BANDS + band] ??= new Path2D());
        const next = points[nth + 1] ?? ship;
        path.moveTo(point.x, point.y);
        path.lineTo(next.x, next.y);
      });
    }
    canvas.toWorld();
    context.lineCap = "butt";
    paths.forEach((path, index) => {
      if (!path) return;
      const young = 1 - (index % TRAIL_BANDS) / TRAIL_BANDS;
      context.lineWidth = canvas.px(0.6 + 2.6 * young);
      context.strokeStyle = faded(ALL[Math.floor(index / TRAIL_BANDS)], 0.5 * young * young);
      context.stroke(path);
    });
  }

  /** @param {Canvas} canvas @param {World} world @param {number} charge of the own rail, from 0
   *  to 1 @param {number} now */
  draw(canvas, world, charge, now) {
    const { context, camera } = canvas;
    canvas.toWorld();
    context.globalCompositeOperation = "lighter";
    for (const ship of world.ships) {
      if (!camera.sees(ship.x, ship.y, 3)) continue;
      const own = ship.player === world.self;
      const colour = colourOf(ship.player, world.self);
      canvas.glow(colour, ship.x, ship.y, own ? 3.1 : 2.3, own ? 0.42 : 0.26);
      if ((ship.flags & this.measures.flag_charging) !== 0) glowOfRail(canvas, ship, colour, now);
    }
    context.globalCompositeOperation = "source-over";
    for (const ship of world.ships) {
      if (!camera.sees(ship.x, ship.y, 2)) continue;
      const hitAge = now - (this.memories.get(ship.player)?.hitAt ?? -HIT_MS);
      const hit = Math.max(0, 1 - hitAge / HIT_MS);
      const thrusting = ship.wx !== 0 || ship.wy !== 0;
      drawShip(canvas, ship, thrusting, colourOf(ship.player, world.self), hit, now);
      this.drawShield(canvas, ship, hit, now);
    }
    if (world.own && charge > 0) drawCharge(canvas, world.own, charge);
    this.drawLabels(canvas, world);
  }

  /** @private @param {Canvas} canvas @param {Ship} ship @param {number} hit @param {number} now */
  drawShield(canvas, ship, hit, now) {
    const { context } = canvas;
    const protectedNow = (ship.flags & this.measures.flag_protected) !== 0;
    const strength = ship.shield / this.measures.shield_max;
    if (strength <= 0 && !protectedNow) return;
    canvas.toPlace(ship.x, ship.y, 0);
    context.beginPath();
    context.arc(0, 0, 1.42, 0, 2 * Math.PI);
    if (protectedNow) {
      const pulse = 0.5 + 0.3 * Math.sin(now / 110);
      context.setLineDash([0.28, 0.2]);
      context.lineDashOffset = now / 900;
      context.strokeStyle = faded("#ffffff", pulse);
    } else {
      context.strokeStyle = faded("#9fd8ff", 0.06 + 0.16 * strength + 0.7 * hit);
    }
    context.lineWidth = canvas.px(1.2 + 1.4 * hit);
    context.stroke();
    context.setLineDash([]);
    if (hit > 0) {
      context.fillStyle = faded("#9fd8ff", 0.16 * hit);
      context.fill();
    }
  }

  /** Names and, once hurt, hulls. @private @param {Canvas} canvas @param {World} world */
  drawLabels(canvas, world) {
    const { context, camera } = canvas;
    if (camera.scale < 5) return;
    canvas.toScreen();
    context.font = FONT;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const ship of world.ships) {
      const x = camera.screenX(ship.x);
      const y = camera.screenY(ship.y) + 1.75 * camera.scale;
      const colour = colourOf(ship.player, world.self);
      const hull = ship.hull / this.measures.hull_max;
      if (hull < 1) {
        const width = 2 * camera.scale;
        context.fillStyle = faded(colour, 0.18);
        context.fillRect(x - width / 2, y - 3, width, 2);
        context.fillStyle = colour;
        context.fillRect(x - width / 2, y - 3, width * hull, 2);
      }
      const name = world.nameOf(ship.player);
      if (name && camera.scale > 6) {
        context.fillStyle = faded(ship.player === world.self ? colour : TEXT, 0.75);
        context.fillText(name, x, y + 3);
      }
    }
  }
}

/** A rail that charges is seen at the bow: a warning to all. @param {Canvas} canvas
 *  @param {Ship} ship @param {string} colour @param {number} now */
function glowOfRail(canvas, ship, colour, now) {
  const [x, y] = [ship.x + 1.2 * Math.cos(ship.aim), ship.y + 1.2 * Math.sin(ship.aim)];
  const pulse = 0.5 + 0.5 * Math.sin(now / 60);
  canvas.glow(colour, x, y, 1.5 + 0.5 * pulse, 0.9);
  canvas.glow("#ffffff", x, y, 0.7, 0.6 + 0.4 * pulse);
}

/** How far the own rail is charged: a ring around the ship that closes at the bow.
 *  @param {Canvas} canvas @param {Ship} ship @param {number} charge */
function drawCharge(canvas, ship, charge) {
  const { context } = canvas;
  canvas.toPlace(ship.x, ship.y, ship.aim);
  context.beginPath();
  context.arc(0, 0, 1.75, Math.PI * (1 - charge), Math.PI * (1 + charge));
  context.lineWidth = canvas.px(charge >= 1 ? 3 : 2);
  context.strokeStyle = charge >= 1 ? "#ffffff" : faded(SELF, 0.85);
  context.stroke();
}

/** @param {Canvas} canvas @param {Ship} ship @param {boolean} thrusting @param {string} colour
 *  @param {number} hit @param {number} now */
function drawShip(canvas, ship, thrusting, colour, hit, now) {
  const { context } = canvas;
  canvas.toPlace(ship.x, ship.y, ship.aim);
  if (thrusting) {
    const flicker = 0.75 + 0.25 * Math.sin(now / 23 + ship.player * 2);
    context.beginPath();
    context.moveTo(-0.5, 0.22);
    context.lineTo(-0.55 - 0.75 * flicker, 0);
    context.lineTo(-0.5, -0.22);
    context.lineWidth = canvas.px(1.2);
    context.strokeStyle = faded(colour, 0.8);
    context.stroke();
  }
  context.fillStyle = "#070c18";
  context.fill(HULL);
  context.fillStyle = faded(colour, 0.16 + 0.5 * hit);
  context.fill(HULL);
  context.lineJoin = "round";
  context.lineWidth = canvas.px(1.7);
  context.strokeStyle = hit > 0.6 ? "#ffffff" : colour;
  context.stroke(HULL);
  context.lineWidth = canvas.px(1.2);
  context.strokeStyle = faded(colour, 0.7);
  context.stroke(MARKS[ship.player % MARKS.length]);
}

/** Streaks, all of one colour at once. @param {Canvas} canvas @param {World} world
 *  @param {Measures} measures */
export function drawBolts(canvas, world, measures) {
  const { context, camera } = canvas;
  const length = measures.bolt_speed * STREAK_SECONDS;
  canvas.toWorld();
  /** @type {(Path2D | undefined)[]} */
  const paths = [];
  for (const bolt of world.bolts) {
    if (!camera.sees(bolt.x, bolt.y, 2)) continue;
    const path = (paths[colourIndex(bolt.owner, world.self)] ??= new Path2D());
    path.moveTo(bolt.x - length * Math.cos(bolt.aim), bolt.y - length * Math.sin(bolt.aim));
    path.lineTo(bolt.x, bolt.y);
  }
  context.lineCap = "round";
  context.globalCompositeOperation = "lighter";
  const layers = /** @type {const} */ ([
    [10, 0.16],
    [5, 0.4],
    [2.4, 0.9],
  ]);
  for (const [width, alpha] of layers) {
    context.lineWidth = canvas.px(width);
    paths.forEach((path, index) => {
      if (!path) return;
      context.strokeStyle = faded(ALL[index], alpha);
      context.stroke(path);
    });
  }
  context.lineWidth = canvas.px(0.8);
  context.strokeStyle = "#ffffff60";
  for (const path of paths) if (path) context.stroke(path);
  context.globalCompositeOperation = "source-over";
}
