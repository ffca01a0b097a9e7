// @ts-check
// The start: loads the client core, joins the parts, and runs the frames.
//
// It owns the order of things and nothing else; every part has a file of its own. Behind the
// start overlay it shows a room of bots that the core plays in the page.

import { AnyKey } from "./input/any-key.js";
import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { FrameTime } from "./frame-time.js";
import { Guard } from "./guard.js";
import { Hands } from "./hands.js";
import { Hud } from "./hud.js";
import { Minimap } from "./draw/minimap.js";
import { Network } from "./network.js";
import { NetworkPanel } from "./hud/network.js";
import { Picture } from "./draw/picture.js";
import { Quality } from "./quality.js";
import { Recorder } from "./record.js";
import { Settings } from "./settings.js";
import { Sound } from "./sound.js";
import { Start } from "./start.js";
import { View } from "./view.js";
import { WatchBar, delaySeconds } from "./hud/watch.js";
import { World } from "./world.js";
import { finite } from "./finite.js";
import { installState } from "./state.js";
import { loadWasm } from "./wasm.js";
import { saveRejoinIntent, takeRejoinIntent } from "./rejoin.js";

/** @typedef {import("./connection.js").Status} Status */
/** @typedef {import("./connection.js").Greeting} Greeting */
/** @typedef {import("./wasm.js").Own} Own */

const DEMO_PLAYERS = 14;
/** No frame stands for more, whatever the clock says. */
const FRAME_MAX_SECONDS = 0.1;
/** What happened while no frame was drawn for so long is over: it is neither told nor heard. */
const GAP_MS = 1000;
/** For how long it is said that the page was renewed. */
const UPDATED_MS = 6000;
const STILL = { buttons: 0, aim: 0 };
const IDLE = "You were idle; press any key to play.";

const recorder = new Recorder();
const published = installState(recorder);
const surface = /** @type {HTMLCanvasElement} */ (document.getElementById("game"));
const settings = new Settings();
const start = new Start(settings, (spectator) => enter(spectator));
for (const id of ["leave", "give-up"]) {
  document.getElementById(id)?.addEventListener("click", () => leave());
}

let wasm = await loadWasm().catch((error) => {
  start.show(error instanceof Error ? error.message : String(error));
  throw error;
});
const measures = wasm.measures();
const world = new World(measures);
const camera = new Camera(measures);
const view = new View(camera, world, surface, (text) => hud.notice(text, performance.now()));
const times = new FrameTime();
const quality = new Quality(times, location.search, (level) => picture.become(level));
const picture = new Picture(surface, camera, measures, quality.level);
const minimap = new Minimap(/** @type {HTMLCanvasElement} */ (document.getElementById("minimap")));
const hands = new Hands(surface, settings, start, measures, {
  leave,
  close,
  tell: (text, ms) => hud.notice(text, performance.now(), ms),
  press: () => sound.wake(),
  hold: (buttons) => connection.hold(buttons),
  resume,
});
start.chooser.tell(measures.classes);
settings.onChange(heed);
heed();
const hud = new Hud(measures);
const sound = new Sound(settings, camera);
const watchBar = new WatchBar(view.spectator);
const reloads = (/** @type {Greeting} */ greeting) => saveRejoinIntent(greeting, idle, settings.ship);
const connection = new Connection(wasm, held, { changed, silent, over, idled, faulted, reloads });
const guard = new Guard((error) => connection.handleTrap(error));
const network = new Network(location.search, () => {
  network.apply(wasm);
  networkPanel.show();
  connection.nudge();
});
const networkPanel = new NetworkPanel(network);
new AnyKey(resume);
addEventListener("keydown", (event) => {
  // One press closes one thing, however long it lasts.
  if (event.key !== "Escape" || event.repeat || close()) return;
  if (!start.isOpen) leave();
});
network.apply(wasm);
published.look({
  connected: () => connection.status === "playing",
  wasm: () => wasm,
  view: () => view,
  network: () => network,
  quality: () => quality,
});

/** Whether the core plays a room of its own. */
let demo = false;
/** Whether a spectator waits for its first picture. */
let awaited = false;
/** Whether it only watches because it did nothing as a player. */
let idle = false;
let frameAt = performance.now();
/** Whether what has happened up to the next picture is over. */
let skips = false;
/** The own state when it was last drawn. @type {Own | null} */
let ownBefore = null;

/** What this page was loaded anew for, the server having been renewed. */
const rejoin = takeRejoinIntent();
/** Whether the player is still to be told so. */
let isUpdated = rejoin !== null;

start.enable(true);
if (rejoin) {
  const { name, room, spectator, ship } = rejoin;
  idle = rejoin.idle;
  settings.change({ ship: /** @type {number} */ (ship) });
  start.restore(name, room);
  enter(spectator);
} else if (start.wanted) {
  enter(start.wanted === "spectate");
} else {
  showDemo();
  start.show("");
}
requestAnimationFrame(frame);

/** The picture is as its settings say; the address may ask for another quality. */
function heed() {
  picture.shakes = settings.shake;
  if (!quality.asked && quality.choice !== settings.quality) quality.force(settings.quality);
}

/** What the player holds now: the pointer is seen from where the ship is on the screen. */
function held() {
  hands.controls.poll();
  const { x, y } = ownPlace();
  return { buttons: hands.controls.buttons(), aim: hands.controls.aimFrom(x, y) };
}

/** Where the own ship is on the screen, or would be if the screen did not shake: a hit must not
 *  turn the aim. */
function ownPlace() {
  const x = world.own ? camera.screenX(world.own.x) - camera.offsetX : camera.width / 2;
  const y = world.own ? camera.screenY(world.own.y) - camera.offsetY : camera.height / 2;
  return { x, y };
}

/** @param {boolean} spectator */
function enter(spectator) {
  start.hide();
  settings.keepShip();
  connection.start({ spectator, name: start.name || "Nameless", room: start.room });
}

/** Closes what lies over the game. Gives whether anything did. */
function close() {
  return networkPanel.close() || hud.close();
}

function leave() {
  connection.leave();
  back("");
}

/** The server gave the seat of a player who did nothing away. */
function idled() {
  idle = true;
}

/** Who did nothing plays again. Gives whether anybody did. */
function resume() {
  if (!idle) return false;
  idle = false;
  connection.rejoinAs(false);
  return true;
}

/** @param {string} message */
function back(message) {
  idle = false;
  hands.become(false);
  hud.leave();
  networkPanel.close();
  sound.become(false);
  start.show(message);
  // A core that has trapped shows nothing until it is replaced.
  guard.run("demo", showDemo);
}

function showDemo() {
  demo = true;
  wasm.demo(performance.now(), Math.floor(Math.random() * 2 ** 32), DEMO_PLAYERS);
  world.enter(wasm, null);
  picture.clear();
  view.become("demo");
}

/** The connection turned. @param {Status} status @param {string} reason */
function changed(status, reason) {
  document.body.dataset.status = status;
  hands.become(status === "playing" && wasm.state().player !== null);
  if (status === "idle") {
    hud.say("");
  } else if (status === "connecting") {
    hud.say(reason ? `${sentence(reason)} Connecting again…` : "Connecting…");
  } else if (status === "waiting") {
    // As a spectator, perhaps, for whom there is no seat.
    hud.say(`${idle ? "You were idle. " : ""}${sentence(reason)} Trying again…`);
  } else {
    demo = false;
    ownBefore = null;
    const state = wasm.state();
    const spectates = state.player === null;
    world.enter(wasm, state.player);
    picture.clear();
    view.become(spectates ? "spectator" : "player");
    hud.enter(state.room ?? "", spectates);
    sound.become(true);
    watchBar.become(spectates ? state : null);
    networkPanel.become(spectates);
    awaited = spectates;
    hud.say(calm());
    if (!awaited) announceUpdate();
  }
}

/** Says once, in the room, why the page was loaded anew. */
function announceUpdate() {
  if (isUpdated) hud.notice("Updated to the new version.", performance.now(), UPDATED_MS);
  isUpdated = false;
}

/** In a room of which nothing is heard for a while, or again. @param {boolean} isSilent */
function silent(isSilent) {
  hud.say(isSilent ? "Nothing heard from the server for a moment." : calm());
}

/** What is said while all is well. */
function calm() {
  if (idle) return IDLE;
  return awaited ? awaiting(delaySeconds(wasm.state())) : "";
}

/** A server that shows spectators the past has none for them yet. @param {number} delay seconds */
function awaiting(delay) {
  if (delay <= 0) return "The picture is on its way…";
  return `Spectators see the room ${delay} s late: the picture is on its way…`;
}

/** The server will not have us, for good. @param {string} reason */
function over(reason) {
  back(idle ? `You were idle. ${sentence(reason)}` : sentence(reason));
}

/** The core trapped: its memory can no longer be trusted. */
async function faulted() {
  wasm = await loadWasm();
  network.apply(wasm);
  if (demo) showDemo();
  return wasm;
}

/** @param {number} now */
function frame(now) {
  requestAnimationFrame(frame);
  // The frame's own time may lie before that of a message already taken.
  const clock = Math.max(finite(now), performance.now());
  guard.run("beginning", () => {
    times.begin(finite(now, clock));
    // Before anything is drawn: another level may resize the canvas, which clears it.
    quality.judge(clock);
  });
  const seconds = Math.min(FRAME_MAX_SECONDS, Math.max(0, (clock - frameAt) / 1000));
  skips ||= clock - frameAt > GAP_MS;
  frameAt = clock;
  guard.run("world", () => refill(clock));
  const own = guard.run("own ship", () => (connection.status === "playing" ? wasm.own() : null)) ?? null;
  guard.run("own shots", () => flashOwn(own));
  guard.run("camera", () => {
    view.move(clock, seconds, hands.controls.lookFrom(camera.width / 2, camera.height / 2));
  });
  guard.run("picture", () => picture.draw(world, own, clock, seconds));
  guard.run("map", () => minimap.draw(world, view, clock));
  guard.run("sound", () => {
    sound.shots(picture.happenings.shots);
    sound.follow(world, own, clock);
  });
  guard.run("recording", () => recorder.note(clock, world, times.lastWork));
  guard.run("display", () => {
    if (connection.status === "playing") hud.draw(wasm, world, own, clock, quality);
  });
  guard.run("hands", () => {
    const { x, y } = ownPlace();
    hands.draw(own, x, y, seconds);
  });
  guard.run("watch bar", () => {
    if (view.eyes === "spectator") watchBar.draw(world);
  });
  times.end();
}

/** Takes what is to be drawn, and what has happened until then. @param {number} clock */
function refill(clock) {
  if (demo) wasm.advanceDemo(clock);
  const intent = demo ? STILL : connection.input();
  if (!world.refill(wasm, clock, intent)) return;
  if (awaited) {
    awaited = false;
    hud.say(calm());
    announceUpdate();
  }
  const happenings = world.happenings(wasm);
  if (skips) skip();
  else for (const happening of happenings) guard.run(happening.name, () => show(happening, clock));
  skips = false;
}

/** @param {import("./world.js").Happening} happening @param {number} now */
function show(happening, now) {
  picture.show(world, happening, now);
  sound.show(world, happening);
  if (!demo) hud.show(world, happening);
}

/** Nothing of what was not drawn flashes or sounds now. */
function skip() {
  picture.clear();
  sound.skip();
  ownBefore = null;
}

/** The own shot flashes and sounds, and the own rail is there, when it is predicted, long before
 *  the server tells of it. @param {Own | null} own */
function flashOwn(own) {
  const before = ownBefore;
  ownBefore = own;
  if (!own || !before || !world.own || own.cooldown_ticks <= before.cooldown_ticks) return;
  const { x, y } = world.own;
  const rail = own.railed || before.charge >= 1;
  sound.fire(rail);
  if (rail) picture.happenings.fireRail(x, y, own.aim, own.rail_reach, world);
  else picture.happenings.flash(x, y, own.aim, own.player, world);
}

/** @param {string} reason */
function sentence(reason) {
  if (reason === "") return "";
  const first = reason.charAt(0).toUpperCase() + reason.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}
