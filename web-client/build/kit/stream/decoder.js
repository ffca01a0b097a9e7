// @ts-check
// A decoder of snapshots that knows no game: it follows docs/protocol.md and nothing else, and shares no
// line with the server's. `tests/golden/check.mjs` runs it over `tests/golden/*.snapshots`.
//
// `symbols.js` reads the symbols of a body, `schema.js` has the schema and the plan of each kind,
// `motion.js` predicts rows. Names and order follow that document.

import { refuse } from "./bytes.js";
import { TICKS_MAX, added, asExpected, beginningIn, inRange, moveOn } from "./motion.js";
import { alike, bitsOf, checkSchema, planOf } from "./schema.js";
import {
  ChoiceSet, Model, RangeSource, models, residualModels, takeCount, takeResidual, takeValue, valueModels,
} from "./symbols.js";

/** @typedef {import("./schema.js").Schema} Schema */
/** @typedef {import("./schema.js").Plan} Plan */
/** @typedef {import("./schema.js").FieldPlan} FieldPlan */
/** @typedef {import("./symbols.js").Source} Source */
/** @typedef {import("./costs.js").Costs} Costs */
/** @typedef {import("./symbols.js").ValueModels} ValueModels */
/** @typedef {import("./symbols.js").ResidualModels} ResidualModels */
/** @typedef {import("./motion.js").Row} Row */
/** @typedef {"received" | "repeated" | "absent"} InputStatus */
/** @typedef {{ hasResidual: Model, by: ResidualModels }} BeginningModels */
/** @typedef {{ few: ValueModels, isFew: boolean, change: ResidualModels, old: BeginningModels,
 *              fresh: BeginningModels }} FieldModels */
/** @typedef {{ tick: number, kind: number, values: number[] }} Event */
/** @typedef {{ given: InputStatus[], margin: number, own: number[] | null }} Standing of a player's inputs */
/** @typedef {{ tick: number, isKeyframe: boolean, player: Standing | null, events: Event[] }} Snapshot */

const OWN_MAX_BYTES = 1024;
const ROWS_MAX = 65_535;
const EVENTS_MAX = 255;
const GIVEN_MAX_TICKS = 64;
/** A field that holds is sent as it is if it needs no more bits. */
const FEW_BITS_MAX = 6;
/** Maximum number of fields times ticks that one snapshot may move. A room of 4,096 players takes a tenth of it after
 *  the longest gap over which rows move; without the limit a few bytes could ask for thousands of times as much. */
const MOVES_MAX = 2 ** 24;

export class Codec {
  /** @param {Schema} schema @param {number} hz ticks per second */
  constructor(schema, hz) {
    checkSchema(schema);
    const { entities, events } = schema;
    this.entities = entities.map((_, index) => planOf(entities, index, entities, true, hz));
    this.events = events.map((_, index) => planOf(events, index, entities, false, hz));
    /** @private */
    this.entitySharing = this.entities.map((plan) => sharingOf(plan, []));
    /** @private */
    this.eventSharing = this.events.map((plan, index) => sharingOf(plan, this.events.slice(0, index)));
  }

  /** All models in their initial state, as at a keyframe. */
  freshModels() {
    const kindModelsOf = (/** @type {Plan[]} */ plans) => valueModels(bitsOf(Math.max(plans.length - 1, 0)));
    /** @type {KindModels[]} */
    const events = [];
    this.events.forEach((plan, index) => events.push(kindModels(plan, this.eventSharing[index], events, true)));
    return {
      skipped: models(4),
      given: models(2),
      marginChanged: new Model(),
      margin: residualModels(16),
      ownNone: new Model(),
      ownTold: new Model(),
      ownLength: models(2),
      ownByte: models(16),
      sparse: new Model(),
      sparseMore: new Model(),
      sparseGap: models(8),
      newMore: models(2),
      newOld: new Model(),
      freshGap: models(8),
      oldGap: models(14),
      eventMore: models(2),
      eventAgo: models(4),
      entityKind: kindModelsOf(this.entities),
      eventKind: kindModelsOf(this.events),
      entities: this.entities.map((plan, index) => kindModels(plan, this.entitySharing[index], [], false)),
      events,
    };
  }
}

/** @typedef {ReturnType<typeof kindModels>} KindModels */

/** The field whose models each field shares: an earlier one of its kind, or else one of the event kinds `before`.
 *  @typedef {{ kind: number | null, at: number } | null} Sharing
 *  @param {Plan} plan @param {Plan[]} before @returns {Sharing[]} */
function sharingOf(plan, before) {
  return plan.fields.map((field, index) => {
    const own = plan.fields.findIndex((other) => alike(other, field));
    if (own < index) return { kind: null, at: own };
    for (const [kind, { fields }] of before.entries()) {
      const at = fields.findIndex((other) => alike(other, field));
      if (at >= 0) return { kind, at };
    }
    return null;
  });
}

/** The models of a kind; `done` are those of the event kinds before it.
 *  @param {Plan} plan @param {Sharing[]} sharing @param {{ fields: FieldModels[] }[]} done @param {boolean} isEvent */
function kindModels(plan, sharing, done, isEvent) {
  const held = residualModels(Math.max(0, ...plan.holds.map((at) => plan.fields[at].bits)));
  /** @type {FieldModels[]} */
  const fields = [];
  for (const [index, field] of plan.fields.entries()) {
    const shared = sharing[index];
    if (shared) {
      fields.push((shared.kind === null ? fields : done[shared.kind].fields)[shared.at]);
      continue;
    }
    const isHeld = field.moves.sort === "hold";
    const isFew = isHeld && field.bits <= FEW_BITS_MAX;
    const beginning = () => ({ hasResidual: new Model(), by: residualModels(field.bits) });
    const old = beginning();
    fields.push({
      few: isFew ? valueModels(field.bits) : null,
      isFew,
      change: isHeld ? held : residualModels(field.bits),
      old,
      fresh: !isEvent && field.origin !== null ? beginning() : old,
    });
  }
  return {
    hasResidual: models(2),
    shape: [new ChoiceSet(8), new ChoiceSet(8)],
    inMask: plan.fields.map(() => models(2)),
    named: new Model(),
    fields,
  };
}

export class Decoder {
  /** The known rows, by rising id. @type {Row[]} */
  rows = [];
  /** @type {number | null} */
  tick = null;
  /** @type {number[] | null} */
  own = null;
  isKeyframe = false;
  /** Rows that the last snapshot removed. @type {number[]} */
  gone = [];
  /** Rows that were new in it. @type {Set<number>} */
  fresh = new Set();
  /** Rows that were known, and not as expected. @type {Set<number>} */
  changed = new Set();
  isPlayer = false;
  /** @private */
  margin = 0;
  /** @private */
  nextId = 0;
  /** The known rows by kind, while new rows or events are read. @private @type {Map<number, Row[]>} */
  known = new Map();
  /** @private @type {Source} */
  source = new RangeSource(new Uint8Array());
  /** Who counts what the bits are spent on, if anybody does. @type {Costs | null} */
  costs = null;

  /** @param {Codec} codec */
  constructor(codec) {
    /** @private */
    this.codec = codec;
    /** @private */
    this.models = codec.freshModels();
  }

  /**
   * Decodes the next body. After an invalid one the stream cannot go on.
   * @param {Uint8Array} body
   * @param {(own: number[], given: InputStatus[]) => number[]} [replay] replays inputs on the own state
   * @param {Source} [source] @returns {Snapshot}
   */
  decode(body, replay = (own) => own, source = this.costs?.source(body) ?? new RangeSource(body)) {
    this.source = source;
    this.gone = [];
    this.fresh.clear();
    this.changed.clear();
    const ticks = this.takeHead();
    const player = this.isPlayer ? this.takePlayer(ticks, replay) : null;
    this.takeKnown(ticks);
    this.costs?.mark("head");
    this.takeNew();
    const events = this.takeEvents();
    source.end();
    this.costs?.end();
    return { tick: this.tick ?? 0, isKeyframe: this.isKeyframe, player, events };
  }

  /** Returns the number of ticks by which rows move. @private */
  takeHead() {
    const { source } = this;
    this.isKeyframe = source.bitAt(64) === 1;
    if (this.isKeyframe) this.costs?.ignore();
    else this.costs?.mark("head");
    if (this.isKeyframe) {
      this.tick = source.raw(32);
      this.isPlayer = source.raw(1) === 1;
      this.rows = [];
      this.own = null;
      this.margin = this.nextId = 0;
      this.models = this.codec.freshModels();
      return 1;
    }
    refuse(this.tick !== null, "no keyframe");
    const ticks = 1 + takeCount(source, this.models.skipped);
    this.tick += ticks;
    refuse(this.tick < 2 ** 32, "tick");
    return ticks;
  }

  /** @private @param {number} ticks @param {(own: number[], given: InputStatus[]) => number[]} replay */
  takePlayer(ticks, replay) {
    const { source, models } = this;
    const isShort = ticks <= GIVEN_MAX_TICKS;
    /** @type {InputStatus[]} */
    const given = [];
    for (let tick = 0; tick < (isShort ? ticks : 1); tick++) given.push(this.takeInputStatus());
    if (source.bit(models.marginChanged)) {
      const change = takeResidual(source, models.margin);
      refuse(change !== null, "number");
      this.margin = ((this.margin + change) << 16) >> 16;
    }
    let base = this.own === null ? [] : replay(this.own, given);
    if (this.isKeyframe || !isShort || this.own === null || this.own.length === 0) base = [];
    this.costs?.mark("own");
    if (source.bit(models.ownNone)) this.own = null;
    else this.own = source.bit(models.ownTold) ? this.takeOwn(base) : base;
    return { given, margin: this.margin, own: this.own };
  }

  /** @private @returns {InputStatus} */
  takeInputStatus() {
    const { source, models } = this;
    if (source.bit(models.given[0]) === 0) return "received";
    return source.bit(models.given[1]) ? "absent" : "repeated";
  }

  /** @private @param {number[]} base */
  takeOwn(base) {
    const { source, models } = this;
    const longer = takeCount(source, models.ownLength);
    const length = base.length + (longer % 2 === 1 ? -(longer + 1) / 2 : longer / 2);
    refuse(length >= 0 && length <= OWN_MAX_BYTES, "too many");
    const own = [];
    for (let at = 0; at < length; at++) {
      if (at >= base.length) own.push(source.raw(8));
      else if (source.bit(models.ownByte[Math.min(at, 15)])) own.push(base[at] ^ source.raw(8));
      else own.push(base[at]);
    }
    return own;
  }

  /** @private @param {number} ticks */
  takeKnown(ticks) {
    const { source, models } = this;
    const isSparse = source.bit(models.sparse) === 1;
    let next = isSparse ? this.takeGap(0) : 0;
    const stay = [];
    let moves = 0;
    for (let at = 0; at < this.rows.length; at++) {
      const row = this.rows[at];
      const plan = this.codec.entities[row.kind];
      moves += plan.movingFields.length * Math.min(ticks, TICKS_MAX);
      refuse(moves <= MOVES_MAX, "too much to move on");
      if (at !== next) {
        moveOn(plan, row, ticks, asExpected);
        stay.push(row);
        continue;
      }
      if (this.takeChange(plan, row, ticks)) stay.push(row);
      else this.gone.push(row.id);
      next = isSparse ? this.takeGap(at + 1) : at + 1;
    }
    this.rows = stay;
  }

  /** Index of the next row that is sent, or -1. @private @param {number} from */
  takeGap(from) {
    const { source, models } = this;
    if (!source.bit(models.sparseMore)) return -1;
    const next = from + takeCount(source, models.sparseGap);
    refuse(next < this.rows.length, "too many");
    return next;
  }

  /** Decodes a row's change; returns whether the row stays. @private @param {Plan} plan @param {Row} row
   *  @param {number} ticks */
  takeChange(plan, row, ticks) {
    const { source } = this;
    const models = this.models.entities[row.kind];
    const old = row.mask;
    row.mask = [];
    this.costs?.mark("changes", row.kind);
    if (!source.bit(models.hasResidual[old.length === 0 ? 0 : 1])) {
      moveOn(plan, row, ticks, asExpected);
      return true;
    }
    const shape = source.choice(models.shape[plan.groups[0].some((at) => old.includes(at)) ? 1 : 0]);
    if (shape === 0) return false;
    /** @type {number[]} */
    const mask = [];
    for (let number = 0; number < plan.groups.length; number++) {
      if ((shape >> number) & 1) mask.push(...this.takeGroup(plan.groups[number], old, models.inMask));
    }
    row.mask = mask;
    this.changed.add(row.id);
    moveOn(plan, row, ticks, (at, expected) => {
      if (!mask.includes(at)) return expected;
      const field = plan.fields[at];
      const by = models.fields[at];
      this.costs?.mark("field", row.kind, at);
      if (by.isFew) return takeFew(source, field, by.few);
      return added(field, expected, takeResidual(source, by.change));
    });
    return true;
  }

  /** @private @param {number[]} group @param {number[]} old @param {Model[][]} inMask */
  takeGroup(group, old, inMask) {
    const changed = [];
    for (let number = 0; number < group.length; number++) {
      const at = group[number];
      const isExplicit = number < group.length - 1 || changed.length > 0;
      if (!isExplicit || this.source.bit(inMask[at][old.includes(at) ? 1 : 0])) changed.push(at);
    }
    return changed;
  }

  /** @private */
  takeNew() {
    const { source, models } = this;
    this.known.clear();
    /** @type {Row[]} */
    const fresh = [];
    let isFresh = false;
    let least = 0;
    this.costs?.hold();
    while (source.bit(models.newMore[fresh.length === 0 ? 0 : 1])) {
      refuse(this.rows.length + fresh.length < ROWS_MAX, "too many");
      isFresh ||= source.bit(models.newOld) === 0;
      const id = isFresh
        ? this.nextId + takeCount(source, models.freshGap)
        : this.nextId - 1 - takeCount(source, models.oldGap);
      refuse(id >= least && id < 2 ** 32 && !this.isKnown(id), "twice");
      least = id + 1;
      if (isFresh) this.nextId = Math.min(id + 1, 2 ** 32 - 1);
      const kind = takeValue(source, models.entityKind);
      const plan = this.codec.entities[kind];
      refuse(plan !== undefined, "kind");
      this.costs?.mark("new", kind);
      const values = this.takeFields(plan, kind, isFresh ? "fresh" : "old", true);
      fresh.push({ id, kind, values, fractions: values.map(() => 0), mask: [] });
      this.fresh.add(id);
      this.costs?.hold();
    }
    this.costs?.settle();
    if (fresh.length > 0) this.rows = [...this.rows, ...fresh].sort((one, other) => one.id - other.id);
  }

  /** @private @param {number} id */
  isKnown(id) {
    const { rows } = this;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].id < id) low = middle + 1;
      else high = middle;
    }
    return rows[low]?.id === id;
  }

  /** @private @param {number} kind */
  knownOf(kind) {
    let known = this.known.get(kind);
    if (!known) this.known.set(kind, (known = this.rows.filter((row) => row.kind === kind)));
    return known;
  }

  /** @private @param {Plan} plan @param {number} kind @param {"old" | "fresh"} age @param {boolean} isEntity */
  takeFields(plan, kind, age, isEntity) {
    const { source } = this;
    const models = (isEntity ? this.models.entities : this.models.events)[kind];
    const part = isEntity ? "new-field" : "event-field";
    const values = plan.fields.map(() => 0);
    /** @type {number[] | null} */
    let named = null;
    if (plan.named !== null) {
      const { kind, field } = plan.named;
      const known = this.knownOf(kind);
      if (known.length > 0 && source.bit(models.named)) {
        named = known[source.oneOf(known.length)].values;
        values[plan.naming] = inRange(plan.fields[plan.naming], named[field]);
      }
    }
    for (const at of plan.order) {
      if (named !== null && at === plan.naming) continue;
      const field = plan.fields[at];
      const by = models.fields[at];
      this.costs?.mark(part, kind, at);
      if (by.isFew) {
        values[at] = takeFew(source, field, by.few);
        continue;
      }
      const beginning = beginningIn(field, values, named);
      const hasResidual = source.bit(by[age].hasResidual);
      values[at] = hasResidual ? added(field, beginning, takeResidual(source, by[age].by)) : beginning;
    }
    return values;
  }

  /** @private */
  takeEvents() {
    const { source, models } = this;
    this.known.clear();
    /** @type {Event[]} */
    const events = [];
    this.costs?.hold();
    while (source.bit(models.eventMore[events.length === 0 ? 0 : 1])) {
      refuse(events.length < EVENTS_MAX, "too many");
      const tick = (this.tick ?? 0) - takeCount(source, models.eventAgo);
      refuse(tick >= 0, "tick");
      const kind = takeValue(source, models.eventKind);
      const plan = this.codec.events[kind];
      refuse(plan !== undefined, "kind");
      this.costs?.mark("event", kind);
      events.push({ tick, kind, values: this.takeFields(plan, kind, "old", false) });
      this.costs?.hold();
    }
    this.costs?.settle();
    return events;
  }
}

/** @param {Source} source @param {FieldPlan} field @param {ValueModels} by */
function takeFew(source, field, by) {
  return inRange(field, field.min + takeValue(source, by));
}
