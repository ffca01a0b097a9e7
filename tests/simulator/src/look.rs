//! What a test may ask a [`Simulator`]: the world, a player in it, and what a client knows of it.

use std::time::Duration;

use tickwire_game::client::{Client, Stage};
use tickwire_game::game::Game;
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::protocol::DisconnectReason;
use tickwire_game::scene::{Event, Kinds, Row};
use tickwire_game::tick::Tick;
use tickwire_host::RoomHost;
use tickwire_host::room::{Room, RoomCounters};

use crate::feel::Feel;
use crate::simulator::{Simulator, Who};

/// What there is to look at.
impl<G: Game> Simulator<G> {
    /// Virtual time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The game, as it is on the server.
    #[must_use]
    pub fn world(&self) -> &G {
        self.room().game()
    }

    /// Who a client is in the room; `None` before its hello has arrived, after it left, and for
    /// spectators.
    #[must_use]
    pub fn player(&self, who: Who) -> Option<PlayerId> {
        self.room_host().session(self.seats[who.0].session?)?.player()
    }

    /// The own state of a client's player as it is on the server, by [`Game::own`].
    #[must_use]
    pub fn own(&self, who: Who) -> Option<G::Own> {
        self.world().own(self.player(who)?)
    }

    /// The own state as the client predicts it for its newest tick.
    #[must_use]
    pub fn predicted(&self, who: Who) -> Option<&G::Own> {
        self.client(who).own()
    }

    /// The entities of one kind that a client knows, by rising id: values are what was sent, rounded to
    /// the fields' steps.
    ///
    /// # Panics
    /// Before it is in the room.
    #[must_use]
    #[track_caller]
    pub fn rows<R: Row>(&self, who: Who) -> Vec<(EntityId, R)> {
        let rows = self.client(who).rows().expect("it is in the room: let some time run first");
        rows.each(&Kinds::of::<G>()).collect()
    }

    /// Takes the events of one kind that a client was sent since the last call, in their order;
    /// of very many events the oldest are not kept.
    pub fn events<E: Event>(&mut self, who: Who) -> Vec<(Tick, E)> {
        let (kinds, mut taken) = (Kinds::of::<G>(), Vec::new());
        self.seats[who.0].events.retain(|sent| match sent.event().read(&kinds) {
            Some(event) => {
                taken.push((sent.tick, event));
                false
            }
            None => true,
        });
        taken
    }

    /// What its player felt since that was last taken: corrections, late inputs and more.
    #[must_use]
    pub fn feel(&self, who: Who) -> &Feel {
        &self.seats[who.0].feel
    }

    /// The same; forgets it.
    pub fn take_feel(&mut self, who: Who) -> Feel {
        std::mem::take(&mut self.seats[who.0].feel)
    }

    /// How old each of its snapshots was when it came, from its tick on; forgets them.
    pub fn take_ages(&mut self, who: Who) -> Vec<Duration> {
        std::mem::take(&mut self.seats[who.0].ages)
    }

    /// Why its connection ended, if it did.
    #[must_use]
    pub fn ended(&self, who: Who) -> Option<DisconnectReason> {
        self.seats[who.0].end
    }

    /// Fails unless everybody who joined is in.
    ///
    /// # Panics
    /// When somebody is not.
    #[track_caller]
    pub fn all_play(&self) {
        for seat in &self.seats {
            let name = &seat.client.greeting().name;
            assert_eq!(seat.end, None, "the connection of \"{name}\"");
            assert_eq!(seat.client.stage(), Stage::Playing, "\"{name}\"");
        }
    }

    /// One of the clients.
    #[must_use]
    pub fn client(&self, who: Who) -> &Client<G> {
        &self.seats[who.0].client
    }

    /// The same, to draw with.
    pub fn client_mut(&mut self, who: Who) -> &mut Client<G> {
        &mut self.seats[who.0].client
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &Room<G> {
        self.host.room()
    }

    /// The room with its sessions.
    #[must_use]
    pub fn room_host(&self) -> &RoomHost<G> {
        self.host.room_host()
    }

    /// Whether the room has made its last tick, and is gone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.host.is_over()
    }

    /// What the room has counted.
    #[must_use]
    pub fn room_counters(&self) -> &RoomCounters {
        &self.host.room_counters
    }

    /// The hash of the world after each tick so far: equal runs have equal ones.
    #[must_use]
    pub fn hashes(&self) -> Vec<u64> {
        self.log.ticks().hashes.clone()
    }
}
