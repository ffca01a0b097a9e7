// @ts-check
// The spectator's bar: the followed player with its ship's state; buttons for the next and the
// previous one, the free camera, the whole arena; and the delay beside the room's name.
//
// It shows the state of spectator.js and calls it. Made by play.js, which calls it in each frame of a
// spectator.

import { LOW_HULL } from "../thresholds.js";
import { nameBox, nameText, playerColour, shipMark, teamMark } from "./marks.js";
import { element } from "../dom.js";
import { pointsText } from "./words.js";

/** @typedef {import("../spectator.js").Spectator} Spectator */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Ship} Ship */
/** @typedef {import("../types.js").NetworkState} State */

export class WatchBar {
  /** @param {Spectator} spectator */
  constructor(spectator) {
    this.spectator = spectator;
    /** @private */
    this.shown = "";
    /** @private */
    this.vitals = "";
    /** The player that the class is of. @private @type {number | null} */
    this.flier = null;
    /** The last known class of the followed player. @private
     *  @type {number | undefined} */
    this.class = undefined;
    /** @private */
    this.leaders = element("leaders");
    press("watch-previous", () => spectator.next(-1));
    press("watch-next", () => spectator.next(1));
    press("watch-free", () => spectator.roam());
    press("watch-whole", () => spectator.showWhole());
    this.leaders.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("li") : null;
      const player = row?.dataset.player;
      if (player && spectator.active) spectator.follow(Number(player));
    });
  }

  /** Shows the bar for spectators.
   *  @param {State | null} state of a spectator's client; null for players */
  setNetwork(state) {
    element("hud").classList.toggle("watching", state !== null);
    element("watch").hidden = element("live").hidden = state === null;
    element("live").textContent = state ? `live${behind(state)}` : "";
    this.shown = this.vitals = "";
  }

  /** @param {World} world */
  draw(world) {
    const { mode, followed, waits } = this.spectator;
    // Rows come and go with the roster.
    for (const row of this.leaders.children) {
      row.classList.toggle("followed", /** @type {HTMLElement} */ (row).dataset.player === `${followed}`);
    }
    const player = followed === null ? undefined : world.players.get(followed);
    const ship = followed === null ? undefined : world.shipOf(followed);
    this.drawVitals(world, ship);
    const who = player && followed !== null ? nameText(world, followed) : "";
    const kind = ship ? world.classOf(ship).name : waits ? "waiting for a ship" : "";
    const what = player
      ? [kind, pointsText(player.score)].filter(Boolean).join(" · ")
      : world.borderRadius > 0
        ? count(world.ships.length)
        : "…";
    const text = player ? who : mode === "free" ? "Free camera" : "Whole arena";
    if (followed !== this.flier) this.class = undefined;
    this.flier = followed;
    if (ship) this.class = ship.class;
    const state = [mode, followed, text, what, player?.team, this.class].join("\n");
    if (state === this.shown) return;
    this.shown = state;
    const name = element("watch-who");
    // It is read out whenever it is set.
    if (name.textContent !== text) name.replaceChildren(player ? nameBox(text) : text);
    name.style.color = followed === null ? "" : playerColour(world, followed);
    const marks = player ? [shipMark(this.class), ...(player.team > 0 ? [teamMark(player.team)] : [])] : [];
    element("watch-marks").replaceChildren(...marks);
    element("watch-marks").style.color = name.style.color;
    element("watch-what").textContent = what;
    for (const each of /** @type {const} */ (["free", "whole"])) {
      element(`watch-${each}`).setAttribute("aria-pressed", String(mode === each));
    }
  }

  /** Hull and shield of the followed ship, as lines along the bar. @private
   *  @param {World} world @param {Ship | undefined} ship */
  drawVitals(world, ship) {
    const most = ship ? world.classOf(ship) : null;
    const hull = ship && most ? Math.min(1, ship.hull / most.hull_max) : 0;
    const shield = ship && most ? Math.min(1, ship.shield / most.shield_max) : 0;
    const vitals = [this.spectator.followed !== null, hull, shield].join();
    if (vitals === this.vitals) return;
    this.vitals = vitals;
    element("watch-vitals").hidden = this.spectator.followed === null;
    element("watch-hull").style.transform = `scaleX(${hull})`;
    element("watch-shield").style.transform = `scaleX(${shield})`;
    element("watch-vitals").classList.toggle("low", hull > 0 && hull < LOW_HULL);
    const said = `Hull ${Math.ceil(ship?.hull ?? 0)}, shield ${Math.ceil(ship?.shield ?? 0)}`;
    element("watch-vitals").setAttribute("aria-label", said);
  }
}

/** Drops the focus after a pointer's press: the keys are for the camera. @param {string} id
 *  @param {() => void} act */
function press(id, act) {
  const button = element(id);
  button.addEventListener("click", (event) => {
    act();
    if (event.detail > 0) button.blur();
  });
}

/** @param {number} ships */
function count(ships) {
  return ships === 1 ? "1 ship" : `${ships} ships`;
}

/** The spectators' delay as a text; empty if there is none.
 *  @param {State} state */
function behind(state) {
  const delay = delaySeconds(state);
  return delay > 0 ? ` − ${delay} s` : "";
}

/** In seconds, to a tenth. @param {State} state */
export function delaySeconds({ delay_ticks, tick_rate_hz }) {
  return Math.round((10 * delay_ticks) / Math.max(1, tick_rate_hz)) / 10;
}
