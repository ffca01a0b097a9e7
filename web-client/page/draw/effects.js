// @ts-check
// What flashes and is gone: sparks, rings, lights, shards.
//
// It owns a bounded set of short-lived marks and nothing lasting; it tells nobody anything.
// picture.js adds to it by what happened, and paints it over the ships.

import { faded } from "./palette.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */

/**
 * @typedef {object} Mark
 * @property {"spark" | "ring" | "light" | "shard" | "beam"} shape a beam's middle is its place, and
 *   its size half of its length
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

/** The oldest go. */
const MARKS_MAX = 700;

export class Effects {
  /** @param {boolean} calm whether people asked for less motion */
  constructor(calm) {
    this.calm = calm;
    /** @private @type {Mark[]} */
    this.marks = [];
  }

  clear() {
    this.marks.length = 0;
  }

  /** A bolt broke on something. @param {number} x @param {number} y @param {string} colour */
  burst(x, y, colour) {
    this.light(x, y, 1.3, 0.16, colour, 0.55);
    this.sparks(x, y, 6, 9, 0.28, colour);
  }

  /** A ship was hit. @param {number} x @param {number} y @param {string} colour
   *  @param {boolean} shielded */
  hit(x, y, colour, shielded) {
    this.light(x, y, 1.7, 0.2, colour, 0.7);
    this.sparks(x, y, shielded ? 5 : 11, shielded ? 7 : 12, 0.36, colour);
  }

  /** A ship is no more. @param {number} x @param {number} y @param {string} colour */
  explosion(x, y, colour) {
    this.light(x, y, 6, 0.5, colour, 0.9);
    this.light(x, y, 2.4, 0.25, "#ffffff", 0.9);
    this.ring(x, y, 0.6, 11, 0.55, colour);
    this.ring(x, y, 0.2, 6, 0.7, "#ffffff");
    this.sparks(x, y, 26, 18, 0.75, colour);
    for (let i = 0; i < 6; i++) {
      const angle = (i / 6) * 2 * Math.PI + Math.random();
      const speed = 2.5 + 4 * Math.random();
      this.add({
        ...this.still("shard", x, y, 1.1, colour, 0.95),
        vx: speed * Math.cos(angle),
        vy: speed * Math.sin(angle),
        size: 0.5 + 0.5 * Math.random(),
        angle,
        spin: 8 * (Math.random() - 0.5),
      });
    }
  }

  /** A ship appeared. @param {number} x @param {number} y @param {string} colour */
  spawn(x, y, colour) {
    this.add({ ...this.still("ring", x, y, 0.55, colour, 0.9), size: 5, grow: -7.5 });
    this.ring(x, y, 0.4, 5, 0.7, colour);
    this.light(x, y, 3.4, 0.5, colour, 0.5);
  }

  /** A shot left. @param {number} x @param {number} y @param {number} angle
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

  /** A rail went from one place to another. @param {number} x @param {number} y
   *  @param {number} toX @param {number} toY @param {string} colour */
  beam(x, y, toX, toY, colour) {
    const angle = Math.atan2(toY - y, toX - x);
    const size = Math.hypot(toX - x, toY - y) / 2;
    const alpha = this.calm ? 0.6 : 1;
    this.add({ ...this.still("beam", (x + toX) / 2, (y + toY) / 2, 0.45, colour, alpha), size, angle });
    this.light(x, y, 2, 0.2, colour, 0.9);
    this.light(toX, toY, 1.8, 0.3, "#ffffff", 0.8);
    this.sparks(toX, toY, 9, 12, 0.35, colour);
  }

  /** @param {number} seconds */
  age(seconds) {
    for (const mark of this.marks) {
      mark.age += seconds;
      mark.x += mark.vx * seconds;
      mark.y += mark.vy * seconds;
      mark.size += mark.grow * seconds;
      mark.angle += mark.spin * seconds;
      const drag = Math.exp(-3.2 * seconds);
      mark.vx *= drag;
      mark.vy *= drag;
    }
    this.marks = this.marks.filter((mark) => mark.age < mark.life && mark.size > 0);
  }

  /** @param {Canvas} canvas */
  draw(canvas) {
    const { context, camera } = canvas;
    canvas.toWorld();
    context.globalCompositeOperation = "lighter";
    context.lineCap = "round";
    for (const mark of this.marks) {
      if (!camera.sees(mark.x, mark.y, mark.size + 1)) continue;
      const left = 1 - mark.age / mark.life;
      const alpha = mark.alpha * left;
      if (mark.shape === "light") {
        canvas.glow(mark.colour, mark.x, mark.y, mark.size, alpha);
        continue;
      }
      if (mark.shape === "beam") {
        drawBeam(canvas, mark, left);
        continue;
      }
      context.strokeStyle = faded(mark.colour, alpha);
      context.lineWidth = canvas.px(mark.shape === "ring" ? 0.6 + 2.4 * left : 1.5);
      context.beginPath();
      if (mark.shape === "ring") {
        context.arc(mark.x, mark.y, mark.size, 0, 2 * Math.PI);
      } else {
        const [dx, dy] =
          mark.shape === "spark"
            ? [mark.vx * 0.05, mark.vy * 0.05]
            : [Math.cos(mark.angle) * mark.size, Math.sin(mark.angle) * mark.size];
        context.moveTo(mark.x - dx, mark.y - dy);
        context.lineTo(mark.x, mark.y);
      }
      context.stroke();
    }
    context.globalCompositeOperation = "source-over";
  }

  /** @private @param {number} x @param {number} y @param {number} count @param {number} speed
   *  @param {number} life @param {string} colour */
  sparks(x, y, count, speed, life, colour) {
    const many = this.calm ? Math.ceil(count / 3) : count;
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
    if (this.marks.length >= MARKS_MAX) this.marks.shift();
    this.marks.push(mark);
  }
}

/** Broad and faint, to narrow and white. @param {Canvas} canvas @param {Mark} mark
 *  @param {number} left of its life, from 1 to 0 */
function drawBeam(canvas, mark, left) {
  const { context } = canvas;
  const [dx, dy] = [Math.cos(mark.angle) * mark.size, Math.sin(mark.angle) * mark.size];
  context.beginPath();
  context.moveTo(mark.x - dx, mark.y - dy);
  context.lineTo(mark.x + dx, mark.y + dy);
  const layers = /** @type {const} */ ([
    [16, 0.18, mark.colour],
    [7, 0.45, mark.colour],
    [2.2, 1, "#ffffff"],
  ]);
  for (const [width, strength, colour] of layers) {
    context.lineWidth = canvas.px(0.5 + width * left);
    context.strokeStyle = faded(colour, mark.alpha * strength * left);
    context.stroke();
  }
}
