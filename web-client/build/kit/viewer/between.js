// @ts-check
// Rows between two snapshots, for a viewer that knows no rules: what moves is drawn one snapshot late, on the
// way from its last value to its newest. It predicts nothing, and reads no clock.

/** @typedef {import("../client.js").Schema} Schema */
/** @typedef {import("../client.js").Field} Field */
/** @typedef {import("./feed.js").Row} Row */
/** @typedef {{ id: number, kind: string, [field: string]: any }} Known */

/** A way from one snapshot to the next takes no longer to draw, however long they were apart. */
const WAY_MAX_MS = 250;
/** How much of a new interval the estimate of intervals takes on. */
const NEWEST_SHARE = 0.1;

/** Names that a drawn row has of its own. */
const TAKEN = new Set(["id", "kind", "tick", "own", "__proto__"]);

/** Where a drawn row has a field. @param {string} field */
export const keyOf = (field) => (TAKEN.has(field) ? `${field}_` : field);

/** A decoded row as a drawn one: a field that is called `own` stands under another name then, as it does where
 *  rows are predicted. @param {Known} row @param {boolean} own @returns {Row} */
export const asRow = (row, own) => ("own" in row ? { ...row, own_: row.own, own } : { ...row, own });

export class Between {
  /** @type {Map<number, Known>} */
  #before = new Map();
  /** @type {Known[]} */
  #now = [];
  #takenAt = 0;
  #intervalMs = 0;
  /** The fields of each kind that move. @type {Map<string, Field[]>} */
  #movers = new Map();
  /** Where the rows of each kind have their player. @type {Map<string, string | null>} */
  #players = new Map();
  /** @type {number | null} */
  #own = null;

  /** Takes the rows of a snapshot. @param {number} now ms @param {Schema} schema @param {Known[]} rows
   *  @param {number | null} own the own player */
  take(now, schema, rows, own) {
    if (this.#movers.size === 0) {
      for (const { name, fields } of schema.entities) {
        this.#movers.set(name, fields.filter(({ predict }) => predict.how !== "hold"));
        this.#players.set(name, playerKey(fields));
      }
    }
    this.#before = new Map(this.#now.map((row) => [row.id, row]));
    this.#now = rows;
    if (this.#takenAt > 0) {
      const interval = Math.min(now - this.#takenAt, WAY_MAX_MS);
      this.#intervalMs += (interval - this.#intervalMs) * (this.#intervalMs === 0 ? 1 : NEWEST_SHARE);
    }
    this.#takenAt = now;
    this.#own = own;
  }

  /** @param {number} now ms @returns {Row[]} */
  rows(now) {
    const way = this.#intervalMs === 0 ? 1 : Math.min((now - this.#takenAt) / this.#intervalMs, 1);
    return this.#now.map((row) => {
      const drawn = asRow(row, this.#isOwn(row));
      const before = this.#before.get(row.id);
      if (before?.kind === row.kind) {
        for (const field of this.#movers.get(row.kind) ?? []) {
          const key = keyOf(field.name);
          drawn[key] = between(field, asRow(before, false)[key], drawn[key], way);
        }
      }
      return drawn;
    });
  }

  /** @param {Known} row */
  #isOwn(row) {
    const key = this.#players.get(row.kind);
    return key != null && this.#own !== null && asRow(row, false)[key] === this.#own;
  }
}

/** Where drawn rows of a kind have the player whose they are: a field that names a row of another kind says to whom a
 *  row belongs, as a bolt does, and is not that. @param {readonly Field[]} fields */
export function playerKey(fields) {
  const field = fields.find(({ unit, names }) => unit === "player" && names === null);
  return field ? keyOf(field.name) : null;
}

/** @param {Field} field @param {number} from @param {number} to @param {number} way of it, from 0 to 1 */
function between({ wraps, min, max, scale }, from, to, way) {
  let difference = to - from;
  const turn = (max - min + 1) * scale;
  if (wraps && difference > turn / 2) difference -= turn;
  else if (wraps && difference < -turn / 2) difference += turn;
  const value = from + difference * way;
  if (!wraps) return value;
  return value < min * scale ? value + turn : value >= min * scale + turn ? value - turn : value;
}
