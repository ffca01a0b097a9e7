// @ts-check
// Elements of the viewer. Names of players are texts of strangers: they are only ever set as text.

/** An element with these attributes and children.
 *  @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {Record<string, string>} [attributes]
 *  @param {...(Node | string)} children @returns {HTMLElementTagNameMap[T]} */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The element that the page has under this id. @template {HTMLElement} T @param {string} id
 *  @param {new () => T} type @returns {T} */
export function found(id, type) {
  const it = document.getElementById(id);
  if (!(it instanceof type)) throw new Error(`the page has no ${id}`);
  return it;
}

/** Fills a table: its cells are made once and refilled.
 *  @param {HTMLTableElement} table @param {readonly string[]} heads @param {readonly (readonly string[])[]} rows */
export function fillTable(table, heads, rows) {
  const lines = [heads, ...rows];
  while (table.rows.length > lines.length) table.deleteRow(-1);
  lines.forEach((cells, nth) => {
    const row = table.rows[nth] ?? table.insertRow();
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((text, at) => {
      const cell = row.cells[at] ?? row.appendChild(document.createElement(nth === 0 ? "th" : "td"));
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}

/** A number for people: no more digits than are worth reading. @param {number} value */
export function short(value) {
  if (!Number.isFinite(value)) return String(value);
  return String(Math.round(value * 1000) / 1000);
}

/** One colour for each kind, far apart on the wheel. @param {number} kind */
export const colourOf = (kind) => `hsl(${(kind * 137.5 + 205) % 360} 70% 62%)`;
