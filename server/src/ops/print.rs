//! [`print_within`]: writes a text to an output that nobody may read.

use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// How long the program waits for what it prints to be written.
pub(crate) const PRINT_MAX: Duration = Duration::from_secs(1);

/// Writes a text, and waits for that for a limited time. A parent process may have closed the output,
/// or may never read it; and a thread that is blocked in a write to stderr holds its lock.
pub(crate) fn print_within(max: Duration, mut out: impl Write + Send + 'static, text: String) {
    let (printed, done) = sync_channel::<()>(1);
    let print = move || {
        let _ = out.write_all(text.as_bytes());
        drop(printed);
    };
    // Without a thread to write it, the text is lost: what is printed is not needed to go on.
    if thread::Builder::new().name("print".into()).spawn(print).is_ok() {
        // It ends when the sender is dropped, with an error that says nothing.
        let _ = done.recv_timeout(max);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An output that blocks for as long as a sender lives, and sends on what it takes.
    struct Gated(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_nobody_reads_delays_nothing_for_long() {
        let ((reader, blocked), (taken, seen)) = (channel(), channel());
        print_within(Duration::from_millis(10), Gated(blocked, taken), "why it ended".into());
        assert!(seen.try_recv().is_err(), "it is blocked still");
        drop(reader);
        assert_eq!(seen.recv().as_deref(), Ok(&b"why it ended"[..]));
    }

    #[test]
    fn what_is_printed_is_written_before_the_program_goes_on() {
        let ((reader, open), (taken, seen)) = (channel(), channel());
        drop(reader);
        print_within(Duration::MAX, Gated(open, taken), "listening".into());
        assert_eq!(seen.try_recv().as_deref(), Ok(&b"listening"[..]));
    }
}
