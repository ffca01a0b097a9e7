//! The server of cursors, and with `cursors bots` its load test.

use std::process::ExitCode;

use cursors_rules::Cursors;

fn main() -> ExitCode {
    tickwire::count_memory!();
    tickwire::Program::<Cursors>::new().page(tickwire::page!()).defaults(|c| c.fill = 0).main()
}
