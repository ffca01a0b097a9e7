// @ts-check
// Names and thresholds that graphics, sound and texts share.
//
// It owns nothing else. Used by draw/, hud/ and sound.js.

/** Below this fraction of its hull a ship shows and sounds its damage. */
export const LOW_HULL = 0.35;

/** From this many kills in a row on, a streak is announced to everybody. */
export const STREAK_ANNOUNCED = 8;

/** By kind of pick-up: its name, its effect, and its sound (sound/recipes.js).
 *  @type {{ name: string, does: string, sound: string }[]} */
export const PICKUPS = [
  { name: "Repair", does: "hull mended", sound: "repair" },
  { name: "Shield", does: "stronger than full", sound: "shield" },
  { name: "Overcharge", does: "shots hurt more", sound: "overcharge" },
];
