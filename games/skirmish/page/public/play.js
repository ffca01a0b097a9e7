// @ts-check
// What a room needs beside its picture: input, HUD, sound, map and panels.
//
// The start page does without, so main.js loads it behind that, and calls it at each frame, event and change
// of the connection from then on. It owns what the input holds and the texts over the game; it draws nothing
// of the game and opens no connection.

import { AnyKey } from "./input/any-key.js";
import { Button, CLASS_MASK, CLASS_SHIFT, inputOf, movesIn, stickOf } from "./input/buttons.js";
import { BACK, Comeback } from "./comeback.js";
import { Hud } from "./hud.js";
import { InputFrames } from "./input-frames.js";
import { Invite } from "./invite.js";
import { LeaveQuestion } from "./leave.js";
import { Minimap } from "./draw/minimap.js";
import { NetworkPanel } from "./hud/network.js";
import { PlayerInput } from "./input.js";
import { Sound } from "./sound.js";
import { WatchBar, delaySeconds } from "./hud/watch.js";
import { announce } from "./hud/announce.js";
import { closingHeard, closingText, isOfClosing } from "./hud/words.js";
import { element } from "./dom.js";
import { offer, sentence } from "./trouble.js";

/** @typedef {import("./types.js").Game} Game */
/** @typedef {import("./types.js").Own} Own */
/** @typedef {import("./world.js").GameEvent} GameEvent */
/** @typedef {import("./server-view.js").ServerView} ServerView */
/** @typedef {import("./trouble.js").Way} Way */
/**
 * What main.js owns.
 * @typedef {object} Page
 * @property {Game} game
 * @property {import("./settings.js").Settings} settings
 * @property {import("./start.js").Start} start
 * @property {import("./world.js").World} world
 * @property {import("./camera.js").Camera} camera
 * @property {import("./view.js").View} view
 * @property {import("./draw/renderer.js").Renderer} renderer
 * @property {import("./quality.js").Quality} quality
 * @property {import("./network.js").Network} network
 * @property {HTMLElement} surface where the pointer plays
 * @property {() => void} leave
 */

/** How long the notice of a new version, or of a player that is lost, is shown. */
const UPDATED_MS = 6000;
/** The same of one that all is as it was. */
const RESUMED_MS = 3000;
const IDLE = "You were idle; press any key to play.";
const SILENT = "Nothing heard from the server for a moment.";
const HEARD = "The server is heard again.";

export class Play {
  /** @param {Page} page @param {boolean} isUpdated whether the page was reloaded for a new version
   *  @param {import("./comeback.js").Flown | null} flown the ship that the player had before the page was loaded */
  constructor(page, isUpdated, flown) {
    const { game, settings, start, camera, view, network, surface, leave } = page;
    this.page = page;
    this.comeback = new Comeback(flown);
    /** Whether the notice of a new version is still due. @private */
    this.isUpdated = isUpdated;
    /** The last direction of the aim, in radians. @private */
    this.aim = 0;
    /** The directions that are held. @private */
    this.moves = 0;
    /** Whether a spectator waits for its first snapshot. @private */
    this.isAwaited = false;
    /** The own state of the last frame. @private @type {Own | null} */
    this.ownBefore = null;
    /** In how many seconds the server closes, as it is shown. @private @type {number | null} */
    this.closesIn = null;
    /** What is read out of that: once, not each second. @private */
    this.closing = "";
    const notify = (/** @type {string} */ text, /** @type {number} */ ms) => this.notice(text, ms);
    const resume = () => game.resume();
    this.inputFrames = new InputFrames();
    this.hud = new Hud(game.measures, settings, this.inputFrames);
    this.sound = new Sound(settings, camera);
    /** @private */
    this.leaving = new LeaveQuestion([element("leave"), element("give-up")], {
      plays: () => game.status === "playing" || game.resuming?.spectator === false,
      notify,
      leave,
    });
    /** @private */
    this.input = new PlayerInput(surface, settings, start, game.measures, {
      leave: () => this.leaving.press("Press again to leave."),
      close: () => this.close(),
      press: () => this.sound.wake(),
      hold: (buttons) => this.give(buttons),
      isTall: () => camera.isTall,
      now: () => game.now(),
      resume,
    });
    /** @private */
    this.invite = new Invite(notify);
    /** @private */
    this.minimap = new Minimap(element("minimap", HTMLCanvasElement));
    /** @private */
    this.watchBar = new WatchBar(view.spectator);
    this.networkPanel = new NetworkPanel(network);
    new AnyKey(resume);
    addEventListener("keydown", (event) => {
      // One press closes one panel, however long it lasts.
      if (event.key !== "Escape" || event.repeat || this.close()) return;
      if (!start.isOpen) this.leaving.press("Press Escape again to leave.");
    });
    game.onsample = () => this.hold();
    game.addEventListener("silent", () => {
      if (game.isSilent) {
        this.comeback.cut(game.now());
        return this.hud.say(SILENT);
      }
      this.comeback.heard();
      this.sayCalm();
      announce(HEARD);
    });
    game.addEventListener("closing", ({ seconds }) => {
      this.closing = closingHeard(seconds);
    });
    game.addEventListener("notice", ({ text }) => {
      if (game.closesIn === null || !isOfClosing(text)) this.notice(text);
    });
  }

  /** Shows a sentence for a while. @param {string} text @param {number} [ms] */
  notice(text, ms) {
    this.hud.notice(text, this.page.game.now(), ms);
  }

  /** Where the pointer is, seen from the middle of the screen. */
  get look() {
    const { camera } = this.page;
    return this.input.controls.lookFrom(camera.width / 2, camera.height / 2);
  }

  /** The status of the connection changed. @param {Way | null} way out of what keeps the player waiting */
  show(way) {
    const { game } = this.page;
    const { status, reason, isIdle } = game;
    const why = `${isIdle ? "You were idle. " : ""}${sentence(reason)}`;
    this.input.setPlaying(status === "playing");
    if (!game.isInRoom) this.comeback.cut(game.now());
    offer(element("banner-act", HTMLButtonElement), way);
    if (status === "idle") {
      this.hud.say("");
    } else if (status === "connecting") {
      // The two take turns for as long as nobody answers: only the reason is read out.
      if (reason) this.hud.say(`${sentence(reason)} Connecting again…`, why);
      else this.hud.say("Connecting…");
    } else if (status === "waiting") {
      // For example for a free seat.
      this.hud.say(`${why} Trying again…`, why);
    } else if (game.isInRoom) {
      this.enter(status === "watching");
    }
  }

  /** @private @param {boolean} spectates */
  enter(spectates) {
    const { game } = this.page;
    const room = game.room ?? "";
    this.ownBefore = null;
    this.leaving.clear();
    this.inputFrames.clear();
    this.hud.enter(room, spectates);
    this.invite.enter(room);
    this.sound.setActive(true);
    this.watchBar.setNetwork(spectates ? game.network : null);
    this.networkPanel.setSpectating(spectates);
    this.isAwaited = spectates;
    this.closesIn = game.closesIn;
    this.sayCalm();
    announce(`${spectates ? "Watching" : "Playing in"} ${room}.`);
    // The notice of a new version is enough.
    if (this.isUpdated) this.comeback.heard();
    const lost = this.comeback.enter(game, game.now());
    if (!this.isAwaited) this.announceUpdate(spectates ? "" : lost);
  }

  /** The player is on the start page again. */
  leave() {
    this.input.setPlaying(false);
    this.leaving.clear();
    this.hud.leave();
    this.invite.leave(this.page.start.room);
    this.networkPanel.close();
    this.sound.setActive(false);
  }

  /** The first rows of a stream are there, or others. */
  arrive() {
    if (!this.isAwaited) return;
    this.isAwaited = false;
    this.sayCalm();
    this.announceUpdate();
  }

  /** Shows and plays what follows from the own state, long before the server's event.
   *  @param {Own | null} own @param {number} clock */
  predict(own, clock) {
    const { game, world } = this.page;
    this.flashOwn(own);
    if (game.status !== "playing") return;
    const text = this.comeback.note(own, world.round);
    if (text !== "") this.notice(text, text === BACK ? RESUMED_MS : undefined);
    if (world.own) this.inputFrames.frame(clock, world.own.x, world.own.y, world.ownTick);
    else this.inputFrames.interrupt();
  }

  /** @param {GameEvent} event */
  event(event) {
    const { game, world } = this.page;
    this.sound.show(world, event);
    if (!game.isDemo) this.hud.show(world, event);
  }

  /** Drops what belongs to skipped events. */
  skip() {
    this.sound.skip();
    this.ownBefore = null;
  }

  /** Draws over the picture of a frame.
   *  @param {Own | null} own @param {number} clock @param {number} seconds since the last frame
   *  @param {ServerView | null} serverView @param {import("./guard.js").Guard} guard */
  draw(own, clock, seconds, serverView, guard) {
    const { game, world, view, renderer, quality } = this.page;
    guard.run("map", () => this.minimap.draw(world, view, clock));
    guard.run("sound", () => {
      this.sound.shots(renderer.eventEffects.shots);
      this.sound.follow(world, own, clock);
    });
    guard.run("display", () => {
      this.countDown();
      this.hud.expire(clock);
      if (game.isInRoom) this.hud.draw(game, world, own, clock, quality, serverView);
    });
    guard.run("input", () => {
      const { x, y } = this.ownPlace();
      this.input.draw(own, x, y, seconds);
    });
    guard.run("watch bar", () => {
      if (view.mode === "spectator") this.watchBar.draw(world);
    });
  }

  /** Sets the current input; the aim is the pointer relative to the ship on the screen. @private */
  hold() {
    const { controls } = this.input;
    controls.poll();
    const { x, y } = this.ownPlace();
    this.aim = controls.aimFrom(x, y);
    this.give(controls.buttons());
  }

  /** @private @param {number} buttons of {@link Button} */
  give(buttons) {
    const { game } = this.page;
    const held = movesIn(buttons);
    if (held !== this.moves) this.inputFrames.change(game.now());
    this.moves = held;
    if ((buttons & Button.ABSENT) !== 0) return game.release();
    const ship = game.measures.classes[(buttons >> CLASS_SHIFT) & CLASS_MASK];
    game.hold(inputOf(buttons, this.aim, ship?.name ?? null), stickOf(buttons));
  }

  /** Position of the own ship on the screen without its shake, since a hit must not turn the aim. @private */
  ownPlace() {
    const { world, camera } = this.page;
    const x = world.own ? camera.screenX(world.own.x) - camera.offsetX : camera.width / 2;
    const y = world.own ? camera.screenY(world.own.y) - camera.offsetY : camera.height / 2;
    return { x, y };
  }

  /** Closes the panel over the game. Returns whether one was open. @private */
  close() {
    return this.networkPanel.close() || this.hud.close();
  }

  /** Shows once, in the room, why the page was reloaded, and what else there is to say. @private @param {string} [more] */
  announceUpdate(more = "") {
    const text = this.isUpdated ? `Updated to the new version. ${more}`.trim() : more;
    if (text !== "") this.notice(text, UPDATED_MS);
    this.isUpdated = false;
  }

  /** Says what there is to say while there is no problem. @private */
  sayCalm() {
    const { game } = this.page;
    if (this.closesIn !== null) return this.hud.remain(closingText(this.closesIn), this.closing);
    if (game.isIdle) return this.hud.say(IDLE);
    this.hud.say(this.isAwaited ? awaiting(delaySeconds(game.network)) : "");
  }

  /** Shows each second how soon the server closes. @private */
  countDown() {
    const { game } = this.page;
    const { closesIn } = game;
    if (!game.isInRoom || game.isSilent || closesIn === this.closesIn) return;
    this.closesIn = closesIn;
    this.sayCalm();
  }

  /** Shows and plays the own shot, and draws the own rail. @private @param {Own | null} own */
  flashOwn(own) {
    const { world, renderer } = this.page;
    const before = this.ownBefore;
    // Copied, since the next frame refills it.
    this.ownBefore = own && { ...own };
    if (!own || !before || !world.own || own.cooldown_ticks <= before.cooldown_ticks) return;
    const { x, y } = world.own;
    const rail = own.railed || before.charge >= 1;
    this.sound.fire(rail);
    if (rail) renderer.eventEffects.fireRail(x, y, own.aim, own.rail_reach, world);
    else renderer.eventEffects.flash(x, y, own.aim, own.player, world);
  }
}

/** The text while a delayed stream has no snapshot yet. @param {number} delay seconds */
function awaiting(delay) {
  if (delay <= 0) return "The picture is on its way…";
  return `Spectators see the room ${delay} s late: the picture is on its way…`;
}
