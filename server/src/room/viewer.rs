//! What one viewer is told: the welcome, the roster as it changes, and snapshots of the newest
//! scene with its own part.
//!
//! Called by connections when their sockets can take a message, never by the tick. Nothing is
//! queued here: whatever is written is made of what is so now. Encoding commits: what has been
//! written for a viewer must reach it, since the next message builds on it.

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::{OWN_MAX_BYTES, SNAPSHOT_ENTITIES_MAX};
use shared::protocol::snapshot::{Mirror, Picture, PlayerPart, SnapshotEncoder};
use shared::protocol::{ServerMessage, WIRE, Welcome};
use shared::scene::View;

use super::Room;
use super::roster::Version;

/// How far one viewer has been told. It belongs to one connection and dies with it: whoever
/// comes back starts afresh.
#[derive(Debug)]
pub struct Viewer {
    player: Option<PlayerId>,
    replays: bool,
    encoder: SnapshotEncoder,
    roster: Option<Version>,
}

impl Viewer {
    /// What the viewer knows once it has decoded all that was written for it.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        self.encoder.mirror()
    }
}

impl<G: Game> Room<G> {
    /// A viewer that has been told nothing yet: a player of this room, or a spectator (`None`),
    /// who sees everything. `replays` says whether its client moves its own state on by itself.
    #[must_use]
    pub fn viewer(&self, player: Option<PlayerId>, replays: bool) -> Viewer {
        Viewer { player, replays, encoder: SnapshotEncoder::new(), roster: None }
    }

    /// Adds the whole welcome message to the end of `out`.
    pub fn welcome(&self, session: SessionId, player: Option<PlayerId>, out: &mut Vec<u8>) {
        let welcome = Welcome {
            session,
            player,
            room: &self.name,
            tick_rate_hz: self.tick_rate.hz(),
            tick: self.simulation.tick(),
            players_max: self.players_max,
            delay_ticks: if player.is_none() { self.broadcast.delay_ticks() } else { 0 },
            schema: &self.welcome_parts.schema,
            level: &self.welcome_parts.level,
            settings: &self.welcome_parts.settings,
        };
        ServerMessage::Welcome(welcome).encode(out);
    }

    /// Adds the whole roster message to the end of `out`, if anything in the roster has changed
    /// since the viewer's last one. The room changes by its counters and kept memory alone.
    pub fn write_roster(&mut self, viewer: &mut Viewer, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let Some(version) = self.roster.write(viewer.roster, out) else { return false };
        viewer.roster = Some(version);
        self.counters.rosters += 1;
        self.counters.roster_bytes += (out.len() - before) as u64;
        true
    }

    /// Adds the whole snapshot message of the newest scene to the end of `out`, unless the
    /// viewer has it already, or is a player who is not in it yet. The room changes by its
    /// counters and kept memory alone.
    ///
    /// # Panics
    /// When the game's own state of the player is larger than [`OWN_MAX_BYTES`]: a fault of the
    /// game, which ends its room.
    pub fn write_snapshot(&mut self, viewer: &mut Viewer, out: &mut Vec<u8>) -> bool {
        let scene = self.simulation.scene();
        let known = viewer.mirror().tick();
        if known >= Some(scene.tick()) {
            return false;
        }
        let game = self.simulation.game();
        let mut view = View::Everything;
        let (mut part, mut own) = (None, None);
        if let Some(id) = viewer.player {
            // By the field, not by a method: the rest of the room stays free to be written.
            let Ok(at) = self.players.binary_search_by_key(&id, |player| player.id) else {
                return false;
            };
            let player = &self.players[at];
            if player.came >= scene.tick() {
                return false;
            }
            view = game.view(id);
            own = game.own(id);
            part = Some(PlayerPart {
                given: &player.told.given,
                margin_ticks: player.inputs.margin_ticks(),
                own: put_own(own.as_ref(), &mut self.scratch.own),
                // Only what is made of it is sent: it may be of any size.
                replayed: put_state(player.told.replayed.as_ref(), &mut self.scratch.replayed),
            });
        }
        let visible = &mut self.scratch.visible;
        self.interest.visible(viewer.player, &view, visible);
        self.counters.rows_dropped += visible.len().saturating_sub(SNAPSHOT_ENTITIES_MAX) as u64;
        visible.truncate(SNAPSHOT_ENTITIES_MAX);
        // It borrows from the history, so its memory cannot be kept; most often it has none.
        let mut events = Vec::new();
        let dropped = self.events.tell(known, scene.tick(), viewer.player, &view, &mut events);
        let picture = Picture {
            tick: scene.tick(),
            player: part,
            rows: scene.rows(),
            visible,
            events: &events,
            focus: centre(&view),
            // Its kind takes a byte.
            max_bytes: self.stream.snapshot_max_bytes - 1,
        };
        let before = out.len();
        ServerMessage::open_snapshot(out);
        let told = viewer.encoder.encode(&self.codec, &picture, out);
        self.counters.snapshots += 1;
        self.counters.snapshots_cut += u64::from(viewer.encoder.is_pressed());
        self.counters.snapshot_bytes += (out.len() - before) as u64;
        self.counters.scenes_skipped +=
            known.map_or(0, |known| scene.tick().since(known) as u64 - 1);
        self.counters.events_told += told as u64;
        self.counters.events_dropped += (dropped + events.len() - told) as u64;
        self.has_told(viewer, own, known.is_none());
        true
    }

    /// From here on its client moves its own state on by itself, if it does that.
    fn has_told(&mut self, viewer: &Viewer, own: Option<G::Own>, is_keyframe: bool) {
        let Some(id) = viewer.player else { return };
        if let Ok(at) = self.players.binary_search_by_key(&id, |player| player.id) {
            let own = own.filter(|_| viewer.replays);
            self.players[at].told.has_told(own, is_keyframe);
        }
    }
}

/// Where a viewer looks, if not everywhere.
fn centre(view: &View) -> Option<[f64; 2]> {
    match view {
        View::Everything => None,
        View::Rect { min, max } => {
            let centre = [0, 1].map(|i| (f64::from(min[i]) + f64::from(max[i])) / 2.0);
            centre.iter().all(|at| at.is_finite()).then_some(centre)
        }
    }
}

/// The player's own state in bincode.
///
/// # Panics
/// When it is larger than [`OWN_MAX_BYTES`].
fn put_own<'a>(own: Option<&impl serde::Serialize>, bytes: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let own = put_state(own, bytes)?;
    let size = own.len();
    assert!(size <= OWN_MAX_BYTES, "own state of {size} bytes, of which {OWN_MAX_BYTES} may be");
    Some(own)
}

fn put_state<'a>(own: Option<&impl serde::Serialize>, bytes: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    bytes.clear();
    bincode::serde::encode_into_std_write(own?, bytes, WIRE)
        .expect("a Vec takes whatever it is given, and a player's own state must be serialisable");
    Some(bytes)
}
