// @ts-check
// Whose eyes the camera has: the own ship's, a spectator's, or nobody's behind the overlay.
//
// It moves the camera and listens to a spectator's wheel, drags and `F`; it draws nothing.
// Called by main.js once per frame.

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */

const ZOOM_STEP = 1.0015;
/** A press that moved less than this is a click, in CSS pixels. */
const CLICK_PX = 5;
/** For how long the overlay's camera stays with one ship. */
const DRIFT_MS = 9000;

export class View {
  /** @param {Camera} camera @param {World} world @param {HTMLElement} surface */
  constructor(camera, world, surface) {
    this.camera = camera;
    this.world = world;
    /** @type {"demo" | "player" | "spectator"} */
    this.eyes = "demo";
    /** Whom a spectator follows. @private @type {number | null} */
    this.followed = null;
    /** @private @type {{ x: number, y: number, moved: number } | null} */
    this.press = null;
    /** @private */
    this.landed = false;
    this.listen(surface);
  }

  /** @param {"demo" | "player" | "spectator"} eyes */
  become(eyes) {
    this.eyes = eyes;
    this.followed = null;
    this.camera.free = false;
    this.camera.shake = 0;
    this.landed = false;
  }

  /** Moves the camera for a frame. @param {number} now @param {number} seconds */
  move(now, seconds) {
    const { camera, world } = this;
    if (this.eyes === "demo") {
      const ships = world.ships;
      const ship = ships[Math.floor(now / DRIFT_MS) % Math.max(1, ships.length)];
      if (ship) camera.drift(ship.x, ship.y, this.landed ? seconds : Infinity);
      this.landed ||= ship !== undefined;
    } else if (this.eyes === "player") {
      if (world.own) camera.sitOn(world.own.x, world.own.y);
      else camera.sitOn(camera.x, camera.y);
    } else {
      this.spectate(seconds);
    }
  }

  /** @private @param {number} seconds */
  spectate(seconds) {
    const { camera, world } = this;
    // The first look is taken at once.
    const time = this.landed ? seconds : Infinity;
    const ship = this.followed === null ? undefined : world.shipOf(this.followed);
    if (ship) camera.glideTo(ship.x, ship.y, time);
    else if (this.followed === null && !camera.free) camera.fit(world.borderRadius, time);
    this.landed ||= world.borderRadius > 0;
  }

  /** The next ship, and after the last one the whole arena. @private */
  followNext() {
    const players = this.world.ships.map((ship) => ship.player).sort((a, b) => a - b);
    const last = this.followed;
    this.followed = players.find((player) => last === null || player > last) ?? null;
    this.camera.free = false;
  }

  /** @private @param {HTMLElement} surface */
  listen(surface) {
    const watches = () => this.eyes === "spectator";
    surface.addEventListener(
      "wheel",
      (event) => {
        if (!watches()) return;
        this.followed = null;
        this.camera.zoom(ZOOM_STEP ** -event.deltaY, event.clientX, event.clientY);
      },
      { passive: true },
    );
    surface.addEventListener("pointerdown", (event) => {
      if (watches()) this.press = { x: event.clientX, y: event.clientY, moved: 0 };
    });
    addEventListener("pointermove", (event) => {
      const { press } = this;
      if (!press || !watches()) return;
      const dx = event.clientX - press.x;
      const dy = event.clientY - press.y;
      press.moved += Math.hypot(dx, dy);
      press.x = event.clientX;
      press.y = event.clientY;
      if (press.moved < CLICK_PX) return;
      this.followed = null;
      this.camera.drag(dx, dy);
    });
    addEventListener("pointerup", () => {
      if (this.press && watches() && this.press.moved < CLICK_PX) this.followNext();
      this.press = null;
    });
    addEventListener("keydown", (event) => {
      if (watches() && event.code === "KeyF" && !event.ctrlKey && !event.metaKey) this.followNext();
    });
  }
}
