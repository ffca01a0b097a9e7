// @ts-check
// The head-up display: it owns the panels in hud/ and updates them.
//
// It passes events and state to the panels, shows the banner, and remembers which class each player
// flew; it asks the core for figures and for the operator's notices. Texts of players are only ever
// set as textContent. play.js calls it at each frame in a room, for each event, and on entering and
// leaving; touch sticks, hints and a spectator's bar are not its own.

import { Arrivals } from "./hud/arrivals.js";
import { Calls } from "./hud/calls.js";
import { Feed } from "./hud/feed.js";
import { Connection } from "./hud/connection.js";
import { NetworkOffer } from "./hud/network-offer.js";
import { OwnShip } from "./hud/ship.js";
import { ResultPanel, judged } from "./hud/result.js";
import { RoundClock } from "./hud/round.js";
import { fillBoard } from "./hud/board.js";
import { STREAK_ANNOUNCED } from "./thresholds.js";
import { announce } from "./hud/announce.js";
import { element } from "./dom.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").GameEvent} GameEvent */
/** @typedef {import("./types.js").Game} Game */
/** @typedef {import("./types.js").Own} Own */
/** @typedef {import("./types.js").Measures} Measures */
/** @typedef {import("./quality.js").Quality} Quality */
/** @typedef {import("./server-view.js").ServerView} ServerView */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./input-frames.js").InputFrames} InputFrames */

const FIGURES_EVERY_MS = 33;
const TEXTS_EVERY_MS = 250;
const NOTICE_MS = 8000;
/** Rows of the leaderboard, by screen size. */
const BOARD_ROWS = { small: 4, full: 10 };
const SMALL_SCREEN = "(max-width: 700px), (max-height: 560px)";

export class Hud {
  /** @param {Measures} measures @param {Settings} settings @param {InputFrames} inputFrames */
  constructor(measures, settings, inputFrames) {
    this.root = element("hud");
    /** @private */
    this.connection = new Connection(settings, inputFrames);
    /** @private */
    this.offer = new NetworkOffer(settings);
    /** @private */
    this.feed = new Feed();
    /** @private */
    this.arrivals = new Arrivals();
    /** @private */
    this.calls = new Calls();
    /** @private */
    this.ship = new OwnShip(measures);
    /** @private */
    this.round = new RoundClock();
    /** @private */
    this.result = new ResultPanel();
    /** Of the ships that were seen, by player: lists show them. @private
     *  @type {Map<number, number>} */
    this.classes = new Map();
    /** @private */
    this.smallScreen = matchMedia(SMALL_SCREEN);
    /** Of the round, as it was last seen. @private @type {number | null} */
    this.phase = null;
    /** What the board shows. @private */
    this.board = "";
    /** @private */
    this.figuresAt = 0;
    /** @private */
    this.textsAt = 0;
    /** @private */
    this.noticeUntil = 0;
    /** @private */
    this.trouble = "";
    /** What was read out of it. @private */
    this.heard = "";
  }

  /** @param {string} room @param {boolean} spectator */
  enter(room, spectator) {
    this.root.hidden = false;
    element("room-name").textContent = room;
    element("role").textContent = spectator ? "spectating" : "";
    element("rail").hidden = spectator;
    element("hint").textContent = spectator
      ? "E, Q or click: follow · W A S D or drag: move · wheel: zoom · M: arena · Esc: leave"
      : "";
    this.feed.clear();
    this.arrivals.clear();
    this.calls.clear();
    this.ship.enter(spectator);
    this.round.enter();
    this.result.enter(room);
    this.classes.clear();
    this.phase = null;
    this.board = "";
    this.connection.clear();
    this.offer.enter();
  }

  leave() {
    this.root.hidden = true;
    // They would hide the badge of a simulated network on the start page.
    this.root.classList.remove("dead", "resulting");
    this.explain("");
    this.noticeUntil = 0;
    this.result.close();
    this.classes.clear();
  }

  /** Closes the panel that covers the game. Returns whether one was open. */
  close() {
    return this.result.close();
  }

  /** Shows a problem of the connection; an empty text hides it. @param {string} text
   *  @param {string} [heard] what of it is read out, once for as long as it stays the same */
  say(text, heard = text) {
    if (heard !== "" && heard !== this.heard) announce(heard);
    this.heard = heard;
    this.trouble = text;
    this.noticeUntil = 0;
    this.showBanner(text, true);
  }

  /** The same of what is no news: a notice that is shown stays until its time is over. @param {string} text
   *  @param {string} heard */
  remain(text, heard) {
    if (!this.noticeUntil) return this.say(text, heard);
    if (heard !== this.heard) announce(heard);
    this.heard = heard;
    this.trouble = text;
  }

  /** Something to be read, for a while. @param {string} text @param {number} now
   *  @param {number} [ms] */
  notice(text, now, ms = NOTICE_MS) {
    this.noticeUntil = now + ms;
    announce(text);
    this.showBanner(text, false);
  }

  /** Takes a notice back when its time is over, in a room or not: what is wrong with the connection shows again.
   *  @param {number} now */
  expire(now) {
    if (this.noticeUntil && now > this.noticeUntil) this.say(this.trouble, this.heard);
  }

  /** @param {World} world @param {GameEvent} event */
  show(world, { name, values }) {
    const { self } = world;
    if (name === "kill") {
      const { victim, killer, rail } = values;
      this.feed.kill(world, victim, killer, rail === 1);
      if (victim === self) this.ship.blame(world, killer, rail === 1);
      else if (killer === self) this.calls.kill(world, victim, world.areMates(victim, killer));
    } else if (name === "assist" && self !== null) {
      // Spectators receive it too, but it is only for the player.
      this.calls.assist(world, values.victim);
    } else if (name === "streak") {
      // The middle of the screen is for the own player.
      if (values.player === self) this.calls.streak(values.kills);
      else if (values.kills >= STREAK_ANNOUNCED) this.feed.streak(world, values.player, values.kills);
    } else if (name === "take" && values.player === self) {
      this.calls.take(values.kind_);
    }
  }

  /** @param {Game} game @param {World} world @param {Own | null} own @param {number} now
   *  @param {Quality} quality @param {ServerView | null} serverView if it is on */
  draw(game, world, own, now, quality, serverView) {
    if (now - this.figuresAt < FIGURES_EVERY_MS) return;
    this.figuresAt = now;
    const state = game.network;
    this.connection.note(state, now);
    this.offer.draw(own, now);
    if (own) this.ship.draw(own, state.tick_rate_hz);
    this.root.classList.toggle("dead", own !== null && own.respawn_ticks !== null);
    this.round.draw(world);
    if (now - this.textsAt < TEXTS_EVERY_MS) return;
    this.textsAt = now;
    this.connection.show(state, world.ships.length, quality.times.work(), quality.level.name);
    if (serverView) this.explain(serverView.describe(state.tick_rate_hz));
    this.drawLists(game, world);
    if (!world.isAcquainted) return;
    for (const line of this.arrivals.note(world.players.values(), world.self, now)) this.feed.presence(world, line);
  }

  /** Says what is drawn over the picture; an empty text hides it. @param {string} text */
  explain(text) {
    const legend = element("server-view-legend");
    if (legend.textContent === text) return;
    legend.hidden = text === "";
    legend.textContent = text;
  }

  /** @private @param {Game} game @param {World} world */
  drawLists(game, world) {
    for (const ship of world.ships) this.classes.set(ship.player, ship.class);
    for (const player of this.classes.keys()) {
      if (!world.players.has(player)) this.classes.delete(player);
    }
    const rows = this.smallScreen.matches ? BOARD_ROWS.small : BOARD_ROWS.full;
    // The board by teams needs only the roster.
    game.openBoard(world.isTeams ? 0 : rows);
    const classes = [...this.classes.values()].join("");
    const board = [world.playersVersion, rows, classes, world.round?.team1, world.round?.team2].join();
    if (board !== this.board) {
      this.board = board;
      fillBoard(element("leaders"), element("count"), world, this.classes, rows);
    }
    this.callRound(world);
    this.root.classList.toggle("resulting", this.result.isOpen);
  }

  /** The end of a round and the beginning of the next are called out. @private
   *  @param {World} world */
  callRound(world) {
    const { round } = world;
    if (this.result.draw(world, this.classes)) {
      const { text, tone } = judged(world);
      this.calls.announce(text, tone === "own", `Round ${round?.number}`);
    }
    const phase = round?.phase ?? null;
    if (phase === 0 && this.phase === 1) this.calls.announce(`Round ${round?.number}`, false, "");
    this.phase = phase;
  }

  /** @private @param {string} text @param {boolean} trouble */
  showBanner(text, trouble) {
    const banner = element("banner");
    banner.hidden = text === "";
    banner.classList.toggle("trouble", trouble);
    element("banner-text").textContent = text;
  }
}
