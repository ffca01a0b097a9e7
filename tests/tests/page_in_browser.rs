//! What the page does with what browsers and people do to it: taps that are over at once, Back and
//! Forward, a new version, a path before it.

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Node, Page, PathProxy, Server, alone, poll, say};

/// A room in which nothing happens but what is done.
const ALONE: [&str; 4] = ["--fill", "0", "--seed", "1"];

fn wait(page: &Page<'_>, script: &str) {
    page.wait_until(script, GIVE_UP);
}

fn play(page: &Page<'_>, server: &Server) {
    page.open(&server.url("/?play"));
    wait(page, "tickwire.state().me?.alive && tickwire.state().snapshots > 15");
}

/// How many taps of so many milliseconds each fire: `down` and `up` are what the device tells.
fn shots(page: &Page<'_>, taps: u32, ms: u32, down: &str, up: &str) -> u64 {
    let script = format!(
        "(async () => {{
            const pause = (ms) => new Promise((done) => setTimeout(done, ms));
            const cooldown = () => tickwire.state().me.cooldown_ticks;
            const within = async (is, ms) => {{
                for (const end = performance.now() + ms; performance.now() < end; await pause(4)) {{
                    if (is()) return true;
                }}
                return false;
            }};
            let fired = 0;
            for (let tap = 0; tap < {taps}; tap++) {{
                await within(() => cooldown() === 0, 5000);
                // At any moment of a tick.
                await pause(40 * Math.random());
                {down};
                if ({ms} > 0) await pause({ms});
                {up};
                if (await within(() => cooldown() > 0, 700)) fired += 1;
            }}
            return fired;
        }})()"
    );
    page.eval(&script).as_u64().expect("a number")
}

#[test]
fn a_tap_shorter_than_a_tick_fires_by_whatever_device() {
    const TAPS: u32 = 5;
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    play(&page, &server);
    let key = |what: &str| {
        format!("dispatchEvent(new KeyboardEvent('{what}', {{ code: 'Space', key: ' ' }}))")
    };
    let mouse = |what: &str| {
        format!(
            "document.getElementById('game').dispatchEvent(
                new MouseEvent('{what}', {{ button: 0, bubbles: true }}))"
        )
    };
    let devices =
        [("key", key("keydown"), key("keyup")), ("mouse", mouse("mousedown"), mouse("mouseup"))];
    for (device, down, up) in &devices {
        let fired = [0, 10, 20].map(|ms| shots(&page, TAPS, ms, down, up));
        say(&format!("taps of 0, 10 and 20 ms by {device}: {fired:?} of {TAPS} each fire"));
        assert_eq!(fired, [u64::from(TAPS); 3], "{device}");
    }
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn who_leaves_by_the_address_bar_is_away_at_once_and_who_comes_back_plays_on_in_the_same_ship() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    play(&page, &server);
    let _ = page.eval("void (window.kept = 'kept')");
    let who = "[tickwire.state().me.player, tickwire.state().me.ship]";
    let ship = page.eval(who);
    let ends = || {
        poll(GIVE_UP, || {
            let ends = &server.status()["ends"];
            let count = |name: &str| ends[name].as_u64().expect("every end is counted");
            let counts = ["away", "left", "silent", "lost"].map(count);
            (counts.iter().sum::<u64>() > 0).then_some(counts)
        })
    };
    page.open(&server.url("/healthz"));
    // Not by its silence: that takes a quarter of a minute. And it is not kept for long, as one whose line broke.
    assert_eq!(ends(), Some([1, 0, 0, 0]), "the server knows that its player is away");
    let _ = page.eval("void history.back()");
    wait(&page, "window.kept === 'kept' || window.tickwire?.state().connected");
    if page.eval("window.kept ?? null").is_null() {
        say("this browser has put no page away: it was loaded anew");
    }
    wait(&page, "tickwire.state().me?.alive");
    assert_eq!(page.eval("document.body.dataset.status"), "playing");
    assert_eq!(page.eval(who), ship);
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

/// The room that the page's address names; anything else that it asks for is a failure.
fn room_in_address(page: &Page<'_>) -> String {
    let query = page.eval("location.search");
    let query = query.as_str().expect("a text");
    let room = query.strip_prefix("?quality=low&room=");
    room.unwrap_or_else(|| panic!("the address asks for {query}")).to_owned()
}

#[test]
fn a_room_is_in_the_address_and_the_title_and_its_name_copies_a_link_to_it() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    page.prepare(
        "window.copied = [];
         Object.defineProperty(navigator, 'clipboard', { configurable: true, value: {
             writeText: async (text) => void copied.push(text) } });",
    );
    let click = |id: &str| {
        let _ = page.eval(&format!("void document.getElementById({id:?}).click()"));
    };
    let said =
        |text: &str| format!("document.getElementById('banner-text').textContent === {text:?}");

    // What it is to do at once, and by which name, is for this page alone; a reload does it again.
    page.open(&server.url("/?play&name=Ann&room=pond&quality=low&latency=5"));
    wait(&page, "tickwire.state().me?.alive");
    assert_eq!(page.eval("location.search"), "?quality=low&latency=5&room=pond");
    assert_eq!(page.eval("document.title"), "pond · Tickwire");
    click("room");
    wait(&page, &said("Link copied: send it to your friends."));
    assert_eq!(page.eval("copied.splice(0)"), serde_json::json!([server.url("/?room=pond")]));
    let _ = page.eval("{ window.isOld = true; location.reload() }");
    wait(&page, "!window.isOld && tickwire.state().me?.alive");
    assert_eq!(page.eval("tickwire.state().room"), "pond");

    // A friend finds the room on the start page, and may go to any other.
    page.open(&server.url("/?quality=low&room=pond"));
    wait(&page, "document.getElementById('new-room')?.disabled === false");
    assert_eq!(page.eval("document.getElementById('where-room').textContent"), "Room pond");
    assert_eq!(page.eval("tickwire.state().connected"), false);
    click("any-room");
    assert_eq!(page.eval("location.search"), "?quality=low");
    assert_eq!(page.eval("document.getElementById('where-room').textContent"), "Any room");

    click("new-room");
    wait(&page, "tickwire.state().me?.alive");
    let room = room_in_address(&page);
    assert_eq!(page.eval("tickwire.state().room"), room.as_str());
    assert_eq!(page.eval("document.title"), format!("{room} · Tickwire"));
    // Where the page came by plain HTTP it may not copy: the link is there, selected.
    let _ = page.eval("{ delete navigator.clipboard; document.execCommand = () => false }");
    let _ = page.eval("void Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    click("room");
    wait(&page, &said("Copy this link and send it to your friends."));
    let selected = "(({ value, selectionStart, selectionEnd }) =>
        value.slice(selectionStart, selectionEnd))(document.activeElement)";
    assert_eq!(page.eval(selected), server.url(&format!("/?room={room}")));
    page.press(Key { key: "Escape", code: "Escape", number: 27 });
    wait(&page, "document.getElementById('invite') === null");
    assert_eq!(page.eval("tickwire.state().connected"), true, "the key closed the field alone");

    // It asks once more.
    click("leave");
    click("leave");
    wait(&page, "!document.getElementById('start').hidden");
    assert_eq!(room_in_address(&page), room);
    assert_eq!(page.eval("document.title"), "Tickwire");
    let named = page.eval("document.getElementById('where-room').textContent");
    assert_eq!(named, format!("Room {room}"));
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn below_a_path_of_a_proxy_the_page_plays_and_programs_watch() {
    let _alone = alone();
    let server = Server::start(&["--fill", "4", "--seed", "1"]);
    let proxy = PathProxy::start("/game", server.address());
    if let Some(browser) = Browser::start() {
        let page = browser.page();
        page.open(&proxy.url("/?play&name=Ann&room=below"));
        wait(&page, "tickwire.state().me?.alive && tickwire.state().snapshots > 15");
        assert_eq!(page.eval("tickwire.state().room"), "below");
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
    if let Some(node) = Node::find() {
        for address in [proxy.url(""), proxy.url("/"), server.url("")] {
            let (status, printed) = node.run("examples/watch.mjs", &[&address, "below", "20"]);
            assert!(status.success(), "{address}: {status}: {printed}");
        }
        let (_, printed) =
            node.run("examples/watch.mjs", &[&server.url(""), "no room is called so!", "20"]);
        assert!(printed.contains("refused: "), "a refusal has its text: {printed}");
    }
    assert_eq!(proxy.outside(), Vec::<String>::new(), "asked for beside the path");
}

/// What a document has that was built with a `repository`, before its modules run.
const REPOSITORY: &str = "document.addEventListener('readystatechange', () => {
    if (document.readyState !== 'interactive') return;
    const link = document.createElement('link');
    link.rel = 'code-repository';
    link.href = 'https://example.org/ann/tickwire';
    document.head.append(link);
}, { once: true })";

#[test]
fn the_start_page_says_how_to_play_who_is_there_and_where_the_source_is() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let ann = browser.page();
    play(&ann, &server);
    // Nothing of it waits for the other, and one can play before any of it is there.
    let (bob, eve) = (browser.page(), browser.page());
    bob.open(&server.url("/"));
    eve.prepare(REPOSITORY);
    eve.become_phone(390, 844);
    eve.open(&server.url("/"));
    let shown = "(id) => document.getElementById(id).checkVisibility() && document.getElementById(id).innerText";
    for page in [&bob, &eve] {
        wait(page, "document.getElementById('play')?.disabled === false");
        wait(page, &format!("({shown})('people') === '1 person is in rooms right now'"));
    }
    assert_eq!(bob.eval(&format!("({shown})('links')")), false, "no repository, no links");
    let links = "[...document.querySelectorAll('#links a')].map((link) => link.href).join(' ')";
    let repository = "https://example.org/ann/tickwire";
    assert_eq!(eve.eval(links), format!("{repository} {repository}#your-own-game"));
    let keys = |page: &Page<'_>| {
        let text = page.eval(&format!("({shown})('keys')"));
        text.as_str().expect("it is shown").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&bob), "WASD fly Mouse aim and fire Shift hold for the rail");
    assert_eq!(keys(&eve), "Left thumb fly Right thumb aim and fire");
    // What is changed in the settings is what is said.
    let flip = "document.querySelector('#start .settings-open').click();
        document.getElementById('set-left-handed').click()";
    let _ = eve.eval(flip);
    assert_eq!(keys(&eve), "Right thumb fly Left thumb aim and fire");
    for page in [&ann, &bob, &eve] {
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
}

/// What of a demo is drawn first that has played ahead for so many seconds.
fn first_of_demo(page: &Page<'_>, ahead: u32) -> Value {
    page.eval(&format!(
        "(async () => {{
            const {{ Tickwire }} = await import(new URL('game.js', document.baseURI));
            const game = await Tickwire.load();
            game.demo(28, 1, {ahead});
            let rows = [];
            while ((rows = game.rows()).length === 0) await new Promise(requestAnimationFrame);
            const ships = rows.filter(({{ kind }}) => kind === 'ship');
            const flag = game.measures.flag_protected;
            return {{
                ships: ships.length,
                unhurt: ships.filter(({{ flags }}) => (flags & flag) !== 0).length,
                bolts: rows.filter(({{ kind }}) => kind === 'bolt').length,
            }};
        }})()"
    ))
}

#[test]
fn the_demo_is_a_fight_in_full_swing_when_it_is_first_seen() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    page.become_phone(390, 844);
    page.open(&server.url("/"));
    wait(&page, "document.getElementById('play')?.disabled === false");
    wait(&page, "getComputedStyle(document.getElementById('game')).opacity === '1'");
    let count = |demo: &Value, what: &str| demo[what].as_u64().expect("a number");
    let start = first_of_demo(&page, 1);
    assert!(count(&start, "unhurt") == 28 && count(&start, "bolts") == 0, "{start}");
    let fight = first_of_demo(&page, 12);
    say(&format!("the demo after a second: {start}; when it is first seen: {fight}"));
    assert!(count(&fight, "ships") > 15 && count(&fight, "unhurt") < 6, "{fight}");
    assert!(count(&fight, "bolts") > 3, "{fight}");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

/// What people who hear the page find in it.
struct Heard {
    /// Roles of what can be pressed, of pictures and of panels without a name.
    nameless: Vec<String>,
    /// Names of the headings of the first level.
    titles: Vec<String>,
    /// Roles of what is read out whenever it changes.
    live: Vec<String>,
    /// Names of the radio buttons.
    radios: Vec<String>,
}

impl Heard {
    fn of(page: &Page<'_>) -> Heard {
        const NAMED: [&str; 15] = [
            "Canvas",
            "DisclosureTriangle",
            "button",
            "checkbox",
            "combobox",
            "dialog",
            "group",
            "image",
            "link",
            "radio",
            "radiogroup",
            "region",
            "slider",
            "textbox",
            "timer",
        ];
        let mut heard = Heard { nameless: vec![], titles: vec![], live: vec![], radios: vec![] };
        for node in page.accessibility_tree() {
            let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
            let property = |name: &str| {
                let all = node["properties"].as_array().into_iter().flatten();
                let found = all.into_iter().find(|property| property["name"] == name);
                found.map_or(Value::Null, |property| property["value"]["value"].clone())
            };
            let (role, name) = (text(&node["role"]), text(&node["name"]));
            match role.as_str() {
                "heading" if property("level") == 1 => heard.titles.push(name.clone()),
                "radio" => heard.radios.push(name.clone()),
                _ => {}
            }
            if property("live").as_str().is_some_and(|live| live != "off") {
                heard.live.push(role.clone());
            }
            if NAMED.contains(&role.as_str()) && name.is_empty() {
                heard.nameless.push(role);
            }
        }
        heard
    }
}

#[test]
fn who_hears_the_page_finds_names_for_all_one_title_and_nothing_that_chatters() {
    const N: Key = Key { key: "n", code: "KeyN", number: 78 };
    const TAB: Key = Key { key: "Tab", code: "Tab", number: 9 };
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    let look = |state: &str, live: &[&str]| {
        let heard = Heard::of(&page);
        assert_eq!(heard.nameless, Vec::<String>::new(), "{state}");
        assert_eq!(heard.titles, ["Tickwire: Skirmish"], "{state}");
        assert_eq!(heard.live, live, "{state}");
        heard
    };
    page.open(&server.url("/?room=pond&quality=low"));
    wait(&page, "document.getElementById('play')?.disabled === false");
    // The log, and the line of the room, which a press there changes.
    let ships = look("start", &["log", "status"]).radios;
    assert_eq!(ships.len(), 3);
    for (ship, name) in ships.iter().zip(["Dart", "Lancer", "Bulwark"]) {
        let numbers = ship.split(", ").skip(1).filter(|value| {
            value.split_once(' ').is_some_and(|(_, number)| number.parse::<u32>().is_ok())
        });
        assert!(ship.starts_with(name) && numbers.count() == 3, "{ship}");
    }

    let _ = page.eval("void document.getElementById('play').click()");
    wait(&page, "tickwire.state().me?.alive");
    look("playing", &["log"]);
    let said = "[...document.querySelectorAll('#said p')].map((line) => line.textContent)";
    wait(&page, &format!("{said}.includes('Playing in pond.')"));
    let _ = page.eval("void document.getElementById('mute').removeAttribute('aria-label')");
    assert_eq!(Heard::of(&page).nameless, Vec::<String>::new(), "its title is a name, too");
    let _ = page.eval("void document.getElementById('mute').removeAttribute('title')");
    assert_eq!(Heard::of(&page).nameless, ["button"], "one without a name is found");
    let _ = page.eval("void (document.getElementById('mute').ariaLabel = 'Mute')");

    // The panel has the focus, and the game the keys; closed, it gives it back.
    let focused = "document.activeElement.id || document.activeElement.localName";
    page.press(N);
    assert_eq!(page.eval(focused), "network");
    look("network", &["log", "status"]);
    page.press(TAB);
    assert_eq!(page.eval(focused), "network-reset");
    page.press(N);
    assert_eq!(page.eval(focused), "body");
    let _ = page.eval("void document.getElementById('network-open').focus()");
    page.press(N);
    page.press(Key { key: "Escape", code: "Escape", number: 27 });
    assert_eq!(page.eval(focused), "network-open");

    // All else is beyond reach while the settings are open, and so is its title.
    page.press(Key { key: "o", code: "KeyO", number: 79 });
    wait(&page, "document.getElementById('settings').open");
    let heard = Heard::of(&page);
    assert_eq!((heard.nameless.len(), heard.live), (0, vec!["status".to_owned()]));

    page.open(&server.url("/?spectate&room=pond&quality=low"));
    wait(&page, "tickwire.state().connected && !document.getElementById('watch').hidden");
    look("spectating", &["log", "status"]);
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn a_page_loaded_anew_for_a_new_version_plays_on_and_says_so_once() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let page = browser.page();
    page.open(&server.url("/?room=other"));
    wait(&page, "document.getElementById('play')?.disabled === false");
    // What a page leaves behind that is loaded anew: connection.mjs has when it does.
    let _ = page.eval(
        "void sessionStorage.setItem('tickwire.rejoin', JSON.stringify(
            { name: 'Ada', room: 'blue', spectator: false, ship: 2, isUpdate: true }))",
    );
    page.open(&server.url("/?room=other"));
    wait(&page, "tickwire.state().me?.alive");
    assert_eq!(page.eval("tickwire.state().room"), "blue");
    // The very first ship may be there before its wish is.
    wait(&page, "tickwire.state().me.class === 2");
    wait(&page, "document.getElementById('banner-text').textContent.startsWith('Updated')");
    wait(&page, "document.getElementById('banner').hidden");
    page.open(&server.url("/?room=other"));
    wait(&page, "document.getElementById('play')?.disabled === false");
    assert_eq!(page.eval("document.body.dataset.status ?? 'idle'"), "idle", "kept for one page");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}

#[test]
fn a_page_that_does_not_start_says_why_and_starts_when_it_is_loaded_anew() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&ALONE);
    let shown = "!document.getElementById('message').hidden
        && document.getElementById('message').textContent";
    let act = "document.getElementById('message-act')";
    let cases = [
        // Its modules, whether they are bundled or not, but not the script that says so.
        (&["*main*.js", "*game*.js"][..], "", "A part of the page did not load."),
        (&["*tickwire.wasm"], "", "The game's code could not be loaded"),
        (&[], "delete globalThis.WebAssembly", "This browser has no WebAssembly"),
    ];
    for (blocked, prepared, says) in cases {
        let page = browser.page();
        page.block(blocked);
        page.prepare(prepared);
        page.open(&server.url("/"));
        let text = page.wait_until(shown, GIVE_UP);
        say(&format!("{blocked:?} {prepared}: {text}"));
        assert!(text.as_str().is_some_and(|text| text.starts_with(says)), "{text}");
        assert_eq!(page.eval(&format!("{act}.checkVisibility() && {act}.textContent")), "Reload");
        if prepared.is_empty() {
            page.block(&[]);
            let _ = page.eval(&format!("void {act}.click()"));
            wait(&page, "document.getElementById('play')?.disabled === false");
            wait(&page, "document.getElementById('message').hidden && !tickwire.state().connected");
        }
    }
}

#[test]
fn who_finds_a_room_full_can_watch_it_meanwhile() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "0", "--seed", "1", "--room-size", "1"]);
    let (first, second) = (browser.page(), browser.page());
    for page in [&first, &second] {
        page.open(&server.url("/?play&room=one"));
        wait(page, "document.getElementById('banner-act') && window.tickwire");
        if std::ptr::eq(page, &first) {
            wait(page, "tickwire.state().me?.alive");
        }
    }
    let act = "document.getElementById('banner-act')";
    wait(&second, &format!("{act}.checkVisibility() && {act}.textContent === 'Watch meanwhile'"));
    let _ = second.eval(&format!("void {act}.click()"));
    wait(&second, "tickwire.state().connected && tickwire.state().me === null");
    assert_eq!(second.eval(&format!("{act}.hidden")), true);
    assert_eq!(second.take_faults(), Vec::<String>::new());
}
