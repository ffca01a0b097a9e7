//! How well bots play: a level that a game's bot is given, and the options by which it is chosen.
//!
//! It decides nothing about play: that is [`Game::bot`](crate::game::Game::bot).

use std::fmt;
use std::str::FromStr;

use crate::ids::PlayerId;

/// How well a bot plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skill {
    /// For people who have just come.
    Easy,
    /// About as well as people do.
    #[default]
    Normal,
    /// For people who want to be beaten.
    Hard,
}

impl Skill {
    /// All of them, the weakest first.
    pub const ALL: [Skill; 3] = [Skill::Easy, Skill::Normal, Skill::Hard];
}

/// How well several bots play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skills {
    /// All alike.
    All(Skill),
    /// Some of each, as many of one as of another.
    #[default]
    Mixed,
}

impl Skills {
    /// That of the bot that plays for `player`.
    #[must_use]
    pub fn of(self, player: PlayerId) -> Skill {
        match self {
            Skills::All(skill) => skill,
            Skills::Mixed => Skill::ALL[usize::from(player.0) % Skill::ALL.len()],
        }
    }
}

impl fmt::Display for Skills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Skills::All(Skill::Easy) => "easy",
            Skills::All(Skill::Normal) => "normal",
            Skills::All(Skill::Hard) => "hard",
            Skills::Mixed => "mixed",
        })
    }
}

/// Not the name of any [`Skills`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not easy, normal, hard or mixed")]
pub struct SkillsError;

impl FromStr for Skills {
    type Err = SkillsError;

    fn from_str(text: &str) -> Result<Skills, SkillsError> {
        let all = Skill::ALL.map(Skills::All).into_iter().chain([Skills::Mixed]);
        all.into_iter().find(|skills| skills.to_string() == text).ok_or(SkillsError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_that_leads_back_to_it() {
        for name in ["easy", "normal", "hard", "mixed"] {
            assert_eq!(
                name.parse::<Skills>().map(|skills| skills.to_string()).as_deref(),
                Ok(name)
            );
        }
        assert_eq!("Hard".parse::<Skills>(), Err(SkillsError));
    }

    #[test]
    fn mixed_bots_are_of_all_skills() {
        let skills = [0, 1, 2, 3].map(|player| Skills::Mixed.of(PlayerId(player)));
        assert_eq!(skills, [Skill::Easy, Skill::Normal, Skill::Hard, Skill::Easy]);
    }
}
