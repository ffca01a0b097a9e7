//! How long the page takes for a frame with 64 ships, in a headless Chromium that paints without a
//! graphics processor: at full quality, and at the one that the page itself settles for.
//!
//! ```text
//! cargo build --release && cargo run --release -p tests --example frame-time [-- PROGRAM...]
//! ```
//!
//! With programs it measures the page of each of them, in turns, so that they can be compared on a machine
//! that is faster at some times than at others. It does so in several rounds and says the medians: ten
//! seconds of a fight take up to a quarter more or less than the ten seconds before.
//!
//! A frame's time is all that the page's thread does from its start until it is painted, scripts and
//! painting alike, as the page measures it (`games/skirmish/page/public/frame-time.js`). Three pictures are
//! taken: a spectator's of the whole arena; one as near as a player's, into which all 64 ships are
//! folded, since no player ever knows of so many; and a player's among the 63 others.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::env;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Key, Page, Server};

const SHIPS: &str = "64";
const PICTURES: [&str; 3] = ["whole arena", "all in a player's view", "a player among them"];
const FRAMES: u32 = 600;
/// How often programs take turns; odd, for the median.
const ROUNDS_FIXED: usize = 5;
const ROUNDS_AUTO: usize = 3;
/// With a fixed quality only the picture has to settle: newcomers are protected for four seconds.
const SETTLE_FIXED: Duration = Duration::from_secs(6);
/// After so long the page has found its quality.
const SETTLE_AUTO: Duration = Duration::from_secs(12);
const NEXT_PLAYER: Key = Key { key: "e", code: "KeyE", number: 69 };

/// Folds all ships and bolts into the screen around the followed ship, or around where it was destroyed; a
/// function of the address of `world.js`.
const FOLD: &str = "(world) => import(world).then(({ World }) => {
    const refill = World.prototype.refill;
    const fold = (value, middle, half) => {
        const span = 2 * half;
        return middle - half + ((((value - middle + half) % span) + span) % span);
    };
    World.prototype.refill = function (...given) {
        const any = refill.apply(this, given);
        const { camera } = tickwire.state();
        const { x, y } = this.shipOf(camera.player) ?? camera;
        for (const row of [...this.ships, ...this.bolts]) {
            row.x = fold(row.x, x, 31);
            row.y = fold(row.y, y, 17);
        }
        return any;
    };
})";

/// Milliseconds of each frame, by rising length, and the quality that they were drawn at.
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

    fn quantile_ms(&self, permille: usize) -> f64 {
        self.works_ms[(self.works_ms.len() - 1) * permille / 1_000]
    }
}

fn main() {
    let Some(browser) = Browser::start() else { return };
    let mut programs: Vec<Option<PathBuf>> =
        env::args_os().skip(1).map(|given| Some(given.into())).collect();
    if programs.is_empty() {
        programs.push(None);
    }
    println!(
        "| picture at 1366x768, {SHIPS} ships | asked | program | drawn | p50 ms (each round) | p95 ms |"
    );
    println!("|---|---|---|---|--:|--:|");
    let fixed = ("high", SETTLE_FIXED, ROUNDS_FIXED);
    for (asked, settle, rounds) in [fixed, ("auto", SETTLE_AUTO, ROUNDS_AUTO)] {
        // By program, then by round, then by picture.
        let mut measured: Vec<Vec<[Measured; PICTURES.len()]>> =
            programs.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            for turn in 0..programs.len() {
                // The one that goes first finds a cooler machine.
                let nth = if round % 2 == 0 { turn } else { programs.len() - 1 - turn };
                measured[nth].push(measure(&browser, programs[nth].as_deref(), asked, settle));
            }
        }
        for (nth, picture) in PICTURES.iter().enumerate() {
            for (program, measured) in programs.iter().zip(&measured) {
                let name =
                    program.as_ref().map_or(String::new(), |program| program.display().to_string());
                let of_picture: Vec<&Measured> = measured.iter().map(|round| &round[nth]).collect();
                say(picture, asked, &name, &of_picture);
            }
        }
    }
}

/// Measures the three pictures of one server's page.
fn measure(
    browser: &Browser,
    program: Option<&Path>,
    asked: &str,
    settle: Duration,
) -> [Measured; PICTURES.len()] {
    let settings = ["--fill", SHIPS, "--seed", "1", "--spectator-delay", "0"];
    let server = match program {
        None => Server::start(&settings),
        Some(program) => Server::start_program(program, &settings),
    };
    let page = browser.page();
    page.become_screen(1366, 768);
    page.open(&server.url(&format!("/?spectate&room=crowd&quality={asked}")));
    page.wait_until("tickwire.state().entities > 40", GIVE_UP);
    sleep(settle);
    let whole = Measured::of(&page);

    page.press(NEXT_PLAYER);
    let _ = page.eval(&format!("({FOLD})({:?})", page.module("world")));
    sleep(settle);
    let folded = Measured::of(&page);

    page.open(&server.url(&format!("/?play&name=Ann&room=crowd&quality={asked}")));
    page.wait_until("tickwire.state().me", GIVE_UP);
    sleep(settle);
    [whole, folded, Measured::of(&page)]
}

/// Says the median of the rounds, and each round.
fn say(picture: &str, asked: &str, program: &str, rounds: &[&Measured]) {
    let mut p50s: Vec<f64> = rounds.iter().map(|round| round.quantile_ms(500)).collect();
    let mut p95s: Vec<f64> = rounds.iter().map(|round| round.quantile_ms(950)).collect();
    let each: Vec<String> = p50s.iter().map(|p50| format!("{p50:.1}")).collect();
    p50s.sort_by(f64::total_cmp);
    p95s.sort_by(f64::total_cmp);
    let [p50, p95] = [&p50s, &p95s].map(|values| values[values.len() / 2]);
    let mut drawn: Vec<&str> = rounds.iter().map(|round| round.quality.as_str()).collect();
    drawn.sort_unstable();
    drawn.dedup();
    let (drawn, each) = (drawn.join(" "), each.join(", "));
    println!("| {picture} | {asked} | {program} | {drawn} | {p50:.1} ({each}) | {p95:.1} |");
}
