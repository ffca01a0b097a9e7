//! [`Page`]: what `exports` asks of a page's client, whichever game it is of.
//!
//! [`PageClient`](crate::page_client::PageClient) is its only implementation, once for each game that is
//! exported, and says what each does; a call through it costs less than the one from JavaScript.

use tickwire_game::link::LinkSettings;

use crate::buffers::Buffers;

/// A client without its type. What gives a `u32` gives how many bytes or numbers it has left in the
/// buffers, unless it says otherwise.
pub(crate) trait Page {
    fn buffers(&mut self) -> &mut Buffers;
    /// Begins anew. In scratch: name, room, ticket, settings, token, of so many bytes.
    fn open(&mut self, now_ms: f64, spectator: bool, lens: [usize; 5]);
    /// Whether the next client that opens replays its own state.
    fn set_replays(&mut self, replays: bool);
    fn open_demo(&mut self, now_ms: f64, seed: u32, players: u32, ahead_s: f64);
    /// Gives how many steps are left that are made before the demo is shown.
    fn play_demo_ahead(&mut self, steps: u32) -> u32;
    fn advance_demo(&mut self, now_ms: f64);
    fn set_path(&mut self, now_ms: f64, settings: LinkSettings);
    fn show(&mut self, prediction: bool, interpolation: bool);
    fn receive(&mut self, now_ms: f64, len: usize);
    fn is_coming(&self) -> bool;
    fn hold(&mut self, held_len: usize, stick_len: usize) -> u32;
    fn press(&mut self, len: usize) -> u32;
    fn release(&mut self);
    /// Which keys count, by their bits.
    fn keys(&self) -> u32;
    fn hold_keys(&mut self, keys: u32, stick: u32);
    fn point(&mut self, x: f64, y: f64, aim: f64);
    /// Gives the stage.
    fn play(&mut self, now_ms: f64) -> u32;
    fn due_ms(&self) -> f64;
    fn outgoing(&mut self, now_ms: f64) -> u32;
    fn leave(&mut self, now_ms: f64);
    fn draw(&mut self, now_ms: f64) -> u32;
    fn events(&mut self) -> u32;
    fn server_rows(&mut self) -> u32;
    fn corrections(&mut self) -> u32;
    fn state(&mut self) -> u32;
    fn resume_token(&mut self) -> u32;
    fn closes_at_ms(&self) -> f64;
    fn schema(&mut self) -> u32;
    fn roster(&mut self) -> u32;
    /// Gives the roster's version.
    fn roster_version(&self) -> u32;
    fn open_board(&mut self, rows: u32);
    fn board(&mut self) -> u32;
    fn notice(&mut self) -> u32;
    fn measures(&mut self) -> u32;
    fn own(&mut self) -> u32;
    fn own_template(&mut self) -> u32;
    fn level(&mut self) -> u32;
    fn settings(&mut self) -> u32;
    fn moving(&mut self, tick: f64) -> u32;
    /// The state hash after so many ticks of a game among bots, all from `seed`.
    fn trial(&self, seed: u64, players: u32, ticks: u32) -> u64;
}
