//! One player's inputs for coming ticks: a ring of slots addressed by tick.
//!
//! Part of the room's state, one per player. Filled as messages come (and by the room's own bots),
//! emptied by one slot per tick. It never looks into an input beyond decoding it. The ring has as many
//! slots as inputs came ahead, of which [`TickRate::input_ahead_max_ticks`] is the limit.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tickwire_game::game::InputStatus;
use tickwire_game::limits::{INPUT_MAX_BYTES, INPUT_REPEAT_MAX};
use tickwire_game::protocol::snapshot::InputSource;
use tickwire_game::protocol::{Input, WIRE};
use tickwire_game::tick::{Rewind, Tick, TickRate};

use super::idleness::InputActivity;
use super::rewind::{BelievedRewind, Claim};

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputVerdict {
    /// It will be applied in the tick that it is addressed to.
    Taken,
    /// Its tick is over.
    Late,
    /// Its tick is further ahead than [`TickRate::input_ahead_max_ticks`].
    TooFarAhead,
    /// It replaces an earlier one for the same tick.
    Replaced,
    /// Its bytes are not an input of this game.
    Malformed,
    /// Its player does not play here.
    NotPlaying,
}

/// What decoding one input may claim. bincode counts the size in memory of what it reads, which
/// for its variable-length integers is at most 16 times the bytes that came.
const DECODE_LIMIT: usize = 16 * INPUT_MAX_BYTES;

/// So many slots are there from the beginning: hardly anybody is further ahead, and all of them are 0.6 KB a
/// player.
const SLOTS_AT_FIRST: u32 = 16;

/// The inputs of one player for the ticks from now + 1 to now + as many as it has slots.
///
/// A slot is emptied in the very tick that it is addressed to, so whatever lies in a slot is
/// addressed to the one tick in reach that maps to it: no slot needs to say which.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InputBuffer<I> {
    slots: Box<[Option<Slot<I>>]>,
    /// [`TickRate::input_ahead_max_ticks`].
    furthest_ticks: u32,
    last_received: Option<(Tick, I)>,
    /// The tick that the newest arrival was addressed to, in time or not.
    addressed: Option<Tick>,
    margin_ticks: i32,
    repeat_max_ticks: i64,
    rewind: BelievedRewind,
    activity: InputActivity<I>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Slot<I> {
    input: I,
    /// How old a picture it claims.
    claim: Claim,
}

impl<I: Copy + Default + PartialEq + DeserializeOwned> InputBuffer<I> {
    /// That of a player who joins at `now`.
    pub(super) fn new(now: Tick, rate: TickRate, rewind_max_ticks: u32) -> InputBuffer<I> {
        let furthest_ticks = rate.input_ahead_max_ticks();
        InputBuffer {
            slots: vec![None; furthest_ticks.min(SLOTS_AT_FIRST) as usize].into(),
            furthest_ticks,
            last_received: None,
            addressed: None,
            margin_ticks: -(furthest_ticks as i32),
            repeat_max_ticks: rate.ticks_in(INPUT_REPEAT_MAX.as_secs_f32()).into(),
            rewind: BelievedRewind::new(rate, rewind_max_ticks),
            activity: InputActivity::new(now),
        }
    }

    /// A new client gives its inputs from now on: nothing is left of the last one's, but which past was
    /// believed of it. Else who comes back could choose it.
    pub(super) fn restart(&mut self, now: Tick) {
        self.slots.fill(None);
        (self.last_received, self.addressed) = (None, None);
        self.margin_ticks = -(self.furthest_ticks as i32);
        self.activity = InputActivity::new(now);
    }

    /// Takes an input from a client, `now` being the last tick stepped. What it has `seen` must be what
    /// the client has acknowledged.
    pub(super) fn receive(&mut self, now: Tick, message: &Input<'_>) -> InputVerdict {
        let ahead = message.tick.since(now);
        // A client that is far off must learn in which direction, so what is dropped counts for
        // the margin too. It is the newest arrival and not the furthest tick: the stream is
        // ordered, and a client that has jumped back must not be judged by what it said before.
        self.addressed = Some(message.tick);
        self.rewind.heard(now, message.seen);
        let input = decode(message.input);
        // In time or not: a player on a bad path acts all the same.
        if let Some(input) = input {
            self.activity.note(now, input);
        }
        if ahead <= 0 {
            return InputVerdict::Late;
        }
        if ahead > self.furthest() {
            return InputVerdict::TooFarAhead;
        }
        let Some(input) = input else { return InputVerdict::Malformed };
        // The later one counts: after a stall of the server a client that does not replay may say
        // anew what its player wants now. Nothing is gained by it, for a tick is still made of one
        // input, and of none that comes after it.
        let claim = self.rewind.judge(message.rewind, now, message.tick);
        let slot = Slot { input, claim };
        self.reach(now, ahead as usize);
        match self.slot_of(message.tick).replace(slot) {
            Some(_) => InputVerdict::Replaced,
            None => InputVerdict::Taken,
        }
    }

    /// Takes what a bot of the room does in the coming tick.
    pub(super) fn put(&mut self, tick: Tick, input: I) {
        self.addressed = Some(tick);
        *self.slot_of(tick) = Some(Slot { input, claim: Claim::default() });
    }

    /// Gives out what to apply in `tick`, which must rise by one from call to call; and where it
    /// came from.
    pub(super) fn take(&mut self, tick: Tick) -> (InputStatus<I>, InputSource) {
        let input = match (self.slot_of(tick).take(), self.last_received) {
            (Some(Slot { input, claim }), _) => {
                self.last_received = Some((tick, input));
                self.rewind.follow(claim);
                (InputStatus::Received(input), InputSource::Received)
            }
            (None, Some((last, input))) if tick.since(last) <= self.repeat_max_ticks => {
                (InputStatus::Repeated(input), InputSource::Repeated)
            }
            (None, _) => (InputStatus::Missing, InputSource::Missing),
        };
        self.margin_ticks = match self.addressed {
            Some(addressed) => {
                addressed.since(tick).clamp(-self.furthest(), self.furthest()) as i32
            }
            None => -self.furthest() as i32,
        };
        input
    }

    /// The rewind that is believed of the input of the last tick.
    pub(super) fn rewind(&self) -> Rewind {
        self.rewind.now()
    }

    /// Whether the input of the last tick claimed an older picture than its client can have had, and
    /// less was believed.
    pub(super) fn is_rewind_bounded(&self) -> bool {
        self.rewind.is_bounded()
    }

    /// By how many ticks the newest arrival before the last tick was early for it: 0 when just
    /// in time, negative when late; within ±[`TickRate::input_ahead_max_ticks`], the lowest of
    /// which also stands for a player from whom nothing has come yet.
    pub(super) fn margin_ticks(&self) -> i32 {
        self.margin_ticks
    }

    /// For how many ticks its player has not acted.
    pub(super) fn idle_ticks(&self, now: Tick) -> u32 {
        self.activity.idle_ticks(now)
    }

    fn furthest(&self) -> i64 {
        self.furthest_ticks.into()
    }

    /// Makes slots for so many ticks from `now` on, if there are fewer.
    #[inline]
    fn reach(&mut self, now: Tick, ahead_ticks: usize) {
        if ahead_ticks > self.slots.len() {
            self.grow(now, ahead_ticks);
        }
    }

    #[cold]
    fn grow(&mut self, now: Tick, ahead_ticks: usize) {
        let len = ahead_ticks.next_power_of_two().min(self.furthest_ticks as usize);
        let mut slots: Box<[Option<Slot<I>>]> = vec![None; len].into();
        for ahead in 1..=self.slots.len() as u32 {
            let tick = now.plus(ahead);
            slots[tick.0 as usize % len] = self.slot_of(tick).take();
        }
        self.slots = slots;
    }

    fn slot_of(&mut self, tick: Tick) -> &mut Option<Slot<I>> {
        let at = tick.0 as usize % self.slots.len();
        &mut self.slots[at]
    }
}

fn decode<I: DeserializeOwned>(bytes: &[u8]) -> Option<I> {
    if bytes.len() > INPUT_MAX_BYTES {
        return None;
    }
    let limited = WIRE.with_limit::<DECODE_LIMIT>();
    let (input, used) = bincode::serde::decode_from_slice(bytes, limited).ok()?;
    (used == bytes.len()).then_some(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`TickRate::input_ahead_max_ticks`] at 30 ticks a second.
    const FURTHEST_TICKS: i32 = 64;
    /// [`INPUT_REPEAT_MAX`] at the same.
    const REPEAT_TICKS: u32 = 15;

    fn receive(buffer: &mut InputBuffer<u8>, now: u32, tick: u32, bytes: &[u8]) -> InputVerdict {
        let (tick, rewind) = (Tick(tick), Rewind(3));
        buffer.receive(Tick(now), &Input { tick, seen: Tick(0), rewind, input: bytes })
    }

    #[test]
    fn an_input_is_applied_in_its_tick_and_the_last_for_a_tick_counts() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        assert_eq!(receive(&mut buffer, 0, 2, &[8]), InputVerdict::Taken);
        assert_eq!(receive(&mut buffer, 0, 2, &[7]), InputVerdict::Replaced);
        assert_eq!(receive(&mut buffer, 0, 2, &[]), InputVerdict::Malformed);
        assert_eq!(buffer.take(Tick(1)).0, InputStatus::Missing);
        assert_eq!(buffer.take(Tick(2)), (InputStatus::Received(7), InputSource::Received));
        assert_eq!(receive(&mut buffer, 2, 2, &[9]), InputVerdict::Late);
        assert_eq!(buffer.take(Tick(3)), (InputStatus::Repeated(7), InputSource::Repeated));
        assert_eq!(buffer.rewind(), Rewind(3), "a repeated input is one of the same picture");
    }

    #[test]
    fn the_ring_grows_with_how_far_ahead_inputs_come_and_keeps_them() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        for (tick, slots) in [(13, 16), (26, 16), (27, 32), (74, 64)] {
            assert_eq!(receive(&mut buffer, 10, tick, &[tick as u8]), InputVerdict::Taken);
            assert_eq!(buffer.slots.len(), slots);
        }
        for tick in 11..=74 {
            let is_there = [13, 26, 27, 74].contains(&tick).then_some(tick as u8);
            assert_eq!(buffer.slot_of(Tick(tick)).map(|slot| slot.input), is_there);
        }
    }

    #[test]
    fn the_ring_reaches_exactly_as_far_as_the_limit() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        let furthest = 10 + FURTHEST_TICKS as u32;
        for tick in 11..=furthest {
            assert_eq!(receive(&mut buffer, 10, tick, &[tick as u8]), InputVerdict::Taken);
        }
        assert_eq!(receive(&mut buffer, 10, furthest + 1, &[0]), InputVerdict::TooFarAhead);
        assert_eq!(receive(&mut buffer, 10, u32::MAX, &[0]), InputVerdict::TooFarAhead);
        for tick in 11..=furthest {
            assert_eq!(
                buffer.take(Tick(tick)),
                (InputStatus::Received(tick as u8), InputSource::Received)
            );
        }
    }

    #[test]
    fn silence_repeats_the_last_input_for_a_while_and_then_is_absence() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        receive(&mut buffer, 0, 1, &[5]);
        assert_eq!(buffer.take(Tick(1)), (InputStatus::Received(5), InputSource::Received));
        for tick in 2..=1 + REPEAT_TICKS {
            assert_eq!(buffer.take(Tick(tick)), (InputStatus::Repeated(5), InputSource::Repeated));
        }
        let after = buffer.take(Tick(2 + REPEAT_TICKS));
        assert_eq!(after, (InputStatus::Missing, InputSource::Missing));
    }

    #[test]
    fn a_new_client_finds_no_inputs_of_the_last_and_the_past_that_was_believed() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        receive(&mut buffer, 0, 1, &[5]);
        receive(&mut buffer, 0, 3, &[6]);
        buffer.take(Tick(1));
        let believed = buffer.rewind();
        assert_eq!(believed, Rewind(3));
        buffer.restart(Tick(1));
        for tick in 2..=3 {
            assert_eq!(buffer.take(Tick(tick)).0, InputStatus::Missing);
        }
        assert_eq!(buffer.margin_ticks(), -FURTHEST_TICKS);
        assert_eq!(buffer.rewind(), believed, "who comes back cannot choose another");
    }

    #[test]
    fn bytes_that_are_not_exactly_an_input_are_malformed() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        assert_eq!(receive(&mut buffer, 0, 1, &[]), InputVerdict::Malformed);
        assert_eq!(receive(&mut buffer, 0, 1, &[1, 2]), InputVerdict::Malformed);
        assert_eq!(receive(&mut buffer, 0, 1, &[0; INPUT_MAX_BYTES + 1]), InputVerdict::Malformed);
        assert_eq!(receive(&mut buffer, 0, 1, &[1]), InputVerdict::Taken);
    }

    #[test]
    fn the_margin_says_how_early_or_late_the_newest_arrival_was() {
        let mut buffer = InputBuffer::new(Tick(0), TickRate::default(), 8);
        buffer.take(Tick(1));
        assert_eq!(buffer.margin_ticks(), -FURTHEST_TICKS);
        receive(&mut buffer, 1, 2, &[1]);
        receive(&mut buffer, 1, 5, &[1]);
        buffer.take(Tick(2));
        assert_eq!(buffer.margin_ticks(), 3);
        buffer.take(Tick(3));
        assert_eq!(receive(&mut buffer, 3, 2, &[1]), InputVerdict::Late);
        buffer.take(Tick(4));
        assert_eq!(buffer.margin_ticks(), -2);
        receive(&mut buffer, 4, 4_000, &[1]);
        buffer.take(Tick(5));
        assert_eq!(buffer.margin_ticks(), FURTHEST_TICKS);
    }
}
