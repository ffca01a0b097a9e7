// @ts-check
// Gamepads of the standard mapping: sticks, triggers, and the presses since the last poll.
//
// Browsers have no events for presses: it polls at every tick and frame while a pad is connected.
// Of several, the one used last counts. Made and polled by controls.js.

import { Button, steer } from "./buttons.js";
import { finite } from "../finite.js";

/** Indices into `Gamepad.buttons` of the standard mapping. */
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

/** Dead zone of a stick, from 0 to 1: worn ones do not return to the middle. */
const MOVE_DEAD = 0.3;
const AIM_DEAD = 0.35;
/** A trigger counts as pressed from here on, from 0 to 1. */
const TRIGGER = 0.35;
/** Maximum number of presses that are kept until taken: no menu needs more. */
const PRESSED_MAX = 32;

/** The left stick's directions as presses, for menus.
 *  @type {[number, number][]} */
const ARROWS = [
  [Button.UP, Pad.UP],
  [Button.DOWN, Pad.DOWN],
  [Button.LEFT, Pad.LEFT],
  [Button.RIGHT, Pad.RIGHT],
];

export class Gamepads {
  /** @param {{ used(): void, aimed(): void, changed(): void }} owner */
  constructor(owner) {
    this.owner = owner;
    /** The held bits of {@link Button}. */
    this.held = 0;
    /** Direction of the left stick, as bits of {@link Button}. */
    this.steered = 0;
    /** Last direction of the right stick, in radians. */
    this.aim = 0;
    /** Whether a pad was ever connected: else there is nothing to poll. @private */
    this.met = false;
    /** Which buttons are down, by pad. @private @type {Map<number, Set<number>>} */
    this.down = new Map();
    /** Presses since the last take. @private @type {number[]} */
    this.pressed = [];
    /** The pad that was used last. @private @type {number | null} */
    this.current = null;
    addEventListener("gamepadconnected", ({ gamepad }) => {
      this.met = true;
      this.down.set(gamepad.index, new Set());
    });
    addEventListener("gamepaddisconnected", ({ gamepad }) => this.lose(gamepad.index));
  }

  /** Polls all pads. */
  poll() {
    if (!this.met) return;
    const pads = [...navigator.getGamepads()].filter((pad) => pad !== null && pad.connected);
    // A pad that is gone releases its buttons, even without an event.
    for (const index of this.down.keys()) {
      if (!pads.some((pad) => pad?.index === index)) this.lose(index);
    }
    for (const pad of pads) if (pad) this.look(pad);
  }

  /** Takes the presses since the last call, as indices of {@link Pad}. */
  takePressed() {
    return this.pressed.splice(0);
  }

  /** Releases everything; what is still down counts again at the next poll. */
  release() {
    this.held = this.steered = 0;
  }

  /** @private @param {Gamepad} pad */
  look(pad) {
    const { x, y, length } = stick(pad, 0);
    const moved = length >= MOVE_DEAD ? steer(x / length, y / length) : 0;
    const before = this.down.get(pad.index) ?? new Set();
    const buttons = places(pad);
    const down = new Set([...buttons, ...arrows(moved)]);
    this.down.set(pad.index, down);
    const fresh = [...down].filter((place) => !before.has(place));
    const aim = stick(pad, 2);
    if (fresh.length > 0 || aim.length >= AIM_DEAD) {
      this.current = pad.index;
      this.owner.used();
    }
    if (pad.index !== this.current) return;
    this.pressed = [...this.pressed, ...fresh].slice(-PRESSED_MAX);
    this.hold(meant(new Set(buttons)), moved);
    if (aim.length < AIM_DEAD) return;
    this.aim = Math.atan2(aim.y, aim.x);
    this.owner.aimed();
  }

  /** @private @param {number} held @param {number} steered */
  hold(held, steered) {
    if (held === this.held && steered === this.steered) return;
    this.held = held;
    this.steered = steered;
    this.owner.changed();
  }

  /** A pad is gone. @private @param {number} index */
  lose(index) {
    this.down.delete(index);
    if (this.current === index) this.hold(0, 0);
  }
}

/** A value that is not a number counts as 0. @param {Gamepad} pad @param {number} axis of its x */
function stick(pad, axis) {
  const x = finite(pad.axes[axis]);
  const y = finite(pad.axes[axis + 1]);
  const length = Math.hypot(x, y);
  return Number.isFinite(length) ? { x, y, length } : { x: 0, y: 0, length: 0 };
}

/** @param {Gamepad} pad @returns {number[]} */
function places(pad) {
  return [...pad.buttons].flatMap((button, place) =>
    button?.pressed || finite(button?.value) >= TRIGGER ? [place] : [],
  );
}

/** @param {number} moved bits of {@link Button} @returns {number[]} places of {@link Pad} */
function arrows(moved) {
  return ARROWS.flatMap(([button, place]) => ((moved & button) !== 0 ? [place] : []));
}

/** @param {Set<number>} down */
function meant(down) {
  let buttons = 0;
  for (const [button, place] of ARROWS) if (down.has(place)) buttons |= button;
  if (down.has(Pad.RT) || down.has(Pad.RB)) buttons |= Button.FIRE;
  if (down.has(Pad.LT) || down.has(Pad.LB)) buttons |= Button.RAIL;
  return buttons;
}
