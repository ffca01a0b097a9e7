// @ts-check
// Others' cursors are paragraphs at their places: what a whiteboard or a dashboard shows of people.
import { Tickwire } from "./tickwire.js";
const address = new URLSearchParams(location.search);
const game = await Tickwire.load({ address: location.search });
Object.assign(globalThis, { game }); // To be asked in the browser's console.
game.join({ name: address.get("name") ?? "Guest", room: address.get("room") });
for (const type of /** @type {const} */ (["pointermove", "pointerdown", "pointerup"])) {
  addEventListener(type, ({ clientX, clientY, buttons }) => {
    game.hold({ x: clientX / innerWidth, y: clientY / innerHeight, pressed: buttons !== 0 });
  });
}
/** @type {Map<number, HTMLParagraphElement>} */
const shown = new Map();
requestAnimationFrame(function frame() {
  requestAnimationFrame(frame);
  const others = game.rows().filter(({ player }) => player !== game.player);
  for (const { player, x, y } of others) {
    const cursor = shown.get(player) ?? document.body.appendChild(document.createElement("p"));
    shown.set(player, cursor);
    cursor.textContent = `⬉ ${game.roster.get(player)?.name ?? ""}`;
    [cursor.style.left, cursor.style.top] = [`${x * innerWidth}px`, `${y * innerHeight}px`];
  }
  for (const { player } of game.events()) shown.get(player)?.animate([{ color: "#7be0a8", scale: 2 }, {}], 1_000);
  if (game.closesIn !== null) document.title = `The server closes in ${game.closesIn} s.`;
  for (const [player, cursor] of shown) {
    if (others.some((row) => row.player === player)) continue;
    cursor.remove();
    shown.delete(player);
  }
});
