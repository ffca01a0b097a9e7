//! [`RenderClock`]: which moment of the room is drawn.
//!
//! It runs behind the newest snapshot by just so much that the next one is there when it is
//! needed, which depends on how evenly they come. It slews, never runs backwards, and without news
//! stops a little beyond the newest.

use std::time::Duration;

use super::room_time::RoomTime;
use super::tuning::{
    RENDER_BRAKE_MAX, RENDER_DELAY_MAX, RENDER_JUMP, RENDER_JUMP_MIN_TICKS, RENDER_SLEW_BY,
    RENDER_SLEW_MAX, RENDER_SPARE, RENDER_SPARE_TICKS,
};
use crate::limits::EXTRAPOLATION_MAX;

/// Which moment of the room is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct RenderClock {
    /// The moment last drawn, and when in room time.
    drawn: Option<(f64, f64)>,
}

impl RenderClock {
    /// The moment to draw, in ticks with a fraction; it never runs backwards but for a jump.
    pub(super) fn position(&mut self, now: Duration, room: &mut RoomTime) -> Option<f64> {
        let (newest, _) = room.newest()?;
        let time = room.ticks(now);
        let least = 1.0 + RENDER_SPARE_TICKS + room.ticks_in(RENDER_SPARE);
        let most = room.ticks_in(RENDER_DELAY_MAX).max(least);
        let delay = (least + room.news_jitter(now)).clamp(least, most);
        // It gets beyond the newest only while no news comes.
        let target = (time - room.earliest() - delay).min(f64::from(newest.0));
        let position = match self.drawn {
            None => target,
            Some((last, at)) => {
                // Room time is set back when the server has lost some.
                let passed = (time - at).max(0.0);
                let error = target - (last + passed);
                if error.abs() > room.ticks_in(RENDER_JUMP).max(RENDER_JUMP_MIN_TICKS) {
                    target
                } else {
                    let is_beyond = last > f64::from(newest.0);
                    let slower =
                        if is_beyond { RENDER_BRAKE_MAX } else { RENDER_SLEW_MAX } * passed;
                    last + passed
                        + (error * RENDER_SLEW_BY).clamp(-slower, RENDER_SLEW_MAX * passed)
                }
            }
        };
        // Nothing beyond is drawn in any case, and so the clock goes on from here when news comes.
        let furthest = f64::from(newest.0) + room.ticks_in(EXTRAPOLATION_MAX).max(1.0);
        let position = position.min(furthest.max(self.last()));
        self.drawn = Some((position, time));
        Some(position)
    }

    /// The moment last drawn.
    pub(super) fn last(&self) -> f64 {
        self.drawn.map_or(f64::NEG_INFINITY, |(position, _)| position)
    }
}
