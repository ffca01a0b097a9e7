// @ts-check
// How each event looks: it turns the world's events into effects, shakes and alarms.
//
// It owns only the newest bolt seen. renderer.js makes it and calls it once per event and frame.

import { BOW_UNITS } from "./bolts.js";
import { KINDS, SELF, colourIn } from "./palette.js";
import { silhouetteOf } from "./silhouettes.js";

/** @typedef {import("./alarm.js").Alarm} Alarm */
/** @typedef {import("./effects.js").Effects} Effects */
/** @typedef {import("./own-hits.js").OwnHits} OwnHits */
/** @typedef {import("./ship-effects.js").ShipEffects} ShipEffects */
/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").GameEvent} GameEvent */

/** A ship that was seen so recently is where it was, to the eye. */
const SEEN_MS = 300;

export class EventEffects {
  /** @param {Effects} effects @param {Alarm} alarm @param {ShipEffects} shipEffects
   *  @param {OwnHits} ownHits @param {(pixels: number) => void} shake */
  constructor(effects, alarm, shipEffects, ownHits, shake) {
    this.effects = effects;
    this.alarm = alarm;
    this.shipEffects = shipEffects;
    this.ownHits = ownHits;
    this.shake = shake;
    /** @private */
    this.newestBolt = Infinity;
    /** Where others have fired since the last frame: sound.js plays these shots.
     *  @type {{ x: number, y: number }[]} */
    this.shots = [];
  }

  clear() {
    this.shots.length = 0;
    this.newestBolt = Infinity;
  }

  /** @param {World} world @param {GameEvent} event @param {number} now */
  show(world, { name, values }, now) {
    const { effects } = this;
    const { x, y } = values;
    if (name === "hit") {
      this.hit(world, values, now);
    } else if (name === "burst") {
      effects.burst(x, y, "#bcd4ff");
    } else if (name === "boom") {
      this.boom(world, values);
    } else if (name === "kill" && values.victim === world.self) {
      this.alarm.fall(values.killer);
    } else if (name === "kill" && values.killer === world.self) {
      this.kill(world, values.victim, now);
    } else if (name === "spawn") {
      effects.spawn(x, y, colourIn(world, values.player), values.player === world.self);
    } else if (name === "take") {
      effects.take(x, y, KINDS[values.kind_] ?? KINDS[0]);
    } else if (name === "rail" && values.by !== world.self) {
      // The own beam was drawn when it was predicted.
      const { dx, dy, by } = values;
      const [aim, reach] = [Math.atan2(dy, dx), 2 * Math.hypot(dx, dy)];
      this.beam(x - dx, y - dy, aim, reach, colourIn(world, by));
    }
  }

  /** @private @param {World} world @param {Record<string, number>} values @param {number} now */
  hit(world, { x, y, player, by, shielded, damage }, now) {
    const own = player === world.self;
    if (by === world.self && !own) this.ownHits.hit(player, x, y, damage, shielded === 1, now);
    this.shipEffects.hit(player, now);
    this.effects.hit(x, y, colourIn(world, by), shielded === 1, own || by === world.self);
    if (!own || !world.own) return;
    // The direction to the shooter, if it is visible; else to the point of impact.
    const from = world.shipOf(by) ?? { x, y };
    const angle = Math.atan2(from.y - world.own.y, from.x - world.own.x);
    this.alarm.blow(angle, shielded === 1, now);
    this.shake(shielded === 1 ? 3 : 5);
  }

  /** The own player destroyed another. @private @param {World} world @param {number} victim
   *  @param {number} now */
  kill(world, victim, now) {
    const wreck = this.shipEffects.of(victim);
    // A rail reaches beyond the view, where a ship that was seen has flown on; and a mate's end is no triumph.
    if (!wreck || now - wreck.seenAt > SEEN_MS || world.areMates(victim, world.self)) return;
    this.ownHits.kill(victim, wreck.x, wreck.y, now);
    this.effects.triumph(wreck.x, wreck.y);
    this.shake(4);
  }

  /** @private @param {World} world @param {Record<string, number>} values */
  boom(world, { x, y, player }) {
    const effect = this.shipEffects.of(player);
    const own = player === world.self;
    const silhouette = silhouetteOf(effect?.kind);
    this.effects.explosion(x, y, effect?.aim ?? 0, colourIn(world, player), silhouette, own);
    if (own) this.shake(14);
  }

  /** Entity ids rise: a bolt with an id above all seen ones was just fired. @param {World} world */
  flashMuzzles(world) {
    this.shots.length = 0;
    let newest = this.newestBolt === Infinity ? -1 : this.newestBolt;
    for (const bolt of world.bolts) {
      // Own bolts flash when predicted, and may then have ids of the client.
      if (bolt.owner === world.self) continue;
      if (bolt.id > this.newestBolt) {
        const ship = world.shipOf(bolt.owner);
        if (ship) this.flash(ship.x, ship.y, bolt.aim, bolt.owner, world);
        this.shots.push({ x: bolt.x, y: bolt.y });
      }
      newest = Math.max(newest, bolt.id);
    }
    this.newestBolt = newest;
  }

  /**
   * The own rail is fired: it ends at the level or at the first ship in its way. The server judges it
   * by the ships as they are drawn here, so these stop it.
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
    this.shake(4);
  }

  /** A beam that starts at a ship's bow. @private @param {number} x @param {number} y
   *  @param {number} aim @param {number} reach @param {string} colour */
  beam(x, y, aim, reach, colour) {
    const [cos, sin] = [Math.cos(aim), Math.sin(aim)];
    const bow = Math.min(BOW_UNITS, reach);
    this.effects.beam(x + bow * cos, y + bow * sin, x + reach * cos, y + reach * sin, colour);
  }

  /** A muzzle flash at a ship's bow. @param {number} x @param {number} y @param {number} angle
   *  @param {number} player @param {World} world */
  flash(x, y, angle, player, world) {
    const px = x + BOW_UNITS * Math.cos(angle);
    const py = y + BOW_UNITS * Math.sin(angle);
    this.effects.muzzle(px, py, angle, colourIn(world, player));
  }
}
