//! When a room's ticks are due, and how fast it makes them: arithmetic, without a clock.
//!
//! The shard asks a [`Pacer`] how long to sleep and how many steps to take, and tells it how long
//! they took. Deadlines lie on a grid, so they never drift. What a room does that is late is its
//! [`OverloadPolicy`]: it makes up a few ticks and gives up the others, so that a stall never
//! becomes a burst; when its steps are more than their thread can take it makes fewer of them, and
//! as many as before as soon as that can be.

use std::time::Duration;

use shared::limits::{CATCH_UP_STEPS_DEFAULT, PACE_FULL_PERMILLE, SLOWEST_DEFAULT_PERMILLE};
use shared::tick::TickRate;

use grid::Grid;
use work::Work;

mod grid;
mod work;

/// What a room does when it cannot keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverloadPolicy {
    /// How many ticks it makes up in one pass; at least one.
    pub catch_up_steps: u32,
    /// Its slowest pace, in thousandths of its tick rate; at least one. What is too much even so is
    /// given up.
    pub slowest_permille: u16,
    /// Whether nobody comes in while it is slowed.
    pub refuse_joins: bool,
}

impl Default for OverloadPolicy {
    fn default() -> OverloadPolicy {
        OverloadPolicy {
            catch_up_steps: CATCH_UP_STEPS_DEFAULT,
            slowest_permille: SLOWEST_DEFAULT_PERMILLE,
            refuse_joins: true,
        }
    }
}

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
    /// The new pace in thousandths, if it changes: that of all ticks from the first step on.
    pub pace: Option<u16>,
}

/// A room is slowed when its thread would be busy for more than this part of the time...
const LOAD_MAX: f64 = 0.9;
/// ... and has been for so long, while the room was behind by a tick and more...
const OVERLOADED_FOR: Duration = Duration::from_millis(100);
/// ... so far that it is for this part: what is left makes up for what goes wrong.
const LOAD_SLOWED: f64 = 0.87;
/// It is made faster when even then the thread would be busy for less.
const LOAD_FASTER: f64 = 0.85;
/// Paces are multiples of so many thousandths, so that a little noise is no change.
const PACE_QUANTUM_PERMILLE: u16 = 25;
/// Short of the full pace, it is made faster only if that is by one part in so many.
const FASTER_PARTS: u16 = 5;
/// For how long a pace is kept at least before a faster one.
const FASTER_AFTER: Duration = Duration::from_millis(100);
/// Ticks given up twice within this time, though the thread had little to do: something keeps it
/// from running, and a slower room asks less of it.
const STARVED_WITHIN: Duration = Duration::from_secs(1);
/// For how long none must have been given up so before a faster pace is tried.
const STARVED_FOR: Duration = Duration::from_millis(750);

/// The deadlines of one room.
#[derive(Clone, Debug)]
pub struct Pacer {
    grid: Grid,
    policy: OverloadPolicy,
    origin: Duration,
    /// All time that was given up.
    lost: Duration,
    /// Steps that the last pass was to take.
    making: u32,
    work: Work,
    /// By that, kept because all rooms of a thread are asked for it at each pass of any.
    load: f64,
    /// When the pace last changed.
    changed: Duration,
    /// Since when the thread is too busy and the room behind at each pass.
    overloaded_since: Option<Duration>,
    /// Since when a faster pace that is not the full one would do.
    faster_since: Option<Duration>,
    /// When ticks were last given up though the thread had little to do.
    starved: Option<Duration>,
}

impl Pacer {
    /// Deadlines at `origin`, and from there on one every tick.
    #[must_use]
    pub fn new(origin: Duration, rate: TickRate, policy: OverloadPolicy) -> Pacer {
        Pacer {
            grid: Grid::new(origin, rate),
            policy,
            origin,
            lost: Duration::ZERO,
            making: 0,
            work: Work::default(),
            load: 0.0,
            changed: origin,
            overloaded_since: None,
            faster_since: None,
            starved: None,
        }
    }

    /// When the next step is due.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.grid.deadline()
    }

    /// Its pace, in thousandths of the tick rate.
    #[must_use]
    pub fn permille(&self) -> u16 {
        self.grid.permille
    }

    /// How long a tick takes at its pace.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.grid.period()
    }

    /// Whether it is below the full pace.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.grid.permille < PACE_FULL_PERMILLE
    }

    /// Whether nobody is to come in now.
    #[must_use]
    pub fn refuses_joins(&self) -> bool {
        self.policy.refuse_joins && self.is_slowed()
    }

    /// What part of its thread's time the room would take at the full pace, by its last passes; more
    /// than 1 is too much.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// Takes what is due at `now`, where `load` is the [`Pacer::load`] of all rooms of its thread
    /// together; the next deadline lies after `now`.
    pub fn take(&mut self, now: Duration, load: f64) -> Due {
        let Some(late) = now.checked_sub(self.deadline()) else { return Due::default() };
        let pace = self.judge(now, late, load);
        let mut due = Due { late, pace, ..Due::default() };
        match pace {
            // A debt that could not be paid at the old pace is not paid at the new one: it is
            // given up, and the grid begins now.
            Some(slower) if slower < self.permille() => {
                due.skipped = self.grid.reached(now) - 1;
                due.lost = late;
                self.grid.begin(now, slower);
            }
            Some(faster) => self.grid.begin(self.deadline(), faster),
            None => {}
        }
        if pace.is_some() {
            self.changed = now;
            self.overloaded_since = None;
            self.faster_since = None;
        }
        let reached = self.grid.reached(now);
        let steps = reached.min(u64::from(self.steps_max(load)));
        due.steps = steps as u32;
        due.skipped += reached - steps;
        // From deadline to deadline, so that what was lived through never goes back.
        due.lost += self.grid.pass(reached, steps);
        self.lost += due.lost;
        self.making = due.steps;
        due
    }

    /// The pass for what was taken last ended at `now` and took the thread so long.
    pub fn worked(&mut self, now: Duration, took: Duration) {
        if self.making > 0 {
            self.work.add(now, took, self.making);
            self.load = self.work.per_step() * f64::from(self.grid.rate.hz());
        }
    }

    /// The time that the room has lived through by `now`: without what it gave up, and never
    /// beyond its next deadline. It never goes back.
    ///
    /// Deadlines of clients are judged by it, so that a stall of the server is never taken for
    /// their silence.
    #[must_use]
    pub fn lived(&self, now: Duration) -> Duration {
        now.min(self.deadline()).saturating_sub(self.origin).saturating_sub(self.lost)
    }

    /// The pace that is to be from now on, if another.
    fn judge(&mut self, now: Duration, late: Duration, load: f64) -> Option<u16> {
        let load_now = load * f64::from(self.grid.permille) / f64::from(PACE_FULL_PERMILLE);
        let gives_up = self.grid.reached(now) > u64::from(self.policy.catch_up_steps.max(1));
        let is_behind = late >= self.period();
        let is_overloaded = is_behind && load_now > LOAD_MAX;
        if is_overloaded {
            let since = *self.overloaded_since.get_or_insert(now);
            // A hiccup is made up for. It is too much if that does not help, or is not enough.
            let lasts = gives_up || now.saturating_sub(since) >= OVERLOADED_FOR;
            let pace = self.affordable(load);
            return (lasts && pace < self.grid.permille).then_some(pace);
        }
        self.overloaded_since = None;
        let starved = self.starved.map(|at| now.saturating_sub(at));
        if gives_up && load_now <= LOAD_MAX {
            self.starved = Some(now);
            let pace = self.allowed(f64::from(self.grid.permille) * 0.75);
            let again = starved.is_some_and(|ago| ago < STARVED_WITHIN);
            return (again && pace < self.grid.permille).then_some(pace);
        }
        // Late by less than a tick of the full pace, or a faster grid would have it behind at once.
        let may_be_faster = self.is_slowed()
            && late < self.grid.rate.period()
            && now.saturating_sub(self.changed) >= FASTER_AFTER
            && starved.is_none_or(|ago| ago >= STARVED_FOR);
        may_be_faster.then(|| self.faster(now, load)).flatten()
    }

    /// The faster pace that the load allows, if it is worth a change.
    fn faster(&mut self, now: Duration, load: f64) -> Option<u16> {
        if load < LOAD_FASTER {
            return Some(PACE_FULL_PERMILLE);
        }
        let pace = self.affordable(load);
        if pace < self.grid.permille + self.grid.permille / FASTER_PARTS {
            self.faster_since = None;
            return None;
        }
        // What has just become cheaper may be cheap enough for the full pace: that takes as long to
        // show as the load looks back.
        let since = *self.faster_since.get_or_insert(now);
        (now.saturating_sub(since) >= Work::WINDOW).then_some(pace)
    }

    /// The pace at which the thread has some air.
    fn affordable(&self, load: f64) -> u16 {
        self.allowed(f64::from(PACE_FULL_PERMILLE) * LOAD_SLOWED / load)
    }

    fn allowed(&self, permille: f64) -> u16 {
        // A cast from float saturates.
        let pace = permille as u16 / PACE_QUANTUM_PERMILLE * PACE_QUANTUM_PERMILLE;
        pace.max(self.policy.slowest_permille).clamp(1, PACE_FULL_PERMILLE)
    }

    /// How many steps a pass may take. When there is no slower pace and they take longer than they
    /// last even so, to make up for ticks would only hold up what clients are told.
    fn steps_max(&self, load: f64) -> u32 {
        let load_now = load * f64::from(self.grid.permille) / f64::from(PACE_FULL_PERMILLE);
        let is_hopeless = self.is_slowed()
            && self.grid.permille <= self.policy.slowest_permille
            && load_now > 1.0;
        if is_hopeless { 1 } else { self.policy.catch_up_steps.max(1) }
    }
}

#[cfg(test)]
mod tests;
