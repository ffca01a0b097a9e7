// @ts-check
// The camera while the own ship is destroyed: it glides to the ship that did it.
//
// It only moves the camera, within what the server sends around the wreck, so it shows nothing that the
// player does not know anyway; and it delays nothing: the next ship has the camera in its first frame.
// Without a known killer, or where the system asks for less motion, the camera stays at the wreck. Moved
// by view.js.

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./types.js").Own} Own */

/** How long the explosion of the own ship has the picture, in seconds. */
const WRECK_SECONDS = 0.4;
/** Nearer than in play, since only then is there room to move within what is known. */
const NEARNESS = 1.3;

export class Killcam {
  /** @param {Camera} camera @param {World} world */
  constructor(camera, world) {
    this.camera = camera;
    this.world = world;
    /** Null while it is not known. @private @type {number | null} */
    this.killer = null;
    /** How long the own ship has been destroyed, in seconds. @private */
    this.seconds = 0;
  }

  clear() {
    this.killer = null;
    this.seconds = 0;
  }

  /** The own ship was destroyed. @param {number} killer */
  blame(killer) {
    this.killer = killer;
  }

  /** Moves the camera. Returns whether it did; else it is somebody else's. @param {Own | null} own
   *  @param {number} seconds since the last frame @param {boolean} calm whether less motion is asked for */
  move(own, seconds, calm) {
    if (!own || own.respawn_ticks === null) {
      // The event that names the next killer comes after the death.
      if (this.seconds > 0) this.clear();
      return false;
    }
    this.seconds += seconds;
    if (calm || this.killer === null || this.seconds < WRECK_SECONDS) return false;
    const ship = this.killer === this.world.self ? undefined : this.world.shipOf(this.killer);
    // A killer that has left the view, or died as well, leaves the camera where it is.
    const { x, y } = ship ?? this.camera;
    this.camera.peek(own.x, own.y, x, y, NEARNESS, seconds);
    return true;
  }
}
