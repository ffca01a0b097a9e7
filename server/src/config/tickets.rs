//! [`TicketConfig`]: the key that signs join tickets, and whether guests may join.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Whether clients without a ticket may join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Guests {
    /// Yes, as long as there are seats.
    #[default]
    Allow,
    /// No.
    Refuse,
}

/// The part of [`crate::Config`] for join tickets: the key that signs them, and whether guests may
/// join.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TicketConfig {
    /// Verify join tickets (JSON Web Tokens) with this key: an Ed25519 public key in PEM, or a secret
    /// of at least 32 bytes for HS256; the environment variable TICKWIRE_TICKET_KEY can hold the key
    /// itself instead
    #[arg(long, value_name = "FILE")]
    pub ticket_key: Option<PathBuf>,

    /// The key itself. Only the environment can set it: other users can read a command line.
    #[arg(skip)]
    pub ticket_key_text: Option<KeyText>,

    /// Whether clients without a ticket may join
    #[arg(long, env = "TICKWIRE_GUESTS", value_name = "HOW", default_value = "allow")]
    pub guests: Guests,
}

/// A key as text. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// A key with this text.
    #[must_use]
    pub fn new(text: String) -> KeyText {
        KeyText(text)
    }

    /// The value of a variable of the environment; a blank one is not set.
    pub(super) fn of_variable(value: Option<OsString>) -> Option<KeyText> {
        // Bytes that are not UTF-8 do not make a valid key; parsing reports it.
        let text = value?.to_string_lossy().into_owned();
        (!text.trim().is_empty()).then_some(KeyText(text))
    }

    /// The key itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(not shown)")
    }
}
