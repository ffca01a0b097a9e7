// @ts-check
// Per-ship state for effects: its trail, its last hit, since when its rail charges.
//
// It keeps this while a ship is visible and a moment longer, and decides nothing about the game.
// renderer.js updates it at each frame; the painters of ships and bolts read it.

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../types.js").Measures} Measures */
/**
 * @typedef {object} ShipEffect
 * @property {number} entity
 * @property {{ x: number, y: number, at: number }[]} points its recent positions
 * @property {number} hitAt
 * @property {number} chargesSince Infinity while its rail does not charge
 * @property {number} kind its class
 * @property {number} flags
 * @property {number} aim
 * @property {number} x
 * @property {number} y
 * @property {number} seenAt
 */

export const TRAIL_MS = 420;
const TRAIL_STEP_MS = 30;
export const HIT_MS = 320;
/** How long state outlives its ship: bolts need their owner's. */
const KEPT_MS = 3000;

export class ShipEffects {
  /** @param {Measures} measures */
  constructor(measures) {
    this.measures = measures;
    /** @private @type {Map<number, ShipEffect>} */
    this.byPlayer = new Map();
  }

  clear() {
    this.byPlayer.clear();
  }

  /** @param {number} player */
  of(player) {
    return this.byPlayer.get(player);
  }

  /** A ship was hit. @param {number} player @param {number} now */
  hit(player, now) {
    const effect = this.byPlayer.get(player);
    if (effect) effect.hitAt = now;
  }

  /** How fresh the last hit is, from 1 to 0. @param {number} player @param {number} now */
  hurt(player, now) {
    const effect = this.byPlayer.get(player);
    return effect ? Math.max(0, 1 - (now - effect.hitAt) / HIT_MS) : 0;
  }

  /** Whether a player's ship is, or last was, overcharged. @param {number} player */
  isOvercharged(player) {
    const flags = this.byPlayer.get(player)?.flags ?? 0;
    return (flags & this.measures.flag_overcharged) !== 0;
  }

  /** Updates from the visible ships. @param {World} world @param {number} now */
  update(world, now) {
    for (const ship of world.ships) {
      let effect = this.byPlayer.get(ship.player);
      if (!effect || effect.entity !== ship.id) {
        effect = blank(ship.id);
        this.byPlayer.set(ship.player, effect);
      }
      const { points } = effect;
      const last = points[points.length - 1];
      if (!last || now - last.at >= TRAIL_STEP_MS) points.push({ x: ship.x, y: ship.y, at: now });
      while (points.length > 0 && now - points[0].at > TRAIL_MS) points.shift();
      const charges = (ship.flags & this.measures.flag_charging) !== 0;
      effect.chargesSince = charges ? Math.min(now, effect.chargesSince) : Infinity;
      effect.kind = ship.class;
      effect.flags = ship.flags;
      effect.aim = ship.aim;
      effect.x = ship.x;
      effect.y = ship.y;
      effect.seenAt = now;
    }
    for (const [player, effect] of this.byPlayer) {
      if (now - effect.seenAt > KEPT_MS) this.byPlayer.delete(player);
    }
  }
}

/** @param {number} entity @returns {ShipEffect} */
function blank(entity) {
  return {
    entity,
    points: [],
    hitAt: -HIT_MS,
    chargesSince: Infinity,
    kind: 1,
    flags: 0,
    aim: 0,
    x: 0,
    y: 0,
    seenAt: 0,
  };
}
