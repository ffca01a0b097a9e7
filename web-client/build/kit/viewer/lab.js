// @ts-check
// The laboratory: one room's stream, taken apart. It joins as a player or as a spectator, is shown what those are,
// and shows it all: rows with their fields and units, what the bits of a snapshot are spent on, the client's
// clocks and corrections, and each message with its fields.

import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { Field } from "./field.js";
import { Log } from "./log.js";
import { MinuteRecorder } from "./recorder.js";
import { asRow } from "./between.js";
import { element, fillTable, found, short } from "./dom.js";
import { fillRoster, fillRows } from "./panels.js";
import { hex } from "./scenes.js";
import { openPlain, openPredicted } from "./feed.js";

/** @typedef {import("../tickwire.js").Schema} Schema */
/** @typedef {import("../client.js").Cost} Cost */
/** @typedef {import("./log.js").Entry} Entry */

const PANELS_MS = 250;
/** The longest bar of what bits are spent on. */
const BAR_PX = 60;
/** Rooms are asked for so often. */
const ROOMS_MS = 3000;
const ROWS_MAX = 40;
const LOG_LINES = 200;
/** After so long what was saved has been read. */
const REVOKE_MS = 10_000;
/** A line of the log has so many bytes of a message. */
const LOG_BYTES = 24;

const canvas = found("field", HTMLCanvasElement);
const rooms = found("rooms", HTMLSelectElement);
const nameInput = found("name", HTMLInputElement);
const status = found("status", HTMLElement);
// The laboratory's files are the server's, and the rules the game's.
const hasRules = document.body.dataset.rules !== "none";
const wasm = new URL("tickwire.wasm", document.baseURI);
const feed = !hasRules ? openPlain() : await openPredicted(wasm).catch((error) => {
  status.textContent = String(error);
  throw error;
});
const field = new Field(canvas);
const controls = new Controls(feed, field, canvas, found("touch", HTMLElement));
const chart = new Chart(found("chart", HTMLCanvasElement));
const log = new Log();
const recorder = new MinuteRecorder();
/** @type {Schema | null} */
let entered = null;
/** What was asked for last. */
let isSpectator = true;
/** The room that was chosen; empty for any. */
let wantedRoom = new URLSearchParams(location.search).get("room") ?? "";
/** What was there when the log was paused. @type {Entry[] | null} */
let paused = null;
/** The message that is looked at. @type {Entry | null} */
let chosen = null;
/** Bytes that came, for a rate: at some moments of the last seconds. @type {{ at: number, bytes: number }[]} */
let received = [];
let bytes = 0;
// To be asked in the browser's console.
const lab = { enter, nameOf: (/** @type {Cost} */ cost) => feed.decoder.schema && nameOf(cost, feed.decoder.schema) };
Object.assign(globalThis, { feed, field, log, recorder, lab });

found("hint", HTMLElement).textContent = controls.hint;
nameInput.value = new URLSearchParams(location.search).get("name") ?? "Lab";
listen("watch", () => enter(true));
listen("play", () => enter(false));
listen("record", record);
listen("clear-costs", () => feed.costs?.clear());
listen("save-scenes", () => save("minute.scenes", recorder.scenes()));
listen("save-log", () => save("messages.jsonl", log.export()));
listen("pause", () => {
  paused = paused ? null : [...log.entries];
  found("pause", HTMLButtonElement).setAttribute("aria-pressed", String(paused !== null));
});
rooms.addEventListener("change", () => {
  wantedRoom = rooms.value;
  enter(isSpectator);
});
// Lines are renewed all the time: one may be gone before a click on it is over.
found("log", HTMLElement).addEventListener("pointerdown", choose);
feed.onstatus(() => {
  status.textContent = feed.isInRoom ? `${feed.status} ${feed.room}` : feed.reason || feed.status;
});
feed.onnotice((text) => (status.textContent = text));
feed.ontraffic((traffic) => {
  const now = performance.now();
  log.add(traffic, feed, now);
  recorder.add(traffic, feed);
  if (!traffic.isOwn) bytes += traffic.message.length;
  if (traffic.snapshot && !traffic.snapshot.isKeyframe) chart.add(traffic.message.length, feed.decoder.standing?.marginTicks ?? null);
});
setInterval(fillPanels, PANELS_MS);
setInterval(askRooms, ROOMS_MS);
await askRooms();
requestAnimationFrame(frame);
enter(true);

/** @param {string} id @param {() => void} act */
function listen(id, act) {
  found(id, HTMLButtonElement).addEventListener("click", act);
}

/** @param {boolean} spectator */
function enter(spectator) {
  isSpectator = spectator;
  found("watch", HTMLButtonElement).setAttribute("aria-pressed", String(spectator));
  found("play", HTMLButtonElement).setAttribute("aria-pressed", String(!spectator));
  feed.enter({ spectator, name: nameInput.value || "Lab", room: rooms.value || feed.room });
}

function record() {
  recorder.start();
  // A recording begins with a keyframe, and so does each connection.
  enter(isSpectator);
}

/** The rooms that there are, and the one that is asked for. */
async function askRooms() {
  try {
    const response = await fetch(new URL("api/rooms", document.baseURI));
    /** @type {{ name: string, players: number, spectators: number }[]} */
    const list = await response.json();
    const names = new Set([...list.map(({ name }) => name), wantedRoom].filter((name) => name !== ""));
    const options = [...names].map((name) => {
      const room = list.find((room) => room.name === name);
      const people = room ? ` (${room.players} playing, ${room.spectators} watching)` : "";
      return element("option", { value: name }, `${name}${people}`);
    });
    options.unshift(element("option", { value: "" }, "any room"));
    const isSame = options.map(({ text }) => text).join("\n") === [...rooms.options].map(({ text }) => text).join("\n");
    // Whoever is choosing is not disturbed.
    if (isSame || document.activeElement === rooms) return;
    rooms.replaceChildren(...options);
    rooms.value = wantedRoom;
  } catch {
    // A server that is away tells so by the connection.
  }
}

/** @param {string} name @param {string} text */
function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = element("a", { href: address, download: name });
  link.click();
  // Browsers may look at it only later.
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_MS);
}

/** @param {number} stamp */
function frame(stamp) {
  requestAnimationFrame(frame);
  const now = feed.frame(stamp);
  const { schema } = feed;
  if (schema !== entered) {
    entered = schema;
    if (schema) field.enter(schema);
  }
  if (!schema) return;
  for (const event of feed.events()) field.ripple(event, now);
  field.draw(feed.rows(now), feed.roster, now);
}

function fillPanels() {
  const { costs, roster } = feed;
  const { schema } = feed.decoder;
  fillRecorder();
  fillLog();
  chart.draw();
  if (!schema || !costs) return;
  const rows = feed.decoder.rows().map((row) => asRow(row, false));
  fillRows(found("rows", HTMLElement), schema.entities, rows, roster, ROWS_MAX);
  fillRoster(found("roster", HTMLTableElement), roster, feed.player);
  fillCosts(schema, costs.list(), costs.snapshots);
  fillFigures();
}

function fillRecorder() {
  const progress = found("progress", HTMLProgressElement);
  progress.hidden = recorder.state !== "recording" && recorder.state !== "waiting";
  progress.value = recorder.progress(feed);
  found("save-scenes", HTMLButtonElement).hidden = recorder.state !== "done";
  if (recorder.state === "broken") status.textContent = "the connection ended before the minute was over: record it again";
}

/** @param {Schema} schema @param {Cost[]} list @param {number} snapshots */
function fillCosts(schema, list, snapshots) {
  const all = list.reduce((sum, { bits }) => sum + bits, 0);
  const table = found("spent", HTMLTableElement);
  const lines = list.map((cost) => [nameOf(cost, schema), (cost.bits / snapshots).toFixed(2), `${((100 * cost.bits) / all).toFixed(1)} %`]);
  fillTable(table, ["for", "bits", "share"], [["all", (all / Math.max(snapshots, 1)).toFixed(2), `of ${snapshots} snapshots`], ...lines]);
  list.forEach(({ bits }, nth) => {
    const cell = table.rows[nth + 2].cells[2];
    cell.querySelector(".bar")?.remove();
    const bar = element("span", { class: "bar" });
    bar.style.width = `${Math.round((BAR_PX * bits) / (list[0]?.bits || 1))}px`;
    cell.prepend(bar);
  });
}

/** What a cost is for, in the words of `stream-report`. @param {Cost} cost @param {Schema} schema */
function nameOf({ part, kind, field: at }, schema) {
  const of = (part.startsWith("event") ? schema.events : schema.entities)[kind];
  const fieldName = of?.fields[at]?.name ?? "";
  switch (part) {
    case "head":
      return "head";
    case "own":
      return "own state";
    case "changes":
      return `${of.name}: which, gone`;
    case "field":
      return `${of.name}.${fieldName}`;
    case "new":
      return `new ${of.name}`;
    case "new-field":
      return `new ${of.name}.${fieldName}`;
    case "event":
      return `event ${of.name}`;
    case "event-field":
      return `event ${of.name}.${fieldName}`;
  }
}

function fillFigures() {
  const { network, decoder, tickRate } = feed;
  const now = performance.now();
  received = [...received.filter(({ at }) => now - at < 3000), { at: now, bytes }];
  const span = now - received[0].at;
  const rate = span > 0 ? ((bytes - received[0].bytes) * 8) / span : 0;
  const standing = decoder.standing;
  /** @type {[string, string][]} */
  const figures = [
    ["tick of the last snapshot", `${decoder.tick ?? ""}, of ${tickRate} a second`],
    ["received", `${short(rate)} kbit/s`],
    ["time scale", short((decoder.pace?.permille ?? 1000) / 1000)],
  ];
  if (feed.player === null) figures.push(["it is shown later than to players by", `${decoder.welcome?.delayTicks ?? 0} ticks`]);
  if (standing) figures.push(["the newest input came early by", `${standing.marginTicks} ticks`], ["input of the last tick", standing.given]);
  if (network) {
    figures.push(
      ["round trip", `${short(network.rtt_ms)} ms`],
      ["inputs that came too late", String(network.late_inputs)],
      ["corrections of the prediction", String(network.corrections)],
      ["others had to be guessed in", `${short(network.extrapolated_percent)} % of frames`],
      ["others are drawn behind the last snapshot by", `${short((decoder.tick ?? 0) - feed.drawnTick)} ticks`],
      ["the own player is drawn ahead of it by", `${short(feed.ownTick - (decoder.tick ?? 0))} ticks`],
    );
  } else {
    figures.push(["prediction", "none: this server serves no rules for clients"]);
  }
  fillTable(found("figures", HTMLTableElement), ["", ""], figures);
}

function fillLog() {
  const filter = found("filter", HTMLSelectElement);
  const names = new Set(log.entries.map(({ name }) => name));
  for (const name of names) {
    if (![...filter.options].some(({ value }) => value === name)) filter.append(element("option", { value: name }, name));
  }
  const shown = (paused ?? log.entries).filter(({ name }) => filter.value === "" || name === filter.value).slice(-LOG_LINES).reverse();
  const lines = shown.map((entry) => {
    const { at, isOwn, name, message, length } = entry;
    const text = `${(at / 1000).toFixed(2).padStart(8)} ${isOwn ? "→" : "←"} ${name} ${length} B  ${hex(message.subarray(0, LOG_BYTES))}`;
    const line = element("li", { class: isOwn ? "own" : "", "aria-current": String(entry === chosen) }, text);
    entries.set(line, entry);
    return line;
  });
  found("log", HTMLElement).replaceChildren(...lines);
}

/** Which message a line is of. @type {WeakMap<Element, Entry>} */
const entries = new WeakMap();

/** @param {Event} event */
function choose({ target }) {
  const line = target instanceof Element ? target.closest("li") : null;
  const entry = line && entries.get(line);
  if (!entry) return;
  chosen = entry;
  found("detail", HTMLElement).textContent = `${entry.name}, ${entry.length} bytes\n${JSON.stringify(entry.fields, null, 1)}\n\n${hex(entry.message)}`;
}
