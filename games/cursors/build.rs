//! Builds the page into the program.

fn main() {
    tickwire_build::page("page");
}
