// @ts-check
// The generic page: what a server shows that has no page of its own. It knows the game by its schema, and
// plays it if the game makes its input of keys.
//
// `?room=`, `?name=`, `?spectate` and the simulated network of tickwire.js (`?latency=150`) are taken from the
// address.

import { Controls } from "./controls.js";
import { asRow } from "./between.js";
import { EventList, fillKinds, fillRoster, fillRows } from "./panels.js";
import { Field } from "./field.js";
import { found } from "./dom.js";
import { closingText, openPlain, openPredicted } from "./feed.js";

/** Panels are filled so often. */
const PANELS_MS = 250;
const ROWS_MAX = 24;
/** A notice is shown for so long. */
const NOTICE_MS = 10_000;
const NAME_KEY = "tickwire.name";

const address = new URLSearchParams(location.search);
const canvas = found("field", HTMLCanvasElement);
const nameInput = found("name", HTMLInputElement);
const status = found("status", HTMLElement);

// The build says in the page whether the game's rules are served.
const feed = document.body.dataset.rules === "none" ? openPlain() : await openPredicted().catch((error) => {
  status.textContent = String(error);
  throw error;
});
const field = new Field(canvas);
const controls = new Controls(feed, field, canvas, found("touch", HTMLElement));
const events = new EventList(found("events", HTMLElement));
const isPlayable = feed.keys.length > 0;
/** The schema by which the field and the panels go. @type {import("../tickwire.js").Schema | null} */
let entered = null;
Object.assign(globalThis, { feed, field }); // To be asked in the browser's console.

found("play", HTMLButtonElement).hidden = !isPlayable;
found("hint", HTMLElement).textContent = controls.hint;
found("about", HTMLElement).textContent = isPlayable
  ? "This page is generic: it shows any game by its schema. The game has no page of its own."
  : "This page is generic: it shows any game by its schema. With `keys` in its rules, and a page crate, the game can be played here.";

/** Whether it was asked to play. */
let wantsToPlay = false;

nameInput.value = address.get("name") ?? keptName() ?? "";
found("entry", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  keepName(nameInput.value);
  enter(!isPlayable);
  canvas.focus();
});
found("watch", HTMLButtonElement).addEventListener("click", () => enter(true));
feed.onstatus(tellStatus);
feed.onnotice((text) => {
  status.textContent = text;
  setTimeout(tellStatus, NOTICE_MS);
});
setInterval(fillPanels, PANELS_MS);
requestAnimationFrame(frame);
enter(!isPlayable || address.has("spectate"));

/** @param {boolean} spectator */
function enter(spectator) {
  wantsToPlay = !spectator;
  feed.enter({ spectator, name: nameInput.value || "Guest", room: address.get("room") });
}

function tellStatus() {
  const { status: is, reason, room } = feed;
  const watching = wantsToPlay ? "You were idle, and watch now: press any key to go on." : "watching";
  const silent = feed.isSilent ? "nothing heard for a moment" : "";
  status.textContent = silent || (is === "playing" ? "" : is === "watching" ? watching : reason || is);
  if (room !== null) {
    document.title = room;
    found("room", HTMLElement).textContent = room;
  }
}

/** @param {number} stamp */
function frame(stamp) {
  requestAnimationFrame(frame);
  const now = feed.frame(stamp);
  const { schema } = feed;
  // Each connection has a schema of its own.
  if (schema !== entered) {
    entered = schema;
    if (schema) field.enter(schema);
    document.body.classList.toggle("placeless", schema !== null && !field.hasPlaces);
    events.clear();
  }
  if (!schema) return;
  for (const event of feed.events()) {
    events.add(event, schema, feed.roster);
    field.ripple(event, now);
  }
  field.draw(feed.rows(now), feed.roster, now);
}

function fillPanels() {
  // Beside the status, which is read out at each change.
  found("closing", HTMLElement).textContent = feed.closesIn === null ? "" : closingText(feed.closesIn);
  const { schema, roster, costs } = feed;
  if (!schema || !costs) return;
  const rows = feed.decoder.rows().map((row) => asRow(row, false));
  fillKinds(found("kinds", HTMLTableElement), schema, rows, costs);
  fillRoster(found("roster", HTMLTableElement), roster, feed.player);
  const unplaced = schema.entities.filter(({ place }) => !place);
  fillRows(found("rows", HTMLElement), unplaced, rows, roster, ROWS_MAX);
}

/** The name that was played under last; null where nothing is stored. */
function keptName() {
  try {
    return localStorage.getItem(NAME_KEY);
  } catch {
    return null;
  }
}

/** @param {string} name */
function keepName(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // The browser stores nothing for this page.
  }
}
