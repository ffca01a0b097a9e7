//! The repository checks itself: what no compiler looks at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines past which a file is asked what its one subject is.
const FILE_LINES_MAX: usize = 520;
/// The same of a file that people copy into their own folders as one piece: name, lines.
const WHOLE: (&str, usize) = ("bot-client/python/tickwire.py", 2_500);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the root").to_owned()
}

/// All files of ours below `folder` with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing ends in {endings:?} below {}", folder.display());
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same without the lines of documentation and comment.
fn code(path: &Path) -> String {
    let text = text(path);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn fail_if_any(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_has_outgrown_its_subject() {
    let (whole, whole_max) = (root().join(WHOLE.0), WHOLE.1);
    let long =
        files(&root(), &[".rs", ".js", ".mjs", ".ts", ".py"]).into_iter().filter_map(|path| {
            let lines = text(&path).lines().count();
            let most = if path == whole { whole_max } else { FILE_LINES_MAX };
            (lines > most).then(|| format!("{}: {lines} lines", path.display()))
        });
    fail_if_any(long.collect());
}

#[test]
fn nothing_but_its_own_folder_and_the_tests_names_the_bundled_game() {
    let mut found = Vec::new();
    for folder in ["shared", "server", "bot-client", "web-client", "tests/simulator"] {
        for path in files(&root().join(folder), &[".rs", ".toml", ".py"]) {
            if text(&path).to_lowercase().contains("skirmish") {
                found.push(path.display().to_string());
            }
        }
    }
    fail_if_any(found);
}

#[test]
fn every_module_says_what_it_is() {
    let mut silent = files(&root(), &[".rs"]);
    silent.retain(|path| !text(path).starts_with("//!"));
    silent.extend(
        files(&root(), &[".py"]).into_iter().filter(|path| !text(path).starts_with("\"\"\"")),
    );
    fail_if_any(silent.iter().map(|path| path.display().to_string()).collect());
}

/// The code that programs run: without comments, and without tests.
fn production_code(path: &Path) -> String {
    let is_test = path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs");
    if is_test {
        return String::new();
    }
    let code = code(path);
    code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

#[test]
fn the_core_reads_no_clock_and_does_no_io() {
    let mut core = files(&root().join("shared/src"), &[".rs"]);
    core.extend(files(&root().join("server/host/src"), &[".rs"]));
    core.extend(files(&root().join("games/skirmish/rules/src"), &[".rs"]));
    let forbidden = [
        "Instant",
        "SystemTime",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "tokio",
        "RandomState",
    ];
    let mut found = Vec::new();
    for path in &core {
        let code = production_code(path);
        for word in forbidden.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{}: {word}", path.display()));
        }
        // The directory of rooms has one, whose order never shows.
        if code.contains("HashMap") && !path.ends_with("directory.rs") {
            found.push(format!("{}: HashMap", path.display()));
        }
    }
    fail_if_any(found);
}

#[test]
fn the_host_depends_on_nothing_that_does_io() {
    let manifest = text(&root().join("server/host/Cargo.toml"));
    let (_, dependencies) = manifest.split_once("[dependencies]\n").expect("it has some");
    let (dependencies, _) = dependencies.split_once("\n[").expect("another section follows");
    let names: Vec<&str> =
        dependencies.lines().filter_map(|line| line.split(['.', ' ']).next()).collect();
    let pure = [
        "bincode",
        "serde",
        "serde_json",
        "slotmap",
        "subtle",
        "thiserror",
        "tickwire-game",
        "tracing",
        "unicode-normalization",
        "unicode-properties",
        "xxhash-rust",
    ];
    assert_eq!(names, pure);
}

#[test]
fn the_host_does_not_know_how_messages_travel() {
    let mut found = Vec::new();
    for path in files(&root().join("server/host/src"), &[".rs"]) {
        for (number, line) in text(&path).lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let lower = line.to_lowercase();
            let names_it = ["frame", "tcp", "tls"].iter().any(|word| lower.contains(word));
            // What is absent may be named as absent.
            if names_it && !(is_comment && lower.contains("no ")) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    fail_if_any(found);
}

#[test]
fn what_a_client_sends_is_handled_in_one_place() {
    let mut callers = Vec::new();
    for path in files(&root(), &[".rs"]) {
        let calls = production_code(&path).matches("Protocol::new(").count();
        callers.extend(vec![path; calls]);
    }
    assert_eq!(callers, [root().join("server/host/src/session/mod.rs")]);
}

#[test]
fn every_thread_and_lasting_task_of_the_server_is_supervised() {
    // Where threads and tasks are spawned, and how many: what supervises them; the log, what is printed
    // and the second signal of the program itself; and connections with their farewells and rejections,
    // which come and go.
    let known = [
        ("ops/supervision.rs", 3),
        ("ops/log/mod.rs", 1),
        ("ops/print.rs", 1),
        ("run.rs", 1),
        ("edge/accept.rs", 4),
    ];
    let source = root().join("server/src");
    let mut wrong = Vec::new();
    for path in files(&source, &[".rs"]) {
        let code = production_code(&path);
        let spawns: usize = ["tokio::spawn(", "thread::spawn(", ".spawn(", "spawn_local("]
            .iter()
            .map(|spawn| code.matches(spawn).count())
            .sum();
        let path = path.strip_prefix(&source).expect("it is below");
        let known = known.iter().find(|(file, _)| path == Path::new(file));
        let most = known.map_or(0, |(_, spawns)| *spawns);
        if spawns != most {
            wrong.push(format!("{}: {spawns} spawns, not {most}", path.display()));
        }
    }
    fail_if_any(wrong);
}

#[test]
fn nothing_is_left_open() {
    // Written in halves, so that this file does not find itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let mut found = Vec::new();
    for path in files(&root(), &[".rs", ".js", ".mjs", ".ts", ".py", ".md", ".html", ".css"]) {
        for (number, line) in text(&path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    fail_if_any(found);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut dead = Vec::new();
    for path in files(&root(), &[".md"]) {
        let text = text(&path);
        for rest in text.split("](").skip(1) {
            let link = rest.split([')', '#']).next().unwrap_or_default();
            let is_file = !link.is_empty() && !link.contains("://");
            if is_file && !path.parent().is_some_and(|folder| folder.join(link).exists()) {
                dead.push(format!("{}: {link}", path.display()));
            }
        }
    }
    fail_if_any(dead);
}

/// A module of the kit, and all that it imports, by their paths in the kit.
fn import_closure(module: &str) -> BTreeSet<String> {
    let kit = root().join("web-client/build/kit");
    let (mut found, mut pending) = (BTreeSet::new(), vec![module.to_owned()]);
    while let Some(module) = pending.pop() {
        if !found.insert(module.clone()) {
            continue;
        }
        let folder = module.rsplit_once('/').map_or(String::new(), |(name, _)| format!("{name}/"));
        let code = code(&kit.join(&module));
        for rest in code.split("from \"./").skip(1) {
            let (name, _) = rest.split_once('"').expect("a specifier ends");
            pending.push(format!("{folder}{name}"));
        }
    }
    found
}

#[test]
fn the_guide_to_clients_copies_each_module_of_the_kit_that_is_imported() {
    let guide = text(&root().join("docs/client.md"));
    for (module, folder) in [("tickwire.js", ""), ("client.js", "stream/")] {
        let (_, names) = guide.split_once(&format!("$S/{folder}{{")).expect("it copies modules");
        let (names, _) = names.split_once("}.js").expect("a list of modules ends");
        let copied: BTreeSet<_> =
            names.split(',').map(|name| format!("{folder}{name}.js")).collect();
        let mut imported = import_closure(module);
        assert!(imported.len() > 5, "{imported:?}");
        // It is copied by its own name.
        imported.remove("client.js");
        assert_eq!(copied, imported, "docs/client.md, with {module}");
    }
}

#[test]
fn every_ignored_advisory_is_explained() {
    /// A sentence is no shorter.
    const REASON_MIN_CHARS: usize = 80;
    let text = text(&root().join("deny.toml"));
    let (_, ignored) = text.split_once("\nignore = [").expect("it lists what is ignored");
    let (ignored, _) = ignored.split_once("\n]").expect("the list has an end");
    let mut bare = Vec::new();
    for entry in ignored.split("RUSTSEC-").skip(1) {
        let reason = entry.split_once("reason = ").map_or("", |(_, reason)| reason);
        if reason.trim_matches(['"', '\n', ' ', '}', ',']).len() < REASON_MIN_CHARS {
            bare.push(format!("deny.toml: RUSTSEC-{entry}"));
        }
    }
    fail_if_any(bare);
    // Why the one that is there today is pinned, what it may decode, and what would replace it.
    for word in ["bincode", "3.0.0", "=2.0.1", "wincode", "INPUT_MAX_BYTES"] {
        assert!(ignored.contains(word), "nothing is said of {word}");
    }
    let manifest = self::text(&root().join("Cargo.toml"));
    assert!(manifest.contains(r#"bincode = { version = "=2.0.1""#), "bincode is not pinned");
}

#[test]
fn no_text_is_ever_taken_for_markup_by_the_page() {
    let by_which = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "createContextualFragment",
        "DOMParser",
        "setHTML",
        "srcdoc",
        "javascript:",
        "new Function",
        "eval(",
    ];
    let mut found = Vec::new();
    for path in files(&root(), &[".js", ".mjs", ".html"]) {
        let text = text(&path);
        for way in by_which.iter().filter(|way| text.contains(**way)) {
            found.push(format!("{}: {way}", path.display()));
        }
    }
    fail_if_any(found);
}

#[test]
fn a_name_is_shown_as_text_in_an_isolation_of_its_own() {
    let marks = text(&root().join("games/skirmish/page/public/hud/marks.js"));
    let (_, name_box) = marks.split_once("function nameBox(text) {").expect("it makes name boxes");
    let (name_box, _) = name_box.split_once("\n}").expect("it has an end");
    assert!(name_box.contains(r#"createElement("bdi")"#), "{name_box}");
    assert!(name_box.contains(".textContent = text;"), "{name_box}");
}

#[test]
fn every_test_that_the_table_of_promises_names_is_there() {
    let code: String = files(&root(), &[".rs"]).iter().map(|path| text(path)).collect();
    let table = text(&root().join("docs/reliability.md"));
    let mut named = 0;
    let mut promises = BTreeSet::new();
    let mut missing = Vec::new();
    // The cell after that of the promise, which a number may stand before.
    let rows =
        table.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 5);
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        if cells[1].trim() != "promise" && !promises.insert([cells[1], cells[2]]) {
            missing.push(format!("docs/reliability.md: {} stands there twice", cells[1]));
        }
        let is_numbered = cells[1].trim().parse::<u32>().is_ok();
        let tests = cells[if is_numbered { 3 } else { 2 }];
        for name in tests.split('`').skip(1).step_by(2) {
            named += 1;
            if !code.contains(&format!("fn {name}(")) {
                missing.push(format!("docs/reliability.md: {name}"));
            }
        }
    }
    assert!(named > 60, "only {named} tests are named");
    fail_if_any(missing);
}
