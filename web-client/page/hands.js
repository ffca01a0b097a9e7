// @ts-check
// All that has to do with hands, joined: controls, sticks, hints, the next ship, the settings.
//
// It owns the order in which they work and who is meant by what was pressed: the panel, the start
// overlay, or the game. Made by main.js, which calls it in each frame.

import { Controls } from "./input/controls.js";
import { Hints } from "./hud/hints.js";
import { NextShip } from "./hud/next-ship.js";
import { Pad } from "./input/gamepad.js";
import { SettingsPanel } from "./hud/settings.js";
import { Sticks } from "./hud/sticks.js";
import { learnLayout } from "./input/labels.js";
import { work } from "./input/menu.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./input/bindings.js").Action} Action */
/** @typedef {import("./start.js").Start} Start */
/** @typedef {import("./wasm.js").Own} Own */
/** @typedef {import("./wasm.js").Measures} Measures */

/** @type {Partial<Record<Action, number>>} */
const SHIPS = { ship1: 0, ship2: 1, ship3: 2 };

export class Hands {
  /**
   * @param {HTMLElement} surface where the pointer plays @param {Settings} settings
   * @param {Start} start @param {Measures} measures @param {() => void} leave
   */
  constructor(surface, settings, start, measures, leave) {
    this.settings = settings;
    this.start = start;
    this.leave = leave;
    this.controls = new Controls(surface, settings, (action) => this.press(action));
    this.panel = new SettingsPanel(settings, (isOpen) => this.controls.pause(isOpen));
    /** @private */
    this.sticks = new Sticks(this.controls.touch, settings);
    /** @private */
    this.nextShip = new NextShip(settings, measures.classes);
    /** @private */
    this.hints = new Hints(settings, this.controls);
    /** @private */
    this.isPlayer = false;
    void learnLayout();
  }

  /** Somebody flies from now on, or nobody. @param {boolean} isPlayer */
  become(isPlayer) {
    this.isPlayer = isPlayer;
    this.controls.become(isPlayer);
    this.sticks.become(isPlayer);
    this.nextShip.become(isPlayer);
  }

  /**
   * For each frame.
   * @param {Own | null} own @param {number} x where the own ship is on the screen, in CSS pixels
   * @param {number} y @param {number} seconds since the last frame
   */
  draw(own, x, y, seconds) {
    for (const pressed of this.controls.poll()) this.pressPad(pressed);
    if (!this.isPlayer) own = null;
    this.sticks.draw(own?.charge ?? 0);
    this.nextShip.draw(own !== null && own.respawn_ticks !== null);
    this.hints.draw(own, this.controls.buttons(), x, y, seconds);
  }

  /** @private @param {Action} action */
  press(action) {
    const ship = SHIPS[action];
    if (ship !== undefined) this.settings.change({ ship });
    else if (action === "settings") this.panel.open();
  }

  /** @private @param {number} pressed a place of {@link Pad} */
  pressPad(pressed) {
    const { panel, start } = this;
    if (panel.isOpen) {
      if (pressed === Pad.B || pressed === Pad.START) panel.close();
      else work(panel.root, pressed);
    } else if (pressed === Pad.START) {
      panel.open();
    } else if (start.isOpen) {
      work(start.root, pressed);
    } else if (pressed === Pad.SELECT) {
      this.leave();
    } else if (!this.isPlayer) {
      work(document.body, pressed);
    }
  }
}
