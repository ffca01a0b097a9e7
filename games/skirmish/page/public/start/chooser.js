// @ts-check
// The ship chooser of the start overlay: three classes, one of them chosen.
//
// It shows the core's values of each class and stores the choice in settings.js. Native radio
// buttons do the rest: click, arrow keys, screen readers. Made by start.js.

import { CLASS_COUNT } from "../input/buttons.js";
import { hullOf } from "../hud/hulls.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../types.js").Class} Class */

/** The compared traits, by label.
 *  @type {Record<string, (ship: Class) => number>} */
const TRAITS = {
  Speed: (ship) => ship.speed,
  Hull: (ship) => ship.hull_max + ship.shield_max,
  Punch: (ship) => ship.damage / ship.cooldown_s,
};

/** Length of the shortest bar: classes differ too little for bars that start at 0. */
const LEAST = 0.4;

export class Chooser {
  /** @param {HTMLElement} root @param {Settings} settings */
  constructor(root, settings) {
    /** @private */
    this.choices = Array.from({ length: CLASS_COUNT }, (_, ship) => new Choice(ship));
    for (const { label, radio, ship } of this.choices) {
      root.append(label);
      radio.addEventListener("change", () => settings.change({ ship }));
    }
    const show = () => {
      for (const { radio, ship } of this.choices) radio.checked = ship === settings.ship;
    };
    settings.onChange(show);
    show();
  }

  /** Fills in names and traits. @param {Class[]} classes */
  setClasses(classes) {
    const labels = Object.keys(TRAITS);
    const traits = Object.values(TRAITS).map((of) => classes.map(of));
    classes.forEach((ship, nth) => {
      this.choices[nth]?.fill(
        ship.name,
        traits.map((values) => share(values, values[nth])),
        labels.map((trait, which) => `${trait.toLowerCase()} ${Math.round(traits[which][nth])}`),
      );
    });
  }
}

/** How long a bar is: from {@link LEAST} for the least to 1 for the most. @param {number[]} values
 *  @param {number} value */
function share(values, value) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  return most > least ? LEAST + ((1 - LEAST) * (value - least)) / (most - least) : 1;
}

/** One class: a radio button, its drawing, and a bar for each trait. */
class Choice {
  /** @param {number} ship its class */
  constructor(ship) {
    this.ship = ship;
    this.label = document.createElement("label");
    this.radio = document.createElement("input");
    this.radio.type = "radio";
    this.radio.name = "ship";
    this.radio.value = String(ship);
    this.name = document.createElement("b");
    this.bars = Object.keys(TRAITS).map((trait) => {
      const row = document.createElement("span");
      const bar = document.createElement("i");
      row.append(trait, bar);
      return { row, bar };
    });
    this.label.append(this.radio, hullOf(ship), this.name, ...this.bars.map(({ row }) => row));
  }

  /** @param {string} name @param {number[]} parts of its bars that are lit
   *  @param {string[]} values what the bars say, in words */
  fill(name, parts, values) {
    this.name.textContent = name;
    this.radio.setAttribute("aria-label", [name, ...values].join(", "));
    parts.forEach((part, trait) => {
      this.bars[trait].bar.style.setProperty("--part", String(part));
    });
  }
}
