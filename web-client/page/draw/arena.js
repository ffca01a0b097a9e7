// @ts-check
// What never moves, and the border: ground, grid, walls, rocks.
//
// It paints the level among which ships fly; it knows no ship. Called by picture.js, first.

import { BACKGROUND, DANGER, OUTSIDE, faded } from "./palette.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../wasm.js").Rock} Rock */

const GRID_UNITS = 4;
const GRID_STRONG_EVERY = 5;
const GROUND = "#0d1731";
const LINE = "#4d7cff";
const WALL = "#7fa8ff";
const ROCK = "#8fb4d9";

/** @param {Canvas} canvas @param {World} world */
export function drawArena(canvas, world) {
  const { context, camera } = canvas;
  canvas.toScreen();
  context.fillStyle = OUTSIDE;
  context.fillRect(0, 0, camera.width, camera.height);
  canvas.toWorld();
  drawBeyond(canvas);
  // Nothing has come yet.
  if (world.borderRadius <= 0) return;
  drawGround(canvas, world.borderRadius);
  drawGrid(canvas, world.borderRadius);
  drawObstacles(canvas, world);
  drawBorder(canvas, world.borderRadius);
}

/** The grid goes on outside, hardly seen. @param {Canvas} canvas */
function drawBeyond(canvas) {
  const { context, camera } = canvas;
  const step = GRID_UNITS * GRID_STRONG_EVERY;
  const [left, top] = camera.toWorld(0, 0);
  const [right, bottom] = camera.toWorld(camera.width, camera.height);
  context.beginPath();
  for (let x = Math.ceil(left / step) * step; x <= right; x += step) {
    context.moveTo(x, top);
    context.lineTo(x, bottom);
  }
  for (let y = Math.ceil(top / step) * step; y <= bottom; y += step) {
    context.moveTo(left, y);
    context.lineTo(right, y);
  }
  context.lineWidth = canvas.px(1);
  context.strokeStyle = faded(LINE, 0.07);
  context.stroke();
}

/** @param {Canvas} canvas @param {number} radius */
function drawGround(canvas, radius) {
  const { context } = canvas;
  const ground = context.createRadialGradient(0, 0, 0, 0, 0, radius);
  ground.addColorStop(0, GROUND);
  ground.addColorStop(0.7, BACKGROUND);
  context.fillStyle = ground;
  circle(context, 0, 0, radius);
  context.fill();
}

/** @param {Canvas} canvas @param {number} radius */
function drawGrid(canvas, radius) {
  const { context, camera } = canvas;
  // Seen from far away only the strong lines are left.
  const step = camera.scale < 7 ? GRID_UNITS * GRID_STRONG_EVERY : GRID_UNITS;
  const [left, top] = camera.toWorld(0, 0);
  const [right, bottom] = camera.toWorld(camera.width, camera.height);
  const weak = new Path2D();
  const strong = new Path2D();
  /** @param {number} at @param {boolean} upright */
  const line = (at, upright) => {
    const half = Math.sqrt(Math.max(0, radius * radius - at * at));
    if (half === 0) return;
    const path = at % (GRID_UNITS * GRID_STRONG_EVERY) === 0 ? strong : weak;
    path.moveTo(upright ? at : -half, upright ? -half : at);
    path.lineTo(upright ? at : half, upright ? half : at);
  };
  const from = (/** @type {number} */ low) => Math.ceil(Math.max(low, -radius) / step) * step;
  for (let x = from(left); x <= Math.min(right, radius); x += step) line(x, true);
  for (let y = from(top); y <= Math.min(bottom, radius); y += step) line(y, false);
  context.lineWidth = canvas.px(1);
  context.strokeStyle = faded(LINE, 0.13);
  context.stroke(weak);
  context.strokeStyle = faded(LINE, 0.28);
  context.stroke(strong);
}

/** @param {Canvas} canvas @param {World} world */
function drawObstacles(canvas, world) {
  const { context, camera } = canvas;
  const solid = {
    walls: new Path2D(),
    insets: new Path2D(),
    rocks: new Path2D(),
    facets: new Path2D(),
  };
  const shades = new Path2D();
  for (const wall of world.level.walls) {
    const { x, y, w, h } = wall;
    if (!camera.sees(x + w / 2, y + h / 2, (w + h) / 2)) continue;
    if (world.borderRadius < wall.solid_from) {
      if (isInside(x + w / 2, y + h / 2, world)) shades.rect(x, y, w, h);
      continue;
    }
    solid.walls.rect(x, y, w, h);
    const inset = Math.min(w, h) * 0.24;
    solid.insets.rect(x + inset, y + inset, w - 2 * inset, h - 2 * inset);
  }
  for (const rock of world.level.rocks) {
    if (!camera.sees(rock.x, rock.y, rock.radius)) continue;
    if (world.borderRadius < rock.solid_from) {
      if (isInside(rock.x, rock.y, world)) addRock(shades, rock, null);
      continue;
    }
    addRock(solid.rocks, rock, solid.facets);
  }
  context.lineJoin = "round";
  context.lineWidth = canvas.px(1);
  context.setLineDash([canvas.px(3), canvas.px(5)]);
  context.strokeStyle = faded(WALL, 0.22);
  context.stroke(shades);
  context.setLineDash([]);
  paint(canvas, solid.walls, solid.insets, WALL, "#0d1730");
  paint(canvas, solid.rocks, solid.facets, ROCK, "#0c1524");
}

/** @param {Canvas} canvas @param {Path2D} outline @param {Path2D} inner @param {string} colour
 *  @param {string} fill */
function paint(canvas, outline, inner, colour, fill) {
  const { context } = canvas;
  context.fillStyle = fill;
  context.fill(outline);
  context.lineWidth = canvas.px(5);
  context.strokeStyle = faded(colour, 0.12);
  context.stroke(outline);
  context.lineWidth = canvas.px(1.4);
  context.strokeStyle = faded(colour, 0.85);
  context.stroke(outline);
  context.lineWidth = canvas.px(1);
  context.strokeStyle = faded(colour, 0.22);
  context.stroke(inner);
}

/** @param {number} x @param {number} y @param {World} world */
function isInside(x, y, world) {
  return Math.hypot(x, y) < world.borderRadius;
}

/** A cut stone that hardly leaves its circle, for the circle is what is hit. Its cuts follow
 *  from its place, so that it looks the same to all.
 *  @param {Path2D} path @param {Rock} rock @param {Path2D | null} facets */
function addRock(path, rock, facets) {
  const corners = 7 + (Math.abs(Math.round(rock.x * 13 + rock.y * 7)) % 4);
  const turn = rock.x * 1.7 + rock.y * 2.3;
  for (let i = 0; i <= corners; i++) {
    const nth = i % corners;
    const angle = turn + (nth / corners) * 2 * Math.PI + 0.18 * Math.sin(nth * 2.4 + turn);
    const reach = rock.radius * (1.02 - 0.05 * Math.abs(Math.sin(nth * 1.9 + turn)));
    const x = rock.x + reach * Math.cos(angle);
    const y = rock.y + reach * Math.sin(angle);
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
    if (facets && nth % 2 === 0 && i < corners) {
      facets.moveTo(x, y);
      facets.lineTo(
        rock.x + 0.42 * rock.radius * Math.cos(angle + 0.5),
        rock.y + 0.42 * rock.radius * Math.sin(angle + 0.5),
      );
    }
  }
  path.closePath();
}

/** @param {Canvas} canvas @param {number} radius */
function drawBorder(canvas, radius) {
  const { context } = canvas;
  circle(context, 0, 0, radius);
  context.lineWidth = canvas.px(9);
  context.strokeStyle = faded(DANGER, 0.08);
  context.stroke();
  context.lineWidth = canvas.px(1.6);
  context.strokeStyle = faded(DANGER, 0.8);
  context.stroke();
  circle(context, 0, 0, radius + 0.5);
  context.lineWidth = canvas.px(1);
  context.setLineDash([canvas.px(2), canvas.px(8)]);
  context.strokeStyle = faded(DANGER, 0.5);
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 *  @param {number} radius */
function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
