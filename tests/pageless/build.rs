//! Builds the wasm of Tag, to be served with the generic page.

fn main() {
    tickwire_build::Page::new("../../games/tag/page").generic().build();
}
