//! [`RoomTime`]: which tick it is in the room, as far as snapshots tell.
//!
//! A line through the arrivals of snapshots, in ticks: it runs at the room's rate and pace and
//! notes how late each snapshot was against it. Both clocks go by it. When the server has lost
//! time it is set back by as much, so that what is known of the line between stays true.

use std::collections::VecDeque;
use std::time::Duration;

use super::lateness::Lateness;
use super::tuning::{
    ARRIVALS_MAX, BACKLOG, EARLIEST_WINDOW, LOST_TIME, LOST_TIME_AFTER, LOST_TIME_MIN_TICKS,
    LOST_TIME_SNAPSHOTS, SNAPSHOT_JITTER_COVERED, SNAPSHOT_JITTER_WINDOW, SPIKE, SPIKE_MIN_TICKS,
};
use crate::limits::PACE_FULL_PERMILLE;
use crate::tick::{Tick, TickRate};

/// Which tick it is in the room.
#[derive(Clone, Debug)]
pub(super) struct RoomTime {
    tick_rate: TickRate,
    /// Ticks a second at the room's pace now.
    per_second: f64,
    /// Thousandths of the full pace.
    permille: u16,
    /// A moment, and the tick with a fraction that it stands for.
    at: Duration,
    ticks: f64,
    /// How late the snapshots of the last moments were, by when they came.
    recent: VecDeque<(Duration, f64)>,
    /// How late each was, over a longer time; and how late the oldest tick was that each told of.
    late: Lateness,
    gaps: Lateness,
    /// Since when all that comes is far too late, how many came, and by how much the best was.
    suspicion: Option<Suspicion>,
    newest: Option<(Tick, Duration)>,
    backlog_until: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Suspicion {
    since: Duration,
    /// How late the soonest were before.
    soonest: f64,
    snapshots: u32,
    least_ticks: f64,
}

impl RoomTime {
    pub(super) fn new(tick_rate: TickRate) -> RoomTime {
        RoomTime {
            tick_rate,
            per_second: f64::from(tick_rate.hz()),
            permille: PACE_FULL_PERMILLE,
            at: Duration::ZERO,
            ticks: 0.0,
            recent: VecDeque::new(),
            late: Lateness::new(SNAPSHOT_JITTER_WINDOW, SNAPSHOT_JITTER_COVERED),
            gaps: Lateness::new(SNAPSHOT_JITTER_WINDOW, SNAPSHOT_JITTER_COVERED),
            suspicion: None,
            newest: None,
            backlog_until: Duration::ZERO,
        }
    }

    /// The time in ticks; only differences between two mean anything.
    pub(super) fn ticks(&self, now: Duration) -> f64 {
        let passed = now.as_secs_f64() - self.at.as_secs_f64();
        self.ticks + passed * self.per_second
    }

    /// When the time is that, in ticks; the start of all time at the earliest.
    pub(super) fn when(&self, ticks: f64) -> Duration {
        let seconds = self.at.as_secs_f64() + (ticks - self.ticks) / self.per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// How many ticks the room makes in that much time now.
    pub(super) fn ticks_in(&self, time: Duration) -> f64 {
        time.as_secs_f64() * self.per_second
    }

    /// By how many ticks the room would be further after `time` if it made them at its full pace.
    pub(super) fn ticks_held_back_in(&self, time: Duration) -> f64 {
        time.as_secs_f64() * (f64::from(self.tick_rate.hz()) - self.per_second)
    }

    /// How long a silence is no accident any more: `time`, and a few ticks however slow they are.
    pub(super) fn at_least_ticks(&self, time: Duration, ticks: f64) -> Duration {
        time.max(Duration::from_secs_f64(ticks / self.per_second))
    }

    /// What is later than most by so many ticks is a spike.
    pub(super) fn spike_ticks(&self) -> f64 {
        self.ticks_in(SPIKE).max(SPIKE_MIN_TICKS)
    }

    /// The room makes so many thousandths of its rate from now on.
    pub(super) fn set_pace(&mut self, now: Duration, permille: u16) {
        self.ticks = self.ticks(now);
        self.at = now;
        self.permille = permille.clamp(1, PACE_FULL_PERMILLE);
        self.per_second = f64::from(self.tick_rate.hz()) * f64::from(self.permille)
            / f64::from(PACE_FULL_PERMILLE);
    }

    /// How fast the room makes its ticks, up to 1.0.
    pub(super) fn time_scale(&self) -> f64 {
        f64::from(self.permille) / f64::from(PACE_FULL_PERMILLE)
    }

    /// The client was asleep until now: what it finds has waited for it.
    pub(super) fn wake(&mut self, now: Duration) {
        self.backlog_until = now + BACKLOG;
    }

    /// The snapshot of `tick` has come. Whether it shows that the server has lost time.
    pub(super) fn heard(&mut self, now: Duration, tick: Tick) -> bool {
        let Some((last, _)) = self.newest.replace((tick, now)) else {
            self.at = now;
            self.ticks = f64::from(tick.0);
            self.recent.push_back((now, 0.0));
            return false;
        };
        let late = self.ticks(now) - f64::from(tick.0);
        let has_lost_time = self.suspect(now, late);
        let late = self.ticks(now) - f64::from(tick.0);
        let over = |(at, _): &(Duration, f64)| *at + EARLIEST_WINDOW < now;
        while self.recent.len() >= ARRIVALS_MAX || self.recent.front().is_some_and(over) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, late));
        if now >= self.backlog_until {
            // Of several that came together, or of one that stands for several, the oldest tick
            // has waited longest.
            self.late.push(now, late);
            self.gaps.push(now, self.ticks(now) - f64::from(last.next().0));
        }
        has_lost_time
    }

    /// Whether what comes is so late that it is not known yet whether that will last.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.suspicion.is_some()
    }

    fn suspect(&mut self, now: Duration, late: f64) -> bool {
        let soonest = self.suspicion.map_or_else(|| self.soonest(), |known| known.soonest);
        let beyond = late - soonest;
        if beyond <= self.ticks_in(LOST_TIME).max(LOST_TIME_MIN_TICKS) {
            self.suspicion = None;
            return false;
        }
        let least_ticks = f64::INFINITY;
        let first = Suspicion { since: now, soonest, snapshots: 0, least_ticks };
        let suspicion = self.suspicion.get_or_insert(first);
        suspicion.snapshots += 1;
        if beyond < suspicion.least_ticks {
            suspicion.least_ticks = beyond;
        }
        let Suspicion { since, snapshots, least_ticks, .. } = *suspicion;
        let has_lost_time = now >= since + LOST_TIME_AFTER && snapshots >= LOST_TIME_SNAPSHOTS;
        if has_lost_time {
            self.ticks -= least_ticks;
            // They were late by that and no more.
            for (at, late) in &mut self.recent {
                if *at >= since {
                    *late -= least_ticks;
                }
            }
            self.suspicion = None;
        }
        has_lost_time
    }

    /// The least lateness of the last moments: that of a snapshot which nothing held up.
    pub(super) fn soonest(&self) -> f64 {
        self.recent.iter().map(|(_, late)| *late).min_by(f64::total_cmp).unwrap_or(0.0)
    }

    /// By how many ticks more than the soonest others are late, in what usually is the worst case.
    pub(super) fn unevenness(&mut self, now: Duration) -> f64 {
        let worst = self.late.usual_worst(now, self.spike_ticks());
        worst.map_or(0.0, |worst| (worst - self.soonest()).max(0.0))
    }

    /// The same of each tick's first news, which may be a later snapshot than its own.
    pub(super) fn spread(&mut self, now: Duration) -> f64 {
        let worst = self.gaps.usual_worst(now, self.spike_ticks());
        worst.map_or(0.0, |worst| (worst - self.soonest()).max(0.0))
    }

    /// Ticks a second at the full pace.
    pub(super) fn tick_rate(&self) -> TickRate {
        self.tick_rate
    }

    /// Whether nothing has come for longer than `most`.
    pub(super) fn is_silent(&self, now: Duration, most: Duration) -> bool {
        self.newest.is_some_and(|(_, heard)| now.saturating_sub(heard) > most)
    }

    /// The newest snapshot's tick, and when it came.
    pub(super) fn newest(&self) -> Option<(Tick, Duration)> {
        self.newest
    }
}
