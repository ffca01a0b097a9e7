// @ts-check
// Renders one frame, layer by layer.
//
// It owns the painters; it reads the world and never changes it. Called by main.js once per
// animation frame.

import { Alarm } from "./alarm.js";
import { Arena } from "./arena.js";
import { Canvas } from "./canvas.js";
import { Effects } from "./effects.js";
import { EventEffects } from "./events.js";
import { Guard } from "../guard.js";
import { LOW_HULL } from "../thresholds.js";
import { OwnHits } from "./own-hits.js";
import { ShipEffects } from "./ship-effects.js";
import { Ships, hullLeft } from "./ships.js";
import { boltWidths, drawBolts, drawTrails } from "./bolts.js";
import { calm } from "../motion.js";
import { colourIn } from "./palette.js";
import { drawLabels } from "./labels.js";
import { drawPickups } from "./pickups.js";

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../quality.js").Level} Level */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").GameEvent} GameEvent */
/** @typedef {import("../types.js").Measures} Measures */
/** @typedef {import("../types.js").Own} Own */

/**
 * @typedef {(canvas: Canvas, world: World, now: number) => void} Painter
 * @typedef {{ under: Painter, over: Painter }} Overlay
 */

/** Debris per second of a ship with a low hull. */
const EMBERS_PER_SECOND = 9;

export class Renderer {
  /** @param {HTMLCanvasElement} element @param {Camera} camera @param {Measures} measures
   *  @param {Level} level the rendering quality */
  constructor(element, camera, measures, level) {
    this.calm = calm.matches;
    /** @private */
    this.guard = new Guard();
    /** Whether hits shake the picture: a setting. */
    this.shakes = true;
    /** Paints under and over the ships, if set. @type {Overlay | null} */
    this.overlay = null;
    this.measures = measures;
    this.canvas = new Canvas(element, camera, level);
    this.arena = new Arena();
    this.shipEffects = new ShipEffects(measures);
    this.ships = new Ships(measures, this.shipEffects);
    this.effects = new Effects(this.calm);
    this.alarm = new Alarm();
    this.ownHits = new OwnHits();
    this.eventEffects = new EventEffects(this.effects, this.alarm, this.shipEffects, this.ownHits, (pixels) => {
      if (this.shakes) camera.kick(pixels);
    });
    /** @private */
    this.widths = boltWidths(measures);
    calm.addEventListener("change", () => {
      this.calm = this.effects.calm = calm.matches;
    });
    this.setQuality(level);
  }

  /** @param {Level} level */
  setQuality(level) {
    this.canvas.setQuality(level);
    this.effects.most = level.marks;
    this.effects.sparkle = level.sparks;
  }

  /** Drops all effects, so that none of the last room shows in the next. */
  clear() {
    const { effects, alarm, shipEffects, ownHits, eventEffects } = this;
    for (const part of [effects, alarm, shipEffects, ownHits, eventEffects]) part.clear();
  }

  /** @param {World} world @param {GameEvent} event @param {number} now */
  show(world, event, now) {
    this.eventEffects.show(world, event, now);
  }

  /** @param {World} world @param {Own | null} own @param {number} now
   *  @param {number} seconds since the last frame */
  draw(world, own, now, seconds) {
    const { canvas, shipEffects, measures, calm, overlay } = this;
    canvas.followScreen();
    this.guard.run("ship effects", () => {
      this.eventEffects.flashMuzzles(world);
      shipEffects.update(world, now);
      this.shedEmbers(world, seconds);
      this.effects.age(seconds);
    });
    canvas.camera.settle(seconds);
    this.paint("arena", () => this.arena.draw(canvas, world, now, calm));
    this.paint("pick-ups", () => drawPickups(canvas, world, now, calm));
    this.paint("trails", () => drawTrails(canvas, world, shipEffects, now));
    this.paint("bolts", () => drawBolts(canvas, world, shipEffects, this.widths));
    if (overlay) this.paint("outlines", () => overlay.under(canvas, world, now));
    this.paint("ships", () => this.ships.draw(canvas, world, own, now, calm));
    this.paint("labels", () => drawLabels(canvas, world, measures, this.ownHits, now));
    if (overlay) this.paint("marks", () => overlay.over(canvas, world, now));
    this.paint("dark", () => this.alarm.drawDark(canvas, world, own, now));
    this.paint("effects", () => this.effects.draw(canvas));
    this.paint("own hits", () => this.ownHits.draw(canvas, world, now, calm));
    this.paint("alarm", () => this.alarm.draw(canvas, world, own, now, calm));
  }

  /** Paints one layer; after one that fails it restores the canvas for the next.
   *  @private @param {string} layer @param {() => void} act */
  paint(layer, act) {
    const isPainted = this.guard.run(layer, () => {
      act();
      return true;
    });
    if (!isPainted) this.canvas.settle();
  }

  /** @private @param {World} world @param {number} seconds */
  shedEmbers(world, seconds) {
    for (const ship of world.ships) {
      if (Math.random() > EMBERS_PER_SECOND * this.effects.sparkle * seconds) continue;
      if (!this.canvas.camera.sees(ship.x, ship.y, 2)) continue;
      if (hullLeft(world, ship, this.measures) >= LOW_HULL) continue;
      this.effects.ember(ship.x, ship.y, colourIn(world, ship.player));
    }
  }
}
