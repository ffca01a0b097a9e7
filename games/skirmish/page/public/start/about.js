// @ts-check
// What the start overlay says beside its form: which keys play, how many people are in rooms, where the
// source is.
//
// start.js loads it once one can play, since none of it is needed for that. What it cannot find out is not
// shown. It owns the lines around the form and the timer of the people; it opens no connection.

import { labelOf, learnLayout } from "../input/labels.js";
import { element } from "../dom.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {{ players: number, bots: number, spectators: number }} Room as `/api/rooms` lists it */

/** How often people are counted while the overlay is open. */
const PEOPLE_EVERY_MS = 20_000;
/** The README of the repository has this heading. */
const GUIDE = "#your-own-game";

export class About {
  /** @param {Settings} settings @param {{ readonly isOpen: boolean }} start */
  constructor(settings, start) {
    this.settings = settings;
    this.start = start;
    /** @private */
    this.people = element("people");
    settings.onChange(() => this.labelKeys());
    // Labels by position are right on most keyboards until then.
    void learnLayout().then(() => this.labelKeys());
    showLinks();
    this.open();
    setInterval(() => this.count(), PEOPLE_EVERY_MS);
  }

  /** The overlay is open again. */
  open() {
    void this.count();
  }

  /** The overlay is closed: until it is open again, the count is an old one. */
  close() {
    this.people.textContent = "";
  }

  /** @private */
  labelKeys() {
    const { keys, leftHanded } = this.settings;
    for (const cap of document.querySelectorAll("#keys kbd[data-key]")) {
      const action = /** @type {keyof typeof keys} */ (cap.getAttribute("data-key"));
      cap.textContent = labelOf(keys[action]?.[0] ?? null);
    }
    const thumbs = document.querySelectorAll("#keys .touch kbd");
    const names = leftHanded ? ["Right thumb", "Left thumb"] : ["Left thumb", "Right thumb"];
    thumbs.forEach((thumb, nth) => (thumb.textContent = names[nth]));
  }

  /** Counts people once more, if anybody is there to read it. @private */
  async count() {
    if (!this.start.isOpen || document.hidden) return;
    const rooms = await listRooms();
    if (!this.start.isOpen) return;
    this.people.textContent = rooms ? peopleIn(rooms) : "";
  }
}

/** @returns {Promise<Room[] | null>} null if there is no list */
async function listRooms() {
  try {
    const response = await fetch(new URL("api/rooms", document.baseURI));
    const rooms = response.ok ? await response.json() : null;
    return Array.isArray(rooms) ? rooms : null;
  } catch {
    return null;
  }
}

/** How many people play and watch, and apart from them how many bots play with them.
 *  @param {Room[]} rooms */
export function peopleIn(rooms) {
  const sum = (/** @type {(room: Room) => number} */ of) =>
    rooms.reduce((total, room) => total + (Math.trunc(of(room)) || 0), 0);
  const people = sum(({ players, spectators }) => players + spectators);
  const bots = sum((room) => (room.players + room.spectators > 0 ? room.bots : 0));
  if (people === 0) return "Nobody is in a room right now: be the first";
  const counted = people === 1 ? "1 person is" : `${people} people are`;
  return `${counted} in rooms right now${bots === 0 ? "" : bots === 1 ? ", and 1 bot" : `, and ${bots} bots`}`;
}

/** Shows links to the source, if the build named its repository in a `<link rel="code-repository">`. */
function showLinks() {
  const named = document.querySelector('link[rel="code-repository"]')?.getAttribute("href") ?? "";
  const links = linksTo(named);
  const line = element("links");
  line.replaceChildren(
    ...links.map(([text, href]) => Object.assign(document.createElement("a"), { textContent: text, href })),
  );
  line.hidden = links.length === 0;
}

/** The links for a repository; none if it has no address on the web.
 *  @param {string} repository @returns {[text: string, href: string][]} */
export function linksTo(repository) {
  if (!/^https?:\/\//.test(repository)) return [];
  return [
    ["Source", repository],
    ["Make your own game", repository.replace(/(\/|\.git)$/, "") + GUIDE],
  ];
}
