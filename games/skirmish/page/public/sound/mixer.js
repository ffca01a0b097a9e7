// @ts-check
// The voices: what sounds at a time, how loud, from which side, how dull, and never too many.
//
// It owns the audio context, which begins with the first key or press (browsers ask for that) and
// sleeps while the page is hidden or mute, or nobody is in a room. It knows no game: recipes come
// by name, places as numbers. Used by sound.js.

import { RECIPES } from "./recipes.js";

/** @typedef {import("./recipes.js").Layer} Layer */
/**
 * @typedef {object} Place
 * @property {number} pan from -1, left, to 1
 * @property {number} far 0 here, 1 at the edge of the picture, and beyond
 *
 * @typedef {{ gain: number, endsAt: number, output: GainNode }} Voice
 */

/** More are not told apart, and cost. */
const VOICES_MAX = 24;
/** What is fainter is not begun at all. */
const FAINT = 0.012;
/** A voice that gives way fades rather than clicks. */
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
    /** When each began last, by name. @private @type {Map<string, number>} */
    this.begun = new Map();
    /** From 0 to 1; 0 sleeps. @private */
    this.volume = 0;
    /** Whether there is anything to be heard. @private */
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
    // Ears hear ratios: the middle of a slider is to sound like half.
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

  /** A tone that is held as long as it is told to, and rises with it. @param {number} strength
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

  /** Something is there to be heard from now on, or nothing. @param {boolean} active */
  setActive(active) {
    this.active = active;
    this.hum(0);
    this.rest();
  }

  /** Somebody pressed something. */
  wake() {
    if (this.volume <= 0) return;
    if (!this.context) this.begin();
    this.rest();
  }

  /** Runs while there is something to be heard, and someone to hear it. @private */
  rest() {
    const { context } = this;
    if (!context) return;
    const wanted = this.volume > 0 && !document.hidden && this.active;
    if (wanted && context.state !== "running") context.resume().catch(() => {});
    // Also one that is about to run.
    if (!wanted) context.suspend().catch(() => {});
  }

  /** @private */
  begin() {
    if (typeof AudioContext === "undefined") return;
    const context = new AudioContext({ latencyHint: "interactive" });
    const master = context.createGain();
    master.gain.value = this.volume * this.volume;
    // Many at once are held together rather than clipped.
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

  /** Gives whether there is room for one more; the faintest gives way to a louder one, and any to
   *  what is about the own ship. @private @param {number} gain @param {boolean} near
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

  /** Gives when it ends. @private @param {AudioContext} context @param {AudioNode} output
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
