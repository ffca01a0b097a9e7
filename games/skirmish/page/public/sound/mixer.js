// @ts-check
// The mixer: plays voices with volume, panning and a low-pass filter, up to a maximum number.
//
// It owns the audio context, which starts at the first press (browsers require one) and is suspended
// while the page is hidden, muted or in no room. It knows no game: recipes have names, places are
// numbers. Used by sound.js.

import { RECIPES } from "./recipes.js";

/** @typedef {import("./recipes.js").Layer} Layer */
/**
 * @typedef {object} Place
 * @property {number} pan from -1, left, to 1
 * @property {number} far distance: 0 at the middle, 1 at the edge of the screen
 *
 * @typedef {{ gain: number, endsAt: number, output: GainNode }} Voice
 */

/** More voices cannot be distinguished, and cost time. */
const VOICES_MAX = 24;
/** Fainter sounds are not started. */
const FAINT = 0.012;
/** A stopped voice fades out over this time, so that it does not click. */
const YIELD_SECONDS = 0.02;
const HERE = { pan: 0, far: 0 };

export class Mixer {
  constructor() {
    /** @private @type {AudioContext | null} */
    this.context = null;
    /** @private @type {GainNode | null} */
    this.master = null;
    /** @private @type {AudioBuffer | null} */
    this.noise = null;
    /** @private @type {Voice[]} */
    this.voices = [];
    /** When each recipe last started. @private @type {Map<string, number>} */
    this.begun = new Map();
    /** From 0 to 1; at 0 audio is suspended. @private */
    this.volume = 0;
    /** Whether the page is in a room. @private */
    this.active = false;
    /** @private @type {{ tone: OscillatorNode, output: GainNode } | null} */
    this.whine = null;
    const gesture = () => this.wake();
    for (const kind of ["pointerdown", "pointerup", "keydown"]) {
      addEventListener(kind, gesture, { capture: true, passive: true });
    }
    document.addEventListener("visibilitychange", () => this.rest());
  }

  /** @param {number} volume from 0, silence, to 1 */
  setVolume(volume) {
    this.volume = volume;
    // Hearing is logarithmic: squared, the middle of the slider sounds like half.
    if (this.context) this.master?.gain.setTargetAtTime(volume * volume, this.context.currentTime, 0.02);
    this.rest();
  }

  /** @param {string} name of a recipe @param {Place} [place] */
  play(name, place = HERE) {
    const { context, master } = this;
    if (!context || !master || context.state !== "running") return;
    const recipe = RECIPES[name];
    const now = context.currentTime;
    const far = recipe.near ? 0 : place.far;
    const gain = recipe.gain / (1 + 1.6 * far * far);
    if (gain < FAINT || now - (this.begun.get(name) ?? -1) < recipe.everyMs / 1000) return;
    if (!this.makeRoom(gain, recipe.near === true, now)) return;
    this.begun.set(name, now);
    const output = context.createGain();
    output.gain.value = gain;
    const dull = context.createBiquadFilter();
    dull.type = "lowpass";
    dull.frequency.value = Math.max(350, 15000 * Math.exp(-1.5 * far));
    const pan = context.createStereoPanner();
    pan.pan.value = recipe.near ? 0.4 * place.pan : 0.85 * place.pan;
    output.connect(dull).connect(pan).connect(master);
    const ends = recipe.layers.map((layer) => this.sound(context, output, layer, now));
    const endsAt = Math.max(...ends);
    this.voices.push({ gain, endsAt, output });
  }

  /** The rail's charging tone; its pitch rises with the strength. @param {number} strength
   *  from 0, none, to 1 */
  hum(strength) {
    const { context, master } = this;
    if (!context || !master || context.state !== "running") return;
    if (strength <= 0 && !this.whine) return;
    const now = context.currentTime;
    if (strength <= 0) {
      this.whine?.output.gain.setTargetAtTime(0, now, 0.03);
      this.whine?.tone.stop(now + 0.25);
      this.whine = null;
      return;
    }
    if (!this.whine) {
      const tone = context.createOscillator();
      const output = context.createGain();
      tone.type = "sawtooth";
      tone.frequency.value = 120;
      output.gain.value = 0;
      const dull = context.createBiquadFilter();
      dull.type = "lowpass";
      dull.frequency.value = 1400;
      tone.connect(dull).connect(output).connect(master);
      tone.start();
      this.whine = { tone, output };
    }
    this.whine.tone.frequency.setTargetAtTime(120 * 2 ** (2.4 * strength), now, 0.03);
    this.whine.output.gain.setTargetAtTime(0.02 + 0.07 * strength, now, 0.04);
  }

  /** Enters a room, or leaves it. @param {boolean} active */
  setActive(active) {
    this.active = active;
    this.hum(0);
    this.rest();
  }

  /** Starts audio at a press. */
  wake() {
    if (this.volume <= 0) return;
    if (!this.context) this.begin();
    this.rest();
  }

  /** Runs or suspends the context. @private */
  rest() {
    const { context } = this;
    if (!context) return;
    const wanted = this.volume > 0 && !document.hidden && this.active;
    if (wanted && context.state !== "running") context.resume().catch(() => {});
    // Suspend one that is about to run, too.
    if (!wanted) context.suspend().catch(() => {});
  }

  /** @private */
  begin() {
    if (typeof AudioContext === "undefined") return;
    const context = new AudioContext({ latencyHint: "interactive" });
    const master = context.createGain();
    master.gain.value = this.volume * this.volume;
    // Compress many voices instead of clipping them.
    const limiter = context.createDynamicsCompressor();
    limiter.threshold.value = -14;
    limiter.knee.value = 8;
    limiter.ratio.value = 14;
    limiter.attack.value = 0.003;
    limiter.release.value = 0.15;
    master.connect(limiter).connect(context.destination);
    this.noise = whiteNoise(context);
    this.context = context;
    this.master = master;
  }

  /** Makes room for one more voice and returns whether there is any: the faintest one is stopped for a
   *  louder one or one of the own ship. @private @param {number} gain @param {boolean} near
   *  @param {number} now */
  makeRoom(gain, near, now) {
    this.voices = this.voices.filter((voice) => voice.endsAt > now);
    if (this.voices.length < VOICES_MAX) return true;
    const faintest = this.voices.reduce((one, other) => (other.gain < one.gain ? other : one));
    if (!near && faintest.gain >= gain) return false;
    faintest.output.gain.setTargetAtTime(0, now, YIELD_SECONDS / 3);
    this.voices.splice(this.voices.indexOf(faintest), 1);
    return true;
  }

  /** Starts a layer; returns when it ends. @private @param {AudioContext} context @param {AudioNode} output
   *  @param {Layer} layer @param {number} now */
  sound(context, output, { wave, from, to, seconds, gain, after = 0, attack = 0.002 }, now) {
    const [start, end] = [now + after, now + after + seconds];
    const shape = context.createGain();
    shape.gain.setValueAtTime(0, start);
    shape.gain.linearRampToValueAtTime(gain, start + attack);
    shape.gain.exponentialRampToValueAtTime(0.001, end);
    shape.connect(output);
    const source = wave === "noise" ? context.createBufferSource() : context.createOscillator();
    let pitch;
    if (source instanceof OscillatorNode) {
      source.type = /** @type {OscillatorType} */ (wave);
      source.connect(shape);
      pitch = source.frequency;
    } else {
      const band = context.createBiquadFilter();
      band.type = "bandpass";
      band.Q.value = 0.7;
      source.buffer = this.noise;
      source.loop = true;
      source.loopStart = Math.random();
      source.connect(band).connect(shape);
      pitch = band.frequency;
    }
    pitch.setValueAtTime(from, start);
    pitch.exponentialRampToValueAtTime(to, end);
    source.start(start);
    source.stop(end + 0.02);
    return end;
  }
}

/** @param {AudioContext} context */
function whiteNoise(context) {
  const noise = context.createBuffer(1, 2 * context.sampleRate, context.sampleRate);
  const samples = noise.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = 2 * Math.random() - 1;
  return noise;
}
