//! The lobby: finds or makes the room for whoever comes, and counts who is in it.
//!
//! [`Directory`] decides, as a plain struct that is handed the time; [`Lobby`] is the one task
//! that owns it, with a mailbox. Its counts are the admission: a place is taken before a
//! connection is sent to a shard and comes back when its [`Place`] is dropped, whatever ended
//! it, so that joins at the same moment never overfill a room. It never touches a world or a
//! socket.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc as threads;
use std::time::Duration;

use shared::game::{Game, Setup};
use shared::ids::SessionId;
use shared::protocol::{Refusal, Role};
use slotmap::SlotMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::info;

use crate::hosted::RoomStatus;
use crate::metrics::Metrics;
use crate::room::RoomSettings;
use crate::shard::Command;

slotmap::new_key_type! {
    /// A room while the server runs; a name may pass to another room, a key never does.
    pub(crate) struct RoomKey;
}

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

/// Where a client wants to be: [`shared::protocol::RoomWish`], checked and owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Any,
    Named(String),
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
}

/// The limits within which the lobby lets in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) players_max: u16,
    pub(crate) rooms_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) empty_max: Duration,
}

/// Which rooms there are, where, and how many are in them.
pub(crate) struct Directory {
    limits: Limits,
    rooms: SlotMap<RoomKey, Listed>,
    by_name: HashMap<String, RoomKey>,
    shards: Vec<Load>,
    connections: usize,
    named: u64,
    closing: bool,
}

struct Listed {
    name: String,
    shard: usize,
    players: u16,
    spectators: u32,
    empty_since: Option<Duration>,
    status: Arc<RoomStatus>,
}

#[derive(Clone, Copy, Default)]
struct Load {
    people: usize,
    rooms: usize,
}

/// Where someone is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) room: RoomKey,
    pub(crate) shard: usize,
    /// Whether the room is to be opened first.
    pub(crate) new: bool,
}

impl Directory {
    pub(crate) fn new(limits: Limits, shards: usize) -> Directory {
        Directory {
            limits,
            rooms: SlotMap::with_key(),
            by_name: HashMap::new(),
            shards: vec![Load::default(); shards],
            connections: 0,
            named: 0,
            closing: false,
        }
    }

    /// Takes a place, in a room that is made when it is needed.
    pub(crate) fn enter(&mut self, role: Role, wish: &Wish) -> Result<Admission, Refusal> {
        if self.closing {
            return Err(Refusal::Closing);
        }
        if self.connections >= self.limits.connections_max {
            return Err(Refusal::ServerFull);
        }
        let found = match wish {
            Wish::Any => self.fullest(role),
            Wish::Named(name) => self.by_name.get(name).copied(),
        };
        let (room, new) = match (found, wish) {
            (Some(room), _) => (room, false),
            (None, Wish::Named(name)) => (self.open(name.clone())?, true),
            (None, Wish::Any) => {
                let name = self.free_name();
                (self.open(name)?, true)
            }
        };
        let listed = &mut self.rooms[room];
        match role {
            Role::Player if listed.players >= self.limits.players_max => {
                return Err(Refusal::RoomFull);
            }
            Role::Player => listed.players += 1,
            Role::Spectator => listed.spectators += 1,
        }
        listed.empty_since = None;
        let shard = listed.shard;
        self.shards[shard].people += 1;
        self.connections += 1;
        Ok(Admission { room, shard, new })
    }

    /// The room with the most players that has a place: people come to meet. Spectators always
    /// have one.
    fn fullest(&self, role: Role) -> Option<RoomKey> {
        self.rooms
            .iter()
            .filter(|(_, listed)| {
                role == Role::Spectator || listed.players < self.limits.players_max
            })
            .max_by_key(|(_, listed)| listed.players)
            .map(|(room, _)| room)
    }

    fn free_name(&mut self) -> String {
        loop {
            self.named += 1;
            let name = format!("room-{}", self.named);
            if !self.by_name.contains_key(&name) {
                return name;
            }
        }
    }

    fn open(&mut self, name: String) -> Result<RoomKey, Refusal> {
        if self.rooms.len() >= self.limits.rooms_max {
            return Err(Refusal::ServerFull);
        }
        let (shard, load) = self
            .shards
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, load)| (load.people, load.rooms))
            .expect("a server has at least one shard");
        load.rooms += 1;
        let room = self.rooms.insert(Listed {
            name: name.clone(),
            shard,
            players: 0,
            spectators: 0,
            empty_since: None,
            status: Arc::default(),
        });
        self.by_name.insert(name, room);
        Ok(room)
    }

    /// A place is free again.
    pub(crate) fn leave(&mut self, room: RoomKey, role: Role, now: Duration) {
        self.connections -= 1;
        // A room that failed is gone before those who were in it.
        let Some(listed) = self.rooms.get_mut(room) else { return };
        match role {
            Role::Player => listed.players -= 1,
            Role::Spectator => listed.spectators -= 1,
        }
        self.shards[listed.shard].people -= 1;
        if listed.players == 0 && listed.spectators == 0 {
            listed.empty_since = Some(now);
        }
    }

    /// Forgets a room, and says which shard had it.
    pub(crate) fn forget(&mut self, room: RoomKey) -> Option<usize> {
        let listed = self.rooms.remove(room)?;
        self.by_name.remove(&listed.name);
        let load = &mut self.shards[listed.shard];
        load.rooms -= 1;
        load.people -= usize::from(listed.players) + listed.spectators as usize;
        Some(listed.shard)
    }

    /// The rooms that have been empty for too long.
    pub(crate) fn deserted(&self, now: Duration) -> Vec<RoomKey> {
        self.rooms
            .iter()
            .filter(|(_, listed)| {
                listed
                    .empty_since
                    .is_some_and(|since| now.saturating_sub(since) >= self.limits.empty_max)
            })
            .map(|(room, _)| room)
            .collect()
    }
}

/// The task that owns the [`Directory`].
pub(crate) struct Lobby<G: Game> {
    directory: Directory,
    requests: mpsc::UnboundedReceiver<Request>,
    sender: mpsc::UnboundedSender<Request>,
    shards: Vec<threads::Sender<Command<G>>>,
    setup: Setup<G::Settings>,
    fill: u16,
    metrics: Arc<Metrics>,
    sessions: u64,
    started: Instant,
}

/// How often deserted rooms are looked for.
const RETIRE_EVERY: Duration = Duration::from_secs(1);

impl<G: Game> Lobby<G> {
    /// A lobby without rooms. `setup` is what each room is made from; its seed is the server's.
    pub(crate) fn new(
        limits: Limits,
        shards: Vec<threads::Sender<Command<G>>>,
        setup: Setup<G::Settings>,
        fill: u16,
        metrics: Arc<Metrics>,
    ) -> (Lobby<G>, mpsc::UnboundedSender<Request>) {
        let (sender, requests) = mpsc::unbounded_channel();
        let lobby = Lobby {
            directory: Directory::new(limits, shards.len()),
            requests,
            sender: sender.clone(),
            shards,
            setup,
            fill,
            metrics,
            sessions: 0,
            started: Instant::now(),
        };
        (lobby, sender)
    }

    /// Serves until it is told to close; then lets nobody in, and ends when all have left.
    pub(crate) async fn run(mut self) {
        let mut retire = tokio::time::interval(RETIRE_EVERY);
        retire.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !(self.directory.closing && self.directory.connections == 0) {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.serve(request),
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
                self.directory.closing = true;
                for shard in &self.shards {
                    // A shard that is gone has nobody to say goodbye to.
                    let _ = shard.send(Command::Close);
                }
            }
        }
    }

    fn enter(&mut self, role: Role, wish: &Wish) -> Result<Entry, Refusal> {
        let admission = self.directory.enter(role, wish)?;
        let place = Place { room: admission.room, role, lobby: self.sender.clone() };
        if admission.new {
            self.open(admission);
        }
        self.sessions += 1;
        Ok(Entry { session: SessionId(self.sessions), shard: admission.shard, place })
    }

    fn open(&self, admission: Admission) {
        let listed = &self.directory.rooms[admission.room];
        let seed = room_seed(self.setup.seed, &listed.name);
        info!(room = listed.name, seed, shard = listed.shard, "room opens");
        self.metrics.rooms.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let settings = RoomSettings {
            name: listed.name.clone(),
            setup: Setup { seed, ..self.setup.clone() },
            fill: self.fill,
        };
        let status = Arc::clone(&listed.status);
        // Those sent to a shard that is gone end there, and their places come back.
        let _ = self.shards[listed.shard].send(Command::Open {
            room: admission.room,
            settings,
            status,
        });
    }

    fn retire(&mut self) {
        for room in self.directory.deserted(self.started.elapsed()) {
            info!(room = self.directory.rooms[room].name, "room closes, deserted");
            if let Some(shard) = self.directory.forget(room) {
                let _ = self.shards[shard].send(Command::Retire { room });
            }
        }
    }

    fn list(&self) -> Vec<RoomListing> {
        let mut rooms: Vec<RoomListing> = self
            .directory
            .rooms
            .values()
            .map(|listed| RoomListing {
                name: listed.name.clone(),
                game: G::NAME,
                players: listed.players,
                bots: listed.status.bots(),
                spectators: listed.spectators,
                players_max: self.setup.players_max,
                tick_rate_hz: self.setup.tick_rate.hz(),
                tick: listed.status.tick().0,
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
    use super::*;

    fn directory(players_max: u16, rooms_max: usize, connections_max: usize) -> Directory {
        let empty_max = Duration::from_secs(30);
        Directory::new(Limits { players_max, rooms_max, connections_max, empty_max }, 2)
    }

    fn named(name: &str) -> Wish {
        Wish::Named(name.to_owned())
    }

    #[test]
    fn any_room_is_the_fullest_with_a_place() {
        let mut lobby = directory(2, 8, 100);
        let first = lobby.enter(Role::Player, &Wish::Any).unwrap();
        assert!(first.new);
        lobby.enter(Role::Player, &named("empty-ish")).unwrap();
        let second = lobby.enter(Role::Player, &named("busy")).unwrap();
        lobby.enter(Role::Player, &named("busy")).unwrap();
        let third = lobby.enter(Role::Player, &Wish::Any).unwrap();
        assert!(!third.new, "there was a place");
        assert_ne!(third.room, second.room, "the busy one is full");
        let watcher = lobby.enter(Role::Spectator, &Wish::Any).unwrap();
        assert!([second.room, third.room].contains(&watcher.room), "where most is to be seen");
    }

    #[test]
    fn two_hundred_players_fill_rooms_of_64_one_after_the_other() {
        let mut lobby = directory(64, 256, 10_000);
        let mut rooms: HashMap<RoomKey, u32> = HashMap::new();
        for _ in 0..200 {
            *rooms.entry(lobby.enter(Role::Player, &Wish::Any).unwrap().room).or_default() += 1;
        }
        let mut counts: Vec<u32> = rooms.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [8, 64, 64, 64]);
    }

    #[test]
    fn a_full_named_room_refuses_players_and_takes_spectators() {
        let mut lobby = directory(1, 8, 100);
        let room = lobby.enter(Role::Player, &named("duel")).unwrap().room;
        assert_eq!(lobby.enter(Role::Player, &named("duel")), Err(Refusal::RoomFull));
        assert!(lobby.enter(Role::Spectator, &named("duel")).is_ok());
        lobby.leave(room, Role::Player, Duration::ZERO);
        assert!(lobby.enter(Role::Player, &named("duel")).is_ok());
    }

    #[test]
    fn a_server_with_all_its_rooms_or_people_is_full() {
        let mut lobby = directory(1, 1, 2);
        lobby.enter(Role::Player, &Wish::Any).unwrap();
        assert_eq!(lobby.enter(Role::Player, &Wish::Any), Err(Refusal::ServerFull));
        lobby.enter(Role::Spectator, &Wish::Any).unwrap();
        assert_eq!(lobby.enter(Role::Spectator, &Wish::Any), Err(Refusal::ServerFull));
    }

    #[test]
    fn a_room_is_retired_once_it_was_empty_long_enough() {
        let mut lobby = directory(4, 8, 100);
        let room = lobby.enter(Role::Player, &named("a")).unwrap().room;
        assert!(lobby.deserted(Duration::from_secs(1_000)).is_empty(), "someone is in it");
        lobby.leave(room, Role::Player, Duration::from_secs(1_000));
        assert!(lobby.deserted(Duration::from_secs(1_029)).is_empty());
        assert_eq!(lobby.deserted(Duration::from_secs(1_030)), [room]);
        lobby.forget(room);
        assert!(lobby.enter(Role::Player, &named("a")).unwrap().new);
    }

    #[test]
    fn places_of_a_failed_room_come_back() {
        let mut lobby = directory(4, 8, 1);
        let room = lobby.enter(Role::Player, &named("a")).unwrap().room;
        lobby.forget(room);
        lobby.leave(room, Role::Player, Duration::ZERO);
        let again = lobby.enter(Role::Player, &named("a")).unwrap();
        assert!(again.new);
        assert_ne!(again.room, room);
    }

    #[test]
    fn rooms_go_to_the_shard_with_the_fewest_people() {
        let mut lobby = directory(64, 8, 100);
        let a = lobby.enter(Role::Player, &named("a")).unwrap();
        let b = lobby.enter(Role::Player, &named("b")).unwrap();
        assert_ne!(a.shard, b.shard);
        lobby.enter(Role::Player, &named("a")).unwrap();
        assert_eq!(lobby.enter(Role::Player, &named("c")).unwrap().shard, b.shard);
    }

    #[test]
    fn a_closing_lobby_lets_nobody_in() {
        let mut lobby = directory(4, 8, 100);
        lobby.closing = true;
        assert_eq!(lobby.enter(Role::Player, &Wish::Any), Err(Refusal::Closing));
    }

    #[test]
    fn seeds_follow_from_the_servers_seed_and_the_name() {
        assert_eq!(room_seed(1, "a"), room_seed(1, "a"));
        assert_ne!(room_seed(1, "a"), room_seed(1, "b"));
        assert_ne!(room_seed(1, "a"), room_seed(2, "a"));
    }
}
