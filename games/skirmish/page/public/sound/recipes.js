// @ts-check
// The recipe of each sound: a table of tones and noises with their pitches and lengths.
//
// sound/mixer.js plays them. Like the graphics they follow the idea of a radar: thin tones, little
// noise; the own ship's are warm and near, danger is low and harsh.

/**
 * @typedef {object} Layer
 * @property {OscillatorType | "noise"} wave
 * @property {number} from Hz; for noise the centre of the band-pass filter
 * @property {number} to Hz, at its end
 * @property {number} seconds
 * @property {number} gain
 * @property {number} [after] seconds after the beginning
 * @property {number} [attack] seconds until it is at its loudest
 *
 * @typedef {object} Recipe
 * @property {number} gain
 * @property {number} everyMs minimum time between two starts
 * @property {boolean} [near] whether it is about the own ship: never far away, never dropped
 * @property {Layer[]} layers
 */

/** @param {OscillatorType} wave @param {number} seconds of each @param {number} gain
 *  @param {number[]} notes Hz, one after the other @returns {Layer[]} */
function run(wave, seconds, gain, notes) {
  return notes.map((from, nth) => {
    return { wave, from, to: from, seconds: 2 * seconds, gain, after: nth * seconds, attack: 0.006 };
  });
}

/** @type {Record<string, Recipe>} */
export const RECIPES = {
  // Shots.
  ownShot: {
    gain: 0.3,
    everyMs: 40,
    near: true,
    layers: [
      { wave: "triangle", from: 920, to: 210, seconds: 0.11, gain: 0.8 },
      { wave: "noise", from: 3200, to: 1400, seconds: 0.05, gain: 0.35 },
    ],
  },
  shot: {
    gain: 0.17,
    everyMs: 45,
    layers: [{ wave: "triangle", from: 640, to: 180, seconds: 0.1, gain: 0.8 }],
  },
  rail: {
    gain: 0.5,
    everyMs: 60,
    layers: [
      { wave: "sawtooth", from: 1900, to: 90, seconds: 0.34, gain: 0.4 },
      { wave: "noise", from: 5200, to: 500, seconds: 0.28, gain: 0.7 },
      { wave: "sine", from: 130, to: 42, seconds: 0.4, gain: 0.8 },
    ],
  },
  // Hits.
  hitOther: {
    gain: 0.2,
    everyMs: 50,
    near: true,
    layers: [{ wave: "square", from: 1480, to: 1250, seconds: 0.045, gain: 0.5 }],
  },
  shieldHit: {
    gain: 0.36,
    everyMs: 60,
    near: true,
    layers: [
      { wave: "sine", from: 1180, to: 560, seconds: 0.2, gain: 0.7 },
      { wave: "sine", from: 1790, to: 870, seconds: 0.14, gain: 0.35 },
    ],
  },
  hullHit: {
    gain: 0.55,
    everyMs: 60,
    near: true,
    layers: [
      { wave: "noise", from: 900, to: 220, seconds: 0.18, gain: 1 },
      { wave: "square", from: 150, to: 60, seconds: 0.16, gain: 0.45 },
    ],
  },
  impact: {
    gain: 0.1,
    everyMs: 50,
    layers: [{ wave: "noise", from: 2400, to: 900, seconds: 0.07, gain: 0.8 }],
  },
  // Deaths and spawns.
  boom: {
    gain: 0.6,
    everyMs: 70,
    layers: [
      { wave: "noise", from: 1500, to: 90, seconds: 0.7, gain: 1 },
      { wave: "sine", from: 120, to: 34, seconds: 0.55, gain: 0.9 },
    ],
  },
  ownBoom: {
    gain: 0.8,
    everyMs: 200,
    near: true,
    layers: [
      { wave: "noise", from: 1100, to: 60, seconds: 1.2, gain: 1 },
      { wave: "sine", from: 95, to: 26, seconds: 1, gain: 1 },
      { wave: "sawtooth", from: 420, to: 40, seconds: 0.8, gain: 0.25 },
    ],
  },
  rumble: {
    gain: 0.5,
    everyMs: 160,
    layers: [{ wave: "noise", from: 190, to: 60, seconds: 0.9, gain: 1, attack: 0.06 }],
  },
  spawn: {
    gain: 0.13,
    everyMs: 90,
    layers: [{ wave: "sine", from: 260, to: 780, seconds: 0.22, gain: 0.7, attack: 0.05 }],
  },
  ownSpawn: {
    gain: 0.3,
    everyMs: 300,
    near: true,
    layers: [
      { wave: "sine", from: 220, to: 880, seconds: 0.4, gain: 0.6, attack: 0.08 },
      { wave: "triangle", from: 440, to: 1320, seconds: 0.34, gain: 0.25, after: 0.06, attack: 0.08 },
    ],
  },
  // Notifications for the own player.
  kill: {
    gain: 0.34,
    everyMs: 60,
    near: true,
    layers: [
      // A thump under the two notes: it is felt before it is heard.
      { wave: "sine", from: 170, to: 48, seconds: 0.26, gain: 0.9 },
      ...run("triangle", 0.07, 0.6, [784, 1175]),
    ],
  },
  assist: { gain: 0.22, everyMs: 60, near: true, layers: run("triangle", 0.07, 0.6, [784]) },
  repair: { gain: 0.28, everyMs: 90, near: true, layers: run("sine", 0.075, 0.7, [523, 659, 784]) },
  shield: { gain: 0.28, everyMs: 90, near: true, layers: run("triangle", 0.085, 0.6, [392, 587, 880]) },
  overcharge: { gain: 0.2, everyMs: 90, near: true, layers: run("sawtooth", 0.06, 0.45, [330, 494, 659, 988]) },
  taken: { gain: 0.1, everyMs: 120, layers: run("sine", 0.06, 0.7, [523, 659]) },
  streak: { gain: 0.3, everyMs: 300, near: true, layers: run("triangle", 0.1, 0.55, [523, 659, 784, 1047]) },
  streakOther: { gain: 0.14, everyMs: 300, near: true, layers: run("triangle", 0.12, 0.5, [523, 415]) },
  low: { gain: 0.22, everyMs: 900, near: true, layers: run("square", 0.14, 0.35, [311, 233]) },
  // The round.
  tick: { gain: 0.16, everyMs: 500, near: true, layers: run("sine", 0.05, 0.8, [988]) },
  lastTick: { gain: 0.22, everyMs: 500, near: true, layers: run("sine", 0.07, 0.8, [1319]) },
  roundEnd: { gain: 0.3, everyMs: 900, near: true, layers: run("triangle", 0.17, 0.5, [784, 659, 523, 392]) },
  roundStart: { gain: 0.3, everyMs: 900, near: true, layers: run("triangle", 0.12, 0.5, [392, 523, 784]) },
};
