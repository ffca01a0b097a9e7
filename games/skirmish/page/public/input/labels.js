// @ts-check
// Labels of keys: by the keyboard's layout where the browser reports it, else by position.
//
// It owns the labels and asks the browser once. Used by everything that shows keys.

/** @typedef {{ getLayoutMap(): Promise<Map<string, string>> }} Keyboard */

/** @type {Record<string, string>} */
const NAMES = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Space: "Space",
  Enter: "Enter",
  Backspace: "⌫",
  Delete: "Del",
  ShiftLeft: "Shift",
  ShiftRight: "R Shift",
  Minus: "-",
  Equal: "=",
  BracketLeft: "[",
  BracketRight: "]",
  Backslash: "\\",
  Semicolon: ";",
  Quote: "'",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Backquote: "`",
};

/** The layout's labels of the keys that type something. @type {Map<string, string>} */
let layout = new Map();

/** Asks the browser for the layout. Labels are right without it on most keyboards. */
export async function learnLayout() {
  const keyboard = /** @type {{ keyboard?: Keyboard }} */ (/** @type {unknown} */ (navigator)).keyboard;
  try {
    layout = (await keyboard?.getLayoutMap()) ?? layout;
  } catch {
    // Some browsers refuse it to framed pages.
  }
}

/** @param {string | null} code */
export function labelOf(code) {
  if (code === null) return "–";
  const typed = layout.get(code);
  if (typed && typed.trim() !== "") return typed.toUpperCase();
  return NAMES[code] ?? code.replace(/^(Key|Digit)/, "").replace(/([a-z])([A-Z0-9])/g, "$1 $2");
}
