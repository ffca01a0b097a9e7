// @ts-check
// Tests of game.js on a fake core, network and browser: node game.mjs
//
// What its events do within a call, and the time that it gives to pages. It ends with 0 and a line for each claim that
// holds, or throws. Run by tests/tests/page_in_node.rs.

import { dispatch, fake, holds, run, world } from "./fake-browser.mjs";
import { CLOSES_IN, FakeCore, Stage, until, wire } from "./fake-wire.mjs";

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
    if (this.ends) this.said = Stage.REFUSED;
    return this.ends ? Stage.REFUSED : super.play();
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

// A server that closes says when, and a page that comes back is what it was.
{
  const { game, core } = await page();
  /** @type {number[]} */
  const said = [];
  game.addEventListener("closing", (event) => said.push(/** @type {any} */ (event).seconds));
  holds(game.closesIn === null && said.length === 0 && !game.isResumed, "a server that stays says nothing");
  wire.sockets.at(-1)?.say("closing");
  holds(said.join() === `${CLOSES_IN}` && game.closesIn === CLOSES_IN, "one that closes says in how many seconds");
  await run(2_500);
  holds(game.closesIn === CLOSES_IN - 2 && said.length === 1, "which count down, without another event");
  core.closes += 60_000;
  await run(100);
  holds(said.join() === `${CLOSES_IN},${CLOSES_IN + 58}`, `it may close later than it said: ${said}`);
  wire.sockets.at(-1)?.end();
  await until(run, () => game.isInRoom, 5_000);
  holds(game.closesIn === null && game.isResumed, "the next connection knows of none, and is in the same session");
  dispatch("pagehide", { persisted: false });
  const kept = await Tickwire.kept();
  holds(kept?.name === "Ada" && kept.room === "blue" && !kept.spectator, "a page that is loaded next can ask for it");
  holds(Object.keys(kept ?? {}).sort().join() === "name,room,spectator", "and is given no token");
  game.leave();
  holds((await Tickwire.kept()) === null, "there is none of a page that left");
  game.join({ name: "Ada", room: "blue" });
  await until(run, () => game.isInRoom, 3_000);
  holds(!game.isResumed && !game.joinedAnew, "who left is not back");
  wire.tokens.clear();
  wire.sockets.at(-1)?.end();
  holds(game.resuming?.name === "Ada" && Object.keys(game.resuming).length === 3, "while it tries to be back it says as what");
  await until(run, () => game.isInRoom, 5_000);
  holds(game.joinedAnew && !game.isResumed && game.resuming === null, "whom the server did not keep is another, and told so");
  game.join({ name: "Ada", room: "blue" });
  await until(run, () => game.isInRoom, 3_000);
  holds(!game.joinedAnew, "who joins again by choice is not");
  wire.graceS = 0;
  game.join({ name: "Ada", room: "red" });
  await until(run, () => game.isInRoom, 3_000);
  wire.sockets.at(-1)?.end();
  holds(game.resuming === null, "of a server that keeps nobody nothing is resumed");
  await until(run, () => game.isInRoom, 5_000);
  holds(game.joinedAnew, "and all who come back are others");
  wire.graceS = 30;
  game.leave();
}

// What a listener does within a call.
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
