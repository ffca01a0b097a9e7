//! [`LobbyTask`]: the task that owns the [`Lobby`]. It adds a mailbox and a clock, and sends the
//! lobby's commands to the shards and its orders to the builder.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc as threads;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tickwire_game::ids::{SessionId, Subject};
use tickwire_game::protocol::{JoinError, RESUME_SECRET_BYTES, ResumeToken, Role};
use tickwire_host::{
    Admission, Drain, KeptSeat, Lobby, PeerKey, ReleaseSeat, RequestedRoom, RoomKey, RoomListing,
    RoomOrder, SeatRelease, SeatRequest, Secrets, SessionReport,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::limits::HEARTBEAT_EVERY;
use crate::ops::memory::Watermark;
use crate::ops::metrics::Metrics;
use crate::ops::supervision::Heartbeat;
use crate::shard_mailbox::CommandSender;

/// How often empty rooms are checked for their retirement, which is a sign of life as well.
const RETIRE_EVERY: Duration = HEARTBEAT_EVERY;

/// A request to the lobby. The queue is unbounded but small: each connection sends at most one join,
/// one leave and two reports.
pub(crate) enum LobbyRequest {
    /// A client requests a seat. A room that is opened for it counts for `opener`; `None` is a
    /// client of an uncapped address.
    Join {
        role: Role,
        room: RequestedRoom,
        opener: Option<PeerKey>,
        subject: Option<Subject>,
        /// By which it resumes its session.
        resume: Option<ResumeToken>,
        reply: oneshot::Sender<Result<Admission, JoinError>>,
    },
    /// A seat is free again.
    Left(SeatRelease),
    /// A session is reported of: by a shard, or by the edge if its client did not get there.
    Session(SessionReport),
    /// A room ended by a panic in the game.
    RoomFailed { room: RoomKey },
    /// A room has made its last tick.
    RoomOver { room: RoomKey },
    /// The thread of a shard does not come back, because of a step of the `guilty` room if that is known.
    /// Of the others those named may go on, with the sessions that played in them: the reply has their
    /// seats.
    Recover {
        shard: usize,
        rooms: Vec<(RoomKey, Vec<SessionId>)>,
        guilty: Option<RoomKey>,
        reply: oneshot::Sender<Vec<(RoomKey, Vec<KeptSeat>)>>,
    },
    /// A client requests the list of rooms.
    List { reply: oneshot::Sender<Vec<RoomListing>> },
    /// Whether newcomers would get in is asked for.
    Readiness { reply: oneshot::Sender<Result<(), JoinError>> },
    /// The server is about to shut down: only those are let in who resume a session.
    Drain(Drain),
    /// The server is shutting down: joins are refused and all rooms end.
    Close,
}

/// The sender of the lobby's mailbox.
pub(crate) type LobbySender = mpsc::UnboundedSender<LobbyRequest>;

/// The callback that returns a dropped reservation's seat to the lobby.
pub(crate) fn release_seat(lobby: &LobbySender) -> ReleaseSeat {
    let lobby = lobby.clone();
    Arc::new(move |seat| {
        // Without a lobby nothing counts seats any more.
        let _ = lobby.send(LobbyRequest::Left(seat));
    })
}

/// The randomness of the operating system, for tokens.
pub(crate) fn system_secrets() -> Secrets {
    let random = SystemRandom::new();
    Box::new(move || {
        let mut secret = [0; RESUME_SECRET_BYTES];
        // Linux cannot fail at this once it has begun to work; a secret that can be guessed must not be.
        random.fill(&mut secret).expect("the operating system has randomness");
        secret
    })
}

/// Where a lobby's commands and orders go.
pub(crate) struct LobbyOutlets<S> {
    pub(crate) shards: Vec<CommandSender>,
    pub(crate) builder: threads::Sender<RoomOrder<S>>,
    /// Set once the server drains and nobody plays any more.
    pub(crate) drained: watch::Sender<bool>,
}

/// The lobby with its mailbox.
pub(crate) struct LobbyTask<S> {
    lobby: Lobby<S>,
    requests: mpsc::UnboundedReceiver<LobbyRequest>,
    outlets: LobbyOutlets<S>,
    metrics: Arc<Metrics>,
    memory: Arc<Watermark>,
    started: Instant,
}

impl<S: Clone + Debug + Serialize + DeserializeOwned> LobbyTask<S> {
    pub(crate) fn new(
        lobby: Lobby<S>,
        requests: mpsc::UnboundedReceiver<LobbyRequest>,
        outlets: LobbyOutlets<S>,
        metrics: Arc<Metrics>,
        memory: Arc<Watermark>,
    ) -> LobbyTask<S> {
        LobbyTask { lobby, requests, outlets, metrics, memory, started: Instant::now() }
    }

    /// Serves requests until [`LobbyRequest::Close`], then ends when all clients have left.
    pub(crate) async fn run(mut self, heartbeat: Heartbeat) {
        let mut retire = tokio::time::interval(RETIRE_EVERY);
        retire.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.lobby.is_done() {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.serve(request),
                    None => return,
                },
                _ = retire.tick() => {
                    self.lobby.retire(self.started.elapsed());
                    self.publish();
                }
            }
            self.send_commands();
            heartbeat.beat();
        }
    }

    fn serve(&mut self, request: LobbyRequest) {
        match request {
            LobbyRequest::Join { role, room, opener, subject, resume, reply } => {
                let request = SeatRequest { role, room: &room, opener, subject, resume };
                let admission = self.admit(&request);
                // The shard must expect the room before it receives a client for it.
                self.send_commands();
                // If the client is gone, the dropped reservation returns its seat.
                if let Err(Ok(admission)) = reply.send(admission)
                    && let Some(report) = admission.lost()
                {
                    self.lobby.hear(report);
                }
            }
            LobbyRequest::Left(seat) => self.lobby.leave(seat, self.started.elapsed()),
            LobbyRequest::Session(report) => self.lobby.hear(report),
            LobbyRequest::RoomFailed { room } => {
                self.lobby.room_failed(room, self.started.elapsed());
            }
            LobbyRequest::RoomOver { room } => self.lobby.room_over(room),
            LobbyRequest::Recover { shard, rooms, guilty, reply } => {
                let now = self.started.elapsed();
                let kept = self.lobby.recover(shard, &rooms, guilty, now);
                // Without a keeper the server is shutting down.
                let _ = reply.send(kept);
            }
            LobbyRequest::List { reply } => {
                let _ = reply.send(self.lobby.list());
            }
            LobbyRequest::Readiness { reply } => {
                let _ = reply.send(self.lobby.admits_newcomers(self.started.elapsed()));
            }
            LobbyRequest::Drain(drain) => self.lobby.drain(drain, self.started.elapsed()),
            LobbyRequest::Close => self.lobby.close(),
        }
        self.publish();
    }

    fn publish(&self) {
        let (lobby, metrics) = (&self.lobby, &self.metrics);
        metrics.people.store(lobby.people() as u64, Relaxed);
        metrics.players.store(lobby.players() as u64, Relaxed);
        metrics.rooms.store(lobby.rooms_opened(), Relaxed);
        metrics.rooms_evicted.store(lobby.rooms_evicted(), Relaxed);
        metrics.rooms_failed.store(lobby.rooms_failed(), Relaxed);
        metrics.rooms_open.store(lobby.rooms() as u64, Relaxed);
        metrics.rooms_deserted.store(lobby.rooms_deserted() as u64, Relaxed);
        if lobby.is_drained() {
            self.outlets.drained.send_replace(true);
        }
    }

    fn admit(&mut self, request: &SeatRequest<'_>) -> Result<Admission, JoinError> {
        // Who comes back has its memory already.
        if self.memory.is_scarce() && !self.lobby.resumes(request) {
            self.metrics.joins_refused_memory.fetch_add(1, Relaxed);
            return Err(JoinError::ServerFull);
        }
        self.lobby.admit(request, self.started.elapsed()).inspect_err(|refusal| {
            if request.role == Role::Spectator && *refusal == JoinError::RoomFull {
                self.metrics.spectators_refused.fetch_add(1, Relaxed);
            }
        })
    }

    fn send_commands(&mut self) {
        for (shard, command) in self.lobby.take_commands() {
            // A shard that is gone dropped its clients, which returned their seats.
            let _ = self.outlets.shards[shard].send(command);
        }
        for order in self.lobby.take_orders() {
            // The builder ends only when nothing can order from it any more.
            let _ = self.outlets.builder.send(order);
        }
    }
}

#[cfg(test)]
mod tests {
    use test_games::tiny::Tiny;
    use tickwire_game::tick::TickRate;
    use tickwire_host::hello::GameVersion;
    use tickwire_host::limits::ROOM_SPECTATORS_MAX;
    use tickwire_host::{DirectoryLimits, GuestSettings, LobbySettings, OpenerLimits, SessionNews};

    use super::*;
    use crate::ops::supervision::Supervisor;
    use crate::shard_mailbox::MailSender;

    /// A lobby of one shard, which has its mail read by nobody, and what keeps it running.
    struct Running {
        sender: LobbySender,
        metrics: Arc<Metrics>,
        memory: Arc<Watermark>,
        task: tokio::task::JoinHandle<()>,
        _kept: Box<dyn std::any::Any>,
    }

    impl Running {
        fn start() -> Running {
            let limits = DirectoryLimits {
                players_max: 4,
                rooms_max: 1,
                connections_max: 1 << 16,
                empty_max: RETIRE_EVERY,
                opener: OpenerLimits::default(),
            };
            let (sender, requests) = mpsc::unbounded_channel();
            let release = release_seat(&sender);
            let settings = LobbySettings {
                game: GameVersion { name: "game", rules: 1 },
                tick_rate: TickRate::default(),
                limits,
                shards: 1,
                seed: 7.into(),
                records_first: false,
                grace: Duration::ZERO,
                absent_per_client_max: 1,
            };
            let guest_settings = GuestSettings::new::<Tiny>(()).expect("it has none");
            let lobby = Lobby::new(settings, guest_settings, release, system_secrets());
            let (shard, commands) = MailSender::<Tiny>::new();
            let (builder, orders) = threads::channel();
            let shards = vec![CommandSender::new(shard, Arc::default())];
            let (drained, is_drained) = watch::channel(false);
            let outlets = LobbyOutlets { shards, builder, drained };
            let (metrics, memory) = (Arc::default(), Arc::new(Watermark::new(Some(1_000))));
            let (of_task, its) = (Arc::clone(&metrics), Arc::clone(&memory));
            let task = LobbyTask::new(lobby, requests, outlets, of_task, its);
            let (closing, is_closing) = tokio::sync::watch::channel(false);
            let heartbeat = Supervisor::new(is_closing).heartbeat("lobby");
            let task = tokio::spawn(task.run(heartbeat));
            let _kept = Box::new((commands, orders, is_drained, closing));
            Running { sender, metrics, memory, task, _kept }
        }

        fn send(&self, request: LobbyRequest) {
            assert!(self.sender.send(request).is_ok(), "the lobby runs");
        }

        fn request(
            &self,
            role: Role,
            subject: Option<Subject>,
        ) -> oneshot::Receiver<Result<Admission, JoinError>> {
            let (reply, answer) = oneshot::channel();
            let room = RequestedRoom::named("final");
            let (opener, resume) = (None, None);
            self.send(LobbyRequest::Join { role, room, opener, subject, resume, reply });
            answer
        }

        async fn join(&self, role: Role, subject: Option<Subject>) -> Result<Admission, JoinError> {
            self.request(role, subject).await.expect("the lobby replies")
        }

        /// Ends when all have left.
        async fn close(self) {
            self.send(LobbyRequest::Close);
            self.task.await.expect("it ends");
        }
    }

    #[tokio::test]
    async fn spectators_for_whom_a_room_has_no_seat_are_counted() {
        let lobby = Running::start();
        let mut admitted = Vec::new();
        for _ in 0..ROOM_SPECTATORS_MAX + 3 {
            admitted.extend(lobby.join(Role::Spectator, None).await);
        }
        assert_eq!(admitted.len(), ROOM_SPECTATORS_MAX as usize);
        assert_eq!(lobby.metrics.spectators_refused.load(Relaxed), 3);
        assert_eq!(lobby.metrics.people.load(Relaxed), u64::from(ROOM_SPECTATORS_MAX));
        drop(admitted);
        lobby.close().await;
    }

    #[tokio::test]
    async fn who_comes_back_by_a_ticket_may_give_up_on_the_way_and_needs_no_memory() {
        let lobby = Running::start();
        let subject = Some(Subject(7));
        let first = lobby.join(Role::Player, subject).await.expect("there is space");
        let absent = first.session;
        let news = SessionNews::Absent;
        lobby.send(LobbyRequest::Session(SessionReport { session: absent, resumptions: 0, news }));
        // Its client is gone before it has its answer, and comes again.
        drop(lobby.request(Role::Player, subject));
        lobby.memory.sample(2_000);
        let newcomer = lobby.join(Role::Player, Some(Subject(8))).await;
        assert_eq!(newcomer.err(), Some(JoinError::ServerFull));
        let back = lobby.join(Role::Player, subject).await.expect("it is there");
        assert_eq!((back.session, back.resumptions, back.resumed), (absent, 2, true));
        drop(first);
        lobby.close().await;
    }
}
