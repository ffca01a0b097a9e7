//! All of a client but its socket and its screen: what the browser page, the bots and the tests
//! run alike.
//!
//! A [`Client`] is handed the time and what came, and polled for what is to be sent. It knows
//! the room's schema, level and roster, runs its own player ahead of the server
//! (`prediction`), sends an input for each tick when its `clock` says so, and says what to
//! draw of the others at any moment (`interpolation`).

mod authoritative;
mod clock;
mod figures;
mod inbound;
mod interpolation;
mod look;
mod playing;
mod prediction;
mod replay;
mod roster;
mod shots;
mod smoothing;

pub use figures::{Applied, Counters, Late};
pub use inbound::{Inbound, codec_of, schema_of};
pub use interpolation::{Drawing, DrawnRow};
pub use prediction::Correction;
pub use roster::{Names, Player};

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::game::{Game, Seen, Skill};
use crate::limits::{BOARD_PAGE_MAX, CLIENT_NOTICES_MAX};
use crate::protocol::snapshot::SnapshotError;
use crate::protocol::{
    Ack, Board, ClientMessage, DisconnectReason, Hello, JoinError, MessageError, PROTOCOL_VERSION,
    Ping, ResumeToken, Role, RoomChoice, Ticket,
};
use crate::scene::{RowRef, SchemaError};
use crate::tick::Tick;

use playing::Playing;
use prediction::Coming;

/// Who a client is and what it wants.
#[derive(Clone, PartialEq, Eq)]
pub struct Greeting {
    /// How it wants to be called.
    pub name: String,
    /// What it wants to be.
    pub role: Role,
    /// Where it wants to be; `None` for any room with space.
    pub room: Option<String>,
    /// What lets it in, where guests are not.
    pub ticket: Option<String>,
    /// What it chooses of the settings of the room that it names, if that opens for it: a JSON object of
    /// some of [`Game::GUEST_SETTINGS`], such as `{"teams":true}`. If the room is there already it is
    /// ignored: [`Client::settings`] has those that hold.
    pub settings: Option<String>,
    /// By which it resumes the session that it had: [`Client::resume_token`] of the last connection.
    /// A token that is not good is refused ([`JoinError::NotResumable`]): then join without.
    pub resume: Option<ResumeToken>,
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Greeting { name, role, room, ticket, settings, resume } = self;
        f.debug_struct("Greeting")
            .field("name", name)
            .field("role", role)
            .field("room", room)
            .field("ticket", &ticket.as_deref().map(Ticket))
            .field("settings", settings)
            .field("resume", resume)
            .finish()
    }
}

/// Why what came cannot be the server's; the connection should be given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Not the next snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A schema that cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A part of a message is not what it should be.
    #[error("the {0} cannot be read")]
    Part(&'static str),
    /// A message that has no place here.
    #[error("a {0} out of place")]
    OutOfPlace(&'static str),
}

/// How far a client has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The hello is under way.
    Greeting,
    /// In a room.
    Playing,
    /// Not let in.
    Refused(JoinError),
    /// The server ended it.
    Ended(DisconnectReason),
}

/// Which of the client's own work is shown: all, unless a page switches some off to show what it
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Features {
    prediction: bool,
    interpolation: bool,
}

/// One client of a game `G`.
pub struct Client<G: Game> {
    greeting: Greeting,
    stage: Stage,
    outbox: VecDeque<Vec<u8>>,
    counters: Counters,
    has_screen: bool,
    replays: bool,
    delay_ticks: u32,
    shown: Features,
    playing: Option<Playing<G>>,
}

impl<G: Game> Client<G> {
    /// A client whose hello waits to be sent.
    #[must_use]
    pub fn new(greeting: Greeting) -> Client<G> {
        Client::greeting_with(greeting, true, true)
    }

    /// The same for one whose snapshots others read as well, who know no rules: it is sent its own state
    /// in full, and so some more bytes.
    #[must_use]
    pub fn without_replay(greeting: Greeting) -> Client<G> {
        Client::greeting_with(greeting, true, false)
    }

    /// The same for one that nobody looks at: it draws nothing and gives out no events, at a
    /// fraction of the memory. Load tests run thousands of these.
    #[must_use]
    pub fn headless(greeting: Greeting) -> Client<G> {
        Client::greeting_with(greeting, false, true)
    }

    fn greeting_with(greeting: Greeting, has_screen: bool, replays: bool) -> Client<G> {
        let hello = ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: G::NAME,
            rules: G::RULES,
            role: greeting.role,
            name: &greeting.name,
            room: greeting.room.as_deref().map_or(RoomChoice::Any, RoomChoice::Named),
            replays,
            ticket: greeting.ticket.as_deref().map(Ticket),
            settings: greeting.settings.as_deref(),
            resume: greeting.resume,
        });
        let mut bytes = Vec::new();
        hello.encode(&mut bytes);
        Client {
            stage: Stage::Greeting,
            outbox: VecDeque::from([bytes]),
            counters: Counters::default(),
            playing: None,
            has_screen,
            replays,
            delay_ticks: 0,
            shown: Features { prediction: true, interpolation: true },
            greeting,
        }
    }

    /// The next message to be sent, if there is any.
    pub fn outgoing(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// Takes one message that came at `now`.
    ///
    /// # Errors
    /// When it cannot be the server's.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) -> Result<(), ClientError> {
        self.counters.bytes += bytes.len() as u64;
        if let Some(playing) = &mut self.playing {
            playing.clocks.called(now);
        }
        let names = self.playing.as_mut().map(|playing| &mut playing.names);
        match (Inbound::take(bytes, names)?, &mut self.playing) {
            (Inbound::Welcome(welcome), _) => {
                self.playing = Some(Playing::enter(&welcome, now, self.has_screen, self.replays)?);
                self.delay_ticks = welcome.delay_ticks;
                self.stage = Stage::Playing;
            }
            (Inbound::Refused(refusal), _) => self.stage = Stage::Refused(refusal),
            (Inbound::Ended(end), _) => self.stage = Stage::Ended(end),
            (Inbound::Pong(number), Some(playing)) => playing.clocks.pong(now, number),
            (Inbound::Pace(pace), Some(playing)) => playing.clocks.set_time_scale(now, pace),
            (Inbound::Closing(left), Some(playing)) => playing.closes_at = Some(now + left),
            (Inbound::Notice(text), Some(playing)) => {
                if playing.notices.len() >= CLIENT_NOTICES_MAX {
                    playing.notices.pop_front();
                }
                playing.notices.push_back(text.to_owned());
            }
            (Inbound::Snapshot(body), Some(playing)) => {
                playing.snapshot(now, body, &mut self.counters)?;
                self.counters.snapshots += 1;
                self.counters.snapshot_bytes = bytes.len();
            }
            // The roster has it.
            (Inbound::Roster | Inbound::Scores | Inbound::Board, _) => {}
            (_, None) => unreachable!("nothing else has its place outside of a room"),
        }
        Ok(())
    }

    /// When [`Client::play`] is next due; `None` while there is nothing to play.
    #[must_use]
    pub fn due_at(&self) -> Option<Duration> {
        let playing = self.playing.as_ref()?;
        let ping = playing.clocks.ping_due_at();
        Some(match playing.player.and_then(|_| playing.clocks.input_due_at()) {
            Some(tick) => ping.min(tick),
            None => ping,
        })
    }

    /// Does what is due at `now`: gives `input` for each of the player's ticks that has come,
    /// predicts them, and queues what is to be sent. Call it when [`Client::due_at`] has come,
    /// or at every animation frame; early calls do nothing. Gives the number of ticks made.
    pub fn play(&mut self, now: Duration, input: G::Input) -> u32 {
        self.play_each(now, |_| input)
    }

    /// The same with an input of its own for each tick: `input` is called once for every tick made,
    /// in their order, with the tick, and for nothing else. So what was pressed and let go between two ticks can be
    /// kept until one of them has taken it.
    pub fn play_each(&mut self, now: Duration, mut input: impl FnMut(Tick) -> G::Input) -> u32 {
        let Some(playing) = &mut self.playing else { return 0 };
        if self.stage != Stage::Playing {
            return 0;
        }
        playing.clocks.called(now);
        let ping = playing.clocks.ping(now);
        if let Some(number) = ping {
            push(&mut self.outbox, &ClientMessage::Ping(Ping { number }));
        }
        let mut made = 0;
        while let Some(tick) = playing.player.and_then(|_| playing.clocks.next_input(now)) {
            let message = playing.give(now, tick, input(tick));
            self.outbox.push_back(message);
            made += 1;
        }
        // Who sends no inputs, to watch or to wait, says with its pings what it has seen.
        if ping.is_some() && playing.unacknowledged > 0 {
            playing.unacknowledged = 0;
            let seen = playing.seen_tick();
            push(&mut self.outbox, &ClientMessage::Ack(Ack { seen }));
        }
        made
    }

    /// Opens a page of the board: `count` players from rank `first` on, counted from 0; with a
    /// count of 0 none. The client asks for it once, and [`Names::page`] has the answer. In a room
    /// of at most [`SCORES_FOR_ALL_MAX`](crate::limits::SCORES_FOR_ALL_MAX) players, and to
    /// spectators, all scores are sent without that.
    pub fn open_board(&mut self, first: u16, count: u8) {
        let board = Board { first, count: count.min(BOARD_PAGE_MAX) };
        let Some(playing) = self.playing.as_mut().filter(|one| one.player.is_some()) else {
            return;
        };
        if playing.board == board || self.stage != Stage::Playing {
            return;
        }
        playing.board = board;
        playing.names.open_board(board.count > 0);
        push(&mut self.outbox, &ClientMessage::Board(board));
    }

    /// Queues a goodbye.
    pub fn leave(&mut self) {
        push(&mut self.outbox, &ClientMessage::Goodbye);
        self.stage = Stage::Ended(DisconnectReason::Left);
    }

    /// What is to be drawn at `now`. `input` is what the player holds right now: the own ship is
    /// drawn on its way to where that will take it, so that a key shows in the next frame.
    pub fn draw(&mut self, now: Duration, input: G::Input, drawing: &mut Drawing) {
        drawing.clear();
        let Some(playing) = &mut self.playing else { return };
        let Some(screen) = &mut playing.screen else { return };
        playing.clocks.called(now);
        let Some(render_tick) = playing.clocks.render_tick(now) else { return };
        let schema = playing.codec.schema();
        drawing.tick = render_tick;
        drawing.own_tick = render_tick;
        if !self.shown.interpolation {
            screen.interpolation.draw_newest(schema, drawing);
        } else {
            screen.interpolation.draw(now, schema, playing.tick_rate, render_tick, drawing);
        }
        if self.shown.prediction {
            let fraction = playing.clocks.fraction(now);
            let (level, tick_rate) = (&playing.level, playing.tick_rate);
            let coming = Coming { now, fraction, input, level, schema, tick_rate };
            let newest = playing.decoder.mirror().rows();
            playing.prediction.draw(&coming, newest, drawing);
        }
    }

    /// Takes the next event whose tick has been drawn.
    pub fn next_event(&mut self, each: impl FnOnce(Tick, RowRef<'_>)) -> bool {
        let Some(playing) = &mut self.playing else { return false };
        let drawn = playing.clocks.last_render_tick();
        let Some(screen) = &mut playing.screen else { return false };
        if screen.events.front().is_none_or(|(tick, _)| f64::from(tick.0) > drawn) {
            return false;
        }
        if let Some((tick, event)) = screen.events.pop_front() {
            each(tick, event.row(0));
        }
        true
    }

    /// Takes the next notice, if there is any.
    pub fn next_notice(&mut self) -> Option<String> {
        self.playing.as_mut()?.notices.pop_front()
    }

    /// Takes the newest input that was shown as applied since the last call.
    pub fn take_applied(&mut self) -> Option<Applied> {
        self.playing.as_mut()?.applied.take()
    }

    /// Takes the next correction of the own player; of very many the oldest are not kept.
    pub fn take_correction(&mut self) -> Option<Correction> {
        self.playing.as_mut()?.prediction.take_correction()
    }

    /// Takes the next input that was not applied in its tick; of very many the oldest are not
    /// kept.
    pub fn take_late(&mut self) -> Option<Late> {
        self.playing.as_mut()?.late.pop_front()
    }

    /// By how many ticks the newest input was early when the tick of the newest snapshot was made;
    /// negative when late. `None` for spectators.
    #[must_use]
    pub fn margin_ticks(&self) -> Option<i32> {
        self.playing.as_ref()?.margin_ticks
    }

    /// Whether what is to be drawn at `now` lies beyond the newest snapshot; `None` before the
    /// first.
    pub fn is_extrapolating(&mut self, now: Duration) -> Option<bool> {
        self.playing.as_mut()?.clocks.is_extrapolating(now)
    }

    /// Whether the own player is drawn where it is predicted to be, as it usually is, or where the
    /// server had it when the others were seen. It changes what is drawn and nothing else.
    pub fn set_prediction(&mut self, on: bool) {
        self.shown.prediction = on;
    }

    /// Whether the others are drawn between two snapshots, as they usually are, or as the newest has
    /// them. It changes what is drawn and nothing else.
    pub fn set_interpolation(&mut self, on: bool) {
        self.shown.interpolation = on;
    }

    /// What a bot may go by, one as good as bots usually are; `None` before the first snapshot, and
    /// for spectators.
    #[must_use]
    pub fn seen(&self) -> Option<Seen<'_, G>> {
        let playing = self.playing.as_ref()?;
        let mirror = playing.decoder.mirror();
        Some(Seen {
            player: playing.player?,
            skill: Skill::default(),
            tick: mirror.tick()?,
            own: playing.prediction.newest(),
            level: &playing.level,
            rows: mirror.rows(),
            kinds: playing.codec.schema().kinds(),
        })
    }

    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage.clone()
    }
}

fn push(outbox: &mut VecDeque<Vec<u8>>, message: &ClientMessage<'_>) {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    outbox.push_back(bytes);
}
