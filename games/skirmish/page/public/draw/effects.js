// @ts-check
// Short-lived effects: sparks, rings, lights, shards, smoke, beams.
//
// It owns a bounded set of marks and nothing lasting. events.js adds marks; renderer.js paints them
// over the ships.

import { SELF, SHIELD, WHITE } from "./palette.js";

/** With less motion, a ring stands still and is no larger than this. */
const CALM_RING_UNITS = 2.5;

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./silhouettes.js").Silhouette} Silhouette */

/**
 * @typedef {object} Mark
 * @property {"spark" | "ring" | "light" | "shard" | "beam"} shape a shard's and a beam's middle is
 *   its place, and size half of its length
 * @property {number} x
 * @property {number} y
 * @property {number} vx
 * @property {number} vy
 * @property {number} size units
 * @property {number} grow units per second
 * @property {number} angle
 * @property {number} spin
 * @property {number} age seconds
 * @property {number} life seconds
 * @property {string} colour
 * @property {number} alpha
 */

export class Effects {
  /** @param {boolean} calm whether people asked for less motion */
  constructor(calm) {
    this.calm = calm;
    /** Maximum number of marks: the oldest are dropped. */
    this.most = 700;
    /** Fraction of the sparks that are drawn. */
    this.sparkle = 1;
    /** @private @type {Mark[]} */
    this.marks = [];
  }

  clear() {
    this.marks.length = 0;
  }

  /** A bolt hit a wall or rock. @param {number} x @param {number} y @param {string} colour */
  burst(x, y, colour) {
    this.light(x, y, 1.3, 0.16, colour, 0.55);
    this.sparks(x, y, 6, 9, 0.28, colour);
  }

  /** A ship was hit. @param {number} x @param {number} y @param {string} colour of the shooter
   *  @param {boolean} shielded @param {boolean} own whether the own ship was hit or fired */
  hit(x, y, colour, shielded, own) {
    this.light(x, y, own ? 2.3 : 1.6, 0.2, shielded ? SHIELD : colour, 0.75);
    // A shield rings, a hull sheds splinters.
    if (shielded) this.ring(x, y, 0.2, 5, 0.24, SHIELD);
    else this.sparks(x, y, 4, 7, 0.5, WHITE);
    this.sparks(x, y, shielded ? 5 : 11, shielded ? 7 : 12, 0.36, colour);
  }

  /** A ship was destroyed: its outline flies apart. @param {number} x @param {number} y
   *  @param {number} aim @param {string} colour @param {Silhouette} silhouette
   *  @param {boolean} own */
  explosion(x, y, aim, colour, { corners }, own) {
    this.light(x, y, own ? 9 : 6, 0.55, colour, 0.9);
    this.light(x, y, own ? 4 : 2.6, 0.28, WHITE, 1);
    this.ring(x, y, 0.6, own ? 15 : 11, 0.6, colour);
    this.ring(x, y, 0.2, 6, 0.75, WHITE);
    if (own) this.ring(x, y, 0.4, 24, 0.9, colour);
    this.sparks(x, y, own ? 40 : 26, own ? 24 : 18, own ? 1.1 : 0.75, colour);
    this.sparks(x, y, 8, 9, 0.9, WHITE);
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    corners.forEach(([fromX, fromY], nth) => {
      const [toX, toY] = corners[(nth + 1) % corners.length];
      const [mx, my] = [(fromX + toX) / 2, (fromY + toY) / 2];
      const [px, py] = [mx * cos - my * sin, mx * sin + my * cos];
      const out = Math.atan2(py, px) + 0.6 * (Math.random() - 0.5);
      const speed = (this.calm ? 1 : 2.5) + 4.5 * Math.random();
      this.add({
        ...this.still("shard", x + px, y + py, own ? 1.7 : 1.2, colour, 1),
        vx: speed * Math.cos(out),
        vy: speed * Math.sin(out),
        size: Math.hypot(toX - fromX, toY - fromY) / 2,
        angle: aim + Math.atan2(toY - fromY, toX - fromX),
        spin: this.calm ? 0 : 7 * (Math.random() - 0.5),
      });
    });
  }

  /** The own player destroyed a ship: a short ring over its explosion. @param {number} x @param {number} y */
  triumph(x, y) {
    this.ring(x, y, 1.4, 16, 0.3, SELF);
    this.ring(x, y, 3.2, -6, 0.3, WHITE);
  }

  /** A ship appeared. @param {number} x @param {number} y @param {string} colour
   *  @param {boolean} own the own ship gets a larger mark, to be found at a glance */
  spawn(x, y, colour, own) {
    this.ring(x, y, 5, -7.5, 0.55, colour);
    this.ring(x, y, 0.4, 5, 0.7, colour);
    this.light(x, y, own ? 5 : 3.4, 0.5, colour, 0.5);
    if (!own) return;
    this.ring(x, y, 12, -14, 0.75, colour);
    for (let i = 0; i < 4; i++) {
      const angle = (i * Math.PI) / 2;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const inwards = this.calm ? 0 : -24;
      this.add({
        ...this.still("shard", x + 9 * cos, y + 9 * sin, 0.7, colour, 1),
        vx: inwards * cos,
        vy: inwards * sin,
        size: 2.5,
        angle,
      });
    }
  }

  /** A pick-up was taken. @param {number} x @param {number} y @param {string} colour */
  take(x, y, colour) {
    this.light(x, y, 3, 0.35, colour, 0.8);
    this.ring(x, y, 2.6, -5, 0.4, colour);
    this.ring(x, y, 1, 6, 0.5, colour);
    this.sparks(x, y, 8, 6, 0.6, colour);
  }

  /** A muzzle flash. @param {number} x @param {number} y @param {number} angle
   *  @param {string} colour */
  muzzle(x, y, angle, colour) {
    this.light(x, y, 1.2, 0.09, colour, 0.8);
    for (const turn of [-0.45, 0.45]) {
      this.add({
        ...this.still("spark", x, y, 0.1, colour, 0.9),
        vx: 13 * Math.cos(angle + turn),
        vy: 13 * Math.sin(angle + turn),
      });
    }
  }

  /** Debris of a ship with a low hull. @param {number} x @param {number} y
   *  @param {string} colour */
  ember(x, y, colour) {
    if (this.calm) return;
    const angle = 2 * Math.PI * Math.random();
    this.add({
      ...this.still("shard", x, y, 0.9, "#8793a8", 0.55),
      vx: 1.5 * Math.cos(angle),
      vy: 1.5 * Math.sin(angle),
      size: 0.15,
      grow: 0.7,
      angle,
      spin: 2,
    });
    this.sparks(x, y, 2, 7, 0.5, Math.random() < 0.5 ? WHITE : colour);
  }

  /** A rail's beam from one place to another. @param {number} x @param {number} y
   *  @param {number} toX @param {number} toY @param {string} colour */
  beam(x, y, toX, toY, colour) {
    const angle = Math.atan2(toY - y, toX - x);
    const size = Math.hypot(toX - x, toY - y) / 2;
    const alpha = this.calm ? 0.6 : 1;
    this.add({ ...this.still("beam", (x + toX) / 2, (y + toY) / 2, 0.45, colour, alpha), size, angle });
    this.light(x, y, 2, 0.2, colour, 0.9);
    this.light(toX, toY, 2.4, 0.3, WHITE, 0.8);
    this.ring(toX, toY, 0.2, 6, 0.3, colour);
    this.sparks(toX, toY, 9, 12, 0.35, colour);
    // Its smoke drifts apart along the beam.
    const many = this.calm ? 0 : Math.ceil(this.sparkle * Math.min(24, size));
    for (let i = 0; i < many; i++) {
      const part = Math.random();
      const side = 3 * (Math.random() - 0.5);
      this.add({
        ...this.still("spark", x + (toX - x) * part, y + (toY - y) * part, 0.8, colour, 0.7),
        vx: -side * Math.sin(angle),
        vy: side * Math.cos(angle),
      });
    }
  }

  /** @param {number} seconds */
  age(seconds) {
    const { marks } = this;
    const drag = Math.exp(-3.2 * seconds);
    let kept = 0;
    for (const mark of marks) {
      mark.age += seconds;
      mark.x += mark.vx * seconds;
      mark.y += mark.vy * seconds;
      mark.size += mark.grow * seconds;
      mark.angle += mark.spin * seconds;
      mark.vx *= drag;
      mark.vy *= drag;
      if (mark.age < mark.life && mark.size > 0) marks[kept++] = mark;
    }
    marks.length = kept;
  }

  /** @param {Canvas} canvas */
  draw(canvas) {
    const { context, camera } = canvas;
    context.globalCompositeOperation = "lighter";
    context.lineCap = "round";
    for (const mark of this.marks) {
      if (!camera.sees(mark.x, mark.y, mark.size + 1)) continue;
      const left = 1 - mark.age / mark.life;
      if (mark.shape === "light") {
        canvas.glow(mark.colour, mark.x, mark.y, mark.size, mark.alpha * left);
        continue;
      }
      canvas.toWorld();
      if (mark.shape === "beam") drawBeam(canvas, mark, left);
      else drawLine(canvas, mark, left);
    }
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  /** @private @param {number} x @param {number} y @param {number} count @param {number} speed
   *  @param {number} life @param {string} colour */
  sparks(x, y, count, speed, life, colour) {
    const many = Math.ceil(count * this.sparkle * (this.calm ? 0.33 : 1));
    for (let i = 0; i < many; i++) {
      const angle = 2 * Math.PI * Math.random();
      const fast = speed * (0.3 + 0.7 * Math.random());
      this.add({
        ...this.still("spark", x, y, life * (0.5 + 0.5 * Math.random()), colour, 1),
        vx: fast * Math.cos(angle),
        vy: fast * Math.sin(angle),
      });
    }
  }

  /** @private @param {number} x @param {number} y @param {number} size @param {number} grow
   *  @param {number} life @param {string} colour */
  ring(x, y, size, grow, life, colour) {
    if (this.calm) {
      size = Math.min(CALM_RING_UNITS, size + (grow * life) / 2);
      grow = 0;
    }
    this.add({ ...this.still("ring", x, y, life, colour, 0.9), size, grow });
  }

  /** @private @param {number} x @param {number} y @param {number} size @param {number} life
   *  @param {string} colour @param {number} alpha */
  light(x, y, size, life, colour, alpha) {
    this.add({ ...this.still("light", x, y, life, colour, this.calm ? alpha / 2 : alpha), size });
  }

  /** @private @param {Mark["shape"]} shape @param {number} x @param {number} y
   *  @param {number} life @param {string} colour @param {number} alpha @returns {Mark} */
  still(shape, x, y, life, colour, alpha) {
    return { shape, x, y, vx: 0, vy: 0, size: 1, grow: 0, angle: 0, spin: 0, age: 0, life, colour, alpha };
  }

  /** @private @param {Mark} mark */
  add(mark) {
    if (this.marks.length >= this.most) this.marks.splice(0, this.marks.length - this.most + 1);
    this.marks.push(mark);
  }
}

/** A spark, a ring or a shard. @param {Canvas} canvas @param {Mark} mark
 *  @param {number} left of its life, from 1 to 0 */
function drawLine(canvas, mark, left) {
  const { context } = canvas;
  const { shape, x, y, size, angle } = mark;
  context.globalAlpha = mark.alpha * left;
  context.strokeStyle = mark.colour;
  context.lineWidth = canvas.px(shape === "ring" ? 0.6 + 2.4 * left : 1.6);
  context.beginPath();
  if (shape === "ring") {
    context.arc(x, y, size, 0, 2 * Math.PI);
  } else if (shape === "spark") {
    context.moveTo(x - mark.vx * 0.05, y - mark.vy * 0.05);
    context.lineTo(x, y);
  } else {
    const [dx, dy] = [size * Math.cos(angle), size * Math.sin(angle)];
    context.moveTo(x - dx, y - dy);
    context.lineTo(x + dx, y + dy);
  }
  context.stroke();
}

/** Broad and faint, to narrow and white. @param {Canvas} canvas @param {Mark} mark
 *  @param {number} left of its life, from 1 to 0 */
function drawBeam(canvas, { x, y, size, angle, alpha, colour }, left) {
  const { context } = canvas;
  const [dx, dy] = [Math.cos(angle) * size, Math.sin(angle) * size];
  context.beginPath();
  context.moveTo(x - dx, y - dy);
  context.lineTo(x + dx, y + dy);
  const layers = /** @type {const} */ ([
    [16, 0.18, colour],
    [7, 0.45, colour],
    [2.2, 1, WHITE],
  ]);
  for (const [width, strength, hue] of layers) {
    context.lineWidth = canvas.px(0.5 + width * left);
    context.globalAlpha = alpha * strength * left;
    context.strokeStyle = hue;
    context.stroke();
  }
}
