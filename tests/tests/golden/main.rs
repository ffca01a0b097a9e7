//! Golden bytes: every message as it stands on the wire. A change here is a change of the
//! protocol and wants a new version, not new bytes.
//!
//! `GOLDEN_WRITE=1 cargo test -p tests --test golden` writes them anew.

mod inputs;
mod messages;
mod snapshots;

use std::path::PathBuf;

fn compare(file: &str, now: &str) {
    let path = golden(file);
    if std::env::var_os("GOLDEN_WRITE").is_some() {
        std::fs::write(&path, now).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(now, golden, "{file} is not what it was");
}

fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(golden(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_document_shows_what_the_files_hold() {
    let document = std::fs::read_to_string(golden("../../docs/protocol.md")).expect("it is there");
    let mut shown = 0;
    for part in document.split("\n<!-- golden/").skip(1) {
        let (file, part) = part.split_once(" -->\n```text\n").expect("a block follows its file");
        let (block, _) = part.split_once("```\n").expect("the block ends");
        assert!(read(file).contains(block), "{file} has no\n{block}");
        shown += 1;
    }
    assert!(shown > 0, "the document shows no file");
}

#[test]
fn the_document_is_of_this_version() {
    let document = std::fs::read_to_string(golden("../../docs/protocol.md")).expect("it is there");
    let version = tickwire_game::protocol::PROTOCOL_VERSION;
    assert!(document.starts_with(&format!("# Protocol {version}\n")));
    assert!(document.contains(&format!("`protocol: u16` ({version}),")));
}
