// @ts-check
// The session that this page can resume: its token, and where that is kept while the page is loaded anew.
//
// Who has a token has the player: it is in memory and in the tab's sessionStorage, and in no address, log or value
// that pages are given. What is stored is for one server's folder, one frame of the tab, one role and one room.
//
// A browser copies the storage of a tab that is duplicated, and a second tab is a second player: it must not take
// the first one's ship. If the token were in storage only from `pagehide` to the next load, there would be nothing
// to copy; but a page that crashes, or that a phone ends for its memory, has no `pagehide`, and is loaded again
// within seconds. So it is stored always, marked as held for as long as its page is there; `pagehide` takes the mark
// away. A page that finds a session held by another asks all tabs by a BroadcastChannel whether that page is still
// there, and takes the session if nobody answers. Locks (`navigator.locks`) would say so without a wait, but are not there
// for plain HTTP, and keep a hidden page from being frozen.
//
// It opens no connection. Made by connection.js, which says what became of it.

import { hasPage, keep, kept } from "./env.js";

/** @typedef {import("./connection.js").Greeting} Greeting */
/** @typedef {import("./tickwire.js").Kept} Kept */
/**
 * @typedef {Kept & { server: string, frame: string, asked: string | null, token: string, graceMs: number,
 *                    at: number, page: string, isHeld: boolean, isLeft?: boolean, hellos?: number,
 *                    hellosUntil?: number }} Entry
 * `asked`: the room that the page asked for, null for any; `at`: when the server was last heard, by the wall clock,
 * ms; `page`: the page that stored it, which holds it if `isHeld`; `isLeft`: its player has left, but no goodbye could
 * be sent; `hellos`: how many without an answer may still arrive, until `hellosUntil` by the wall clock, ms
 */

const KEY = "tickwire.sessions";
/** So many are stored: a tab with more frames than this forgets the oldest. */
const ENTRIES_MAX = 8;
/** While a room is heard, what is stored says so this often. */
const NOTED_EVERY_MS = 2000;
/** A stored session may be this much older than the server keeps it: a server counts from when it notices that a
 *  connection is gone, up to 15 s after it was last heard (`SILENCE_MAX`), and loading takes its time. A token that is
 *  refused costs no more than a round trip. */
const SLACK_MS = 20_000;
/** As `GRACE_MAX` of the server. */
const GRACE_MAX_MS = 600_000;
/** How long a page that holds a session may take to say so: longer than a frame that is slow. */
const ANSWER_MS = 500;
/** So long after a hello that got no answer it may still arrive, held up on its way. */
const HELLO_MAX_MS = 30_000;
/** More of them are not believed, whatever is stored. */
const HELLOS_MAX = 8;
const CHANNEL = "tickwire.sessions";
const TOKEN = /^[0-9a-f]{48}$/;

export class Session {
  /** @param {URL} server its folder */
  constructor(server) {
    /** @private */
    this.server = server.href;
    /** @private */
    this.frame = framePath();
    /** @private */
    this.page = Math.random().toString(36).slice(2);
    /** @private @type {Entry | null} */
    this.entry = null;
    /** Answers those who ask for this page. @private @type {BroadcastChannel | null} */
    this.channel = null;
    /** Whether a hello by the token got no answer yet. @private */
    this.isUnanswered = false;
    /** How many that others followed may still arrive. @private */
    this.overtaken = 0;
    /** Until when. @private */
    this.overtakenUntil = -Infinity;
  }

  /** A hello with the token, if there is one, is said. */
  say() {
    if (performance.now() > this.overtakenUntil) this.overtaken = 0;
    if (this.isUnanswered) {
      this.overtaken += 1;
      this.overtakenUntil = performance.now() + HELLO_MAX_MS;
    }
    this.isUnanswered = this.token !== null;
    if (!this.entry) return;
    // If the page is loaded anew before the answer, the next one has to know.
    Object.assign(this.entry, { hellos: this.overtaken + 1, hellosUntil: Date.now() + HELLO_MAX_MS });
    this.store([this.entry, ...this.others()]);
  }

  /** Whether a connection that took this one's place may have been opened by a hello of this very page, or of the one
   *  before it was loaded, which was held up and overtaken. Each counts once, for else two pages would take the session
   *  from each other for ever. */
  wasOvertaken() {
    const was = this.token !== null && this.overtaken > 0 && performance.now() < this.overtakenUntil;
    if (was) this.overtaken -= 1;
    return was;
  }

  /** By which to resume; null if there is nothing to resume. */
  get token() {
    return this.entry?.token ?? null;
  }

  /** The room of the session. */
  get room() {
    return this.entry?.room ?? null;
  }

  /** What was played here before the page was loaded, if a page that asks for it may resume it. @returns {Kept | null} */
  get kept() {
    const found = this.all().find((entry) => this.isFree(entry) && !entry.isLeft);
    return found ? keptOf(found) : null;
  }

  /** What this page has to resume. @returns {Kept | null} */
  get held() {
    return this.entry && keptOf(this.entry);
  }

  /** Finds out which stored sessions are held by pages that are no more: it takes a moment if there are any, as after
   *  a crash or in a tab that was duplicated, and none otherwise. */
  async settle() {
    const holders = this.all().filter((entry) => entry.isHeld && this.isHere(entry)).map(({ page }) => page);
    if (holders.length === 0) return;
    const living = await answerers(holders);
    if (!living) return;
    const isLost = (/** @type {Entry} */ { page }) => holders.includes(page) && !living.has(page);
    this.store(this.all().map((entry) => (isLost(entry) ? { ...entry, isHeld: false } : entry)));
  }

  /** The page asks for a room: what can be resumed is the session that it has or finds for just that. Returns whether it
   *  is the one that it has. @param {Greeting} greeting */
  claim(greeting) {
    if (this.entry && !this.entry.isHeld) this.takeBack();
    if (this.entry && isFresh(this.entry) && isFor(this.entry, greeting)) {
      this.hold(this.entry, null);
      return true;
    }
    this.forget();
    const found = this.all().find((entry) => this.isFree(entry) && isFor(entry, greeting));
    if (!found) return false;
    this.hold(found, found);
    this.overtaken = overtakenOf(found);
    this.overtakenUntil = performance.now() + (found.hellosUntil ?? 0) - Date.now();
    return false;
  }

  /** A room has let the page in. @param {string} token @param {string} room @param {number} graceMs for how long the
   *  server keeps the session without a connection @param {Greeting} greeting */
  begin(token, room, graceMs, { name, room: asked, spectator }) {
    this.isUnanswered = false;
    if (token === "" || graceMs <= 0) return this.forget();
    const { server, frame, page } = this;
    // Who resumes keeps the name that it had.
    const played = { name: this.entry?.name ?? name, room, spectator };
    const late = { hellos: this.overtaken, hellosUntil: Date.now() + this.overtakenUntil - performance.now() };
    const waits = this.overtaken > 0 ? late : {};
    this.hold({ ...played, server, frame, asked, token, graceMs, at: Date.now(), page, isHeld: true, ...waits }, null);
  }

  /** The server is heard in the room. */
  note() {
    if (!this.entry?.isHeld || Date.now() - this.entry.at < NOTED_EVERY_MS) return;
    this.entry.at = Date.now();
    this.store([this.entry, ...this.others()]);
  }

  /** There is nothing to resume any more. */
  forget() {
    this.isUnanswered = false;
    this.overtaken = 0;
    if (!this.entry) return;
    this.entry = null;
    this.store(this.others());
    this.channel?.close();
    this.channel = null;
  }

  /** The player has left where no goodbye could be sent: the server may keep it, and who asks for the same room again
   *  within that time has it back. A page that is loaded anew does not go on with it by itself. */
  leave() {
    if (!this.entry) return;
    this.entry.isLeft = true;
    this.store([this.entry, ...this.others()]);
  }

  /** The page goes away: whatever is loaded here next may have the session. */
  letGo() {
    if (!this.entry) return;
    this.entry.isHeld = false;
    this.store([this.entry, ...this.others()]);
    // An open one keeps some browsers from putting the page away.
    this.channel?.close();
    this.channel = null;
  }

  /** The page is back: it has the session still, unless another took it meanwhile. */
  takeBack() {
    if (!this.entry) return;
    const mine = this.all().find(({ page }) => page === this.page);
    // Where nothing can be stored, nobody can have taken it.
    if (!mine && hasStored()) this.entry = null;
    else this.hold(this.entry, mine ?? null);
  }

  /** @private @param {Entry} entry @param {Entry | null} stored what it takes the place of */
  hold(entry, stored) {
    this.entry = { ...entry, page: this.page, isHeld: true, isLeft: false };
    const others = this.all().filter(({ page }) => page !== this.page && page !== stored?.page);
    this.store([this.entry, ...others]);
    if (!this.channel && hasChannels()) this.channel = answering(this.page);
  }

  /** What others have stored. @private */
  others() {
    return this.all().filter(({ page }) => page !== this.page);
  }

  /** @private @param {Entry} entry */
  isHere({ server, frame }) {
    return server === this.server && frame === this.frame;
  }

  /** @private @param {Entry} entry */
  isFree(entry) {
    return !entry.isHeld && this.isHere(entry);
  }

  /** What is stored and not too old, the newest first. @private @returns {Entry[]} */
  all() {
    try {
      const stored = JSON.parse(kept(KEY) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isEntry).filter(isFresh) : [];
    } catch {
      return [];
    }
  }

  /** @private @param {Entry[]} entries */
  store(entries) {
    const text = JSON.stringify(entries.slice(0, ENTRIES_MAX));
    keep(KEY, entries.length > 0 ? text : null);
  }
}

/** What pages are given of it. @param {Entry} entry @returns {Kept} */
const keptOf = ({ name, room, spectator }) => ({ name, room, spectator });

/** Whether a session is for what the page asks for. @param {Entry} entry @param {Greeting} greeting */
function isFor({ spectator, asked, room }, greeting) {
  return spectator === greeting.spectator && (greeting.room === asked || greeting.room === room);
}

/** Whether a server may still have it. @param {Entry} entry */
function isFresh({ at, graceMs }) {
  return Math.abs(Date.now() - at) <= Math.min(graceMs, GRACE_MAX_MS) + SLACK_MS;
}

/** How many hellos of the page before may still arrive. @param {Entry} entry */
function overtakenOf({ hellos, hellosUntil }) {
  const left = (hellosUntil ?? 0) - Date.now();
  const isDue = Number.isInteger(hellos) && left > 0 && left <= HELLO_MAX_MS;
  return isDue ? Math.min(HELLOS_MAX, Math.max(0, hellos ?? 0)) : 0;
}

/** Other scripts of the page's origin may have stored anything. @param {any} entry @returns {entry is Entry} */
function isEntry(entry) {
  const texts = [entry?.server, entry?.frame, entry?.name, entry?.room, entry?.page, entry?.asked ?? "", entry?.token];
  return texts.every((text) => typeof text === "string") && TOKEN.test(entry.token)
    && Number.isFinite(entry.at) && Number.isFinite(entry.graceMs)
    && typeof entry.spectator === "boolean" && typeof entry.isHeld === "boolean";
}

/** Whether this tab has stored anything of ours. */
function hasStored() {
  return kept(KEY) !== null;
}

/** Which frame of the tab this is: all that are of one origin share the tab's storage. */
function framePath() {
  const path = [];
  if (!hasPage) return "";
  for (let at = /** @type {Window} */ (window); at.parent && at.parent !== at; at = at.parent) {
    let nth = 0;
    while (nth < at.parent.length && at.parent[nth] !== at) nth += 1;
    path.unshift(nth);
  }
  return path.join(".");
}

const hasChannels = () => hasPage && typeof BroadcastChannel === "function";

/** Answers those who ask for a page, as long as that is there. @param {string} page */
function answering(page) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (Array.isArray(data?.asked) && data.asked.includes(page)) channel.postMessage({ here: page });
  };
  return channel;
}

/** Which of some pages are there; null if that cannot be known. @param {string[]} pages
 *  @returns {Promise<Set<string> | null>} */
function answerers(pages) {
  if (!hasChannels()) return Promise.resolve(null);
  return new Promise((done) => {
    const channel = new BroadcastChannel(CHANNEL);
    /** @type {Set<string>} */
    const here = new Set();
    const finish = () => {
      channel.close();
      clearTimeout(timer);
      done(here);
    };
    const timer = setTimeout(finish, ANSWER_MS);
    channel.onmessage = ({ data }) => {
      if (pages.includes(data?.here)) here.add(data.here);
      if (pages.every((page) => here.has(page))) finish();
    };
    channel.postMessage({ asked: pages });
  });
}
