//! Fill-in bots: players of the room's own that keep it lively while people are few.
//!
//! Called by the room's step. There are as many as bring people and bots together to the wanted
//! number; they see what a person in their place would see, and what they do goes into the
//! input buffer like anybody's.

use tickwire_game::game::{Dice, Game, LeaveReason, Seen};

use super::{EncodeScratch, Room, RoomState};

/// Drawn from by player id; the roster tells two of one name apart.
const NAMES: [&str; 32] = [
    "Ash", "Birch", "Clover", "Dune", "Ember", "Fern", "Gale", "Heath", "Iris", "Juniper",
    "Kestrel", "Lark", "Moss", "Nettle", "Oak", "Pebble", "Quill", "Reed", "Sage", "Thistle",
    "Umber", "Vale", "Wren", "Yarrow", "Zephyr", "Brook", "Cedar", "Finch", "Hazel", "Linden",
    "Robin", "Willow",
];

/// For what the bots' seed is derived: a game draws from others.
const BOTS: &str = "bots";

impl<G: Game> Room<G> {
    /// Lets bots join and leave until there are as many as wanted.
    pub(super) fn fill_up(&mut self) {
        self.remove_bots_for(self.state.people);
        while self.bots() < self.bots_wanted(self.state.people) {
            let player = self.state.next_id(self.config.id_retired_ticks);
            // Its id may have been another bot's, long enough ago.
            let stream = u64::from(self.tick().0) << 16 | u64::from(player.0);
            let dice = Dice::new(self.config.seed.derive(BOTS), stream);
            let name = NAMES[usize::from(player.0) % NAMES.len()];
            self.add(player, name, None, Some(dice));
        }
    }

    /// How many bots there are to be with `people` people: in the place of those who seem idle, too, as
    /// far as there are seats.
    fn bots_wanted(&self, people: u16) -> u16 {
        let acting = people - self.state.idle;
        self.config.fill.saturating_sub(acting).min(self.config.players_max - people)
    }

    /// Removes the bots that are too many once there are `people` people: those with the highest
    /// ids.
    pub(super) fn remove_bots_for(&mut self, people: u16) {
        while self.bots() > self.bots_wanted(people) {
            let last = self.state.players.iter().rev().find(|player| player.bot.is_some());
            let last = last.expect("there are bots").id;
            self.remove(last, LeaveReason::Removed);
        }
    }

    /// Every bot looks at the newest scene and decides what it does in the coming tick.
    pub(super) fn bots_act(&mut self) {
        let RoomState { simulation, players, .. } = &mut self.state;
        let (tick, game) = (simulation.tick(), simulation.game());
        let EncodeScratch { visible, found, rows, .. } = &mut self.scratch;
        for player in players {
            let Some(dice) = &mut player.bot else { continue };
            if player.joined_at >= tick {
                continue; // It is not in that scene yet.
            }
            let view = game.view(player.id);
            self.published.interest.visible(Some(player.id), &view, found, visible);
            rows.clear();
            for &index in visible.iter() {
                rows.push_row(self.published.scene.rows().row(index as usize));
            }
            let skill = self.config.skills.of(player.id);
            let act = |seen: &Seen<'_, G>| G::bot(&Seen { skill, ..*seen }, dice);
            let input = simulation.look(player.id, rows, act);
            player.inputs.put(tick.next(), input);
        }
    }
}
