// @ts-check
// The field of the viewer: every row that has a place as a dot, with the name of its player, and a camera that
// finds its way without knowing the game. It draws; it decides nothing.

import { colourOf } from "./dom.js";
import { keyOf, playerKey } from "./between.js";

/** @typedef {import("../tickwire.js").Schema} Schema */
/** @typedef {import("../tickwire.js").Player} Player */
/** @typedef {import("./feed.js").Row} Row */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ kind: number, x: string, y: string, player: string | null, angle: string | null }} Placed
 *  of a kind with a place: where rows have it, whose they are, and where they point */

/** How much more than what is seen is shown around it. */
const MARGIN = 1.08;
/** If all that was ever seen is so many times as large as what is seen now, the camera follows the own player. */
const FOLLOW_FROM = 1.8;
/** The whole world of the schema is shown if it is no more than so many times as large as what was seen. */
const WORLD_MAX = 3;
/** How far the own player sees is forgotten by two thirds in so long: now and then nobody is far away. */
const SIGHT_MS = 30_000;
/** For how long the camera takes to be two thirds of the way where it should be. */
const SETTLE_MS = 250;
const DOT_RADIUS = 6;
/** Lines of the grid are so far apart at least. */
const GRID_PX = 60;
/** An event with a place is shown for so long. */
const RIPPLE_MS = 500;

export class Field {
  #canvas;
  #paint;
  /** By the name of the kind. @type {Map<string, Placed>} */
  #kinds = new Map();
  /** @type {Map<string, Placed>} */
  #eventKinds = new Map();
  /** All that was ever seen. @type {Box | null} */
  #seen = null;
  /** How many kinds of entity there are: those of events have the colours after theirs. */
  #entityKinds = 0;
  /** What may be seen at all, by the schema. @type {Box | null} */
  #world = null;
  #camera = { x: 0, y: 0, half: 0 };
  /** How far the own player has seen of late. */
  #sight = 0;
  #drawnAt = 0;
  /** @type {(Point & { kind: number, at: number })[]} */
  #ripples = [];
  /** Where the own row is. @type {Point | null} */
  own = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** Begins anew, in a room of this schema. @param {Schema | null} schema */
  enter(schema) {
    this.#kinds = placed(schema?.entities ?? []);
    this.#entityKinds = schema?.entities.length ?? 0;
    this.#eventKinds = placed(schema?.events ?? []);
    this.#seen = this.#world = this.own = null;
    this.#sight = 0;
    this.#ripples = [];
    for (const { fields, place } of schema?.entities ?? []) {
      if (!place) continue;
      const [x, y] = place.map((name) => fields.find((field) => field.name === name));
      if (!x || !y) continue;
      this.#world = joined(this.#world, { x: x.min * x.scale, y: y.min * y.scale });
      this.#world = joined(this.#world, { x: x.max * x.scale, y: y.max * y.scale });
    }
  }

  get hasPlaces() {
    return this.#kinds.size > 0;
  }

  /** Where in the game's units a point of the page is. @param {number} left @param {number} top @returns {[number, number]} */
  toWorld(left, top) {
    const { x, y } = this.#camera;
    const box = this.#canvas.getBoundingClientRect();
    const scale = this.#scale();
    return [x + (left - box.left - box.width / 2) / scale, y + (top - box.top - box.height / 2) / scale];
  }

  /** An event with a place is seen for a moment. @param {import("./feed.js").Happening} event @param {number} now ms */
  ripple(event, now) {
    const kind = this.#eventKinds.get(event.kind);
    if (kind) this.#ripples.push({ kind: kind.kind, x: event[kind.x], y: event[kind.y], at: now });
  }

  /** @param {Row[]} rows @param {ReadonlyMap<number, Player>} roster @param {number} now ms */
  draw(rows, roster, now) {
    const canvas = this.#canvas;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const seen = this.#look(rows);
    this.#follow(seen, now);
    const paint = this.#paint;
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.clearRect(0, 0, width, height);
    paint.setTransform(ratio, 0, 0, ratio, width / 2, height / 2);
    this.#drawWorld();
    this.#drawRipples(now);
    for (const row of rows) this.#drawRow(row, roster);
  }

  /** Finds the own row; gives what holds all rows. @param {Row[]} rows */
  #look(rows) {
    /** @type {Box | null} */
    let seen = null;
    this.own = null;
    for (const row of rows) {
      const kind = this.#kinds.get(row.kind);
      if (!kind) continue;
      const at = { x: row[kind.x], y: row[kind.y] };
      seen = joined(seen, at);
      this.#seen = joined(this.#seen, at);
      if (row.own && !this.own) this.own = at;
    }
    return seen;
  }

  /** Moves the camera: it shows the world, or all of it that was ever seen, or what is about the own row where
   *  that is much less. @param {Box | null} seen @param {number} now */
  #follow(seen, now) {
    const all = this.#seen;
    if (!all) return;
    const aspect = Math.max(this.#canvas.clientWidth, 1) / Math.max(this.#canvas.clientHeight, 1);
    const halfOf = (/** @type {number} */ x, /** @type {number} */ y) => Math.max(y, x / aspect) * MARGIN;
    const around = (/** @type {Box} */ { left, top, right, bottom }) =>
      ({ x: (left + right) / 2, y: (top + bottom) / 2, half: halfOf((right - left) / 2, (bottom - top) / 2) });
    const [known, world] = [around(all), this.#world && around(this.#world)];
    let goal = world && world.half <= WORLD_MAX * known.half ? world : known;
    const passed = now - this.#drawnAt;
    const { own } = this;
    if (own && seen) {
      const near = halfOf(Math.max(own.x - seen.left, seen.right - own.x), Math.max(own.y - seen.top, seen.bottom - own.y));
      this.#sight = Math.max(near, this.#sight * Math.exp(-passed / SIGHT_MS));
      if (this.#sight > 0 && goal.half > FOLLOW_FROM * this.#sight) goal = { ...own, half: this.#sight };
    }
    goal.half = Math.max(goal.half, (world?.half ?? 1) / 12);
    const camera = this.#camera;
    const part = camera.half === 0 ? 1 : 1 - Math.exp(-passed / SETTLE_MS);
    camera.x += (goal.x - camera.x) * part;
    camera.y += (goal.y - camera.y) * part;
    camera.half += (goal.half - camera.half) * part;
    this.#drawnAt = now;
  }

  /** Pixels for a unit of the game. */
  #scale() {
    return this.#canvas.clientHeight / 2 / Math.max(this.#camera.half, 1e-9);
  }

  /** Where on the canvas, from its middle. @param {Point} at */
  #onScreen(at) {
    const scale = this.#scale();
    return { x: (at.x - this.#camera.x) * scale, y: (at.y - this.#camera.y) * scale };
  }

  /** Its edges, and lines across it, by which one sees that oneself moves. */
  #drawWorld() {
    if (!this.#world) return;
    const { left, top, right, bottom } = this.#world;
    const paint = this.#paint;
    const [halfWidth, halfHeight] = [this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2];
    const scale = this.#scale();
    const step = 2 ** Math.ceil(Math.log2(GRID_PX / scale));
    paint.strokeStyle = "#1b2130";
    paint.lineWidth = 1;
    paint.beginPath();
    const { x: middleX, y: middleY } = this.#camera;
    for (let x = Math.ceil((middleX - halfWidth / scale) / step) * step; x < middleX + halfWidth / scale; x += step) {
      const at = (x - middleX) * scale;
      paint.moveTo(at, -halfHeight);
      paint.lineTo(at, halfHeight);
    }
    for (let y = Math.ceil((middleY - halfHeight / scale) / step) * step; y < middleY + halfHeight / scale; y += step) {
      const at = (y - middleY) * scale;
      paint.moveTo(-halfWidth, at);
      paint.lineTo(halfWidth, at);
    }
    paint.stroke();
    const from = this.#onScreen({ x: left, y: top });
    const to = this.#onScreen({ x: right, y: bottom });
    this.#paint.strokeStyle = "#39435c";
    this.#paint.lineWidth = 1;
    this.#paint.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  }

  /** @param {number} now */
  #drawRipples(now) {
    this.#ripples = this.#ripples.filter(({ at }) => now - at < RIPPLE_MS);
    for (const ripple of this.#ripples) {
      const age = (now - ripple.at) / RIPPLE_MS;
      this.#paint.strokeStyle = colourOf(ripple.kind + this.#entityKinds);
      this.#paint.globalAlpha = 1 - age;
      this.#circle(this.#onScreen(ripple), DOT_RADIUS * (1 + 4 * age), false);
      this.#paint.globalAlpha = 1;
    }
  }

  /** @param {Row} row @param {ReadonlyMap<number, Player>} roster */
  #drawRow(row, roster) {
    const kind = this.#kinds.get(row.kind);
    if (!kind) return;
    const paint = this.#paint;
    const at = this.#onScreen({ x: row[kind.x], y: row[kind.y] });
    const name = kind.player === null ? undefined : roster.get(row[kind.player])?.name;
    const radius = name === undefined ? DOT_RADIUS * 0.7 : DOT_RADIUS;
    paint.fillStyle = paint.strokeStyle = colourOf(kind.kind);
    this.#circle(at, radius, true);
    paint.lineWidth = 2;
    if (kind.angle !== null) {
      const angle = row[kind.angle];
      paint.beginPath();
      paint.moveTo(at.x, at.y);
      paint.lineTo(at.x + 2.2 * radius * Math.cos(angle), at.y + 2.2 * radius * Math.sin(angle));
      paint.stroke();
    }
    if (row.own) {
      paint.strokeStyle = "#fff";
      this.#circle(at, radius + 3, false);
    }
    if (name === undefined) return;
    paint.fillStyle = "#dfe6f3";
    paint.font = "12px system-ui";
    paint.textAlign = "center";
    paint.fillText(name, at.x, at.y - radius - 6);
  }

  /** @param {Point} at @param {number} radius @param {boolean} isFilled */
  #circle(at, radius, isFilled) {
    this.#paint.beginPath();
    this.#paint.arc(at.x, at.y, radius, 0, 2 * Math.PI);
    if (isFilled) this.#paint.fill();
    else this.#paint.stroke();
  }
}

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

/** @param {Box | null} box @param {Point} at @returns {Box | null} */
function joined(box, { x, y }) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return box;
  if (!box) return { left: x, top: y, right: x, bottom: y };
  return { left: Math.min(box.left, x), top: Math.min(box.top, y),
           right: Math.max(box.right, x), bottom: Math.max(box.bottom, y) };
}

/** The kinds that have a place. @param {readonly import("../tickwire.js").Kind[]} kinds @returns {Map<string, Placed>} */
function placed(kinds) {
  const found = new Map();
  kinds.forEach(({ name, fields, place }, kind) => {
    if (!place) return;
    const [x, y] = place.map(keyOf);
    const angle = fields.find(({ unit, wraps }) => unit === "rad" && wraps)?.name ?? null;
    found.set(name, { kind, x, y, player: playerKey(fields), angle: angle && keyOf(angle) });
  });
  return found;
}
