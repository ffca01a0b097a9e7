// The schema of docs/protocol.md, and the plan of each kind that follows from it: the part of the
// decoder that is done once. Follows that page.

/** Reads bincode as the page's first table has it. */
class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8() {
    this.at += 1;
    return this.view.getUint8(this.at - 1);
  }

  bool() {
    return this.u8() === 1;
  }

  unsigned() {
    const first = this.u8();
    if (first < 251) return first;
    const size = { 251: 2, 252: 4, 253: 8 }[first];
    const at = this.at;
    this.at += size;
    if (size === 2) return this.view.getUint16(at, true);
    if (size === 4) return this.view.getUint32(at, true);
    return Number(this.view.getBigUint64(at, true));
  }

  signed() {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  f64() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  text() {
    const length = this.unsigned();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  list(item) {
    return Array.from({ length: this.unsigned() }, item);
  }

  optional(item) {
    return this.u8() === 1 ? item() : null;
  }
}

export function readSchema(bytes) {
  const reader = new Reader(bytes);
  const predict = () => {
    switch (reader.unsigned()) {
      case 0:
        return { sort: "hold" };
      case 1:
        return { sort: "last-two" };
      case 2:
        return { sort: "by", needs: reader.u8() };
      case 3:
        return { sort: "approach", needs: reader.u8(), perSecond: reader.f64() };
      case 4:
        return { sort: "along", needs: reader.u8(), perSecond: reader.f64(), axis: reader.unsigned() };
      default:
        throw new Error("no such way to move");
    }
  };
  // What stands in braces is read in the order in which it is written.
  const field = () => ({
    name: reader.text(),
    min: reader.signed(),
    max: reader.signed(),
    unit: reader.text(),
    scale: reader.f64(),
    wraps: reader.bool(),
    predict: predict(),
    names: reader.optional(() => ({ kind: reader.u8(), field: reader.u8() })),
    origin: reader.optional(() => reader.u8()),
  });
  const kind = () => ({
    name: reader.text(),
    fields: reader.list(field),
    place: reader.optional(() => [reader.u8(), reader.u8()]),
  });
  const schema = { entities: reader.list(kind), events: reader.list(kind) };
  if (reader.at !== bytes.length) throw new Error("bytes follow the schema");
  return schema;
}

/** How many binary digits a number has, 0 none. */
export const bitsOf = (value) => 32 - Math.clz32(value);

/** In 1/65536, to the nearest, halves to the even one. */
function fixed(x) {
  const scaled = x * 65_536;
  let whole = Math.floor(scaled);
  const rest = scaled - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0)) whole += 1;
  return BigInt(Math.min(Math.max(whole, -(2 ** 40)), 2 ** 40));
}

/** The plan of a kind; in a kind of event all fields hold. */
export function planOf(kinds, index, entities, isEntity, hz) {
  const { fields } = kinds[index];
  const sortOf = (field) => (isEntity ? field.predict.sort : "hold");
  const holds = fields.map((_, at) => at).filter((at) => sortOf(fields[at]) === "hold");
  const movers = [];
  const visit = (at) => {
    if (sortOf(fields[at]) === "hold" || movers.includes(at)) return;
    if (fields[at].predict.needs !== undefined) visit(fields[at].predict.needs);
    movers.push(at);
  };
  fields.forEach((_, at) => visit(at));
  const isLastTwo = (at) => sortOf(fields[at]) === "last-two";
  const naming = fields.findIndex((field) => field.names !== null);
  const named = naming < 0 ? null : fields[naming].names;
  return {
    holds,
    movers,
    order: [...holds, ...movers],
    groups: [movers.filter(isLastTwo), movers.filter((at) => !isLastTwo(at)), holds],
    naming,
    named,
    fields: fields.map((field) => ({
      ...field,
      sort: sortOf(field),
      bits: bitsOf(field.max - field.min),
      turn: field.wraps ? field.max - field.min + 1 : 0,
      beginning: beginningOf(field, fields, named && entities[named.kind].fields, isEntity),
      ...constants(field, fields, hz, sortOf(field)),
    })),
  };
}

function beginningOf(field, fields, ofNamed, isEntity) {
  const zero = Math.min(Math.max(0, field.min), field.max);
  if (ofNamed && field.origin !== null) {
    return { of: "named", at: field.origin, ratio: fixed(ofNamed[field.origin].scale / field.scale), zero };
  }
  if (isEntity && field.predict.sort === "approach") {
    const at = field.predict.needs;
    return { of: "same", at, ratio: fixed(fields[at].scale / field.scale), zero };
  }
  return { of: "none", zero };
}

function constants(field, fields, hz, sort) {
  const { needs, perSecond, axis } = field.predict;
  const other = fields[needs];
  if (sort === "by") return { perStep: fixed(other.scale / (field.scale * hz)) };
  if (sort === "approach") {
    return { ratio: fixed(other.scale / field.scale), keep: fixed(Math.exp(-perSecond / hz)) };
  }
  if (sort !== "along") return {};
  const wayOf = (value) => {
    if (value - other.min >= 65_536) return 0n;
    const angle = value * other.scale;
    const part = axis === 0 ? Math.cos(angle) : Math.sin(angle);
    return BigInt.asIntN(32, fixed((perSecond * part) / (field.scale * hz)));
  };
  return { wayOf };
}

/** Whether two fields share their models. */
export function alike(one, other) {
  const same = (key) => JSON.stringify(one[key]) === JSON.stringify(other[key]);
  return (
    ["min", "max", "scale", "wraps", "names"].every(same) &&
    one.predict.sort === other.predict.sort &&
    (one.origin === null) === (other.origin === null)
  );
}
