//! The repository speaks plain English, one word with one meaning: what no compiler looks at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Words and phrases for which the field has better ones, with what to write instead: in Rust and in
/// the page's code, comments included.
const AVOIDED: [(&str, &str); 36] = [
    ("astray", "plaintext_on_tls, outside"),
    ("Arrival", "PendingJoin"),
    ("Bench", "PassContext"),
    ("bend", "slew"),
    ("caution", "safety_margin"),
    ("come by", "where it came from"),
    ("comes by", "where it comes from"),
    ("Crowd", "AddressLimit"),
    ("foretell", "predict"),
    ("forgive", "credit"),
    ("gathered_priority", "accumulated_priority"),
    ("generation", "removed with protocol 5"),
    ("GivenKind", "InputSource"),
    ("has told", "sent"),
    ("heed", "applySettings, follow"),
    ("Hosted", "RoomHost"),
    ("House", "ServerContext"),
    ("is_pressed", "is_over_budget"),
    ("is_told", "is_sent, is_announced"),
    ("lived", "active_time"),
    ("Mover", "MovingField"),
    ("Openings", "PendingConnections"),
    ("Pace of", "TimeScale"),
    ("permille_of_pace", "time_scale"),
    ("RoomWish", "RoomChoice, RequestedRoom"),
    ("slowest", "min_time_scale"),
    ("ticks_in_most", "ticks_ceil_or_zero"),
    ("Told", "SentEvent, RowChange, EncodedTick, OwnStateReplay"),
    ("untold", "unsent"),
    ("Unwanted", "HelloError"),
    ("usual_worst", "jitter_bound"),
    ("Visitor", "Peer"),
    ("visit", "serve_connection"),
    ("Wanted", "JoinRequest"),
    ("was_told", "mark_sent"),
    ("Wish", "RequestedRoom"),
];
/// Names that Rust code must not have; in comments these are words like others, and in the page's
/// code they are public names.
const AVOIDED_IN_RUST: [(&str, &str); 6] = [
    ("End", "DisconnectReason"),
    ("Given", "InputStatus"),
    ("masks", "changed_masks"),
    ("Place", "Reservation, Seat, RowCursor"),
    ("Refusal", "JoinError"),
    ("rests", "fractions"),
];
/// Names that the page's code must not have, of modules above all.
const AVOIDED_IN_PAGE: [(&str, &str); 7] = [
    ("become", "setMode"),
    ("hands", "input"),
    ("happenings", "events"),
    ("heed", "applySettings"),
    ("memories", "shipEffects"),
    ("signs", "thresholds"),
    ("Told", "sent"),
];
/// A file may have an avoided word: where a library or a format names something by it.
const ALLOWED: [(&str, &str); 4] = [
    ("server/host/src/room/input_shape.rs", "Visitor"),
    ("server/host/src/room/input_shape.rs", "visit"),
    ("tests/examples/cold-start/main.rs", "visit"),
    ("web-client/src/value/read.rs", "Visitor"),
];
/// Words that hide who does what. English needs them now and then: in so many lines of all at most.
const RARE: [(&str, usize); 3] = [("told", 14), ("whoever", 4), ("of late", 4)];

/// Type names of two crates that never meet in one file but are what each has to be called: both are
/// public, and documented by that name.
const TYPES_ALLOWED: [(&str, &str); 2] = [
    ("Page", "what a server serves; what a build script builds; what the page's exports call"),
    ("View", "the part of a scene that a viewer may know; what a page sees of its game"),
];
/// The libraries: in these a type name means one thing.
const LIBRARIES: [&str; 8] = [
    "bot-client/src",
    "server/host/src",
    "server/src",
    "shared/derive/src",
    "shared/src",
    "tests/simulator/src",
    "web-client/build/src",
    "web-client/src",
];

const RUST: &[&str] = &["rs"];
const PAGE: &[&str] = &["js", "mjs", "ts", "css", "html"];
const PYTHON: &[&str] = &["py"];
const PROSE: &[&str] = &["md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the root").to_owned()
}

/// All files of ours below `folder` with one of these endings, with what stands in them. This file,
/// which has all the words, is left out, and what was true of earlier versions.
fn sources(folder: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    let left_out = [root().join("tests/tests/words.rs"), root().join("CHANGELOG.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|ending| endings.iter().any(|one| ending == *one))
                && !left_out.contains(&path)
            {
                let text = fs::read_to_string(&path).expect("it is text");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// The whole tree's files with one of these endings: `min` of them at least, or they were not found.
fn tree(endings: &[&str], min: usize) -> Vec<(PathBuf, String)> {
    let found = sources("", endings);
    assert!(found.len() >= min, "only {} files", found.len());
    found
}

/// Whether `word` stands in `line` by itself. A word with a hyphen is another one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

/// Where files have one of the words in what `part` leaves of a line.
fn find(
    files: &[(PathBuf, String)],
    words: &[(&str, &str)],
    part: impl Fn(&str) -> &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            for (word, better) in words.iter().filter(|(word, _)| has_word(part(line), word)) {
                if !ALLOWED.iter().any(|(file, one)| path.ends_with(file) && one == word) {
                    found.push(format!("{}:{}: {word}, say {better}", path.display(), number + 1));
                }
            }
        }
    }
    found
}

/// A line without its comment, as far as that can be seen in the line alone.
fn code(line: &str) -> &str {
    let is_comment = line.trim_start().starts_with('*') || line.trim_start().starts_with("/*");
    if is_comment { "" } else { line.split("//").next().unwrap_or_default() }
}

/// The same in Python.
fn python_code(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

#[test]
fn words_that_are_ours_alone_do_not_appear() {
    let (rust, page, python) = (tree(RUST, 450), tree(PAGE, 60), tree(PYTHON, 4));
    let mut found = find(&rust, &AVOIDED, |line| line);
    found.extend(find(&rust, &AVOIDED_IN_RUST, code));
    found.extend(find(&page, &AVOIDED, |line| line));
    found.extend(find(&page, &AVOIDED_IN_PAGE, code));
    found.extend(find(&python, &AVOIDED, |line| line));
    found.extend(find(&python, &AVOIDED_IN_PAGE, python_code));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_has_a_name_that_is_ours_alone() {
    let is_avoided = |path: &Path| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        AVOIDED.iter().chain(&AVOIDED_IN_PAGE).any(|(word, _)| word.to_lowercase() == stem)
    };
    let mut files = tree(RUST, 450);
    files.extend(tree(PAGE, 60));
    let found: Vec<_> = files.iter().filter(|(path, _)| is_avoided(path)).collect();
    assert!(found.is_empty(), "{:?}", found.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn words_that_hide_who_does_what_are_rare() {
    let mut files = tree(RUST, 450);
    files.extend(tree(PAGE, 60));
    files.extend(tree(PYTHON, 4));
    files.extend(tree(PROSE, 30));
    for (word, most) in RARE {
        let lines = files
            .iter()
            .flat_map(|(path, text)| {
                let lines = text.lines().filter(|line| has_word(&line.to_lowercase(), word));
                lines.map(|line| format!("{}: {line}", path.display())).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        assert!(lines.len() <= most, "{word}: {}\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn a_type_name_means_one_thing() {
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let libraries = LIBRARIES.iter().flat_map(|folder| sources(folder, RUST));
    for (path, text) in libraries {
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let inside = path.strip_prefix(root()).expect("it lies in the root");
        let mut folders = inside.components().skip(1);
        if folders.any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs") {
            continue;
        }
        for line in production.lines() {
            let words: Vec<&str> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty() && !["pub", "crate", "super"].contains(word))
                .collect();
            // At the start of a line: not one inside an `impl`.
            if let [kind @ ("struct" | "enum" | "trait" | "type"), name, ..] = words[..]
                && (line.starts_with("pub") || line.starts_with(kind))
            {
                defined.entry(name.to_owned()).or_default().push(path.display().to_string());
            }
        }
    }
    let twice: Vec<String> = defined
        .iter()
        .filter(|(name, places)| {
            places.len() > 1 && !TYPES_ALLOWED.iter().any(|(allowed, _)| allowed == name)
        })
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    assert!(twice.is_empty(), "\n{}", twice.join("\n"));
    assert!(defined.len() > 500, "only {} types", defined.len());
}

/// The module of a file below a crate's `src`, as a path of names.
fn module_of(src: &Path, file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(src).expect("it lies there").with_extension("");
    let mut names: Vec<String> =
        inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        names.pop();
    }
    names
}

/// The modules that the `use` lines of `text` name, as far as they are of this crate.
fn imports(module: &[String], text: &str, modules: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for statement in text.split("\nuse ").skip(1).chain(text.split("\npub use ").skip(1)) {
        let Some((statement, _)) = statement.split_once(';') else { continue };
        let head = statement.split(['{', ' ', '\n']).next().unwrap_or_default();
        let mut names: Vec<&str> = head.split("::").filter(|name| !name.is_empty()).collect();
        let mut path = match names.first() {
            Some(&"crate") => Vec::new(),
            Some(&"super") => module[..module.len().saturating_sub(1)].to_vec(),
            Some(&"self") => module.to_vec(),
            // A child, or another crate.
            Some(_) => {
                names.insert(0, "self");
                module.to_vec()
            }
            None => continue,
        };
        path.extend(names[1..].iter().map(|name| (*name).to_owned()));
        // The longest beginning of it that is a module.
        while !modules.contains(&path) && path.pop().is_some() {}
        if path != module && !path.is_empty() {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_modules_of_the_server_import_each_other_in_a_circle() {
    for folder in ["server/src", "server/host/src"] {
        let src = root().join(folder);
        let mut arrows: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
        let of_crate = sources(folder, RUST);
        let modules: Vec<_> = of_crate.iter().map(|(path, _)| module_of(&src, path)).collect();
        for ((path, text), module) in of_crate.iter().zip(&modules) {
            let is_test = path.components().any(|part| part.as_os_str() == "tests")
                || path.ends_with("tests.rs");
            // The crate's root only shows what there is.
            if is_test || module.is_empty() {
                continue;
            }
            let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            arrows.insert(module.clone(), imports(module, production, &modules));
        }
        let count: usize = arrows.values().map(Vec::len).sum();
        assert!(count > 50, "only {count} arrows");
        // Modules without arrows are taken away until none is left, or only circles are.
        loop {
            let left: Vec<_> = arrows.keys().cloned().collect();
            arrows.retain(|_, to| to.iter().any(|to| left.contains(to)));
            if arrows.len() == left.len() {
                break;
            }
        }
        // The same from the other end, so that only circles stand in the message.
        loop {
            let before = arrows.len();
            let named: Vec<_> = arrows.values().flatten().cloned().collect();
            arrows.retain(|from, _| named.contains(from));
            if arrows.len() == before {
                break;
            }
        }
        assert!(arrows.is_empty(), "{}: {arrows:#?}", src.display());
    }
}
