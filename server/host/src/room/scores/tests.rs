//! What one viewer is sent of scores, against a roster that a test writes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tickwire_game::limits::BOARD_PAGE_MAX;

use super::*;
use crate::limits::{
    ROSTER_SCORES_PER_SECOND, SCORES_BURST_BYTES, SCORES_BYTES_PER_SECOND, SCORES_LEADERS,
};
use crate::room::roster::RosterLog;
use crate::room::scoreboard::Scoreboard;

const BUDGET: ScoreBudget =
    ScoreBudget { bytes_per_second: SCORES_BYTES_PER_SECOND, burst_bytes: SCORES_BURST_BYTES };
const HZ: u32 = 30;
const SELF: PlayerId = PlayerId(0);

/// A room of which there is nothing but scores and places, and one viewer of it.
struct Stage {
    roster: RosterLog,
    scoreboard: Scoreboard,
    tick: Tick,
    stream: ScoreStream,
    scratch: ScoreScratch,
    counters: RoomCounters,
    /// What the viewer knows.
    known: BTreeMap<PlayerId, i32>,
    page: Option<BoardPage>,
    bytes: usize,
}

impl Stage {
    /// So many players, each as far to the right as its id says.
    fn new(players: u16, player: Option<PlayerId>) -> Stage {
        let mut roster = RosterLog::default();
        for id in 0..players {
            roster.join(PlayerId(id), "someone".into(), false, (0, 0));
        }
        let mut stage = Stage {
            scoreboard: Scoreboard::default(),
            tick: Tick(HZ),
            stream: ScoreStream::new(player, BUDGET),
            scratch: ScoreScratch::default(),
            counters: RoomCounters::default(),
            known: roster.scores_by_player().map(|entry| (entry.player, entry.score)).collect(),
            page: None,
            bytes: 0,
            roster,
        };
        stage.publish();
        stage.with(|stream, now, _, _| stream.begin(now));
        stage
    }

    fn publish(&mut self) {
        self.scoreboard.rank(&self.roster);
        let places = self.roster.scores_by_player();
        self.scoreboard.place(places.map(|one| ([f64::from(one.player.0), 0.0], one.player)));
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut ScoreStream, &Standings<'_>, &mut ScoreScratch, &mut RoomCounters) -> T,
    ) -> T {
        let Stage { roster, scoreboard, tick, stream, scratch, counters, .. } = self;
        let tick_rate = TickRate::new(HZ as u16).expect("it is a tick rate");
        let now = Standings { roster, scoreboard, tick: *tick, tick_rate };
        act(stream, &now, scratch, counters)
    }

    /// These players have another score now.
    fn score(&mut self, change: impl Fn(PlayerId, i32) -> i32) {
        let before: BTreeMap<_, _> =
            self.roster.scores_by_player().map(|one| (one.player, one.score)).collect();
        self.roster.refresh(|player| (change(player, before[&player]), 0));
        self.publish();
    }

    /// One look of a viewer that sees the players from `view`, by their ids; who it is sent.
    fn look(&mut self, view: (u16, u16)) -> Vec<PlayerId> {
        let edges = [view.0, view.1].map(f32::from);
        self.look_at(View::Rect { min: [edges[0], -1.0], max: [edges[1], 1.0] })
    }

    fn look_at(&mut self, view: View) -> Vec<PlayerId> {
        self.tick = self
            .tick
            .plus(look_every_ticks(TickRate::new(HZ as u16).expect("one"), self.roster.len()));
        let mut out = Vec::new();
        let is_any = self.with(|stream, now, scratch, counters| {
            stream.is_time(now) && stream.put(now, &view, scratch, counters, &mut out)
        });
        assert_eq!(is_any, !out.is_empty());
        assert!(self.stream.known.len() <= SCORES_KNOWN_MAX);
        assert!(self.stream.known.is_sorted_by(|one, other| one < other));
        self.bytes += out.len();
        if !is_any {
            return Vec::new();
        }
        let Ok(ServerMessage::Scores(scores)) = ServerMessage::decode(&out) else {
            panic!("{out:?}")
        };
        for entry in &scores.entries {
            self.known.insert(entry.player, entry.score);
        }
        scores.entries.iter().map(|entry| entry.player).collect()
    }

    fn look_at_page(&mut self) -> bool {
        let mut out = Vec::new();
        let (tick, due, count) = (self.tick, self.stream.page_due, self.stream.board.count);
        let is_any = count > 0
            && tick >= due
            && self.with(|stream, now, scratch, counters| {
                stream.put_page(now, scratch, counters, &mut out)
            });
        self.bytes += out.len();
        if is_any {
            let message = ServerMessage::decode(&out);
            let Ok(ServerMessage::BoardPage(page)) = message else { panic!("{message:?}") };
            self.page = Some(page);
        }
        is_any
    }

    fn is_right(&self, player: PlayerId) -> bool {
        self.roster.score(player).map(|one| one.score) == self.known.get(&player).copied()
    }
}

#[test]
fn in_a_small_room_everybody_is_sent_every_change_at_once() {
    let mut stage = Stage::new(16, Some(SELF));
    assert_eq!(stage.look((0, 0)), []);
    for round in 1..20 {
        stage.score(|player, score| score + i32::from(i32::from(player.0) % 3 == round % 3));
        stage.look((0, 0));
        assert!((0..16).all(|id| stage.is_right(PlayerId(id))), "{round}");
    }
    assert_eq!(stage.look((0, 0)), []);
    assert_eq!(stage.counters.scores_waiting, 0);
}

#[test]
fn of_many_one_is_sent_its_own_score_the_leaders_and_those_in_view() {
    let mut stage = Stage::new(200, Some(SELF));
    // The ten best are the last.
    stage.score(|player, _| i32::from(player.0));
    (0..20).for_each(|_| drop(stage.look((50, 59))));
    let wrong: Vec<u16> = (0..200).filter(|id| !stage.is_right(PlayerId(*id))).collect();
    let leaders = 200 - SCORES_LEADERS as u16;
    let expected: Vec<u16> = (1..50).chain(60..leaders).collect();
    assert_eq!(wrong, expected);
    assert_eq!(stage.look((50, 59)), [], "nothing is sent twice");
    stage.score(|player, score| score + i32::from(player == PlayerId(100)));
    assert_eq!(stage.look((50, 59)), [], "nor what nobody needs");
}

#[test]
fn who_comes_back_into_view_is_sent_again_only_if_it_has_changed() {
    let mut stage = Stage::new(200, Some(SELF));
    stage.score(|player, _| if player.0 >= 190 { 1_000 } else { 0 });
    stage.look((50, 59));
    stage.score(|player, score| score + i32::from(player == PlayerId(55)));
    assert_eq!(stage.look((50, 59)), [PlayerId(55)]);
    assert_eq!(stage.look((100, 109)), []);
    stage.score(|player, score| score + i32::from(player == PlayerId(54)));
    assert_eq!(stage.look((100, 109)), []);
    assert_eq!(stage.look((50, 59)), [PlayerId(54)]);
}

#[test]
fn who_was_forgotten_for_so_many_others_is_sent_again() {
    let mut stage = Stage::new(400, Some(SELF));
    stage.score(|player, _| i32::from(player.0));
    (0..20).for_each(|_| drop(stage.look((300, 310))));
    // There is no space for those of before.
    (0..60).for_each(|_| drop(stage.look((100, 180))));
    let sent: usize = (0..10).map(|_| stage.look((300, 310)).len()).sum();
    assert!((6..=11).contains(&sent), "{sent}");
}

#[test]
fn a_burst_waits_within_the_budget_the_own_score_and_the_leaders_first_and_nothing_starves() {
    let mut stage = Stage::new(1_000, Some(SELF));
    let mut last: BTreeMap<PlayerId, u32> = (0..60).map(|id| (PlayerId(id), 0)).collect();
    for look in 1..600_u32 {
        // All of them, each time; of the ten best more than fits.
        stage.score(|player, score| score + if player.0 >= 990 { 500 } else { 1 });
        for player in stage.look((0, 59)) {
            last.insert(player, look);
        }
        let waited = last.iter().map(|(player, at)| (look - at, *player)).max().expect("some");
        assert!(waited.0 < 60, "{waited:?} at {look}");
        assert!(stage.is_right(SELF), "at {look}");
        let seconds = look * CROWD_LOOKS_EVERY / ROSTER_SCORES_PER_SECOND + 1;
        let most = SCORES_BURST_BYTES + seconds * SCORES_BYTES_PER_SECOND;
        assert!(stage.bytes <= most as usize, "{} bytes at {look}", stage.bytes);
    }
    assert!(stage.counters.scores_waiting > 1_000);
    assert_eq!(stage.counters.score_bytes as usize, stage.bytes);
}

#[test]
fn a_page_is_sent_when_it_is_opened_or_has_changed_and_its_scores_come_along() {
    let mut stage = Stage::new(300, Some(SELF));
    stage.score(|player, _| i32::from(player.0));
    stage.stream.open(Board { first: 100, count: BOARD_PAGE_MAX });
    assert!(stage.look_at_page() && !stage.look_at_page());
    let page = stage.page.take().expect("it came");
    assert_eq!((page.first, page.total, page.own), (100, 300, Some(299)));
    assert!(page.players.iter().map(|player| player.0).eq((150..200).rev()));
    for _ in 0..30 {
        stage.look((0, 0));
        assert!(!stage.look_at_page(), "it is the same");
    }
    assert!(page.players.iter().all(|player| stage.is_right(*player)));
    stage.score(|player, score| if player == PlayerId(0) { 175 } else { score });
    let mut came = 0;
    for _ in 0..10 {
        stage.look((0, 0));
        came += u32::from(stage.look_at_page());
    }
    assert_eq!((came, stage.page.as_ref().and_then(|page| page.own)), (1, Some(124)));
    stage.stream.open(Board::default());
    stage.score(|player, score| score + i32::from(player.0 % 2));
    stage.look((0, 0));
    assert!(!stage.look_at_page());
}

#[test]
fn a_page_that_changes_all_the_time_comes_once_a_second_and_within_the_budget() {
    let mut stage = Stage::new(300, Some(SELF));
    stage.stream.open(Board { first: 0, count: BOARD_PAGE_MAX });
    let mut pages = 0;
    for look in 1..200_i32 {
        stage.score(|player, _| (i32::from(player.0) * 7 + look * 31) % 997);
        pages += u32::from(stage.look_at_page());
        stage.look((0, 0));
    }
    assert!((60..=121).contains(&pages), "{pages}");
    let of = |budget: ScoreBudget| budget.burst_bytes + 121 * budget.bytes_per_second;
    assert!(stage.bytes <= (of(BUDGET) + of(PAGES)) as usize, "{} bytes", stage.bytes);
    assert!(stage.is_right(SELF));
}

#[test]
fn who_sees_everything_is_sent_all_in_turn_and_then_nothing_more() {
    for player in [None, Some(SELF)] {
        let mut stage = Stage::new(700, player);
        stage.score(|player, _| i32::from(player.0 % 5) + 1);
        (0..400).for_each(|_| drop(stage.look_at(View::Everything)));
        assert!((0..700).all(|id| stage.is_right(PlayerId(id))));
        stage.bytes = 0;
        (0..400).for_each(|_| drop(stage.look_at(View::Everything)));
        assert_eq!(stage.bytes, 0, "what is known is not sent again");
        stage.score(|player, score| score + i32::from(player == PlayerId(333)));
        (0..100).for_each(|_| drop(stage.look_at(View::Everything)));
        assert!(stage.is_right(PlayerId(333)) && stage.bytes < 20, "{} bytes", stage.bytes);
    }
}

#[derive(Clone, Debug)]
enum Act {
    Score(u16, i32),
    ScoreAll(i32),
    Look(u16),
    Open(u16, u8),
    Leave(u16),
    Join(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..300_u16, -9..9_i32).prop_map(|(player, by)| Act::Score(player, by)),
        1 => (-300..300_i32).prop_map(Act::ScoreAll),
        8 => (0..300_u16).prop_map(Act::Look),
        1 => (0..300_u16, 0..=BOARD_PAGE_MAX).prop_map(|(first, count)| Act::Open(first, count)),
        1 => (1..300_u16).prop_map(Act::Leave),
        1 => (1..300_u16).prop_map(Act::Join),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_a_viewer_knows_the_scores_of_all_whom_it_needs(
        players in 1_u16..300,
        width in 0..150_u16,
        acts in prop::collection::vec(act(), 0..120),
    ) {
        let mut stage = Stage::new(players, Some(SELF));
        let mut view = (0, width);
        for act in acts {
            match act {
                Act::Score(who, by) => stage.score(|player, score| score + if player.0 == who { by } else { 0 }),
                Act::ScoreAll(by) => stage.score(|_, score| score + by),
                Act::Look(from) => {
                    view = (from, from + width);
                    stage.look_at_page();
                    stage.look(view);
                }
                Act::Open(first, count) => stage.stream.open(Board { first, count }),
                Act::Leave(who) => {
                    stage.roster.leave(PlayerId(who));
                    stage.known.remove(&PlayerId(who));
                    stage.publish();
                }
                Act::Join(who) if stage.roster.holds(PlayerId(who)) => {}
                Act::Join(who) => {
                    // The roster says so before any score.
                    stage.roster.join(PlayerId(who), "moth".into(), false, (7, 0));
                    stage.known.insert(PlayerId(who), 7);
                    stage.publish();
                }
            }
        }
        for _ in 0..400 {
            stage.look_at_page();
            stage.look(view);
        }
        let board = stage.stream.board;
        let Stage { roster, scoreboard, .. } = &stage;
        let in_view = (view.0..=view.1).map(PlayerId).filter(|player| roster.holds(*player));
        let needed: Vec<PlayerId> =
            in_view.chain([SELF]).chain(scoreboard.leaders()).chain(scoreboard.on_page(board)).collect();
        for player in needed {
            prop_assert!(stage.is_right(player), "{player:?}");
        }
        if board.count > 0 {
            let own = roster.score(SELF).map(|own| (SELF, own.score));
            prop_assert_eq!(stage.page.as_ref(), Some(&scoreboard.page(board, own, Vec::new())));
        }
    }
}

#[test]
fn who_sees_everything_hears_of_everybody_though_all_scores_change_all_the_time() {
    let mut stage = Stage::new(300, Some(SELF));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..400 {
        stage.score(|_, score| score + 1);
        seen.extend(stage.look_at(View::Everything));
    }
    assert_eq!(seen.len(), stage.roster.len());
}
