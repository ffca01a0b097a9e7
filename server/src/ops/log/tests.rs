//! Outputs that fail, block, are full or are written in part.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc;

use tracing::{debug, info};

use super::*;

/// What an output does with the next write; without an answer it takes everything.
enum Answer {
    Take(usize),
    Fail(ErrorKind),
}

#[derive(Clone, Default)]
struct Output {
    written: Arc<Mutex<Vec<u8>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Output {
    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).expect("lines are text")
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = match self.answers.lock().unwrap().pop_front() {
            Some(Answer::Fail(kind)) => return Err(kind.into()),
            Some(Answer::Take(most)) => most.min(bytes.len()),
            None => bytes.len(),
        };
        self.written.lock().unwrap().extend_from_slice(&bytes[..most]);
        Ok(most)
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(ErrorKind::BrokenPipe.into())
    }
}

/// Counters of a test's own.
fn counters() -> &'static LogCounters {
    Box::leak(Box::default())
}

/// Runs `log` with a log that writes to `out`.
fn with_log(
    out: impl Write + Send + 'static,
    counters: &'static LogCounters,
    log: impl FnOnce(&LogThread),
) {
    let (thread, writer) = LogThread::start(out, counters).expect("a thread starts");
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer)
        .finish();
    tracing::subscriber::with_default(subscriber, || log(&thread));
}

#[test]
fn a_log_that_fails_in_every_way_drops_lines_counts_them_and_goes_on() {
    let (output, counters) = (Output::default(), counters());
    let kinds = [
        ErrorKind::BrokenPipe,
        ErrorKind::StorageFull,
        ErrorKind::FileTooLarge,
        ErrorKind::QuotaExceeded,
        ErrorKind::PermissionDenied,
        ErrorKind::Other,
    ];
    with_log(output.clone(), counters, |thread| {
        for kind in kinds {
            output.answers.lock().unwrap().push_back(Answer::Fail(kind));
            // The notice of what was lost before is tried, and fails, first.
            if kind != kinds[0] {
                output.answers.lock().unwrap().push_back(Answer::Fail(kind));
            }
            debug!("lost to {kind}");
            thread.flush();
        }
        debug!("written again");
        thread.flush();
    });
    let text = output.text();
    assert!(!text.contains("lost to"), "{text}");
    assert!(text.contains("written again"), "{text}");
    assert!(text.contains(&format!("could not be written: {};", kinds.len())), "{text}");
    assert_eq!(counters.dropped.load(Relaxed), kinds.len() as u64);
}

#[test]
fn a_line_written_in_part_is_ended_before_the_next() {
    let (output, counters) = (Output::default(), counters());
    with_log(output.clone(), counters, |thread| {
        let answers = [Answer::Take(9), Answer::Fail(ErrorKind::StorageFull)];
        output.answers.lock().unwrap().extend(answers);
        debug!("cut");
        thread.flush();
        debug!("next");
        thread.flush();
    });
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "a part, the notice and the next line: {text}");
    assert!(lines[1].contains("could not be written: 1;") && lines[2].ends_with("next"), "{text}");
}

#[test]
fn a_full_output_that_does_not_block_gets_whole_lines_once_it_takes_them() {
    let (output, counters) = (Output::default(), counters());
    with_log(output.clone(), counters, |thread| {
        let answers = [
            Answer::Fail(ErrorKind::WouldBlock),
            Answer::Take(5),
            Answer::Fail(ErrorKind::WouldBlock),
            Answer::Fail(ErrorKind::Interrupted),
            Answer::Take(1),
        ];
        output.answers.lock().unwrap().extend(answers);
        debug!("patience");
        thread.flush();
    });
    let text = output.text();
    assert!(text.lines().count() == 1 && text.trim_end().ends_with("patience"), "{text}");
    assert_eq!(counters.dropped.load(Relaxed), 0);
}

/// An output that blocks for as long as a sender lives, and then counts what it takes.
struct Blocked(Receiver<()>, Arc<AtomicU64>);

impl Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.fetch_add(1, Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_nobody_reads_holds_a_bounded_number_of_lines_and_delays_nobody() {
    let (reader, blocked) = mpsc::channel();
    let counters = counters();
    let more = 100;
    with_log(Blocked(blocked, Arc::default()), counters, |thread| {
        // The thread holds one line more than the queue.
        for number in 0..LOG_QUEUE_LINES + 1 + more {
            debug!(number, "nobody reads this");
        }
        let dropped = counters.dropped.load(Relaxed);
        assert!((more as u64..=more as u64 + 1).contains(&dropped), "{dropped}");
        // It does not wait for ever for a full queue.
        thread.flush();
    });
    drop(reader);
}

#[test]
fn a_queue_that_is_full_but_moves_is_written_to_its_end_before_the_program_ends() {
    let (reader, blocked) = mpsc::channel();
    let (counters, written) = (counters(), Arc::<AtomicU64>::default());
    with_log(Blocked(blocked, Arc::clone(&written)), counters, |thread| {
        for number in 0..LOG_QUEUE_LINES + 2 {
            debug!(number, "waits for its turn");
        }
        assert!(counters.dropped.load(Relaxed) > 0, "the queue is full");
        thread::scope(|both| {
            both.spawn(|| {
                thread::sleep(3 * FLUSH_RETRY_AFTER);
                drop(reader);
            });
            thread.flush();
        });
        assert!(written.load(Relaxed) >= LOG_QUEUE_LINES as u64, "{written:?}");
    });
}

#[test]
fn each_place_in_the_code_logs_at_a_limited_rate_and_others_are_not_disturbed() {
    let (output, counters) = (Output::default(), counters());
    let more = 30;
    with_log(output.clone(), counters, |thread| {
        for number in 0..LOG_LINES_BURST + more {
            info!(number, "caused by strangers");
        }
        info!("of the server");
        for _ in 0..LOG_LINES_BURST + more {
            debug!("asked for");
        }
        thread.flush();
    });
    let text = output.text();
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count() as u64;
    let strangers = count("caused by strangers");
    // A slow machine earns some more meanwhile.
    let burst = u64::from(LOG_LINES_BURST);
    assert!((burst..burst + u64::from(more)).contains(&strangers), "{strangers}");
    assert_eq!(counters.paced.load(Relaxed), burst + u64::from(more) - strangers);
    assert_eq!(count("of the server"), 1);
    assert_eq!(count("asked for"), burst + u64::from(more));
}

#[test]
fn a_line_is_cut_at_the_limit() {
    let (output, counters) = (Output::default(), counters());
    with_log(output.clone(), counters, |thread| {
        debug!("{}", "a".repeat(2 * LOG_LINE_MAX_BYTES));
        debug!("next");
        thread.flush();
    });
    let text = output.text();
    let lengths: Vec<usize> = text.lines().map(str::len).collect();
    assert_eq!(lengths[0], LOG_LINE_MAX_BYTES + 3);
    assert!(lengths.len() == 2 && text.trim_end().ends_with("next"));
}
