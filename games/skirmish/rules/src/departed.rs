//! [`Departed`]: players who left lately, as they were, so that nobody gains or loses by leaving and
//! coming back.
//!
//! Part of the world, asked when a player joins. A player is kept for the room's grace, counted from
//! when it was last heard, and given back once. Only players with a known identity are: a guest who
//! says goodbye has left for good.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::player::Player;
use super::rules::DEPARTED_MAX;
use super::ship::{Armor, Effects, Life, Own, Weapons};
use tickwire_game::ids::Subject;
use tickwire_game::tick::Tick;

/// Who left lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Departed {
    grace_ticks: u32,
    /// By rising tick in which they were heard last.
    players: VecDeque<Departure>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Departure {
    subject: Subject,
    last_heard: Tick,
    left: Tick,
    player: Player,
}

/// A ship that its player left, and goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LeftShip {
    left: Tick,
    class: Class,
    armor: Armor,
    weapons: Weapons,
    effects: Effects,
}

impl Departed {
    pub(super) fn new(grace_ticks: u32) -> Departed {
        Departed { grace_ticks, players: VecDeque::new() }
    }

    /// A player has left before the tick `now`.
    pub(super) fn keep(&mut self, mut player: Player, now: Tick) {
        self.forget_late(now);
        let Some(subject) = player.subject else { return };
        let last_heard = player.absent_since().unwrap_or(now);
        if self.is_late(last_heard, now) {
            return;
        }
        if self.players.len() >= DEPARTED_MAX {
            self.players.pop_front();
        }
        // One day the numbers of those who hurt it are others'.
        player.forget_hurts();
        let at = self.players.partition_point(|other| other.last_heard <= last_heard);
        self.players.insert(at, Departure { subject, last_heard, left: now, player });
    }

    /// The player that comes back before the tick `now`, if it does: as it was, but without a ship. The
    /// next one comes no sooner than after a death at the tick in which it left.
    pub(super) fn take(
        &mut self,
        subject: Option<Subject>,
        now: Tick,
        respawn_ticks: u32,
    ) -> Option<Player> {
        self.forget_late(now);
        let subject = subject?;
        // Of two who left, the one who did last.
        let at = self.players.iter().rposition(|it| it.subject == subject)?;
        let Departure { left, mut player, .. } = self.players.remove(at)?;
        let due_ticks = match player.own.life {
            Life::Dead { respawn_ticks } => respawn_ticks,
            Life::Alive => {
                player.left_ship = Some(LeftShip::of(&player.own, left));
                respawn_ticks
            }
        };
        player.own.die(due_ticks.saturating_sub(ticks_since(left, now)));
        Some(player)
    }

    /// A round begins, also for those who are not there.
    pub(super) fn begin_round(&mut self) {
        self.players.iter_mut().for_each(|departure| departure.player.begin_round());
    }

    fn forget_late(&mut self, now: Tick) {
        while self.players.front().is_some_and(|oldest| self.is_late(oldest.last_heard, now)) {
            self.players.pop_front();
        }
    }

    fn is_late(&self, last_heard: Tick, now: Tick) -> bool {
        ticks_since(last_heard, now) >= self.grace_ticks
    }
}

impl LeftShip {
    fn of(own: &Own, left: Tick) -> LeftShip {
        let Own { class, armor, weapons, effects, .. } = *own;
        LeftShip { left, class, armor, weapons, effects }
    }

    /// Makes a fresh ship this one. Its times went on while its player was away.
    pub(super) fn give_back(self, own: &mut Own, now: Tick) {
        let passed = ticks_since(self.left, now);
        let rest = |ticks: u32| ticks.saturating_sub(passed);
        let LeftShip { class, armor, weapons, effects, .. } = self;
        own.class = class;
        own.armor = Armor { shield_delay_ticks: rest(armor.shield_delay_ticks), ..armor };
        own.weapons = Weapons { cooldown_ticks: rest(weapons.cooldown_ticks), charge_ticks: 0 };
        own.effects = Effects {
            protection_ticks: rest(effects.protection_ticks),
            overcharge_ticks: rest(effects.overcharge_ticks),
            truce_ticks: own.effects.truce_ticks,
        };
    }
}

fn ticks_since(earlier: Tick, now: Tick) -> u32 {
    u32::try_from(now.since(earlier)).unwrap_or(0)
}
