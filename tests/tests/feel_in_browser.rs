//! How it feels in the browser on a long path: the page simulates one, records which frame drew
//! what where, and says how soon the own ship follows a key and how evenly the others move.
//!
//! Browsers hiccup: frames that took too long are left out, and the two ways of drawing are held
//! against each other rather than against a clock.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use skirmish_rules::rules::SHIP_SPEED_MAX;
use tests::real::{Browser, GIVE_UP, Key, Page, Server, alone, say};

const KEYS: [Key; 4] = [
    Key { key: "w", code: "KeyW", number: 87 },
    Key { key: "d", code: "KeyD", number: 68 },
    Key { key: "s", code: "KeyS", number: 83 },
    Key { key: "a", code: "KeyA", number: 65 },
];
const PANEL: Key = Key { key: "n", code: "KeyN", number: 78 };

/// A movement of less is none, in units: what single precision loses far from the middle.
const STILL: f64 = 2e-5;

/// One frame, as `window.tickwire.record` has it.
struct Frame {
    at_ms: f64,
    own: Option<[f64; 2]>,
    /// Entity and place.
    others: Vec<(u64, [f64; 2])>,
    keys_ms: Vec<f64>,
}

impl Frame {
    fn of(value: &Value) -> Frame {
        let number = |value: &Value| value.as_f64().expect("the page records numbers");
        let list = |value: &Value| value.as_array().expect("the page records lists").clone();
        let own = &value["own"];
        let other = |ship: &Value| {
            let entity = ship[1].as_u64().expect("entities are whole numbers");
            (entity, [number(&ship[2]), number(&ship[3])])
        };
        Frame {
            at_ms: number(&value["at"]),
            own: (!own.is_null()).then(|| [number(&own["x"]), number(&own["y"])]),
            others: list(&value["ships"]).iter().map(other).collect(),
            keys_ms: list(&value["keys"]).iter().map(number).collect(),
        }
    }
}

/// Begins to record the next frames, does something, and gives what was recorded.
fn record(page: &Page<'_>, frames: u32, act: impl FnOnce()) -> Vec<Frame> {
    let _ = page.eval(&format!("void (window.recorded = tickwire.record({frames}))"));
    act();
    let recorded = page.eval("window.recorded");
    let frames = recorded["frames"].as_array().expect("the page records frames");
    frames.iter().map(Frame::of).collect()
}

fn distance([x, y]: [f64; 2], [to_x, to_y]: [f64; 2]) -> f64 {
    (to_x - x).hypot(to_y - y)
}

fn wait_until_playing(page: &Page<'_>) {
    page.wait_until("tickwire.state().connected && tickwire.state().me", GIVE_UP);
    // The clocks have found their place by then.
    page.wait_until("tickwire.state().snapshots > 90", GIVE_UP);
}

/// How soon the own ship was seen to follow a key.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// 1 is the first frame that was drawn after the key.
    frames: usize,
    after_ms: f64,
}

/// Lies still, presses a key, and looks when the ship first moves; `None` if something is in its
/// way.
fn press(page: &Page<'_>, key: Key) -> Option<Answer> {
    for _ in 0..40 {
        let places: Vec<_> = record(page, 12, || {}).iter().filter_map(|frame| frame.own).collect();
        if places.len() == 12 && places.iter().all(|place| distance(*place, places[0]) < STILL) {
            break;
        }
    }
    let frames = record(page, 60, || {
        sleep(Duration::from_millis(100));
        page.key_down(key);
        sleep(Duration::from_millis(500));
        page.key_up(key);
    });
    let pressed = frames.iter().position(|frame| !frame.keys_ms.is_empty());
    let pressed = pressed.expect("the page heard of the key");
    let from = frames[pressed - 1].own.expect("the ship is alive: nobody else is there");
    for frame in &frames[..pressed] {
        let place = frame.own.expect("it lives");
        assert!(distance(place, from) < STILL, "it moved before the key: {place:?} {from:?}");
    }
    let moved = |frame: &Frame| frame.own.is_some_and(|place| distance(place, from) >= STILL);
    let first = pressed + frames[pressed..].iter().position(moved)?;
    let after_ms = frames[first].at_ms - frames[pressed].keys_ms[0];
    Some(Answer { frames: first - pressed + 1, after_ms })
}

/// One press in each direction that is free.
fn presses(page: &Page<'_>) -> Vec<Answer> {
    let answers: Vec<_> = KEYS.into_iter().filter_map(|key| press(page, key)).collect();
    assert!(!answers.is_empty(), "no key moves the ship: {}", page.eval("tickwire.state()"));
    answers
}

#[test]
fn on_a_long_line_the_own_ship_follows_a_key_in_the_next_frame() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "0", "--seed", "1"]);
    let page = browser.page();
    let badge = "document.getElementById('simulated').innerText";

    page.open(&server.url("/?play&name=Ann&room=alone&latency=150"));
    wait_until_playing(&page);
    let shown = page.eval(badge);
    assert!(shown.as_str().is_some_and(|text| text.contains("+150 ms")), "{shown}");
    page.wait_until("tickwire.state().rtt_ms >= 150", GIVE_UP);
    let predicted = presses(&page);
    say(&format!("with prediction: {predicted:.1?}"));
    assert!(predicted.iter().all(|answer| answer.frames == 1), "{predicted:?}");

    page.open(&server.url("/?play&name=Ann&room=alone&latency=150&prediction=0"));
    wait_until_playing(&page);
    assert_eq!(page.eval("tickwire.state().prediction"), false);
    let answers = presses(&page);
    say(&format!("without: {answers:.1?}"));
    assert!(answers.iter().all(|answer| answer.after_ms > 100.0), "{answers:?}");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

/// Between two frames that lie farther apart the machine looked elsewhere.
const FRAME_MAX_MS: f64 = 100.0;

/// How far the others were drawn from one frame to the next, by rising distance.
struct Steps {
    /// In units.
    drawn: Vec<f64>,
    /// The part of it that no ship flies in the time between.
    beyond: Vec<f64>,
}

impl Steps {
    fn of(frames: &[Frame]) -> Steps {
        let mut steps = Steps { drawn: Vec::new(), beyond: Vec::new() };
        for pair in frames.windows(2) {
            let ms = pair[1].at_ms - pair[0].at_ms;
            if ms > FRAME_MAX_MS {
                continue;
            }
            for (entity, from) in &pair[0].others {
                // Who is not there any more is dead or out of sight; the next ship is another.
                let next = pair[1].others.iter().find(|(other, _)| other == entity);
                let Some((_, to)) = next else { continue };
                let step = distance(*from, *to);
                let flown = f64::from(SHIP_SPEED_MAX) * ms / 1e3;
                steps.drawn.push(step);
                steps.beyond.push((step - flown).max(0.0));
            }
        }
        steps.drawn.sort_by(f64::total_cmp);
        steps.beyond.sort_by(f64::total_cmp);
        steps
    }

    /// Its row of the table.
    fn row(&self, how: &str) -> String {
        let [drawn, beyond] = [&self.drawn, &self.beyond]
            .map(|sorted| format!("{:.2} | {:.2}", permille(sorted, 990), permille(sorted, 1_000)));
        format!("| {how} | {} | {drawn} | {beyond} |", self.drawn.len())
    }
}

/// The value below which so many of a thousand lie.
fn permille(sorted: &[f64], permille: usize) -> f64 {
    sorted[(sorted.len() - 1) * permille / 1_000]
}

/// Presses a button or a switch with the mouse.
fn click(page: &Page<'_>, id: &str) {
    let side = |of: &str, size: &str| {
        let place = format!("document.getElementById('{id}').getBoundingClientRect()");
        page.eval(&format!("{place}.{of} + {place}.{size} / 2")).as_f64().expect("a place")
    };
    let (x, y) = (side("x", "width"), side("y", "height"));
    page.mouse("mousePressed", x, y);
    page.mouse("mouseReleased", x, y);
}

#[test]
fn on_a_long_line_the_others_move_without_visible_jumps() {
    const FRAMES: u32 = 500;
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "16", "--seed", "1"]);
    let page = browser.page();
    page.open(&server.url("/?play&name=Ann&room=crowd&latency=150&jitter=20"));
    wait_until_playing(&page);
    let smooth = Steps::of(&record(&page, FRAMES, || {}));

    page.key_down(PANEL);
    page.key_up(PANEL);
    page.wait_until("document.getElementById('network').checkVisibility()", GIVE_UP);
    click(&page, "network-interpolation");
    page.wait_until("!tickwire.state().interpolation", GIVE_UP);
    page.screenshot(&tests::real::screenshots().join("network.png"));
    let rough = Steps::of(&record(&page, FRAMES, || {}));

    let link = page.eval("tickwire.state().link");
    assert_eq!((&link["latency_ms"], &link["jitter_ms"]), (&150.into(), &20.into()), "{link}");
    click(&page, "simulated-off");
    page.wait_until("tickwire.state().link === null && tickwire.state().interpolation", GIVE_UP);
    page.wait_until("!document.getElementById('simulated').checkVisibility()", GIVE_UP);
    assert_eq!(page.take_faults(), Vec::<String>::new());

    say("others, units | steps | step p99 | max | beyond flight p99 | max");
    say(&smooth.row("with interpolation"));
    say(&rough.row("without"));
    assert!(smooth.drawn.len() > 1_000 && rough.drawn.len() > 1_000, "there was somebody to see");
    let [smooth, rough] = [&smooth, &rough].map(|steps| permille(&steps.beyond, 990));
    assert!(smooth < 0.35 && smooth < rough / 2.0, "{smooth} {rough}");
}

/// Has the browser's clock and the time stamps of frames step by 100 ms, as privacy settings do.
const COARSE: &str = "{
    const coarse = (ms) => Math.floor(ms / 100) * 100;
    const [now, nextFrame] = [performance.now.bind(performance), requestAnimationFrame.bind(window)];
    performance.now = () => coarse(now());
    window.requestAnimationFrame = (act) => nextFrame((stamp) => act(coarse(stamp)));
}";

#[test]
fn with_a_clock_that_steps_by_100_ms_each_frame_shows_the_others_somewhere_else() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "16", "--seed", "1"]);
    let page = browser.page();
    page.prepare(COARSE);
    page.open(&server.url("/?play&name=Ann&room=coarse&latency=60"));
    wait_until_playing(&page);
    let frames = record(&page, 300, || {});
    let (mut seen, mut moved) = (0, 0);
    for pair in frames.windows(2) {
        let is_same = |(entity, from): &(u64, [f64; 2])| {
            let next = pair[1].others.iter().find(|(other, _)| other == entity);
            next.map(|(_, to)| distance(*from, *to) < STILL)
        };
        let still: Vec<bool> = pair[0].others.iter().filter_map(is_same).collect();
        seen += usize::from(!still.is_empty());
        moved += usize::from(still.contains(&false));
    }
    let stamps = frames.windows(2).filter(|pair| pair[1].at_ms - pair[0].at_ms > 0.01).count();
    say(&format!("of {seen} frames with others {moved} show movement, {stamps} another moment"));
    assert!(seen > 100, "there was somebody to see");
    assert!(moved * 10 > seen * 9, "{moved} of {seen}");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

/// Counts how often the page asks its client for what the server sent last; the kit's game.js makes it by this
/// function.
const SPY: &str = "
    window.asked = 0;
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...given) => {
        const exports = { ...(await instantiate(...given)).exports };
        for (const name of ['tickwire_server_rows', 'tickwire_corrections']) {
            const call = exports[name];
            exports[name] = () => (window.asked++, call());
        }
        return { exports };
    };";
/// Gives the server's view of so many frames.
const VIEWS: &str = "(async (frames) => {
    const views = [];
    for (; frames > 0; frames--) {
        await new Promise(requestAnimationFrame);
        views.push(tickwire.state().server_view);
    }
    return views;
})";
const TICK_RATE_HZ: f64 = 30.0;

/// One frame of the server's view.
#[derive(Clone, Copy, Debug)]
struct Trail {
    /// By how many ticks the own ship is drawn later than its outline is.
    lead_ticks: f64,
    ghost: [f64; 2],
    ship: [f64; 2],
    own_tick: f64,
}

impl Trail {
    fn of(view: &Value) -> Option<Trail> {
        let place = |of: &Value| Some([of["x"].as_f64()?, of["y"].as_f64()?]);
        let own_tick = view["own_tick"].as_f64()?;
        let lead_ticks = own_tick - view["tick"].as_f64()?;
        let (ghost, ship) = (place(&view["own"])?, place(&view["ship"])?);
        Some(Trail { lead_ticks, ghost, ship, own_tick })
    }
}

/// How many times the page has asked its client for the server's view.
fn asked(page: &Page<'_>) -> u64 {
    page.eval("window.asked").as_u64().expect("the spy counts")
}

/// Flies towards the middle and then on; gives the frames in which the ship had the same speed for
/// as long as it leads, and that speed in units per tick.
fn fly_steadily(page: &Page<'_>) -> (Vec<Trail>, f64) {
    let x = page.eval("tickwire.state().me.x").as_f64().expect("it flies");
    let key = if x > 0.0 { KEYS[3] } else { KEYS[1] };
    page.key_down(key);
    let views = page.eval(&format!("{VIEWS}(110)"));
    page.key_up(key);
    let views = views.as_array().expect("a list of frames");
    let trails: Vec<_> = views.iter().filter_map(Trail::of).collect();
    let mut speeds: Vec<_> = trails
        .windows(2)
        .filter(|pair| pair[1].own_tick > pair[0].own_tick)
        .map(|pair| distance(pair[0].ship, pair[1].ship) / (pair[1].own_tick - pair[0].own_tick))
        .collect();
    assert!(!speeds.is_empty(), "no two frames show the own ship at different ticks");
    speeds.sort_by(f64::total_cmp);
    // In the middle of the faster half: it starts slowly, and a correction moves it faster than it flies.
    let speed = permille(&speeds, 750);
    let at_full_speed = |from: &Trail, to: &Trail| {
        let flown = speed * (to.own_tick - from.own_tick);
        (distance(from.ship, to.ship) - flown).abs() < 0.02 * flown
    };
    let is_steady = |trail: &&Trail| {
        let since = trail.own_tick - trail.lead_ticks - 1.0;
        let then = trails.iter().rfind(|before| before.own_tick <= since);
        then.is_some_and(|before| at_full_speed(before, trail))
    };
    (trails.iter().filter(is_steady).copied().collect(), speed)
}

#[test]
fn the_servers_view_shows_lead_and_corrections_and_nothing_of_it_runs_when_it_is_off() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let settings = r#"{"obstacles": false}"#;
    let server = Server::start(&["--fill", "0", "--seed", "1", "--settings", settings]);
    let page = browser.page();
    page.prepare(SPY);
    page.open(&server.url("/?play&name=Ann&room=alone&latency=150"));
    wait_until_playing(&page);
    assert_eq!(page.eval("tickwire.state().server_view"), Value::Null);
    let loaded =
        "performance.getEntriesByType('resource').some(({ name }) => /server-view/.test(name))";
    assert_eq!((asked(&page), page.eval(loaded)), (0, false.into()), "it is off");

    page.press(PANEL);
    page.wait_until("document.getElementById('network').checkVisibility()", GIVE_UP);
    click(&page, "network-server-view");
    page.wait_until("tickwire.state().server_view?.own", GIVE_UP);
    assert_eq!(page.eval(loaded), true, "it is on, and so a module of it is loaded");
    assert!(
        asked(&page) > 0,
        "the spy sees no calls while it is on: the page makes its client in another way than the spy knows"
    );
    let (trails, speed) = fly_steadily(&page);
    assert!(trails.len() > 10, "it never flew at one speed: {speed}");
    let lead_ms = trails[0].lead_ticks / TICK_RATE_HZ * 1e3;
    say(&format!("{} frames; the outline trails by {lead_ms:.0} ms", trails.len()));
    for trail in &trails {
        let behind_ticks = distance(trail.ghost, trail.ship) / speed;
        assert!((behind_ticks - trail.lead_ticks).abs() < 1.0, "{behind_ticks} {trail:?}");
        assert!(trail.lead_ticks / TICK_RATE_HZ > 0.15, "a round trip at least: {trail:?}");
    }
    page.screenshot(&tests::real::screenshots().join("servers-view.png"));

    // Inputs are late on a path that has just become longer; those that change are missed.
    let _ = page.eval("document.querySelector('#network-presets :last-child').click()");
    page.wait_until("tickwire.state().link.latency_ms === 300", GIVE_UP);
    let mut keys = KEYS.iter().cycle();
    let marks = std::iter::repeat_with(|| {
        page.press(*keys.next().expect("it is a cycle"));
        page.eval("tickwire.state().server_view.marks").as_u64().expect("a count")
    });
    let marks = marks.take(2_000).find(|marks| *marks > 0);
    assert!(marks.is_some(), "no correction is marked: {}", page.eval("tickwire.state()"));

    click(&page, "network-server-view");
    page.wait_until("tickwire.state().server_view === null", GIVE_UP);
    let before = asked(&page);
    assert!(before > 200, "each frame asks twice while it is on: {before}");
    let _ = record(&page, 30, || {});
    assert_eq!(asked(&page), before, "it is off again");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}
