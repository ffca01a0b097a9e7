// @ts-check
// The start overlay: a name, a ship, and Play or Spectate.
//
// It reads the page's address and stores the choices in settings.js; it opens no connection. Made by
// main.js, whose callback it calls to enter.

import { Chooser } from "./start/chooser.js";
import { NAME_MAX, first } from "./settings.js";
import { RoomChoice } from "./start/room.js";
import { askedQuery } from "./address.js";
import { element } from "./dom.js";
import { offer } from "./trouble.js";

/** @typedef {import("./settings.js").Settings} Settings */

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
    const query = askedQuery();
    this.settings = settings;
    this.root = element("start", HTMLElement);
    this.nameBox = element("name", HTMLInputElement);
    this.chooser = new Chooser(element("ships", HTMLElement), settings);
    const enter = (/** @type {boolean} */ spectator) => {
      settings.change({ name: this.name });
      chosen(spectator);
    };
    this.rooms = new RoomChoice(query.get("room"), () => enter(false));
    this.nameBox.value = first(query.get("name") ?? (settings.name || callsign()), NAME_MAX);
    element("enter", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      enter(false);
    });
    element("spectate", HTMLButtonElement).addEventListener("click", () => enter(true));
    /** Whether the lines around the form are filled in, or will be. @private */
    this.isIntroduced = false;
    /** @private @type {import("./start/about.js").About | null} */
    this.about = null;
    /** What the address asks for at once. @type {"play" | "spectate" | null} */
    this.wanted = query.has("play") ? "play" : query.has("spectate") ? "spectate" : null;
  }

  /** Restores name and room after a reload. @param {string} name @param {string | null} room */
  restore(name, room) {
    if (name !== "") this.nameBox.value = name;
    this.rooms.set(room);
  }

  /** The room to go to; null for any. */
  get room() {
    return this.rooms.name;
  }

  get name() {
    return this.nameBox.value.trim();
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** @param {string} message why one is back here; may be empty
   *  @param {import("./trouble.js").Way | null} [way] out of it */
  show(message, way = null) {
    this.root.hidden = false;
    const line = element("message", HTMLElement);
    line.hidden = message === "";
    line.textContent = message;
    offer(element("message-act", HTMLButtonElement), way);
    element("play", HTMLButtonElement).focus({ preventScroll: true });
    this.about?.open();
    if (this.isIntroduced) return;
    this.isIntroduced = true;
    // Without them the overlay says as much as it did before.
    setTimeout(() => import("./start/about.js").then(({ About }) => (this.about = new About(this.settings, this)), () => {}), ABOUT_MS);
  }

  hide() {
    this.root.hidden = true;
    this.about?.close();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** @param {boolean} ready */
  enable(ready) {
    element("play", HTMLButtonElement).disabled = !ready;
    element("spectate", HTMLButtonElement).disabled = !ready;
    this.rooms.newButton.disabled = !ready;
  }
}

function callsign() {
  const word = CALLSIGNS[Math.floor(Math.random() * CALLSIGNS.length)];
  return `${word} ${10 + Math.floor(Math.random() * 90)}`;
}
