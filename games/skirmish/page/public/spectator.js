// @ts-check
// A spectator's camera: it follows a player, shows the whole arena, or goes where it is dragged.
//
// It owns the camera's mode and listens to keys, wheel and fingers; it draws nothing. The buttons
// of hud/watch.js call it too. Made and moved by view.js.

import { isPlace } from "./finite.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {"whole" | "follow" | "free"} Mode */

const ZOOM_STEP = 1.0015;
/** A press that moves less than this is a tap, in CSS pixels. */
const TAP_PX = 6;
/** A tap selects a ship within this distance, in CSS pixels: half a finger. */
const REACH_PX = 28;
/** Limits of the zoom while following, relative to a player's view. */
const NEAR_MAX = 2;
const NEAR_MIN = 0.25;

/** Height of the bar of hud/watch.js, in CSS pixels. */
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
/** Keys that repeat while held. */
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
/** Speed of the free camera, in CSS pixels per second; and the zoom factor of one key press. */
const PAN_PX = 620;
const ZOOM_KEY = 1.25;

export class Spectator {
  /** @param {Camera} camera @param {World} world @param {HTMLElement} surface
   *  @param {(text: string) => void} notify shows a sentence for a while */
  constructor(camera, world, surface, notify) {
    this.camera = camera;
    this.world = world;
    /** @private */
    this.notify = notify;
    /** Whether the page spectates; else input is ignored. */
    this.active = false;
    /** @type {Mode} */
    this.mode = "whole";
    /** The followed player, through all of its lives. @type {number | null} */
    this.followed = null;
    /** Its name. @private */
    this.followedName = "";
    /** A step to the next player that was pressed before the first snapshot. @private
     *  @type {1 | -1 | null} */
    this.pendingStep = null;
    /** @private */
    this.nearness = 1;
    /** Whether the camera has reached its first target, which it does without a glide. @private */
    this.landed = false;
    /** Positions of the pointers that are down. @private
     *  @type {Map<number, { x: number, y: number }>} */
    this.pointers = new Map();
    /** How far they have moved; infinite once there were two, which is no tap. @private */
    this.moved = 0;
    /** Held keys that move the camera. @private @type {Set<string>} */
    this.pans = new Set();
    /** Those pressed since the last frame: a press counts even if the key is up again.
     *  @private @type {Set<string>} */
    this.tapped = new Set();
    this.listen(surface);
  }

  /** Starts or stops spectating. @param {boolean} active */
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
      // There is nothing farther out.
      camera.keepWithin(Math.max(world.borderRadius, world.levelRadius));
    }
    this.landed ||= world.borderRadius > 0;
  }

  /** Shows the whole arena when the followed player has left: the spectator chooses the next one.
   *  @private */
  checkFollowed() {
    if (this.followed === null) return;
    const player = this.world.players.get(this.followed);
    if (player) {
      this.followedName = player.name || "Nameless";
      return;
    }
    this.notify(`${this.followedName} has left. Press E or tap a ship to follow another.`);
    this.showWhole();
  }

  /** Follows the next player in the order of their numbers, or the one before; shows the whole arena
   *  when there is none. Before the first snapshot, which says who flies, the step is kept.
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

  /** Frees the camera: it stays where it is until moved. */
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
    // A sideways wheel has a factor of 1.
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
      // While this key is held, macOS reports no release of another.
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
