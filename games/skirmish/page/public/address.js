// @ts-check
// The page's address: which room it names, and what it asks for.
//
// In a room it names that one, so that it can be sent to friends: what it asked for this page alone (to play at
// once, by which name) is then kept with its entry of the browser's history, where a reload finds it and a
// friend does not. Read by start.js, changed by invite.js and start/room.js.

/** What an address asks for its own page alone. */
const OWN = ["play", "spectate", "name"];

/** What the address asks for, with what was taken out of it. */
export function askedQuery() {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of new URLSearchParams(keptQuery())) query.set(name, value);
  return query;
}

/** Has the address name a room, or none. Other parameters, as of quality or latency, stay.
 *  @param {string | null} room @param {boolean} [keeps] whether a reload does what the address asked for */
export function nameRoom(room, keeps = true) {
  const own = new URLSearchParams();
  for (const [name, value] of askedQuery()) if (OWN.includes(name)) own.set(name, value);
  const url = new URL(location.href);
  for (const name of [...OWN, "room"]) url.searchParams.delete(name);
  if (room !== null) url.searchParams.set("room", room);
  const state = keeps && own.size > 0 ? { own: own.toString() } : null;
  try {
    history.replaceState(state, "", url);
  } catch {
    // Some frames and local files may not change their address: then it stays.
  }
}

/** The link to a room, for friends: they get the start page and none of this page's settings.
 *  @param {string} room */
export function linkTo(room) {
  const url = new URL(location.pathname, location.href);
  url.searchParams.set("room", room);
  return url.href;
}

/** @returns {string} */
function keptQuery() {
  /** @type {unknown} */
  const own = history.state?.own;
  return typeof own === "string" ? own : "";
}
