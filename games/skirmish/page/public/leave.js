// @ts-check
// Leaving a room asks once more: a single press may be a slip, and costs the ship and its points.
//
// It owns the question and how long it stands, whatever asked it: Escape, the button of the header, a
// gamepad. Who watches has nothing to lose and leaves at once. It closes no panel. Made by play.js.

/** A second press within this time leaves. */
const ASKS_MS = 3000;
const QUESTION = "Leave?";

/**
 * @typedef {object} Actions
 * @property {() => boolean} plays whether the player has a ship to lose
 * @property {(text: string, ms: number) => void} notify shows a sentence for a while, and has it read out
 * @property {() => void} leave
 */

export class LeaveQuestion {
  /** @param {HTMLElement} button asks as well, and shows the question @param {Actions} actions */
  constructor(button, actions) {
    this.button = button;
    this.actions = actions;
    /** @private */
    this.label = button.textContent;
    /** Runs while the question stands. @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    button.addEventListener("click", ({ detail }) => {
      // Drop the focus after a pointer's press, or the space bar would leave instead of firing.
      if (detail > 0) button.blur();
      this.press("Press again to leave.");
    });
  }

  /** Takes the question back: it was about another room. */
  clear() {
    this.show(false);
  }

  /** Asks, or leaves if that was asked just before. @param {string} question */
  press(question) {
    const { plays, notify, leave } = this.actions;
    if (this.timer !== undefined || !plays()) {
      this.show(false);
      return leave();
    }
    this.show(true);
    notify(question, ASKS_MS);
  }

  /** @private @param {boolean} asks */
  show(asks) {
    clearTimeout(this.timer);
    this.timer = asks ? setTimeout(() => this.show(false), ASKS_MS) : undefined;
    this.button.textContent = asks ? QUESTION : this.label;
    this.button.classList.toggle("asks", asks);
  }
}
