//! [`Outbox`]: what one session is owed reliably, and how far it has been sent.
//!
//! Two logs with a cursor each. The roster is the room's own log: every entry bears the version
//! at which it changed, the cursor is the version that this client has, and the difference is made
//! when its connection can take it. Notices to this session alone stand in a bounded log here.
//! Nothing reliable is ever dropped: when the log is full the session ends, with its reason.

use std::collections::VecDeque;

use tickwire_game::game::Game;
use tickwire_game::limits::NOTICE_MAX_BYTES;
use tickwire_game::protocol::{DisconnectReason, Notice, ServerMessage};

use crate::limits::OUTBOX_NOTICES_MAX;
use crate::room::{EncodeScratch, Published, RosterVersion};

/// What one session is owed reliably.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// The version of the roster that the client has; `None` before its first.
    roster: Option<RosterVersion>,
    /// The oldest first; what was sent is gone from it.
    notices: VecDeque<Box<str>>,
}

impl Outbox {
    /// Adds a notice to the people at the client. What is too long is cut.
    ///
    /// # Errors
    /// [`DisconnectReason::TooSlow`] when as many wait already as may: the client takes nothing.
    pub(crate) fn notify(&mut self, text: &str) -> Result<(), DisconnectReason> {
        if self.notices.len() >= OUTBOX_NOTICES_MAX {
            return Err(DisconnectReason::TooSlow);
        }
        // Around the text stand its kind and its length.
        let mut end = text.len().min(NOTICE_MAX_BYTES - 16);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.notices.push_back(text[..end].into());
        Ok(())
    }

    /// Its client has a new connection, and knows nothing of what went over the last.
    pub(crate) fn begin_anew(&mut self) {
        self.roster = None;
    }

    /// Makes way for one more notice: nobody is there to take the oldest.
    pub(crate) fn make_way(&mut self) {
        if self.notices.len() >= OUTBOX_NOTICES_MAX {
            self.notices.pop_front();
        }
    }

    /// Adds the message to the end of `out` that takes the client to the newest roster, if it has
    /// an older one. It must reach the client, or its connection must end.
    pub(crate) fn write_roster<G: Game>(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(version) = published.write_roster(self.roster, scratch, out) else { return false };
        self.roster = Some(version);
        true
    }

    /// Adds the oldest notice to the end of `out`, as a message, if there is one. It must reach the
    /// client, or its connection must end.
    pub(crate) fn write_notice(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(text) = self.notices.pop_front() else { return false };
        ServerMessage::Notice(Notice { text: &text }).encode(out);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notices(outbox: &mut Outbox) -> Vec<String> {
        let mut all = Vec::new();
        let mut out = Vec::new();
        while outbox.write_notice(&mut out) {
            let message = ServerMessage::decode(&out).expect("it is a message");
            let ServerMessage::Notice(notice) = message else { panic!("{message:?}") };
            all.push(notice.text.to_owned());
            out.clear();
        }
        all
    }

    #[test]
    fn notices_come_in_order_and_complete_or_the_session_ends() {
        let mut outbox = Outbox::default();
        for number in 0..OUTBOX_NOTICES_MAX {
            assert_eq!(outbox.notify(&number.to_string()), Ok(()));
        }
        assert_eq!(outbox.notify("one more"), Err(DisconnectReason::TooSlow));
        let all: Vec<String> = (0..OUTBOX_NOTICES_MAX).map(|number| number.to_string()).collect();
        assert_eq!(notices(&mut outbox), all);
        assert_eq!(outbox.notify("again"), Ok(()));
        assert_eq!(notices(&mut outbox), ["again"]);
    }

    #[test]
    fn a_notice_is_cut_between_characters_and_fits_its_message() {
        let mut outbox = Outbox::default();
        for text in ["x".repeat(5_000), "\u{E4}".repeat(5_000), "\u{1F600}".repeat(5_000)] {
            outbox.notify(&text).expect("there is space");
            let [cut] = &notices(&mut outbox)[..] else { panic!("one notice") };
            assert!(text.starts_with(cut) && cut.len() > NOTICE_MAX_BYTES - 24, "{}", cut.len());
        }
    }
}
