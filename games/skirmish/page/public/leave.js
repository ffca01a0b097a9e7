// @ts-check
// Leaving a room asks once more: a single press may be a slip, and costs the ship and its points.
//
// It owns the question and how long it stands, whatever asked it: Escape, the buttons of the header and the banner, a
// gamepad. Who watches has nothing to lose and leaves at once; who waits to be back in a ship has. It closes no panel. Made by play.js.

/** A second press within this time leaves. */
const ASKS_MS = 3000;
const QUESTION = "Leave?";

/**
 * @typedef {object} Actions
 * @property {() => boolean} plays whether the player has a ship to lose, or may have one still
 * @property {(text: string, ms: number) => void} notify shows a sentence for a while, and has it read out
 * @property {() => void} leave
 */

export class LeaveQuestion {
  /** @param {HTMLElement[]} buttons ask as well, and show the question @param {Actions} actions */
  constructor(buttons, actions) {
    /** @private */
    this.buttons = buttons;
    /** @private */
    this.actions = actions;
    /** @private */
    this.labels = buttons.map((button) => button.textContent);
    /** Runs while the question stands. @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    for (const button of buttons) {
      button.addEventListener("click", ({ detail }) => {
        // Drop the focus after a pointer's press, or the space bar would leave instead of firing.
        if (detail > 0) button.blur();
        this.press("Press again to leave.");
      });
    }
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
    this.buttons.forEach((button, nth) => {
      button.textContent = asks ? QUESTION : this.labels[nth];
      button.classList.toggle("asks", asks);
    });
  }
}
