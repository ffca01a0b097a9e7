//! What a person has been told of its own inputs and state.
//!
//! Owned by the room, one per player. Filled by each tick, emptied by each snapshot; it never grows
//! beyond what one snapshot tells.

use shared::game::Game;
use shared::limits::SNAPSHOT_GIVEN_MAX;
use shared::protocol::snapshot::GivenKind;

/// What a person has been told of its own inputs and state, and what its client makes of that.
pub(super) struct Told<G: Game> {
    /// How its inputs since its last snapshot were come by, one for each tick; no more of them than
    /// a snapshot tells of, and after a longer time the last is that of the newest tick.
    pub(super) given: Vec<GivenKind>,
    /// The own state that it was told last, moved on by these inputs, if its client does the same.
    pub(super) replayed: Option<G::Own>,
    /// How the input of the last tick was come by.
    pub(super) last: GivenKind,
    /// The last input of which it will know that it counted: what it takes a repeated one for.
    counted: G::Input,
}

impl<G: Game> Told<G> {
    pub(super) fn nothing() -> Told<G> {
        let (last, counted) = (GivenKind::Absent, G::Input::default());
        Told { given: Vec::new(), replayed: None, last, counted }
    }

    pub(super) fn gather(&mut self, given: GivenKind, input: G::Input, level: &G::Level) {
        self.last = given;
        let is_too_much = self.given.len() >= SNAPSHOT_GIVEN_MAX;
        if given.is_received() {
            self.counted = input;
        } else if is_too_much {
            // Of what came before it will not be told.
            self.counted = G::Input::default();
        }
        match self.given.last_mut() {
            // Its own state will be sent whole.
            Some(last) if is_too_much => *last = given,
            _ => {
                self.given.push(given);
                let input = if given == GivenKind::Repeated { self.counted } else { input };
                if let Some(own) = &mut self.replayed {
                    G::advance(own, level, input);
                }
            }
        }
    }

    /// A snapshot has told all that was gathered; a keyframe only of the last tick.
    pub(super) fn has_told(&mut self, own: Option<G::Own>, is_keyframe: bool) {
        if is_keyframe && !self.last.is_received() {
            self.counted = G::Input::default();
        }
        self.given.clear();
        self.replayed = own;
    }
}
