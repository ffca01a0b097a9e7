// @ts-check
// Tests of clock.js, without a browser: node clock.mjs [SEED]
//
// With a browser's clock that steps by 16 or 100 ms, each frame still shows a moment of its own, at any rate, near the
// true time and never before the last. A fine clock is taken as it is, however evenly frames come. Run by
// tests/tests/page_in_node.rs.

import { dice, fake, holds, run, world } from "./fake-browser.mjs";

const { Clock } = await import("../build/kit/clock.js");
const { setTimeout } = world;

const seed = Number(process.argv[2] ?? 1) || 1;
console.log(`seed ${seed}`);
const roll = dice(seed);
/** A frame's callback runs so long after the frame's time stamp, at most. */
const CALLED_MS = 1.5;
/** Until then a clock learns what it has to do with. */
const LEARNT_MS = 3_000;
/** Timers are so late, at most. */
const TIMER_LATE_MS = 1;

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

/** A clock on a time that a test moves; timers run meanwhile, on time or a little late. Whatever it is asked, its
 *  time never goes back. */
class Timeline {
  time = 0;
  /** @type {{ at: number, act: () => void }[]} */
  #timers = [];
  #last = -Infinity;

  /** @param {Read} read */
  constructor(read) {
    this.read = read;
    this.clock = new Clock(() => read(this.time));
  }

  /** @param {number} time */
  advance(time) {
    world.setTimeout = (/** @type {() => void} */ act, /** @type {number} */ ms) =>
      this.#timers.push({ at: this.time + ms + TIMER_LATE_MS * roll(), act });
    for (;;) {
      const next = this.#timers.reduce((a, b) => (a && a.at <= b.at ? a : b), this.#timers[0]);
      if (!next || next.at > time) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.time = Math.max(this.time, next.at);
      next.act();
    }
    this.time = Math.max(this.time, time);
  }

  /** @param {number} [stamp] */
  frame(stamp) {
    return this.#check(this.clock.frame(stamp));
  }

  now() {
    return this.#check(this.clock.now());
  }

  /** @param {number} shown */
  #check(shown) {
    if (shown < this.#last) throw new Error(`${shown} is shown after ${this.#last}, at ${this.time}`);
    return (this.#last = shown);
  }
}

/**
 * The frames of a screen, from the moment on when the clock has learnt.
 * @param {Read} read @param {number} hz @param {number} [seconds] @param {(nth: number, ms: number) => number} [change]
 * @param {number} [called] @param {(line: Timeline) => void} [between] something that happens between two frames
 */
function frames(read, hz, seconds = 12, change = (_, ms) => ms, called = CALLED_MS, between) {
  let [stamp, last] = [1_000.3, -Infinity];
  const line = new Timeline(read);
  /** @type {Frame[]} */
  const all = [];
  for (let nth = 0; nth < seconds * hz; nth++) {
    const ms = change(nth, 1000 / hz);
    if (between) {
      line.advance(stamp + CALLED_MS + roll() * (ms - CALLED_MS));
      between(line);
    }
    stamp += ms;
    line.advance(stamp + called * roll());
    const shown = line.frame(read(stamp));
    if (stamp > LEARNT_MS) all.push({ shown, late: line.time - shown, before: shown - last });
    last = shown;
  }
  return { all, clock: line.clock };
}

/** @param {Frame[]} all */
const distinct = (all) => all.filter(({ before }) => before > 0.01).length / all.length;
/** @param {Frame[]} all */
const worst = (all) => Math.max(...all.map(({ late }) => Math.abs(late)));
/** @param {Frame[]} all @param {number} hz */
const unevenness = (all, hz) =>
  Math.sqrt(all.reduce((sum, { before }) => sum + (before - 1000 / hz) ** 2, 0) / all.length);

// Even frames are what a coarse clock's steps look like: with messages at odd times only after a while, and without.
for (const hz of [30, 50, 60, 75, 90, 100, 120, 125, 144, 200, 240]) {
  for (const step of [0.005, 0.1, 1, 2]) {
    const read = stepping(step);
    let runs = 0;
    for (const called of [0, 0.1, 0.3, CALLED_MS]) {
      for (const begun of [Infinity, 6_000 + 50 * roll()]) {
        const isLate = () => roll() < 0.003;
        let taken = 0;
        const { all, clock } = frames(read, hz, 8, (_, ms) => (isLate() ? 2 * ms : ms), called, (line) => {
          if (line.time < begun) return;
          if (line.now() !== read(line.time) || line.clock.arrival() !== read(line.time)) taken = Infinity;
          taken += 1;
        });
        const isItself = clock.step === 0 && all.every(({ late }) => late > -0.001 && late <= step + 0.001);
        if (isItself && Number.isFinite(taken) && taken > 0 === Number.isFinite(begun)) runs += 1;
      }
    }
    holds(runs === 8, `${hz} Hz: a clock that steps by ${step} ms is taken as it is, in ${runs} of 8 runs`);
  }
}

const RATES = [30, 60, 75, 90, 120, 144, 240];
for (const hz of RATES) {
  const ms = 1000 / hz;
  for (const step of [16, 50 / 3, 100]) {
    const phase = step * roll();
    const { all } = frames((time) => stepping(step)(time + phase) - phase, hz);
    const [off, uneven] = [worst(all), unevenness(all, hz)];
    const figures = `${off.toFixed(1)} ms off at most, uneven by ${uneven.toFixed(2)} ms`;
    const what = `${hz} Hz, steps of ${step.toFixed(1)} ms: each frame shows another moment, ${figures}`;
    holds(distinct(all) === 1 && off <= ms + CALLED_MS && uneven < 0.1 * ms, what);
  }
  const { all } = frames(jittering(50 / 3), hz);
  const what = `${hz} Hz, a clock that steps at random: ${(100 * distinct(all)).toFixed(0)} % of the frames do`;
  holds(distinct(all) > 0.93 && worst(all) < 20, what);
}

// Between frames, too, the time is near the true one, and what is asked there leaves the frames as they are.
for (const hz of RATES) {
  for (const step of [16, 50 / 3, 100]) {
    for (const isRandom of [false, true]) {
      let [off, arrival] = [0, 0];
      const read = isRandom ? jittering(step) : stepping(step);
      const { all } = frames(read, hz, 12, undefined, CALLED_MS, (line) => {
        const [now, came] = [line.now(), line.clock.arrival()];
        if (line.time < LEARNT_MS) return;
        off = Math.max(off, Math.abs(line.time - now));
        arrival = Math.max(arrival, Math.abs(line.time - came));
      });
      const figures = `now is off by ${off.toFixed(1)} ms at most, an arrival by ${arrival.toFixed(1)} ms`;
      const steps = `${isRandom ? "random steps" : "steps"} of ${step.toFixed(1)} ms`;
      // Such a browser's clock itself is a step early at times.
      const most = step + (isRandom ? Math.min(step, 1000 / hz) : 0);
      holds(off <= most && arrival <= most, `${hz} Hz, ${steps}: between frames ${figures}`);
      const uneven = unevenness(all, hz) * hz / 1000;
      const isEven = isRandom ? step === 100 || distinct(all) > 0.93 : distinct(all) === 1 && uneven < 0.1;
      holds(isEven, `and frames are uneven by ${(100 * uneven).toFixed(1)} %`);
    }
  }
}

// Without frames, as in a tab behind others, and after they have stopped.
for (const step of [16, 100]) {
  for (const seconds of [0, 6]) {
    const line = new Timeline(stepping(step));
    let [off, arrival] = [0, 0];
    for (let time = 1000.3; time < 6_000; time += 1000 / 60) {
      line.advance(time);
      if (time < 1000 * seconds) line.frame(line.read(time));
      line.now();
    }
    for (let time = 6_000; time < 12_000; time += 33.3 * roll()) {
      line.advance(time);
      off = Math.max(off, Math.abs(time - line.now()));
      arrival = Math.max(arrival, Math.abs(time - line.clock.arrival()));
    }
    const figures = `now is off by ${off.toFixed(1)} ms at most, an arrival by ${arrival.toFixed(1)} ms`;
    const what = `steps of ${step} ms: ${seconds > 0 ? "when frames stop" : "without frames"} ${figures}`;
    holds(arrival <= step && off <= step + (seconds > 0 ? Math.min(step, 1000 / 60) : 0), what);
  }
}

// A coarse clock that turns out to be fine: the time waits until the browser's has caught up.
const SWITCHED_MS = 6_002;
for (const step of [16, 50 / 3, 100]) {
  const fine = stepping(0.1);
  const early = stepping(step);
  const line = new Timeline((time) => (time < SWITCHED_MS ? early(time) + step : fine(time)));
  let [held, known, disproved] = [0, 0, Infinity];
  for (let stamp = 1_000.3; stamp < 9_000; stamp += 1000 / 60) {
    line.advance(stamp);
    line.frame(line.read(stamp));
    line.advance(stamp + 3 + 2 * roll());
    const ahead = line.now() - line.read(line.time);
    if (line.time < SWITCHED_MS) known = line.clock.step;
    else if (line.clock.step === 0) disproved = Math.min(disproved, line.time);
    if (line.time >= disproved && ahead > 0) held = Math.max(held, ahead);
  }
  const isItself = line.clock.step === 0 && line.now() === fine(line.time);
  holds(Math.abs(known - step) < 0.001 && isItself, `steps of ${known.toFixed(1)} ms are followed until there are none`);
  holds(held <= step && (step < 100 || held > 0), `then the time waits for ${held.toFixed(1)} ms, and never goes back`);
}

// Some browsers give a frame the time at which it will be seen.
const ahead = new Timeline(stepping(0.1));
for (let stamp = 1_000; stamp < 5_000; stamp += 1000 / 60) {
  ahead.advance(stamp);
  if (ahead.frame(stamp + 10) !== stamp + 10) throw new Error(`a stamp is not shown at ${stamp}`);
  if (ahead.now() !== stamp + 10 || ahead.clock.arrival() !== ahead.read(stamp)) throw new Error(`it is not held at ${stamp}`);
  ahead.advance(stamp + 12);
  if (ahead.now() !== ahead.read(stamp + 12)) throw new Error(`the clock is not taken as it is at ${stamp}`);
}
holds(ahead.clock.step === 0, "a frame's stamp may be ahead: now is never before it, and arrivals are as they were");

for (const step of [16, 100]) {
  const { all } = frames(stepping(step), 100, 12, (_, ms) => ms * (0.7 + 0.6 * roll()));
  const far = `a screen of a changing rate, steps of ${step} ms: ${worst(all).toFixed(1)} ms off at most`;
  holds(distinct(all) > 0.99 && worst(all) < 35, far);
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
  const line = new Timeline(read);
  const { clock } = line;
  let time = 0;
  for (time = 100_000; time < 105_000; time += 16.7) {
    line.advance(time);
    clock.frame(read(time));
  }
  for (const stamp of [NaN, undefined, 0, 1e12, -Infinity, /** @type {any} */ ("soon")]) {
    line.advance((time += 16.7));
    holds(Math.abs(clock.frame(stamp) - time) <= step + 17, `steps of ${step} ms: a time stamp ${stamp} is no matter`);
  }
  line.time = time = 50_000;
  const first = clock.frame(read(time));
  holds(Math.abs(first - time) <= step + 17, "a clock that was set back is followed");
  line.time = time += 16.7;
  holds(clock.frame(read(time)) >= first, "and runs on from there");
}

// Timers carry the time between two steps, for inputs.
world.setTimeout = setTimeout;
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
