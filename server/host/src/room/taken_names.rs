//! [`TakenNames`]: what players are called, each different from all others in the room.
//!
//! Part of the room's state, and not of the roster, of which a copy is published with each change. Names
//! come from strangers and are made fit here ([`crate::names`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::PLAYER_NAME_MAX_BYTES;

use crate::limits::PLAYER_NAME_MAX_CHARS;
use crate::names::{self, cut, fit, key};

/// How long a name may be.
const NAME: names::Limit =
    names::Limit { chars: PLAYER_NAME_MAX_CHARS, bytes: PLAYER_NAME_MAX_BYTES };

/// The names of those who are in the room.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct TakenNames {
    /// What tells them apart. Joiners make no difference: two names that differ in nothing else look
    /// the same.
    keys: BTreeSet<Box<str>>,
}

impl TakenNames {
    /// The name of a player who comes: the one that it asks for, made fit and different from all others.
    pub(super) fn take(&mut self, name: &str, player: PlayerId) -> Arc<str> {
        let name = self.distinct(fit(name, NAME), player);
        self.keys.insert(key(&name).into());
        name.into()
    }

    /// A player of this name left.
    pub(super) fn free(&mut self, name: &str) {
        self.keys.remove(&*key(name));
    }

    /// The name itself, or with the first number from 2 after it that makes it nobody else's.
    fn distinct(&self, name: String, player: PlayerId) -> String {
        let name =
            if name.is_empty() { format!("Player {}", u32::from(player.0) + 1) } else { name };
        if !self.keys.contains(&*key(&name)) {
            return name;
        }
        (2_u32..)
            .map(|number| {
                let number = format!(" {number}");
                let (chars, bytes) = (NAME.chars - number.len(), NAME.bytes - number.len());
                format!("{}{number}", cut(&name, names::Limit { chars, bytes }))
            })
            .find(|name| !self.keys.contains(&*key(name)))
            .expect("there are more numbers than players")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_name_is_made_fit_and_nobody_elses(
            acts in prop::collection::vec(
                // Half of them are of few characters, so that many are equal but for their joiners.
                (
                    prop_oneof![any::<String>(), "[\u{628}\u{200C}\u{200D}\u{1F468}]{0,4}"],
                    // Now and then somebody leaves.
                    prop::option::weighted(0.2, any::<prop::sample::Index>()),
                ),
                1..40,
            ),
        ) {
            let (mut taken, mut names) = (TakenNames::default(), Vec::new());
            for (player, (name, leaves)) in acts.iter().enumerate() {
                names.push(taken.take(name, PlayerId(player as u16)));
                if let Some(at) = leaves {
                    taken.free(&names.swap_remove(at.index(names.len())));
                }
                let keys: BTreeSet<Box<str>> = names.iter().map(|name| key(name).into()).collect();
                prop_assert_eq!(keys.len(), names.len());
                prop_assert_eq!(&keys, &taken.keys);
            }
            for name in &names {
                prop_assert!(!name.is_empty() && name.len() <= PLAYER_NAME_MAX_BYTES);
                prop_assert_eq!(&fit(name, NAME), &**name);
            }
        }
    }

    #[test]
    fn names_are_as_they_should_stand_on_a_screen() {
        let (mut taken, mut players) = (TakenNames::default(), (0..).map(PlayerId));
        let mut named = |name: &str| {
            taken.take(name, players.next().expect("there are more numbers")).to_string()
        };
        assert_eq!(named("  Ada \t\n Lovelace "), "Ada Lovelace");
        assert_eq!(named("Ada\u{200B} \u{202E}Lovelace\u{FEFF}\u{7}"), "Ada Lovelace 2");
        assert_eq!(named("Ada Lovelace"), "Ada Lovelace 3");
        assert_eq!(named("\u{2066} \u{200F}"), "Player 4");
        assert_eq!(named("Player 4"), "Player 4 2");
        assert_eq!(named("abcdefghijklmnopqrstuvwxyz"), "abcdefghijklmnopqrst");
        assert_eq!(named("abcdefghijklmnopqrstuvwxyz"), "abcdefghijklmnopqr 2");
        assert_eq!(named("äöüäöüäöüäöüäöüäöü öäö"), "äöüäöüäöüäöüäöüäöü ö");
    }
}
