//! What one viewer is told: the welcome, the roster as it changes, and snapshots of the newest
//! scene with its own part.
//!
//! Called by connections when their sockets can take a message, never by the tick. Nothing is
//! queued here: whatever is written is made of what is so now. Encoding commits: what has been
//! written for a viewer must reach it, since the next message builds on it.

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    EVENT_EXPIRY_TICKS, OWN_MAX_BYTES, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX,
    SNAPSHOT_MAX_BYTES,
};
use shared::protocol::snapshot::{Mirror, Picture, PlayerPart, SnapshotEncoder};
use shared::protocol::{ServerMessage, WIRE, Welcome};
use shared::scene::{Kind, Schema, View};

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
            coding: self.codec.coding(),
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
        let mut part = None;
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
            part = Some(PlayerPart {
                given: player.inputs.given(),
                margin_ticks: player.inputs.margin_ticks(),
                own: put_own(game.own(id).as_ref(), &mut self.scratch.own),
                replayed: None,
            });
        }
        let visible = &mut self.scratch.visible;
        self.interest.visible(viewer.player, &view, visible);
        self.counters.rows_dropped += visible.len().saturating_sub(self.rows_max) as u64;
        visible.truncate(self.rows_max);
        // It borrows from the history, so its memory cannot be kept; most often it has none.
        let mut events = Vec::new();
        let dropped = self.events.tell(known, scene.tick(), viewer.player, &view, &mut events);
        let picture = Picture {
            tick: scene.tick(),
            player: part,
            rows: scene.rows(),
            visible,
            events: &events,
            focus: None,
            max_bytes: self.stream.snapshot_max_bytes,
        };
        let before = out.len();
        ServerMessage::open_snapshot(out);
        viewer.encoder.encode(&self.codec, &picture, out);
        self.counters.snapshots += 1;
        self.counters.snapshot_bytes += (out.len() - before) as u64;
        self.counters.scenes_skipped +=
            known.map_or(0, |known| scene.tick().since(known) as u64 - 1);
        self.counters.events_told += events.len() as u64;
        self.counters.events_dropped += dropped as u64;
        true
    }
}

fn put_own<'a>(own: Option<&impl serde::Serialize>, bytes: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    bytes.clear();
    let own = own?;
    bincode::serde::encode_into_std_write(own, bytes, WIRE)
        .expect("a Vec takes whatever it is given, and a player's own state must be serialisable");
    let size = bytes.len();
    assert!(size <= OWN_MAX_BYTES, "own state of {size} bytes, of which {OWN_MAX_BYTES} may be");
    Some(bytes)
}

/// How many rows of a schema fit into a snapshot, whatever their values.
pub(super) fn rows_max(schema: &Schema) -> usize {
    // By the stream's format: a row not known before has a count of at most 65 bits and a kind
    // in front of its fields; a known one has two bits and one per field. An entity that is
    // gone takes two bits, and there are no more of these than of rows.
    const ROW_BITS: usize = 65 + 8 + 2;
    const EVENT_BITS: usize = 8 + 8;
    const HEAD_BYTES: usize = 64;
    let widest = |kinds: &[Kind]| {
        let bits = |kind: &Kind| kind.fields.iter().map(|field| 1 + field.bits() as usize).sum();
        kinds.iter().map(bits).max().unwrap_or(0)
    };
    let events = SNAPSHOT_EVENTS_MAX * (EVENT_BITS + widest(&schema.events)) / 8;
    let left = SNAPSHOT_MAX_BYTES - HEAD_BYTES - OWN_MAX_BYTES - events;
    (8 * left / (ROW_BITS + widest(&schema.entities))).min(SNAPSHOT_ENTITIES_MAX)
}

// An event's age, at most one less than the expiry, must fit into the bits reckoned for it.
const _: () = assert!(EVENT_EXPIRY_TICKS <= 16);

#[cfg(test)]
mod tests {
    use shared::ids::EntityId;
    use shared::protocol::snapshot::{Codec, Coding, GivenKind};
    use shared::scene::{Field, Predict, Rows};
    use shared::tick::{Tick, TickRate};

    use super::*;

    fn kind(fields: usize) -> Kind {
        let field = Field {
            name: String::new(),
            min: i32::MIN,
            max: i32::MAX,
            unit: String::new(),
            scale: 1.0,
            wraps: false,
            predict: Predict::Hold,
        };
        Kind { name: String::new(), fields: vec![field; fields], place: None }
    }

    #[test]
    fn as_many_rows_as_are_sent_always_fit_into_a_snapshot() {
        for fields in [0, 1, 8, shared::limits::KIND_FIELDS_MAX] {
            let schema = Schema {
                entities: vec![kind(fields); shared::limits::SCHEMA_KINDS_MAX],
                events: vec![kind(fields); shared::limits::SCHEMA_KINDS_MAX],
            };
            let rows_max = rows_max(&schema) as u32;
            let codec =
                Codec::new(schema, TickRate::default(), Coding::Plain).expect("it is sound");
            let mut encoder = SnapshotEncoder::new();
            // All of them new; then all changed; then all gone and as many others new.
            for (tick, first_id, value) in [(1, 0, 1), (20, 0, -2), (40, 1, 3)] {
                let mut rows = Rows::default();
                for row in 0..rows_max {
                    let entity = EntityId(first_id + row * (u32::MAX / rows_max));
                    rows.push(entity, 63, fields).fill(value);
                }
                let visible: Vec<u32> = (0..rows_max).collect();
                let oldest = Tick(tick).minus(EVENT_EXPIRY_TICKS - 1);
                let events = vec![(oldest, rows.row(0)); SNAPSHOT_EVENTS_MAX];
                let player = Some(PlayerPart {
                    given: &[GivenKind::Absent],
                    margin_ticks: i32::MIN,
                    own: Some(&[value as u8; OWN_MAX_BYTES]),
                    replayed: None,
                });
                let picture = Picture {
                    tick: Tick(tick),
                    player,
                    rows: &rows,
                    visible: &visible,
                    events: &events,
                    focus: None,
                    max_bytes: SNAPSHOT_MAX_BYTES,
                };
                let mut out = Vec::new();
                ServerMessage::open_snapshot(&mut out);
                encoder.encode(&codec, &picture, &mut out);
                assert!(out.len() <= SNAPSHOT_MAX_BYTES, "{fields} fields: {} bytes", out.len());
            }
        }
    }
}
