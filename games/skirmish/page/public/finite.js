// @ts-check
// Turns values from devices and browsers into finite numbers.
//
// Comparisons with NaN are false: it passes dead zones and clamps, and never leaves a value that is
// blended with its own past. So it is stopped at the input. Used by everything that reads a device,
// the window or a clock, and by the camera.

/** @param {unknown} value @param {number} [otherwise] what stands for what is no number, or infinite */
export function finite(value, otherwise = 0) {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

/** Whether both are places on a screen. @param {unknown} x @param {unknown} y */
export function isPlace(x, y) {
  return Number.isFinite(x) && Number.isFinite(y);
}

/** Device pixels to a CSS pixel. @param {number} most */
export function pixelRatio(most) {
  return devicePixelRatio > 0 ? Math.min(devicePixelRatio, most) : 1;
}
