//! [`Scoreboard`]: everybody by rank, and who is where: what the streams of scores choose by.
//!
//! Published by the room. It follows from the roster and the game alone, is made anew once for all
//! viewers when scores were refreshed, and keeps nothing of any viewer.

use std::cmp::Reverse;

use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::{Board, BoardPage, ScoreEntry};
use tickwire_game::scene::View;
use tickwire_game::tick::{Tick, TickRate};

use super::roster::RosterLog;
use crate::limits::{ROSTER_SCORES_PER_SECOND, SCORES_LEADERS};

/// Everybody by rank and by place.
#[derive(Debug, Default)]
pub(super) struct Scoreboard {
    /// The best first; of equals the one with the lower id.
    ranking: Vec<(Reverse<i32>, PlayerId)>,
    /// Where the middle of each player's view is, by rising x. Who sees everything is nowhere.
    places: Vec<([f64; 2], PlayerId)>,
}

/// What scores are chosen from.
#[derive(Clone, Copy)]
pub(super) struct Standings<'a> {
    pub(super) roster: &'a RosterLog,
    pub(super) scoreboard: &'a Scoreboard,
    pub(super) tick: Tick,
    pub(super) tick_rate: TickRate,
}

/// What a look uses, kept for its memory.
#[derive(Debug, Default)]
pub(super) struct ScoreScratch {
    /// The players that it needs before others, the most important first, perhaps twice.
    pub(super) first: Vec<PlayerId>,
    /// All that it needs, by rising id.
    pub(super) needed: Vec<PlayerId>,
    /// Those of them whose score it does not know, and whether it is sent that now.
    pub(super) due: Vec<(PlayerId, bool)>,
    pub(super) entries: Vec<ScoreEntry>,
    /// Players that it does not need and knows all the same.
    pub(super) kept: Vec<PlayerId>,
    pub(super) page: Vec<PlayerId>,
}

/// How many ticks lie between two looks at scores.
pub(super) fn every_ticks(tick_rate: TickRate) -> u32 {
    (u32::from(tick_rate.hz()) / ROSTER_SCORES_PER_SECOND).max(1)
}

impl Scoreboard {
    /// Ranks everybody in the roster.
    pub(super) fn rank(&mut self, roster: &RosterLog) {
        self.ranking.clear();
        self.ranking
            .extend(roster.scores_by_player().map(|entry| (Reverse(entry.score), entry.player)));
        self.ranking.sort_unstable();
    }

    /// Notes where everybody is.
    pub(super) fn place(&mut self, places: impl Iterator<Item = ([f64; 2], PlayerId)>) {
        self.places.clear();
        self.places.extend(places);
        self.places.sort_unstable_by(|one, other| one.0[0].total_cmp(&other.0[0]));
    }

    /// The best.
    pub(super) fn leaders(&self) -> impl Iterator<Item = PlayerId> {
        self.ranking.iter().take(SCORES_LEADERS).map(|(_, player)| *player)
    }

    /// Who is on a page, in order.
    pub(super) fn on_page(&self, board: Board) -> impl Iterator<Item = PlayerId> {
        let places = self.ranking.iter().skip(board.first.into()).take(board.count.into());
        places.map(|(_, player)| *player)
    }

    /// A page as it is sent, in the memory of `players`. `own` is whose rank it has, with its score.
    pub(super) fn page(
        &self,
        board: Board,
        own: Option<(PlayerId, i32)>,
        mut players: Vec<PlayerId>,
    ) -> BoardPage {
        players.clear();
        players.extend(self.on_page(board));
        let rank = |(player, score)| self.ranking.binary_search(&(Reverse(score), player)).ok();
        BoardPage {
            first: board.first,
            total: self.ranking.len() as u16,
            own: own.and_then(rank).map(|rank| rank as u16),
            players,
        }
    }

    /// Adds those whose place `view` holds to `out`, in no order.
    pub(super) fn in_view(&self, view: &View, out: &mut Vec<PlayerId>) {
        let View::Rect { min, max } = view else { return };
        let first = self.places.partition_point(|(place, _)| place[0] < f64::from(min[0]));
        let near = self.places[first..].iter().take_while(|(place, _)| place[0] <= max[0].into());
        out.extend(near.filter(|(place, _)| view.holds(*place)).map(|(_, player)| *player));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn roster(scores: &[i32]) -> RosterLog {
        let mut roster = RosterLog::default();
        for (player, score) in scores.iter().enumerate() {
            roster.join(PlayerId(player as u16), "someone".into(), false, (*score, 0));
        }
        roster
    }

    #[test]
    fn the_best_stand_first_and_of_equals_who_has_the_lower_id() {
        let mut board = Scoreboard::default();
        board.rank(&roster(&[3, 7, -2, 7, 0]));
        let order: Vec<PlayerId> = board.leaders().collect();
        assert_eq!(order, [1, 3, 0, 4, 2].map(PlayerId));
        let page = board.page(Board { first: 1, count: 2 }, Some((PlayerId(4), 0)), Vec::new());
        let players = [3, 0].map(PlayerId).to_vec();
        assert_eq!(page, BoardPage { first: 1, total: 5, own: Some(3), players });
        let beyond = board.page(Board { first: 9, count: 2 }, None, Vec::new());
        assert_eq!(beyond, BoardPage { first: 9, total: 5, own: None, players: vec![] });
    }

    proptest! {
        #[test]
        fn those_in_view_are_those_whose_place_it_holds(
            places in prop::collection::vec((-50_i8..50, -50_i8..50), 0..60),
            (x, y) in (-60_i8..60, -60_i8..60),
            (half_x, half_y) in (0_i8..40, 0_i8..40),
        ) {
            let at = |(x, y): (i8, i8)| [f64::from(x), f64::from(y)];
            let all = places.iter().zip(0..).map(|(place, id)| (at(*place), PlayerId(id)));
            let view = View::around([x, y].map(f32::from), [half_x, half_y].map(f32::from));
            let mut expected: Vec<PlayerId> =
                all.clone().filter(|(place, _)| view.holds(*place)).map(|(_, id)| id).collect();
            let mut board = Scoreboard::default();
            board.place(all);
            let mut found = Vec::new();
            board.in_view(&view, &mut found);
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
