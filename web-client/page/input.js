// @ts-check
// What the player holds: keys, pointer and fingers, as buttons and a direction.
//
// It owns the listeners on the window and what is held; it knows no protocol and no ship. The
// bits are those of `skirmish::Input`. Asked by main.js at each tick and frame.

export const Button = { UP: 1, DOWN: 2, LEFT: 4, RIGHT: 8, FIRE: 16, RAIL: 32 };

/** By place on the keyboard, so that WASD is a cross on every layout. @type {Record<string, number>} */
const KEYS = {
  KeyW: Button.UP,
  ArrowUp: Button.UP,
  KeyS: Button.DOWN,
  ArrowDown: Button.DOWN,
  KeyA: Button.LEFT,
  ArrowLeft: Button.LEFT,
  KeyD: Button.RIGHT,
  ArrowRight: Button.RIGHT,
  Space: Button.FIRE,
  ShiftLeft: Button.RAIL,
  ShiftRight: Button.RAIL,
};

/** What the mouse holds, by the number of its button. @type {Record<number, number>} */
const MOUSE = { 0: Button.FIRE, 2: Button.RAIL };

/** How far a finger moves on the steering half until it counts, in CSS pixels. */
const STICK_DEAD_PX = 14;
/** Cosine of the angle within which a finger steers along an axis: eight equal directions. */
const STICK_AXIS = 0.383;

export class Controls {
  /** @param {HTMLElement} surface where the pointer plays
   *  @param {HTMLElement} railButton for fingers, to hold the rail */
  constructor(surface, railButton) {
    this.surface = surface;
    this.railButton = railButton;
    /** Whether keys are for the game: else they are left to the page. */
    this.active = false;
    this.touched = false;
    /** @private */
    this.keys = new Set();
    /** Bits of {@link Button} that the mouse holds. @private */
    this.mouse = 0;
    /** Pointer in CSS pixels. */
    this.pointerX = innerWidth / 2 + 100;
    this.pointerY = innerHeight / 2;
    /** The steering finger: id, where it came down, which way it points. @private
     *  @type {{ id: number, x: number, y: number, buttons: number } | null} */
    this.stick = null;
    /** The aiming finger. @private
     *  @type {{ id: number, x: number, y: number } | null} */
    this.aimer = null;
    /** The finger on the rail's button, which aims as well. @private
     *  @type {{ id: number, x: number, y: number } | null} */
    this.railer = null;
    /** @private */
    this.touchAim = 0;
    this.listen();
  }

  /** @returns {number} bits of {@link Button} */
  buttons() {
    if (!this.active) return 0;
    let buttons = this.mouse;
    if (this.aimer) buttons |= Button.FIRE;
    if (this.railer) buttons |= Button.RAIL;
    for (const code of this.keys) buttons |= KEYS[code];
    return buttons | (this.stick?.buttons ?? 0);
  }

  /** Direction from a point on the screen to the pointer, in radians.
   *  @param {number} x @param {number} y */
  aimFrom(x, y) {
    if (this.touched) return this.touchAim;
    return Math.atan2(this.pointerY - y, this.pointerX - x);
  }

  /** Lets go of everything. */
  release() {
    this.keys.clear();
    this.mouse = 0;
    this.stick = null;
    this.aimer = null;
    this.railer = null;
  }

  /** @private */
  listen() {
    addEventListener("keydown", (event) => {
      if (!this.active || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!(event.code in KEYS)) return;
      // A focused button is pressed by the space bar, and scrolling is for pages.
      event.preventDefault();
      this.keys.add(event.code);
    });
    addEventListener("keyup", (event) => this.keys.delete(event.code));
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.release();
    });
    const { surface } = this;
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") this.touchMove(event);
      else this.point(event);
    });
    surface.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") this.touchDown(event);
      else this.point(event);
    });
    this.railButton.addEventListener("pointerdown", (event) => {
      this.touched = event.pointerType === "touch";
      this.railer = { id: event.pointerId, x: event.clientX, y: event.clientY };
    });
    // Not by the pointer's events: a second button pressed or let go while a first is held down
    // is only a pointermove.
    surface.addEventListener("mousedown", (event) => {
      if (!this.touched) this.mouse |= MOUSE[event.button] ?? 0;
    });
    addEventListener("mouseup", (event) => {
      this.mouse &= ~(MOUSE[event.button] ?? 0);
    });
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      addEventListener(name, (event) => {
        if (event.pointerType === "touch") this.touchUp(event);
        else if (name === "pointercancel") this.mouse = 0;
      });
    }
  }

  /** @private @param {PointerEvent} event */
  point(event) {
    this.touched = false;
    this.pointerX = event.clientX;
    this.pointerY = event.clientY;
  }

  /** The left half steers, the right half aims and fires. @private @param {PointerEvent} event */
  touchDown(event) {
    this.touched = true;
    const finger = { id: event.pointerId, x: event.clientX, y: event.clientY };
    if (event.clientX < innerWidth / 2) this.stick = { ...finger, buttons: 0 };
    else this.aimer = finger;
  }

  /** @private @param {PointerEvent} event */
  touchMove(event) {
    for (const finger of [this.stick, this.aimer, this.railer]) {
      if (finger?.id !== event.pointerId) continue;
      const dx = event.clientX - finger.x;
      const dy = event.clientY - finger.y;
      const length = Math.hypot(dx, dy);
      if (length < STICK_DEAD_PX) continue;
      if (finger === this.stick) this.stick.buttons = steer(dx / length, dy / length);
      else this.touchAim = Math.atan2(dy, dx);
    }
  }

  /** @private @param {PointerEvent} event */
  touchUp(event) {
    if (this.stick?.id === event.pointerId) this.stick = null;
    if (this.aimer?.id === event.pointerId) this.aimer = null;
    if (this.railer?.id === event.pointerId) this.railer = null;
  }
}

/** @param {number} dx @param {number} dy a unit vector */
function steer(dx, dy) {
  return (
    (dx > STICK_AXIS ? Button.RIGHT : dx < -STICK_AXIS ? Button.LEFT : 0) |
    (dy > STICK_AXIS ? Button.DOWN : dy < -STICK_AXIS ? Button.UP : 0)
  );
}
