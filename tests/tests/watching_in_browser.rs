//! Who watches in a browser: whom the camera follows, and how an idle player comes to watch and is
//! back.

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Page, Server, alone, screenshots};

/// Follows the next player.
const NEXT: Key = Key { key: "e", code: "KeyE", number: 69 };
const D: Key = Key { key: "d", code: "KeyD", number: 68 };
/// What an idle player reads who watches.
const IDLE: &str = "You were idle; press any key to play.";
/// All see the room as it is.
const LIVE: [&str; 2] = ["--spectator-delay", "0"];

fn followed(page: &Page<'_>) -> Value {
    page.eval("tickwire.state().camera.player")
}

#[test]
fn a_followed_player_who_leaves_is_never_replaced_by_another() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    // Of two bots the later one makes way for a person, who comes in the very same moment.
    let server = Server::start(&[&["--fill", "2", "--seed", "1"], &LIVE[..]].concat());
    let bob = browser.page();
    bob.open(&server.url("/?spectate&room=pond"));
    bob.wait_until("tickwire.state().entities > 0", GIVE_UP);
    bob.press(NEXT);
    bob.wait_until("tickwire.state().camera.player === 0", GIVE_UP);
    bob.press(NEXT);
    bob.wait_until("tickwire.state().camera.player === 1", GIVE_UP);
    let name = bob.eval("tickwire.state().camera.name");
    let name = name.as_str().expect("bots have names");

    let ann = browser.page();
    ann.open(&server.url("/?play&name=Ann&room=pond"));
    ann.wait_until("tickwire.state().me?.alive", GIVE_UP);
    // It is said for a moment only.
    let has_left = format!(
        "tickwire.state().camera.mode === 'whole' &&
         document.getElementById('banner-text').textContent.startsWith({:?})",
        format!("{name} has left.")
    );
    bob.wait_until(&has_left, GIVE_UP);
    assert_eq!(followed(&bob), Value::Null);
    // Somebody else is followed once somebody else is chosen.
    bob.press(NEXT);
    bob.wait_until("tickwire.state().camera.mode === 'follow'", GIVE_UP);
    assert_ne!(followed(&bob), 1);
    assert_eq!(bob.take_faults(), Vec::<String>::new());
}

#[test]
fn an_idle_player_is_warned_watches_and_plays_again_by_one_key_or_press() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", "0", "--seed", "1", "--idle-after", "4"]);
    let ann = browser.page();
    ann.open(&server.url("/?play&name=Ann"));
    let plays = "tickwire.state().role === 'player' && tickwire.state().me?.alive";
    let idles = format!(
        "tickwire.state().role === 'spectator' &&
         document.getElementById('banner-text').textContent === {IDLE:?}"
    );
    ann.wait_until(plays, GIVE_UP);
    let room = ann.eval("tickwire.state().room");
    let is_warned = "document.getElementById('banner-text').textContent.startsWith('Still there?')
         && tickwire.state().role === 'player'";
    ann.wait_until(is_warned, GIVE_UP);
    ann.wait_until(&idles, GIVE_UP);
    assert_eq!(ann.eval("tickwire.state().room"), room);
    ann.screenshot(&screenshots().join("idle.png"));
    ann.press(D);
    // Soon it is warned again: what it reads is looked at in the moment in which it plays.
    let is_back =
        format!("{plays} && document.getElementById('banner-text').textContent !== {IDLE:?}");
    ann.wait_until(&is_back, GIVE_UP);
    assert_eq!(ann.eval("tickwire.state().room"), room);

    // Once more, by a press on the picture; while buttons of the page do what they are for.
    ann.wait_until(&idles, GIVE_UP);
    let _ = ann.eval("document.getElementById('watch-free').click()");
    ann.mouse("mousePressed", 640.0, 400.0);
    ann.mouse("mouseReleased", 640.0, 400.0);
    ann.wait_until(plays, GIVE_UP);
    assert_eq!(ann.take_faults(), Vec::<String>::new());
}
