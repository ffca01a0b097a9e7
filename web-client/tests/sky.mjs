// @ts-check
// Tests of what is drawn beyond the border, without a browser: node sky.mjs
//
// It is the same to all in a room, never a number that cannot be painted, and never as bright as a
// ship. Run by tests/tests/page_in_node.rs.

import { holds } from "./fake-browser.mjs";

const { DEPTHS, LIGHTS, SHARDS, lightAt, mixed, paintPlanet, part, planetAt, seedOf } = await import(
  "../../games/skirmish/page/public/draw/sky.js"
);
const { ALL } = await import("../../games/skirmish/page/public/draw/palette.js");

const level = (/** @type {number[]} */ ...walls) =>
  /** @type {any} */ ({ walls: walls.map((x) => ({ x, y: 2.5 })), rocks: [], pads: [{ x: 0, y: 0 }] });
holds(seedOf(level(3.25)) === seedOf(level(3.25)), "equal levels have equal skies");
holds(seedOf(level(3.25)) !== seedOf(level(3.5)), "others have others");
holds(Number.isInteger(seedOf({ ...level(), pads: [] })), "an empty one has one too");

const counts = new Array(16).fill(0);
for (let row = -50; row < 50; row++) {
  for (let column = -50; column < 50; column++) counts[Math.floor(part(mixed(column, row), 0) * 16)] += 1;
}
holds(counts.every((count) => count > 500 && count < 750), "stars are spread evenly, on either side of zero");

/** Relative luminance by WCAG. @param {string} colour */
function luminance(colour) {
  const linear = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
const dimmest = Math.min(...ALL.map(luminance));
const outside = [...DEPTHS, SHARDS, LIGHTS].map(({ colour }) => luminance(colour));
holds(outside.every((of) => of < 0.9 * dimmest), "nothing outside is as bright as the darkest ship");
holds([...DEPTHS, SHARDS].every(({ size }) => size < 6), "nor as large");
const moves = [...DEPTHS, SHARDS].map((depth) => depth.part);
holds(moves.every((of, nth) => of < (moves[nth + 1] ?? 1)), "what is nearer moves more, and nothing as much as the arena");

/** @type {[number, number]} */
const place = [0, 0];
let [seen, hidden, beyond] = [0, 0, 0];
for (let now = 0; now < 1e6; now += 50) {
  for (let nth = 0; nth < LIGHTS.count; nth++) {
    if (!lightAt(4_000_000_000, nth, now, place)) hidden += 1;
    else seen += 1;
    if (!place.every((at) => at > -0.6 && at < 1.6)) beyond += 1;
  }
}
holds(beyond === 0 && seen > hidden, "lights travel across the screen");
holds(hidden > 0.1 * seen, "and are gone for a while");

/** A canvas on which only numbers may be painted. @returns {any} */
function strict() {
  const target = { painted: 0, colours: 0, broken: 0 };
  const check = (/** @type {unknown[]} */ given) => {
    target.painted += 1;
    if (given.some((value) => typeof value === "number" && !Number.isFinite(value))) target.broken += 1;
    const addColorStop = (/** @type {number} */ at, /** @type {string} */ colour) => {
      if (!(at >= 0 && at <= 1 && /^#[0-9a-f]{8}$/.test(colour))) target.broken += 1;
      target.colours += 1;
    };
    return { addColorStop };
  };
  return new Proxy(target, {
    get: (of, name) => (name in of ? Reflect.get(of, name) : (/** @type {unknown[]} */ ...given) => check(given)),
    set: () => true,
  });
}
for (const seed of [0, 1, 0xffffffff, -7]) {
  holds(planetAt(seed).every((at) => Math.abs(at) < 0.5), `the planet of seed ${seed} is on the screen`);
  for (const side of [1, 131, 1_300]) {
    const context = strict();
    paintPlanet(context, side, seed);
    const isWhole = context.painted >= 7 && context.colours === 5 && context.broken === 0;
    holds(isWhole, `and painted with a side of ${side}`);
  }
}
