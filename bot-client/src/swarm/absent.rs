//! Bots without a connection, in their thread: how they come to be, ask for sockets, and come back.

use std::time::Duration;

use tickwire_game::game::Game;

use super::{Member, SocketRequest, State, Swarm, present};
use crate::bot::{AbsentBot, Bot};
use crate::connect::{ConnectError, OpenSocket};
use crate::watch::Watch;

impl<G: Game> Swarm<G> {
    /// A bot parts with its connection by `how`, which gives what is left of it.
    pub(super) fn part(
        &mut self,
        place: usize,
        how: impl FnOnce(Bot<G>, &mut Watch) -> Option<AbsentBot>,
    ) {
        let is_present = |member: &mut Member<G>| matches!(member.state, State::Present(_));
        let member = self.members[place].take_if(is_present);
        let Some(Member { state: State::Present(mut bot), .. }) = member else { return };
        // It may be left open, and must not be heard of.
        let _ = self.poll.registry().deregister(bot.wire().source());
        let absent = how(*bot, &mut self.watch);
        self.set_absent(place, absent);
    }

    /// What there is of a bot without a connection, if anything.
    pub(super) fn set_absent(&mut self, place: usize, absent: Option<AbsentBot>) {
        self.count -= usize::from(absent.is_none());
        let state = absent.map(|absent| State::Absent(Box::new(absent)));
        self.members[place] = state.map(|state| Member { state, armed: None });
        self.arm(place);
    }

    pub(super) fn cut(&mut self, place: usize) {
        self.part(place, Bot::cut);
    }

    /// Cuts all who are in the game, and nobody when the run is over.
    pub(super) fn cut_all(&mut self) {
        for place in 0..self.members.len() {
            if present(&mut self.members, place).is_some_and(|bot| bot.can_be_cut()) {
                self.cut(place);
            }
        }
    }

    /// It is time for an absent bot to ask for a socket.
    pub(super) fn ask_for_socket(&mut self, place: usize, now: Duration) {
        let Some(Member { state: State::Absent(absent), .. }) = &mut self.members[place] else {
            return;
        };
        absent.begin_try(now);
        // Without anyone to open it the thread is about to be asked to end.
        let _ = self.sockets.send(SocketRequest { seat: absent.seat(), place });
    }

    /// What came of the socket that an absent bot asked for.
    pub(super) fn reconnect(&mut self, place: usize, opened: Result<OpenSocket, ConnectError>) {
        let is_absent = |member: &mut Member<G>| matches!(member.state, State::Absent(_));
        let member = self.members[place].take_if(is_absent);
        // It may have been given up meanwhile.
        let Some(Member { state: State::Absent(absent), .. }) = member else { return };
        match opened {
            Ok(socket) => self.connect(place, *absent, socket),
            Err(error) => {
                let absent = absent.not_connected(&error.to_string(), &mut self.watch);
                self.set_absent(place, absent);
            }
        }
    }

    /// The run is over, and nobody is waited for any more who is not back.
    pub(super) fn give_up_returning(&mut self) {
        for member in &mut self.members {
            let Some(late) = member.take_if(|member| member.is_returning()) else { continue };
            self.count -= 1;
            match late.state {
                State::Present(bot) => bot.give_up(&mut self.watch),
                State::Absent(absent) => absent.give_up(&mut self.watch),
            }
        }
    }
}
