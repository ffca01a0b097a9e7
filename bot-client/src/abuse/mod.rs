//! Abuse as a tool: clients that do what no client should, to see that nobody else is hurt by it.
//!
//! A run has so many abusers at a time and a time at which it ends. Each opens a connection,
//! plays its kind on it (`script`, then the families `inputs`, `garbage`, `opening`, `frames`,
//! `closing`) until the server ends it, and comes again, all together no more often than the ramp
//! says. Frames are written by hand, since a library would refuse to. Nothing here names a game;
//! `main` calls [`run`]. It is for servers of one's own.

mod attempt;
mod closing;
mod frame;
mod frames;
mod garbage;
mod hearing;
mod inputs;
mod kind;
mod opening;
mod report;
mod script;
mod speaker;

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tickwire_game::game::Game;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::connect::ConnectError;
use crate::options::{EventRate, Options, Target};
use crate::run::{SwarmError, interrupt, ticket};
use attempt::AttemptPlan;
pub use kind::AbuseKind;
pub use report::AbuseReport;
use speaker::Words;

/// How long it may take to find the server.
const FIND_MAX: Duration = Duration::from_secs(5);
/// How long after its time a run waits for abusers that are being ended.
const LAST_MAX: Duration = Duration::from_secs(10);

/// Abuses a server as `options` say, and reports what became of it.
///
/// # Errors
/// When the server could not be reached at all, or the machine failed.
pub fn run<G: Game>(kind: AbuseKind, options: &Options) -> Result<AbuseReport, SwarmError> {
    if options.bots == 0 {
        return Err(SwarmError::Nobody);
    }
    if options.url.is_secure {
        return Err(SwarmError::PlainOnly);
    }
    // What goes beyond what the machine grants is reported as not connected.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let ticket = ticket(options)?;
    let random = || RandomState::new().hash_one(std::process::id()) >> 32;
    let seed = options.seed.unwrap_or_else(random);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let abusers = LocalSet::new();
    abusers.block_on(&runtime, async {
        let address = find(&options.url)
            .await
            .map_err(|source| SwarmError::Unreachable { url: options.url.to_string(), source })?;
        let start = Instant::now();
        let plan = AttemptPlan {
            kind,
            address,
            words: Words::of::<G>(&options.url, options.room.as_deref(), ticket),
            seed,
            end: start + options.duration,
        };
        let report = AbuseReport {
            kind: kind.name(),
            url: options.url.to_string(),
            seed,
            abusers: options.bots,
            ..AbuseReport::default()
        };
        let run = Rc::new(AbuseRun {
            plan,
            arrivals: ConnectSchedule::new(options.ramp, start),
            report: RefCell::new(report),
        });
        let interrupted = run.clone().last(options.bots).await;
        let mut report = run.report.borrow().clone();
        report.close(start.elapsed(), interrupted);
        Ok(report)
    })
}

/// The address at which the server answers; nothing is said there.
async fn find(target: &Target) -> Result<SocketAddr, ConnectError> {
    let found = tokio::net::lookup_host((target.host.as_str(), target.port));
    let found = timeout(FIND_MAX, found).await.map_err(|_| ConnectError::Timeout)?;
    let mut last = ConnectError::NoAddress;
    for address in found.map_err(ConnectError::Lookup)? {
        match timeout(FIND_MAX, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(error)) => last = ConnectError::Tcp(error),
            Err(_) => last = ConnectError::Timeout,
        }
    }
    Err(last)
}

/// What the abusers of a run share.
struct AbuseRun {
    plan: AttemptPlan,
    arrivals: ConnectSchedule,
    report: RefCell<AbuseReport>,
}

impl AbuseRun {
    /// Lets them all loose until the end; says whether the user ended it.
    async fn last(self: Rc<AbuseRun>, abusers: u32) -> bool {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..abusers {
            all.spawn_local(self.clone().abuse());
        }
        let end = self.plan.end + LAST_MAX;
        tokio::select! {
            () = interrupt() => true,
            () = sleep_until(end) => false,
            () = async { while all.join_next().await.is_some() {} } => false,
        }
    }

    /// One abuser, which comes again and again.
    async fn abuse(self: Rc<AbuseRun>) {
        while let Some(turn) = self.arrivals.next(self.plan.end).await {
            let attempt = self.plan.attempt(turn).await;
            self.report.borrow_mut().count(&attempt);
        }
    }
}

/// Who may connect when: not more often than the ramp says, and nothing is made up for.
struct ConnectSchedule {
    period: Duration,
    next: Cell<Instant>,
    count: Cell<usize>,
}

impl ConnectSchedule {
    fn new(rate: EventRate, start: Instant) -> ConnectSchedule {
        ConnectSchedule { period: rate.due(1), next: Cell::new(start), count: Cell::new(0) }
    }

    /// Waits for a turn and says which it is; `None` if there is none before the end.
    async fn next(&self, end: Instant) -> Option<usize> {
        let at = self.next.get().max(Instant::now());
        if at >= end {
            return None;
        }
        // A ramp may be slower than any clock can tell.
        self.next.set(at.checked_add(self.period).unwrap_or(end).min(end));
        let turn = self.count.get();
        self.count.set(turn + 1);
        sleep_until(at).await;
        Some(turn)
    }
}
