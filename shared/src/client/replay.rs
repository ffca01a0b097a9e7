//! What a client makes of its own state between two snapshots, as the server does for it.
//!
//! The server moves the own state that it told last on by the inputs that it has applied, and
//! tells only what came otherwise. To do the same a client needs to know which of its inputs these
//! were: a snapshot says for each tick whether one came in time, and the how many-th of those sent
//! for that tick it was; the stream is ordered, so both ends count alike.

use std::collections::VecDeque;

use super::playing::serde_part;
use crate::game::Game;
use crate::limits::HISTORY_MAX_TICKS;
use crate::protocol::WIRE;
use crate::protocol::snapshot::{GivenKind, Replay};
use crate::tick::Tick;

/// The inputs sent for ticks of which no snapshot has told yet, in the order of sending; and the
/// last of those that counted.
#[derive(Debug)]
pub(super) struct SentInputs<I> {
    sent: VecDeque<(Tick, I)>,
    last: I,
}

impl<I: Copy + Default> SentInputs<I> {
    pub(super) fn new() -> SentInputs<I> {
        SentInputs { sent: VecDeque::new(), last: I::default() }
    }

    pub(super) fn push(&mut self, tick: Tick, input: I) {
        if self.sent.len() >= HISTORY_MAX_TICKS {
            self.sent.pop_front();
        }
        self.sent.push_back((tick, input));
    }

    /// What the server applied in `tick`. Ticks must rise from call to call.
    fn applied(&mut self, tick: Tick, given: GivenKind) -> I {
        match given {
            GivenKind::Received { nth } => {
                let mut of_tick = self.sent.iter().filter(|(sent, _)| *sent == tick);
                // A server that names one that was not sent is not to be believed; but then
                // neither is what it says of the own state.
                self.last = of_tick.nth(nth.into()).map_or(self.last, |(_, input)| *input);
                self.last
            }
            GivenKind::Repeated => self.last,
            GivenKind::Absent => I::default(),
        }
    }

    /// Snapshots have told of all ticks up to this one.
    pub(super) fn forget(&mut self, told: Tick) {
        self.sent.retain(|(tick, _)| *tick > told);
    }
}

/// Moves the own state on by the game's rules and the inputs that counted.
pub(super) struct Replaying<'a, G: Game> {
    pub(super) level: &'a G::Level,
    pub(super) inputs: &'a mut SentInputs<G::Input>,
}

impl<G: Game> Replay for Replaying<'_, G> {
    fn replay(&mut self, tick: Tick, given: &[GivenKind], own: &mut Vec<u8>) {
        // What the last snapshot said was decoded already, or the client would have given up.
        let known = (!own.is_empty()).then(|| serde_part::<G::Own>(own, "own state"));
        let mut state = known.and_then(Result::ok);
        let before = tick.minus(given.len() as u32);
        for (given, after) in given.iter().zip(1..) {
            let input = self.inputs.applied(before.plus(after), *given);
            if let Some(state) = &mut state {
                G::advance(state, self.level, input);
            }
        }
        if let Some(state) = state {
            own.clear();
            // What was decoded from bytes can be encoded again; a Vec takes all.
            let _ = bincode::serde::encode_into_std_write(&state, own, WIRE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_that_counted_is_found_whatever_was_sent_beside_it() {
        let mut inputs = SentInputs::<u8>::new();
        for (tick, input) in [(5, 1), (6, 2), (7, 3), (6, 20), (7, 30), (6, 21)] {
            inputs.push(Tick(tick), input);
        }
        let received = |nth| GivenKind::Received { nth };
        assert_eq!(inputs.applied(Tick(5), received(0)), 1);
        assert_eq!(inputs.applied(Tick(6), received(2)), 21);
        assert_eq!(inputs.applied(Tick(7), GivenKind::Repeated), 21);
        assert_eq!(inputs.applied(Tick(8), GivenKind::Absent), 0);
        inputs.forget(Tick(6));
        assert_eq!(inputs.applied(Tick(7), received(1)), 30);
        assert_eq!(inputs.sent.len(), 2);
    }
}
