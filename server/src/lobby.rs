//! The lobby: finds or makes the room for whoever comes, and counts who is in it.
//!
//! The [`Directory`] decides; [`Lobby`] is the one task that owns it, with a mailbox. A place is
//! taken before a connection is sent to a shard and comes back when its [`Place`] is dropped,
//! whatever ended it, so that joins at the same moment never overfill a room. It never touches
//! a world or a socket.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc as threads;
use std::time::Duration;

use shared::game::{Game, Setup};
use shared::ids::SessionId;
use shared::protocol::{Refusal, Role};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::info;

use crate::directory::{Admission, Directory, Limits, RoomKey, Wish};
use crate::memory::Watermark;
use crate::metrics::Metrics;
use crate::recorder::Recorder;
use crate::room::RoomSettings;
use crate::shard::Command;

/// What the lobby is told. Its queue is bounded by the number of connections: each asks once
/// and leaves once.
pub(crate) enum Request {
    /// A client wants in.
    Enter { role: Role, wish: Wish, reply: oneshot::Sender<Result<Entry, Refusal>> },
    /// Someone's place is free again.
    Left { room: RoomKey, role: Role },
    /// A room ended by a fault of its own.
    Failed { room: RoomKey },
    /// Someone wants to see what rooms there are.
    List { reply: oneshot::Sender<Vec<RoomListing>> },
    /// The server is going down: nobody is let in any more, all rooms end.
    Close,
}

/// A place in a room, and the shard that has the room.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) session: SessionId,
    pub(crate) shard: usize,
    pub(crate) place: Place,
}

/// A taken place. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) room: RoomKey,
    pub(crate) role: Role,
    lobby: mpsc::UnboundedSender<Request>,
}

#[cfg(test)]
impl Place {
    /// One in no room, which nobody counts.
    pub(crate) fn of_nobody(role: Role) -> Place {
        Place { room: RoomKey::default(), role, lobby: mpsc::unbounded_channel().0 }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Without a lobby there is nobody left to count.
        let _ = self.lobby.send(Request::Left { room: self.room, role: self.role });
    }
}

/// One room, to people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RoomListing {
    pub(crate) name: String,
    pub(crate) game: &'static str,
    pub(crate) players: u16,
    pub(crate) bots: u16,
    pub(crate) spectators: u32,
    pub(crate) players_max: u16,
    pub(crate) tick_rate_hz: u16,
    pub(crate) tick: u32,
    pub(crate) pace_permille: u16,
}

/// The task that owns the [`Directory`].
pub(crate) struct Lobby<G: Game> {
    directory: Directory,
    requests: mpsc::UnboundedReceiver<Request>,
    sender: mpsc::UnboundedSender<Request>,
    shards: Vec<threads::Sender<Command<G>>>,
    /// From what each room is made, but for its name; its seed is the server's.
    rooms: RoomSettings<G::Settings>,
    /// For the first room that opens.
    recorder: Option<Recorder<G>>,
    metrics: Arc<Metrics>,
    memory: Arc<Watermark>,
    sessions: u64,
    started: Instant,
}

/// How often deserted rooms are looked for.
const RETIRE_EVERY: Duration = Duration::from_secs(1);

impl<G: Game> Lobby<G> {
    /// A lobby without rooms. `rooms` is what each is made from, but for its name.
    pub(crate) fn new(
        limits: Limits,
        shards: Vec<threads::Sender<Command<G>>>,
        rooms: RoomSettings<G::Settings>,
        recorder: Option<Recorder<G>>,
        metrics: Arc<Metrics>,
        memory: Arc<Watermark>,
    ) -> (Lobby<G>, mpsc::UnboundedSender<Request>) {
        let (sender, requests) = mpsc::unbounded_channel();
        let lobby = Lobby {
            directory: Directory::new(limits, shards.len()),
            requests,
            sender: sender.clone(),
            shards,
            rooms,
            recorder,
            metrics,
            memory,
            sessions: 0,
            started: Instant::now(),
        };
        (lobby, sender)
    }

    /// Serves until it is told to close; then lets nobody in, and ends when all have left.
    pub(crate) async fn run(mut self) {
        let mut retire = tokio::time::interval(RETIRE_EVERY);
        retire.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.directory.is_done() {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => {
                        self.serve(request);
                        self.metrics.people.store(self.directory.people() as u64, Relaxed);
                    }
                    None => return,
                },
                _ = retire.tick() => self.retire(),
            }
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Enter { role, wish, reply } => {
                // One that does not wait any more drops its entry, and thereby leaves.
                let _ = reply.send(self.enter(role, &wish));
            }
            Request::Left { room, role } => {
                self.directory.leave(room, role, self.started.elapsed());
            }
            Request::Failed { room } => {
                self.directory.forget(room);
            }
            Request::List { reply } => {
                let _ = reply.send(self.list());
            }
            Request::Close => {
                self.directory.close();
                for shard in &self.shards {
                    // A shard that is gone has nobody to say goodbye to.
                    let _ = shard.send(Command::Close);
                }
            }
        }
    }

    fn enter(&mut self, role: Role, wish: &Wish) -> Result<Entry, Refusal> {
        if self.memory.is_scarce() {
            self.metrics.joins_refused_memory.fetch_add(1, Relaxed);
            return Err(Refusal::ServerFull);
        }
        let admission = self.directory.enter(role, wish).inspect_err(|refusal| {
            if role == Role::Spectator && *refusal == Refusal::RoomFull {
                self.metrics.spectators_refused.fetch_add(1, Relaxed);
            }
        })?;
        let place = Place { room: admission.room, role, lobby: self.sender.clone() };
        if admission.new {
            self.open(admission);
        }
        self.sessions += 1;
        Ok(Entry { session: SessionId(self.sessions), shard: admission.shard, place })
    }

    fn open(&mut self, admission: Admission) {
        let listed = &self.directory.room(admission.room);
        let seed = room_seed(self.rooms.setup.seed, &listed.name);
        info!(room = listed.name, seed, shard = listed.shard, "room opens");
        self.metrics.rooms.fetch_add(1, Relaxed);
        let settings = RoomSettings {
            name: listed.name.clone(),
            setup: Setup { seed, ..self.rooms.setup.clone() },
            ..self.rooms.clone()
        };
        let status = Arc::clone(&listed.status);
        // Those sent to a shard that is gone end there, and their places come back.
        let _ = self.shards[listed.shard].send(Command::Open {
            room: admission.room,
            settings,
            status,
            recorder: self.recorder.take().map(Box::new),
        });
    }

    fn retire(&mut self) {
        for room in self.directory.deserted(self.started.elapsed()) {
            info!(room = self.directory.room(room).name, "room closes, deserted");
            if let Some(shard) = self.directory.forget(room) {
                let _ = self.shards[shard].send(Command::Retire { room });
            }
        }
    }

    fn list(&self) -> Vec<RoomListing> {
        let setup = &self.rooms.setup;
        let mut rooms: Vec<RoomListing> = self
            .directory
            .rooms()
            .map(|listed| RoomListing {
                name: listed.name.clone(),
                game: G::NAME,
                players: listed.players,
                // The room's bots make way at its next tick; here they have already.
                bots: listed.status.bots().min(setup.players_max - listed.players),
                spectators: listed.spectators,
                players_max: setup.players_max,
                tick_rate_hz: setup.tick_rate.hz(),
                tick: listed.status.tick().0,
                pace_permille: listed.status.pace_permille(),
            })
            .collect();
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }
}

/// The seed of a room: of equal servers, rooms of equal names are equal.
fn room_seed(server: u64, name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), server)
}

#[cfg(test)]
mod tests {
    use shared::limits::ROOM_SPECTATORS_MAX;

    use super::*;
    use crate::room::dots::Dots;

    #[test]
    fn spectators_for_whom_there_is_no_place_are_counted() {
        let limits = Limits {
            players_max: 4,
            rooms_max: 1,
            connections_max: 1 << 16,
            empty_max: RETIRE_EVERY,
        };
        let (shard, _commands) = threads::channel();
        let metrics = Arc::<Metrics>::default();
        let (mut lobby, _requests) = Lobby::<Dots>::new(
            limits,
            vec![shard],
            RoomSettings::default(),
            None,
            Arc::clone(&metrics),
            Arc::default(),
        );
        let wish = Wish::Named("final".to_owned());
        let enter = |_| lobby.enter(Role::Spectator, &wish);
        let entries: Vec<_> = (0..ROOM_SPECTATORS_MAX + 3).map(enter).collect();
        let inside = entries.iter().filter(|entry| entry.is_ok()).count();
        assert_eq!(inside, ROOM_SPECTATORS_MAX as usize);
        assert_eq!(metrics.spectators_refused.load(Relaxed), 3);
    }

    #[test]
    fn seeds_follow_from_the_servers_seed_and_the_name() {
        assert_eq!(room_seed(1, "a"), room_seed(1, "a"));
        assert_ne!(room_seed(1, "a"), room_seed(1, "b"));
        assert_ne!(room_seed(1, "a"), room_seed(2, "a"));
    }
}
