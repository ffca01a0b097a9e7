//! Fill-in bots: players of the room's own that keep it lively while people are few.
//!
//! Called by the room's tick. There are as many as bring people and bots together to the wished
//! number; they see what a person in their place would see, and what they do goes into the
//! input buffer like anybody's.

use shared::game::{Dice, Game, Seen};
use shared::ids::PlayerId;

use super::Room;

/// Drawn from by player id; the roster tells two of one name apart.
const NAMES: [&str; 32] = [
    "Ash", "Birch", "Clover", "Dune", "Ember", "Fern", "Gale", "Heath", "Iris", "Juniper",
    "Kestrel", "Lark", "Moss", "Nettle", "Oak", "Pebble", "Quill", "Reed", "Sage", "Thistle",
    "Umber", "Vale", "Wren", "Yarrow", "Zephyr", "Brook", "Cedar", "Finch", "Hazel", "Linden",
    "Robin", "Willow",
];

/// Keeps the bots' dice apart from any stream that a game would draw from the same seed.
const DICE_STREAM: u64 = 0xB075 << 32;

impl<G: Game> Room<G> {
    /// Lets bots come and go until there are as many as wished.
    pub(super) fn fill_in(&mut self) {
        self.bots_leave_for(self.people);
        while self.bots() < self.fill.saturating_sub(self.people) {
            let player = self.free_id();
            let dice = Dice::new(self.seed, DICE_STREAM | u64::from(player.0));
            let name = NAMES[usize::from(player.0) % NAMES.len()];
            self.admit(player, name, Some(dice));
        }
    }

    /// Sends away the bots that are too many once there are `people` people: those with the
    /// highest ids.
    pub(super) fn bots_leave_for(&mut self, people: u16) {
        while self.bots() > self.fill.saturating_sub(people) {
            let last = self.players.iter().rev().find(|player| player.bot.is_some());
            let last = last.expect("there are bots").id;
            self.dismiss(last);
        }
    }

    /// Every bot looks at the newest scene and says what it does in the coming tick.
    pub(super) fn bots_think(&mut self) {
        let tick = self.simulation.tick();
        let (game, scene) = (self.simulation.game(), self.simulation.scene());
        for player in &mut self.players {
            let Some(dice) = &mut player.bot else { continue };
            if player.came >= tick {
                continue; // It is not in that scene yet.
            }
            let visible = &mut self.scratch.visible;
            self.interest.visible(Some(player.id), &game.view(player.id), visible);
            self.scratch.rows.clear();
            for &index in visible.iter() {
                self.scratch.rows.push_row(scene.rows().row(index as usize));
            }
            let skill = self.skills.of(player.id);
            let look = |seen: &Seen<'_, G>| G::bot(&Seen { skill, ..*seen }, dice);
            let input = self.simulation.look(player.id, &self.scratch.rows, look);
            player.inputs.put(tick.next(), input);
        }
    }

    /// The lowest id that nobody has.
    pub(super) fn free_id(&self) -> PlayerId {
        let taken = self.players.iter().enumerate();
        let gap = taken.take_while(|(at, player)| usize::from(player.id.0) == *at).count();
        PlayerId(u16::try_from(gap).expect("a room holds fewer players than there are ids"))
    }
}
