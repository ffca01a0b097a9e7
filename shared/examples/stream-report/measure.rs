//! The runs: every technique over every viewer, tick by tick, timed and checked.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use tickwire_game::ids::EntityId;
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::ServerMessage;
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Mirror, Part, Picture, Replay, SnapshotDecoder,
};
use tickwire_game::scene::RowRef;
use tickwire_game::tick::Tick;

use crate::floor::Floor;
use crate::technique::{Encoder, Technique};
use crate::work::{Look, Viewer, Work};

/// What came of all runs.
pub(crate) struct Found {
    pub(crate) techniques: Vec<Cost>,
    /// One read and one write, each.
    pub(crate) floor: Vec<Duration>,
    /// Range-coded: for how many ticks a viewer was wrong about an entity, each time that it was.
    pub(crate) waits_ticks: Vec<u32>,
}

/// What one technique costs. Keyframes count apart.
pub(crate) struct Cost {
    pub(crate) technique: Technique,
    /// Bytes of each message.
    pub(crate) bytes: Vec<usize>,
    pub(crate) keyframe_bytes: Vec<usize>,
    /// Per snapshot, the median of all runs.
    pub(crate) encode: Vec<Duration>,
    /// The same, for what can be decoded.
    pub(crate) decode: Vec<Duration>,
    /// What the encoder held after each snapshot.
    pub(crate) memory_bytes: Vec<usize>,
    /// On what all bits were spent, in 1/256 of a bit.
    pub(crate) spent: BTreeMap<Part, u64>,
}

/// A technique at work for all viewers.
struct Run {
    technique: Technique,
    codec: Codec,
    streams: Vec<Stream>,
    bytes: Vec<usize>,
    keyframe_bytes: Vec<usize>,
    /// Of all runs so far, by snapshot.
    encode: Vec<Vec<Duration>>,
    decode: Vec<Vec<Duration>>,
    memory_bytes: Vec<usize>,
    spent: BTreeMap<Part, u64>,
}

/// Both ends of one viewer's stream.
struct Stream {
    encoder: Encoder,
    decoder: SnapshotDecoder,
    wrong_since: BTreeMap<EntityId, Tick>,
}

/// A client that replays exactly what was recorded.
struct Replayed<'a>(Option<&'a [u8]>);

impl Replay for Replayed<'_> {
    fn replay(&mut self, _: Tick, _: &[InputSource], own: &mut Vec<u8>) {
        if let Some(replayed) = self.0 {
            own.clear();
            own.extend(replayed);
        }
    }
}

/// Runs all techniques over all viewers, `repeat` times.
pub(crate) fn measure(
    work: &Work,
    max_bytes: usize,
    repeat: usize,
    mut floor: Option<Floor>,
) -> Result<Found, Box<dyn Error>> {
    let mut runs = Technique::ALL
        .map(|technique| Run::new(work, technique))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Found { techniques: Vec::new(), floor: Vec::new(), waits_ticks: Vec::new() };
    let longest = work.viewers.iter().map(|viewer| viewer.looks.len()).max().unwrap_or(0);
    let mut events = Vec::new();
    for time in 0..repeat {
        runs.iter_mut().for_each(|run| run.restart(work));
        let mut snapshot = 0;
        for at in 0..longest {
            // The snapshot itself may take what its message's kind leaves of the budget.
            let max_bytes = max_bytes.saturating_sub(1);
            // In turns, as on a server: no viewer's state is in the nearest cache by chance.
            for run in &mut runs {
                let mut nth = snapshot;
                for (viewer, stream) in work.viewers.iter().zip(0..) {
                    let Some(look) = viewer.looks.get(at) else { continue };
                    events.clear();
                    work.events(look, &mut events);
                    let picture = work.picture(viewer, look, &events, max_bytes);
                    run.snapshot(stream, nth, time == 0, look, &picture)?;
                    nth += 1;
                }
            }
            let looking = work.viewers.iter().filter(|viewer| viewer.looks.len() > at).count();
            snapshot += looking;
            if let Some(floor) = &mut floor {
                for _ in 0..looking {
                    found.floor.push(floor.measure()?);
                }
            }
            if time == 0 {
                note_waits(work, at, &mut runs, &mut found.waits_ticks);
            }
        }
    }
    found.techniques = runs.into_iter().map(Run::cost).collect();
    Ok(found)
}

/// How long the viewers of the whole stream have been wrong, and about what.
fn note_waits(work: &Work, at: usize, runs: &mut [Run], waits_ticks: &mut Vec<u32>) {
    let Some(run) = runs.iter_mut().find(|run| run.technique == Technique::RangeCoded) else {
        return;
    };
    for (viewer, stream) in work.viewers.iter().zip(&mut run.streams) {
        if let Some(look) = viewer.looks.get(at) {
            stream.note_waits(work, viewer, look, waits_ticks);
        }
    }
}

impl Run {
    fn new(work: &Work, technique: Technique) -> Result<Run, Box<dyn Error>> {
        let coding = if technique == Technique::RangeCoded { Coding::Range } else { Coding::Plain };
        let snapshots = work.viewers.iter().map(|viewer| viewer.looks.len()).sum();
        Ok(Run {
            technique,
            codec: work.codec(coding)?,
            streams: Vec::new(),
            bytes: Vec::new(),
            keyframe_bytes: Vec::new(),
            encode: vec![Vec::new(); snapshots],
            decode: vec![Vec::new(); snapshots],
            memory_bytes: Vec::new(),
            spent: BTreeMap::new(),
        })
    }

    fn restart(&mut self, work: &Work) {
        let stream = |_: &Viewer| Stream {
            encoder: self.technique.encoder(),
            decoder: SnapshotDecoder::new(),
            wrong_since: BTreeMap::new(),
        };
        self.streams = work.viewers.iter().map(stream).collect();
    }

    /// One snapshot, from the picture to the decoder's mirror.
    #[allow(clippy::disallowed_methods, reason = "it measures time; nothing depends on it")]
    fn snapshot(
        &mut self,
        stream: usize,
        nth: usize,
        count: bool,
        look: &Look,
        picture: &Picture<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let Stream { encoder, decoder, .. } = &mut self.streams[stream];
        let keyframe = encoder.mirror().map_or(nth == stream, |mirror| mirror.tick().is_none());
        if count && !keyframe {
            for (part, by_256) in encoder.tally(&self.codec, picture) {
                *self.spent.entry(part).or_default() += by_256;
            }
        }
        let mut message = Vec::with_capacity(4_096);
        ServerMessage::open_snapshot(&mut message);
        let head = message.len();
        let start = Instant::now();
        encoder.encode(&self.codec, picture, &mut message);
        self.encode[nth].push(start.elapsed());
        if count {
            let sizes = if keyframe { &mut self.keyframe_bytes } else { &mut self.bytes };
            sizes.push(message.len());
        }
        let Some(mirror) = encoder.mirror() else { return Ok(()) };
        if count {
            self.memory_bytes.extend(encoder.memory_bytes());
        }
        let start = Instant::now();
        decoder.decode(&self.codec, &message[head..], &mut Replayed(look.replayed()))?;
        self.decode[nth].push(start.elapsed());
        check(decoder, mirror, picture)
    }

    fn cost(self) -> Cost {
        let medians = |snapshots: Vec<Vec<Duration>>| -> Vec<Duration> {
            snapshots.into_iter().filter_map(median).collect()
        };
        Cost {
            technique: self.technique,
            bytes: self.bytes,
            keyframe_bytes: self.keyframe_bytes,
            encode: medians(self.encode),
            decode: medians(self.decode),
            memory_bytes: self.memory_bytes,
            spent: self.spent,
        }
    }
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// That what was decoded is what was encoded, and that this is what was to be seen as far as the
/// budget allows.
fn check(
    decoder: &SnapshotDecoder,
    mirror: &Mirror,
    picture: &Picture<'_>,
) -> Result<(), Box<dyn Error>> {
    let tick = picture.tick;
    if decoder.mirror() != mirror {
        return Err(format!("at tick {tick} the two ends differ").into());
    }
    let unbounded = picture.max_bytes >= SNAPSHOT_MAX_BYTES - 1;
    let seen = picture.visible.iter().map(|&index| picture.rows.row(index as usize));
    if unbounded && !mirror.rows().iter().eq(seen) {
        return Err(format!("at tick {tick} a viewer does not know what it may see").into());
    }
    if unbounded && !decoder.events().eq(picture.events.iter().copied()) {
        return Err(format!("at tick {tick} a viewer was not sent all events").into());
    }
    Ok(())
}

impl Stream {
    /// Notes about what the viewer is wrong, and of what it was until now: for how long.
    fn note_waits(
        &mut self,
        work: &Work,
        viewer: &Viewer,
        look: &Look,
        waits_ticks: &mut Vec<u32>,
    ) {
        let picture = work.picture(viewer, look, &[], 0);
        let Some(mirror) = self.encoder.mirror() else { return };
        let row = |&index: &u32| picture.rows.row(index as usize);
        let is_wrong = |row: &RowRef<'_>| mirror.rows().find(row.entity) != Some(*row);
        let mut wrong: Vec<EntityId> =
            look.visible.iter().map(row).filter(is_wrong).map(|row| row.entity).collect();
        let visible =
            |entity| look.visible.binary_search_by_key(&entity, |i| row(i).entity).is_ok();
        wrong.extend(mirror.rows().iter().map(|row| row.entity).filter(|&entity| !visible(entity)));
        wrong.sort_unstable();
        self.wrong_since.retain(|entity, since| {
            let still = wrong.binary_search(entity).is_ok();
            if !still {
                waits_ticks.push(picture.tick.since(*since) as u32);
            }
            still
        });
        for entity in wrong {
            self.wrong_since.entry(entity).or_insert(picture.tick);
        }
        if viewer.looks.last().is_some_and(|last| std::ptr::eq(last, look)) {
            // About these it was wrong to the end.
            let waits = self.wrong_since.values().map(|since| picture.tick.since(*since) as u32);
            waits_ticks.extend(waits);
        }
    }
}
