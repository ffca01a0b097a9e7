//! The server of tag, and with `tag bots` its load test.

use std::process::ExitCode;

use tag_rules::Tag;

tickwire::count_memory!();

fn main() -> ExitCode {
    tickwire::Program::<Tag>::new().page(tickwire::page!()).defaults(|c| c.fill = 4).main()
}
