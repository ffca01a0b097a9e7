//! A shell without threads: what the lobby, the shards, the edge and the keeper of the shards send each
//! other waits in queues, which a test empties in whatever order may happen. Of one sender things arrive
//! in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use test_games::stones::Stones;
use tickwire_game::game::Setup;

use super::super::*;
use super::{Dice, EMPTY_MAX, GRACE, PLAYERS_MAX, ROOMS_MAX, SHARDS, TICK_RATE};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::mailbox::{Effects, PendingJoin};
use crate::room::{Room, RoomTemplate};
use crate::room_builder::{BuiltRoom, RoomBuilder};
use crate::room_host::StepProbe;
use crate::session_report::SessionReport;
use crate::shard::Shard;
use keeper::Takeover;

mod keeper;

const OPENER: OpenerLimits = OpenerLimits { rooms_max: 8, rooms_per_minute: 6_000 };

/// What the lobby is sent.
enum LobbyMail {
    Left(SeatRelease),
    Session(SessionReport),
    Failed(RoomKey),
    Over(RoomKey),
    Recover { shard: usize, rooms: Vec<(RoomKey, Vec<SessionId>)>, guilty: Option<RoomKey> },
}

/// What a shard is sent.
enum ShardMail {
    Command(Command),
    Built(Box<BuiltRoom<Stones>>),
}

/// Who sends the lobby something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sender(u64);

/// A thread that has a shard, or had it.
struct Thread {
    shard: Shard<Stones>,
    sender: Sender,
    copies: BTreeMap<RoomKey, Checkpoint<Stones>>,
    effects: Effects,
    /// What was in its mailbox when it was given up.
    unread: VecDeque<ShardMail>,
}

/// A shard, whichever thread has it.
#[derive(Default)]
struct KeptShard {
    /// `None` while the keeper waits for the lobby.
    thread: Option<Thread>,
    mailbox: VecDeque<ShardMail>,
    takeovers: u32,
    /// The connections that were sent there.
    sockets: BTreeSet<PeerKey>,
}

/// The room of this name breaks at its next step.
#[derive(Clone, Default)]
struct Breaks(Arc<Mutex<Option<String>>>);

impl StepProbe<Stones> for Breaks {
    fn stepped(&mut self, room: &Room<Stones>) {
        let mut breaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = breaks.take_if(|name| *name == room.config().name).is_some();
        drop(breaks);
        assert!(!is_it, "the test breaks this room");
    }
}

pub(super) struct Shell {
    pub(super) now: Duration,
    pub(super) dice: Dice,
    pub(super) lobby: Lobby<Settings>,
    seats: mpsc::Receiver<SeatRelease>,
    builder: RoomBuilder<Stones>,
    orders: VecDeque<RoomOrder<Settings>>,
    shards: [KeptShard; SHARDS],
    /// Threads that were given up and still run.
    given_up: Vec<Thread>,
    takeover: Option<Takeover>,
    outboxes: BTreeMap<Sender, VecDeque<LobbyMail>>,
    senders: u64,
    /// Clients that were admitted and have not yet been sent to their shard.
    on_the_way: Vec<PendingJoin>,
    breaks: Breaks,
    /// All rooms that ever were, with their shards.
    rooms: BTreeMap<RoomKey, usize>,
    /// Of these, those that have ended.
    pub(super) ended_rooms: BTreeSet<RoomKey>,
    /// The sessions of players that were ever sent to each.
    players: BTreeMap<RoomKey, BTreeSet<SessionId>>,
    /// Sessions that have ended for a good reason, beside those of rooms that have.
    pub(super) ended: BTreeSet<SessionId>,
    /// Connections that were broken on the server's side.
    pub(super) broken: BTreeSet<PeerKey>,
}

impl Shell {
    pub(super) fn new(seed: u64) -> Shell {
        let (mut lobby, seats) = lobby_of(ROOMS_MAX, OPENER, false);
        lobby.settings.shards = SHARDS;
        lobby.settings.grace = GRACE;
        lobby.settings.limits.players_max = PLAYERS_MAX;
        lobby.settings.limits.empty_max = EMPTY_MAX;
        lobby.directory = Directory::new(lobby.settings.limits, SHARDS);
        lobby.sessions = Sessions::new(secrets(), GRACE, ABSENT_MAX);
        lobby.takeovers = vec![0; SHARDS];
        let settings = Settings { may_end_with: Some(1), ..Settings::default() };
        let (players_max, tick_rate) = (PLAYERS_MAX, TICK_RATE);
        let setup = Setup { players_max, tick_rate, settings, ..Setup::default() };
        let template =
            RoomTemplate { setup, grace: GRACE, idle_after: None, ..RoomTemplate::default() };
        let mut shell = Shell {
            now: Duration::ZERO,
            dice: Dice::new(seed, 0),
            lobby,
            seats,
            builder: RoomBuilder::new(template),
            orders: VecDeque::new(),
            shards: Default::default(),
            given_up: Vec::new(),
            takeover: None,
            outboxes: BTreeMap::new(),
            senders: 0,
            on_the_way: Vec::new(),
            breaks: Breaks::default(),
            rooms: BTreeMap::new(),
            players: BTreeMap::new(),
            ended_rooms: BTreeSet::new(),
            ended: BTreeSet::new(),
            broken: BTreeSet::new(),
        };
        for shard in 0..SHARDS {
            shell.shards[shard].thread = Some(shell.thread(0));
        }
        shell
    }

    fn thread(&mut self, takeovers: u32) -> Thread {
        let mut shard = Shard::new();
        shard.take_over(takeovers);
        shard.set_checkpoints(Checkpoints::Always);
        shard.set_probe(Box::new(self.breaks.clone()));
        let (copies, effects, unread) = Default::default();
        Thread { shard, sender: self.sender(), copies, effects, unread }
    }

    fn sender(&mut self) -> Sender {
        self.senders += 1;
        Sender(self.senders)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.dice.below(end as u32) as usize
    }

    fn post(&mut self, sender: Sender, mail: LobbyMail) {
        self.outboxes.entry(sender).or_default().push_back(mail);
    }

    /// What has just been dropped was dropped by this sender.
    fn post_seats(&mut self, sender: Sender) {
        while let Ok(seat) = self.seats.try_recv() {
            self.post(sender, LobbyMail::Left(seat));
        }
    }

    // The edge.

    /// A client asks for a seat; if it gets one, it is on the way there.
    pub(super) fn admit(
        &mut self,
        request: &SeatRequest<'_>,
        connect: impl FnOnce(Admission) -> PendingJoin,
    ) -> Result<SessionId, JoinError> {
        let admission = self.lobby.admit(request, self.now);
        self.send_commands();
        let pending = connect(admission?);
        let (session, room) = (pending.admission.session, pending.admission.room());
        if request.role == Role::Player {
            self.players.entry(room).or_default().insert(session);
        }
        self.on_the_way.push(pending);
        Ok(session)
    }

    /// One of those who are on the way is sent to its shard.
    pub(super) fn hand_over(&mut self) {
        if !self.on_the_way.is_empty() {
            let at = self.below(self.on_the_way.len());
            let pending = self.on_the_way.remove(at);
            let shard = &mut self.shards[pending.admission.shard];
            shard.sockets.insert(pending.peer);
            shard.mailbox.push_back(ShardMail::Command(Command::Join(Box::new(pending))));
        }
    }

    /// One of those who are on the way does not get there.
    pub(super) fn lose(&mut self) {
        if !self.on_the_way.is_empty() {
            let (at, sender) = (self.below(self.on_the_way.len()), self.sender());
            let pending = self.on_the_way.remove(at);
            self.broken.insert(pending.peer);
            if let Some(report) = pending.admission.lost() {
                self.post(sender, LobbyMail::Session(report));
            }
            drop(pending);
            self.post_seats(sender);
        }
    }

    /// The room that was ordered first is built, or cannot be.
    pub(super) fn build(&mut self, is_made: bool) {
        if let Some(order) = self.orders.pop_front() {
            let shard = order.shard;
            let mut built = self.builder.build(order);
            built.room = built.room.filter(|_| is_made);
            self.shards[shard].mailbox.push_back(ShardMail::Built(Box::new(built)));
        }
    }

    // The lobby.

    /// It serves what one of its senders sent first.
    pub(super) fn deliver(&mut self) {
        if !self.outboxes.is_empty() {
            let nth = self.below(self.outboxes.len());
            let sender = self.outboxes.keys().nth(nth).copied();
            self.deliver_from(sender.expect("there are so many"));
        }
    }

    fn deliver_from(&mut self, sender: Sender) {
        let outbox = self.outboxes.get_mut(&sender).expect("it has sent something");
        let mail = outbox.pop_front().expect("an outbox is not empty");
        if outbox.is_empty() {
            self.outboxes.remove(&sender);
        }
        match mail {
            LobbyMail::Left(seat) => self.lobby.leave(seat, self.now),
            LobbyMail::Session(report) => self.lobby.hear(report),
            LobbyMail::Failed(room) => self.lobby.room_failed(room, self.now),
            LobbyMail::Over(room) => self.lobby.room_over(room),
            LobbyMail::Recover { shard, rooms, guilty } => self.recover(shard, &rooms, guilty),
        }
        self.send_commands();
    }

    pub(super) fn retire(&mut self) {
        self.lobby.retire(self.now);
        self.send_commands();
    }

    pub(super) fn send_commands(&mut self) {
        let commands: Vec<_> = self.lobby.take_commands().collect();
        for (shard, command) in commands {
            match command {
                Command::Open { room, .. } => drop(self.rooms.insert(room, shard)),
                Command::Retire { room } => drop(self.ended_rooms.insert(room)),
                Command::Expire { session, .. } => drop(self.ended.insert(session)),
                _ => {}
            }
            self.shards[shard].mailbox.push_back(ShardMail::Command(command));
        }
        self.orders.extend(self.lobby.take_orders());
    }

    // The shards.

    /// Does something with a thread that runs.
    fn on_thread(&mut self, shard: usize, act: impl FnOnce(&mut Shell, &mut Thread)) {
        let Some(mut thread) = self.shards[shard].thread.take() else { return };
        act(self, &mut thread);
        self.apply(&mut thread);
        self.shards[shard].thread = Some(thread);
    }

    /// As a thread applies its effects, in this order.
    fn apply(&mut self, thread: &mut Thread) {
        let sender = thread.sender;
        let Effects { departed, freed, reports, failed, over, .. } =
            std::mem::take(&mut thread.effects);
        self.ended_rooms.extend(failed.iter().chain(&over));
        // What a room that broke dropped.
        self.post_seats(sender);
        failed.into_iter().for_each(|room| self.post(sender, LobbyMail::Failed(room)));
        over.into_iter().for_each(|room| self.post(sender, LobbyMail::Over(room)));
        drop(departed);
        drop(freed);
        self.post_seats(sender);
        reports.into_iter().for_each(|report| self.post(sender, LobbyMail::Session(report)));
    }

    /// A shard reads what it was sent first. Whether there was anything.
    pub(super) fn read_mail(&mut self, shard: usize) -> bool {
        if self.shards[shard].thread.is_none() {
            return false;
        }
        let Some(mail) = self.shards[shard].mailbox.pop_front() else { return false };
        self.on_thread(shard, |shell, thread| match mail {
            ShardMail::Command(command) => {
                thread.shard.handle(command, shell.now, &mut thread.effects);
            }
            ShardMail::Built(room) => {
                thread.shard.open(*room, shell.now, &mut thread.effects);
                thread.copy(shell.now);
            }
        });
        true
    }

    pub(super) fn copy(&mut self, shard: usize) {
        self.on_thread(shard, |shell, thread| thread.copy(shell.now));
    }

    /// All passes that come due.
    pub(super) fn wait(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        loop {
            let due = |kept: &KeptShard| {
                let shard = &kept.thread.as_ref()?.shard;
                [shard.next_deadline(), shard.seats_at()].into_iter().flatten().min()
            };
            let all = self.shards.iter().enumerate();
            let next = all.filter_map(|(at, shard)| Some((due(shard)?, at))).min();
            let Some((due, shard)) = next.filter(|(due, _)| *due <= until) else { break };
            self.now = self.now.max(due);
            self.on_thread(shard, |shell, Thread { shard, effects, .. }| {
                if shard.pass(shell.now, effects) {
                    shard.pass_ended(shell.now);
                }
                while shard.seat_next(shell.now, effects) {}
            });
        }
        self.now = until;
    }

    /// A room of this shard panics at its next step.
    pub(super) fn break_room(&mut self, shard: usize) {
        let rooms = self.lobby.directory.rooms_of(shard);
        if !rooms.is_empty() {
            let room = rooms[self.below(rooms.len())];
            let name = self.lobby.directory.room(room).name.clone();
            *self.breaks.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        }
    }

    // All of it.

    /// Everything arrives, and nothing is left to do.
    pub(super) fn settle(&mut self, look: &mut dyn FnMut(&mut Shell)) {
        for _ in 0..2 {
            while !self.on_the_way.is_empty() {
                self.hand_over();
            }
            while !self.orders.is_empty() {
                self.build(true);
            }
            while !self.outboxes.is_empty() {
                self.deliver();
            }
            for shard in 0..SHARDS {
                while self.read_mail(shard) {}
            }
            for _ in 0..2 {
                self.wait(Duration::from_millis(400));
                look(self);
            }
            while !self.outboxes.is_empty() {
                self.deliver();
            }
        }
        let is_empty = |shard: &KeptShard| shard.mailbox.is_empty();
        assert!(self.takeover.is_none() && self.shards.iter().all(is_empty), "all is done");
    }

    /// Who is where, of all rooms of the shards, and whether they play.
    pub(super) fn seated(&self) -> Vec<(SessionId, RoomKey, bool)> {
        let mut all = Vec::new();
        for kept in &self.shards {
            let hosts = self
                .rooms
                .keys()
                .filter_map(|room| Some((*room, kept.thread.as_ref()?.shard.room(*room)?)));
            for (room, host) in hosts {
                let sessions = host.sessions().iter();
                all.extend(sessions.map(|it| (it.id(), room, it.player().is_some())));
            }
        }
        all
    }

    /// The rooms that a shard has.
    pub(super) fn rooms_of(&self, shard: usize) -> Vec<RoomKey> {
        let thread = self.shards[shard].thread.as_ref();
        let is_there = |room: &RoomKey| thread.is_some_and(|it| it.shard.room(*room).is_some());
        self.rooms.keys().copied().filter(is_there).collect()
    }

    /// How many people play in a room, to its game.
    pub(super) fn people_of(&self, room: RoomKey) -> u16 {
        let threads = self.shards.iter().filter_map(|kept| kept.thread.as_ref());
        threads.filter_map(|it| it.shard.room(room)).map(|host| host.room().people()).sum()
    }

    /// How many clients wait at their shards.
    pub(super) fn waiting(&self) -> usize {
        let threads = self.shards.iter().filter_map(|kept| kept.thread.as_ref());
        threads.map(|thread| thread.shard.seats_waiting()).sum()
    }
}

impl Thread {
    fn copy(&mut self, now: Duration) {
        while self.shard.checkpoint_due().is_some_and(|due| due <= now) {
            if let Some(copy) = self.shard.checkpoint(now, &mut self.effects) {
                self.copies.insert(copy.room(), copy);
            }
        }
        self.copies.retain(|room, _| self.shard.room(*room).is_some());
    }
}
