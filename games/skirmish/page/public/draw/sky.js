// @ts-check
// What lies beyond the border: haze, a planet, and where stars, shards and travelling lights are.
//
// All of it follows from a seed, so that it looks the same to all in a room. It is far away, dim and
// without an outline: nothing in it looks as if one could fly to it or be hit by it. It paints to a
// given canvas, and knows neither world nor camera. outside.js shows it; level.js has the haze.

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

/** The depths of stars, the farthest first. @type {Depth[]} */
export const DEPTHS = [
  { part: 0.06, cell: 92, size: 1, colour: "#35425f" },
  { part: 0.16, cell: 118, size: 1.2, colour: "#4d5c7e" },
  { part: 0.34, cell: 168, size: 1.8, colour: "#687a9f" },
];
/** Shards of rock, nearest of all. */
export const SHARDS = { part: 0.62, cell: 210, size: 3.4, colour: "#2b3950" };
/** Distant traffic: lights that cross the sky. */
export const LIGHTS = { count: 3, part: 0.1, seconds: 70, colour: "#63759a" };

const HAZES = ["#1d357c", "#3d2772", "#123f58", "#4a2350"];
const PLANETS = ["#2747a8", "#6a3ba6", "#1d6f86", "#8a3a6c"];
/** A planet's radius, as a part of the side of its picture: around it is its air. */
const PLANET_PART = 0.4;

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

/** The colour of the haze around an arena, before arena.js darkens all that is outside.
 *  @param {Level} level */
export function hazeOf(level) {
  return HAZES[mixed(seedOf(level), 7) % HAZES.length];
}

/** Where the planet is, as parts of the screen's width and height from its middle: at one side, where no
 *  panel stands. @param {number} seed @returns {[number, number]} */
export function planetAt(seed) {
  const bits = mixed(seed, 99);
  return [bits & 1 ? -0.35 : 0.35, bits & 2 ? -0.1 : 0.08];
}

/** Paints a planet, most of which is night, into the middle of a square.
 *  @param {CanvasRenderingContext2D} context @param {number} side of the square
 *  @param {number} seed */
export function paintPlanet(context, side, seed) {
  const bits = mixed(seed, 98);
  const colour = PLANETS[bits % PLANETS.length];
  const [middle, radius] = [side / 2, side * PLANET_PART];
  const halo = context.createRadialGradient(middle, middle, radius, middle, middle, middle);
  halo.addColorStop(0, faded(colour, 0.1));
  halo.addColorStop(1, faded(colour, 0));
  context.fillStyle = halo;
  context.fillRect(0, 0, side, side);
  // The light comes from one side, and from there it falls off.
  const angle = 2 * Math.PI * part(bits, 1);
  const x = middle + 0.75 * radius * Math.cos(angle);
  const y = middle + 0.75 * radius * Math.sin(angle);
  const day = context.createRadialGradient(x, y, 0, x, y, 1.7 * radius);
  day.addColorStop(0, faded(colour, 0.5));
  day.addColorStop(0.55, faded(colour, 0.14));
  day.addColorStop(1, faded(colour, 0.02));
  context.beginPath();
  context.arc(middle, middle, radius, 0, 2 * Math.PI);
  context.fillStyle = OUTSIDE;
  context.fill();
  context.fillStyle = day;
  context.fill();
}
