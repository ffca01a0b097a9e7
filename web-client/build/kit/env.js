// @ts-check
// Where this runs: as a page or as a program of Node, what it keeps, and whether the server answers.
//
// It keeps nothing itself, and asks the server when it is told to. A browser tells a page nothing of
// why a WebSocket did not open; it does tell what a plain request was answered. Used by connection.js.

/** @typedef {import("./connection.js").Greeting} Greeting */
/**
 * @typedef {{ kind: "there" | "away" } | { kind: "refused" | "busy", reason: string }} Answer
 * `away`: nothing answers, or only that it is going down; `busy`: it has enough of this address for now
 */

/** Longer reasons are cut: they are read by people. */
const REASON_MAX = 300;
/** Said of a 429 that gives no reason. */
const BUSY = "this address has too many connections or requests";

/** Asks the URL at which the WebSocket is.
 *  @param {URL} url @param {AbortSignal} signal @returns {Promise<Answer>} */
export async function ask(url, signal) {
  try {
    const asked = new URL(url);
    // A request to its own origin does not say which that is; the WebSocket will.
    if (typeof location === "object") asked.searchParams.set("origin", location.origin);
    const response = await fetch(asked, { cache: "no-store", redirect: "manual", signal });
    const reason = response.status === 403 ? await reasonOf(response) : "";
    if (reason) return { kind: "refused", reason };
    if (response.status === 429) return { kind: "busy", reason: (await reasonOf(response)) || BUSY };
    // A server that is there has nothing to say (204); one that goes down says so by another status.
    return { kind: response.status < 500 ? "there" : "away" };
  } catch {
    return { kind: "away" };
  }
}

/** What the server says; nothing if it is something else that refuses: a proxy has pages of its own.
 *  @param {Response} response */
async function reasonOf(response) {
  const isPlain = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  return isPlain ? (await response.text()).trim().slice(0, REASON_MAX) : "";
}

/** Where this module is. A bundler gives all modules of a bundle one address, or none. */
export const moduleUrl = import.meta.url;

/** Whether this is a page; else nothing of it is ever hidden, put away or loaded anew. */
export const hasPage = typeof document === "object";

const LOCAL = /^(localhost|.+\.localhost|127\.[0-9.]+|\[::1\])$/;

/** Whether this is a page, and the address one of its own machine: that is where games are made. @param {string} url */
export const isLocal = (url) => hasPage && LOCAL.test(new URL(url).hostname);

/** Whether a file is another than it was, as far as the server tells. @param {string} url
 *  @param {string} tag its ETag then */
export async function isReplaced(url, tag) {
  // What compresses on the way may weaken a tag, of some responses and not of others.
  const strong = (/** @type {string} */ it) => it.replace(/^W\//, "");
  try {
    const { ok, status, headers } = await fetch(url, { method: "HEAD", cache: "no-store" });
    return status === 404 || (ok && strong(headers.get("etag") ?? tag) !== strong(tag));
  } catch {
    return false;
  }
}

export const isHidden = () => hasPage && document.hidden;

/** Where the server speaks. @param {URL} server its folder @param {"http" | "ws"} scheme */
export function socketUrl(server, scheme) {
  const url = new URL("ws", server);
  if (scheme === "ws") url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

const RELOADED_KEY = "tickwire.reloaded";
/** Where a site puts the join ticket of whoever plays here. */
const TICKET_KEY = "tickwire-ticket";

/** Whether this page was loaded anew for being stale. */
export function wasReloaded() {
  return kept(RELOADED_KEY) !== null;
}

/** Notes for after a reload whether it was one for being stale. Gives whether that could be stored: else
 *  the page would reload for ever. @param {boolean} reloaded */
export function markReloaded(reloaded) {
  try {
    if (reloaded) sessionStorage.setItem(RELOADED_KEY, "once");
    else sessionStorage.removeItem(RELOADED_KEY);
    return true;
  } catch {
    return false;
  }
}

/** The join ticket; null for a guest. It is asked for anew for each connection, for one that has expired may
 *  have been renewed. @param {Greeting} greeting */
export function ticketOf({ ticket }) {
  const given = typeof ticket === "function" ? ticket() : (ticket ?? kept(TICKET_KEY));
  if (given === null || typeof given === "string") return given;
  console.error("a ticket is a string; one that has to be fetched is to be there before the game joins");
  return null;
}

/** What this tab keeps; null where nothing is kept. @param {string} key */
function kept(key) {
  try {
    return hasPage ? sessionStorage.getItem(key) : null;
  } catch {
    return null;
  }
}
