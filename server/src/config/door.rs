//! [`DoorConfig`]: what the door lets in: origins, addresses, proxies, memory, and who may see the counters.

/// The part of [`crate::Config`] that says what the door lets in: origins, addresses, proxies, memory, and who may see the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct DoorConfig {}
