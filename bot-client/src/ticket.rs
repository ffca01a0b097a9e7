//! [`TicketText`]: what lets the bots in, where guests are not.
//!
//! It is read at start, once for all of them, and never shown. `options` names it, [`mod@crate::run`]
//! reads it.

use std::path::Path;
use std::{fmt, fs, io};

/// A ticket, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketText(String);

impl TicketText {
    /// Without the ends of line that editors leave there; `None` if that is nothing.
    pub(crate) fn parse(text: &str) -> Option<TicketText> {
        let text = text.trim();
        (!text.is_empty()).then(|| TicketText(text.to_owned()))
    }

    pub(crate) fn read(path: &Path) -> io::Result<TicketText> {
        TicketText::parse(&fs::read_to_string(path)?)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The ticket itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TicketText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketText(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_taken_without_its_end_of_line_and_never_shown() {
        let ticket = TicketText::parse("a.b.c\n").expect("it is one");
        assert_eq!(ticket.expose(), "a.b.c");
        assert!(!format!("{ticket:?}").contains("a.b.c"));
        assert_eq!(TicketText::parse(" \n"), None);
    }
}
