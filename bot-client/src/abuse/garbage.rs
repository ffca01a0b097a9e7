//! Abuse by what is said: random bytes in the place of anything, names that harm who reads them, and
//! settings that no room can have.

use std::io;

use tokio::time::{Duration, sleep};

use super::script::Then;
use super::speaker::{Speaker, encode};
use tickwire_game::limits::ROOM_SETTINGS_MAX_BYTES;
use tickwire_game::protocol::{ClientMessage, RoomChoice};

/// Largest random message, in bytes.
const NOISE_MAX_BYTES: u32 = 64;
/// Largest random request, in bytes.
const REQUEST_MAX_BYTES: u32 = 2_048;
/// For how long a bad name is to be seen.
const NAME_STAYS: Duration = Duration::from_millis(500);

/// Random messages after a good hello.
pub(super) async fn messages(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.join().await?;
    loop {
        let noise = speaker.noise(NOISE_MAX_BYTES);
        speaker.message(&noise).await?;
    }
}

/// A random message where a hello should be.
pub(super) async fn hello(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.upgrade().await?;
    let mut noise = speaker.noise(NOISE_MAX_BYTES);
    if speaker.turn % 2 == 1 {
        // One that begins well.
        noise = speaker.words.hello("garbage");
        let at = speaker.dice.below(noise.len() as u32) as usize;
        noise.truncate(at.max(1));
    }
    speaker.message(&noise).await?;
    Ok(Then::Stay)
}

/// Random bytes where HTTP should be.
pub(super) async fn http(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let mut noise = speaker.noise(REQUEST_MAX_BYTES);
    noise.extend_from_slice(b"\r\n\r\n");
    speaker.say(&noise).await?;
    Ok(Then::Stay)
}

/// A name that would do harm if it were shown as it is.
pub(super) async fn names(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let name = hostile_name(speaker.turn);
    speaker.join_as(&name).await?;
    sleep(NAME_STAYS).await;
    speaker.message(&encode(&ClientMessage::Goodbye)).await?;
    Ok(Then::Stay)
}

fn hostile_name(turn: usize) -> String {
    let marks = || "e".to_owned() + &"\u{0301}".repeat(127);
    let names = [
        String::new(),
        "   ".to_owned(),
        "a\0b\r\nc\u{1b}[2J".to_owned(),
        "\u{202e}nimda\u{2066}\u{200f}".to_owned(),
        "\u{200b}\u{200d}\u{feff}\u{2060}".to_owned(),
        marks(),
        "<img src=x onerror=alert(1)>".to_owned(),
        "</script><script>alert(1)</script>".to_owned(),
        "&lt;b&gt;\"'`${x}{{x}}".to_owned(),
        "\u{fdfd}\u{12031}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}".to_owned(),
        "Z".repeat(1_000),
        "\u{e0001}\u{e0041}\u{fff9}\u{ffff}".to_owned(),
    ];
    names[turn % names.len()].clone()
}

/// A hello that would open a room, with settings that none can have.
pub(super) async fn settings(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    speaker.upgrade().await?;
    let room = format!("own-{}-{}", speaker.turn, speaker.dice.below(1 << 16));
    let settings = hostile_settings(speaker.turn);
    let hello = speaker.words.hello_to("abuser", RoomChoice::Named(&room), Some(&settings));
    speaker.message(&hello).await?;
    Ok(Then::Stay)
}

/// None of them has a setting that a game could have.
fn hostile_settings(turn: usize) -> String {
    let whole = |begin: &str, end: &str| {
        let pairs = (ROOM_SETTINGS_MAX_BYTES - 8) / (begin.len() + end.len());
        format!("{{\"\":{}1{}}}", begin.repeat(pairs), end.repeat(pairs))
    };
    let settings = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        whole("[", "]"),
        whole("{\"\":", "}"),
        whole("9", ""),
        "{\"\":1e999999}".to_owned(),
        "{\"\\u0000\\ud800\":0}".to_owned(),
        "{\"\\u202enimda\":null}".to_owned(),
        "{\"__proto__\":{}}".to_owned(),
        "{\"\":0,\"\":1}".to_owned(),
        " ".repeat(ROOM_SETTINGS_MAX_BYTES + 1),
    ];
    settings[turn % settings.len()].clone()
}
