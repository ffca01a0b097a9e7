//! The server speaks plain English, one word with one meaning: what no compiler looks at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Words for which the field has better ones: what to write stands beside each.
const AVOIDED: [(&str, &str); 22] = [
    ("astray", "plaintext_on_tls"),
    ("Arrival", "PendingJoin"),
    ("Bench", "PassContext"),
    ("come by", "source"),
    ("comes by", "source"),
    ("Crowd", "AddressLimit"),
    ("forgive", "credit"),
    ("gathered_priority", "accumulated_priority"),
    ("generation", "removed with protocol 5"),
    ("Hosted", "RoomHost"),
    ("House", "ServerContext"),
    ("lived", "active_time"),
    ("Openings", "PendingConnections"),
    ("Pace of", "TimeScale"),
    ("permille_of_pace", "time_scale"),
    ("slowest", "min_time_scale"),
    ("Unwanted", "HelloError"),
    ("Visitor", "Peer"),
    ("visit", "serve_connection"),
    ("Wanted", "JoinRequest"),
    ("was_told", "mark_sent"),
    ("Wish", "RequestedRoom"),
];
/// Two more, which English needs now and then: so often at most.
const RARE: [&str; 2] = ["told", "whoever"];
const RARE_MAX: usize = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the root").to_owned()
}

/// All source files of the server, tests included, with what stands in them.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("server")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("it is text");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 100, "only {} files", found.len());
    found.sort();
    found
}

/// Whether `word` stands in `line` by itself.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

#[test]
fn words_that_are_ours_alone_do_not_appear() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            for (word, better) in AVOIDED.iter().filter(|(word, _)| has_word(line, word)) {
                found.push(format!("{}:{}: {word}, say {better}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn words_that_hide_who_does_what_are_rare() {
    for word in RARE {
        let lines = sources()
            .iter()
            .flat_map(|(path, text)| {
                let lines = text.lines().filter(|line| has_word(&line.to_lowercase(), word));
                lines.map(|line| format!("{}: {line}", path.display())).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        assert!(lines.len() <= RARE_MAX, "{}\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn a_type_name_means_one_thing() {
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources() {
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        if path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs") {
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
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    assert!(twice.is_empty(), "\n{}", twice.join("\n"));
    assert!(defined.len() > 100, "only {} types", defined.len());
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
    for src in ["server/src", "server/host/src"] {
        let src = root().join(src);
        let mut arrows: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
        let of_crate: Vec<_> =
            sources().into_iter().filter(|(path, _)| path.starts_with(&src)).collect();
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
