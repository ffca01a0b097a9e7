// @ts-check
// Tests of clock.js, without a browser: node clock.mjs [SEED]
//
// With a browser's clock that steps by 16 or 100 ms, each frame still shows a moment of its own, at any rate, near the
// true time and never before the last. Run by tests/tests/page_in_node.rs.

import { dice, fake, holds, run, world } from "./fake-browser.mjs";

const { Clock } = await import("../build/kit/clock.js");

const seed = Number(process.argv[2] ?? 1) || 1;
console.log(`seed ${seed}`);
const roll = dice(seed);
/** A frame's callback runs so long after the frame's time stamp, at most. */
const CALLED_MS = 1.5;
/** Until then a clock learns what it has to do with. */
const LEARNT_MS = 3_000;

/** @typedef {(time: number) => number} Read what a browser's clock says at a time */
/** @typedef {{ shown: number, late: number, before: number }} Frame how late what it shows is; since the one before */

/** @param {number} step @returns {Read} */
const stepping = (step) => (time) => Math.floor(time / step) * step;

/** A clock that steps at a random moment of each interval, as with Firefox's `resistFingerprinting`.
 *  @param {number} step @returns {Read} */
function jittering(step) {
  /** @type {Map<number, number>} */
  const moments = new Map();
  return (time) => {
    const nth = Math.floor(time / step);
    if (!moments.has(nth)) moments.set(nth, roll());
    return (nth + (time / step - nth < (moments.get(nth) ?? 0) ? 0 : 1)) * step;
  };
}

/**
 * The frames of a screen, from the moment on when the clock has learnt.
 * @param {Read} read @param {number} hz @param {number} [seconds] @param {(nth: number, ms: number) => number} [change]
 */
function frames(read, hz, seconds = 12, change = (_, ms) => ms) {
  let [time, stamp, last] = [0, 1_000.3, -Infinity];
  const clock = new Clock(() => read(time));
  /** @type {Frame[]} */
  const all = [];
  for (let nth = 0; nth < seconds * hz; nth++) {
    stamp += change(nth, 1000 / hz);
    time = stamp + CALLED_MS * roll();
    const shown = clock.frame(read(stamp));
    if (shown < last) throw new Error(`${shown} is shown after ${last}`);
    if (stamp > LEARNT_MS) all.push({ shown, late: time - shown, before: shown - last });
    last = shown;
  }
  return { all, clock };
}

/** @param {Frame[]} all */
const distinct = (all) => all.filter(({ before }) => before > 0.01).length / all.length;
/** @param {Frame[]} all */
const worst = (all) => Math.max(...all.map(({ late }) => Math.abs(late)));
/** @param {Frame[]} all @param {number} hz */
const unevenness = (all, hz) =>
  Math.sqrt(all.reduce((sum, { before }) => sum + (before - 1000 / hz) ** 2, 0) / all.length);

const RATES = [30, 60, 75, 90, 120, 144, 240];
for (const hz of RATES) {
  const ms = 1000 / hz;
  for (const step of [0.1, 1, 2]) {
    const { all, clock } = frames(stepping(step), hz);
    const isItself = clock.step === 0 && all.every(({ late }) => late > -0.001 && late <= step + 0.001);
    holds(isItself, `${hz} Hz: a clock that steps by ${step} ms is taken as it is`);
  }
  for (const step of [16, 50 / 3, 100]) {
    const { all } = frames(stepping(step), hz);
    const [off, uneven] = [worst(all), unevenness(all, hz)];
    const figures = `${off.toFixed(1)} ms off at most, uneven by ${uneven.toFixed(2)} ms`;
    const what = `${hz} Hz, steps of ${step.toFixed(1)} ms: each frame shows another moment, ${figures}`;
    holds(distinct(all) === 1 && off <= ms + CALLED_MS && uneven < 0.1 * ms, what);
  }
  const { all } = frames(jittering(50 / 3), hz);
  const what = `${hz} Hz, a clock that steps at random: ${(100 * distinct(all)).toFixed(0)} % of the frames do`;
  holds(distinct(all) > 0.93 && worst(all) < 20, what);
}

for (const step of [16, 100]) {
  const { all } = frames(stepping(step), 100, 12, (_, ms) => ms * (0.7 + 0.6 * roll()));
  holds(distinct(all) > 0.99 && worst(all) < 25, `a screen of a changing rate, steps of ${step} ms: near the time`);
  const slower = frames(stepping(step), 60, 20, (nth, ms) => (nth < 400 ? ms : 3 * ms)).all.slice(-60);
  holds(distinct(slower) === 1 && worst(slower) < 51, `frames that get slower, steps of ${step} ms: the clock keeps up`);
  for (const pause of [200, 700, 60_000]) {
    const paused = frames(stepping(step), 60, 12, (nth, ms) => (nth === 480 ? pause : ms)).all;
    const from = paused.findIndex(({ before }) => before > pause / 2);
    holds(from > 0, `after a pause of ${pause} ms, steps of ${step} ms: it goes on at once`);
    holds(worst(paused.slice(from)) <= step + 17, "and within a step of the time");
  }
}

// Clocks may be set back, and time stamps be of another clock, or none.
for (const step of [0.1, 16, 100]) {
  const read = stepping(step);
  let time = 0;
  const clock = new Clock(() => read(time));
  for (time = 100_000; time < 105_000; time += 16.7) clock.frame(time);
  for (const stamp of [NaN, undefined, 0, 1e12, -Infinity, /** @type {any} */ ("soon")]) {
    time += 16.7;
    holds(Math.abs(clock.frame(stamp) - time) <= step + 17, `steps of ${step} ms: a time stamp ${stamp} is no matter`);
  }
  time = 50_000;
  const first = clock.frame(read(time));
  holds(Math.abs(first - time) <= step + 17, "a clock that was set back is followed");
  time += 16.7;
  holds(clock.frame(read(time)) >= first, "and runs on from there");
}

// Timers carry the time between two steps, for inputs.
for (const step of [16, 100]) {
  const read = stepping(step);
  Object.assign(fake, { now: 1_000 });
  world.performance.now = () => read(fake.now);
  const clock = new Clock();
  let [due, late, calls] = [clock.now() + 10, 0, 0];
  const tick = () => {
    calls += 1;
    late = Math.max(late, Math.abs(fake.now - clock.now()));
    if (fake.now > LEARNT_MS && clock.now() < due) throw new Error("a timer is early by the clock that it was set by");
    if (fake.now < 8_000) [due, late] = fake.now < 3_000 ? [due + 33.3, 0] : [due + 33.3, late];
    else return;
    clock.at(due, tick);
  };
  clock.at(due, tick);
  await run(10_000);
  holds(calls > 200 && calls < 230, `steps of ${step} ms: ${calls} timers in 7 s, one for each 33.3 ms`);
  holds(late <= step + 1, `at a time that is off by ${late.toFixed(1)} ms at most`);
}
