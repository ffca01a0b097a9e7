//! [`TickLog`]: what is noted of each tick as it is made, and the look at it that finds faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::scene::Scene;
use tickwire_game::tick::Tick;
use tickwire_host::StepProbe;
use tickwire_host::room::Room;

use crate::claims::{Invariants, Made, Violation};
use crate::feel::Causes;

/// For how many ticks scenes are kept, to be compared with what comes of them.
const SCENES_KEPT_TICKS: usize = 4_096;

/// What was noted of each tick.
pub(crate) struct Ticks<G: Game> {
    pub(crate) hashes: Vec<u64>,
    /// The tick before the room's first.
    pub(crate) first_tick: Tick,
    /// When each tick was made, for the ages of snapshots; by ticks since the first.
    made: Vec<Duration>,
    /// The scenes of the last ticks, while anybody watches.
    pub(crate) scenes: VecDeque<Scene>,
    pub(crate) causes: Causes,
    claims: Invariants<G>,
    /// What did not hold in one of them. The host would take a panic for the game's own.
    pub(crate) fault: Option<Violation>,
    pub(crate) keeps_scenes: bool,
    pub(crate) now: Duration,
}

impl<G: Game> Ticks<G> {
    fn index(&self, tick: Tick) -> usize {
        tick.since(self.first_tick) as usize
    }

    /// When a tick was made.
    pub(crate) fn made_at(&self, tick: Tick) -> Duration {
        self.made[self.index(tick)]
    }
}

/// Notes each tick as it is made.
pub(crate) struct TickLog<G: Game>(Arc<Mutex<Ticks<G>>>);

impl<G: Game> TickLog<G> {
    /// One whose first tick is the one after `first_tick`; and another handle to it.
    pub(crate) fn new(first_tick: Tick) -> [TickLog<G>; 2] {
        let ticks = Arc::new(Mutex::new(Ticks {
            hashes: Vec::new(),
            first_tick,
            made: Vec::new(),
            scenes: VecDeque::new(),
            causes: Causes::default(),
            claims: Invariants::default(),
            fault: None,
            keeps_scenes: false,
            now: Duration::ZERO,
        }));
        [TickLog(Arc::clone(&ticks)), TickLog(ticks)]
    }

    pub(crate) fn ticks(&self) -> MutexGuard<'_, Ticks<G>> {
        // What is noted stays as it is when the game panics in between.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Game> StepProbe<G> for TickLog<G> {
    fn stepped(&mut self, room: &Room<G>) {
        let ticks = &mut *self.ticks();
        ticks.hashes.push(room.hash());
        let made = ticks.index(room.tick()) + 1;
        ticks.made.resize(made, ticks.now);
        ticks.causes.note(room.tick(), room.effects(), room.inputs());
        let judged = ticks.claims.judge(&Made {
            tick: room.tick(),
            dt: room.config().tick_rate().dt(),
            level: room.config().level(),
            schema: room.config().schema(),
            game: room.game(),
            inputs: room.inputs(),
            effects: room.effects(),
            scene: room.published().scene(),
            name_of: &|player: PlayerId| match room.player_name(player) {
                Some(name) => format!("{player} \"{name}\""),
                None => player.to_string(),
            },
        });
        ticks.fault = ticks.fault.take().or(judged.err());
        if ticks.keeps_scenes {
            ticks.scenes.push_back(room.published().scene().clone());
            let over = ticks.scenes.len().saturating_sub(SCENES_KEPT_TICKS);
            ticks.scenes.drain(..over);
        }
    }
}
