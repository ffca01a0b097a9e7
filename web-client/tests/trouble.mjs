// @ts-check
// Tests of what Skirmish's page offers when a player does not get into a room: node trouble.mjs
//
// Run by tests/tests/page_in_node.rs.

import { holds } from "./fake-browser.mjs";

const { readFileSync } = await import(/** @type {any} */ ("node:fs"));
const { offer, sentence, wayAfterEnd, wayWhileWaiting } = await import("../../games/skirmish/page/public/trouble.js");

/** @type {string[]} */
let acts = [];
const ways = {
  watch: () => void acts.push("watch"),
  anyRoom: () => void acts.push("any room"),
  reload: () => void acts.push("reload"),
};
/** @param {import("../../games/skirmish/page/public/trouble.js").Way | null} way */
function acted(way) {
  acts = [];
  way?.act();
  return acts.join();
}
const player = { spectates: false, room: "blue" };
const spectator = { spectates: true, room: "blue" };

holds(acted(wayWhileWaiting("the room is full", player, ways)) === "watch", "a full room can be watched meanwhile");
holds(acted(wayWhileWaiting("the room is full", spectator, ways)) === "any room", "one that is full of spectators has others beside it");
holds(wayWhileWaiting("the room is full", { ...spectator, room: null }, ways) === null, "where none was asked for, there is no other");
holds(wayWhileWaiting("the server is full", player, ways) === null, "a full server has no room to offer");
for (const reason of ["", "the connection was lost", "the server is restarting, or a proxy cannot reach it (503)"]) {
  holds(wayWhileWaiting(reason, player, ways) === null, `the page tries again by itself: ${reason}`);
}

// What the server says, and after what the client tries again, as the code has it.
const source = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
/** @type {Map<string, string>} */
const sentences = new Map();
for (const [, text, refusal] of source("shared/src/protocol/join_error.rs").matchAll(/#\[error\(\s*"(.*)"\s*\)\]\s*(\w+)/g)) {
  sentences.set(refusal, text);
}
const lasting = source("web-client/src/texts.rs").match(/fn is_lasting[^]*=> true,([^]*)=> false/)?.[1] ?? "";
const retried = [...lasting.matchAll(/JoinError::(\w+)/g)].map(([, refusal]) => refusal);
/** What is offered after each that passes, to who named a room: a player, a spectator.
 *  @type {Record<string, [string, string]>} */
const offered = {
  RoomFull: ["watch", "any room"],
  Overloaded: ["watch", "any room"],
  RoomsBuilding: ["any room", "any room"],
  RoomsMax: ["any room", "any room"],
  OwnRoomsMax: ["any room", "any room"],
  OwnRoomsRate: ["any room", "any room"],
  RoomFails: ["any room", "any room"],
  // There is no other server to go to, and an old page loads itself anew.
  ServerFull: ["", ""],
  Closing: ["", ""],
  // The page joins anew, without a token.
  NotResumable: ["", ""],
  Protocol: ["", ""],
  Rules: ["", ""],
};
holds(retried.sort().join() === Object.keys(offered).sort().join(), `what is said is known of all that is tried again: ${retried.join(", ")}`);
for (const [refusal, expected] of Object.entries(offered)) {
  const text = sentences.get(refusal) ?? "";
  const found = [player, spectator].map((wanted) => acted(wayWhileWaiting(text, wanted, ways)));
  holds(text !== "" && found.join() === expected.join(), `${refusal}, "${text}", offers ${expected.map((way) => way || "nothing").join(" and ")}`);
  const unnamed = [player, spectator].map((wanted) => acted(wayWhileWaiting(text, { ...wanted, room: null }, ways)));
  holds(!unnamed.includes("any room"), "and no other room to who named none");
}

holds(acted(wayAfterEnd("this server plays by rules 5: reload the page or renew the client", null, ways)) === "reload", "an old page is loaded anew");
const name = "a room name has 1 to 32 letters, digits, '-' or '_'";
holds(acted(wayAfterEnd(name, "no room", ways)) === "any room", "a room that cannot be is exchanged for another");
holds(wayAfterEnd("pages of http://a.test may not connect", null, ways) === null, "Play tries again");
holds(wayAfterEnd("this game goes on in another tab or window", "blue", ways) === null, "or joins anew, if the game goes on elsewhere");
holds(sentence("the room is full") === "The room is full." && sentence("") === "" && sentence("Over.") === "Over.", "reasons are sentences");

const button = /** @type {any} */ ({});
offer(button, { label: "Reload", act: ways.reload });
acts = [];
button.onclick();
holds(!button.hidden && button.textContent === "Reload" && acts.join() === "reload", "a way is one button");
offer(button, null);
holds(button.hidden && button.textContent === "" && button.onclick === null, "without one there is none");

const { closingHeard, closingText, isOfClosing } = await import("../../games/skirmish/page/public/hud/words.js");
const shown = [300, 60, 59, 1, 0].map(closingText).join(" ");
holds(shown === "Server closes in 5:00. Server closes in 1:00. Server closes in 59 s. Server closes in 1 s. Server closes now.", `what counts down to the end: ${shown}`);
const heard = [300, 119, 1].map(closingHeard).join(" ");
holds(heard === "The server closes in 5 minutes. The server closes in 119 seconds. The server closes in 1 second.", `and what is heard of it: ${heard}`);
const notices = ["The server closes in 28 s.", "The server closes in 10 min.", "The server closes in 28 s. Sorry!", "Maintenance at noon."];
holds(notices.map(isOfClosing).join() === "true,true,false,false", "the server's own notice of it is not said beside the countdown");
