// @ts-check
// A WebSocket that opens while the game's code is still being loaded: far from the server that saves the
// two round trips that opening takes.
//
// Nothing is said over it until connection.js takes it, once. Made by game.js where the page asks for it.

import { socketUrl } from "./env.js";

/** The server waits 10 s for somebody to say hello. */
const KEPT_MS = 8000;

export class EarlySocket {
  /** @param {URL} server the folder in which it speaks */
  constructor(server) {
    /** @private @type {WebSocket | null} */
    this.socket = new WebSocket(socketUrl(server, "ws"));
    /** @private */
    this.timer = setTimeout(() => this.close(), KEPT_MS);
  }

  /** Gives the socket away; null if it was given before, or is closed. */
  take() {
    const { socket } = this;
    this.socket = null;
    clearTimeout(this.timer);
    if (!socket || socket.readyState > WebSocket.OPEN) return null;
    // Whoever takes it listens only now.
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
