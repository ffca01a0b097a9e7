// @ts-check
// Tests of what Skirmish's page computes without a browser: node skirmish.mjs
//
// It ends with 0 and a line for each claim that holds, or throws. Run by tests/tests/page_in_node.rs.

import { dice, holds, world as browser } from "./fake-browser.mjs";

browser.Path2D = class {};
const { BOW_UNITS, streakEnds } = await import("../../games/skirmish/page/public/draw/bolts.js");

// A bolt leaves a ship that flies any way at full speed, at every moment of its first quarter of a second.
const [BOLT_SPEED, SHIP_SPEED, LENGTH] = [42, 16.5, 1.43];
let [longest, overShip, shortest] = [0, 0, Infinity];
for (let turn = 0; turn < 16; turn++) {
  for (let ms = 0; ms <= 250; ms += 5) {
    const flown = (BOLT_SPEED * ms) / 1000;
    const drift = (SHIP_SPEED * ms) / 1000;
    const ship = { x: drift * Math.cos(turn), y: drift * Math.sin(turn) };
    const ends = { from: 0, to: 0 };
    streakEnds({ x: flown, y: 0 }, 1, 0, LENGTH, ship, ends);
    const tail = Math.max(0, -ends.from);
    longest = Math.max(longest, tail - flown);
    shortest = Math.min(shortest, ends.to - ends.from);
    const isNear = Math.abs(ship.y) <= BOW_UNITS && flown - ship.x >= -BOW_UNITS;
    if (isNear) overShip = Math.max(overShip, ship.x + BOW_UNITS - (flown + ends.from));
  }
}
holds(longest <= 1e-9, "the tail of a bolt is never longer than the way that it has flown");
holds(overShip <= 1e-9, "no streak lies over its own ship");
holds(shortest > 0.2, "a shot shows in its first frame");
const far = { from: 0, to: 0 };
streakEnds({ x: 20, y: 3 }, 1, 0, LENGTH, { x: 0, y: 3 }, far);
holds(far.from === -LENGTH && far.to === 0, "a bolt that is on its way has a whole tail");
streakEnds({ x: 20, y: 3 }, 1, 0, LENGTH, undefined, far);
holds(far.from === -LENGTH && far.to === 0, "so has one whose ship is not known");

const { Lull } = await import("../../games/skirmish/page/public/hud/lull.js");
const lull = new Lull();
const whole = /** @type {any} */ ({ hull: 100, shield: 50, truce: false });
/** Whether there is time after so many seconds of frames. @param {number} seconds @param {any} own
 *  @param {boolean} [fires] */
function waits(seconds, own, fires = false) {
  let has = false;
  for (let frame = 0; frame < 60 * seconds; frame++) has = lull.note(own, fires, 1 / 60);
  return has;
}
holds(!waits(2.5, whole) && waits(1, whole), "a fresh ship has other things to do, later there is time to read");
holds(!waits(0.1, whole, true) && !waits(1.3, whole) && waits(0.5, whole), "who fires is in a fight until a while after");
holds(!waits(2.5, { ...whole, shield: 20 }) && waits(1, whole), "so is one that was hit, even if its shield regrows");
holds(!waits(9, { ...whole, truce: true }), "while weapons are off there is nothing to try");
holds(!waits(9, null) && !waits(1, whole), "without a ship the wait begins anew");

const { Arrivals } = await import("../../games/skirmish/page/public/hud/arrivals.js");
const arrivals = new Arrivals();
const someone = (/** @type {number} */ player, bot = false) => ({ player, name: `P${player}`, bot, team: 0, score: 0 });
let clock = 0;
/** The lines that a roster makes, some seconds after the last. @param {number} ms @param {any[]} players */
const lines = (ms, players) =>
  arrivals.note(players, 1, (clock += ms)).map(({ what, people }) => `${what} ${people.map(({ name }) => name)}`).join("; ");
const [me, bot, bea] = [someone(1), someone(2, true), someone(3)];
holds(lines(0, [bot, bea]) === "" && lines(300, [me, bot, bea]) === "", "who is in the room already, and oneself, is no news");
holds(lines(300, [me, bea, someone(4, true)]) === "", "nor are bots that come and go");
holds(lines(300, [me, bea, someone(5)]) === "joined P5", "a person who joins is");
holds(lines(300, [me]) === "" && lines(2_000, [me, bea]) === "left P5", "one who is back soon has not left");
const crowd = Array.from({ length: 40 }, (_, nth) => someone(100 + nth));
holds(lines(3_000, [me, bea, ...crowd]).startsWith("joined P100,P101,"), "forty at once are one line");
holds(lines(3_000, [me, { ...bea, name: "Cleo" }]).startsWith("joined Cleo; left P3,P100"), "a number that another has is another person");

const { ranked, sharedPlace } = await import("../../games/skirmish/page/public/hud/board.js");
const scores = ranked([7, 9, 7, -2, 7].map((score, player) => ({ ...someone(player), score })));
const places = scores.map((player) => sharedPlace(scores, player));
holds(places.join() === "1,2,2,2,5", "equal points share a place, and the next one is as far down as it would be");

const { bestOf, isComplete, medalFor, medalsOf } = await import("../../games/skirmish/page/public/hud/medals.js");
const row = (/** @type {number} */ kills, /** @type {number} */ deaths, /** @type {number} */ assists, /** @type {number} */ streak) =>
  ({ player: 0, place: 1, score: 2 * kills + assists, kills, deaths, assists, streak });
const table = [row(9, 4, 1, 3), row(7, 3, 0, 5), row(5, 5, 4, 2), row(5, 6, 2, 2), row(0, 0, 0, 0)];
const medals = table.map((one) => medalsOf(table, one).join());
holds(medals.join("; ") === "Most kills; Longest streak,Fewest deaths; Most assists; ; ", "medals go to the best of each figure, none to who did nothing");
holds(bestOf(table, table[3]) === "2nd in assists" && bestOf(table, table[4]) === "", "a player without one hears what it did best, if it did");
holds(medalFor([row(1, 1, 1, 1)], row(1, 1, 1, 1), "kills") === "", "nobody is the best of one");
const alike = Array.from({ length: 3 }, () => row(4, 4, 4, 4));
holds(medalsOf(alike, alike[0]).length === 0 && bestOf(alike, alike[0]) === "", "what three share is no medal, and nobody's best");
holds(medalsOf([], alike[0]).length === 0 && bestOf([], alike[0]) === "", "where not all rows are sent nobody is called the best");
const sent = (/** @type {number} */ length) => Array.from({ length }, (_, nth) => row(nth, 1, 1, 1));
holds(isComplete(sent(31), 32) && !isComplete(sent(32), 32) && !isComplete(sent(33), 32), "as many as the rules send at most may not be all");

const { playersOf } = await import("../../games/skirmish/page/public/hud/result.js");
const result = (/** @type {number} */ rows, /** @type {number} */ players) =>
  playersOf({ results: sent(rows), players: /** @type {any} */ ({ size: players }), measures: /** @type {any} */ ({ results_max: 32 }) });
holds(result(8, 9) === 8 && result(8, 6) === 8, "who joins or leaves while a result stands changes no place in it");
holds(result(33, 60) === 60, "of more players than rows all are counted");

const { PastRounds, comparison } = await import("../../games/skirmish/page/public/hud/past-rounds.js");
const pastRounds = new PastRounds();
const compared = (/** @type {string} */ id, /** @type {number} */ kills) => {
  const own = row(kills, 2, 0, 1);
  return comparison(own.score, pastRounds.note(id, own));
};
holds(compared("a/1", 4) === "", "the first round has nothing to be compared with");
holds(compared("a/2", 6) === "your best yet, 8 before" && compared("a/2", 6) === "your best yet, 8 before",
  "a better one is the best, also after a reload");
holds(compared("a/3", 5) === "2 points fewer than last round, your best is 12", "a worse one is compared with the last and the best");
holds(compared("a/3", 5.0) === compared("a/3", 5) && compared("a/3", 6) === "2 points more than last round, your best is 12",
  "the same number after a restart of the server is another round");
const none = (/** @type {number} */ before) => ({ before: { id: "a", score: before, kills: 0, deaths: 9 }, best: before });
holds(comparison(0, none(0)) === "" && comparison(-3, none(-5)) === "" && comparison(-3, none(-1)) === "", "nobody hears that no points are as many as before");
holds(comparison(1, none(0)) === "your best yet, 0 before" && comparison(0, none(2)) !== "", "where there are some in either, they are compared");
for (const broken of ["", "null", "[]", "{", '{"last":7,"best":"many"}', '{"last":{"id":"a","score":1e99,"kills":0,"deaths":0},"best":-1.5}']) {
  browser.localStorage.setItem("tickwire.rounds", broken);
  holds(compared(`b/${broken}`, 1) === "", `kept as ${broken || "nothing"} is as if nothing was kept`);
}

const { Comeback } = await import("../../games/skirmish/page/public/comeback.js");
const round = (/** @type {number} */ number) => ({ number });
const flies = (/** @type {number} */ ship) => /** @type {any} */ ({ ship, respawn_ticks: null });
const destroyed = (/** @type {number} */ ship) => /** @type {any} */ ({ ship, respawn_ticks: 40 });
/** What a player in ship 7 of round 2 reads who is away for some time, and by which own state.
 *  @param {number} ms @param {any} own @param {number} number */
function readsBack(ms, own, number, before = flies(7)) {
  const comeback = new Comeback(null);
  comeback.enter({ isResumed: false, joinedAnew: false }, 0);
  const first = comeback.note(before, round(2));
  comeback.cut(1_000);
  comeback.cut(1_000 + ms);
  const atOnce = comeback.enter({ isResumed: true, joinedAnew: false }, 1_000 + ms);
  const early = comeback.note(null, round(number)) + comeback.note(own, null);
  const text = comeback.note(own, round(number));
  holds(first + atOnce + early + comeback.note(own, round(number)) === "", "it is said once, by the first own state");
  return text;
}
holds(readsBack(3_000, flies(7), 2) === "Back in your ship.", "who is back in its ship reads so");
holds(readsBack(200, flies(7), 2) === "", "but not after a cut that nobody noticed");
for (const [own, how] of [[destroyed(7), "waits for another"], [flies(9), "has another"]]) {
  holds(readsBack(3_000, own, 2) === "Your ship was destroyed while you were away.", `who lost it reads that, and ${how}`);
  holds(readsBack(3_000, own, 3) === "A new round began while you were away.", "unless a new round gave it another");
  holds(readsBack(3_000, own, 2, destroyed(5)) === "", "who had none before has lost none");
}
const loaded = new Comeback({ ship: 7, round: 2 });
loaded.cut(5);
loaded.enter({ isResumed: true, joinedAnew: false }, 300);
holds(loaded.note(flies(7), round(2)) === "Back in your ship.", "a reload is never unnoticed");
loaded.cut(1_000);
loaded.heard();
loaded.cut(9_000);
loaded.enter({ isResumed: true, joinedAnew: false }, 9_100);
holds(loaded.note(flies(7), round(2)) === "", "a silence that is over is not counted");
const unknown = new Comeback(null);
unknown.enter({ isResumed: true, joinedAnew: false }, 300);
holds(unknown.note(flies(7), round(2)) === "", "of a ship that nobody knows any more nothing is said");
holds(loaded.enter({ isResumed: false, joinedAnew: true }, 20_000) === "Your place was not kept: you start anew.", "who is another reads that");
holds(loaded.note(flies(8), round(2)) === "" && loaded.flown?.ship === 8, "and nothing of the ship that it does not have");

const { Camera } = await import("../../games/skirmish/page/public/camera.js");
const { Killcam } = await import("../../games/skirmish/page/public/killcam.js");
const measures = /** @type {any} */ ({
  view_half_x: 36, view_half_y: 21, screen_half_x: 32, screen_half_y: 18, tall_half_x: 13.5, tall_half_y: 27,
});
const wreck = /** @type {any} */ ({ respawn_ticks: 60, x: 5, y: -3 });
const killer = { x: 5, y: -3 };
/** @type {any} */
let seen = killer;
const arena = /** @type {any} */ ({ self: 1, shipOf: (/** @type {number} */ player) => (player === 2 ? seen : undefined) });
const roll = dice(1);
let beyond = -Infinity;
for (const [width, height] of [[1920, 1080], [1366, 768], [1024, 768], [390, 844], [844, 390], [800, 790], [3440, 1440]]) {
  const camera = new Camera(measures);
  camera.resize(width, height);
  const [halfX, halfY] = camera.isTall ? [21, 36] : [36, 21];
  for (let life = 0; life < 30; life++) {
    const killcam = new Killcam(camera, arena);
    camera.sitOn(wreck.x, wreck.y);
    camera.lead(6 * roll(), 400 * roll(), 0.1);
    camera.sitOn(wreck.x, wreck.y);
    killcam.blame(2);
    for (let frame = 0; frame < 120; frame++) {
      [killer.x, killer.y] = [wreck.x + 80 * (roll() - 0.5), wreck.y + 80 * (roll() - 0.5)];
      killcam.move(wreck, 0.03 * roll(), false);
      const [shownX, shownY] = [width / 2 / camera.scale, height / 2 / camera.scale];
      beyond = Math.max(beyond, Math.abs(camera.x - wreck.x) + shownX - halfX, Math.abs(camera.y - wreck.y) + shownY - halfY);
    }
  }
}
holds(beyond <= 0, "the killcam never shows more than the server sends around the wreck");
const camera = new Camera(measures);
camera.resize(1920, 1080);
camera.sitOn(wreck.x, wreck.y);
const killcam = new Killcam(camera, arena);
[killer.x, killer.y] = [10, 1];
holds(!killcam.move(wreck, 1, false), "it waits for the killer's name");
killcam.blame(2);
for (let frame = 0; frame < 120; frame++) killcam.move(wreck, 1 / 60, false);
holds(Math.hypot(camera.x - 10, camera.y - 1) < 0.2, "then it is at the killer's ship");
seen = undefined;
killcam.move(wreck, 1 / 60, false);
holds(Math.hypot(camera.x - 10, camera.y - 1) < 0.2, "where it stays when that is gone");
holds(!killcam.move(null, 1 / 60, false) && !killcam.move(wreck, 1, false), "the next ship has the camera at once, and the next death has a killer of its own");
killcam.blame(2);
holds(!killcam.move(wreck, 1, true), "with less motion the camera stays at the wreck");

browser.HTMLButtonElement = class extends EventTarget {
  hidden = true;
};
browser.HTMLElement = browser.HTMLButtonElement;
const [offerButton, networkPanel] = [new browser.HTMLButtonElement(), new browser.HTMLButtonElement()];
browser.document.getElementById = (/** @type {string} */ id) => (id === "network-offer" ? offerButton : networkPanel);
const { NetworkOffer } = await import("../../games/skirmish/page/public/hud/network-offer.js");
/** Settings as far as the offer needs them. @returns {any} */
const unlearned = () => ({
  learned: { network: false },
  change(/** @type {any} */ wanted) {
    Object.assign(this, wanted);
  },
});
const flying = /** @type {any} */ ({ ship: 4, respawn_ticks: null, truce: false });
/** An offer that is shown after a death at 1,000 ms. @param {any} settings */
function offered(settings) {
  const offer = new NetworkOffer(settings);
  offer.enter();
  offer.draw(flying, 0);
  offer.draw({ ...flying, respawn_ticks: 9 }, 500);
  holds(offerButton.hidden, "nothing is offered to who has not died, or waits for a ship");
  offer.draw(flying, 1_000);
  holds(!offerButton.hidden, "the network is offered to the next ship");
  return offer;
}
let settings = unlearned();
let networkOffer = offered(settings);
networkOffer.draw(flying, 61_000);
holds(!offerButton.hidden && !settings.learned.network, "a minute with the page hidden is not a minute in which it was seen");
for (let at = 61_000; at < 75_000; at += 33) networkOffer.draw(flying, at);
holds(offerButton.hidden && settings.learned.network, "it is gone after twelve seconds, for good");
settings = unlearned();
networkOffer = offered(settings);
settings.learned.network = true;
networkOffer.draw(flying, 1_033);
holds(offerButton.hidden, "and at once when another tab has opened the panel");
networkOffer = offered(unlearned());
networkOffer.draw(null, 1_033);
holds(offerButton.hidden, "and while there is no ship");

const { EventEffects } = await import("../../games/skirmish/page/public/draw/events.js");
/** @type {string[]} */
const rings = [];
const seenAt = 5_000;
const noted = { kill: (/** @type {number} */ _, /** @type {number} */ x, /** @type {number} */ y) => void rings.push(`${x},${y}`), triumph() {} };
const victims = { of: (/** @type {number} */ player) => (player === 2 ? { x: 7, y: 8, seenAt } : undefined) };
const eventEffects = new EventEffects(.../** @type {[any, any, any, any, any]} */ ([noted, {}, victims, noted, () => {}]));
const field = /** @type {any} */ ({ self: 1, areMates: () => false });
/** Where the ring of an own kill is. @param {number} victim @param {number} now */
const ring = (victim, now) => {
  eventEffects.show(field, /** @type {any} */ ({ name: "kill", values: { victim, killer: 1 } }), now);
  return rings.splice(0).join("; ");
};
holds(ring(2, seenAt + 50) === "7,8", "an own kill has its ring where the victim was");
holds(ring(2, seenAt + 1_000) === "" && ring(3, seenAt) === "", "and none where that is not known, or no longer");

const { OwnHits } = await import("../../games/skirmish/page/public/draw/own-hits.js");
const ownHits = new OwnHits();
let calls = 0;
/** @type {string[]} */
let texts = [];
const context = new Proxy(/** @type {any} */ ({}), {
  get: (_, name) => (/** @type {any[]} */ ...given) => {
    calls += 1;
    if (name === "fillText") texts.push(given[0]);
  },
  set: () => true,
});
const canvas = /** @type {any} */ ({
  context, camera: { scale: 20, sees: () => true, screenX: (/** @type {number} */ x) => x, screenY: (/** @type {number} */ y) => y },
  toScreen: () => (calls += 1),
});
/** What is written at a time. @param {number} now */
function written(now) {
  [calls, texts] = [0, []];
  ownHits.draw(canvas, arena, now, false);
  return texts.join();
}
holds(written(0) === "" && calls === 0, "without a hit nothing is called");
ownHits.hit(2, 0, 0, 26, true, 1_000);
ownHits.hit(2, 0, 0, 26, false, 1_400);
holds(written(1_500) === "52" && ownHits.shows(2, 1_500) === 1 && ownHits.shows(3, 1_500) === 0, "hits that follow one another add up, and their target has bars");
ownHits.kill(2, 0, 0, 1_600);
holds(written(1_700) === "52,Destroyed" && ownHits.shows(2, 1_700) === 0, "a kill is written where it was, and a wreck has no bars");
holds(written(2_600) === "" && written(2_700) === "" && calls === 0, "after a second it is over");
ownHits.hit(2, 0, 0, 0, true, 3_000);
holds(written(3_100) === "protected", "a shot that does nothing says why, and begins anew");
ownHits.numbers = false;
holds(written(3_100) === "", "the numbers can be switched off");
for (let player = 0; player < 100; player++) ownHits.hit(player, 0, 0, 1, false, 4_000);
ownHits.numbers = true;
holds(written(4_000).split(",").length === 8, "of a hundred targets the last few are shown");
