// @ts-check
// All input of the page: controls, touch sticks, hints, the next ship, the settings panel.
//
// It decides what a press is for: the panel, the start overlay, or the game. Made by play.js, which
// calls it in each frame.

import { CLASS_COUNT } from "./input/buttons.js";
import { Controls } from "./input/controls.js";
import { Hints } from "./hud/hints.js";
import { NextShip } from "./hud/next-ship.js";
import { Pad } from "./input/gamepad.js";
import { SettingsPanel } from "./hud/settings.js";
import { Sticks } from "./hud/sticks.js";
import { learnLayout } from "./input/labels.js";
import { work } from "./input/menu.js";

/**
 * What the input asks of the page.
 * @typedef {object} Actions
 * @property {() => void} leave asks first
 * @property {() => boolean} close closes the panel over the game; returns whether one was open
 * @property {(buttons: number) => void} hold called at once when the held buttons change
 * @property {() => void} press called at a press, after which browsers allow sound
 * @property {() => boolean} isTall whether the screen shows a tall view
 * @property {() => number} now the time on the clock of frames, in ms
 * @property {() => boolean} resume plays again after idleness; returns whether it did
 */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./input/bindings.js").Action} Action */
/** @typedef {import("./start.js").Start} Start */
/** @typedef {import("./types.js").Own} Own */
/** @typedef {import("./types.js").Measures} Measures */

/** @type {Partial<Record<Action, number>>} */
const SHIPS = { ship1: 0, ship2: 1, ship3: 2 };

export class PlayerInput {
  /**
   * @param {HTMLElement} surface where the pointer plays @param {Settings} settings
   * @param {Start} start @param {Measures} measures @param {Actions} actions
   */
  constructor(surface, settings, start, measures, actions) {
    this.settings = settings;
    this.start = start;
    this.actions = actions;
    const press = (/** @type {Action} */ action) => this.press(action);
    this.controls = new Controls(surface, settings, press, actions.hold, actions.isTall, actions.now);
    this.panel = new SettingsPanel(settings, (isOpen) => this.controls.pause(isOpen));
    /** @private */
    this.sticks = new Sticks(this.controls.touch, settings);
    /** @private */
    this.nextShip = new NextShip(settings, measures.classes);
    /** @private */
    this.hints = new Hints(settings, this.controls);
    /** @private */
    this.isPlayer = false;
    addEventListener("keydown", (event) => this.watchKey(event));
    void learnLayout();
  }

  /** Starts or stops playing. @param {boolean} isPlayer */
  setPlaying(isPlayer) {
    this.isPlayer = isPlayer;
    this.controls.setPlaying(isPlayer);
    this.sticks.setPlaying(isPlayer);
    this.nextShip.setPlaying(isPlayer);
  }

  /**
   * Polls and draws; called in each frame.
   * @param {Own | null} own @param {number} x where the own ship is on the screen, in CSS pixels
   * @param {number} y @param {number} seconds since the last frame
   */
  draw(own, x, y, seconds) {
    this.controls.poll();
    for (const pressed of this.controls.takePressed()) this.pressPad(pressed);
    if (!this.isPlayer) own = null;
    this.sticks.draw(own?.charge ?? 0);
    this.nextShip.draw(own !== null && own.respawn_ticks !== null);
    this.hints.draw(own, this.controls.held(), x, y, seconds);
  }

  /** @private @param {Action} action */
  press(action) {
    const ship = SHIPS[action];
    if (ship !== undefined) this.settings.change({ ship });
    else if (action === "settings") this.panel.open();
  }

  /** The settings key works without a ship as well. @private
   *  @param {KeyboardEvent} event */
  watchKey({ code, repeat, ctrlKey, metaKey, altKey }) {
    if (this.isPlayer || this.start.isOpen || repeat || ctrlKey || metaKey || altKey) return;
    if (this.settings.keys.settings.includes(code)) this.panel.open();
  }

  /** @private @param {number} pressed a place of {@link Pad} */
  pressPad(pressed) {
    const { panel, start, actions } = this;
    actions.press();
    if (!panel.isOpen && actions.resume()) return;
    if (panel.isOpen) {
      if (pressed === Pad.B || pressed === Pad.START) panel.close();
      else work(panel.root, pressed);
    } else if (pressed === Pad.START) {
      panel.open();
    } else if (start.isOpen) {
      work(start.root, pressed);
    } else if (pressed === Pad.SELECT) {
      actions.leave();
    } else if (pressed === Pad.B) {
      actions.close();
    } else if (!this.isPlayer) {
      work(document.body, pressed);
    } else if (pressed === Pad.X || pressed === Pad.Y) {
      this.turnShip(pressed === Pad.Y ? 1 : -1);
    }
  }

  /** Chooses another next ship. @private @param {1 | -1} step */
  turnShip(step) {
    this.settings.change({ ship: (this.settings.ship + step + CLASS_COUNT) % CLASS_COUNT });
  }
}
