// @ts-check
// Which people joined and left since the last look, as a few lines however many they are.
//
// It keeps the people of the last roster, and writes nothing on the page: feed.js does. Bots that fill
// a room come and go with its people, so they are left out. Called by hud.js.

/** @typedef {import("../types.js").Player} Player */
/**
 * @typedef {object} Line
 * @property {"joined" | "left"} what
 * @property {{ player: number, name: string }[]} people
 */

/** Minimum time between two sets of lines, in ms: what happens meanwhile is one of them. */
const EVERY_MS = 2000;
/** More people than this share one line. */
const NAMED_MAX = 2;

export class Arrivals {
  constructor() {
    /** Names of the people in the room; null before its roster is known. @private
     *  @type {Map<number, string> | null} */
    this.people = null;
    /** @private */
    this.saidAt = -Infinity;
  }

  clear() {
    this.people = null;
    this.saidAt = -Infinity;
  }

  /** The lines to show now. @param {Iterable<Player>} players @param {number | null} self
   *  @param {number} now in ms @returns {Line[]} */
  note(players, self, now) {
    if (this.people !== null && now - this.saidAt < EVERY_MS) return [];
    /** @type {Map<number, string>} */
    const people = new Map();
    for (const { player, name, bot } of players) {
      if (!bot && player !== self) people.set(player, name);
    }
    const before = this.people;
    this.people = people;
    if (before === null) return [];
    const lines = [...linesOf("joined", people, before), ...linesOf("left", before, people)];
    if (lines.length > 0) this.saidAt = now;
    return lines;
  }
}

/** Who is in one list and not in the other. @param {Line["what"]} what
 *  @param {Map<number, string>} some @param {Map<number, string>} others @returns {Line[]} */
function linesOf(what, some, others) {
  // A number may be given to another player.
  const people = [...some]
    .filter(([player, name]) => others.get(player) !== name)
    .map(([player, name]) => ({ player, name }));
  if (people.length > NAMED_MAX) return [{ what, people }];
  return people.map((person) => ({ what, people: [person] }));
}
