// @ts-check
// One frame, in the order in which it is painted, and what each happening looks like.
//
// It owns the painters; it reads the world and never changes it. Called by main.js once per
// animation frame.

import { Canvas } from "./canvas.js";
import { drawArena } from "./arena.js";
import { Effects } from "./effects.js";
import { Ships, drawBolts } from "./ships.js";
import { SELF, colourOf } from "./palette.js";

/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Happening} Happening */
/** @typedef {import("../wasm.js").Measures} Measures */

/** How far before the ship's centre a shot is seen to leave. */
const MUZZLE_UNITS = 1.3;

export class Picture {
  /** @param {HTMLCanvasElement} element @param {Camera} camera @param {Measures} measures */
  constructor(element, camera, measures) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.calm = calm.matches;
    this.measures = measures;
    this.canvas = new Canvas(element, camera);
    this.ships = new Ships(measures);
    this.effects = new Effects(this.calm);
    calm.addEventListener("change", () => {
      this.calm = this.effects.calm = calm.matches;
    });
    /** @private */
    this.newestBolt = Infinity;
    /** Where others have fired since the last frame. @type {{ x: number, y: number }[]} */
    this.shots = [];
  }

  /** Another room: nothing of the last one may flash in it. */
  clear() {
    this.effects.clear();
    this.newestBolt = Infinity;
  }

  /** @param {World} world @param {Happening} happening @param {number} now */
  show(world, { name, values }, now) {
    const { effects } = this;
    const { x, y } = values;
    if (name === "hit") {
      this.ships.hit(values.player, now);
      effects.hit(x, y, colourOf(values.by, world.self), values.shielded === 1);
      if (values.player === world.self && !this.calm) this.canvas.camera.kick(4);
    } else if (name === "burst") {
      effects.burst(x, y, "#bcd4ff");
    } else if (name === "boom") {
      effects.explosion(x, y, colourOf(values.player, world.self));
      if (values.player === world.self && !this.calm) this.canvas.camera.kick(12);
    } else if (name === "spawn") {
      effects.spawn(x, y, colourOf(values.player, world.self));
    } else if (name === "rail" && values.by !== world.self) {
      // The own one was there when it was fired.
      const { dx, dy, by } = values;
      const [aim, reach] = [Math.atan2(dy, dx), 2 * Math.hypot(dx, dy)];
      this.beam(x - dx, y - dy, aim, reach, colourOf(by, world.self));
    }
  }

  /** @param {World} world @param {number} charge of the own rail, from 0 to 1
   *  @param {number} now @param {number} seconds since the last frame */
  draw(world, charge, now, seconds) {
    this.flashMuzzles(world);
    this.ships.remember(world, now);
    this.effects.age(seconds);
    this.canvas.camera.settle(seconds);
    drawArena(this.canvas, world);
    this.ships.drawTrails(this.canvas, world, now);
    drawBolts(this.canvas, world, this.measures);
    this.ships.draw(this.canvas, world, charge, now);
    this.effects.draw(this.canvas);
  }

  /** Entities rise: a bolt above all that were seen has just left a ship. @private
   *  @param {World} world */
  flashMuzzles(world) {
    this.shots.length = 0;
    let newest = this.newestBolt === Infinity ? -1 : this.newestBolt;
    for (const bolt of world.bolts) {
      // Own bolts flash when they are predicted, and may have numbers of the client's then.
      if (bolt.owner === world.self) continue;
      if (bolt.entity > this.newestBolt) {
        const ship = world.shipOf(bolt.owner);
        if (ship) this.flash(ship.x, ship.y, bolt.aim, bolt.owner, world);
        this.shots.push({ x: bolt.x, y: bolt.y });
      }
      newest = Math.max(newest, bolt.entity);
    }
    this.newestBolt = newest;
  }

  /**
   * The own rail is fired: as far as the level lets it go, or up to the first ship in its way. It
   * is judged by the ships as they are drawn here, so they are what stops it.
   * @param {number} x @param {number} y @param {number} aim @param {number} reach
   * @param {World} world
   */
  fireRail(x, y, aim, reach, world) {
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    for (const ship of world.ships) {
      if (ship.player === world.self) continue;
      const ahead = (ship.x - x) * cos + (ship.y - y) * sin;
      const aside = (ship.y - y) * cos - (ship.x - x) * sin;
      const until = ahead - Math.sqrt(Math.max(0, 1 - aside * aside));
      if (ahead > 0 && Math.abs(aside) < 1) reach = Math.min(reach, Math.max(0, until));
    }
    this.beam(x, y, aim, reach, SELF);
    if (!this.calm) this.canvas.camera.kick(3);
  }

  /** A beam from a ship, seen from its bow on. @private @param {number} x @param {number} y
   *  @param {number} aim @param {number} reach @param {string} colour */
  beam(x, y, aim, reach, colour) {
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    const bow = Math.min(MUZZLE_UNITS, reach);
    this.effects.beam(x + bow * cos, y + bow * sin, x + reach * cos, y + reach * sin, colour);
  }

  /** A shot leaves a ship. @param {number} x @param {number} y @param {number} angle
   *  @param {number} player @param {World} world */
  flash(x, y, angle, player, world) {
    const px = x + MUZZLE_UNITS * Math.cos(angle);
    const py = y + MUZZLE_UNITS * Math.sin(angle);
    this.effects.muzzle(px, py, angle, colourOf(player, world.self));
  }
}
