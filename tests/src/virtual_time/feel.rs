//! What a player would feel, noted while a world runs: late inputs, margins, corrections and what
//! explains them, guesses.

use std::collections::VecDeque;

use tickwire_game::client::{Client, Correction, Late};
use tickwire_game::game::{Effect, Game};
use tickwire_game::ids::PlayerId;
use tickwire_game::tick::Tick;

use super::Link;

/// For how many ticks it is kept what has affected whom.
const EFFECTS_KEPT_TICKS: usize = 4_096;

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
    /// Those of them that nothing explains which the room has told of.
    pub unexplained: Vec<Correction>,
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

    /// A snapshot has come, the one after that of `before`.
    pub(super) fn snapshot<G: Game>(
        &mut self,
        client: &mut Client<G>,
        up: &Link,
        before: Option<Tick>,
        effects: &Effects,
    ) {
        self.margins.extend(client.margin_ticks());
        while let Some(late) = client.take_late() {
            if late.sent_at.is_some_and(|sent_at| up.is_stalled(sent_at)) {
                self.stalled += 1;
            } else {
                self.late.push(late);
            }
        }
        while let Some(correction) = client.take_correction() {
            self.corrections.push(correction);
            let player = client.player().expect("only players are corrected");
            if !effects.is_affected(player, before, correction.tick) {
                self.unexplained.push(correction);
            }
        }
    }

    /// It has given an input.
    pub(super) fn look(&mut self, is_guess: Option<bool>) {
        self.looks += 1;
        self.guesses += u32::from(is_guess == Some(true));
    }
}

/// Whom something beside its own input has affected, in each of the last ticks.
#[derive(Debug, Default)]
pub(super) struct Effects(VecDeque<(Tick, Vec<PlayerId>)>);

impl Effects {
    pub(super) fn note(&mut self, tick: Tick, effects: &[(PlayerId, Effect)]) {
        if self.0.len() >= EFFECTS_KEPT_TICKS {
            self.0.pop_front();
        }
        self.0.push_back((tick, effects.iter().map(|(player, _)| *player).collect()));
    }

    /// Whether a player was affected after `before` and up to `tick`.
    fn is_affected(&self, player: PlayerId, before: Option<Tick>, tick: Tick) -> bool {
        let before = before.unwrap_or(tick.minus(1));
        let told = |at: &&(Tick, Vec<PlayerId>)| at.0 > before && at.0 <= tick;
        self.0
            .iter()
            .rev()
            .take_while(|at| at.0 > before)
            .filter(told)
            .any(|(_, players)| players.contains(&player))
    }
}
