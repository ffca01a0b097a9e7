//! What a room is made from, and what of it never changes.

use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::{Game, Seed, Setup, Skills};
use tickwire_game::limits::{
    INPUT_MAX_BYTES, ROOM_PLAYERS_MAX, SNAPSHOT_MAX_BYTES, WELCOME_MAX_BYTES,
};
use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::{Codec, Coding};
use tickwire_game::scene::{Schema, SchemaError};
use tickwire_game::tick::TickRate;
use tracing::debug;

use super::idleness::{self, IdleLimits};
use super::input_shape::input_shape;
use crate::limits::{
    GRACE_DEFAULT, IDLE_AFTER_DEFAULT, PLAYER_ID_RETIRED_FOR, SPECTATOR_DELAY_DEFAULT,
};
use crate::pacer::OverloadPolicy;

/// What all rooms of a server are made from, but for their names and seeds.
#[derive(Clone, Debug)]
pub struct RoomTemplate<S> {
    /// What the world is made from: the game's settings, the seed, the tick rate, and how many
    /// people may play.
    pub setup: Setup<S>,
    /// How many players make the room lively: while people are fewer, bots fill it up, to no more
    /// than `players_max`.
    pub fill: u16,
    /// How well those bots play.
    pub skills: Skills,
    /// How scenes are sent.
    pub stream: StreamSettings,
    /// What is done when it cannot keep up.
    pub overload: OverloadPolicy,
    /// After how much time a player whose input has not changed makes way; `None` is never, and so it
    /// is in games that say [`Game::PLAYERS_MAY_IDLE`].
    pub idle_after: Option<Duration>,
    /// For how long a player stays in it whose connection broke.
    pub grace: Duration,
    /// What it does while nobody is in it.
    pub empty: EmptyRoom,
    /// That of a room of the same game and tick rate, to share; made anew when absent.
    pub codec: Option<Arc<Codec>>,
}

impl<S: Default> Default for RoomTemplate<S> {
    /// A room of the default size without bots.
    fn default() -> RoomTemplate<S> {
        RoomTemplate {
            setup: Setup::default(),
            fill: 0,
            skills: Skills::default(),
            stream: StreamSettings::default(),
            overload: OverloadPolicy::default(),
            idle_after: Some(IDLE_AFTER_DEFAULT),
            grace: GRACE_DEFAULT,
            empty: EmptyRoom::default(),
            codec: None,
        }
    }
}

/// What a room does while nobody plays in it and nobody watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyRoom {
    /// It makes no ticks, and goes on where it was when somebody comes. One whose scenes are
    /// recorded makes them all the same.
    #[default]
    Sleeps,
    /// It makes its ticks as ever: its world goes on.
    Runs,
}

/// How a room sends its scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Most bytes of one snapshot, its kind included. What does not fit waits, the least
    /// important longest.
    pub snapshot_max_bytes: usize,
    /// How much later than players spectators see the room: a live picture of the whole world in
    /// the hands of a player's friend is a cheat.
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
    /// What the game lets guests choose is no field of its settings.
    #[error("guests may choose the setting {0:?}, which the game's settings do not have")]
    GuestSetting(&'static str),
    /// Guests may choose settings, and these do not come back from JSON as they went there.
    #[error("the game's settings as JSON: {0}")]
    SettingsInJson(String),
}

/// What of a room never changes.
pub struct RoomConfig<G: Game> {
    /// What it is called.
    pub name: String,
    pub(crate) tick_rate: TickRate,
    pub(crate) stream: StreamSettings,
    pub(crate) overload: OverloadPolicy,
    pub(crate) grace: Duration,
    pub(crate) empty: EmptyRoom,
    pub(super) seed: Seed,
    pub(super) players_max: u16,
    pub(super) fill: u16,
    pub(super) skills: Skills,
    pub(super) idle: IdleLimits,
    /// The notice that warns an idle player.
    pub(crate) idle_warning: String,
    pub(super) rewind_max_ticks: u32,
    pub(super) delay_ticks: u32,
    /// For how long the id of a player who left is nobody's.
    pub(super) id_retired_ticks: u32,
    pub(super) codec: Arc<Codec>,
    pub(super) level: G::Level,
    /// Schema, level and settings in bincode, as every welcome carries them.
    pub(super) welcome: WelcomeParts,
}

pub(super) struct WelcomeParts {
    pub(super) schema: Vec<u8>,
    pub(super) level: Vec<u8>,
    pub(super) settings: Vec<u8>,
}

impl<S: Clone> RoomTemplate<S> {
    /// Checks all that can be checked before the game is asked for a world, and gives the codec.
    pub(super) fn check<G: Game>(&self) -> Result<Arc<Codec>, RoomError> {
        let players_max = self.setup.players_max;
        if players_max == 0 || players_max > ROOM_PLAYERS_MAX {
            return Err(RoomError::PlayersMax(players_max));
        }
        let input = serialised(&G::Input::default(), "input")?.len();
        if input > INPUT_MAX_BYTES {
            return Err(RoomError::InputTooBig(input));
        }
        Ok(match &self.codec {
            Some(codec) => Arc::clone(codec),
            None => {
                let input = input_shape::<G::Input>();
                if input.nodes.is_empty() {
                    debug!(
                        "the schema does not say how inputs are encoded: only the game's own clients give any"
                    );
                }
                let schema = G::schema().with_input(input);
                Arc::new(Codec::new(schema, self.setup.tick_rate, Coding::Range)?)
            }
        })
    }
}

impl<G: Game> RoomConfig<G> {
    /// That of a room whose game has made `level`, and whose template has given `codec`.
    pub(super) fn new(
        name: String,
        template: RoomTemplate<G::Settings>,
        codec: Arc<Codec>,
        level: G::Level,
    ) -> Result<RoomConfig<G>, RoomError> {
        let RoomTemplate {
            setup,
            fill,
            skills,
            stream,
            overload,
            idle_after,
            grace,
            empty,
            codec: _,
        } = template;
        let welcome = WelcomeParts {
            schema: bincode::encode_to_vec(codec.schema(), WIRE)
                .map_err(|_| RoomError::NotSerialisable("schema"))?,
            level: serialised(&level, "level")?,
            settings: serialised(&setup.settings, "settings")?,
        };
        Ok(RoomConfig {
            name,
            tick_rate: setup.tick_rate,
            stream,
            overload,
            grace,
            empty,
            seed: setup.seed,
            players_max: setup.players_max,
            fill: fill.min(setup.players_max),
            skills,
            idle: IdleLimits::new(setup.tick_rate, idle_after, G::PLAYERS_MAY_IDLE),
            idle_warning: idleness::warning(idle_after.unwrap_or_default()),
            rewind_max_ticks: setup.rewind_max_ticks,
            delay_ticks: setup.tick_rate.ticks_ceil_or_zero(stream.spectator_delay),
            id_retired_ticks: setup.tick_rate.ticks_ceil_or_zero(PLAYER_ID_RETIRED_FOR),
            codec,
            level,
            welcome,
        })
    }

    /// How its snapshots are coded, for those who decode them.
    #[must_use]
    pub fn codec(&self) -> &Arc<Codec> {
        &self.codec
    }

    /// What the rows and events of its scenes mean.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.codec.schema()
    }

    /// What of the world was settled when the room opened.
    #[must_use]
    pub fn level(&self) -> &G::Level {
        &self.level
    }

    /// Ticks per second at full speed.
    #[must_use]
    pub fn tick_rate(&self) -> TickRate {
        self.tick_rate
    }
}

fn serialised(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, RoomError> {
    bincode::serde::encode_to_vec(value, WIRE).map_err(|_| RoomError::NotSerialisable(what))
}
