//! HTTP around hyper: the request heads that reach it, the responses to them, and the upgrade to a
//! WebSocket.
//!
//! [`serve`] runs hyper on a connection. Below it, [`gate`] and [`head`] pass only valid heads, each
//! within its deadline. Above it, [`routes`] answers requests, with [`page`] ([`coding`], [`policy`],
//! [`page_address`]), [`room_list`], [`probes`], [`upgrade`], [`origin`], [`cors`] and [`forwarded`]. Every refusal is a [`rejection`].

pub(crate) mod coding;
pub(crate) mod cors;
pub(crate) mod forwarded;
pub(crate) mod gate;
pub(crate) mod head;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod page_address;
pub(crate) mod policy;
pub(crate) mod probes;
pub(crate) mod rejection;
pub(crate) mod room_list;
pub(crate) mod routes;
pub(crate) mod serve;
pub(crate) mod upgrade;
