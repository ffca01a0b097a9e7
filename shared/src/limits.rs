//! Every maximum, rate and size that is not a setting, in one place, with its unit in its name
//! and what happens at the limit in its comment.

use std::time::Duration;

/// The last entity that a room may show: it ends likewise when its game has given out so many. An arena
/// of 4,096 players who all shoot takes about 3.6 days for that, one of 64 more than half a year.
pub const ENTITY_LAST: u32 = u32::MAX - (1 << 24);
/// Slowest tick rate a room may run at, in ticks per second. Refused at start-up below.
pub const TICK_RATE_MIN_HZ: u16 = 1;
/// Fastest tick rate a room may run at, in ticks per second. Refused at start-up above.
pub const TICK_RATE_MAX_HZ: u16 = 240;
/// Tick rate of a room when none is set, in ticks per second.
pub const TICK_RATE_DEFAULT_HZ: u16 = 30;

/// Most players that one room may be set to hold. Refused at start-up above.
pub const ROOM_PLAYERS_MAX: u16 = 4_096;
/// Longest room name, in bytes. Longer names are refused.
pub const ROOM_NAME_MAX_BYTES: usize = 32;
/// Longest player name, in bytes: 16 of the widest characters. Longer names are cut.
pub const PLAYER_NAME_MAX_BYTES: usize = 64;

/// A room that makes as many ticks as its tick rate says, in thousandths of that.
pub const PACE_FULL_PERMILLE: u16 = 1_000;

/// Most kinds of entity, and most kinds of event, that a schema may declare. A schema with more
/// does not build.
pub const SCHEMA_KINDS_MAX: usize = 64;
/// Most fields that one kind may declare. A schema with more does not build.
pub const KIND_FIELDS_MAX: usize = 32;
/// Most fields of one kind that others are predicted from. A schema with more does not build.
pub const KIND_MOVING_MAX: usize = 8;
/// Most entities that one viewer may know. Rows beyond are not sent.
pub const SNAPSHOT_ENTITIES_MAX: usize = 65_535;
/// Most events that one snapshot carries. Older ones beyond it are dropped: events that may be
/// dropped are cosmetic by definition.
pub const SNAPSHOT_EVENTS_MAX: usize = 255;
/// For at most so many ticks since the last snapshot a player is sent where its inputs came from,
/// and its own state is replayed. After a longer gap it is sent whole.
pub const SNAPSHOT_INPUTS_MAX: usize = 64;
/// For how many ticks at most a row without news is moved on by its predictor. Then it stands.
pub const PREDICT_MAX_TICKS: u32 = 64;
/// Largest snapshot, in bytes. A decoder refuses longer ones.
pub const SNAPSHOT_MAX_BYTES: usize = 1 << 20;

/// Longest line of a recording of scenes, in bytes. A reader refuses longer ones.
pub const RECORDING_LINE_MAX_BYTES: usize = 8_192;
/// Most rows, and most events, of one tick of a recording. A reader refuses more.
pub const RECORDING_ROWS_MAX: usize = 1 << 20;

/// Most parts of an input that a schema describes. A larger input is not described.
pub const INPUT_SHAPE_NODES_MAX: usize = 256;
/// How deep the parts of an input lie in each other at most, the whole included.
pub const INPUT_SHAPE_DEPTH_MAX: usize = 16;

/// Largest encoded input of a game, in bytes. A larger one fails at room start.
pub const INPUT_MAX_BYTES: usize = 32;
/// How far ahead of the room's tick an input may be addressed: a round trip, and what a client plays
/// on for without news. Beyond it is dropped and counted.
pub const INPUT_AHEAD_MAX: Duration = Duration::from_secs(2);
/// The same at low rates, in ticks.
pub const INPUT_AHEAD_MIN_TICKS: u32 = 64;
/// For how long the last input of a silent player is repeated. After that it counts as absent.
pub const INPUT_REPEAT_MAX: Duration = Duration::from_millis(500);
/// The last tick that a room makes: it announces its end beforehand and ends there, and a client refuses
/// a later one. It lies a good way before the last number, for clients run ahead of it and things are
/// due after it.
pub const TICK_MAX: u32 = u32::MAX - (1 << 20);

/// Largest own state of a player, in bytes. A larger one is a bug of the game and ends the room.
pub const OWN_MAX_BYTES: usize = 1_024;

/// For how many ticks after the newest truth a client predicts its own player. Then it waits.
pub const HISTORY_MAX_TICKS: usize = 1_024;
/// Most corrections, and most late inputs, that a client keeps until they are asked for. The oldest
/// go.
pub const CLIENT_NOTES_MAX: usize = 256;
/// Most notices a client keeps until they are shown. The oldest go.
pub const CLIENT_NOTICES_MAX: usize = 8;
/// Most events a client keeps until they are drawn. The oldest go.
pub const CLIENT_EVENTS_MAX: usize = 1_024;
/// Most snapshots a client keeps to draw between. The oldest go.
pub const INTERPOLATION_SNAPSHOTS_MAX: usize = 64;
/// For how long others are drawn moving on without news, or for one tick. Then they stand.
pub const EXTRAPOLATION_MAX: Duration = Duration::from_millis(100);
/// For how long a client plays on that hears nothing more from its room, or for five ticks. Then
/// its own player waits: what is predicted further would hardly come true.
pub const PREDICT_SILENT_MAX: Duration = Duration::from_millis(500);
/// A spectator pings, and acknowledges what it has seen, every so often.
pub const SPECTATOR_PING_EVERY: Duration = Duration::from_millis(997);

/// Longest latency, jitter or stall that a simulated link may be set to. More is refused.
pub const LINK_DELAY_MAX: Duration = Duration::from_secs(10);
/// Most bytes under way on one direction of a simulated link. Of more the oldest come at once,
/// in order: what a link holds does not grow with what is sent.
pub const LINK_UNDER_WAY_MAX_BYTES: usize = 4 * SERVER_MESSAGE_MAX_BYTES;
/// For how long a simulated link can tell of a stall that has ended. Then it is forgotten.
pub const LINK_STALLS_KEPT: Duration = Duration::from_secs(10);

/// Longest join ticket, in bytes. A longer one is refused with its hello.
pub const TICKET_MAX_BYTES: usize = 1_024;
/// Longest text of settings that a client chooses for the room that it opens, in bytes. A longer one
/// is refused, and so is its hello.
pub const ROOM_SETTINGS_MAX_BYTES: usize = 512;
/// Largest hello, in bytes. A longer one is refused.
pub const HELLO_MAX_BYTES: usize = 288 + TICKET_MAX_BYTES + ROOM_SETTINGS_MAX_BYTES;
/// Longest text of a refusal, in bytes. Longer ones are cut by the server.
pub const REFUSAL_TEXT_MAX_BYTES: usize = 256;
/// Largest refusal, in bytes: kind, reason, the text after its length.
pub const REFUSED_MAX_BYTES: usize = 1 + 1 + 3 + REFUSAL_TEXT_MAX_BYTES;

/// Largest input message, in bytes: kind, two ticks, a rewind, the input.
pub const INPUT_MESSAGE_MAX_BYTES: usize = 1 + 5 + 5 + 3 + 1 + INPUT_MAX_BYTES;
/// Largest message of any other kind from a client, in bytes.
pub const SMALL_MESSAGE_MAX_BYTES: usize = 16;
/// Largest welcome, in bytes: it carries the level. A level that does not fit fails at room start.
pub const WELCOME_MAX_BYTES: usize = 1 << 20;
/// Largest roster message, in bytes.
pub const ROSTER_MAX_BYTES: usize = 1 << 19;
/// In a room of at most so many players each client is sent everybody's score; in a larger one, those
/// that it needs. Beyond it a client asks for a page of the board to know who is where.
pub const SCORES_FOR_ALL_MAX: usize = 32;
/// Most players on a page of the board that a client asks for. A message that asks for more is
/// refused.
pub const BOARD_PAGE_MAX: u8 = 50;
/// Largest message of scores or of a page of the board, in bytes.
pub const SCORES_MAX_BYTES: usize = 1 << 12;
/// Largest notice, in bytes. Longer texts are cut.
pub const NOTICE_MAX_BYTES: usize = 1_024;
/// Largest message a server sends, in bytes. A client refuses longer ones.
pub const SERVER_MESSAGE_MAX_BYTES: usize = WELCOME_MAX_BYTES;

// The limits must agree with each other; a wrong edit does not compile.
const _: () = {
    assert!(TICK_RATE_MIN_HZ >= 1 && TICK_RATE_MIN_HZ <= TICK_RATE_DEFAULT_HZ);
    assert!(TICK_RATE_DEFAULT_HZ <= TICK_RATE_MAX_HZ);
    assert!(
        HELLO_MAX_BYTES
            > PLAYER_NAME_MAX_BYTES
                + ROOM_NAME_MAX_BYTES
                + TICKET_MAX_BYTES
                + ROOM_SETTINGS_MAX_BYTES
                + 64
    );
    assert!(SERVER_MESSAGE_MAX_BYTES >= SNAPSHOT_MAX_BYTES);
    assert!(SERVER_MESSAGE_MAX_BYTES >= ROSTER_MAX_BYTES);
    // A page: three bytes a player, and what stands before them.
    assert!(SCORES_MAX_BYTES >= 3 * BOARD_PAGE_MAX as usize + 16);
    // Two states in hexadecimal and what stands around them; a row of numbers of 32 bits.
    assert!(RECORDING_LINE_MAX_BYTES >= 4 * OWN_MAX_BYTES + 64);
    assert!(RECORDING_LINE_MAX_BYTES >= 12 * (KIND_FIELDS_MAX + 4));
    assert!(SCHEMA_KINDS_MAX <= 256 && KIND_FIELDS_MAX <= 32);
    assert!(SNAPSHOT_ENTITIES_MAX <= u16::MAX as usize);
};
