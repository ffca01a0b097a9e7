//! A TLS session over a simulated kernel that accepts and returns as little as a test sets.

use std::collections::VecDeque;

use proptest::prelude::*;
use rustls::ClientConnection;

use super::*;
use crate::transport::test_tls::session;

/// A simulated kernel: received bytes, and space for bytes to send.
#[derive(Default)]
struct Kernel {
    received: VecDeque<u8>,
    /// Most bytes that one read returns.
    read_max: usize,
    sent: Vec<u8>,
    /// How many more bytes it accepts.
    space: usize,
    ended: bool,
    reads: usize,
}

impl Read for Kernel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        let count = buffer.len().min(self.read_max).min(self.received.len());
        if count == 0 && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for byte in &mut buffer[..count] {
            *byte = self.received.pop_front().expect("they were counted");
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
        self.sent.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Harness {
    stream: TlsStream,
    client: ClientConnection,
    kernel: Kernel,
}

impl Harness {
    fn new() -> Harness {
        let (server, client) = session();
        let kernel = Kernel { read_max: usize::MAX, space: usize::MAX, ..Kernel::default() };
        Harness { stream: TlsStream::new(server), client, kernel }
    }

    /// The client sends these, each in its own record.
    fn client_sends<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) {
        for record in records {
            self.client.writer().write_all(record).expect("there is space");
            let mut bytes = Vec::new();
            self.client.write_tls(&mut bytes).expect("a Vec accepts all bytes");
            self.kernel.received.extend(bytes);
        }
    }

    fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; most];
        let read = self.stream.read(&mut self.kernel, &mut buffer)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// The plaintext that the client receives.
    fn client_receives(&mut self) -> Vec<u8> {
        let sent = std::mem::take(&mut self.kernel.sent);
        let (mut rest, mut received_bytes) = (&sent[..], Vec::new());
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).expect("a slice can be read");
            self.client.process_new_packets().expect("it is TLS");
            let mut buffer = [0; 20_000];
            while let Ok(read @ 1..) = self.client.reader().read(&mut buffer) {
                received_bytes.extend_from_slice(&buffer[..read]);
            }
        }
        received_bytes
    }
}

fn would_block<T: std::fmt::Debug>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[test]
fn a_short_read_has_read_everything_that_had_arrived() {
    let mut harness = Harness::new();
    assert!(would_block(harness.read(100)));
    // More records than one read of the session can hold.
    harness.client_sends([&[7; 90][..]; 60]);
    let mut read = 0;
    loop {
        let some = harness.read(1_000).expect("there is more");
        read += some.len();
        if some.len() < 1_000 {
            break;
        }
    }
    assert_eq!((read, harness.kernel.received.len()), (60 * 90, 0));
    assert!(!harness.stream.is_readable());
    assert!(would_block(harness.read(100)));
}

#[test]
fn plaintext_that_was_not_read_yet_makes_the_stream_readable() {
    let mut harness = Harness::new();
    harness.client_sends([&b"hello"[..]]);
    assert_eq!(harness.read(2).expect("it arrived"), b"he");
    assert!(harness.stream.is_readable(), "the kernel has no more bytes for it");
    assert_eq!(harness.read(3).expect("it arrived"), b"llo");
    assert!(!harness.stream.is_readable());
}

#[test]
fn a_record_of_the_largest_size_is_read_in_one_turn() {
    let mut harness = Harness::new();
    harness.client.set_buffer_limit(None);
    harness.client_sends([&[7; 1 << 14][..]]);
    let mut read = 0;
    while let Ok(some) = harness.read(1_024) {
        assert!(!some.is_empty());
        read += some.len();
    }
    assert_eq!(read, 1 << 14);
}

#[test]
fn tiny_records_cost_a_bounded_number_of_reads_in_a_turn() {
    let mut harness = Harness::new();
    // Two bytes each, so that they earn back their ciphertext.
    harness.client_sends((0..5_000).map(|_| &b"ab"[..]));
    let mut read = 0;
    while harness.kernel.received.len() > TLS_TURN_MAX_READS * 4_096 {
        harness.kernel.reads = 0;
        loop {
            let some = harness.read(1_024).expect("there is more");
            read += some.len();
            if some.len() < 1_024 {
                break;
            }
        }
        assert!(harness.kernel.reads <= TLS_TURN_MAX_READS, "{}", harness.kernel.reads);
    }
    assert!(read > 5_000);
}

#[test]
fn empty_records_end_the_session_soon() {
    let mut harness = Harness::new();
    // Key updates are records without plaintext; rustls limits them itself.
    for _ in 0..100 {
        harness.client.refresh_traffic_keys().expect("it is TLS 1.3");
        let mut bytes = Vec::new();
        harness.client.write_tls(&mut bytes).expect("a Vec accepts all bytes");
        harness.kernel.received.extend(bytes);
    }
    let mut ended = None;
    for _ in 0..100 {
        match harness.read(1_024) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => ended = Some(other),
        }
    }
    let error = ended.expect("it does not go on for ever").expect_err("they have no plaintext");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn plaintext_earns_back_its_ciphertext() {
    let mut harness = Harness::new();
    harness.stream.ciphertext_left = 100;
    harness.client_sends([&b""[..], &[7; 10]]);
    assert_eq!(harness.read(1_024).expect("it arrived").len(), 10);
    let left = harness.stream.ciphertext_left;
    assert!(left > 100, "{left}");
    harness.stream.ciphertext_left = 10;
    harness.client_sends([&b"x"[..]]);
    let error = harness.read(1_024).expect_err("it has none left");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    // And stays so.
    let error = harness.read(1_024).expect_err("it has none left");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn invalid_tls_ends_the_session_after_the_plaintext_before_it() {
    let mut harness = Harness::new();
    harness.client_sends([&b"hello"[..]]);
    harness.kernel.received.extend([0x17, 3, 3, 0, 40]);
    harness.kernel.received.extend([9; 40]);
    assert_eq!(harness.read(1_024).ok().as_deref(), Some(&b"hello"[..]));
    for _ in 0..3 {
        let error = harness.read(1_024).expect_err("it is not TLS");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn a_proper_end_is_distinguished_from_a_truncation() {
    let mut harness = Harness::new();
    harness.kernel.ended = true;
    let error = harness.read(100).expect_err("truncated");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

    let mut harness = Harness::new();
    harness.client.send_close_notify();
    harness.client_sends([&b""[..]]);
    assert_eq!(harness.read(100).ok(), Some(Vec::new()));

    let mut harness = Harness::new();
    harness.stream.send_end(&mut harness.kernel).expect("there is space");
    harness.client_receives();
    assert!(matches!(harness.client.reader().read(&mut [0; 9]), Ok(0)), "it is a proper end");
}

#[test]
fn while_a_record_waits_for_the_kernel_nothing_more_is_accepted() {
    let mut harness = Harness::new();
    harness.kernel.space = 1_000;
    let bytes = vec![7; 20_000];
    let taken = harness.stream.write(&mut harness.kernel, &bytes).expect("one record is accepted");
    assert_eq!(taken, TLS_RECORD_OUT_MAX_BYTES);
    for _ in 0..3 {
        assert!(would_block(harness.stream.flush(&mut harness.kernel)));
        assert!(would_block(harness.stream.write(&mut harness.kernel, &bytes)));
    }
    harness.kernel.space = 10_000;
    harness.stream.flush(&mut harness.kernel).expect("the kernel has accepted all of it");
    assert_eq!(harness.client_receives().len(), taken);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_is_lost_or_reordered_however_small_the_steps(
        records in prop::collection::vec(1..3_000_usize, 1..20),
        read_maxima in prop::collection::vec(1..5_000_usize, 1..20),
        lengths in prop::collection::vec(1..2_000_usize, 1..20),
    ) {
        let mut harness = Harness::new();
        let bytes: Vec<u8> = (0..records.iter().sum::<usize>()).map(|at| (at % 251) as u8).collect();
        // In.
        let mut rest = &bytes[..];
        for count in &records {
            let (record, after) = rest.split_at(*count);
            harness.client_sends([record]);
            rest = after;
        }
        let (mut received_bytes, mut turn) = (Vec::new(), 0);
        while received_bytes.len() < bytes.len() {
            harness.kernel.read_max = read_maxima[turn % read_maxima.len()];
            match harness.read(lengths[turn % lengths.len()]) {
                Ok(some) => received_bytes.extend(some),
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            turn += 1;
        }
        prop_assert!(received_bytes == bytes);
        // Out.
        harness.kernel.space = 0;
        let (mut written, mut received_bytes, mut turn) = (0, Vec::new(), 0);
        while received_bytes.len() < bytes.len() {
            harness.kernel.space = read_maxima[turn % read_maxima.len()];
            let end = bytes.len().min(written + lengths[turn % lengths.len()]);
            match harness.stream.write(&mut harness.kernel, &bytes[written..end]) {
                Ok(taken) => written += taken,
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            let waits = harness.stream.flush(&mut harness.kernel).is_err();
            received_bytes.extend(harness.client_receives());
            // Once it is flushed, everything that was accepted has been sent.
            prop_assert!(waits || received_bytes.len() == written);
            turn += 1;
        }
        prop_assert!(received_bytes == bytes);
    }
}
