//! The log of the program: any thread formats lines, one thread writes them to stderr.
//!
//! Lines may be lost, players may not. Writing a line never blocks, fails or panics, whatever
//! became of stderr: a line goes into a bounded queue, or is dropped and counted. `tracing_subscriber`
//! by itself writes in the thread that logs, and answers a failed write by a panic of that thread.
//!
//! Each place in the code may log so many lines and then so many a second: clients cause some lines,
//! and must not be able to fill a disk. Below `info` nothing is paced: who asked for those lines wants
//! all of them.
//!
//! [`super::metrics`] shows what was dropped and left out.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tickwire_host::token_bucket::{Bucket, Rate};
use tracing::callsite::Identifier;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::limits::{
    LOG_LINE_MAX_BYTES, LOG_LINES_BURST, LOG_LINES_PER_SECOND, LOG_LOST_NOTICE_EVERY,
    LOG_QUEUE_LINES,
};
pub(crate) use counters::{COUNTERS, LogCounters};
use sink::LogOutput;

mod counters;
mod sink;

/// How long [`LogThread::flush`] waits for the queue to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);
/// How long to wait before a full queue is tried again.
const FLUSH_RETRY_AFTER: Duration = Duration::from_millis(10);

enum LogEntry {
    Line(Box<[u8]>),
    /// Reply when all lines before it are written.
    Flush(SyncSender<()>),
}

/// The thread that writes the log.
#[derive(Debug)]
pub(crate) struct LogThread {
    queue: SyncSender<LogEntry>,
}

impl LogThread {
    /// Starts the thread, and returns where to write lines to. It ends with the process: a write that
    /// blocks can not be interrupted.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        counters: &'static LogCounters,
    ) -> io::Result<(LogThread, LogWriter)> {
        let (queue, entries) = sync_channel(LOG_QUEUE_LINES);
        let sink = LogOutput::new(out, counters);
        thread::Builder::new().name("log".into()).spawn(move || write_all(sink, &entries))?;
        let line_rates = LineRates { started: Instant::now(), callsites: Mutex::default() };
        let writer = LogWriter { queue: queue.clone(), line_rates, counters };
        Ok((LogThread { queue }, writer))
    }

    /// Waits until all lines so far are written, for a limited time.
    pub(crate) fn flush(&self) {
        let (reply, done) = sync_channel(1);
        let deadline = Instant::now() + FLUSH_MAX;
        let mut entry = LogEntry::Flush(reply);
        // A queue that is full may only be behind: the last lines say why the program ends.
        while let Err(TrySendError::Full(full)) = self.queue.try_send(entry) {
            if Instant::now() >= deadline {
                return;
            }
            entry = full;
            thread::sleep(FLUSH_RETRY_AFTER);
        }
        let _ = done.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write_all<W: Write>(mut sink: LogOutput<W>, entries: &Receiver<LogEntry>) {
    loop {
        match entries.recv_timeout(LOG_LOST_NOTICE_EVERY) {
            Ok(LogEntry::Line(line)) => sink.write_line(&line),
            Ok(LogEntry::Flush(reply)) => {
                // The receiver may have given up.
                let _ = reply.send(());
            }
            Err(RecvTimeoutError::Timeout) => sink.report_losses(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Makes the writer of each line, for `tracing_subscriber`.
#[derive(Debug)]
pub(crate) struct LogWriter {
    queue: SyncSender<LogEntry>,
    line_rates: LineRates,
    counters: &'static LogCounters,
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { log: Some(self) }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> LineWriter<'a> {
        if self.line_rates.allows(line) {
            return self.make_writer();
        }
        self.counters.paced.fetch_add(1, Relaxed);
        LineWriter { log: None }
    }
}

/// Takes one line, in one write.
pub(crate) struct LineWriter<'a> {
    /// `None`: the line is left out.
    log: Option<&'a LogWriter>,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(log) = self.log
            && log.queue.try_send(LogEntry::Line(shortened(line))).is_err()
        {
            log.counters.dropped.fetch_add(1, Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line, cut at [`LOG_LINE_MAX_BYTES`].
fn shortened(line: &[u8]) -> Box<[u8]> {
    if line.len() <= LOG_LINE_MAX_BYTES {
        return line.into();
    }
    [&line[..LOG_LINE_MAX_BYTES], b"...\n"].concat().into()
}

/// Limits how often each place in the code logs.
#[derive(Debug)]
struct LineRates {
    started: Instant,
    /// As many as there are places in the code that have logged.
    callsites: Mutex<HashMap<Identifier, (Bucket, Duration)>>,
}

impl LineRates {
    const RATE: Rate = Rate {
        per_second: LOG_LINES_PER_SECOND,
        burst: Duration::from_secs((LOG_LINES_BURST / LOG_LINES_PER_SECOND) as u64),
    };

    fn allows(&self, line: &Metadata<'_>) -> bool {
        if *line.level() > Level::INFO {
            return true;
        }
        let mut callsites = self.callsites.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.started.elapsed();
        let (bucket, filled) = callsites
            .entry(line.callsite())
            .or_insert_with(|| (Bucket::full(LineRates::RATE), now));
        bucket.fill(LineRates::RATE, now.saturating_sub(*filled));
        *filled = now;
        bucket.take()
    }
}

#[cfg(test)]
mod tests;
