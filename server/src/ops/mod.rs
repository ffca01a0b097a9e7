//! Operations: metrics, memory use and recordings. They serve the rest of the server and know no
//! connection.

pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod recorder;
