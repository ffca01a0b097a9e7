//! Transports: non-blocking connections that carry whole messages.
//!
//! From the bottom up: [`byte_stream`] (TCP, with TLS by `tls_stream`), [`metered_stream`] with
//! [`frame_meter`] (limits what is read, buffers what is unsent), [`small_frames`] (reads most of what
//! players send), and [`websocket`], which implements [`Transport`](tickwire_host::Transport) for
//! sessions. [`shard_socket`] is the socket while a shard has it.

pub(crate) mod byte_stream;
mod frame_encoder;
mod frame_meter;
mod metered_stream;
pub(crate) mod shard_socket;
mod small_frames;
#[cfg(test)]
pub(crate) mod test_tls;
mod tls_stream;
pub(crate) mod websocket;
