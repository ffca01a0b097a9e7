//! [`Ticket`]: what lets a client in, and is shown to nobody else.
//!
//! Here it is a text like any other; a server knows what is in it. It never shows itself:
//! anybody who reads a log could join with it.

use std::fmt;

use bincode::{BorrowDecode, Encode};

/// A signed ticket that says who a client is and where it may be.
#[derive(Clone, Copy, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Ticket<'a>(pub &'a str);

impl fmt::Debug for Ticket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use crate::client::Greeting;
    use crate::protocol::{ClientMessage, Hello, PROTOCOL_VERSION, Role, RoomChoice};

    use super::*;

    #[test]
    fn a_ticket_is_not_in_what_is_printed_of_a_hello_or_a_greeting() {
        let hello = ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: "game",
            rules: 1,
            role: Role::Player,
            name: "Ann",
            room: RoomChoice::Any,
            replays: true,
            ticket: Some(Ticket("a.b.c")),
            settings: None,
            resume: None,
        });
        let greeting = Greeting {
            name: "Ann".into(),
            role: Role::Player,
            room: None,
            ticket: Some("a.b.c".into()),
            settings: None,
            resume: None,
        };
        let shown = format!("{hello:?} {greeting:#?}");
        assert!(shown.contains("Ann") && !shown.contains("a.b.c"), "{shown}");
    }
}
