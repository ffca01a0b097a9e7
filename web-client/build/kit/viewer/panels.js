// @ts-check
// What of a room is shown as text: its kinds with what they cost, rows without a place, players, events.
//
// Each panel is filled by what it is given, some times in a second; none asks for anything.

import { colourOf, element, fillTable, short } from "./dom.js";
import { keyOf } from "./between.js";

/** @typedef {import("../tickwire.js").Schema} Schema */
/** @typedef {import("../tickwire.js").Kind} Kind */
/** @typedef {import("../tickwire.js").Player} Player */
/** @typedef {import("../client.js").Cost} Cost */
/** @typedef {import("../client.js").Costs} Costs */
/** @typedef {import("./feed.js").Row} Row */
/** @typedef {import("./feed.js").Happening} Happening */

/** Lines of events that are kept to be read. */
const EVENTS_MAX = 40;
/** Lines of players: the best. */
const PLAYERS_MAX = 100;

/** A value for people, with its unit; players by their names.
 *  @param {import("../tickwire.js").Field} field @param {number} value @param {ReadonlyMap<number, Player>} roster */
function valueOf({ unit }, value, roster) {
  if (unit === "player") return roster.get(value)?.name ?? `player ${value}`;
  return unit === "" || unit === "entity" ? short(value) : `${short(value)} ${unit}`;
}

/** How many bytes of a snapshot each kind takes; what belongs to no kind is under "".
 *  @param {Costs} costs @param {Schema} schema @returns {Map<string, number>} */
export function bytesByKind(costs, schema) {
  const bytes = new Map();
  for (const { part, kind, bits } of costs.list()) {
    const kinds = part.startsWith("event") ? schema.events : schema.entities;
    const name = part === "head" || part === "own" ? "" : kinds[kind]?.name ?? "";
    bytes.set(name, (bytes.get(name) ?? 0) + bits / 8 / Math.max(costs.snapshots, 1));
  }
  return bytes;
}

/** The kinds, how many rows there are of each, and what they cost.
 *  @param {HTMLTableElement} table @param {Schema} schema @param {Row[]} rows @param {Costs} costs */
export function fillKinds(table, schema, rows, costs) {
  const bytes = bytesByKind(costs, schema);
  const count = (/** @type {Kind} */ { name }) => rows.filter(({ kind }) => kind === name).length;
  const line = (/** @type {Kind} */ kind, /** @type {string} */ rows) =>
    [kind.name, rows, short(bytes.get(kind.name) ?? 0)];
  const lines = [
    ...schema.entities.map((kind) => line(kind, String(count(kind)))),
    ...schema.events.map((kind) => line(kind, "event")),
    ["the rest", "", short(bytes.get("") ?? 0)],
  ];
  fillTable(table, ["kind", "rows", "bytes a snapshot"], lines);
  [...schema.entities, ...schema.events].forEach((_, kind) => {
    const cell = table.rows[kind + 1]?.cells[0];
    if (cell) cell.style.borderLeft = `6px solid ${colourOf(kind)}`;
  });
}

/** The rows of these kinds, with all fields in their units.
 *  @param {HTMLElement} into @param {readonly Kind[]} kinds @param {Row[]} rows
 *  @param {ReadonlyMap<number, Player>} roster @param {number} most rows of a kind */
export function fillRows(into, kinds, rows, roster, most) {
  while (into.children.length > kinds.length) into.lastElementChild?.remove();
  kinds.forEach((kind, nth) => {
    const place = into.children[nth] ?? into.appendChild(element("section", {}, element("h3"), element("table")));
    const of = rows.filter((row) => row.kind === kind.name);
    const heading = of.length > most ? `${kind.name}: ${most} of ${of.length}` : `${kind.name}: ${of.length}`;
    if (place.children[0].textContent !== heading) place.children[0].textContent = heading;
    const heads = ["id", ...kind.fields.map(({ name }) => name)];
    const lines = of.slice(0, most).map((row) =>
      [String(row.id), ...kind.fields.map((field) => valueOf(field, row[keyOf(field.name)], roster))]);
    fillTable(/** @type {HTMLTableElement} */ (place.children[1]), heads, lines);
  });
}

/** @param {HTMLTableElement} table @param {ReadonlyMap<number, Player>} roster @param {number | null} own */
export function fillRoster(table, roster, own) {
  const players = [...roster.values()].sort((one, other) => other.score - one.score || one.player - other.player);
  const hasTeams = players.some(({ team }) => team !== 0);
  const lines = players.slice(0, PLAYERS_MAX).map(({ player, name, score, team, bot }) => {
    const mark = player === own ? " (you)" : bot ? " (bot)" : "";
    return [`${name}${mark}`, String(score), ...(hasTeams ? [String(team)] : [])];
  });
  const heading = players.length > PLAYERS_MAX ? `player (${PLAYERS_MAX} of ${players.length})` : "player";
  fillTable(table, [heading, "score", ...(hasTeams ? ["team"] : [])], lines);
}

/** The last events, the newest first. */
export class EventList {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  /** @param {Happening} event @param {Schema} schema @param {ReadonlyMap<number, Player>} roster */
  add(event, schema, roster) {
    const fields = schema.events.find(({ name }) => name === event.kind)?.fields ?? [];
    const said = fields.map((field) => `${field.name} ${valueOf(field, event[keyOf(field.name)], roster)}`);
    this.list.prepend(element("li", {}, `${event.tick} ${[event.kind, ...said].join(", ")}`));
    while (this.list.children.length > EVENTS_MAX) this.list.lastElementChild?.remove();
  }

  clear() {
    this.list.replaceChildren();
  }
}
