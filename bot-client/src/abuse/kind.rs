//! The ways to be a nuisance, by the names that the command line and reports use.
//!
//! Owns names and their one line each; what a kind does stands with its family.

use std::fmt;

use clap::ValueEnum;

/// How an abuser abuses a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum AbuseKind {
    /// Valid inputs, as fast as the socket takes them
    Flood,
    /// Random binary messages after a good hello
    Garbage,
    /// Random bytes instead of a hello
    GarbageHello,
    /// Random bytes instead of HTTP
    GarbageHttp,
    /// Several inputs a tick, too far ahead, for ticks that are over; then silence and a burst
    Speed,
    /// Joins and reads nothing, but keeps sending inputs
    Stall,
    /// Joins, and then says and reads nothing more and never closes
    HalfOpen,
    /// A byte of an HTTP header now and then
    Slowloris,
    /// Upgrades, then a byte of a hello now and then
    SlowHello,
    /// Connects and says nothing
    Silent,
    /// Comes and vanishes as fast as the ramp says: with a reset, a bare end of stream, a goodbye,
    /// in the middle of the hello, in the middle of the handshake
    Churn,
    /// Announces messages of up to 2^63 bytes; then really sends big ones
    Oversize,
    /// A message of fragments that never ends
    Endless,
    /// Empty continuation frames, as fast as the socket takes them
    EmptyFrames,
    /// Pings, as fast as the socket takes them
    Pings,
    /// Pongs that nobody asked for, as fast as the socket takes them
    Pongs,
    /// Messages without a byte, as fast as the socket takes them
    EmptyMessages,
    /// Provokes a close, ignores it and keeps sending
    NoClose,
    /// Frames that RFC 6455 forbids, another with each connection
    BadFrames,
    /// Hostile names: control characters, direction overrides, towers of marks, HTML
    Names,
    /// Rooms of its own with settings that no room has: no JSON, towers of it, what is not there
    Settings,
}

impl AbuseKind {
    /// All of them, in the order of the help.
    #[must_use]
    pub fn all() -> &'static [AbuseKind] {
        AbuseKind::value_variants()
    }

    /// As the command line calls it.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value().expect("no kind is hidden");
        value.get_name().to_owned()
    }
}

impl fmt::Display for AbuseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
