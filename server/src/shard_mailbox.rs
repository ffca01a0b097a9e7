//! What a shard's thread is sent, and how: commands by the lobby and the edge, which know no game,
//! and rooms by the builder.

use std::sync::Arc;
use std::sync::mpsc::{SendError, Sender};

use tickwire_game::game::Game;
use tickwire_host::{BuiltRoom, Command};

/// What a shard's thread is sent.
pub(crate) enum ShardMail<G: Game> {
    /// By the lobby and the edge.
    Command(Command),
    /// By the builder.
    Built(Box<BuiltRoom<G>>),
}

/// Sends commands to a shard, whose game the sender need not know.
#[derive(Clone)]
pub(crate) struct CommandSender(Arc<dyn Fn(Command) -> Result<(), Command> + Send + Sync>);

impl CommandSender {
    /// One that sends to this mailbox.
    pub(crate) fn new<G: Game>(mailbox: Sender<ShardMail<G>>) -> CommandSender {
        CommandSender(Arc::new(move |command| match mailbox.send(ShardMail::Command(command)) {
            Err(SendError(ShardMail::Command(command))) => Err(command),
            Err(SendError(ShardMail::Built(_))) | Ok(()) => Ok(()),
        }))
    }

    /// Sends a command.
    ///
    /// # Errors
    /// The command, if the shard has ended: the server is shutting down.
    pub(crate) fn send(&self, command: Command) -> Result<(), Command> {
        (self.0)(command)
    }
}
