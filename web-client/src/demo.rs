//! [`Demo`]: a room of bots within the page, so that the start overlay stands before a live
//! game even when no server answers.
//!
//! It speaks to the page's client as a server would, in messages, so the page draws it by the
//! same path as a real room. It has no sockets and no clock; what it plays matters to nobody.

use std::time::Duration;

use tickwire_game::dice::Dice;
use tickwire_game::game::{Game, InputStatus, PlayerInput, Seen, Setup, Skills};
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::snapshot::{Codec, Coding, Picture, SnapshotEncoder};
use tickwire_game::protocol::{ResumeToken, Roster, RosterEntry, ServerMessage, WIRE, Welcome};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::TickRate;

/// Most bots in it: the page must not stutter.
const PLAYERS_MAX: u32 = 32;
/// Steps made up for after a pause; the rest of a longer one is left out.
const CATCH_UP_MAX_STEPS: u32 = 4;

/// Longest time that it plays before it is first shown, in seconds.
const AHEAD_MAX_S: f64 = 60.0;

/// A room of bots that is stepped as time passes.
pub(crate) struct Demo<G: Game> {
    simulation: Simulation<G>,
    codec: Codec,
    encoder: SnapshotEncoder,
    setup: Setup<G::Settings>,
    bots: Vec<(PlayerId, Dice)>,
    /// Steps still to be made before it is first shown.
    ahead: u32,
    due: Duration,
    message: Vec<u8>,
}

impl<G: Game> Demo<G> {
    /// A room of so many bots that plays for `ahead_s` seconds before it is first shown: by
    /// [`Demo::play_ahead`], before anything else.
    pub(crate) fn new(now: Duration, seed: u64, players: u32, ahead_s: f64) -> Demo<G> {
        let players = players.min(PLAYERS_MAX) as u16;
        let setup = Setup { seed: seed.into(), players_max: players, ..Setup::default() };
        let mut simulation = Simulation::new(&setup);
        let bots: Vec<_> =
            (0..players).map(|id| (PlayerId(id), Dice::new(seed, u64::from(id)))).collect();
        for (player, _) in &bots {
            simulation.join(*player, None);
        }
        let codec = Codec::new(G::schema(), TickRate::default(), Coding::Range)
            .unwrap_or_else(|_| unreachable!("a game whose schema is unsound opens no room"));
        let ahead_s = ahead_s.clamp(0.0, AHEAD_MAX_S);
        let ahead = (ahead_s * f64::from(setup.tick_rate.hz())) as u32;
        Demo {
            simulation,
            codec,
            encoder: SnapshotEncoder::new(),
            setup,
            bots,
            ahead,
            due: now,
            message: Vec::new(),
        }
    }

    /// Makes up to so many of the steps before it is first shown; gives how many are left. The page
    /// makes a few at a time, so that it goes on meanwhile.
    pub(crate) fn play_ahead(&mut self, steps: u32) -> u32 {
        for _ in 0..steps.min(self.ahead) {
            self.step();
            self.ahead -= 1;
        }
        self.ahead
    }

    /// What a spectator is sent first.
    pub(crate) fn greet(&self) -> [Vec<u8>; 2] {
        // What a game gives to be sent can be encoded; the demo would stay empty else.
        let schema = bincode::encode_to_vec(self.codec.schema(), WIRE).unwrap_or_default();
        let level =
            bincode::serde::encode_to_vec(self.simulation.level(), WIRE).unwrap_or_default();
        let settings =
            bincode::serde::encode_to_vec(&self.setup.settings, WIRE).unwrap_or_default();
        let welcome = ServerMessage::Welcome(Welcome {
            session: SessionId(0),
            player: None,
            room: "demo",
            tick_rate_hz: TickRate::default().hz(),
            tick: self.simulation.tick().plus(self.ahead),
            players_max: self.setup.players_max,
            delay_ticks: 0,
            schema: &schema,
            level: &level,
            settings: &settings,
            resume: ResumeToken::new(SessionId(0), [0; 16]),
            resumed: false,
            grace_seconds: 0,
        });
        let entries = self.bots.iter().map(|&(player, _)| {
            let game = self.simulation.game();
            let (score, team) = (game.score(player), game.team(player));
            RosterEntry { player, name: "", score, team, bot: true }
        });
        let roster = Roster { complete: true, entries: entries.collect(), gone: Vec::new() };
        [welcome, ServerMessage::Roster(roster)].map(|message| {
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            bytes
        })
    }

    /// Makes the next step that is due; gives when it was due and what it shows. None is before all
    /// are made that are never shown.
    pub(crate) fn next(&mut self, now: Duration) -> Option<(Duration, &[u8])> {
        let period = self.setup.tick_rate.period();
        if self.due + CATCH_UP_MAX_STEPS * period < now {
            self.due = now;
        }
        if self.due > now || self.ahead > 0 {
            return None;
        }
        let due = self.due;
        self.due += period;
        self.step();
        self.message.clear();
        ServerMessage::open_snapshot(&mut self.message);
        let scene = self.simulation.scene();
        let visible: Vec<u32> = (0..scene.rows().len() as u32).collect();
        let events: Vec<_> = scene.events().iter().map(|event| (scene.tick(), event)).collect();
        let picture = Picture {
            tick: scene.tick(),
            player: None,
            rows: scene.rows(),
            visible: &visible,
            events: &events,
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        self.encoder.encode(&self.codec, &picture, &mut self.message);
        Some((due, &self.message))
    }

    fn step(&mut self) {
        let inputs = self.inputs();
        self.simulation.step(&inputs);
    }

    /// Its bots see everything: nobody minds.
    fn inputs(&mut self) -> Vec<PlayerInput<G::Input>> {
        let simulation = &self.simulation;
        let play = |(player, dice): &mut (PlayerId, Dice)| {
            let skill = Skills::Mixed.of(*player);
            let look = |seen: &Seen<'_, G>| G::bot(&Seen { skill, ..*seen }, dice);
            let input = simulation.look(*player, simulation.scene().rows(), look);
            PlayerInput::at_once(*player, InputStatus::Received(input))
        };
        self.bots.iter_mut().map(play).collect()
    }
}
