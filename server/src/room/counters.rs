//! What has happened in a room since it was opened.
//!
//! The room counts; the shard adds up what the rooms of a server counted, and `/api/status` shows
//! it. Nothing here decides anything.

/// What has happened in a room since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounters {
    /// People who came.
    pub joined: u64,
    /// People who left.
    pub left: u64,
    /// People who were refused because the room was full.
    pub refused_full: u64,
    /// Inputs that came in time.
    pub inputs_taken: u64,
    /// Inputs whose tick was over.
    pub inputs_late: u64,
    /// Inputs for ticks too far ahead.
    pub inputs_too_far_ahead: u64,
    /// Inputs that took the place of an earlier one for the same tick.
    pub inputs_replaced: u64,
    /// Inputs that were none.
    pub inputs_malformed: u64,
    /// Inputs from nobody who plays here.
    pub inputs_not_playing: u64,
    /// Inputs that were applied and for nothing, since by the game's rules their player could not
    /// act then: it was dead, say.
    pub inputs_in_vain: u64,
    /// Ticks in which a person's last input was repeated.
    pub ticks_repeated: u64,
    /// Ticks in which a person counted as absent.
    pub ticks_absent: u64,
    /// Snapshots written for one viewer.
    pub snapshots: u64,
    /// Bytes of these.
    pub snapshot_bytes: u64,
    /// Snapshots in which not all that had changed found space, of any viewer or of all spectators.
    pub snapshots_cut: u64,
    /// Times that the newest scene was kept from a player, since it was behind.
    pub snapshots_held_back: u64,
    /// Scenes that a player was not told of, because its socket was not ready or it was behind.
    /// Of spectators the server counts it, as skips of the shared stream.
    pub scenes_skipped: u64,
    /// Rows that viewers might have known but for the limit on their number.
    pub rows_dropped: u64,
    /// Events told.
    pub events_told: u64,
    /// Events that were too many for one snapshot.
    pub events_dropped: u64,
    /// Roster messages written.
    pub rosters: u64,
    /// Bytes of these.
    pub roster_bytes: u64,
    /// Snapshots encoded for all spectators together: one a tick while there are any.
    pub broadcast_encodes: u64,
    /// Bytes of these.
    pub broadcast_bytes: u64,
}

/// How many counters there are.
pub(crate) const COUNTERS: usize = 24;

impl RoomCounters {
    /// All of them with their names. Taken apart by name, so that none that is added is left out.
    pub(crate) fn named(&self) -> [(&'static str, u64); COUNTERS] {
        let RoomCounters {
            joined,
            left,
            refused_full,
            inputs_taken,
            inputs_late,
            inputs_too_far_ahead,
            inputs_replaced,
            inputs_malformed,
            inputs_not_playing,
            inputs_in_vain,
            ticks_repeated,
            ticks_absent,
            snapshots,
            snapshot_bytes,
            snapshots_cut,
            snapshots_held_back,
            scenes_skipped,
            rows_dropped,
            events_told,
            events_dropped,
            rosters,
            roster_bytes,
            broadcast_encodes,
            broadcast_bytes,
        } = *self;
        [
            ("joined", joined),
            ("left", left),
            ("refused_full", refused_full),
            ("inputs_taken", inputs_taken),
            ("inputs_late", inputs_late),
            ("inputs_too_far_ahead", inputs_too_far_ahead),
            ("inputs_replaced", inputs_replaced),
            ("inputs_malformed", inputs_malformed),
            ("inputs_not_playing", inputs_not_playing),
            ("inputs_in_vain", inputs_in_vain),
            ("ticks_repeated", ticks_repeated),
            ("ticks_absent", ticks_absent),
            ("snapshots", snapshots),
            ("snapshot_bytes", snapshot_bytes),
            ("snapshots_cut", snapshots_cut),
            ("snapshots_held_back", snapshots_held_back),
            ("scenes_skipped", scenes_skipped),
            ("rows_dropped", rows_dropped),
            ("events_told", events_told),
            ("events_dropped", events_dropped),
            ("rosters", rosters),
            ("roster_bytes", roster_bytes),
            ("broadcast_encodes", broadcast_encodes),
            ("broadcast_bytes", broadcast_bytes),
        ]
    }
}
