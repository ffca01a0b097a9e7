//! [`Gate`]: what HTTP reads and writes: a [`Line`], of which it is given one good head after the
//! other, each within its deadline.
//!
//! It owns the deadline of the opening. What a client sends while it is being answered waits in
//! the kernel. It writes nothing of its own: when a head is not good or not in time, reading
//! fails, and the visit says why to the client. Neither does it shut the line down, so that this
//! is still possible then.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use shared::limits::{HTTP_CONNECTION_MAX, OPENING_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::door::head::HeadReader;
use crate::door::line::Line;
use crate::door::rejection::Rejection;
use crate::session::LAST_LOOK;

/// Bytes that are read at once.
const READ_BYTES: usize = 2_048;

/// What lies between HTTP and its connection.
#[derive(Debug)]
pub(crate) struct Gate {
    line: Line,
    heads: HeadReader,
    turn: Turn,
    /// Who reads while it is not its turn.
    reader: Option<Waker>,
    deadline: Pin<Box<Sleep>>,
    /// When even one that is used all the time ends.
    end: Instant,
    /// By when the request that came last had to be there.
    last_due: Instant,
    /// Whether the deadline is over, and it is looked once more.
    is_last_look: bool,
    answered: bool,
    fault: Option<Fault>,
}

/// Why reading failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What came is answered by this.
    Rejected(Rejection),
    /// Nothing came in time.
    Idle,
    /// Nothing of an answer was taken in time.
    Stuck,
    /// It had its answers and asks for nothing more.
    Done,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The client's, to send a head.
    Client,
    /// HTTP's, to read so many bytes more of one.
    Http(usize),
    /// The server's, to answer; whether it has begun to.
    Server { began: bool },
}

impl Gate {
    /// Over a line that was accepted at `accepted`.
    pub(crate) fn new(line: Line, accepted: Instant) -> Gate {
        let due = accepted + OPENING_MAX;
        Gate {
            line,
            heads: HeadReader::default(),
            turn: Turn::Client,
            reader: None,
            deadline: Box::pin(sleep_until(due)),
            end: accepted + HTTP_CONNECTION_MAX,
            last_due: due,
            is_last_look: false,
            answered: false,
            fault: None,
        }
    }

    /// Why HTTP could not go on.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The line again, what was read of it beyond the last head, and by when the request that
    /// came last had to be there: an opening goes on within that.
    pub(crate) fn into_parts(self) -> (Line, Vec<u8>, Instant) {
        (self.line, self.heads.into_rest(), self.last_due)
    }

    fn fail<T>(&mut self, fault: Fault) -> Poll<io::Result<T>> {
        self.fault = Some(fault);
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    /// Gives what comes next a fresh deadline.
    fn renew(&mut self) {
        self.is_last_look = false;
        self.deadline.as_mut().reset(self.end.min(Instant::now() + OPENING_MAX));
    }

    /// Looks whether a whole head is there.
    fn look(&mut self) -> Result<(), Fault> {
        if let Some(count) = self.heads.head_bytes().map_err(Fault::Rejected)? {
            self.turn = Turn::Http(count);
            // If it came by the last look, it was not its client that was late.
            let was_late = self.is_last_look;
            self.last_due = self.deadline.deadline();
            self.renew();
            if was_late {
                self.last_due = self.deadline.deadline();
            }
        }
        Ok(())
    }

    /// Reads until a whole head is there; `false` at the end of the line.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if Instant::now() >= self.end {
            return self.fail(Fault::Done);
        }
        loop {
            if let Err(fault) = self.look() {
                return self.fail(fault);
            }
            if self.turn != Turn::Client {
                return Poll::Ready(Ok(true));
            }
            let mut bytes = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.line).poll_read(cx, &mut buffer)? {
                Poll::Ready(()) if buffer.filled().is_empty() => return Poll::Ready(Ok(false)),
                Poll::Ready(()) => self.heads.push(buffer.filled()),
                // Only when there is nothing more.
                Poll::Pending => {
                    ready!(self.poll_late(cx));
                    return self.fail(match self.heads.is_empty() {
                        true if self.answered => Fault::Done,
                        true => Fault::Idle,
                        false => Fault::Rejected(Rejection::Timeout),
                    });
                }
            }
        }
    }

    /// Comes when the deadline is over and a last look found nothing, either.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.deadline.as_mut().poll(cx));
        if self.is_last_look {
            return Poll::Ready(());
        }
        self.is_last_look = true;
        self.deadline.as_mut().reset(Instant::now() + LAST_LOOK);
        self.deadline.as_mut().poll(cx)
    }

    /// A client that takes nothing of its answer ends, too.
    fn written<T>(
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
                self.renew();
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
        let written = Pin::new(&mut gate.line).poll_write(cx, bytes);
        gate.written(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.line).poll_write_vectored(cx, slices);
        gate.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }

    /// HTTP flushes when it has written all of an answer: those here are whole when they begin.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        ready!(Pin::new(&mut gate.line).poll_flush(cx))?;
        if gate.turn == (Turn::Server { began: true }) {
            (gate.turn, gate.answered) = (Turn::Client, true);
            gate.renew();
            if let Some(reader) = gate.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().line).poll_flush(cx)
    }
}

#[cfg(test)]
mod tests;
