//! What a browser loads of the page until Play can be pressed, and what comes behind the start page.
//!
//! ```text
//! cargo build --release && cargo run --release -p tests --example start-bytes [-- PROGRAM...]
//! ```
//!
//! Requests and bytes, headers included, are what the page's own record of resources says came over the
//! line, with the document. With programs it loads the page of each of them, to compare two builds. A file
//! that is under way when Play can be pressed counts as behind the start page, so two runs may differ by a
//! few of those.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::env;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use tests::real::{Browser, GIVE_UP, Server};

const RUNS: u32 = 3;
/// By then all that the start page asks for is there.
const SETTLE: Duration = Duration::from_secs(5);

/// Notes when Play can be pressed.
const WATCH: &str = "new MutationObserver((_, observer) => {
    if (document.getElementById('play')?.disabled !== false) return;
    window.playableAt = performance.now();
    observer.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true });";

/// Requests and bytes by then, and in all.
const READ: &str = "(() => {
    const all = ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind));
    const early = all.filter(({ responseEnd }) => responseEnd <= playableAt);
    return [early, all].flatMap((entries) => [
        entries.length,
        entries.reduce((sum, { transferSize }) => sum + transferSize, 0),
    ]);
})()";

fn main() {
    let programs: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    println!("| program | requests until Play | bytes | requests in all | bytes |");
    println!("|---|--:|--:|--:|--:|");
    for _ in 0..RUNS {
        for program in programs.iter().map(Some).chain(programs.is_empty().then_some(None)) {
            // A new one each time, with nothing in its cache.
            let Some(browser) = Browser::start() else { return };
            let server = match program {
                None => Server::start(&[]),
                Some(program) => Server::start_program(program, &[]),
            };
            let page = browser.page();
            page.prepare(WATCH);
            page.open(&server.url("/"));
            page.wait_until("window.playableAt", GIVE_UP);
            sleep(SETTLE);
            let read = page.eval(READ);
            let name = program.map_or_else(String::new, |program| program.display().to_string());
            println!("| {name} | {} | {} | {} | {} |", read[0], read[1], read[2], read[3]);
        }
    }
}
