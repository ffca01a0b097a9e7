//! Every number that the clocks are tuned by, with its unit and the reason for its value.
//!
//! A time beside a count of ticks (`SPIKE`, `SPIKE_MIN_TICKS`) means the longer of the two: the time
//! fits usual tick rates, the ticks those at which it would be less than a snapshot or two. What the
//! values have to achieve together is held by the tests of this folder and by `tests/tests/feel.rs`
//! (no late inputs, no needless lead, at 20 to 128 ticks per second); docs/netcode.md explains the
//! method, docs/decisions/0012 why it is this one.

use std::time::Duration;

use crate::limits::{INPUT_AHEAD_MAX, TICK_RATE_MAX_HZ};

// Silence.

/// A gap between two calls of the client means that it was asleep (a background tab, a closed
/// laptop), and one between two messages that the server stood still. Above what timers and a busy
/// main thread cause, well below the second at which browsers call hidden pages.
pub(super) const GAP: Duration = Duration::from_millis(250);
/// At low tick rates three snapshots must be missing, in ticks: one or two may just be late.
pub(super) const GAP_MIN_TICKS: f64 = 3.0;

// Room time: which tick it is in the room.

/// The earliest snapshot of this window is taken as not delayed. Long enough to hold one such at 20
/// ticks per second and heavy jitter, short enough that a longer path is noticed within two seconds.
pub(super) const EARLIEST_WINDOW: Duration = Duration::from_millis(1_500);
/// Most arrivals kept for that: the window holds 360 at the highest tick rate.
pub(super) const ARRIVALS_MAX: usize = 512;
/// Window for the jitter of snapshots. Shorter than that for inputs: a snapshot that comes too late
/// costs one extrapolated frame, an input that comes too late is lost.
pub(super) const SNAPSHOT_JITTER_WINDOW: Duration = Duration::from_secs(5);
/// Part of the snapshots that should be there when they are drawn, 0 to 1. The last 3 % would cost
/// everybody more delay than they are worth, since what is missing is extrapolated.
pub(super) const SNAPSHOT_JITTER_COVERED: f64 = 0.97;
/// A delay this far beyond [`SPIKE_QUANTILE`] is a stall, not jitter: mobile networks stall for some
/// 300 ms, and jitter rarely spans 100 ms.
pub(super) const SPIKE: Duration = Duration::from_millis(100);
/// The same at low tick rates, in ticks: a snapshot more or less is no stall.
pub(super) const SPIKE_MIN_TICKS: f64 = 2.0;
/// When every snapshot is later than the earliest ones by this, the server may have lost time. As
/// large as [`SPIKE`]: what is less is handled as jitter.
pub(super) const LOST_TIME: Duration = Duration::from_millis(100);
/// The same at low tick rates, in ticks.
pub(super) const LOST_TIME_MIN_TICKS: f64 = 3.0;
/// It is certain only after this long, since a stall that has just ended looks the same for a moment:
/// its backlog arrives within a few milliseconds.
pub(super) const LOST_TIME_AFTER: Duration = Duration::from_millis(150);
/// It is certain only after this many snapshots, which counts at low tick rates.
pub(super) const LOST_TIME_SNAPSHOTS: u32 = 4;
/// For this long after waking, messages are a backlog and are left out of the jitter. A client reads
/// what has been waiting in the first few calls.
pub(super) const BACKLOG: Duration = Duration::from_millis(50);

// The jitter estimator.

/// Most samples of a window: the longest, 10 s, at 100 samples per second. At higher tick rates the
/// window is shorter, which is enough samples all the same.
pub(super) const SAMPLES_MAX: usize = 1_024;
/// Delays up to this quantile (0 to 1) are usual. Stalls of 300 ms every five seconds are 6 to 8 %
/// of the time and are left out; when spikes are one in ten, they are how the path is.
pub(super) const SPIKE_QUANTILE: f64 = 0.9;
/// All samples of at least this long must be earlier than all before, for the path to have become
/// shorter. Shorter than a second, so that a lead that is no longer needed is given up soon.
pub(super) const SHORTER_FOR: Duration = Duration::from_millis(500);
/// At least this many samples must be, which counts at low tick rates.
pub(super) const SHORTER_SAMPLES: usize = 8;
/// They must be earlier by this, in ticks: less would be gained back by slewing in any case.
pub(super) const SHORTER_BY_TICKS: f64 = 0.25;
/// How often the bound is computed: it changes slowly, and costs a pass over the samples.
pub(super) const BOUND_EVERY: Duration = Duration::from_millis(100);

// The round trip.

/// Time between a player's pings. Not a multiple of any tick's length, so that pings reach the server
/// at changing moments of its tick and the least of several has hardly waited for one.
pub(super) const PING_EVERY: Duration = Duration::from_millis(457);
/// The same for the first pings, so that the round trip is known within a second of joining.
pub(super) const PING_EVERY_AT_START: Duration = Duration::from_millis(113);
/// How many pings follow each other that fast: 0.9 s of them, until [`SETTLING`] is nearly over.
pub(super) const PINGS_AT_START: u32 = 8;
/// How many round trips are kept, and how many pings may be unanswered: at [`PING_EVERY`] the last
/// seven seconds.
pub(super) const PINGS_MAX: usize = 16;
/// After this many pings in a row that took longer than all before, the path has become longer: 1.4 s
/// of them, more than a stall holds up.
pub(super) const LONGER_PINGS: usize = 3;
/// They must have taken longer by this: more than waiting for a tick and moderate jitter add.
pub(super) const LONGER_BY: Duration = Duration::from_millis(50);

// The input clock: which tick the next input is for.

/// Lead before the round trip is known, in ticks: right for a path of 100 ms at 30 ticks per second,
/// and replaced as soon as the first ping is answered.
pub(super) const LEAD_AT_START_TICKS: f64 = 3.0;
/// Spare lead beyond the bound of the jitter, in ticks: the worst case is never among the samples.
/// Small, for each part of a tick is latency that all players see.
pub(super) const LEAD_SPARE_TICKS: f64 = 0.05;
/// Spare lead in time, added to that: timers and the server's reading of its sockets are exact to
/// about a millisecond.
pub(super) const LEAD_SPARE: Duration = Duration::from_millis(2);
/// How much faster or slower than the room the clock may run: 3 % is not felt.
pub(super) const INPUT_SLEW_MAX: f64 = 0.03;
/// The clock slews so that an error would be gone after this, within [`INPUT_SLEW_MAX`]. Shorter
/// would follow the noise of single samples.
pub(super) const INPUT_SLEW_OVER: Duration = Duration::from_secs(1);
/// An error up to this is left alone, in ticks: the estimate is no better.
pub(super) const INPUT_ERROR_MIN_TICKS: f64 = 0.03;
/// A larger error is jumped over, since slewing would take more than three seconds.
pub(super) const INPUT_JUMP: Duration = Duration::from_millis(90);
/// The same at low tick rates, in ticks.
pub(super) const INPUT_JUMP_MIN_TICKS: f64 = 2.0;
/// The same while the clock settles, in ticks: nothing is at stake yet, so it jumps early.
pub(super) const INPUT_JUMP_SETTLING_TICKS: f64 = 0.25;
/// How long the clock settles, from the first known round trip: the pings at the start take 0.9 s.
pub(super) const SETTLING: Duration = Duration::from_secs(1);
/// After this many snapshots in a row that each report a late input, the clock settles again. One or
/// two are a spike.
pub(super) const LATE_IN_A_ROW_MAX: u32 = 3;
/// Window for the jitter of inputs and of the client's own timers: all that came in this time would
/// have been early enough.
pub(super) const INPUT_JITTER_WINDOW: Duration = Duration::from_secs(10);
/// Part of the inputs, spikes left out, that should be in time: all, since a late one is lost.
pub(super) const INPUT_JITTER_COVERED: f64 = 1.0;
/// Part of the client's own delays to cover, 0 to 1: a single slow frame in fifty need not make every
/// input earlier.
pub(super) const TIMER_JITTER_COVERED: f64 = 0.98;
/// How far the safety margin grows with an input that was late though nothing stalled, in ticks. A
/// few of these steps cover what the estimate misses; one costs 8 ms at 30 ticks per second.
pub(super) const SAFETY_STEP_TICKS: f64 = 0.25;
/// It grows at most this often: what is late within a second has one cause.
pub(super) const SAFETY_STEP_EVERY: Duration = Duration::from_secs(1);
/// Largest safety margin, in ticks: more would hide a wrong estimate instead of covering its error.
pub(super) const SAFETY_MAX_TICKS: f64 = 2.0;
/// Time in which the safety margin halves: a path that was bad once is forgotten in minutes.
pub(super) const SAFETY_HALF_LIFE: Duration = Duration::from_secs(30);
/// When the client itself paused for longer, the missed ticks get no inputs: they would all be late.
/// As long as [`GAP`].
pub(super) const PAUSE_MAX: Duration = GAP;
/// The same at low tick rates, in ticks.
pub(super) const PAUSE_MIN_TICKS: f64 = 2.0;
/// The clock goes on without news for `PREDICT_SILENT_MAX`, and at low tick rates for this many
/// ticks: two lost snapshots are not the end.
pub(super) const SILENT_MIN_TICKS: f64 = 5.0;
/// For how many inputs the time of sending is kept: those of [`INPUT_AHEAD_MAX`] at the highest rate.
pub(super) const SENT_MAX: usize = 512;

// The render clock: which moment is drawn.

/// Spare delay beyond the bound of the jitter, in ticks. More than that of inputs: what is drawn may
/// be a little older, but should not stutter.
pub(super) const RENDER_SPARE_TICKS: f64 = 0.1;
/// Spare delay in time, added to that.
pub(super) const RENDER_SPARE: Duration = Duration::from_millis(1);
/// Longest delay. On a path that would need more, extrapolating is better than a picture still older.
pub(super) const RENDER_DELAY_MAX: Duration = Duration::from_millis(500);
/// How much faster or slower than the room the clock may run. More than for inputs: others that move
/// 10 % faster are not noticed, and nothing that the player does depends on it.
pub(super) const RENDER_SLEW_MAX: f64 = 0.1;
/// How much slower beyond the newest snapshot, where everything drawn is a guess.
pub(super) const RENDER_BRAKE_MAX: f64 = 0.5;
/// Part of its error that the clock makes up with each frame drawn, within that: nine tenths of a
/// small one are gone after a third of a second, at 60 frames per second.
pub(super) const RENDER_SLEW_BY: f64 = 0.1;
/// A larger error is jumped over: slewing would take five seconds.
pub(super) const RENDER_JUMP: Duration = Duration::from_millis(500);
/// The same at low tick rates, in ticks.
pub(super) const RENDER_JUMP_MIN_TICKS: f64 = 8.0;

// They must agree with each other; a wrong edit does not compile.
const _: () = {
    let hz = TICK_RATE_MAX_HZ as u128;
    assert!(SENT_MAX as u128 >= INPUT_AHEAD_MAX.as_millis() * hz / 1_000);
    assert!(ARRIVALS_MAX as u128 >= EARLIEST_WINDOW.as_millis() * hz / 1_000);
    assert!(PING_EVERY_AT_START.as_millis() * PINGS_AT_START as u128 <= SETTLING.as_millis());
    assert!(LONGER_PINGS < PINGS_MAX);
    assert!(RENDER_DELAY_MAX.as_millis() <= RENDER_JUMP.as_millis());
};
