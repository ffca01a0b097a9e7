//! Abuse by waiting: what opens a connection and is never done with it.

use std::io;

use tokio::time::{Duration, sleep};

use super::frame::binary;
use super::script::Then;
use super::speaker::Speaker;

/// Between two bytes of a header.
const HEADER_BYTE_EVERY: Duration = Duration::from_millis(500);
/// Between two bytes of a hello.
const HELLO_BYTE_EVERY: Duration = Duration::from_millis(400);

/// Comes in and is gone without a word, as a phone in a tunnel.
pub(super) async fn half_open(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    speaker.hearing.deaf.set(true);
    Ok(Then::Stay)
}

/// A head that is never whole, however long one waits for its next byte.
pub(super) async fn slowloris(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let begin = speaker.words.upgrade();
    speaker.say(begin.as_bytes()).await?;
    for byte in b"X-Patience: please\r\n".iter().cycle() {
        sleep(HEADER_BYTE_EVERY).await;
        speaker.say(&[*byte]).await?;
    }
    Ok(Then::Stay)
}

/// A hello in bytes that come one by one.
pub(super) async fn slow_hello(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.upgrade().await?;
    let hello = binary(&speaker.words.hello("a name that takes its time to be said, all of it"));
    for byte in hello {
        sleep(HELLO_BYTE_EVERY).await;
        speaker.say(&[byte]).await?;
    }
    Ok(Then::Stay)
}
