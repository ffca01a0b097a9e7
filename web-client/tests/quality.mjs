// @ts-check
// Tests of the page's quality, without a browser: node quality.mjs
//
// It goes down and up again within a second and a half, by the work of the page's own frames, tries ever more seldom
// what fails, and is found again the next time. Run by tests/tests/page_in_node.rs.

import { holds, world } from "./fake-browser.mjs";

world.screen = { width: 1920, height: 1080 };
const { LEVELS, Quality } = await import("../../games/skirmish/page/public/quality.js");

const KEPT_AS = "tickwire.quality";
/** The most that a change may take. */
const SOON_MS = 1_500;

/** A page whose frames take `work(level)` ms of work and come every `interval(level)` ms. */
class Page {
  now = 0;
  times = { lastWork: 0, clear() {} };
  /** When the level changed, and to which. @type {{ at: number, name: string }[]} */
  changes = [];
  work = (/** @type {string} */ _) => 2;
  interval = (/** @type {string} */ _) => 1000 / 60;

  /** @param {string} [query] */
  constructor(query = "") {
    const changed = (/** @type {any} */ { name }) => void this.changes.push({ at: this.now, name });
    this.quality = new Quality(/** @type {any} */ (this.times), query, changed);
  }

  get level() {
    return this.quality.level.name;
  }

  /** @param {number} ms */
  run(ms) {
    for (const end = this.now + ms; this.now < end; ) {
      this.times.lastWork = this.work(this.level);
      this.now += this.interval(this.level);
      this.quality.judge(this.now);
    }
    return this;
  }

  /** Runs until the level is another; returns how long that took. */
  untilChange() {
    const [begun, before] = [this.now, this.level];
    while (this.level === before && this.now - begun < 300_000) this.run(1);
    return this.now - begun;
  }
}

const forget = () => world.localStorage.removeItem(KEPT_AS);

for (const hz of [15, 30, 60, 144]) {
  forget();
  const page = new Page();
  page.interval = () => 1000 / hz;
  page.run(4_000);
  holds(page.level === "full", `${hz} Hz, frames that are quick: everything is drawn`);
  page.work = (name) => (name === "full" ? 12 : 3);
  const down = page.untilChange();
  holds(down <= SOON_MS && page.level === "lean", `${hz} Hz: a level that takes too long is left after ${down.toFixed(0)} ms`);
}

forget();
{
  const page = new Page();
  page.work = () => 30;
  page.interval = () => 66;
  holds(page.untilChange() <= SOON_MS && page.level === "low", "two levels at once where frames take very long");
  page.run(1_500);
  holds(page.level === "least", "and then the least");
  page.work = () => 1;
  page.interval = () => 1000 / 60;
  const up = page.untilChange();
  holds(up <= SOON_MS && page.level === "low", `it rises after ${up.toFixed(0)} ms`);
  page.run(5_000);
  holds(page.level === "full", "up to the full");
}

// A hiccup is no reason.
forget();
{
  const page = new Page();
  let nth = 0;
  page.work = () => (nth++ % 45 === 0 ? 180 : 2);
  page.interval = () => (nth % 45 === 0 ? 180 : 1000 / 60);
  holds(page.run(20_000).changes.length === 0, "one slow frame in a second changes nothing");
}

// What fails is tried ever more seldom.
forget();
{
  const page = new Page();
  page.work = (name) => (name === "full" ? 12 : 2);
  page.run(60_000);
  const tries = page.changes.filter(({ name }) => name === "full").length;
  holds(tries >= 3 && tries <= 6, `a level that is too slow is tried ${tries} times in a minute`);
  const before = page.changes.length;
  page.run(120_000);
  holds(page.changes.length - before <= 4, "and hardly any more in the two minutes after");
}

// A bad quarter of an hour holds nothing down for good.
forget();
{
  const page = new Page();
  page.work = (name) => (name === "full" ? 12 : 2);
  page.run(15 * 60_000);
  const next = new Page();
  next.work = () => 2;
  holds(next.level === "lean" && next.untilChange() <= 5_500, "the next page tries what failed soon");
  /** How long the full level takes to be back after it was left. */
  const untilBack = () => {
    page.work = (name) => (name === "full" ? 12 : 2);
    while (page.level === "full") page.untilChange();
    page.work = () => 2;
    return page.untilChange();
  };
  page.work = () => 2;
  if (page.level !== "full") page.untilChange();
  /** @type {number[]} */
  const waits = [];
  for (let turn = 0; turn < 8; turn++) {
    page.run(10_000);
    waits.push(untilBack());
  }
  holds(page.level === "full" && waits.every((ms, nth) => nth === 0 || ms <= waits[nth - 1]), `each try that lasts halves the wait: ${waits.map((ms) => (ms / 1000).toFixed(1))} s`);
  holds(waits[0] > 30_000 && waits[7] <= SOON_MS, "until it is as short as at first");
}
forget();
{
  const page = new Page();
  page.work = (name) => (name === "full" ? 12 : 2);
  page.run(10 * 60_000);
  if (page.level === "full") page.untilChange();
  // A second in every ten has too much to do.
  page.work = () => (page.now % 10_000 < 1_000 ? 5 : 2);
  const ms = page.untilChange();
  holds(page.level === "full" && ms > 60_000 && ms < 280_000, `what is slow now and then puts a try off, to ${(ms / 1000).toFixed(0)} s, and does not prevent it`);
}

// The graphics processor is too slow: frames come late, though this thread has little to do.
forget();
{
  const page = new Page();
  page.run(3_000);
  page.interval = (name) => (name === "full" ? 50 : 1000 / 60);
  holds(page.untilChange() <= SOON_MS && page.level === "lean", "frames that come late lower the level");
}
forget();
{
  const page = new Page();
  page.run(3_000);
  page.interval = () => 40;
  page.run(8_000);
  holds(page.level === "full", "but not for long where that is not what makes them late");
  holds(page.changes.every(({ name }) => name !== "least"), "and the picture is never blurred for it");
}

// The next time that the page is loaded.
forget();
{
  const page = new Page();
  page.work = (name) => (name === "full" ? 12 : 5);
  page.run(4_000);
  holds(new Page().level === "lean", "a page begins with the level of the last");
  world.devicePixelRatio = 3;
  holds(new Page().level === "full", "but not on another screen");
  world.devicePixelRatio = 1;
  holds(new Page("?quality=high").level === "full", "nor where the address asks for another");
  const { riseMs, screen } = JSON.parse(world.localStorage.getItem(KEPT_AS));
  /** @type {unknown[]} */
  const damaged = ["", "{", "null", "7", "[]", "{}", { level: "best", screen, riseMs }, { level: 1, screen }];
  for (const entry of damaged) {
    world.localStorage.setItem(KEPT_AS, typeof entry === "string" ? entry : JSON.stringify(entry));
    holds(new Page().level === "full", `an entry ${JSON.stringify(entry)} counts as none`);
  }
  for (const wrong of [-1, 0, 1e12, null, "soon"]) {
    world.localStorage.setItem(KEPT_AS, JSON.stringify({ level: "lean", screen, riseMs: wrong }));
    const again = new Page();
    holds(again.level === "lean" && again.untilChange() <= SOON_MS, `a wait of ${wrong} is none`);
  }
  const { localStorage } = world;
  world.localStorage = null;
  holds(new Page().level === "full", "without storage it begins with all");
  world.localStorage = localStorage;
}
forget();
{
  const page = new Page();
  page.quality.force("low");
  page.work = () => 40;
  page.run(5_000);
  holds(page.level === "low" && world.localStorage.getItem(KEPT_AS) === null, "a level that is set stays, and is not kept");
  page.quality.force("auto");
  page.work = () => 1;
  page.run(5_000);
  holds(page.level === LEVELS[LEVELS.length - 1].name, "until it is left to the page again");
}
