//! What a bot does: a function of what a client knows, and of nothing else.
//!
//! It keeps no state between ticks, so that thousands of bots cost nothing while they wait: whatever
//! should last a while, like the side to which it strafes, follows from the tick and a secret of its
//! dice, and nobody knows beforehand what one will do. Its aim is where its ship points. It swings that
//! no faster than a hand does, which makes it react late. It leads and aims wrong, each bot by its own
//! measure, for people should win. The room's fill-in bots, the load tests and the
//! determinism trial call it through [`tickwire_game::game::Game::bot`].

use glam::Vec2;

use super::class::Class;
use super::input::direction;
use super::kinds::{self, FLAG_PROTECTED, Ship, TEAM_SHIFT};
use super::level::Level;
use super::obstacles::Obstacles;
use super::pickups::Pickup;
use super::player::are_mates;
use super::rules::{
    AIM_STEPS, BOLT_LIFE_S, BOLT_RADIUS, BOLT_SPEED, HULL_MAX, RAIL_RANGE, SHIELD_MAX, SHIP_RADIUS,
};
use super::ship::Own;
use super::{Input, Skirmish};
use tickwire_game::dice::Dice;
use tickwire_game::game::{Seen, Skill};
use tickwire_game::ids::PlayerId;

/// What a skill comes to. Where two numbers stand, the bots of a skill lie between them, each by a
/// measure of its own.
struct Play {
    /// The largest error of its aim, in radians: of its best and of its worst.
    aim_error: [f32; 2],
    /// What part of a target's way it allows for while a bolt flies: of its worst and of its best. A
    /// perfect lead would make it useless to strafe.
    lead: [f32; 2],
    /// How fast it swings its aim, in radians per second.
    turn_per_s: f32,
    /// Of five bursts it shoots in so many.
    bursts_of_5: u32,
    /// Of four spells it heeds bolts in so many: nobody who could always dodge would ever be hit
    /// from afar.
    spells_of_4: u32,
    /// How far it goes for a pick-up that it needs, in units.
    fetch_distance: f32,
}

const EASY: Play = Play {
    aim_error: [0.22, 0.42],
    lead: [0.1, 0.5],
    turn_per_s: 3.5,
    bursts_of_5: 1,
    spells_of_4: 0,
    fetch_distance: 8.0,
};
const NORMAL: Play = Play {
    aim_error: [0.10, 0.30],
    lead: [0.4, 0.9],
    turn_per_s: 6.0,
    bursts_of_5: 2,
    spells_of_4: 1,
    fetch_distance: 16.0,
};
const HARD: Play = Play {
    aim_error: [0.05, 0.12],
    lead: [0.8, 1.0],
    turn_per_s: 9.0,
    bursts_of_5: 4,
    spells_of_4: 3,
    fetch_distance: 26.0,
};

/// The distance that it keeps from its target; each bot adds up to as much again as
/// [`DISTANCE_SPREAD`].
const DISTANCE_KEPT: f32 = 10.0;
const DISTANCE_SPREAD: f32 = 8.0;
/// It shoots at what a bolt reaches with a little to spare.
const SHOT_RANGE: f32 = 0.9 * BOLT_SPEED * BOLT_LIFE_S;
/// What part of the bots have a liking for the rail; how often such a one makes up its mind whether
/// to charge, and at what distance a target must be for that: bolts are better at what is near.
const MARKSMEN: f32 = 0.4;
const CHARGE_S: f32 = 3.0;
const RAIL_DISTANCE: f32 = 13.0;
/// By how much its error is larger with the rail, which needs no lead and one hit of which hurts.
const RAIL_SWAY: f32 = 2.3;
/// It fires a rail at what this reaches with a little to spare.
const RAIL_SHOT_RANGE: f32 = 0.95 * RAIL_RANGE;
/// It shoots when its aim is within this of where it wants it, in radians.
const TURN_LEFT_MAX: f32 = 0.1;
/// It heeds bolts that would come nearer than this within [`DODGE_S`].
const DODGE_DISTANCE: f32 = 1.8 * SHIP_RADIUS;
const DODGE_S: f32 = 0.35;
/// It does not mind obstacles and the border farther away than this.
const HEED_DISTANCE: f32 = 2.5;
/// It is drawn inwards when the border is nearer than this, about half a screen's height: there is
/// more to see and to shoot there, and nobody is driven into a corner.
const INWARDS_DISTANCE: f32 = 16.0;
/// It looks so far ahead for a way around what stands between it and where it wants to be.
const LOOK_AHEAD: f32 = 5.0;
const LOOK_AT_BORDER: f32 = 1.0;
/// A little less than its radius: what it touches already must not stand in every way.
const LOOK_RADIUS: f32 = 0.8 * SHIP_RADIUS;
/// It needs a repair, or a shield, when less than this part is left.
const HULL_WANTED: f32 = 0.6;
const SHIELD_WANTED: f32 = 0.5;
/// How often it makes up its mind about where to strafe, whether to shoot, where to wander,
/// and whether it heeds bolts.
const STRAFE_S: f32 = 0.9;
const BURST_S: f32 = 0.6;
const WANDER_S: f32 = 4.0;
const CARE_S: f32 = 1.5;
/// A bot has fewer lasting properties and moods than this.
const TRAITS: u32 = 16;
/// A component of the wished direction below this part of it presses no button: it makes eight
/// equal sectors.
const SECTOR_SIN: f32 = 0.383;

/// The bot's input for the coming tick.
pub(super) fn play(seen: &Seen<'_, Skirmish>, dice: &mut Dice) -> Input {
    let Some(own) = seen.own else { return Input::default() };
    let (tick, player) = (seen.tick.0, seen.player);
    let is_quick = dice.chance(0.9);
    let (level, play) = (seen.level, play_of(seen.skill));
    let mind = Mind { own, level, play, player, tick, dice, is_quick };
    let input = if own.is_alive() { mind.fly(seen) } else { Input::new(0, own.motion.aim) };
    input.wishing(mind.class())
}

fn play_of(skill: Skill) -> &'static Play {
    match skill {
        Skill::Easy => &EASY,
        Skill::Normal => &NORMAL,
        Skill::Hard => &HARD,
    }
}

/// A bot at a tick.
struct Mind<'a> {
    own: &'a Own,
    level: &'a Level,
    play: &'static Play,
    player: PlayerId,
    tick: u32,
    /// Where its moods come from.
    dice: &'a Dice,
    /// Whether it would shoot in this very tick.
    is_quick: bool,
}

/// The ship that it fights.
struct Target {
    place: Vec2,
    velocity: Vec2,
    distance: f32,
    /// Whether no obstacle lies in between.
    is_clear: bool,
}

impl Mind<'_> {
    fn fly(&self, seen: &Seen<'_, Skirmish>) -> Input {
        // While the result of a round stands there is nobody to fight.
        let target = if self.own.effects.truce_ticks > 0 { None } else { self.choose(seen) };
        let mut wish = match (self.fetch(seen), &target) {
            // To the side as well, for a ship that flies straight is hit.
            (Some(way), Some(_)) => self.around(way) + self.side(way) * 0.4,
            (Some(way), None) => self.around(way),
            (None, Some(target)) => self.manoeuvre(target),
            (None, None) => self.around(self.wander()),
        };
        wish += self.dodge(seen) * 1.5 + self.keep_clear() * 2.0;
        let buttons = buttons(wish);
        let Some(target) = target else {
            let (aim, _) = self.turn(wish);
            // A charge is kept: to let go of it is to fire it at nothing.
            let rail = if self.own.weapons.charge_ticks > 0 { Input::RAIL } else { 0 };
            return Input::new(buttons | rail, aim);
        };
        if self.charges(&target) {
            let (aim, is_there) = self.turn(self.aim(&target, f32::INFINITY, RAIL_SWAY));
            let fires = is_there && target.is_clear && target.distance < RAIL_SHOT_RANGE;
            let lets_go = fires && self.own.charge(self.level) >= 1.0;
            return Input::new(buttons | if lets_go { 0 } else { Input::RAIL }, aim);
        }
        let (aim, is_there) = self.turn(self.aim(&target, BOLT_SPEED, 1.0));
        let in_reach = target.is_clear && target.distance < SHOT_RANGE;
        let fires = in_reach && is_there && self.is_trigger_happy() && self.is_quick;
        Input::new(buttons | if fires { Input::FIRE } else { 0 }, aim)
    }

    /// What it likes to fly: all classes as often.
    fn class(&self) -> Class {
        Class::ALL[self.lasting(8) as usize % Class::ALL.len()]
    }

    fn obstacles(&self) -> Obstacles<'_> {
        self.own.among(self.level)
    }

    /// The way to the nearest pick-up that it needs, if one is in reach.
    fn fetch(&self, seen: &Seen<'_, Skirmish>) -> Option<Vec2> {
        let own = self.own;
        if own.effects.truce_ticks > 0 {
            return None;
        }
        let traits = own.class.traits();
        let needs = |pickup| match pickup {
            Pickup::Repair => own.armor.hull < HULL_WANTED * traits.hull_max,
            Pickup::Shield => own.armor.shield < SHIELD_WANTED * traits.shield_max,
            Pickup::Overcharge => !own.is_overcharged(),
        };
        let mut nearest: Option<(f32, Vec2)> = None;
        for (_, kinds::Pickup { x, y, kind }) in seen.each() {
            let way = Vec2::new(x, y) - own.motion.place;
            let distance = way.length();
            let is_near = distance < self.play.fetch_distance
                && nearest.is_none_or(|(least, _)| distance < least);
            if is_near && needs(kind) {
                nearest = Some((distance, way));
            }
        }
        nearest.map(|(_, way)| way.normalize_or_zero())
    }

    /// A way around what stands in a way: of the eight directions that it can fly, the first free one
    /// to one side, for a while the same side, so that it gets around what is long.
    fn around(&self, way: Vec2) -> Vec2 {
        if way == Vec2::ZERO || self.is_free(way) {
            return way;
        }
        let eighth = std::f32::consts::FRAC_PI_4;
        let nearest = libm::rintf(libm::atan2f(way.y, way.x) / eighth);
        let side = if self.mood(WANDER_S, 9) & 1 == 0 { 1.0 } else { -1.0 };
        let turns = [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, -3.0];
        let directions = turns.map(|turn| direction((nearest + turn * side) * eighth));
        directions.into_iter().find(|way| self.is_free(*way)).unwrap_or(way)
    }

    /// Whether nothing stands in the next stretch of a way.
    fn is_free(&self, way: Vec2) -> bool {
        let place = self.own.motion.place;
        let is_inside = |to: Vec2| to.length() < self.own.border.radius - SHIP_RADIUS;
        // The border is round, and so left along a tangent: only what leads straight out is barred.
        is_inside(place + way * LOOK_AT_BORDER)
            && self.obstacles().first_touch(place, place + way * LOOK_AHEAD, LOOK_RADIUS).is_none()
    }

    /// The enemy that is nearest, where weak ones count as nearer, and hidden ones as farther.
    fn choose(&self, seen: &Seen<'_, Skirmish>) -> Option<Target> {
        let mut best: Option<(f32, Target)> = None;
        for (_, Ship { x, y, vx, vy, hull, shield, flags, player, .. }) in seen.each() {
            let is_mate = are_mates(self.own.team, flags >> TEAM_SHIFT);
            if player == self.player || flags & FLAG_PROTECTED != 0 || is_mate {
                continue;
            }
            let place = Vec2::new(x, y);
            let distance = self.own.motion.place.distance(place);
            let strength = (hull + shield) / (HULL_MAX + SHIELD_MAX);
            let score = distance * (0.6 + 0.4 * strength);
            // To look through the level costs most: only for who could be the best.
            if best.as_ref().is_some_and(|(least, _)| *least <= score) {
                continue;
            }
            let is_clear = self.sees(place);
            let score = if is_clear { score } else { 2.0 * score };
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                let velocity = Vec2::new(vx, vy);
                best = Some((score, Target { place, velocity, distance, is_clear }));
            }
        }
        best.map(|(_, target)| target)
    }

    fn sees(&self, place: Vec2) -> bool {
        self.obstacles().first_touch(self.own.motion.place, place, BOLT_RADIUS).is_none()
    }

    /// Towards the distance that it likes to keep, and to the side.
    fn manoeuvre(&self, target: &Target) -> Vec2 {
        let towards = (target.place - self.own.motion.place).normalize_or(Vec2::X);
        if !target.is_clear {
            return self.around(towards) + self.side(towards) * 0.3;
        }
        let kept = DISTANCE_KEPT + DISTANCE_SPREAD * self.trait_of(0);
        // 1 when far too far away, -1 when far too near.
        let off = ((target.distance - kept) / 4.0).clamp(-1.0, 1.0);
        towards * off + self.side(towards) * 0.9 + self.inwards() * 2.0
    }

    /// To one side of a direction, the same for a while.
    fn side(&self, towards: Vec2) -> Vec2 {
        let side = self.mood(STRAFE_S, 1);
        if side & 1 == 0 { towards.perp() } else { -towards.perp() }
    }

    /// Where nobody is in sight: from place to place about the centre, where the others are.
    fn wander(&self) -> Vec2 {
        let mood = self.mood(WANDER_S, 2);
        let unit = |bits: u32| (bits & 0xffff) as f32 / 32_768.0 - 1.0;
        let goal = Vec2::new(unit(mood), unit(mood >> 16)) * (0.5 * self.own.border.radius);
        let way = goal - self.own.motion.place;
        if way.length_squared() < 4.0 { Vec2::ZERO } else { way.normalize_or_zero() }
    }

    /// Away from the ways of bolts that are about to hit.
    fn dodge(&self, seen: &Seen<'_, Skirmish>) -> Vec2 {
        let mut away = Vec2::ZERO;
        if !self.is_careful() {
            return away;
        }
        for (_, kinds::Bolt { x, y, aim, owner, .. }) in seen.each() {
            if owner == self.player {
                continue;
            }
            let apart = self.own.motion.place - Vec2::new(x, y);
            let along = direction(aim as f32);
            let ahead = apart.dot(along);
            let aside = apart - along * ahead;
            let is_near = aside.length_squared() < DODGE_DISTANCE * DODGE_DISTANCE;
            if (0.0..BOLT_SPEED * DODGE_S).contains(&ahead) && is_near {
                away += aside.normalize_or(along.perp());
            }
        }
        away.normalize_or_zero()
    }

    /// Away from the nearest obstacle and from the border, the more the nearer.
    fn keep_clear(&self) -> Vec2 {
        let (place, border) = (self.own.motion.place, &self.own.border);
        let mut away = Vec2::ZERO;
        let heeded = SHIP_RADIUS + HEED_DISTANCE;
        if let Some(free) = self.obstacles().nearest_free(place, heeded) {
            away += (free - place) / HEED_DISTANCE;
        }
        let beyond = place.length() - (border.radius - heeded);
        if beyond > 0.0 {
            away -= place.normalize_or_zero() * (beyond / HEED_DISTANCE);
        }
        away
    }

    /// Away from the border, the more the nearer. Only for one that sees its target: in the way around an
    /// obstacle this would hold it fast behind that.
    fn inwards(&self) -> Vec2 {
        let (place, radius) = (self.own.motion.place, self.own.border.radius);
        let beyond = place.length() - (radius - INWARDS_DISTANCE);
        if beyond <= 0.0 {
            return Vec2::ZERO;
        }
        -place.normalize_or_zero() * (beyond / INWARDS_DISTANCE)
    }

    /// Whether it holds the rail: what it began it goes on with until it can fire.
    fn charges(&self, target: &Target) -> bool {
        let is_marksman = is_marksman(self.player);
        let far = (RAIL_DISTANCE..RAIL_SHOT_RANGE).contains(&target.distance) && target.is_clear;
        let begins = is_marksman && far && !self.mood(CHARGE_S, 4).is_multiple_of(3);
        self.own.weapons.charge_ticks > 0 || begins
    }

    /// Where to shoot, seen from the ship, so that a shot of that speed and the target meet; more or
    /// less.
    fn aim(&self, target: &Target, speed: f32, sway: f32) -> Vec2 {
        let apart = target.place - self.own.motion.place;
        let allowed = target.velocity * self.trait_between(self.play.lead, 4);
        let mut lead = apart;
        // Each round takes the flight time of the last: two come near enough.
        for _ in 0..2 {
            lead = apart + allowed * (lead.length() / speed);
        }
        let (sin, cos) = libm::sincosf(sway * self.sway());
        lead.rotate(Vec2::new(cos, sin))
    }

    /// The error of its aim, in radians. It wanders slowly rather than leaps: that looks like a
    /// hand, and costs fewer bytes. Two waves, for the error of one would come back in step.
    fn sway(&self) -> f32 {
        let wave = |per_s: f32, offset: f32| {
            let period_ticks = self.level.tick_rate.ticks_in(1.0 / per_s);
            wave(self.tick, period_ticks, offset)
        };
        let slow = wave(self.trait_between([0.15, 0.3], 2), self.secret(3));
        let quick = wave(self.trait_between([0.5, 0.9], 5), self.secret(6));
        self.trait_between(self.play.aim_error, 1) * (0.6 * slow + 0.4 * quick)
    }

    /// As far as it can swing its aim in a tick towards a direction, and whether that is near
    /// enough to shoot.
    fn turn(&self, towards: Vec2) -> (u16, bool) {
        let steps_per_radian = f32::from(AIM_STEPS) / std::f32::consts::TAU;
        let turn = i32::from(AIM_STEPS);
        let aim = i32::from(self.own.motion.aim);
        let wanted = i32::from(Input::towards(0, towards.x, towards.y).aim);
        // The shorter way around.
        let left = (wanted - aim + turn / 2).rem_euclid(turn) - turn / 2;
        let most = (self.play.turn_per_s * self.level.timing.dt * steps_per_radian) as i32;
        let swing = left.clamp(-most, most);
        let is_there = (left - swing).abs() <= (TURN_LEFT_MAX * steps_per_radian) as i32;
        ((aim + swing).rem_euclid(turn) as u16, is_there)
    }

    /// It shoots in short bursts and pauses, as people do.
    fn is_trigger_happy(&self) -> bool {
        self.mood(BURST_S, 3) % 5 < self.play.bursts_of_5
    }

    /// Whether it heeds bolts now.
    fn is_careful(&self) -> bool {
        self.mood(CARE_S, 7) % 4 < self.play.spells_of_4
    }

    /// One of a bot's lasting properties, from 0 to 1.
    fn trait_of(&self, which: u32) -> f32 {
        part(self.lasting(which))
    }

    fn trait_between(&self, [low, high]: [f32; 2], which: u32) -> f32 {
        low + (high - low) * self.trait_of(which)
    }

    /// Random bits that a bot keeps.
    fn lasting(&self, which: u32) -> u32 {
        lasting(self.player, which)
    }

    /// Random bits that stay the same for `seconds`, at other times for each bot.
    fn mood(&self, seconds: f32, which: u32) -> u32 {
        let period = self.level.tick_rate.ticks_in(seconds);
        let offset = scrambled(u32::from(self.player.0)) % period;
        let turn = self.tick.wrapping_add(offset) / period;
        self.bits(u64::from(turn) << 32, which)
    }

    /// A lasting property that nobody else knows, from 0 to 1.
    fn secret(&self, which: u32) -> f32 {
        part(self.bits(1 << 63, which))
    }

    /// Bits of its own for a number whose lower 32 bits are left for it. Bots may share their dice.
    fn bits(&self, number: u64, which: u32) -> u32 {
        self.dice.at(number | u64::from(self.player.0) << 8 | u64::from(which))
    }
}

/// A wave of so many ticks, `offset` of a turn ahead, from -1 to 1. Of whole turns nothing is left
/// before anything is rounded: after years it is as smooth as at first.
fn wave(tick: u32, period_ticks: u32, offset: f32) -> f32 {
    let turns = (tick % period_ticks) as f32 / period_ticks as f32 + offset;
    libm::sinf((turns - libm::floorf(turns)) * std::f32::consts::TAU)
}

/// Whether the bot that plays for `player` has a liking for the rail.
pub(super) fn is_marksman(player: PlayerId) -> bool {
    part(lasting(player, 7)) < MARKSMEN
}

/// Random bits that a bot keeps.
fn lasting(player: PlayerId, which: u32) -> u32 {
    scrambled(u32::from(player.0) * TRAITS + which)
}

/// Random bits as a number from 0 to 1.
fn part(bits: u32) -> f32 {
    (bits >> 8) as f32 / 16_777_216.0
}

/// The buttons for a wished direction.
fn buttons(wish: Vec2) -> u8 {
    let wish = wish.normalize_or_zero();
    let pressed = |amount: f32, button: u8| if amount > SECTOR_SIN { button } else { 0 };
    pressed(wish.x, Input::RIGHT)
        | pressed(-wish.x, Input::LEFT)
        | pressed(wish.y, Input::DOWN)
        | pressed(-wish.y, Input::UP)
}

/// Bits in which no pattern of `bits` is left: the finaliser of MurmurHash3.
fn scrambled(mut bits: u32) -> u32 {
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x85eb_ca6b);
    bits ^= bits >> 13;
    bits = bits.wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickwire_game::limits::TICK_MAX;

    #[test]
    fn a_hand_sways_as_smoothly_after_years_as_at_first() {
        const WEEK: u32 = 7 * 24 * 3_600 * 30;
        for period in [33, 60, 200] {
            for start in [0, WEEK, 1 << 30, (1 << 31) - 500, TICK_MAX - 1_000] {
                for tick in start..start + 1_000 {
                    let step = wave(tick + 1, period, 0.3) - wave(tick, period, 0.3);
                    let most = 1.001 * std::f32::consts::TAU / period as f32;
                    assert!(step.abs() <= most, "{step} at {tick}, of {period}");
                }
            }
        }
    }
}
