// @ts-check
// A spectator's camera: it follows a player, shows the whole arena, or goes where it is dragged.
//
// It owns what the camera is to show and listens to keys, wheel and fingers for it; it draws
// nothing. The same is asked of it by the buttons of hud/watch.js. Made and moved by view.js.

import { isPlace } from "./finite.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {"whole" | "follow" | "free"} Mode */

const ZOOM_STEP = 1.0015;
/** A press that moved less than this is a tap, in CSS pixels. */
const TAP_PX = 6;
/** How far from a ship a tap still means it, in CSS pixels: half a finger. */
const REACH_PX = 28;
/** How much nearer, and how much farther away, than a player sees it a ship may be followed. */
const NEAR_MAX = 2;
const NEAR_MIN = 0.25;

/** What hud/watch.js takes of the screen, in CSS pixels. */
const BAR_PX = 64;

/** By place on the keyboard. @type {Record<string, (spectator: Spectator) => void>} */
const KEYS = {
  KeyE: (spectator) => spectator.next(1),
  KeyF: (spectator) => spectator.next(1),
  ArrowRight: (spectator) => spectator.next(1),
  KeyQ: (spectator) => spectator.next(-1),
  ArrowLeft: (spectator) => spectator.next(-1),
  KeyM: (spectator) => spectator.showWhole(),
  Equal: (spectator) => spectator.zoomMiddle(1),
  NumpadAdd: (spectator) => spectator.zoomMiddle(1),
  Minus: (spectator) => spectator.zoomMiddle(-1),
  NumpadSubtract: (spectator) => spectator.zoomMiddle(-1),
};
/** Those that do more the longer they are held. */
const REPEATED = /^(Equal|Minus|Numpad)/;
/** Held, they move the free camera. @type {Record<string, [x: number, y: number]>} */
const PAN_KEYS = {
  KeyW: [0, -1],
  ArrowUp: [0, -1],
  KeyS: [0, 1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};
/** How fast, in CSS pixels per second; and how far one press of a key zooms. */
const PAN_PX = 620;
const ZOOM_KEY = 1.25;

export class Spectator {
  /** @param {Camera} camera @param {World} world @param {HTMLElement} surface
   *  @param {(text: string) => void} tell shows a sentence for a while */
  constructor(camera, world, surface, tell) {
    this.camera = camera;
    this.world = world;
    /** @private */
    this.tell = tell;
    /** Whether anybody spectates: else it hears nothing. */
    this.active = false;
    /** @type {Mode} */
    this.mode = "whole";
    /** Whom it follows, through all of its lives. @type {number | null} */
    this.followed = null;
    /** How that one is called. @private */
    this.followedName = "";
    /** The step to a next player that was asked for before the first picture. @private
     *  @type {1 | -1 | null} */
    this.pendingStep = null;
    /** @private */
    this.nearness = 1;
    /** Whether the camera is where it was told to be: the first look is taken at once. @private */
    this.landed = false;
    /** Fingers and buttons that are down, where they are. @private
     *  @type {Map<number, { x: number, y: number }>} */
    this.pointers = new Map();
    /** How far those have moved; no tap once there were two. @private */
    this.moved = 0;
    /** Keys that are held to move the picture. @private @type {Set<string>} */
    this.pans = new Set();
    /** Keys of them that have gone down since the last frame: one that is up again counts for it, too.
     *  @private @type {Set<string>} */
    this.tapped = new Set();
    this.listen(surface);
  }

  /** Begins in a room, or ends. @param {boolean} active */
  setActive(active) {
    this.active = active;
    this.mode = "whole";
    this.followed = null;
    this.pendingStep = null;
    this.nearness = 1;
    this.landed = false;
    this.pointers.clear();
    this.pans.clear();
    this.tapped.clear();
  }

  /** Whether it waits for a ship to follow. */
  get waits() {
    return this.followed !== null && !this.world.shipOf(this.followed);
  }

  /** Moves the camera for a frame. @param {number} seconds */
  move(seconds) {
    const { camera, world } = this;
    const time = this.landed ? seconds : Infinity;
    this.pan(seconds);
    if (this.landed && this.pendingStep !== null) this.next(this.pendingStep);
    if (this.mode === "follow") {
      this.checkFollowed();
      const ship = this.followed === null ? undefined : world.shipOf(this.followed);
      if (ship) camera.glideTo(ship.x, ship.y, this.nearness, time);
    } else if (this.mode === "whole") {
      camera.fit(world.borderRadius || world.levelRadius, BAR_PX, time);
    } else {
      // Farther out nothing is.
      camera.keepWithin(Math.max(world.borderRadius, world.levelRadius));
    }
    this.landed ||= world.borderRadius > 0;
  }

  /** Who left has no next life, and nobody is followed in its place without being chosen.
   *  @private */
  checkFollowed() {
    if (this.followed === null) return;
    const player = this.world.players.get(this.followed);
    if (player) {
      this.followedName = player.name || "Nameless";
      return;
    }
    this.tell(`${this.followedName} has left. Press E or tap a ship to follow another.`);
    this.showWhole();
  }

  /** Follows the next player in the order of their numbers, or the one before; the whole arena
   *  when there is nobody. Before the first picture, which tells who flies, it is kept until then.
   *  @param {1 | -1} step */
  next(step) {
    if (!this.landed) {
      this.pendingStep = step;
      return;
    }
    const { world, followed } = this;
    const all = [...world.players.keys()].sort((a, b) => a - b);
    const flying = all.filter((player) => world.shipOf(player));
    const players = flying.length > 0 ? flying : all;
    if (step < 0) players.reverse();
    const beyond = players.find(
      (player) => followed === null || step * (player - followed) > 0,
    );
    const player = beyond ?? players[0];
    if (player === undefined) this.showWhole();
    else this.follow(player);
  }

  /** @param {number} player */
  follow(player) {
    this.mode = "follow";
    this.followed = player;
    this.pendingStep = null;
    this.followedName = this.world.nameOf(player) || "Nameless";
  }

  showWhole() {
    this.mode = "whole";
    this.followed = null;
    this.pendingStep = null;
    this.nearness = 1;
  }

  /** The camera stays where it is and goes where it is moved. */
  roam() {
    this.mode = "free";
    this.followed = null;
    this.pendingStep = null;
  }

  /** @param {1 | -1} step nearer or farther away */
  zoomMiddle(step) {
    const { width, height } = this.camera;
    this.zoom(ZOOM_KEY ** step, width / 2, height / 2);
  }

  /** @private @param {number} seconds */
  pan(seconds) {
    const codes = new Set([...this.pans, ...this.tapped]);
    this.tapped.clear();
    if (codes.size === 0) return;
    this.roam();
    for (const code of codes) {
      const [x, y] = PAN_KEYS[code];
      this.camera.drag(-x * PAN_PX * seconds, -y * PAN_PX * seconds);
    }
  }

  /** @private @param {number} factor @param {number} x @param {number} y the point that stays */
  zoom(factor, x, y) {
    // A wheel that turns sideways zooms by 1.
    if (!(factor > 0 && factor < Infinity) || factor === 1) return;
    if (this.mode === "follow") {
      this.nearness = Math.min(NEAR_MAX, Math.max(NEAR_MIN, this.nearness * factor));
      return;
    }
    this.roam();
    this.camera.zoom(factor, x, y);
  }

  /** Follows the ship at a place of the screen, if there is one.
   *  @private @param {number} x @param {number} y */
  tap(x, y) {
    const { camera, world } = this;
    const far = (/** @type {{ x: number, y: number }} */ ship) =>
      Math.hypot(camera.screenX(ship.x) - x, camera.screenY(ship.y) - y);
    const [nearest] = [...world.ships].sort((a, b) => far(a) - far(b));
    const reach = Math.max(REACH_PX, 1.5 * camera.scale);
    if (nearest && far(nearest) <= reach) this.follow(nearest.player);
  }

  /** @private @param {HTMLElement} surface */
  listen(surface) {
    surface.addEventListener(
      "wheel",
      (event) => {
        if (this.active) this.zoom(ZOOM_STEP ** -event.deltaY, event.clientX, event.clientY);
      },
      { passive: true },
    );
    surface.addEventListener("pointerdown", (event) => {
      if (!this.active || !isPlace(event.clientX, event.clientY)) return;
      this.moved = this.pointers.size > 0 ? Infinity : 0;
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    addEventListener("pointermove", (event) => this.drag(event));
    addEventListener("pointerup", (event) => {
      const pressed = this.pointers.delete(event.pointerId);
      if (pressed && this.moved < TAP_PX) this.tap(event.clientX, event.clientY);
    });
    addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    addEventListener("keydown", (event) => {
      if (!this.active || event.ctrlKey || event.metaKey || event.altKey) return;
      if (onControl(event)) return;
      if (!event.repeat || REPEATED.test(event.code)) KEYS[event.code]?.(this);
      if (!(event.code in PAN_KEYS)) return;
      this.pans.add(event.code);
      this.tapped.add(event.code);
    });
    addEventListener("keyup", (event) => {
      this.pans.delete(event.code);
      // While this one is held, macOS tells of no other key that is let go.
      if (event.key === "Meta") this.pans.clear();
    });
    addEventListener("blur", () => this.pans.clear());
  }

  /** One finger moves the picture, two also zoom it. @private @param {PointerEvent} event */
  drag(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer || !isPlace(event.clientX, event.clientY)) return;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const before = other ? Math.hypot(pointer.x - other.x, pointer.y - other.y) : 1;
    const dx = event.clientX - pointer.x;
    const dy = event.clientY - pointer.y;
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    this.moved += Math.hypot(dx, dy);
    if (this.moved < TAP_PX) return;
    if (!other) {
      this.roam();
      this.camera.drag(dx, dy);
      return;
    }
    if (this.mode !== "follow") this.camera.drag(dx / 2, dy / 2);
    const after = Math.hypot(pointer.x - other.x, pointer.y - other.y);
    const middleX = (pointer.x + other.x) / 2;
    const middleY = (pointer.y + other.y) / 2;
    this.zoom(after / Math.max(1, before), middleX, middleY);
  }
}

/** Whether a key is for what has the focus: sliders and boxes have keys of their own.
 *  @param {KeyboardEvent} event */
function onControl(event) {
  return event.target instanceof Element && event.target.closest("input, select, dialog") !== null;
}
