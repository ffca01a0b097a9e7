//! One client of a [`Simulator`](crate::Simulator), with its player's hands, its connection and the
//! links between; and its turn whenever something arrived or is due.

use std::collections::VecDeque;
use std::time::Duration;

use tickwire_game::client::{Client, Correction, Greeting};
use tickwire_game::dice::Dice;
use tickwire_game::game::Game;
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::snapshot::Mirror;
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Input, ResumeToken, Role, ServerMessage,
};
use tickwire_game::scene::{RowRef, Rows};
use tickwire_game::tick::Tick;

use crate::claims::Violation;
use crate::feel::Feel;
use crate::host::Pipe;
use crate::mirrors::{check_mirror, check_scene, own_of};
use crate::path::PathLink;
use crate::report::{CAUSES_OF_CORRECTIONS, differences};
use crate::ticks::Ticks;

/// Of very many events that nobody takes the oldest are not kept.
const EVENTS_KEPT: usize = 4_096;

/// What acts for a player: what it wants to do, by the time and what its client shows.
pub(crate) type Act<G> = Box<dyn FnMut(Duration, &mut Client<G>) -> <G as Game>::Input>;

/// What a cheat makes of its inputs on their way.
pub(crate) type Meddle = Box<dyn FnMut(&mut Input<'_>)>;

/// What a client's hands do.
pub(crate) enum Driver<G: Game> {
    /// The game's own bot, at every tick.
    Bot(Box<Dice>),
    /// The same input until another is set.
    Hold(G::Input),
    /// What it makes of what its client shows.
    Act(Act<G>),
}

/// One thing that a client went through.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged<I> {
    /// A message came.
    Received(Duration, Vec<u8>),
    /// It was to play, and what it had to send then.
    Played(Duration, I, Vec<Vec<u8>>),
}

/// An event that a client was sent.
#[derive(Debug)]
pub(crate) struct SentEvent {
    pub(crate) tick: Tick,
    event: Rows,
}

impl SentEvent {
    pub(crate) fn event(&self) -> RowRef<'_> {
        self.event.row(0)
    }
}

/// A connection that a client gave up: what it sent over it may still be under way.
pub(crate) struct Abandoned {
    pub(crate) up: PathLink,
    /// `None` before its hello came.
    pub(crate) pipe: Option<Pipe>,
}

/// One client with its connection and the links between.
pub(crate) struct ClientSeat<G: Game> {
    pub(crate) client: Client<G>,
    pub(crate) hands: Driver<G>,
    /// What is done in the next tick alone.
    pub(crate) pressed: Option<G::Input>,
    pub(crate) up: PathLink,
    pub(crate) down: PathLink,
    /// `None` before the hello came.
    pub(crate) session: Option<SessionId>,
    pub(crate) pipe: Option<Pipe>,
    /// Connections that it gave up, and that the server may still take for its own.
    pub(crate) abandoned: Vec<Abandoned>,
    /// The newest token that it was given.
    pub(crate) token: Option<ResumeToken>,
    pub(crate) end: Option<DisconnectReason>,
    /// Until when its process does nothing at all; and how long it does so each time that it has
    /// done something.
    pub(crate) stopped_until: Duration,
    pub(crate) throttle: Duration,
    pub(crate) feel: Feel,
    pub(crate) events: VecDeque<SentEvent>,
    /// What it went through, if that is to be had again.
    pub(crate) log: Option<Vec<Logged<G::Input>>>,
    /// What a cheat makes of its inputs on their way.
    pub(crate) meddle: Option<Meddle>,
    /// What the server's end of the stream knew after each snapshot that is still under way.
    pub(crate) mirrors: VecDeque<Mirror>,
    /// The tick of the last of these.
    pub(crate) written: Option<Tick>,
    /// When snapshots came, and how old they were.
    pub(crate) ages: Vec<Duration>,
}

impl<G: Game> ClientSeat<G> {
    pub(crate) fn new(
        client: Client<G>,
        hands: Driver<G>,
        up: PathLink,
        down: PathLink,
    ) -> ClientSeat<G> {
        ClientSeat {
            client,
            hands,
            pressed: None,
            up,
            down,
            session: None,
            pipe: None,
            abandoned: Vec::new(),
            token: None,
            end: None,
            stopped_until: Duration::ZERO,
            throttle: Duration::ZERO,
            feel: Feel::default(),
            events: VecDeque::new(),
            log: None,
            meddle: None,
            mirrors: VecDeque::new(),
            written: None,
            ages: Vec::new(),
        }
    }

    /// Gives its connection up without a word, and begins another by the token that it has.
    pub(crate) fn come_back(&mut self, up: PathLink, down: PathLink) {
        let greeting = Greeting { resume: self.token, ..self.client.greeting().clone() };
        self.client = Client::new(greeting);
        let up = std::mem::replace(&mut self.up, up);
        self.abandoned.push(Abandoned { up, pipe: self.pipe.take() });
        self.down = down;
        (self.session, self.end, self.written) = (None, None, None);
        self.mirrors.clear();
    }

    pub(crate) fn watches(&self) -> bool {
        self.client.greeting().role == Role::Spectator
    }

    /// When it has something to do next.
    pub(crate) fn next_moment(&self) -> Option<Duration> {
        let moments = [self.down.next_arrival(), self.client.due_at()];
        Some(moments.into_iter().flatten().min()?.max(self.stopped_until))
    }

    /// Takes what has arrived, does what is due, and sends what is to be sent.
    pub(crate) fn take_turn(&mut self, now: Duration, ticks: &Ticks<G>) -> Result<(), Violation> {
        if now < self.stopped_until || self.end.is_some() {
            return Ok(());
        }
        self.stopped_until = now + self.throttle;
        while let Some(bytes) = self.down.receive(now) {
            if let Some(log) = &mut self.log {
                log.push(Logged::Received(now, bytes.clone()));
            }
            self.receive(now, &bytes, ticks)?;
        }
        self.play(now);
        Ok(())
    }

    fn receive(&mut self, now: Duration, bytes: &[u8], ticks: &Ticks<G>) -> Result<(), Violation> {
        let before = self.client.tick();
        let is_snapshot = matches!(ServerMessage::decode(bytes), Ok(ServerMessage::Snapshot(_)));
        let written = if is_snapshot { self.mirrors.pop_front() } else { None };
        let tick = written.as_ref().and_then(Mirror::tick);
        let predicted = tick.and_then(|tick| self.client.predicted(tick)).cloned();
        let received = self.client.receive(now, bytes);
        received.map_err(|error| format!("a client cannot read what the server sends: {error}"))?;
        self.token = self.client.resume_token().or(self.token);
        if !is_snapshot {
            return Ok(());
        }
        let tick = match (&written, self.client.player()) {
            (Some(server), Some(_)) => {
                check_mirror(&self.client, server)?;
                server.tick().expect("it is of a snapshot")
            }
            _ => check_scene(&self.client, &ticks.scenes),
        };
        self.ages.push(now - ticks.made_at(tick));
        self.note_events();
        let ClientSeat { feel, client, up, .. } = self;
        match feel.snapshot(client, up, before, &ticks.causes) {
            // What a cheat sends in its client's name is none of its client's concern.
            Some(correction) if self.meddle.is_none() => {
                let own = written.as_ref().and_then(|server| own_of::<G>(server.own()));
                Err(self.unexplained(&correction, predicted, own))
            }
            _ => Ok(()),
        }
    }

    fn unexplained(
        &self,
        correction: &Correction,
        predicted: Option<G::Own>,
        own: Option<G::Own>,
    ) -> Violation {
        let (tick, name) = (correction.tick, &self.client.greeting().name);
        let player = self.client.player().map_or(String::new(), |player| format!(" ({player})"));
        let found = differences(("predicted", &predicted), ("server", &own));
        format!(
            "an unexplained correction of \"{name}\"{player} in tick {tick}, by {:.3} units:\n\
             no `Step::affect` announced it, and its inputs were there in time.\n{found}\n\
             predicted by its client: {predicted:#?}\n\
             on the server: {own:#?}\n\n{CAUSES_OF_CORRECTIONS}",
            correction.units
        )
    }

    fn note_events(&mut self) {
        let decoder = self.client.decoder().expect("a snapshot came");
        for (tick, event) in decoder.events() {
            if self.events.len() >= EVENTS_KEPT {
                self.events.pop_front();
            }
            let mut row = Rows::default();
            row.push_row(event);
            self.events.push_back(SentEvent { tick, event: row });
        }
    }

    fn play(&mut self, now: Duration) {
        let is_due = self.client.due_at().is_some_and(|due| due <= now);
        let input = match &mut self.hands {
            Driver::Hold(input) => *input,
            _ if !is_due => G::Input::default(),
            Driver::Bot(dice) => {
                self.client.seen().map(|seen| G::bot(&seen, dice)).unwrap_or_default()
            }
            Driver::Act(act) => act(now, &mut self.client),
        };
        let pressed = &mut self.pressed;
        if self.client.play_each(now, |_| pressed.take().unwrap_or(input)) > 0 {
            self.feel.look(self.client.is_extrapolating(now));
        }
        let sent: Vec<_> = std::iter::from_fn(|| self.client.outgoing()).collect();
        if let Some(log) = &mut self.log {
            log.push(Logged::Played(now, input, sent.clone()));
        }
        for mut bytes in sent {
            if let Some(meddle) = &mut self.meddle {
                bytes = meddled(&bytes, meddle);
            }
            self.up.send(now, bytes);
        }
    }
}

/// Changes inputs on their way, as a cheat would.
fn meddled(bytes: &[u8], meddle: &mut Meddle) -> Vec<u8> {
    let mut message = ClientMessage::decode(bytes).expect("clients say what can be read");
    if let ClientMessage::Input(input) = &mut message {
        meddle(input);
    }
    let mut changed = Vec::new();
    message.encode(&mut changed);
    changed
}
