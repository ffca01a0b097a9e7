// @ts-check
// Tests of what becomes of a session when its player leaves, by a goodbye or without one: node leaving.mjs
//
// Run by tests/tests/page_in_node.rs.

import { holds, run } from "./fake-browser.mjs";
import { until, wire } from "./fake-wire.mjs";
import { AWAY, GREETING, LEFT, begin, code, ended, hello, isIn, join, load, newest, socket, stored, unload } from "./fake-page.mjs";

/** @typedef {import("../build/kit/connection.js").Greeting} Greeting */

// Leaving, and going to another room.
begin();
{
  const page = await join();
  let one = socket();
  page.start({ ...GREETING, room: "red" });
  holds(one.sent.some(({ goodbye }) => goodbye) && code(one) === LEFT, "who joins another room leaves the one before");
  await isIn(page);
  holds(hello().resume === null && hello().room === "red", "and resumes nothing there");
  one = socket();
  page.leave();
  holds(one.sent.some(({ goodbye }) => goodbye) && code(one) === LEFT, "leaving is a goodbye and 1000");
  holds(stored().length === 0, "and nothing is stored");
  const next = await join();
  holds(hello().resume === null, "who left comes as another");
  wire.die();
  await run(7_000);
  const silent = wire.sockets.find((one) => one.closed === null && one.sent.length > 0);
  next.leave();
  holds(silent && code(silent) === LEFT, "who leaves while nothing comes has left, if that arrives");
}

// Leaving while the line is away: no goodbye can be sent.
for (const [where, greeting] of /** @type {[string, Greeting][]} */ ([["the same room", GREETING], ["another room", { ...GREETING, room: "red" }]])) {
  for (const leaves of [true, false]) {
    begin();
    const page = await join();
    const [one, token] = [socket(), newest()];
    await run(1_000);
    wire.die();
    await run(12_000);
    holds(page.status !== "playing" && one.closed === null, "a page waits for its line");
    if (leaves) page.leave();
    if (leaves) holds(code(one) === LEFT && page.session.kept === null, "who leaves then has left, if that arrives");
    wire.line = true;
    page.start(greeting);
    await isIn(page);
    const isSame = greeting === GREETING;
    const how = `${isSame ? "resumes" : "does not resume"} in ${where}${leaves ? ", having left" : ""}`;
    holds((hello().resume === token) === isSame && hello().room === greeting.room, `and ${how}`);
    holds(!page.joinedAnew && code(one) === (leaves || !isSame ? LEFT : AWAY), "what was silent is closed accordingly");
    page.leave();
    holds(stored().length === 0 && page.session.token === null, "a goodbye that is sent ends it");
  }
}
begin();
{
  const page = await join();
  const token = newest();
  wire.die();
  await run(12_000);
  page.leave();
  wire.line = true;
  unload(page);
  const next = await load();
  holds(next.session.kept === null, "a page that is loaded anew does not go on by itself with what was left");
  next.start(GREETING);
  await isIn(next);
  holds(hello().resume === token, "but may be asked to");
  next.leave();
}
begin();
{
  const page = await join();
  wire.die();
  await run(12_000);
  page.leave();
  await run(60_000);
  wire.line = true;
  page.start(GREETING);
  await isIn(page);
  holds(hello().resume === null && !page.joinedAnew, "who left so long ago joins anew, and has lost nothing");
  page.leave();
}
begin();
{
  const page = await join();
  await run(1_000);
  wire.die();
  await run(3_000);
  holds(page.status === "playing", "a room may be silent for a while");
  const token = newest();
  page.leave();
  holds(socket().sent.some(({ goodbye }) => goodbye) && code(socket()) === LEFT, "a goodbye into the silence is said");
  wire.line = true;
  page.start(GREETING);
  await isIn(page);
  holds(hello().resume === token, "but may be lost: the session is kept");
  page.leave();
}

// A refusal that is believed after a cut, as by a network that asks for a login: it may pass.
begin();
{
  const page = await join();
  const token = newest();
  wire.server = "forbidden";
  socket().end();
  await until(run, () => ended.length > 0, 60_000);
  holds(page.status === "idle" && ended.length === 1, "a page gives up where it is refused");
  wire.server = "up";
  page.start(GREETING);
  await isIn(page);
  holds(hello().resume === token, "and resumes when it is let in again");
  page.leave();
}
