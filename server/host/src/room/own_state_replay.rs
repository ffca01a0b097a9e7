//! [`OwnStateReplay`]: what a client makes of its own state while no snapshot comes, computed here
//! as the client does: what it finds by itself need not be sent.
//!
//! Owned by the viewer of one player. It goes by what the room published
//! (`docs/decisions/0008-own-state-by-replay.md`).

use tickwire_game::game::Game;
use tickwire_game::limits::SNAPSHOT_INPUTS_MAX;
use tickwire_game::protocol::snapshot::InputSource;
use tickwire_game::tick::Tick;

use super::input_history::InputHistory;

/// One client's own state, as it replays it.
#[derive(Debug)]
pub(super) struct OwnStateReplay<G: Game> {
    /// What it was sent last, moved on since; `None` for a client that does not replay.
    own: Option<G::Own>,
    /// The last input that it knows was applied: what it takes a repeated one for.
    applied: G::Input,
}

impl<G: Game> Default for OwnStateReplay<G> {
    fn default() -> OwnStateReplay<G> {
        OwnStateReplay { own: None, applied: G::Input::default() }
    }
}

impl<G: Game> OwnStateReplay<G> {
    /// Moves on from the snapshot of `known` to the tick `now`, and puts into `sources` where the
    /// inputs of these ticks came from; in the first snapshot and after a gap longer than a
    /// snapshot reports, only that of `now`, and the own state will be sent whole.
    pub(super) fn advance(
        &mut self,
        history: &InputHistory<G::Input>,
        known: Option<Tick>,
        now: Tick,
        level: &G::Level,
        dt: f32,
        sources: &mut Vec<InputSource>,
    ) {
        sources.clear();
        let reported = |known: &Tick| now.since(*known) <= SNAPSHOT_INPUTS_MAX as i64;
        let Some(known) = known.filter(reported) else {
            let (source, input) = history.at(now, now);
            // What was applied before, the client will not learn.
            self.applied = if source.is_received() { input } else { G::Input::default() };
            sources.push(source);
            return;
        };
        for tick in known.0 + 1..=now.0 {
            let (source, input) = history.at(Tick(tick), now);
            let replayed = match source {
                InputSource::Received => {
                    self.applied = input;
                    input
                }
                InputSource::Repeated => self.applied,
                InputSource::Missing => G::Input::default(),
            };
            sources.push(source);
            if let Some(own) = &mut self.own {
                G::advance(own, level, replayed, dt);
            }
        }
    }

    /// What the client makes of its own state.
    pub(super) fn own(&self) -> Option<&G::Own> {
        self.own.as_ref()
    }

    /// The client was sent `own`, from which it goes on.
    pub(super) fn sent(&mut self, own: Option<G::Own>) {
        self.own = own;
    }
}
