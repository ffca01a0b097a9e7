// @ts-check
// What the player holds on any device: one set of buttons and one direction.
//
// It joins keyboard, mouse, touch and gamepads: all buttons count together, and the device that
// aimed last decides the aim; until one does, the ship points where it flies. It knows no protocol,
// and of ships only the class of the next one. Made by input.js; play.js polls it at each tick and
// frame, and it reports each change in between, since a tap may end before the next tick.

import { Button, CLASS_SHIFT, STICK_SHIFT, headingOf } from "./buttons.js";
import { Gamepads } from "./gamepad.js";
import { Keys } from "./keys.js";
import { Mouse } from "./mouse.js";
import { Touch } from "./touch.js";
import { finite } from "../finite.js";

/**
 * @typedef {import("./bindings.js").Action} Action
 * @typedef {import("../settings.js").Settings} Settings
 * @typedef {"keys" | "touch" | "gamepad"} Device the mouse counts as keys
 */

/** A device that is idle for this long does not aim: the ship may move on the screen without it. */
const STILL_MS = 5000;

export class Controls {
  /** @param {HTMLElement} surface where the pointer plays @param {Settings} settings
   *  @param {(action: Action) => void} pressed called for keys with a single effect
   *  @param {(buttons: number) => void} hold called at once when the held buttons change
   *  @param {() => boolean} isTall whether the screen shows a tall view
   *  @param {() => number} now the time on the clock of frames, in ms: by the browser's, keys may turn in steps */
  constructor(surface, settings, pressed, hold, isTall, now) {
    this.settings = settings;
    /** @private */
    this.now = now;
    /** @private */
    this.isTall = isTall;
    /** @private */
    this.changed = () => hold(this.buttons());
    /** Whether the player flies: else keys and fingers are left to the page. @private */
    this.active = false;
    /** Whether a panel covers the game. @private */
    this.paused = false;
    /** Whether the player is away: nothing is held or released. @private */
    this.away = false;
    /** The device that was used last. @type {Device} */
    this.device = matchMedia("(pointer: coarse)").matches ? "touch" : "keys";
    document.body.dataset.hand = this.device;
    /** When it was used. @private */
    this.usedAt = now();
    /** What aims. @private @type {"flight" | "keys" | "mouse" | "touch" | "gamepad"} */
    this.aimer = "flight";
    /** The last direction. @private */
    this.aim = 0;
    const hears = () => this.active && !this.paused;
    const { changed } = this;
    /** @private */
    this.keys = new Keys(settings, {
      hears,
      pressed,
      changed,
      used: () => this.use("keys"),
      turned: () => (this.aimer = "keys"),
      now,
    });
    /** @private */
    this.mouse = new Mouse(surface, { hears, changed, pointed: () => this.point() });
    this.touch = new Touch({
      hears,
      changed,
      used: () => this.use("touch"),
      aimed: () => (this.aimer = "touch"),
      cut: () => this.leave(),
      isLeftHanded: () => settings.leftHanded,
    });
    /** @private */
    this.gamepads = new Gamepads({
      changed,
      used: () => this.use("gamepad"),
      aimed: () => (this.aimer = "gamepad"),
    });
    this.watchAbsence();
  }

  /** Starts or stops playing. @param {boolean} active */
  setPlaying(active) {
    this.active = active;
    this.release();
    this.away = false;
    this.changed();
  }

  /** A panel opened over the game, or closed. @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    this.leave();
    if (!paused) this.away = false;
    this.changed();
  }

  /** Polls devices that have no events: at every tick and frame. */
  poll() {
    // Without the focus, the gamepad may be for another window.
    if (!document.hidden && document.hasFocus()) this.gamepads.poll();
  }

  /** Takes the pressed buttons of a gamepad, as indices of `Pad`. */
  takePressed() {
    return this.gamepads.takePressed();
  }

  /** @returns {number} bits of {@link Button}; above them the wished class, and where sticks point */
  buttons() {
    const screen = this.isTall() ? Button.TALL : 0;
    const wish = this.settings.ship << CLASS_SHIFT;
    if (!this.active) return 0;
    if (this.away || this.paused) return wish | screen | Button.ABSENT;
    return wish | screen | this.pressed() | (this.steered() << STICK_SHIFT);
  }

  /** Direction of the aim, in radians, of a ship that is at a point of the screen.
   *  @param {number} x @param {number} y */
  aimFrom(x, y) {
    const now = this.now();
    const turn = this.keys.turn(now);
    this.aim = finite(this.aimed(x, y, turn, now), this.aim);
    return this.aim;
  }

  /** @private @param {number} x @param {number} y @param {number} turn by keys, since the last call
   *  @param {number} now */
  aimed(x, y, turn, now) {
    if (this.aimer === "mouse") {
      return now - this.usedAt < STILL_MS ? this.mouse.aimFrom(x, y) : this.aim;
    }
    if (this.aimer === "touch") return this.touch.aim;
    if (this.aimer === "gamepad") return this.gamepads.aim;
    if (this.aimer === "keys") return this.aim + turn;
    return headingOf(this.held()) ?? this.aim;
  }

  /** Direction of the aim from a point of the screen, and its distance in CSS pixels, which is
   *  finite only for a pointer. @param {number} x @param {number} y */
  lookFrom(x, y) {
    if (this.aimer !== "mouse") return { aim: this.aim, far: Infinity };
    return { aim: finite(this.mouse.aimFrom(x, y)), far: finite(this.mouse.farFrom(x, y)) };
  }

  /** Releases everything but the keys that are down. */
  release() {
    for (const device of [this.mouse, this.touch, this.gamepads]) device.release();
  }

  /** What is held on any device, bits of {@link Button}. */
  held() {
    return this.pressed() | this.steered();
  }

  /** @private */
  pressed() {
    const { keys, mouse, touch, gamepads } = this;
    return keys.buttons() | mouse.held | touch.buttons() | gamepads.held;
  }

  /** @private */
  steered() {
    return this.touch.steered() | this.gamepads.steered;
  }

  /** @private @param {Device} device */
  use(device) {
    this.usedAt = this.now();
    if (this.away && !this.paused) {
      this.away = false;
      // The press that ended the absence is held already.
      this.changed();
    }
    if (this.device === device) return;
    this.device = device;
    document.body.dataset.hand = device;
  }

  /** @private */
  point() {
    this.aimer = "mouse";
    // Some browsers report a mouse pointer after a touch.
    if (!this.touch.isDown) this.use("keys");
  }

  /** The player is away: releases everything, so that a charge is lost, not fired. @private */
  leave() {
    this.release();
    this.away = true;
    this.changed();
  }

  /** Another window has the focus: the browser no longer reports released keys. @private */
  turnAway() {
    this.keys.forget();
    this.leave();
  }

  /** @private */
  watchAbsence() {
    const back = () => {
      this.away = this.paused || document.hidden;
      this.changed();
    };
    addEventListener("blur", () => this.turnAway());
    addEventListener("focus", back);
    addEventListener("pointerdown", back);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.turnAway();
      else back();
    });
  }
}
