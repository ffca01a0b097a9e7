//! [`Budget`]: which rows are sent when not all fit.
//!
//! Every row that is not as the viewer expects it accumulates priority from snapshot to snapshot:
//! by its error, by how long it has been pending, and by how near it is; when it is sent its
//! priority is reset. So what matters most comes first and nothing starves (the priority accumulator of Fiedler, "State
//! Synchronization", 2015). Rows that are left out move on as expected on both ends.
//!
//! Owned by an encoder, and only while its snapshots have a limit that they may reach.

use super::additions::NewWriter;
use super::changes::{Change, put_gap};
use super::codec::Codec;
use super::mirror::{Mirror, RowCursor};
use super::picture::{Picture, Visible};
use crate::ids::EntityId;
use crate::protocol::symbols::{Cost, Sink};
use crate::scene::Kind;

/// Bytes for what ends a message: three bits that may be the dearest.
const CLOSING_BYTES: usize = 4;
/// To tell which row it is takes about so many bits.
const GAP_BITS: u64 = 8;
/// An entity that is too large for what is left beside the player's own part is pending for so many
/// snapshots; then it goes all the same.
const CROWDED_OUT_MAX: u32 = 30;
/// What part of the budget events may keep from rows, as a divisor.
const EVENTS_SHARE: usize = 4;
/// What a row accumulates with each snapshot: its error, or this if it went or is new.
const GONE: u32 = 128;
const NEW: u32 = 128;
/// No field counts for more than so many steps of error, and no row for more than so many.
const FIELD_ERROR_MAX: u32 = 64;
const ERROR_MAX: u32 = 256;

/// What is kept of entities while not all of a picture fits.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget {
    /// The mirror before a message that may turn out too long.
    saved: Mirror,
    over_budget: bool,
    /// What each known row has accumulated.
    pending: Vec<Pending>,
    /// The same for rows that are not known, by rising id.
    new_pending: Vec<(EntityId, Pending)>,
    takes_known: Vec<bool>,
    takes_new: Vec<bool>,
    candidates: Vec<Candidate>,
    max_bytes: usize,
    /// What of it rows may fill.
    limit: usize,
    any: bool,
    /// Whether the first row may go beyond.
    may_exceed: bool,
}

/// What a row has accumulated while it was not sent.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    snapshots: u32,
    accumulated_priority: u32,
}

impl Pending {
    fn accumulate(&mut self, points: u32) {
        self.snapshots = self.snapshots.saturating_add(1);
        self.accumulated_priority = self.accumulated_priority.saturating_add(points);
    }

    /// Time counts by its square: a small error is pending longer than a large one, but not for as
    /// many times longer as it is smaller.
    fn priority(self, weight: f64) -> f64 {
        let snapshots = f64::from(self.snapshots);
        f64::from(self.accumulated_priority) * weight + 2.0 * snapshots * snapshots
    }
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    priority: f64,
    /// Without what it takes to say which known row it is.
    cost_by_256: u64,
    snapshots: u32,
    is_new: bool,
    at: u32,
}

impl Candidate {
    /// With that, roughly.
    fn about_by_256(&self) -> u64 {
        self.cost_by_256 + if self.is_new { 0 } else { GAP_BITS * 256 }
    }
}

impl Budget {
    /// Whether the last message had to leave something out.
    pub(super) fn is_over_budget(&self) -> bool {
        self.over_budget
    }

    pub(super) fn start_limiting(&mut self) {
        self.over_budget = true;
        self.pending.clear();
        self.new_pending.clear();
    }

    pub(super) fn save(&mut self, mirror: &Mirror) {
        self.saved.copy_from(mirror);
    }

    pub(super) fn restore(&mut self, mirror: &mut Mirror) {
        std::mem::swap(&mut self.saved, mirror);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Budget>()
            + self.saved.memory_bytes()
            + self.pending.capacity() * size_of::<Pending>()
            + self.new_pending.capacity() * size_of::<(EntityId, Pending)>()
            + self.takes_known.capacity()
            + self.takes_new.capacity()
            + self.candidates.capacity() * size_of::<Candidate>()
    }

    /// Chooses among all rows, of which `new` are not known. `head_bytes` are written already.
    pub(super) fn choose(
        &mut self,
        codec: &Codec,
        mirror: &mut Mirror,
        picture: &Picture<'_>,
        new: &[u32],
        ticks: u32,
        head_bytes: usize,
    ) {
        self.max_bytes = picture.max_bytes;
        self.any = false;
        self.pending.resize(mirror.rows.len(), Pending::default());
        self.merge_new_pending(picture, new);
        self.candidates.clear();
        let far = Distances::of(codec, picture);
        self.weigh_known(codec, mirror, picture, ticks, &far);
        self.weigh_new(codec, mirror, picture, new, &far);
        let events = cost_of_events(codec, picture).min(self.max_bytes / EVENTS_SHARE);
        self.limit = self.max_bytes - events;
        self.take_first(codec, mirror, new.len(), head_bytes);
    }

    fn weigh_known(
        &mut self,
        codec: &Codec,
        mirror: &mut Mirror,
        picture: &Picture<'_>,
        ticks: u32,
        far: &Distances,
    ) {
        let mut visible = Visible::new(picture);
        let mut at = RowCursor::default();
        for known in 0..mirror.rows.len() {
            let head = mirror.rows.heads[known];
            let plan = &codec.entities[usize::from(head.kind)];
            let row = visible.find(head.entity, head.kind, |_| {});
            let change = Change::of(plan, mirror, at, row, ticks);
            at.pass(plan);
            let adds = match row {
                None => GONE,
                Some(_) if change.mask == 0 => {
                    self.pending[known] = Pending::default();
                    continue;
                }
                Some(row) => {
                    let error = |residual: &i32| residual.unsigned_abs().min(FIELD_ERROR_MAX);
                    let sum: u32 = change.residuals[..row.len()].iter().map(error).sum();
                    sum.min(ERROR_MAX)
                }
            };
            self.pending[known].accumulate(adds);
            let was = mirror.changed_masks[known];
            let mut cost = new_cost(codec);
            change.put(plan, was, row, &mut mirror.models, &mut cost);
            let kind = &codec.schema().entities[usize::from(head.kind)];
            let weight = row.map_or(1.0, |row| far.weight(kind, row));
            self.candidates.push(Candidate {
                priority: self.pending[known].priority(weight),
                cost_by_256: cost.by_256,
                snapshots: self.pending[known].snapshots,
                is_new: false,
                at: known as u32,
            });
        }
    }

    fn weigh_new(
        &mut self,
        codec: &Codec,
        mirror: &mut Mirror,
        picture: &Picture<'_>,
        new: &[u32],
        far: &Distances,
    ) {
        let writer = NewWriter::new(mirror.fresh_id);
        for (at, &index) in new.iter().enumerate() {
            let row = picture.rows.row(index as usize);
            let kind = &codec.schema().entities[usize::from(row.kind)];
            let pending = &mut self.new_pending[at].1;
            pending.accumulate(NEW);
            let mut cost = new_cost(codec);
            let Mirror { rows, models, .. } = &mut *mirror;
            writer.clone().put(codec, rows, models, row, &mut cost);
            self.candidates.push(Candidate {
                priority: pending.priority(far.weight(kind, row.values)),
                cost_by_256: cost.by_256,
                snapshots: pending.snapshots,
                is_new: true,
                at: at as u32,
            });
        }
    }

    /// Keeps the priorities of those that are still new.
    fn merge_new_pending(&mut self, picture: &Picture<'_>, new: &[u32]) {
        let old = std::mem::take(&mut self.new_pending);
        let mut old = old.into_iter().peekable();
        self.new_pending.extend(new.iter().map(|&index| {
            let entity = picture.rows.heads[index as usize].entity;
            while old.next_if(|(known, _)| *known < entity).is_some() {}
            (
                entity,
                old.next_if(|(known, _)| *known == entity)
                    .map_or(Pending::default(), |(_, pending)| pending),
            )
        }));
    }

    /// Takes candidates by falling priority, as long as they fit; those that are too long for
    /// what is left are passed over.
    fn take_first(&mut self, codec: &Codec, mirror: &mut Mirror, new: usize, head_bytes: usize) {
        self.takes_known.clear();
        self.takes_known.resize(mirror.rows.len(), false);
        self.takes_new.clear();
        self.takes_new.resize(new, false);
        // Those of equal priority, in the order in which they are sent.
        self.candidates.sort_unstable_by(|a, b| {
            let by_priority = b.priority.total_cmp(&a.priority);
            by_priority.then_with(|| (a.is_new, a.at).cmp(&(b.is_new, b.at)))
        });
        let space = self.limit.saturating_sub(head_bytes + CLOSING_BYTES) as u64 * 8 * 256;
        let all = self.max_bytes as u64 * 8 * 256;
        self.may_exceed = self
            .candidates
            .first()
            .is_some_and(|first| first.cost_by_256 > all || first.snapshots > CROWDED_OUT_MAX);
        let wanted = self.candidates.len();
        let (mut filled, may_exceed) = (0, self.may_exceed);
        let mut nth = 0;
        self.candidates.retain(|candidate| {
            nth += 1;
            let fits = filled + candidate.about_by_256() <= space || (nth == 1 && may_exceed);
            filled += if fits { candidate.about_by_256() } else { 0 };
            fits
        });
        self.give_way_to_gaps(codec, mirror, space);
        for candidate in &self.candidates {
            let takes = if candidate.is_new { &mut self.takes_new } else { &mut self.takes_known };
            takes[candidate.at as usize] = true;
        }
        self.over_budget = self.candidates.len() < wanted;
    }

    /// To say which rows they are takes more the farther they are apart. If that is more than was
    /// estimated, the last by priority make way: else it would be those with the highest ids, and
    /// always the same.
    fn give_way_to_gaps(&mut self, codec: &Codec, mirror: &mut Mirror, space: u64) {
        // As numbers of 64 bits: those are sorted elsewhere too, by the same code.
        let mut known: Vec<u64> = Vec::new();
        while self.candidates.len() > 1 {
            known.clear();
            let taken = self.candidates.iter().filter(|one| !one.is_new);
            known.extend(taken.map(|one| u64::from(one.at)));
            known.sort_unstable();
            let mut cost = new_cost(codec);
            let mut next = 0;
            for at in known.iter().map(|&at| at as u32) {
                put_gap(at - next, &mut mirror.models, &mut cost);
                next = at + 1;
            }
            let rows: u64 = self.candidates.iter().map(|one| one.cost_by_256).sum();
            let mut over = (rows + cost.by_256).saturating_sub(space);
            if over == 0 {
                return;
            }
            while over > 0 && self.candidates.len() > 1 {
                let last = self.candidates.pop().expect("there are two");
                over = over.saturating_sub(last.about_by_256());
            }
        }
    }

    pub(super) fn takes_known(&self, known: usize) -> bool {
        self.takes_known[known]
    }

    pub(super) fn takes_new(&self, entity: EntityId) -> bool {
        let at = self.new_pending.binary_search_by_key(&entity, |(entity, _)| *entity);
        at.is_ok_and(|at| self.takes_new[at])
    }

    /// Whether what `write` writes fits behind `bytes`, or may go beyond.
    pub(super) fn fits(
        &mut self,
        codec: &Codec,
        bytes: usize,
        write: impl FnOnce(&mut Cost),
    ) -> bool {
        let fits = bytes + cost_bytes(codec, write) + CLOSING_BYTES <= self.limit
            || (self.may_exceed && !self.any);
        self.any |= fits;
        self.over_budget |= !fits;
        fits
    }

    /// From here on all of the budget may be filled, but nothing may go beyond it.
    pub(super) fn events_follow(&mut self) {
        self.limit = self.max_bytes;
        self.any = true;
    }

    /// A known row stands at `kept` now; `is_sent` if this snapshot has it.
    pub(super) fn keep(&mut self, known: usize, kept: usize, is_sent: bool) {
        self.pending[kept] = if is_sent { Pending::default() } else { self.pending[known] };
    }

    pub(super) fn truncate(&mut self, kept: usize) {
        self.pending.truncate(kept);
    }

    /// New rows have taken their places among the known.
    pub(super) fn insert_new(&mut self, mirror: &Mirror, new: &[u32], picture: &Picture<'_>) {
        let is_sent = |entity| {
            new.binary_search_by_key(&entity, |&index| picture.rows.heads[index as usize].entity)
                .is_ok()
        };
        let mut old = std::mem::take(&mut self.pending).into_iter();
        self.pending.extend(mirror.rows.heads.iter().map(|head| {
            if is_sent(head.entity) { Pending::default() } else { old.next().unwrap_or_default() }
        }));
        self.new_pending.retain(|(entity, _)| !is_sent(*entity));
    }
}

/// What writing costs, in whole bytes.
fn cost_bytes(codec: &Codec, write: impl FnOnce(&mut Cost)) -> usize {
    let mut cost = new_cost(codec);
    write(&mut cost);
    cost.bytes()
}

fn new_cost(codec: &Codec) -> Cost {
    Cost { plain: codec.coding() == super::Coding::Plain, ..Cost::default() }
}

/// Roughly: by what they hold, uncompressed.
fn cost_of_events(codec: &Codec, picture: &Picture<'_>) -> usize {
    let bits = |kind: u8| {
        let fields = &codec.schema().events[usize::from(kind)].fields;
        8 + fields.iter().map(|field| field.bits() as usize).sum::<usize>()
    };
    picture.events.iter().map(|(_, event)| bits(event.kind)).sum::<usize>().div_ceil(8)
}

/// How far things are, against how far they are on average.
struct Distances {
    focus: Option<[f64; 2]>,
    mean: f64,
}

impl Distances {
    fn of(codec: &Codec, picture: &Picture<'_>) -> Distances {
        let mut distances = Distances { focus: picture.focus, mean: 1.0 };
        let (mut sum, mut count) = (0.0, 0.0);
        for &index in picture.visible {
            let row = picture.rows.row(index as usize);
            let kind = &codec.schema().entities[usize::from(row.kind)];
            if let Some(distance) = distances.to(kind, row.values) {
                sum += distance;
                count += 1.0;
            }
        }
        if sum > 0.0 {
            distances.mean = sum / count;
        }
        distances
    }

    fn to(&self, kind: &Kind, row: &[i32]) -> Option<f64> {
        let (focus, place) = (self.focus?, kind.place(row)?);
        let [x, y] = [place[0] - focus[0], place[1] - focus[1]];
        Some(libm::sqrt(x * x + y * y))
    }

    /// 1 for what is right here, and for what has no place; a half at the mean distance.
    fn weight(&self, kind: &Kind, row: &[i32]) -> f64 {
        self.to(kind, row).map_or(1.0, |distance| 1.0 / (1.0 + distance / self.mean))
    }
}
