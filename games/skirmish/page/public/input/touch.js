// @ts-check
// Touch: one half of the screen moves, the other aims and fires, and a button charges the rail.
//
// It owns the fingers that are down and their use. Sticks float: they appear where a finger comes
// down and follow one that goes far, so that the way back is short. It draws nothing: hud/sticks.js
// does. Made and polled by controls.js.

import { Button, steer } from "./buttons.js";
import { isPlace } from "../finite.js";

/**
 * @typedef {object} Finger
 * @property {number} id
 * @property {number} fromX the middle of its stick, in CSS pixels
 * @property {number} fromY
 * @property {number} x
 * @property {number} y
 * @property {boolean} isOut whether it is, or was, beyond the dead zone
 * @typedef {"move" | "aim" | "rail"} Use
 */

/** Dead zone of a stick, in CSS pixels. */
const DEAD_PX = { move: 10, aim: 14, rail: 14 };
/** A finger farther from the middle of its stick than this drags the stick along. */
export const REACH_PX = 52;
/** Touches on these elements do not play. */
const PANELS = "dialog, #network, #network-offer, #simulated, #invite";

export class Touch {
  /** @param {{ hears(): boolean, used(): void, aimed(): void, cut(): void, changed(): void,
   *            isLeftHanded(): boolean }} owner */
  constructor(owner) {
    this.owner = owner;
    /** @type {Record<Use, Finger | null>} */
    this.fingers = { move: null, aim: null, rail: null };
    /** Last direction of the aim stick, in radians. */
    this.aim = 0;
    // Captured, so that no element can stop them: a thumb may come down anywhere.
    addEventListener("pointerdown", (event) => this.down(event), true);
    addEventListener("pointermove", (event) => this.move(event), true);
    addEventListener("pointerup", (event) => this.up(event), true);
    addEventListener("pointercancel", (event) => this.cancel(event), true);
    // While the player flies, the browser must not handle a long press or a pinch.
    for (const name of ["contextmenu", "gesturestart", "selectstart"]) {
      addEventListener(name, (event) => {
        if (owner.hears() && this.isDown) event.preventDefault();
      });
    }
  }

  /** Whether any finger is down. */
  get isDown() {
    const { move, aim, rail } = this.fingers;
    return move !== null || aim !== null || rail !== null;
  }

  /** Direction of the move stick, as buttons. */
  steered() {
    const { move } = this.fingers;
    if (!move?.isOut) return 0;
    const [dx, dy, length] = reach(move);
    return length >= DEAD_PX.move ? steer(dx / length, dy / length) : 0;
  }

  buttons() {
    const { aim, rail } = this.fingers;
    let buttons = 0;
    // Once beyond the dead zone, the thumb fires in its last direction even when it comes back.
    if (aim?.isOut) buttons |= Button.FIRE;
    if (rail) buttons |= Button.RAIL;
    return buttons;
  }

  release() {
    this.fingers = { move: null, aim: null, rail: null };
  }

  /** @private @param {PointerEvent} event */
  down(event) {
    if (event.pointerType !== "touch" || !this.owner.hears()) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(PANELS)) return;
    const isLeft = event.clientX < innerWidth / 2;
    const side = isLeft === this.owner.isLeftHanded() ? "aim" : "move";
    const use = target?.closest("#rail") ? "rail" : side;
    this.owner.used();
    if (this.fingers[use]) return;
    const { pointerId: id, clientX: x, clientY: y } = event;
    if (!isPlace(x, y)) return;
    this.fingers[use] = { id, fromX: x, fromY: y, x, y, isOut: false };
    this.owner.changed();
  }

  /** @private @param {PointerEvent} event */
  move(event) {
    const use = this.useOf(event);
    const finger = use && this.fingers[use];
    if (!use || !finger || !isPlace(event.clientX, event.clientY)) return;
    finger.x = event.clientX;
    finger.y = event.clientY;
    const [dx, dy, length] = reach(finger);
    if (length < DEAD_PX[use]) return;
    finger.isOut = true;
    if (use !== "move") {
      this.aim = Math.atan2(dy, dx);
      this.owner.aimed();
    }
    if (length > REACH_PX) {
      finger.fromX = finger.x - (dx / length) * REACH_PX;
      finger.fromY = finger.y - (dy / length) * REACH_PX;
    }
    this.owner.changed();
  }

  /** @private @param {PointerEvent} event */
  up(event) {
    const use = this.useOf(event);
    if (!use) return;
    this.fingers[use] = null;
    this.owner.changed();
  }

  /** The system cancelled a finger: that is no release of the rail.
   *  @private @param {PointerEvent} event */
  cancel(event) {
    const use = this.useOf(event);
    if (!use) return;
    this.fingers[use] = null;
    if (use === "rail") this.owner.cut();
    else this.owner.changed();
  }

  /** @private @param {PointerEvent} event @returns {Use | undefined} */
  useOf(event) {
    if (event.pointerType !== "touch") return undefined;
    const uses = /** @type {Use[]} */ (["move", "aim", "rail"]);
    return uses.find((use) => this.fingers[use]?.id === event.pointerId);
  }
}

/** How far a finger is from the middle of its stick.
 *  @param {Finger} finger @returns {[dx: number, dy: number, length: number]} */
function reach({ fromX, fromY, x, y }) {
  return [x - fromX, y - fromY, Math.hypot(x - fromX, y - fromY)];
}
