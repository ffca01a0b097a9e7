// @ts-check
// The choice of the next ship during the game: three icons, the chosen one lit.
//
// It shows and changes the choice in settings.js; input.js does so by keys, and makes it.

import { CLASS_COUNT } from "../input/buttons.js";
import { hullOf } from "./hulls.js";
import { labelOf } from "../input/labels.js";
import { element } from "../dom.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../types.js").Class} Class */

const KEYS = /** @type {const} */ (["ship1", "ship2", "ship3"]);

export class NextShip {
  /** @param {Settings} settings @param {Class[]} classes */
  constructor(settings, classes) {
    this.settings = settings;
    this.root = element("next-ship");
    /** @private */
    this.buttons = Array.from({ length: CLASS_COUNT }, (_, ship) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `Next ship: ${classes[ship]?.name ?? ship + 1}`);
      button.append(hullOf(ship), document.createElement("kbd"));
      button.addEventListener("click", (event) => {
        settings.change({ ship });
        // Drop the focus after a pointer's press: the keys are for the game.
        if (event.detail > 0) button.blur();
      });
      return button;
    });
    this.root.append(...this.buttons);
    settings.onChange(() => this.show());
    this.show();
  }

  /** @param {boolean} isPlayer */
  setPlaying(isPlayer) {
    this.root.hidden = !isPlayer;
    this.show();
  }

  /** @param {boolean} waits whether the player waits for a ship: then it is large */
  draw(waits) {
    this.root.classList.toggle("waits", waits);
  }

  /** @private */
  show() {
    this.buttons.forEach((button, ship) => {
      button.setAttribute("aria-pressed", String(ship === this.settings.ship));
      const key = button.querySelector("kbd");
      if (key) key.textContent = labelOf(this.settings.keys[KEYS[ship]][0]);
    });
  }
}
