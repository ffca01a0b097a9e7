// @ts-check
// The leaderboard: the best players and always the own one; by team where there are teams.
//
// It fills a given list with text nodes only, since names are untrusted. hud.js calls it when the
// roster changes.

import { nameBox, playerColour, shipMark, span, teamMark } from "./marks.js";
import { shortlist } from "./words.js";

/** @typedef {import("../types.js").Player} Player */
/** @typedef {import("../world.js").World} World */
/** @typedef {Map<number, number>} Classes by player, as far as known */

/** Best first; of equal ones, the earlier to join. @param {Iterable<Player>} players */
export function ranked(players) {
  return [...players].sort((a, b) => b.score - a.score || a.player - b.player);
}

/** The place of a player among the best, from 1 on: equal ones share it, as in the result of a round.
 *  @param {{ score: number }[]} players best first @param {{ score: number }} player */
export function sharedPlace(players, { score }) {
  return players.findIndex((other) => other.score <= score) + 1;
}

/** @param {HTMLElement} list @param {HTMLElement} count @param {World} world
 *  @param {Classes} classes @param {number} rows that there is room for */
export function fillBoard(list, count, world, classes, rows) {
  const { board } = world;
  const all = board ? onPage(world, board, rows) : ranked(world.players.values());
  count.textContent = String(board?.total ?? all.length);
  if (!world.isTeams) {
    list.replaceChildren(...lines(all, rows, world, classes, board));
    return;
  }
  const each = Math.max(2, Math.floor(rows / 2));
  const points = [0, world.round?.team1 ?? 0, world.round?.team2 ?? 0];
  // The leading team is first.
  const order = points[2] > points[1] ? [2, 1] : [1, 2];
  list.replaceChildren(
    ...order.flatMap((team) => {
      const members = all.filter((player) => player.team === team);
      return [teamLine(team, points[team]), ...lines(members, each, world, classes)];
    }),
  );
}

/** The players that the server sent, with the own one below them. @param {World} world
 *  @param {import("../types.js").BoardPage} board @param {number} rows */
function onPage(world, board, rows) {
  const ids = board.players.slice(0, rows);
  if (world.self !== null && !ids.includes(world.self)) ids.push(world.self);
  return ids.flatMap((id) => world.players.get(id) ?? []);
}

/** @param {Player[]} players best first @param {number} most @param {World} world
 *  @param {Classes} classes @param {import("../types.js").BoardPage | null} [board] */
function lines(players, most, world, classes, board) {
  return shortlist(players, most, (player) => player.player === world.self).map((player) => {
    const row = document.createElement("li");
    row.className = player.player === world.self ? "self" : player.bot ? "of-bot" : "";
    row.dataset.player = String(player.player);
    const mark = shipMark(classes.get(player.player));
    mark.style.color = playerColour(world, player.player);
    const isBelow = board && player.player === world.self && !board.players.includes(player.player);
    const place = isBelow && board.own !== null ? board.own + 1 : sharedPlace(players, player);
    const rank = span("rank", String(place));
    row.append(rank, mark, nameBox(player.name || "Nameless"));
    if (player.bot) row.append(span("bot", "bot"));
    row.append(span("score", String(player.score)));
    return row;
  });
}

/** @param {number} team @param {number} points */
function teamLine(team, points) {
  const row = document.createElement("li");
  row.className = `team team-${team}`;
  row.append(teamMark(team), span("name", `Team ${team}`), span("score", String(points)));
  return row;
}
