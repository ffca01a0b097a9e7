//! The guide for authors of games says what stands in the game that it leads to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the root").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in it, without empty lines: those between two pieces are nobody's.
fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim().is_empty()).collect()
}

/// The pieces of each file that the guide gives, joined: each follows a line with the file's path alone.
fn pieces(guide: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(path) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:")) else {
            continue;
        };
        let fence = lines.by_ref().find(|line| !line.is_empty());
        assert!(fence.is_some_and(|fence| fence.starts_with("```")), "no code follows {path}");
        let code = lines.by_ref().take_while(|line| *line != "```");
        let code: String = code.flat_map(|line| [line, "\n"]).collect();
        files.entry(path.to_owned()).or_default().push_str(&code);
    }
    files
}

#[test]
fn the_guide_gives_the_files_of_tag_whole() {
    let pieces = pieces(&read("docs/own-game.md"));
    let paths: Vec<_> = pieces.keys().map(String::as_str).collect();
    assert_eq!(paths, ["page/public/main.js", "rules/src/lib.rs", "rules/tests/simulated.rs"]);
    for (path, given) in &pieces {
        let kept = read(&format!("games/tag/{path}"));
        assert_eq!(lines(given), lines(&kept), "{path}");
    }
}

#[test]
fn what_the_guide_shows_of_another_game_stands_in_that() {
    let guide = read("docs/own-game.md");
    let mut shown = 0;
    for piece in guide.split("\nFrom `").skip(1) {
        let (path, rest) = piece.split_once("`:\n").expect("a path and code");
        let kept = read(path);
        let mut kept = kept.lines().map(|line| line.trim_start_matches("//!").trim());
        let code = rest.split("```").nth(1).expect("code").trim_start_matches("rust");
        // What lies between two of its lines may be of no interest to the guide.
        for line in lines(code) {
            assert!(kept.any(|other| other == line.trim()), "{path} has no further: {line}");
        }
        shown += 1;
    }
    assert_eq!(shown, 2);
}

#[test]
fn what_the_guide_leaves_as_it_was_written_is_what_a_new_game_has() {
    for path in [
        "src/main.rs",
        "build.rs",
        "page/src/lib.rs",
        "page/public/index.html",
        "page/public/style.css",
    ] {
        let template = read(&format!("games/template/{path}"));
        let written =
            template.replace("my-game", "tag").replace("my_game", "tag").replace("MyGame", "Tag");
        assert_eq!(written, read(&format!("games/tag/{path}")), "{path}");
    }
}

#[test]
fn tag_is_a_small_game() {
    let count = |paths: &[&str]| -> usize {
        paths.iter().map(|path| read(&format!("games/tag/{path}")).lines().count()).sum()
    };
    assert!(count(&["rules/src/lib.rs"]) <= 210);
    let page = ["page/public/index.html", "page/public/main.js", "page/public/style.css"];
    assert!(count(&page) <= 80);
    assert!(count(&["src/main.rs", "build.rs", "page/src/lib.rs"]) <= 20);
}
