//! Every maximum, rate and size of the server's core that is not a setting, with its unit in its
//! name and what happens at the limit in its comment. What both ends must agree on stands in
//! [`tickwire_game::limits`]; what concerns only connections and HTTP, in the server's own `limits`.

use std::time::Duration;

use tickwire_game::limits::HELLO_MAX_BYTES;

/// A room goes on for so long after the last session has left, before it sleeps: what the rules count in ticks
/// after somebody left is over then, such as a wait by which nobody gains by leaving.
pub const EMPTY_ROOM_AWAKE_FOR: Duration = Duration::from_secs(3);

/// For how long a player stays whose connection broke, when nothing is set.
pub const GRACE_DEFAULT: Duration = Duration::from_secs(30);
/// Longest such time that may be set. Refused at start-up above: a seat is held for nobody.
pub const GRACE_MAX: Duration = Duration::from_secs(600);
/// For how long a player stays at most whose client said that it goes away: a page that was closed or
/// put aside, or is reloaded.
pub const AWAY_GRACE_MAX: Duration = Duration::from_secs(5);
/// For how long rooms run at most once the server is to close. A longer drain is cut to this, and refused at
/// start-up where it is a setting.
pub const DRAIN_MAX: Duration = Duration::from_secs(43_200);
/// How many tokens of a session are good beside its newest, until its client is heard. Of more that are
/// given out meanwhile the oldest is void.
pub const RESUME_TOKENS_OPEN_MAX: usize = 4;
/// Most spectators who left and may resume their sessions. Beyond it the one that left first is
/// forgotten, and joins anew.
pub const UNSEATED_SESSIONS_MAX: usize = 16_384;
/// How often a kind of room may fail before it has to wait to be opened again.
pub const FAILURES_FREE: u32 = 2;
/// Longest time that a kind of room which failed again and again waits. Who would open one meanwhile is
/// refused, and counted.
pub const FAILURE_WAIT_MAX: Duration = Duration::from_secs(60);
/// After so much time without another failure those before are forgotten.
pub const FAILURES_FORGOTTEN_AFTER: Duration = Duration::from_secs(300);
/// Of how many kinds of room it is remembered that they failed. Of more the one that failed longest ago
/// is forgotten.
pub const FAILING_KINDS_MAX: usize = 1_024;
/// After so long at the latest a room that makes ticks is copied again, if it shares its shard with others, so
/// that it can go on elsewhere: as much of a match is lost. Rooms of which that is so at once follow each other, one after
/// each pass.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// From so long after its last copy on, it is copied again as soon as its shard has the time between two passes.
pub const CHECKPOINT_AGAIN_AFTER: Duration = Duration::from_millis(900);
/// For how long the players of a room that was restored stay at least, whatever the grace is.
pub const RESTORED_GRACE_MIN: Duration = Duration::from_secs(10);
/// How many clients a shard takes in per second. What comes beyond that waits in its order: what a
/// client is sent first costs far more than a snapshot, and who plays is not to wait for those who come.
pub const JOINS_PER_SECOND: u32 = 500;
/// For how long the player of a client stays that waits for its turn to resume.
pub const JOIN_WAIT_MAX: Duration = Duration::from_secs(20);
/// What it may take in at once comes on average in so much time.
pub const JOINS_BURST: Duration = Duration::from_millis(32);
/// Most spectators of one room. More are refused as by a full room, and counted: a crowd must
/// not take the time that the shard has for its players.
pub const ROOM_SPECTATORS_MAX: u32 = 2_000;
/// Most rooms that are being built or wait for it. Who would have one more opened is refused, and
/// counted: a world for thousands of players takes 20 ms, and nobody is to wait for seconds.
pub const ROOMS_BUILDING_MAX: usize = 128;
/// Most rooms that one client opened by their names and that are still there, when nothing is set. A
/// client is an address, or a ticket's subject. A room that it left makes way for its next one; with
/// none of these it is refused, and counted. Rooms that are opened since all others are full are left
/// out: a class behind one address may need many.
pub const OWN_ROOMS_MAX_DEFAULT: u32 = 16;
/// Most rooms that one client opens a minute, when nothing is set. It is refused more, and counted.
pub const OWN_ROOMS_PER_MINUTE_DEFAULT: u32 = 32;
/// In how much time a client may open at once what comes on average.
pub const OWN_ROOMS_BURST: Duration = Duration::from_secs(60);
/// Most clients for which it is known how many rooms they opened. Beyond it those that have none
/// any more are forgotten, and open rooms as if they never had.
pub const OPENERS_MAX: usize = 131_072;
/// Most rooms that a server may be set to have. Refused at start-up above.
pub const ROOMS_MAX_MOST: u32 = 65_536;
/// Longest player name, in characters. Longer names are cut.
pub const PLAYER_NAME_MAX_CHARS: usize = 20;
/// Longest time for which a client may take nothing of what is to be sent to it. Then it ends
/// as too slow.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(10);
/// Most messages that are read from one connection in one pass. The rest waits for the next one, in
/// its transport. What a path has held up for most of a second comes in one pass at
/// 128 ticks a second, too: what would be read a pass later would be late.
pub const MESSAGES_PER_PASS_MAX: usize = 128;
/// How many ticks a late room makes up in one pass, when nothing is set. The rest of the time it
/// was late is given up: its ticks shift, and are counted as skipped.
pub const CATCH_UP_STEPS_DEFAULT: u32 = 3;
/// Most such ticks that may be set. Refused at start-up above.
pub const CATCH_UP_STEPS_MAX: u32 = 8;
/// Smallest time scale of an overloaded room when nothing is set, in thousandths. Ticks that are late
/// even at that scale are skipped.
pub const MIN_TIME_SCALE_DEFAULT_PERMILLE: u16 = 250;
/// Smallest time scale that may be set, in thousandths. Refused at start-up below.
pub const MIN_TIME_SCALE_LOWEST_PERMILLE: u16 = 50;
/// By how much time spectators see a room later than players, when nothing else is set.
pub const SPECTATOR_DELAY_DEFAULT: Duration = Duration::from_secs(2);
/// Longest such time that may be set: all that was encoded in it waits in memory. Refused at
/// start-up above.
pub const SPECTATOR_DELAY_MAX: Duration = Duration::from_secs(60);
/// How often the stream that spectators share starts again from nothing. A viewer that missed
/// some of it waits for the next restart.
pub const BROADCAST_RESTART_EVERY: Duration = Duration::from_secs(1);
/// By how many ticks a spectator may be behind the stream and still be sent all of it. One that
/// is further behind skips to the next restart; counted as skips.
pub const BROADCAST_BEHIND_MAX_TICKS: u32 = CATCH_UP_STEPS_MAX;
/// For how much of time what a spectator is sent may be on its way or unread at the client.
/// Beyond it, it is sent nothing until it has acknowledged more, and then goes on at a restart;
/// for [`SILENCE_MAX`] of that it is closed.
pub const SPECTATOR_WINDOW: Duration = Duration::from_secs(3);
/// How old what a spectator acknowledges may be, beside the delay of its stream and that of its
/// path, which is the least seen so far and at most half as much again. If it is older, it is sent
/// nothing until no more than half as much is left to acknowledge, and then goes on as above.
pub const SPECTATOR_LATE_MAX: Duration = Duration::from_secs(1);
/// How often a spectator's connection is read. What it sends waits in its transport until then:
/// asking a silent one at every tick would cost a good part of what writing to it does.
pub const SPECTATOR_READ_EVERY: Duration = Duration::from_millis(250);
/// For how many ticks an event waits for a viewer whose connection is not ready. Then it expires.
pub const EVENT_EXPIRY_TICKS: u32 = 8;
/// Smallest limit on snapshots that may be set, in bytes: a head and an entity should fit when a
/// client replays its own state. Refused at start-up below.
pub const SNAPSHOT_MAX_BYTES_MIN: usize = 64;
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
/// How much older than the newest snapshot that a player has acknowledged its picture may be: what
/// is drawn between two snapshots waits for the later one, as long as jitter makes necessary.
/// Beyond it and the player's round trip a rewind is not believed; counted as bounded.
pub const REWIND_BEHIND_SEEN_MAX: Duration = Duration::from_millis(120);
/// How much older still on a path with jitter: as far as ages of what the client newly acknowledges
/// lie apart, and no further.
pub const REWIND_JITTER_MAX: Duration = Duration::from_millis(60);
/// The first of these in ticks, where that is more: a picture lies between two snapshots.
pub const REWIND_BEHIND_SEEN_MIN_TICKS: u32 = 3;
/// After how much time a player that does nothing, or always the same, makes way, when nothing is
/// set: its session ends as `Idle`.
pub const IDLE_AFTER_DEFAULT: Duration = Duration::from_secs(60);
/// Longest such time that may be set. Refused at start-up above; no time at all is never.
pub const IDLE_AFTER_MAX: Duration = Duration::from_secs(86_400);
/// How long before that it is warned by a notice, but not before half of the time is over.
pub const IDLE_WARNING: Duration = Duration::from_secs(15);
/// After how much time a player that does nothing no longer counts where clients that name no room
/// are led to the one with the most players, nor among those that bots make way for.
pub const SEEMS_IDLE_AFTER: Duration = Duration::from_secs(20);
/// How long before a room makes its last tick it tells everybody in it, at the full tick rate. From the
/// first of these on nobody who wants any room is led there.
pub const ROOM_OVER_NOTICES: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(60)];
/// Over how many ticks it is averaged how many entities a room names, and so when it will have named its
/// last: it tells of that as of its last tick.
pub const ENTITIES_NAMED_OVER_TICKS: u64 = 1_024;
/// How many turns a period has in which rooms make their ticks. Rooms of one turn follow each other
/// without a pause, for a processor that has slept works at half its speed at first; rooms of different
/// turns do not all send at once.
pub const ROOM_TURNS: u32 = 16;
/// For how many clients of a room is encoded before anything is sent to them.
pub const WRITE_BATCH: usize = 32;
/// How many rooms that were over a shard remembers. Who is on its way to one of them hears that it is
/// over; to an earlier one, that the room failed.
pub const ROOMS_OVER_REMEMBERED_MAX: usize = 16;
/// How many departures the roster remembers. A viewer that missed more is sent all of it anew.
pub const ROSTER_DEPARTURES_MAX: usize = 256;
/// For how long the id of a player who left is not given to another. Clients know players by their
/// ids alone, and remember them for some seconds.
pub const PLAYER_ID_RETIRED_FOR: Duration = Duration::from_secs(30);
/// How many such ids a room keeps back. Of more the oldest comes free before its time; counted as
/// reused early.
pub const PLAYER_IDS_RETIRED_MAX: usize = 16_384;
/// How often scores and teams are refreshed, and how often at most a session is sent some, per
/// second. What changes in between is sent as one change.
pub const ROSTER_SCORES_PER_SECOND: u32 = 5;
/// In a room where a session is sent only the scores that it needs, it is looked at in one refresh of
/// so many: in a crowd most of what a look finds waits for the budget.
pub const CROWD_LOOKS_EVERY: u32 = 3;
/// After so many looks a viewer that needs more scores than [`SCORES_KNOWN_MAX`] is sent those of the
/// next players, though some may wait again: by then each of them has had a turn, at ten entries in
/// every other look.
pub const SCORES_WINDOW_LOOKS_MAX: u32 = 32;
/// How many players, the best of all, each client needs the scores of.
pub const SCORES_LEADERS: usize = 10;
/// Of how many players at most a session remembers that its client knows their scores. If it needs
/// more, it is sent them by turns.
pub const SCORES_KNOWN_MAX: usize = 96;
/// How many bytes of scores a player is sent a second. What does not fit waits; counted as waiting.
pub const SCORES_BYTES_PER_SECOND: u32 = 120;
/// How many of these bytes at once.
pub const SCORES_BURST_BYTES: u32 = 400;
/// How many bytes of pages of the board a player is sent a second, while it has one open. A page that
/// does not fit waits; counted as waiting.
pub const BOARD_BYTES_PER_SECOND: u32 = 60;
/// How many of these bytes at once.
pub const BOARD_BURST_BYTES: u32 = 200;
/// How many bytes of scores all spectators are sent together a second. They see everything: it stands
/// once in the stream that they share.
pub const SPECTATOR_SCORES_BYTES_PER_SECOND: u32 = 1_200;
/// How many of these bytes at once.
pub const SPECTATOR_SCORES_BURST_BYTES: u32 = 1_200;
/// Longest silence of a client: neither a message nor the answer to a ping. After it the connection
/// ends as `Silent`; a client that was stopped for a third of it goes on as if nothing had been.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How many inputs a client may send for each tick, on average over [`SILENCE_MAX`]: one and then
/// some. What was held up on the way for less than [`SILENCE_MAX`] comes at once and is still
/// within it. More are refused: the client is sent a notice once, and each is counted and
/// forgotten.
pub const INPUTS_PER_TICK_MAX: u32 = 2;
/// How many inputs beside those a client may send per second, whatever the tick rate.
pub const INPUTS_PER_SECOND_MAX: u32 = 20;
/// How many acks, pings and pages of the board, of each, a client may send per second; of acks one a tick,
/// where that is more. More are refused likewise.
pub const SMALL_MESSAGES_PER_SECOND_MAX: u32 = 20;
/// How many messages of a client are refused so before it has kept within its budgets for as long
/// as they take to fill. With one more the connection ends as `TooMuch`.
pub const MESSAGES_REFUSED_MAX: u32 = 200;
/// How many pings may wait for their answers. Of more only the newest are answered.
pub const PONGS_PENDING_MAX: usize = 4;
/// How many notices may wait for one session. With one more the session ends as `TooSlow`.
pub const OUTBOX_NOTICES_MAX: usize = 16;
/// How much of a stall of the server a client's rate limits are credited with, beyond what is not
/// yet spent: a room that stalls again and again gives nobody leave to flood it.
pub const STALL_CREDIT_MAX: Duration = Duration::from_secs(60);
/// Bytes that a pass gathers for one client before it hands them to the network.
pub const GATHER_BYTES: usize = 32_768;
/// A buffer for what is gathered that is no larger is kept whatever it was used for; a larger one only
/// while half of it is needed. So one that took a welcome or a roster, which is 30 KB in an arena of
/// 1,000, is given back by its next use.
pub const GATHER_KEPT_BYTES: usize = 4_096;
/// How much longer than its path takes anyway a player's snapshots may lie in between: as many
/// may be on their way or unread as the client acknowledged within so much and its least delay.
/// One that is further behind gets none until it has acknowledged more; counted as held back.
/// One that acknowledges nothing for [`SILENCE_MAX`] of that is closed.
pub const SNAPSHOT_AGE_MAX: Duration = Duration::from_millis(250);
/// Longest delay of acknowledgements that counts as the path's own. Beyond it a player gets
/// fewer snapshots than there are ticks.
pub const SNAPSHOT_DELAY_MAX: Duration = Duration::from_millis(500);
/// For how much of time a player is sent snapshots before it has acknowledged any.
pub const SNAPSHOT_FIRST_ACK_MAX: Duration = Duration::from_secs(1);
/// So many snapshots may be on their way to a player in any case.
pub const SNAPSHOTS_IN_FLIGHT_MIN: u32 = 3;
/// A path that was too slow for all snapshots is let run empty this often, to see what its own
/// delay is.
pub const LINE_MEASURE_EVERY: Duration = Duration::from_secs(10);
/// Largest message a client may send, in bytes. A transport refuses a longer one.
pub const CLIENT_MESSAGE_MAX_BYTES: usize = HELLO_MAX_BYTES;

// The limits must agree with each other; a wrong edit does not compile.
const _: () = {
    use tickwire_game::limits::{
        BOARD_PAGE_MAX, INPUT_MESSAGE_MAX_BYTES, PACE_FULL_PERMILLE, ROOM_PLAYERS_MAX,
        SCORES_FOR_ALL_MAX, SMALL_MESSAGE_MAX_BYTES, SPECTATOR_PING_EVERY,
    };

    assert!(CATCH_UP_STEPS_DEFAULT >= 1 && CATCH_UP_STEPS_DEFAULT <= CATCH_UP_STEPS_MAX);
    assert!(MIN_TIME_SCALE_LOWEST_PERMILLE >= 1);
    assert!(MIN_TIME_SCALE_LOWEST_PERMILLE <= MIN_TIME_SCALE_DEFAULT_PERMILLE);
    assert!(MIN_TIME_SCALE_DEFAULT_PERMILLE <= PACE_FULL_PERMILLE);
    assert!(CLIENT_MESSAGE_MAX_BYTES >= INPUT_MESSAGE_MAX_BYTES);
    assert!(CLIENT_MESSAGE_MAX_BYTES >= SMALL_MESSAGE_MAX_BYTES);
    // Those who have rooms are always known.
    assert!(OPENERS_MAX > ROOMS_MAX_MOST as usize && OWN_ROOMS_BURST.as_secs() >= 60);
    assert!(GRACE_DEFAULT.as_millis() <= GRACE_MAX.as_millis() && RESUME_TOKENS_OPEN_MAX > 1);
    assert!(FAILURES_FORGOTTEN_AFTER.as_millis() > FAILURE_WAIT_MAX.as_millis());
    assert!(ROSTER_DEPARTURES_MAX > 0 && ROSTER_SCORES_PER_SECOND > 0);
    // The players that a client needs first, and everybody of a small room, are always remembered.
    assert!(SCORES_KNOWN_MAX > 1 + BOARD_PAGE_MAX as usize + SCORES_LEADERS);
    assert!(SCORES_KNOWN_MAX > SCORES_FOR_ALL_MAX + 1 + BOARD_PAGE_MAX as usize + SCORES_LEADERS);
    // The largest page fits, and at each look at least an entry.
    assert!(BOARD_BURST_BYTES as usize >= 3 * BOARD_PAGE_MAX as usize + 16);
    assert!(SCORES_BYTES_PER_SECOND / ROSTER_SCORES_PER_SECOND >= 16);
    // There is always a free id, and the last of all is nobody's: games may use it for no player.
    assert!(PLAYER_IDS_RETIRED_MAX + (ROOM_PLAYERS_MAX as usize) < u16::MAX as usize);
    // A client that missed so much has lost its connection, and with it what it knew of players.
    assert!(PLAYER_ID_RETIRED_FOR.as_millis() > SILENCE_MAX.as_millis());
    assert!(PONGS_PENDING_MAX > 0 && OUTBOX_NOTICES_MAX > 1);
    // What is sent in one pass of several steps must not count as a gap.
    assert!(BROADCAST_BEHIND_MAX_TICKS >= CATCH_UP_STEPS_MAX);
    // A spectator that acknowledges in time is never taken for one that is behind.
    assert!(
        SPECTATOR_WINDOW.as_millis()
            > 2 * (SPECTATOR_PING_EVERY.as_millis() + SPECTATOR_READ_EVERY.as_millis())
    );
    assert!(SPECTATOR_LATE_MAX.as_millis() > 2 * SPECTATOR_READ_EVERY.as_millis());
    assert!(SPECTATOR_DELAY_DEFAULT.as_millis() <= SPECTATOR_DELAY_MAX.as_millis());
    assert!(SILENCE_MAX.as_millis() > 4 * SPECTATOR_WINDOW.as_millis());
};
