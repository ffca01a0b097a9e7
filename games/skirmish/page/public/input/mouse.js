// @ts-check
// The mouse: its position, and which of its buttons are held.
//
// It owns its listeners on the surface and the window. Made and polled by controls.js.

import { Button } from "./buttons.js";
import { isPlace } from "../finite.js";

/** Buttons of the game, by the mouse button's number. @type {Record<number, number>} */
const MEANT = { 0: Button.FIRE, 2: Button.RAIL };

export class Mouse {
  /** @param {HTMLElement} surface where a press counts
   *  @param {{ hears(): boolean, pointed(): void, changed(): void }} owner */
  constructor(surface, owner) {
    this.owner = owner;
    this.held = 0;
    /** What kind of pointer went down last. @private */
    this.kind = "mouse";
    /** In CSS pixels. @private */
    this.x = 0;
    /** @private */
    this.y = 0;
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    addEventListener("pointermove", (event) => this.point(event));
    surface.addEventListener("pointerdown", (event) => this.point(event));
    // Mouse events, not pointer events: pressing or releasing a second button is only a pointermove.
    // A tap makes mouse events, too, but they are not button presses.
    surface.addEventListener("mousedown", (event) => {
      if (!owner.hears() || this.kind === "touch") return;
      this.held |= MEANT[event.button] ?? 0;
      owner.changed();
    });
    addEventListener("mouseup", (event) => {
      this.held &= ~(MEANT[event.button] ?? 0);
      owner.changed();
    });
    addEventListener("pointercancel", (event) => {
      if (event.pointerType !== "mouse") return;
      this.held = 0;
      owner.changed();
    });
    addEventListener("pointerdown", (event) => (this.kind = event.pointerType), true);
  }

  /** Direction from a point on the screen to the pointer, in radians.
   *  @param {number} x @param {number} y */
  aimFrom(x, y) {
    return Math.atan2(this.y - y, this.x - x);
  }

  /** In CSS pixels. @param {number} x @param {number} y */
  farFrom(x, y) {
    return Math.hypot(this.x - x, this.y - y);
  }

  release() {
    this.held = 0;
  }

  /** @private @param {PointerEvent} event */
  point(event) {
    if (event.pointerType === "touch" || !isPlace(event.clientX, event.clientY)) return;
    this.x = event.clientX;
    this.y = event.clientY;
    this.owner.pointed();
  }
}
