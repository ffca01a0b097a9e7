//! Tag as it would be without a page of its own: it is played on the generic one, by its `keys`.

use std::process::ExitCode;

use tag_rules::Tag;

fn main() -> ExitCode {
    tickwire::Program::<Tag>::new().page(tickwire::page!()).main()
}
