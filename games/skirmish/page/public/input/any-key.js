// @ts-check
// Detects any press: a key, a finger, a mouse button.
//
// It owns its listeners and ignores presses that are for the browser, the system or a button of the
// page. input.js polls gamepads. Made by play.js.

/** Modifiers, which only begin a chord, and Escape and Tab, which have a fixed meaning. */
const NOT_MEANT = new Set(["Alt", "AltGraph", "Control", "Meta", "CapsLock", "Escape", "Tab"]);
/** Elements that handle their own presses. */
const CONTROLS = "button, a, input, select, dialog";

export class AnyKey {
  /** @param {() => void} pressed */
  constructor(pressed) {
    addEventListener("keydown", (event) => {
      const { key, repeat, ctrlKey, metaKey, altKey } = event;
      // A repeat is a held key, not a press.
      if (repeat || ctrlKey || metaKey || altKey || NOT_MEANT.has(key)) return;
      if (!onControl(event)) pressed();
    });
    addEventListener("pointerdown", (event) => {
      if (!onControl(event)) pressed();
    });
  }
}

/** @param {Event} event */
function onControl({ target }) {
  return target instanceof Element && target.closest(CONTROLS) !== null;
}
