//! Games of their own, as the template and the guide make them: their programs, played and watched in
//! a real browser.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tests::real::{Bots, Browser, GIVE_UP, Page, Server, alone, cargo, say};

/// Functions that a page is asked with.
const ASK: &str = "
    window.frame = () => new Promise(requestAnimationFrame);
    window.me = () => ({ ...game.rows().find((row) => row.own) });
    window.key = (type, code) => dispatchEvent(new KeyboardEvent(type, { code }));
    window.still = async () => {
        for (let before = me(), same = 0; same < 5; ) {
            await frame();
            const now = me();
            same = now.x === before.x && now.y === before.y ? same + 1 : 0;
            before = now;
        }
        return me();
    };
    // In which frame after the key the own runner moves first; null if something is in its way.
    window.heeds = async (code) => {
        const before = await still();
        key('keydown', code);
        let first = null;
        for (let number = 1; number <= 20 && first === null; number++) {
            await frame();
            const now = me();
            if (now.x !== before.x || now.y !== before.y) first = number;
        }
        await new Promise((done) => setTimeout(done, 200));
        key('keyup', code);
        return first;
    };";

fn play(page: &Page<'_>, server: &Server, address: &str) {
    page.open(&server.url(address));
    page.wait_until("game.status === 'playing' && game.rows().length > 0", GIVE_UP);
    let _ = page.eval(&format!("void (() => {{{ASK}}})()"));
}

/// In which frame the own player moved, for each key that something was not in the way of.
fn heeded(page: &Page<'_>) -> Vec<u64> {
    let keys = ["KeyD", "KeyS", "KeyA", "KeyW"];
    keys.iter().filter_map(|key| page.eval(&format!("heeds('{key}')")).as_u64()).collect()
}

#[test]
fn over_a_long_line_a_key_moves_the_own_runner_of_tag_in_the_next_frame_and_nothing_is_corrected() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::of_game("tag", &["--fill", "0", "--seed", "1"]);
    let page = browser.page();
    play(&page, &server, "/?latency=150");
    page.wait_until("game.network.rtt_ms >= 150", GIVE_UP);
    // The clocks have found their place by then.
    page.wait_until("game.network.snapshots > 120", GIVE_UP);
    let before = page.eval("game.network.corrections - game.network.late_inputs");
    let frames = heeded(&page);
    say(&format!("at 150 ms the own runner moves in frame {frames:?} after a key"));
    assert!(frames.len() >= 2 && frames.iter().all(|&frame| frame == 1), "{frames:?}");
    // A late input of a busy machine is its own cause; nobody else is there who could be another.
    let after = page.eval("game.network.corrections - game.network.late_inputs");
    let count = |value: &Value| value.as_i64().expect("a number");
    assert!(count(&after) <= count(&before), "{before} {after}: {}", page.eval("game.network"));
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn tag_is_played_with_bots_watched_by_others_and_put_under_load_by_its_own_program() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server =
        Server::of_game("tag", &["--fill", "12", "--seed", "1", "--spectator-delay", "0s"]);
    // Among so many somebody is always near, whatever walls a bot stands behind.
    let (player, watcher) = (browser.page(), browser.page());
    // It opens the room, so that a bot is the first to be it.
    watcher.open(&server.url("/?spectate&room=here"));
    watcher.wait_until("game.status === 'watching' && game.rows().length >= 6", GIVE_UP);
    play(&player, &server, "/?room=here&name=Ann");
    player.wait_until("game.roster.size >= 6 && game.level.walls.length > 0", GIVE_UP);
    watcher.wait_until("[...game.roster.values()].some((one) => one.name === 'Ann')", GIVE_UP);
    watcher.wait_until("/ tagged /.test(document.querySelector('p').textContent)", GIVE_UP);
    let load = ["--bots", "40", "--spectators", "4", "--ramp", "100/s"];
    let report = Bots::of_game("tag", &server, Duration::from_secs(6), &load).finish();
    say(&format!("tag bots: {}", report.status));
    assert!(report.status.success(), "{:#}", report.counts);
    for page in [&player, &watcher] {
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
}

#[test]
fn the_template_of_a_game_is_played_as_it_is_written() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::of_game("my-game", &[]);
    let page = browser.page();
    play(&page, &server, "/");
    let frames = heeded(&page);
    assert!(frames.len() >= 2, "{frames:?}");
    page.wait_until("[...game.roster.values()].some(({ score }) => score > 0)", GIVE_UP);
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn an_own_program_serves_its_own_page_and_no_file_of_another_game() {
    let server = Server::of_game("tag", &[]);
    let page = server.get("/");
    assert!(page.status == 200 && page.text().contains("<title>tag</title>"), "{}", page.text());
    for path in ["/tickwire.js", "/tickwire.wasm", "/main.js", "/style.css"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in
        ["/hud/hud.css", "/draw/ships.js", "/nothing.js", "/page/Cargo.toml", "/../Cargo.toml"]
    {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../games/tag/page/public");
    let working = Server::of_game("tag", &["--web-dir", folder]);
    assert_eq!(working.get("/main.js").status, 200);
    assert_eq!(working.get("/tickwire.js").status, 200, "from the program");
    assert_eq!(working.get("/hud/hud.css").status, 404);
}

#[test]
fn a_page_on_the_machine_of_its_server_is_loaded_anew_when_the_rules_have_changed_and_only_then() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../games/tag/page/public");
    let folder = std::env::temp_dir().join(format!("tickwire-own-game-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for file in fs::read_dir(source).expect("the page of Tag") {
        let file = file.expect("a file of it");
        fs::copy(file.path(), folder.join(file.file_name())).expect("a copy");
    }
    let mut server = Server::of_game("tag", &["--web-dir", folder.to_str().expect("a plain path")]);
    let mut wasm = server.get("/tickwire.wasm").body;
    let page = browser.page();
    let play_on = || page.wait_until("window.game && game.status === 'playing'", GIVE_UP);
    page.open(&server.url("/"));
    play_on();
    let _ = page.eval("void (window.isOld = true)");
    // What was loaded just before is not asked for.
    page.wait_until("performance.now() > 3500", GIVE_UP);
    server.restart_on_same_port();
    page.wait_until("game.status !== 'playing'", GIVE_UP);
    play_on();
    // By then it would have asked.
    page.wait_until("game.network.snapshots > 60", GIVE_UP);
    assert_eq!(page.eval("window.isOld"), true);
    // A section without a meaning: the rules are the same, and the server cannot know that.
    wasm.extend_from_slice(b"\0\x04\x03new");
    fs::write(folder.join("tickwire.wasm"), wasm).expect("it can be written");
    server.restart_on_same_port();
    page.wait_until("window.isOld === undefined", GIVE_UP);
    play_on();
    fs::remove_dir_all(&folder).expect("it can be removed");
}

#[test]
fn nothing_of_the_bundled_game_is_in_an_own_one() {
    for package in ["tag", "tag-page", "my-game", "my-game-page"] {
        let tree = cargo()
            .args(["tree", "--locked", "--offline", "--edges", "all", "--package", package])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo can be run");
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
        assert!(tree.contains("tickwire"), "{tree}");
        assert!(!tree.to_lowercase().contains("skirmish"), "{tree}");
    }
}

#[test]
fn a_server_that_nobody_plays_on_stops_when_asked() {
    let mut server = Server::of_game("my-game", &[]);
    server.interrupt();
    assert!(server.ended().success());
}
