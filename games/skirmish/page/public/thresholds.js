// @ts-check
// What eyes, ears and words tell alike: what they call things, and from where on.
//
// It owns names and thresholds and nothing else. Used by draw/, hud/ and sound.js.

/** Below this part of its hull a ship is badly off. */
export const LOW_HULL = 0.35;

/** From so many kills in a row on all are told of somebody's streak. */
export const STREAK_ANNOUNCED = 8;

/** By the kind of a pick-up: what it is, what it does, and its sound (sound/recipes.js).
 *  @type {{ name: string, does: string, sound: string }[]} */
export const PICKUPS = [
  { name: "Repair", does: "hull mended", sound: "repair" },
  { name: "Shield", does: "stronger than full", sound: "shield" },
  { name: "Overcharge", does: "shots hurt more", sound: "overcharge" },
];
