//! Watching in a browser: which player the camera follows, and how an idle player comes to watch
//! and is back.

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Page, Server, alone, poll, screenshots};

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

/// Has the page keep what its banner says and all that it will say, which may stand for a moment only.
fn keep_banner(page: &Page<'_>) {
    let _ = page.eval(
        "{
           const banner = document.getElementById('banner-text');
           window.banners = [banner.textContent];
           const keep = () => void banners.push(banner.textContent);
           new MutationObserver(keep).observe(banner, { childList: true, characterData: true });
         }",
    );
}

/// What it has said since it was last asked.
fn take_banners(page: &Page<'_>) -> Vec<String> {
    let texts = page.eval("banners.splice(0)");
    serde_json::from_value(texts).expect("a list of texts")
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
    // Who has no ship just now is passed over.
    let followed_name = poll(GIVE_UP, || {
        bob.press(NEXT);
        (followed(&bob) == 1).then(|| bob.eval("tickwire.state().camera.name"))
    });
    let name = followed_name.expect("the later bot is followed");
    let name = name.as_str().expect("bots have names");
    keep_banner(&bob);

    let ann = browser.page();
    ann.open(&server.url("/?play&name=Ann&room=pond"));
    ann.wait_until("tickwire.state().me?.alive", GIVE_UP);
    bob.wait_until("tickwire.state().camera.mode === 'whole'", GIVE_UP);
    assert_eq!(followed(&bob), Value::Null);
    let said = take_banners(&bob);
    assert!(said.iter().any(|text| text.starts_with(&format!("{name} has left."))), "{said:?}");
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
    keep_banner(&ann);
    ann.wait_until(&idles, GIVE_UP);
    let said = take_banners(&ann);
    assert!(said.iter().any(|text| text.starts_with("Still there?")), "{said:?}");
    assert_eq!(ann.eval("tickwire.state().room"), room);
    ann.screenshot(&screenshots().join("idle.png"));
    ann.press(D);
    ann.wait_until(plays, GIVE_UP);
    assert_eq!(ann.eval("tickwire.state().room"), room);
    // It may be warned again by now, but not in place of what it read as a spectator.
    let said = take_banners(&ann);
    assert!(said.contains(&String::new()), "{said:?}");

    // Once more, by a press on the picture; while buttons of the page do what they are for.
    ann.wait_until(&idles, GIVE_UP);
    let _ = ann.eval("document.getElementById('watch-free').click()");
    ann.mouse("mousePressed", 640.0, 400.0);
    ann.mouse("mouseReleased", 640.0, 400.0);
    ann.wait_until(plays, GIVE_UP);
    assert_eq!(ann.take_faults(), Vec::<String>::new());
}
