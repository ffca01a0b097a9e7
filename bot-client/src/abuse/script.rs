//! Which family plays which kind, and how an abuser may end its part.

use std::io;

use super::speaker::Speaker;
use super::{Kind, closing, frames, garbage, inputs, opening};

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
pub(super) async fn act(kind: Kind, speaker: &mut Speaker<'_>) -> io::Result<Then> {
    match kind {
        Kind::Flood => inputs::flood(speaker).await,
        Kind::Speed => inputs::speed(speaker).await,
        Kind::Stall => inputs::stall(speaker).await,
        Kind::Garbage => garbage::messages(speaker).await,
        Kind::GarbageHello => garbage::hello(speaker).await,
        Kind::GarbageHttp => garbage::http(speaker).await,
        Kind::Names => garbage::names(speaker).await,
        Kind::Settings => garbage::settings(speaker).await,
        Kind::Silent => Ok(Then::Stay),
        Kind::HalfOpen => opening::half_open(speaker).await,
        Kind::Slowloris => opening::slowloris(speaker).await,
        Kind::SlowHello => opening::slow_hello(speaker).await,
        Kind::Churn => closing::churn(speaker).await,
        Kind::NoClose => closing::no_close(speaker).await,
        Kind::Oversize => frames::oversize(speaker).await,
        Kind::Endless => frames::endless(speaker).await,
        Kind::EmptyFrames => frames::empty_frames(speaker).await,
        Kind::Pings => frames::pings(speaker).await,
        Kind::Pongs => frames::pongs(speaker).await,
        Kind::EmptyMessages => frames::empty_messages(speaker).await,
        Kind::BadFrames => frames::bad(speaker).await,
    }
}
