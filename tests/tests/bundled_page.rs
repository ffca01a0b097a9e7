//! A page whose modules and styles are bundled, as `WEB_CLIENT=bundle` does it: it plays, and asks for few
//! files.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::real::{Browser, GIVE_UP, Server, alone, say};

/// What the build script of Tag does. The test below runs it as Cargo would.
#[test]
#[ignore = "a build script, run by the other test"]
fn build_script() {
    tickwire_build::page("page");
}

/// Cargo's target folder, and the one of this profile in it.
fn target() -> (PathBuf, PathBuf) {
    let test = env::current_exe().expect("a running test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in `deps` of a profile's folder");
    (profile.parent().expect("it is in the target folder").to_owned(), profile.to_owned())
}

/// Runs the build script of Tag with `WEB_CLIENT=bundle`. Returns the table of its page; what the page's
/// wasm needs is there already if Tag was built.
fn bundle() -> String {
    let (_, profile) = target();
    let out = profile.join("build/tag-bundled/out");
    fs::create_dir_all(&out).expect("the target folder can be written");
    let run = Command::new(env::current_exe().expect("a running test has a path"))
        .args(["--exact", "build_script", "--ignored", "--nocapture"])
        .env("CARGO_MANIFEST_DIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("../games/tag"))
        .env("CARGO", env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .env("RUSTC", env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .env("OUT_DIR", &out)
        .env("PROFILE", "debug")
        .env("WEB_CLIENT", "bundle")
        .output()
        .expect("this test can be run");
    let said = [run.stdout, run.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(run.status.success(), "{}", said.join("\n"));
    fs::read_to_string(out.join("tickwire_page.rs")).expect("it was written")
}

/// The files that a table embeds, by their paths, and the name of the hashed folder.
fn embedded(table: &str) -> (String, BTreeMap<String, PathBuf>) {
    let quoted = |text: &str| text.split('"').nth(1).unwrap_or_default().to_owned();
    let mut lines = table.lines();
    let hash = quoted(lines.next().expect("a table has a first line"));
    let files = lines.filter_map(|line| {
        let (_, included) = line.split_once("include_bytes!(")?;
        Some((quoted(line), PathBuf::from(quoted(included))))
    });
    (hash, files.collect())
}

#[test]
fn a_bundled_page_plays_and_asks_for_one_script_and_one_style() {
    let npx = Command::new("npx").arg("--version").output();
    if !npx.is_ok_and(|run| run.status.success()) {
        say("skipped: nothing is bundled without npx");
        return;
    }
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    // Before the page of it is bundled: its wasm is built with it.
    let served = target().0.join("tmp").join(format!("bundled-{}", std::process::id()));
    fs::create_dir_all(&served).expect("the target folder can be written");
    let server = Server::of_game("tag", &["--web-dir", &served.display().to_string()]);
    let (hash, files) = embedded(&bundle());
    for (path, file) in &files {
        let to = served.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().expect("it is in a folder")).expect("it can be made");
        fs::copy(file, to).expect("it can be copied");
    }
    // A folder is served without hashed addresses.
    let index = served.join("index.html");
    let document = fs::read_to_string(&index).expect("it is there");
    assert!(
        document.contains(&format!("href=\"./~{hash}/tickwire.wasm\" as=\"fetch\"")),
        "{document}"
    );
    fs::write(index, document.replace(&format!("./~{hash}/"), "./")).expect("it can be written");
    let page = browser.page();
    page.open(&server.url("/?name=Ann"));
    page.wait_until("game.isInRoom && game.rows().some(({ own }) => own)", GIVE_UP);
    let asked = page.eval("performance.getEntriesByType('resource').map(({ name }) => name)");
    let asked = asked.as_array().expect("a list").iter().filter_map(|name| name.as_str());
    let mut asked: Vec<String> = asked.map(str::to_owned).collect();
    asked.sort();
    asked.dedup();
    let expected = ["index.bundle.css", "main.bundle.js", "tickwire.wasm"]
        .map(|name| server.url(&format!("/{name}")));
    assert_eq!(asked, expected);
    assert_eq!(page.eval("getComputedStyle(document.body).margin"), "0px", "the style is there");
    assert_eq!(page.take_faults(), Vec::<String>::new());
    // Others may import the modules as they are.
    for path in ["/main.js", "/tickwire.js", "/style.css"] {
        assert!(files.contains_key(path), "{path}");
    }
    fs::remove_dir_all(&served).expect("it can be removed");
}
