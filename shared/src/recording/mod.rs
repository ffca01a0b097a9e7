//! Recordings of scenes (`.scenes`): a text that anyone can write from any game's world, and from
//! which the stream of any viewer can be made again.
//!
//! It owns the format: what is written ([`write_head`], [`write_tick`]) and how it is read again
//! ([`Reader`]), a line at a time, within limits. It opens no file and knows no game. The server
//! writes recordings, `examples/stream-report` reads them.
//!
//! A recording is lines of words parted by spaces. Empty lines and lines that begin with `#` say
//! nothing. First comes the head, here with one kind of entity and one of event:
//!
//! ```text
//! scenes 2
//! rate 30
//! entity ship
//! field x -8160 8160 scale 0.03125 unit u predict by 1
//! field vx -240 240 scale 0.0625 unit u/s
//! field aim 0 1023 scale 0.006135923151542565 unit rad wraps predict last-two
//! place 0 0
//! event bang
//! field x -8160 8160 scale 0.03125
//! ```
//!
//! - `scenes VERSION` is the first line, `rate TICKS_PER_SECOND` the second.
//! - `entity NAME` and `event NAME` begin the next kind of either; what follows belongs to it.
//! - `field NAME MIN MAX` is the kind's next field, a whole number of steps. Then, as needed and
//!   in any order: `scale` (how much of the unit one step is; else 1), `unit`, `wraps` (the step
//!   after MAX is MIN), and `predict` with how it moves: `hold` (as without it), `last-two`
//!   (on by the difference of its last two values), `by FIELD` (by the field of that index, in
//!   this one's unit per second), `approach FIELD RATE` (nearing that field: after a second all
//!   but `exp(-RATE)` of what was missing is made up), `along ANGLE SPEED x` or `y` (at that
//!   speed, in units per second, in the direction of that field, by its cosine or its sine).
//!   `names KIND FIELD` says that its value is that of a field of a row of that kind of entity, as
//!   the owner of a bolt is the player of a ship; `origin FIELD` that in a new row it begins at or
//!   near that field of the row so named.
//! - `place FIELD FIELD` says which two fields are the place (x, y) by which interest goes.
//! - In a name or unit, `%` and two hexadecimal digits stand for any byte, a lone `%` for an
//!   empty one.
//!
//! Then come ticks, rising; between two of them nothing is known:
//!
//! ```text
//! tick 600
//! row 17 0 1200 -3 512
//! row 21 0 40 0 12 for 3
//! event 0 1180
//! view 3 -20.5 -10 51.5 32
//! own 3 0a0b0c 0a0b0d received 1
//! ```
//!
//! - `row ENTITY KIND VALUES`, one for each entity there is, by rising entity; `event KIND VALUES`
//!   in the order in which it happened. A value is in steps. At the end may stand `for all`,
//!   `for near` (viewers that see its place), `for PLAYER` or `for PLAYER PLAYER`; without it, what has a place is for
//!   those near, and all else for all.
//! - `view PLAYER MINX MINY MAXX MAXY`, or `view PLAYER all`: a viewer and the rectangle of which
//!   it may know, in units; by rising player. The rectangle may move from tick to tick.
//! - `own PLAYER OWN REPLAYED GIVEN MARGIN` after the view of that player: its own state and what
//!   its client makes of the one before (hexadecimal, `-` for none); where its input came from (`received`, `repeated` or `absent`); by how many ticks it was early.
//!
//! This is version 2 of the format. Version 1 had a number in the place of `received`; it is refused
//! by its first line.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Reader, RecordingError, Wrong};
pub use write::{write_head, write_tick};

use crate::ids::PlayerId;
use crate::protocol::snapshot::InputSource;
use crate::scene::{Scene, View};

/// Version of the format, in the first line of every recording.
pub const VERSION: u32 = 2;

/// A scene, and who looked at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedTick {
    /// All there was to see.
    pub scene: Scene,
    /// By rising player.
    pub viewers: Vec<RecordedViewer>,
}

/// A player at a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedViewer {
    /// Who.
    pub player: PlayerId,
    /// What it might know.
    pub view: View,
    /// Its own state; `None` where a game has none.
    pub own: Option<RecordedOwn>,
}

/// The own state of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedOwn {
    /// Its own state in bincode, if it had one.
    pub own: Option<Vec<u8>>,
    /// What its client made of the own state of the tick before.
    pub replayed: Option<Vec<u8>>,
    /// Where its input of the tick came from.
    pub source: InputSource,
    /// By how many ticks its newest input came before the tick that it was for.
    pub margin_ticks: i32,
}
