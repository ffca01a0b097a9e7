//! [`BuilderThread`]: the thread that builds rooms, one after the other, in the order in which the
//! lobby asked for them.
//!
//! It exists so that shards need not: see [`tickwire_host::RoomBuilder`]. It ends when the lobby has.

use std::sync::mpsc::{Receiver, RecvTimeoutError};

use tickwire_game::game::Game;
use tickwire_host::{RoomBuilder, RoomOrder};

use crate::limits::HEARTBEAT_EVERY;
use crate::ops::supervision::Heartbeat;
use crate::shard_mailbox::{MailSender, ShardMail};

/// A builder with its mailbox and the mailboxes of all shards.
pub(crate) struct BuilderThread<G: Game> {
    pub(crate) builder: RoomBuilder<G>,
    /// Bounded by the lobby: it refuses to open rooms while too many wait here.
    pub(crate) orders: Receiver<RoomOrder<G::Settings>>,
    pub(crate) shards: Vec<MailSender<G>>,
}

impl<G: Game> BuilderThread<G> {
    /// Builds what is ordered until the lobby ends.
    pub(crate) fn run(self, heartbeat: &Heartbeat) {
        loop {
            match self.orders.recv_timeout(HEARTBEAT_EVERY) {
                Ok(order) => {
                    let shard = order.shard;
                    let built = self.builder.build(order);
                    // A shard that is gone has let its clients go.
                    let _ = self.shards[shard].send(ShardMail::Built(Box::new(built)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            heartbeat.beat();
        }
    }
}
