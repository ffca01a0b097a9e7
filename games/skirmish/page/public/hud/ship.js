// @ts-check
// The own ship: hull, shield, the rail's charge, temporary effects; its death with the killer, and the
// next ship.
//
// It shows the own state, which has more than the ship's row. Called by hud.js.

import { LOW_HULL } from "../thresholds.js";
import { nameTag, nameText, shipMark, weaponMark } from "./marks.js";
import { announce } from "./announce.js";
import { element } from "../dom.js";

/** @typedef {import("../types.js").Measures} Measures */
/** @typedef {import("../types.js").Own} Own */
/** @typedef {import("../world.js").World} World */

export class OwnShip {
  /** @param {Measures} measures */
  constructor(measures) {
    this.measures = measures;
    /** What is shown, so that only changes touch the page. @private
     *  @type {Record<string, string>} */
    this.shown = {};
    /** @private */
    this.bars = element("bars");
    /** @private */
    this.death = element("death");
    /** Whether the killer is known. @private */
    this.blamed = false;
  }

  /** @param {boolean} spectator */
  enter(spectator) {
    this.bars.hidden = spectator;
    this.death.hidden = true;
    this.shown = {};
    this.forget();
  }

  /** Shows the killer; the event may come before or after the death. @param {World} world
   *  @param {number} killer @param {boolean} rail */
  blame(world, killer, rail) {
    element("death-who").replaceChildren("Destroyed by ", nameTag(world, killer), weaponMark(rail));
    this.blamed = true;
    announce(`Destroyed by ${nameText(world, killer)}.`);
  }

  /** @param {Own} own @param {number} tickRate */
  draw(own, tickRate) {
    const flies = own.respawn_ticks === null;
    this.bar("hull", own.hull, own.hull_max);
    this.bar("shield", own.shield, own.shield_max);
    this.bars.classList.toggle("low", flies && own.hull < LOW_HULL * own.hull_max);
    this.bars.classList.toggle("charged", own.charge >= 1);
    element("charge").style.transform = `scaleX(${own.charge})`;
    this.drawState(own, flies);
    this.drawDeath(own, flies, tickRate);
  }

  /** Temporary effects. @private @param {Own} own @param {boolean} flies */
  drawState(own, flies) {
    const { overcharge_s } = this.measures;
    const left = flies ? own.overcharge_s : 0;
    element("overcharge").hidden = left <= 0;
    element("overcharge-left").style.transform = `scaleX(${Math.min(1, left / overcharge_s)})`;
    this.set(element("overcharge-value"), "overcharge", `${Math.ceil(left)} s`);
    const text = !flies ? "" : own.truce ? "Weapons off" : own.protected ? "Protected" : "";
    const tag = element("own-state");
    tag.hidden = text === "";
    this.set(tag, "state", text);
  }

  /** @private @param {Own} own @param {boolean} flies @param {number} tickRate */
  drawDeath(own, flies, tickRate) {
    this.death.hidden = flies;
    if (own.respawn_ticks === null) {
      // The next death shows before its event names the killer.
      if (this.blamed) this.forget();
      return;
    }
    const seconds = own.respawn_ticks / Math.max(1, tickRate);
    this.set(element("death-when"), "when", seconds < 0.05 ? "now" : `${seconds.toFixed(1)} s`);
    const name = this.measures.classes[own.wish]?.name ?? "";
    if (this.shown.wish === name) return;
    this.shown.wish = name;
    element("death-next").replaceChildren(shipMark(own.wish), name);
  }

  /** @private */
  forget() {
    element("death-who").replaceChildren();
    this.blamed = false;
  }

  /** What exceeds `most` is drawn over the full bar. @private @param {string} id
   *  @param {number} value @param {number} most */
  bar(id, value, most) {
    const text = String(Math.ceil(value));
    const key = `${text}/${most}`;
    if (this.shown[id] === key) return;
    this.shown[id] = key;
    const fraction = Math.max(0, value / Math.max(1, most));
    element(id).style.transform = `scaleX(${Math.min(1, fraction)})`;
    if (id === "shield") element("shield-over").style.transform = `scaleX(${Math.min(1, Math.max(0, fraction - 1))})`;
    element(`${id}-value`).textContent = text;
  }

  /** @private @param {HTMLElement} element @param {string} key @param {string} text */
  set(element, key, text) {
    if (this.shown[key] === text) return;
    this.shown[key] = text;
    element.textContent = text;
  }
}
