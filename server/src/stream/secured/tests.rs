//! A session over pipes that take and give as little as a test wishes.

use std::collections::VecDeque;

use proptest::prelude::*;
use rustls::ClientConnection;

use super::*;
use crate::tls::tests::session;

/// What the kernel is to a session: bytes that came, and space for those that go.
#[derive(Default)]
struct Kernel {
    came: VecDeque<u8>,
    /// At most so many are given at once.
    give_max: usize,
    gone: Vec<u8>,
    /// How many more are taken.
    space: usize,
    ended: bool,
    reads: usize,
}

impl Read for Kernel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        let count = buffer.len().min(self.give_max).min(self.came.len());
        if count == 0 && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for byte in &mut buffer[..count] {
            *byte = self.came.pop_front().expect("they were counted");
        }
        Ok(count)
    }
}

impl Write for Kernel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.space);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.space -= count;
        self.gone.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    secured: Secured,
    client: ClientConnection,
    kernel: Kernel,
}

impl Bench {
    fn new() -> Bench {
        let (server, client) = session();
        let kernel = Kernel { give_max: usize::MAX, space: usize::MAX, ..Kernel::default() };
        Bench { secured: Secured::new(server), client, kernel }
    }

    /// The client says these, a record each.
    fn say<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) {
        for record in records {
            self.client.writer().write_all(record).expect("there is space");
            let mut bytes = Vec::new();
            self.client.write_tls(&mut bytes).expect("memory takes it");
            self.kernel.came.extend(bytes);
        }
    }

    fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; most];
        let read = self.secured.read(&mut self.kernel, &mut buffer)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// What the client makes of what has gone.
    fn hear(&mut self) -> Vec<u8> {
        let gone = std::mem::take(&mut self.kernel.gone);
        let (mut rest, mut heard) = (&gone[..], Vec::new());
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).expect("memory gives it");
            self.client.process_new_packets().expect("it is TLS");
            let mut buffer = [0; 20_000];
            while let Ok(read @ 1..) = self.client.reader().read(&mut buffer) {
                heard.extend_from_slice(&buffer[..read]);
            }
        }
        heard
    }
}

fn would_block<T: std::fmt::Debug>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[test]
fn a_short_read_has_found_all_that_had_come() {
    let mut bench = Bench::new();
    assert!(would_block(bench.read(100)));
    // More records than fit into one read of the session.
    bench.say([&[7; 90][..]; 60]);
    let mut read = 0;
    loop {
        let some = bench.read(1_000).expect("there is more");
        read += some.len();
        if some.len() < 1_000 {
            break;
        }
    }
    assert_eq!((read, bench.kernel.came.len()), (60 * 90, 0));
    assert!(!bench.secured.is_readable());
    assert!(would_block(bench.read(100)));
}

#[test]
fn what_was_decrypted_and_not_read_yet_is_told_of() {
    let mut bench = Bench::new();
    bench.say([&b"hello"[..]]);
    assert_eq!(bench.read(2).expect("it came"), b"he");
    assert!(bench.secured.is_readable(), "the kernel has nothing more to tell of it");
    assert_eq!(bench.read(3).expect("it came"), b"llo");
    assert!(!bench.secured.is_readable());
}

#[test]
fn a_record_of_the_largest_size_is_read_in_one_turn() {
    let mut bench = Bench::new();
    bench.client.set_buffer_limit(None);
    bench.say([&[7; 1 << 14][..]]);
    let mut read = 0;
    while let Ok(some) = bench.read(1_024) {
        assert!(!some.is_empty());
        read += some.len();
    }
    assert_eq!(read, 1 << 14);
}

#[test]
fn tiny_records_cost_a_turn_no_more_than_so_many_reads() {
    let mut bench = Bench::new();
    // Two bytes each, so that they pay for themselves.
    bench.say((0..5_000).map(|_| &b"ab"[..]));
    let mut read = 0;
    while bench.kernel.came.len() > TLS_TURN_MAX_READS * 4_096 {
        bench.kernel.reads = 0;
        loop {
            let some = bench.read(1_024).expect("there is more");
            read += some.len();
            if some.len() < 1_024 {
                break;
            }
        }
        assert!(bench.kernel.reads <= TLS_TURN_MAX_READS, "{}", bench.kernel.reads);
    }
    assert!(read > 5_000);
}

#[test]
fn records_with_nothing_in_them_end_the_session_before_long() {
    let mut bench = Bench::new();
    // Key updates are records with nothing in them; and rustls counts those.
    for _ in 0..100 {
        bench.client.refresh_traffic_keys().expect("it is TLS 1.3");
        let mut bytes = Vec::new();
        bench.client.write_tls(&mut bytes).expect("memory takes it");
        bench.kernel.came.extend(bytes);
    }
    let mut ended = None;
    for _ in 0..100 {
        match bench.read(1_024) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => ended = Some(other),
        }
    }
    let error = ended.expect("it does not go on for ever").expect_err("nothing is in them");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn ciphertext_is_paid_for_by_the_bytes_in_it() {
    let mut bench = Bench::new();
    bench.secured.ciphertext_left = 100;
    bench.say([&b""[..], &[7; 10]]);
    assert_eq!(bench.read(1_024).expect("it came").len(), 10);
    let left = bench.secured.ciphertext_left;
    assert!(left > 100, "{left}");
    bench.secured.ciphertext_left = 10;
    bench.say([&b"x"[..]]);
    let error = bench.read(1_024).expect_err("it has none left");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    // However often it is asked.
    let error = bench.read(1_024).expect_err("it has none left");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_is_no_tls_ends_the_session_after_what_came_before_it() {
    let mut bench = Bench::new();
    bench.say([&b"hello"[..]]);
    bench.kernel.came.extend([0x17, 3, 3, 0, 40]);
    bench.kernel.came.extend([9; 40]);
    assert_eq!(bench.read(1_024).ok().as_deref(), Some(&b"hello"[..]));
    for _ in 0..3 {
        let error = bench.read(1_024).expect_err("it is no TLS");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn an_end_in_order_is_told_from_one_that_anybody_may_have_made() {
    let mut bench = Bench::new();
    bench.kernel.ended = true;
    let error = bench.read(100).expect_err("cut off");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

    let mut bench = Bench::new();
    bench.client.send_close_notify();
    bench.say([&b""[..]]);
    assert_eq!(bench.read(100).ok(), Some(Vec::new()));

    let mut bench = Bench::new();
    bench.secured.close(&mut bench.kernel).expect("there is space");
    bench.hear();
    assert!(matches!(bench.client.reader().read(&mut [0; 9]), Ok(0)), "it is told");
}

#[test]
fn while_a_record_waits_for_the_kernel_nothing_more_is_taken() {
    let mut bench = Bench::new();
    bench.kernel.space = 1_000;
    let bytes = vec![7; 20_000];
    let taken = bench.secured.write(&mut bench.kernel, &bytes).expect("one record is taken");
    assert_eq!(taken, TLS_RECORD_OUT_MAX_BYTES);
    for _ in 0..3 {
        assert!(would_block(bench.secured.flush(&mut bench.kernel)));
        assert!(would_block(bench.secured.write(&mut bench.kernel, &bytes)));
    }
    bench.kernel.space = 10_000;
    bench.secured.flush(&mut bench.kernel).expect("all of it is in the kernel");
    assert_eq!(bench.hear().len(), taken);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_is_lost_or_reordered_however_slowly_it_goes(
        records in prop::collection::vec(1..3_000_usize, 1..20),
        give in prop::collection::vec(1..5_000_usize, 1..20),
        asks in prop::collection::vec(1..2_000_usize, 1..20),
    ) {
        let mut bench = Bench::new();
        let bytes: Vec<u8> = (0..records.iter().sum::<usize>()).map(|at| (at % 251) as u8).collect();
        // In.
        let mut rest = &bytes[..];
        for count in &records {
            let (record, after) = rest.split_at(*count);
            bench.say([record]);
            rest = after;
        }
        let (mut heard, mut turn) = (Vec::new(), 0);
        while heard.len() < bytes.len() {
            bench.kernel.give_max = give[turn % give.len()];
            match bench.read(asks[turn % asks.len()]) {
                Ok(some) => heard.extend(some),
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            turn += 1;
        }
        prop_assert!(heard == bytes);
        // Out.
        bench.kernel.space = 0;
        let (mut said, mut heard, mut turn) = (0, Vec::new(), 0);
        while heard.len() < bytes.len() {
            bench.kernel.space = give[turn % give.len()];
            let end = bytes.len().min(said + asks[turn % asks.len()]);
            match bench.secured.write(&mut bench.kernel, &bytes[said..end]) {
                Ok(taken) => said += taken,
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            let waits = bench.secured.flush(&mut bench.kernel).is_err();
            heard.extend(bench.hear());
            // Once it is flushed, all that was taken has gone.
            prop_assert!(waits || heard.len() == said);
            turn += 1;
        }
        prop_assert!(heard == bytes);
    }
}
