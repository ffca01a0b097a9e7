//! [`Game`]: the one thing that a user of the library writes.
//!
//! The server steps it, shows it and feeds it; clients predict with it. All that a game is
//! given comes through this trait, and all that it says goes out through it: it never sees a
//! socket, a clock or a file.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use crate::dice::Dice;
use crate::ids::{EntityId, PlayerId, Subject};
use crate::scene::{
    Audience, Event, Events, Kinds, Row, RowRef, Rows, Scene, SceneWriter, Schema, View,
};
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
    /// Ticks per second of its rooms, within [`limits::TICK_RATE_MIN_HZ`](crate::limits::TICK_RATE_MIN_HZ)
    /// to [`limits::TICK_RATE_MAX_HZ`](crate::limits::TICK_RATE_MAX_HZ), unless the server is told another
    /// rate.
    const TICK_RATE_HZ: u16 = crate::limits::TICK_RATE_DEFAULT_HZ;
    /// Most players in one of its rooms, unless the server is told another number.
    const PLAYERS_MAX: u16 = 64;

    /// Those of the fields of [`Game::Settings`], by their names in JSON, that whoever opens a room by its
    /// name may choose for it; all others are as the server has them. None, unless the game says so: what
    /// a setting costs the server is then for its operator alone to decide.
    const GUEST_SETTINGS: &'static [&'static str] = &[];

    /// What can be chosen for a room: by the server's operator, as JSON, and of
    /// [`Game::GUEST_SETTINGS`] by whoever opens a room. If there are any of these it is a struct that
    /// comes back from JSON as it went there.
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

    /// A player came. `subject` is who it is across connections, if a ticket says so: by that a game
    /// can keep what must not begin anew for whoever leaves and comes back. `None` for guests and
    /// bots.
    ///
    /// `now` is the tick that is about to be made, before its step and without its inputs: what is told
    /// and noted here belongs to that tick.
    fn join(&mut self, now: &mut Step<'_, Self>, player: PlayerId, subject: Option<Subject>);

    /// A player left. `now` is as for [`Game::join`].
    fn leave(&mut self, now: &mut Step<'_, Self>, player: PlayerId, reason: LeaveReason);

    /// Moves the whole world on by one tick. It should call [`Game::advance`] for each player,
    /// with that player's input, so that client and server agree.
    fn step(&mut self, now: &mut Step<'_, Self>);

    /// Writes down everything there is to see.
    fn show(&self, scene: &mut SceneWriter);

    /// The own state of a player, or `None` for one who has none now.
    fn own(&self, player: PlayerId) -> Option<Self::Own>;

    /// Moves one player's own state on by one tick of `dt` seconds and one input, by those and the level
    /// alone. `dt` is the same for all ticks of a room: [`TickRate::dt`].
    fn advance(own: &mut Self::Own, level: &Self::Level, input: Self::Input, dt: f32);

    /// Writes down what of the scene is known from a player's own state alone: on the client
    /// these rows take the place of those that came from the server, and so answer at once.
    fn show_own(own: &Self::Own, scene: &mut SceneWriter);

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

    /// What a bot does that sees this. Used by the room's fill-in bots and by load tests alike.
    fn bot(_seen: &Seen<'_, Self>, _dice: &mut Dice) -> Self::Input {
        Self::Input::default()
    }
}

/// From what a world is made. Equal setups make equal worlds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup<S> {
    /// The server's own, and what whoever opened the room chose of [`Game::GUEST_SETTINGS`].
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
    /// The tick that the world is at before its first step: 0, but where it is tried out what comes
    /// after years.
    pub first_tick: Tick,
}

/// What a player gave for one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<I> {
    /// An input addressed to this tick.
    Received(I),
    /// None came in time; this is the one of the last tick that had any.
    Repeated(I),
    /// Nothing came for so long that nothing is assumed.
    Absent,
}

impl<I: Copy + Default> Given<I> {
    /// The input to act on: the default when absent.
    pub fn or_default(self) -> I {
        match self {
            Given::Received(input) | Given::Repeated(input) => input,
            Given::Absent => I::default(),
        }
    }

    /// Whether it was addressed to this tick.
    pub fn is_received(&self) -> bool {
        matches!(self, Given::Received(_))
    }
}

/// One player's part in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerInput<I> {
    /// Whose.
    pub player: PlayerId,
    /// What it gave.
    pub given: Given<I>,
    /// How old the picture was that it acted on, within [`Setup::rewind_max_ticks`].
    pub rewind: Rewind,
}

impl<I> PlayerInput<I> {
    /// Of a player who acts on the present, as the bots of a room do.
    pub fn at_once(player: PlayerId, given: Given<I>) -> PlayerInput<I> {
        PlayerInput { player, given, rewind: Rewind::default() }
    }
}

/// Why a player left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LeaveReason {
    /// By its own doing: it said goodbye, or its connection ended by what it did or did not do. A
    /// connection that broke counts as that too, since anybody can break their own.
    Left,
    /// The server removed it: a bot that made way for a person, or a fault of the server's own. It
    /// has run from nothing.
    Removed,
}

/// What has changed a player's own state beside its own input: for that alone a client that
/// predicts has to be corrected. A game tells of it by [`Step::affect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It was hurt, healed or slowed.
    Hit,
    /// It, or what confines it, was moved.
    Push,
    /// It died.
    Death,
    /// It came to life.
    Spawn,
}

/// What `step` is given for one tick, and where it says what happened.
pub struct Step<'a, G: Game> {
    /// The tick being made.
    pub tick: Tick,
    /// Length of a tick in the rules, in seconds.
    pub dt: f32,
    /// What never changes.
    pub level: &'a G::Level,
    inputs: &'a [PlayerInput<G::Input>],
    outcome: &'a mut Outcome,
}

/// What a world has told and noted in a tick: kept by whoever steps it, a
/// [`Simulation`](crate::simulation::Simulation) or a test of a game's own parts.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(crate) events: Events,
    effects: Vec<(PlayerId, Effect)>,
    ignored: Vec<PlayerId>,
}

impl Outcome {
    /// An empty one for the ticks of a game.
    #[must_use]
    pub fn of<G: Game>() -> Outcome {
        Outcome { events: Events::of::<G>(), effects: Vec::new(), ignored: Vec::new() }
    }

    /// What has changed players' own states beside their own inputs.
    #[must_use]
    pub fn effects(&self) -> &[(PlayerId, Effect)] {
        &self.effects
    }

    /// Whose inputs were for nothing, by the game's word.
    #[must_use]
    pub fn ignored(&self) -> &[PlayerId] {
        &self.ignored
    }

    /// Takes the events, as a scene without rows.
    pub fn take_events(&mut self, tick: Tick) -> Scene {
        let mut scene = Scene::empty(tick);
        self.events.publish(&mut scene);
        scene
    }

    /// Forgets everything but events, which a scene takes.
    pub fn clear(&mut self) {
        self.effects.clear();
        self.ignored.clear();
    }
}

impl<'a, G: Game> Step<'a, G> {
    /// A tick of `dt` seconds to be made. `inputs` must rise by player.
    #[must_use]
    pub fn new(
        tick: Tick,
        dt: f32,
        level: &'a G::Level,
        inputs: &'a [PlayerInput<G::Input>],
        outcome: &'a mut Outcome,
    ) -> Step<'a, G> {
        Step { tick, dt, level, inputs, outcome }
    }
}

impl<G: Game> Step<'_, G> {
    /// What a player gave for this tick.
    #[must_use]
    pub fn input(&self, player: PlayerId) -> Given<G::Input> {
        self.of(player).map_or(Given::Absent, |input| input.given)
    }

    /// How much older than the present the picture is that a player acts on in this tick. A game
    /// that judges in the present need not ask.
    #[must_use]
    pub fn rewind(&self, player: PlayerId) -> Rewind {
        self.of(player).map_or(Rewind::default(), |input| input.rewind)
    }

    fn of(&self, player: PlayerId) -> Option<&PlayerInput<G::Input>> {
        let at = self.inputs.binary_search_by_key(&player, |input| input.player).ok()?;
        Some(&self.inputs[at])
    }

    /// Notes that something beside its own input has changed a player's own state in this tick.
    /// Whatever makes [`Game::own`] differ from what [`Game::advance`] alone would have made of it
    /// is to be noted: tests take a correction that was not for a fault.
    pub fn affect(&mut self, player: PlayerId, effect: Effect) {
        self.outcome.effects.push((player, effect));
    }

    /// Notes that what a player wanted to do in this tick was for nothing, since it may not act now:
    /// it is dead, say. Counted by the room, and only if an input came for this very tick.
    pub fn ignore(&mut self, player: PlayerId) {
        if self.input(player).is_received() {
            self.outcome.ignored.push(player);
        }
    }

    /// Tells whoever is near what happened; all, if the kind has no place.
    ///
    /// # Panics
    /// When its kind is not in the game's schema.
    pub fn emit<E: Event>(&mut self, event: &E) {
        let audience = if E::PLACE.is_some() { Audience::Near } else { Audience::All };
        self.emit_to(audience, event);
    }

    /// Tells `audience` what happened.
    ///
    /// # Panics
    /// As [`Step::emit`].
    pub fn emit_to<E: Event>(&mut self, audience: Audience, event: &E) {
        self.outcome.events.push(audience, event);
    }
}

/// What a client knows: all that a bot may go by.
pub struct Seen<'a, G: Game> {
    /// Whom it plays.
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
