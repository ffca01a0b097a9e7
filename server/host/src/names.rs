//! Text of strangers, made fit to stand on other people's screens.
//!
//! Pure. Every text of a stranger that others will see goes through [`fit`] once, at the border: the
//! names in hellos and tickets, in the room's roster. What comes out is short in characters and in
//! bytes, in one line, has nothing in it that cannot be seen or that turns or piles up on the text
//! around it, and is written in one way (Unicode's normal form C), so that equal texts are equal.
//! Joiners stay where writing needs them ([`joiners`]); texts that differ in nothing else have the same
//! [`key`]. It is still text: a page that shows it must not take it for markup. It does not judge what
//! a name says, nor whether two names only look alike.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use joiners::{JOINERS_MAX, is_joiner, is_mark};

mod joiners;

/// Of one base so many combining marks stay: as many as written languages pile up.
const MARKS_PER_BASE_MAX: usize = 4;

/// How long a text may become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) chars: usize,
    pub(crate) bytes: usize,
}

/// The text as it may be shown; empty when nothing of it can be seen. Fitting it once more changes
/// nothing.
pub(crate) fn fit(text: &str, limit: Limit) -> String {
    let mut kept = String::new();
    // How many marks the last base has; none after a space or at the beginning, where a mark would
    // land on whatever stands before the text.
    let mut marks = None;
    let mut is_apart = false;
    // The joiner that waits for what it is to join, and how many there were.
    let (mut joiner, mut joiners) = (None, 0);
    // Taken apart, so that each mark counts, however the writer put it.
    for c in text.chars().filter(|c| !is_unseen(*c)).nfd() {
        if is_joiner(c) {
            // Of several the first counts.
            joiner = joiner.or(Some(c));
            continue;
        }
        let joiner = joiner.take().filter(|joiner| {
            joiners < JOINERS_MAX && !is_apart && joiners::is_needed(&kept, *joiner, c)
        });
        let mut keep = |kept: &mut String| {
            if let Some(joiner) = joiner {
                joiners += 1;
                kept.push(joiner);
            }
            kept.push(c);
        };
        if c.is_whitespace() {
            is_apart = true;
            marks = None;
        } else if !is_mark(c) {
            if is_apart && !kept.is_empty() {
                kept.push(' ');
            }
            is_apart = false;
            marks = Some(0);
            keep(&mut kept);
        } else if let Some(marks) = marks.as_mut().filter(|marks| **marks < MARKS_PER_BASE_MAX) {
            *marks += 1;
            keep(&mut kept);
        }
    }
    let composed: String = kept.nfc().collect();
    cut(&composed, limit).to_owned()
}

/// As much of the beginning as is within the limit, without a space or a joiner at the end.
pub(crate) fn cut(text: &str, limit: Limit) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take(limit.chars).take_while(|end| *end <= limit.bytes).last();
    text[..end.unwrap_or(0)].trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c))
}

/// What tells a text from others: the text without its joiners, which by themselves are not seen.
pub(crate) fn key(text: &str) -> Cow<'_, str> {
    // What has been made fit is composed already.
    if text.is_ascii() || !text.contains(is_joiner) && is_nfc(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_joiner(*c)).nfc().collect())
}

/// What has no shape or is not for people: controls, marks, overrides and isolates of direction,
/// private and unassigned characters, whatever Unicode says may be ignored
/// (Default_Ignorable_Code_Point) but for the two joiners, fillers and blanks that are no spaces.
fn is_unseen(c: char) -> bool {
    let is_blank = matches!(c,
        '\u{034F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFFC}'
        | '\u{16FE4}' | '\u{1D159}' | '\u{E0000}'..='\u{E0FFF}');
    let is_other = c.general_category_group() == GeneralCategoryGroup::Other;
    is_blank || is_other && !c.is_whitespace() && !is_joiner(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit { chars: 20, bytes: 64 };

    #[test]
    fn what_cannot_be_seen_makes_no_text() {
        for unseen in [
            "\u{3164}",
            "\u{2800}",
            "\u{200B}\u{202E}",
            "\u{E0041}",
            "\u{FE0F}",
            " \t\u{3000}\u{2028}",
            "\u{301}\u{301}",
            " \u{20DD}",
            "\u{E000}\u{F0000}\u{378}\u{FFFF}",
            "\0\u{7}\u{1B}\u{85}",
            "\u{1D159}\u{2066}\u{2069}\u{061C}",
            "\u{34F}",
            "\u{115F}",
            "\u{1160}",
            "\u{17B4}",
            "\u{17B5}",
            "\u{180B}\u{180F}",
            "\u{FFA0}",
            "\u{FFFC}",
            "\u{16FE4}",
            "\u{E0FFF}",
            "\u{200C}",
            "\u{200D}\u{200D}",
            " \u{200C} \u{200D}",
        ] {
            assert_eq!(fit(unseen, LIMIT), "", "{unseen:?}");
        }
        assert_eq!(fit("A\u{AD}da\u{202E}", LIMIT), "Ada");
        assert_eq!(fit("a\u{202E}\u{2067}b\u{1B}[31mc", LIMIT), "ab[31mc");
    }

    #[test]
    fn a_text_is_written_in_one_way() {
        assert_eq!(fit("Zoe\u{308}", LIMIT), "Zo\u{EB}");
        assert_eq!(fit("Zo\u{EB}", LIMIT), "Zo\u{EB}");
        assert_eq!(fit("\u{1112}\u{1161}\u{11AB}", LIMIT), "\u{D55C}");
        assert_eq!(fit("  a \t\n\u{A0}\u{2003} b ", LIMIT), "a b");
    }

    #[test]
    fn joiners_stay_where_writing_needs_them_and_nowhere_else() {
        for name in [
            // Persian, before a suffix; after a letter with a mark.
            "\u{6A9}\u{62A}\u{627}\u{628}\u{200C}\u{647}\u{627}",
            "\u{645}\u{6CC}\u{650}\u{200C}\u{62E}\u{648}\u{627}\u{647}\u{645}",
            // Sinhala, "Sri Lanka"; Bengali, "RAB"; Devanagari and Kannada without their ligature.
            "\u{DC1}\u{DCA}\u{200D}\u{DBB}\u{DD3} \u{DBD}\u{D82}\u{D9A}\u{DCF}",
            "\u{9B0}\u{200D}\u{9CD}\u{9AF}\u{9BE}\u{9AC}",
            "\u{915}\u{94D}\u{200D}\u{937}",
            "\u{C95}\u{CCD}\u{200C}\u{CB7}",
            // A family, one with skin tones, a profession, a pirate.
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}",
            "\u{1F469}\u{1F3FD}\u{200D}\u{1F91D}\u{200D}\u{1F468}\u{1F3FB}",
            "\u{1F469}\u{200D}\u{2695} May",
            "\u{1F3F4}\u{200D}\u{2620}",
        ] {
            assert_eq!(fit(name, LIMIT), name, "{name}");
            assert!(key(name).chars().count() < name.chars().count());
        }
        for (text, fitted) in [
            ("A\u{200D}da", "Ada"),
            ("A\u{200C}da", "Ada"),
            ("\u{200D}Ada\u{200C}", "Ada"),
            ("Ada \u{200D}\u{200C} L", "Ada L"),
            ("1\u{200D}1", "11"),
            // At the edges, twice, of two scripts, around a space, between flags.
            ("\u{628}\u{200C}", "\u{628}"),
            ("\u{200C}\u{628}", "\u{628}"),
            ("\u{628}\u{200C}\u{200C}\u{628}", "\u{628}\u{200C}\u{628}"),
            ("\u{628}\u{200C}\u{200D}\u{628}", "\u{628}\u{200C}\u{628}"),
            ("\u{628}\u{200D}\u{628}", "\u{628}\u{628}"),
            ("\u{628}\u{200C}a", "\u{628}a"),
            ("\u{628}\u{200C} \u{628}", "\u{628} \u{628}"),
            ("\u{628}\u{200C}\u{710}", "\u{628}\u{710}"),
            ("\u{DBD}\u{200D}\u{DBD}", "\u{DBD}\u{DBD}"),
            ("\u{DBD}\u{DCA}\u{200D}\u{937}", "\u{DBD}\u{DCA}\u{937}"),
            ("\u{1F1E9}\u{200D}\u{1F1EA}", "\u{1F1E9}\u{1F1EA}"),
            ("\u{1F468}\u{200D}\u{1F3FD}", "\u{1F468}\u{1F3FD}"),
            ("\u{1F468}\u{200D}a", "\u{1F468}a"),
        ] {
            assert_eq!(fit(text, LIMIT), fitted, "{text:?}");
        }
        let many = "\u{628}\u{200C}".repeat(10);
        assert_eq!(fit(&many, LIMIT).matches('\u{200C}').count(), JOINERS_MAX);
        // Where the limit cuts a family, no joiner is left at the end.
        let family = "\u{1F468}\u{200D}\u{1F469}";
        assert_eq!(fit(family, Limit { chars: 2, bytes: 64 }), "\u{1F468}");
        assert_eq!(cut(family, Limit { chars: 9, bytes: 8 }), "\u{1F468}");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("Z{}o", "\u{300}\u{489}".repeat(300));
        assert!(fit(&piled, LIMIT).chars().count() <= 2 + MARKS_PER_BASE_MAX);
        // As languages write, they stay.
        for word in ["ti\u{1EBF}ng Vi\u{1EC7}t", "\u{E17}\u{E35}\u{E48}", "\u{5E9}\u{5C1}\u{5B8}"] {
            assert_eq!(fit(word, LIMIT).nfd().count(), word.nfd().count(), "{word}");
        }
        // A mark without a base would land on what stands before.
        assert_eq!(fit("\u{301}a \u{301}b", LIMIT), "a b");
    }

    #[test]
    fn a_text_is_short_in_characters_and_in_bytes() {
        assert_eq!(fit(&"x".repeat(999), LIMIT), "x".repeat(20));
        assert_eq!(fit(&"\u{1F600}".repeat(999), LIMIT), "\u{1F600}".repeat(16));
        assert_eq!(
            fit("12345678901234567 90 abc", Limit { chars: 18, bytes: 64 }),
            "12345678901234567"
        );
        assert_eq!(cut("\u{E4}\u{E4}", Limit { chars: 9, bytes: 3 }), "\u{E4}");
    }

    /// Any text, much of it of what is refused or piles up.
    fn text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            ' ',
            '\t',
            '\u{200D}',
            '\u{200C}',
            '\u{626}',
            '\u{643}',
            '\u{628}',
            '\u{DCA}',
            '\u{DD9}',
            '\u{DBD}',
            '\u{1F468}',
            '\u{1F3FD}',
            '\u{202E}',
            '\u{301}',
            '\u{323}',
            '\u{489}',
            '\u{9BE}',
            '\u{9C7}',
            'a',
            'e',
            '\u{1112}',
            '\u{1161}',
            '\u{11AB}',
            '\u{3164}',
            '\u{FDFA}',
            '\u{2126}',
            '\u{344}',
        ]);
        prop::collection::vec(prop_oneof![odd, any::<char>()], 0..60)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_made_fit_and_fitting_it_again_changes_nothing(
            text in text(),
            chars in 0..24_usize,
            bytes in 0..80_usize,
        ) {
            let limit = Limit { chars, bytes };
            let fitted = fit(&text, limit);
            prop_assert!(fitted.chars().count() <= chars && fitted.len() <= bytes);
            prop_assert_eq!(fitted.trim(), &*fitted);
            prop_assert!(!fitted.contains("  "));
            prop_assert!(!fitted.contains(|c: char| c.is_control() || is_unseen(c)));
            prop_assert!(!fitted.contains(|c: char| c.is_whitespace() && c != ' '));
            let mut run = 0;
            for c in fitted.nfd().filter(|c| !is_joiner(*c)) {
                run = if is_mark(c) { run + 1 } else { 0 };
                prop_assert!(run <= MARKS_PER_BASE_MAX);
            }
            prop_assert!(!fitted.starts_with(is_mark));
            let all: Vec<char> = fitted.nfd().collect();
            prop_assert!(all.iter().filter(|c| is_joiner(**c)).count() <= JOINERS_MAX);
            for at in (0..all.len()).filter(|at| is_joiner(all[*at])) {
                prop_assert!(at > 0 && at + 1 < all.len());
                prop_assert!(!is_joiner(all[at - 1]) && !is_joiner(all[at + 1]));
                prop_assert!(all[at - 1] != ' ' && all[at + 1] != ' ');
            }
            let key = key(&fitted);
            prop_assert!(!key.contains(is_joiner));
            prop_assert_eq!(&*fit(&key, limit), &*key);
            prop_assert_eq!(&fit(&fitted, limit), &fitted);
        }
    }
}
