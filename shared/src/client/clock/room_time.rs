//! [`RoomTime`]: which tick it is in the room, estimated from the arrivals of snapshots.
//!
//! A clock in ticks that runs at the room's tick rate and time scale, and against which the delay
//! of each snapshot is measured. Input clock and render clock both read it. When the server has
//! lost time it is set back by as much, so that the delays measured before stay comparable.

use std::collections::VecDeque;
use std::time::Duration;

use super::jitter::JitterEstimator;
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
    /// Ticks per second at the room's time scale now.
    per_second: f64,
    /// 1.0 is the full tick rate.
    time_scale: f64,
    /// A moment, and the tick with a fraction that it stands for.
    at: Duration,
    ticks: f64,
    /// When recent snapshots arrived, and their delays in ticks.
    recent: VecDeque<(Duration, f64)>,
    /// The delay of each snapshot, over a longer window.
    late: JitterEstimator,
    /// The delay of the oldest tick that each snapshot brought news of.
    news_late: JitterEstimator,
    /// While every snapshot is far too late: the server may have lost time.
    suspicion: Option<Suspicion>,
    newest: Option<(Tick, Duration)>,
    backlog_until: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Suspicion {
    since: Duration,
    /// The delay of the earliest snapshots before.
    earliest: f64,
    snapshots: u32,
    /// By how much the earliest of them is later than those before.
    least_ticks: f64,
}

impl RoomTime {
    pub(super) fn new(tick_rate: TickRate) -> RoomTime {
        RoomTime {
            tick_rate,
            per_second: f64::from(tick_rate.hz()),
            time_scale: 1.0,
            at: Duration::ZERO,
            ticks: 0.0,
            recent: VecDeque::new(),
            late: JitterEstimator::new(SNAPSHOT_JITTER_WINDOW, SNAPSHOT_JITTER_COVERED),
            news_late: JitterEstimator::new(SNAPSHOT_JITTER_WINDOW, SNAPSHOT_JITTER_COVERED),
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

    /// When room time will be `ticks`; not before the zero of the clock.
    pub(super) fn when(&self, ticks: f64) -> Duration {
        let seconds = self.at.as_secs_f64() + (ticks - self.ticks) / self.per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// How many ticks the room makes in `time` at its time scale now.
    pub(super) fn ticks_in(&self, time: Duration) -> f64 {
        time.as_secs_f64() * self.per_second
    }

    /// By how many more ticks the room would advance in `time` at its full tick rate.
    pub(super) fn ticks_held_back_in(&self, time: Duration) -> f64 {
        time.as_secs_f64() * (f64::from(self.tick_rate.hz()) - self.per_second)
    }

    /// The longer of `time` and the time of `ticks` at the room's time scale now.
    pub(super) fn at_least_ticks(&self, time: Duration, ticks: f64) -> Duration {
        time.max(Duration::from_secs_f64(ticks / self.per_second))
    }

    /// Delays this far beyond the usual ones are spikes, in ticks.
    pub(super) fn spike_ticks(&self) -> f64 {
        self.ticks_in(SPIKE).max(SPIKE_MIN_TICKS)
    }

    /// The room runs at `permille` thousandths of its tick rate from now on.
    pub(super) fn set_time_scale(&mut self, now: Duration, permille: u16) {
        self.ticks = self.ticks(now);
        self.at = now;
        let permille = permille.clamp(1, PACE_FULL_PERMILLE);
        self.time_scale = f64::from(permille) / f64::from(PACE_FULL_PERMILLE);
        self.per_second =
            f64::from(self.tick_rate.hz()) * f64::from(permille) / f64::from(PACE_FULL_PERMILLE);
    }

    /// How fast the room makes its ticks, up to 1.0.
    pub(super) fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// The client was asleep until now: messages that wait for it are a backlog.
    pub(super) fn wake(&mut self, now: Duration) {
        self.backlog_until = now + BACKLOG;
    }

    /// The snapshot of `tick` has arrived. Returns whether it shows that the server has lost time.
    pub(super) fn arrived(&mut self, now: Duration, tick: Tick) -> bool {
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
            // Of snapshots that arrive together, and of one that stands for several, the oldest
            // tick has been delayed most.
            self.late.push(now, late);
            self.news_late.push(now, self.ticks(now) - f64::from(last.next().0));
        }
        has_lost_time
    }

    /// Whether snapshots are so late that either the server has lost time or a stall is going on:
    /// which, is not known yet.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.suspicion.is_some()
    }

    fn suspect(&mut self, now: Duration, late: f64) -> bool {
        let earliest = self.suspicion.map_or_else(|| self.earliest(), |known| known.earliest);
        let beyond = late - earliest;
        if beyond <= self.ticks_in(LOST_TIME).max(LOST_TIME_MIN_TICKS) {
            self.suspicion = None;
            return false;
        }
        let least_ticks = f64::INFINITY;
        let first = Suspicion { since: now, earliest, snapshots: 0, least_ticks };
        let suspicion = self.suspicion.get_or_insert(first);
        suspicion.snapshots += 1;
        if beyond < suspicion.least_ticks {
            suspicion.least_ticks = beyond;
        }
        let Suspicion { since, snapshots, least_ticks, .. } = *suspicion;
        let has_lost_time = now >= since + LOST_TIME_AFTER && snapshots >= LOST_TIME_SNAPSHOTS;
        if has_lost_time {
            self.ticks -= least_ticks;
            // Against the corrected clock they were late by that much less.
            for (at, late) in &mut self.recent {
                if *at >= since {
                    *late -= least_ticks;
                }
            }
            self.suspicion = None;
        }
        has_lost_time
    }

    /// The least delay of recent snapshots: that of one which nothing held up.
    pub(super) fn earliest(&self) -> f64 {
        self.recent.iter().map(|(_, late)| *late).min_by(f64::total_cmp).unwrap_or(0.0)
    }

    /// The jitter of snapshots, in ticks: the bound of their delays less the least delay.
    pub(super) fn jitter(&mut self, now: Duration) -> f64 {
        let bound = self.late.jitter_bound(now, self.spike_ticks());
        bound.map_or(0.0, |bound| (bound - self.earliest()).max(0.0))
    }

    /// The jitter of each tick's first news, which may be a later snapshot than its own.
    pub(super) fn news_jitter(&mut self, now: Duration) -> f64 {
        let bound = self.news_late.jitter_bound(now, self.spike_ticks());
        bound.map_or(0.0, |bound| (bound - self.earliest()).max(0.0))
    }

    /// The room's full tick rate.
    pub(super) fn tick_rate(&self) -> TickRate {
        self.tick_rate
    }

    /// Whether no snapshot has arrived for longer than `most`.
    pub(super) fn is_silent(&self, now: Duration, most: Duration) -> bool {
        self.newest.is_some_and(|(_, arrived)| now.saturating_sub(arrived) > most)
    }

    /// The newest snapshot's tick, and when it arrived.
    pub(super) fn newest(&self) -> Option<(Tick, Duration)> {
        self.newest
    }
}
