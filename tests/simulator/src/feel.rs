//! What a player would feel, noted while a world runs: late inputs, margins, corrections and what
//! explains them, guesses.

use std::collections::VecDeque;

use tickwire_game::client::{Client, Correction, Late};
use tickwire_game::game::{Effect, Game, PlayerInput};
use tickwire_game::ids::PlayerId;
use tickwire_game::tick::Tick;

use crate::path::PathLink;

/// For how many ticks effects are kept.
const CAUSES_KEPT_TICKS: usize = 4_096;

/// What one client noted since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct Feel {
    /// How early the newest input was, in ticks, at each snapshot.
    pub margins: Vec<i32>,
    /// Inputs that were not applied in their ticks.
    pub late: Vec<Late>,
    /// How many more there were that a stall of the path had held up.
    pub stalled: usize,
    /// Times that its own player was put right.
    pub corrections: Vec<Correction>,
    /// Those of them of which the game has said nothing, and which come from an input that was not
    /// there in its tick: a bad path, and no fault. What neither explains ends the run.
    pub mistimed: Vec<Correction>,
    /// How often it was looked at what is drawn, and how often that lay beyond the newest snapshot.
    pub looks: u32,
    /// See `looks`.
    pub guesses: u32,
}

impl Feel {
    /// The margin below which half of all lie.
    ///
    /// # Panics
    /// When there was no snapshot.
    #[must_use]
    pub fn median_margin(&self) -> i32 {
        let mut margins = self.margins.clone();
        margins.sort_unstable();
        margins[margins.len() / 2]
    }

    /// Of 100 ticks, how many were made without their input though no stall had held it up.
    #[must_use]
    pub fn late_percent(&self) -> f64 {
        100.0 * self.late.len() as f64 / self.margins.len() as f64
    }

    /// Of 100 looks, how many lay beyond the newest snapshot.
    #[must_use]
    pub fn guessed_percent(&self) -> f64 {
        100.0 * f64::from(self.guesses) / f64::from(self.looks.max(1))
    }

    /// A snapshot has come, the one after that of `before`. Gives a correction that nothing explains.
    pub(crate) fn snapshot<G: Game>(
        &mut self,
        client: &mut Client<G>,
        up: &PathLink,
        before: Option<Tick>,
        causes: &Causes,
    ) -> Option<Correction> {
        self.margins.extend(client.margin_ticks());
        while let Some(late) = client.take_late() {
            if late.sent_at.is_some_and(|sent_at| up.is_stalled(sent_at)) {
                self.stalled += 1;
            } else {
                self.late.push(late);
            }
        }
        let mut unexplained = None;
        while let Some(correction) = client.take_correction() {
            self.corrections.push(correction);
            let player = client.player().expect("only players are corrected");
            match causes.of(player, before, correction.tick) {
                Some(Cause::Effect) => {}
                Some(Cause::Mistimed) => self.mistimed.push(correction),
                None => unexplained = Some(correction),
            }
        }
        unexplained
    }

    /// It has given an input.
    pub(crate) fn look(&mut self, is_guess: Option<bool>) {
        self.looks += 1;
        self.guesses += u32::from(is_guess == Some(true));
    }
}

/// Why a player's own state may be another than its client has predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its input was not there in its tick.
    Mistimed,
    /// The game has said so.
    Effect,
}

/// What may have corrected which player, in each of the last ticks.
#[derive(Debug, Default)]
pub(crate) struct Causes(VecDeque<(Tick, Vec<(PlayerId, Cause)>)>);

impl Causes {
    pub(crate) fn note<I: Copy + Default>(
        &mut self,
        tick: Tick,
        effects: &[(PlayerId, Effect)],
        inputs: &[PlayerInput<I>],
    ) {
        if self.0.len() >= CAUSES_KEPT_TICKS {
            self.0.pop_front();
        }
        let missing = inputs.iter().filter(|input| !input.input.is_received());
        let causes = effects
            .iter()
            .map(|(player, _)| (*player, Cause::Effect))
            .chain(missing.map(|input| (input.player, Cause::Mistimed)));
        self.0.push_back((tick, causes.collect()));
    }

    /// What explains a correction of a player after `before` and up to `tick`; an effect, if any does.
    fn of(&self, player: PlayerId, before: Option<Tick>, tick: Tick) -> Option<Cause> {
        let before = before.unwrap_or(tick.minus(1));
        let newest_first = self.0.iter().rev().take_while(|at| at.0 > before);
        let causes = newest_first.filter(|at| at.0 <= tick).flat_map(|(_, causes)| causes);
        let of_player = causes.filter(|(who, _)| *who == player).map(|(_, cause)| *cause);
        of_player.max_by_key(|cause| *cause == Cause::Effect)
    }
}
