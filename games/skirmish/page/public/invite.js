// @ts-check
// Invites friends to the room: its name is a button that shares or copies the link to it.
//
// It owns that button, the title of the page, and the field that shows the link where a browser neither shares
// nor copies: a page that came by plain HTTP may not. Made by play.js, which says when a room is entered and left.

import { element } from "./dom.js";
import { linkTo, nameRoom } from "./address.js";

const COPIED = "Link copied: send it to your friends.";
const SHOWN = "Copy this link and send it to your friends.";
const NOTICE_MS = 4000;

export class Invite {
  /** @param {(text: string, ms: number) => void} notify shows a sentence, and has it read out */
  constructor(notify) {
    /** @private */
    this.notify = notify;
    /** @private */
    this.title = document.title;
    /** @private */
    this.room = "";
    /** @private */
    this.touch = matchMedia("(pointer: coarse)");
    /** @private */
    this.button = element("room", HTMLButtonElement);
    this.button.addEventListener("click", (event) => {
      // Drop the focus, or the space bar would press the button instead of firing.
      if (event.detail > 0) this.button.blur();
      void this.share();
    });
  }

  /** @param {string} room */
  enter(room) {
    this.room = room;
    document.title = `${room} · ${this.title}`;
    this.button.setAttribute("aria-label", `${room}: invite friends`);
    nameRoom(room);
  }

  /** @param {string | null} wanted the room that the start page names */
  leave(wanted) {
    document.title = this.title;
    document.getElementById("invite")?.remove();
    // A reload now is to show the start page, as this does.
    if (this.room !== "") nameRoom(wanted, false);
    this.room = "";
  }

  /** @private */
  async share() {
    const url = linkTo(this.room);
    if (this.touch.matches && typeof navigator.share === "function") {
      try {
        return await navigator.share({ title: document.title, url });
      } catch (error) {
        // Closed without a choice.
        if (error instanceof DOMException && error.name === "AbortError") return;
      }
    }
    try {
      await navigator.clipboard.writeText(url);
    } catch {
      return this.show(url);
    }
    this.say(COPIED);
  }

  /** Shows the link selected, and copies it the old way if the browser does. @private
   *  @param {string} url */
  show(url) {
    if (this.room === "") return;
    document.getElementById("invite")?.remove();
    const field = document.createElement("input");
    Object.assign(field, { id: "invite", value: url, readOnly: true });
    field.setAttribute("aria-label", "Link to this room");
    field.addEventListener("blur", () => field.remove());
    field.addEventListener("keydown", (event) => {
      // Keys are for the field while it has the focus.
      event.stopPropagation();
      if (event.key === "Escape" || event.key === "Enter") field.blur();
    });
    this.button.closest("#hud")?.append(field);
    field.select();
    if (document.execCommand("copy")) {
      field.blur();
      this.say(COPIED);
    } else {
      this.say(SHOWN);
    }
  }

  /** @private @param {string} text */
  say(text) {
    // The browser may have asked the player, who has left meanwhile.
    if (this.room !== "") this.notify(text, NOTICE_MS);
  }
}
