// @ts-check
// Tests of game.js on a fake core, network and browser: node game.mjs
//
// What its events do within a call, and the time that it gives to pages. It ends with 0 and a line for each claim that
// holds, or throws. Run by tests/tests/page_in_node.rs.

import { fake, holds, run, world } from "./fake-browser.mjs";
import { FakeCore, until } from "./fake-wire.mjs";

const { Tickwire } = await import("../build/kit/game.js");

/** A core with rows that say where they are from, and a connection that ends when it is next played. */
class DrawingCore extends FakeCore {
  ends = false;
  demos = 0;
  demo() {
    this.demos += 1;
  }
  advanceDemo() {}
  draw() {
    return { tick: 1, ownTick: 1, list: [{ from: this.demos > 0 ? "demo" : this.stage }] };
  }
  play() {
    if (this.ends) this.said = 3;
    return this.ends ? 3 : super.play();
  }
  state() {
    const { player, ...state } = { player: 1, ...super.state() };
    return { ...state, player, last: this.ends };
  }
  rosterVersion() {
    return 0;
  }
  notice() {
    return "";
  }
}

/** A page in a room. */
async function page() {
  const core = /** @type {any} */ (new DrawingCore());
  const game = new Tickwire(core, async () => core, new URL("http://play.test/game/"), null);
  game.join({ name: "Ada", room: "blue" });
  await until(run, () => game.isInRoom, 3_000);
  /** @type {string[]} */
  const statuses = [];
  game.addEventListener("status", () => statuses.push(game.status));
  /** Draws a frame in which a tick is due. */
  const draw = () => {
    core.every = 0;
    const rows = /** @type {any[]} */ (game.rows(game.frame(fake.now)));
    core.every = Infinity;
    return rows;
  };
  return { game, core, statuses, draw };
}

{
  const { game, core, statuses, draw } = await page();
  holds(draw().length === 1 && statuses.length === 0, "in a room there are rows");
  core.ends = true;
  const rows = draw();
  holds(statuses.join() === "idle,ended" && game.status === "ended", "a tick that is due in a frame may end the connection");
  holds(rows.length === 0 && draw().length === 0, "then this frame has no rows any more");
}
{
  const { game, core, draw } = await page();
  game.addEventListener("status", () => game.status === "ended" && game.demo());
  core.ends = true;
  holds(draw()[0]?.from === "demo" && game.isDemo, "a listener that starts a demo then has it drawn");
}
{
  const { game, core, statuses, draw } = await page();
  game.addEventListener("status", () => {
    if (game.status !== "ended") return;
    core.ends = false;
    game.join({ name: "Ada", room: "red" });
  });
  core.ends = true;
  const rows = draw();
  holds(statuses.join() === "idle,ended,connecting" && game.status === "connecting", "one that joins is connecting");
  holds(rows.length === 1, "and has the last rows drawn until it is in");
}
{
  const { game, draw } = await page();
  game.onsample = () => game.leave();
  holds(draw().length === 0 && game.status === "idle", "a page that leaves as it is asked for its input has no rows");
}

// An event handler has the frames' clock, fine or coarse.
for (const step of [0.1, 16, 100]) {
  world.performance.now = () => Math.floor(fake.now / step) * step;
  const { game, draw } = await page();
  let [last, off] = [-Infinity, 0];
  const sampled = () => {
    const now = game.now();
    if (now < last) throw new Error(`steps of ${step} ms: ${now} after ${last}`);
    if (fake.now > began + 3_000) off = Math.max(off, Math.abs(now - fake.now));
    last = now;
  };
  game.onsample = sampled;
  const began = fake.now;
  for (let nth = 0; nth < 400; nth++) {
    const at = game.frame(performance.now());
    if (at < last) throw new Error(`steps of ${step} ms: a frame at ${at} after ${last}`);
    last = at;
    sampled();
    game.rows(at);
    await run(7);
    sampled();
    await run(1000 / 60 - 7);
  }
  holds(draw().length === 1 && off <= step, `steps of ${step} ms: game.now() is off by ${off.toFixed(1)} ms at most`);
  game.leave();
}
