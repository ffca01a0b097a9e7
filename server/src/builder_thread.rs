//! [`KeptBuilder`]: the thread that builds rooms, one after the other, in the order in which the lobby
//! asked for them; another takes its place if it does not come back from a room.
//!
//! It exists so that shards need not: see [`tickwire_host::RoomBuilder`]. It ends when the lobby has.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tickwire_game::game::Game;
use tickwire_host::{BuiltRoom, RoomAtWork, RoomBuilder, RoomOrder};
use tracing::error;

use crate::limits::HEARTBEAT_EVERY;
use crate::ops::discard::discard;
use crate::ops::looks::Looks;
use crate::ops::priority::LiveThread;
use crate::ops::supervision::{Heartbeat, Lifetime, Supervisor};
use crate::shard_mailbox::{MailSender, ShardMail};

/// What the builder is called as a part of the server.
pub(crate) const PART: &str = "builder";

/// What is to be built, and for whom, whichever thread does it.
struct Orders<G: Game> {
    /// Bounded by the lobby: it refuses to open rooms while too many wait here.
    mailbox: Mutex<Receiver<RoomOrder<G::Settings>>>,
    shards: Vec<MailSender<G>>,
}

/// What the shard of the room that is being built gets if that cannot be: taken by the thread when it has built
/// it, or by who gives the thread up.
type Unbuilt<G> = Mutex<Option<(usize, BuiltRoom<G>)>>;

/// The builder, whichever thread it is now.
pub(crate) struct KeptBuilder<G: Game> {
    /// From which the builder of each thread is made.
    builder: RoomBuilder<G>,
    orders: Arc<Orders<G>>,
    supervisor: Arc<Supervisor>,
    thread: WatchedBuilder<G>,
    looks: Looks,
}

/// What is known of its thread.
struct WatchedBuilder<G: Game> {
    handle: JoinHandle<()>,
    live: Arc<LiveThread>,
    room: Arc<RoomAtWork>,
    unbuilt: Arc<Unbuilt<G>>,
}

/// The thread itself.
struct BuilderThread<G: Game> {
    builder: RoomBuilder<G>,
    orders: Arc<Orders<G>>,
    unbuilt: Arc<Unbuilt<G>>,
}

impl<G: Game> KeptBuilder<G> {
    /// Starts a thread that builds what is ordered, for these shards, until nobody can order any more.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn start(
        builder: RoomBuilder<G>,
        mailbox: Receiver<RoomOrder<G::Settings>>,
        shards: Vec<MailSender<G>>,
        supervisor: Arc<Supervisor>,
    ) -> io::Result<KeptBuilder<G>> {
        let orders = Arc::new(Orders { mailbox: Mutex::new(mailbox), shards });
        let thread = WatchedBuilder::start(&builder, &orders, &supervisor)?;
        Ok(KeptBuilder { builder, orders, supervisor, thread, looks: Looks::default() })
    }

    /// Whether its thread runs.
    pub(crate) fn runs(&self) -> bool {
        !self.thread.handle.is_finished()
    }

    /// One more look: whether it has been at the same room for `most` of them since the first.
    pub(crate) fn is_stuck(&mut self, most: u32) -> bool {
        self.looks.stuck_in(self.thread.room.now(), most).is_some()
    }

    /// Fails the room that it is at, and has a new thread build all others. Gives the old one, unless that has
    /// just come back.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn give_up(&mut self) -> io::Result<Option<JoinHandle<()>>> {
        let Some((shard, failed)) = lock(&self.thread.unbuilt).take() else { return Ok(None) };
        error!(
            ?failed,
            "the builder does not come back from a room; a new thread builds the others"
        );
        self.thread.live.lower_priority();
        send(&self.orders.shards[shard], failed);
        let thread = WatchedBuilder::start(&self.builder, &self.orders, &self.supervisor)?;
        self.looks = Looks::default();
        Ok(Some(std::mem::replace(&mut self.thread, thread).handle))
    }
}

impl<G: Game> WatchedBuilder<G> {
    fn start(
        builder: &RoomBuilder<G>,
        orders: &Arc<Orders<G>>,
        supervisor: &Arc<Supervisor>,
    ) -> io::Result<WatchedBuilder<G>> {
        let builder = builder.another();
        let (live, unbuilt) = (Arc::<LiveThread>::default(), Arc::<Unbuilt<G>>::default());
        let room = Arc::clone(builder.room_at_work());
        let orders = Arc::clone(orders);
        let thread = BuilderThread { builder, orders, unbuilt: Arc::clone(&unbuilt) };
        let heartbeat = supervisor.heartbeat(PART);
        let its = Arc::clone(&live);
        let handle = supervisor.spawn_thread(PART, Lifetime::Work, move || {
            let _alive = its.enter();
            thread.run(&heartbeat);
        })?;
        Ok(WatchedBuilder { handle, live, room, unbuilt })
    }
}

impl<G: Game> BuilderThread<G> {
    /// Builds what is ordered until the lobby ends, or this thread was given up.
    fn run(self, heartbeat: &Heartbeat) {
        loop {
            // No other thread waits for the lock: one that was given up is not here any more.
            let order = lock(&self.orders.mailbox).recv_timeout(HEARTBEAT_EVERY);
            match order {
                Ok(order) => {
                    if !self.build(order) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            heartbeat.beat();
        }
    }

    /// Whether the room that was ordered is on its way to its shard: else this thread was given up.
    fn build(&self, order: RoomOrder<G::Settings>) -> bool {
        let shard = order.shard;
        *lock(&self.unbuilt) = Some((shard, order.failed()));
        let built = self.builder.build(order);
        if lock(&self.unbuilt).take().is_none() {
            discard(built);
            return false;
        }
        send(&self.orders.shards[shard], built);
        true
    }
}

/// A shard that is gone has let its clients go.
fn send<G: Game>(shard: &MailSender<G>, built: BuiltRoom<G>) {
    if let Err(SendError(mail)) = shard.send(ShardMail::Built(Box::new(built))) {
        discard(mail);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
