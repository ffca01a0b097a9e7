//! [`RoomCounters`]: what rooms count, and what encoding for their viewers does.
//!
//! A pass returns what was counted in it; the shell adds that up. Nothing here decides anything.

use crate::counter_macro::counters;

counters! {
    /// What has happened in a room since this was last taken.
    pub struct RoomCounters {
        /// People who came.
        joined,
        /// People who left.
        left,
        /// People who were refused because the room was full.
        refused_full,
        /// Warnings to people who did nothing for long.
        idle_warnings,
        /// Ids of players who left that came free before their time, since too many had left.
        player_ids_reused_early,
        /// Inputs that came in time.
        inputs_taken,
        /// Inputs whose tick was over.
        inputs_late,
        /// Inputs for ticks too far ahead.
        inputs_too_far_ahead,
        /// Inputs that replaced an earlier one for the same tick.
        inputs_replaced,
        /// Inputs that were none.
        inputs_malformed,
        /// Inputs from nobody who plays here.
        inputs_not_playing,
        /// Inputs that were applied in vain, since by the game's rules their player could not act then:
        /// it was dead, say.
        inputs_in_vain,
        /// Inputs applied that claimed an older picture than their client can have had, going by how soon
        /// it acknowledges: the oldest possible was believed.
        rewinds_bounded,
        /// Ticks in which a person's last input was repeated.
        ticks_repeated,
        /// Ticks in which a person counted as absent.
        ticks_absent,
        /// Snapshots written for one viewer.
        snapshots,
        /// Bytes of these.
        snapshot_bytes,
        /// Rows that players knew when a snapshot was written for them, each once for each of them.
        rows_known,
        /// How often it was computed what became of such a row; for the others another player's snapshot
        /// had found it already.
        rows_stepped,
        /// Rows at the rim of a player's view, of which each was asked whether it lies within.
        rows_at_rim,
        /// Snapshots in which not all that had changed found space, of any viewer or of all spectators.
        snapshots_cut,
        /// Times that the newest scene was kept from a player, since it was behind.
        snapshots_held_back,
        /// Scenes that a player was not sent, because its connection was not ready or it was behind.
        /// For spectators the skips of the shared stream are counted instead.
        scenes_skipped,
        /// Rows that viewers might have known but for the limit on their number.
        rows_dropped,
        /// Events sent.
        events_sent,
        /// Events that were too many for one snapshot.
        events_dropped,
        /// Roster messages written.
        rosters,
        /// Bytes of these.
        roster_bytes,
        /// Messages of scores written.
        scores,
        /// Pages of the board written.
        board_pages,
        /// Bytes of both.
        score_bytes,
        /// Scores and pages that were due and did not fit into the budget, once for each look at it.
        scores_waiting,
        /// Snapshots encoded for all spectators together: one a tick while there are any.
        broadcast_encodes,
        /// Bytes of these.
        broadcast_bytes,
    }
}
