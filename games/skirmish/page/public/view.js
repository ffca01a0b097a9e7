// @ts-check
// The camera's mode: the own ship's view, a spectator's, or the demo behind the overlay.
//
// It moves the camera; spectator.js decides what a spectator sees, killcam.js what one without a ship does,
// demo-camera.js what the demo shows. Called by main.js once per frame.

import { Killcam } from "./killcam.js";
import { calm } from "./motion.js";
import { Spectator } from "./spectator.js";
import { element } from "./dom.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./types.js").Own} Own */

export class View {
  /** @param {Camera} camera @param {World} world @param {HTMLElement} surface
   *  @param {(text: string) => void} notify shows a sentence for a while */
  constructor(camera, world, surface, notify) {
    this.camera = camera;
    this.world = world;
    this.spectator = new Spectator(camera, world, surface, notify);
    this.killcam = new Killcam(camera, world);
    /** No player needs it, so it is loaded with the first demo. @private
     *  @type {import("./demo-camera.js").DemoCamera | null} */
    this.demo = null;
    /** Whether the demo's camera is there, or will not come. */
    this.isDemoReady = false;
    /** @type {"demo" | "player" | "spectator"} */
    this.mode = "demo";
  }

  /** @param {"demo" | "player" | "spectator"} mode */
  setMode(mode) {
    this.mode = mode;
    this.spectator.setActive(mode === "spectator");
    this.camera.shake = this.camera.leadX = this.camera.leadY = 0;
    this.killcam.clear();
    if (this.demo) this.demo.restart();
    else if (mode === "demo") void this.loadDemo();
    // Until the first ship appears, the server sends the view of the middle.
    if (mode === "player") this.camera.sitOn(0, 0);
  }

  /** Without it the middle of the arena is shown. @private */
  async loadDemo() {
    try {
      const { DemoCamera } = await import("./demo-camera.js");
      this.demo ??= new DemoCamera(this.camera, this.world, element("enter"));
    } catch {
      // The server has another version by now, or is gone.
    }
    this.isDemoReady = true;
  }

  /** Moves the camera for a frame. @param {number} now @param {number} seconds
   *  @param {{ aim: number, far: number }} pointer as a player's camera leads to it
   *  @param {Own | null} own */
  move(now, seconds, { aim, far }, own) {
    const { camera, world } = this;
    if (this.mode === "demo") {
      if (this.demo) this.demo.move(now, seconds);
      else camera.drift(0, 0, Infinity);
    } else if (this.mode === "player") {
      if (this.killcam.move(world.own ? null : own, seconds, calm.matches)) return;
      if (world.own) camera.lead(aim, far, seconds);
      // Without a ship the camera stays at its wreck.
      const x = world.own?.x ?? camera.x - camera.leadX;
      const y = world.own?.y ?? camera.y - camera.leadY;
      camera.sitOn(x, y);
    } else {
      this.spectator.move(seconds);
    }
  }

  /** @param {import("./world.js").GameEvent} event */
  show({ name, values }) {
    if (name === "kill" && values.victim === this.world.self) this.killcam.blame(values.killer);
  }
}
