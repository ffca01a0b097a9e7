// @ts-check
// What is read out to people who hear the page: one line for each thing that matters, once.
//
// It owns the page's log of announcements, the only live region of a room: everything else there changes
// too often to be read out. The last lines stay, to be read again. Called by hud.js, play.js and the
// panels in hud/.

import { element } from "../dom.js";

const LINES_MAX = 4;

/** @param {string} text */
export function announce(text) {
  const log = element("said");
  const line = document.createElement("p");
  line.textContent = text;
  log.append(line);
  if (log.children.length > LINES_MAX) log.firstElementChild?.remove();
}
