//! [`InputClock`]: which tick the client's next input is for.
//!
//! It runs ahead of the room by just so much that inputs come in time: a closed loop (as in
//! Unity's "Netcode for Entities", "time synchronization"), over what the server reports and over
//! what the client can measure itself. The server reports with each snapshot which input was the
//! newest when that tick was made: whether an input came in time, to within a tick. How much
//! earlier or later it came follows from the round trip: the latest moment at which an input for a
//! tick can be sent lies one round trip before that tick's snapshot arrives. Together they give the
//! lead that is needed to a few milliseconds.

use std::collections::VecDeque;
use std::time::Duration;

use super::jitter::JitterEstimator;
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
    /// Where the clock was last set, and its speed since; `None` before the first snapshot.
    anchor: Option<Anchor>,
    /// The tick of the next input.
    next: Tick,
    /// When inputs were sent, in room time, by rising tick.
    sent: VecDeque<(Tick, f64)>,
    /// The tick of the last snapshot, and the newest input that the server had by then.
    reported: Option<(Tick, i64)>,
    /// Upper bounds of how late inputs were, in ticks: room time of the tick that an input was first
    /// reported in, less room time of its sending.
    late: JitterEstimator,
    /// How late this client's own calls were, in ticks.
    timer_late: JitterEstimator,
    /// Only inputs for this tick and later were sent at the room's time scale of now.
    known_from: Tick,
    /// What inputs that were late without a stall have added to the lead, in ticks.
    safety_margin: f64,
    safety_margin_at: Duration,
    /// Until when the clock settles; `None` before the first round trip is known.
    settled_at: Option<Duration>,
    /// How many snapshots in a row have reported a newest input that was late.
    late_in_a_row: u32,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// In ticks.
    position: f64,
    /// Room time, in ticks.
    time: f64,
    /// In ticks per tick of the room.
    speed: f64,
}

impl InputClock {
    pub(super) fn new() -> InputClock {
        InputClock {
            anchor: None,
            next: Tick(0),
            sent: VecDeque::new(),
            reported: None,
            late: JitterEstimator::new(INPUT_JITTER_WINDOW, INPUT_JITTER_COVERED),
            late_in_a_row: 0,
            timer_late: JitterEstimator::new(INPUT_JITTER_WINDOW, TIMER_JITTER_COVERED),
            known_from: Tick(0),
            safety_margin: 0.0,
            safety_margin_at: Duration::ZERO,
            settled_at: None,
        }
    }

    /// The clock's position in ticks. It stops after a long silence.
    fn position(&self, now: Duration, room: &RoomTime) -> Option<f64> {
        let Anchor { position, time, speed } = self.anchor?;
        let passed = room.ticks(now.min(self.stops_at(room)?)) - time;
        Some(position + if passed > 0.0 { passed * speed } else { 0.0 })
    }

    /// Makes a `change` that may set room time to another value, and keeps the clock's position.
    pub(super) fn keep_position(
        &mut self,
        now: Duration,
        room: &mut RoomTime,
        change: impl FnOnce(&mut RoomTime),
    ) {
        let (position, before) = (self.position(now, room), room.ticks(now));
        change(room);
        let shift = room.ticks(now) - before;
        self.sent.iter_mut().for_each(|(_, sent)| *sent += shift);
        if let (Some(position), Some(anchor)) = (position, &mut self.anchor) {
            (anchor.position, anchor.time) = (position, room.ticks(now));
        }
    }

    /// Learns from the snapshot of `tick`, of whose arrival `room` knows already. `round_trip` is
    /// the network's, if it is known.
    pub(super) fn snapshot(
        &mut self,
        now: Duration,
        tick: Tick,
        margin_ticks: i32,
        round_trip: Option<Duration>,
        room: &mut RoomTime,
    ) {
        let Some(position) = self.position(now, room) else {
            self.jump(now, f64::from(tick.0) + LEAD_AT_START_TICKS, room);
            return;
        };
        let furthest = i64::from(room.tick_rate().input_ahead_max_ticks());
        let is_known = i64::from(margin_ticks).abs() < furthest && !room.is_in_doubt();
        if is_known {
            self.measure(now, tick, i64::from(tick.0) + i64::from(margin_ticks), room);
        } else {
            self.reported = None;
        }
        // During a stall the lead stays what it is.
        if room.is_in_doubt() {
            self.slew(now, position, 1.0, room);
            return;
        }
        self.late_in_a_row = if margin_ticks < 0 { self.late_in_a_row + 1 } else { 0 };
        let Some(round_trip) = round_trip else { return };
        let settled_at = *self.settled_at.get_or_insert(now + SETTLING);
        let target = room.ticks(now) + self.lead(now, round_trip, room);
        let error = target - position;
        let is_settling = now < settled_at || self.late_in_a_row >= LATE_IN_A_ROW_MAX;
        let far = if is_settling {
            INPUT_JUMP_SETTLING_TICKS
        } else {
            room.ticks_in(INPUT_JUMP).max(INPUT_JUMP_MIN_TICKS)
        };
        // As long as inputs come in time there is time to slew: a jump forward leaves ticks out.
        let is_urgent = is_settling || error < 0.0 || margin_ticks <= 0;
        if error.abs() > far && is_urgent {
            self.jump(now, target, room);
        } else {
            let error = if error.abs() < INPUT_ERROR_MIN_TICKS { 0.0 } else { error };
            let slew =
                (error / room.ticks_in(INPUT_SLEW_OVER)).clamp(-INPUT_SLEW_MAX, INPUT_SLEW_MAX);
            self.slew(now, position, 1.0 + slew, room);
        }
    }

    /// The room has another time scale: reports of inputs that were sent before do not count.
    pub(super) fn time_scale_changed(&mut self) {
        self.known_from = self.next;
    }

    /// By how many ticks the clock has to be ahead of room time.
    fn lead(&mut self, now: Duration, round_trip: Duration, room: &mut RoomTime) -> f64 {
        // Sent one round trip before the tick's snapshot comes, an input is just in time.
        let base = room.ticks_in(round_trip) - room.earliest();
        let spike = room.spike_ticks();
        let back = room.jitter(now);
        // The latest input came at some moment of the tick before the one that reported it: its
        // jitter lies within a tick, or else the base is wrong by as much. Within these bounds the
        // jitter on the way there is assumed to equal that on the way back.
        let jitter = match self.late.jitter_bound(now, spike) {
            Some(bound) => back.clamp((bound - base - 1.0).max(0.0), (bound - base).max(0.0)),
            None => back,
        };
        let timer_late = self.timer_late.jitter_bound(now, spike).unwrap_or(0.0);
        let spare = LEAD_SPARE_TICKS + room.ticks_in(LEAD_SPARE);
        // When a slow room gets faster its clients learn of it half a round trip later, and their
        // inputs take another half: without this much more lead they would be late until then.
        let slip = room.ticks_held_back_in(round_trip);
        base + jitter + timer_late + spare + slip + self.safety_margin(now)
    }

    /// Takes the report that the server had all inputs up to `newest` when it made `tick`.
    fn measure(&mut self, now: Duration, tick: Tick, newest: i64, room: &RoomTime) {
        let before = self.reported.replace((tick, newest));
        if newest < i64::from(self.known_from.0) {
            return;
        }
        // Of inputs that came together the first was delayed most. Without a report of the tick
        // before it is unknown in which tick they came.
        let Some((_, known)) = before.filter(|(reported, _)| reported.next() == tick) else {
            return;
        };
        if newest <= known {
            return;
        }
        let known = known.max(i64::from(self.known_from.0) - 1);
        let first = self.sent.iter().find(|(sent, _)| i64::from(sent.0) > known);
        let Some(&(first, sent)) = first.filter(|(sent, _)| i64::from(sent.0) <= newest) else {
            return;
        };
        let late = f64::from(tick.0) - sent;
        let bound = self.late.jitter_bound(now, room.spike_ticks());
        self.late.push(now, late);
        let is_spike = bound.is_none_or(|bound| late > bound + room.spike_ticks());
        let is_settled = self.settled_at.is_some_and(|settled_at| now > settled_at);
        if first < tick && !is_spike && is_settled {
            self.add_safety(now);
        }
    }

    /// An input was late without a spike or a jump: the lead is too small.
    fn add_safety(&mut self, now: Duration) {
        if self.safety_margin > 0.0 && now < self.safety_margin_at + SAFETY_STEP_EVERY {
            return;
        }
        self.safety_margin = (self.safety_margin(now) + SAFETY_STEP_TICKS).min(SAFETY_MAX_TICKS);
        self.safety_margin_at = now;
    }

    fn safety_margin(&self, now: Duration) -> f64 {
        let age = now.saturating_sub(self.safety_margin_at).as_secs_f64();
        self.safety_margin * libm::exp2(-age / SAFETY_HALF_LIFE.as_secs_f64())
    }

    fn slew(&mut self, now: Duration, position: f64, speed: f64, room: &RoomTime) {
        self.anchor = Some(Anchor { position, time: room.ticks(now), speed });
    }

    fn jump(&mut self, now: Duration, to: f64, room: &RoomTime) {
        self.slew(now, to, 1.0, room);
        let next = Tick(to.max(0.0) as u32).next();
        // Inputs that were sent for later ticks stay valid: the clock waits for the room to get
        // there.
        self.next = self.next.max(next);
    }

    /// The tick whose input is due at `now`; rising by one but where the clock jumped.
    pub(super) fn next_due(&mut self, now: Duration, room: &RoomTime) -> Option<Tick> {
        let position = self.position(now, room)?;
        let behind = position - f64::from(self.next.0);
        if behind < 0.0 {
            return None;
        }
        if behind > room.ticks_in(PAUSE_MAX).max(PAUSE_MIN_TICKS) {
            self.next = Tick(position as u32);
        } else {
            self.timer_late.push(now, behind);
        }
        let due = self.next;
        self.next = due.next();
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((due, room.ticks(now)));
        Some(due)
    }

    /// When the next input is due; `None` while the clock waits for a snapshot.
    pub(super) fn due_at(&self, room: &RoomTime) -> Option<Duration> {
        let Anchor { position, time, speed } = self.anchor?;
        let ticks = (f64::from(self.next.0) - position).max(0.0) / speed;
        // Rather a microsecond late than early: an early call would find nothing due.
        let due = room.when(time + ticks) + Duration::from_micros(1);
        (due <= self.stops_at(room)?).then_some(due)
    }

    /// When the clock stops unless another snapshot arrives: what the room does then is unknown.
    fn stops_at(&self, room: &RoomTime) -> Option<Duration> {
        let (newest, arrived) = room.newest()?;
        let most = room.at_least_ticks(PREDICT_SILENT_MAX, SILENT_MIN_TICKS);
        // Nor may it run so far ahead that a room which stood still would refuse its inputs.
        let ahead = self.anchor?.position - f64::from(newest.0);
        let most_ahead = f64::from(room.tick_rate().input_ahead_max_ticks());
        let accepted = (most_ahead - 1.0 - ahead).max(SILENT_MIN_TICKS);
        Some(room.when(room.ticks(arrived) + accepted).min(arrived + most))
    }

    /// How far `now` lies between the last input's tick and the next one's, from 0 to 1.
    pub(super) fn fraction(&self, now: Duration, room: &RoomTime) -> f64 {
        let position = self.position(now, room);
        position.map_or(0.0, |position| (position - f64::from(self.next.0) + 1.0).clamp(0.0, 1.0))
    }
}
