// @ts-check
// Ships: outlines by class, marks, engines, shields, and their states: hits, a low hull, a charging
// rail, an overcharge, protection.
//
// It paints the rows and the state of ship-effects.js. Called by renderer.js.

import { LOW_HULL } from "../thresholds.js";
import { ALL, OVERCHARGE, SELF, SHIELD, TEAMS, WHITE, blended, colourIn, faded } from "./palette.js";
import { ShieldSprite } from "./shield-sprite.js";
import { addTeamMark, silhouetteOf } from "./silhouettes.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("./ship-effects.js").ShipEffects} ShipEffects */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Ship} Ship */
/** @typedef {import("../types.js").Own} Own */
/** @typedef {import("../types.js").Measures} Measures */

const SHIELD_RADIUS_UNITS = 1.5;
const SHIELD_LINE_PX = 1.2;
const HULL_DARK = "#070c18";
/** Fill of a hull by its ship's colour: the dark with the tint over it, blended in advance so that it is one fill. */
const HULL_FILLS = new Map(ALL.map((colour) => [colour, blended(HULL_DARK, colour, tintOf(colour))]));
/** Below this scale, in CSS pixels per unit, ships have no marks and no shields. */
const DETAIL_SCALE = 9;
/** Length of the sight line of a fully charged rail, in units. */
const SIGHT_UNITS = 7;

/** The fraction of its hull that is left. @param {World} world @param {Ship} ship
 *  @param {Measures} measures */
export function hullLeft(world, ship, measures) {
  return ship.hull / (world.classOf(ship)?.hull_max ?? measures.hull_max);
}

export class Ships {
  /** @param {Measures} measures @param {ShipEffects} shipEffects */
  constructor(measures, shipEffects) {
    this.measures = measures;
    this.shipEffects = shipEffects;
    /** @private */
    this.teamMarks = [new Path2D(), new Path2D(), new Path2D()];
    /** A shield that nobody hits. @private */
    this.quietShield = new ShieldSprite(SHIELD, SHIELD_RADIUS_UNITS, SHIELD_LINE_PX);
  }

  /** @param {Canvas} canvas @param {World} world @param {Own | null} own @param {number} now
   *  @param {boolean} calm whether the system asks for less motion */
  draw(canvas, world, own, now, calm) {
    const { context, camera } = canvas;
    this.drawGlows(canvas, world, now, calm);
    context.lineJoin = "round";
    this.quietShield.begin(canvas);
    for (const ship of world.ships) {
      if (!camera.sees(ship.x, ship.y, 2.5)) continue;
      const colour = colourIn(world, ship.player);
      const hit = this.shipEffects.hurt(ship.player, now);
      const low = hullLeft(world, ship, this.measures) < LOW_HULL;
      drawShip(canvas, ship, colour, ship.player === world.self, hit, low, now, calm);
      if (camera.scale >= DETAIL_SCALE || hit > 0) this.drawShield(canvas, world, ship, hit, now, calm);
      if (this.has(ship, this.measures.flag_overcharged)) drawOvercharge(canvas, ship, now, calm);
    }
    this.drawTeams(canvas, world);
    if (world.own && own && own.charge > 0) drawCharge(canvas, world.own, own.charge);
  }

  /** @private @param {Ship} ship @param {number} flag */
  has(ship, flag) {
    return (ship.flags & flag) !== 0;
  }

  /** Light below the outlines. @private @param {Canvas} canvas @param {World} world
   *  @param {number} now @param {boolean} calm */
  drawGlows(canvas, world, now, calm) {
    const { camera, level } = canvas;
    for (const ship of world.ships) {
      if (!camera.sees(ship.x, ship.y, SIGHT_UNITS)) continue;
      const own = ship.player === world.self;
      const colour = colourIn(world, ship.player);
      if (level.glow === "all" || (own && level.glow === "own")) {
        canvas.glow(colour, ship.x, ship.y, own ? 3.1 : 2.3, own ? 0.42 : 0.26);
      }
      if (this.has(ship, this.measures.flag_charging)) this.drawRail(canvas, ship, colour, now, calm);
    }
  }

  /** A charging rail glows at the bow and shows its line: a warning to all. @private
   *  @param {Canvas} canvas @param {Ship} ship @param {string} colour @param {number} now
   *  @param {boolean} calm */
  drawRail(canvas, ship, colour, now, calm) {
    const { context } = canvas;
    const { classes } = this.measures;
    const seconds = classes[ship.class]?.rail_charge_s ?? 1;
    const since = this.shipEffects.of(ship.player)?.chargesSince ?? now;
    const charge = Math.min(1, Math.max(0, (now - since) / 1000 / seconds));
    const [cos, sin] = [Math.cos(ship.aim), Math.sin(ship.aim)];
    const [x, y] = [ship.x + 1.3 * cos, ship.y + 1.3 * sin];
    const pulse = calm ? 0.5 : 0.5 + 0.5 * Math.sin(now / 60);
    context.globalCompositeOperation = "lighter";
    canvas.glow(colour, x, y, 0.7 + 1.1 * charge + 0.3 * pulse, 0.9);
    canvas.glow(WHITE, x, y, 0.3 + 0.5 * charge, 0.6 + 0.4 * pulse);
    canvas.toWorld();
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + SIGHT_UNITS * charge * cos, y + SIGHT_UNITS * charge * sin);
    context.globalAlpha = charge >= 1 ? 0.9 : 0.45;
    context.lineWidth = canvas.px(charge >= 1 ? 1.4 : 1);
    context.strokeStyle = charge >= 1 ? WHITE : colour;
    context.stroke();
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  /** @private @param {Canvas} canvas @param {World} world @param {Ship} ship @param {number} hit
   *  @param {number} now @param {boolean} calm */
  drawShield(canvas, world, ship, hit, now, calm) {
    const { context } = canvas;
    const safe = this.has(ship, this.measures.flag_protected);
    const most = world.classOf(ship)?.shield_max ?? this.measures.shield_max;
    const strength = Math.min(1, ship.shield / most);
    if (strength <= 0 && !safe) return;
    // A pick-up gives more than the class's maximum: a second line.
    const isDouble = ship.shield > 1.02 * most;
    const quietAlpha = 0.07 + 0.2 * strength;
    if (!safe && hit <= 0 && !isDouble) {
      this.quietShield.draw(canvas, ship.x, ship.y, quietAlpha);
      return;
    }
    canvas.toPlace(ship.x, ship.y, 0);
    context.beginPath();
    context.arc(0, 0, SHIELD_RADIUS_UNITS, 0, 2 * Math.PI);
    if (safe) {
      context.setLineDash([0.42, 0.36]);
      context.lineDashOffset = calm ? 0 : now / 500;
      context.globalAlpha = calm ? 0.8 : 0.65 + 0.25 * Math.sin(now / 110);
      context.strokeStyle = WHITE;
      context.lineWidth = canvas.px(1.8);
      context.stroke();
      context.setLineDash([]);
    } else {
      context.globalAlpha = Math.min(1, quietAlpha + 0.7 * hit);
      context.strokeStyle = SHIELD;
      context.lineWidth = canvas.px(SHIELD_LINE_PX + 1.6 * hit);
      context.stroke();
      if (isDouble) {
        context.beginPath();
        context.arc(0, 0, SHIELD_RADIUS_UNITS + 0.22, 0, 2 * Math.PI);
        context.globalAlpha = 0.6;
        context.lineWidth = canvas.px(SHIELD_LINE_PX);
        context.stroke();
      }
    }
    if (hit > 0) {
      context.globalAlpha = 0.22 * hit;
      context.fillStyle = SHIELD;
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /** @private @param {Canvas} canvas @param {World} world */
  drawTeams(canvas, world) {
    const { context, camera } = canvas;
    let any = false;
    for (const ship of world.ships) {
      const team = world.teamOf(ship);
      if (team === 0 || team > 2 || !camera.sees(ship.x, ship.y, 3)) continue;
      if (!any) this.teamMarks = [new Path2D(), new Path2D(), new Path2D()];
      any = true;
      // A minimum size on the screen, so that shapes stay distinct.
      const size = Math.max(0.42, canvas.px(4));
      addTeamMark(this.teamMarks[team], team, ship.x, ship.y - 1.75 - size * 0.3, size);
    }
    if (!any) return;
    canvas.toWorld();
    context.lineCap = "round";
    context.lineWidth = canvas.px(2.2);
    for (const team of [1, 2]) {
      context.strokeStyle = TEAMS[team];
      context.stroke(this.teamMarks[team]);
    }
  }
}

/** @param {Canvas} canvas @param {Ship} ship @param {string} colour @param {boolean} own
 *  @param {number} hit @param {boolean} low @param {number} now @param {boolean} calm */
function drawShip(canvas, ship, colour, own, hit, low, now, calm) {
  const { context, camera, level } = canvas;
  const { outline, nozzles, marks } = silhouetteOf(ship.class);
  canvas.toPlace(ship.x, ship.y, ship.aim);
  if (ship.wx !== 0 || ship.wy !== 0) drawEngines(canvas, nozzles, colour, calm ? 0.9 : 0.75 + 0.25 * Math.sin(now / 23 + ship.player * 2));
  if (level.fills && hit > 0) {
    context.fillStyle = lit(hit);
    context.fill(outline);
    context.globalAlpha = tintOf(colour);
    context.fillStyle = colour;
  } else {
    context.fillStyle = (level.fills && HULL_FILLS.get(colour)) || HULL_DARK;
  }
  context.fill(outline);
  // A low hull is a broken line, and flickers.
  const dim = low && !calm && (Math.floor(now / 70) + ship.player) % 5 < 2;
  context.globalAlpha = dim ? (own ? 0.6 : 0.35) : 1;
  if (low) context.setLineDash([0.5, 0.24]);
  context.lineWidth = canvas.px(own ? 2.2 : 1.7);
  context.strokeStyle = hit > 0.6 ? WHITE : colour;
  context.stroke(outline);
  if (low) context.setLineDash([]);
  if (camera.scale >= DETAIL_SCALE) {
    context.globalAlpha = 0.7;
    context.lineWidth = canvas.px(1.2);
    context.strokeStyle = colour;
    context.stroke(marks[ship.player % marks.length]);
  }
  context.globalAlpha = 1;
}

/** Alpha of a ship's colour over its dark hull: more for the own ship. @param {string} colour */
function tintOf(colour) {
  return colour === SELF ? 0.3 : 0.16;
}

/** The light of a hit on a hull. @param {number} hit from 0 to 1 */
function lit(hit) {
  return faded(WHITE, 0.15 + 0.5 * hit);
}

/** @param {Canvas} canvas @param {[number, number][]} nozzles @param {string} colour
 *  @param {number} thrust */
function drawEngines(canvas, nozzles, colour, thrust) {
  const { context } = canvas;
  const slim = nozzles.length > 1 ? 0.7 : 1;
  context.beginPath();
  for (const [x, y] of nozzles) {
    context.moveTo(x, y + 0.24 * slim);
    context.lineTo(x - 1.15 * thrust * slim, y);
    context.lineTo(x, y - 0.24 * slim);
  }
  context.globalAlpha = 0.6;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

/** Arcs of lightning go round it. @param {Canvas} canvas @param {Ship} ship @param {number} now
 *  @param {boolean} calm */
function drawOvercharge(canvas, ship, now, calm) {
  const { context } = canvas;
  canvas.toPlace(ship.x, ship.y, calm ? 0 : now / 260);
  context.beginPath();
  for (let side = 0; side < 3; side++) {
    for (let i = 0; i <= 4; i++) {
      const angle = (side * 2 * Math.PI) / 3 + i * 0.28;
      const reach = 1.9 + (i % 2 === 0 ? -0.16 : 0.16);
      const [x, y] = [reach * Math.cos(angle), reach * Math.sin(angle)];
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
  }
  context.lineWidth = canvas.px(2);
  context.strokeStyle = OVERCHARGE;
  context.stroke();
}

/** How far the own rail is charged: a ring around the ship that closes at the bow.
 *  @param {Canvas} canvas @param {Ship} ship @param {number} charge */
function drawCharge(canvas, ship, charge) {
  const { context } = canvas;
  canvas.toPlace(ship.x, ship.y, ship.aim);
  context.beginPath();
  context.arc(0, 0, 2.15, Math.PI * (1 - charge), Math.PI * (1 + charge));
  context.lineWidth = canvas.px(charge >= 1 ? 3 : 2);
  context.strokeStyle = charge >= 1 ? WHITE : faded(SELF, 0.85);
  context.stroke();
}
