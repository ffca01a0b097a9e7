//! What is said when a claim fails: which values differ, and what usually is the cause.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use serde::Serialize;

/// Beyond this many differences the rest is only counted.
const DIFFERENCES_SHOWN: usize = 24;

/// What usually makes a player's own state another than its client has predicted.
pub(crate) const CAUSES_OF_CORRECTIONS: &str = "\
Usual causes:
  - `step` changes a player's own state beside its input and does not call `now.affect(player, ..)`;
  - `advance` goes by something that is not in `Own`, `Level` or the input, or that is not serialised;
  - `step` moves players by other code than `advance`, or by another input, or calls it twice;
  - players act on each other in the order in which they joined, before or after their own `advance`;
  - arithmetic that differs from machine to machine: use `libm::` for sin, cos, sqrt and the like;
  - a number in `Own` that is not one (NaN), which equals nothing: inputs may hold any `f32`.";

/// What usually makes two runs of one seed differ.
pub(crate) const CAUSES_OF_DIFFERENT_RUNS: &str = "\
Usual causes:
  - the order of a `HashMap` or `HashSet`: use a `BTreeMap` or a sorted `Vec`;
  - chance that does not come from a `Dice` of the world, made from `setup.seed`;
  - something outside of the world that remembers: a `static`, a `thread_local!`, a clock.";

/// What usually makes a world that was written down and read again go on otherwise.
pub(crate) const CAUSES_OF_LOST_STATE: &str = "\
Usual causes:
  - a field of the world or of `Level` with `#[serde(skip)]` that a later tick goes by: what is
    skipped must be filled anew before it is read;
  - `Serialize` or `Deserialize` written by hand that leaves something out;
  - what makes equal worlds differ, too: the order of a `HashMap`, chance from elsewhere, a `static`.";

/// What usually makes an own state arrive otherwise than it was sent.
pub(crate) const CAUSES_OF_LOSS: &str = "\
Usual causes:
  - a field of `Own` with `#[serde(skip)]`;
  - a number that is not one (NaN), which equals nothing: inputs may hold any `f32`, so ask
    `is_finite` before using one.";

/// Which values differ between two, field by field as `Debug` prints them; `before` and `after` say
/// what the two are.
pub(crate) fn differences<T: Debug>(before: (&str, &T), after: (&str, &T)) -> String {
    let (left, right) = (format!("{:#?}", before.1), format!("{:#?}", after.1));
    let found = differing_lines(&left, &right);
    if found.is_empty() {
        return "nothing that `Debug` shows: a value is not printed whole, or is no number\n"
            .into();
    }
    listed(before.0, after.0, &found)
}

/// The same by what is serialised, for what need not have `Debug`.
pub(crate) fn serialised_differences<T: Serialize>(
    before: (&str, &T),
    after: (&str, &T),
) -> String {
    // Maps whose keys are no texts cannot be written so.
    let text = |value| serde_json::to_string_pretty(value).ok();
    let (Some(left), Some(right)) = (text(before.1), text(after.1)) else {
        return "values that cannot be shown: give the world keys that are texts or numbers\n"
            .into();
    };
    let found = differing_lines(&left, &right);
    if found.is_empty() {
        return "nothing that is serialised\n".into();
    }
    listed(before.0, after.0, &found)
}

type Difference = (String, Option<String>, Option<String>);

fn listed(before: &str, after: &str, found: &[Difference]) -> String {
    let mut text = String::new();
    for (path, left, right) in found.iter().take(DIFFERENCES_SHOWN) {
        let [left, right] = [left, right].map(|value| value.as_deref().unwrap_or("nothing"));
        let path = if path.is_empty() { "the value" } else { path };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {path}: {left} ({before}), {right} ({after})");
    }
    let more = found.len().saturating_sub(DIFFERENCES_SHOWN);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    text
}

/// Which values of two indented texts differ, by their paths, in the order of the first text.
fn differing_lines(left: &str, right: &str) -> Vec<Difference> {
    let (left, right) = (values(left), values(right));
    let left_by_path: BTreeMap<_, _> = left.iter().cloned().collect();
    let right_by_path: BTreeMap<_, _> = right.iter().cloned().collect();
    let changed = left.into_iter().filter_map(|(path, value)| {
        let other = right_by_path.get(&path);
        (other != Some(&value)).then(|| (path.clone(), Some(value), other.cloned()))
    });
    let added = right.into_iter().filter(|(path, _)| !left_by_path.contains_key(path));
    changed.chain(added.map(|(path, value)| (path, None, Some(value)))).collect()
}

/// Each line of an indented text (pretty `Debug` or JSON) as the path that leads to it, and its value.
fn values(text: &str) -> Vec<(String, String)> {
    struct Parent {
        indent: usize,
        path: String,
        children: usize,
    }
    let mut parents: Vec<Parent> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim().trim_end_matches(',');
        while parents.last().is_some_and(|parent| parent.indent >= indent) {
            parents.pop();
        }
        if content.is_empty() || content.starts_with(['}', ']', ')']) {
            continue;
        }
        let named = content.split_once(": ").filter(|(name, _)| !name.contains(['(', '{', '[']));
        let path = match parents.last_mut() {
            // What it is as a whole is its type.
            None => String::new(),
            Some(parent) => {
                parent.children += 1;
                let name = match named {
                    Some((name, _)) => name.trim_matches('"').to_owned(),
                    None => (parent.children - 1).to_string(),
                };
                if parent.path.is_empty() { name } else { format!("{}.{name}", parent.path) }
            }
        };
        let value = match (named, parents.is_empty()) {
            (Some((_, value)), false) => value,
            _ => content,
        };
        let opens = value.ends_with(['{', '[', '(']);
        let value = value.trim_end_matches(['{', '[', '(']).trim_end();
        if opens {
            parents.push(Parent { indent, path: path.clone(), children: 0 });
        }
        if !(opens && value.is_empty()) {
            found.push((path, value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Serialize)]
    struct Runner {
        at: (f32, f32),
        life: Life,
        names: Vec<String>,
    }

    #[derive(Clone, Debug, Serialize)]
    enum Life {
        Dead,
        Alive { hits: u8 },
    }

    fn runner() -> Runner {
        Runner { at: (1.0, 2.0), life: Life::Alive { hits: 3 }, names: vec!["a: {b}".into()] }
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let (before, mut after) = (runner(), runner());
        after.at.1 = 2.5;
        after.life = Life::Alive { hits: 2 };
        let text = differences(("predicted", &before), ("server", &after));
        assert_eq!(
            text,
            "  at.1: 2.0 (predicted), 2.5 (server)\n  life.hits: 3 (predicted), 2 (server)\n"
        );
        let text = serialised_differences(("one", &before), ("other", &after));
        assert_eq!(text, "  at.1: 2.0 (one), 2.5 (other)\n  life.Alive.hits: 3 (one), 2 (other)\n");
    }

    #[test]
    fn what_is_there_on_one_side_alone_is_named_too() {
        let (before, mut after) = (runner(), runner());
        after.life = Life::Dead;
        after.names.push("c".to_owned());
        let text = differences(("predicted", &before), ("server", &after));
        assert!(text.contains("life: Alive (predicted), Dead (server)"), "{text}");
        assert!(text.contains("life.hits: 3 (predicted), nothing (server)"), "{text}");
        assert!(text.contains("names.1: nothing (predicted), \"c\" (server)"), "{text}");
    }

    #[test]
    fn equal_values_and_what_is_no_number_are_told_as_such() {
        let text = differences(("one", &f32::NAN), ("other", &f32::NAN));
        assert!(text.contains("no number"), "{text}");
        let text = differences(("one", &1), ("other", &2));
        assert_eq!(text, "  the value: 1 (one), 2 (other)\n");
    }
}
