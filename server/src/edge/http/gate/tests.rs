//! Heads that arrive in time, slowly and never. The time is paused: it advances only while the runtime
//! is idle.

use std::io::Write;
use std::net;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

/// A gate, and its peer.
async fn pair() -> (Gate, net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let peer = net::TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
    let (tcp, _) = listener.accept().await.expect("it connected");
    (Gate::new(PeerStream::Plain(tcp), Instant::now(), PendingActivity::default()), peer)
}

async fn read(gate: &mut Gate) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 1_024];
    let count = gate.read(&mut bytes).await?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Reads until it fails. Returns why, and after which time.
async fn failed(mut gate: Gate) -> (Option<Fault>, Duration) {
    let began = Instant::now();
    read(&mut gate).await.expect_err("no head is complete");
    (gate.fault(), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_given_up_at_the_deadline() {
    let (gate, _peer) = pair().await;
    let (fault, after) = failed(gate).await;
    assert_eq!((fault, after.as_secs()), (Some(Fault::Idle), OPENING_MAX.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn slow_headers_are_rejected_at_a_deadline_that_no_byte_renews() {
    let (gate, mut peer) = pair().await;
    let reading = tokio::spawn(failed(gate));
    for byte in &HEAD[..HEAD.len() - 1] {
        let _ = peer.write(&[*byte]);
        // A real moment for the kernel, then a second of paused time.
        std::thread::sleep(Duration::from_millis(1));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (fault, after) = reading.await.expect("no panic");
    let late = Fault::Rejected(Rejection::Timeout);
    assert_eq!((fault, after.as_secs()), (Some(late), OPENING_MAX.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn each_request_is_passed_after_the_response_to_the_one_before_and_has_its_own_deadline() {
    let (mut gate, mut peer) = pair().await;
    let accepted = Instant::now();
    peer.write_all(&[HEAD, HEAD, b"GE"].concat()).expect("there is space");
    assert_eq!(read(&mut gate).await.expect("a head"), HEAD);
    assert_eq!(gate.last_due, accepted + OPENING_MAX);
    let early = tokio::time::timeout(Duration::from_secs(1), read(&mut gate)).await;
    assert!(early.is_err(), "the first has no response yet");
    tokio::time::sleep(Duration::from_secs(5)).await;
    gate.write_all(b"response").await.expect("there is space");
    gate.flush().await.expect("it was written");
    assert_eq!(read(&mut gate).await.expect("the second head"), HEAD);
    assert_eq!(gate.last_due, Instant::now() + OPENING_MAX);
    let (_, rest, _) = gate.into_parts();
    assert_eq!(rest, b"GE");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_received_its_responses_and_sends_no_more_requests_misses_no_deadline() {
    let (mut gate, mut peer) = pair().await;
    peer.write_all(HEAD).expect("there is space");
    assert_eq!(read(&mut gate).await.expect("a head"), HEAD);
    gate.write_all(b"response").await.expect("there is space");
    gate.flush().await.expect("it was written");
    let (fault, after) = failed(gate).await;
    assert_eq!((fault, after.as_secs()), (Some(Fault::Done), OPENING_MAX.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_receives_nothing_of_its_response_is_given_up() {
    let (mut gate, mut peer) = pair().await;
    peer.write_all(HEAD).expect("there is space");
    assert_eq!(read(&mut gate).await.expect("a head"), HEAD);
    let large = vec![0; 64 << 20];
    gate.write_all(&large).await.expect_err("the kernel accepts no more");
    assert_eq!(gate.fault(), Some(Fault::Stuck));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_arrives_just_in_time_does_not_extend_the_deadline() {
    let (mut gate, mut peer) = pair().await;
    let accepted = Instant::now();
    tokio::time::sleep(OPENING_MAX - Duration::from_secs(2)).await;
    peer.write_all(HEAD).expect("there is space");
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(read(&mut gate).await.expect("a head"), HEAD);
    assert_eq!(gate.into_parts().2, accepted + OPENING_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_always_in_use_ends_nevertheless() {
    let (mut gate, mut peer) = pair().await;
    let accepted = Instant::now();
    loop {
        peer.write_all(HEAD).expect("there is space");
        std::thread::sleep(Duration::from_millis(1));
        if read(&mut gate).await.is_err() {
            break;
        }
        gate.write_all(b"response").await.expect("there is space");
        gate.flush().await.expect("it was written");
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert!(accepted.elapsed() < 2 * HTTP_CONNECTION_MAX);
    }
    assert!(accepted.elapsed() >= HTTP_CONNECTION_MAX);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_head_is_never_passed_on() {
    let (mut gate, mut peer) = pair().await;
    peer.write_all(b"POST / HTTP/1.1\r\nHost: here\r\n\r\n").expect("there is space");
    read(&mut gate).await.expect_err("it is rejected");
    assert_eq!(gate.fault(), Some(Fault::Rejected(Rejection::Method)));
}
