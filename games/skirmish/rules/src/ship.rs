//! A player's own state and how one input moves it on: the movement code of both sides.
//!
//! It owns [`Own`] and [`advance`], which the server calls for each player every tick and a
//! client calls ahead of the server; everything about a player that follows from its inputs
//! alone is in there. It never looks at other players: hits, deaths and new lives are the
//! world's, which calls in here for them.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::border::Border;
use super::class::Class;
use super::input::Input;
use super::kinds::{FLAG_CHARGING, FLAG_OVERCHARGED, FLAG_PROTECTED, Ship, TEAM_SHIFT};
use super::level::Level;
use super::obstacles::Obstacles;
use super::pickups::Pickup;
use super::rules::{
    AIM_STEPS, OVERCHARGE_FACTOR, RAIL_DAMAGE, REPAIR_HULL, SHIELD_OVER, SHIP_SPEED_REST, Timing,
};
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::scene::SceneWriter;
use tickwire_game::tick::Tick;

/// Whether a player has a ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// It flies.
    Alive,
    /// It was destroyed, or not yet made.
    Dead {
        /// Ticks until the next one.
        respawn_ticks: u32,
    },
}

/// A player's own state: what its client needs to run ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Whose it is.
    pub player: PlayerId,
    /// Its team; 0 where there are none.
    pub team: u8,
    /// The tick that it is at: where the drifting rocks are follows from it.
    pub tick: Tick,
    /// The entity of its ship; each life has a new one.
    pub ship: EntityId,
    /// What its ship is built for.
    pub class: Class,
    /// What its next ship will be built for.
    pub next_class: Class,
    /// How its screen is turned.
    pub screen: Screen,
    /// Whether it has a ship.
    pub life: Life,
    /// Where the ship is and how it is steered.
    pub motion: Motion,
    /// What protects the ship.
    pub armor: Armor,
    /// When the weapons may fire.
    pub weapons: Weapons,
    /// What holds for a while.
    pub effects: Effects,
    /// What was fired in the last tick.
    pub shots: Shots,
    /// The border of the arena.
    pub border: Border,
}

/// How a player's screen is turned: its view is turned likewise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Whether it shows a tall view.
    pub is_tall: bool,
    /// For how many more ticks the view cannot be turned again.
    pub turned_ticks: u32,
}

impl Screen {
    /// One tick: it may be turned, but not so often that its player would know both views at once.
    fn turn(&mut self, is_tall: bool, timing: &Timing) {
        self.turned_ticks = self.turned_ticks.saturating_sub(1);
        if self.is_tall != is_tall && self.turned_ticks == 0 {
            *self = Screen { is_tall, turned_ticks: timing.turn_view_ticks };
        }
    }
}

/// Where a ship is and how it is steered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    /// Where it is, in units; where it was destroyed when its player is dead.
    pub place: Vec2,
    /// In units per second.
    pub velocity: Vec2,
    /// Where it points, in parts of a turn (`AIM_STEPS`).
    pub aim: u16,
    /// The buttons held in the last tick; none when its player is dead.
    pub buttons: u8,
}

/// What protects a ship: the shield is hurt first and regrows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Armor {
    /// What is left of the hull.
    pub hull: f32,
    /// What is left of the shield.
    pub shield: f32,
    /// For how many more ticks the shield does not regrow.
    pub shield_delay_ticks: u32,
}

impl Armor {
    /// One tick of a ship of `class`.
    fn regrow_shield(&mut self, class: Class, timing: &Timing) {
        self.shield_delay_ticks = self.shield_delay_ticks.saturating_sub(1);
        let most = class.traits().shield_max;
        if self.shield_delay_ticks == 0 && self.shield < most {
            self.shield += timing.shield_regrowth;
            if self.shield > most {
                self.shield = most;
            }
        }
    }
}

/// When a ship's weapons may fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weapons {
    /// For how many more ticks it cannot fire.
    pub cooldown_ticks: u32,
    /// For how many ticks the rail has been charged: enough when it can be let go.
    pub charge_ticks: u32,
}

/// What holds for a while, in ticks that are left of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// The ship cannot be hurt.
    pub protection_ticks: u32,
    /// Its shots take more.
    pub overcharge_ticks: u32,
    /// All weapons are off: the result of a round stands.
    pub truce_ticks: u32,
}

/// What was fired in the last tick: from the ship's place, along its aim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shots {
    /// Whether a bolt was.
    pub bolt: bool,
    /// Whether the rail was.
    pub rail: bool,
}

impl Own {
    /// A player that waits for its first ship, which comes in `respawn_ticks`.
    pub(super) fn waiting(player: PlayerId, border: Border, respawn_ticks: u32) -> Own {
        Own {
            player,
            team: 0,
            tick: Tick(0),
            ship: EntityId(0),
            class: Class::default(),
            next_class: Class::default(),
            screen: Screen::default(),
            life: Life::Dead { respawn_ticks },
            motion: Motion::default(),
            armor: Armor::default(),
            weapons: Weapons::default(),
            effects: Effects::default(),
            shots: Shots::default(),
            border,
        }
    }

    /// Gives it a fresh ship, which cannot be hurt for so long.
    pub(super) fn spawn(&mut self, ship: EntityId, place: Vec2, protection_ticks: u32) {
        *self = Own {
            team: self.team,
            tick: self.tick,
            ship,
            next_class: self.next_class,
            screen: self.screen,
            life: Life::Alive,
            motion: Motion { place, aim: self.motion.aim, ..Motion::default() },
            effects: Effects { protection_ticks, overcharge_ticks: 0, ..self.effects },
            ..Own::waiting(self.player, self.border, 0)
        };
        self.become_class(self.next_class);
    }

    /// A ship as good as new, of that class.
    fn become_class(&mut self, class: Class) {
        self.class = class;
        self.armor.hull = class.traits().hull_max;
        self.armor.shield = class.traits().shield_max;
        self.weapons.charge_ticks = 0;
    }

    /// Whether it has a ship.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }

    /// Whether it cannot be hurt now.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.effects.protection_ticks > 0
    }

    /// Whether its shots take more now.
    #[must_use]
    pub fn is_overcharged(&self) -> bool {
        self.effects.overcharge_ticks > 0
    }

    /// How far the rail is charged, from 0 to 1.
    #[must_use]
    pub fn charge(&self, level: &Level) -> f32 {
        self.weapons.charge_ticks as f32 / level.timing.of(self.class).rail_charge_ticks as f32
    }

    /// What a bolt fired now takes.
    pub(super) fn bolt_damage(&self) -> f32 {
        self.class.traits().bolt_damage * self.overcharge()
    }

    /// What a rail fired now takes.
    pub(super) fn rail_damage(&self) -> f32 {
        RAIL_DAMAGE * self.overcharge()
    }

    fn overcharge(&self) -> f32 {
        if self.is_overcharged() { OVERCHARGE_FACTOR } else { 1.0 }
    }

    /// Whether it can take pick-ups now. A protected ship takes none, so that it has no head start.
    pub(super) fn may_take(&self) -> bool {
        self.is_alive() && !self.is_protected()
    }

    /// Whether a pick-up would do anything for it.
    pub(super) fn wants(&self, pickup: Pickup) -> bool {
        let traits = self.class.traits();
        match pickup {
            Pickup::Repair => self.armor.hull < traits.hull_max,
            Pickup::Shield => self.armor.shield < SHIELD_OVER * traits.shield_max,
            Pickup::Overcharge => true,
        }
    }

    /// Takes a pick-up.
    pub(super) fn take(&mut self, pickup: Pickup, timing: &Timing) {
        let traits = self.class.traits();
        let up_to = |value: f32, most: f32| if value < most { value } else { most };
        match pickup {
            Pickup::Repair => {
                self.armor.hull = up_to(self.armor.hull + REPAIR_HULL, traits.hull_max);
            }
            Pickup::Shield => {
                let most = SHIELD_OVER * traits.shield_max;
                self.armor.shield = up_to(self.armor.shield + traits.shield_max, most);
            }
            Pickup::Overcharge => self.effects.overcharge_ticks = timing.overcharge_ticks,
        }
    }

    /// The obstacles that it is among.
    pub(super) fn among<'a>(&self, level: &'a Level) -> Obstacles<'a> {
        Obstacles { level, border: self.border, tick: self.tick }
    }

    /// Takes damage, the shield first. Whether the shield took all of it.
    pub(super) fn hurt(&mut self, damage: f32, timing: &Timing) -> bool {
        self.armor.shield_delay_ticks = timing.shield_delay_ticks;
        let through = damage - self.armor.shield;
        if through <= 0.0 {
            self.armor.shield -= damage;
            return true;
        }
        self.armor.shield = 0.0;
        self.armor.hull -= through;
        false
    }

    /// Its ship is lost; the next one comes in so many ticks.
    pub(super) fn die(&mut self, respawn_ticks: u32) {
        self.life = Life::Dead { respawn_ticks };
        self.motion = Motion { velocity: Vec2::ZERO, buttons: 0, ..self.motion };
        self.armor = Armor { hull: 0.0, shield: 0.0, ..self.armor };
        self.weapons.charge_ticks = 0;
        self.effects = Effects { protection_ticks: 0, overcharge_ticks: 0, ..self.effects };
        self.shots = Shots::default();
    }

    /// Writes the row of its ship, if it has one.
    pub(super) fn show(&self, scene: &mut SceneWriter) {
        if !self.is_alive() {
            return;
        }
        let flag = |is_up: bool, flag: u8| if is_up { flag } else { 0 };
        let flags = flag(self.is_protected(), FLAG_PROTECTED)
            | flag(self.weapons.charge_ticks > 0, FLAG_CHARGING)
            | flag(self.is_overcharged(), FLAG_OVERCHARGED)
            | self.team << TEAM_SHIFT;
        let steered = self.class.steered(Input::new(self.motion.buttons, 0).thrust());
        let ship = Ship {
            x: self.motion.place.x,
            y: self.motion.place.y,
            vx: self.motion.velocity.x,
            vy: self.motion.velocity.y,
            wx: steered.x,
            wy: steered.y,
            aim: f64::from(self.motion.aim) * (std::f64::consts::TAU / f64::from(AIM_STEPS)),
            hull: self.armor.hull,
            shield: self.armor.shield,
            flags,
            player: self.player,
            class: self.class,
        };
        scene.row(self.ship, &ship);
    }
}

/// Moves a player's own state on by one tick and one input.
pub(super) fn advance(own: &mut Own, level: &Level, input: Input) {
    own.tick = own.tick.plus(1);
    own.border.advance(&level.timing);
    own.effects.truce_ticks = own.effects.truce_ticks.saturating_sub(1);
    own.shots = Shots::default();
    let input = match input.held() {
        Some(held) => {
            own.motion.aim = held.aim;
            own.next_class = held.wished().unwrap_or(own.next_class);
            own.screen.turn(held.buttons & Input::TALL != 0, &level.timing);
            held
        }
        // A silent client has not let go of the trigger.
        None => {
            own.weapons.charge_ticks = 0;
            Input::default()
        }
    };
    match &mut own.life {
        Life::Dead { respawn_ticks } => *respawn_ticks = respawn_ticks.saturating_sub(1),
        Life::Alive => {
            own.motion.buttons = input.buttons & Input::BUTTONS;
            own.effects.protection_ticks = own.effects.protection_ticks.saturating_sub(1);
            own.effects.overcharge_ticks = own.effects.overcharge_ticks.saturating_sub(1);
            // A protected ship gains nothing by a fresh hull: so the class just chosen is there at
            // once.
            if own.next_class != own.class && (own.is_protected() || own.effects.truce_ticks > 0) {
                own.become_class(own.next_class);
            }
            own.armor.regrow_shield(own.class, &level.timing);
            fly(own, level, input);
            shoot(own, &level.timing);
        }
    }
}

/// Ships fly through each other: a push between them would make everybody's movement depend on
/// inputs that no client has yet, and so every prediction in a crowd wrong.
fn fly(own: &mut Own, level: &Level, input: Input) {
    let timing = &level.timing;
    let before = own.motion.velocity;
    let steered = own.class.steered(input.thrust());
    own.motion.velocity = steered + (before - steered) * timing.keep;
    if steered == Vec2::ZERO
        && own.motion.velocity.length_squared() < SHIP_SPEED_REST * SHIP_SPEED_REST
    {
        own.motion.velocity = Vec2::ZERO;
    }
    // By the mean of both velocities the way hardly depends on the tick rate.
    own.motion.place += (before + own.motion.velocity) * (0.5 * timing.dt);
    let obstacles = own.among(level);
    obstacles.confine(&mut own.motion.place, &mut own.motion.velocity);
}

/// There is one cooldown for both weapons, so that a charge is never begun that could not be fired.
fn shoot(own: &mut Own, timing: &Timing) {
    own.weapons.cooldown_ticks = own.weapons.cooldown_ticks.saturating_sub(1);
    if own.effects.truce_ticks > 0 {
        own.weapons.charge_ticks = 0;
        return;
    }
    let times = timing.of(own.class);
    if own.motion.buttons & Input::RAIL != 0 {
        if own.weapons.cooldown_ticks == 0 {
            // An overcharge adds a tick to every other one.
            let more = u32::from(own.is_overcharged() && own.tick.0.is_multiple_of(2));
            let charged = own.weapons.charge_ticks.saturating_add(1 + more);
            own.weapons.charge_ticks = charged.min(times.rail_charge_ticks);
            // A player that takes aim fights already.
            own.effects.protection_ticks = 0;
        }
        return;
    }
    let is_charged = own.weapons.charge_ticks >= times.rail_charge_ticks;
    own.weapons.charge_ticks = 0;
    if is_charged {
        own.shots.rail = true;
        own.weapons.cooldown_ticks = timing.rail_cooldown_ticks;
        own.effects.protection_ticks = 0;
    } else if own.motion.buttons & Input::FIRE != 0 && own.weapons.cooldown_ticks == 0 {
        own.shots.bolt = true;
        own.weapons.cooldown_ticks = times.cooldown_ticks;
        own.effects.protection_ticks = 0;
    }
}

#[cfg(test)]
mod tests;
