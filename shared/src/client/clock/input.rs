//! [`InputClock`]: which tick the client's next input is for.
//!
//! It runs ahead of the room by just so much that inputs come in time: a closed loop (as in
//! Unity's "Netcode for Entities", "time synchronization"), over what the server reports and over
//! what the client can measure itself. The server tells with each snapshot which input was the
//! newest when that tick was made, so whether an input came in time is known to within a tick. How
//! much earlier or later that was follows from the round trip: the latest moment at which an input
//! for a tick can be sent lies one round trip before that tick's snapshot comes. Together they tell
//! the lead that is needed to a few milliseconds.

use std::collections::VecDeque;
use std::time::Duration;

use super::lateness::Lateness;
use super::room_time::RoomTime;
use super::tuning::{
    INPUT_ERROR_MIN_TICKS, INPUT_JITTER_COVERED, INPUT_JITTER_WINDOW, INPUT_JUMP,
    INPUT_JUMP_MIN_TICKS, INPUT_JUMP_SETTLING_TICKS, INPUT_SLEW_MAX, INPUT_SLEW_OVER,
    LATE_IN_A_ROW_MAX, LEAD_AT_START_TICKS, LEAD_SPARE, LEAD_SPARE_TICKS, PAUSE_MAX,
    PAUSE_MIN_TICKS, SAFETY_HALF_LIFE, SAFETY_MAX_TICKS, SAFETY_STEP_EVERY, SAFETY_STEP_TICKS,
    SENT_MAX, SETTLING, SILENT_MIN_TICKS, TIMER_JITTER_COVERED,
};
use crate::limits::PREDICT_SILENT_MAX;
use crate::tick::Tick;

/// Which tick the client's next input is for.
#[derive(Clone, Debug)]
pub(super) struct InputClock {
    /// A place in ticks at a room time, and how fast it has gone on since, in ticks a tick.
    anchor: Option<Anchor>,
    /// The tick of the next input.
    next: Tick,
    /// When inputs were sent, in room time, by rising tick.
    sent: VecDeque<(Tick, f64)>,
    /// The tick of the last snapshot, and the newest input that the server had by then.
    told: Option<(Tick, i64)>,
    /// How late inputs were at the most, as far as can be told, against the ticks that they were
    /// for: room time of the tick less that of the sending.
    late: Lateness,
    /// How late this client was itself, in ticks.
    own_late: Lateness,
    /// Only inputs for this tick and later tell of the line as it is.
    known_from: Tick,
    caution: f64,
    caution_at: Duration,
    /// Until when it looks for its place, from when a round trip is known; `None` until then.
    fresh_until: Option<Duration>,
    /// How many snapshots in a row have told of a newest input that was late.
    late_in_a_row: u32,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    place: f64,
    time: f64,
    speed: f64,
}

impl InputClock {
    pub(super) fn new() -> InputClock {
        InputClock {
            anchor: None,
            next: Tick(0),
            sent: VecDeque::new(),
            told: None,
            late: Lateness::new(INPUT_JITTER_WINDOW, INPUT_JITTER_COVERED),
            late_in_a_row: 0,
            own_late: Lateness::new(INPUT_JITTER_WINDOW, TIMER_JITTER_COVERED),
            known_from: Tick(0),
            caution: 0.0,
            caution_at: Duration::ZERO,
            fresh_until: None,
        }
    }

    /// Where it is. It stands still once nothing has been heard for long.
    fn place(&self, now: Duration, room: &RoomTime) -> Option<f64> {
        let Anchor { place, time, speed } = self.anchor?;
        let passed = room.ticks(now.min(self.waits_from(room)?)) - time;
        Some(place + if passed > 0.0 { passed * speed } else { 0.0 })
    }

    /// Does to the room's time what may set it to another; goes on from the same place.
    pub(super) fn over(
        &mut self,
        now: Duration,
        room: &mut RoomTime,
        change: impl FnOnce(&mut RoomTime),
    ) {
        let (place, before) = (self.place(now, room), room.ticks(now));
        change(room);
        let shift = room.ticks(now) - before;
        self.sent.iter_mut().for_each(|(_, sent)| *sent += shift);
        if let (Some(place), Some(anchor)) = (place, &mut self.anchor) {
            (anchor.place, anchor.time) = (place, room.ticks(now));
        }
    }

    /// Learns from the snapshot of `tick`, which `room` has heard already. `round_trip` is the
    /// line's own, if it is known.
    pub(super) fn snapshot(
        &mut self,
        now: Duration,
        tick: Tick,
        margin_ticks: i32,
        round_trip: Option<Duration>,
        room: &mut RoomTime,
    ) {
        let Some(place) = self.place(now, room) else {
            self.jump(now, f64::from(tick.0) + LEAD_AT_START_TICKS, room);
            return;
        };
        let furthest = i64::from(room.tick_rate().input_ahead_max_ticks());
        let is_known = i64::from(margin_ticks).abs() < furthest && !room.is_in_doubt();
        if is_known {
            self.note(now, tick, i64::from(tick.0) + i64::from(margin_ticks), room);
        } else {
            self.told = None;
        }
        // A stall is no reason to go elsewhere.
        if room.is_in_doubt() {
            self.bend(now, place, 1.0, room);
            return;
        }
        self.late_in_a_row = if margin_ticks < 0 { self.late_in_a_row + 1 } else { 0 };
        let Some(round_trip) = round_trip else { return };
        let fresh_until = *self.fresh_until.get_or_insert(now + SETTLING);
        let wanted = room.ticks(now) + self.lead(now, round_trip, room);
        let error = wanted - place;
        let is_lost = now < fresh_until || self.late_in_a_row >= LATE_IN_A_ROW_MAX;
        let far = if is_lost {
            INPUT_JUMP_SETTLING_TICKS
        } else {
            room.ticks_in(INPUT_JUMP).max(INPUT_JUMP_MIN_TICKS)
        };
        // As long as inputs come in time there is time to bend: a leap forward leaves ticks out.
        let is_urgent = is_lost || error < 0.0 || margin_ticks <= 0;
        if error.abs() > far && is_urgent {
            self.jump(now, wanted, room);
        } else {
            let error = if error.abs() < INPUT_ERROR_MIN_TICKS { 0.0 } else { error };
            let bend =
                (error / room.ticks_in(INPUT_SLEW_OVER)).clamp(-INPUT_SLEW_MAX, INPUT_SLEW_MAX);
            self.bend(now, place, 1.0 + bend, room);
        }
    }

    /// The room has another pace: what is still to be told of inputs that have been sent says
    /// nothing of it.
    pub(super) fn change_pace(&mut self) {
        self.known_from = self.next;
    }

    /// By how much it has to be ahead of room time.
    fn lead(&mut self, now: Duration, round_trip: Duration, room: &mut RoomTime) -> f64 {
        // Sent one round trip before the tick's snapshot comes, an input is just in time.
        let base = room.ticks_in(round_trip) - room.soonest();
        let spike = room.spike_ticks();
        let down = room.unevenness(now);
        // The worst input came within the tick before the one that told of it: its jitter lies
        // between, or else the base is wrong by as much. Within that, the way there is taken to be
        // as uneven as the way back.
        let jitter = match self.late.usual_worst(now, spike) {
            Some(worst) => down.clamp((worst - base - 1.0).max(0.0), (worst - base).max(0.0)),
            None => down,
        };
        let own_late = self.own_late.usual_worst(now, spike).unwrap_or(0.0);
        let spare = LEAD_SPARE_TICKS + room.ticks_in(LEAD_SPARE);
        // When a slow room gets faster its clients learn of it a way later, and their inputs take
        // another: whoever had no more lead than needed would be late until then.
        let slip = room.ticks_held_back_in(round_trip);
        base + jitter + own_late + spare + slip + self.caution(now)
    }

    /// Which inputs the server had when it made `tick`: all up to `newest`.
    fn note(&mut self, now: Duration, tick: Tick, newest: i64, room: &RoomTime) {
        let before = self.told.replace((tick, newest));
        if newest < i64::from(self.known_from.0) {
            return;
        }
        // Of those that came together the first was held up longest; when ticks were not told of,
        // nobody knows in which of them it came.
        let Some((_, known)) = before.filter(|(told, _)| told.next() == tick) else { return };
        if newest <= known {
            return;
        }
        let known = known.max(i64::from(self.known_from.0) - 1);
        let first = self.sent.iter().find(|(sent, _)| i64::from(sent.0) > known);
        let Some(&(first, sent)) = first.filter(|(sent, _)| i64::from(sent.0) <= newest) else {
            return;
        };
        let late = f64::from(tick.0) - sent;
        let usual = self.late.usual_worst(now, room.spike_ticks());
        self.late.push(now, late);
        let is_spike = usual.is_none_or(|usual| late > usual + room.spike_ticks());
        let is_settled = self.fresh_until.is_some_and(|fresh_until| now > fresh_until);
        if first < tick && !is_spike && is_settled {
            self.be_careful(now);
        }
    }

    /// An input was late that should not have been.
    fn be_careful(&mut self, now: Duration) {
        if self.caution > 0.0 && now < self.caution_at + SAFETY_STEP_EVERY {
            return;
        }
        self.caution = (self.caution(now) + SAFETY_STEP_TICKS).min(SAFETY_MAX_TICKS);
        self.caution_at = now;
    }

    fn caution(&self, now: Duration) -> f64 {
        let age = now.saturating_sub(self.caution_at).as_secs_f64();
        self.caution * libm::exp2(-age / SAFETY_HALF_LIFE.as_secs_f64())
    }

    fn bend(&mut self, now: Duration, place: f64, speed: f64, room: &RoomTime) {
        self.anchor = Some(Anchor { place, time: room.ticks(now), speed });
    }

    fn jump(&mut self, now: Duration, to: f64, room: &RoomTime) {
        self.bend(now, to, 1.0, room);
        let next = Tick(to.max(0.0) as u32).next();
        // What was sent for coming ticks stands: the clock waits for the room to get there.
        self.next = self.next.max(next);
    }

    /// The tick whose input is due at `now`; rising by one but where the clock jumped.
    pub(super) fn next_due(&mut self, now: Duration, room: &RoomTime) -> Option<Tick> {
        let place = self.place(now, room)?;
        let behind = place - f64::from(self.next.0);
        if behind < 0.0 {
            return None;
        }
        if behind > room.ticks_in(PAUSE_MAX).max(PAUSE_MIN_TICKS) {
            self.next = Tick(place as u32);
        } else {
            self.own_late.push(now, behind);
        }
        let due = self.next;
        self.next = due.next();
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((due, room.ticks(now)));
        Some(due)
    }

    /// When the next input is due; `None` when it waits for news.
    pub(super) fn due_at(&self, room: &RoomTime) -> Option<Duration> {
        let Anchor { place, time, speed } = self.anchor?;
        let ticks = (f64::from(self.next.0) - place).max(0.0) / speed;
        // A hair late rather than early: an early call would find nothing due.
        let due = room.when(time + ticks) + Duration::from_micros(1);
        (due <= self.waits_from(room)?).then_some(due)
    }

    /// From when on it stops if nothing more is heard: nobody knows then what the room does.
    fn waits_from(&self, room: &RoomTime) -> Option<Duration> {
        let (newest, heard) = room.newest()?;
        let most = room.at_least_ticks(PREDICT_SILENT_MAX, SILENT_MIN_TICKS);
        // Nor may it go so far that a room which has stood still would not take what was sent.
        let ahead = self.anchor?.place - f64::from(newest.0);
        let most_ahead = f64::from(room.tick_rate().input_ahead_max_ticks());
        let taken = (most_ahead - 1.0 - ahead).max(SILENT_MIN_TICKS);
        Some(room.when(room.ticks(heard) + taken).min(heard + most))
    }

    /// How far `now` lies between the last input's tick and the next one's, from 0 to 1.
    pub(super) fn fraction(&self, now: Duration, room: &RoomTime) -> f64 {
        let place = self.place(now, room);
        place.map_or(0.0, |place| (place - f64::from(self.next.0) + 1.0).clamp(0.0, 1.0))
    }
}
