// @ts-check
// The environment: a page or a Node program, its storage, and whether the server answers.
//
// It keeps no state. A browser does not tell a page why a WebSocket failed to open, but it does give the
// response of a plain request. Used by connection.js, probe.js and session.js.

/** @typedef {import("./connection.js").Greeting} Greeting */
/**
 * @typedef {{ kind: "there" } | { kind: "away" | "refused" | "busy", reason: string }} Answer
 * `away`: no answer, or the server is shutting down, or a proxy does not reach it, which `reason` says, empty if
 * unknown; `busy`: this address has reached a limit
 */

/** Longer reasons are cut: they are shown to people. */
const REASON_MAX = 300;
const RESTARTING = "the server is restarting, or a proxy cannot reach it (503)";
const PROXY = "a proxy answers, but the game's server behind it does not: it may be restarting";
/** The reason for a 429 without one. */
const BUSY = "this address has too many connections or requests";

/** Sends a plain request to the WebSocket's URL.
 *  @param {URL} url @param {AbortSignal} signal @returns {Promise<Answer>} */
export async function ask(url, signal) {
  try {
    const asked = new URL(url);
    // A same-origin request has no Origin header; the WebSocket will have one.
    if (typeof location === "object") asked.searchParams.set("origin", location.origin);
    const response = await fetch(asked, { cache: "no-store", redirect: "manual", signal });
    const reason = response.status === 403 ? await reasonOf(response) : "";
    if (reason) return { kind: "refused", reason };
    if (response.status === 429) return { kind: "busy", reason: (await reasonOf(response)) || BUSY };
    // A running server answers 204; one that shuts down 503.
    const { status } = response;
    if (status < 500) return { kind: "there" };
    return { kind: "away", reason: status === 503 ? RESTARTING : `${PROXY} (${status})` };
  } catch {
    return { kind: "away", reason: "" };
  }
}

/** The server's reason; empty if a proxy answers with a page of its own.
 *  @param {Response} response */
async function reasonOf(response) {
  const isPlain = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  return isPlain ? (await response.text()).trim().slice(0, REASON_MAX) : "";
}

/** The address of this module. A bundler gives all modules of a bundle one address, or none. */
export const moduleUrl = import.meta.url;

/** Whether this is a page; a program is never hidden, frozen or reloaded. */
export const hasPage = typeof document === "object";

const LOCAL = /^(localhost|.+\.localhost|127\.[0-9.]+|\[::1\])$/;

/** Whether this is a page, and the address is local: games are developed there. @param {string} url */
export const isLocal = (url) => hasPage && LOCAL.test(new URL(url).hostname);

/** Whether a file has changed, by its ETag. @param {string} url
 *  @param {string} tag its previous ETag */
export async function isReplaced(url, tag) {
  // A compressing proxy may weaken the tags of some responses.
  const strong = (/** @type {string} */ it) => it.replace(/^W\//, "");
  try {
    const { ok, status, headers } = await fetch(url, { method: "HEAD", cache: "no-store" });
    return status === 404 || (ok && strong(headers.get("etag") ?? tag) !== strong(tag));
  } catch {
    return false;
  }
}

export const isHidden = () => hasPage && document.hidden;

/** The WebSocket's address. @param {URL} server its folder @param {"http" | "ws"} scheme */
export function socketUrl(server, scheme) {
  const url = new URL("ws", server);
  if (scheme === "ws") url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

const RELOADED_KEY = "tickwire.reloaded";
/** Storage key of the player's join ticket, which the site sets. */
const TICKET_KEY = "tickwire-ticket";

/** Whether this page was reloaded because it was stale. */
export function wasReloaded() {
  return kept(RELOADED_KEY) !== null;
}

/** Stores whether the coming reload is for a stale page. Returns whether that could be stored: otherwise
 *  the page would reload for ever. @param {boolean} reloaded */
export function markReloaded(reloaded) {
  return keep(RELOADED_KEY, reloaded ? "once" : null);
}

/** The join ticket; null for a guest. It is read for each connection, since the site may have renewed an
 *  expired one. @param {Greeting} greeting */
export function ticketOf({ ticket }) {
  const given = typeof ticket === "function" ? ticket() : (ticket ?? kept(TICKET_KEY));
  if (given === null || typeof given === "string") return given;
  console.error("a ticket must be a string: fetch it before the game joins");
  return null;
}

/** A value of this tab's storage; null if there is none. @param {string} key */
export function kept(key) {
  try {
    return hasPage ? sessionStorage.getItem(key) : null;
  } catch {
    return null;
  }
}

/** Keeps a value in this tab's storage, or removes it if it is null. Returns whether it could.
 *  @param {string} key @param {string | null} value */
export function keep(key, value) {
  if (!hasPage) return false;
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
