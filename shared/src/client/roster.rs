//! Who is in the room, as the server has sent it.

use std::collections::BTreeMap;

use crate::ids::PlayerId;
use crate::protocol::{BoardPage, Roster, Scores};

/// One player of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// How it is called. Text of a stranger: draw it, never interpret it.
    pub name: String,
    /// Its score.
    pub score: i32,
    /// Its team; 0 where there are none.
    pub team: u8,
    /// Whether the room plays it.
    pub bot: bool,
}

/// All players of the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    players: BTreeMap<PlayerId, Player>,
    page: Option<BoardPage>,
    is_board_open: bool,
    version: u32,
}

impl Names {
    /// Applies a roster message.
    pub(super) fn apply(&mut self, roster: &Roster<'_>) {
        if roster.complete {
            self.players.clear();
        }
        for gone in &roster.gone {
            self.players.remove(gone);
        }
        for entry in &roster.entries {
            let player = Player {
                name: entry.name.to_owned(),
                score: entry.score,
                team: entry.team,
                bot: entry.bot,
            };
            self.players.insert(entry.player, player);
        }
        self.version += 1;
    }

    /// Applies scores. Those of players who are not here are ignored.
    pub(super) fn apply_scores(&mut self, scores: &Scores) {
        for entry in &scores.entries {
            if let Some(player) = self.players.get_mut(&entry.player) {
                (player.score, player.team) = (entry.score, entry.team);
            }
        }
        self.version += 1;
    }

    /// A page of the board is asked for, or none any more.
    pub fn open_board(&mut self, is_open: bool) {
        self.is_board_open = is_open;
        if !is_open {
            self.page = None;
            self.version += 1;
        }
    }

    /// Takes the page of the board that is open. One that is on its way when its board closes is no
    /// longer asked for.
    pub(super) fn turn_to(&mut self, page: BoardPage) {
        if self.is_board_open {
            self.page = Some(page);
            self.version += 1;
        }
    }

    /// The page of the board that is open, as it was sent last.
    #[must_use]
    pub fn page(&self) -> Option<&BoardPage> {
        self.page.as_ref()
    }

    /// All of them, by rising id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (PlayerId, &Player)> {
        self.players.iter().map(|(&id, player)| (id, player))
    }

    /// One of them.
    #[must_use]
    pub fn player(&self, id: PlayerId) -> Option<&Player> {
        self.players.get(&id)
    }

    /// Rises whenever anything changed.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }
}
