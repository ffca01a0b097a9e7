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
    pub wish: Class,
    /// Whether its screen is tall: its view is turned then.
    pub is_tall: bool,
    /// For how many more ticks its view cannot be turned.
    pub turned_ticks: u32,
    /// Whether it has a ship.
    pub life: Life,
    /// Where the ship is; where it was destroyed when it is dead.
    pub place: Vec2,
    /// Its velocity in units per second.
    pub velocity: Vec2,
    /// Where it points.
    pub aim: u16,
    /// The buttons held in the last tick; none when dead.
    pub buttons: u8,
    /// What is left of the hull.
    pub hull: f32,
    /// What is left of the shield.
    pub shield: f32,
    /// For how many more ticks the shield does not regrow.
    pub shield_delay_ticks: u32,
    /// For how many more ticks it cannot fire.
    pub cooldown_ticks: u32,
    /// For how many ticks the rail has been charged: enough when it can be let go.
    pub charge_ticks: u32,
    /// For how many more ticks it cannot be hurt.
    pub protection_ticks: u32,
    /// For how many more ticks its shots take more.
    pub overcharge_ticks: u32,
    /// For how many more ticks all weapons are off: the result of a round stands.
    pub truce_ticks: u32,
    /// Whether it fired in the last tick: a bolt starts at its place, along its aim.
    pub fired: bool,
    /// Whether it fired the rail in the last tick: from its place, along its aim.
    pub railed: bool,
    /// The border of the arena.
    pub border: Border,
}

impl Own {
    /// A player who waits for its first ship, which comes in so many ticks.
    pub(super) fn waiting(player: PlayerId, border: Border, respawn_ticks: u32) -> Own {
        Own {
            player,
            team: 0,
            tick: Tick(0),
            ship: EntityId(0),
            class: Class::default(),
            wish: Class::default(),
            is_tall: false,
            turned_ticks: 0,
            life: Life::Dead { respawn_ticks },
            place: Vec2::ZERO,
            velocity: Vec2::ZERO,
            aim: 0,
            buttons: 0,
            hull: 0.0,
            shield: 0.0,
            shield_delay_ticks: 0,
            cooldown_ticks: 0,
            charge_ticks: 0,
            protection_ticks: 0,
            overcharge_ticks: 0,
            truce_ticks: 0,
            fired: false,
            railed: false,
            border,
        }
    }

    /// Gives it a fresh ship, which cannot be hurt for so long.
    pub(super) fn spawn(&mut self, ship: EntityId, place: Vec2, protection_ticks: u32) {
        *self = Own {
            team: self.team,
            tick: self.tick,
            ship,
            wish: self.wish,
            is_tall: self.is_tall,
            turned_ticks: self.turned_ticks,
            life: Life::Alive,
            place,
            aim: self.aim,
            protection_ticks,
            truce_ticks: self.truce_ticks,
            ..Own::waiting(self.player, self.border, 0)
        };
        self.become_class(self.wish);
    }

    /// A ship as good as new, of that class.
    fn become_class(&mut self, class: Class) {
        self.class = class;
        self.hull = class.traits().hull_max;
        self.shield = class.traits().shield_max;
        self.charge_ticks = 0;
    }

    /// Whether it has a ship.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }

    /// Whether it cannot be hurt now.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.protection_ticks > 0
    }

    /// Whether its shots take more now.
    #[must_use]
    pub fn is_overcharged(&self) -> bool {
        self.overcharge_ticks > 0
    }

    /// How far the rail is charged, from 0 to 1.
    #[must_use]
    pub fn charge(&self, level: &Level) -> f32 {
        self.charge_ticks as f32 / level.timing.of(self.class).rail_charge_ticks as f32
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

    /// Whether it can take pick-ups now. Whoever cannot be hurt takes none before others.
    pub(super) fn may_take(&self) -> bool {
        self.is_alive() && !self.is_protected()
    }

    /// Whether a pick-up would do anything for it.
    pub(super) fn wants(&self, pickup: Pickup) -> bool {
        let traits = self.class.traits();
        match pickup {
            Pickup::Repair => self.hull < traits.hull_max,
            Pickup::Shield => self.shield < SHIELD_OVER * traits.shield_max,
            Pickup::Overcharge => true,
        }
    }

    /// Takes a pick-up.
    pub(super) fn take(&mut self, pickup: Pickup, timing: &Timing) {
        let traits = self.class.traits();
        let up_to = |value: f32, most: f32| if value < most { value } else { most };
        match pickup {
            Pickup::Repair => self.hull = up_to(self.hull + REPAIR_HULL, traits.hull_max),
            Pickup::Shield => {
                let most = SHIELD_OVER * traits.shield_max;
                self.shield = up_to(self.shield + traits.shield_max, most);
            }
            Pickup::Overcharge => self.overcharge_ticks = timing.overcharge_ticks,
        }
    }

    /// The obstacles that it is among.
    pub(super) fn among<'a>(&self, level: &'a Level) -> Obstacles<'a> {
        Obstacles { level, border: self.border, tick: self.tick }
    }

    /// Takes damage, the shield first. Whether the shield took all of it.
    pub(super) fn hurt(&mut self, damage: f32, timing: &Timing) -> bool {
        self.shield_delay_ticks = timing.shield_delay_ticks;
        let through = damage - self.shield;
        if through <= 0.0 {
            self.shield -= damage;
            return true;
        }
        self.shield = 0.0;
        self.hull -= through;
        false
    }

    /// Its ship is lost; the next one comes in so many ticks.
    pub(super) fn die(&mut self, respawn_ticks: u32) {
        self.life = Life::Dead { respawn_ticks };
        self.velocity = Vec2::ZERO;
        self.buttons = 0;
        self.hull = 0.0;
        self.shield = 0.0;
        self.charge_ticks = 0;
        self.protection_ticks = 0;
        self.overcharge_ticks = 0;
        self.fired = false;
        self.railed = false;
    }

    /// Writes the row of its ship, if it has one.
    pub(super) fn show(&self, scene: &mut SceneWriter) {
        if !self.is_alive() {
            return;
        }
        let flag = |is_up: bool, flag: u8| if is_up { flag } else { 0 };
        let flags = flag(self.is_protected(), FLAG_PROTECTED)
            | flag(self.charge_ticks > 0, FLAG_CHARGING)
            | flag(self.is_overcharged(), FLAG_OVERCHARGED)
            | self.team << TEAM_SHIFT;
        let steered = self.class.steered(Input::new(self.buttons, 0).thrust());
        let ship = Ship {
            x: self.place.x,
            y: self.place.y,
            vx: self.velocity.x,
            vy: self.velocity.y,
            wx: steered.x,
            wy: steered.y,
            aim: f64::from(self.aim) * (std::f64::consts::TAU / f64::from(AIM_STEPS)),
            hull: self.hull,
            shield: self.shield,
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
    own.truce_ticks = own.truce_ticks.saturating_sub(1);
    own.fired = false;
    own.railed = false;
    let input = match input.held() {
        Some(held) => {
            own.aim = held.aim;
            own.wish = held.wished().unwrap_or(own.wish);
            turn_view(own, held.buttons & Input::TALL != 0, &level.timing);
            held
        }
        // Who has not been heard for long has not let go of the trigger.
        None => {
            own.charge_ticks = 0;
            Input::default()
        }
    };
    match &mut own.life {
        Life::Dead { respawn_ticks } => *respawn_ticks = respawn_ticks.saturating_sub(1),
        Life::Alive => {
            own.buttons = input.buttons & Input::BUTTONS;
            own.protection_ticks = own.protection_ticks.saturating_sub(1);
            own.overcharge_ticks = own.overcharge_ticks.saturating_sub(1);
            // Whoever cannot be hurt gains nothing by a fresh hull: so the ship that one has just
            // chosen is there at once.
            if own.wish != own.class && (own.is_protected() || own.truce_ticks > 0) {
                own.become_class(own.wish);
            }
            regrow(own, &level.timing);
            fly(own, level, input);
            shoot(own, &level.timing);
        }
    }
}

/// A screen may be turned, but not so often that its player would know both views at once.
fn turn_view(own: &mut Own, is_tall: bool, timing: &Timing) {
    own.turned_ticks = own.turned_ticks.saturating_sub(1);
    if own.is_tall != is_tall && own.turned_ticks == 0 {
        own.is_tall = is_tall;
        own.turned_ticks = timing.turn_view_ticks;
    }
}

fn regrow(own: &mut Own, timing: &Timing) {
    own.shield_delay_ticks = own.shield_delay_ticks.saturating_sub(1);
    let most = own.class.traits().shield_max;
    if own.shield_delay_ticks == 0 && own.shield < most {
        own.shield += timing.shield_regrowth;
        if own.shield > most {
            own.shield = most;
        }
    }
}

/// Ships fly through each other: a push between them would make everybody's movement depend on
/// inputs that no client has yet, and so every prediction in a crowd wrong.
fn fly(own: &mut Own, level: &Level, input: Input) {
    let timing = &level.timing;
    let before = own.velocity;
    let steered = own.class.steered(input.thrust());
    own.velocity = steered + (before - steered) * timing.keep;
    if steered == Vec2::ZERO && own.velocity.length_squared() < SHIP_SPEED_REST * SHIP_SPEED_REST {
        own.velocity = Vec2::ZERO;
    }
    // By the mean of both velocities the way hardly depends on the tick rate.
    own.place += (before + own.velocity) * (0.5 * timing.dt);
    let obstacles = own.among(level);
    obstacles.confine(&mut own.place, &mut own.velocity);
}

/// There is one cooldown for both weapons, so that a charge is never begun that could not be fired.
fn shoot(own: &mut Own, timing: &Timing) {
    own.cooldown_ticks = own.cooldown_ticks.saturating_sub(1);
    if own.truce_ticks > 0 {
        own.charge_ticks = 0;
        return;
    }
    let times = timing.of(own.class);
    if own.buttons & Input::RAIL != 0 {
        if own.cooldown_ticks == 0 {
            // An overcharge adds a tick to every other one.
            let more = u32::from(own.is_overcharged() && own.tick.0.is_multiple_of(2));
            let charged = own.charge_ticks.saturating_add(1 + more);
            own.charge_ticks = charged.min(times.rail_charge_ticks);
            // Who takes aim fights already.
            own.protection_ticks = 0;
        }
        return;
    }
    let is_charged = own.charge_ticks >= times.rail_charge_ticks;
    own.charge_ticks = 0;
    if is_charged {
        own.railed = true;
        own.cooldown_ticks = timing.rail_cooldown_ticks;
        own.protection_ticks = 0;
    } else if own.buttons & Input::FIRE != 0 && own.cooldown_ticks == 0 {
        own.fired = true;
        own.cooldown_ticks = times.cooldown_ticks;
        own.protection_ticks = 0;
    }
}

#[cfg(test)]
mod tests;
