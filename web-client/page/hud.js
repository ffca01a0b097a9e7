// @ts-check
// What stands over the game: place, leaders, feed, connection, own ship, countdown, banner.
//
// It shows what it is told and asks the core for nothing but figures; texts of strangers only
// ever become textContent. Called by main.js at each frame and for each happening.

import { fillBoard } from "./hud/board.js";
import { Graph } from "./hud/graph.js";
import { colourOf } from "./draw/palette.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./wasm.js").Wasm} Wasm */
/** @typedef {import("./wasm.js").Own} Own */
/** @typedef {import("./wasm.js").Measures} Measures */
/** @typedef {import("./quality.js").Quality} Quality */

const FEED_MAX = 6;
const FEED_MS = 6500;
const FIGURES_EVERY_MS = 33;
const TEXTS_EVERY_MS = 250;
const NOTICE_MS = 8000;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Hud {
  /** @param {Measures} measures */
  constructor(measures) {
    this.measures = measures;
    this.root = part("hud");
    this.graph = new Graph(/** @type {HTMLCanvasElement} */ (part("graph")), part("figures"));
    /** @private */
    this.boardVersion = -1;
    /** @private */
    this.figuresAt = 0;
    /** @private */
    this.textsAt = 0;
    /** Who destroyed the own ship last. @private */
    this.killer = "";
    /** @private */
    this.noticeUntil = 0;
    /** @private */
    this.trouble = "";
    /** @private @type {Record<string, string>} what is shown, so that only changes touch the page */
    this.shown = {};
  }

  /** @param {string} room @param {boolean} spectator */
  enter(room, spectator) {
    this.root.hidden = false;
    part("room").textContent = room;
    part("role").textContent = spectator ? "spectating" : "";
    part("bars").hidden = spectator;
    part("rail").hidden = spectator;
    part("hint").textContent = spectator
      ? "E, Q or click: follow · M: arena · wheel: zoom · drag: move · Esc: leave"
      : "";
    part("feed").replaceChildren();
    part("countdown").hidden = true;
    this.boardVersion = -1;
    this.killer = "";
    this.shown = {};
    this.graph.clear();
  }

  leave() {
    this.root.hidden = true;
    this.noticeUntil = 0;
  }

  /** Says what is the matter with the connection; nothing when all is well. @param {string} text */
  say(text) {
    this.trouble = text;
    this.noticeUntil = 0;
    this.showBanner(text, true);
  }

  /** Something from the operator, for a while. @param {string} text @param {number} now */
  notice(text, now) {
    this.noticeUntil = now + NOTICE_MS;
    this.showBanner(text, false);
  }

  /** @param {World} world @param {number} victim @param {number} killer */
  kill(world, victim, killer) {
    const name = (/** @type {number} */ player) => world.nameOf(player) || "Nameless";
    if (victim === world.self) this.killer = name(killer);
    const line = document.createElement("li");
    const between = document.createElement("i");
    between.textContent = "▸";
    line.append(coloured(name(killer), killer, world), between, coloured(name(victim), victim, world));
    const feed = part("feed");
    feed.append(line);
    while (feed.children.length > FEED_MAX) feed.firstElementChild?.remove();
    setTimeout(() => line.remove(), FEED_MS);
  }

  /** @param {Wasm} wasm @param {World} world @param {Own | null} own @param {number} now
   *  @param {Quality} quality */
  draw(wasm, world, own, now, quality) {
    if (world.playersVersion !== this.boardVersion) {
      this.boardVersion = world.playersVersion;
      const rows = innerWidth <= 700 ? 5 : 10;
      fillBoard(part("leaders"), part("count"), world.players, world.self, rows);
    }
    if (this.noticeUntil && now > this.noticeUntil) this.say(this.trouble);
    const text = wasm.notice();
    if (text) this.notice(text, now);
    if (now - this.figuresAt < FIGURES_EVERY_MS) return;
    this.figuresAt = now;
    const state = wasm.state();
    this.graph.note(state, now);
    if (own) this.drawOwn(own, state.tick_rate_hz);
    if (now - this.textsAt < TEXTS_EVERY_MS) return;
    this.textsAt = now;
    this.graph.show(state, quality.times.work(), quality.level.name);
  }

  /** @private @param {Own} own @param {number} tickRate */
  drawOwn(own, tickRate) {
    const { hull_max, shield_max } = this.measures;
    this.bar("hull", own.hull, hull_max);
    this.bar("shield", own.shield, shield_max);
    part("charge").style.transform = `scaleX(${own.charge})`;
    part("bars").classList.toggle("charged", own.charge >= 1);
    const countdown = part("countdown");
    countdown.hidden = own.respawn_ticks === null;
    if (own.respawn_ticks === null) {
      // The next death is known before it is drawn who caused it.
      this.killer = "";
      return;
    }
    const seconds = own.respawn_ticks / Math.max(1, tickRate);
    const who = this.killer ? `Destroyed by ${this.killer}\n` : "";
    const when = seconds < 0.05 ? "now" : `in ${seconds.toFixed(1)} s`;
    this.set(countdown, "countdown", `${who}Next ship ${when}`);
  }

  /** @private @param {string} id @param {number} value @param {number} most */
  bar(id, value, most) {
    const text = String(Math.ceil(value));
    if (this.shown[id] === text) return;
    const fill = part(id);
    fill.style.transform = `scaleX(${Math.max(0, value / most)})`;
    fill.closest(".bar")?.classList.toggle("low", id === "hull" && value < 0.35 * most);
    this.set(part(`${id}-value`), id, text);
  }

  /** @private @param {HTMLElement} element @param {string} key @param {string} text */
  set(element, key, text) {
    if (this.shown[key] === text) return;
    this.shown[key] = text;
    element.textContent = text;
  }

  /** @private @param {string} text @param {boolean} trouble */
  showBanner(text, trouble) {
    const banner = part("banner");
    banner.hidden = text === "";
    banner.classList.toggle("trouble", trouble);
    part("banner-text").textContent = text;
  }
}

/** @param {string} text @param {number} player @param {World} world */
function coloured(text, player, world) {
  const element = document.createElement("span");
  element.textContent = text;
  element.style.color = colourOf(player, world.self);
  return element;
}
