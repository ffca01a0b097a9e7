// A decoder of snapshots that follows docs/protocol.md and nothing else: the proof that the page
// suffices. It is to be read beside the page and has no other aim; `check.mjs` runs it over
// `*.snapshots`.
//
// `symbols.mjs` has what a body is made of, `schema.mjs` the schema and the plan of each kind,
// `motion.mjs` what is expected of a row. Names and order are those of the page.

import { added, beginningIn, inRange, moveOn } from "./motion.mjs";
import { alike, bitsOf, planOf, readSchema } from "./schema.mjs";
import {
  ChoiceSet,
  Model,
  PlainSource,
  RangeSource,
  models,
  refuse,
  residualModels,
  takeCount,
  takeResidual,
  takeValue,
  valueModels,
} from "./symbols.mjs";

const OWN_MAX_BYTES = 1024;
const ROWS_MAX = 65_535;
const EVENTS_MAX = 255;
const GIVEN_MAX_TICKS = 64;

export class Codec {
  constructor(schemaBytes, hz, isPlain) {
    const { entities, events } = readSchema(schemaBytes);
    this.isPlain = isPlain;
    this.entities = entities.map((_, index) => planOf(entities, index, entities, true, hz));
    this.events = events.map((_, index) => planOf(events, index, entities, false, hz));
  }

  /** All models as a keyframe finds them. */
  freshModels() {
    const kindBits = (kinds) => bitsOf(Math.max(kinds.length - 1, 0));
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
      entityKind: { bits: kindBits(this.entities), by: valueModels(kindBits(this.entities)) },
      eventKind: { bits: kindBits(this.events), by: valueModels(kindBits(this.events)) },
      entities: this.entities.map((plan) => kindModels(plan, [], [])),
      events: this.events.reduce(
        (done, plan, index) => [...done, kindModels(plan, this.events.slice(0, index), done, true)],
        [],
      ),
    };
  }
}

/** The models of a kind; `plans` and `before` are of the kinds of event before it. */
function kindModels(plan, plans, before, isEvent = false) {
  const heldBits = Math.max(0, ...plan.holds.map((at) => plan.fields[at].bits));
  const held = residualModels(heldBits);
  const fields = [];
  for (const field of plan.fields) {
    const own = plan.fields.findIndex((other) => alike(other, field));
    if (own < fields.length) {
      fields.push(fields[own]);
      continue;
    }
    const shared = plans.flatMap(({ fields: others }, kind) =>
      others.flatMap((other, at) => (alike(other, field) ? [before[kind].fields[at]] : [])),
    );
    if (shared.length > 0) {
      fields.push(shared[0]);
      continue;
    }
    const isHeld = field.sort === "hold";
    const few = isHeld && field.bits <= 6 ? valueModels(field.bits) : undefined;
    const beginning = () => ({ off: new Model(), by: residualModels(field.bits) });
    const old = beginning();
    fields.push({
      few,
      isFew: few !== undefined,
      changeBits: isHeld ? heldBits : field.bits,
      change: isHeld ? held : residualModels(field.bits),
      old,
      fresh: !isEvent && field.origin !== null ? beginning() : old,
    });
  }
  return {
    off: models(2),
    shape: [new ChoiceSet(8), new ChoiceSet(8)],
    inMask: plan.fields.map(() => models(2)),
    named: new Model(),
    fields,
  };
}

export class Decoder {
  /** What is known: rows by rising id, each `{ id, kind, values, rests, mask }`. */
  rows = [];
  tick = null;
  own = null;

  constructor(codec) {
    this.codec = codec;
  }

  clone() {
    const copy = new Decoder(this.codec);
    const { codec: _, ...rest } = this;
    return Object.assign(copy, cloned(rest, new Map()));
  }

  /** Takes the next body; `replay` gives the base from the own state and the inputs given. */
  decode(body, replay = (own) => own) {
    this.source = this.codec.isPlain ? new PlainSource(body) : new RangeSource(body);
    const ticks = this.takeHead();
    const player = this.isPlayer ? this.takePlayer(ticks, replay) : null;
    this.takeKnown(ticks);
    this.takeNew();
    const events = this.takeEvents();
    this.source.end();
    delete this.source;
    return { tick: this.tick, isKeyframe: this.isKeyframe, player, events };
  }

  takeHead() {
    const { source } = this;
    this.isKeyframe = source.bitAt(64) === 1;
    if (this.isKeyframe) {
      this.tick = source.raw(32);
      this.isPlayer = source.raw(1) === 1;
      Object.assign(this, { rows: [], own: null, margin: 0, nextId: 0 });
      this.models = this.codec.freshModels();
      return 1;
    }
    refuse(this.tick !== null, "no keyframe");
    const ticks = 1 + takeCount(source, this.models.skipped);
    this.tick += ticks;
    refuse(this.tick < 2 ** 32, "tick");
    return ticks;
  }

  takePlayer(ticks, replay) {
    const { source, models } = this;
    const isShort = ticks <= GIVEN_MAX_TICKS;
    const given = [];
    for (let tick = 0; tick < (isShort ? ticks : 1); tick += 1) given.push(this.takeGiven());
    if (source.bit(models.marginChanged)) {
      const change = takeResidual(source, models.margin, 16);
      refuse(change !== null, "number");
      this.margin = ((this.margin + change) << 16) >> 16;
    }
    let base = this.own === null ? [] : replay(this.own, given);
    if (this.isKeyframe || !isShort || this.own === null || this.own.length === 0) base = [];
    if (source.bit(models.ownNone)) this.own = null;
    else this.own = source.bit(models.ownTold) ? this.takeOwn(base) : base;
    return { given, margin: this.margin, own: this.own };
  }

  takeGiven() {
    const { source, models } = this;
    if (source.bit(models.given[0]) === 0) return "received";
    return source.bit(models.given[1]) ? "absent" : "repeated";
  }

  takeOwn(base) {
    const { source, models } = this;
    const longer = takeCount(source, models.ownLength);
    const length = base.length + (longer % 2 === 1 ? -(longer + 1) / 2 : longer / 2);
    refuse(length >= 0 && length <= OWN_MAX_BYTES, "too many");
    return Array.from({ length }, (_, index) => {
      if (index >= base.length) return source.raw(8);
      const isOff = source.bit(models.ownByte[Math.min(index, 15)]);
      return isOff ? base[index] ^ source.raw(8) : base[index];
    });
  }

  takeKnown(ticks) {
    const { source, models } = this;
    const isSparse = source.bit(models.sparse) === 1;
    let next = isSparse ? this.takeGap(0) : 0;
    this.rows = this.rows.filter((row, at) => {
      const plan = this.codec.entities[row.kind];
      if (at !== next) {
        moveOn(plan, row, ticks, (_, expected) => expected);
        return true;
      }
      const stays = this.takeChange(plan, row, ticks);
      next = isSparse ? this.takeGap(at + 1) : at + 1;
      return stays;
    });
  }

  /** Which row is told of next, or none. */
  takeGap(from) {
    const { source, models } = this;
    if (!source.bit(models.sparseMore)) return -1;
    const next = from + takeCount(source, models.sparseGap);
    refuse(next < this.rows.length, "too many");
    return next;
  }

  /** Whether the row stays. */
  takeChange(plan, row, ticks) {
    const { source } = this;
    const models = this.models.entities[row.kind];
    const old = row.mask;
    row.mask = [];
    if (source.bit(models.off[old.length === 0 ? 0 : 1])) {
      const shape = source.choice(models.shape[plan.groups[0].some((at) => old.includes(at)) ? 1 : 0]);
      if (shape === 0) return false;
      for (const [number, group] of plan.groups.entries()) {
        if ((shape >> number) & 1) row.mask.push(...this.takeGroup(group, old, models.inMask));
      }
    }
    moveOn(plan, row, ticks, (at, expected) => {
      if (!row.mask.includes(at)) return expected;
      const field = plan.fields[at];
      const by = models.fields[at];
      if (by.isFew) return takeFew(source, field, by.few);
      return added(field, expected, takeResidual(source, by.change, by.changeBits));
    });
    return true;
  }

  takeGroup(group, old, inMask) {
    const off = [];
    for (const [number, at] of group.entries()) {
      const isSaid = number < group.length - 1 || off.length > 0;
      if (!isSaid || this.source.bit(inMask[at][old.includes(at) ? 1 : 0])) off.push(at);
    }
    return off;
  }

  takeNew() {
    const { source, models } = this;
    const fresh = [];
    let isFresh = false;
    let least = 0;
    while (source.bit(models.newMore[fresh.length === 0 ? 0 : 1])) {
      refuse(this.rows.length + fresh.length < ROWS_MAX, "too many");
      isFresh ||= source.bit(models.newOld) === 0;
      const id = isFresh
        ? this.nextId + takeCount(source, models.freshGap)
        : this.nextId - 1 - takeCount(source, models.oldGap);
      refuse(id >= least && id < 2 ** 32 && !this.rows.some((row) => row.id === id), "twice");
      least = id + 1;
      if (isFresh) this.nextId = Math.min(id + 1, 2 ** 32 - 1);
      const kind = takeValue(source, models.entityKind.by, models.entityKind.bits);
      const plan = this.codec.entities[kind];
      refuse(plan !== undefined, "kind");
      const values = this.takeFields(plan, models.entities[kind], isFresh ? "fresh" : "old");
      fresh.push({ id, kind, values, rests: values.map(() => 0), mask: [] });
    }
    this.rows = [...this.rows, ...fresh].sort((one, other) => one.id - other.id);
  }

  takeFields(plan, models, age) {
    const { source } = this;
    const values = plan.fields.map(() => 0);
    let named = null;
    if (plan.named !== null) {
      const known = this.rows.filter((row) => row.kind === plan.named.kind);
      if (known.length > 0 && source.bit(models.named)) {
        named = known[source.oneOf(known.length)].values;
        values[plan.naming] = inRange(plan.fields[plan.naming], named[plan.named.field]);
      }
    }
    for (const at of plan.order.filter((at) => named === null || at !== plan.naming)) {
      const field = plan.fields[at];
      const by = models.fields[at];
      if (by.isFew) {
        values[at] = takeFew(source, field, by.few);
      } else {
        const beginning = beginningIn(field, values, named);
        const isOff = source.bit(by[age].off);
        const residual = isOff ? takeResidual(source, by[age].by, field.bits) : 0;
        values[at] = isOff ? added(field, beginning, residual) : beginning;
      }
    }
    return values;
  }

  takeEvents() {
    const { source, models } = this;
    const events = [];
    while (source.bit(models.eventMore[events.length === 0 ? 0 : 1])) {
      refuse(events.length < EVENTS_MAX, "too many");
      const tick = this.tick - takeCount(source, models.eventAgo);
      refuse(tick >= 0, "tick");
      const kind = takeValue(source, models.eventKind.by, models.eventKind.bits);
      const plan = this.codec.events[kind];
      refuse(plan !== undefined, "kind");
      events.push({ tick, kind, values: this.takeFields(plan, models.events[kind], "old") });
    }
    return events;
  }
}

function takeFew(source, field, by) {
  return inRange(field, field.min + takeValue(source, by, field.bits));
}

/** A deep copy in which what was shared still is. */
function cloned(value, done) {
  if (typeof value !== "object" || value === null) return value;
  if (done.has(value)) return done.get(value);
  const copy = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
  done.set(value, copy);
  for (const key of Object.keys(value)) copy[key] = cloned(value[key], done);
  return copy;
}
