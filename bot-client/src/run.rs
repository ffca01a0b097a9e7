//! A run from its first socket to its report.
//!
//! Owns the order of things: threads, ramp, stay, goodbye. It never touches a playing socket.
//! `main` and the tests call it.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tickwire_game::game::Game;
use tickwire_game::protocol::Role;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::arrivals::Arrivals;
use crate::connect::{ConnectError, Door, OpenSocket, ramp};
use crate::figures::Figures;
use crate::options::Options;
use crate::reconnect::reconnect;
use crate::report::{Report, Setting};
use crate::swarm::{Order, OrderSender, SocketRequest, SwarmThread};
use crate::ticket::TicketText;
use crate::watch::{Progress, Seat, Watch};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// Neither bots nor spectators.
    #[error("nobody to send: --bots and --spectators are both 0")]
    Nobody,
    /// All would have left before.
    #[error("--cut-all comes too late: it must be less than --duration")]
    CutTooLate,
    /// Abusers write their bytes by hand, and no TLS.
    #[error("--abuse speaks plain ws:// alone: try it on a server without TLS")]
    PlainOnly,
    /// The very first socket could not be opened.
    #[error("cannot reach {url}")]
    Unreachable {
        /// The server.
        url: String,
        /// Why not.
        source: ConnectError,
    },
    /// There is no ticket where one should be.
    #[error("cannot read a ticket from {}", path.display())]
    Ticket {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The machine gives no thread, poll or timer.
    #[error("the system refuses")]
    System(#[from] io::Error),
    /// A bug of ours.
    #[error("a thread of bots panicked")]
    Panicked,
}

/// Sends the clients that `options` ask for, lets them stay, and reports what they saw.
///
/// # Errors
/// When there is nothing to report: the server could not be reached at all, or the machine
/// failed. What goes wrong with single clients is in the report.
pub fn run<G: Game>(options: &Options) -> Result<Report, SwarmError> {
    if options.clients() == 0 {
        return Err(SwarmError::Nobody);
    }
    if options.cut_all.is_some_and(|at| at >= options.duration) {
        return Err(SwarmError::CutTooLate);
    }
    // A socket each: the usual soft limit of 1,024 is soon reached. If it cannot be raised, the
    // clients that get no socket are reported.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // Of 32 bits, so that it is exact in every reader of JSON and short to type again.
    let ticket = ticket(options)?;
    let random = || RandomState::new().hash_one(std::process::id()) >> 32;
    let seed = options.seed.unwrap_or_else(random);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let progress = Arc::new(Progress::default());
    let (stay, mut figures) = runtime.block_on(async {
        let mut end = std::pin::pin!(interrupt());
        let found = tokio::select! {
            found = Door::find(&options.url, options.trust(), seat(options, 0)) => found,
            () = &mut end => Err(ConnectError::Tcp(io::ErrorKind::Interrupted.into())),
        };
        let (door, first) = found
            .map_err(|source| SwarmError::Unreachable { url: options.url.to_string(), source })?;
        let (conductor, requests) =
            Conductor::start::<G>(options, seed, ticket.as_ref(), &progress)?;
        let reconnecting = tokio::spawn(reconnect(door.clone(), requests, conductor.mailboxes()));
        let conducted = conductor.conduct(&door, first, end).await;
        // Some may be on their way back still: it goes on for as long as there are threads.
        reconnecting.await.map_err(|_| SwarmError::Panicked)?;
        Ok::<_, SwarmError>(conducted)
    })?;
    for thread in stay.threads {
        figures.merge(&thread.join().ok_or(SwarmError::Panicked)??);
    }
    let setting = Setting {
        url: options.url.to_string(),
        seed,
        bots: options.bots,
        slow: options.slow.min(options.bots),
        spectators: options.spectators,
        link: options.link(),
        duration: stay.duration,
        interrupted: stay.interrupted,
    };
    Ok(Report::new(setting, &figures))
}

/// Comes when the user wants it to end. Without signals, never.
pub(crate) async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What is left when all clients have been asked to leave.
struct Stay {
    threads: Vec<SwarmThread>,
    duration: Duration,
    interrupted: bool,
}

struct Conductor<'a> {
    options: &'a Options,
    progress: &'a Progress,
    threads: Vec<SwarmThread>,
    bar: ProgressBar,
    /// Clients whose sockets were opened.
    seated: u32,
    /// What went wrong before any thread could count it.
    figures: Figures,
}

impl<'a> Conductor<'a> {
    fn start<G: Game>(
        options: &'a Options,
        seed: u64,
        ticket: Option<&TicketText>,
        progress: &'a Arc<Progress>,
    ) -> io::Result<(Conductor<'a>, UnboundedReceiver<SocketRequest>)> {
        let start = Instant::now();
        let (sockets, requests) = unbounded_channel();
        let arrivals = Arc::<Arrivals>::default();
        let thread = |number: u16| {
            let watch = Watch {
                start,
                warm_up: options.warm_up.min(options.duration / 2),
                seed,
                skills: options.skill,
                room: options.room.clone(),
                room_settings: options.room_settings.clone(),
                ticket: ticket.cloned(),
                slow_line: options.slow_line,
                link: options.link(),
                cut_every: options.cut,
                arrivals: Arc::clone(&arrivals),
                measuring: false,
                is_ending: false,
                figures: Figures::default(),
                progress: progress.clone(),
            };
            SwarmThread::start::<G>(format!("bots-{number}"), watch, sockets.clone())
        };
        let conductor = Conductor {
            options,
            progress,
            threads: (0..options.threads.max(1)).map(thread).collect::<io::Result<_>>()?,
            bar: bar(options),
            seated: 0,
            figures: Figures::default(),
        };
        Ok((conductor, requests))
    }

    /// Finds the mailbox of the thread of a seat.
    fn mailboxes(&self) -> impl Fn(Seat) -> OrderSender + Send + 'static {
        let all: Vec<_> = self.threads.iter().map(|thread| thread.mailbox().clone()).collect();
        move |seat| all[thread_of(seat, all.len())].clone()
    }

    async fn conduct(
        mut self,
        door: &Door,
        first: OpenSocket,
        mut end: Pin<&mut impl Future<Output = ()>>,
    ) -> (Stay, Figures) {
        self.seat(seat(self.options, 0), Ok(first));
        let mut interrupted = tokio::select! {
            () = &mut end => true,
            () = self.ramp(door) => false,
        };
        let from = Instant::now();
        if !interrupted {
            self.order_all(|| Order::Measure);
            interrupted = tokio::select! {
                () = &mut end => true,
                () = self.stay(from) => false,
            };
        }
        let duration = from.elapsed();
        self.order_all(|| Order::Leave);
        self.bar.finish_and_clear();
        (Stay { threads: self.threads, duration, interrupted }, self.figures)
    }

    async fn ramp(&mut self, door: &Door) {
        let options = self.options;
        let seats = (1..options.clients()).map(|number| seat(options, number));
        ramp(door, options.ramp, seats, |seat, socket| {
            self.seat(seat, socket);
            let message = format!("{} of {} connected", self.seated, options.clients());
            self.bar.set_message(message);
        })
        .await;
    }

    /// Hands an open socket to its thread.
    fn seat(&mut self, seat: Seat, socket: Result<OpenSocket, ConnectError>) {
        match socket {
            Ok(socket) => {
                self.seated += 1;
                let thread = thread_of(seat, self.threads.len());
                self.threads[thread].mailbox().order(Order::Join(seat, socket));
            }
            Err(error) => self.figures.not_connected.count(&error.to_string()),
        }
    }

    fn order_all(&self, order: impl Fn() -> Order) {
        for thread in &self.threads {
            thread.mailbox().order(order());
        }
    }

    /// Waits until the time is over, or nobody is left.
    async fn stay(&self, from: Instant) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let end = tokio::time::sleep(self.options.duration);
        let mut end = std::pin::pin!(end);
        let mut is_cut = self.options.cut_all.is_none();
        let cut = tokio::time::sleep(self.options.cut_all.unwrap_or_default());
        let mut cut = std::pin::pin!(cut);
        let mut last = (from, self.progress.snapshots.load(Ordering::Relaxed));
        loop {
            tokio::select! {
                () = &mut end => return,
                () = &mut cut, if !is_cut => {
                    is_cut = true;
                    self.order_all(|| Order::CutAll);
                }
                _ = look.tick() => {}
            }
            let gone = self.progress.gone.load(Ordering::Relaxed);
            if gone >= self.seated || self.threads.iter().any(SwarmThread::has_ended) {
                return;
            }
            self.bar.set_position(from.elapsed().as_millis() as u64);
            if last.0.elapsed() >= Duration::from_secs(1) {
                let snapshots = self.progress.snapshots.load(Ordering::Relaxed);
                let rate = (snapshots - last.1) as f64 / last.0.elapsed().as_secs_f64();
                last = (Instant::now(), snapshots);
                let welcomed = self.progress.welcomed.load(Ordering::Relaxed);
                let here = welcomed.saturating_sub(gone);
                self.bar.set_message(format!("{here} here, {gone} gone, {rate:.0} snapshots/s"));
            }
        }
    }
}

/// The ticket that is named, if one is.
pub(crate) fn ticket(options: &Options) -> Result<Option<TicketText>, SwarmError> {
    let Some(path) = &options.ticket_file else { return Ok(options.ticket.clone()) };
    TicketText::read(path)
        .map(Some)
        .map_err(|source| SwarmError::Ticket { path: path.clone(), source })
}

/// The clients are dealt out to the threads in turn.
fn thread_of(seat: Seat, threads: usize) -> usize {
    seat.number as usize % threads
}

/// Bots first, so that there is something to see for those who only watch.
fn seat(options: &Options, number: u32) -> Seat {
    let role = if number < options.bots { Role::Player } else { Role::Spectator };
    let is_slow = number < options.bots && number >= options.bots.saturating_sub(options.slow);
    Seat { number, role, is_slow }
}

fn bar(options: &Options) -> ProgressBar {
    if options.json {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {msg}").expect("the template is one");
    let length = u64::try_from(options.duration.as_millis()).unwrap_or(u64::MAX);
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style)
}
