//! Embeds the generic page and the laboratory.

fn main() {
    tickwire_build::viewer();
}
