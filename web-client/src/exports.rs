//! What JavaScript calls, by name: numbers in, numbers out, and two buffers in memory.
//!
//! `tickwire_start`, which the page's own crate exports by [`export!`](crate::export), comes first: it
//! says whose client this is. Texts and messages pass through the byte buffer ([`tickwire_scratch`],
//! [`tickwire_bytes`]), rows and events through the number buffer ([`tickwire_numbers`]). Any call may
//! move both and may grow the memory, so the page takes their places anew each time. The module imports
//! nothing. There is one client at a time; it is kept here and nowhere else, and all decisions
//! are [`PageClient`]'s. `docs/client.md` has them all.
//!
//! Naming an exported function is what the compiler calls unsafe; nothing else here is.
#![allow(unsafe_code)]

use std::cell::RefCell;

use tickwire_game::game::Game;

use crate::page::Page;
use crate::page_client::PageClient;
use crate::path::path_settings;
use crate::view::View;

/// Rises whenever a name, a number or a buffer of these functions changes its meaning.
const ABI: u32 = 4;

thread_local! {
    static PAGE: RefCell<Option<Box<dyn Page>>> = const { RefCell::new(None) };
}

/// Makes the client of a game, and gives the number of this ABI. What [`export!`](crate::export) exports
/// calls it.
pub fn start<G: Game, V: View<G>>() -> u32 {
    PAGE.set(Some(Box::new(PageClient::<G, V>::new())));
    ABI
}

fn page<T>(act: impl FnOnce(&mut dyn Page) -> T) -> T {
    PAGE.with_borrow_mut(|page| {
        act(page.as_mut().expect("JavaScript calls tickwire_start first").as_mut())
    })
}

/// Makes room for `len` bytes and says where, for the page to write there.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_scratch(len: u32) -> *mut u8 {
    page(|page| page.buffers().scratch(len as usize).as_mut_ptr())
}

/// Where the bytes are whose number the last call gave.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_bytes() -> *const u8 {
    page(|page| page.buffers().bytes.as_ptr())
}

/// Where the numbers are whose count the last call gave.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_numbers() -> *const f64 {
    page(|page| page.buffers().numbers.as_ptr())
}

/// Begins anew. In scratch: the name, the room's name (none for any room), the ticket (none for a guest),
/// the settings for a room that this opens, as JSON (none for the usual ones), and the token of the session
/// that it resumes, as hexadecimal digits (none for a new one).
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_open(
    now_ms: f64,
    spectator: u32,
    name_len: u32,
    room_len: u32,
    ticket_len: u32,
    settings_len: u32,
    resume_len: u32,
) {
    let lens = [name_len, room_len, ticket_len, settings_len, resume_len].map(|len| len as usize);
    page(|page| page.open(now_ms, spectator != 0, lens));
}

/// Whether the clients that open from now on replay their own state by the game's rules, as they do at
/// first: its snapshots are smaller then, and can be decoded by who knows the rules alone.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_replays(replays: u32) {
    page(|page| page.set_replays(replays != 0));
}

/// Puts the network between socket and client under these conditions, from now on and for all
/// clients to come: a longer round trip, up to so much more for each message each way, stalls of
/// one length for a share of the time. All 0 is none: what is under way comes at once.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_link(
    now_ms: f64,
    latency_ms: f64,
    jitter_ms: f64,
    stall_percent: f64,
    stall_ms: f64,
) {
    let settings = path_settings(latency_ms, jitter_ms, stall_percent, stall_ms);
    page(|page| page.set_path(now_ms, settings));
}

/// Shows the own player where it is predicted to be or where the server last had it, and the
/// others between two snapshots or as the newest has them; for all clients to come, too.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_show(prediction: u32, interpolation: u32) {
    page(|page| page.show(prediction != 0, interpolation != 0));
}

/// Begins anew with a room of `players` bots in the page itself, which play for `ahead_s` seconds, at
/// most a minute, before anything is shown: in calls of [`tickwire_demo_ahead`].
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_demo(now_ms: f64, seed: u32, players: u32, ahead_s: f64) {
    page(|page| page.open_demo(now_ms, seed, players, ahead_s));
}

/// Makes up to so many of the steps before that room is shown. Gives how many are left: 0 once it can be.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_demo_ahead(steps: u32) -> u32 {
    page(|page| page.play_demo_ahead(steps))
}

/// Steps that room up to now, once it is shown.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_demo_advance(now_ms: f64) {
    page(|page| page.advance_demo(now_ms));
}

/// Puts the message of `len` bytes in scratch on the way to the client.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_receive(now_ms: f64, len: u32) {
    page(|page| page.receive(now_ms, len as usize));
}

/// Whether a message is on the way to the client.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_is_coming() -> u32 {
    page(|page| page.is_coming()).into()
}

/// What the player holds from now on: to be called whenever that changes, however soon after the last
/// time. In scratch, packed: what is held, then what sticks point at. Gives 0, or the length of what is
/// wrong with it, as text.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_hold(held_len: u32, stick_len: u32) -> u32 {
    page(|page| page.hold(held_len as usize, stick_len as usize))
}

/// What the player presses for a moment. In scratch, packed. Gives 0, or the length of what is wrong with
/// it, as text.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_press(len: u32) -> u32 {
    page(|page| page.press(len as usize))
}

/// Nobody is there until something is held or pressed again.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_release() {
    page(|page| page.release());
}

/// Which keys of a generic page change the game's input, by their bits (`KEYS` in `build/kit/core.js`);
/// 0 if the game has no `keys`.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_keys() -> u32 {
    page(|page| page.keys())
}

/// What the player holds from now on in place of an input: keys, and what the stick points at, by their
/// bits.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_hold_keys(keys: u32, stick: u32) {
    page(|page| page.hold_keys(keys, stick));
}

/// Where the pointer is, in the game's units, and its direction from the own row, in radians; not a number
/// where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_point(x: f64, y: f64, aim: f64) {
    page(|page| page.point(x, y, aim));
}

/// Takes the messages that have come, and makes the player's ticks that are due; gives the stage
/// (`Stage` in `build/kit/core.js`).
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_play(now_ms: f64) -> u32 {
    page(|page| page.play(now_ms))
}

/// When to call `tickwire_play` next, in milliseconds; infinite if not at all.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_due() -> f64 {
    page(|page| page.due_ms())
}

/// Takes the next message to be sent now; gives its length in bytes, 0 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_outgoing(now_ms: f64) -> u32 {
    page(|page| page.outgoing(now_ms))
}

/// Queues a goodbye; it and all before it are to be sent now.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_leave(now_ms: f64) {
    page(|page| page.leave(now_ms));
}

/// What is to be drawn now: the tick of the others, that of the own player, then rows of entity,
/// kind, whether it is the own player's as predicted, values.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_draw(now_ms: f64) -> u32 {
    page(|page| page.draw(now_ms))
}

/// Takes what has happened since, up to what is drawn: rows of tick, kind, count, values.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_events() -> u32 {
    page(|page| page.events())
}

/// The newest snapshot as the server sent it, the own player's state included: numbers as
/// `tickwire_draw` has them, both ticks the snapshot's.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_server_rows() -> u32 {
    page(|page| page.server_rows())
}

/// Takes the corrections of the own player since: rows of tick, distance, x and y before, x and y after,
/// the latter four not numbers if it has no place.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_corrections() -> u32 {
    page(|page| page.corrections())
}

/// How far the client is and what it counted, in JSON.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_state() -> u32 {
    page(|page| page.state())
}

/// By which the session can be resumed over another connection, as hexadecimal digits; 0 bytes outside of a
/// room. It is not a part of the state: one who reads it can take the player over, and states are shown and
/// logged.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_resume_token() -> u32 {
    page(|page| page.resume_token())
}

/// When the server closes at the latest, in milliseconds; infinite if it has not said that it does.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_closes_at() -> f64 {
    page(|page| page.closes_at_ms())
}

/// The constants of the rules that a page draws by, in JSON.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_measures() -> u32 {
    page(|page| page.measures())
}

/// The player's own state as predicted: a number that changes with its shape, then its leaves, which are
/// its numbers and booleans; nothing when there is no own state.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_own() -> u32 {
    page(|page| page.own())
}

/// The template of the own state that the last `tickwire_own` gave, in JSON: where each leaf goes, by its
/// number, `-1 - n` for a boolean.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_own_template() -> u32 {
    page(|page| page.own_template())
}

/// What rows and events mean, in JSON; 0 bytes outside of a room.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_schema() -> u32 {
    page(|page| page.schema())
}

/// What never changes, in JSON; 0 bytes outside of a room.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_level() -> u32 {
    page(|page| page.level())
}

/// The settings of the room, in JSON; 0 bytes outside of a room.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_settings() -> u32 {
    page(|page| page.settings())
}

/// What moves in the level by the tick alone, at a moment in ticks of the room: numbers as the game's view
/// has them.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_moving(tick: f64) -> u32 {
    page(|page| page.moving(tick))
}

/// Who is in the room, in JSON; 0 bytes outside of a room.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_roster() -> u32 {
    page(|page| page.roster())
}

/// Rises whenever the roster changed.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_roster_version() -> u32 {
    page(|page| page.roster_version())
}

/// Has so many rows of the board open: in a room where not all scores are sent, the client asks the
/// server for that page.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_open_board(rows: u32) {
    page(|page| page.open_board(rows));
}

/// The page as the server sent it, in JSON; 0 bytes where the roster has all scores.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_board() -> u32 {
    page(|page| page.board())
}

/// Takes the next notice, as text; 0 bytes when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_notice() -> u32 {
    page(|page| page.notice())
}

/// The state hash after a game among bots: the proof that this machine plays by the same bits.
#[unsafe(no_mangle)]
pub extern "C" fn tickwire_trial(seed: u64, players: u32, ticks: u32) -> u64 {
    page(|page| page.trial(seed, players, ticks))
}
