//! How long the page takes for a frame with 64 ships, in a headless Chromium that paints without a
//! graphics processor: at full quality, and at the one that the page itself settles for.
//!
//! ```text
//! cargo build --release && cargo run --release -p tests --example frame-time [-- PROGRAM...]
//! ```
//!
//! With programs it measures the page of each of them, in turns, so that they can be compared on a machine
//! that is faster at some times than at others.
//!
//! A frame's time is all that the page's thread does from its start until it is painted, scripts and
//! painting alike, as the page measures it (`games/skirmish/page/public/frame-time.js`). Three pictures are
//! taken: a spectator's of the whole arena; one as near as a player's, into which all 64 ships are
//! folded, since no player ever knows of so many; and a player's among the 63 others.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::env;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Page, Server};

const SHIPS: &str = "64";
const FRAMES: u32 = 600;
/// After so long the page has found its quality.
const SETTLE: Duration = Duration::from_secs(12);
const NEXT_PLAYER: Key = Key { key: "e", code: "KeyE", number: 69 };

/// Folds all that is drawn into the screen around the player that is followed; a function of the address of
/// `world.js`.
const FOLD: &str = "(world) => import(world).then(({ World }) => {
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

    fn say(&self, picture: &str, asked: &str, program: &str) {
        let part = |permille: usize| self.works_ms[(self.works_ms.len() - 1) * permille / 1_000];
        let [p50, p95] = [part(500), part(950)];
        let drawn = &self.quality;
        println!("| {picture} | {asked} | {program} | {drawn} | {p50:.1} | {p95:.1} |");
    }
}

fn main() {
    let Some(browser) = Browser::start() else { return };
    let settings = ["--fill", SHIPS, "--seed", "1", "--spectator-delay", "0"];
    let programs: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    println!("| picture at 1366x768, {SHIPS} ships | asked | program | drawn | p50 ms | p95 ms |");
    println!("|---|---|---|---|--:|--:|");
    let mut turns: Vec<(String, &str)> = Vec::new();
    for asked in ["high", "auto"] {
        let names = programs.iter().map(|program| program.display().to_string());
        turns.extend(names.map(|name| (name, asked)));
        if programs.is_empty() {
            turns.push((String::new(), asked));
        }
    }
    for (program, asked) in turns {
        let server = match program.as_str() {
            "" => Server::start(&settings),
            program => Server::start_program(program.as_ref(), &settings),
        };
        measure(&browser, &server, asked, &program);
    }
}

/// Measures the three pictures of one server's page.
fn measure(browser: &Browser, server: &Server, asked: &str, program: &str) {
    let page = browser.page();
    page.become_screen(1366, 768);
    page.open(&server.url(&format!("/?spectate&room=crowd&quality={asked}")));
    page.wait_until("tickwire.state().entities > 40", GIVE_UP);
    sleep(SETTLE);
    Measured::of(&page).say("whole arena", asked, program);

    page.press(NEXT_PLAYER);
    let _ = page.eval(&format!("({FOLD})({:?})", page.module("world")));
    sleep(SETTLE);
    Measured::of(&page).say("all in a player's view", asked, program);

    page.open(&server.url(&format!("/?play&name=Ann&room=crowd&quality={asked}")));
    page.wait_until("tickwire.state().me", GIVE_UP);
    sleep(SETTLE);
    Measured::of(&page).say("a player among them", asked, program);
}
