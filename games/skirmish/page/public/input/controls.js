// @ts-check
// What the player holds, with whatever hand: one set of buttons and one direction.
//
// It joins keyboard, mouse, fingers and gamepads: all buttons count together, and the last one
// that aimed decides the aim; as long as none did, the ship points where it flies. It knows no
// protocol, and of ships only which class is wished next. Made by input.js; main.js asks at each
// tick and frame, and is told of each change in between, for a tap may be over before the next tick.

import { Button, CLASS_SHIFT, STICK_SHIFT, headingOf } from "./buttons.js";
import { Gamepads } from "./gamepad.js";
import { Keys } from "./keys.js";
import { Mouse } from "./mouse.js";
import { Touch } from "./touch.js";
import { finite } from "../finite.js";

/**
 * @typedef {import("./bindings.js").Action} Action
 * @typedef {import("../settings.js").Settings} Settings
 * @typedef {"keys" | "touch" | "gamepad"} Hand the mouse goes with the keys
 */

/** A hand that did nothing for so long does not aim: where the ship is on the screen may change, and
 *  that is nobody's doing. */
const STILL_MS = 5000;

export class Controls {
  /** @param {HTMLElement} surface where the pointer plays @param {Settings} settings
   *  @param {(action: Action) => void} pressed a key that is pressed once, and not held
   *  @param {(buttons: number) => void} hold told at once whenever what is held has changed */
  constructor(surface, settings, pressed, hold) {
    this.settings = settings;
    /** @private */
    this.changed = () => hold(this.buttons());
    /** Whether anybody flies: else keys and fingers are left to the page. @private */
    this.active = false;
    /** Whether something stands before the game. @private */
    this.paused = false;
    /** Whether the player is away: nothing is held, and nothing was let go. @private */
    this.away = false;
    /** With what the player plays: the last that was used. @type {Hand} */
    this.hand = matchMedia("(pointer: coarse)").matches ? "touch" : "keys";
    document.body.dataset.hand = this.hand;
    /** When it was. @private */
    this.usedAt = performance.now();
    /** Who aims. @private @type {"flight" | "keys" | "mouse" | "touch" | "gamepad"} */
    this.aimer = "flight";
    /** The direction last given. @private */
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
    this.heedAbsence();
  }

  /** Somebody flies from now on, or nobody. @param {boolean} active */
  setPlaying(active) {
    this.active = active;
    this.release();
    this.away = false;
    this.changed();
  }

  /** Something stands before the game, or does not any more. @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    this.leave();
    if (!paused) this.away = false;
    this.changed();
  }

  /** Looks at what does not tell of itself: at every tick and frame. */
  poll() {
    // Whoever works another window may do so by the same gamepad.
    if (!document.hidden && document.hasFocus()) this.gamepads.poll();
  }

  /** Takes which buttons of a gamepad were pressed, places of `Pad`. */
  takePressed() {
    return this.gamepads.takePressed();
  }

  /** @returns {number} bits of {@link Button}; above them the wished class, and where sticks point */
  buttons() {
    const screen = innerHeight > innerWidth ? Button.TALL : 0;
    const wish = this.settings.ship << CLASS_SHIFT;
    if (!this.active) return 0;
    if (this.away || this.paused) return wish | screen | Button.ABSENT;
    return wish | screen | this.pressed() | (this.steered() << STICK_SHIFT);
  }

  /** Direction of the aim, in radians, of a ship that is at a point of the screen.
   *  @param {number} x @param {number} y */
  aimFrom(x, y) {
    const now = performance.now();
    const turn = this.keys.turn(now);
    this.aim = finite(this.aimed(x, y, turn, now), this.aim);
    return this.aim;
  }

  /** @private @param {number} x @param {number} y @param {number} turn by keys, since last asked
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

  /** Where the aim is, seen from a point of the screen, and how far from there in CSS pixels: a
   *  pointer may be near, nothing else is. @param {number} x @param {number} y */
  lookFrom(x, y) {
    if (this.aimer !== "mouse") return { aim: this.aim, far: Infinity };
    return { aim: finite(this.mouse.aimFrom(x, y)), far: finite(this.mouse.farFrom(x, y)) };
  }

  /** Lets go of everything but the keys that are down. */
  release() {
    for (const device of [this.mouse, this.touch, this.gamepads]) device.release();
  }

  /** What is held with any hand, bits of {@link Button}. */
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

  /** @private @param {Hand} hand */
  use(hand) {
    this.usedAt = performance.now();
    if (this.away && !this.paused) {
      this.away = false;
      // What brought the player back is held already.
      this.changed();
    }
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
    this.changed();
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
