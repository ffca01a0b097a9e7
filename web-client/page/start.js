// @ts-check
// The start overlay: a name, and Play or Spectate.
//
// It remembers the name and reads the page's address; it connects nothing. Made by main.js,
// which is told what was chosen.

const NAME_KEY = "tickwire.name";
const NAME_MAX = 20;
/** Longer than any room's name, so that the server refuses it by saying what a name is; a hello
 *  that is too long it would not read at all. */
const ROOM_MAX = 33;

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function part(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

export class Start {
  /** @param {(spectator: boolean) => void} chosen */
  constructor(chosen) {
    const query = new URLSearchParams(location.search);
    this.root = part("start", HTMLElement);
    this.nameBox = part("name", HTMLInputElement);
    /** The room asked for; null for any. */
    this.room = first(query.get("room") ?? "", ROOM_MAX) || null;
    this.nameBox.value = first(query.get("name") ?? stored() ?? "", NAME_MAX);
    const where = part("where", HTMLElement);
    where.hidden = this.room === null;
    where.textContent = `Room ${this.room ?? ""}`;
    part("enter", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.keepName();
      chosen(false);
    });
    part("spectate", HTMLButtonElement).addEventListener("click", () => {
      this.keepName();
      chosen(true);
    });
    /** What the address asks for at once. @type {"play" | "spectate" | null} */
    this.wanted = query.has("play") ? "play" : query.has("spectate") ? "spectate" : null;
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
    const line = part("message", HTMLElement);
    line.hidden = message === "";
    line.textContent = message;
    this.nameBox.focus({ preventScroll: true });
  }

  hide() {
    this.root.hidden = true;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** @param {boolean} ready */
  enable(ready) {
    part("play", HTMLButtonElement).disabled = !ready;
    part("spectate", HTMLButtonElement).disabled = !ready;
  }

  /** @private */
  keepName() {
    try {
      localStorage.setItem(NAME_KEY, this.name);
    } catch {
      // A browser that keeps nothing: the name is asked for again next time.
    }
  }
}

/** The first characters of a text, none of them cut in half. @param {string} text
 *  @param {number} most */
function first(text, most) {
  return [...text].slice(0, most).join("");
}

function stored() {
  try {
    return localStorage.getItem(NAME_KEY);
  } catch {
    return null;
  }
}
