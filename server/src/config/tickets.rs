//! [`TicketConfig`]: who signs join tickets, and whether guests are let in.

use std::fmt;
use std::path::PathBuf;

/// Name of the environment variable that holds the key itself.
const KEY_VARIABLE: &str = "TICKWIRE_TICKET_KEY";

/// Whether anyone may come in who bears no ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Guests {
    /// Everyone for whom there is space.
    #[default]
    Allow,
    /// Nobody.
    Refuse,
}

/// The part of [`crate::Config`] that says who signs join tickets, and whether guests are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TicketConfig {
    /// Take join tickets (JSON Web Tokens) that are signed by this key: an Ed25519 public key in
    /// PEM, or else a secret of at least 32 bytes for HS256; the key itself may instead stand in
    /// the environment as TICKWIRE_TICKET_KEY
    #[arg(long, value_name = "FILE")]
    pub ticket_key: Option<PathBuf>,

    /// The key itself. Only the environment can say it: a command line is there for all to see.
    #[arg(skip = KeyText::from_environment())]
    pub ticket_key_text: Option<KeyText>,

    /// Whether those are let in who bear no ticket
    #[arg(long, env = "TICKWIRE_GUESTS", value_name = "HOW", default_value = "allow")]
    pub guests: Guests,
}

/// A key as text, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// A key that this is the text of.
    #[must_use]
    pub fn new(text: String) -> KeyText {
        KeyText(text)
    }

    fn from_environment() -> Option<KeyText> {
        // Bytes that are no text make no key; that is told when it is parsed.
        let text = std::env::var_os(KEY_VARIABLE)?.to_string_lossy().into_owned();
        (!text.is_empty()).then_some(KeyText(text))
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
