//! The server of Tag, and with `tag bots` its load test.

use std::process::ExitCode;

use tag_rules::Tag;

tickwire::count_memory!();

fn main() -> ExitCode {
    tickwire::Program::<Tag>::new().page(tickwire::page!()).defaults(|config| config.fill = 4).main()
}
