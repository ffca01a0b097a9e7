//! [`Watch`]: what the bots of one thread share: the time, what they are to do, and the figures.
//!
//! It decides nothing. [`mod@crate::run`] makes one for each thread, `swarm` owns it, and each bot is
//! handed it when it is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::{Duration, Instant};

use tickwire_game::game::Skills;
use tickwire_game::link::LinkSettings;
use tickwire_game::protocol::Role;

use crate::arrivals::Arrivals;
use crate::figures::Figures;
use crate::options::ByteRate;
use crate::ticket::TicketText;

/// Which of the clients one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// From 0, over both roles.
    pub(crate) number: u32,
    pub(crate) role: Role,
    pub(crate) is_slow: bool,
}

/// How far a run has come, for other threads to read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) welcomed: AtomicU32,
    pub(crate) gone: AtomicU32,
    pub(crate) snapshots: AtomicU64,
}

/// What the bots of one thread share.
pub(crate) struct Watch {
    /// The moment from which all times count.
    pub(crate) start: Instant,
    pub(crate) warm_up: Duration,
    pub(crate) seed: u64,
    pub(crate) skills: Skills,
    pub(crate) room: Option<String>,
    /// What the first of them chooses of its settings.
    pub(crate) room_settings: Option<String>,
    /// What lets them in, where guests are not.
    pub(crate) ticket: Option<TicketText>,
    pub(crate) slow_line: ByteRate,
    /// The path to simulate for each client, if any.
    pub(crate) link: Option<LinkSettings>,
    /// How long it is on average from one cut of a client to the next, if there are any.
    pub(crate) cut_every: Option<Duration>,
    pub(crate) arrivals: Arc<Arrivals>,
    /// Whether all clients are there, so that what is seen counts.
    pub(crate) measuring: bool,
    /// Whether it is over: nobody joins any more, and who comes back does so to leave.
    pub(crate) is_ending: bool,
    pub(crate) figures: Figures,
    pub(crate) progress: Arc<Progress>,
}

impl Watch {
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }
}
