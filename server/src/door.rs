//! The door: accepts connections, has each served by a [`visit()`], and lets out those that leave.
//!
//! One thread with one runtime for all of it. Every connection is one task until it is in a
//! room, where it is none. The door knows no room; it never plays. Whatever comes, it stays open:
//! of connections that are not in a room yet the oldest makes way for the newest, and the same
//! when the operating system has no more descriptors to give.

use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use shared::game::Game;
use shared::limits::{
    ADMIN_CONNECTIONS_MAX, FAREWELL_MAX, OPENING_CONNECTIONS_MAX, TURNED_AWAY_MAX,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tracing::{debug, warn};

use crate::config::{AllowedOrigin, Config};
use crate::hosted::Leaving;
use crate::lobby::Request;
use crate::memory::Meter;
use crate::session::{House, part};
use crate::stream::limit_kernel;
use crate::tls::Tls;
use guests::{AddressLimits, Crowd, Guest, Guests};
use line::Line;
use openings::Openings;
use origin::Origins;
use rejection::Rejection;
use visit::{Pass, Side, Visitor, visit};

pub(crate) mod forwarded;
pub(crate) mod gate;
pub(crate) mod guests;
pub(crate) mod head;
pub(crate) mod line;
pub(crate) mod openings;
pub(crate) mod origin;
pub(crate) mod rejection;
pub(crate) mod visit;

/// How long accepting rests after it failed.
const EXHAUSTED_REST: Duration = Duration::from_millis(2);
/// For how many turns of the door's thread a task may take to see that it was ended.
const EVICTED_TURNS: usize = 1_000;
/// How often it is told in the log that accepting fails.
const EXHAUSTED_TOLD_EVERY: Duration = Duration::from_secs(10);
/// How often addresses are forgotten and memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What all visits share.
pub(crate) struct Site<G: Game> {
    pub(crate) house: Arc<House<G>>,
    pub(crate) web_dir: Option<PathBuf>,
    pub(crate) origins: Origins,
    /// Those of whom it is believed from where they bring a request.
    pub(crate) proxies: Vec<IpNet>,
    uncapped: Vec<IpNet>,
    guests: Arc<Mutex<Guests>>,
    started: Instant,
    /// By what the public listener speaks TLS; `None` where everything goes in plain.
    pub(crate) tls: Option<Tls>,
}

impl<G: Game> Site<G> {
    fn new(config: &Config, house: House<G>, tls: Option<Tls>) -> Site<G> {
        let door = &config.door;
        let mut allowed = door.allow_origin.clone();
        if house.echo {
            allowed.push(AllowedOrigin::Any);
        }
        let limits = AddressLimits {
            connections_max: door.address_connections_max,
            connects_per_second: door.address_connects_per_second,
        };
        Site {
            house: Arc::new(house),
            web_dir: config.web_dir.clone(),
            origins: Origins { allowed, none: door.no_origin },
            proxies: door.trusted_proxy.clone(),
            uncapped: door.uncapped_nets(),
            guests: Arc::new(Mutex::new(Guests::new(limits))),
            started: Instant::now(),
            tls,
        }
    }

    /// Counts one more connection against an address; `None` where that is not counted.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<Option<Guest>, Rejection> {
        if forwarded::is_within(address, &self.uncapped) {
            return Ok(None);
        }
        let metrics = &self.house.metrics;
        match Guest::enter(&self.guests, address, self.started.elapsed()) {
            Ok(guest) => Ok(Some(guest)),
            Err(crowd) => {
                let counter = match crowd {
                    Crowd::TooMany => &metrics.address_connections_refused,
                    Crowd::TooFast => &metrics.address_connects_refused,
                };
                counter.fetch_add(1, Relaxed);
                Err(Rejection::Address)
            }
        }
    }

    /// Whether requests of this peer are brought for others.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        forwarded::is_within(peer, &self.proxies)
    }
}

/// What the door's thread owns.
pub(crate) struct Door<G: Game> {
    site: Arc<Site<G>>,
    public: Entry,
    admin: Entry,
    /// Sockets that shards have closed. It ends when the last shard has.
    farewells: mpsc::UnboundedReceiver<Leaving>,
    tasks: JoinSet<()>,
    turned_away: Arc<Semaphore>,
    /// One descriptor more than are needed, to have one when there are no others.
    spare: Option<File>,
    meter: Meter,
    resting_until: Instant,
    told: Option<Instant>,
}

/// One listener, and who came by it and is in no room.
struct Entry {
    listener: TcpListener,
    openings: Openings,
    openings_max: usize,
}

impl Entry {
    fn new(listener: TcpListener, openings_max: usize) -> Entry {
        Entry { listener, openings: Openings::default(), openings_max }
    }
}

impl<G: Game> Door<G> {
    /// A door at these listeners, the second of which is for the counters.
    pub(crate) fn new(
        config: &Config,
        house: House<G>,
        tls: Option<Tls>,
        [public, admin]: [TcpListener; 2],
        farewells: mpsc::UnboundedReceiver<Leaving>,
    ) -> Door<G> {
        Door {
            site: Arc::new(Site::new(config, house, tls)),
            public: Entry::new(public, OPENING_CONNECTIONS_MAX),
            admin: Entry::new(admin, ADMIN_CONNECTIONS_MAX),
            farewells,
            tasks: JoinSet::new(),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            spare: spare(),
            meter: Meter::open(),
            resting_until: Instant::now(),
            told: None,
        }
    }

    /// Serves until the server closes, then sees everybody off.
    pub(crate) async fn run(mut self) {
        let mut closing = self.site.house.closing.clone();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => break,
                Some(Leaving(socket)) = self.farewells.recv() => {
                    self.tasks.spawn(part(socket));
                }
                Some(_) = self.tasks.join_next() => {}
                _ = look.tick() => self.look(),
                (side, accepted) = accept(self.resting_until, &self.admin, &self.public) => {
                    self.accepted(side, accepted).await;
                }
            }
            self.publish();
        }
        self.close().await;
    }

    /// Has the rooms closed, and waits for the last goodbyes, but not for ever. Whoever comes
    /// meanwhile is told so.
    async fn close(mut self) {
        // Without a lobby there are no rooms to close.
        let _ = self.site.house.lobby.send(Request::Close);
        let deadline = Instant::now() + 2 * FAREWELL_MAX;
        // Nobody waits for those that come late.
        let mut awaited = std::mem::take(&mut self.tasks);
        let mut shards_run = true;
        while shards_run || !awaited.is_empty() {
            tokio::select! {
                () = sleep_until(deadline) => {
                    warn!("some did not take their goodbye in time");
                    break;
                }
                leaving = self.farewells.recv(), if shards_run => match leaving {
                    Some(Leaving(socket)) => {
                        awaited.spawn(part(socket));
                    }
                    None => shards_run = false,
                },
                Some(_) = awaited.join_next() => {}
                Some(_) = self.tasks.join_next() => {}
                (side, accepted) = accept(self.resting_until, &self.admin, &self.public) => {
                    self.accepted(side, accepted).await;
                }
            }
        }
    }

    /// Takes in a connection; or sees to it that the next one finds a descriptor.
    async fn accepted(&mut self, side: Side, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let error = match accepted {
            Ok((tcp, peer)) => return self.take_in(side, tcp, peer.ip()),
            Err(error) => error,
        };
        self.site.house.metrics.accept_errors.fetch_add(1, Relaxed);
        let kind = error.kind();
        // These concern one connection that is gone already.
        if matches!(kind, io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        if self.told.is_none_or(|told| told.elapsed() >= EXHAUSTED_TOLD_EVERY) {
            self.told = Some(Instant::now());
            warn!(%error, "cannot accept");
        }
        self.make_way(side).await;
        self.resting_until = Instant::now() + EXHAUSTED_REST;
    }

    /// Takes in one connection without a descriptor for it, by the spare one: in place of the oldest
    /// opening, or to be told no, else it would wait in the kernel, and everyone behind it.
    ///
    /// That accepting fails does not mean that anyone waits: the kernel looks for a descriptor first.
    async fn make_way(&mut self, side: Side) {
        drop(self.spare.take());
        let accepted = timeout(Duration::ZERO, self.entry(side).listener.accept()).await;
        if let Ok(Ok((tcp, peer))) = accepted {
            if let Some(oldest) = self.evict_oldest(Side::Public) {
                // Before the spare is taken back, it must be gone.
                for _ in 0..EVICTED_TURNS {
                    if oldest.is_finished() {
                        break;
                    }
                    yield_now().await;
                }
                self.take_in(side, tcp, peer.ip());
            } else {
                self.site.house.metrics.count_http(Rejection::Exhausted.status());
                // It has never been written to, so there is space; it is gone at once.
                let answer = Rejection::Exhausted.bytes();
                let said = tcp.into_std().and_then(|mut tcp| tcp.write(&answer));
                debug!(?said, "turned one away for want of descriptors");
            }
        }
        self.spare = spare();
    }

    fn take_in(&mut self, side: Side, tcp: TcpStream, peer: IpAddr) {
        self.site.house.metrics.accepted.fetch_add(1, Relaxed);
        if let Err(error) = limit_kernel(&tcp) {
            // It is gone already.
            return debug!(%error, "a connection was lost");
        }
        let is_counted = side == Side::Public && !self.site.is_proxy(peer);
        let guest = match is_counted.then(|| self.site.admit(peer)).transpose() {
            Ok(guest) => guest.flatten(),
            Err(rejection) => return self.turn_away(tcp, rejection),
        };
        let entry = self.entry(side);
        if entry.openings.len() >= entry.openings_max {
            self.evict_oldest(side);
        }
        let opening = self.entry(side).openings.enter();
        let number = opening.number();
        let visitor = Visitor { side, peer: peer.to_canonical(), is_astray: false };
        let visit = visit(Arc::clone(&self.site), visitor, tcp, Pass { guest, opening });
        let task = self.tasks.spawn(visit);
        self.entry(side).openings.has_task(number, task);
    }

    fn entry(&self, side: Side) -> &Entry {
        match side {
            Side::Public => &self.public,
            Side::Admin => &self.admin,
        }
    }

    fn evict_oldest(&self, side: Side) -> Option<AbortHandle> {
        let evicted = self.entry(side).openings.evict_oldest()?;
        self.site.house.metrics.openings_evicted.fetch_add(1, Relaxed);
        Some(evicted)
    }

    /// Tells a connection that was accepted why it may not come in; without a word when many are
    /// told already.
    fn turn_away(&mut self, tcp: TcpStream, rejection: Rejection) {
        self.site.house.metrics.count_http(rejection.status());
        let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() else { return };
        self.tasks.spawn(async move {
            // Before any TLS: whoever expects that sees that there is none.
            let mut line = Line::Plain(tcp);
            visit::reject(&mut line, rejection).await;
            drop(permit);
        });
    }

    /// What is to be done now and then.
    fn look(&mut self) {
        let used = self.meter.used_bytes();
        let metrics = &self.site.house.metrics;
        self.guests().expire(self.site.started.elapsed());
        if let Some(used) = used {
            metrics.memory_bytes.store(used, Relaxed);
            self.site.house.memory.sample(used);
        }
    }

    fn publish(&self) {
        let metrics = &self.site.house.metrics;
        metrics.openings.store(self.public.openings.len() as u64, Relaxed);
        metrics.door_tasks.store(self.tasks.len() as u64, Relaxed);
        metrics.addresses.store(self.guests().len() as u64, Relaxed);
    }

    fn guests(&self) -> std::sync::MutexGuard<'_, Guests> {
        self.site.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next connection of either listener. Who watches goes first: a crowd at the public one must
/// not hide what it does.
async fn accept(
    resting_until: Instant,
    admin: &Entry,
    public: &Entry,
) -> (Side, io::Result<(TcpStream, SocketAddr)>) {
    sleep_until(resting_until).await;
    tokio::select! {
        biased;
        accepted = admin.listener.accept() => (Side::Admin, accepted),
        accepted = public.listener.accept() => (Side::Public, accepted),
    }
}

/// A descriptor that nobody needs.
fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}
