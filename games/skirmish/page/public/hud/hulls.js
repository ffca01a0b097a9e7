// @ts-check
// The ships' classes as small line drawings for the page.
//
// It makes elements from the outlines of draw/, bow up. Used by start/chooser.js and
// hud/next-ship.js.

import { silhouetteOf } from "../draw/silhouettes.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {number} ship its class */
export function hullOf(ship) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-1.25 -1.7 2.5 2.8");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${silhouetteOf(ship).corners.join("L")}Z`);
  path.setAttribute("transform", "rotate(-90)");
  svg.append(path);
  return svg;
}
