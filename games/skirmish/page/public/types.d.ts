// The types of Skirmish's rules as the page sees them: see `rules/src/input.rs` and `page/src/view.rs`.

import type { Tickwire } from "./tickwire.js";

export type { BoardPage, NetworkState, Player } from "./tickwire.js";

export type Game = Tickwire<{ input: Input; own: Own; level: Level; measures: Measures }>;

export interface Input {
  up: boolean;
  down: boolean;
  left: boolean;
  right: boolean;
  fire: boolean;
  rail: boolean;
  /** The screen is taller than wide, and so is the view that the server sends. */
  tall: boolean;
  /** Radians. */
  aim: number;
  /** Of the next ship. */
  class: string | null;
}

export interface Wall {
  x: number;
  y: number;
  w: number;
  h: number;
  /** It is solid while the border's radius is at least this. */
  solid_from: number;
}

export interface Rock {
  x: number;
  y: number;
  radius: number;
  solid_from: number;
}

/** A rock that orbits on a circle, whose centre `x` and `y` are. */
export interface Drifter extends Rock {
  orbit: number;
}

export interface Level {
  walls: Wall[];
  rocks: Rock[];
  drifters: Drifter[];
  pads: { x: number; y: number; kind: number }[];
}

export interface Own {
  player: number;
  /** Entity of its ship; 0 before the first. */
  ship: number;
  /** Null while it flies. */
  respawn_ticks: number | null;
  x: number;
  y: number;
  hull: number;
  shield: number;
  /** Radians. */
  aim: number;
  cooldown_ticks: number;
  /** Of the rail, from 0 to 1. */
  charge: number;
  /** Whether it fired the rail in its last tick. */
  railed: boolean;
  /** How far a rail would reach from here without ships in its way, in units. */
  rail_reach: number;
  /** Of its ship, an index of {@link Measures.classes}. */
  class: number;
  /** Of its next ship. */
  wish: number;
  /** 0 where there are none. */
  team: number;
  /** Of its class. */
  hull_max: number;
  /** Of its class; a shield picked up may be twice as strong. */
  shield_max: number;
  /** How long its shots still do more damage, in seconds. */
  overcharge_s: number;
  /** Whether all weapons are off because the result of a round is shown. */
  truce: boolean;
  /** Whether it cannot be hurt. */
  protected: boolean;
}

export interface Measures {
  /** The largest of all classes. */
  hull_max: number;
  /** The largest of all classes. */
  shield_max: number;
  /** Bit of a ship's `flags`. */
  flag_protected: number;
  /** Bit of a ship's `flags`. */
  flag_charging: number;
  /** Bit of a ship's `flags`. */
  flag_overcharged: number;
  /** The two bits of a ship's `flags` from this one on are its team. */
  team_shift: number;
  /** How long an overcharge lasts. */
  overcharge_s: number;
  /** Units per second. */
  bolt_speed: number;
  /** Half the width and height of the area that a player is sent, in units. */
  view_half_x: number;
  view_half_y: number;
  /** Half the width and height that a screen should show. */
  screen_half_x: number;
  screen_half_y: number;
  /** The same on a screen that is taller than wide. */
  tall_half_x: number;
  tall_half_y: number;
  /** A result has so many rows, and the own one. */
  results_max: number;
  classes: Class[];
}

/** A class of ship. */
export interface Class {
  name: string;
  hull_max: number;
  shield_max: number;
  /** Units per second. */
  speed: number;
  /** Of a bolt. */
  damage: number;
  /** Between two bolts. */
  cooldown_s: number;
  rail_charge_s: number;
}
