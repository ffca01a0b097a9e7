//! What a bot notes down: what its snapshots, its clock and its path say of how it fares.
//!
//! It only looks, and writes into the figures of its thread. What is measured is noted after the
//! client's warm-up alone, but all that the client gives out is taken out at any time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tickwire_game::client::Late;
use tickwire_game::game::Game;
use tickwire_game::protocol::ClientMessage;
use tickwire_game::tick::Tick;

use super::Bot;
use crate::arrivals::RoomArrivals;
use crate::cuts;
use crate::watch::Watch;

/// How often a bot notes its round trip.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where a bot stood when its measuring began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    at: Duration,
    tick: Tick,
    bytes_in: u64,
    bytes_out: u64,
}

impl<G: Game> Bot<G> {
    pub(super) fn note_snapshot(&mut self, now: Duration, watch: &mut Watch) {
        watch.figures.snapshots += 1;
        watch.progress.snapshots.fetch_add(1, Ordering::Relaxed);
        self.note_return(now, watch);
        self.plan_cut(now, watch);
        self.note_own(watch);
        let last = self.last_snapshot_at.replace(now);
        let applied = self.client.take_applied();
        let age = self.age(now);
        let warm = self.joined_at.is_some_and(|joined| now >= joined + watch.warm_up);
        if self.measured_from.is_none() {
            if watch.measuring && warm {
                self.measured_from = Some(self.mark(now));
            }
            return;
        }
        if self.lasting.seat.is_slow {
            let slow = &mut watch.figures.slow;
            slow.snapshots += 1;
            last.into_iter().for_each(|last| slow.snapshot_intervals.record(now - last));
            age.into_iter().for_each(|age| slow.snapshot_ages.record(age));
            return;
        }
        if let Some(last) = last {
            watch.figures.snapshot_intervals.record(now - last);
        }
        // Spectators see their room late by intention.
        if let Some(age) = age.filter(|_| self.client.player().is_some()) {
            watch.figures.snapshot_ages.record(age);
        }
        watch.figures.snapshot_sizes.record(self.client.counters().snapshot_bytes);
        if let Some(applied) = applied {
            watch.figures.input_latencies.record(applied.latency);
        }
    }

    /// Notes that it is back, if it was on its way.
    pub(super) fn note_return(&mut self, now: Duration, watch: &mut Watch) {
        // One that was left open is closed by this.
        let Some(resumption) = self.resumption.take() else { return };
        watch.figures.resumed += 1;
        if self.client.player().is_some() {
            watch.figures.resume_times.record(now.saturating_sub(resumption.since()));
        }
    }

    fn plan_cut(&mut self, now: Duration, watch: &mut Watch) {
        if let Some(mean) = watch.cut_every.filter(|_| watch.measuring && self.cut_at.is_none()) {
            self.cut_at = Some(now + cuts::interval(mean, &mut self.lasting.cut_dice));
        }
    }

    /// Notes what the newest snapshot said of its own player. It must be asked of every snapshot.
    fn note_own(&mut self, watch: &mut Watch) {
        let counts = self.counts();
        while let Some(correction) = self.client.take_correction() {
            if counts {
                watch.figures.corrections.record(correction.units);
            }
        }
        while let Some(late) = self.client.take_late() {
            let held_up = self.is_held_up(late);
            if counts && held_up {
                watch.figures.stalled_inputs += 1;
            } else if counts {
                watch.figures.late_inputs += 1;
            }
        }
        self.client.tick().into_iter().for_each(|tick| self.pauses.forget(tick));
        let margin = self.client.margin_ticks().filter(|_| counts);
        if let (Some(margin), Some(rate)) = (margin, self.client.tick_rate()) {
            watch.figures.input_margins.record(margin, rate);
        }
    }

    /// Whether what it does now is measured.
    fn counts(&self) -> bool {
        self.measured_from.is_some() && !self.lasting.seat.is_slow
    }

    /// Whether an input was late for no fault of the server or the client: its path stood still
    /// on purpose when it was sent, or this program did when it was due.
    fn is_held_up(&self, late: Late) -> bool {
        let stalled = |at| self.path.as_ref().is_some_and(|path| path.up.is_stalled_at(at));
        self.pauses.cover(late.tick) || late.sent_at.is_some_and(stalled)
    }

    /// How long ago another of this program's clients had the newest snapshot's tick. It must be
    /// asked of every snapshot.
    fn age(&self, now: Duration) -> Option<Duration> {
        let (arrivals, tick) = (self.arrivals.as_ref()?, self.client.tick()?);
        let oldest = || Some(self.client.tick_rate()?.period() * RoomArrivals::ticks());
        arrivals.age(tick, now).or_else(oldest)
    }

    fn mark(&self, at: Duration) -> Mark {
        let wire = self.socket.get_ref();
        Mark {
            at,
            tick: self.client.tick().unwrap_or_default(),
            bytes_in: wire.bytes_in(),
            bytes_out: wire.bytes_out(),
        }
    }

    /// Notes how late [`Bot::act`] is called.
    pub(crate) fn note_lateness(&mut self, watch: &mut Watch) {
        let late = self.pauses.take_lateness();
        if self.counts() {
            watch.figures.own_lateness.record(late);
        }
    }

    /// Notes that the bot is called, for whatever reason. Must be called before the messages that
    /// have come meanwhile set the client's clock: after that nothing is overdue.
    pub(crate) fn note_call(&mut self, watch: &Watch) {
        if let (Some(due), Some(rate)) = (self.acts_at(), self.client.tick_rate()) {
            self.pauses.called(due, watch.now(), rate);
        }
    }

    /// Notes for which tick it sends an input, if it does.
    pub(super) fn note_sent(&mut self, message: &[u8]) {
        if let Ok(ClientMessage::Input(input)) = ClientMessage::decode(message) {
            self.pauses.sent(input.tick);
        }
    }

    /// Notes whether its picture of now had to be guessed. It must be asked at every tick.
    pub(super) fn note_picture(&mut self, now: Duration, watch: &mut Watch) {
        let guessed = self.client.is_extrapolating(now);
        if let Some(guessed) = guessed.filter(|_| self.counts()) {
            watch.figures.pictures += 1;
            watch.figures.pictures_guessed += u64::from(guessed);
        }
    }

    pub(super) fn look(&mut self, watch: &mut Watch) {
        while self.client.next_notice().is_some() {}
        if self.lasting.seat.is_slow {
            return;
        }
        if let (Some(_), Some(rtt)) = (self.measured_from, self.client.round_trip()) {
            watch.figures.round_trips.record(rtt);
        }
    }

    pub(super) fn close_measure(&mut self, watch: &mut Watch) {
        let Some(from) = self.measured_from.take() else { return };
        let now = watch.now();
        let to = self.mark(now);
        let figures = &mut watch.figures;
        if self.lasting.seat.is_slow {
            figures.slow.bytes_in += to.bytes_in - from.bytes_in;
            figures.slow.client_time += to.at - from.at;
            return;
        }
        // A server that fell silent would else look like one that was never late.
        if let (Some(last), Some(rate)) = (self.last_snapshot_at, self.client.tick_rate())
            && now - last > 2 * rate.period()
        {
            figures.snapshot_intervals.record(now - last);
        }
        if self.client.player().is_some() {
            figures.player_ticks += u64::from(to.tick.0.saturating_sub(from.tick.0));
        }
        figures.bytes_in += to.bytes_in - from.bytes_in;
        figures.bytes_out += to.bytes_out - from.bytes_out;
        figures.client_time += to.at - from.at;
    }
}
