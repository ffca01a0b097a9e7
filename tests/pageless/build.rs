//! Builds the wasm of the game, which is served with the generic page.

fn main() {
    tickwire_build::page("page");
}
