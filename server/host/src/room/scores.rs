//! [`ScoreStream`]: which scores one viewer is sent, and when.
//!
//! Owned by the protocol of a player's connection, and one by the stream that all spectators share.
//! It dies with them. It reads what the room published and queues nothing: what does not fit into
//! its budget is found due again at the next look. It never holds more than a short list of
//! players, however many there are (`docs/decisions/0023-scores-by-need.md`).

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::SCORES_FOR_ALL_MAX;
use tickwire_game::protocol::{Board, BoardPage, ScoreEntry, Scores, ServerMessage};
use tickwire_game::scene::View;
use tickwire_game::tick::{Tick, TickRate};

use super::counters::RoomCounters;
use super::published::{EncodeScratch, Published};
use super::roster::ScoreVersion;
use super::scoreboard::{ScoreScratch, Standings, every_ticks};
use crate::limits::{
    BOARD_BURST_BYTES, BOARD_BYTES_PER_SECOND, CROWD_LOOKS_EVERY, SCORES_KNOWN_MAX,
    SCORES_WINDOW_LOOKS_MAX,
};

/// What stands before the entries of a message.
const HEAD_BYTES: u32 = 2;

/// How many bytes one stream may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScoreBudget {
    pub(crate) bytes_per_second: u32,
    pub(crate) burst_bytes: u32,
}

/// Pages have a budget of their own: neither they nor the scores wait for the other.
const PAGES: ScoreBudget =
    ScoreBudget { bytes_per_second: BOARD_BYTES_PER_SECOND, burst_bytes: BOARD_BURST_BYTES };

/// What is left of a budget, in the time of the room: its ticks.
#[derive(Debug)]
struct Purse {
    budget: ScoreBudget,
    /// In bytes times the tick rate, so that no fraction is lost.
    left: u32,
    filled: Tick,
}

impl Purse {
    fn new(budget: ScoreBudget) -> Purse {
        Purse { budget, left: 0, filled: Tick(0) }
    }

    fn fill_up(&mut self, now: &Standings<'_>) {
        self.left = self.budget.burst_bytes * u32::from(now.tick_rate.hz());
        self.filled = now.tick;
    }

    fn left_bytes(&mut self, now: &Standings<'_>) -> u32 {
        let hz = u32::from(now.tick_rate.hz());
        let passed = now.tick.since(self.filled).clamp(0, 1 << 10) as u32;
        self.filled = now.tick;
        let most = self.budget.burst_bytes * hz;
        self.left = most.min(self.left + passed * self.budget.bytes_per_second);
        self.left / hz
    }

    fn spend(&mut self, bytes: u32, now: &Standings<'_>) {
        self.left = self.left.saturating_sub(bytes * u32::from(now.tick_rate.hz()));
    }
}

/// What of the scores one viewer knows.
#[derive(Debug)]
pub(crate) struct ScoreStream {
    /// Whose it is; `None` for spectators, who see everything.
    player: Option<PlayerId>,
    /// The viewer knows all scores that have not changed since, of anybody. `None` before it has
    /// the roster.
    base: Option<ScoreVersion>,
    /// It knows the scores of `known` as they were then.
    as_of: ScoreVersion,
    /// By rising id, at most [`SCORES_KNOWN_MAX`]: those that it needs now, and some that it needed.
    known: Vec<PlayerId>,
    /// Whether it knew all that it needs when that was last looked at.
    is_settled: bool,
    /// Who of those due is next when they are sent by turns.
    turn: PlayerId,
    /// If it needs more than it may know at a time: where those begin that it is sent now, and the
    /// scores when the first of these turns began.
    window: PlayerId,
    round: ScoreVersion,
    /// For how many looks it has been the same, and whether it is one of everybody.
    window_looks: u32,
    is_round_of_all: bool,
    /// When it was last looked at, in such times.
    looked: Option<u32>,
    purse: Purse,
    /// The page of the board that is open, a hash of what was sent of it, and when it is looked at
    /// next.
    board: Board,
    page_sent: Option<u64>,
    page_due: Tick,
    page_purse: Purse,
}

/// How many ticks lie between two looks of one session, in a room of so many players.
fn look_every_ticks(tick_rate: TickRate, players: usize) -> u32 {
    let is_crowd = players > SCORES_FOR_ALL_MAX;
    every_ticks(tick_rate) * if is_crowd { CROWD_LOOKS_EVERY } else { 1 }
}

impl ScoreStream {
    pub(crate) fn new(player: Option<PlayerId>, budget: ScoreBudget) -> ScoreStream {
        ScoreStream {
            player,
            base: None,
            as_of: 0,
            known: Vec::new(),
            is_settled: false,
            turn: PlayerId(0),
            window: PlayerId(0),
            round: 0,
            window_looks: 0,
            is_round_of_all: false,
            looked: None,
            purse: Purse::new(budget),
            board: Board::default(),
            page_sent: None,
            page_due: Tick(0),
            page_purse: Purse::new(PAGES),
        }
    }

    /// The viewer is sent the roster: with its first it knows all scores of now.
    pub(crate) fn roster_sent<G: Game>(&mut self, published: &Published<G>) {
        self.begin(&published.standings());
    }

    fn begin(&mut self, now: &Standings<'_>) {
        if self.base.is_none() {
            let scores = now.roster.scores();
            (self.base, self.as_of, self.round) = (Some(scores), scores, scores);
            self.purse.fill_up(now);
            self.page_purse.fill_up(now);
        }
    }

    /// The client has this page of the board open from now on.
    pub(crate) fn open(&mut self, board: Board) {
        (self.board, self.page_sent, self.page_due) = (board, None, Tick(0));
        self.is_settled = false;
    }

    /// Adds the page of the board that is open to the end of `out`, if it is another than the one
    /// that was sent.
    pub(crate) fn write_page<G: Game>(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        if self.board.count == 0 || published.tick() < self.page_due || self.base.is_none() {
            return false;
        }
        let EncodeScratch { scores, counters, .. } = scratch;
        self.put_page(&published.standings(), scores, counters, out)
    }

    fn put_page(
        &mut self,
        now: &Standings<'_>,
        scratch: &mut ScoreScratch,
        counters: &mut RoomCounters,
        out: &mut Vec<u8>,
    ) -> bool {
        let own = self.player.and_then(|player| now.roster.score(player));
        let own = own.map(|own| (own.player, own.score));
        let page = now.scoreboard.page(self.board, own, std::mem::take(&mut scratch.page));
        let (hash, before) = (Some(hash_of(&page)), out.len());
        let is_new = hash != self.page_sent;
        let message = ServerMessage::BoardPage(page);
        if is_new {
            message.encode(out);
        }
        let bytes = (out.len() - before) as u32;
        if let ServerMessage::BoardPage(page) = message {
            scratch.page = page.players;
        }
        if bytes > self.page_purse.left_bytes(now) {
            // It is made anew at the next look: it may be another then.
            out.truncate(before);
            self.page_due = now.tick.plus(every_ticks(now.tick_rate));
            counters.scores_waiting += 1;
            return false;
        }
        self.page_due = now.tick.plus(now.tick_rate.hz().into());
        self.page_sent = hash;
        self.page_purse.spend(bytes, now);
        counters.board_pages += u64::from(is_new);
        counters.score_bytes += u64::from(bytes);
        is_new
    }

    /// Adds the scores that the viewer needs and does not know to the end of `out`, as far as its
    /// budget goes, if it is time for that.
    pub(crate) fn write<G: Game>(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        let now = published.standings();
        if !self.is_time(&now) {
            return false;
        }
        let view = match self.player {
            None => View::Everything,
            Some(player) => match published.person(player) {
                Some(person) => person.view,
                None => return false,
            },
        };
        let EncodeScratch { scores, counters, .. } = scratch;
        self.put(&now, &view, scores, counters, out)
    }

    /// Whether it is to be looked at: not all are in the same tick.
    fn is_time(&mut self, now: &Standings<'_>) -> bool {
        let look = self.look(now);
        if self.looked == Some(look) || self.base.is_none() {
            return false;
        }
        self.looked = Some(look);
        self.base != Some(now.roster.scores())
    }

    /// How many looks there have been.
    fn look(&self, now: &Standings<'_>) -> u32 {
        let number = self.player.map_or(0, |player| u32::from(player.0));
        now.tick.0.wrapping_add(number) / look_every_ticks(now.tick_rate, now.roster.len())
    }

    fn put(
        &mut self,
        now: &Standings<'_>,
        view: &View,
        found: &mut ScoreScratch,
        counters: &mut RoomCounters,
        out: &mut Vec<u8>,
    ) -> bool {
        let scores = now.roster.scores();
        let is_for_all = *view == View::Everything || now.roster.len() <= SCORES_FOR_ALL_MAX;
        if is_for_all && self.is_settled && self.as_of == scores {
            return false;
        }
        if is_for_all != self.is_round_of_all {
            // Others are looked at than before: it begins anew.
            self.is_round_of_all = is_for_all;
            (self.window, self.round, self.window_looks) = (PlayerId(0), scores, 0);
        }
        self.gather_first(now, found);
        let goes_on = self.gather(now, view, is_for_all, found);
        self.find_due(now, found);
        self.choose(now, found);
        let waiting = found.due.iter().filter(|(_, is_sent)| !is_sent).count();
        counters.scores_waiting += waiting as u64;
        self.is_settled = waiting == 0 && goes_on.is_none();
        self.note_known(now, found);
        self.as_of = scores;
        self.window_looks += 1;
        // Where scores change all the time something always waits; in so many looks everybody of the
        // window has had a turn.
        if (waiting == 0 || self.window_looks >= SCORES_WINDOW_LOOKS_MAX)
            && let Some(next) = goes_on
        {
            self.go_on(next, is_for_all, scores);
        }
        if found.entries.is_empty() {
            return false;
        }
        // Their ids are sent as differences.
        found.entries.sort_unstable_by_key(|entry| entry.player);
        let before = out.len();
        let message = ServerMessage::Scores(Scores { entries: std::mem::take(&mut found.entries) });
        message.encode(out);
        if let ServerMessage::Scores(scores) = message {
            found.entries = scores.entries;
        }
        let bytes = (out.len() - before) as u32;
        self.purse.spend(bytes, now);
        counters.scores += 1;
        counters.score_bytes += u64::from(bytes);
        true
    }

    /// The players that it needs before all others: itself, the page that is open, the leaders.
    fn gather_first(&self, now: &Standings<'_>, found: &mut ScoreScratch) {
        found.first.clear();
        found.first.extend(self.player.filter(|player| now.roster.holds(*player)));
        found.first.extend(now.scoreboard.on_page(self.board));
        found.first.extend(now.scoreboard.leaders());
    }

    /// All that it needs. If that is more than it may know at a time, it is those from `window` on;
    /// gives where those after them begin.
    fn gather(
        &self,
        now: &Standings<'_>,
        view: &View,
        is_for_all: bool,
        found: &mut ScoreScratch,
    ) -> Option<PlayerId> {
        let needed = &mut found.needed;
        needed.clear();
        if is_for_all {
            needed.extend(now.roster.scores_by_player().map(|entry| entry.player));
        } else {
            now.scoreboard.in_view(view, needed);
            // One that has left since the places were noted is in no roster.
            needed.retain(|player| now.roster.holds(*player));
            needed.sort_unstable();
        }
        let space = SCORES_KNOWN_MAX.saturating_sub(found.first.len());
        let mut goes_on = None;
        if needed.len() > space {
            let start = needed.partition_point(|player| *player < self.window);
            let start = if start == needed.len() { 0 } else { start };
            let end = needed.len().min(start + space);
            goes_on = Some(needed.get(end).copied().unwrap_or(PlayerId(0)));
            needed.truncate(end);
            needed.drain(..start);
        }
        needed.extend_from_slice(&found.first);
        needed.sort_unstable();
        needed.dedup();
        goes_on
    }

    /// Those whose score is another than the one that the viewer knows.
    fn find_due(&self, now: &Standings<'_>, found: &mut ScoreScratch) {
        let base = self.base.unwrap_or_default();
        found.due.clear();
        for &player in &found.needed {
            let Some(changed) = now.roster.score_changed(player) else { continue };
            let is_known = self.known.binary_search(&player).is_ok();
            let known_as_of = if is_known { self.as_of } else { base };
            if changed > known_as_of {
                found.due.push((player, false));
            }
        }
    }

    /// Puts what is sent of what is due into `entries`: no more than fits however far ids lie apart.
    /// Every other time all that is due is sent by turns, so that none waits forever behind what
    /// matters more.
    fn choose(&mut self, now: &Standings<'_>, found: &mut ScoreScratch) {
        let left_bytes = self.purse.left_bytes(now);
        let ScoreScratch { first, due, entries, .. } = found;
        entries.clear();
        let mut bytes = HEAD_BYTES;
        let mut send = |at: usize, due: &mut Vec<(PlayerId, bool)>| {
            let (player, is_sent) = due[at];
            if is_sent {
                return true;
            }
            let Some(entry) = now.roster.score(player) else { return true };
            if bytes + bytes_of(&entry) > left_bytes {
                return false;
            }
            bytes += bytes_of(&entry);
            entries.push(entry);
            due[at].1 = true;
            true
        };
        let by_rank = if self.look(now).is_multiple_of(2) { first.len() } else { 1 };
        for player in first.iter().take(by_rank) {
            if let Ok(at) = due.binary_search_by_key(player, |(player, _)| *player)
                && !send(at, due)
            {
                return;
            }
        }
        let start = due.partition_point(|(player, _)| *player < self.turn);
        for at in (start..due.len()).chain(0..start) {
            if !send(at, due) {
                self.turn = due[at].0;
                break;
            }
        }
    }

    /// What is needed is known but for what waits. Others whose score is still as the viewer knows it
    /// are remembered while there is space, for they often come back; all others are forgotten.
    fn note_known(&mut self, now: &Standings<'_>, found: &mut ScoreScratch) {
        found.kept.clear();
        let is_kept = |player: &PlayerId| {
            found.needed.binary_search(player).is_err()
                && now.roster.score_changed(*player).is_some_and(|changed| changed <= self.as_of)
        };
        let space = SCORES_KNOWN_MAX.saturating_sub(found.needed.len());
        found.kept.extend(self.known.iter().copied().filter(is_kept).take(space));
        self.known.clear();
        let len = found.needed.len() + found.kept.len();
        if self.known.capacity() < len {
            self.known.reserve_exact(len.next_multiple_of(16));
        }
        let mut waiting = found.due.iter().filter(|(_, is_sent)| !is_sent).peekable();
        for &player in &found.needed {
            if waiting.next_if(|(other, _)| *other == player).is_none() {
                self.known.push(player);
            }
        }
        self.known.extend_from_slice(&found.kept);
        self.known.sort_unstable();
    }

    /// Those of the window are known: it goes on to `next`. When that is the first again, everybody
    /// has been looked at since the round began.
    fn go_on(&mut self, next: PlayerId, is_for_all: bool, scores: ScoreVersion) {
        (self.window, self.window_looks) = (next, 0);
        if next == PlayerId(0) {
            if is_for_all {
                self.base = Some(self.round);
            }
            self.round = scores;
        }
    }
}

/// How long an entry is on the wire at most.
fn bytes_of(entry: &ScoreEntry) -> u32 {
    let number = |number: u32| match number {
        0..=250 => 1,
        251..=65_535 => 3,
        _ => 5,
    };
    let zigzag = ((entry.score << 1) ^ (entry.score >> 31)) as u32;
    number(entry.player.0.into()) + number(zigzag) + 1
}

/// FNV-1a: it only has to differ for another page.
fn hash_of(page: &BoardPage) -> u64 {
    let own = page.own.unwrap_or(u16::MAX);
    let numbers = [page.first, page.total, own].into_iter();
    numbers
        .chain(page.players.iter().map(|player| player.0))
        .fold(0xcbf2_9ce4_8422_2325, |hash, part| {
            (hash ^ u64::from(part)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests;
