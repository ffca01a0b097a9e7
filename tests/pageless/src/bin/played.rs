//! A game without a page of its own, but with `keys`: it is played on the generic page.

use std::process::ExitCode;

use test_games::dots::Dots;

fn main() -> ExitCode {
    tickwire::Program::<Dots>::new().page(tickwire::page!()).main()
}
