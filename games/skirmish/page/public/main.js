// @ts-check
// The entry point: loads the client core, connects the modules, and runs the frames.
//
// It owns the order of steps and nothing else; every module has a file of its own. Behind the
// start overlay it shows a demo room of bots that the core runs in the page, and loads what a room needs
// beside its picture (play.js), unless it is to go to one at once.

import { Camera } from "./camera.js";
import { FrameTime } from "./frame-time.js";
import { Guard } from "./guard.js";
import { Network } from "./network.js";
import { Quality } from "./quality.js";
import { Recorder } from "./record.js";
import { Renderer } from "./draw/renderer.js";
import { Settings } from "./settings.js";
import { Start } from "./start.js";
import { Tickwire } from "./game.js";
import { View } from "./view.js";
import { World } from "./world.js";
import { finite } from "./finite.js";
import { installState } from "./state.js";
import { sentence, wayAfterEnd, wayWhileWaiting } from "./trouble.js";
import { hasRejoinIntent, resumedOf, saveRejoinIntent, takeRejoinIntent } from "./rejoin.js";

/** @typedef {import("./play.js").Play} Play */

/** Bots of the demo: a crowd on any screen. */
const DEMO_PLAYERS = 28;
/** Seconds that they have played when they are first seen: long after the protection of a start. */
const DEMO_AHEAD_SECONDS = 12;
/** The phase of a round whose result stands. */
const RESULT = 1;
/** Maximum time step of a frame. */
const FRAME_MAX_SECONDS = 0.1;
/** After a longer gap between frames, the events of the gap are neither shown nor heard. */
const GAP_MS = 1000;
/** A pointer in the middle of the screen. */
const NOWHERE = { aim: 0, far: 0 };

const recorder = new Recorder();
const published = installState(recorder);
const surface = /** @type {HTMLCanvasElement} */ (document.getElementById("game"));
const settings = new Settings();
const start = new Start(settings, (spectator) => enter(spectator));

const ways = {
  watch: () => enter(true),
  anyRoom: () => {
    start.restore(start.name, null);
    enter(wantsToWatch);
  },
  reload: () => location.reload(),
};
/** Whether the player asked to spectate. */
let wantsToWatch = false;

/** What the page goes on with at once, since it was reloaded in the middle of it. */
const resumed = resumedOf(await Tickwire.kept(), start.room);
if (resumed) start.hide();
const isRoomWanted = hasRejoinIntent() || resumed !== null || start.wanted !== null;
/** What a room needs beside its picture: with the rest if the page goes to one at once. */
const playModule = isRoomWanted ? import("./play.js") : null;

/** @type {import("./types.js").Game} */
const game = await Tickwire.load({ preconnect: isRoomWanted }).catch((error) => {
  const reason = error instanceof Error ? error.message : String(error);
  start.show(sentence(reason), { label: "Reload", act: ways.reload });
  throw error;
});
const { measures } = game;
const world = new World(measures);
const camera = new Camera(measures);
const view = new View(camera, world, surface, (text) => play?.notice(text));
const times = new FrameTime();
const quality = new Quality(times, location.search, (level) => renderer.setQuality(level));
const renderer = new Renderer(surface, camera, measures, quality.level);
start.chooser.setClasses(measures.classes);
settings.onChange(applySettings);
applySettings();
const guard = new Guard();
const network = new Network(location.search, () => {
  applyNetwork();
  play?.networkPanel.show();
});
// Nobody is asked unasked whether to install the page.
addEventListener("beforeinstallprompt", (event) => event.preventDefault());
published.look({
  connected: () => game.isInRoom,
  game: () => game,
  view: () => view,
  network: () => network,
  serverView: () => serverView,
  quality: () => quality,
});

let frameAt = game.now();
/** Whether nothing of the demo is drawn yet. */
let isDemoDue = false;
/** Whether to skip the events up to the next frame. */
let skips = false;
/** While it is switched on. @type {import("./server-view.js").ServerView | null} */
let serverView = null;
/** Once it is loaded. @type {Play | null} */
let play = null;
/** What is to be done then. @type {(() => void) | null} */
let pending = null;
/** How to join again after a reload: taken once the core is there, so that it is not lost if that does not load. */
const rejoin = takeRejoinIntent(resumed);
/** Whether the page is about to be loaded anew for a new version. */
let isUpdating = false;
applyNetwork();

game.addEventListener("status", changed);
game.addEventListener("reload", (event) => {
  isUpdating = true;
  saveRejoinIntent(event, game.isIdle, settings.ship, true, flown());
});
addEventListener("pagehide", () => {
  if (isUpdating || game.isDemo || game.status === "idle" || game.status === "ended") return;
  const { status, room, isIdle } = game;
  saveRejoinIntent({ spectator: status === "watching", name: start.name, room }, isIdle, settings.ship, false, flown());
});
game.addEventListener("renewed", () => game.isDemo && enterDemo());

if (rejoin) {
  const { name, room, spectator, ship } = rejoin;
  if (ship !== null) settings.change({ ship: /** @type {number} */ (ship) });
  start.restore(name, room ?? start.room);
  pending = () => {
    enter(spectator);
    game.isIdle = rejoin.idle;
  };
} else if (isRoomWanted) {
  pending = () => enter(start.wanted === "spectate");
} else {
  start.enable(true);
  showDemo();
  start.show("");
}
void loadPlay();
requestAnimationFrame(frame);

/** Loads what a room needs beside its picture, and goes to the room that is wanted by then. */
async function loadPlay() {
  try {
    const { Play } = await (playModule ?? import("./play.js"));
    const page = { game, settings, start, world, camera, view, renderer, quality, network, surface, leave };
    play = new Play(page, rejoin?.isUpdate === true, rejoin?.flown ?? null);
    applyNetwork();
  } catch (error) {
    // The server has another version by now, or is gone.
    start.enable(false);
    back("A part of the page did not load.", { label: "Reload", act: ways.reload });
    throw error;
  }
  start.enable(true);
  pending?.();
}

/** The ship that the player had last. */
function flown() {
  return (play ? play.comeback.flown : rejoin?.flown) ?? null;
}

/** Applies the graphics settings; a quality in the address has priority. */
function applySettings() {
  renderer.shakes = settings.shake;
  renderer.ownHits.numbers = settings.damageNumbers;
  if (!quality.asked && quality.choice !== settings.quality) quality.force(settings.quality);
}

/** Applies the network settings, and switches the server's view. */
function applyNetwork() {
  network.apply(game);
  play?.inputFrames.clear();
  const { serverView: isWanted } = network.settings;
  if (isWanted && !serverView) void showServerView();
  if (!isWanted) serverView = renderer.overlay = null;
  if (!isWanted) play?.hud.explain("");
}

/** The modules of the server's view are loaded when it is first wanted. */
async function showServerView() {
  const modules = Promise.all([import("./server-view.js"), import("./draw/server-view.js")]);
  const loaded = await modules.catch(() => null);
  if (!loaded) {
    // The server has another version by now, or is gone.
    network.change({ serverView: false });
    return play?.notice("The server's view did not load.");
  }
  const [{ ServerView }, { drawMarks, drawOutlines }] = loaded;
  // Meanwhile it may have been switched off, or on once more.
  if (!network.settings.serverView || serverView) return;
  const view = (serverView = new ServerView());
  renderer.overlay = {
    under: (canvas, world) => drawOutlines(canvas, view, world),
    over: (canvas, _, now) => drawMarks(canvas, view, now),
  };
}

/** @param {boolean} spectator */
function enter(spectator) {
  if (!play) {
    pending = () => enter(spectator);
    return start.show("Loading…", { label: "Reload", act: ways.reload });
  }
  wantsToWatch = spectator;
  start.hide();
  settings.keepShip();
  const as = { name: start.name || "Nameless", room: start.room };
  if (spectator) game.spectate(as);
  else game.join(as);
}

function leave() {
  game.leave();
  back("");
}

/** @param {string} message @param {import("./trouble.js").Way | null} [way] */
function back(message, way = null) {
  play?.leave();
  start.show(message, way);
  guard.run("demo", showDemo);
}

function showDemo() {
  game.demo(DEMO_PLAYERS, undefined, DEMO_AHEAD_SECONDS);
  enterDemo();
}

function enterDemo() {
  world.enter(game);
  renderer.clear();
  serverView?.clear();
  view.setMode("demo");
  setDemoDue(true);
}

/** It fades in once it is there. @param {boolean} due */
function setDemoDue(due) {
  isDemoDue = due;
  surface.classList.toggle("due", due);
}

/** The connection's status changed. */
function changed() {
  const { status, reason, isIdle, isInRoom } = game;
  document.body.dataset.status = isInRoom ? "playing" : status === "ended" ? "idle" : status;
  if (isInRoom) {
    world.enter(game);
    renderer.clear();
    serverView?.clear();
    view.setMode(status === "watching" ? "spectator" : "player");
  }
  play?.show(wayOut());
  if (status !== "ended") return;
  // The server refused for good.
  const text = isIdle ? `You were idle. ${sentence(reason)}` : sentence(reason);
  back(text, wayAfterEnd(reason, start.room, ways));
}

/** What a player who is not let in can do meanwhile. */
function wayOut() {
  const { status, reason } = game;
  if (status !== "waiting" && status !== "connecting") return null;
  return wayWhileWaiting(reason, { spectates: wantsToWatch, room: start.room }, ways);
}

/** @param {number} now */
function frame(now) {
  requestAnimationFrame(frame);
  const clock = game.frame(finite(now));
  guard.run("beginning", () => {
    times.begin();
    // Before anything is drawn: another level may resize the canvas, which clears it.
    quality.judge(clock);
  });
  const seconds = Math.min(FRAME_MAX_SECONDS, Math.max(0, (clock - frameAt) / 1000));
  skips ||= clock - frameAt > GAP_MS;
  frameAt = clock;
  guard.run("world", () => refill(clock));
  const own = guard.run("own ship", () => game.own) ?? null;
  guard.run("own shots", () => play?.predict(own, clock));
  guard.run("camera", () => view.move(clock, seconds, play?.look ?? NOWHERE, own));
  guard.run("picture", () => renderer.draw(world, own, clock, seconds));
  guard.run("recording", () => recorder.note(clock, world, times.lastWork));
  play?.draw(own, clock, seconds, serverView, guard);
  times.end();
}

/** Reads the rows to draw, and the events up to them. @param {number} clock */
function refill(clock) {
  if (!world.refill(game, clock)) return;
  if (isDemoDue && (view.isDemoReady || !game.isDemo)) setDemoDue(false);
  // The result of a round is no fight, and stands for long.
  if (game.isDemo && world.round?.phase === RESULT) return showDemo();
  play?.arrive();
  const events = world.events(game);
  if (skips) skip();
  else for (const event of events) guard.run(event.name, () => show(event, clock));
  skips = false;
  if (serverView && game.isInRoom) guard.run("server's view", () => lookAtServer(events, clock));
}

/** @param {import("./world.js").GameEvent[]} events @param {number} clock */
function lookAtServer(events, clock) {
  serverView?.refill(game, world, clock);
  serverView?.look(events, clock);
}

/** @param {import("./world.js").GameEvent} event @param {number} now */
function show(event, now) {
  renderer.show(world, event, now);
  view.show(event);
  play?.event(event);
}

/** Drops effects and sounds of skipped events. */
function skip() {
  renderer.clear();
  play?.skip();
}
