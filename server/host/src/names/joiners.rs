//! Where the two joiners of Unicode belong: U+200C (ZWNJ), which keeps letters apart, and U+200D (ZWJ),
//! which makes one sign of several.
//!
//! They cannot be seen, but writing needs them: Persian before suffixes, the scripts of India and Sri
//! Lanka in clusters of consonants, emoji for families. So they stay between two characters that they
//! can change, as RFC 5892 (appendix A) has it for domain names, and Unicode for emoji; never at an edge
//! and never two in a row. Pure; the fitting of names asks it.

use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Most joiners of a text; further ones are left out. A family has three.
pub(super) const JOINERS_MAX: usize = 6;

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// The canonical combining class of signs that take the vowel from a consonant.
const VIRAMA: u8 = 9;

/// Whether this is one of the two joiners.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, NON_JOINER | JOINER)
}

/// Whether this is a mark on the character before it.
pub(super) fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Whether a joiner between a text and the next character can be seen by its effect.
pub(super) fn is_needed(before: &str, joiner: char, next: char) -> bool {
    let Some(last) = before.chars().next_back() else { return false };
    let is_after_virama = is_virama(last) && is_letter(next) && is_one_block(last, next);
    // Bengali writes ra before ya so.
    let is_before_virama = is_letter(last) && is_virama(next) && is_one_block(last, next);
    if joiner == JOINER {
        is_after_virama || is_before_virama || ends_in_emoji(last) && is_pictograph(next)
    } else {
        let base = before.chars().rev().find(|c| !is_mark(*c));
        let script = base.filter(|base| is_letter(*base)).and_then(cursive_script);
        let is_within_script =
            is_letter(next) && script.is_some() && script == cursive_script(next);
        is_after_virama || is_within_script
    }
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == VIRAMA
}

/// Whether two characters are of one script, among those with a virama: each has 128 code points.
fn is_one_block(one: char, other: char) -> bool {
    u32::from(one) >> 7 == u32::from(other) >> 7
}

/// The script of a letter among those whose letters join each other, as a number.
fn cursive_script(c: char) -> Option<u8> {
    Some(match c {
        '\u{600}'..='\u{6FF}' | '\u{750}'..='\u{77F}' | '\u{870}'..='\u{8FF}' => 0, // Arabic
        '\u{700}'..='\u{74F}' | '\u{860}'..='\u{86F}' => 1,                         // Syriac
        '\u{7C0}'..='\u{7FF}' => 2,                                                 // N'Ko
        '\u{840}'..='\u{85F}' => 3,                                                 // Mandaic
        '\u{1800}'..='\u{18AF}' => 4,                                               // Mongolian
        '\u{10D00}'..='\u{10D3F}' => 5,                                             // Rohingya
        '\u{1E900}'..='\u{1E95F}' => 6,                                             // Adlam
        _ => return None,
    })
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Whether this is an emoji by itself: no digit, no half of a flag, no skin tone.
fn is_pictograph(c: char) -> bool {
    let is_half_flag = matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    !c.is_ascii() && c.is_emoji_char() && !is_half_flag && !is_skin_tone(c)
}

fn ends_in_emoji(last: char) -> bool {
    is_pictograph(last) || is_skin_tone(last)
}
