// @ts-check
// Keys, pointer and touch of the viewer, for games that make their input of them. Only those are offered that
// change the game's input.

import { element } from "./dom.js";

/** @typedef {import("../tickwire.js").Keys} Keys */
/** @typedef {keyof Keys} Key */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {import("./field.js").Field} Field */

/** @type {Record<string, Key>} */
const CODES = {
  KeyW: "up", ArrowUp: "up", KeyS: "down", ArrowDown: "down", KeyA: "left", ArrowLeft: "left", KeyD: "right",
  ArrowRight: "right", Space: "primary", KeyE: "secondary", ShiftLeft: "secondary", ShiftRight: "secondary",
};
/** @type {readonly Key[]} */
const DIRECTIONS = ["up", "down", "left", "right"];
/** The thumb moves the stick so far at most, in pixels; nearer than a third of that it points nowhere. */
const STICK_PX = 56;
/** Within such a part of a turn from an axis the stick points along that alone: a direction of eight. */
const DIAGONAL = Math.tan(Math.PI / 8);

export class Controls {
  #feed;
  #field;
  #canvas;
  /** What keys and buttons hold. @type {Map<string, Key>} */
  #down = new Map();
  /** @type {Set<Key>} */
  #stick = new Set();
  /** Where the pointer was last, on the page. @type {[number, number] | null} */
  #pointer = null;
  /** The direction of the last keys, in radians: where there is no pointer that aims. @type {number | null} */
  #direction = null;
  /** Which of the keys that the game takes are offered. @type {Set<Key>} */
  #used;

  /** @param {Feed} feed @param {Field} field @param {HTMLCanvasElement} canvas @param {HTMLElement} touch where
   *  the stick and the buttons of a touch screen go */
  constructor(feed, field, canvas, touch) {
    this.#feed = feed;
    this.#field = field;
    this.#canvas = canvas;
    this.#used = new Set(feed.keys);
    if (this.#used.size === 0) return;
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.#letGo());
    document.addEventListener("visibilitychange", () => document.hidden && this.#letGo());
    this.#listenToPointer();
    this.#addTouch(touch);
    feed.onsample(() => this.#hold());
  }

  /** What there is to press, for people. */
  get hint() {
    const used = this.#used;
    const hints = [];
    if (DIRECTIONS.some((key) => used.has(key))) hints.push("arrows or WASD to move");
    if (used.has("pointer") || used.has("aim")) hints.push("the pointer to aim");
    if (used.has("primary")) hints.push("space or a click");
    if (used.has("secondary")) hints.push("E or the other button");
    return hints.join(", ");
  }

  /** @param {KeyboardEvent} event @param {boolean} isDown */
  #key(event, isDown) {
    const key = CODES[event.code];
    // Whatever has the focus by then, and whichever keys are held beside it.
    if (!isDown) return this.#down.has(event.code) ? this.#set(event.code, key, false) : undefined;
    const { target } = event;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (!key || !this.#used.has(key) || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#set(event.code, key, true);
  }

  /** @param {string} by what holds it @param {Key} key @param {boolean} isDown */
  #set(by, key, isDown) {
    if (isDown) this.#down.set(by, key);
    else this.#down.delete(by);
    this.#hold();
  }

  /** @param {string} by @param {Key} key @param {boolean} isDown */
  #button(by, key, isDown) {
    if (this.#used.has(key) && this.#down.has(by) !== isDown) this.#set(by, key, isDown);
  }

  #letGo() {
    this.#down.clear();
    this.#stick.clear();
    this.#hold();
  }

  #hold() {
    const pointer = this.#pointer && this.#field.toWorld(...this.#pointer);
    const { own } = this.#field;
    const is = (/** @type {Key} */ key) => Number(this.#stick.has(key) || [...this.#down.values()].includes(key));
    const [x, y] = [is("right") - is("left"), is("down") - is("up")];
    if (x !== 0 || y !== 0) this.#direction = Math.atan2(y, x);
    const aim = pointer && own ? Math.atan2(pointer[1] - own.y, pointer[0] - own.x) : this.#direction;
    const held = (/** @type {Iterable<Key>} */ keys) => Object.fromEntries([...keys].map((key) => [key, true]));
    this.#feed.hold({ ...held(this.#down.values()), pointer, aim }, held(this.#stick));
  }

  #listenToPointer() {
    const canvas = this.#canvas;
    // A second button that is pressed, or one of two that is released, is told of by a move alone.
    const see = (/** @type {PointerEvent} */ event) => {
      this.#pointer = [event.clientX, event.clientY];
      this.#button("mouse primary", "primary", (event.buttons & 1) !== 0);
      this.#button("mouse secondary", "secondary", (event.buttons & 2) !== 0);
    };
    for (const type of /** @type {const} */ (["pointerdown", "pointermove", "pointerup"])) canvas.addEventListener(type, see);
    canvas.addEventListener("pointerdown", ({ pointerId }) => canvas.setPointerCapture(pointerId));
    canvas.addEventListener("pointercancel", () => this.#letGo());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** @param {HTMLElement} touch */
  #addTouch(touch) {
    if (DIRECTIONS.some((key) => this.#used.has(key))) touch.append(this.#stickElement());
    const labels = /** @type {const} */ ([["primary", "A"], ["secondary", "B"]]);
    for (const [key, label] of labels) {
      if (!this.#used.has(key)) continue;
      const button = element("button", { class: `act ${key}`, "aria-label": key, type: "button" }, label);
      this.#whilePressed(button, () => this.#set(`touch ${key}`, key, true), () => this.#set(`touch ${key}`, key, false));
      touch.append(button);
    }
  }

  /** @param {HTMLElement} of @param {(event: PointerEvent) => void} press @param {() => void} release
   *  @param {(event: PointerEvent) => void} [move] */
  #whilePressed(of, press, release, move) {
    /** @type {number | null} */
    let finger = null;
    of.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      finger = event.pointerId;
      of.setPointerCapture(finger);
      press(event);
    });
    of.addEventListener("pointermove", (event) => event.pointerId === finger && move?.(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      of.addEventListener(end, (event) => {
        if (event.pointerId !== finger) return;
        finger = null;
        release();
      });
    }
  }

  #stickElement() {
    const knob = element("div", { class: "knob" });
    const stick = element("div", { class: "stick", "aria-label": "stick" }, knob);
    const move = (/** @type {PointerEvent} */ event) => {
      const box = stick.getBoundingClientRect();
      const x = event.clientX - box.left - box.width / 2;
      const y = event.clientY - box.top - box.height / 2;
      const length = Math.hypot(x, y);
      const part = Math.min(1, STICK_PX / Math.max(length, 1));
      knob.style.transform = `translate(${x * part}px, ${y * part}px)`;
      this.#stick = new Set(length < STICK_PX / 3 ? [] : directions(x, y));
      this.#hold();
    };
    const release = () => {
      knob.style.transform = "";
      this.#stick.clear();
      this.#hold();
    };
    this.#whilePressed(stick, move, release, move);
    return stick;
  }
}

/** Which keys stand for a direction of the screen. @param {number} x @param {number} y @returns {Key[]} */
function directions(x, y) {
  /** @type {Key[]} */
  const keys = [];
  if (Math.abs(x) > DIAGONAL * Math.abs(y)) keys.push(x > 0 ? "right" : "left");
  if (Math.abs(y) > DIAGONAL * Math.abs(x)) keys.push(y > 0 ? "down" : "up");
  return keys;
}
