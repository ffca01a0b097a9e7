// @ts-check
// The shapes of ships: outlines by class, with marks by player; and the marks of teams.
//
// It owns paths, made once, in units around a ship's centre with the bow to the right; a team's
// mark is added to a path that another owns. It paints nothing. Used by ships.js, events.js,
// minimap.js, and the small drawings of hud/.

/** @typedef {[x: number, y: number][]} Corners */
/**
 * @typedef {object} Silhouette
 * @property {Corners} corners
 * @property {Path2D} outline
 * @property {[x: number, y: number][]} nozzles where its engines are
 * @property {Path2D[]} marks that distinguish two players of a class without colours
 */

/** @param {Corners} corners @param {[x: number, y: number][]} nozzles @param {string[]} marks
 *  @returns {Silhouette} */
function silhouette(corners, nozzles, marks) {
  const outline = new Path2D(`M${corners.map(([x, y]) => `${x} ${y}`).join("L")}Z`);
  return { corners, outline, nozzles, marks: marks.map((mark) => new Path2D(mark)) };
}

/** By class: a needle, an arrow, a block; distinct at a length of 12 pixels.
 *  @type {Silhouette[]} */
const CLASSES = [
  silhouette(
    [[1.6, 0], [-0.25, 0.24], [-0.95, 0.66], [-0.7, 0], [-0.95, -0.66], [-0.25, -0.24]],
    [[-0.72, 0]],
    ["M0.8 0L-0.5 0", "M0 0.16L0 -0.16M-0.4 0.3L-0.4 -0.3", "M0.5 0L0.1 0M-0.2 0L-0.6 0", "M-0.1 0a0.12 0.12 0 1 0 0.24 0a0.12 0.12 0 1 0 -0.24 0"],
  ),
  silhouette(
    [[1.18, 0], [-0.78, 0.82], [-0.42, 0], [-0.78, -0.82]],
    [[-0.5, 0]],
    ["M0.62 0L-0.42 0", "M0.1 0.4L0.1 -0.4", "M0.35 0.18L-0.1 0L0.35 -0.18", "M-0.25 0a0.2 0.2 0 1 0 0.4 0a0.2 0.2 0 1 0 -0.4 0"],
  ),
  silhouette(
    [[1, 0.38], [0.45, 1], [-0.8, 1], [-0.5, 0.4], [-0.5, -0.4], [-0.8, -1], [0.45, -1], [1, -0.38]],
    [[-0.7, 0.66], [-0.7, -0.66]],
    ["M0.6 0L-0.5 0", "M0.15 0.7L0.15 -0.7", "M0.55 0.4L-0.05 0L0.55 -0.4", "M-0.2 0a0.3 0.3 0 1 0 0.6 0a0.3 0.3 0 1 0 -0.6 0"],
  ),
];

/** The arrow is also for an unknown class. @param {number | undefined} kind */
export function silhouetteOf(kind) {
  return CLASSES[kind ?? 1] ?? CLASSES[1];
}

/**
 * Over a ship, upright whatever its heading, as radars mark their contacts: a bow for team 1, a
 * roof for team 2. Adds it to a path, in units.
 * @param {Path2D | CanvasRenderingContext2D} path @param {number} team @param {number} x
 * @param {number} y @param {number} size
 */
export function addTeamMark(path, team, x, y, size) {
  if (team === 1) {
    path.moveTo(x - size, y);
    path.arc(x, y, size, Math.PI, 2 * Math.PI);
  } else if (team === 2) {
    path.moveTo(x - size, y);
    path.lineTo(x, y - size);
    path.lineTo(x + size, y);
  }
}
