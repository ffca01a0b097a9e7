//! [`Connection`]: one client's transport and the protocol spoken over it, read and written once a
//! pass.
//!
//! Owned by its session. It decides nothing about what is said, which is the [`Protocol`]'s part,
//! nor how it gets there, which is the [`Transport`]'s; here is only the order: what waited goes
//! first, and nothing is encoded before that has gone. Encoding commits: what was encoded is sent,
//! or the connection ends.

use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::protocol::DisconnectReason;

use super::outbox::Outbox;
use super::protocol::Protocol;
use crate::limits::{GATHER_BYTES, GATHER_KEPT_BYTES};
use crate::mailbox::PassCounters;
use crate::room::broadcast::{Broadcast, Next};
use crate::room::{EncodeScratch, Published, Room};
use crate::transport::{Flushed, Transport};

/// Buffers that the rooms of a shard share, so that no client needs its own.
#[derive(Debug, Default)]
pub(crate) struct WriteBuffers {
    /// One encoded message.
    pub(crate) message: Vec<u8>,
    /// For all that a client is sent in a pass, as its transport writes it: one for each client of a
    /// batch.
    pub(crate) gathered: Vec<Vec<u8>>,
}

/// What a pass writes from and with.
pub(crate) struct PassContext<'a, G: Game> {
    pub(crate) published: &'a Published<G>,
    pub(crate) broadcast: &'a Broadcast,
    pub(crate) encode: &'a mut EncodeScratch,
    pub(crate) buffers: &'a mut WriteBuffers,
    /// In how many seconds the server closes, once it is to.
    pub(crate) closes_in_s: Option<u16>,
    /// The room's active time.
    pub(crate) now: Duration,
    pub(crate) counters: &'a mut PassCounters,
}

/// One client's connection to its room.
pub(crate) struct Connection<G: Game> {
    transport: Box<dyn Transport>,
    protocol: Protocol<G>,
    /// Whether something was encoded that was not sent yet.
    is_to_flush: bool,
}

impl<G: Game> Connection<G> {
    pub(crate) fn new(transport: Box<dyn Transport>, protocol: Protocol<G>) -> Connection<G> {
        Connection { transport, protocol, is_to_flush: false }
    }

    pub(crate) fn protocol(&self) -> &Protocol<G> {
        &self.protocol
    }

    pub(crate) fn into_transport(self) -> Box<dyn Transport> {
        self.transport
    }

    pub(crate) fn credit_stall(&mut self, lost: Duration) {
        self.protocol.credit_stall(lost);
        self.transport.credit_stall(lost);
    }

    /// Takes every message that has come, within the limits of a pass.
    pub(crate) fn read(
        &mut self,
        room: &mut Room<G>,
        outbox: &mut Outbox,
        now: Duration,
        counters: &mut PassCounters,
    ) -> Result<(), DisconnectReason> {
        let Connection { transport, protocol, .. } = self;
        let before = *protocol.counters();
        let read =
            transport.receive(now, &mut |message| protocol.receive(room, outbox, now, message));
        let after = protocol.counters();
        counters.messages_refused += after.messages_refused - before.messages_refused;
        counters.inputs_ignored += after.inputs_ignored - before.inputs_ignored;
        counters.reads_limited += u64::from(transport.is_limited());
        if transport.has_heard() {
            protocol.heard(now);
        }
        // Its deadlines only now, when all that was waiting has been heard.
        read.and_then(|()| protocol.judge(now))
    }

    /// Sends what the transport did not take before; when it has taken all, and only then, has the
    /// protocol encode what there is to send now. What was encoded waits for [`Connection::flush`].
    pub(crate) fn encode(
        &mut self,
        outbox: &mut Outbox,
        context: &mut PassContext<'_, G>,
    ) -> Result<(), DisconnectReason> {
        let encoded = self.encode_if_ready(outbox, context);
        self.protocol.keep(context.published, context.encode);
        encoded
    }

    fn encode_if_ready(
        &mut self,
        outbox: &mut Outbox,
        context: &mut PassContext<'_, G>,
    ) -> Result<(), DisconnectReason> {
        if self.transport.is_behind() && self.transport.flush(context.now)? == Flushed::Part {
            return Ok(());
        }
        if self.encode_next(outbox, context) {
            self.is_to_flush = true;
            let mut buffer = context.buffers.gathered.pop().unwrap_or_default();
            self.transport.lend_buffer(&mut buffer);
            return self.gather(outbox, context);
        }
        // Most spectators at most ticks: one write of what lies there for all.
        self.write_shared(context, 0)
    }

    /// Sends what was encoded.
    pub(crate) fn flush(
        &mut self,
        context: &mut PassContext<'_, G>,
    ) -> Result<(), DisconnectReason> {
        let flushed = self.flush_encoded(context);
        context.counters.add_traffic(self.transport.take_traffic());
        flushed
    }

    fn flush_encoded(&mut self, context: &mut PassContext<'_, G>) -> Result<(), DisconnectReason> {
        if !std::mem::take(&mut self.is_to_flush) {
            return Ok(());
        }
        let gathered = self.transport.unsent_bytes();
        if self.transport.flush(context.now)? == Flushed::Whole {
            let mut buffer = Vec::new();
            self.transport.return_buffer(&mut buffer);
            if buffer.capacity() <= GATHER_KEPT_BYTES.max(2 * gathered) {
                context.buffers.gathered.push(buffer);
            }
        }
        Ok(())
    }

    fn encode_next(&mut self, outbox: &mut Outbox, context: &mut PassContext<'_, G>) -> bool {
        let message = &mut context.buffers.message;
        message.clear();
        let (published, closes_in_s) = (context.published, context.closes_in_s);
        self.protocol.next_message(published, closes_in_s, outbox, context.encode, message)
    }

    /// Sends the message that was encoded and all that is to be sent beside it, as one.
    fn gather(
        &mut self,
        outbox: &mut Outbox,
        context: &mut PassContext<'_, G>,
    ) -> Result<(), DisconnectReason> {
        loop {
            self.transport.send(&context.buffers.message);
            context.counters.messages_out += 1;
            if self.transport.unsent_bytes() >= GATHER_BYTES
                && self.transport.flush(context.now)? == Flushed::Part
            {
                return Ok(());
            }
            if !self.encode_next(outbox, context) {
                break;
            }
        }
        self.write_shared(context, GATHER_BYTES)
    }

    /// Sends what is due of the stream that spectators share; no more once more than
    /// `unsent_max_bytes` wait.
    fn write_shared(
        &mut self,
        context: &mut PassContext<'_, G>,
        unsent_max_bytes: usize,
    ) -> Result<(), DisconnectReason> {
        match self.protocol.next_shared(context.broadcast) {
            Next::Idle => {}
            Next::Skip => context.counters.broadcast_skips += 1,
            Next::Send(run) => {
                for tick in run {
                    if !self.transport.send_shared(tick.shared, context.now)? {
                        break;
                    }
                    self.protocol.mark_sent(tick);
                    context.counters.broadcast_writes += 1;
                    context.counters.messages_out += tick.shared.messages().count() as u64;
                    if self.transport.unsent_bytes() > unsent_max_bytes {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
