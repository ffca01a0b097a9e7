// @ts-check
// What a key is called: as the layout of this keyboard prints it, where the browser tells, else
// by its place.
//
// It owns the names and asks the browser once. Used by whatever shows keys.

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

/** What the layout prints on the keys that type something. @type {Map<string, string>} */
let layout = new Map();

/** Asks the browser for the layout. Labels are right without it on most keyboards. */
export async function learnLayout() {
  const keyboard = /** @type {{ keyboard?: Keyboard }} */ (/** @type {unknown} */ (navigator)).keyboard;
  try {
    layout = (await keyboard?.getLayoutMap()) ?? layout;
  } catch {
    // Some browsers refuse it to pages within pages.
  }
}

/** @param {string | null} code */
export function labelOf(code) {
  if (code === null) return "–";
  const typed = layout.get(code);
  if (typed && typed.trim() !== "") return typed.toUpperCase();
  return NAMES[code] ?? code.replace(/^(Key|Digit)/, "").replace(/([a-z])([A-Z0-9])/g, "$1 $2");
}
