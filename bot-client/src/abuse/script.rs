//! Which family plays which kind, and how an abuser may end its part.

use std::io;

use super::speaker::Speaker;
use super::{AbuseKind, closing, frames, garbage, inputs, opening};

/// What becomes of the connection when all was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It waits for the server to end it.
    Stay,
    /// It was left by the abuser itself, which said so in whatever way.
    Leave,
    /// It is torn down by a reset.
    Reset,
}

/// Does what `kind` does, on a connection that is open. An error is that of a socket that takes no
/// more.
pub(super) async fn act(kind: AbuseKind, speaker: &mut Speaker<'_>) -> io::Result<Then> {
    match kind {
        AbuseKind::Flood => inputs::flood(speaker).await,
        AbuseKind::Speed => inputs::speed(speaker).await,
        AbuseKind::Stall => inputs::stall(speaker).await,
        AbuseKind::Garbage => garbage::messages(speaker).await,
        AbuseKind::GarbageHello => garbage::hello(speaker).await,
        AbuseKind::GarbageHttp => garbage::http(speaker).await,
        AbuseKind::Names => garbage::names(speaker).await,
        AbuseKind::Settings => garbage::settings(speaker).await,
        AbuseKind::Silent => Ok(Then::Stay),
        AbuseKind::HalfOpen => opening::half_open(speaker).await,
        AbuseKind::Slowloris => opening::slowloris(speaker).await,
        AbuseKind::SlowHello => opening::slow_hello(speaker).await,
        AbuseKind::Churn => closing::churn(speaker).await,
        AbuseKind::NoClose => closing::no_close(speaker).await,
        AbuseKind::Oversize => frames::oversize(speaker).await,
        AbuseKind::Endless => frames::endless(speaker).await,
        AbuseKind::EmptyFrames => frames::empty_frames(speaker).await,
        AbuseKind::Pings => frames::pings(speaker).await,
        AbuseKind::Pongs => frames::pongs(speaker).await,
        AbuseKind::EmptyMessages => frames::empty_messages(speaker).await,
        AbuseKind::BadFrames => frames::bad(speaker).await,
    }
}
