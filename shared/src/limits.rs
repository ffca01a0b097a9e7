//! Every maximum, rate and size that is not a setting, in one place, with its unit in its name
//! and what happens at the limit in its comment.

use std::time::Duration;

/// Slowest tick rate a room may run at, in ticks per second. Refused at start-up below.
pub const TICK_RATE_MIN_HZ: u16 = 1;
/// Fastest tick rate a room may run at, in ticks per second. Refused at start-up above.
pub const TICK_RATE_MAX_HZ: u16 = 240;
/// Tick rate of a room when none is set, in ticks per second.
pub const TICK_RATE_DEFAULT_HZ: u16 = 30;

/// Most players that one room may be set to hold. Refused at start-up above.
pub const ROOM_PLAYERS_MAX: u16 = 4_096;
/// Most spectators of one room. More are refused as by a full room, and counted: a crowd must
/// not take the time that the shard has for its players.
pub const ROOM_SPECTATORS_MAX: u32 = 2_000;
/// Longest room name, in bytes. Longer wishes are refused.
pub const ROOM_NAME_MAX_BYTES: usize = 32;
/// Longest player name, in characters. Longer names are cut.
pub const PLAYER_NAME_MAX_CHARS: usize = 20;
/// Longest player name, in bytes: 16 of the widest characters. Longer names are cut.
pub const PLAYER_NAME_MAX_BYTES: usize = 64;

/// Longest time from accept to a whole hello, whatever lies in between; counted from the last
/// answer when the connection was used for the page before. A head that is not whole by then is
/// answered by 408, a silent socket is closed.
pub const OPENING_MAX: Duration = Duration::from_secs(10);
/// Longest life of a connection that speaks plain HTTP. Then it is closed, whatever it is doing.
pub const HTTP_CONNECTION_MAX: Duration = Duration::from_secs(60);
/// How many requests of one HTTP connection are answered per second. More are answered later, and
/// meanwhile nothing more is read of it.
pub const REQUESTS_PER_SECOND_MAX: u32 = 20;
/// How many are answered at once before that: as many as a page with all its parts takes.
pub const REQUESTS_BURST: u32 = 100;
/// Largest head of an HTTP request, in bytes. A larger one is answered by 431.
pub const HTTP_HEAD_MAX_BYTES: usize = 16_384;
/// Most headers of an HTTP request. One with more is answered by 431.
pub const HTTP_HEADERS_MAX: usize = 64;
/// Longest target of an HTTP request, in bytes. A longer one is answered by 414.
pub const HTTP_TARGET_MAX_BYTES: usize = 2_048;
/// Longest time that a connection which was refused may take to read why. Then it is cut.
pub const REJECTED_LINGER_MAX: Duration = Duration::from_secs(1);
/// Most bytes that are read and forgotten meanwhile. Then it is cut.
pub const REJECTED_DRAIN_MAX_BYTES: usize = 65_536;
/// Most connections that are turned away at accept and told why at a time. More are closed
/// without a word.
pub const TURNED_AWAY_MAX: usize = 64;
/// Most connections at a time that are not yet in a room. The oldest makes way for the newest,
/// so that connections which say nothing do not close the door.
pub const OPENING_CONNECTIONS_MAX: usize = 1_024;
/// The same for the admin listener.
pub const ADMIN_CONNECTIONS_MAX: usize = 16;
/// Most addresses that are remembered. For more, those go whose last connect was the longest
/// ago, first of all those that have no connection.
pub const ADDRESSES_MAX: usize = 65_536;
/// For how many seconds' worth of connects an address that was quiet may connect at once.
pub const ADDRESS_BURST_SECONDS: u32 = 4;
/// Most open connections of one address when nothing is set. More are answered by 429.
pub const ADDRESS_CONNECTIONS_DEFAULT: u32 = 256;
/// Connects of one address per second when nothing is set. More are answered by 429.
pub const ADDRESS_CONNECTS_PER_SECOND_DEFAULT: u32 = 32;
/// Above so much of the memory there is, in percent, nobody is let in when nothing is set.
pub const MEMORY_MAX_DEFAULT_PERCENT: u64 = 80;
/// Below so much of the limit, in percent, people are let in again.
pub const MEMORY_AGAIN_PERCENT: u64 = 95;
/// Longest time in which a connection that ended may take the goodbye. Then it is cut.
pub const FAREWELL_MAX: Duration = Duration::from_secs(2);
/// How much of what it still says meanwhile is read and forgotten, in bytes. Then it is cut.
pub const FAREWELL_DRAIN_MAX_BYTES: usize = 4 << 20;
/// Longest time for which a client may take nothing of what is to be sent to it. Then it ends
/// as too slow.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(10);
/// Most WebSocket messages that are read from one connection in one pass. The rest waits for
/// the next one, in the kernel. What a line has held up for most of a second comes in one pass at
/// 128 ticks a second, too: what would be read a pass later would be late.
pub const MESSAGES_PER_PASS_MAX: usize = 128;
/// Most bytes read from one socket in one pass of its shard, or turn of its task. The rest waits
/// in the kernel. Enough for as many messages of the usual size as a pass takes.
pub const READ_PASS_MAX_BYTES: usize = 8_192;
/// How many ticks a late room makes up in one pass, when nothing is set. The rest of the time it
/// was late is given up: its ticks shift, and are counted as skipped.
pub const CATCH_UP_STEPS_DEFAULT: u32 = 3;
/// Most such ticks that may be set. Refused at start-up above.
pub const CATCH_UP_STEPS_MAX: u32 = 8;
/// A room that makes as many ticks as its tick rate says, in thousandths of that.
pub const PACE_FULL_PERMILLE: u16 = 1_000;
/// Slowest pace of an overloaded room when nothing is set, in thousandths of its tick rate. What is
/// too much even then is given up.
pub const SLOWEST_DEFAULT_PERMILLE: u16 = 250;
/// Slowest such pace that may be set, in thousandths. Refused at start-up below.
pub const SLOWEST_MIN_PERMILLE: u16 = 50;
/// Kernel memory for what is on its way to one client, in bytes. A client that is further
/// behind is sent fewer snapshots.
pub const SOCKET_SEND_BUFFER_BYTES: usize = 32_768;
/// Kernel memory for what came from one client and was not read yet, in bytes. The kernel tells the
/// client to wait beyond it.
pub const SOCKET_RECEIVE_BUFFER_BYTES: u32 = 32_768;
/// How much of what goes to a client may not even have been sent, in bytes, where the kernel can tell.
/// Then it takes no more.
pub const SOCKET_UNSENT_MAX_BYTES: u32 = 4_096;

/// How many times one TLS connection is read in one pass of its shard, or turn of its task: 4 KiB
/// each. The rest waits in the kernel. It is a whole record of the largest size, and as many
/// messages of the usual size as a pass takes, a record each.
pub const TLS_TURN_MAX_READS: usize = 6;
/// How much ciphertext of a client may come without a byte in it. More ends the connection as
/// `Lost`: records may be empty, and each costs as much as a full one of the smallest size.
pub const TLS_IDLE_CIPHERTEXT_MAX_BYTES: usize = 65_536;
/// How much of that each byte makes up for again. The shortest WebSocket frame, in a record of its
/// own, takes 8 bytes of ciphertext a byte.
pub const TLS_CIPHERTEXT_PER_BYTE_MAX: usize = 32;
/// Most bytes that become one TLS record to a client. What the kernel does not take of a record
/// waits here, encrypted: nothing in it can be replaced by what is newer.
pub const TLS_RECORD_OUT_MAX_BYTES: usize = 4_096;

/// By how much time spectators see a room later than players, when nothing else is set.
pub const SPECTATOR_DELAY_DEFAULT: Duration = Duration::from_secs(2);
/// Longest such time that may be set: all that was encoded in it waits in memory. Refused at
/// start-up above.
pub const SPECTATOR_DELAY_MAX: Duration = Duration::from_secs(60);
/// How often the stream that spectators share begins anew with a keyframe. Whoever has missed
/// some of it waits for the next one.
pub const BROADCAST_KEYFRAME_EVERY: Duration = Duration::from_secs(1);
/// By how many ticks a spectator may be behind the stream and still be told all of it. One that
/// is further behind skips to the next keyframe; counted as skips.
pub const BROADCAST_BEHIND_MAX_TICKS: u32 = CATCH_UP_STEPS_MAX;
/// For how much of time what a spectator is sent may be on its way or unread at the client.
/// Beyond it, it is sent nothing until it has acknowledged more, and then goes on at a keyframe;
/// for [`SILENCE_MAX`] of that it is closed.
pub const SPECTATOR_WINDOW: Duration = Duration::from_secs(3);
/// How old what a spectator acknowledges may be, beside the delay of its stream and that of its
/// line, which is the least seen so far and at most half as much again. If it is older, it is sent
/// nothing until no more than half as much is left to acknowledge, and then goes on as above.
pub const SPECTATOR_LATE_MAX: Duration = Duration::from_secs(1);
/// How often a spectator's socket is read. What it says waits in the kernel until then: asking a
/// silent socket at every tick would cost a good part of what writing to it does.
pub const SPECTATOR_READ_EVERY: Duration = Duration::from_millis(250);

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
/// Of at most so many ticks since the last snapshot a player is told how its inputs were come by,
/// and its own state replayed. After a longer gap it is sent whole.
pub const SNAPSHOT_GIVEN_MAX: usize = 64;
/// For how many ticks at most a row that was not told of is moved on by its predictor. Then it
/// stands.
pub const PREDICT_MAX_TICKS: u32 = 64;
/// For how many ticks an event waits for a viewer whose socket is not ready. Then it expires.
pub const EVENT_EXPIRY_TICKS: u32 = 8;
/// Largest snapshot, in bytes. A decoder refuses longer ones.
pub const SNAPSHOT_MAX_BYTES: usize = 1 << 20;
/// Smallest limit on snapshots that may be set, in bytes: a head and an entity should fit when a
/// client replays its own state.
/// Refused at start-up below.
pub const SNAPSHOT_MAX_BYTES_MIN: usize = 64;

/// How many ticks of a recording may wait for the disk. When more would, the recording ends.
pub const RECORDING_QUEUE_TICKS: usize = 256;
/// Longest line of a recording of scenes, in bytes. A reader refuses longer ones.
pub const RECORDING_LINE_MAX_BYTES: usize = 8_192;
/// Most rows, and most events, of one tick of a recording. A reader refuses more.
pub const RECORDING_ROWS_MAX: usize = 1 << 20;

/// Largest encoded input of a game, in bytes. A larger one fails at room start.
pub const INPUT_MAX_BYTES: usize = 32;
/// How much older than the present the picture may be by which a shot is judged, when nothing
/// is set. Shots at what is older are judged at the limit.
pub const REWIND_MAX_DEFAULT: Duration = Duration::from_millis(250);
/// The longest such limit that may be set. Refused at start-up above: the world keeps so much of
/// its past.
pub const REWIND_MAX_MAX: Duration = Duration::from_secs(1);
/// By how many sixteenths of a tick a player's rewind may change from one tick to the next: by 62
/// ms in a second. An honest client's changes slowly; one that chooses it shot by shot is hardly
/// followed.
pub const REWIND_DRIFT_MAX: u16 = 1;
/// How much older than the newest snapshot that a player has seen its picture may be, beside two
/// ticks: what is drawn between two snapshots waits for the later one, as long as jitter makes
/// necessary. Beyond it a rewind is not believed.
pub const REWIND_BEHIND_SEEN_MAX: Duration = Duration::from_millis(50);
/// How far ahead of the room's tick an input may be addressed: a round trip, and what a client plays
/// on for without news. Beyond it is dropped and counted.
pub const INPUT_AHEAD_MAX: Duration = Duration::from_secs(2);
/// The same at low rates, in ticks.
pub const INPUT_AHEAD_MIN_TICKS: u32 = 64;
/// A tick of a room is never above this: at the fastest rate it would have to run for 207 days. A
/// client refuses what says otherwise, and so can reckon ahead of it.
pub const TICK_MAX: u32 = u32::MAX - (1 << 20);
/// For how long the last input of a silent player is repeated. After that it counts as absent.
pub const INPUT_REPEAT_MAX: Duration = Duration::from_millis(500);

/// How many departures the roster remembers. A viewer that missed more is sent all of it anew.
pub const ROSTER_DEPARTURES_MAX: usize = 256;
/// How often scores and teams in the roster are refreshed, per second. What changes in between
/// is sent as one change.
pub const ROSTER_SCORES_PER_SECOND: u32 = 5;

/// Longest silence of a client. After it the connection ends as `Silent`; a client that was
/// stopped for a third of it goes on as if nothing had been.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How many inputs a client may send for each tick, on average over [`SILENCE_MAX`]: one and then
/// some. What was held up on the way for less than [`SILENCE_MAX`] comes at once and is still
/// within it. More are refused: the client is told once, and each is counted and forgotten.
pub const INPUTS_PER_TICK_MAX: u32 = 2;
/// How many inputs beside those a client may send per second, whatever the tick rate.
pub const INPUTS_PER_SECOND_MAX: u32 = 20;
/// How many acks, and how many pings, a client may send per second. More are refused likewise.
pub const SMALL_MESSAGES_PER_SECOND_MAX: u32 = 20;
/// How many messages of a client are refused so before it has kept within its budgets for as long
/// as they take to fill. With one more the connection ends as `TooMuch`.
pub const MESSAGES_REFUSED_MAX: u32 = 200;
/// How many WebSocket frames of a client are read per second, of whatever sort. More wait in the
/// kernel; who keeps sending more for [`FLOOD_MAX`] ends as `Flood`.
pub const FRAMES_PER_SECOND_MAX: u32 = 1_000;
/// How many frames may come at once, as time: a second's worth times this. As much as a client
/// says in the longest silence that is forgiven, but at rates that nobody uses.
pub const FRAMES_BURST: Duration = Duration::from_secs(4);
/// How many bytes of a client are read per second, frames and all. More wait as frames do.
pub const CLIENT_BYTES_PER_SECOND_MAX: u32 = 65_536;
/// How many bytes may come at once, as time.
pub const CLIENT_BYTES_BURST: Duration = Duration::from_secs(4);
/// For how long a client may send more than is read, frames or bytes. Then it ends as `Flood`.
pub const FLOOD_MAX: Duration = Duration::from_secs(10);
/// After so long a silence a client is sent a ping of WebSocket, which its side answers by itself.
/// One that does not is silent.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// For how long a message may be under way in fragments. Then the connection ends as `Silent`:
/// nothing whole has come.
pub const FRAGMENTS_MAX: Duration = Duration::from_secs(60);
/// Largest message at an echo endpoint, in bytes.
pub const ECHO_MESSAGE_MAX_BYTES: usize = 1 << 20;
/// How many bytes are read per second from a client of an echo endpoint.
pub const ECHO_BYTES_PER_SECOND_MAX: u32 = 16 << 20;
/// For how long bytes that the kernel still holds for a client that is gone may be tried again.
/// Then it forgets them.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);
/// How many pings may wait for their answers. Of more only the newest are answered.
pub const PONGS_PENDING_MAX: usize = 4;
/// How many notices may wait for a client. Of more only the newest are sent.
pub const NOTICES_PENDING_MAX: usize = 4;

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
/// Largest hello, in bytes. A longer one is refused.
pub const HELLO_MAX_BYTES: usize = 256 + TICKET_MAX_BYTES;
/// How much longer than its line takes anyway a player's snapshots may lie in between: as many
/// may be on their way or unread as the client acknowledged within so much and its least delay.
/// One that is further behind gets none until it has acknowledged more; counted as held back.
/// One that acknowledges nothing for [`SILENCE_MAX`] of that is closed.
pub const SNAPSHOT_AGE_MAX: Duration = Duration::from_millis(250);
/// Longest delay of acknowledgements that counts as the line's own. Beyond it a player gets
/// fewer snapshots than there are ticks.
pub const SNAPSHOT_DELAY_MAX: Duration = Duration::from_millis(500);
/// For how much of time a player is sent snapshots before it has acknowledged any.
pub const SNAPSHOT_FIRST_ACK_MAX: Duration = Duration::from_secs(1);
/// So many snapshots may be on their way to a player in any case.
pub const SNAPSHOTS_IN_FLIGHT_MIN: u32 = 3;
/// A line that was too slow for all snapshots is let run empty so often, to see what its own
/// delay is.
pub const LINE_MEASURE_EVERY: Duration = Duration::from_secs(10);

/// Largest input message, in bytes: kind, two ticks, a rewind, the input.
pub const INPUT_MESSAGE_MAX_BYTES: usize = 1 + 5 + 5 + 3 + 1 + INPUT_MAX_BYTES;
/// Largest message of any other kind from a client, in bytes.
pub const SMALL_MESSAGE_MAX_BYTES: usize = 16;
/// Largest message a client may send, in bytes. The WebSocket layer refuses a frame above it.
pub const CLIENT_MESSAGE_MAX_BYTES: usize = HELLO_MAX_BYTES;
/// Largest welcome, in bytes: it carries the level. A level that does not fit fails at room start.
pub const WELCOME_MAX_BYTES: usize = 1 << 20;
/// Largest roster message, in bytes.
pub const ROSTER_MAX_BYTES: usize = 1 << 19;
/// Largest notice, in bytes. Longer texts are cut.
pub const NOTICE_MAX_BYTES: usize = 1_024;
/// Largest message a server sends, in bytes. A client refuses longer ones.
pub const SERVER_MESSAGE_MAX_BYTES: usize = WELCOME_MAX_BYTES;

// The limits must agree with each other; a wrong edit does not compile.
const _: () = {
    assert!(TICK_RATE_MIN_HZ >= 1 && TICK_RATE_MIN_HZ <= TICK_RATE_DEFAULT_HZ);
    assert!(TICK_RATE_DEFAULT_HZ <= TICK_RATE_MAX_HZ);
    assert!(CATCH_UP_STEPS_DEFAULT >= 1 && CATCH_UP_STEPS_DEFAULT <= CATCH_UP_STEPS_MAX);
    assert!(SLOWEST_MIN_PERMILLE >= 1 && SLOWEST_MIN_PERMILLE <= SLOWEST_DEFAULT_PERMILLE);
    assert!(SLOWEST_DEFAULT_PERMILLE <= PACE_FULL_PERMILLE);
    assert!(CLIENT_MESSAGE_MAX_BYTES >= INPUT_MESSAGE_MAX_BYTES);
    assert!(CLIENT_MESSAGE_MAX_BYTES >= SMALL_MESSAGE_MAX_BYTES);
    assert!(HELLO_MAX_BYTES > PLAYER_NAME_MAX_BYTES + ROOM_NAME_MAX_BYTES + TICKET_MAX_BYTES + 64);
    assert!(SERVER_MESSAGE_MAX_BYTES >= SNAPSHOT_MAX_BYTES);
    assert!(SERVER_MESSAGE_MAX_BYTES >= ROSTER_MAX_BYTES);
    // Two states in hexadecimal and what stands around them; a row of numbers of 32 bits.
    assert!(RECORDING_LINE_MAX_BYTES >= 4 * OWN_MAX_BYTES + 64);
    assert!(RECORDING_LINE_MAX_BYTES >= 12 * (KIND_FIELDS_MAX + 4));
    assert!(ROSTER_DEPARTURES_MAX > 0 && ROSTER_SCORES_PER_SECOND > 0);
    assert!(PING_AFTER.as_millis() * 2 < SILENCE_MAX.as_millis());
    // At usual rates, what was held up for the longest silence is no flood.
    assert!(
        FRAMES_PER_SECOND_MAX as u64 * FRAMES_BURST.as_secs()
            > 2 * (TICK_RATE_DEFAULT_HZ as u64 + 20) * SILENCE_MAX.as_secs()
    );
    assert!(PONGS_PENDING_MAX > 0 && NOTICES_PENDING_MAX > 0);
    assert!(SCHEMA_KINDS_MAX <= 256 && KIND_FIELDS_MAX <= 32);
    assert!(SNAPSHOT_ENTITIES_MAX <= u16::MAX as usize);
    // What is told in one pass of several steps must not count as a gap.
    assert!(BROADCAST_BEHIND_MAX_TICKS >= CATCH_UP_STEPS_MAX);
    // A spectator that says in time what it has seen is never taken for one that is behind.
    assert!(
        SPECTATOR_WINDOW.as_millis()
            > 2 * (SPECTATOR_PING_EVERY.as_millis() + SPECTATOR_READ_EVERY.as_millis())
    );
    assert!(SPECTATOR_LATE_MAX.as_millis() > 2 * SPECTATOR_READ_EVERY.as_millis());
    assert!(SPECTATOR_DELAY_DEFAULT.as_millis() <= SPECTATOR_DELAY_MAX.as_millis());
    assert!(SILENCE_MAX.as_millis() > 4 * SPECTATOR_WINDOW.as_millis());
    assert!(HTTP_TARGET_MAX_BYTES < HTTP_HEAD_MAX_BYTES);
    assert!(OPENING_MAX.as_millis() < HTTP_CONNECTION_MAX.as_millis());
    assert!(ADDRESSES_MAX > OPENING_CONNECTIONS_MAX && ADDRESS_BURST_SECONDS > 0);
    assert!(MEMORY_MAX_DEFAULT_PERCENT < 100 && MEMORY_AGAIN_PERCENT < 100);
};
