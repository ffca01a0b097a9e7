// @ts-check
// Whether the server answers, and why no socket opens: by plain requests to the WebSocket's address.
//
// After many failures browsers delay WebSockets by seconds, but not requests; and they do not tell a page why a
// WebSocket failed, but do give the response of a request. It opens no socket. Used by connection.js, for each
// attempt to connect.

import { ask, hasPage } from "./env.js";

/**
 * What an attempt does by the answer.
 * @typedef {object} Verdict
 * @property {() => boolean} isOpening whether the attempt has opened its socket
 * @property {() => void} opens it may open it
 * @property {(reason: string | null) => void} fails the server is away, or refuses for now; null if why is not
 *   known
 */

/** A plain request without an answer for this long is followed by a WebSocket: the request may reuse an old,
 *  dead connection, a WebSocket never does. */
const SILENT_MS = 700;
/** A page whose sockets have opened before believes a refusal only after this many attempts in a row. */
const REFUSED_MAX = 3;
/** One of this many attempts skips the plain request. */
const PROBED = 4;
const CUT = "the connection was lost";
/** Browsers do not tell a page why a server that answers opens no WebSocket. */
const SHUT =
  "the server answers, but opens no connection: it may not allow {origin}, a proxy on the way " +
  "does not pass WebSockets on, or this address has too many connections";

export class Probe {
  /** @param {URL} url the WebSocket's, for plain requests */
  constructor(url) {
    /** @private */
    this.url = url;
    /** Attempts in a row that opened no socket. */
    this.failed = 0;
    /** Whether this attempt's socket has opened. @private */
    this.opened = false;
    /** Whether a socket of this page has ever opened. @private */
    this.everOpened = false;
    /** Whether the server answered this attempt's plain request. @private */
    this.answers = false;
    /** Why the server refused this attempt's plain request. @private */
    this.refusal = "";
    /** Why no socket opens, by the last plain request; empty if unknown. @private */
    this.diagnosis = "";
    /** Aborts the plain request. @private */
    this.asking = new AbortController();
    /** @private */
    this.timer = 0;
  }

  /** The page connects anew: what was before is no longer of interest. */
  reset() {
    this.failed = 0;
    this.diagnosis = "";
  }

  /** Whether an attempt asks before it opens its socket. Without failures the WebSocket itself is the test. Now
   *  and then it is so after failures too, since a proxy may forward only WebSockets. */
  get isDue() {
    return this.failed % PROBED !== 0;
  }

  /** Asks for an attempt. @param {Verdict} verdict */
  start({ isOpening, opens, fails }) {
    const { signal } = this.asking;
    this.timer = setTimeout(opens, SILENT_MS);
    ask(this.url, signal).then((answer) => {
      // An open socket is the better answer.
      if (signal.aborted || this.opened) return;
      if (answer.kind === "refused" || answer.kind === "there") {
        this.answers = true;
        // A proxy may treat the Origin header of a request differently from a WebSocket's.
        if (answer.kind === "refused") this.refusal = answer.reason;
        clearTimeout(this.timer);
        if (!isOpening()) opens();
      } else if (answer.kind === "busy") {
        this.diagnosis = answer.reason;
        if (!isOpening()) fails(answer.reason);
      } else if (!isOpening()) {
        const isKnown = this.diagnosis !== "";
        this.diagnosis = answer.reason;
        fails(answer.reason || (isKnown ? CUT : null));
      }
    });
  }

  /** The attempt's socket has opened. */
  succeed() {
    this.opened = this.everOpened = true;
    this.failed = 0;
    this.refusal = this.diagnosis = "";
  }

  /** The attempt is over: it counts as a failure if its socket has not opened. */
  fail() {
    if (!this.opened) this.failed += 1;
  }

  /** Drops what belongs to the attempt. */
  drop() {
    clearTimeout(this.timer);
    // Abort the request, so that its dead connection is not reused for the next one.
    this.asking.abort();
    this.asking = new AbortController();
    this.opened = this.answers = false;
    this.refusal = "";
  }

  /** Why the server refuses this page for good, after a socket that did not open; empty if it does not, or that is
   *  not certain. */
  believedRefusal() {
    return !this.everOpened || this.failed >= REFUSED_MAX ? this.refusal : "";
  }

  /** Why the attempt's socket did not open, as far as that is known. */
  why() {
    const origin = hasPage ? `pages of ${location.origin}` : "this program";
    if (this.answers) this.diagnosis = this.refusal || SHUT.replace("{origin}", origin);
    return this.diagnosis;
  }
}
