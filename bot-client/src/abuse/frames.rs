//! Abuse below the messages: frames that are too big, too many, empty, endless or forbidden.

use std::io;

use super::frame::{BINARY, CLOSE, CONTINUATION, FrameShape, PING, PONG, TEXT};
use super::script::Then;
use super::speaker::Speaker;

/// How big a message is that is really sent, in bytes: above what any server of ours takes.
const BIG_BYTES: usize = 2 << 20;
/// How big a fragment of an endless message is, in bytes.
const FRAGMENT_BYTES: usize = 7;

/// In turn: announces what nobody has, announces what is forbidden, sends a big frame, sends a big
/// message in small frames.
pub(super) async fn oversize(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    let mut bytes = Vec::new();
    match speaker.turn % 5 {
        0 => FrameShape::whole(BINARY).head((1 << 63) - 1, &mut bytes),
        1 => FrameShape::whole(BINARY).head(1 << 63, &mut bytes),
        2 => FrameShape::whole(BINARY).head(1 << 32, &mut bytes),
        3 => FrameShape::whole(BINARY).frame(&vec![1; BIG_BYTES], &mut bytes),
        _ => {
            FrameShape::part(BINARY).frame(&[1; 1_000], &mut bytes);
            while bytes.len() < BIG_BYTES {
                FrameShape::part(CONTINUATION).frame(&[1; 1_000], &mut bytes);
            }
        }
    }
    speaker.say(&bytes).await?;
    Ok(Then::Stay)
}

/// A message of fragments that never ends.
pub(super) async fn endless(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    begin_message(speaker).await?;
    let mut fragment = Vec::new();
    FrameShape::part(CONTINUATION).frame(&[0; FRAGMENT_BYTES], &mut fragment);
    speaker.repeat(&fragment).await?;
    Ok(Then::Stay)
}

/// A message of nothing, in fragments that never end.
pub(super) async fn empty_frames(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    begin_message(speaker).await?;
    let mut fragment = Vec::new();
    FrameShape::part(CONTINUATION).frame(&[], &mut fragment);
    speaker.repeat(&fragment).await?;
    Ok(Then::Stay)
}

async fn begin_message(speaker: &mut Speaker<'_>) -> io::Result<()> {
    let mut begin = Vec::new();
    FrameShape::part(BINARY).frame(&[], &mut begin);
    speaker.say(&begin).await
}

/// Pings without pause.
pub(super) async fn pings(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    again_and_again(speaker, FrameShape::whole(PING), b"are you there").await
}

/// Pongs that nobody asked for, without pause.
pub(super) async fn pongs(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    again_and_again(speaker, FrameShape::whole(PONG), b"I am here").await
}

/// Messages of nothing, without pause.
pub(super) async fn empty_messages(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    again_and_again(speaker, FrameShape::whole(BINARY), b"").await
}

async fn again_and_again(
    speaker: &mut Speaker<'_>,
    shape: FrameShape,
    payload: &[u8],
) -> io::Result<Then> {
    speaker.join().await?;
    let mut frame = Vec::new();
    shape.frame(payload, &mut frame);
    speaker.repeat(&frame).await?;
    Ok(Then::Stay)
}

/// One of the frames that RFC 6455 forbids.
pub(super) async fn bad(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    let forbidden = forbidden();
    speaker.say(&forbidden[speaker.turn % forbidden.len()]).await?;
    Ok(Then::Stay)
}

/// Each of them with the section that forbids it.
fn forbidden() -> Vec<Vec<u8>> {
    let whole = FrameShape::whole;
    let frames = |frames: &[(FrameShape, &[u8])]| {
        let mut bytes = Vec::new();
        for (shape, payload) in frames {
            shape.frame(payload, &mut bytes);
        }
        bytes
    };
    vec![
        // 5.1: a client masks.
        frames(&[(FrameShape { is_masked: false, ..whole(BINARY) }, b"bare")]),
        // 5.2: bits and opcodes without a meaning.
        frames(&[(FrameShape { reserved: 0x40, ..whole(BINARY) }, b"deflated")]),
        frames(&[(FrameShape { reserved: 0x20, ..whole(PING) }, b"")]),
        frames(&[(whole(0x3), b"data")]),
        frames(&[(whole(0xB), b"control")]),
        // 5.4: continuations of nothing, messages within messages.
        frames(&[(whole(CONTINUATION), b"of what")]),
        frames(&[(FrameShape::part(BINARY), b"one"), (whole(BINARY), b"another")]),
        // 5.5: control frames are short and whole.
        frames(&[(FrameShape::part(PING), b"half")]),
        frames(&[(whole(PING), &[0; 126])]),
        // 5.5.1, 7.4: closes of one byte, and with codes that are not sent.
        frames(&[(whole(CLOSE), &[3])]),
        frames(&[(whole(CLOSE), &1005u16.to_be_bytes())]),
        frames(&[(whole(CLOSE), &999u16.to_be_bytes())]),
        // 8.1: text that is none.
        frames(&[(whole(TEXT), &[0xFF, 0xFE])]),
        frames(&[(whole(CLOSE), &[3, 0xE8, 0xC0, 0x80])]),
    ]
}
