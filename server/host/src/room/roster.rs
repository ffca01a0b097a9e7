//! [`RosterLog`]: who is in the room, as a log that is read from any version on.
//!
//! Owned by the state of the room; a copy of it is published with each step. Nothing is queued for
//! anybody: each entry bears the version of the roster at which it last changed, each session the
//! version that it has, and the difference is made when its connection can take it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::{self, RosterEntry, ScoreEntry, ServerMessage};

use crate::limits::ROSTER_DEPARTURES_MAX;

/// How often somebody came or left: a cursor into the roster.
pub(crate) type RosterVersion = u64;

/// How often scores have changed.
pub(crate) type ScoreVersion = u32;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    player: PlayerId,
    name: Arc<str>,
    score: i32,
    team: u8,
    bot: bool,
    changed: RosterVersion,
    /// With which version of the scores its score or team last changed; 0 if not since it came.
    scored: ScoreVersion,
}

/// Everyone in the room, by rising player.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RosterLog {
    version: RosterVersion,
    scores: ScoreVersion,
    entries: Vec<Entry>,
    /// The last departures, oldest first, with the version that each made.
    departures: VecDeque<(RosterVersion, PlayerId)>,
    /// The newest departure that is no longer remembered: a viewer that does not know of it
    /// must be sent everything.
    forgotten: RosterVersion,
}

impl RosterLog {
    /// Takes over all of another, in the memory that this one has.
    pub(super) fn copy_from(&mut self, other: &RosterLog) {
        let RosterLog { version, scores, entries, departures, forgotten } = other;
        (self.version, self.scores, self.forgotten) = (*version, *scores, *forgotten);
        self.entries.clone_from(entries);
        self.departures.clone_from(departures);
    }

    /// A player came, with a name that nobody else has here, and a score and team.
    pub(super) fn join(
        &mut self,
        player: PlayerId,
        name: Arc<str>,
        bot: bool,
        (score, team): (i32, u8),
    ) {
        self.version += 1;
        let at = self.entries.partition_point(|entry| entry.player < player);
        let changed = self.version;
        let scored = 0;
        self.entries.insert(at, Entry { player, name, score, team, bot, changed, scored });
    }

    /// How often somebody came or left.
    pub(super) fn version(&self) -> RosterVersion {
        self.version
    }

    /// How often scores have changed.
    pub(super) fn scores(&self) -> ScoreVersion {
        self.scores
    }

    /// How many are in.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Everybody's score, by rising player.
    pub(super) fn scores_by_player(&self) -> impl Iterator<Item = ScoreEntry> {
        self.entries.iter().map(Entry::standing)
    }

    /// A player's score.
    pub(super) fn score(&self, player: PlayerId) -> Option<ScoreEntry> {
        self.entry(player).map(Entry::standing)
    }

    /// With which version of the scores a player's last changed.
    pub(super) fn score_changed(&self, player: PlayerId) -> Option<ScoreVersion> {
        self.entry(player).map(|entry| entry.scored)
    }

    fn entry(&self, player: PlayerId) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&player, |entry| entry.player).ok()?;
        Some(&self.entries[at])
    }

    /// What a player is called here.
    pub(super) fn name(&self, player: PlayerId) -> Option<&str> {
        self.entry(player).map(|entry| &*entry.name)
    }

    /// A player left; gives its name.
    pub(super) fn leave(&mut self, player: PlayerId) -> Option<Arc<str>> {
        let at = self.entries.binary_search_by_key(&player, |entry| entry.player).ok()?;
        let left = self.entries.remove(at);
        self.version += 1;
        if self.departures.len() == ROSTER_DEPARTURES_MAX
            && let Some((version, _)) = self.departures.pop_front()
        {
            self.forgotten = version;
        }
        self.departures.push_back((self.version, player));
        Some(left.name)
    }

    /// Takes everyone's score and team, by `standing`; those that changed are one change of the scores.
    /// It is no change of who is here, for which alone the roster is sent.
    pub(super) fn refresh(&mut self, mut standing: impl FnMut(PlayerId) -> (i32, u8)) {
        let next = self.scores + 1;
        for entry in &mut self.entries {
            let (score, team) = standing(entry.player);
            if (entry.score, entry.team) != (score, team) {
                (entry.score, entry.team) = (score, team);
                entry.scored = next;
                self.scores = next;
            }
        }
    }

    /// Adds the message to the end of `out` that leads from the version that a session has (`None`:
    /// it has nothing) to this one.
    pub(super) fn write(&self, has: Option<RosterVersion>, out: &mut Vec<u8>) {
        ServerMessage::Roster(self.since(has)).encode(out);
    }

    fn since(&self, has: Option<RosterVersion>) -> protocol::Roster<'_> {
        let known = has.filter(|has| *has >= self.forgotten);
        let entries =
            self.entries.iter().filter(|entry| known.is_none_or(|has| entry.changed > has));
        let gone: BTreeSet<PlayerId> = match known {
            None => BTreeSet::new(),
            // One that has come back under the same id is in the entries, as it now is.
            Some(has) => self
                .departures
                .iter()
                .filter(|(version, player)| *version > has && !self.holds(*player))
                .map(|(_, player)| *player)
                .collect(),
        };
        protocol::Roster {
            complete: known.is_none(),
            entries: entries.map(Entry::shown).collect(),
            gone: gone.into_iter().collect(),
        }
    }

    /// Whether a player is in.
    pub(super) fn holds(&self, player: PlayerId) -> bool {
        self.entry(player).is_some()
    }
}

impl Entry {
    fn standing(&self) -> ScoreEntry {
        ScoreEntry { player: self.player, score: self.score, team: self.team }
    }

    fn shown(&self) -> RosterEntry<'_> {
        RosterEntry {
            player: self.player,
            name: &self.name,
            score: self.score,
            team: self.team,
            bot: self.bot,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What a client makes of the messages that it is sent.
    #[derive(Default)]
    struct Reader {
        has: Option<RosterVersion>,
        players: BTreeMap<u16, (String, i32, u8, bool)>,
    }

    impl Reader {
        /// Takes the next message, and says whether it was complete.
        fn read(&mut self, roster: &RosterLog) -> Option<bool> {
            let mut bytes = Vec::new();
            if self.has == Some(roster.version) {
                return None;
            }
            roster.write(self.has, &mut bytes);
            self.has = Some(roster.version);
            let message = ServerMessage::decode(&bytes);
            let Ok(ServerMessage::Roster(message)) = message else { panic!("{message:?}") };
            if message.complete {
                self.players.clear();
            }
            for player in &message.gone {
                // A reader may take the two lists in any order.
                assert!(message.entries.iter().all(|entry| entry.player != *player));
                self.players.remove(&player.0);
            }
            assert!(message.entries.is_sorted_by_key(|entry| entry.player));
            for entry in &message.entries {
                let shown = (entry.name.to_owned(), entry.score, entry.team, entry.bot);
                self.players.insert(entry.player.0, shown);
            }
            Some(message.complete)
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Join(u16),
        Leave(u16),
        /// Comes and goes many times over.
        Churn(u16, usize),
        Score(u16, i32),
        Read(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..12_u16).prop_map(Act::Join),
            3 => (0..12_u16).prop_map(Act::Leave),
            1 => (0..12_u16, 1..2 * ROSTER_DEPARTURES_MAX).prop_map(|(player, times)| Act::Churn(player, times)),
            3 => (0..12_u16, 0..5_i32).prop_map(|(player, score)| Act::Score(player, score)),
            4 => (0..3_usize).prop_map(Act::Read),
        ]
    }

    proptest! {
        #[test]
        fn changes_applied_one_by_one_make_the_complete_roster(acts in prop::collection::vec(act(), 0..80)) {
            let mut roster = RosterLog::default();
            let mut scores = BTreeMap::new();
            let mut readers: [Reader; 3] = Default::default();
            for act in acts {
                match act {
                    Act::Join(player) if !roster.holds(PlayerId(player)) => {
                        roster.join(PlayerId(player), "someone".into(), player % 3 == 0, (0, 0));
                    }
                    Act::Join(_) => {}
                    Act::Leave(player) => drop(roster.leave(PlayerId(player))),
                    Act::Churn(player, times) => for _ in 0..times {
                        roster.leave(PlayerId(player));
                        roster.join(PlayerId(player), "moth".into(), false, (0, 0));
                    },
                    Act::Score(player, score) => {
                        scores.insert(PlayerId(player), (score, 1));
                        roster.refresh(|player| scores.get(&player).copied().unwrap_or_default());
                    }
                    Act::Read(reader) => {
                        readers[reader].read(&roster);
                        prop_assert_eq!(readers[reader].read(&roster), None);
                        let mut fresh = Reader::default();
                        prop_assert_eq!(fresh.read(&roster), Some(true));
                        // A change of scores alone is not sent.
                        let who = |reader: &Reader| -> Vec<_> {
                            let players = reader.players.iter();
                            players.map(|(id, (name, _, _, bot))| (*id, name.clone(), *bot)).collect()
                        };
                        prop_assert_eq!(who(&readers[reader]), who(&fresh));
                    }
                }
                prop_assert!(roster.departures.len() <= ROSTER_DEPARTURES_MAX);
            }
        }
    }

    #[test]
    fn a_viewer_that_missed_more_departures_than_are_remembered_is_sent_everything() {
        let mut roster = RosterLog::default();
        roster.join(PlayerId(0), "a".into(), false, (0, 0));
        let (mut near, mut far) = (Reader::default(), Reader::default());
        far.read(&roster);
        for at in 0..=ROSTER_DEPARTURES_MAX {
            roster.join(PlayerId(1), "moth".into(), false, (0, 0));
            roster.leave(PlayerId(1));
            if at == 0 {
                near.read(&roster);
            }
        }
        assert_eq!(near.read(&roster), Some(false));
        assert_eq!(far.read(&roster), Some(true));
        assert_eq!(near.players, far.players);
    }

    #[test]
    fn a_score_alone_is_no_news_of_the_roster_and_who_comes_is_sent_with_the_score_of_then() {
        let mut roster = RosterLog::default();
        let mut reader = Reader::default();
        roster.join(PlayerId(3), "a".into(), true, (1, 2));
        reader.read(&roster);
        roster.refresh(|_| (1, 2));
        assert_eq!((roster.scores(), roster.score_changed(PlayerId(3))), (0, Some(0)));
        roster.refresh(|_| (7, 1));
        assert_eq!((roster.scores(), roster.score_changed(PlayerId(3))), (1, Some(1)));
        assert_eq!(reader.read(&roster), None);
        assert_eq!(reader.players[&3], ("a".to_owned(), 1, 2, true));
        let mut late = Reader::default();
        assert_eq!(late.read(&roster), Some(true));
        assert_eq!(late.players[&3], ("a".to_owned(), 7, 1, true));
    }
}
