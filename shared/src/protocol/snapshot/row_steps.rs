//! [`RowSteps`]: how the rows of one scene went on to the next, made once for all viewers.
//!
//! Most viewers know a row exactly as it was in the scene before; only where between two steps they
//! believe it to be differs by when each came to know it. So what there is to say of a row is the
//! same for all who believe the same: it is found by the first who asks, and kept for the others. In
//! an arena that is one in five (`docs/performance.md`).
//!
//! Owned by the encoding code, one for each room and thread: it knows scenes by their ticks. Of
//! what a viewer believes of a row an encoder keeps only the number: 4 bytes instead of 24, in an
//! arena 1.7 KB for each viewer. So an encoder is given the same `RowSteps` each time, or it begins
//! anew. Else what it writes is the same as without.

use std::sync::Arc;

use super::changes::bits;
use super::codec::Codec;
use super::plan::{KindPlan, MOVERS_SHARED_MAX};
use super::predict::{PerField, step_row_to};
use crate::limits::KIND_FIELDS_MAX;
use crate::scene::{Head, Reference, Rows};
use crate::tick::Tick;

/// There is no such row or belief.
pub(super) const NONE: u32 = u32::MAX;

/// What of a row its values do not say, for each field that moves (see
/// [`step_row_to`]): a row of no more than [`MOVERS_SHARED_MAX`] of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fractions([i16; MOVERS_SHARED_MAX]);

impl Fractions {
    pub(super) fn of(fractions: &[i16]) -> Fractions {
        let mut all = Fractions::default();
        all.0[..fractions.len()].copy_from_slice(fractions);
        all
    }

    pub(super) fn of_plan(&self, plan: &KindPlan) -> &[i16] {
        &self.0[..plan.moving_fields.len()]
    }
}

/// What a viewer knows of a row of a scene whose values it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belief {
    /// Which of the scene.
    pub(super) row: u32,
    /// Which of its fields came otherwise than expected last time, in the order of the plan.
    pub(super) mask: u32,
    pub(super) fractions: Fractions,
}

/// A belief about a row of the scene before, and what came of it: side by side, since for most rows
/// nothing else is read.
#[derive(Clone, Copy, Debug)]
struct Stepped {
    belief: Belief,
    step: RowStep,
}

/// How rows went on from one scene to another.
#[derive(Debug, Default)]
pub struct RowSteps {
    /// Tells it from all others.
    identity: Arc<()>,
    /// The ticks of the two scenes that it was prepared for.
    ticks: Option<(Tick, Tick)>,
    /// Whether anybody may be in step with the scene before.
    is_continued: bool,
    /// For each row of the one before, what became of it.
    successors: Vec<Successor>,
    /// What was believed about the rows of the one before.
    before: Vec<Stepped>,
    /// What is believed now about which rows, each of it once.
    beliefs: Vec<Belief>,
    /// A hash table of their numbers.
    numbers: Vec<u32>,
    /// The residuals of all steps.
    residuals: Vec<i32>,
    /// For each reference of the codec, the values that name rows now, rising, and the rows.
    named: Vec<Vec<(i32, u32)>>,
    work: RowWork,
}

/// How much sharing saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowWork {
    /// Rows that viewers knew when something was encoded for them, each once for each of them.
    pub known: u64,
    /// How often it was computed what became of one; for the others it was found already.
    pub stepped: u64,
}

/// What became of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Successor {
    /// The row of the same entity and kind now; [`NONE`] if it is gone.
    now: u32,
    /// Of either.
    pub(super) kind: u8,
}

impl Successor {
    pub(super) fn row(self) -> Option<u32> {
        (self.now != NONE).then_some(self.now)
    }
}

/// What came of a belief.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowStep {
    /// The number of what is believed now; [`NONE`] before it was asked for.
    pub(super) belief: u32,
    /// Which of its fields are not as expected, in the order of the plan.
    pub(super) mask: u32,
    /// Where the residuals of these begin.
    pub(super) residuals: u32,
}

impl RowStep {
    const UNKNOWN: RowStep = RowStep { belief: NONE, mask: 0, residuals: 0 };
}

impl RowSteps {
    /// Goes from the scene of `before` to that of `now`, unless it does so already. If `now` is not
    /// after `before`, nobody is in step with that.
    pub fn prepare(&mut self, codec: &Codec, before: (Tick, &Rows), now: (Tick, &Rows)) {
        let ticks = Some((before.0, now.0));
        if self.ticks == ticks {
            return;
        }
        self.is_continued = now.0 > before.0 && self.to() == Some(before.0);
        self.ticks = ticks;
        self.before.clear();
        if self.is_continued {
            make_space(&mut self.before, self.beliefs.len());
            let stepped = |&belief: &Belief| Stepped { belief, step: RowStep::UNKNOWN };
            self.before.extend(self.beliefs.iter().map(stepped));
        }
        let rows = now.1;
        self.beliefs.clear();
        self.residuals.clear();
        self.numbers.fill(NONE);
        self.successors.clear();
        let mut at = 0;
        for head in &before.1.heads {
            while rows.heads.get(at).is_some_and(|now| now.entity < head.entity) {
                at += 1;
            }
            let same = rows.heads.get(at);
            let same = same.filter(|now| (now.entity, now.kind) == (head.entity, head.kind));
            let now = if same.is_some() { at as u32 } else { NONE };
            self.successors.push(Successor { now, kind: head.kind });
        }
        self.named.resize_with(codec.references.len(), Vec::new);
        for (reference, named) in codec.references.iter().zip(&mut self.named) {
            named.clear();
            let of_kind =
                rows.heads.iter().zip(0..).filter(|(head, _)| head.kind == reference.kind);
            let value = |head: &Head| rows.values[head.span()][usize::from(reference.field)];
            named.extend(of_kind.map(|(head, row)| (value(head), row)));
            named.sort_unstable();
        }
    }

    /// What was done since this was last called.
    pub fn take_work(&mut self) -> RowWork {
        std::mem::take(&mut self.work)
    }

    /// Something is encoded for a viewer in step that knows so many rows.
    pub(super) fn count_in_step(&mut self, rows: usize) {
        self.work.known += rows as u64;
    }

    /// The same for one that is not in step: of its rows each is stepped for it alone.
    pub(super) fn count_alone(&mut self, rows: usize) {
        self.work.known += rows as u64;
        self.work.stepped += rows as u64;
    }

    /// What tells it from all others.
    pub(super) fn identity(&self) -> Arc<()> {
        Arc::clone(&self.identity)
    }

    /// The scene before, if anybody may be in step with that.
    fn from(&self) -> Option<Tick> {
        self.ticks.filter(|_| self.is_continued).map(|(from, _)| from)
    }

    /// The scene now; `None` before the first.
    fn to(&self) -> Option<Tick> {
        self.ticks.map(|(_, to)| to)
    }

    /// Whether it goes from the scene of a tick, and numbers that it gave for it are still known.
    pub(super) fn is_from(&self, tick: Option<Tick>, numbered_by: &Arc<()>) -> bool {
        tick.is_some() && tick == self.from() && Arc::ptr_eq(numbered_by, &self.identity)
    }

    /// What became of a row of the scene before.
    #[inline]
    pub(super) fn successor(&self, row: u32) -> Successor {
        self.successors[row as usize]
    }

    /// What was believed about a row of the scene before, by its number.
    #[inline]
    pub(super) fn believed(&self, number: u32) -> Belief {
        self.before[number as usize].belief
    }

    /// What viewers in step with the scene of a tick believe, by its number: of one of the two scenes;
    /// `None` if it is neither, or the numbers are others' than its own.
    pub(super) fn beliefs_of(
        &self,
        tick: Tick,
        numbered_by: &Arc<()>,
    ) -> Option<impl Fn(u32) -> Belief + use<'_>> {
        let is_now = self.to() == Some(tick);
        let is_known = is_now || self.from() == Some(tick);
        let is_own = Arc::ptr_eq(numbered_by, &self.identity);
        (is_known && is_own).then_some(move |number: u32| match is_now {
            true => self.beliefs[number as usize],
            false => self.believed(number),
        })
    }

    /// What came of a belief about a row of `before` that is still there, as row `now` of `rows`.
    #[inline]
    pub(super) fn step(
        &mut self,
        plan: &KindPlan,
        number: u32,
        before: &Rows,
        now: u32,
        rows: &Rows,
    ) -> RowStep {
        let Stepped { belief, step } = self.before[number as usize];
        if step.belief != NONE {
            return step;
        }
        let step = self.add(plan, belief, before.row(belief.row as usize).values, now, rows);
        self.before[number as usize].step = step;
        step
    }

    /// The residuals of a step and, behind them, others.
    pub(super) fn residuals(&self, at: u32) -> impl Iterator<Item = i32> {
        self.residuals[at as usize..].iter().copied()
    }

    #[inline(never)]
    fn add(
        &mut self,
        plan: &KindPlan,
        belief: Belief,
        before: &[i32],
        now: u32,
        rows: &Rows,
    ) -> RowStep {
        let (from, to) = self.ticks.expect("it was prepared");
        self.work.stepped += 1;
        let (mut values, mut after) = ([0; KIND_FIELDS_MAX], belief.fractions);
        let values = &mut values[..before.len()];
        values.copy_from_slice(before);
        let mut residuals: PerField<i32> = [0; KIND_FIELDS_MAX];
        let (fractions, row) =
            (&mut after.0[..plan.moving_fields.len()], rows.row(now as usize).values);
        let mask = step_row_to(plan, values, fractions, to.0 - from.0, row, &mut residuals);
        let first = self.residuals.len() as u32;
        self.residuals.extend(bits(mask).map(|nth| residuals[nth]));
        let belief = self.believe(Belief { row: now, mask, fractions: after });
        RowStep { belief, mask, residuals: first }
    }

    /// The number of what is believed now about a row.
    pub(super) fn believe(&mut self, belief: Belief) -> u32 {
        if self.beliefs.len() * 4 >= self.numbers.len() * 3 {
            self.renumber();
        }
        let mut at = self.place_of(&belief);
        loop {
            match self.numbers[at] {
                NONE => break,
                number if self.beliefs[number as usize] == belief => return number,
                _ => at = (at + 1) & (self.numbers.len() - 1),
            }
        }
        let number = self.beliefs.len() as u32;
        make_space(&mut self.beliefs, number as usize + 1);
        self.beliefs.push(belief);
        self.numbers[at] = number;
        number
    }

    /// Where the number of a belief stands or is to stand, or a little further.
    fn place_of(&self, belief: &Belief) -> usize {
        let [a, b, c, d, e, f] =
            belief.fractions.0.map(|fraction| u64::from(fraction.cast_unsigned()));
        let low = a | b << 16 | c << 32 | d << 48;
        let high = u64::from(belief.row ^ belief.mask << 16) << 32 | e << 16 | f;
        // Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, 6.4).
        let hash =
            (low.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ high).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> 32) as usize & (self.numbers.len() - 1)
    }

    /// Gives the hash table space for twice as many: it is never more than three quarters full.
    fn renumber(&mut self) {
        let len = (2 * self.beliefs.len()).next_power_of_two().max(64);
        self.numbers.clear();
        self.numbers.resize(len, NONE);
        for (belief, number) in self.beliefs.iter().zip(0..) {
            let mut at = self.place_of(belief);
            while self.numbers[at] != NONE {
                at = (at + 1) & (len - 1);
            }
            self.numbers[at] = number;
        }
    }

    /// The rows now that `value` names by the `nth` reference of the codec, rising.
    pub(super) fn named(&self, nth: usize, value: i32) -> impl Iterator<Item = u32> {
        let named = &self.named[nth];
        let start = named.partition_point(|(other, _)| *other < value);
        named[start..].iter().take_while(move |(other, _)| *other == value).map(|(_, row)| *row)
    }
}

/// Makes space for `len` items and an eighth more: thirty beliefs for each viewer are too many for
/// lists that double.
fn make_space<T>(items: &mut Vec<T>, len: usize) {
    if items.capacity() < len {
        items.reserve_exact(len + len / 8 + 16 - items.len());
    }
}

/// Which of the codec's references this is.
pub(super) fn number_of(codec: &Codec, reference: Reference) -> usize {
    let at = codec.references.iter().position(|other| *other == reference);
    at.expect("the codec has all references of its plans")
}
