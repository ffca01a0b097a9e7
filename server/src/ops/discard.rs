//! [`discard`]: drops what holds worlds, where no room is there any more to end because of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::error;

/// Drops what may hold worlds of a game, whose code runs for it: a panic in that is logged and no more.
pub(crate) fn discard<T>(holds_worlds: T) {
    // What is left by a panic is not used any more.
    if catch_unwind(AssertUnwindSafe(|| drop(holds_worlds))).is_err() {
        error!("a world was not dropped in order: a panic in it");
    }
}
