// @ts-check
// The leaderboard: who is ahead, with the own row always in it.
//
// It fills a list that it is given, in texts only: names are words of strangers. Called by
// hud.js when the roster changed.

import { colourOf } from "../draw/palette.js";

/** @typedef {import("../wasm.js").Player} Player */

/** @param {HTMLElement} list @param {HTMLElement} count @param {Map<number, Player>} players
 *  @param {number | null} self @param {number} rows */
export function fillBoard(list, count, players, self, rows) {
  const ranked = [...players.values()].sort((a, b) => b.score - a.score || a.player - b.player);
  count.textContent = String(ranked.length);
  const shown = ranked.slice(0, rows);
  const own = ranked.findIndex((player) => player.player === self);
  if (own >= rows) shown[rows - 1] = ranked[own];
  list.replaceChildren(
    ...shown.map((player) => {
      const row = document.createElement("li");
      row.className = player.player === self ? "self" : "";
      row.dataset.player = String(player.player);
      const rank = span("rank", String(ranked.indexOf(player) + 1));
      const dot = span("dot", "");
      dot.style.backgroundColor = colourOf(player.player, self);
      const name = span("name", player.name || "Nameless");
      const mark = document.createElement("small");
      mark.textContent = "bot";
      mark.style.visibility = player.bot ? "visible" : "hidden";
      row.append(rank, dot, name, mark, span("score", String(player.score)));
      return row;
    }),
  );
}

/** @param {string} kind @param {string} text */
function span(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}
