//! [`StartError`]: why a server cannot start.

use std::io;
use std::net::SocketAddr;

use tickwire_host::room::RoomError;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is invalid.
    #[error("{0}")]
    Config(String),
    /// The game cannot open a room with these settings.
    #[error("the game cannot open a room with these settings: {0}")]
    Room(#[from] RoomError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The address of the admin listener cannot be listened on.
    #[error(
        "cannot listen on {address} for the admin listener: {error}; choose another address with \
         --admin-listen"
    )]
    ListenAdmin {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The operating system cannot create a thread or a runtime.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl StartError {
    /// The exit code of the program: 2 for invalid settings, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Config(_) => 2,
            StartError::Room(_)
            | StartError::Listen { .. }
            | StartError::ListenAdmin { .. }
            | StartError::System(_) => 1,
        }
    }
}
