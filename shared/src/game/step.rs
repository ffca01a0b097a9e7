//! What a game is given for one tick, and where it says what happened in it.
//!
//! Made by the code that steps the game: a [`Simulation`](crate::simulation::Simulation), or a test
//! of a game's own parts.

use super::{Game, InputStatus, PlayerInput};
use crate::ids::PlayerId;
use crate::scene::{Audience, Event, Events, Scene};
use crate::tick::{Rewind, Tick};

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

/// The events and notes of a world in a tick: kept by the code that steps it, a
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
    pub fn input(&self, player: PlayerId) -> InputStatus<G::Input> {
        self.of(player).map_or(InputStatus::Missing, |input| input.input)
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

    /// Sends an event to the players near it; to all, if the kind has no place.
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
