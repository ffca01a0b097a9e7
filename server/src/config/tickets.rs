//! [`TicketConfig`]: who signs join tickets, and whether guests are let in.

/// The part of [`crate::Config`] that says who signs join tickets, and whether guests are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TicketConfig {}
