//! [`SessionConfig`]: how long sessions outlive their connections.

use std::time::Duration;

use tickwire_host::Checkpoints;
use tickwire_host::limits::{GRACE_DEFAULT, GRACE_MAX};

use super::time::time;

/// The part of [`crate::Config`] for sessions.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct SessionConfig {
    /// How long a player stays whose connection broke, such as 30s, so that its client can resume; 0 is
    /// not at all
    #[arg(long, env = "TICKWIRE_GRACE", value_name = "TIME", default_value = "30s",
        value_parser = |text: &str| time(text, GRACE_MAX))]
    pub grace: Duration,

    /// Copy every room each second, so that it can go on if its thread does not come back; else only those
    /// that share a shard with others are copied
    #[arg(long, env = "TICKWIRE_CHECKPOINT")]
    pub checkpoint: bool,
}

impl SessionConfig {
    /// Of which rooms checkpoints are made.
    pub(crate) fn checkpoints(&self) -> Checkpoints {
        if self.checkpoint { Checkpoints::Always } else { Checkpoints::Shared }
    }
}

impl Default for SessionConfig {
    fn default() -> SessionConfig {
        SessionConfig { grace: GRACE_DEFAULT, checkpoint: false }
    }
}
