//! [`Game`]: the one thing that a user of the library writes.
//!
//! The server steps it, shows it and feeds it; clients predict with it. All that a game is
//! given comes through this trait, and all that it says goes out through it: it never sees a
//! socket, a clock or a file.
//!
//! A whole game: players push pucks about a strip, and each time that one reaches its end all see
//! it.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use tickwire_game::prelude::*;
//!
//! /// Half of the longest strip, in metres.
//! const END: f32 = 10.0;
//! const SPEED: f32 = 4.0;
//! const REST_S: f32 = 1.5;
//!
//! /// What there is to see: a kind of entity.
//! #[derive(Row)]
//! struct Puck {
//!     #[field(range = -END..=END, step = 1.0 / 64.0, unit = "m")]
//!     x: f32,
//!     player: PlayerId,
//!     rests: bool,
//! }
//!
//! /// What happens: a kind of event.
//! #[derive(Event)]
//! struct Bump {
//!     #[field(names = Puck::player)]
//!     player: PlayerId,
//! }
//!
//! /// What can be chosen for a room.
//! #[derive(Clone, Debug, Serialize, Deserialize)]
//! struct Strip {
//!     length: f32,
//! }
//!
//! impl Default for Strip {
//!     fn default() -> Strip {
//!         Strip { length: 2.0 * END }
//!     }
//! }
//!
//! /// One player's intent for one tick.
//! #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
//! struct Push {
//!     right: bool,
//!     left: bool,
//! }
//!
//! /// All that a client needs to run ahead with its own puck.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! struct Own {
//!     entity: EntityId,
//!     player: PlayerId,
//!     x: f32,
//!     rest: Timer,
//!     bumped: bool,
//! }
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Pucks {
//!     next: EntityId,
//!     /// By rising player.
//!     pucks: Vec<Own>,
//! }
//!
//! impl Game for Pucks {
//!     const NAME: &'static str = "pucks";
//!     const RULES: u32 = 1;
//!     const GUEST_SETTINGS: &'static [&'static str] = &["length"];
//!     type Settings = Strip;
//!     type Level = Strip;
//!     type Input = Push;
//!     type Own = Own;
//!
//!     fn schema() -> Schema {
//!         Schema::new().row::<Puck>().event::<Bump>()
//!     }
//!
//!     fn check_settings(strip: &Strip) -> Result<(), String> {
//!         let is_right = (1.0..=2.0 * END).contains(&strip.length);
//!         if is_right { Ok(()) } else { Err("`length` is from 1 to 20".to_owned()) }
//!     }
//!
//!     fn new(setup: &Setup<Strip>) -> (Pucks, Strip) {
//!         (Pucks { next: EntityId(1), pucks: Vec::new() }, setup.settings.clone())
//!     }
//!
//!     fn join(&mut self, _: &mut Step<'_, Pucks>, player: PlayerId, _: Option<Subject>) {
//!         let entity = self.next.take();
//!         let own = Own { entity, player, x: 0.0, rest: Timer::stopped(), bumped: false };
//!         let at = self.pucks.partition_point(|puck| puck.player < player);
//!         self.pucks.insert(at, own);
//!     }
//!
//!     fn leave(&mut self, _: &mut Step<'_, Pucks>, player: PlayerId, _: LeaveReason) {
//!         self.pucks.retain(|puck| puck.player != player);
//!     }
//!
//!     fn step(&mut self, now: &mut Step<'_, Pucks>) {
//!         for puck in &mut self.pucks {
//!             Pucks::advance(puck, now.level, now.input(puck.player).or_default(), now.dt);
//!             if puck.bumped {
//!                 now.emit(&Bump { player: puck.player });
//!             }
//!         }
//!     }
//!
//!     /// The same on the server and ahead on the player's own client.
//!     fn advance(own: &mut Own, strip: &Strip, push: Push, dt: f32) {
//!         own.bumped = false;
//!         own.rest.tick();
//!         if own.rest.is_running() {
//!             return;
//!         }
//!         let way = f32::from(i8::from(push.right) - i8::from(push.left)) * SPEED * dt;
//!         let end = strip.length / 2.0;
//!         own.x = (own.x + way).clamp(-end, end);
//!         if way != 0.0 && own.x.abs() == end {
//!             (own.bumped, own.rest) = (true, Timer::seconds(REST_S, dt));
//!         }
//!     }
//!
//!     fn show(&self, scene: &mut SceneWriter) {
//!         self.pucks.iter().for_each(|own| Pucks::show_own(own, scene));
//!     }
//!
//!     fn own(&self, player: PlayerId) -> Option<Own> {
//!         self.pucks.iter().find(|puck| puck.player == player).cloned()
//!     }
//!
//!     fn show_own(own: &Own, scene: &mut SceneWriter) {
//!         let Own { x, player, .. } = *own;
//!         scene.row(own.entity, &Puck { x, player, rests: own.rest.is_running() });
//!     }
//!
//!     /// Bots follow the first puck that they see.
//!     fn bot(seen: &Seen<'_, Pucks>, _: &mut Dice) -> Push {
//!         let Some(own) = seen.own else { return Push::default() };
//!         let first = seen.each::<Puck>().map(|(_, puck)| puck.x).next().unwrap_or(END);
//!         Push { right: first > own.x, left: first < own.x }
//!     }
//! }
//!
//! // Bots play it, here as on a server.
//! let hash = tickwire_game::simulation::trial::<Pucks>(1, 4, 300, |_, _| {});
//! assert_eq!(hash, tickwire_game::simulation::trial::<Pucks>(1, 4, 300, |_, _| {}));
//! ```

mod keys;
mod step;

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use keys::Keys;
pub use step::{Effect, Outcome, Step};

pub use crate::dice::Dice;
use crate::ids::{EntityId, PlayerId, Subject};
use crate::scene::{Kinds, Row, RowRef, Rows, SceneWriter, Schema, View};
pub use crate::seed::Seed;
pub use crate::skill::{Skill, Skills};
use crate::tick::{Rewind, Tick, TickRate};

/// An authoritative multiplayer game: its rules, its world (the type itself), and what of it
/// may be seen.
///
/// The rules must be deterministic: the same setup and the same inputs give the same world on
/// every machine. Use whole numbers, or `f32` by exact operations (`libm::` for trigonometry);
/// take randomness from a [`Dice`] that is part of the world; iterate nothing in random order.
pub trait Game: Clone + Serialize + DeserializeOwned + Send + 'static {
    /// Its name; server and client must agree on it.
    const NAME: &'static str;
    /// Version of its rules: raised whenever `step` or `advance` changes, since a client that
    /// predicts by other rules would only stutter.
    const RULES: u32;
    /// Whether its players may do nothing for as long as they like. Else a player whose input has not
    /// changed for as long as the server allows makes way to one who plays, and may watch.
    const PLAYERS_MAY_IDLE: bool = false;
    /// Ticks per second of its rooms, within
    /// [`limits::TICK_RATE_MIN_HZ`](crate::limits::TICK_RATE_MIN_HZ) to
    /// [`limits::TICK_RATE_MAX_HZ`](crate::limits::TICK_RATE_MAX_HZ), unless the server is set to
    /// another rate.
    const TICK_RATE_HZ: u16 = crate::limits::TICK_RATE_DEFAULT_HZ;
    /// Most players in one of its rooms, unless the server is set to another number.
    const PLAYERS_MAX: u16 = 64;

    /// Those of the fields of [`Game::Settings`], by their names in JSON, that a player who opens a
    /// room by its name may choose for it; all others are as the server has them. None, unless the
    /// game says so: what a setting costs the server is then for its operator alone to decide.
    const GUEST_SETTINGS: &'static [&'static str] = &[];

    /// What can be chosen for a room: by the server's operator, as JSON, and of
    /// [`Game::GUEST_SETTINGS`] by the player who opens a room. What is left out is as in its
    /// default. It is a struct that comes back from JSON as it went there, with all of its fields,
    /// or `()`. `advance` is not given it: what that needs belongs into the level.
    type Settings: Clone + Default + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What is settled when a room opens, and never changes. What moves in it by the tick alone may be
    /// part of it. Sent once, at join.
    type Level: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// One player's intent for one tick; the default is to do nothing. It is decoded from what
    /// strangers send: `Copy` keeps it from owning memory, and `step` must take every value
    /// for what it is worth. At most [`crate::limits::INPUT_MAX_BYTES`] when encoded.
    type Input: Copy
        + Default
        + PartialEq
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static;
    /// What a player's own client needs to run ahead: it is sent exactly, bit for bit. Server and
    /// client both move it on by [`Game::advance`], the client from what it was sent: all of it
    /// must be serialised.
    type Own: Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What the rows and events of its scenes mean.
    fn schema() -> Schema;

    /// Whether a room can have these settings. It is asked for the server's own when that starts, and for
    /// those that a stranger chooses before the room opens, in the one place that admits clients: it must
    /// be quick.
    ///
    /// # Errors
    /// Why it cannot, in a sentence for people that names the setting and what it may be. It is cut to
    /// [`crate::limits::REFUSAL_TEXT_MAX_BYTES`].
    fn check_settings(_settings: &Self::Settings) -> Result<(), String> {
        Ok(())
    }

    /// A world before its first tick, and the level in which it plays.
    fn new(setup: &Setup<Self::Settings>) -> (Self, Self::Level);

    /// A player came. `subject` is who it is across connections, if a ticket says so: by that a
    /// game can keep what must last for a player who leaves and comes back within
    /// [`Setup::grace_ticks`]. `None` for guests and bots. Two players of one subject may play at a time.
    ///
    /// `now` is the tick that is about to be made, before its step and without its inputs: events
    /// and notes made here belong to that tick.
    fn join(&mut self, now: &mut Step<'_, Self>, player: PlayerId, subject: Option<Subject>);

    /// A player left, for good unless its subject joins again. One whose connection broke has not left
    /// yet: its inputs are [`InputStatus::Missing`] until it comes back, as the same player, or its
    /// grace is over. `now` is as for [`Game::join`].
    fn leave(&mut self, now: &mut Step<'_, Self>, player: PlayerId, reason: LeaveReason);

    /// Moves the whole world on by one tick. It must come back: a step that has not after 0.75 s is taken for
    /// one that never will, and its room ends. A panic ends the room as well, in this and in any other call.
    /// It should call [`Game::advance`] for each player,
    /// with that player's input, so that client and server agree.
    fn step(&mut self, now: &mut Step<'_, Self>);

    /// Writes down everything there is to see.
    fn show(&self, scene: &mut SceneWriter);

    /// The own state of a player, or `None` for one who has none now. A game without prediction has
    /// none for anybody, and `()` for [`Game::Own`].
    fn own(&self, _player: PlayerId) -> Option<Self::Own> {
        None
    }

    /// Moves one player's own state on by one tick of `dt` seconds and one input, by those and the level
    /// alone. `dt` is the same for all ticks of a room: [`TickRate::dt`].
    fn advance(_own: &mut Self::Own, _level: &Self::Level, _input: Self::Input, _dt: f32) {}

    /// Writes down what of the scene is known from a player's own state alone: on the client
    /// these rows take the place of those that came from the server, and so answer at once.
    fn show_own(_own: &Self::Own, _scene: &mut SceneWriter) {}

    /// Writes down what of the shot is to be seen that `own` fired in its last tick, `fired_at`, if
    /// it did, `age_ticks` later: as far as that follows from the own state and the level alone. A
    /// client shows it until the server's own is there. Nothing for games without shots.
    fn show_shot(
        _own: &Self::Own,
        _fired_at: Tick,
        _level: &Self::Level,
        _age_ticks: u32,
        _scene: &mut SceneWriter,
    ) {
    }

    /// Which shot a row belongs to, if to any: rows of [`Game::show_shot`] and of the world's own
    /// shot have the same key and no others have it, for as long as both can be there. It is to be
    /// made of the player and the tick of the input that fired it. A row is read as
    /// `row.read::<Bolt>(kinds)`.
    fn shot_key(_row: RowRef<'_>, _kinds: &Kinds) -> Option<u64> {
        None
    }

    /// What part of the world a player may know now.
    fn view(&self, _player: PlayerId) -> View {
        View::Everything
    }

    /// A player's score, for the roster. In a large room others are sent it if it is among the best, or
    /// if the middle of this player's view lies in theirs.
    fn score(&self, _player: PlayerId) -> i32 {
        0
    }

    /// A player's team, for the roster; 0 where there are none.
    fn team(&self, _player: PlayerId) -> u8 {
        0
    }

    /// Whether the room may end now without taking anything from its players: between two rounds, for
    /// example. It is asked after each tick once the server is to close, and rooms are to end like that
    /// (`--drain-rooms finish`). A room whose game never says so runs until its players have left, or until
    /// the server closes.
    fn may_end(&self) -> bool {
        false
    }

    /// The input of a player who holds these keys. It makes the game playable without a page of its own:
    /// the generic page shows it, and offers the keys that change the input.
    fn keys(_held: &Keys) -> Self::Input {
        Self::Input::default()
    }

    /// What a bot does that sees this. Used by the room's fill-in bots and by load tests alike.
    fn bot(_seen: &Seen<'_, Self>, _dice: &mut Dice) -> Self::Input {
        Self::Input::default()
    }
}

/// From what a world is made. Equal setups make equal worlds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup<S> {
    /// The server's own, and what the player who opened the room chose of [`Game::GUEST_SETTINGS`].
    pub settings: S,
    /// Where all randomness of the world comes from. Players must not learn it: they know what they
    /// are shown of what was drawn by it, and of a level that is all.
    pub seed: Seed,
    /// Ticks per second.
    pub tick_rate: TickRate,
    /// Most players that the room will hold at a time.
    pub players_max: u16,
    /// No [`Rewind`] is longer than so many ticks; 0 where shots are judged in the present.
    pub rewind_max_ticks: u32,
    /// For how many ticks at most a player stays whose connection broke. For as long a game may keep by
    /// its [`Subject`] what it had of one who said goodbye; 0 where nobody is waited for.
    pub grace_ticks: u32,
    /// The tick that the world is at before its first step: 0, but where it is tried out what comes
    /// after years.
    pub first_tick: Tick,
}

/// The input of one player for one tick, and whether it came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputStatus<I> {
    /// An input for this tick came in time.
    Received(I),
    /// None came in time: the input of the last tick that had one, again.
    Repeated(I),
    /// No input came for so long that none is repeated any more, see
    /// [`limits::INPUT_REPEAT_MAX`](crate::limits::INPUT_REPEAT_MAX): the player is away, on a line
    /// that stalls, or has not been heard yet. It is still a player of the world, and the rules decide
    /// what becomes of it. Clients know nothing of this, and `advance` is given the default input: what
    /// depends on it belongs into `step`.
    Missing,
}

impl<I: Copy + Default> InputStatus<I> {
    /// The input to act on: the default when missing.
    pub fn or_default(self) -> I {
        match self {
            InputStatus::Received(input) | InputStatus::Repeated(input) => input,
            InputStatus::Missing => I::default(),
        }
    }

    /// Whether an input for this tick came in time.
    pub fn is_received(&self) -> bool {
        matches!(self, InputStatus::Received(_))
    }

    /// Whether there is no input, not even an old one: its player is absent.
    pub fn is_missing(&self) -> bool {
        matches!(self, InputStatus::Missing)
    }
}

/// One player's part in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerInput<I> {
    /// Whose.
    pub player: PlayerId,
    /// Its input.
    pub input: InputStatus<I>,
    /// How old the picture was that it acted on, within [`Setup::rewind_max_ticks`].
    pub rewind: Rewind,
}

impl<I> PlayerInput<I> {
    /// Of a player who acts on the present, as the bots of a room do.
    pub fn at_once(player: PlayerId, input: InputStatus<I>) -> PlayerInput<I> {
        PlayerInput { player, input, rewind: Rewind::default() }
    }
}

/// Why a player left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LeaveReason {
    /// By its own doing: it said goodbye, or its connection ended by what it did or did not do. A
    /// connection that broke counts as that too when its player did not come back in time, since
    /// anybody can break their own.
    Left,
    /// The server removed it: a bot that made way for a person, or a fault of the server's own. It
    /// has run from nothing.
    Removed,
}

/// What a client knows: all that a bot may go by.
pub struct Seen<'a, G: Game> {
    /// The player that it plays.
    pub player: PlayerId,
    /// How well it is to play.
    pub skill: Skill,
    /// The tick of what it sees.
    pub tick: Tick,
    /// Its own state.
    pub own: Option<&'a G::Own>,
    /// What never changes.
    pub level: &'a G::Level,
    /// The entities in its view, by rising id.
    pub rows: &'a Rows,
    /// Which structs those are.
    pub kinds: &'a Kinds,
}

impl<G: Game> Seen<'_, G> {
    /// The entities of one kind, by rising id: values are what was sent, rounded to the fields' steps.
    pub fn each<R: Row>(&self) -> impl Iterator<Item = (EntityId, R)> + '_ {
        self.rows.each(self.kinds)
    }

    /// An entity of one kind, if it is in view and is that.
    #[must_use]
    pub fn find<R: Row>(&self, entity: EntityId) -> Option<R> {
        self.rows.find(entity)?.read(self.kinds)
    }
}
