// @ts-check
// Recordings of scenes, written from what a client was shown: `stream-report` reads them. The format is
// described in `shared/src/recording/mod.rs`.

/** @typedef {import("../client.js").Schema} Schema */
/** @typedef {import("../client.js").Kind} Kind */
/** @typedef {import("../client.js").Field} Field */
/** @typedef {{ id: number, kind: string, [field: string]: any }} Row */
/** @typedef {{ tick: number, kind: string, [field: string]: any }} Happening */
/** @typedef {{ player: number, own: Uint8Array | null, before: Uint8Array | null, given: string, margin: number }} Viewer */

/** Names that a row or an event has of its own: a field that is called so stands under another one. */
const TAKEN = new Set(["id", "kind", "tick", "__proto__"]);

/** @param {string} name */
export const rowKey = (name) => (TAKEN.has(name) ? `${name}_` : name);

/** A name or unit as one word. @param {string} text */
function word(text) {
  if (text === "") return "%";
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9_./-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

/** The first lines. @param {Schema} schema @param {number} tickRateHz */
export function sceneHead(schema, tickRateHz) {
  const lines = ["scenes 2", `rate ${tickRateHz}`];
  for (const [what, kinds] of /** @type {const} */ ([["entity", schema.entities], ["event", schema.events]])) {
    for (const kind of kinds) {
      lines.push(`${what} ${word(kind.name)}`);
      for (const field of kind.fields) lines.push(fieldLine(field, kind, schema));
      if (kind.place) lines.push(`place ${kind.place.map((name) => indexOf(kind, name)).join(" ")}`);
    }
  }
  return lines;
}

/** @param {Kind} kind @param {string} name */
const indexOf = (kind, name) => kind.fields.findIndex((field) => field.name === name);

/** @param {Field} field @param {Kind} kind @param {Schema} schema */
function fieldLine(field, kind, schema) {
  const words = ["field", word(field.name), field.min, field.max, "scale", field.scale, "unit", word(field.unit)];
  if (field.wraps) words.push("wraps");
  const { predict } = field;
  switch (predict.how) {
    case "linear-from-last-two":
      words.push("predict", "last-two");
      break;
    case "linear-by":
      words.push("predict", "by", indexOf(kind, predict.field));
      break;
    case "approach":
      words.push("predict", "approach", indexOf(kind, predict.field), predict.perSecond);
      break;
    case "along":
      words.push("predict", "along", indexOf(kind, predict.field), predict.perSecond, predict.axis);
      break;
  }
  const named = schema.entities.findIndex(({ name }) => name === field.names?.kind);
  if (field.names && named >= 0) words.push("names", named, indexOf(schema.entities[named], field.names.field));
  const naming = kind.fields.find(({ names }) => names !== null)?.names;
  const begins = schema.entities.find(({ name }) => name === naming?.kind);
  if (field.origin !== null && begins) words.push("origin", indexOf(begins, field.origin));
  return words.join(" ");
}

/** The lines of one snapshot. @param {Schema} schema @param {number} tick @param {Row[]} rows
 *  @param {Happening[]} events @param {Viewer | null} viewer the own player; null for a spectator */
export function sceneTick(schema, tick, rows, events, viewer) {
  const lines = [`tick ${tick}`];
  /** @param {readonly Kind[]} kinds @param {Row | Happening} of */
  const numbers = (kinds, of) => {
    const kind = kinds.findIndex(({ name }) => name === of.kind);
    const steps = kinds[kind].fields.map(({ name, scale }) => Math.round(of[rowKey(name)] / scale));
    return [kind, ...steps].join(" ");
  };
  for (const row of rows) lines.push(`row ${row.id} ${numbers(schema.entities, row)}`);
  for (const event of events) lines.push(`event ${numbers(schema.events, event)}`);
  if (viewer) {
    const { player, own, before, given, margin } = viewer;
    lines.push(`view ${player} all`, `own ${player} ${hex(own)} ${hex(before)} ${given} ${margin}`);
  }
  return lines;
}

/** @param {Uint8Array | null} bytes */
export function hex(bytes) {
  return bytes ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") || "%" : "-";
}
