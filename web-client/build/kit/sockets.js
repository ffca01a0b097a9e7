// @ts-check
// The page's WebSockets: the one in use, and those over which nothing comes any more.
//
// The server keeps a player whose connection broke: for 30 s, as usually set, but for 5 s at most after a close that
// says that the page is away, and not at all after any other close, or one without a code. So nothing is closed here
// without a code. Used by connection.js, which decides when.

/** The player has left. */
export const LEFT = 1000;
/** The page is away, and may come back: what a script may say for the browser's own 1001. */
export const AWAY = 4010;
/** So many that nothing comes over are left open. */
const ASIDE_MAX = 4;

/**
 * @typedef {object} Listeners
 * @property {() => void} opened
 * @property {(data: unknown) => void} received
 * @property {() => void} closed
 */

export class Sockets {
  constructor() {
    /** @private @type {WebSocket | null} */
    this.current = null;
    /** Those that were set aside, the oldest first. @private @type {WebSocket[]} */
    this.aside = [];
  }

  /** Whether there is one in use, open or not. */
  get isThere() {
    return this.current !== null;
  }

  get isOpen() {
    return this.current?.readyState === WebSocket.OPEN;
  }

  /** Takes a socket into use. @param {WebSocket} socket @param {Listeners} listeners */
  use(socket, { opened, received, closed }) {
    socket.binaryType = "arraybuffer";
    socket.onopen = opened;
    socket.onmessage = (event) => received(event.data);
    socket.onclose = closed;
    this.current = socket;
  }

  /** @param {Uint8Array<ArrayBuffer>} message */
  send(message) {
    this.current?.send(message);
  }

  /** Closes the one in use; its later events are ignored. @param {number} code */
  close(code) {
    release(this.current)?.close(code);
    this.current = null;
  }

  /** Ignores the one in use from now on, but leaves it open until one that follows is in a room: its line may be back
   *  before that, and a close that arrives then would have the server keep the player for a shorter time. */
  setAside() {
    const socket = release(this.current);
    this.current = null;
    if (socket) this.aside.push(socket);
    if (this.aside.length > ASIDE_MAX) this.aside.shift()?.close(AWAY);
  }

  /** Closes those that were set aside. @param {number} code */
  closeAside(code) {
    for (const socket of this.aside.splice(0)) socket.close(code);
  }
}

/** @param {WebSocket | null} socket */
function release(socket) {
  if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
  return socket;
}
