//! Builds the page and embeds it in the server.

fn main() {
    tickwire_build::page("page");
}
