// @ts-check
// Menus by gamepad: it moves the focus and presses the focused element.
//
// It works on any open panel as a keyboard would, and knows nothing about its content. input.js calls
// it with each press.

import { Pad } from "./gamepad.js";

const WORKED = "button, input, select, [tabindex='0']";
/** Weight of the distance sideways, compared with straight ahead. */
const ASIDE = 2.5;

/** @type {Record<number, [dx: number, dy: number]>} */
const WAYS = { [Pad.UP]: [0, -1], [Pad.DOWN]: [0, 1], [Pad.LEFT]: [-1, 0], [Pad.RIGHT]: [1, 0] };

/** @param {HTMLElement} root what is open @param {number} pressed a place of `Pad` */
export function work(root, pressed) {
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const way = WAYS[pressed];
  if (pressed === Pad.A && focused instanceof HTMLElement) focused.click();
  if (!way) return;
  if (focused instanceof HTMLInputElement && focused.type === "range" && way[0] !== 0) {
    if (way[0] > 0) focused.stepUp();
    else focused.stepDown();
    focused.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  if (focused instanceof HTMLSelectElement && way[0] !== 0) {
    const most = focused.options.length - 1;
    focused.selectedIndex = Math.min(most, Math.max(0, focused.selectedIndex + way[0]));
    focused.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  const next = nearest(root, focused, way);
  next?.focus();
  // Focusing a radio button selects it, as arrow keys do.
  if (next instanceof HTMLInputElement && next.type === "radio" && way[0] !== 0) next.click();
}

/** @param {HTMLElement} root @param {Element | null} from @param {[number, number]} way
 *  @returns {HTMLElement | undefined} */
function nearest(root, from, [dx, dy]) {
  const all = [...root.querySelectorAll(WORKED)].filter(
    (element) => element instanceof HTMLElement && element !== from && isThere(element),
  );
  const elements = /** @type {HTMLElement[]} */ (all);
  if (!from) return elements[0];
  const [x, y] = middle(from);
  /** @type {[HTMLElement, number][]} */
  const ahead = [];
  for (const element of elements) {
    const [toX, toY] = middle(element);
    const along = (toX - x) * dx + (toY - y) * dy;
    const aside = Math.abs((toX - x) * dy) + Math.abs((toY - y) * dx);
    if (along > 1) ahead.push([element, along + ASIDE * aside]);
  }
  return ahead.sort(([, a], [, b]) => a - b)[0]?.[0];
}

/** @param {Element} element @returns {[number, number]} */
function middle(element) {
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}

/** @param {Element} element */
function isThere(element) {
  const isOff = "disabled" in element && element.disabled === true;
  return !isOff && element.checkVisibility();
}
