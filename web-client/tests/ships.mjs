// @ts-check
// Tests of how ships are painted, without a browser: node ships.mjs
//
// A hull is opaque and tinted whatever was painted before, and the ring of a shield is where its ship is, at
// any scale and pixel ratio. Run by tests/tests/page_in_node.rs.

import { holds } from "./fake-browser.mjs";

const fakes = /** @type {any} */ (globalThis);
fakes.Path2D = class {
  moveTo() {}
  lineTo() {}
};

/** A context that notes each call, with the state at it. @returns {any} */
function fakeContext() {
  /** @type {any} */
  const context = { calls: [], globalAlpha: 1, fillStyle: "", lineWidth: 1 };
  for (const name of ["arc", "beginPath", "drawImage", "fill", "lineTo", "moveTo", "setLineDash", "stroke"]) {
    context[name] = (/** @type {any[]} */ ...given) => {
      const { globalAlpha, fillStyle, lineWidth } = context;
      context.calls.push({ name, given, globalAlpha, fillStyle, lineWidth });
    };
  }
  return context;
}
fakes.document = {
  createElement: () => {
    const context = fakeContext();
    return { width: 0, height: 0, context, getContext: () => context };
  },
};

const { ShieldSprite } = await import("../../games/skirmish/page/public/draw/shield-sprite.js");
const { Ships } = await import("../../games/skirmish/page/public/draw/ships.js");
const { SELF } = await import("../../games/skirmish/page/public/draw/palette.js");

/** A canvas whose middle is the origin. @param {number} scale @param {number} ratio @returns {any} */
function fakeCanvas(scale, ratio) {
  return {
    context: fakeContext(),
    ratio,
    camera: {
      scale,
      sees: () => true,
      screenX: (/** @type {number} */ x) => x * scale,
      screenY: (/** @type {number} */ y) => y * scale,
    },
    level: { fills: true, glow: "none" },
    px: (/** @type {number} */ pixels) => pixels / scale,
    toPixels() {},
    toPlace() {},
    toWorld() {},
  };
}

// A ring: the middle of what is copied lies within a quarter of a pixel of its ship, and its width is that asked for.
const sprite = new ShieldSprite("#9fd8ff", 1.5, 1.2);
/** What is painted for a ship. @param {any} canvas @param {number} x @param {number} y */
function painted(canvas, x, y) {
  canvas.context.calls.length = 0;
  sprite.draw(canvas, x, y, 0.2);
  return canvas.context.calls.find((/** @type {any} */ call) => call.name === "drawImage" || call.name === "arc");
}
for (const [scale, ratio] of [[20, 1], [10, 2], [20, 1.5], [21.3, 1]]) {
  const canvas = fakeCanvas(scale, ratio);
  sprite.begin(canvas);
  holds(painted(canvas, 1, 1).name === "arc", `at a new scale of ${scale} and ratio of ${ratio} it is stroked`);
  sprite.begin(canvas);
  for (const [x, y] of [[0, 0], [1.013, -2.037], [-7.77, 3.31], [-0.001, 0.024]]) {
    const { name, given, globalAlpha } = painted(canvas, x, y);
    holds(name === "drawImage" && globalAlpha === 0.2, "at the same scale it is copied");
    const [picture, left, top] = given;
    const [arc, stroke] = ["arc", "stroke"].map((kind) => picture.context.calls.find((/** @type {any} */ call) => call.name === kind));
    const off = [left + arc.given[0] - x * scale * ratio, top + arc.given[1] - y * scale * ratio];
    holds(off.every((pixels) => Math.abs(pixels) <= 0.25 + 1e-9), `it is ${off} pixels off its ship`);
    holds(Math.abs(arc.given[2] - 1.5 * scale * ratio) < 1e-9 && stroke.lineWidth === 1.2 * ratio, "as large and as thick");
    const edge = arc.given[0] + arc.given[2] + stroke.lineWidth / 2;
    holds(edge <= picture.width && arc.given[0] - arc.given[2] - stroke.lineWidth / 2 >= 0, "and whole");
  }
  holds(canvas.context.globalAlpha === 1, "and its alpha does not stay");
}

const measures = /** @type {any} */ ({ classes: [], hull_max: 100, shield_max: 50, flag_protected: 1, flag_charging: 2, flag_overcharged: 4 });
/** What is called to paint the own ship. @param {any} state of the ship @param {number} hurt by a hit, from 0 to 1
 *  @returns {any[]} */
function calls(state, hurt) {
  const canvas = fakeCanvas(20, 1);
  const ships = new Ships(measures, /** @type {any} */ ({ hurt: () => hurt, of: () => undefined }));
  const ship = { player: 1, class: 1, x: 0, y: 0, aim: 0, wx: 0, wy: 0, hull: 100, shield: 0, flags: 0, ...state };
  const world = /** @type {any} */ ({ ships: [ship], self: 1, own: null, players: new Map(), classOf: () => undefined, teamOf: () => 0 });
  // At the scale of the frame before.
  for (let frame = 0; frame < 2; frame++) {
    canvas.context.calls.length = 0;
    ships.draw(canvas, world, null, 0, true);
  }
  return canvas.context.calls;
}

// A hull is opaque, whether its engines run or not. They fill the current path, hulls one of their own.
for (const hurt of [0, 0.5]) {
  for (const wx of [0, 1]) {
    const fills = calls({ wx }, hurt).filter(({ name, given }) => name === "fill" && given.length > 0);
    const [first, second] = fills;
    holds(first.globalAlpha === 1, `the engines leave their alpha: ${first.globalAlpha}`);
    if (hurt === 0) holds(fills.length === 1 && first.fillStyle === "#513e2a", `tinted in one fill: ${first.fillStyle}`);
    else holds(fills.length === 2 && second.fillStyle === SELF && second.globalAlpha === 0.3, "lit, and tinted over it");
  }
}

// A quiet shield is a sprite; one that is hit, doubled or protects a newcomer is not.
const isSprite = (/** @type {any} */ state, /** @type {number} */ hurt) => calls(state, hurt).some(({ name }) => name === "drawImage");
holds(isSprite({ shield: 50 }, 0), "a quiet shield is copied");
holds(!isSprite({ shield: 0 }, 0), "and where there is none, nothing");
holds(!isSprite({ shield: 50 }, 0.5) && !isSprite({ shield: 80 }, 0) && !isSprite({ shield: 50, flags: 1 }, 0), "others are stroked");
