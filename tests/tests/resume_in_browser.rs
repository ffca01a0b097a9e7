//! A page has its player back, in a real browser: after a reload in the middle of a fight, ten seconds without a network,
//! five in which the server stood still, and a crash. A second tab is a second player.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::real::{Browser, GIVE_UP, Page, Server, alone, say, screenshots};

/// For how long a network is gone, and a server stands still.
const OUTAGE: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(5);

/// Has the page fly to the nearest ship and shoot at it, until it has points; then it shoots no more.
const FIGHT: &str = "(async () => {
    const held = {};
    const hold = (code, isDown) => {
        if ((held[code] ?? false) === isDown) return;
        held[code] = isDown;
        const key = code.at(-1).toLowerCase();
        dispatchEvent(new KeyboardEvent(isDown ? 'keydown' : 'keyup', { code, key }));
    };
    const mouse = (what) => document.getElementById('game')
        .dispatchEvent(new MouseEvent(what, { button: 0, bubbles: true }));
    mouse('mousedown');
    while (tickwire.state().me.score === 0) {
        const { frames: [{ own, ships }] } = await tickwire.record(1);
        if (!own) continue;
        const far = ([, , x, y]) => Math.hypot(x - own.x, y - own.y);
        const [, , x, y] = ships.sort((one, other) => far(one) - far(other))[0] ?? [0, 0, 0, 0];
        const [dx, dy] = [x - own.x, y - own.y];
        const length = Math.hypot(dx, dy) || 1;
        dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse',
            clientX: innerWidth / 2 + 150 * dx / length, clientY: innerHeight / 2 + 150 * dy / length }));
        const isFar = ships.length === 0 || length > 6;
        for (const [code, by] of [['KeyD', dx], ['KeyA', -dx], ['KeyS', dy], ['KeyW', -dy]]) hold(code, isFar && by > 1);
    }
    for (const code of Object.keys(held)) hold(code, false);
    mouse('mouseup');
})()";

/// Whom the page plays: the same player, in the same ship, with the same points.
const WHO: &str = "(({ player, ship, score }) => ({ player, ship, score }))(tickwire.state().me)";
const ALIVE: &str = "tickwire.state().me?.alive && tickwire.state().snapshots > 15";
const RESUMED: &str = "tickwire.state().resumed && tickwire.state().me?.alive";
const BANNER: &str = "document.getElementById('banner-text').textContent";
const CAN_PLAY: &str = "document.getElementById('play')?.disabled === false";

fn wait(page: &Page<'_>, script: &str) {
    page.wait_until(script, GIVE_UP);
}

/// A page that plays in the one room, on a screen so small that two cores draw several.
fn enter<'b>(browser: &'b Browser, server: &Server, name: &str) -> Page<'b> {
    let page = browser.page();
    page.set_offline(false);
    page.become_screen(640, 480);
    page.open(&server.url(&format!("/?name={name}&room=pond&quality=low")));
    wait(&page, CAN_PLAY);
    click(&page, "play");
    page
}

fn click(page: &Page<'_>, id: &str) {
    let _ = page.eval(&format!("void document.getElementById({id:?}).click()"));
}

/// Whether the board stands in the page's corner, with all three players and the own one's score.
fn is_on_board(who: &Value) -> String {
    format!(
        "document.querySelectorAll('#leaders li').length === 3
            && document.querySelector('#leaders .self .score').textContent === '{}'",
        who["score"]
    )
}

/// Loads it anew; it is another document when this returns, and may not play yet.
fn reload(page: &Page<'_>) {
    let _ = page.eval("void (window.isOld = true)");
    page.reload();
    wait(page, "!window.isOld && window.tickwire");
}

fn shot(page: &Page<'_>, name: &str) {
    page.screenshot(&screenshots().join(format!("resume-{name}.png")));
}

fn players(server: &Server) -> Value {
    let rooms: Value = serde_json::from_slice(&server.get("/api/rooms").body).expect("it is JSON");
    rooms[0]["players"].clone()
}

#[test]
fn after_a_reload_an_outage_and_a_server_that_stood_still_it_is_the_same_ship_with_the_same_score()
{
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let settings = r#"{"obstacles": false}"#;
    let server = Server::start(&["--fill", "0", "--seed", "1", "--settings", settings]);
    let pages = ["Ann", "Bob", "Cleo"].map(|name| enter(&browser, &server, name));
    pages.iter().for_each(|page| wait(page, ALIVE));
    pages.iter().for_each(|page| drop(page.eval(&format!("void {FIGHT}"))));
    pages.iter().for_each(|page| wait(page, "tickwire.state().me.score !== 0"));
    pages.iter().for_each(|page| wait(page, ALIVE));
    let before = pages.each_ref().map(|page| page.eval(WHO));
    say(&format!("in the fight: {}", json!(before)));
    let [ann, bob, cleo] = &pages;

    // Bob's network is gone for as long as all the rest takes, and at least for so long.
    let gone = Instant::now();
    bob.set_offline(true);
    wait(ann, &is_on_board(&before[0]));
    shot(ann, "fight");
    reload(ann);
    wait(ann, &format!("{BANNER} === 'Back in your ship.'"));
    wait(ann, RESUMED);
    assert_eq!(ann.eval("document.getElementById('start').hidden"), true);
    wait(ann, &is_on_board(&before[0]));
    shot(ann, "reload");

    server.stop();
    let tick = cleo.eval("tickwire.state().tick").as_u64().expect("a number");
    sleep(STOP);
    shot(cleo, "server-stopped");
    server.run_on();
    // A second's worth of ticks.
    wait(cleo, &format!("tickwire.state().me?.alive && tickwire.state().tick > {}", tick + 30));

    sleep(OUTAGE.saturating_sub(gone.elapsed()));
    assert_ne!(bob.eval("document.body.dataset.status"), "playing", "its network is gone");
    shot(bob, "network-gone");
    // There is a ship to lose still: leaving is asked.
    click(bob, "leave");
    let asked =
        "[document.getElementById('leave').textContent, document.getElementById('start').hidden]";
    assert_eq!(bob.eval(asked), json!(["Leave?", true]));
    bob.set_offline(false);
    wait(bob, RESUMED);
    shot(bob, "network-back");

    for (page, before) in pages.iter().zip(&before) {
        assert_eq!(&page.eval(WHO), before);
    }
    assert_eq!(players(&server), 3, "nobody came twice");
    for page in [ann, cleo] {
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
    // Those of its connections that failed.
    let faults = bob.take_faults();
    assert!(faults.iter().all(|fault| fault.contains("ERR_INTERNET_DISCONNECTED")), "{faults:?}");
    keeps_its_token(ann, &server);
}

/// Its token is in its storage, and in nothing that others see.
fn keeps_its_token(page: &Page<'_>, server: &Server) {
    let token = page.eval("JSON.parse(sessionStorage.getItem('tickwire.sessions'))[0].token");
    let token = token.as_str().expect("a text");
    assert_eq!(token.len(), 48);
    let shown = page.eval(
        "JSON.stringify([location.href, history.state, document.cookie, { ...localStorage }, tickwire.state(),
            performance.getEntries().map(({ name }) => name), document.documentElement.outerHTML])",
    );
    let shown = shown.as_str().expect("a text");
    assert!(shown.len() > 1_000 && !shown.contains(token), "the token is in {shown}");
    assert!(!server.log().contains(token), "the token is in the server's log");
}

#[test]
fn a_page_that_crashed_has_its_ship_back_and_a_second_tab_is_a_second_player() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "0", "--seed", "1"]);
    let ann = enter(&browser, &server, "Ann");
    wait(&ann, ALIVE);
    let first = ann.eval(WHO);
    ann.crash();
    ann.reload();
    wait(&ann, RESUMED);
    assert_eq!(ann.eval(WHO), first, "after a crash");

    let second = ann.duplicate();
    wait(&second, CAN_PLAY);
    assert_eq!(second.eval("document.getElementById('start').hidden"), false);
    let stored = "JSON.parse(sessionStorage.getItem('tickwire.sessions'))";
    assert_eq!(second.eval(&format!("{stored}.length")), 1, "the copy of the first one's");
    click(&second, "play");
    wait(&second, ALIVE);
    assert_ne!(second.eval(WHO)["player"], first["player"], "a second player");
    assert_eq!((ann.eval(WHO), players(&server)), (first.clone(), 2.into()));

    // One that takes the first one's session all the same.
    let third = ann.duplicate();
    wait(&third, CAN_PLAY);
    let _ = third.eval(&format!(
        "void sessionStorage.setItem('tickwire.sessions',
            JSON.stringify({stored}.map((one) => ({{ ...one, isHeld: false }}))))"
    ));
    reload(&third);
    wait(&third, RESUMED);
    assert_eq!(third.eval(WHO), first);
    let message = "document.getElementById('message').textContent";
    wait(&ann, &format!("{message} === 'This game goes on in another tab or window.'"));
    shot(&ann, "elsewhere");
    // It does not take it back, and may play as another.
    sleep(Duration::from_secs(1));
    assert_eq!((third.eval(WHO), players(&server)), (first.clone(), 2.into()));
    click(&ann, "play");
    wait(&ann, ALIVE);
    assert_ne!(ann.eval(WHO)["player"], first["player"]);
    assert_eq!(players(&server), 3);
    for page in [&second, &third] {
        assert_eq!(page.take_faults(), Vec::<String>::new());
    }
}

/// In how many seconds the server closes, by the banner.
const CLOSES_IN: &str = "Number(/^Server closes in (\\d+) s\\.$/.exec(document.getElementById('banner-text').textContent)[1])";

#[test]
fn a_server_that_closes_is_counted_down_and_said_once_and_the_page_joins_the_next_one() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let mut server = Server::start(&["--fill", "0", "--seed", "1", "--drain", "12s"]);
    let page = browser.page();
    page.open(&server.url("/?play&name=Ann&room=pond&quality=low"));
    wait(&page, ALIVE);
    server.signal("TERM");
    let first = page.wait_until(CLOSES_IN, GIVE_UP).as_u64().expect("a number");
    // Two seconds are for goodbyes.
    assert!((1..=10).contains(&first), "{first}");
    shot(&page, "closing");
    let said = "[...document.querySelectorAll('#said p')].map((line) => line.textContent)
        .filter((line) => /closes/.test(line))";
    let heard = page.eval(said);
    wait(&page, &format!("tickwire.state().me?.alive && {CLOSES_IN} < {first}"));
    assert_eq!(page.eval(said), heard, "it is not read out again");
    let heard: Vec<String> = serde_json::from_value(heard).expect("a list");
    let [heard] = &heard[..] else { panic!("said once: {heard:?}") };
    assert!(heard.starts_with("The server closes in ") && heard.ends_with(" seconds."), "{heard}");
    let ended = server.ended();
    assert!(ended.success(), "{ended}:\n{}", server.log());
    wait(&page, "!tickwire.state().connected");

    server.restart_on_same_port();
    // It has the token of a session that the new server does not know.
    wait(&page, &format!("{BANNER} === 'Your place was not kept: you start anew.'"));
    wait(&page, "tickwire.state().connected && tickwire.state().me?.alive");
    assert_eq!(
        page.eval("[tickwire.state().room, tickwire.state().resumed]"),
        json!(["pond", false])
    );
    assert_eq!(players(&server), 1);
    wait(&page, &format!("{BANNER} === ''"));
}
