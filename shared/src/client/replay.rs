//! What a client makes of its own state between two snapshots, as the server does for it.
//!
//! The server moves the own state that it sent last on by the inputs that it has applied, and sends
//! only what came otherwise. To do the same a client needs to know which of its inputs these were:
//! a snapshot says for each tick whether one came in time. That is enough, for a client sends one
//! input for a tick at most: its clock never goes back.

use std::collections::VecDeque;

use super::playing::serde_part;
use crate::game::Game;
use crate::limits::HISTORY_MAX_TICKS;
use crate::protocol::WIRE;
use crate::protocol::snapshot::{InputSource, Replay};
use crate::tick::Tick;

/// The inputs sent for ticks whose snapshots have not arrived yet, by rising tick; and the last of
/// those that counted.
#[derive(Debug)]
pub(super) struct SentInputs<I> {
    sent: VecDeque<Sent<I>>,
    /// Whether any was sent so far.
    has_sent: bool,
    last: I,
    /// The ticks since then in which none counted in time.
    late: VecDeque<Tick>,
    /// The tick up to which snapshots have said which inputs counted.
    reported: Option<Tick>,
}

#[derive(Clone, Copy, Debug)]
struct Sent<I> {
    tick: Tick,
    input: I,
}

impl<I: Copy + Default> SentInputs<I> {
    pub(super) fn new() -> SentInputs<I> {
        let (sent, last) = (VecDeque::new(), I::default());
        let late = VecDeque::new();
        SentInputs { sent, has_sent: false, last, late, reported: None }
    }

    /// An input is sent for `tick`, which must rise from call to call.
    pub(super) fn push(&mut self, tick: Tick, input: I) {
        debug_assert!(
            self.sent.back().is_none_or(|last| last.tick < tick),
            "which of two inputs for a tick counted would not be known"
        );
        self.has_sent = true;
        if self.sent.len() >= HISTORY_MAX_TICKS {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { tick, input });
    }

    /// The next reports are for the ticks after `before`. Which inputs counted in a gap before that
    /// is unknown, so none is repeated from there.
    fn expect_after(&mut self, before: Tick) {
        if self.reported != Some(before) {
            self.last = I::default();
        }
    }

    /// What the server applied in `tick`. Ticks must rise from call to call.
    fn applied(&mut self, tick: Tick, source: InputSource) -> I {
        if !source.is_received() && self.has_sent {
            self.late.push_back(tick);
        }
        match source {
            InputSource::Received => {
                let sent = self.sent.iter().find(|sent| sent.tick == tick);
                // A server that has received what was not sent is not to be believed; but then
                // neither is what it says of the own state.
                self.last = sent.map_or(self.last, |sent| sent.input);
                self.last
            }
            InputSource::Repeated => self.last,
            InputSource::Missing => I::default(),
        }
    }

    /// Takes the next tick that was made without its input.
    pub(super) fn next_late(&mut self) -> Option<Tick> {
        self.late.pop_front()
    }

    /// Snapshots of all ticks up to this one have arrived.
    pub(super) fn forget(&mut self, newest: Tick) {
        self.reported = Some(newest);
        self.sent.retain(|sent| sent.tick > newest);
    }
}

/// Moves the own state on by the game's rules and the inputs that counted.
pub(super) struct Replaying<'a, G: Game> {
    pub(super) level: &'a G::Level,
    pub(super) dt: f32,
    pub(super) inputs: &'a mut SentInputs<G::Input>,
    /// Whether the own state is moved on, or only the inputs that counted are noted.
    pub(super) moves_on: bool,
}

impl<G: Game> Replay for Replaying<'_, G> {
    fn replay(&mut self, tick: Tick, sources: &[InputSource], own: &mut Vec<u8>) {
        // What the last snapshot said was decoded already, or the client would have given up.
        let known =
            (self.moves_on && !own.is_empty()).then(|| serde_part::<G::Own>(own, "own state"));
        let mut state = known.and_then(Result::ok);
        let before = tick.minus(sources.len() as u32);
        self.inputs.expect_after(before);
        for (source, after) in sources.iter().zip(1..) {
            let input = self.inputs.applied(before.plus(after), *source);
            if let Some(state) = &mut state {
                G::advance(state, self.level, input, self.dt);
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
    fn the_input_that_counted_is_the_one_sent_for_the_tick() {
        let mut inputs = SentInputs::<u8>::new();
        for (tick, input) in [(5, 1), (6, 2), (7, 3), (9, 9)] {
            inputs.push(Tick(tick), input);
        }
        assert_eq!(inputs.applied(Tick(5), InputSource::Received), 1);
        assert_eq!(inputs.applied(Tick(6), InputSource::Received), 2);
        assert_eq!(inputs.applied(Tick(7), InputSource::Repeated), 2);
        assert_eq!(inputs.applied(Tick(8), InputSource::Missing), 0);
        inputs.forget(Tick(7));
        assert_eq!(inputs.sent.len(), 1);
        assert_eq!(inputs.applied(Tick(9), InputSource::Received), 9);
        assert_eq!(inputs.applied(Tick(10), InputSource::Received), 9, "none was sent for it");
    }
}
