// @ts-check
// The ships' classes as small line drawings for the page.
//
// It owns the outlines, nose up, and makes elements of them. Used by start/chooser.js and
// hud/next-ship.js.

const SVG = "http://www.w3.org/2000/svg";
/** By class, in ship's radii, as draw/ has them: nose towards rising x. */
const OUTLINES = [
  "M1.5 0L-.9 .46L-.52 0L-.9 -.46Z",
  "M1.18 0L-.78 .82L-.42 0L-.78 -.82Z",
  "M1.02 .34V-.34L.3 -1.04L-.88 -.94L-.6 0L-.88 .94L.3 1.04Z",
];

/** @param {number} ship its class */
export function hullOf(ship) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-1.25 -1.65 2.5 2.75");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", OUTLINES[ship]);
  path.setAttribute("transform", "rotate(-90)");
  svg.append(path);
  return svg;
}
