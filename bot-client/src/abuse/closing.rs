//! Abuse by the end: connections that vanish in every way, and one that will not go.

use std::io;

use tickwire_game::protocol::ClientMessage;

use super::frame::{FrameShape, TEXT, binary};
use super::script::Then;
use super::speaker::{Speaker, encode};

/// Comes and vanishes, in another way with each turn.
pub(super) async fn churn(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    match speaker.turn % 5 {
        0 => {
            speaker.join().await?;
            Ok(Then::Reset)
        }
        1 => {
            speaker.join().await?;
            speaker.fall_silent().await?;
            Ok(Then::Leave)
        }
        2 => {
            speaker.join().await?;
            speaker.message(&encode(&ClientMessage::Goodbye)).await?;
            Ok(Then::Stay)
        }
        3 => {
            speaker.upgrade().await?;
            let hello = binary(&speaker.words.hello("half of a hello"));
            speaker.say(&hello[..hello.len() / 2]).await?;
            Ok(Then::Reset)
        }
        _ => {
            let upgrade = speaker.words.upgrade();
            speaker.say(&upgrade.as_bytes()[..upgrade.len() / 2]).await?;
            speaker.fall_silent().await?;
            Ok(Then::Leave)
        }
    }
}

/// Is closed for a text message, and goes on as if it had not been.
pub(super) async fn no_close(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let room = speaker.join().await?;
    speaker.hearing.ignores_close.set(true);
    let mut text = Vec::new();
    FrameShape::whole(TEXT).frame(b"not binary", &mut text);
    speaker.say(&text).await?;
    speaker.hearing.closed().await;
    loop {
        let input = speaker.words.input_now(&room, 0);
        speaker.message(&input).await?;
        tokio::time::sleep(room.period()).await;
    }
}
