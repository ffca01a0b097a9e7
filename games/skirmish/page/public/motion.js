// @ts-check
// Whether the system asks for less motion.
//
// It owns the question and no answer: what stands still is each part's to know.

export const calm = matchMedia("(prefers-reduced-motion: reduce)");
