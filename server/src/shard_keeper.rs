//! [`ShardKeeper`]: the thread that looks after the shards, and the builder. One that ends, or that does not come back from
//! a step, it gives up: its other rooms go on from their checkpoints in a new thread, and their clients,
//! whose connections are shut down, resume.
//!
//! What the old thread holds it may hold for ever: nothing of it is used, nobody waits for it, and what it
//! does later counts for nothing. The mailbox of a shard passes to the new thread, so that nobody need know.
//! What cannot be taken over ends the server. While the server closes, a thread that does not come back is
//! given up as well, and nobody takes its shard over.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tickwire_game::game::Game;
use tickwire_host::{Checkpoint, Checkpoints, Command, RoomAtWork, RoomKey, Shard};
use tokio::sync::{oneshot, watch};
use tracing::{error, warn};

use crate::builder_thread::{self, KeptBuilder};
use crate::checkpoint_store::CheckpointStore;
use crate::limits::{
    BUILD_LOOKS_MAX, GIVEN_UP_THREADS_MAX, RECOVERY_LOOKS_MAX, SHARD_LOOK_EVERY, SHARD_LOOKS_MAX,
    SHARD_RECOVERIES_MAX, SHARD_RECOVERIES_WITHIN, THREAD_END_LOOK_EVERY,
};
use crate::lobby_task::LobbyRequest;
use crate::ops::discard::discard;
use crate::ops::looks::Looks;
use crate::ops::priority::LiveThread;
use crate::ops::supervision::{Heartbeat, Lifetime, Supervisor, message_of};
use crate::shard_mailbox::{CommandSender, MailSender, ShardMail, Sockets};
use crate::shard_outlets::{ShardOutlets, ThreadOutlets};
use crate::shard_thread::{RestoredRoom, ShardThread};

/// All shards of a server, and what their threads are made of.
pub(crate) struct ShardKeeper<G: Game> {
    shards: Vec<KeptShard<G>>,
    outlets: ShardOutlets,
    policy: Checkpoints,
    supervisor: Arc<Supervisor>,
    /// Threads that were given up and still run, and those that drop what others left.
    given_up: Vec<JoinHandle<()>>,
}

/// A shard, whichever thread has it.
struct KeptShard<G: Game> {
    mail: MailSender<G>,
    sockets: Arc<Sockets>,
    thread: WatchedThread<G>,
    looks: Looks,
    /// How often it was taken over.
    takeovers: u32,
    /// When that was lately.
    recoveries: VecDeque<Instant>,
}

/// What is known of the thread that has a shard.
struct WatchedThread<G: Game> {
    handle: JoinHandle<()>,
    live: Arc<LiveThread>,
    room: Arc<RoomAtWork>,
    checkpoints: Arc<CheckpointStore<G>>,
    outlets: ThreadOutlets,
    wreck: Arc<Mutex<Option<Wreck<G>>>>,
}

/// What a thread leaves that panicked, or that woke up just as it was given up: kept until its rooms have been
/// taken over, for what it holds is given back when it is dropped, and a player whose seat was given back
/// does not go on.
struct Wreck<G: Game> {
    reason: String,
    _shard: ShardThread<G>,
}

impl<G: Game> ShardKeeper<G> {
    /// Starts the threads of so many shards, which make checkpoints by `policy`.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn start(
        mail: Vec<(MailSender<G>, Receiver<ShardMail<G>>)>,
        outlets: ShardOutlets,
        policy: Checkpoints,
        supervisor: Arc<Supervisor>,
    ) -> io::Result<ShardKeeper<G>> {
        let mut keeper =
            ShardKeeper { shards: Vec::new(), outlets, policy, supervisor, given_up: Vec::new() };
        for (number, (mail, mailbox)) in mail.into_iter().enumerate() {
            let thread = keeper.start_thread(number, mailbox, Vec::new(), Vec::new(), 0)?;
            keeper.shards.push(KeptShard {
                mail,
                sockets: Arc::default(),
                thread,
                looks: Looks::default(),
                takeovers: 0,
                recoveries: VecDeque::new(),
            });
        }
        Ok(keeper)
    }

    /// How commands get to the shards.
    pub(crate) fn command_senders(&self) -> Vec<CommandSender> {
        let sender =
            |shard: &KeptShard<G>| CommandSender::new(shard.mail.clone(), shard.sockets.clone());
        self.shards.iter().map(sender).collect()
    }

    /// Starts the thread of a shard, which goes on with the `restored` rooms from their checkpoints.
    fn start_thread(
        &self,
        number: usize,
        mailbox: Receiver<ShardMail<G>>,
        checkpoints: Vec<Checkpoint<G>>,
        restored: Vec<RestoredRoom>,
        takeovers: u32,
    ) -> io::Result<WatchedThread<G>> {
        let mut shard = Shard::<G>::new();
        shard.take_over(takeovers);
        shard.set_checkpoints(self.policy);
        let room = Arc::clone(shard.room_at_work());
        let checkpoints = CheckpointStore::of(checkpoints);
        let mut shard = ShardThread::new(shard, mailbox, self.outlets.clone(), checkpoints);
        let (checkpoints, outlets) = (Arc::clone(shard.checkpoints()), shard.outlets().clone());
        let (live, wreck) = (Arc::<LiveThread>::default(), Arc::<Mutex<_>>::default());
        let name = part(number);
        let heartbeat = self.supervisor.heartbeat(&name);
        let run = {
            let (live, wreck, outlets) = (Arc::clone(&live), Arc::clone(&wreck), outlets.clone());
            move || {
                let _alive = live.enter();
                // Nothing of it is used after a panic but what checkpoints were made before.
                let run = AssertUnwindSafe(|| shard.run(&heartbeat, restored));
                let reason = match catch_unwind(run) {
                    Err(panic) => Some(format!("panicked: {}", message_of(&*panic))),
                    Ok(()) if outlets.are_closed() => Some("ended when it was given up".to_owned()),
                    Ok(()) => None,
                };
                match reason {
                    Some(reason) => {
                        let left = Wreck { reason, _shard: shard };
                        *wreck.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
                    }
                    None => discard(shard),
                }
                // What it leaves may be nobody's any more.
                discard(wreck);
            }
        };
        let handle = self.supervisor.spawn_thread(&name, Lifetime::Work, run)?;
        Ok(WatchedThread { handle, live, room, checkpoints, outlets, wreck })
    }

    /// Looks after the shards until the server closes, and then waits for their threads.
    pub(crate) fn run(
        mut self,
        mut builder: KeptBuilder<G>,
        closing: &watch::Receiver<bool>,
        heartbeat: &Heartbeat,
    ) {
        let mut is_builder_lost = false;
        while !*closing.borrow() {
            heartbeat.beat();
            thread::sleep(SHARD_LOOK_EVERY);
            if !is_builder_lost
                && builder.is_stuck(BUILD_LOOKS_MAX)
                && let Err(reason) = self.replace(&mut builder)
            {
                // That ends the server, which is about to close.
                is_builder_lost = true;
                self.supervisor.fail(builder_thread::PART, &reason);
            }
            for at in 0..self.shards.len() {
                // One that could not be taken over ends the server, which is about to close.
                if self.shards[at].thread.outlets.are_closed() {
                    continue;
                }
                let Some((reason, room)) = self.shards[at].look() else { continue };
                if *closing.borrow() {
                    break;
                }
                // While the server closes, the lobby may be gone.
                if let Err(error) = self.take_over(at, &reason, room)
                    && !*closing.borrow()
                {
                    self.supervisor.fail(&part(at), &format!("{reason}; {error}"));
                }
            }
        }
        self.close(builder);
    }

    /// Has a new thread build rooms in place of the one that does not come back from one.
    fn replace(&mut self, builder: &mut KeptBuilder<G>) -> Result<(), String> {
        self.check_given_up()?;
        let given_up = builder.give_up();
        self.given_up
            .extend(given_up.map_err(|error| format!("no new thread can be had: {error}"))?);
        Ok(())
    }

    /// Waits for the threads of all shards and of the builder, but for those that do not come back.
    fn close(&mut self, builder: KeptBuilder<G>) {
        let mut builder = Some(builder);
        // One that has just been taken over may not have heard of it.
        for shard in &self.shards {
            let _ = shard.mail.send(ShardMail::Command(Command::Close));
        }
        let mut looked = Instant::now();
        while self.shards.iter().any(KeptShard::runs)
            || builder.as_ref().is_some_and(KeptBuilder::runs)
        {
            thread::sleep(THREAD_END_LOOK_EVERY);
            if looked.elapsed() < SHARD_LOOK_EVERY {
                continue;
            }
            looked = Instant::now();
            for (number, shard) in self.shards.iter_mut().enumerate().filter(|(_, it)| it.runs()) {
                if shard.stuck_in().is_some() {
                    warn!(shard = part(number), "does not come back from a step; is left behind");
                    shard.thread.give_up();
                    shard.sockets.take().shut_down(&self.outlets.metrics);
                }
            }
            if builder.as_mut().is_some_and(|builder| builder.is_stuck(SHARD_LOOKS_MAX)) {
                warn!("the builder does not come back from a room; is left behind");
                builder = None;
            }
        }
    }

    /// Has a new thread go on with the rooms of a shard, but for the one whose fault it is, if it is
    /// known.
    fn take_over(
        &mut self,
        at: usize,
        reason: &str,
        guilty: Option<RoomKey>,
    ) -> Result<(), String> {
        error!(
            shard = part(at),
            reason, "shard is given up; its other rooms go on in a new thread"
        );
        let shard = &mut self.shards[at];
        shard.thread.give_up();
        let takeovers = shard.count_takeover()?;
        self.check_given_up()?;
        let shard = &self.shards[at];
        let checkpoints = shard.thread.checkpoints.take();
        // Who is admitted from now on comes to the new thread. Before any client notices, the lobby must know,
        // or it would admit who comes back at once to what is over.
        let (mailbox, sockets) = (shard.mail.renew(), shard.sockets.take());
        let restored = self.ask_lobby(at, &checkpoints, guilty)?;
        let clients = sockets.shut_down(&self.outlets.metrics);
        let goes_on = |it: &Checkpoint<G>| restored.iter().any(|(room, _)| *room == it.room());
        let (checkpoints, over) = checkpoints.into_iter().partition::<Vec<_>, _>(goes_on);
        warn!(shard = part(at), rooms = restored.len(), clients, "rooms are being restored");
        self.outlets.metrics.shards_recovered.fetch_add(1, Relaxed);
        self.outlets.metrics.rooms_restored.fetch_add(restored.len() as u64, Relaxed);
        let thread = self
            .start_thread(at, mailbox, checkpoints, restored, takeovers)
            .map_err(|error| format!("no new thread can be had: {error}"))?;
        let shard = &mut self.shards[at];
        shard.looks = Looks::default();
        let before = std::mem::replace(&mut shard.thread, thread);
        self.drop_elsewhere(before, over);
        Ok(())
    }

    /// Whether another thread may be given up.
    fn check_given_up(&mut self) -> Result<(), String> {
        self.given_up.retain(|thread| !thread.is_finished());
        if self.given_up.len() >= GIVEN_UP_THREADS_MAX {
            return Err(format!("{GIVEN_UP_THREADS_MAX} threads that were given up still run"));
        }
        Ok(())
    }

    /// Which rooms of a shard go on, with the seats of their players: of those with checkpoints, but for the
    /// guilty one.
    fn ask_lobby(
        &self,
        shard: usize,
        checkpoints: &[Checkpoint<G>],
        guilty: Option<RoomKey>,
    ) -> Result<Vec<RestoredRoom>, String> {
        let innocent = checkpoints.iter().filter(|checkpoint| Some(checkpoint.room()) != guilty);
        let rooms = innocent.map(|it| (it.room(), it.sessions().collect())).collect();
        let (reply, mut answer) = oneshot::channel();
        let recover = LobbyRequest::Recover { shard, rooms, guilty, reply };
        self.outlets.lobby.send(recover).map_err(|_| "there is no lobby".to_owned())?;
        for _ in 0..RECOVERY_LOOKS_MAX {
            match answer.try_recv() {
                Ok(mut kept) => {
                    // In the order in which they came, as far as that goes: of a client that has too many players
                    // without a connection those end of whom the lobby hears first.
                    kept.sort_by_key(|(_, seats)| seats.iter().map(|seat| seat.session).min());
                    return Ok(kept);
                }
                Err(oneshot::error::TryRecvError::Empty) => thread::sleep(THREAD_END_LOOK_EVERY),
                Err(oneshot::error::TryRecvError::Closed) => break,
            }
        }
        Err("the lobby does not answer".to_owned())
    }

    /// Drops what a thread left that was given up: the lobby counts none of it any more. Not here, since games
    /// drop their worlds as they like, and may not come back from that either.
    fn drop_elsewhere(&mut self, thread: WatchedThread<G>, over: Vec<Checkpoint<G>>) {
        let WatchedThread { handle, wreck, .. } = thread;
        self.given_up.push(handle);
        let drop_all = move || {
            over.into_iter().for_each(discard);
            discard(wreck);
        };
        match self.supervisor.spawn_thread("discard", Lifetime::Work, drop_all) {
            Ok(thread) => self.given_up.push(thread),
            Err(error) => warn!(%error, "no thread can be had to drop what a shard left"),
        }
    }
}

impl<G: Game> KeptShard<G> {
    /// What is wrong with its thread, if anything, and in which room.
    fn look(&mut self) -> Option<(String, Option<RoomKey>)> {
        if self.thread.handle.is_finished() {
            let wreck = self.thread.wreck.lock().unwrap_or_else(PoisonError::into_inner);
            let reason = wreck.as_ref().map(|wreck| wreck.reason.clone());
            let ended = || "ended while the server was running".to_owned();
            return Some((reason.unwrap_or_else(ended), None));
        }
        let room = self.stuck_in()?;
        Some(("does not come back from a step".to_owned(), Some(room)))
    }

    /// Which room it has been at the same step of for too many looks.
    fn stuck_in(&mut self) -> Option<RoomKey> {
        self.looks.stuck_in(self.thread.room.now(), SHARD_LOOKS_MAX)
    }

    /// It is taken over once more: how often it was by now.
    fn count_takeover(&mut self) -> Result<u32, String> {
        let now = Instant::now();
        self.recoveries.retain(|at| now - *at < SHARD_RECOVERIES_WITHIN);
        self.recoveries.push_back(now);
        if self.recoveries.len() > SHARD_RECOVERIES_MAX {
            return Err(format!("it was taken over {SHARD_RECOVERIES_MAX} times within a minute"));
        }
        self.takeovers += 1;
        Ok(self.takeovers)
    }

    /// Whether its thread runs and is not given up.
    fn runs(&self) -> bool {
        !self.thread.handle.is_finished() && !self.thread.outlets.are_closed()
    }
}

impl<G: Game> WatchedThread<G> {
    /// From now on nothing that it does has an effect.
    fn give_up(&self) {
        // Before it gets less of the processor: it may be handing over what it has done.
        self.outlets.close();
        // It may go on for ever, and others need the core.
        self.live.lower_priority();
    }
}

/// What a shard is called as a part of the server.
fn part(number: usize) -> String {
    format!("shard-{number}")
}

#[cfg(test)]
mod tests;
