// @ts-check
// The bar under a spectator's picture: whom it follows, the next, the one before, the whole arena;
// and the word beside the room's name of how late all of it is.
//
// It shows what spectator.js knows and presses what it can do. Made by main.js, which calls it
// in each frame of a spectator.

import { colourOf } from "../draw/palette.js";

/** @typedef {import("../spectator.js").Spectator} Spectator */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../wasm.js").State} State */

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class WatchBar {
  /** @param {Spectator} spectator */
  constructor(spectator) {
    this.spectator = spectator;
    /** @private */
    this.shown = "";
    /** @private */
    this.leaders = part("leaders");
    press("watch-previous", () => spectator.next(-1));
    press("watch-next", () => spectator.next(1));
    press("watch-whole", () => spectator.showWhole());
    this.leaders.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("li") : null;
      if (row && spectator.active) spectator.follow(Number(row.dataset.player));
    });
  }

  /** Stands there for spectators and for nobody else.
   *  @param {State | null} state of a spectator's client */
  become(state) {
    part("hud").classList.toggle("watching", state !== null);
    part("watch").hidden = part("live").hidden = state === null;
    part("live").textContent = state ? `live${behind(state)}` : "";
    this.shown = "";
  }

  /** @param {World} world */
  draw(world) {
    const { mode, followed, waits } = this.spectator;
    // Rows come and go with the roster.
    for (const row of this.leaders.children) {
      row.classList.toggle("followed", /** @type {HTMLElement} */ (row).dataset.player === `${followed}`);
    }
    const player = followed === null ? undefined : world.players.get(followed);
    const who = player ? player.name || "Nameless" : "";
    const points = player?.score === 1 ? "1 point" : `${player?.score} points`;
    const what = player
      ? `${waits ? "waiting for a ship" : "following"} · ${points}`
      : world.borderRadius > 0
        ? count(world.ships.length)
        : "…";
    const text = player ? who : mode === "free" ? "Free camera" : "Whole arena";
    const state = [mode, followed, text, what].join("\n");
    if (state === this.shown) return;
    this.shown = state;
    part("watch-who").textContent = text;
    part("watch-who").style.color = followed === null ? "" : colourOf(followed, world.self);
    part("watch-what").textContent = what;
    part("watch-whole").setAttribute("aria-pressed", String(mode === "whole"));
  }
}

/** A pointer's press leaves no focus behind: the keys are for the camera. @param {string} id
 *  @param {() => void} act */
function press(id, act) {
  const button = part(id);
  button.addEventListener("click", (event) => {
    act();
    if (event.detail > 0) button.blur();
  });
}

/** @param {number} ships */
function count(ships) {
  return ships === 1 ? "1 ship" : `${ships} ships`;
}

/** By how much what a spectator sees is late, for people; nothing if it is not.
 *  @param {State} state */
function behind(state) {
  const delay = delaySeconds(state);
  return delay > 0 ? ` − ${delay} s` : "";
}

/** In seconds, to a tenth. @param {State} state */
export function delaySeconds({ delay_ticks, tick_rate_hz }) {
  return Math.round((10 * delay_ticks) / Math.max(1, tick_rate_hz)) / 10;
}
