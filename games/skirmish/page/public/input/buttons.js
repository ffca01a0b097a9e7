// @ts-check
// The buttons as bits, and their conversion to the game's input.
//
// It owns these numbers and nothing else. Used by all input modules and play.js.

/** @typedef {import("../types.js").Input} Input */

export const Button = {
  UP: 1,
  DOWN: 2,
  LEFT: 4,
  RIGHT: 8,
  FIRE: 16,
  RAIL: 32,
  /** The screen shows a tall view (camera.js), and so is the one that the server sends. */
  TALL: 128,
  /** The player is away: nothing is held or released, so a charge is lost instead of fired. */
  ABSENT: 1 << 10,
};
/** Lowest bit of the next ship's class. */
export const CLASS_SHIFT = 8;
export const CLASS_MASK = 3;
export const CLASS_COUNT = 3;
/** Lowest bit of a stick's direction, as UP, DOWN, LEFT and RIGHT: it is a direction, not a press. */
export const STICK_SHIFT = 16;

export const MOVE = Button.UP | Button.DOWN | Button.LEFT | Button.RIGHT;

/** Cosine of the angle within which a stick steers along an axis: eight equal directions. */
const AXIS = 0.383;

/** The game's input for the held buttons. @param {number} buttons @param {number} aim radians
 *  @param {string | null} ship class of the next one @returns {Input} */
export function inputOf(buttons, aim, ship) {
  const held = (/** @type {number} */ button) => (buttons & button) !== 0;
  const tall = held(Button.TALL);
  return { ...movesOf(buttons), fire: held(Button.FIRE), rail: held(Button.RAIL), tall, aim, class: ship };
}

/** The part of the input that a stick's direction gives. @param {number} buttons */
export function stickOf(buttons) {
  return movesOf(buttons >> STICK_SHIFT);
}

/** The held directions, by keys and by sticks, as bits. @param {number} buttons */
export function movesIn(buttons) {
  return (buttons | (buttons >> STICK_SHIFT)) & MOVE;
}

/** @param {number} buttons */
function movesOf(buttons) {
  const held = (/** @type {number} */ button) => (buttons & button) !== 0;
  return { up: held(Button.UP), down: held(Button.DOWN), left: held(Button.LEFT), right: held(Button.RIGHT) };
}

/** The direction of a stick as buttons. @param {number} dx @param {number} dy a unit vector */
export function steer(dx, dy) {
  return (
    (dx > AXIS ? Button.RIGHT : dx < -AXIS ? Button.LEFT : 0) |
    (dy > AXIS ? Button.DOWN : dy < -AXIS ? Button.UP : 0)
  );
}

/** The held direction, in radians; null if none is held. @param {number} buttons */
export function headingOf(buttons) {
  const held = (/** @type {number} */ button) => ((buttons & button) !== 0 ? 1 : 0);
  const dx = held(Button.RIGHT) - held(Button.LEFT);
  const dy = held(Button.DOWN) - held(Button.UP);
  return dx === 0 && dy === 0 ? null : Math.atan2(dy, dx);
}
