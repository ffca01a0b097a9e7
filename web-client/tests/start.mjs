// @ts-check
// Tests of what stands before and after play, without a browser: node start.mjs
//
// The demo's camera goes where the fight is and shows it beside the form; the start overlay counts people and
// links to the source; leaving asks once. Run by tests/tests/page_in_node.rs.

import { holds, run, world } from "./fake-browser.mjs";

const { busiest, fightAround, freePlaces, DemoCamera } = await import("../../games/skirmish/page/public/demo-camera.js");
const { Camera } = await import("../../games/skirmish/page/public/camera.js");
const { About, linksTo, peopleIn } = await import("../../games/skirmish/page/public/start/about.js");
const { LeaveQuestion } = await import("../../games/skirmish/page/public/leave.js");

const PROTECTED = 1;
/** @param {number} id @param {number} x @param {number} y @param {number} [flags] */
const ship = (id, x, y, flags = 0) => /** @type {any} */ ({ id, x, y, flags });
const bolt = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {any} */ ({ x, y });

// A pair that shoots, a trio that does not, a crowd that cannot be hurt, and one alone among bolts.
const pair = [ship(1, 0, 0), ship(2, 5, 0)];
const trio = [ship(3, 60, 0), ship(4, 65, 0), ship(5, 60, 5)];
const crowd = [6, 7, 8, 9, 10].map((id) => ship(id, 0, 60 + id, PROTECTED));
const lonely = ship(11, -60, 0);
const all = [lonely, ...crowd, ...pair, ...trio];
const volley = [1, 2, 3, 4].map((x) => bolt(x, 0));
holds(busiest(all, [], PROTECTED)?.id === 3, "among ships that do not shoot, the most ships are the fight");
holds(busiest(all, volley, PROTECTED)?.id === 1, "bolts in the air make a fight of two larger than three at peace");
holds(crowd.every((one) => fightAround(one, all, [], PROTECTED) === 0), "no protected ship is in a fight");
const besides = [ship(1, 0, 0), ship(2, 1, 0, PROTECTED)];
holds(busiest(besides, volley, PROTECTED) === null, "nor is one beside whom there are only protected ones");
holds(busiest([lonely], [bolt(-60, 0)], PROTECTED) === null, "nor is one alone");

const form = { left: 764, right: 1156, top: 258, bottom: 823 };
const middles = (/** @type {{ x: number, y: number }[]} */ places) => places.map(({ x, y }) => `${x},${y}`).join(" ");
holds(middles(freePlaces(form, 1920, 1080)) === "-578,0 578,0", "on a wide screen a fight is left or right of the form");
const low = { left: 16, right: 374, top: 297, bottom: 828 };
holds(middles(freePlaces(low, 390, 844)) === "0,-273.5", "on an upright phone it is above it");
holds(middles(freePlaces({ left: 16, right: 651, top: 50, bottom: 330 }, 667, 375)) === "0,0", "where there is no room, behind it");

const measures = /** @type {any} */ ({
  flag_protected: PROTECTED, view_half_x: 36, view_half_y: 21, screen_half_x: 32, screen_half_y: 18,
  tall_half_x: 18, tall_half_y: 32,
});
const camera = new Camera(measures);
camera.resize(1920, 1080);
const arena = /** @type {any} */ ({ ships: all, bolts: volley, measures, borderRadius: 200 });
const cover = /** @type {any} */ ({ getBoundingClientRect: () => form });
const demo = new DemoCamera(camera, arena, cover);
demo.move(0, 0.016);
const isShown = (/** @type {number} */ x, /** @type {number} */ y) => {
  const px = camera.screenX(x);
  return camera.sees(x, y, 0) && (px < form.left || px > form.right);
};
holds(isShown(2.5, 0), "the first picture has the fight, beside the form");
arena.bolts = [60, 61, 62, 63, 64, 65, 66, 67].map((x) => bolt(x, 2));
for (let at = 0; at < 2_000; at += 16) demo.move(at, 0.016);
holds(isShown(2.5, 0), "the camera stays a while with a fight that goes on");
/** @type {number[]} */
const places = [];
for (let at = 6_000; at < 12_000; at += 16) {
  demo.move(at, 0.016);
  places.push(camera.x);
}
const steps = places.map((x, nth) => Math.abs(x - (places[nth - 1] ?? x)));
holds(isShown(62, 2) && Math.max(...steps) < 1.5, "and then goes softly to a larger one");
arena.ships = [ship(20, -40, 10), ship(21, -38, 12)];
for (let at = 12_000; at < 18_000; at += 16) demo.move(at, 0.016);
holds(isShown(-39, 11), "a ship that is gone is not waited for");
arena.borderRadius = 20;
arena.ships = [ship(22, 15, 0), ship(23, 14, 0)];
for (let at = 18_000; at < 26_000; at += 16) demo.move(at, 0.016);
holds(Math.hypot(camera.x, camera.y) < 10, "the camera stays near the arena's middle: beyond the border is nothing");

const room = (/** @type {number} */ players, /** @type {number} */ spectators, /** @type {number} */ bots) =>
  ({ players, spectators, bots });
holds(peopleIn([room(2, 1, 5), room(1, 0, 7)]) === "4 people are in rooms right now, and 12 bots", "people are counted apart from bots");
holds(peopleIn([room(1, 0, 1), room(0, 0, 8)]) === "1 person is in rooms right now, and 1 bot", "bots of deserted rooms are none");
holds(peopleIn([room(0, 0, 8)]) === peopleIn([]) && !/\d/.test(peopleIn([])), "no people are no number");
holds(!/NaN|undefined/.test(peopleIn([/** @type {any} */ ({}), /** @type {any} */ ({ players: "x" })])), "a list of another form says nothing wrong");

/** @type {Map<string, any>} */
const elements = new Map();
world.document.getElementById = (/** @type {string} */ id) => {
  if (!elements.has(id)) elements.set(id, Object.assign(new world.HTMLElement(), { textContent: "", replaceChildren() {} }));
  return elements.get(id);
};
world.document.querySelector = () => null;
world.document.querySelectorAll = () => [];
let inRooms = 3;
world.fetch = async () => ({ ok: true, json: async () => [room(inRooms, 0, 0)] });
const overlay = { isOpen: true };
const about = new About(/** @type {any} */ ({ keys: {}, leftHanded: false, onChange() {} }), overlay);
const people = elements.get("people");
await run(0);
holds(people.textContent.startsWith("3 people"), "the overlay counts people as it opens");
overlay.isOpen = false;
about.close();
holds(people.textContent === "", "one that closes forgets the count");
inRooms = 7;
await run(60_000);
holds(people.textContent === "", "and does not count");
overlay.isOpen = true;
about.open();
overlay.isOpen = false;
about.close();
await run(0);
holds(people.textContent === "", "nor shows what comes too late");
overlay.isOpen = true;
about.open();
await run(0);
holds(people.textContent.startsWith("7 people"), "and counts at once when it is open again");

holds(linksTo("").length === 0 && linksTo("git@example.org:ann/tag.git").length === 0, "without a repository on the web there are no links");
const links = linksTo("https://example.org/ann/tag.git");
holds(links[0][1] === "https://example.org/ann/tag.git" && links[1][1] === "https://example.org/ann/tag#your-own-game", "with one there are two");

/** @type {string[]} */
const done = [];
let blurred = 0;
const button = Object.assign(new EventTarget(), {
  textContent: "Leave", classList: { toggle() {} }, blur: () => void (blurred += 1),
});
let plays = true;
const other = Object.assign(new EventTarget(), { textContent: "Give up", classList: { toggle() {} }, blur() {} });
const question = new LeaveQuestion(/** @type {any} */ ([button, other]), {
  plays: () => plays,
  notify: (text) => done.push(text),
  leave: () => done.push("left"),
});
const take = () => done.splice(0).join();
question.press("again?");
holds(take() === "again?" && button.textContent === "Leave?", "a press asks, and the button shows it");
question.press("again?");
holds(take() === "left" && button.textContent === "Leave", "the next one leaves");
question.press("again?");
await run(4_000);
holds(button.textContent === "Leave", "the question does not stand for ever");
button.dispatchEvent(new world.Event("click"));
holds(take() === "again?,Press again to leave.", "and is asked anew, by the button too");
holds(other.textContent === "Leave?", "each of the buttons shows it");
question.clear();
holds(other.textContent === "Give up", "for as long as it stands");
other.dispatchEvent(new world.Event("click"));
holds(take() === "Press again to leave.", "and each asks");
question.press("again?");
holds(take() === "left", "whatever asked, a press of another kind answers");
question.press("again?");
question.clear();
holds(button.textContent === "Leave" && take() === "again?", "a room that ended takes its question with it");
question.press("again?");
holds(take() === "again?" && button.textContent === "Leave?", "and in the next one it is asked anew");
question.clear();
for (const detail of [1, 0]) {
  button.dispatchEvent(Object.assign(new world.Event("click"), { detail }));
  question.clear();
}
holds(take() === "Press again to leave.,Press again to leave." && blurred === 1, "a pointer's press leaves the focus to the game, a key's press does not");
plays = false;
question.press("again?");
holds(take() === "left", "who only watches leaves at once");
