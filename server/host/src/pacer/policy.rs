//! [`OverloadPolicy`]: what a room that cannot keep up is to do, and [`Judge`]: which time scale that is
//! now.
//!
//! The pacer asks at each pass. A room is slowed when its thread has more to do than it can, or is
//! kept from running again and again; it is back at its full tick rate as soon as that may do. Whether
//! it does is seen only by trying, and each try that fails makes the next one wait longer.

use std::time::Duration;

use tickwire_game::limits::PACE_FULL_PERMILLE;

use super::grid::DeadlineGrid;
use super::time_scale::TimeScale;
use super::work::Work;
use crate::limits::{
    CATCH_UP_STEPS_DEFAULT, CATCH_UP_STEPS_MAX, MIN_TIME_SCALE_DEFAULT_PERMILLE,
    MIN_TIME_SCALE_LOWEST_PERMILLE,
};

/// What a room does when it cannot keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverloadPolicy {
    /// How many ticks it makes up in one pass: 1 to [`CATCH_UP_STEPS_MAX`].
    pub catch_up_steps: u32,
    /// The lowest time scale that it may have: [`MIN_TIME_SCALE_LOWEST_PERMILLE`] at least. What is too much even
    /// so is given up.
    pub min_time_scale: TimeScale,
    /// Whether nobody comes in while it is slowed and its thread has nothing to spare.
    pub refuse_joins: bool,
}

impl OverloadPolicy {
    /// The nearest one that is allowed.
    fn within_limits(self) -> OverloadPolicy {
        OverloadPolicy {
            catch_up_steps: self.catch_up_steps.clamp(1, CATCH_UP_STEPS_MAX),
            min_time_scale: self
                .min_time_scale
                .max(TimeScale::of_permille(MIN_TIME_SCALE_LOWEST_PERMILLE)),
            ..self
        }
    }
}

impl Default for OverloadPolicy {
    fn default() -> OverloadPolicy {
        OverloadPolicy {
            catch_up_steps: CATCH_UP_STEPS_DEFAULT,
            min_time_scale: TimeScale::of_permille(MIN_TIME_SCALE_DEFAULT_PERMILLE),
            refuse_joins: true,
        }
    }
}

/// A room is slowed when its thread would be busy for more than this part of the time...
const LOAD_MAX: f64 = 0.9;
/// ... and has been for so long, while the room was behind by a tick and more...
const OVERLOADED_FOR: Duration = Duration::from_millis(100);
/// ... so far that it is for this part: what is left makes up for what goes wrong.
const LOAD_SLOWED: f64 = 0.87;
/// The full tick rate is tried when the thread would be busy for less: what was borne before the room
/// was slowed is borne again.
const LOAD_TRIED: f64 = 1.0;
/// Time scales are multiples of so many thousandths, so that a little noise is no change.
const QUANTUM_PERMILLE: u16 = 25;
/// Short of the full tick rate, it is made faster only if that is by one part in so many...
const FASTER_PARTS: u16 = 5;
/// ... and has been for so long, and so many ticks: as far as the load looks back, and further.
const EASED_FOR: Duration = Duration::from_millis(500);
const EASED_TICKS: u32 = Work::PASSES_MIN as u32;
/// A room is stalled when it is so late twice within this time that ticks are given up, though its
/// thread had little to do: something keeps it from running, and slower ticks ask less of it.
const STALLED_WITHIN: Duration = Duration::from_secs(1);
/// For how long a scale is kept, and no stall seen, before a faster scale is tried...
const KEPT: Duration = Duration::from_millis(500);
/// ... and so many times as long when the room was slowed again...
const KEPT_LONGER: u32 = 4;
/// ... within this time after it was made faster...
const RELAPSED_WITHIN: Duration = Duration::from_secs(10);
/// ... but no longer than this.
const KEPT_MAX: Duration = Duration::from_secs(30);

/// Where a room is with its time scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At the full one.
    Full,
    /// Below it.
    Slowed {
        /// At the same scale since then.
        since: Duration,
        /// Since when a faster one would do that is not the full one.
        eased: Option<Duration>,
    },
}

/// How long a scale is kept before a faster scale is tried.
#[derive(Clone, Copy, Debug)]
struct Patience {
    kept: Duration,
    /// When the last try began, unless the room was slowed since.
    tried: Option<Duration>,
}

impl Patience {
    fn slowed(&mut self, now: Duration) {
        let Some(tried) = self.tried.take() else { return };
        let relapsed = now.saturating_sub(tried) < RELAPSED_WITHIN;
        self.kept = if relapsed { (self.kept * KEPT_LONGER).min(KEPT_MAX) } else { KEPT };
    }
}

/// Which time scale a room should have.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    policy: OverloadPolicy,
    phase: Phase,
    patience: Patience,
    /// Since when its thread is too busy and it is behind at each pass.
    overloaded: Option<Duration>,
    /// When it was last so late, though its thread had little to do, that at the full tick rate it would
    /// have given up ticks.
    stalled: Option<Duration>,
    /// The load of all rooms of its thread at the last pass.
    load: f64,
}

impl Judge {
    /// By what it judges.
    pub(super) fn policy(&self) -> OverloadPolicy {
        self.policy
    }

    pub(super) fn new(policy: OverloadPolicy) -> Judge {
        Judge {
            policy: policy.within_limits(),
            phase: Phase::Full,
            patience: Patience { kept: KEPT, tried: None },
            overloaded: None,
            stalled: None,
            load: 0.0,
        }
    }

    /// Whether nobody is to come in: that would be more work for a thread that has too much.
    pub(super) fn refuses_joins(&self) -> bool {
        self.policy.refuse_joins && self.phase != Phase::Full && self.load > LOAD_MAX
    }

    /// The new time scale, if it changes: the next deadline of `grid` has been
    /// reached, and `load` is that of all rooms of the thread.
    pub(super) fn judge(
        &mut self,
        now: Duration,
        load: f64,
        grid: &DeadlineGrid,
    ) -> Option<TimeScale> {
        self.load = load;
        let late = now.saturating_sub(grid.deadline());
        let (reached, catch_up) = (grid.reached(now), u64::from(self.policy.catch_up_steps));
        let full_period = grid.rate.period();
        if load_at(grid.scale, load) > LOAD_MAX && late >= grid.period() {
            let since = *self.overloaded.get_or_insert(now);
            // A hiccup is made up for. It is too much if that does not help, or is not enough.
            let lasts = reached > catch_up || now.saturating_sub(since) >= OVERLOADED_FOR;
            return lasts.then(|| self.slower(now, affordable(load), grid.scale)).flatten();
        }
        self.overloaded = None;
        if late >= full_period * self.policy.catch_up_steps {
            let before = self.stalled.replace(now);
            let again = before.is_some_and(|at| now.saturating_sub(at) < STALLED_WITHIN);
            // So that as long a stall is made up for; but a single one tells little.
            let fitting =
                (catch_up as f64 / reached as f64).max(0.5) * f64::from(grid.scale.permille());
            return again.then(|| self.slower(now, fitting, grid.scale)).flatten();
        }
        // Later than that, a faster grid would have it behind at once.
        if late < full_period { self.faster(now, load, grid) } else { None }
    }

    /// How many steps a pass may take. When there is no slower scale and they take longer than they
    /// last even so, to make up for ticks would only hold up what clients are sent.
    pub(super) fn steps_max(&self, scale: TimeScale) -> u32 {
        let is_hopeless = self.phase != Phase::Full
            && scale <= self.policy.min_time_scale
            && load_at(scale, self.load) > 1.0;
        if is_hopeless { 1 } else { self.policy.catch_up_steps }
    }

    fn slower(&mut self, now: Duration, wanted: f64, scale: TimeScale) -> Option<TimeScale> {
        let slower = rounded(wanted).max(self.policy.min_time_scale);
        if slower >= scale {
            return None;
        }
        self.patience.slowed(now);
        self.overloaded = None;
        self.phase = Phase::Slowed { since: now, eased: None };
        Some(slower)
    }

    fn faster(&mut self, now: Duration, load: f64, grid: &DeadlineGrid) -> Option<TimeScale> {
        let Phase::Slowed { since, eased } = &mut self.phase else { return None };
        let quiet_since = self.stalled.map_or(*since, |stalled| stalled.max(*since));
        if now.saturating_sub(quiet_since) < self.patience.kept {
            return None;
        }
        if load < LOAD_TRIED {
            self.phase = Phase::Full;
            self.patience.tried = Some(now);
            return Some(TimeScale::FULL);
        }
        let (scale, faster) = (grid.scale.permille(), rounded(affordable(load)));
        if faster.permille() < scale + scale / FASTER_PARTS {
            *eased = None;
            return None;
        }
        // While the load falls it allows one scale after the other. The last of them is waited for.
        let eased = *eased.get_or_insert(now);
        if now.saturating_sub(eased) < EASED_FOR.max(grid.period() * EASED_TICKS) {
            return None;
        }
        self.phase = Phase::Slowed { since: now, eased: None };
        self.patience.tried = Some(now);
        Some(faster)
    }
}

/// What part of its time a thread is busy whose rooms all have this scale, which is near enough
/// when it is that of one of them.
fn load_at(scale: TimeScale, load: f64) -> f64 {
    load * scale.as_f64()
}

/// The scale at which the thread has some air, in thousandths.
fn affordable(load: f64) -> f64 {
    f64::from(PACE_FULL_PERMILLE) * LOAD_SLOWED / load
}

fn rounded(permille: f64) -> TimeScale {
    // A cast from float saturates.
    let permille = (permille as u16).clamp(QUANTUM_PERMILLE, PACE_FULL_PERMILLE);
    TimeScale::of_permille(permille / QUANTUM_PERMILLE * QUANTUM_PERMILLE)
}
