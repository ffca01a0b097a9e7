//! Which model serves which symbol: places in the one list of models that a stream has.
//!
//! Used while a codec is made; what it gives out are indices, which the plan of each kind keeps.

use crate::protocol::models::Model;
use crate::protocol::symbols::fresh_residual_models;

/// Models that no kind has for itself, by their places.
pub(super) mod shared_models {
    use crate::protocol::symbols::residual_models;

    pub(in crate::protocol::snapshot) const SKIPPED: usize = 0;
    pub(in crate::protocol::snapshot) const SKIPPED_LEN: usize = 4;
    pub(in crate::protocol::snapshot) const INPUT_SOURCE: usize = SKIPPED + SKIPPED_LEN;
    pub(in crate::protocol::snapshot) const INPUT_SOURCE_LEN: usize = 2;
    pub(in crate::protocol::snapshot) const MARGIN_CHANGED: usize = INPUT_SOURCE + INPUT_SOURCE_LEN;
    pub(in crate::protocol::snapshot) const MARGIN: usize = MARGIN_CHANGED + 1;
    pub(in crate::protocol::snapshot) const MARGIN_LEN: usize = residual_models(16);
    pub(in crate::protocol::snapshot) const OWN_NONE: usize = MARGIN + MARGIN_LEN;
    pub(in crate::protocol::snapshot) const OWN_TOLD: usize = OWN_NONE + 1;
    pub(in crate::protocol::snapshot) const OWN_LEN: usize = OWN_TOLD + 1;
    pub(in crate::protocol::snapshot) const OWN_LEN_LEN: usize = 2;
    pub(in crate::protocol::snapshot) const OWN_BYTE: usize = OWN_LEN + OWN_LEN_LEN;
    pub(in crate::protocol::snapshot) const OWN_BYTE_LEN: usize = 16;
    pub(in crate::protocol::snapshot) const SPARSE: usize = OWN_BYTE + OWN_BYTE_LEN;
    pub(in crate::protocol::snapshot) const SPARSE_MORE: usize = SPARSE + 1;
    pub(in crate::protocol::snapshot) const SPARSE_GAP: usize = SPARSE_MORE + 1;
    pub(in crate::protocol::snapshot) const SPARSE_GAP_LEN: usize = 8;
    pub(in crate::protocol::snapshot) const NEW_MORE: usize = SPARSE_GAP + SPARSE_GAP_LEN;
    pub(in crate::protocol::snapshot) const NEW_OLD: usize = NEW_MORE + 2;
    pub(in crate::protocol::snapshot) const FRESH_GAP: usize = NEW_OLD + 1;
    pub(in crate::protocol::snapshot) const FRESH_GAP_LEN: usize = 8;
    pub(in crate::protocol::snapshot) const OLD_GAP: usize = FRESH_GAP + FRESH_GAP_LEN;
    pub(in crate::protocol::snapshot) const OLD_GAP_LEN: usize = 14;
    pub(in crate::protocol::snapshot) const EVENT_MORE: usize = OLD_GAP + OLD_GAP_LEN;
    pub(in crate::protocol::snapshot) const EVENT_AGO: usize = EVENT_MORE + 2;
    pub(in crate::protocol::snapshot) const EVENT_AGO_LEN: usize = 4;
    /// Then the trees of the kinds, and all that belongs to single kinds.
    pub(in crate::protocol::snapshot) const LEN: usize = EVENT_AGO + EVENT_AGO_LEN;
}

/// Some models in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) at: usize,
    pub(super) len: usize,
}

/// Gives out places for models, and keeps how they are before they are used.
pub(super) struct Layout {
    models: Vec<Model>,
    /// For how many more angles tables of deltas may be made.
    ways_left: u32,
}

/// Tables of deltas have no more entries together; deltas beyond are computed each time.
/// Enough for two coordinates along an angle of 16 bits, and a MiB.
const WAYS_IN_TABLES_MAX: u32 = 1 << 18;

impl Layout {
    /// With those that no kind has for itself.
    pub(super) fn new() -> Layout {
        let mut models = vec![Model::NEW; shared_models::LEN];
        models.splice(
            shared_models::MARGIN..shared_models::MARGIN + shared_models::MARGIN_LEN,
            fresh_residual_models(16),
        );
        Layout { models, ways_left: WAYS_IN_TABLES_MAX }
    }

    /// Places for so many bits.
    pub(super) fn take(&mut self, bits: usize) -> usize {
        self.take_all(vec![Model::NEW; bits]).at
    }

    pub(super) fn take_all(&mut self, models: Vec<Model>) -> Span {
        let span = Span { at: self.models.len(), len: models.len() };
        self.models.extend(models);
        span
    }

    /// For how many of `ways` angles a table may be made.
    pub(super) fn take_ways(&mut self, wanted: u32) -> u32 {
        let taken = wanted.min(self.ways_left);
        self.ways_left -= taken;
        taken
    }

    pub(super) fn into_models(self) -> Vec<Model> {
        self.models
    }
}
