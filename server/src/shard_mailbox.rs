//! What a shard's thread is sent, and how: commands by the lobby and the edge, which know no game,
//! and rooms by the builder. All of them keep their senders when another thread takes a shard over.

use std::sync::mpsc::{self, Receiver, SendError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tickwire_game::game::Game;
use tickwire_game::protocol::DisconnectReason;
use tickwire_host::{BuiltRoom, Command};

use crate::ops::metrics::Metrics;
use crate::transport::shard_socket::ShardSocket;

/// What a shard's thread is sent.
pub(crate) enum ShardMail<G: Game> {
    /// By the lobby and the edge.
    Command(Command),
    /// By the builder.
    Built(Box<BuiltRoom<G>>),
}

/// Sends to whichever thread has a shard.
pub(crate) struct MailSender<G: Game>(Arc<Mutex<Sender<ShardMail<G>>>>);

impl<G: Game> Clone for MailSender<G> {
    fn clone(&self) -> MailSender<G> {
        MailSender(Arc::clone(&self.0))
    }
}

impl<G: Game> MailSender<G> {
    /// One with its mailbox.
    pub(crate) fn new() -> (MailSender<G>, Receiver<ShardMail<G>>) {
        let (sender, mailbox) = mpsc::channel();
        (MailSender(Arc::new(Mutex::new(sender))), mailbox)
    }

    /// Sends to a new mailbox from now on; what lies in the old one stays there.
    pub(crate) fn renew(&self) -> Receiver<ShardMail<G>> {
        let (sender, mailbox) = mpsc::channel();
        *self.sender() = sender;
        mailbox
    }

    /// Sends one.
    ///
    /// # Errors
    /// The mail, if the shard has ended: the server is shutting down.
    pub(crate) fn send(&self, mail: ShardMail<G>) -> Result<(), SendError<ShardMail<G>>> {
        self.sender().send(mail)
    }

    fn sender(&self) -> MutexGuard<'_, Sender<ShardMail<G>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections that a shard polls, so that they can be shut down if it does not come back: it may hold
/// them for ever.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Mutex<HeldSockets>);

#[derive(Debug, Default)]
struct HeldSockets {
    all: Vec<Weak<ShardSocket>>,
    /// At how many it is looked which of them are gone.
    swept_at: usize,
}

/// So many are remembered before it is looked which of them are gone.
const SOCKETS_SWEPT_MIN: usize = 64;

impl Sockets {
    fn held(&self) -> MutexGuard<'_, HeldSockets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection goes to the shard.
    pub(crate) fn add(&self, socket: Weak<ShardSocket>) {
        let mut held = self.held();
        if held.all.len() >= held.swept_at.max(SOCKETS_SWEPT_MIN) {
            held.all.retain(|socket| socket.strong_count() > 0);
            held.swept_at = 2 * held.all.len();
        }
        held.all.push(socket);
    }

    /// Takes all out that were sent there so far: what comes from now on goes to another thread.
    pub(crate) fn take(&self) -> TakenSockets {
        TakenSockets(std::mem::take(&mut self.held().all))
    }
}

/// The connections that a thread polls which is given up.
#[derive(Debug)]
pub(crate) struct TakenSockets(Vec<Weak<ShardSocket>>);

impl TakenSockets {
    /// Shuts all of them down that have not ended, so that their clients notice at once, gives back what
    /// they hold and counts them. How many there were.
    pub(crate) fn shut_down(self, metrics: &Metrics) -> usize {
        let mut count = 0;
        for socket in self.0.iter().filter_map(Weak::upgrade) {
            let Some(held) = socket.take_held() else { continue };
            // Before its client notices, who may come back at once.
            drop(held);
            metrics.count_end(DisconnectReason::Fault);
            socket.shut_down();
            count += 1;
        }
        count
    }
}

type SendCommand = dyn Fn(Command) -> Result<(), Command> + Send + Sync;

/// Sends commands to a shard, whose game the sender need not know.
#[derive(Clone)]
pub(crate) struct CommandSender {
    send: Arc<SendCommand>,
    sockets: Arc<Sockets>,
}

impl CommandSender {
    /// One that sends to this shard, whose connections are held there.
    pub(crate) fn new<G: Game>(mail: MailSender<G>, sockets: Arc<Sockets>) -> CommandSender {
        let send = move |command| match mail.send(ShardMail::Command(command)) {
            Err(SendError(ShardMail::Command(command))) => Err(command),
            Err(SendError(ShardMail::Built(_))) | Ok(()) => Ok(()),
        };
        CommandSender { send: Arc::new(send), sockets }
    }

    /// A connection is about to be sent there.
    pub(crate) fn hold(&self, socket: Weak<ShardSocket>) {
        self.sockets.add(socket);
    }

    /// Sends a command.
    ///
    /// # Errors
    /// The command, if the shard has ended: the server is shutting down.
    pub(crate) fn send(&self, command: Command) -> Result<(), Command> {
        (self.send)(command)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    /// Counts when it is given back.
    struct Permit(Arc<AtomicUsize>);

    impl Drop for Permit {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn connections_that_ended_are_not_remembered_and_the_others_are_shut_down_and_counted_once() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (sockets, metrics) = (Sockets::default(), Metrics::default());
        let given_back = Arc::<AtomicUsize>::default();
        let mut peers = Vec::new();
        let mut connect = || {
            let peer = TcpStream::connect(address).expect("it listens");
            let (socket, _) = listener.accept().expect("it came");
            peers.push(peer);
            Arc::new(ShardSocket::new(socket, Box::new(Permit(Arc::clone(&given_back)))))
        };
        let held: Vec<_> = (0..4).map(|_| connect()).collect();
        held.iter().for_each(|socket| sockets.add(Arc::downgrade(socket)));
        for _ in 0..10 * SOCKETS_SWEPT_MIN {
            sockets.add(Weak::new());
            assert!(sockets.held().all.len() <= SOCKETS_SWEPT_MIN);
        }
        // One has ended, and only waits to be closed in order.
        let ended = held[3].take_held();
        assert!(ended.is_some());
        let faults = || metrics.to_json()["ends"]["fault"].as_u64();
        assert_eq!(sockets.take().shut_down(&metrics), 3);
        assert_eq!((given_back.load(Relaxed), faults()), (3, Some(3)));
        assert!(held.iter().all(|socket| socket.take_held().is_none()), "no other ends them");
        for peer in &mut peers[..3] {
            assert_eq!(peer.read(&mut [0]).expect("it ends"), 0);
        }
        let waiting = peers[3].set_nonblocking(true).and_then(|()| peers[3].read(&mut [0]));
        assert_eq!(waiting.expect_err("it is open").kind(), ErrorKind::WouldBlock);
        held.iter().for_each(|socket| sockets.add(Arc::downgrade(socket)));
        assert_eq!(sockets.take().shut_down(&metrics), 0);
        assert_eq!((given_back.load(Relaxed), faults()), (3, Some(3)));
    }
}
