// @ts-check
// The parts of the page by their ids, for all who show something in one.
//
// It keeps nothing: the page does. A part that is not there is a fault of the page's own.

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id @param {new () => T} [kind] for who needs more than an element
 * @returns {T}
 */
export function element(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${id}`);
  return /** @type {T} */ (element);
}
