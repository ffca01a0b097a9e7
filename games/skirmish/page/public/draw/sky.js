// @ts-check
// What lies beyond the border: the far sky, and where its stars, shards and travelling lights are.
//
// All of it follows from a seed, so that it looks the same to all in a room. It is far away, dim and
// without an outline: nothing in it looks as if one could fly to it or be hit by it. It paints to a
// given canvas, and knows neither world nor camera. outside.js keeps its picture and shows it.

import { OUTSIDE, faded } from "./palette.js";

/** @typedef {import("../types.js").Level} Level */
/**
 * Stars of a depth.
 * @typedef {object} Depth
 * @property {number} part how far they move when the camera does; of 1 they would move as the arena
 * @property {number} cell side of a square that holds one star, in CSS pixels
 * @property {number} size of a star, in CSS pixels
 * @property {string} colour
 */

/** Two depths of stars before those that are painted into the sky. @type {Depth[]} */
export const DEPTHS = [
  { part: 0.16, cell: 76, size: 1.2, colour: "#4d5c7e" },
  { part: 0.34, cell: 128, size: 1.8, colour: "#687a9f" },
];
/** Shards of rock, nearest of all. */
export const SHARDS = { part: 0.62, cell: 210, size: 3.4, colour: "#2b3950" };
/** Distant traffic: lights that cross the sky. */
export const LIGHTS = { count: 3, part: 0.1, seconds: 70, colour: "#63759a" };

const HAZES = ["#2747a8", "#6a3ba6", "#1d6f86", "#8a3a6c"];
const FAR_STAR = "#4d5b7a";
/** Far stars are one to a square of this side, in CSS pixels. */
const FAR_CELL = 46;

/** A seed that all in a room agree upon. @param {Level} level */
export function seedOf({ walls, rocks, pads }) {
  let seed = 0x2545f491;
  for (const { x, y } of [...walls.slice(0, 4), ...rocks.slice(0, 4), ...pads.slice(0, 4)]) {
    // In steps that survive any way of reading a 32-bit float.
    seed = mixed(seed ^ Math.round(x * 64), Math.round(y * 64));
  }
  return seed;
}

/** Random bits that belong to two whole numbers: a finaliser in the manner of MurmurHash3.
 *  @param {number} a @param {number} b @returns {number} 32 bits */
export function mixed(a, b) {
  let bits = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** One of four numbers from 0 to 1 in 32 random bits. @param {number} bits @param {number} which */
export function part(bits, which) {
  return ((bits >>> (8 * which)) & 255) / 256;
}

/** Where a travelling light is, as parts of the screen's width and height. It enters on one side and
 *  leaves on the other, then rests for a while.
 *  @param {number} seed @param {number} nth @param {number} now in milliseconds
 *  @param {[number, number]} place where the answer is written
 *  @returns {boolean} whether it is to be seen */
export function lightAt(seed, nth, now, place) {
  const turns = now / (1000 * LIGHTS.seconds) + nth / LIGHTS.count + part(seed, nth % 4);
  const flight = Math.floor(turns);
  const bits = mixed(seed + nth, flight);
  const along = (turns - flight) * 1.6 - 0.1;
  place[0] = bits & 1 ? along : 1 - along;
  place[1] = 0.05 + 0.9 * part(bits, 1) + (part(bits, 2) - 0.5) * 0.3 * along;
  return along < 1.1;
}

/** Paints haze, a planet and the farthest stars. @param {CanvasRenderingContext2D} context in CSS pixels
 *  @param {number} width @param {number} height @param {number} seed */
export function paintSky(context, width, height, seed) {
  context.fillStyle = OUTSIDE;
  context.fillRect(0, 0, width, height);
  for (let nth = 0; nth < 5; nth++) {
    const bits = mixed(seed, nth + 1);
    const reach = (0.3 + 0.3 * part(bits, 2)) * Math.max(width, height);
    haze(context, part(bits, 0) * width, part(bits, 1) * height, reach, HAZES[bits % HAZES.length], 0.2);
  }
  paintFarStars(context, width, height, seed);
  paintPlanet(context, width, height, seed);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} reach
 *  @param {string} colour @param {number} alpha */
function haze(context, x, y, reach, colour, alpha) {
  const light = context.createRadialGradient(x, y, 0, x, y, reach);
  light.addColorStop(0, faded(colour, alpha));
  light.addColorStop(0.5, faded(colour, alpha * 0.35));
  light.addColorStop(1, faded(colour, 0));
  context.fillStyle = light;
  context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 *  @param {number} seed */
function paintFarStars(context, width, height, seed) {
  context.fillStyle = FAR_STAR;
  for (let row = 0; row * FAR_CELL < height; row++) {
    for (let column = 0; column * FAR_CELL < width; column++) {
      const bits = mixed(seed ^ column, row);
      context.globalAlpha = 0.25 + 0.6 * part(bits, 2);
      const size = bits & 0x3000000 ? 1 : 1.5;
      context.fillRect((column + part(bits, 0)) * FAR_CELL, (row + part(bits, 1)) * FAR_CELL, size, size);
    }
  }
  context.globalAlpha = 1;
}

/** A planet at one side, where no panel stands: most of it is night. @param {CanvasRenderingContext2D} context
 *  @param {number} width @param {number} height @param {number} seed */
function paintPlanet(context, width, height, seed) {
  const bits = mixed(seed, 99);
  const radius = (0.13 + 0.09 * part(bits, 0)) * Math.min(width, height);
  const x = width * (bits & 1 ? 0.15 : 0.85);
  const y = height * (bits & 2 ? 0.4 : 0.58);
  const colour = HAZES[(bits >>> 4) % HAZES.length];
  haze(context, x, y, radius * 1.7, colour, 0.22);
  // The light comes from one side, and from there it falls off.
  const angle = 2 * Math.PI * part(bits, 1);
  const [sunX, sunY] = [x + 0.75 * radius * Math.cos(angle), y + 0.75 * radius * Math.sin(angle)];
  const day = context.createRadialGradient(sunX, sunY, 0, sunX, sunY, 1.7 * radius);
  day.addColorStop(0, faded(colour, 0.75));
  day.addColorStop(0.55, faded(colour, 0.2));
  day.addColorStop(1, faded(colour, 0.02));
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = OUTSIDE;
  context.fill();
  context.fillStyle = day;
  context.fill();
  if (part(bits, 2) > 0.55) return;
  context.save();
  context.translate(x, y);
  context.rotate(angle + 1.2);
  context.scale(1, 0.22);
  context.beginPath();
  // The near half of a ring: the other one is behind it.
  context.arc(0, 0, 1.55 * radius, -0.25, Math.PI + 0.25);
  context.lineWidth = 0.22 * radius;
  context.strokeStyle = faded(colour, 0.22);
  context.stroke();
  context.restore();
}
