//! [`SessionConfig`]: how long sessions outlive their connections, and how they end with the server.

use std::time::Duration;

use tickwire_host::Checkpoints;
use tickwire_host::limits::{DRAIN_MAX, GRACE_DEFAULT, GRACE_MAX};

use super::time::time;
use crate::limits::{CLOSING_MIN, FAREWELL_MAX};

/// How rooms end once the server is to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DrainRooms {
    /// Each as soon as its game says that it may end, such as between two rounds.
    Finish,
    /// All together, when the time is over.
    #[value(name = "end")]
    Together,
}

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

    /// How long the server takes to end after SIGTERM or Ctrl-C, such as 30s: players are notified and play
    /// on, and nobody else is let in. It ends as soon as nobody plays any more; 0 ends it within a second
    #[arg(long, env = "TICKWIRE_DRAIN", value_name = "TIME", default_value = "0s",
        value_parser = |text: &str| time(text, DRAIN_MAX))]
    pub drain: Duration,

    /// How rooms end in that time: finish ends each as soon as its game says that it may end, such as
    /// between two rounds; end lets all run until the time is over
    #[arg(long, env = "TICKWIRE_DRAIN_ROOMS", value_name = "HOW", default_value = "finish")]
    pub drain_rooms: DrainRooms,
}

impl SessionConfig {
    /// Of which rooms checkpoints are made.
    pub(crate) fn checkpoints(&self) -> Checkpoints {
        if self.checkpoint { Checkpoints::Always } else { Checkpoints::Shared }
    }

    /// How long closing may take, once nobody plays any more.
    pub(crate) fn closing_max(&self) -> Duration {
        self.drain.clamp(CLOSING_MIN, FAREWELL_MAX)
    }

    /// For how long players may play on before that.
    pub(crate) fn playing_max(&self) -> Duration {
        self.drain.saturating_sub(self.closing_max())
    }
}

impl Default for SessionConfig {
    fn default() -> SessionConfig {
        let (drain, drain_rooms) = (Duration::ZERO, DrainRooms::Finish);
        SessionConfig { grace: GRACE_DEFAULT, checkpoint: false, drain, drain_rooms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_drain_is_for_playing_but_for_its_end() {
        let ms = Duration::from_millis;
        for (drain, playing, closing) in [
            (0, 0, 1_000),
            (500, 0, 1_000),
            (1_500, 0, 1_500),
            (3_000, 1_000, 2_000),
            (30_000, 28_000, 2_000),
        ] {
            let config = SessionConfig { drain: ms(drain), ..SessionConfig::default() };
            assert_eq!((config.playing_max(), config.closing_max()), (ms(playing), ms(closing)));
        }
    }
}
