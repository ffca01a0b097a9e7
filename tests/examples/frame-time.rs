//! How long the page takes for a frame with 64 ships, in a headless Chromium that paints without a
//! graphics processor: at full quality, and at the one that the page itself settles for.
//!
//! ```text
//! cargo build --release && cargo run --release -p tests --example frame-time [-- PROGRAM...]
//! ```
//!
//! With several programs it compares their pages at full quality. All are open; they take turns, in which
//! one draws and the others are held, so that a machine whose speed changes treats them alike. One start of
//! a browser may be a twentieth slower than another, hence several rounds with new browsers.
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

use tests::real::{Browser, GIVE_UP, Key, Page, Server};

const SHIPS: &str = "64";
const PICTURES: [Picture; 3] = [Picture::Arena, Picture::Folded, Picture::Player];
const FRAMES: u32 = 600;
/// The picture has settled, and newcomers' protection is over.
const SETTLE: Duration = Duration::from_secs(6);
/// After so long the page has found its quality.
const SETTLE_AUTO: Duration = Duration::from_secs(12);

/// How often browsers are started anew to compare programs, and how many turns each page has then; odd, for
/// the medians.
const ROUNDS: usize = 3;
const TURNS: usize = 7;
/// Frames of a turn, after those in which the effects are there again: a page drops them after a hold, and
/// the longest lasts 1.1 s.
const TURN_FRAMES: u32 = 90;
const TURN_SETTLES_FRAMES: u32 = 72;
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

/// Holds a page's frames while `held` is set, and lets it go on by `go()`.
const HOLD: &str = "(() => {
    const ask = requestAnimationFrame.bind(window);
    let waiting = [];
    window.held = false;
    window.requestAnimationFrame = (act) => ask((now) => {
        if (window.held) waiting.push(act);
        else act(now);
    });
    window.go = () => {
        window.held = false;
        for (const act of waiting.splice(0)) requestAnimationFrame(act);
    };
})()";

#[derive(Clone, Copy, PartialEq)]
enum Picture {
    Arena,
    Folded,
    Player,
}

impl Picture {
    fn name(self) -> &'static str {
        match self {
            Picture::Arena => "whole arena",
            Picture::Folded => "all in a player's view",
            Picture::Player => "a player among them",
        }
    }
}

/// Numbers by rising size.
struct Sorted(Vec<f64>);

impl Sorted {
    fn of(values: impl IntoIterator<Item = f64>) -> Sorted {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Sorted(sorted)
    }

    fn quantile(&self, permille: usize) -> f64 {
        self.0[(self.0.len() - 1) * permille / 1_000]
    }

    fn median(&self) -> f64 {
        self.quantile(500)
    }
}

/// Milliseconds of the next frames.
fn frame_times(page: &Page<'_>, frames: u32) -> Sorted {
    let recorded = page.eval(&format!("tickwire.record({frames})"));
    let frames = recorded["frames"].as_array().expect("the page records frames");
    Sorted::of(frames.iter().map(|frame| frame["work_ms"].as_f64().expect("a number")))
}

fn main() {
    let Some(browser) = Browser::start() else { return };
    let programs: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if programs.len() > 1 {
        drop(browser);
        return compare(&programs);
    }
    let program = programs.first().map(PathBuf::as_path);
    println!("| picture at 1366x768, {SHIPS} ships | asked | drawn | p50 ms | p95 ms |");
    println!("|---|---|---|--:|--:|");
    for (asked, settle) in [("high", SETTLE), ("auto", SETTLE_AUTO)] {
        let server = start(program);
        for picture in PICTURES {
            let page = browser.page();
            open(&page, &server, picture, asked);
            sleep(settle);
            let times = frame_times(&page, FRAMES);
            let drawn = page.eval("tickwire.state().quality");
            let (drawn, name) = (drawn.as_str().unwrap_or("none"), picture.name());
            let (p50, p95) = (times.median(), times.quantile(950));
            println!("| {name} | {asked} | {drawn} | {p50:.1} | {p95:.1} |");
        }
    }
}

fn start(program: Option<&Path>) -> Server {
    // The player of these pages does nothing.
    let still = ["--idle-after", "0", "--spectator-delay", "0"];
    let settings = [&["--fill", SHIPS, "--seed", "1"][..], &still].concat();
    match program {
        None => Server::start(&settings),
        Some(program) => Server::start_program(program, &settings),
    }
}

/// Brings a page into one of the pictures.
fn open(page: &Page<'_>, server: &Server, picture: Picture, asked: &str) {
    page.become_screen(1366, 768);
    if picture == Picture::Player {
        page.open(&server.url(&format!("/?play&name=Ann&room=crowd&quality={asked}")));
        page.wait_until("tickwire.state().me", GIVE_UP);
        return;
    }
    page.open(&server.url(&format!("/?spectate&room=crowd&quality={asked}")));
    page.wait_until("tickwire.state().entities > 40", GIVE_UP);
    if picture == Picture::Folded {
        page.press(NEXT_PLAYER);
        let _ = page.eval(&format!("({FOLD})({:?})", page.module("world")));
    }
}

/// The median frame of each turn.
type TurnMedians = Vec<f64>;

/// Has the pages of several programs drawn in turns.
fn compare(programs: &[PathBuf]) {
    println!(
        "| picture at 1366x768, {SHIPS} ships | program | p50 ms | to the first: median (each round) |"
    );
    println!("|---|---|--:|--:|");
    for picture in PICTURES {
        // By round, then by program.
        let rounds: Vec<Vec<TurnMedians>> =
            (0..ROUNDS).map(|_| in_turns(programs, picture)).collect();
        for (nth, program) in programs.iter().enumerate() {
            let p50 = Sorted::of(rounds.iter().flat_map(|round| round[nth].clone())).median();
            let ratio = |round: &Vec<TurnMedians>| {
                let turns = round[nth].iter().zip(&round[0]);
                Sorted::of(turns.map(|(own, first)| own / first)).median()
            };
            let ratios: Vec<f64> = rounds.iter().map(ratio).collect();
            let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
            let (name, program, each) = (picture.name(), program.display(), each.join(", "));
            let ratio = Sorted::of(ratios).median();
            println!("| {name} | {program} | {p50:.1} | {ratio:.2} ({each}) |");
        }
    }
}

/// A round of one picture, by program.
fn in_turns(programs: &[PathBuf], picture: Picture) -> Vec<TurnMedians> {
    let start_both =
        |program: &PathBuf| (Browser::start().expect("there was one"), start(Some(program)));
    let started: Vec<(Browser, Server)> = programs.iter().map(start_both).collect();
    let pages: Vec<Page<'_>> = started.iter().map(|(browser, _)| browser.page()).collect();
    for (page, (_, server)) in pages.iter().zip(&started) {
        page.prepare(HOLD);
        open(page, server, picture, "high");
        sleep(SETTLE);
        let _ = page.eval("void (held = true)");
    }
    let mut medians = vec![TurnMedians::new(); programs.len()];
    for turn in 0..TURNS {
        for at in 0..pages.len() {
            // None of them is always the first.
            let nth = (at + turn) % pages.len();
            let _ = pages[nth].eval("void go()");
            let _ = frame_times(&pages[nth], TURN_SETTLES_FRAMES);
            medians[nth].push(frame_times(&pages[nth], TURN_FRAMES).median());
            let _ = pages[nth].eval("void (held = true)");
        }
    }
    let role = if picture == Picture::Player { "player" } else { "spectator" };
    for page in &pages {
        assert_eq!(page.eval("tickwire.state().role"), role, "another picture was measured");
    }
    medians
}
