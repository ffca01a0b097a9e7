//! How a bot parts with its connection: it leaves, cuts it, or finds that it is over.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::protocol::DisconnectReason;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::resumption::{AbsentBot, LeftSession, Loss, Resumption};
use super::{Bot, Departure};
use crate::cuts::CutWay;
use crate::watch::Watch;

impl<G: Game> Bot<G> {
    /// Says goodbye and closes in order; the answer is still to come.
    pub(crate) fn leave(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        if !self.lasting.was_in {
            watch.figures.not_connected.count("no welcome");
        }
        self.close_measure(watch);
        self.leaving = true;
        self.client.leave();
        self.send(watch.now())?;
        // What is still on its way shall not hold up the end.
        self.write_arrived(Duration::MAX)?;
        self.flush()?;
        self.path = None;
        self.close(CloseCode::Normal);
        if self.lasting.seat.is_slow {
            self.wire().lift();
            self.read(watch)?;
        }
        Ok(())
    }

    /// Parts with its connection, for whatever reason; gives what is left of the bot if it is to come
    /// back, or to join anew.
    pub(crate) fn part(mut self, departure: Departure, watch: &mut Watch) -> Option<AbsentBot> {
        if self.leaving {
            return None;
        }
        self.close_measure(watch);
        let now = watch.now();
        if let Some(resumption) = self.resumption.take() {
            return self.miss(resumption, &departure, watch);
        }
        let was_announced = self.client.closes_at().is_some();
        let left = LeftSession::of(&self.client).filter(|left| !left.grace().is_zero());
        let Some(left) = left.filter(|_| departure.leaves_session(was_announced)) else {
            self.bury(&departure, watch);
            return None;
        };
        let resumption = Resumption::new(left, Loss::Broken(departure.reason()), now);
        let lasting = self.lasting;
        if was_announced {
            return Some(AbsentBot::returning(lasting, resumption, now));
        }
        AbsentBot::after_failure(lasting, resumption, &departure.reason(), watch)
    }

    /// A try to come back has failed.
    fn miss(
        mut self,
        resumption: Resumption,
        departure: &Departure,
        watch: &mut Watch,
    ) -> Option<AbsentBot> {
        if let Departure::Undecodable(_) = departure {
            self.bury(departure, watch);
            return None;
        }
        let (lasting, reason) = (self.lasting, departure.reason());
        if departure.is_worth_another_try() {
            AbsentBot::after_failure(lasting, resumption, &reason, watch)
        } else {
            AbsentBot::after_loss(lasting, resumption, &reason, watch)
        }
    }

    /// Cuts its connection; gives what is left of the bot, which comes back at once.
    pub(crate) fn cut(mut self, watch: &mut Watch) -> Option<AbsentBot> {
        self.close_measure(watch);
        let left = LeftSession::of(&self.client)?;
        let wire = self.socket.into_inner();
        let _left_open = match CutWay::thrown(&mut self.lasting.cut_dice) {
            CutWay::Abrupt => None,
            CutWay::Silent => Some(Box::new(wire)),
        };
        let now = watch.now();
        let resumption = Resumption::new(left, Loss::Cut { _left_open }, now);
        Some(AbsentBot::returning(self.lasting, resumption, now))
    }

    /// It is not back when the run ends.
    pub(crate) fn give_up(mut self, watch: &mut Watch) {
        if let Some(resumption) = self.resumption.take() {
            AbsentBot::returning(self.lasting, resumption, watch.now()).give_up(watch);
        }
    }

    /// Its end: closes as well as still can be, and counts.
    fn bury(&mut self, departure: &Departure, watch: &mut Watch) {
        let gone = &watch.progress.gone;
        match departure {
            Departure::Refused(refusal) => {
                gone.fetch_add(1, Ordering::Relaxed);
                watch.figures.refused.count(&refusal.to_string());
            }
            Departure::Undecodable(what) => {
                gone.fetch_add(1, Ordering::Relaxed);
                watch.figures.decode_errors.count(what);
                self.close(CloseCode::from(DisconnectReason::Protocol.code()));
            }
            Departure::Ended(_) | Departure::CutOff(_) => {
                self.lasting.count_gone(&departure.reason(), watch);
            }
        }
        self.close(CloseCode::Normal);
    }

    fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: "".into() };
        // Best effort: what cannot be sent now is not worth waiting for.
        self.unsent = self.socket.close(Some(frame)).is_err();
    }
}
