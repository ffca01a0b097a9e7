//! [`Published`]: what a step made, to be read by all who write to viewers.
//!
//! Owned by the room, which makes it anew after each step in the memory that it has.
//! Encoding needs it by shared reference alone, together with the stream of the viewer and a
//! scratch of the thread ([`EncodeScratch`]): so encoding may happen on any thread.

use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::SCORES_FOR_ALL_MAX;
use tickwire_game::protocol::snapshot::{InStepScratch, InputSource, RowSteps};
use tickwire_game::protocol::{Pace, ServerMessage, Welcome};
use tickwire_game::scene::{RowRef, Rows, Scene, View};
use tickwire_game::tick::Tick;

use super::config::RoomConfig;
use super::counters::RoomCounters;
use super::events::EventHistory;
use super::input_history::InputHistory;
use super::interest::{self, Interest, centre};
use super::roster::{RosterLog, RosterVersion};
use super::scoreboard::{ScoreScratch, Scoreboard, Standings, every_ticks};
use super::state::{RoomPlayer, RoomState};
use crate::admission::Standing;
use crate::pacer::TimeScale;

/// What a step made.
pub struct Published<G: Game> {
    pub(super) config: Arc<RoomConfig<G>>,
    pub(super) scene: Scene,
    /// The scene before, as far as viewers were written to: they know its rows.
    before: (Tick, Rows),
    /// Whether anybody was written what this scene shows.
    is_read: AtomicBool,
    pub(super) interest: Interest,
    pub(super) events: EventHistory,
    pub(super) roster: RosterLog,
    pub(super) scoreboard: Scoreboard,
    /// The version that was published before this one, and the message that leads from it to this
    /// one, once it was asked for: most sessions need just that.
    roster_change: (RosterVersion, OnceLock<Vec<u8>>),
    pub(super) pace: Pace,
    /// People, by rising id.
    people: Vec<PublishedPlayer<G>>,
}

/// What a step made of one person who plays.
pub(super) struct PublishedPlayer<G: Game> {
    pub(super) id: PlayerId,
    pub(super) joined_at: Tick,
    pub(super) view: View,
    pub(super) own: Option<G::Own>,
    /// How early the newest input was, in ticks.
    pub(super) margin_ticks: i32,
    pub(super) inputs: InputHistory<G::Input>,
}

/// What encoding uses within one call and keeps for the next, and what it counts: one for each
/// caller that encodes, never two callers at once, and as a rule the same for a viewer: what viewers
/// believe of rows is kept here for all of them.
#[derive(Debug, Default)]
pub struct EncodeScratch {
    pub(super) visible: Vec<u32>,
    /// A bit per row.
    pub(super) found: Vec<u64>,
    pub(super) rows: Rows,
    pub(super) sources: Vec<InputSource>,
    pub(super) own: Vec<u8>,
    pub(super) replayed: Vec<u8>,
    pub(super) message: Vec<u8>,
    /// Numbers of events.
    pub(super) indices: Vec<u32>,
    pub(super) steps: RowSteps,
    pub(super) in_step: InStepScratch,
    pub(super) scores: ScoreScratch,
    /// Empty between two calls, kept for its memory.
    pub(super) events: Vec<(Tick, RowRef<'static>)>,
    /// What was counted; its owner takes it.
    pub counters: RoomCounters,
}

impl<G: Game> Published<G> {
    pub(super) fn new(config: Arc<RoomConfig<G>>, state: &RoomState<G>) -> Published<G> {
        let mut published = Published {
            config,
            scene: Scene::default(),
            before: Default::default(),
            is_read: AtomicBool::new(false),
            interest: Interest::default(),
            events: EventHistory::new(),
            roster: RosterLog::default(),
            scoreboard: Scoreboard::default(),
            roster_change: Default::default(),
            pace: state.pace,
            people: Vec::new(),
        };
        published.publish(state);
        published
    }

    /// Takes over what the newest step made.
    pub(super) fn publish(&mut self, state: &RoomState<G>) {
        // A scene that nobody was sent is no scene before.
        if mem::take(self.is_read.get_mut()) {
            self.before.0 = self.scene.tick();
            self.scene.swap_rows(&mut self.before.1);
        }
        self.scene.clone_from(state.simulation.scene());
        self.sort_interest(state);
        self.publish_roster(state);
        self.pace = state.pace;
        self.publish_people(state);
    }

    fn publish_roster(&mut self, state: &RoomState<G>) {
        let (known, newest) = (&self.roster, &state.roster);
        let has_changed = known.version() != newest.version();
        if has_changed {
            self.roster_change = (known.version(), OnceLock::new());
        }
        if has_changed || known.scores() != newest.scores() {
            // Entries are as of their sending.
            self.roster_change.1.take();
            self.roster.copy_from(newest);
            self.scoreboard.rank(newest);
        }
        // Of a small room everybody's score is sent, wherever they are.
        let is_time = self.tick().0.is_multiple_of(every_ticks(self.config.tick_rate));
        if newest.len() > SCORES_FOR_ALL_MAX && is_time {
            let game = state.simulation.game();
            let place = |id| centre(&game.view(id)).map(|place| (place, id));
            self.scoreboard.place(state.players.iter().filter_map(|player| place(player.id)));
        }
    }

    fn sort_interest(&mut self, state: &RoomState<G>) {
        // A few views are enough to tell what a typical one is.
        const VIEWS_ASKED: usize = 16;
        let game = state.simulation.game();
        let views = state.players.iter().take(VIEWS_ASKED).map(|player| game.view(player.id));
        let cell = interest::cell_for(views);
        self.interest.sort(self.config.schema(), &self.scene, cell);
        self.events.keep(self.config.schema(), &self.scene, cell);
    }

    fn publish_people(&mut self, state: &RoomState<G>) {
        let mut at = 0;
        for player in state.players.iter().filter(|player| player.bot.is_none()) {
            let who = (player.id, player.joined_at);
            let is_gone = |known: &PublishedPlayer<G>| {
                (known.id, known.joined_at) != who && known.id <= who.0
            };
            while self.people.get(at).is_some_and(is_gone) {
                self.people.remove(at);
            }
            if self.people.get(at).is_none_or(|known| known.id != who.0) {
                self.people.insert(at, PublishedPlayer::new(player));
            }
            self.people[at].publish(state, player);
            at += 1;
        }
        self.people.truncate(at);
    }

    /// Its tick.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.scene.tick()
    }

    /// All there is to see.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The rows that viewers in step know, and their tick. From now on the newest are what they will
    /// have been sent.
    pub(super) fn before(&self) -> (Tick, &Rows) {
        self.is_read.store(true, Relaxed);
        (self.before.0, &self.before.1)
    }

    /// The newest scene, if it is of this tick, or else the one before.
    pub(super) fn scene_of(&self, tick: Option<Tick>) -> (Tick, &Rows) {
        if tick == Some(self.tick()) {
            (self.tick(), self.scene.rows())
        } else {
            (self.before.0, &self.before.1)
        }
    }

    pub(super) fn people(&self) -> &[PublishedPlayer<G>] {
        &self.people
    }

    pub(super) fn standings(&self) -> Standings<'_> {
        let (roster, scoreboard) = (&self.roster, &self.scoreboard);
        Standings { roster, scoreboard, tick: self.tick(), tick_rate: self.config.tick_rate }
    }

    /// A player left: nobody of its id is in what was published.
    pub(super) fn forget(&mut self, id: PlayerId) {
        self.people.retain(|person| person.id != id);
    }

    /// A person who was in the last step and has not left since.
    pub(super) fn person(&self, id: PlayerId) -> Option<&PublishedPlayer<G>> {
        let at = self.people.binary_search_by_key(&id, |person| person.id).ok()?;
        Some(&self.people[at]).filter(|person| person.joined_at < self.tick())
    }

    /// Adds the whole welcome message to the end of `out`.
    pub fn write_welcome(&self, to: &Standing, player: Option<PlayerId>, out: &mut Vec<u8>) {
        let config = &*self.config;
        let welcome = Welcome {
            session: to.session,
            player,
            room: &config.name,
            tick_rate_hz: config.tick_rate.hz(),
            tick: self.tick(),
            players_max: config.players_max,
            delay_ticks: if player.is_none() { config.delay_ticks } else { 0 },
            schema: &config.welcome.schema,
            level: &config.welcome.level,
            settings: &config.welcome.settings,
            resume: to.token,
            resumed: to.resumed,
            // Up, or what is kept for less than a second would not seem to be.
            grace_seconds: u16::try_from(to.grace.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX),
        };
        ServerMessage::Welcome(welcome).encode(out);
    }

    /// Adds the roster message to the end of `out` that leads from the version that a session has
    /// (`None`: it has nothing) to the newest, and gives that; `None` if the session has the newest.
    pub(crate) fn write_roster(
        &self,
        has: Option<RosterVersion>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> Option<RosterVersion> {
        let (version, before) = (self.roster.version(), out.len());
        if has == Some(version) {
            return None;
        }
        let (usual, change) = &self.roster_change;
        if has == Some(*usual) {
            out.extend_from_slice(change.get_or_init(|| {
                let mut message = Vec::new();
                self.roster.write(has, &mut message);
                message
            }));
        } else {
            self.roster.write(has, out);
        }
        scratch.counters.rosters += 1;
        scratch.counters.roster_bytes += (out.len() - before) as u64;
        Some(version)
    }

    /// Adds the whole message of the room's time scale to the end of `out`, if it is another than
    /// the one `sent` last. A spectator is sent it at once and not when it sees these ticks: its
    /// stream comes at this speed now.
    pub(crate) fn write_time_scale(
        &self,
        sent: &mut TimeScale,
        plays: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut pace = self.pace;
        if pace.permille == sent.permille() {
            return false;
        }
        *sent = TimeScale::of_permille(pace.permille);
        if !plays {
            pace.from = pace.from.minus(self.config.delay_ticks);
        }
        ServerMessage::Pace(pace).encode(out);
        true
    }
}

impl<G: Game> PublishedPlayer<G> {
    fn new(player: &RoomPlayer<G>) -> PublishedPlayer<G> {
        PublishedPlayer {
            id: player.id,
            joined_at: player.joined_at,
            view: View::Everything,
            own: None,
            margin_ticks: 0,
            inputs: InputHistory::new(),
        }
    }

    fn publish(&mut self, state: &RoomState<G>, player: &RoomPlayer<G>) {
        let game = state.simulation.game();
        self.view = game.view(player.id);
        self.own = game.own(player.id);
        self.margin_ticks = player.inputs.margin_ticks();
        self.inputs.push(state.simulation.tick(), player.last);
    }
}
