// @ts-check
// What the player holds, with whatever hand: one set of buttons and one direction.
//
// It joins keyboard, mouse, fingers and gamepads: all buttons count together, and the last one
// that aimed decides the aim; as long as none did, the ship points where it flies. It knows no
// protocol, and of ships only which class is wished next. Made by hands.js; main.js asks at each
// tick and frame.

import { Button, CLASS_SHIFT, headingOf } from "./buttons.js";
import { Gamepads } from "./gamepad.js";
import { Keys } from "./keys.js";
import { Mouse } from "./mouse.js";
import { Touch } from "./touch.js";

/**
 * @typedef {import("./bindings.js").Action} Action
 * @typedef {import("../settings.js").Settings} Settings
 * @typedef {"keys" | "touch" | "gamepad"} Hand the mouse goes with the keys
 */

export class Controls {
  /** @param {HTMLElement} surface where the pointer plays @param {Settings} settings
   *  @param {(action: Action) => void} pressed a key that is pressed once, and not held */
  constructor(surface, settings, pressed) {
    this.settings = settings;
    /** Whether anybody flies: else keys and fingers are left to the page. @private */
    this.active = false;
    /** Whether something stands before the game. @private */
    this.paused = false;
    /** Whether the player is away: nothing is held, and nothing was let go. @private */
    this.away = false;
    /** With what the player plays: the last that was used. @type {Hand} */
    this.hand = matchMedia("(pointer: coarse)").matches ? "touch" : "keys";
    document.body.dataset.hand = this.hand;
    /** Who aims. @private @type {"flight" | "keys" | "mouse" | "touch" | "gamepad"} */
    this.aimer = "flight";
    /** The direction last given. @private */
    this.aim = 0;
    const hears = () => this.active && !this.paused;
    /** @private */
    this.keys = new Keys(settings, {
      hears,
      pressed,
      used: () => this.use("keys"),
      turned: () => (this.aimer = "keys"),
    });
    /** @private */
    this.mouse = new Mouse(surface, { hears, pointed: () => this.point() });
    this.touch = new Touch({
      hears,
      used: () => this.use("touch"),
      aimed: () => (this.aimer = "touch"),
      cut: () => this.leave(),
      isLeftHanded: () => settings.leftHanded,
    });
    /** @private */
    this.gamepads = new Gamepads({
      used: () => this.use("gamepad"),
      aimed: () => (this.aimer = "gamepad"),
    });
    this.heedAbsence();
  }

  /** Somebody flies from now on, or nobody. @param {boolean} active */
  become(active) {
    this.active = active;
    this.release();
    this.away = false;
  }

  /** Something stands before the game, or does not any more. @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    this.leave();
    if (!paused) this.away = false;
  }

  /** Looks at what does not tell of itself, once per frame. Gives which buttons of a gamepad were
   *  pressed, places of `Pad`. */
  poll() {
    // Whoever works another window may do so by the same gamepad.
    if (document.hidden || !document.hasFocus()) return [];
    return this.gamepads.poll();
  }

  /** @returns {number} bits of {@link Button}, and the wished class above them */
  buttons() {
    const screen = innerHeight > innerWidth ? Button.TALL : 0;
    const wish = this.settings.ship << CLASS_SHIFT;
    if (!this.active) return 0;
    if (this.away || this.paused) return wish | screen | Button.ABSENT;
    return wish | screen | this.held();
  }

  /** Direction of the aim, in radians, of a ship that is at a point of the screen.
   *  @param {number} x @param {number} y */
  aimFrom(x, y) {
    const turn = this.keys.turn(performance.now());
    if (this.aimer === "mouse") this.aim = this.mouse.aimFrom(x, y);
    else if (this.aimer === "touch") this.aim = this.touch.aim;
    else if (this.aimer === "gamepad") this.aim = this.gamepads.aim;
    else if (this.aimer === "keys") this.aim += turn;
    else this.aim = headingOf(this.held()) ?? this.aim;
    return this.aim;
  }

  /** Where the aim is, seen from a point of the screen, and how far from there in CSS pixels: a
   *  pointer may be near, nothing else is. @param {number} x @param {number} y */
  lookFrom(x, y) {
    if (this.aimer !== "mouse") return { aim: this.aim, far: Infinity };
    return { aim: this.mouse.aimFrom(x, y), far: this.mouse.farFrom(x, y) };
  }

  /** Lets go of everything but the keys that are down. */
  release() {
    for (const device of [this.mouse, this.touch, this.gamepads]) device.release();
  }

  /** @private */
  held() {
    const { keys, mouse, touch, gamepads } = this;
    return keys.buttons() | mouse.held | touch.buttons() | gamepads.held;
  }

  /** @private @param {Hand} hand */
  use(hand) {
    if (!this.paused) this.away = false;
    if (this.hand === hand) return;
    this.hand = hand;
    document.body.dataset.hand = hand;
  }

  /** @private */
  point() {
    this.aimer = "mouse";
    // Some screens tell of a pointer that nobody holds, after a touch.
    if (!this.touch.isDown) this.use("keys");
  }

  /** Nobody is there: nothing is held, and a charge is to be lost, not fired. @private */
  leave() {
    this.release();
    this.away = true;
  }

  /** Another window has the keys: whether they are let go is not told. @private */
  turnAway() {
    this.keys.forget();
    this.leave();
  }

  /** @private */
  heedAbsence() {
    const back = () => {
      this.away = this.paused || document.hidden;
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
