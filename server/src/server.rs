//! [`Server`]: all threads of a server, started and stopped together; and [`run`], which is a
//! server as a program.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shared::game::{Game, Setup};
use shared::limits::{
    ECHO_BYTES_PER_SECOND_MAX, ECHO_MESSAGE_MAX_BYTES, FAREWELL_MAX, OPENING_CONNECTIONS_MAX,
};
use shared::tick::TickRate;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::Config;
use crate::directory::Limits;
use crate::door::Door;
use crate::hosted::Bench;
use crate::lobby::Lobby;
use crate::memory::Watermark;
use crate::metrics::Metrics;
use crate::recorder::Recorder;
use crate::room::{Room, RoomError, RoomSettings};
use crate::session::House;
use crate::shard::Shard;
use crate::tickets::Tickets;
use crate::tls::{Renewal, Tls};

/// How long a stopping server waits for a thread beyond the time that it has for its farewells.
const THREAD_END_MAX: Duration = Duration::from_secs(1);

/// By how much the port of the admin listener is above the public one, when none is set.
const ADMIN_PORT_ABOVE: u16 = 10_000;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings make no sense.
    #[error("{0}")]
    Config(String),
    /// The game does not open a room with these settings.
    #[error("the game opens no room: {0}")]
    Room(#[from] RoomError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The operating system refuses a thread or a runtime.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl StartError {
    /// What the program exits with: 2 for what the user typed, 1 for all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Config(_) => 2,
            StartError::Room(_) | StartError::Listen { .. } | StartError::System(_) => 1,
        }
    }
}

/// By what those who come are known, and by what they know the server.
struct Keys {
    tickets: Tickets,
    tls: Option<(Tls, Option<Renewal>)>,
}

/// A running server. It stops when it is dropped.
pub struct Server<G: Game> {
    address: SocketAddr,
    admin_address: SocketAddr,
    is_secure: bool,
    closing: watch::Sender<bool>,
    door: Option<JoinHandle<()>>,
    shards: Vec<JoinHandle<()>>,
    recorder: Option<JoinHandle<()>>,
    game: PhantomData<fn() -> G>,
}

impl<G: Game> Server<G> {
    /// Starts a server; it listens when this returns.
    ///
    /// # Errors
    /// When the settings, the game or the operating system do not allow it.
    pub fn start(config: Config) -> Result<Server<G>, StartError> {
        config.check().map_err(StartError::Config)?;
        let mut rooms = rooms::<G>(&config)?;
        let keys = Keys {
            tickets: Tickets::load(&config.tickets).map_err(StartError::Config)?,
            tls: Tls::load(&config.tls, config.listen).map_err(StartError::Config)?,
        };
        // A game that breaks a limit shows it now, not when the first client comes.
        let trial = Room::<G>::new(rooms.clone())?;
        rooms.codec = Some(Arc::clone(trial.codec()));
        drop(trial);
        if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
            warn!(%error, "the limit on open files stays as it is");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listeners = {
            let _inside = runtime.enter();
            let public = listen(config.listen)
                .map_err(|error| StartError::Listen { address: config.listen, error })?;
            [public, listen_for_admin(&config)?]
        };
        let address = listeners[0].local_addr()?;
        if config.echo {
            warn!(
                message_max_bytes = ECHO_MESSAGE_MAX_BYTES,
                bytes_per_second_max = ECHO_BYTES_PER_SECOND_MAX,
                "echo: /ws says back what it hears, to any origin; nobody can play"
            );
        }
        info!(game = G::NAME, %address, seed = rooms.setup.seed, shards = config.shard_count(), "starts");
        spawn_threads(config, rooms, keys, runtime, listeners)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As what a browser asks for it: `https`, or `http` where everything goes in plain.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// Where its counters are.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Says goodbye to all and ends, within a few seconds at most.
    pub fn stop(self) {}
}

impl<G: Game> Drop for Server<G> {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        let deadline = Instant::now() + 2 * FAREWELL_MAX + THREAD_END_MAX;
        if self.door.take().is_some_and(|door| !joined_by(deadline, door)) {
            warn!("the door is stuck; it is left behind");
        }
        let deadline = Instant::now() + THREAD_END_MAX;
        for shard in self.shards.drain(..) {
            if !joined_by(deadline, shard) {
                warn!("a shard is stuck in a room; it is left behind");
            }
        }
        let deadline = Instant::now() + THREAD_END_MAX;
        if self.recorder.take().is_some_and(|recorder| !joined_by(deadline, recorder)) {
            warn!("the disk is slow; the end of the recording is left behind");
        }
    }
}

/// Whether a thread has ended in time. If it panicked, that was told when it happened.
fn joined_by(deadline: Instant, thread: JoinHandle<()>) -> bool {
    while !thread.is_finished() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    let _ = thread.join();
    true
}

fn spawn_threads<G: Game>(
    config: Config,
    rooms: RoomSettings<G::Settings>,
    keys: Keys,
    runtime: Runtime,
    listeners: [TcpListener; 2],
) -> Result<Server<G>, StartError> {
    let (address, admin_address) = (listeners[0].local_addr()?, listeners[1].local_addr()?);
    let memory = Arc::new(Watermark::new(config.door.memory_max));
    let metrics = Arc::<Metrics>::default();
    let (closing, closing_seen) = watch::channel(false);
    let (farewells, leaving) = tokio::sync::mpsc::unbounded_channel();
    let (commands, mailboxes): (Vec<_>, Vec<_>) =
        (0..config.shard_count()).map(|_| mpsc::channel()).unzip();
    let (recorder, recording) = recorder::<G>(&config)?;
    let limits = Limits {
        players_max: config.room_size,
        rooms_max: config.rooms_max as usize,
        connections_max: config.connections_max as usize,
        empty_max: Duration::from_secs(config.empty_room_seconds.into()),
    };
    let (lobby, requests) = Lobby::new(
        limits,
        commands.clone(),
        rooms,
        recorder,
        Arc::clone(&metrics),
        Arc::clone(&memory),
    );
    let mut shards = Vec::with_capacity(mailboxes.len());
    for (number, mailbox) in mailboxes.into_iter().enumerate() {
        let bench = Bench {
            message: Vec::new(),
            gathered: Vec::new(),
            farewells: farewells.clone(),
            metrics: Arc::clone(&metrics),
        };
        let shard = Shard::<G>::new(mailbox, requests.clone(), bench);
        let name = format!("shard-{number}");
        shards.push(thread::Builder::new().name(name).spawn(move || shard.run())?);
    }
    let house = House {
        lobby: requests,
        shards: commands,
        metrics,
        tickets: keys.tickets,
        memory,
        echo: config.echo,
        closing: closing_seen,
    };
    let (tls, renewal) = keys.tls.unzip();
    let is_secure = tls.is_some();
    let renewed = (renewal.flatten(), Arc::clone(&house.metrics));
    let door = Door::new(&config, house, tls, listeners, leaving);
    let door = thread::Builder::new().name("door".into()).spawn(move || {
        runtime.block_on(async {
            tokio::spawn(lobby.run());
            if let (Some(renewal), metrics) = renewed {
                tokio::spawn(renewal.run(metrics));
            }
            door.run().await;
        });
        // A file that is being read must not hold the end up.
        runtime.shutdown_background();
    })?;
    Ok(Server {
        address,
        admin_address,
        is_secure,
        closing,
        door: Some(door),
        shards,
        recorder: recording,
        game: PhantomData,
    })
}

/// The recorder of the first room, if one is wished for, and its thread.
type Recording<G> = (Option<Recorder<G>>, Option<JoinHandle<()>>);

fn recorder<G: Game>(config: &Config) -> Result<Recording<G>, StartError> {
    let Some(path) = &config.record_scenes else { return Ok((None, None)) };
    let (recorder, thread) = Recorder::create(path).map_err(|error| {
        StartError::Config(format!("--record-scenes {}: {error}", path.display()))
    })?;
    Ok((Some(recorder), Some(thread)))
}

/// From what every room is made, but for its name; its seed is the server's.
fn rooms<G: Game>(config: &Config) -> Result<RoomSettings<G::Settings>, StartError> {
    let settings = match &config.settings {
        None => G::Settings::default(),
        Some(json) => serde_json::from_str(json)
            .map_err(|error| StartError::Config(format!("--settings: {error}")))?,
    };
    let tick_rate = TickRate::new(config.tick_rate).ok_or_else(|| {
        StartError::Config(format!("--tick-rate {} is outside its limits", config.tick_rate))
    })?;
    // The standard library keys its hashers by randomness from the operating system.
    let seed = config.seed.unwrap_or_else(|| RandomState::new().hash_one(process::id()));
    let rewind_max_ticks = tick_rate.ticks_in_most(config.rewind_max);
    let players_max = config.room_size;
    Ok(RoomSettings {
        name: "trial".to_owned(),
        setup: Setup { settings, seed, tick_rate, players_max, rewind_max_ticks },
        fill: config.fill,
        skills: config.bot_skill,
        stream: config.stream(),
        overload: config.overload(),
        codec: None,
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else a server that was restarted could not listen until old connections are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(OPENING_CONNECTIONS_MAX as u32)
}

/// Where the counters are: as was set, or else at the loopback, where an operator finds them.
fn listen_for_admin(config: &Config) -> Result<TcpListener, StartError> {
    if let Some(address) = config.door.admin_listen {
        return listen(address).map_err(|error| StartError::Listen { address, error });
    }
    let loopback: IpAddr = match config.listen {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let public = config.listen.port();
    let usual = public.checked_add(ADMIN_PORT_ABOVE).filter(|_| public != 0).unwrap_or(0);
    let address = SocketAddr::new(loopback, usual);
    let free = SocketAddr::new(loopback, 0);
    listen(address)
        .or_else(|error| {
            warn!(%address, %error, "the usual admin address cannot be had; a free port is taken");
            listen(free)
        })
        .map_err(|error| StartError::Listen { address: free, error })
}

/// Runs a server as a program does: logs to stderr, prints two lines when it listens, stops on
/// Ctrl-C or SIGTERM, and at once on the second of these.
///
/// # Errors
/// When it does not start.
pub fn run<G: Game>(config: Config) -> Result<(), StartError> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let server = Server::<G>::start(config)?;
    // Whoever started it may have closed its stdout and want it to run all the same.
    let _ = writeln!(
        io::stdout(),
        "listening on {}://{}\nadmin on http://{}",
        server.scheme(),
        server.address(),
        server.admin_address()
    );
    runtime.block_on(signals.next());
    info!("closing; once more to end at once");
    thread::spawn(move || {
        runtime.block_on(signals.next());
        process::exit(130);
    });
    server.stop();
    info!("closed");
    Ok(())
}

/// The signals by which a program is asked to end.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        Ok(Signals {
            #[cfg(unix)]
            interrupt: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // Without it there is no way to be asked, and so nothing to wait for but being ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
