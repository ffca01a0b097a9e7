// @ts-check
// The start overlay: a name, a ship, and Play or Spectate.
//
// It reads the page's address and stores the choices in settings.js; it opens no connection. Made by
// main.js, whose callback it calls to enter.

import { Chooser } from "./start/chooser.js";
import { NAME_MAX, first } from "./settings.js";
import { element } from "./dom.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** Longer than any valid room name, so that the server's refusal explains the rule; a hello that is
 *  too long would be cut off without one. */
const ROOM_MAX = 33;
/** The lines around the form are filled in this long after one can play, so that they delay nothing. */
const ABOUT_MS = 300;
/** Players without a name get one of these, so that they can press Play at once. */
const CALLSIGNS = (
  "Alder Brisk Cinder Drift Echo Falcon Glint Harrier Iris Juno Kestrel Lark Merlin Nova Onyx " +
  "Petrel Quill Raven Swift Tern Umbra Vesper Wren Zephyr"
).split(" ");

export class Start {
  /** @param {Settings} settings @param {(spectator: boolean) => void} chosen */
  constructor(settings, chosen) {
    const query = new URLSearchParams(location.search);
    this.settings = settings;
    this.root = element("start", HTMLElement);
    this.nameBox = element("name", HTMLInputElement);
    this.chooser = new Chooser(element("ships", HTMLElement), settings);
    /** The room asked for; null for any. */
    this.room = first(query.get("room") ?? "", ROOM_MAX) || null;
    this.nameBox.value = first(query.get("name") ?? (settings.name || callsign()), NAME_MAX);
    this.showRoom();
    element("enter", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      settings.change({ name: this.name });
      chosen(false);
    });
    element("spectate", HTMLButtonElement).addEventListener("click", () => {
      settings.change({ name: this.name });
      chosen(true);
    });
    /** Whether the lines around the form are filled in, or will be. @private */
    this.isIntroduced = false;
    /** What the address asks for at once. @type {"play" | "spectate" | null} */
    this.wanted = query.has("play") ? "play" : query.has("spectate") ? "spectate" : null;
  }

  /** Restores name and room after a reload. @param {string} name @param {string | null} room */
  restore(name, room) {
    if (name !== "") this.nameBox.value = name;
    this.room = room;
    this.showRoom();
  }

  /** @private */
  showRoom() {
    const where = element("where", HTMLElement);
    where.hidden = this.room === null;
    where.textContent = `Room ${this.room ?? ""}`;
  }

  get name() {
    return this.nameBox.value.trim();
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** @param {string} message why one is back here; may be empty */
  show(message) {
    this.root.hidden = false;
    const line = element("message", HTMLElement);
    line.hidden = message === "";
    line.textContent = message;
    element("play", HTMLButtonElement).focus({ preventScroll: true });
    if (this.isIntroduced) return;
    this.isIntroduced = true;
    // Without them the overlay says as much as it did before.
    setTimeout(() => import("./start/about.js").then(({ About }) => new About(this.settings, this), () => {}), ABOUT_MS);
  }

  hide() {
    this.root.hidden = true;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** @param {boolean} ready */
  enable(ready) {
    element("play", HTMLButtonElement).disabled = !ready;
    element("spectate", HTMLButtonElement).disabled = !ready;
  }
}

function callsign() {
  const word = CALLSIGNS[Math.floor(Math.random() * CALLSIGNS.length)];
  return `${word} ${10 + Math.floor(Math.random() * 90)}`;
}
