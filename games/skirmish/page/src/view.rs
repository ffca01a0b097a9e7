//! What Skirmish's page draws by beside rows and events: what follows from own state and level, the
//! numbers of the rules, and where the rocks that drift are.

use serde::Serialize;
use skirmish_rules::class::Traits;
use skirmish_rules::{
    Class, Drifter, Level, Life, Own, Rect, Rock, Skirmish, kinds, rail_reach, rules,
};
use tickwire_game::tick::Tick;
use tickwire_web::View;

/// What the page sees.
pub(crate) struct SkirmishView;

/// Of the own state.
#[derive(Serialize)]
struct OwnSeen {
    player: u16,
    /// 0 before the first.
    ship: u32,
    /// `None` while the ship flies.
    respawn_ticks: Option<u32>,
    x: f32,
    y: f32,
    hull: f32,
    shield: f32,
    hull_max: f32,
    shield_max: f32,
    /// In radians.
    aim: f32,
    charge: f32,
    /// How far a rail would go from here if no ship were in its way.
    rail_reach: f32,
    overcharge_s: f32,
    class: usize,
    wish: usize,
    team: u8,
    cooldown_ticks: u32,
    railed: bool,
    truce: bool,
    protected: bool,
}

/// Of the level: what never moves, and what goes around.
#[derive(Serialize)]
struct LevelSeen<'a> {
    walls: &'a [Rect],
    rocks: &'a [Rock],
    drifters: &'a [Drifter],
    pads: Vec<PadSeen>,
}

#[derive(Serialize)]
struct PadSeen {
    x: f32,
    y: f32,
    kind: u8,
}

/// Of the rules. The first two are the largest of all classes; of a ship's `flags` these bits mean what
/// they are named by.
#[derive(Serialize)]
struct Measures {
    hull_max: f32,
    shield_max: f32,
    flag_protected: u8,
    flag_charging: u8,
    flag_overcharged: u8,
    team_shift: u8,
    overcharge_s: f32,
    bolt_speed: f32,
    view_half_x: f32,
    view_half_y: f32,
    screen_half_x: f32,
    screen_half_y: f32,
    tall_half_x: f32,
    tall_half_y: f32,
    results_max: usize,
    classes: [ClassSeen; Class::ALL.len()],
}

#[derive(Serialize)]
struct ClassSeen {
    name: &'static str,
    hull_max: f32,
    shield_max: f32,
    speed: f32,
    damage: f32,
    cooldown_s: f32,
    rail_charge_s: f32,
}

impl View<Skirmish> for SkirmishView {
    fn own(own: &Own, level: &Level) -> impl Serialize {
        let traits = own.class.traits();
        let turns = f32::from(own.motion.aim) / f32::from(rules::AIM_STEPS);
        OwnSeen {
            player: own.player.0,
            ship: own.ship.0,
            respawn_ticks: match own.life {
                Life::Alive => None,
                Life::Dead { respawn_ticks } => Some(respawn_ticks),
            },
            x: own.motion.place.x,
            y: own.motion.place.y,
            hull: own.armor.hull,
            shield: own.armor.shield,
            hull_max: traits.hull_max,
            shield_max: traits.shield_max,
            aim: turns * std::f32::consts::TAU,
            charge: own.charge(level),
            rail_reach: rail_reach(own, level),
            overcharge_s: own.effects.overcharge_ticks as f32 * level.tick_rate.dt(),
            class: own.class.index(),
            wish: own.next_class.index(),
            team: own.team,
            cooldown_ticks: own.weapons.cooldown_ticks,
            railed: own.shots.rail,
            truce: own.effects.truce_ticks > 0,
            protected: own.is_protected(),
        }
    }

    fn level(level: &Level) -> impl Serialize {
        let layout = &level.layout;
        let pads = layout.pads.iter();
        LevelSeen {
            walls: &layout.walls,
            rocks: &layout.rocks,
            drifters: &layout.drifters,
            pads: pads
                .map(|pad| PadSeen { x: pad.x, y: pad.y, kind: pad.pickup.number() })
                .collect(),
        }
    }

    fn measures() -> impl Serialize {
        Measures {
            hull_max: rules::HULL_MAX,
            shield_max: rules::SHIELD_MAX,
            flag_protected: kinds::FLAG_PROTECTED,
            flag_charging: kinds::FLAG_CHARGING,
            flag_overcharged: kinds::FLAG_OVERCHARGED,
            team_shift: kinds::TEAM_SHIFT,
            overcharge_s: rules::OVERCHARGE_S,
            bolt_speed: rules::BOLT_SPEED,
            view_half_x: rules::VIEW_HALF_X,
            view_half_y: rules::VIEW_HALF_Y,
            screen_half_x: rules::SCREEN_HALF_X,
            screen_half_y: rules::SCREEN_HALF_Y,
            tall_half_x: rules::TALL_HALF_X,
            tall_half_y: rules::TALL_HALF_Y,
            results_max: rules::RESULTS_MAX,
            classes: Class::ALL.map(|class| {
                let traits = class.traits();
                let Traits { name, hull_max, shield_max, bolt_damage, .. } = *traits;
                ClassSeen {
                    name,
                    hull_max,
                    shield_max,
                    speed: traits.speed_max(),
                    damage: bolt_damage,
                    cooldown_s: traits.cooldown_s,
                    rail_charge_s: traits.rail_charge_s,
                }
            }),
        }
    }

    /// Where the rocks that drift are between two ticks: x and y of each.
    fn moving(tick: f64, level: &Level, numbers: &mut Vec<f64>) {
        // A cast from float saturates, and takes not-a-number to 0.
        let before = Tick(tick as u32);
        let fraction = (tick - f64::from(before.0)).clamp(0.0, 1.0);
        for drifter in &level.layout.drifters {
            let (from, to) = (drifter.at(before), drifter.at(before.plus(1)));
            let blend = |from: f32, to: f32| f64::from(from) + f64::from(to - from) * fraction;
            numbers.extend([blend(from.x, to.x), blend(from.y, to.y)]);
        }
    }
}
