//! [`Server`]: starts all threads of a server, and stops them together.

use std::fmt;
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tickwire_game::game::{Game, Seed, Setup};
use tickwire_game::limits::{TICK_RATE_MAX_HZ, TICK_RATE_MIN_HZ};
use tickwire_game::tick::{Tick, TickRate};
use tickwire_host::limits::DRAIN_MAX;
use tickwire_host::room::{Room, RoomTemplate};
use tickwire_host::{
    DirectoryLimits, Drain, GameVersion, GuestSettings, Lobby, LobbySettings, RoomBuilder,
    operator_settings,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::builder_thread::KeptBuilder;
use crate::config::{Config, DrainRooms};
use crate::edge::accept::AcceptLoop;
use crate::edge::context::ServerContext;
use crate::edge::listen::{listen, listen_for_admin};
use crate::edge::tickets::Tickets;
use crate::edge::tickets::reload::KeyReload;
use crate::edge::tls::{Renewal, Tls};
use crate::limits::{ECHO_BYTES_PER_SECOND_MAX, ECHO_MESSAGE_MAX_BYTES, RECORDING_END_MAX};
use crate::lobby_task::{
    LobbyOutlets, LobbyRequest, LobbySender, LobbyTask, release_seat, system_secrets,
};
use crate::ops::health::Health;
use crate::ops::memory::Watermark;
use crate::ops::metrics::Metrics;
use crate::ops::recorder::Recorder;
use crate::ops::supervision::{Lifetime, PartFailure, Supervisor};
use crate::shard_keeper::ShardKeeper;
use crate::shard_mailbox::MailSender;
use crate::shard_outlets::ShardOutlets;
use crate::start_error::StartError;

/// Credentials: ticket keys and the TLS certificate.
struct Credentials {
    tickets: Tickets,
    tls: Option<(Tls, Option<Renewal>)>,
}

/// What can be read again while the server runs.
struct Reload {
    /// `None` if the ticket key is in no file.
    key: Option<KeyReload>,
    certificate: Arc<Notify>,
}

/// A running server. Dropping it stops it.
pub struct Server<G: Game> {
    running: Running,
    game: PhantomData<fn() -> G>,
}

/// The same, whichever game it runs: what does not depend on the game is compiled once.
pub(crate) struct Running {
    address: SocketAddr,
    admin_address: SocketAddr,
    is_secure: bool,
    drain_rooms: DrainRooms,
    draining: watch::Sender<bool>,
    drained: watch::Receiver<bool>,
    closing: watch::Sender<bool>,
    closing_max: Duration,
    lobby: LobbySender,
    metrics: Arc<Metrics>,
    supervisor: Arc<Supervisor>,
    reload: Reload,
    edge: Option<JoinHandle<()>>,
    /// Ends when the shards and the builder have.
    keeper: Option<JoinHandle<()>>,
    recorder: Option<JoinHandle<()>>,
}

impl<G: Game> Server<G> {
    /// Starts a server. It accepts connections when this returns.
    ///
    /// # Errors
    /// If a setting is invalid, the game cannot open a room, or the operating system lacks a
    /// resource.
    pub fn start(config: Config) -> Result<Server<G>, StartError> {
        Running::start::<G>(config).map(|running| Server { running, game: PhantomData })
    }

    /// The address of the public listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The URL scheme of the public listener: `https` with TLS, else `http`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.running.scheme()
    }

    /// The address of the admin listener, which serves the counters.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.running.admin_address()
    }

    /// Completes when a part of the server has ended that must run for as long as the server does: the
    /// server is useless then, and must be stopped.
    pub async fn failed(&self) -> PartFailure {
        self.running.failed().await
    }

    /// Has the files of the ticket key and of the certificate read again, and returns at once. What is
    /// invalid is logged, and the last valid one stays in use.
    pub fn reload(&self) {
        self.running.reload();
    }

    /// Sends every client that the server closes after so much time, at most [`DRAIN_MAX`], and from now on
    /// lets in only clients that resume their session; `/readyz` says so. Completes when that time is over, or
    /// as soon as nobody plays any more. What then is to be called is [`Server::stop`].
    pub async fn drain(&self, lasts: Duration) {
        self.running.drain(lasts).await;
    }

    /// Sends every client a goodbye and stops, within two seconds.
    pub fn stop(self) {}
}

impl Running {
    /// See [`Server::start`].
    pub(crate) fn start<G: Game>(config: Config) -> Result<Running, StartError> {
        config.check().map_err(StartError::Config)?;
        let mut template = room_template::<G>(&config)?;
        let credentials = Credentials {
            tickets: Tickets::load(&config.tickets).map_err(StartError::Config)?,
            tls: Tls::load(&config.tls, config.listen).map_err(StartError::Config)?,
        };
        // A game that exceeds a limit fails at start, not when the first client joins.
        let trial = Room::<G>::new("trial".to_owned(), template.clone())?;
        template.codec = Some(Arc::clone(trial.config().codec()));
        drop(trial);
        if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
            warn!(%error, "cannot raise the limit on open files; it stays unchanged");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listeners = {
            let _inside = runtime.enter();
            let public = listen(config.listen)
                .map_err(|error| StartError::Listen { address: config.listen, error })?;
            let admin = listen_for_admin(&config)
                .map_err(|(address, error)| StartError::ListenAdmin { address, error })?;
            [public, admin]
        };
        let address = listeners[0].local_addr()?;
        if config.echo {
            warn!(
                message_max_bytes = ECHO_MESSAGE_MAX_BYTES,
                bytes_per_second_max = ECHO_BYTES_PER_SECOND_MAX,
                "echo: /ws sends back what it receives, from any origin; nobody can play"
            );
        }
        info!(game = G::NAME, %address, seed = template.setup.seed.number(), shards = config.shard_count(), "starts");
        spawn_threads::<G>(config, template, credentials, runtime, listeners)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    pub(crate) async fn failed(&self) -> PartFailure {
        self.supervisor.failed().await
    }

    /// See [`Server::drain`].
    pub(crate) async fn drain(&self, lasts: Duration) {
        let lasts = lasts.min(DRAIN_MAX);
        self.draining.send_replace(true);
        let ends_rooms = self.drain_rooms == DrainRooms::Finish;
        // Without a lobby the server has failed, which is for others to see.
        let _ = self.lobby.send(LobbyRequest::Drain(Drain { lasts, ends_rooms }));
        let mut drained = self.drained.clone();
        let _ = timeout(lasts, async move {
            if drained.wait_for(|is_drained| *is_drained).await.is_err() {
                pending::<()>().await;
            }
        })
        .await;
    }

    /// How the parts of the server are.
    pub(crate) async fn health(&self) -> Health {
        self.supervisor.health().await
    }

    /// How many people there are, for people.
    pub(crate) fn status(&self) -> String {
        let of = |gauge: &AtomicU64| gauge.load(Relaxed);
        let (people, players) = (of(&self.metrics.people), of(&self.metrics.players));
        let (rooms, spectators) = (of(&self.metrics.rooms_open), people.saturating_sub(players));
        let is_draining = if *self.draining.borrow() { "Draining: " } else { "" };
        format!("{is_draining}{players} playing, {spectators} watching, rooms: {rooms}")
    }

    pub(crate) fn reload(&self) {
        if let Some(key) = &self.reload.key {
            key.ask();
        }
        self.reload.certificate.notify_one();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        let deadline = Instant::now() + self.closing_max;
        if self.edge.take().is_some_and(|edge| !joined_by(deadline, edge)) {
            warn!("the edge thread does not end; the server stops without it");
        }
        if self.keeper.take().is_some_and(|keeper| !joined_by(deadline, keeper)) {
            warn!("a thread of a shard or of the builder is stuck; the server stops without it");
        }
        let deadline = Instant::now() + RECORDING_END_MAX;
        if self.recorder.take().is_some_and(|recorder| !joined_by(deadline, recorder)) {
            warn!("the recorder thread does not end; the end of the recording may be lost");
        }
    }
}

/// Waits for a thread until `deadline`. Returns whether it has ended; a panic in it was already
/// reported when it happened.
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
    template: RoomTemplate<G::Settings>,
    credentials: Credentials,
    runtime: Runtime,
    listeners: [TcpListener; 2],
) -> Result<Running, StartError> {
    let (address, admin_address) = (listeners[0].local_addr()?, listeners[1].local_addr()?);
    let memory = Arc::new(Watermark::new(config.edge.memory_max));
    let metrics = Arc::<Metrics>::default();
    let (closing, closing_seen) = watch::channel(false);
    let (farewells, leaving) = tokio::sync::mpsc::unbounded_channel();
    let (lobby_sender, requests) = tokio::sync::mpsc::unbounded_channel();
    let supervisor = Arc::new(Supervisor::new(closing_seen.clone()));
    let (recorder, recorder_thread) = recorder(&config, &supervisor)?.unzip();
    let records_first = recorder.is_some();
    let outlets = ShardOutlets {
        lobby: lobby_sender.clone(),
        farewells,
        metrics: Arc::clone(&metrics),
        recorder,
    };
    let mail: Vec<_> = (0..config.shard_count()).map(|_| MailSender::<G>::new()).collect();
    let builder_mail = mail.iter().map(|(sender, _)| sender.clone()).collect();
    let policy = config.session.checkpoints();
    let keeper = ShardKeeper::start(mail, outlets, policy, Arc::clone(&supervisor))?;
    let commands = keeper.command_senders();
    let game = GameVersion::of::<G>();
    let settings = LobbySettings {
        game,
        tick_rate: template.setup.tick_rate,
        limits: directory_limits(&config),
        shards: commands.len(),
        seed: template.setup.seed,
        records_first,
        grace: config.session.grace,
        absent_per_client_max: config.edge.address_connections_max as usize,
    };
    let guest_settings = GuestSettings::new::<G>(template.setup.settings.clone())?;
    let release = release_seat(&lobby_sender);
    let lobby = Lobby::new(settings, guest_settings, release, system_secrets());
    let (builder, orders) = mpsc::channel();
    let (drained, drained_seen) = watch::channel(false);
    let outlets = LobbyOutlets { shards: commands.clone(), builder, drained };
    let lobby = LobbyTask::new(lobby, requests, outlets, Arc::clone(&metrics), Arc::clone(&memory));
    let builder = RoomBuilder::<G>::new(template);
    // Without a lobby it is done.
    let builder = KeptBuilder::start(builder, orders, builder_mail, Arc::clone(&supervisor))?;
    let heartbeat = supervisor.heartbeat("keeper");
    let closing_shards = closing_seen.clone();
    let keeper = supervisor.spawn_thread("keeper", Lifetime::Server, move || {
        keeper.run(builder, &closing_shards, &heartbeat);
    })?;
    let (tls, renewal) = credentials.tls.unzip();
    let is_secure = tls.is_some();
    let (tickets, tickets_seen) = watch::channel(Arc::new(credentials.tickets));
    let certificate = Arc::<Notify>::default();
    let renewal = renewal
        .flatten()
        .map(|renewal| renewal.run(Arc::clone(&certificate), Arc::clone(&metrics)));
    let key = KeyReload::start(&config.tickets, tickets, &supervisor)?;
    let reload = Reload { key, certificate };
    let (draining, draining_seen) = watch::channel(false);
    let closing_max = config.session.closing_max();
    let server = ServerContext {
        game,
        lobby: lobby_sender.clone(),
        shards: commands,
        metrics: Arc::clone(&metrics),
        memory,
        supervisor: Arc::clone(&supervisor),
        tickets: tickets_seen,
        tls,
        draining: draining_seen,
        closing: closing_seen,
        closing_max,
    };
    let edge = AcceptLoop::new(&config, server, listeners, leaving);
    let [edge_heartbeat, lobby_heartbeat] =
        ["edge", "lobby"].map(|part| supervisor.heartbeat(part));
    let tasks = Arc::clone(&supervisor);
    let edge = supervisor.spawn_thread("edge", Lifetime::Server, move || {
        runtime.block_on(async {
            tasks.spawn_task("lobby", lobby.run(lobby_heartbeat));
            if let Some(renewal) = renewal {
                tasks.spawn_task("renewal", renewal);
            }
            edge.run(&edge_heartbeat).await;
        });
        // A file read in progress must not delay the shutdown.
        runtime.shutdown_background();
    })?;
    Ok(Running {
        address,
        admin_address,
        is_secure,
        drain_rooms: config.session.drain_rooms,
        draining,
        drained: drained_seen,
        closing,
        closing_max,
        lobby: lobby_sender,
        metrics,
        supervisor,
        reload,
        edge: Some(edge),
        keeper: Some(keeper),
        recorder: recorder_thread,
    })
}

fn directory_limits(config: &Config) -> DirectoryLimits {
    DirectoryLimits {
        players_max: config.room_size,
        rooms_max: config.rooms_max as usize,
        connections_max: config.connections_max as usize,
        empty_max: Duration::from_secs(config.empty_room_seconds.into()),
        opener: config.edge.opener_limits(),
    }
}

/// The recorder of the first room and its thread, with `--record-scenes`.
fn recorder(
    config: &Config,
    supervisor: &Arc<Supervisor>,
) -> Result<Option<(Recorder, JoinHandle<()>)>, StartError> {
    let Some(path) = &config.record_scenes else { return Ok(None) };
    let recorder = Recorder::create(path, supervisor).map_err(|error| {
        StartError::Config(format!(
            "--record-scenes (TICKWIRE_RECORD_SCENES) {}: {error}",
            path.display()
        ))
    })?;
    Ok(Some(recorder))
}

/// The template of every room. Its seed is the server's; the lobby derives the seeds of rooms.
fn room_template<G: Game>(config: &Config) -> Result<RoomTemplate<G::Settings>, StartError> {
    let invalid = |reason: &dyn fmt::Display| {
        StartError::Config(format!("--settings (TICKWIRE_SETTINGS): {reason}"))
    };
    let settings = match &config.settings {
        None => G::Settings::default(),
        Some(json) => operator_settings(json).map_err(|error| invalid(&error))?,
    };
    G::check_settings(&settings).map_err(|reason| invalid(&reason))?;
    let tick_rate = TickRate::new(config.tick_rate).ok_or_else(|| {
        StartError::Config(format!(
            "--tick-rate {}: not from {TICK_RATE_MIN_HZ} to {TICK_RATE_MAX_HZ}",
            config.tick_rate
        ))
    })?;
    let seed = config.seed.map_or_else(random_seed, Seed::new);
    let rewind_max_ticks = tick_rate.ticks_ceil_or_zero(config.rewind_max);
    let players_max = config.room_size;
    Ok(RoomTemplate {
        setup: Setup {
            settings,
            seed,
            tick_rate,
            players_max,
            rewind_max_ticks,
            grace_ticks: tick_rate.ticks_ceil_or_zero(config.session.grace),
            first_tick: Tick(0),
        },
        fill: config.fill,
        skills: config.bot_skill,
        stream: config.stream(),
        overload: config.overload(),
        idle_after: config.idle_after(),
        grace: config.session.grace,
        empty: config.empty_room(),
        codec: None,
    })
}

/// A seed that nobody can guess. The standard library keys its hashers with 128 bits of the operating
/// system's randomness, and what they make of two different values is as good as that.
fn random_seed() -> Seed {
    let hasher = RandomState::new();
    let halves = [0, 1].map(|half: u64| u128::from(hasher.hash_one(half)));
    Seed::new(halves[0] << 64 | halves[1])
}
