//! The page is played with whatever hand there is: two thumbs, a gamepad, a keyboard alone; from its
//! address to the end of a round.
//!
//! No test waits for another: each waits for the end of a round most of the time, and a page takes a third of one core
//! meanwhile.

use std::thread::sleep;
use std::time::Duration;

use tests::real::{Browser, Finger, GIVE_UP, Key, Page, Server, screenshots};

/// The settings come last: they are loaded behind the start page, with all that a room needs.
const IS_LOADED: &str = "document.querySelector('#start > .settings-open')?.disabled === false";
/// A round that is over soon, among few.
const SHORT_ROUND: [&str; 6] =
    ["--fill", "4", "--seed", "1", "--settings", r#"{"obstacles":false,"round_s":30}"#];
/// A room in which nothing happens but what is done.
const ALONE: [&str; 4] = ["--fill", "0", "--seed", "1"];

const ENTER: Key = Key { key: "Enter", code: "Enter", number: 13 };
const ESCAPE: Key = Key { key: "Escape", code: "Escape", number: 27 };
const TAB: Key = Key { key: "Tab", code: "Tab", number: 9 };
const RIGHT: Key = Key { key: "ArrowRight", code: "ArrowRight", number: 39 };
const SPACE: Key = Key { key: " ", code: "Space", number: 32 };
const SHIFT: Key = Key { key: "Shift", code: "ShiftLeft", number: 16 };
const D: Key = Key { key: "d", code: "KeyD", number: 68 };
const I: Key = Key { key: "i", code: "KeyI", number: 73 };
const L: Key = Key { key: "l", code: "KeyL", number: 76 };
const O: Key = Key { key: "o", code: "KeyO", number: 79 };
const W: Key = Key { key: "w", code: "KeyW", number: 87 };
const ONE: Key = Key { key: "1", code: "Digit1", number: 49 };

/// Waits longer than any bolt lets it, in ticks: only a rail does.
const RAIL_COOLDOWN_TICKS: u32 = 16;
/// What of the own state does not last is watched in every frame: how long the ship has had to wait
/// for its next shot at most, and how far it was from where it was first seen.
const WATCH: &str = "(() => {
    const from = tickwire.state().me;
    window.watched = { cooldown: 0, moved: 0, seen: null };
    const look = () => {
        const me = tickwire.state().me;
        if (me) {
            watched.cooldown = Math.max(watched.cooldown, me.cooldown_ticks);
            watched.moved = Math.max(watched.moved, Math.hypot(me.x - from.x, me.y - from.y));
        }
        if (watched.seen === look) requestAnimationFrame(look);
    };
    watched.seen = look;
    look();
})()";
/// What is said over the game, and read out.
const BANNER: &str = "document.getElementById('banner-text').textContent";
const IS_ROUND_OVER: &str = "tickwire.state().me.truce";
/// A round of 30 s takes longer than [`GIVE_UP`] where a loaded server slows it.
const ROUND_GIVE_UP: Duration = Duration::from_secs(90);

fn watch(page: &Page<'_>) {
    let _ = page.eval(&format!("void {WATCH}"));
}

fn wait(page: &Page<'_>, script: &str) {
    page.wait_until(script, GIVE_UP);
}

/// Waits until the own ship's aim is this one, in radians.
fn wait_for_aim(page: &Page<'_>, aim: f64) {
    let off = format!("tickwire.state().me.aim - {aim}");
    wait(page, &format!("Math.cos({off}) > 0.999"));
}

fn wait_until_flying(page: &Page<'_>) {
    wait(page, "tickwire.state().me?.alive && tickwire.state().snapshots > 15");
}

fn focused(page: &Page<'_>) -> String {
    let id = page.eval("document.activeElement?.id || document.activeElement?.name || ''");
    id.as_str().expect("elements have names").to_owned()
}

/// The middle of an element.
fn place(page: &Page<'_>, selector: &str) -> (f64, f64) {
    let side = |of: &str, size: &str| {
        let at = format!("document.querySelector({selector:?}).getBoundingClientRect()");
        page.eval(&format!("{at}.{of} + {at}.{size} / 2")).as_f64().expect("a place")
    };
    (side("x", "width"), side("y", "height"))
}

/// A browser does not let go by accident: what no test expects in a console is a fault.
fn assert_calm(page: &Page<'_>) {
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

fn play_a_round_by_touch(width: u32, height: u32) {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&SHORT_ROUND);
    let page = browser.page();
    page.become_phone(width, height);
    page.open(&server.url("/"));
    wait(&page, IS_LOADED);
    let finger = |id, (x, y)| Finger { id, x, y };
    page.touch(&[finger(0, place(&page, "#play"))]);
    page.touch(&[]);
    wait_until_flying(&page);
    wait(&page, "document.body.dataset.hand === 'touch'");

    let (width, height) = (f64::from(width), f64::from(height));
    let (left, right) = ((width * 0.2, height - 90.0), (width * 0.78, height - 90.0));
    let by = |(x, y): (f64, f64), dx: f64, dy: f64| (x + dx, y + dy);
    watch(&page);
    page.touch(&[finger(1, left)]);
    page.touch(&[finger(1, by(left, 30.0, -30.0))]);
    wait(&page, "watched.moved > 3");
    // Both thumbs at once: one goes on flying while the other aims, turns, and fires.
    let left = by(left, -30.0, 30.0);
    page.touch(&[finger(1, left), finger(2, right)]);
    page.touch(&[finger(1, left), finger(2, by(right, 0.0, -40.0))]);
    wait_for_aim(&page, -std::f64::consts::FRAC_PI_2);
    wait(&page, "watched.cooldown > 0");
    page.touch(&[finger(1, left), finger(2, by(right, -40.0, -40.0))]);
    wait_for_aim(&page, -0.75 * std::f64::consts::PI);
    page.screenshot(&screenshots().join(format!("touch-{width}x{height}.png")));
    page.touch(&[finger(1, left)]);
    // The rail, with the other thumb still flying.
    let rail = place(&page, "#rail");
    page.touch(&[finger(1, left), finger(3, rail)]);
    page.touch(&[finger(1, left), finger(3, by(rail, -40.0, 0.0))]);
    wait_for_aim(&page, std::f64::consts::PI);
    wait(&page, "tickwire.state().me.charge === 1");
    page.touch(&[finger(1, left)]);
    wait(&page, &format!("watched.cooldown >= {RAIL_COOLDOWN_TICKS}"));
    page.touch(&[]);
    // A finger that comes down on the HUD flies as well.
    let leave = place(&page, "#leave");
    watch(&page);
    page.touch(&[finger(4, leave)]);
    page.touch(&[finger(4, by(leave, 0.0, 40.0))]);
    wait(&page, "watched.moved > 2");
    page.touch(&[]);

    page.wait_until(IS_ROUND_OVER, ROUND_GIVE_UP);
    page.screenshot(&screenshots().join(format!("touch-{width}x{height}-result.png")));
    assert_eq!(page.eval("tickwire.state().role"), "player", "a thumb pressed Leave");
    assert_calm(&page);
}

#[test]
fn a_round_is_played_by_touch_on_a_phone_held_upright() {
    play_a_round_by_touch(390, 844);
}

#[test]
fn a_round_is_played_by_touch_on_a_phone_held_sideways() {
    play_a_round_by_touch(844, 390);
}

/// Places in `Gamepad.buttons` of the standard mapping.
mod button {
    pub(crate) const A: u8 = 0;
    pub(crate) const B: u8 = 1;
    pub(crate) const LT: u8 = 6;
    pub(crate) const RT: u8 = 7;
    pub(crate) const SELECT: u8 = 8;
    pub(crate) const START: u8 = 9;
    pub(crate) const UP: u8 = 12;
    pub(crate) const DOWN: u8 = 13;
}

/// A gamepad of the standard mapping, as a browser tells of it: a snapshot at each look.
const GAMEPAD: &str = "(() => {
    const pad = { axes: [0, 0, 0, 0], down: {} };
    const none = { pressed: false, touched: false, value: 0 };
    const look = () => ({
        id: 'Pad (STANDARD GAMEPAD)', index: 0, connected: true, mapping: 'standard',
        timestamp: performance.now(), vibrationActuator: null, axes: [...pad.axes],
        buttons: Array.from({ length: 17 }, (_, place) =>
            pad.down[place] ? { pressed: true, touched: true, value: pad.down[place] } : none),
    });
    let isConnected = false;
    navigator.getGamepads = () => [isConnected ? look() : null, null, null, null];
    window.gamepad = Object.assign(pad, {
        plug(connected) {
            isConnected = connected;
            const name = connected ? 'gamepadconnected' : 'gamepaddisconnected';
            dispatchEvent(Object.assign(new Event(name), { gamepad: look() }));
        },
        // Held for a few frames, as by a thumb.
        async press(place) {
            const frames = async () => {
                for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
            };
            pad.down[place] = 1;
            await frames();
            delete pad.down[place];
            await frames();
        },
    });
})()";

fn pad(page: &Page<'_>, script: &str) {
    let _ = page.eval(&format!("void (gamepad.{script})"));
}

fn press_pad(page: &Page<'_>, place: u8) {
    let _ = page.eval(&format!("gamepad.press({place})"));
}

#[test]
fn a_round_is_played_by_gamepad() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&SHORT_ROUND);
    let page = browser.page();
    page.prepare(GAMEPAD);
    page.open(&server.url("/"));
    wait(&page, IS_LOADED);
    pad(&page, "plug(true)");
    assert_eq!(focused(&page), "play");
    press_pad(&page, button::UP);
    assert_eq!(focused(&page), "name");
    press_pad(&page, button::DOWN);
    assert_eq!(focused(&page), "play");
    press_pad(&page, button::A);
    wait_until_flying(&page);
    wait(&page, "document.body.dataset.hand === 'gamepad'");

    watch(&page);
    // A worn stick does not come back to the middle.
    pad(&page, "axes = [0.12, -0.1, 0, 0]");
    sleep(Duration::from_millis(200));
    pad(&page, "axes = [0.7, 0.7, 0, 0]");
    wait(&page, "watched.moved > 3");
    pad(&page, "axes = [0, -0.9, 0, 0.8]");
    wait_for_aim(&page, std::f64::consts::FRAC_PI_2);
    pad(&page, "axes = [0, -0.9, 0.02, 0.01]");
    wait_for_aim(&page, std::f64::consts::FRAC_PI_2);
    pad(&page, &format!("down[{}] = 0.9", button::RT));
    wait(&page, "watched.cooldown > 0");
    pad(&page, &format!("down = {{ {}: 1 }}", button::LT));
    wait(&page, "tickwire.state().me.charge === 1");
    pad(&page, "down = {}");
    wait(&page, &format!("watched.cooldown >= {RAIL_COOLDOWN_TICKS}"));

    press_pad(&page, button::START);
    wait(&page, "document.getElementById('settings').open");
    press_pad(&page, button::B);
    wait(&page, "!document.getElementById('settings').open");
    // Pulled out while the stick is held: the ship coasts to a halt.
    pad(&page, "plug(false)");
    let lies = "(async () => {
        const one = tickwire.state().me;
        await new Promise((done) => setTimeout(done, 150));
        const other = tickwire.state().me;
        return other.alive && Math.hypot(other.x - one.x, other.y - one.y) < 0.01;
    })()";
    wait(&page, lies);
    pad(&page, "plug(true)");
    watch(&page);
    wait(&page, "watched.moved > 2");
    page.screenshot(&screenshots().join("gamepad.png"));

    page.wait_until(IS_ROUND_OVER, ROUND_GIVE_UP);
    // Once could be by accident.
    press_pad(&page, button::SELECT);
    assert_eq!(page.eval("tickwire.state().connected"), true);
    press_pad(&page, button::SELECT);
    wait(&page, "!tickwire.state().connected && document.activeElement.id === 'play'");
    assert_calm(&page);
}

/// How a person finds the button of a key in the settings.
fn slot(action: &str) -> String {
    format!(
        "[...document.querySelectorAll('#set-keys div')]
            .find((row) => row.firstChild.textContent === {action:?}).querySelector('button')"
    )
}

fn bind(page: &Page<'_>, action: &str, key: Key) {
    let _ = page.eval(&format!("void ({0}.focus(), {0}.click())", slot(action)));
    page.press(key);
}

fn is_bound(page: &Page<'_>, action: &str, label: &str) {
    wait(page, &format!("{}.textContent === {label:?}", slot(action)));
}

#[test]
fn keys_can_be_changed_and_are_kept() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    let open = |query: &str| {
        page.open(&server.url(query));
        wait(&page, IS_LOADED);
    };
    let open_settings =
        || page.eval("void document.querySelector('#start .settings-open').click()");
    open("/");
    let _ = open_settings();
    bind(&page, "Right", I);
    is_bound(&page, "Right", "I");
    // A key that does something already: the two swap, and it is said.
    bind(&page, "Fire", W);
    is_bound(&page, "Fire", "W");
    is_bound(&page, "Up", "Space");
    wait(&page, "document.getElementById('settings-said').textContent.includes('up')");
    bind(&page, "Down", ESCAPE);
    is_bound(&page, "Down", "S");
    page.screenshot(&screenshots().join("settings.png"));
    page.press(ESCAPE);
    wait(&page, "!document.getElementById('settings').open");

    open("/?play");
    wait_until_flying(&page);
    watch(&page);
    page.key_down(D);
    sleep(Duration::from_millis(300));
    page.key_up(D);
    assert!(page.eval("watched.moved").as_f64().is_some_and(|moved| moved < 0.5), "D flies");
    page.key_down(I);
    wait(&page, "watched.moved > 1.5");
    page.key_up(I);
    page.key_down(W);
    wait(&page, "watched.cooldown > 0");
    page.key_up(W);

    // What is kept may be anything.
    for broken in ["{", "7", r#"{"keys":7,"ship":"x"}"#, r#"{"keys":{"up":[{},"KeyQ","KeyR"]}}"#] {
        let kept = format!("void (localStorage['tickwire.settings'] = {broken:?})");
        let _ = page.eval(&kept);
        open("/");
        is_bound(&page, "Right", "D");
    }
    let _ = open_settings();
    bind(&page, "Right", I);
    let _ = page.eval("void document.getElementById('settings-reset').click()");
    is_bound(&page, "Right", "D");
    assert_calm(&page);
}

#[test]
fn a_page_without_a_mouse_can_be_played() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    page.open(&server.url("/"));
    wait(&page, IS_LOADED);
    wait(&page, "document.activeElement.id === 'play'");
    for _ in 0..12 {
        if focused(&page) == "ship" {
            break;
        }
        page.press(TAB);
    }
    assert_eq!(focused(&page), "ship", "the ships are reached by Tab");
    page.press(RIGHT);
    wait(&page, "document.querySelector('#ships input:checked').value === '2'");
    page.screenshot(&screenshots().join("start-by-keys.png"));
    page.press(ENTER);
    wait_until_flying(&page);
    // One to the right of the one in the middle.
    wait(&page, "tickwire.state().me.class === 2");

    // The ship points where it flies, until its aim is turned.
    watch(&page);
    page.key_down(W);
    wait_for_aim(&page, -std::f64::consts::FRAC_PI_2);
    wait(&page, "watched.moved > 1");
    page.key_up(W);
    page.key_down(L);
    wait(&page, "Math.cos(tickwire.state().me.aim) > 0.5");
    page.key_up(L);
    page.key_down(SPACE);
    wait(&page, "watched.cooldown > 0");
    page.key_up(SPACE);
    page.key_down(SHIFT);
    wait(&page, "tickwire.state().me.charge === 1");
    page.key_up(SHIFT);
    wait(&page, &format!("watched.cooldown >= {RAIL_COOLDOWN_TICKS}"));

    // A player that leaves the page has let go of nothing: the charge is lost, not fired.
    wait(&page, "tickwire.state().me.cooldown_ticks === 0");
    page.key_down(SHIFT);
    wait(&page, "tickwire.state().me.charge === 1");
    watch(&page);
    page.press(O);
    wait(&page, "document.getElementById('settings').open");
    wait(&page, "tickwire.state().me.charge === 0");
    page.key_up(SHIFT);
    assert_eq!(page.eval("watched.cooldown"), 0, "the rail was fired");
    assert_eq!(focused(&page), "set-volume");
    for _ in 0..40 {
        page.press(TAB);
        let is_within = "document.getElementById('settings').contains(document.activeElement)
            || document.activeElement === document.body";
        assert_eq!(page.eval(is_within), true, "the focus left the panel: {}", focused(&page));
    }
    page.press(ESCAPE);
    wait(&page, "!document.getElementById('settings').open");
    assert_eq!(
        page.eval("document.body.dataset.status"),
        "playing",
        "Escape closed the panel alone"
    );

    page.press(ONE);
    wait(
        &page,
        "document.querySelector('#next-ship [aria-pressed=true]').ariaLabel.includes('Dart')",
    );
    // Leaving is asked once, by the key as by the button; the question stands for a moment.
    let asks = "document.getElementById('leave').textContent === 'Leave?'";
    page.press(ESCAPE);
    wait(&page, &format!("{asks} && /Escape again/.test({BANNER})"));
    wait(&page, &format!("!({asks}) && {BANNER} === ''"));
    let _ = page.eval("document.getElementById('leave').click()");
    wait(&page, asks);
    assert_eq!(page.eval("tickwire.state().role"), "player", "asked twice, and never left");
    page.press(ESCAPE);
    wait(&page, "!tickwire.state().connected && document.activeElement.id === 'play'");
    wait(&page, "document.querySelectorAll('#ships input')[0].checked");
    assert_calm(&page);
}

#[test]
fn a_round_is_played_by_keys_to_its_result_and_beyond() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&SHORT_ROUND);
    let page = browser.page();
    page.open(&server.url("/"));
    wait(&page, IS_LOADED);
    wait(&page, "document.activeElement.id === 'play'");
    page.press(ENTER);
    wait_until_flying(&page);
    watch(&page);
    page.key_down(W);
    page.key_down(SPACE);
    wait(&page, "watched.moved > 3 && watched.cooldown > 0");

    // With the keys still held, as they are when a round ends.
    let is_shown = "!document.getElementById('result').hidden";
    page.wait_until(&format!("{IS_ROUND_OVER} && {is_shown}"), ROUND_GIVE_UP);
    let said = "[...document.getElementById('said').children]
        .filter((line) => /^Round 1 is over/.test(line.textContent)).length";
    wait(&page, &format!("{said} > 0"));
    wait(&page, "document.querySelectorAll('#result-rows tr.self').length === 1");
    page.screenshot(&screenshots().join("result-by-keys.png"));
    page.key_up(SPACE);
    page.key_up(W);
    // One press closes it, and asks nothing.
    page.press(ESCAPE);
    wait(&page, &format!("!({is_shown})"));
    assert_eq!(page.eval("document.getElementById('leave').textContent"), "Leave");
    assert_eq!(page.eval(said), 1, "said more than once");

    // By what the server says: the page's own ship is a moment ahead of it.
    wait(&page, "document.getElementById('round-number').textContent === 'round 2'");
    wait(&page, "tickwire.state().me.alive");
    watch(&page);
    page.key_down(SPACE);
    wait(&page, "watched.cooldown > 0");
    page.key_up(SPACE);
    assert_eq!(page.eval("document.body.dataset.status"), "playing");
    assert_calm(&page);
}
