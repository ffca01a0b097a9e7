// @ts-check
// Whether the system asks for less motion.
//
// It only holds the media query; each module decides what stands still.

export const calm = matchMedia("(prefers-reduced-motion: reduce)");
