//! [`Recorder`]: the file of recorded scenes, for `stream-report`.
//!
//! Rooms only format lines. A dedicated thread writes them, behind a bounded queue, so that a slow
//! disk never delays a tick. The shard of the recorded room sends it the lines of each pass.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use tracing::warn;

use crate::limits::RECORDING_QUEUE_PASSES;
use crate::ops::supervision::{Lifetime, Supervisor};

/// The sender of the queue of a recording.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    queue: SyncSender<String>,
}

impl Recorder {
    /// Creates or truncates the file and starts the thread that writes it. The thread ends when all
    /// recorders are dropped and the queue is written.
    pub(crate) fn create(
        path: &Path,
        supervisor: &Arc<Supervisor>,
    ) -> io::Result<(Recorder, JoinHandle<()>)> {
        let file = File::create(path)?;
        let (queue, lines) = sync_channel(RECORDING_QUEUE_PASSES);
        let writer =
            supervisor.spawn_thread("recorder", Lifetime::Work, move || write_all(file, &lines))?;
        Ok((Recorder { queue }, writer))
    }

    /// Queues the lines of a pass: one or more whole ticks.
    ///
    /// # Errors
    /// Why the recording ends, for the log.
    pub(crate) fn write(&self, lines: String) -> Result<(), &'static str> {
        self.queue.try_send(lines).map_err(|error| match error {
            TrySendError::Full(_) => "the disk is too slow",
            TrySendError::Disconnected(_) => "the file cannot be written",
        })
    }
}

/// Writes each pass with one call, so that the file ends at a whole tick however the server ends.
fn write_all(mut file: File, queue: &Receiver<String>) {
    let mut whole_bytes = 0;
    for lines in queue {
        if let Err(error) = file.write_all(lines.as_bytes()) {
            warn!(%error, "cannot write to the file of recorded scenes");
            // Without this the file would end in the middle of a tick. If it fails as well, the
            // reader of the file reports it.
            let _ = file.set_len(whole_bytes);
            return;
        }
        whole_bytes += lines.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_disk_is_too_slow_the_recording_ends_and_nothing_of_it_is_lost() {
        let (queue, lines) = sync_channel(RECORDING_QUEUE_PASSES);
        let recorder = Recorder { queue };
        for pass in 0..RECORDING_QUEUE_PASSES {
            assert_eq!(recorder.write(format!("{pass}\n")), Ok(()), "the queue has space");
        }
        assert_eq!(recorder.write("more".into()), Err("the disk is too slow"));
        let whole: Vec<String> = lines.try_iter().collect();
        assert_eq!(whole.len(), RECORDING_QUEUE_PASSES);
        drop(lines);
        assert_eq!(recorder.write("more".into()), Err("the file cannot be written"));
    }
}
