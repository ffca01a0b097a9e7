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
use super::kinds::{FLAG_CHARGING, FLAG_OVERCHARGED, FLAG_PROTECTED, SHIP, TEAM_SHIFT};
use super::level::Level;
use super::obstacles::Obstacles;
use super::pickups::Pickup;
use super::rules::{
    AIM_STEPS, OVERCHARGE_FACTOR, RAIL_DAMAGE, REPAIR_HULL, SHIELD_OVER, SHIP_SPEED_REST, Timing,
};
use crate::ids::{EntityId, PlayerId};
use crate::scene::SceneWriter;
use crate::tick::Tick;

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
    /// A player who waits for its first ship, which the next tick brings.
    pub(super) fn waiting(player: PlayerId, border: Border) -> Own {
        Own {
            player,
            team: 0,
            tick: Tick(0),
            ship: EntityId(0),
            class: Class::default(),
            wish: Class::default(),
            is_tall: false,
            life: Life::Dead { respawn_ticks: 0 },
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
            life: Life::Alive,
            place,
            aim: self.aim,
            protection_ticks,
            truce_ticks: self.truce_ticks,
            ..Own::waiting(self.player, self.border)
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
        let values = [
            f64::from(self.place.x),
            f64::from(self.place.y),
            f64::from(self.velocity.x),
            f64::from(self.velocity.y),
            f64::from(steered.x),
            f64::from(steered.y),
            f64::from(self.aim) * (std::f64::consts::TAU / f64::from(AIM_STEPS)),
            f64::from(self.hull),
            f64::from(self.shield),
            f64::from(flags),
            f64::from(self.player.0),
            self.class.index() as f64,
        ];
        scene.row(&SHIP, self.ship, values);
    }
}

/// Moves a player's own state on by one tick and one input.
pub(super) fn advance(own: &mut Own, level: &Level, input: Input) {
    own.tick = own.tick.next();
    own.border.advance(&level.timing);
    own.truce_ticks = own.truce_ticks.saturating_sub(1);
    own.fired = false;
    own.railed = false;
    let input = match input.held() {
        Some(held) => {
            own.aim = held.aim;
            own.wish = held.wished().unwrap_or(own.wish);
            own.is_tall = held.buttons & Input::TALL != 0;
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
            own.charge_ticks = (own.charge_ticks + 1 + more).min(times.rail_charge_ticks);
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
mod tests {
    use proptest::prelude::*;

    use super::super::generate::generate;
    use super::super::rules::{
        BOLT_DAMAGE, COOLDOWN_S, PROTECTION_S, RAIL_CHARGE_S, RAIL_COOLDOWN_S, SHIELD_DELAY_S,
        SHIELD_REGROWTH_PER_S, SHIP_RADIUS, border_radius,
    };
    use super::*;
    use crate::tick::TickRate;

    fn rate(hz: u16) -> TickRate {
        TickRate::new(hz).unwrap()
    }

    /// A level in which nothing is in the way.
    fn void(hz: u16) -> Level {
        Level::new(rate(hz), 200.0, Vec::new(), Vec::new())
    }

    fn ship_in(level: &Level) -> Own {
        let border = Border { radius: level.radius, target: level.radius };
        let mut own = Own::waiting(PlayerId(3), border);
        own.spawn(EntityId(7), Vec2::ZERO, &level.timing);
        own
    }

    fn hold(own: &mut Own, level: &Level, input: Input, seconds: f32) {
        for _ in 0..level.tick_rate.ticks_in(seconds) {
            advance(own, level, input);
        }
    }

    #[test]
    fn a_ship_gathers_speed_and_comes_to_rest() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RIGHT, 0), 0.1);
        assert!(own.velocity.x > 1.0 && own.velocity.x < 0.6 * SHIP_SPEED_MAX);
        hold(&mut own, &level, Input::new(Input::RIGHT, 0), 2.0);
        assert!((own.velocity.x - SHIP_SPEED_MAX).abs() < 0.1);
        hold(&mut own, &level, Input::default(), 2.0);
        assert_eq!(own.velocity, Vec2::ZERO);
    }

    #[test]
    fn diagonals_are_no_faster_and_opposite_buttons_cancel_out() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::LEFT | Input::UP, 0), 3.0);
        assert!((own.velocity.length() - SHIP_SPEED_MAX).abs() < 0.1);
        assert_eq!(Input::new(u8::MAX, 0).thrust(), Vec2::ZERO);
    }

    #[test]
    fn a_ship_flies_as_far_at_every_tick_rate() {
        let way = |hz| {
            let level = void(hz);
            let mut own = ship_in(&level);
            hold(&mut own, &level, Input::new(Input::DOWN, 0), 1.0);
            hold(&mut own, &level, Input::default(), 2.0);
            own.place.y
        };
        for hz in [20, 60, 128] {
            assert!((way(hz) - way(30)).abs() < 0.3, "{hz} Hz: {} against {}", way(hz), way(30));
        }
    }

    #[test]
    fn a_held_trigger_fires_at_the_cooldown() {
        for hz in [20, 30, 60, 128] {
            let level = void(hz);
            let mut own = ship_in(&level);
            let mut shots = 0;
            for _ in 0..level.tick_rate.ticks_in(30.0 * COOLDOWN_S) {
                advance(&mut own, &level, Input::new(Input::FIRE, 0));
                shots += u32::from(own.fired);
            }
            assert!((30..=31).contains(&shots), "{shots} shots at {hz} Hz");
        }
    }

    #[test]
    fn a_rail_fires_when_it_is_let_go_after_the_whole_charge_and_not_before() {
        for hz in [20, 30, 60, 128] {
            let level = void(hz);
            let held = Input::new(Input::RAIL | Input::FIRE, 0);
            let mut own = ship_in(&level);
            hold(&mut own, &level, held, RAIL_CHARGE_S);
            assert_eq!((own.charge(&level), own.fired, own.railed), (1.0, false, false));
            hold(&mut own, &level, held, 3.0);
            assert_eq!((own.charge(&level), own.fired, own.railed), (1.0, false, false));
            advance(&mut own, &level, Input::new(Input::FIRE, 7));
            assert_eq!((own.charge_ticks, own.fired, own.railed), (0, false, true));
            assert_eq!(own.aim, 7);
            advance(&mut own, &level, Input::new(0, 0));
            assert!(!own.railed, "once");
        }
    }

    #[test]
    fn a_charge_of_whom_nothing_is_heard_is_lost_and_its_aim_is_kept() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RAIL, 512), RAIL_CHARGE_S);
        assert_eq!(own.charge(&level), 1.0);
        advance(&mut own, &level, Input::default());
        assert_eq!((own.railed, own.charge_ticks, own.aim), (false, 0, 512));
    }

    #[test]
    fn a_charge_let_go_early_is_lost() {
        let level = void(30);
        let mut own = ship_in(&level);
        for _ in 1..level.timing.rail_charge_ticks {
            advance(&mut own, &level, Input::new(Input::RAIL, 0));
        }
        advance(&mut own, &level, Input::new(Input::FIRE, 0));
        assert_eq!((own.charge_ticks, own.railed, own.fired), (0, false, true));
    }

    #[test]
    fn after_a_rail_neither_weapon_is_ready_for_a_while() {
        let level = void(30);
        for next in [Input::FIRE, Input::RAIL] {
            let mut own = ship_in(&level);
            hold(&mut own, &level, Input::new(Input::RAIL, 0), RAIL_CHARGE_S);
            advance(&mut own, &level, Input::new(0, 0));
            hold(&mut own, &level, Input::new(next, 0), RAIL_COOLDOWN_S - 0.05);
            assert!(!own.fired && own.charge_ticks == 0);
            hold(&mut own, &level, Input::new(next, 0), 0.1);
            assert!(own.cooldown_ticks > 0 || own.charge_ticks > 0);
        }
    }

    #[test]
    fn a_rail_ends_protection_when_it_fires_and_not_while_it_charges() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RAIL, 0), RAIL_CHARGE_S);
        assert!(own.is_protected());
        advance(&mut own, &level, Input::new(0, 0));
        assert!(own.railed && !own.is_protected());
    }

    #[test]
    fn the_dead_charge_nothing() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RAIL, 0), RAIL_CHARGE_S);
        own.die(&level.timing);
        assert_eq!(own.charge_ticks, 0);
        hold(&mut own, &level, Input::new(Input::RAIL, 0), 1.5);
        advance(&mut own, &level, Input::new(0, 0));
        assert_eq!((own.charge_ticks, own.railed), (0, false));
    }

    #[test]
    fn protection_lasts_until_it_ends_or_the_ship_fires() {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::default(), PROTECTION_S - 0.1);
        assert!(own.is_protected());
        let mut patient = own.clone();
        hold(&mut patient, &level, Input::default(), 0.2);
        assert!(!patient.is_protected());
        advance(&mut own, &level, Input::new(Input::FIRE, 0));
        assert!(!own.is_protected());
    }

    #[test]
    fn a_shield_regrows_after_a_while_without_hits() {
        let level = void(30);
        let mut own = ship_in(&level);
        assert!(own.hurt(BOLT_DAMAGE, &level.timing));
        assert!(!own.hurt(BOLT_DAMAGE, &level.timing));
        assert_eq!((own.shield, own.hull), (0.0, HULL_MAX + SHIELD_MAX - 2.0 * BOLT_DAMAGE));
        hold(&mut own, &level, Input::default(), SHIELD_DELAY_S - 0.1);
        assert_eq!(own.shield, 0.0);
        hold(&mut own, &level, Input::default(), 0.2 + SHIELD_MAX / SHIELD_REGROWTH_PER_S);
        assert_eq!(own.shield, SHIELD_MAX);
        assert!(own.hull < HULL_MAX, "a hull does not mend");
    }

    proptest! {
        #[test]
        fn no_input_brings_a_ship_into_an_obstacle_or_out_of_the_border(
            seed: u64,
            hz in prop::sample::select(vec![20_u16, 30, 60, 128]),
            // Each input is held for a while, and the border is sent for as many players.
            held in prop::collection::vec((any::<u8>(), any::<u16>(), 0..60_u32, 0..60_u16), 1..40),
        ) {
            let level = generate(seed, rate(hz), 60);
            let mut own = ship_in(&level);
            level.confine(&own.border, &mut own.place, &mut own.velocity);
            for (buttons, aim, ticks, players) in held {
                own.border.target = border_radius(players);
                for _ in 0..ticks {
                    advance(&mut own, &level, Input { buttons, aim });
                    prop_assert!(own.place.is_finite() && own.velocity.is_finite());
                    prop_assert!(own.velocity.length() <= SHIP_SPEED_MAX + 0.001);
                    prop_assert!(own.place.length() <= own.border.radius - SHIP_RADIUS + 0.001);
                    let free = level.nearest_free(&own.border, own.place, SHIP_RADIUS);
                    let depth = free.map_or(0.0, |free| free.distance(own.place));
                    prop_assert!(depth < 0.001, "{depth} deep in an obstacle");
                }
            }
        }
    }
}
