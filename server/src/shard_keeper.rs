//! [`ShardKeeper`]: the thread that looks after the shards. One that ends, or that does not come back from
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
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tickwire_game::game::Game;
use tickwire_host::{Checkpoints, Command, KeptSeat, RoomAtWork, RoomKey, Shard};
use tokio::sync::{oneshot, watch};
use tracing::{error, warn};

use crate::limits::{
    GIVEN_UP_THREADS_MAX, RECOVERY_ANSWER_MAX, SHARD_LOOK_EVERY, SHARD_LOOKS_MAX,
    SHARD_RECOVERIES_MAX, SHARD_RECOVERIES_WITHIN,
};
use crate::lobby_task::LobbyRequest;
use crate::ops::priority::ThreadId;
use crate::ops::supervision::{Heartbeat, Lifetime, Supervisor, message_of};
use crate::shard_mailbox::{CommandSender, MailSender, ShardMail, Sockets};
use crate::shard_outlets::{ShardOutlets, ThreadOutlets};
use crate::shard_thread::{CheckpointStore, RestoredRoom, ShardThread};

/// How often it is looked whether the threads have ended while the server closes.
const CLOSING_LOOK_EVERY: Duration = Duration::from_millis(2);

/// All shards of a server, and what their threads are made of.
pub(crate) struct ShardKeeper<G: Game> {
    shards: Vec<KeptShard<G>>,
    outlets: ShardOutlets,
    policy: Checkpoints,
    supervisor: Arc<Supervisor>,
    /// Threads that were given up and still run.
    given_up: Vec<JoinHandle<()>>,
}

/// A shard, whichever thread has it.
struct KeptShard<G: Game> {
    mail: MailSender<G>,
    sockets: Arc<Sockets>,
    thread: WatchedThread<G>,
    /// At which turn of which room it was at the last look, and for how many looks.
    seen: Option<(RoomKey, u64)>,
    looks: u32,
    /// How often it was taken over.
    takeovers: u32,
    /// When that was lately.
    recoveries: VecDeque<Instant>,
}

/// What is known of the thread that has a shard.
struct WatchedThread<G: Game> {
    handle: JoinHandle<()>,
    id: Arc<OnceLock<ThreadId>>,
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
            let thread = keeper.start_thread(number, mailbox, Vec::new(), 0)?;
            keeper.shards.push(KeptShard {
                mail,
                sockets: Arc::default(),
                thread,
                seen: None,
                looks: 0,
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

    fn start_thread(
        &self,
        number: usize,
        mailbox: Receiver<ShardMail<G>>,
        restored: Vec<RestoredRoom<G>>,
        takeovers: u32,
    ) -> io::Result<WatchedThread<G>> {
        let mut shard = Shard::<G>::new();
        shard.take_over(takeovers);
        shard.set_checkpoints(self.policy);
        let room = Arc::clone(shard.room_at_work());
        let mut shard = ShardThread::new(shard, mailbox, self.outlets.clone());
        let (checkpoints, outlets) = (Arc::clone(shard.checkpoints()), shard.outlets().clone());
        let (id, wreck) = (Arc::<OnceLock<_>>::default(), Arc::<Mutex<_>>::default());
        let name = part(number);
        let heartbeat = self.supervisor.heartbeat(&name);
        let run = {
            let (id, wreck, outlets) = (Arc::clone(&id), Arc::clone(&wreck), outlets.clone());
            move || {
                let _ = id.set(ThreadId::current());
                // Nothing of it is used after a panic but what checkpoints were made before.
                let run = AssertUnwindSafe(|| shard.run(&heartbeat, restored));
                let reason = match catch_unwind(run) {
                    Err(panic) => format!("panicked: {}", message_of(&*panic)),
                    Ok(()) if outlets.are_closed() => "ended when it was given up".to_owned(),
                    Ok(()) => return,
                };
                let mut wreck = wreck.lock().unwrap_or_else(PoisonError::into_inner);
                *wreck = Some(Wreck { reason, _shard: shard });
            }
        };
        let handle = self.supervisor.spawn_thread(&name, Lifetime::Work, run)?;
        Ok(WatchedThread { handle, id, room, checkpoints, outlets, wreck })
    }

    /// Looks after the shards until the server closes, and then waits for their threads.
    pub(crate) fn run(mut self, closing: &watch::Receiver<bool>, heartbeat: &Heartbeat) {
        while !*closing.borrow() {
            heartbeat.beat();
            thread::sleep(SHARD_LOOK_EVERY);
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
        self.close();
    }

    /// Waits for the threads of all shards, but for those that do not come back.
    fn close(&mut self) {
        // One that has just been taken over may not have heard of it.
        for shard in &self.shards {
            let _ = shard.mail.send(ShardMail::Command(Command::Close));
        }
        let mut looked = Instant::now();
        while self.shards.iter().any(KeptShard::runs) {
            thread::sleep(CLOSING_LOOK_EVERY);
            if looked.elapsed() < SHARD_LOOK_EVERY {
                continue;
            }
            looked = Instant::now();
            for (number, shard) in self.shards.iter_mut().enumerate().filter(|(_, it)| it.runs()) {
                if shard.stuck_in().is_some() {
                    warn!(shard = part(number), "does not come back from a step; is left behind");
                    shard.thread.give_up();
                    shard.sockets.shut_down(&self.outlets.metrics);
                }
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
        let shard = &mut self.shards[at];
        error!(
            shard = part(at),
            reason, "shard is given up; its other rooms go on in a new thread"
        );
        shard.thread.give_up();
        let now = Instant::now();
        shard.recoveries.retain(|at| now - *at < SHARD_RECOVERIES_WITHIN);
        shard.recoveries.push_back(now);
        if shard.recoveries.len() > SHARD_RECOVERIES_MAX {
            return Err(format!("it was taken over {SHARD_RECOVERIES_MAX} times within a minute"));
        }
        self.given_up.retain(|thread| !thread.is_finished());
        if self.given_up.len() >= GIVEN_UP_THREADS_MAX {
            return Err(format!("{GIVEN_UP_THREADS_MAX} threads that were given up still run"));
        }
        shard.takeovers += 1;
        let takeovers = shard.takeovers;
        let mut checkpoints = shard.thread.checkpoints.take();
        checkpoints.retain(|checkpoint| Some(checkpoint.room()) != guilty);
        let mailbox = shard.mail.renew();
        // Only now: those who come back at once find the new mailbox.
        let clients = shard.sockets.shut_down(&self.outlets.metrics);
        let rooms = checkpoints
            .iter()
            .map(|checkpoint| (checkpoint.room(), checkpoint.sessions().collect()))
            .collect();
        let mut kept = self.ask_lobby(at, rooms, guilty)?;
        let restored: Vec<RestoredRoom<G>> = checkpoints
            .into_iter()
            .filter_map(|checkpoint| {
                let seats = kept.iter().position(|(room, _)| *room == checkpoint.room())?;
                Some((checkpoint, kept.swap_remove(seats).1))
            })
            .collect();
        warn!(shard = part(at), rooms = restored.len(), clients, "rooms are being restored");
        self.outlets.metrics.shards_recovered.fetch_add(1, Relaxed);
        self.outlets.metrics.rooms_restored.fetch_add(restored.len() as u64, Relaxed);
        let thread = self
            .start_thread(at, mailbox, restored, takeovers)
            .map_err(|error| format!("no new thread can be had: {error}"))?;
        let shard = &mut self.shards[at];
        (shard.seen, shard.looks) = (None, 0);
        // What it left may be dropped now: the lobby counts none of it any more.
        let WatchedThread { handle, wreck, .. } = std::mem::replace(&mut shard.thread, thread);
        drop(wreck);
        self.given_up.push(handle);
        Ok(())
    }

    /// Which of these rooms go on, with the seats of their players.
    fn ask_lobby(
        &self,
        shard: usize,
        rooms: Vec<(RoomKey, Vec<tickwire_game::ids::SessionId>)>,
        guilty: Option<RoomKey>,
    ) -> Result<Vec<(RoomKey, Vec<KeptSeat>)>, String> {
        let (reply, mut answer) = oneshot::channel();
        let recover = LobbyRequest::Recover { shard, rooms, guilty, reply };
        self.outlets.lobby.send(recover).map_err(|_| "there is no lobby".to_owned())?;
        let until = Instant::now() + RECOVERY_ANSWER_MAX;
        loop {
            match answer.try_recv() {
                Ok(kept) => return Ok(kept),
                Err(oneshot::error::TryRecvError::Empty) if Instant::now() < until => {
                    thread::sleep(CLOSING_LOOK_EVERY);
                }
                Err(_) => return Err("the lobby does not answer".to_owned()),
            }
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
        let now = self.thread.room.now();
        self.looks = if now.is_some() && now == self.seen { self.looks + 1 } else { 0 };
        self.seen = now;
        let (room, _) = now.filter(|_| self.looks >= SHARD_LOOKS_MAX)?;
        Some(room)
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
        if let Some(id) = self.id.get() {
            // It may go on for ever, and others need the core.
            id.lower_priority();
        }
    }
}

/// What a shard is called as a part of the server.
fn part(number: usize) -> String {
    format!("shard-{number}")
}

#[cfg(test)]
mod tests;
