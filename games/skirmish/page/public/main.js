// @ts-check
// The entry point: loads the client core, connects the modules, and runs the frames.
//
// It owns the order of steps and nothing else; every module has a file of its own. Behind the
// start overlay it shows a demo room of bots that the core runs in the page.

import { AnyKey } from "./input/any-key.js";
import { Button, CLASS_MASK, CLASS_SHIFT, inputOf, movesIn, stickOf } from "./input/buttons.js";
import { Camera } from "./camera.js";
import { FrameTime } from "./frame-time.js";
import { Guard } from "./guard.js";
import { Hud } from "./hud.js";
import { InputFrames } from "./input-frames.js";
import { Invite } from "./invite.js";
import { LeaveQuestion } from "./leave.js";
import { Minimap } from "./draw/minimap.js";
import { Network } from "./network.js";
import { NetworkPanel } from "./hud/network.js";
import { PlayerInput } from "./input.js";
import { Quality } from "./quality.js";
import { Recorder } from "./record.js";
import { Renderer } from "./draw/renderer.js";
import { Settings } from "./settings.js";
import { Sound } from "./sound.js";
import { Start } from "./start.js";
import { Tickwire } from "./game.js";
import { View } from "./view.js";
import { WatchBar, delaySeconds } from "./hud/watch.js";
import { World } from "./world.js";
import { element } from "./dom.js";
import { finite } from "./finite.js";
import { installState } from "./state.js";
import { offer, sentence, wayAfterEnd, wayWhileWaiting } from "./trouble.js";
import { saveRejoinIntent, takeRejoinIntent } from "./rejoin.js";

/** @typedef {import("./types.js").Own} Own */

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
/** How long the notice of a new version is shown. */
const UPDATED_MS = 6000;
const IDLE = "You were idle; press any key to play.";
const SILENT = "Nothing heard from the server for a moment.";

const recorder = new Recorder();
const published = installState(recorder);
const surface = /** @type {HTMLCanvasElement} */ (document.getElementById("game"));
const settings = new Settings();
const start = new Start(settings, (spectator) => enter(spectator));
document.getElementById("give-up")?.addEventListener("click", () => leave());

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

/** @type {import("./types.js").Game} */
const game = await Tickwire.load({ preconnect: start.wanted !== null }).catch((error) => {
  const reason = error instanceof Error ? error.message : String(error);
  start.show(sentence(reason), { label: "Reload", act: ways.reload });
  throw error;
});
const { measures } = game;
const world = new World(measures);
const camera = new Camera(measures);
const view = new View(camera, world, surface, (text) => hud.notice(text, performance.now()));
const leaving = new LeaveQuestion(/** @type {HTMLElement} */ (document.getElementById("leave")), {
  plays: () => game.status === "playing",
  notify: (text, ms) => hud.notice(text, performance.now(), ms),
  leave,
});
const times = new FrameTime();
const quality = new Quality(times, location.search, (level) => renderer.setQuality(level));
const renderer = new Renderer(surface, camera, measures, quality.level);
const minimap = new Minimap(/** @type {HTMLCanvasElement} */ (document.getElementById("minimap")));
const input = new PlayerInput(surface, settings, start, measures, {
  leave: () => leaving.press("Press again to leave."),
  close,
  press: () => sound.wake(),
  hold: (buttons) => give(buttons),
  isTall: () => camera.isTall,
  resume,
});
start.chooser.setClasses(measures.classes);
settings.onChange(applySettings);
applySettings();
const inputFrames = new InputFrames();
const hud = new Hud(measures, settings, inputFrames);
const sound = new Sound(settings, camera);
const invite = new Invite((text, ms) => hud.notice(text, performance.now(), ms));
const watchBar = new WatchBar(view.spectator);
const guard = new Guard();
const network = new Network(location.search, () => {
  applyNetwork();
  networkPanel.show();
});
const networkPanel = new NetworkPanel(network);
new AnyKey(resume);
// Nobody is asked unasked whether to install the page.
addEventListener("beforeinstallprompt", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  // One press closes one panel, however long it lasts.
  if (event.key !== "Escape" || event.repeat || close()) return;
  if (!start.isOpen) leaving.press("Press Escape again to leave.");
});
published.look({
  connected: () => game.isInRoom,
  game: () => game,
  view: () => view,
  network: () => network,
  serverView: () => serverView,
  quality: () => quality,
});

/** The last direction of the aim, in radians. */
let aim = 0;
/** Whether a spectator waits for its first snapshot. */
let awaited = false;
let frameAt = performance.now();
/** Whether nothing of the demo is drawn yet. */
let isDemoDue = false;
/** Whether to skip the events up to the next frame. */
let skips = false;
/** The own state of the last frame. @type {Own | null} */
let ownBefore = null;
/** The directions that are held. */
let moves = 0;
/** While it is switched on. @type {import("./server-view.js").ServerView | null} */
let serverView = null;
applyNetwork();

/** How to join again after a reload for a new version of the server. */
const rejoin = takeRejoinIntent();
/** Whether the notice of a new version is still due. */
let isUpdated = rejoin !== null;

game.onsample = hold;
game.addEventListener("status", changed);
game.addEventListener("silent", () => hud.say(game.isSilent ? SILENT : calm()));
game.addEventListener("reload", (event) => {
  saveRejoinIntent(event, game.isIdle, settings.ship);
});
game.addEventListener("notice", (event) => hud.notice(event.text, performance.now()));
game.addEventListener("renewed", () => game.isDemo && enterDemo());

start.enable(true);
if (rejoin) {
  const { name, room, spectator, ship } = rejoin;
  settings.change({ ship: /** @type {number} */ (ship) });
  start.restore(name, room);
  enter(spectator);
  game.isIdle = rejoin.idle;
} else if (start.wanted) {
  enter(start.wanted === "spectate");
} else {
  showDemo();
  start.show("");
}
requestAnimationFrame(frame);

/** Applies the graphics settings; a quality in the address has priority. */
function applySettings() {
  renderer.shakes = settings.shake;
  renderer.ownHits.numbers = settings.damageNumbers;
  if (!quality.asked && quality.choice !== settings.quality) quality.force(settings.quality);
}

/** Applies the network settings, and switches the server's view. */
function applyNetwork() {
  network.apply(game);
  inputFrames.clear();
  const { serverView: isWanted } = network.settings;
  if (isWanted && !serverView) void showServerView();
  if (!isWanted) serverView = renderer.overlay = null;
  if (!isWanted) hud.explain("");
}

/** The modules of the server's view are loaded when it is first wanted. */
async function showServerView() {
  const [{ ServerView }, { drawMarks, drawOutlines }] = await Promise.all([
    import("./server-view.js"),
    import("./draw/server-view.js"),
  ]);
  // Meanwhile it may have been switched off, or on once more.
  if (!network.settings.serverView || serverView) return;
  const view = (serverView = new ServerView());
  renderer.overlay = {
    under: (canvas, world) => drawOutlines(canvas, view, world),
    over: (canvas, _, now) => drawMarks(canvas, view, now),
  };
}

/** Sets the current input; the aim is the pointer relative to the ship on the screen. */
function hold() {
  input.controls.poll();
  const { x, y } = ownPlace();
  aim = input.controls.aimFrom(x, y);
  give(input.controls.buttons());
}

/** @param {number} buttons of {@link Button} */
function give(buttons) {
  const held = movesIn(buttons);
  if (held !== moves) inputFrames.change(performance.now());
  moves = held;
  if ((buttons & Button.ABSENT) !== 0) return game.release();
  const ship = measures.classes[(buttons >> CLASS_SHIFT) & CLASS_MASK];
  game.hold(inputOf(buttons, aim, ship?.name ?? null), stickOf(buttons));
}

/** Position of the own ship on the screen without its shake, since a hit must not turn the aim. */
function ownPlace() {
  const x = world.own ? camera.screenX(world.own.x) - camera.offsetX : camera.width / 2;
  const y = world.own ? camera.screenY(world.own.y) - camera.offsetY : camera.height / 2;
  return { x, y };
}

/** @param {boolean} spectator */
function enter(spectator) {
  wantsToWatch = spectator;
  start.hide();
  settings.keepShip();
  const as = { name: start.name || "Nameless", room: start.room };
  if (spectator) game.spectate(as);
  else game.join(as);
}

/** Closes the panel over the game. Returns whether one was open. */
function close() {
  return networkPanel.close() || hud.close();
}

function leave() {
  game.leave();
  back("");
}

/** An idle player plays again. Returns whether it was idle. */
function resume() {
  return game.resume();
}

/** @param {string} message @param {import("./trouble.js").Way | null} [way] */
function back(message, way = null) {
  input.setPlaying(false);
  hud.leave();
  invite.leave();
  networkPanel.close();
  sound.setActive(false);
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
  input.setPlaying(status === "playing");
  const waiting = status === "waiting" || status === "connecting";
  const way = waiting ? wayWhileWaiting(reason, { spectates: wantsToWatch, room: start.room }, ways) : null;
  offer(element("banner-act", HTMLButtonElement), way);
  if (status === "idle") {
    hud.say("");
  } else if (status === "ended") {
    // The server refused for good.
    const text = isIdle ? `You were idle. ${sentence(reason)}` : sentence(reason);
    back(text, wayAfterEnd(reason, start.room, ways));
  } else if (status === "connecting") {
    hud.say(reason ? `${sentence(reason)} Connecting again…` : "Connecting…");
  } else if (status === "waiting") {
    // For example for a free seat.
    hud.say(`${isIdle ? "You were idle. " : ""}${sentence(reason)} Trying again…`);
  } else {
    ownBefore = null;
    const spectates = status === "watching";
    world.enter(game);
    renderer.clear();
    serverView?.clear();
    inputFrames.clear();
    view.setMode(spectates ? "spectator" : "player");
    hud.enter(game.room ?? "", spectates);
    invite.enter(game.room ?? "");
    start.rooms.set(game.room);
    sound.setActive(true);
    watchBar.setNetwork(spectates ? game.network : null);
    networkPanel.setSpectating(spectates);
    awaited = spectates;
    hud.say(calm());
    if (!awaited) announceUpdate();
  }
}

/** Shows once, in the room, why the page was reloaded. */
function announceUpdate() {
  if (isUpdated) hud.notice("Updated to the new version.", performance.now(), UPDATED_MS);
  isUpdated = false;
}

/** The text while there is no problem. */
function calm() {
  if (game.isIdle) return IDLE;
  return awaited ? awaiting(delaySeconds(game.network)) : "";
}

/** The text while a delayed stream has no snapshot yet. @param {number} delay seconds */
function awaiting(delay) {
  if (delay <= 0) return "The picture is on its way…";
  return `Spectators see the room ${delay} s late: the picture is on its way…`;
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
  guard.run("own shots", () => flashOwn(own));
  if (game.status === "playing") guard.run("input's frames", () => measureInput(clock));
  guard.run("camera", () => {
    view.move(clock, seconds, input.controls.lookFrom(camera.width / 2, camera.height / 2), own);
  });
  guard.run("picture", () => renderer.draw(world, own, clock, seconds));
  guard.run("map", () => minimap.draw(world, view, clock));
  guard.run("sound", () => {
    sound.shots(renderer.eventEffects.shots);
    sound.follow(world, own, clock);
  });
  guard.run("recording", () => recorder.note(clock, world, times.lastWork));
  guard.run("display", () => {
    if (game.isInRoom) hud.draw(game, world, own, clock, quality, serverView);
  });
  guard.run("input", () => {
    const { x, y } = ownPlace();
    input.draw(own, x, y, seconds);
  });
  guard.run("watch bar", () => {
    if (view.mode === "spectator") watchBar.draw(world);
  });
  times.end();
}

/** Reads the rows to draw, and the events up to them. @param {number} clock */
function refill(clock) {
  if (!world.refill(game, clock)) return;
  if (isDemoDue && (view.isDemoReady || !game.isDemo)) setDemoDue(false);
  // The result of a round is no fight, and stands for long.
  if (game.isDemo && world.round?.phase === RESULT) return showDemo();
  if (awaited) {
    awaited = false;
    hud.say(calm());
    announceUpdate();
  }
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

/** @param {number} clock */
function measureInput(clock) {
  if (world.own) inputFrames.frame(clock, world.own.x, world.own.y, world.ownTick);
  else inputFrames.interrupt();
}

/** @param {import("./world.js").GameEvent} event @param {number} now */
function show(event, now) {
  renderer.show(world, event, now);
  view.show(event);
  sound.show(world, event);
  if (!game.isDemo) hud.show(world, event);
}

/** Drops effects and sounds of skipped events. */
function skip() {
  renderer.clear();
  sound.skip();
  ownBefore = null;
}

/** Shows and plays the own shot, and draws the own rail, when it is predicted, long before the
 *  server's event. @param {Own | null} own */
function flashOwn(own) {
  const before = ownBefore;
  // Copied, since the next frame refills it.
  ownBefore = own && { ...own };
  if (!own || !before || !world.own || own.cooldown_ticks <= before.cooldown_ticks) return;
  const { x, y } = world.own;
  const rail = own.railed || before.charge >= 1;
  sound.fire(rail);
  if (rail) renderer.eventEffects.fireRail(x, y, own.aim, own.rail_reach, world);
  else renderer.eventEffects.flash(x, y, own.aim, own.player, world);
}

