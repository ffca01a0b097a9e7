//! [`Health`]: how the parts of the server are, as the supervisor finds them.

use std::fmt;

/// How the parts of the server are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Those that give signs of life, and those in trouble.
    pub(crate) parts: Vec<PartHealth>,
}

/// How a part of the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartHealth {
    /// Its name, for example `lobby` or `shard-0`.
    pub(crate) part: String,
    /// What is wrong with it, if anything is.
    pub(crate) trouble: Option<Trouble>,
}

/// What is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It has ended, for a reason that is for the operator alone: it may have anything in it.
    Ended { reason: String },
    /// It has given no sign of life for so long.
    Silent { for_seconds: u64 },
}

impl Health {
    /// The first part in trouble, with that.
    pub(crate) fn trouble(&self) -> Option<(&str, &Trouble)> {
        self.parts.iter().find_map(|part| Some((part.part.as_str(), part.trouble.as_ref()?)))
    }

    /// Whether no part is in trouble.
    pub(crate) fn is_well(&self) -> bool {
        self.trouble().is_none()
    }

    /// What is wrong with a part, whatever was known of it before.
    pub(crate) fn set_trouble(&mut self, part: &str, trouble: Trouble) {
        let trouble = Some(trouble);
        match self.parts.iter_mut().find(|known| known.part == part) {
            Some(known) => known.trouble = trouble,
            None => self.parts.push(PartHealth { part: part.to_owned(), trouble }),
        }
    }
}

impl Trouble {
    /// The same for those who need not know what exactly happened.
    pub(crate) fn in_short(&self) -> &'static str {
        match self {
            Trouble::Ended { .. } => "has ended",
            Trouble::Silent { .. } => "has given no sign of life",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Ended { reason } => reason.fmt(f),
            Trouble::Silent { for_seconds } => {
                write!(f, "has given no sign of life for {for_seconds} s")
            }
        }
    }
}
