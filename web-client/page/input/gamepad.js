// @ts-check
// Gamepads of the standard mapping: sticks, triggers, and what was pressed since the last look.
//
// Browsers tell of no press: it has to look, once per frame, and does so while one is connected.
// Of several, the one used last counts. Made and asked by controls.js.

import { Button, steer } from "./buttons.js";

/** Places in `Gamepad.buttons` of the standard mapping. */
export const Pad = {
  A: 0,
  B: 1,
  X: 2,
  Y: 3,
  LB: 4,
  RB: 5,
  LT: 6,
  RT: 7,
  SELECT: 8,
  START: 9,
  UP: 12,
  DOWN: 13,
  LEFT: 14,
  RIGHT: 15,
};

/** How far a stick is out until it counts, of 1: worn ones do not come back to the middle. */
const MOVE_DEAD = 0.3;
const AIM_DEAD = 0.35;
/** A trigger counts from here on, of 1. */
const TRIGGER = 0.35;

/** What stands for the directions of the left stick where things are pressed one by one.
 *  @type {[number, number][]} */
const ARROWS = [
  [Button.UP, Pad.UP],
  [Button.DOWN, Pad.DOWN],
  [Button.LEFT, Pad.LEFT],
  [Button.RIGHT, Pad.RIGHT],
];

export class Gamepads {
  /** @param {{ used(): void, aimed(): void }} owner */
  constructor(owner) {
    this.owner = owner;
    /** Bits of {@link Button} that are held. */
    this.held = 0;
    /** Where the right stick points, or last did, in radians. */
    this.aim = 0;
    /** Which buttons are down, by pad. @private @type {Map<number, Set<number>>} */
    this.down = new Map();
    /** The pad that was used last. @private @type {number | null} */
    this.current = null;
    addEventListener("gamepadconnected", ({ gamepad }) => this.down.set(gamepad.index, new Set()));
    addEventListener("gamepaddisconnected", ({ gamepad }) => {
      this.down.delete(gamepad.index);
      if (this.current === gamepad.index) this.release();
    });
  }

  /** Looks at all of them. Gives what was pressed since the last time, places of {@link Pad}. */
  poll() {
    /** @type {number[]} */
    const pressed = [];
    if (this.down.size === 0) return pressed;
    for (const pad of navigator.getGamepads()) {
      if (!pad?.connected) continue;
      const { x, y, length } = stick(pad, 0);
      const moved = length >= MOVE_DEAD ? steer(x / length, y / length) : 0;
      const before = this.down.get(pad.index) ?? new Set();
      const down = new Set(places(pad, moved));
      this.down.set(pad.index, down);
      const fresh = [...down].filter((place) => !before.has(place));
      const aim = stick(pad, 2);
      if (fresh.length > 0 || aim.length >= AIM_DEAD) {
        this.current = pad.index;
        this.owner.used();
      }
      if (pad.index !== this.current) continue;
      pressed.push(...fresh);
      this.held = moved | meant(down);
      if (aim.length < AIM_DEAD) continue;
      this.aim = Math.atan2(aim.y, aim.x);
      this.owner.aimed();
    }
    return pressed;
  }

  /** What is still down counts again as soon as it is looked at. */
  release() {
    this.held = 0;
  }
}

/** @param {Gamepad} pad @param {number} axis of its x */
function stick(pad, axis) {
  const x = pad.axes[axis] ?? 0;
  const y = pad.axes[axis + 1] ?? 0;
  return { x, y, length: Math.hypot(x, y) };
}

/** @param {Gamepad} pad @param {number} moved @returns {number[]} */
function places(pad, moved) {
  const down = pad.buttons.flatMap(({ pressed, value }, place) =>
    pressed || value >= TRIGGER ? [place] : [],
  );
  for (const [button, place] of ARROWS) if ((moved & button) !== 0) down.push(place);
  return down;
}

/** @param {Set<number>} down */
function meant(down) {
  let buttons = 0;
  for (const [button, place] of ARROWS) if (down.has(place)) buttons |= button;
  if (down.has(Pad.RT) || down.has(Pad.RB)) buttons |= Button.FIRE;
  if (down.has(Pad.LT) || down.has(Pad.LB)) buttons |= Button.RAIL;
  return buttons;
}
