//! The reader of recordings, given lines of a real recording in which words are changed, left out
//! and moved.

use std::sync::OnceLock;

use tickwire_game::recording::Reader;

use super::Source;

/// What the golden tests keep for all readers.
const RECORDED: [&str; 2] =
    [include_str!("../../golden/cart.scenes"), include_str!("../../golden/gaps.scenes")];

/// Words that stand in no line, or not there.
const ODD: [&str; 10] =
    ["-", "0", "-1", "4294967296", "99999999999999999999", "1e309", "nan", "=", "ffff", "\u{130}"];

/// Every line is taken or refused; what is given out keeps its limits.
pub fn recording(bytes: &[u8]) {
    static LINES: OnceLock<Vec<Vec<&str>>> = OnceLock::new();
    let recordings = LINES.get_or_init(|| RECORDED.map(|text| text.lines().collect()).into());
    let mut source = Source::new(bytes);
    let lines = &recordings[source.below(recordings.len())];
    let mut reader = Reader::new();
    for line in lines {
        let line = match source.below(8) {
            0 => changed(line, &mut source),
            1 if source.once_in(4) => continue,
            2 if source.once_in(4) => lines[usize::from(source.byte()) % lines.len()].to_owned(),
            3 if source.once_in(8) => String::from_utf8_lossy(source.take(40)).into_owned(),
            _ => (*line).to_owned(),
        };
        match reader.line(&line) {
            Ok(Some(tick)) => assert!(tick.scene.rows().len() <= lines.len()),
            Ok(None) => {}
            Err(_) => return,
        }
    }
    // It is whole or it is not.
    let _ = reader.finish();
}

fn changed(line: &str, source: &mut Source<'_>) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    let at = source.below(words.len());
    match source.below(4) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, ODD[source.below(ODD.len())]),
        2 => words[at] = ODD[source.below(ODD.len())],
        _ => {
            let other = source.below(words.len());
            words.swap(at, other);
        }
    }
    words.join(" ")
}
