// @ts-check
// Whatever a hand does first: a key, a finger, a button of the mouse.
//
// It owns its listeners, and tells of all that is not for the browser, the system or a button of the
// page. Gamepads are looked at by input.js. Made by main.js.

/** Alone they are the beginning of a chord, or what Escape and Tab always do. */
const NOT_MEANT = new Set(["Alt", "AltGraph", "Control", "Meta", "CapsLock", "Escape", "Tab"]);
/** What has a meaning of its own. */
const CONTROLS = "button, a, input, select, dialog";

export class AnyKey {
  /** @param {() => void} pressed */
  constructor(pressed) {
    addEventListener("keydown", (event) => {
      const { key, repeat, ctrlKey, metaKey, altKey } = event;
      // What was held all the while is not pressed.
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
