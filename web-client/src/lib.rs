//! The browser's client of a game, compiled to WebAssembly: everything of a client but its socket and its
//! screen, which are the page's.
//!
//! A page of an own game has a crate of its own, a `cdylib` with this one line:
//!
//! ```
//! # use test_games::dots::Dots;
//! tickwire_web::export!(Dots);
//! ```
//!
//! [`exports`] is what JavaScript calls, `tickwire.js` is who calls it, and `page_client` does the work, for
//! any game; `buffers` is the memory through which the two see each other. `input` makes inputs of what
//! is held, by way of `latch`, which keeps what is pressed between two ticks; `held_keys` does so on a page
//! that knows no game. `path` is the network that a
//! player may simulate, `share` a figure of how well the client copes with it. `demo` plays a room without a
//! server. `value` is what a game's types look like from JavaScript; `texts` says in `json` what is too rare
//! or too irregular for numbers.

mod buffers;
mod demo;
pub mod exports;
mod held_keys;
mod input;
mod json;
mod latch;
mod page;
mod page_client;
mod path;
mod share;
mod texts;
mod value;
mod view;

pub use exports::start;
pub use view::{Plain, View};

/// Makes the wasm of a page the client of a game: `export!(Tag)`, in a crate of the type `cdylib`.
///
/// With a second type, a [`View`], the page sees of the game what that says: `export!(Tag, TagView)`.
///
/// To export a function is what the compiler calls unsafe, and this exports one. It may stand in a crate
/// that forbids `unsafe_code`: lints look at the author's own code, not at what a macro of another crate
/// expands to.
#[macro_export]
macro_rules! export {
    ($game:ty) => {
        $crate::export!($game, $crate::Plain);
    };
    ($game:ty, $view:ty) => {
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn tickwire_start() -> u32 {
                $crate::start::<$game, $view>()
            }
        };
    };
}
