//! Operations: log and output, metrics, memory use, recordings, the supervision of threads, and the service
//! manager. They serve the rest of the server and know no connection.

pub(crate) mod discard;
pub(crate) mod health;
pub(crate) mod log;
pub(crate) mod looks;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod paced_line;
pub(crate) mod print;
pub(crate) mod priority;
pub(crate) mod recorder;
pub(crate) mod service_manager;
pub(crate) mod supervision;
