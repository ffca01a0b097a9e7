// @ts-check
// Asks a server by a plain request whether it is there, and whether it would have this page.
//
// A browser tells a page nothing of why a WebSocket did not open; it does tell what a request was
// answered. It waits for as long as it is let and keeps nothing. Used by connection.js.

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
    // A request to its own origin does not say which that is; the WebSocket will.
    const asked = new URL(url);
    asked.searchParams.set("origin", location.origin);
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
