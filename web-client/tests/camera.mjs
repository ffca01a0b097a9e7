// @ts-check
// Tests of the page's camera and frames, without a browser: node camera.mjs [SEED]
//
// With any values of window, mouse and clock the camera's position stays a number, and a step of a frame
// that fails stops no other. Run by tests/tests/page_in_node.rs.

import { BROKEN, dice, dispatch, holds } from "./fake-browser.mjs";

const { Camera } = await import("../../games/skirmish/page/public/camera.js");
const { Guard } = await import("../build/kit/guard.js");
const { Spectator } = await import("../../games/skirmish/page/public/spectator.js");
const { finite, pixelRatio } = await import("../../games/skirmish/page/public/finite.js");

const seed = Number(process.argv[2] ?? 1) || 1;
console.log(`seed ${seed}`);
const roll = dice(seed);
const some = (/** @type {any[]} */ list) => list[Math.floor(roll() * list.length)];
const any = () => (roll() < 0.4 ? some(BROKEN) : (roll() - 0.5) * 3_000);

const measures = /** @type {any} */ ({
  view_half_x: 34, view_half_y: 22, screen_half_x: 26, screen_half_y: 15, tall_half_x: 13, tall_half_y: 22,
});
const camera = new Camera(measures);

/** Values of the camera that are not numbers or cannot be drawn. */
function broken() {
  const { x, y, scale, width, height, leadX, leadY, shake, offsetX, offsetY } = camera;
  const all = { x, y, scale, width, height, leadX, leadY, shake, offsetX, offsetY };
  const bad = Object.entries(all).filter(([, value]) => !Number.isFinite(value));
  if (!(scale > 0 && width > 0 && height > 0)) bad.push(["size", scale]);
  return bad;
}

// A stick straight along an axis, on a screen that shows the whole known area along the other.
camera.resize(2_000, 100_000);
for (const aim of [0, Math.PI / 2, Math.PI, -Math.PI / 2]) camera.lead(aim, Infinity, 0.016);
holds(broken().length === 0, "a lead along an axis is one");
camera.resize(1_280, 720);
camera.sitOn(3, 4);
const { scale } = camera;
for (const [width, height] of [[0, 0], [0, 720], [NaN, NaN], [-1, 5], [Infinity, 9]]) {
  camera.resize(width, height);
  camera.lead(0, 100, 0.016);
  camera.sitOn(3, 4);
}
holds(camera.scale === scale && broken().length === 0, "a window of 0 x 0 leaves the picture as it is");
camera.resize(1_280, 720);
camera.lead(NaN, NaN, NaN);
camera.sitOn(NaN, 4);
camera.lead(0, 100, 0.016);
camera.sitOn(3, 4);
holds(broken().length === 0 && Math.abs(camera.x - 3) < 10, "a ship that was nowhere is where it is again");

const world = /** @type {any} */ ({
  ships: [],
  players: new Map(),
  borderRadius: 40,
  levelRadius: 40,
  shipOf: () => undefined,
  nameOf: () => "",
});
const surface = /** @type {any} */ (new EventTarget());
const spectator = new Spectator(camera, world, surface, () => {});
spectator.setActive(true);
const things = [
  () => camera.resize(any(), any()),
  () => camera.sitOn(any(), any()),
  () => camera.lead(any(), any(), any()),
  () => camera.glideTo(any(), any(), any(), any()),
  () => camera.fit(any(), any(), any()),
  () => camera.drift(any(), any(), any()),
  () => camera.drag(any(), any()),
  () => camera.keepWithin(any()),
  () => camera.zoom(any(), any(), any()),
  () => camera.kick(any()),
  () => camera.settle(any()),
  () => dispatch("wheel", { deltaY: any(), clientX: any(), clientY: any() }, surface),
  () => dispatch("pointerdown", { pointerId: some([1, 2]), clientX: any(), clientY: any() }, surface),
  () => dispatch("pointermove", { pointerId: some([1, 2]), clientX: any(), clientY: any() }),
  () => dispatch("pointerup", { pointerId: some([1, 2]), clientX: any(), clientY: any() }),
  () => some([() => spectator.follow(1), () => spectator.showWhole(), () => spectator.roam()])(),
  () => spectator.move(any()),
];
for (let step = 0; step < 50_000; step++) {
  some(things)();
  const bad = broken();
  if (bad.length > 0) throw new Error(`step ${step}: ${JSON.stringify(bad)}`);
  if (!Number.isFinite(/** @type {any} */ (spectator).nearness)) throw new Error(`step ${step}: nearness`);
}
camera.resize(1_280, 720);
camera.lead(0, 0, 10);
camera.sitOn(1, 2);
camera.settle(10);
holds(Math.hypot(camera.x - 1, camera.y - 2) < 0.01, "after 50000 broken things the camera sits on its ship");
const before = camera.x;
dispatch("keydown", { code: "KeyA", key: "a" });
dispatch("keyup", { code: "KeyA", key: "a" });
spectator.move(0.016);
holds(camera.x < before, "a key that moves the picture does, however short it is pressed");
const after = camera.x;
spectator.move(0.016);
holds(camera.x === after, "and once");
spectator.showWhole();
for (let frame = 0; frame < 600; frame++) spectator.move(0.016);
holds(Math.hypot(camera.x, camera.y) < 5 && camera.sees(40, 0, 0), "and shows a spectator the arena");

// Keys before the first snapshot, as on a slow connection or during the spectators' delay.
const key = (/** @type {string} */ code) => dispatch("keydown", { code, key: code });
const release = (/** @type {string} */ code) => dispatch("keyup", { code, key: code });
/** The player that a spectator follows after acting before the first snapshot, in which only 4 and 7 fly.
 *  @param {() => void} act */
function followedAfter(act) {
  Object.assign(world, { borderRadius: 0, shipOf: () => undefined });
  world.players = new Map();
  spectator.setActive(true);
  spectator.move(0.016);
  act();
  spectator.move(0.016);
  world.players = new Map([[1, { name: "Eve" }], [4, { name: "Ada" }], [7, { name: "Bob" }]]);
  spectator.move(0.016);
  const early = spectator.followed;
  const ship = { x: 0, y: 0 };
  Object.assign(world, { borderRadius: 40, shipOf: (/** @type {number} */ id) => (id > 1 ? ship : undefined) });
  spectator.move(0.016);
  spectator.move(0.016);
  spectator.move(0.016);
  holds(early === null, "nobody is followed before the first snapshot");
  return spectator.followed;
}
holds(followedAfter(() => {}) === null, "nor after it, without a key");
holds(followedAfter(() => key("KeyE")) === 4, "after a key for the next player, the first that flies is followed");
holds(followedAfter(() => key("KeyQ")) === 7, "after a key for the previous one, the last");
/** @type {[string, () => void][]} */
const turned = [
  ["M", () => key("KeyM")],
  ["a key that moves the picture", () => (key("KeyA"), release("KeyA"))],
  ["the wheel", () => spectator.zoomMiddle(1)],
  ["another room", () => spectator.setActive(true)],
];
for (const [name, act] of turned) {
  const followed = followedAfter(() => (key("KeyE"), act()));
  holds(followed === null, `a key followed by something else (${name}) follows nobody`);
}

for (const ratio of [NaN, 0, -1, undefined, 3]) {
  Object.assign(globalThis, { devicePixelRatio: ratio });
  holds(pixelRatio(2) === (ratio === 3 ? 2 : 1), `a screen that says ${ratio} pixels to a pixel is painted`);
}
// Screens between tall and wide: what is shown changes little by little, and is known.
{
  const known = { view_half_x: 36, view_half_y: 21 };
  const shown = { screen_half_x: 32, screen_half_y: 18, tall_half_x: 13.5, tall_half_y: 27 };
  const seen = new Camera(/** @type {any} */ ({ ...known, ...shown }));
  /** The area that a player and a spectator see on a screen of this height. @param {number} height */
  const areas = (height) => {
    seen.resize(1_000, height);
    seen.sitOn(0, 0);
    const [halfX, halfY] = [500 / seen.scale, height / 2 / seen.scale];
    const [mostX, mostY] = seen.isTall ? [21, 36] : [36, 21];
    if (halfX > mostX || halfY > mostY) throw new Error(`1000 x ${height} shows what is not known`);
    seen.glideTo(0, 0, 1, Infinity);
    return [4 * halfX * halfY, (1_000 * height) / seen.scale ** 2];
  };
  let [least, change, before] = [Infinity, 0, areas(400)];
  for (let height = 401; height < 2_600; height++) {
    const now = areas(height);
    least = Math.min(least, now[0]);
    change = Math.max(change, ...now.map((area, who) => Math.abs(area / before[who] - 1)));
    before = now;
  }
  holds(change < 0.01, `a window one pixel taller shows ${(100 * change).toFixed(2)} % more or less at most`);
  holds(least > 960, `and a player sees ${least.toFixed(0)} units² at least`);
  const [square, taller] = [areas(1_000), areas(1_001)];
  holds(Math.abs(square[0] / taller[0] - 1) < 0.01 && square[0] > 1_290, "a window just taller than wide shows as much");
}

holds(finite("7") === 0 && finite(NaN, 3) === 3 && finite(-0.5) === -0.5, "a number is one");

/** @type {unknown[][]} */
const reported = [];
console.error = (...words) => void reported.push(words);
const guard = new Guard((error) => error === "mine");
let painted = 0;
for (let frame = 0; frame < 60; frame++) {
  guard.run("ships", () => {
    throw new TypeError("not finite");
  });
  guard.run("labels", () => void (painted += 1));
  guard.run("core", () => {
    throw "mine";
  });
}
holds(painted === 60, "a step that fails stops no other");
holds(reported.length === 1, "and is reported once");
for (let nth = 0; nth < 1_000; nth++) {
  guard.run("ships", () => {
    throw new Error(`another ${nth}`);
  });
}
holds(reported.length < 100, "however many different faults there are");
