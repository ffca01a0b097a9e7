// @ts-check
// Pick-ups on their pads: repair, shield, overcharge.
//
// Each kind has a shape as well as a colour. level.js paints the pads under them. Called by
// renderer.js.

import { KINDS, WHITE, faded } from "./palette.js";

/** @typedef {import("./canvas.js").Canvas} Canvas */
/** @typedef {import("../world.js").World} World */

/** By kind, in units: a cross, a shield, a bolt of lightning. */
export const ICONS = [
  new Path2D("M-.2-.62H.2V-.2H.62V.2H.2V.62H-.2V.2H-.62V-.2H-.2Z"),
  new Path2D("M0-.72L.58-.48V.06C.58 .4 .3 .66 0 .8C-.3 .66-.58 .4-.58 .06V-.48Z"),
  new Path2D("M.16-.8L-.5 .12H-.06L-.2 .8L.5-.16H.06Z"),
];

/** @param {Canvas} canvas @param {World} world @param {number} now
 *  @param {boolean} calm whether the system asks for less motion */
export function drawPickups(canvas, world, now, calm) {
  const { context, camera } = canvas;
  for (const { x, y, kind_: kind, id } of world.pickups) {
    if (!camera.sees(x, y, 2)) continue;
    const colour = KINDS[kind] ?? KINDS[0];
    const icon = ICONS[kind] ?? ICONS[0];
    const beat = calm ? 0 : Math.sin(now / 380 + id);
    if (canvas.level.glow !== "none") canvas.glow(colour, x, y, 2.3, 0.5 + 0.12 * beat);
    canvas.toPlace(x, y, 0);
    const size = 1.12 + 0.06 * beat;
    context.scale(size, size);
    context.fillStyle = "#070c18";
    context.fill(icon);
    context.fillStyle = faded(colour, 0.4);
    context.fill(icon);
    context.lineJoin = "round";
    context.lineWidth = canvas.px(1.7);
    context.strokeStyle = colour;
    context.stroke(icon);
    // Two rotating brackets, which an empty pad has not.
    const turn = calm ? 0.6 : now / 1400 + id;
    context.beginPath();
    for (const side of [0, Math.PI]) {
      context.moveTo(1.3 * Math.cos(turn + side), 1.3 * Math.sin(turn + side));
      context.arc(0, 0, 1.3, turn + side, turn + side + 0.9);
    }
    context.lineWidth = canvas.px(2);
    context.strokeStyle = faded(WHITE, 0.75);
    context.stroke();
  }
}
