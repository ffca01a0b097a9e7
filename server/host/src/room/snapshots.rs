//! [`Viewer`]: the stream of snapshots to one viewer.
//!
//! Owned by the protocol of a connection, which asks for a snapshot when its transport can take
//! one; the tick never does. It reads what the room published and changes nothing of the room.
//! Nothing is queued: what is written is made of what is so now. Encoding commits: what was
//! written for a viewer must reach it, since the next snapshot builds on it.

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::{OWN_MAX_BYTES, SNAPSHOT_ENTITIES_MAX};
use tickwire_game::protocol::snapshot::{Mirror, Picture, PlayerPart, SnapshotEncoder, Steps};
use tickwire_game::protocol::{ServerMessage, WIRE};
use tickwire_game::scene::{RowRef, View};
use tickwire_game::tick::Tick;

use super::interest::centre;
use super::own_state_replay::OwnStateReplay;
use super::published::{EncodeScratch, Published};

/// How far one viewer has been sent the room. It dies with its connection: a client that comes
/// back starts afresh.
#[derive(Debug)]
pub struct Viewer<G: Game> {
    player: Option<PlayerId>,
    replays: bool,
    encoder: SnapshotEncoder,
    replay: OwnStateReplay<G>,
}

impl<G: Game> Viewer<G> {
    /// A viewer that has been sent nothing: a player, or a spectator (`None`), who sees everything.
    /// `replays` says whether its client moves its own state on by itself.
    #[must_use]
    pub fn new(player: Option<PlayerId>, replays: bool) -> Viewer<G> {
        let (encoder, replay) = (SnapshotEncoder::new(), OwnStateReplay::default());
        Viewer { player, replays, encoder, replay }
    }

    /// The tick of the last snapshot written for it; `None` before the first.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.encoder.tick()
    }

    /// What the viewer knows once it has decoded all that was written for it, of a room that has
    /// published no other scene since, with the scratch that it was written with. For tests.
    #[must_use]
    pub fn mirror(&self, published: &Published<G>, scratch: &EncodeScratch) -> Mirror {
        let (_, scene) = published.scene_of(self.tick());
        self.encoder.whole_mirror(&published.config.codec, scene, &scratch.steps)
    }

    /// To be called in each pass, after what was written for it in that.
    pub fn keep(&mut self, published: &Published<G>, scratch: &EncodeScratch) {
        if self.tick() < Some(published.tick()) {
            let behind = self.tick().map(|known| published.tick().since(known) as u32);
            let person = self.player.and_then(|id| published.person(id));
            if let Some((person, behind)) = person.zip(behind) {
                person.inputs.want(behind);
            }
            let scene = published.scene_of(self.tick());
            self.encoder.keep(&published.config.codec, scene, &scratch.steps);
        }
    }

    /// Adds the whole snapshot message of the published scene to the end of `out`, unless the
    /// viewer has it already, or is a player who is not in it yet. With another `scratch` than
    /// before its stream begins anew.
    ///
    /// # Panics
    /// When the game's own state of the player is larger than [`OWN_MAX_BYTES`]: a fault of the
    /// game, which ends its room.
    pub fn write_snapshot(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        let (config, scene) = (&*published.config, &published.scene);
        let known = self.tick();
        if known >= Some(scene.tick()) {
            return false;
        }
        let (mut view, mut own, mut part) = (View::Everything, None, None);
        if let Some(id) = self.player {
            let Some(person) = published.person(id) else { return false };
            view = person.view;
            own = person.own.as_ref();
            let sources = &mut scratch.sources;
            let (level, dt) = (&config.level, config.tick_rate.dt());
            self.replay.advance(&person.inputs, known, scene.tick(), level, dt, sources);
            part = Some(PlayerPart {
                sources: &scratch.sources,
                margin_ticks: person.margin_ticks,
                own: put_own(own, &mut scratch.own),
                // Only what is made of it is sent: it may be of any size.
                replayed: put_state(self.replay.own(), &mut scratch.replayed),
            });
        }
        let visible = &mut scratch.visible;
        let rows_at_rim =
            published.interest.visible(self.player, &view, &mut scratch.found, visible);
        let rows_dropped = visible.len().saturating_sub(SNAPSHOT_ENTITIES_MAX);
        visible.truncate(SNAPSHOT_ENTITIES_MAX);
        let mut events = in_memory_of(std::mem::take(&mut scratch.events));
        let events_dropped = published.events.since(
            known,
            scene.tick(),
            self.player,
            &view,
            &mut scratch.indices,
            &mut events,
        );
        let picture = Picture {
            tick: scene.tick(),
            player: part,
            rows: scene.rows(),
            visible,
            events: &events,
            focus: centre(&view),
            // Its kind takes a byte.
            max_bytes: config.stream.snapshot_max_bytes - 1,
        };
        let before = out.len();
        ServerMessage::open_snapshot(out);
        let (before_tick, before_rows) = published.before();
        scratch.steps.prepare(
            &config.codec,
            (before_tick, before_rows),
            (scene.tick(), scene.rows()),
        );
        let mut steps =
            Steps { before: before_rows, rows: &mut scratch.steps, scratch: &mut scratch.in_step };
        let events_sent = self.encoder.encode_shared(&config.codec, &picture, &mut steps, out);
        let (work, counters) = (scratch.steps.take_work(), &mut scratch.counters);
        counters.rows_known += work.known;
        counters.rows_stepped += work.stepped;
        counters.rows_at_rim += rows_at_rim as u64;
        counters.rows_dropped += rows_dropped as u64;
        counters.snapshots += 1;
        counters.snapshots_cut += u64::from(self.encoder.is_over_budget());
        counters.snapshot_bytes += (out.len() - before) as u64;
        counters.scenes_skipped += known.map_or(0, |known| scene.tick().since(known) as u64 - 1);
        counters.events_sent += events_sent as u64;
        counters.events_dropped += (events_dropped + events.len() - events_sent) as u64;
        scratch.events = in_memory_of(events);
        // From here on its client moves its own state on by itself, if it does that.
        self.replay.sent(own.filter(|_| self.replays).cloned());
        true
    }
}

/// An empty list, for events that are borrowed from elsewhere, in the memory of this one: it is
/// collected in place.
fn in_memory_of<'a>(mut events: Vec<(Tick, RowRef<'_>)>) -> Vec<(Tick, RowRef<'a>)> {
    events.clear();
    events.into_iter().map(|_| unreachable!("it is empty")).collect()
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
