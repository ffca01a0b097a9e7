// @ts-check
// The start overlay: a name, a ship, and Play or Spectate.
//
// It reads the page's address and has settings.js remember what was chosen; it connects nothing.
// Made by main.js, which is told of the choice to enter.

import { Chooser } from "./start/chooser.js";
import { NAME_MAX, first } from "./settings.js";
import { element } from "./dom.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** Longer than any room's name, so that the server refuses it by saying what a name is; a hello
 *  that is too long it would not read at all. */
const ROOM_MAX = 33;
/** Who comes without a name is given one, so that the first press may be Play. */
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
    /** What the address asks for at once. @type {"play" | "spectate" | null} */
    this.wanted = query.has("play") ? "play" : query.has("spectate") ? "spectate" : null;
  }

  /** Sets what is to be entered as it was before. @param {string} name @param {string | null} room */
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
