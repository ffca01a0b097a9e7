//! How long it takes from the click on a link until the own ship is on the screen, far from the server: at the
//! first visit, and at a second one that finds the page's files in the browser.
//!
//! ```text
//! cargo run --release -p skirmish -- --listen 127.0.0.1:7777
//! cargo run --release -p tests --example cold-start -- 127.0.0.1:7777
//! ```
//!
//! Two sorts of distance, of 150 ms a round trip and 10 Mbit/s unless said otherwise:
//!
//! - `chromium`: the browser's own throttling, as in its developer tools. It delays each request and
//!   bounds the rate of what comes; connecting costs nothing, and WebSockets are as near as they are.
//! - `tcp`: a proxy (`far_line.rs`) that delays all bytes, handshakes too, and has connections begin slowly,
//!   as TCP does.
//!
//! Each run has a browser and a profile of its own. The second visit comes in a new tab after that the server
//! has closed the connections of the first, and the next run likewise. Times are the page's, from the start of its navigation;
//! requests and bytes are what the page's own record of resources says came over the line, with one more for the
//! WebSocket and without the icon.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

mod far_line;

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde_json::Value;
use tests::real::{Browser, GIVE_UP};

use self::far_line::FarLine;

/// A server keeps connections open for less, and so does a browser by what the server says.
const CONNECTIONS_CLOSE_AFTER: Duration = Duration::from_secs(11);
/// What comes with the first frames is in the count of requests.
const SETTLE: Duration = Duration::from_millis(500);

#[derive(Parser)]
struct Options {
    /// The address of a running server of Skirmish
    server: SocketAddr,
    /// How many times
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Milliseconds of a round trip
    #[arg(long, default_value_t = 150)]
    round_trip_ms: u32,
    /// Megabits per second
    #[arg(long, default_value_t = 10.0)]
    megabits: f64,
    /// What the distance is made by
    #[arg(long, value_enum, default_values = ["chromium", "tcp"])]
    by: Vec<Model>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    Chromium,
    Tcp,
    /// None: how long it takes by itself
    None,
}

/// Runs in the page before anything of its own: notes when what happened first.
const WATCH: &str = "(() => {
    const at = (window.coldStart = {});
    const note = (what) => (at[what] ??= performance.now());
    let state;
    Object.defineProperty(window, 'tickwire', {
        configurable: true,
        get: () => state,
        set: (value) => { note('script'); state = value; },
    });
    const Plain = WebSocket;
    window.WebSocket = class extends Plain {
        constructor(...given) {
            super(...given);
            note('socket');
            this.addEventListener('open', () => note('open'));
            this.addEventListener('message', () => note('message'));
        }
    };
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...given) => {
        const made = await instantiate(...given);
        note('wasm');
        return made;
    };
    const frame = () => {
        if (at.drawn) return;
        requestAnimationFrame(frame);
        // The frame that comes after this callback; what was painted is on the screen after it.
        tickwire?.record(1).then(({ frames: [drawn] }) => {
            if (drawn.own) setTimeout(() => note('drawn'));
        });
    };
    requestAnimationFrame(frame);
})()";

/// What was noted, and what came over the line.
const READ: &str = "(() => {
    const [page] = performance.getEntriesByType('navigation');
    const all = [page, ...performance.getEntriesByType('resource')];
    const over = all.filter(({ transferSize }) => transferSize > 0);
    const bytes = over.reduce((sum, { transferSize }) => sum + transferSize, 0);
    return { ...coldStart, html: page.responseEnd, requests: over.length + 1, bytes };
})()";

/// The columns that are times, as the page names them.
const TIMES: [&str; 7] = ["html", "script", "socket", "open", "wasm", "message", "drawn"];

fn main() {
    let options = Options::parse();
    let address = options.server;
    let rate = (options.megabits * 125_000.0) as u32;
    let round_trip = Duration::from_millis(options.round_trip_ms.into());
    println!("| line | visit | run | {} | requests | bytes |", TIMES.join(" | "));
    println!("|---|---|--:|{}--:|--:|", "--:|".repeat(TIMES.len()));
    for model in &options.by {
        let line = (*model == Model::Tcp).then(|| FarLine::start(address, round_trip, rate));
        let through = line.as_ref().map_or(address, FarLine::address);
        let url = format!("http://{through}/?play&name=Ann");
        let mut drawn = [Vec::new(), Vec::new()];
        for run in 1..=options.runs {
            let Some(browser) = Browser::start() else { return };
            for (visit, drawn) in ["first", "second"].iter().zip(&mut drawn) {
                let page = browser.page_of_profile();
                if *model == Model::Chromium {
                    page.throttle(options.round_trip_ms, rate);
                }
                page.prepare(WATCH);
                page.open(&url);
                page.wait_until("coldStart.drawn", GIVE_UP);
                sleep(SETTLE);
                let read = page.eval(READ);
                println!("| {model:?} | {visit} | {run} | {} |", row(&read));
                drawn.push(read["drawn"].as_f64().expect("it was drawn"));
                drop(page);
                // Also after the last of a run: who comes within two seconds of one who left waits for a ship, and
                // that would be in the figures of the next.
                sleep(CONNECTIONS_CLOSE_AFTER);
            }
        }
        for (visit, drawn) in ["first", "second"].iter().zip(&mut drawn) {
            drawn.sort_by(f64::total_cmp);
            println!(
                "| {model:?} | {visit} | median | drawn after {:.0} ms |",
                drawn[drawn.len() / 2]
            );
        }
    }
}

fn row(read: &Value) -> String {
    let times =
        TIMES.map(|name| read[name].as_f64().map_or("-".to_owned(), |ms| format!("{ms:.0}")));
    format!("{} | {} | {}", times.join(" | "), read["requests"], read["bytes"])
}
