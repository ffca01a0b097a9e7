//! The room: one world, who plays in it, and its tick.
//!
//! A plain struct: inputs go in, the tick is made, and each viewer is told what it may know.
//! It does no I/O and owns no clock: the shard says when to step, a
//! [`Connection`](crate::connection::Connection) brings what clients say and asks for what they
//! are to be told. Journals and sockets are its callers' affair.
//!
//! Its parts follow the data's path: `input_buffer`, `fill` (the room's own bots), the step
//! itself (here), `roster`, `interest` and `events`, and those that tell: `viewer` each player,
//! `broadcast` all spectators together.

mod broadcast;
mod counters;
#[cfg(test)]
pub(crate) mod dots;
mod events;
mod fill;
mod input_buffer;
mod interest;
mod pace;
mod record;
mod rewind;
mod roster;
#[cfg(test)]
mod tests;
mod told;
mod viewer;

pub use broadcast::{Run, Shared, Spectator, Turn};
pub(crate) use counters::COUNTERS;
pub use counters::RoomCounters;
pub use input_buffer::InputVerdict;
pub(crate) use record::OwnStates;
pub use viewer::Viewer;

use std::sync::Arc;
use std::time::Duration;

use shared::game::{Dice, Effect, Game, Given, PlayerInput, Setup, Skills};
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    INPUT_MAX_BYTES, ROOM_PLAYERS_MAX, ROSTER_SCORES_PER_SECOND, SNAPSHOT_MAX_BYTES,
    SPECTATOR_DELAY_DEFAULT, WELCOME_MAX_BYTES,
};
use shared::protocol::snapshot::{Codec, Coding};
use shared::protocol::{Input, Pace, Refusal, ServerMessage, WIRE};
use shared::scene::{Rows, Scene, Schema, SchemaError};
use shared::simulation::Simulation;
use shared::tick::{Tick, TickRate};

use crate::pacer::OverloadPolicy;
use broadcast::Broadcast;
use events::EventHistory;
use input_buffer::InputBuffer;
use interest::Interest;
use roster::Roster;
use told::Told;

/// From what a room is made.
#[derive(Clone, Debug)]
pub struct RoomSettings<S> {
    /// What it is called; whoever opens it has checked that.
    pub name: String,
    /// From what its world is made: the game's settings, the seed, the tick rate, and how many
    /// people may play.
    pub setup: Setup<S>,
    /// With how many players the room is lively: while people are fewer, bots make up for them.
    /// Never more than `players_max` come of it.
    pub fill: u16,
    /// How well those play.
    pub skills: Skills,
    /// How what there is to see is sent.
    pub stream: StreamSettings,
    /// What is done when it cannot keep up.
    pub overload: OverloadPolicy,
    /// That of a room of the same game and tick rate, to share; made anew when absent.
    pub codec: Option<Arc<Codec>>,
}

impl<S: Default> Default for RoomSettings<S> {
    /// A room of the default size without a name and without bots.
    fn default() -> RoomSettings<S> {
        let (stream, overload) = (StreamSettings::default(), OverloadPolicy::default());
        RoomSettings {
            name: String::new(),
            setup: Setup::default(),
            fill: 0,
            skills: Skills::default(),
            stream,
            overload,
            codec: None,
        }
    }
}

/// How a room sends what there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Most bytes of one snapshot, its kind included. What does not fit waits, the least
    /// important longest.
    pub snapshot_max_bytes: usize,
    /// By how much time spectators see the room later than players: a live picture of the whole
    /// world in the hands of a player's friend is a cheat.
    pub spectator_delay: Duration,
}

impl Default for StreamSettings {
    fn default() -> StreamSettings {
        StreamSettings {
            snapshot_max_bytes: SNAPSHOT_MAX_BYTES,
            spectator_delay: SPECTATOR_DELAY_DEFAULT,
        }
    }
}

/// Why a room cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// The game's schema cannot be used.
    #[error("the game's schema: {0}")]
    Schema(#[from] SchemaError),
    /// Its size is not one that a room may have.
    #[error("a room for {0} players, where 1 to {ROOM_PLAYERS_MAX} may be")]
    PlayersMax(u16),
    /// An input of the game is too big for its message.
    #[error("an input of {0} bytes, of which {INPUT_MAX_BYTES} may be")]
    InputTooBig(usize),
    /// Schema, level and settings do not fit into a welcome.
    #[error("a welcome of {0} bytes, of which {WELCOME_MAX_BYTES} may be")]
    WelcomeTooBig(usize),
    /// A value of the game cannot be turned into bytes.
    #[error("the game's {0} cannot be serialised")]
    NotSerialisable(&'static str),
}

/// One who plays.
struct Player<G: Game> {
    id: PlayerId,
    /// The room's tick when it came: scenes up to that one were made without it, and whatever
    /// in them is meant for its id was meant for somebody else.
    came: Tick,
    inputs: InputBuffer<G::Input>,
    told: Told<G>,
    /// Of a fill-in bot: what it draws from.
    bot: Option<Dice>,
}

/// What never changes and every welcome carries, in bincode.
struct WelcomeParts {
    schema: Vec<u8>,
    level: Vec<u8>,
    settings: Vec<u8>,
}

/// Memory used within one call and kept for the next.
#[derive(Default)]
struct Scratch {
    visible: Vec<u32>,
    rows: Rows,
    own: Vec<u8>,
    replayed: Vec<u8>,
}

/// One running world with its players.
pub struct Room<G: Game> {
    name: String,
    seed: u64,
    tick_rate: TickRate,
    players_max: u16,
    fill: u16,
    skills: Skills,
    codec: Arc<Codec>,
    stream: StreamSettings,
    rewind_max_ticks: u32,
    welcome_parts: WelcomeParts,
    simulation: Simulation<G>,
    /// By rising id.
    players: Vec<Player<G>>,
    people: u16,
    roster: Roster,
    interest: Interest,
    events: EventHistory,
    broadcast: Broadcast,
    overload: OverloadPolicy,
    pace: Pace,
    counters: RoomCounters,
    given: Vec<PlayerInput<G::Input>>,
    scratch: Scratch,
}

impl<G: Game> Room<G> {
    /// Opens a room: its world is at tick 0, and nobody is in it.
    ///
    /// # Errors
    /// When the game or the settings break a limit.
    pub fn new(settings: RoomSettings<G::Settings>) -> Result<Room<G>, RoomError> {
        let RoomSettings { name, setup, fill, skills, stream, overload, codec } = settings;
        if setup.players_max == 0 || setup.players_max > ROOM_PLAYERS_MAX {
            return Err(RoomError::PlayersMax(setup.players_max));
        }
        let codec = match codec {
            Some(codec) => codec,
            None => Arc::new(Codec::new(G::schema(), setup.tick_rate, Coding::Range)?),
        };
        let input = serialised(&G::Input::default(), "input")?.len();
        if input > INPUT_MAX_BYTES {
            return Err(RoomError::InputTooBig(input));
        }
        let simulation = Simulation::new(&setup);
        let welcome_parts = WelcomeParts {
            schema: bincode::encode_to_vec(codec.schema(), WIRE)
                .map_err(|_| RoomError::NotSerialisable("schema"))?,
            level: serialised(simulation.level(), "level")?,
            settings: serialised(&setup.settings, "settings")?,
        };
        let mut room = Room {
            name,
            seed: setup.seed,
            tick_rate: setup.tick_rate,
            players_max: setup.players_max,
            fill: fill.min(setup.players_max),
            skills,
            codec,
            stream,
            rewind_max_ticks: setup.rewind_max_ticks,
            welcome_parts,
            simulation,
            players: Vec::new(),
            people: 0,
            roster: Roster::default(),
            interest: Interest::default(),
            events: EventHistory::new(),
            broadcast: Broadcast::new(setup.tick_rate, stream.spectator_delay),
            overload,
            pace: pace::FULL,
            counters: RoomCounters::default(),
            given: Vec::new(),
            scratch: Scratch::default(),
        };
        room.check_welcome()?;
        room.sort_interest();
        Ok(room)
    }

    /// Makes the next tick.
    pub fn step(&mut self) {
        // The bots first: whoever comes now is in the world before its tick, and what a bot
        // does must be there when the inputs are gathered.
        self.fill_in();
        self.bots_think();
        self.gather_inputs();
        self.simulation.step(&self.given);
        self.count_ignored();
        // The scene is new. What is told of it is made once here, not once per viewer.
        self.events.keep(self.codec.schema(), self.simulation.scene());
        self.sort_interest();
        self.refresh_scores();
        self.broadcast_scene();
    }

    /// A person comes, and is in the world from the next tick on. A bot gives way at once if
    /// there is no more need of it.
    ///
    /// # Errors
    /// [`Refusal::RoomFull`] when as many people are in as may be.
    pub fn join(&mut self, name: &str) -> Result<PlayerId, Refusal> {
        if self.people >= self.players_max {
            self.counters.refused_full += 1;
            return Err(Refusal::RoomFull);
        }
        self.bots_leave_for(self.people + 1);
        let player = self.free_id();
        self.admit(player, name, None);
        self.counters.joined += 1;
        Ok(player)
    }

    /// A person goes. Its [`Viewer`] must not be used after: the id may soon be another's.
    pub fn leave(&mut self, player: PlayerId) {
        if self.player(player).is_some_and(|one| one.bot.is_none()) {
            self.dismiss(player);
            self.counters.left += 1;
        }
    }

    /// Takes what a person wants to do in a coming tick.
    pub fn input(&mut self, player: PlayerId, input: &Input<'_>) -> InputVerdict {
        let now = self.simulation.tick();
        let verdict = match self.players.binary_search_by_key(&player, |one| one.id) {
            Ok(at) if self.players[at].bot.is_none() => self.players[at].inputs.receive(now, input),
            _ => InputVerdict::NotPlaying,
        };
        let counter = match verdict {
            InputVerdict::Taken => &mut self.counters.inputs_taken,
            InputVerdict::Late => &mut self.counters.inputs_late,
            InputVerdict::TooFarAhead => &mut self.counters.inputs_too_far_ahead,
            InputVerdict::Replaced => &mut self.counters.inputs_replaced,
            InputVerdict::Malformed => &mut self.counters.inputs_malformed,
            InputVerdict::NotPlaying => &mut self.counters.inputs_not_playing,
        };
        *counter += 1;
        verdict
    }

    /// What the room is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a player is called here, which may differ from what it wished for.
    #[must_use]
    pub fn player_name(&self, player: PlayerId) -> Option<&str> {
        self.roster.name(player)
    }

    /// The last tick stepped; 0 before the first.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.simulation.tick()
    }

    /// Ticks per second.
    #[must_use]
    pub fn tick_rate(&self) -> TickRate {
        self.tick_rate
    }

    /// The world, to be looked at: only [`Room::step`] changes it.
    #[must_use]
    pub fn game(&self) -> &G {
        self.simulation.game()
    }

    /// The newest scene.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        self.simulation.scene()
    }

    /// What has changed players' own states in the last tick beside their own inputs.
    #[must_use]
    pub fn effects(&self) -> &[(PlayerId, Effect)] {
        self.simulation.effects()
    }

    /// How its snapshots are coded, for whoever decodes them.
    #[must_use]
    pub fn codec(&self) -> &Arc<Codec> {
        &self.codec
    }

    /// What the rows and events of its scenes mean.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.codec.schema()
    }

    /// The state hash of the world as it is now.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.simulation.hash()
    }

    /// How many people play.
    #[must_use]
    pub fn people(&self) -> u16 {
        self.people
    }

    /// How many of the room's own bots play.
    #[must_use]
    pub fn bots(&self) -> u16 {
        self.players.len() as u16 - self.people
    }

    /// What has happened since the room was opened.
    #[must_use]
    pub fn counters(&self) -> &RoomCounters {
        &self.counters
    }

    /// The newest scene was kept from a player that is behind.
    pub(crate) fn count_held_back(&mut self) {
        self.counters.snapshots_held_back += 1;
    }

    fn player(&self, id: PlayerId) -> Option<&Player<G>> {
        let at = self.players.binary_search_by_key(&id, |player| player.id).ok()?;
        Some(&self.players[at])
    }

    fn admit(&mut self, id: PlayerId, name: &str, bot: Option<Dice>) {
        self.people += u16::from(bot.is_none());
        self.simulation.join(id);
        self.roster.join(id, name, bot.is_some());
        let came = self.simulation.tick();
        let at = self.players.partition_point(|player| player.id < id);
        let inputs = InputBuffer::new(self.tick_rate, self.rewind_max_ticks);
        self.players.insert(at, Player { id, came, inputs, told: Told::nothing(), bot });
    }

    fn dismiss(&mut self, id: PlayerId) {
        let Ok(at) = self.players.binary_search_by_key(&id, |player| player.id) else { return };
        let player = self.players.remove(at);
        self.people -= u16::from(player.bot.is_none());
        self.simulation.leave(id);
        self.roster.leave(id);
    }

    fn gather_inputs(&mut self) {
        let tick = self.simulation.tick().next();
        self.given.clear();
        for player in &mut self.players {
            let (given, told) = player.inputs.take(tick);
            if player.bot.is_none() {
                player.told.gather(told, given.or_default(), self.simulation.level());
                match given {
                    Given::Received(_) => {}
                    Given::Repeated(_) => self.counters.ticks_repeated += 1,
                    Given::Absent => self.counters.ticks_absent += 1,
                }
            }
            let (player, rewind) = (player.id, player.inputs.rewind());
            self.given.push(PlayerInput { player, given, rewind });
        }
    }

    /// What a bot does in vain is nobody's concern.
    fn count_ignored(&mut self) {
        let ignored = self.simulation.ignored().iter();
        let of_people = ignored.filter(|id| self.player(**id).is_some_and(|one| one.bot.is_none()));
        self.counters.inputs_in_vain += of_people.count() as u64;
    }

    fn sort_interest(&mut self) {
        // A few views are enough to tell what a typical one is.
        const VIEWS_ASKED: usize = 16;
        let game = self.simulation.game();
        let views = self.players.iter().take(VIEWS_ASKED).map(|player| game.view(player.id));
        let cell = interest::cell_for(views);
        self.interest.sort(self.codec.schema(), self.simulation.scene(), cell);
    }

    /// Scores may change with every tick; that is no reason to send them so often.
    fn refresh_scores(&mut self) {
        let every = (u32::from(self.tick_rate.hz()) / ROSTER_SCORES_PER_SECOND).max(1);
        if self.simulation.tick().0.is_multiple_of(every) {
            let game = self.simulation.game();
            self.roster.refresh(|player| (game.score(player), game.team(player)));
        }
    }

    /// What a client would refuse must not be found out by the first who joins.
    fn check_welcome(&self) -> Result<(), RoomError> {
        let mut longest = Vec::new();
        self.welcome(SessionId(u64::MAX), Some(PlayerId(u16::MAX)), &mut longest);
        // Numbers that grow later: the tick.
        let bytes = longest.len() + size_of::<Tick>();
        if bytes > WELCOME_MAX_BYTES || ServerMessage::decode(&longest).is_err() {
            return Err(RoomError::WelcomeTooBig(bytes));
        }
        Ok(())
    }
}

fn serialised(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, RoomError> {
    bincode::serde::encode_to_vec(value, WIRE).map_err(|_| RoomError::NotSerialisable(what))
}
