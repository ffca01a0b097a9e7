//! What the page does with what browsers and people do to it: taps that are over at once.

use tests::real::{Browser, GIVE_UP, Page, Server, alone, say};

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
