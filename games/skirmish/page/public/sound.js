// @ts-check
// Which sound each event has, and from where.
//
// play.js passes it events and the state of each frame; it plays recipes by name and place through
// sound/mixer.js. It changes nothing. Made by play.js.

import { LOW_HULL, PICKUPS, STREAK_ANNOUNCED } from "./thresholds.js";
import { Mixer } from "./sound/mixer.js";
import { element } from "./dom.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").GameEvent} GameEvent */
/** @typedef {import("./types.js").Own} Own */
/** @typedef {{ volume: number, muted: boolean }} Level */
/**
 * What sound.js needs of settings.js.
 * @typedef {object} Settings
 * @property {Level} sound
 * @property {(wanted: { sound: Level }) => void} change
 * @property {(listener: () => void) => void} onChange
 */

const MUTE_KEY = "KeyV";
/** Beyond this distance an explosion is only a rumble; 1 is the edge of the screen. */
const RUMBLE_FAR = 1.1;
const LOW_EVERY_MS = 1900;
/** The last seconds of a round have a tick each, and the very last a louder one. */
const COUNTED_SECONDS = 10;
const LAST_SECONDS = 3;

export class Sound {
  /** @param {Settings} settings @param {Camera} camera */
  constructor(settings, camera) {
    this.settings = settings;
    this.camera = camera;
    /** @private */
    this.mixer = new Mixer();
    /** Whether the page is in a room. @private */
    this.active = false;
    /** @private */
    this.lowAt = 0;
    /** @private @type {number | null} */
    this.phase = null;
    /** @private */
    this.second = 0;
    /** @private */
    this.button = element("mute");
    this.button.addEventListener("click", (event) => {
      this.toggle();
      // Drop the focus, or the space bar would press the button instead of firing.
      if (event.detail > 0) this.button.blur();
    });
    addEventListener("keydown", (event) => {
      if (event.code !== MUTE_KEY || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.active && !(event.target instanceof HTMLInputElement)) this.toggle();
    });
    settings.onChange(() => this.applySettings());
    this.applySettings();
  }

  /** Enters a room, or leaves it. @param {boolean} active */
  setActive(active) {
    this.active = active;
    this.phase = null;
    this.mixer.setActive(active);
  }

  /** Starts audio at a press that the browser does not report, such as a gamepad's. */
  wake() {
    this.mixer.wake();
  }

  /** Forgets the round's phase after a gap, so that its change makes no sound. */
  skip() {
    this.phase = null;
  }

  /** @param {World} world @param {GameEvent} event */
  show(world, { name, values }) {
    if (!this.active) return;
    const { self } = world;
    const own = values.player === self;
    const at = () => this.place(values.x, values.y);
    if (name === "hit") this.hit(values, own, values.by === self, at());
    else if (name === "burst") this.mixer.play("impact", at());
    else if (name === "boom") this.boom(own, at());
    else if (name === "spawn") this.mixer.play(own ? "ownSpawn" : "spawn", at());
    else if (name === "rail" && values.by !== self) this.mixer.play("rail", at());
    else if (name === "take") this.take(values.kind_, own, at());
    else if (name === "kill" && values.killer === self && values.victim !== self) this.mixer.play("kill");
    else if (name === "assist" && self !== null) this.mixer.play("assist");
    else if (name === "streak" && own) this.mixer.play("streak");
    else if (name === "streak" && values.kills >= STREAK_ANNOUNCED) this.mixer.play("streakOther");
  }

  /** Others have fired. @param {{ x: number, y: number }[]} shots */
  shots(shots) {
    if (!this.active) return;
    for (const { x, y } of shots) this.mixer.play("shot", this.place(x, y));
  }

  /** The own ship has fired, as predicted. @param {boolean} rail */
  fire(rail) {
    if (this.active) this.mixer.play(rail ? "rail" : "ownShot");
  }

  /** Updates continuous sounds for a frame. @param {World} world @param {Own | null} own
   *  @param {number} now */
  follow(world, own, now) {
    if (!this.active) return;
    const flies = own !== null && own.respawn_ticks === null;
    this.mixer.hum(flies ? own.charge : 0);
    if (flies && own.hull < LOW_HULL * own.hull_max && now - this.lowAt > LOW_EVERY_MS) {
      this.lowAt = now;
      this.mixer.play("low");
    }
    this.followRound(world);
  }

  /** @private @param {World} world */
  followRound(world) {
    const phase = world.round?.phase ?? null;
    if (phase !== this.phase && this.phase !== null && phase !== null) {
      this.mixer.play(phase === 1 ? "roundEnd" : "roundStart");
    }
    this.phase = phase;
    const second = Math.ceil(world.secondsLeft() ?? Infinity);
    if (second === this.second) return;
    this.second = second;
    const counted = phase === 0 ? COUNTED_SECONDS : LAST_SECONDS;
    if (second > 0 && second <= counted) this.mixer.play(second <= LAST_SECONDS ? "lastTick" : "tick");
  }

  /** @private @param {Record<string, number>} values @param {boolean} own @param {boolean} byOwn
   *  @param {import("./sound/mixer.js").Place} place */
  hit(values, own, byOwn, place) {
    if (own) this.mixer.play(values.shielded === 1 ? "shieldHit" : "hullHit", place);
    else if (byOwn) this.mixer.play("hitOther", place);
    else this.mixer.play("impact", place);
  }

  /** Unknown kinds make no sound. @private @param {number} kind @param {boolean} own
   *  @param {import("./sound/mixer.js").Place} place */
  take(kind, own, place) {
    const pickup = PICKUPS[kind];
    if (pickup) this.mixer.play(own ? pickup.sound : "taken", place);
  }

  /** @private @param {boolean} own @param {import("./sound/mixer.js").Place} place */
  boom(own, place) {
    this.mixer.play(own ? "ownBoom" : place.far > RUMBLE_FAR ? "rumble" : "boom", place);
  }

  /** A place relative to the middle of the screen. @private @param {number} x
   *  @param {number} y */
  place(x, y) {
    const { camera } = this;
    const dx = ((x - camera.x) * camera.scale) / (camera.width / 2);
    const dy = ((y - camera.y) * camera.scale) / (camera.height / 2);
    return { pan: Math.min(1, Math.max(-1, dx)), far: Math.hypot(dx, dy) };
  }

  /** @private */
  toggle() {
    const { volume, muted } = this.settings.sound;
    this.settings.change({ sound: { volume, muted: !muted } });
  }

  /** @private */
  applySettings() {
    const { volume, muted } = this.settings.sound;
    this.mixer.setVolume(muted ? 0 : volume);
    this.button.setAttribute("aria-pressed", String(muted));
  }
}
