//! [`Gate`]: the stream that hyper reads and writes. It passes one valid request head after the other
//! from a [`PeerStream`], each within its deadline.
//!
//! It owns the opening deadline. Bytes that a client sends before its response wait in the kernel. It
//! writes nothing itself: if a head is invalid or late, reading fails, and [`super::serve`] sends the
//! rejection. It does not shut the stream down either, so that this is still possible.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::limits::{DEADLINE_GRACE, HTTP_CONNECTION_MAX, HTTP_READ_BYTES, OPENING_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::edge::http::head::HeadReader;
use crate::edge::http::rejection::Rejection;
use crate::edge::peer_stream::PeerStream;
use crate::edge::pending_connections::PendingActivity;

/// The layer between hyper and a connection.
#[derive(Debug)]
pub(crate) struct Gate {
    stream: PeerStream,
    heads: HeadReader,
    turn: Turn,
    /// The waker of a read that has to wait for its turn.
    reader: Option<Waker>,
    deadline: Pin<Box<Sleep>>,
    /// When the connection ends even if it is in use.
    end: Instant,
    /// The deadline of the last request.
    last_due: Instant,
    /// Whether the deadline has expired and the grace period runs.
    in_grace: bool,
    /// Whether a request was answered.
    answered: bool,
    fault: Option<Fault>,
    activity: PendingActivity,
}

/// Why reading or writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request is rejected.
    Rejected(Rejection),
    /// The client sent nothing in time.
    Idle,
    /// The client received nothing of a response in time.
    Stuck,
    /// The client received its responses and sends no more requests.
    Done,
}

/// Who acts next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The client, which sends a head.
    Client,
    /// hyper, which reads this many more bytes of a head.
    Http(usize),
    /// The server, which responds; `began` once it has written something.
    Server { began: bool },
}

impl Gate {
    /// A gate over a stream that was accepted at `accepted`. It keeps `activity` up to date.
    pub(crate) fn new(stream: PeerStream, accepted: Instant, activity: PendingActivity) -> Gate {
        let due = accepted + OPENING_MAX;
        Gate {
            stream,
            heads: HeadReader::default(),
            turn: Turn::Client,
            reader: None,
            deadline: Box::pin(sleep_until(due)),
            end: accepted + HTTP_CONNECTION_MAX,
            last_due: due,
            in_grace: false,
            answered: false,
            fault: None,
            activity,
        }
    }

    /// When the connection ends even if it is in use.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// Why reading or writing failed, if it did.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Returns the stream, the bytes that were read beyond the last head, and the deadline of the
    /// last request, which is also the deadline of the hello after an upgrade.
    pub(crate) fn into_parts(self) -> (PeerStream, Vec<u8>, Instant) {
        (self.stream, self.heads.into_rest(), self.last_due)
    }

    fn fail<T>(&mut self, fault: Fault) -> Poll<io::Result<T>> {
        self.fault = Some(fault);
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    /// Sets the deadline of the next step.
    fn renew_deadline(&mut self) {
        self.in_grace = false;
        self.deadline.as_mut().reset(self.end.min(Instant::now() + OPENING_MAX));
    }

    /// Checks whether a complete head has arrived.
    fn check_head(&mut self) -> Result<(), Fault> {
        if let Some(count) = self.heads.head_bytes().map_err(Fault::Rejected)? {
            self.turn = Turn::Http(count);
            self.activity.set_busy();
            // A head that arrives in the grace period was delayed by the server, not by its client.
            let was_late = self.in_grace;
            self.last_due = self.deadline.deadline();
            self.renew_deadline();
            if was_late {
                self.last_due = self.deadline.deadline();
            }
        }
        Ok(())
    }

    /// Reads until a complete head has arrived. Returns `false` at the end of the stream.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if Instant::now() >= self.end {
            return self.fail(Fault::Done);
        }
        loop {
            if let Err(fault) = self.check_head() {
                return self.fail(fault);
            }
            if self.turn != Turn::Client {
                return Poll::Ready(Ok(true));
            }
            let mut bytes = [0; HTTP_READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer)? {
                Poll::Ready(()) if buffer.filled().is_empty() => return Poll::Ready(Ok(false)),
                Poll::Ready(()) => self.heads.push(buffer.filled()),
                // The deadline is checked only when everything available was read.
                Poll::Pending => {
                    ready!(self.poll_expired(cx));
                    return self.fail(match self.heads.is_empty() {
                        true if self.answered => Fault::Done,
                        true => Fault::Idle,
                        false => Fault::Rejected(Rejection::Timeout),
                    });
                }
            }
        }
    }

    /// Is ready when the deadline and the grace period after it have expired.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.deadline.as_mut().poll(cx));
        if self.in_grace {
            return Poll::Ready(());
        }
        self.in_grace = true;
        self.deadline.as_mut().reset(Instant::now() + DEADLINE_GRACE);
        self.deadline.as_mut().poll(cx)
    }

    /// Tracks the result of a write. A client that receives nothing of its response is given up.
    fn after_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match written {
            Poll::Ready(Ok(_)) => {
                self.turn = match self.turn {
                    Turn::Server { .. } => Turn::Server { began: true },
                    other => other,
                };
                self.renew_deadline();
            }
            Poll::Pending if self.deadline.as_mut().poll(cx).is_ready() => {
                return self.fail(Fault::Stuck);
            }
            _ => {}
        }
        written
    }
}

impl AsyncRead for Gate {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        if gate.turn == Turn::Client && !ready!(gate.poll_head(cx))? {
            return Poll::Ready(Ok(()));
        }
        let Turn::Http(left) = gate.turn else {
            gate.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let count = left.min(buffer.remaining());
        for byte in gate.heads.take(count) {
            buffer.put_slice(&[byte]);
        }
        gate.turn =
            if count == left { Turn::Server { began: false } } else { Turn::Http(left - count) };
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write(cx, bytes);
        gate.after_write(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write_vectored(cx, slices);
        gate.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes after a whole response: bodies here are complete when a response begins.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        ready!(Pin::new(&mut gate.stream).poll_flush(cx))?;
        if gate.turn == (Turn::Server { began: true }) {
            (gate.turn, gate.answered) = (Turn::Client, true);
            gate.activity.set_idle();
            gate.renew_deadline();
            if let Some(reader) = gate.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }
}

#[cfg(test)]
mod tests;
