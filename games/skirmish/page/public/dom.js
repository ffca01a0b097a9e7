// @ts-check
// Finds elements of the page by id, with their type.
//
// It keeps no state. A missing element is a bug of the page, so it throws.

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id @param {new () => T} [kind] the element's class, if more specific
 * @returns {T}
 */
export function element(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${id}`);
  return /** @type {T} */ (element);
}
