// @ts-check
// Tests of the page's server's view, network presets and count of frames, without a browser: node server-view.mjs
//
// Run by tests/tests/page_in_node.rs.

import { holds } from "./fake-browser.mjs";

const { InputFrames } = await import("../../games/skirmish/page/public/input-frames.js");
const { MARK_MS, ServerView } = await import("../../games/skirmish/page/public/server-view.js");
const { Network, PRESETS, RANGES } = await import("../../games/skirmish/page/public/network.js");

const near = (/** @type {number} */ one, /** @type {number} */ other) => Math.abs(one - other) < 1e-9;

// A game whose ships fly one unit a tick along x: player 1 is oneself, at y 0, player 2 at y 5.
const world = /** @type {any} */ ({ self: 1, own: { x: 8, y: 0 }, tick: 3, ownTick: 8 });
const server = { tick: 0, corrections: /** @type {any[]} */ ([]), asked: 0 };
const game = /** @type {any} */ ({
  get serverTick() {
    return server.tick;
  },
  serverRows() {
    server.asked += 1;
    const ship = (/** @type {number} */ player, /** @type {number} */ y) =>
      ({ id: player, kind: "ship", player, x: server.tick, y, aim: 0, class: 1, own: player === 1 });
    return [ship(1, 0), { id: 9, kind: "bolt", x: 0, y: 0 }, ship(2, 5)];
  },
  corrections: () => server.corrections.splice(0),
});
const view = new ServerView();
const correction = { tick: 1, units: 1, from: { x: 1, y: 0 }, to: { x: 2, y: 0 } };
server.corrections.push(correction);
server.tick = 4;
view.refill(game, world, 0);
holds(view.corrections === 0 && view.marks.length === 0, "corrections from before it was on are not marked");
holds(view.ghosts.length === 2 && view.own?.player === 1, "ships have outlines, and one is the own");
server.corrections.push(correction, { tick: 2, units: 0, from: null, to: null });
view.refill(game, world, 10);
holds(view.corrections === 2 && view.marks.length === 1, "each correction counts; those with a place are marked");
view.refill(game, world, 10 + MARK_MS + 1);
holds(view.marks.length === 0 && view.corrections === 2, "a mark goes after a while");

// Of ticks 5 and 6 there was no snapshot to be seen between two frames.
server.tick = 7;
view.refill(game, world, 3000);
/** A rail that ended at (3, 4), where its shooter saw the target, one unit below the middle of it, in tick 6.
 *  @param {number} tick @returns {any[]} */
const shot = (tick) => [
  { name: "rail", values: { tick, by: 3, x: 3, y: -1, dx: 0, dy: 5 } },
  { name: "hit", values: { tick, by: 3, player: 2, x: 6, y: 4 } },
];
view.look(shot(6), 3000);
const [judged] = view.judged;
holds(near(judged.seen.x, 3) && near(judged.seen.y, 5), "a rail's target was judged where its shooter saw it");
holds(near(judged.hit.x, 6) && near(judged.hit.y, 5), "and it was elsewhere by then");
view.look([shot(6)[1]], 3001);
holds(view.judged.length === 2, "rail and hit may be drawn in two frames");
view.look([{ name: "hit", values: { tick: 7, by: 3, player: 2, x: 7, y: 4 } }], 3002);
holds(view.judged.length === 2, "a bolt's hit is not a rail's");
const dead = { name: "boom", values: { tick: 9, player: 4, x: 6, y: 5 } };
const last = shot(9).map(({ name, values }) => ({ name, values: { ...values, player: 4 } }));
view.look([...last, dead], 3003);
holds(near(view.judged[2].seen.x, 3), "a target that it destroyed was where that is shown");
const other = new ServerView();
other.refill(game, world, 0);
const text = other.describe(10);
holds(text.includes("yours 100 ms behind") && text.includes("others' 400 ms ahead"), "it says how far outlines are");
view.clear();
holds(view.judged.length === 0 && view.own === null && view.state(world).ghosts === 0, "another room has none of it");

const network = new Network("?latency=150&server-view=1", () => {});
holds(network.settings.serverView && network.settings.latency === 150, "the address switches it on");
holds(new Network("", () => {}).settings.serverView === false, "it is off otherwise");
/** @type {any} */
let simulation = null;
network.apply(/** @type {any} */ ({ simulate: (/** @type {any} */ given) => (simulation = given) }));
holds(simulation.latency === 150 && !("serverView" in simulation), "it is no part of the simulated network");
for (const preset of PRESETS) {
  network.choose(preset);
  const { latency, jitter, stall } = network.settings;
  const kept = latency === preset.latency && jitter === preset.jitter && stall === preset.stall;
  holds(kept && latency <= RANGES.latency.most, `${preset.name} is what the sliders can have`);
  holds(network.preset === preset && preset.look.length < 100, "it is marked, and says what to look for in a line or two");
}
network.choose(PRESETS[PRESETS.length - 1]);
holds(network.preset === null && network.link() === null && network.settings.serverView, "pressed twice it is off");

// A ship at a frame of half a tick; from a moment on it moves.
const frames = new InputFrames();
let at = 0;
/** @param {number} x @param {number} [tick] */
function frame(x, tick = at / 2) {
  frames.frame(at * 16, x, 0, tick);
  at += 1;
}
const drawn = () => frames.usual?.frames ?? null;
for (let nth = 0; nth < 12; nth++) frame(1);
frames.change(at * 16);
frame(1.001);
holds(drawn() === 1, "a ship at rest that moves in the next frame answers in one");
frames.interrupt();
for (let nth = 0; nth < 12; nth++) frame(nth);
frames.change(at * 16);
frame(12);
frame(13);
frame(13.9);
holds(frames.usual?.frames === 3 && frames.usual.ms > 30, "in flight the frame counts that leaves the way");
frames.clear();
for (let nth = 0; nth < 30; nth++) frame(nth % 3 === 0 ? nth : nth + 1);
frames.change(at * 16);
frame(30);
holds(drawn() === null, "without steady flight nothing is measured");
frames.clear();
for (let nth = 0; nth < 4; nth++) frame(nth);
frames.change(at * 16);
frame(30);
holds(drawn() === null, "nor after a moment of it");
frames.clear();
for (let nth = 0; nth < 12; nth++) frame(1);
frames.change(at * 16);
for (let nth = 0; nth < 200; nth++) frame(1);
frame(2);
holds(drawn() === null, "a press into a wall has no answer");
