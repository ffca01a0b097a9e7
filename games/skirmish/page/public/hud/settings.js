// @ts-check
// The settings panel: sound, graphics, input, and key bindings.
//
// It shows and changes the values of settings.js. As a modal dialog it traps the focus, gives it back,
// and closes by Escape. Made by input.js, which it notifies when it opens and closes.

import { ACTIONS, SLOTS, bind, isFree } from "../input/bindings.js";
import { labelOf } from "../input/labels.js";
import { element } from "../dom.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../settings.js").Quality} Quality */
/** @typedef {import("../input/bindings.js").Action} Action */
/** @typedef {{ action: Action, slot: number, button: HTMLButtonElement }} Slot */

export class SettingsPanel {
  /** @param {Settings} settings @param {(isOpen: boolean) => void} turned */
  constructor(settings, turned) {
    this.settings = settings;
    this.turned = turned;
    this.root = element("settings", HTMLDialogElement);
    /** @private */
    this.said = element("settings-said", HTMLElement);
    /** Whether the last notification was "open": the dialog's close event comes late. @private */
    this.notifiedOpen = false;
    /** The slot that waits for a key. @private @type {Slot | null} */
    this.waits = null;
    /** @private @type {Slot[]} */
    this.slots = [];
    this.buildKeys();
    this.listen();
    settings.onChange(() => this.show());
    this.show();
  }

  get isOpen() {
    return this.root.open;
  }

  open() {
    if (this.isOpen) return;
    this.say("");
    this.show();
    this.root.showModal();
    // Not the first control: it resets everything.
    element("set-volume", HTMLInputElement).focus();
    this.notifiedOpen = true;
    this.turned(true);
  }

  /** Cancels the wait for a key; without one, closes the panel. */
  close() {
    if (this.waits) {
      this.wait(null);
      return;
    }
    this.root.close();
    this.closed();
  }

  /** @private */
  closed() {
    if (!this.notifiedOpen) return;
    this.notifiedOpen = false;
    this.wait(null);
    // Drop the focus: the keys are for flying.
    const opener = document.activeElement;
    const isByPointer = opener instanceof HTMLElement && !opener.matches(":focus-visible");
    if (isByPointer && !opener.closest("#start")) opener.blur();
    this.turned(false);
  }

  /** @private */
  show() {
    const { sound, quality, shake, damageNumbers, leftHanded, keys } = this.settings;
    element("set-volume", HTMLInputElement).valueAsNumber = Math.round(100 * sound.volume);
    element("set-muted", HTMLInputElement).checked = sound.muted;
    element("set-quality", HTMLSelectElement).value = quality;
    element("set-shake", HTMLInputElement).checked = shake;
    element("set-damage", HTMLInputElement).checked = damageNumbers;
    element("set-left-handed", HTMLInputElement).checked = leftHanded;
    for (const { action, slot, button } of this.slots) {
      const label = labelOf(keys[action][slot]);
      button.textContent = label;
      button.setAttribute("aria-label", `${ACTIONS[action]}: ${label}`);
    }
  }

  /** @private */
  buildKeys() {
    const list = element("set-keys", HTMLElement);
    for (const action of /** @type {Action[]} */ (Object.keys(ACTIONS))) {
      const row = document.createElement("div");
      const name = document.createElement("span");
      name.textContent = ACTIONS[action];
      row.append(name);
      for (let slot = 0; slot < SLOTS; slot++) {
        const button = document.createElement("button");
        button.type = "button";
        button.addEventListener("click", () => this.wait({ action, slot, button }));
        button.addEventListener("blur", () => this.wait(null));
        this.slots.push({ action, slot, button });
        row.append(button);
      }
      list.append(row);
    }
  }

  /** @private */
  listen() {
    const { settings, root } = this;
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(".settings-open"))) {
      button.addEventListener("click", () => this.open());
      // This panel comes a moment after the start page.
      button.disabled = false;
    }
    const volume = element("set-volume", HTMLInputElement);
    volume.addEventListener("input", () =>
      settings.change({ sound: { volume: volume.valueAsNumber / 100, muted: false } }),
    );
    this.flag("set-muted", (muted) => settings.change({ sound: { ...settings.sound, muted } }));
    this.flag("set-shake", (shake) => settings.change({ shake }));
    this.flag("set-damage", (damageNumbers) => settings.change({ damageNumbers }));
    this.flag("set-left-handed", (leftHanded) => settings.change({ leftHanded }));
    const quality = element("set-quality", HTMLSelectElement);
    quality.addEventListener("change", () =>
      settings.change({ quality: /** @type {Quality} */ (quality.value) }),
    );
    element("settings-reset", HTMLButtonElement).addEventListener("click", () => {
      settings.reset();
      this.say("All settings have their defaults again.");
    });
    element("settings-close", HTMLButtonElement).addEventListener("click", () => this.close());
    // A press outside closes it: the content fills the dialog.
    root.addEventListener("click", (event) => {
      if (event.target === root) this.close();
    });
    // Phones close dialogs in other ways than by Escape.
    root.addEventListener("close", () => this.closed());
    // Captured: the focus may be anywhere.
    addEventListener("keydown", (event) => this.hear(event), true);
  }

  /** @private @param {string} id @param {(checked: boolean) => void} act */
  flag(id, act) {
    const box = element(id, HTMLInputElement);
    box.addEventListener("change", () => act(box.checked));
  }

  /** Sets the slot that waits for a key; null for none. @private @param {Slot | null} slot */
  wait(slot) {
    this.waits?.button.classList.remove("waits");
    if (this.waits) this.show();
    this.waits = slot;
    if (!slot) return;
    slot.button.classList.add("waits");
    slot.button.textContent = "…";
    this.say(`${ACTIONS[slot.action]}: press a key. Delete clears it, Escape cancels.`);
  }

  /** @private @param {KeyboardEvent} event */
  hear(event) {
    if (!this.isOpen) return;
    event.stopImmediatePropagation();
    // Ignore keys that are still held from before.
    const isDone = event.repeat && (this.waits !== null || event.key === "Escape");
    if (isDone) {
      event.preventDefault();
    } else if (this.waits) {
      this.take(event, this.waits);
    } else if (event.key === "Escape") {
      // At once: the close event comes late, and the next key is for the game.
      event.preventDefault();
      this.close();
    }
  }

  /** Gives the key to the slot that waits. @private @param {KeyboardEvent} event
   *  @param {Slot} waits */
  take(event, { action, slot }) {
    event.preventDefault();
    // Some browsers press a focused button when the key is released.
    addEventListener("keyup", (up) => up.preventDefault(), { capture: true, once: true });
    const isErased = event.code === "Delete" || event.code === "Backspace";
    if (event.code === "Escape") {
      this.wait(null);
      this.say("");
      return;
    }
    if (!isErased && !isFree(event.code)) {
      this.say(`${labelOf(event.code)} has a fixed use: press another key.`);
      return;
    }
    const code = isErased ? null : event.code;
    const { bindings, other } = bind(this.settings.keys, action, slot, code);
    this.wait(null);
    this.settings.change({ keys: bindings });
    this.say(other ? `Swapped with ${ACTIONS[other].toLowerCase()}.` : "");
    if (other) this.flash(other);
  }

  /** Highlights the action that was swapped. @private @param {Action} action */
  flash(action) {
    for (const slot of this.slots) {
      slot.button.classList.toggle("swapped", slot.action === action);
    }
  }

  /** @private @param {string} text */
  say(text) {
    this.said.textContent = text;
    this.flash(/** @type {Action} */ (""));
  }
}
