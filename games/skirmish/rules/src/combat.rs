//! Shots and what they do: fired, flown, hit, scored.
//!
//! It owns what follows from a hit. How a bolt flies is in [`super::bolts`], what a rail meets in
//! [`super::rail`]; here is who is hurt, who dies, and whose points it is. Called by the world's
//! tick alone.

use glam::Vec2;

use super::bolts::{Bolt, Flight};
use super::kinds;
use super::player::{Player, are_mates};
use super::rail::{self, Beam, Rail};
use super::round::{self, Phase, Round};
use super::rules::{ASSIST_POINTS, KILL_POINTS, KILLS_TOLD_MAX_PLAYERS, border_radius};
use super::ship::Own;
use super::{Skirmish, Step};
use tickwire_game::game::Effect;
use tickwire_game::ids::PlayerId;
use tickwire_game::scene::Audience;

/// What a shot does to a ship that it hits.
struct Blow {
    by: PlayerId,
    at: Vec2,
    damage: f32,
    is_rail: bool,
}

impl Skirmish {
    pub(super) fn fire_shots(&mut self, now: &Step<'_, Skirmish>) {
        for Player { own, .. } in self.players.iter().filter(|player| player.own.shots.bolt) {
            let entity = self.next_entity.take();
            self.scratch.shots.push(Bolt::of_shot(entity, own, now.tick, &now.level.timing));
        }
        let railed = self.players.iter().filter(|player| player.own.shots.rail);
        self.scratch.rails.extend(railed.map(|player| Rail::of_shot(&player.own)));
    }

    /// Each rail hits the ships that live now, where its player saw them. One without a picture of
    /// its own, as the bots of a room, sees the present.
    pub(super) fn strike_by_rails(&mut self, now: &mut Step<'_, Skirmish>) {
        let obstacles = self.obstacles(now.level);
        let spares_mates = !self.settings.friendly_fire;
        let Skirmish { players, past, scratch, round, .. } = self;
        for rail in scratch.rails.drain(..) {
            let rewind = now.rewind(rail.owner);
            let moment = past.at(now.tick, rewind);
            let place = |own: &Own| match &moment {
                Some(moment) => rail::place_at(moment, own),
                None => Some(own.motion.place),
            };
            let (min, max) = rail.bounds(rewind, &now.level.timing);
            let near = scratch.ships.near(min, max);
            let others = near.map(|index| (index, &players[index].own));
            let others = others.filter(|(_, own)| own.is_alive() && own.player != rail.owner);
            let others =
                others.filter(|(_, own)| !(spares_mates && are_mates(rail.team, own.team)));
            let targets = others.filter_map(|(index, own)| Some((index, place(own)?)));
            let Beam { end, victim } = rail.trace(&obstacles, targets);
            let (middle, half) = ((rail.from + end) * 0.5, (end - rail.from) * 0.5);
            let ([x, y], [dx, dy]) = (middle.to_array(), half.to_array());
            now.emit(&kinds::Rail { x, y, dx, dy, by: rail.owner });
            if let Some((victim, seen_at)) = victim {
                // Where the ship is now, on the side on which it was hit: it is that everybody sees.
                let at = end - seen_at + players[victim].own.motion.place;
                let blow = Blow { by: rail.owner, at, damage: rail.damage, is_rail: true };
                hit(players, victim, blow, round, now);
            }
        }
    }

    /// Who leaves a fight loses it: a ship that was hurt lately is the kill of the player that hurt
    /// it last, and not absent; and if it comes back it has died.
    pub(super) fn score_flight(&mut self, gone: &mut Player) {
        let Phase::Playing { .. } = self.round.phase() else { return };
        let since = self.tick.minus(self.assist_ticks);
        let mut hurts = gone.take_hurts(since);
        hurts.retain(|by| self.find(*by).is_ok_and(|at| !self.players[at].is_absent()));
        let Some((killer, helpers)) = hurts.split_last() else { return };
        if !gone.own.is_alive() {
            return;
        }
        for helper in helpers {
            score_assist(&mut self.players, *helper, &mut self.round);
        }
        if let Ok(at) = self.find(*killer) {
            self.players[at].tally.add_kill();
            self.players[at].tally.score += KILL_POINTS;
            self.round.score(self.players[at].own.team, KILL_POINTS);
        }
        gone.note_death();
        gone.own.die(self.respawn_ticks);
    }

    pub(super) fn fly_bolts(&mut self, now: &mut Step<'_, Skirmish>) {
        let obstacles = self.obstacles(now.level);
        let spares_mates = !self.settings.friendly_fire;
        let Skirmish { players, bolts, scratch, round, .. } = self;
        bolts.retain_mut(|bolt| {
            let (owner, team) = (bolt.owner, bolt.team);
            let target = |at: usize| {
                let own: &Own = &players[at].own;
                let is_spared = spares_mates && are_mates(team, own.team);
                (own.is_alive() && own.player != owner && !is_spared).then_some(own.motion.place)
            };
            match bolt.fly(&obstacles, &scratch.ships, target) {
                Flight::On => return true,
                Flight::Spent => {}
                Flight::Burst => {
                    now.emit(&kinds::Burst { x: bolt.place.x, y: bolt.place.y });
                }
                Flight::Hit(victim) => {
                    let Bolt { owner: by, place: at, damage, .. } = *bolt;
                    hit(players, victim, Blow { by, at, damage, is_rail: false }, round, now);
                }
            }
            false
        });
    }

    pub(super) fn launch_shots(&mut self) {
        self.bolts.append(&mut self.scratch.shots);
    }
}

/// The ship of `players[victim]` is hit.
fn hit(
    players: &mut [Player],
    victim: usize,
    blow: Blow,
    round: &mut Round,
    now: &mut Step<'_, Skirmish>,
) {
    let timing = &now.level.timing;
    let killer = players.binary_search_by_key(&blow.by, Player::id);
    // Bolts go with their player, and a rail hits in the tick of its shot.
    let killer = killer.expect("a shot has a player");
    let by_mate = are_mates(players[killer].own.team, players[victim].own.team);
    let player = &mut players[victim];
    let own = &mut player.own;
    let damage = if own.is_protected() { 0.0 } else { blow.damage };
    let shielded = damage == 0.0 || own.hurt(damage, timing);
    let (player_id, [x, y]) = (own.player, blow.at.to_array());
    now.emit(&kinds::Hit { x, y, player: player_id, by: blow.by, damage, shielded });
    if damage > 0.0 {
        now.affect(own.player, Effect::Hit);
        if !by_mate {
            player.note_hurt(blow.by, now.tick);
        }
    }
    let own = &mut player.own;
    if own.armor.hull > 0.0 {
        return;
    }
    now.affect(own.player, Effect::Death);
    now.emit(&kinds::Boom { x: own.motion.place.x, y: own.motion.place.y, player: player_id });
    announce_kill(own.player, blow, now);
    own.die(timing.respawn_ticks);
    score_kill(players, victim, killer, by_mate, round, now);
}

/// To all, or in a large arena to the two players only: nobody reads a hundred kills per second.
fn announce_kill(victim: PlayerId, blow: Blow, now: &mut Step<'_, Skirmish>) {
    let kill = kinds::Kill { victim, killer: blow.by, rail: blow.is_rail };
    if now.level.radius <= border_radius(KILLS_TOLD_MAX_PLAYERS) {
        now.emit(&kill);
        return;
    }
    now.emit_to(Audience::Two([victim, blow.by]), &kill);
}

/// Whose points a kill is: nobody's, if the killer is absent.
fn score_kill(
    players: &mut [Player],
    victim: usize,
    killer: usize,
    by_mate: bool,
    round: &mut Round,
    now: &mut Step<'_, Skirmish>,
) {
    let since = now.tick.minus(now.level.timing.assist_ticks);
    let (victim_id, killer_id) = (players[victim].id(), players[killer].id());
    players[victim].note_death();
    let helpers = players[victim].take_hurts(since).into_iter();
    for helper in helpers.filter(|helper| *helper != killer_id) {
        if score_assist(players, helper, round) {
            now.emit_to(Audience::One(helper), &kinds::Assist { victim: victim_id });
        }
    }
    // Its last bolts still fly. What they cost it is its own all the same.
    if players[killer].is_absent() && !by_mate {
        return;
    }
    let Player { own, tally, .. } = &mut players[killer];
    let points = if by_mate { -KILL_POINTS } else { KILL_POINTS };
    tally.score += points;
    round.score(own.team, points);
    if by_mate {
        tally.streak = 0;
        return;
    }
    tally.add_kill();
    if round::is_announced(tally.streak) {
        let kills = i32::try_from(tally.streak).unwrap_or(i32::MAX);
        now.emit(&kinds::Streak { player: own.player, kills });
    }
}

/// Whether the helper has got its points: it may have left, or be absent.
fn score_assist(players: &mut [Player], helper: PlayerId, round: &mut Round) -> bool {
    let Ok(at) = players.binary_search_by_key(&helper, Player::id) else { return false };
    if players[at].is_absent() {
        return false;
    }
    players[at].tally.assists += 1;
    players[at].tally.score += ASSIST_POINTS;
    round.score(players[at].own.team, ASSIST_POINTS);
    true
}
