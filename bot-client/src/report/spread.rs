//! What a report shows of a distribution: its middle and its far end.
//!
//! Reads the histograms of [`crate::figures`] once, for the [`Report`](super::Report).

use serde::Serialize;

use super::rounded;
use crate::figures::{Margins, Sizes, Times};

/// Some of a distribution of times, in milliseconds; `null` where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of all lie below it.
    pub p50: Option<f64>,
    /// 99 of 100 lie below it.
    pub p99: Option<f64>,
}

/// The same with the longest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpreadToMax {
    /// Half of all lie below it.
    pub p50: Option<f64>,
    /// 99 of 100 lie below it.
    pub p99: Option<f64>,
    /// None lies above it.
    pub max: Option<f64>,
}

/// Some of a distribution of sizes, in bytes; `null` where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeSpread {
    /// Their mean.
    pub mean: Option<f64>,
    /// Half of all lie below it.
    pub p50: Option<u64>,
    /// 99 of 100 lie below it.
    pub p99: Option<u64>,
}

impl Spread {
    pub(super) fn of(times: &Times) -> Spread {
        Spread { p50: times.percentile_ms(50.0), p99: times.percentile_ms(99.0) }
    }

    pub(super) fn of_margins(margins: &Margins) -> Spread {
        Spread { p50: margins.percentile_ms(50.0), p99: margins.percentile_ms(99.0) }
    }
}

impl SpreadToMax {
    pub(super) fn of(times: &Times) -> SpreadToMax {
        let Spread { p50, p99 } = Spread::of(times);
        SpreadToMax { p50, p99, max: times.max_ms() }
    }
}

impl SizeSpread {
    pub(super) fn of(sizes: &Sizes) -> SizeSpread {
        SizeSpread {
            mean: sizes.mean().map(rounded),
            p50: sizes.percentile(50.0),
            p99: sizes.percentile(99.0),
        }
    }
}
