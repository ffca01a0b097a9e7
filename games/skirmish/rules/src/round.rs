//! Rounds: when one ends, how it ended, and what each player did in it.
//!
//! It owns the phase, the points of the teams and the result that stands between two rounds. It
//! never touches a ship: the world turns the round and does to the ships what follows from it.

use serde::{Deserialize, Serialize};

use super::kinds::{self, RoundPhase};
use super::ranking;
use super::rules::RESULTS_MAX;
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::scene::{Audience, SceneWriter};
use tickwire_game::tick::Tick;

/// What a player did in this round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) score: i32,
    pub(super) kills: u32,
    pub(super) deaths: u32,
    pub(super) assists: u32,
    /// Kills in this life.
    pub(super) streak: u32,
    pub(super) best_streak: u32,
}

impl Tally {
    /// One more was killed.
    pub(super) fn add_kill(&mut self) {
        self.kills += 1;
        self.streak += 1;
        self.best_streak = self.best_streak.max(self.streak);
    }
}

/// What a round is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// It is played, up to that tick if it ends at all.
    Playing { ends: Option<Tick> },
    /// Its result stands, up to that tick.
    Result { ends: Tick },
}

/// A round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Round {
    number: u32,
    phase: Phase,
    /// Of team 1 and team 2.
    team_points: [i32; 2],
    /// The best first; empty while the round is played.
    result: Vec<Standing>,
}

/// How a player came off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Standing {
    entity: EntityId,
    player: PlayerId,
    place: u32,
    tally: Tally,
}

/// Stands in a result for a player that has left: no room has so many players.
const GONE: PlayerId = PlayerId(u16::MAX);

/// Whether so many kills in one life are announced to all.
pub(super) fn is_announced(streak: u32) -> bool {
    matches!(streak, 3 | 5 | 8) || streak >= 12 && streak.is_multiple_of(4)
}

impl Round {
    /// The first one of a world, before its first tick.
    pub(super) fn first() -> Round {
        let phase = Phase::Playing { ends: None };
        Round { number: 0, phase, team_points: [0; 2], result: Vec::new() }
    }

    /// Whether its time is up: the other phase is due.
    pub(super) fn is_over(&self, tick: Tick) -> bool {
        match self.phase {
            Phase::Playing { ends } => ends.is_some_and(|ends| tick >= ends),
            Phase::Result { ends } => tick >= ends,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// The next one begins.
    pub(super) fn begin(&mut self, ends: Option<Tick>) {
        let number = self.number + 1;
        *self = Round { number, phase: Phase::Playing { ends }, ..Round::first() };
    }

    /// It has ended: what `tallies` say stands until `ends`. The entities of the result are given out
    /// from `next_entity` on.
    pub(super) fn conclude(
        &mut self,
        ends: Tick,
        tallies: impl Iterator<Item = (PlayerId, Tally)>,
        next_entity: &mut EntityId,
    ) {
        self.phase = Phase::Result { ends };
        let tallies: Vec<_> = tallies.collect();
        let scores =
            tallies.iter().enumerate().map(|(at, (player, tally))| (at, tally.score, *player));
        let ranked: Vec<_> =
            ranking::most_first(scores).into_iter().map(|at| tallies[at]).collect();
        let place_of =
            |at: usize| 1 + ranked.partition_point(|(_, tally)| tally.score > ranked[at].1.score);
        self.result = (0..ranked.len())
            .map(|at| Standing {
                entity: next_entity.take(),
                player: ranked[at].0,
                place: place_of(at) as u32,
                tally: ranked[at].1,
            })
            .collect();
    }

    /// A player is gone: one day its number is another's, and its place is nobody else's.
    pub(super) fn forget(&mut self, player: PlayerId) {
        let standings = self.result.iter_mut().filter(|standing| standing.player == player);
        standings.for_each(|standing| standing.player = GONE);
    }

    /// Adds to what a team has.
    pub(super) fn score(&mut self, team: u8, points: i32) {
        if let Some(at) = usize::from(team).checked_sub(1) {
            self.team_points[at] += points;
        }
    }

    /// For how long all weapons are off, seen from before the tick after `tick`.
    pub(super) fn truce_ticks(&self, tick: Tick) -> u32 {
        match self.phase {
            Phase::Playing { .. } => 0,
            Phase::Result { ends } => u32::try_from(ends.since(tick)).unwrap_or(0),
        }
    }

    pub(super) fn show(&self, entity: EntityId, scene: &mut SceneWriter) {
        let (phase, ends) = match self.phase {
            Phase::Playing { ends } => (RoundPhase::Playing, ends.unwrap_or_default()),
            Phase::Result { ends } => (RoundPhase::Result, ends),
        };
        let [team1, team2] = self.team_points;
        // A field has 32 bits with a sign: those of a tick beyond the half of them are the same bits.
        let ends = ends.0 as i32;
        scene.row(entity, &kinds::Round { number: whole(self.number), phase, ends, team1, team2 });
        for (at, Standing { entity, player, place, tally }) in self.result.iter().enumerate() {
            let audience = if at < RESULTS_MAX { Audience::All } else { Audience::One(*player) };
            let standing = kinds::Standing {
                player: *player,
                place: whole(*place),
                score: tally.score,
                kills: whole(tally.kills),
                deaths: whole(tally.deaths),
                assists: whole(tally.assists),
                streak: whole(tally.best_streak),
            };
            scene.row_for(audience, *entity, &standing);
        }
    }
}

/// A count as a field has it.
fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickwire_game::scene::View;

    fn tally(score: i32) -> Tally {
        Tally { score, ..Tally::default() }
    }

    #[test]
    fn equals_share_a_place_and_the_next_one_comes_after_them_all() {
        let mut round = Round::first();
        round.begin(Some(Tick(100)));
        assert!(!round.is_over(Tick(99)) && round.is_over(Tick(100)));
        let scores = [3, 9, 3, -2].into_iter().zip(0..);
        let tallies = scores.map(|(score, player)| (PlayerId(player), tally(score)));
        round.conclude(Tick(130), tallies, &mut EntityId(7));
        let places: Vec<_> =
            round.result.iter().map(|standing| (standing.player.0, standing.place)).collect();
        assert_eq!(places, [(1, 1), (0, 2), (2, 2), (3, 4)]);
        assert_eq!(round.truce_ticks(Tick(100)), 30);
        round.begin(None);
        assert_eq!((round.number, round.result.len()), (2, 0));
        assert!(!round.is_over(Tick(u32::MAX)));
    }

    #[test]
    fn of_a_crowd_all_are_told_of_the_best_and_each_of_itself() {
        let mut round = Round::first();
        let tallies = (0..1_000).map(|player| (PlayerId(player), tally(i32::from(player))));
        round.conclude(Tick(1), tallies, &mut EntityId(2));
        let mut writer = SceneWriter::of::<super::super::Skirmish>();
        round.show(EntityId(1), &mut writer);
        let scene = writer.take_scene(Tick(1));
        let (schema, view) = (super::super::kinds::schema(), View::Everything);
        for (player, rows) in [(999, 1 + RESULTS_MAX), (999 - 32, 2 + RESULTS_MAX)] {
            let player = Some(PlayerId(player));
            let known = |index: &usize| scene.may_know_row(&schema, *index, player, &view);
            assert_eq!((0..scene.rows().len()).filter(known).count(), rows);
        }
    }
}
