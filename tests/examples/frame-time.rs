//! How long the page takes for a frame with 64 ships, in a headless Chromium that paints without a
//! graphics processor: at full quality, and at the one that the page itself settles for.
//!
//! ```text
//! cargo build --release -p tickwire && cargo run --release -p tests --example frame-time
//! ```
//!
//! A frame's time is all that the page's thread does from its start until it is painted, scripts and
//! painting alike, as the page measures it (`games/skirmish/page/public/frame-time.js`). Three pictures are
//! taken: a spectator's of the whole arena; one as near as a player's, into which all 64 ships are
//! folded, since no player ever knows of so many; and a player's among the 63 others.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Page, Server};

const SHIPS: &str = "64";
const FRAMES: u32 = 600;
/// After so long the page has found its quality.
const SETTLE: Duration = Duration::from_secs(12);
const NEXT_PLAYER: Key = Key { key: "e", code: "KeyE", number: 69 };

/// Folds all that is drawn into the screen around the player that is followed.
const FOLD: &str = "import('/world.js').then(({ World }) => {
    const refill = World.prototype.refill;
    const fold = (value, middle, half) => {
        const span = 2 * half;
        return middle - half + ((((value - middle + half) % span) + span) % span);
    };
    World.prototype.refill = function (...given) {
        const any = refill.apply(this, given);
        const followed = this.shipOf(tickwire.state().camera.player) ?? this.ships[0];
        if (!followed) return any;
        const { x, y } = followed;
        for (const row of [...this.ships, ...this.bolts]) {
            row.x = fold(row.x, x, 31);
            row.y = fold(row.y, y, 17);
        }
        return any;
    };
})";

/// Milliseconds of each frame, by rising length, and how many of them were missed.
struct Measured {
    works_ms: Vec<f64>,
    quality: String,
}

impl Measured {
    /// Of the next frames.
    fn of(page: &Page<'_>) -> Measured {
        let recorded = page.eval(&format!("tickwire.record({FRAMES})"));
        let frames = recorded["frames"].as_array().expect("the page records frames");
        let work = |frame: &Value| frame["work_ms"].as_f64().expect("the page records numbers");
        let mut works_ms: Vec<f64> = frames.iter().map(work).collect();
        works_ms.sort_by(f64::total_cmp);
        let quality = page.eval("tickwire.state().quality");
        Measured { works_ms, quality: quality.as_str().unwrap_or("none").to_owned() }
    }

    fn say(&self, picture: &str, asked: &str) {
        let part = |permille: usize| self.works_ms[(self.works_ms.len() - 1) * permille / 1_000];
        let [p50, p95] = [part(500), part(950)];
        let drawn = &self.quality;
        println!("| {picture} | {asked} | {drawn} | {p50:.1} | {p95:.1} |");
    }
}

fn main() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start(&["--fill", SHIPS, "--seed", "1", "--spectator-delay", "0"]);
    println!("| picture at 1366x768, {SHIPS} ships | asked | drawn | p50 ms | p95 ms |");
    println!("|---|---|---|--:|--:|");
    for asked in ["high", "auto"] {
        let page = browser.page();
        page.become_screen(1366, 768);
        page.open(&server.url(&format!("/?spectate&room=crowd&quality={asked}")));
        page.wait_until("tickwire.state().entities > 40", GIVE_UP);
        sleep(SETTLE);
        Measured::of(&page).say("whole arena", asked);

        page.press(NEXT_PLAYER);
        let _ = page.eval(FOLD);
        sleep(SETTLE);
        Measured::of(&page).say("all in a player's view", asked);

        page.open(&server.url(&format!("/?play&name=Ann&room=crowd&quality={asked}")));
        page.wait_until("tickwire.state().me", GIVE_UP);
        sleep(SETTLE);
        Measured::of(&page).say("a player among them", asked);
    }
}
