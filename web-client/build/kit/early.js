// @ts-check
// A WebSocket that opens while the game's code loads: this saves the two round trips of its handshakes.
//
// It sends nothing. connection.js takes it once; game.js makes it for the option `preconnect`.

import { socketUrl } from "./env.js";

/** Less than the 10 s after which the server closes a connection without a hello. */
const KEPT_MS = 8000;

export class EarlySocket {
  /** @param {URL} server its folder */
  constructor(server) {
    /** @private @type {WebSocket | null} */
    this.socket = new WebSocket(socketUrl(server, "ws"));
    /** @private */
    this.timer = setTimeout(() => this.close(), KEPT_MS);
  }

  /** Returns the socket; null if it was taken before, or is closed. */
  take() {
    const { socket } = this;
    this.socket = null;
    clearTimeout(this.timer);
    if (!socket || socket.readyState > WebSocket.OPEN) return null;
    // The caller adds its listeners only after this.
    if (socket.readyState === WebSocket.OPEN) queueMicrotask(() => socket.dispatchEvent(new Event("open")));
    return socket;
  }

  close() {
    const { socket } = this;
    this.socket = null;
    clearTimeout(this.timer);
    socket?.close();
  }
}
