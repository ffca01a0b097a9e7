//! Symbols: what a snapshot is made of, below its meaning and above its bytes.
//!
//! The stream writes bits and choices whose odds adapt ([`Model`](super::models::Model)), and bits
//! of even odds. Sinks take them and sources give them back: the range coder
//! ([`super::range`]), plain bits, and two sinks that only count. On these stand the few codes that
//! the stream uses: counts, residuals, and one of a few values.

mod codes;
mod sinks;

pub(crate) use codes::{
    first, fresh_residual_models, fresh_value_models, put_count, put_residual, put_value,
    residual_models, take_count, take_residual, take_value, value_models,
};
pub use sinks::Part;
pub(crate) use sinks::{Cost, PlainSource, Sink, Source, Tally};
