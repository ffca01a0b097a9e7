// @ts-check
// The room on the start page: the one that Play goes to, any other in its place, or a new one.
//
// It owns the room's name and its line. A room opens when somebody asks for it by its name, so a new one needs
// no more than a name that nobody has yet. Made by start.js.

import { element } from "../dom.js";
import { first } from "../settings.js";
import { nameRoom } from "../address.js";

/** Longer than any valid room name, so that the server's refusal explains the rule; a hello that is
 *  too long would be cut off without one. */
const ROOM_MAX = 33;
/** Names of new rooms are easy to read out. */
const HOW = (
  "amber arctic azure blazing bold bright calm copper coral cosmic crimson dusky eager ember frosty gentle gilded " +
  "golden hidden ivory jade keen lunar mellow nimble quiet rapid royal silver solar velvet violet"
).split(" ");
const WHAT = (
  "arrow aurora beacon bolt comet corona crater delta drifter falcon flare galaxy glider halo harbor horizon lancer " +
  "meteor mirage nebula nova orbit pulsar quasar ridge rocket saturn signal sparrow star vector voyager"
).split(" ");

export class RoomChoice {
  /** @param {string | null} asked the room that the address names
   *  @param {() => void} opened called when a new room was chosen */
  constructor(asked, opened) {
    /** The room to go to; null for any. @type {string | null} */
    this.name = null;
    /** @private */
    this.anyButton = element("any-room", HTMLButtonElement);
    this.newButton = element("new-room", HTMLButtonElement);
    this.anyButton.addEventListener("click", () => {
      this.set(null);
      nameRoom(null, false);
      this.newButton.focus({ preventScroll: true });
    });
    this.newButton.addEventListener("click", () => {
      this.set(newName());
      opened();
    });
    this.set(asked);
  }

  /** @param {string | null} name */
  set(name) {
    this.name = first(name ?? "", ROOM_MAX) || null;
    element("where-room").textContent = this.name === null ? "Any room" : `Room ${this.name}`;
    this.anyButton.hidden = this.name === null;
  }
}

function newName() {
  const one = (/** @type {string[]} */ words) => words[Math.floor(Math.random() * words.length)];
  return `${one(HOW)}-${one(WHAT)}-${10 + Math.floor(Math.random() * 90)}`;
}
