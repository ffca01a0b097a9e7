//! Shards that are given up and taken over, by one keeper: what of each goes on, and what becomes of the old
//! thread.

use super::*;

/// A takeover for which the lobby has not yet said which rooms go on.
pub(super) struct Takeover {
    copies: BTreeMap<RoomKey, Checkpoint<Stones>>,
    old: Thread,
    /// Whether the old thread ends as soon as the new one runs: it had panicked, or wakes up.
    ends: bool,
}

impl Shell {
    /// A shard is given up, and the lobby is asked which of its rooms go on. Its thread `ends` soon, or maybe
    /// never.
    pub(in super::super) fn give_up(&mut self, shard: usize, ends: bool) {
        // The keeper takes one over at a time.
        if self.takeover.is_some() {
            return;
        }
        let keeper = self.sender();
        let kept = &mut self.shards[shard];
        let mut old = kept.thread.take().expect("no takeover is under way");
        kept.takeovers += 1;
        old.unread = std::mem::take(&mut kept.mailbox);
        self.broken.append(&mut kept.sockets);
        self.deliver_ends_of_rooms(old.sender);
        let mut copies = std::mem::take(&mut old.copies);
        let rooms = self.lobby.directory.rooms_of(shard);
        let guilty = rooms.get(self.dice.below(3) as usize).copied();
        copies.retain(|room, _| Some(*room) != guilty);
        if let Some(room) = guilty.filter(|_| self.dice.chance(0.5)) {
            // Its step ended by a panic after all, just as the thread was given up.
            self.post(old.sender, LobbyMail::Failed(room));
        }
        let players = |copy: &Checkpoint<Stones>| copy.sessions().collect();
        let rooms: Vec<_> = copies.iter().map(|(room, copy)| (*room, players(copy))).collect();
        self.end_all_but(shard, &rooms);
        self.post(keeper, LobbyMail::Recover { shard, rooms, guilty });
        self.takeover = Some(Takeover { copies, old, ends });
    }

    /// That a room has ended reaches the lobby before it is asked which rooms go on: nothing overtakes in its
    /// mailbox. What else the old thread sent need not.
    fn deliver_ends_of_rooms(&mut self, old: Sender) {
        let is_end = |mail: &LobbyMail| matches!(mail, LobbyMail::Failed(_) | LobbyMail::Over(_));
        let last = self.outboxes.get(&old).and_then(|sent| sent.iter().rposition(is_end));
        for _ in 0..last.map_or(0, |last| last + 1) {
            self.deliver_from(old);
        }
    }

    /// Of a shard only these rooms and players go on, and who watches there.
    fn end_all_but(&mut self, shard: usize, restored: &[(RoomKey, Vec<SessionId>)]) {
        let of_shard = self.rooms.iter().filter(|(_, its)| **its == shard);
        let is_restored = |room| restored.iter().any(|(restored, _)| *restored == room);
        self.ended_rooms.extend(of_shard.map(|(room, _)| *room).filter(|room| !is_restored(*room)));
        let stays = |session| restored.iter().any(|(_, players)| players.contains(session));
        for (room, players) in &self.players {
            if self.rooms.get(room) == Some(&shard) {
                self.ended.extend(players.iter().filter(|session| !stays(session)));
            }
        }
    }

    pub(super) fn recover(
        &mut self,
        shard: usize,
        rooms: &[(RoomKey, Vec<SessionId>)],
        guilty: Option<RoomKey>,
    ) {
        let mut kept = self.lobby.recover(shard, rooms, guilty, self.now);
        let Some(Takeover { copies, old, ends }) = self.takeover.take() else {
            panic!("the keeper has asked once")
        };
        self.end_all_but(shard, rooms);
        let mut new = self.thread(self.shards[shard].takeovers);
        for (room, copy) in copies {
            match kept.iter().position(|(kept, _)| *kept == room) {
                Some(at) => {
                    let seats = kept.swap_remove(at).1;
                    new.shard.restore(&copy, seats, self.now, &mut new.effects);
                }
                None => assert!(self.ended_rooms.contains(&room), "{room:?} does not go on"),
            }
        }
        assert!(kept.is_empty(), "the lobby keeps only what was asked for");
        self.apply(&mut new);
        self.shards[shard].thread = Some(new);
        if ends {
            self.drop_thread(old);
        } else {
            self.given_up.push(old);
        }
    }

    /// One of the threads that were given up ends.
    pub(in super::super) fn end_old_thread(&mut self) {
        if !self.given_up.is_empty() {
            let at = self.below(self.given_up.len());
            let old = self.given_up.swap_remove(at);
            self.drop_thread(old);
        }
    }

    /// All of them do.
    pub(in super::super) fn end_all_old_threads(&mut self) {
        while !self.given_up.is_empty() {
            self.end_old_thread();
        }
    }

    fn drop_thread(&mut self, old: Thread) {
        let sender = old.sender;
        drop(old);
        self.post_seats(sender);
    }
}
