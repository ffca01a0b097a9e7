//! The server of tag, and with `tag bots` its load test.

use std::process::ExitCode;

use tag_rules::Tag;

fn main() -> ExitCode {
    tickwire::count_memory!();
    tickwire::Program::<Tag>::new().page(tickwire::page!()).defaults(|c| c.fill = 4).main()
}
