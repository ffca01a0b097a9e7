//! The room: one world, who plays in it, and its tick.
//!
//! A plain struct of three parts: [`RoomConfig`], which never changes; [`RoomState`], which is all
//! that a checkpoint holds; and [`Published`], which a step makes and all who write to viewers
//! read. Inputs go in, the tick is made. It does no I/O and owns no clock: the shard says when to
//! step.
//!
//! In the order of the data's path: `input_buffer` (with `rewind` and `idleness`), `fill_bots`, the
//! step itself (here), `entity_naming`, `player_ids`, `taken_names`, `roster`, `published` with `interest`, `events`,
//! `scoreboard` and `input_history`; then what is sent of it: `scores` and `snapshots` to each player
//! (the latter with `own_state_replay`),
//! [`broadcast`] to all spectators together (each a `spectator`).

pub mod broadcast;
mod config;
mod counters;
mod entity_naming;
mod events;
mod fill_bots;
mod idleness;
mod input_buffer;
mod input_history;
mod input_shape;
mod interest;
mod own_state_replay;
mod player_ids;
mod published;
pub mod recording;
mod rewind;
mod roster;
mod scoreboard;
mod scores;
mod snapshots;
mod spectator;
mod state;
mod taken_names;
#[cfg(test)]
mod tests;

pub use config::{EmptyRoom, RoomConfig, RoomError, RoomTemplate, StreamSettings};
pub use counters::RoomCounters;
pub use idleness::Idleness;
pub use input_buffer::InputVerdict;
pub use input_shape::input_shape;
pub use published::{EncodeScratch, Published};
pub(crate) use roster::RosterVersion;
pub(crate) use scores::{ScoreBudget, ScoreStream};
pub use snapshots::Viewer;
pub use state::RoomState;

use std::sync::Arc;
use std::time::Duration;

use tickwire_game::game::{Dice, Effect, Game, InputStatus, LeaveReason, PlayerInput};
use tickwire_game::ids::{PlayerId, SessionId, Subject};
use tickwire_game::limits::{PACE_FULL_PERMILLE, TICK_MAX, WELCOME_MAX_BYTES};
use tickwire_game::protocol::snapshot::{Codec, InputSource};
use tickwire_game::protocol::{
    Input, JoinError, Pace, RESUME_SECRET_BYTES, ResumeToken, ServerMessage,
};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::Tick;

use crate::admission::Standing;
use crate::pacer::TimeScale;
use entity_naming::EntityNaming;
use input_buffer::InputBuffer;
use player_ids::RetiredIds;
use roster::RosterLog;
use state::RoomPlayer;
use taken_names::TakenNames;

/// One running world with its players.
pub struct Room<G: Game> {
    config: Arc<RoomConfig<G>>,
    state: RoomState<G>,
    published: Published<G>,
    counters: RoomCounters,
    /// What the tick being made is given; kept for its memory.
    inputs: Vec<PlayerInput<G::Input>>,
    /// Who is to be warned or to make way, as of the last tick.
    idle: Vec<(PlayerId, Idleness)>,
    /// What bots see.
    scratch: EncodeScratch,
}

impl<G: Game> Room<G> {
    /// Opens a room: its world is at its first tick, and nobody is in it.
    ///
    /// # Errors
    /// When the game or the settings break a limit.
    pub fn new(name: String, template: RoomTemplate<G::Settings>) -> Result<Room<G>, RoomError> {
        let codec = template.check::<G>()?;
        let simulation = Simulation::new(&template.setup);
        let naming = EntityNaming::new(simulation.scene());
        let state = RoomState {
            simulation,
            naming,
            players: Vec::new(),
            people: 0,
            idle: 0,
            retired_ids: RetiredIds::default(),
            names: TakenNames::default(),
            roster: RosterLog::default(),
            pace: Pace { from: template.setup.first_tick, permille: PACE_FULL_PERMILLE },
        };
        Room::of(name, template, codec, state)
    }

    /// A room that goes on from `state`, which is of one with this very configuration. Who was in it as a
    /// person has no connection, and what it wanted to do in coming ticks is forgotten: what made the last
    /// thread not come back may be among it.
    #[must_use]
    pub fn again(config: Arc<RoomConfig<G>>, mut state: RoomState<G>) -> Room<G> {
        let now = state.simulation.tick();
        for player in state.players.iter_mut().filter(|player| player.bot.is_none()) {
            player.is_absent = true;
            player.inputs.restart(now);
        }
        let published = Published::new(Arc::clone(&config), &state);
        let (counters, scratch) = (RoomCounters::default(), EncodeScratch::default());
        let (inputs, idle) = Default::default();
        Room { config, state, published, counters, inputs, idle, scratch }
    }

    /// What of it never changes, to be shared.
    pub(crate) fn shared_config(&self) -> Arc<RoomConfig<G>> {
        Arc::clone(&self.config)
    }

    /// The people in it.
    pub(crate) fn people_ids(&self) -> impl Iterator<Item = PlayerId> {
        self.state.players.iter().filter(|player| player.bot.is_none()).map(|player| player.id)
    }

    /// Opens a room that goes on from `state`, which is of a room made from an equal template.
    ///
    /// # Errors
    /// When the game or the settings break a limit.
    pub fn restore(
        name: String,
        template: RoomTemplate<G::Settings>,
        state: RoomState<G>,
    ) -> Result<Room<G>, RoomError> {
        let codec = template.check::<G>()?;
        Room::of(name, template, codec, state)
    }

    fn of(
        name: String,
        template: RoomTemplate<G::Settings>,
        codec: Arc<Codec>,
        state: RoomState<G>,
    ) -> Result<Room<G>, RoomError> {
        let level = state.simulation.level().clone();
        let config = Arc::new(RoomConfig::new(name, template, codec, level)?);
        let published = Published::new(Arc::clone(&config), &state);
        check_welcome(&published)?;
        let (counters, scratch) = (RoomCounters::default(), EncodeScratch::default());
        let (inputs, idle) = Default::default();
        Ok(Room { config, state, published, counters, inputs, idle, scratch })
    }

    /// Makes the next tick.
    pub fn step(&mut self) {
        // The bots first: a bot that joins now is in the world before its tick, and what bots do
        // must be there when the inputs are gathered.
        self.fill_up();
        self.bots_act();
        self.gather_inputs();
        self.judge_idleness();
        self.state.simulation.step(&self.inputs);
        self.count_ignored();
        self.refresh_scores();
        self.state.naming.look(self.state.simulation.scene());
        self.published.publish(&self.state);
    }

    /// A person joins, and is in the world from the next tick on. A bot gives way at once if
    /// there is no more need of it.
    ///
    /// # Errors
    /// [`JoinError::RoomFull`] when as many people are in as may be.
    pub fn join(&mut self, name: &str, subject: Option<Subject>) -> Result<PlayerId, JoinError> {
        if self.state.people >= self.config.players_max {
            self.counters.refused_full += 1;
            return Err(JoinError::RoomFull);
        }
        self.remove_bots_for(self.state.people + 1);
        let player = self.state.next_id(self.config.id_retired_ticks);
        self.add(player, name, subject, None);
        self.counters.joined += 1;
        Ok(player)
    }

    /// A person leaves. Its [`Viewer`] must not be used after: the id may one day be another's.
    pub fn leave(&mut self, player: PlayerId, reason: LeaveReason) {
        if self.state.player(player).is_some_and(|one| one.bot.is_none()) {
            self.remove(player, reason);
            self.counters.left += 1;
        }
    }

    /// Nobody gives a person's inputs for now: its client is away. It stays in the world, and to the rules
    /// its inputs are missing once the last has been repeated for long enough.
    pub fn set_absent(&mut self, player: PlayerId) {
        if let Some(at) = self.state.at(player) {
            self.state.players[at].is_absent = true;
        }
    }

    /// A person's client is back, or another took its place: what the last one wanted to do in coming
    /// ticks is forgotten.
    pub fn set_present(&mut self, player: PlayerId) {
        let now = self.tick();
        if let Some(at) = self.state.at(player) {
            let RoomPlayer { inputs, is_absent, .. } = &mut self.state.players[at];
            inputs.restart(now);
            *is_absent = false;
        }
    }

    /// Takes what a person wants to do in a coming tick. What it has `seen` is to be what its client
    /// has acknowledged: shots are judged by that.
    pub fn input(&mut self, player: PlayerId, input: &Input<'_>) -> InputVerdict {
        let now = self.tick();
        let verdict = match self.state.at(player).map(|at| &mut self.state.players[at]) {
            Some(player) if player.bot.is_none() => player.inputs.receive(now, input),
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

    /// From the next tick on it makes its ticks so fast. The rules never hear of it.
    pub fn set_time_scale(&mut self, scale: TimeScale) {
        let (from, permille) = (self.tick().next(), scale.permille());
        self.state.pace = Pace { from, permille };
        self.published.pace = self.state.pace;
    }

    /// How fast its clients hear that it makes its ticks.
    #[cfg(test)]
    pub(crate) fn pace(&self) -> Pace {
        self.published.pace
    }

    /// What of it never changes.
    #[must_use]
    pub fn config(&self) -> &RoomConfig<G> {
        &self.config
    }

    /// What a checkpoint holds.
    #[must_use]
    pub fn state(&self) -> &RoomState<G> {
        &self.state
    }

    /// What the last step made.
    #[must_use]
    pub fn published(&self) -> &Published<G> {
        &self.published
    }

    /// The name of a player in this room, which may differ from the one it asked for.
    #[must_use]
    pub fn player_name(&self, player: PlayerId) -> Option<&str> {
        self.state.roster.name(player)
    }

    /// The last tick stepped; 0 before the first.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.state.simulation.tick()
    }

    /// How many more ticks it can make: none once it has made its last, or has named its last
    /// entity. When that will be follows from how many it has named recently.
    #[must_use]
    pub fn ticks_left(&self) -> u32 {
        let until_last = TICK_MAX.saturating_sub(self.tick().0);
        until_last.min(self.state.naming.ticks_left())
    }

    /// The newest tick that spectators may be sent.
    #[must_use]
    pub fn spectator_tick(&self) -> Tick {
        self.tick().minus(self.config.delay_ticks)
    }

    /// The world, to be looked at: only [`Room::step`] changes it.
    #[must_use]
    pub fn game(&self) -> &G {
        self.state.simulation.game()
    }

    /// What has changed players' own states in the last tick beside their own inputs.
    #[must_use]
    pub fn effects(&self) -> &[(PlayerId, Effect)] {
        self.state.simulation.effects()
    }

    /// What the last tick was given, player by player, by rising id. Who has left since is still
    /// there.
    #[must_use]
    pub fn inputs(&self) -> &[PlayerInput<G::Input>] {
        &self.inputs
    }

    /// The state hash of the world as it is now.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.state.simulation.hash()
    }

    /// How many people play.
    #[must_use]
    pub fn people(&self) -> u16 {
        self.state.people
    }

    /// How many of these seem idle: nobody joins a room for their sake.
    #[must_use]
    pub fn idle_people(&self) -> u16 {
        self.state.idle
    }

    /// Which people have not acted for so long that they are to be warned or to make way, as of the
    /// last tick, by rising id. One that is to make way is named in each tick until it leaves.
    #[must_use]
    pub fn idle(&self) -> &[(PlayerId, Idleness)] {
        &self.idle
    }

    /// How many of the room's own bots play.
    #[must_use]
    pub fn bots(&self) -> u16 {
        self.state.bots()
    }

    /// What was counted since this was last called.
    pub fn take_counters(&mut self) -> RoomCounters {
        std::mem::take(&mut self.counters)
    }

    fn add(&mut self, id: PlayerId, name: &str, subject: Option<Subject>, bot: Option<Dice>) {
        let state = &mut self.state;
        state.people += u16::from(bot.is_none());
        state.simulation.join(id, subject);
        let game = state.simulation.game();
        let standing = (game.score(id), game.team(id));
        state.roster.join(id, state.names.take(name, id), bot.is_some(), standing);
        let joined_at = state.simulation.tick();
        let at = state.players.partition_point(|player| player.id < id);
        let (tick_rate, rewind_max_ticks) = (self.config.tick_rate, self.config.rewind_max_ticks);
        let inputs = InputBuffer::new(joined_at, tick_rate, rewind_max_ticks);
        let (last, bot) = ((InputSource::Missing, G::Input::default()), bot.map(Box::new));
        let (seems_idle, is_absent) = (false, false);
        state
            .players
            .insert(at, RoomPlayer { id, joined_at, inputs, seems_idle, is_absent, last, bot });
    }

    fn remove(&mut self, id: PlayerId, reason: LeaveReason) {
        let state = &mut self.state;
        let Some(at) = state.at(id) else { return };
        let player = state.players.remove(at);
        state.people -= u16::from(player.bot.is_none());
        state.idle -= u16::from(player.seems_idle);
        state.simulation.leave(id, reason);
        if let Some(name) = state.roster.leave(id) {
            state.names.free(&name);
        }
        let is_early = state.retired_ids.retire(id, state.simulation.tick());
        self.counters.player_ids_reused_early += u64::from(is_early);
        self.published.forget(id);
    }

    fn gather_inputs(&mut self) {
        let tick = self.tick().next();
        self.inputs.clear();
        for player in &mut self.state.players {
            let (input, source) = player.inputs.take(tick);
            player.last = (source, input.or_default());
            if player.bot.is_none() {
                match input {
                    InputStatus::Received(_) => {
                        let is_bounded = player.inputs.is_rewind_bounded();
                        self.counters.rewinds_bounded += u64::from(is_bounded);
                    }
                    InputStatus::Repeated(_) => self.counters.ticks_repeated += 1,
                    InputStatus::Missing => self.counters.ticks_absent += 1,
                }
            }
            let (player, rewind) = (player.id, player.inputs.rewind());
            self.inputs.push(PlayerInput { player, input, rewind });
        }
    }

    /// By what came up to the tick that is being made. Bots always play.
    fn judge_idleness(&mut self) {
        let tick = self.tick().next();
        let (config, state) = (&*self.config, &mut self.state);
        self.idle.clear();
        state.idle = 0;
        for player in state.players.iter_mut().filter(|player| player.bot.is_none()) {
            let idle_ticks = player.inputs.idle_ticks(tick);
            // Who is away has its own time to come back.
            player.seems_idle = player.is_absent || config.idle.seems_idle(idle_ticks);
            state.idle += u16::from(player.seems_idle);
            let judged = config.idle.judge(idle_ticks).filter(|_| !player.is_absent);
            self.counters.idle_warnings += u64::from(judged == Some(Idleness::Warned));
            self.idle.extend(judged.map(|idleness| (player.id, idleness)));
        }
    }

    /// What a bot does in vain is nobody's concern.
    fn count_ignored(&mut self) {
        let state = &self.state;
        let is_person = |id: &&PlayerId| state.player(**id).is_some_and(|one| one.bot.is_none());
        let ignored = state.simulation.ignored().iter().filter(is_person).count();
        self.counters.inputs_in_vain += ignored as u64;
    }

    /// Scores may change with every tick; that is no reason to send them so often.
    fn refresh_scores(&mut self) {
        if self.tick().0.is_multiple_of(scoreboard::every_ticks(self.config.tick_rate)) {
            let RoomState { simulation, roster, .. } = &mut self.state;
            let game = simulation.game();
            roster.refresh(|player| (game.score(player), game.team(player)));
        }
    }
}

/// A welcome that clients would refuse must not be found out by the first who joins.
fn check_welcome<G: Game>(published: &Published<G>) -> Result<(), RoomError> {
    let mut longest = Vec::new();
    let session = SessionId(u64::MAX);
    let token = ResumeToken::new(session, [0; RESUME_SECRET_BYTES]);
    let standing = Standing { session, token, resumed: true, grace: Duration::MAX };
    published.write_welcome(&standing, Some(PlayerId(u16::MAX)), &mut longest);
    // Numbers that grow later: the tick.
    let bytes = longest.len() + size_of::<Tick>();
    if bytes > WELCOME_MAX_BYTES || ServerMessage::decode(&longest).is_err() {
        return Err(RoomError::WelcomeTooBig(bytes));
    }
    Ok(())
}
