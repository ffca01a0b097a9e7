//! When a room's ticks are due, and how fast it makes them: arithmetic, without a clock.
//!
//! The shard asks a [`Pacer`] when to wake and how many steps to take, and reports how long they
//! took. Deadlines lie on a grid, so they never drift. What a room does that is late is its
//! [`OverloadPolicy`]: it makes up a few ticks and gives up the others, so that a stall never
//! becomes a burst; when its steps are more than their thread can take it makes fewer of them, and
//! as many as before as soon as that can be.

use std::time::Duration;

use tickwire_game::tick::TickRate;

use grid::DeadlineGrid;
use policy::Judge;
pub use policy::OverloadPolicy;
pub use time_scale::TimeScale;
use work::Work;

mod grid;
mod policy;
mod time_scale;
mod work;

/// What is to be done now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Steps to take in this pass, 0 when none is due.
    pub steps: u32,
    /// Ticks that were due too but are given up.
    pub skipped: u64,
    /// How long ago the first of them was due.
    pub late: Duration,
    /// How much time is given up.
    pub lost: Duration,
    /// The new time scale, if it changes: that of all ticks from the first step on.
    pub time_scale: Option<TimeScale>,
}

/// The deadlines of one room.
#[derive(Clone, Debug)]
pub struct Pacer {
    grid: DeadlineGrid,
    judge: Judge,
    origin: Duration,
    /// All time that was given up.
    lost: Duration,
    /// Steps that the last pass was to take.
    making: u32,
    work: Work,
    /// By that, kept because all rooms of a thread are asked for it at each pass of any.
    load: f64,
}

impl Pacer {
    /// Deadlines at `origin`, and from there on one every tick.
    #[must_use]
    pub fn new(origin: Duration, rate: TickRate, policy: OverloadPolicy) -> Pacer {
        Pacer {
            grid: DeadlineGrid::new(origin, rate),
            judge: Judge::new(policy),
            origin,
            lost: Duration::ZERO,
            making: 0,
            work: Work::default(),
            load: 0.0,
        }
    }

    /// Begins anew, as if nothing had been: at the full tick rate, its first deadline the next one
    /// of its grid that is not before `now`.
    pub fn begin_anew(&mut self, now: Duration) {
        let rate = self.grid.rate;
        let period = rate.period().as_nanos();
        let since = now.saturating_sub(self.origin).as_nanos().div_ceil(period) * period;
        let origin = self.origin + Duration::from_nanos(since as u64);
        *self = Pacer::new(origin, rate, self.judge.policy());
    }

    /// When the next step is due.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.grid.deadline()
    }

    /// How fast it makes its ticks.
    #[must_use]
    pub fn time_scale(&self) -> TimeScale {
        self.grid.scale
    }

    /// How long a tick takes at its time scale.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.grid.period()
    }

    /// Whether it is below the full tick rate.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.grid.scale < TimeScale::FULL
    }

    /// Whether nobody is to come in now: it is slowed, and its thread has nothing to spare.
    #[must_use]
    pub fn refuses_joins(&self) -> bool {
        self.judge.refuses_joins()
    }

    /// What part of its thread's time the room would take at the full tick rate, by its last passes; more
    /// than 1 is too much.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// Takes what is due at `now`, where `load` is the [`Pacer::load`] of all rooms of its thread
    /// together; the next deadline lies after `now`.
    pub fn take(&mut self, now: Duration, load: f64) -> Due {
        let Some(late) = now.checked_sub(self.deadline()) else { return Due::default() };
        let time_scale = self.judge.judge(now, load, &self.grid);
        let mut due = Due { late, time_scale, ..Due::default() };
        match time_scale {
            // A debt that could not be paid at the old scale is not paid at the new one: it is
            // given up, and the grid begins now.
            Some(slower) if slower < self.time_scale() => {
                due.skipped = self.grid.reached(now) - 1;
                due.lost = late;
                self.grid.begin(now, slower);
            }
            Some(faster) => self.grid.begin(self.deadline(), faster),
            None => {}
        }
        let reached = self.grid.reached(now);
        let steps = reached.min(u64::from(self.judge.steps_max(self.time_scale())));
        due.steps = steps as u32;
        due.skipped += reached - steps;
        // From deadline to deadline, so that the active time never goes back.
        due.lost += self.grid.pass(reached, steps);
        self.lost += due.lost;
        self.making = due.steps;
        due
    }

    /// The pass for what was taken last ended at `now` and took the thread so long.
    pub fn pass_ended(&mut self, now: Duration, took: Duration) {
        if self.making > 0 {
            self.work.add(now, took, self.making);
            self.load = self.work.per_step() * f64::from(self.grid.rate.hz());
        }
    }

    /// The time that the room was active by `now`: without what it gave up, and never beyond its
    /// next deadline. It never goes back.
    ///
    /// Deadlines of clients are judged by it, so that a stall of the server is never taken for
    /// their silence.
    #[must_use]
    pub fn active_time(&self, now: Duration) -> Duration {
        now.min(self.deadline()).saturating_sub(self.origin).saturating_sub(self.lost)
    }
}

#[cfg(test)]
mod tests;
