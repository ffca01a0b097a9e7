//! What knows no game and plays by the schema of a room: the generic page and the laboratory, in a real browser, and
//! the client in Python.

use std::time::Duration;

use serde_json::Value;
use tests::real::{
    Browser, Finger, GIVE_UP, Key, Page, Python, Server, alone, say, screenshots, stream_report,
};

const RIGHT: Key = Key { key: "d", code: "KeyD", number: 68 };
const LEFT: Key = Key { key: "a", code: "KeyA", number: 65 };

/// Where the own dot is drawn.
const OWN_X: &str = "feed.rows().find((row) => row.own).x";

fn number(page: &Page<'_>, script: &str) -> f64 {
    page.eval(script).as_f64().unwrap_or_else(|| panic!("{script} is no number"))
}

/// Corrections that no late input explains: nobody else is there who could be another cause.
fn unexplained(page: &Page<'_>) -> f64 {
    number(page, "feed.network.corrections - feed.network.late_inputs")
}

/// Plays on the generic page at 150 ms, by whatever moves the own dot there and back.
fn plays(page: &Page<'_>, server: &Server, right: &dyn Fn(), left: &dyn Fn(), stop: &dyn Fn()) {
    page.open(&server.url("/?latency=150&name=Ann"));
    page.wait_until("feed.status === 'playing' && feed.rows().length > 0", GIVE_UP);
    assert_eq!(
        page.eval("feed.keys"),
        serde_json::json!(["up", "down", "left", "right", "primary"])
    );
    // The clocks have found their place by then.
    page.wait_until("feed.network.rtt_ms >= 150 && feed.network.snapshots > 120", GIVE_UP);
    let before = unexplained(page);
    for (go, sign) in [(right, 1.0), (left, -1.0), (right, 1.0)] {
        let from = number(page, OWN_X);
        go();
        page.wait_until(&format!("Math.abs({OWN_X} - ({from})) > 3"), GIVE_UP);
        stop();
        let way = (number(page, OWN_X) - from) * sign;
        assert!(way > 0.0, "it moves where it is sent: {way}");
    }
    page.wait_until("feed.network.snapshots > 260", GIVE_UP);
    let (after, network) = (unexplained(page), page.eval("feed.network"));
    say(&format!("on the generic page at 150 ms: {network}"));
    assert!(after <= before, "{before}, then {network}");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn a_game_with_keys_is_played_without_a_line_of_javascript() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::of_game("played", &["--fill", "0", "--seed", "1"]);
    let page = browser.page();
    let stop = || {
        page.key_up(RIGHT);
        page.key_up(LEFT);
    };
    plays(&page, &server, &|| page.key_down(RIGHT), &|| page.key_down(LEFT), &stop);
    // A key that is let go while a field has the focus is let go.
    page.key_down(RIGHT);
    let _ = page.eval("void document.getElementById('name').focus()");
    page.key_up(RIGHT);
    let still = format!(
        "(async () => {{ const x = {OWN_X}; await new Promise((done) => setTimeout(done, 300)); \
         return {OWN_X} === x; }})()"
    );
    page.wait_until(&still, GIVE_UP);
    // A dot that moves blinks by the mouse's button.
    let _ = page.eval("void document.getElementById('field').focus()");
    page.key_down(LEFT);
    page.mouse("mouseMoved", 200.0, 300.0);
    page.mouse("mousePressed", 200.0, 300.0);
    page.wait_until("document.getElementById('events').children.length > 2", GIVE_UP);
    page.mouse("mouseReleased", 200.0, 300.0);
    page.key_up(LEFT);
    // It says who is there, and what that costs.
    page.wait_until("document.getElementById('roster').textContent.includes('Ann (you)')", GIVE_UP);
    page.wait_until("document.getElementById('kinds').textContent.includes('dot')", GIVE_UP);
    let bytes = "Number(document.getElementById('kinds').rows[1].cells[2].textContent) > 0";
    page.wait_until(bytes, GIVE_UP);
    shot(&page, "generic-page");
}

#[test]
fn a_game_with_keys_is_played_by_touch() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::of_game("played", &["--fill", "0", "--seed", "2"]);
    let page = browser.page();
    page.become_phone(390, 844);
    let stick = |to: f64| {
        let place = "(() => { const { x, y, width, height } = document.querySelector('.stick')\
                     .getBoundingClientRect(); return [x + width / 2, y + height / 2]; })()";
        let [x, y] = [0, 1].map(|at| page.eval(place)[at].as_f64().expect("a place"));
        page.touch(&[Finger { id: 1, x, y }]);
        page.touch(&[Finger { id: 1, x: x + to, y }]);
    };
    plays(&page, &server, &|| stick(50.0), &|| stick(-50.0), &|| page.touch(&[]));
    shot(&page, "generic-page-touch");
}

#[test]
fn a_game_without_a_page_is_shown_to_whoever_opens_its_server() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let settings = ["--fill", "6", "--spectator-delay", "0s", "--seed", "1"];
    let server = Server::of_game("watched", &settings);
    let page = browser.page();
    page.open(&server.url("/"));
    page.wait_until("feed.status === 'watching' && feed.rows().length === 6", GIVE_UP);
    assert_eq!(page.eval("document.getElementById('play').hidden"), true);
    page.wait_until("document.getElementById('events').children.length > 0", GIVE_UP);
    page.wait_until("document.getElementById('roster').rows.length === 7", GIVE_UP);
    // What moves is drawn between two snapshots.
    let _ = page.eval("void (window.places = new Set())");
    page.wait_until("places.add(feed.rows()[0].x).size > 3", GIVE_UP);
    assert_eq!(page.take_faults(), Vec::<String>::new());
    shot(&page, "generic-page-watched");
}

#[test]
fn the_laboratory_is_served_where_it_is_wanted() {
    let server = Server::of_game("watched", &[]);
    let refused = server.get("/lab");
    assert!(refused.status == 404 && refused.text().contains("--lab"), "{}", refused.text());
}

/// What the laboratory has counted, for each part: bits of a snapshot.
const SPENT: &str = "recorder.costs.map(({ part, kind, field, bits }) =>
    [lab.nameOf({ part, kind, field }), bits / recorder.snapshots])";

#[test]
fn the_laboratory_counts_bits_as_the_report_of_its_recording_does() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    for (program, seconds) in [("tag", 5), ("tickwire", 5)] {
        let server = match program {
            "tickwire" => Server::start(&["--lab", "--fill", "8", "--seed", "1"]),
            program => Server::of_game(program, &["--lab", "--fill", "8", "--seed", "1"]),
        };
        let page = browser.page();
        page.open(&server.url("/lab"));
        page.wait_until("feed.status === 'watching' && feed.rows().length > 0", GIVE_UP);
        let start = format!("void (recorder.start({seconds}), lab.enter(false))");
        let _ = page.eval(&start);
        page.wait_until("recorder.state === 'done'", 3 * GIVE_UP);
        let spent = page.eval(SPENT);
        let file = std::env::temp_dir().join(format!("tickwire-{}-lab.scenes", std::process::id()));
        let scenes = page.eval("recorder.scenes()");
        std::fs::write(&file, scenes.as_str().expect("a text")).expect("it can be written");
        let report = stream_report(&file, &["--repeat", "1"]);
        std::fs::remove_file(&file).expect("it can be removed");
        assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
        compare(&spent, &String::from_utf8_lossy(&report.stdout));
        // Its panels show what it knows.
        page.wait_until(
            "document.getElementById('figures').textContent.includes('round trip')",
            GIVE_UP,
        );
        page.wait_until("document.getElementById('log').children.length > 20", GIVE_UP);
        // A press that a person makes: the line below it may be renewed before it ends.
        let place = "(() => { const { left, top } = document.querySelector('#log li:nth-child(3)')\
                     .getBoundingClientRect(); return [left + 20, top + 5]; })()";
        let place = page.eval(place);
        let [x, y] = [0, 1].map(|at| place[at].as_f64().expect("a place"));
        page.mouse("mousePressed", x, y);
        page.mouse("mouseReleased", x, y);
        page.wait_until(
            "/bytes\\n\\{/.test(document.getElementById('detail').textContent)",
            GIVE_UP,
        );
        assert_eq!(page.take_faults(), Vec::<String>::new());
        shot(&page, &format!("lab-{program}"));
    }
}

/// Each part of at least half a bit is within a twentieth of what the other counted: the encoder's table of costs
/// rounds up.
fn compare(spent: &Value, report: &str) {
    let mut compared = 0;
    for pair in spent.as_array().expect("a list") {
        let (name, bits) = (pair[0].as_str().expect("a name"), pair[1].as_f64().expect("bits"));
        if bits < 0.5 {
            continue;
        }
        let line = report.lines().find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name:?} in {report}"));
        let counted = line.split_whitespace().next_back().and_then(|word| word.parse::<f64>().ok());
        let counted = counted.expect("a number");
        say(&format!("{name}: {bits:.2} bits in the laboratory, {counted:.2} in the report"));
        assert!((bits - counted).abs() <= 0.05 * counted + 0.05, "{name}: {bits} and {counted}");
        compared += 1;
    }
    assert!(compared >= 3, "{spent}");
}

#[test]
fn cursors_and_clicks_are_shared() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::of_game("cursors", &[]);
    let pages = [browser.page(), browser.page()];
    for (page, name) in pages.iter().zip(["Ann", "Bob"]) {
        page.open(&server.url(&format!("/?room=here&name={name}")));
        page.wait_until("game.status === 'playing'", GIVE_UP);
    }
    let [ann, bob] = &pages;
    ann.mouse("mouseMoved", 300.0, 200.0);
    let place = "(() => { const { left, top } = document.querySelector('p')?.style ?? {}; \
                 return Math.hypot(parseFloat(left) - 300, parseFloat(top) - 200) < 2; })()";
    bob.wait_until(place, GIVE_UP);
    bob.wait_until("document.querySelector('p').textContent.includes('Ann')", GIVE_UP);
    let clicked = "document.querySelector('p').getAnimations().length > 0";
    for _ in 0..2 {
        ann.mouse("mousePressed", 300.0, 200.0);
        ann.mouse("mouseReleased", 300.0, 200.0);
        bob.wait_until(clicked, GIVE_UP);
        bob.wait_until(&format!("!({clicked})"), GIVE_UP);
    }
    for page in &pages {
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
}

/// It sleeps nearly all the time, and so waits for no other test.
#[test]
fn a_bot_in_python_plays_tag_for_a_minute() {
    let Some(python) = Python::with_websockets() else { return };
    let server = Server::of_game("tag", &["--fill", "16", "--seed", "1"]);
    let play = ["example_tag.py", "--url", &server.ws_url(), "--seconds", "60"];
    let (status, printed) = python.run(&play, Duration::from_secs(60));
    say(&format!("the bot in Python: {printed}"));
    assert!(status.success(), "{status}\n{printed}");
    let report: Value = serde_json::from_str(&printed).expect("a report");
    let number = |name: &str| report[name].as_f64().expect(name);
    assert!(report["error"].is_null() && number("decode_errors") == 0.0, "{printed}");
    assert!(number("snapshots") > 1_000.0 && number("players") == 16.0, "{printed}");
    // Other tests may take the processor for a while.
    assert!(
        number("received") > 0.8 * (number("received") + number("repeated") + number("absent"))
    );
    assert!(number("margin_positive_percent") > 60.0, "{printed}");
    // It was there when somebody was caught, and its own score is what it saw of itself.
    assert!(number("moved_m") > 10.0 && number("tags_seen") > 0.0, "{printed}");
    let unseen = number("caught") - number("score");
    assert!(
        (0.0..=1.0).contains(&unseen),
        "scores come a moment after what they are for: {printed}"
    );
}

#[test]
fn a_bot_in_python_has_its_player_back_when_its_connection_breaks() {
    let Some(python) = Python::with_websockets() else { return };
    let server = Server::of_game("tag", &["--fill", "2", "--seed", "1"]);
    let (status, printed) = python.run(&["check_resume.py", &server.ws_url()], Duration::ZERO);
    assert!(status.success(), "{status}\n{printed}");
    say(&format!("check_resume.py: {} claims hold", printed.lines().count()));
}

/// Keeps what a page shows, to be looked at.
fn shot(page: &Page<'_>, name: &str) {
    page.screenshot(&screenshots().join(format!("{name}.png")));
}
