//! Abuse by inputs: too many, at the wrong time, or without ever reading what they do.

use std::io;

use tokio::time::{Duration, sleep};

use super::frame::{BINARY, FrameShape};
use super::script::Then;
use super::speaker::{LEAD_TICKS, Speaker};

/// Over how many ticks a flood spreads its inputs, so that each of them would be taken.
const FLOOD_TICKS: u32 = 8;
/// How many inputs are given to the kernel at once.
const FLOOD_MESSAGES: u32 = 256;
/// How many inputs a tick `speed` sends.
const SPEED_INPUTS_PER_TICK: u32 = 4;
/// For how many ticks it does so before it is silent.
const SPEED_TICKS: u32 = 60;
/// How far ahead, in ticks, are those that are too far ahead: minutes.
const TOO_FAR_TICKS: u32 = 10_000;
/// How long its silence is.
const SPEED_SILENCE: Duration = Duration::from_secs(2);

/// Inputs that are all valid, as fast as the socket takes them.
pub(super) async fn flood(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let room = speaker.join().await?;
    loop {
        let mut chunk = Vec::new();
        for count in 0..FLOOD_MESSAGES {
            let input = speaker.words.input_now(&room, count % FLOOD_TICKS);
            FrameShape::whole(BINARY).frame(&input, &mut chunk);
        }
        speaker.say(&chunk).await?;
    }
}

/// Tries to act more often than once a tick.
pub(super) async fn speed(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let room = speaker.join().await?;
    loop {
        for _ in 0..SPEED_TICKS {
            let (tick, seen) = (room.tick(), room.tick().saturating_sub(1));
            let mut chunk = Vec::new();
            for _ in 0..SPEED_INPUTS_PER_TICK {
                let at = match speaker.dice.below(4) {
                    0 => tick.saturating_add(TOO_FAR_TICKS),
                    1 => tick.saturating_sub(1 + speaker.dice.below(SPEED_TICKS)),
                    2 => u32::MAX,
                    _ => tick + speaker.dice.below(4),
                };
                let input = speaker.words.input(at, seen);
                FrameShape::whole(BINARY).frame(&input, &mut chunk);
            }
            // What was acted on before is said again.
            let again = speaker.words.input(tick, seen);
            FrameShape::whole(BINARY).frame(&again, &mut chunk);
            speaker.say(&chunk).await?;
            sleep(room.period()).await;
        }
        let silent_from = room.tick();
        sleep(SPEED_SILENCE).await;
        let mut burst = Vec::new();
        for tick in silent_from..room.tick() + SPEED_TICKS {
            let input = speaker.words.input(tick, silent_from);
            FrameShape::whole(BINARY).frame(&input, &mut burst);
        }
        speaker.say(&burst).await?;
    }
}

/// Plays and reads nothing. Every other one says that it has seen what it has not read.
pub(super) async fn stall(speaker: &mut Speaker<'_>) -> io::Result<Then> {
    let room = speaker.join().await?;
    speaker.hearing.deaf.set(true);
    let read_until = room.tick();
    loop {
        let input = if speaker.turn.is_multiple_of(2) {
            speaker.words.input(room.tick() + LEAD_TICKS, read_until)
        } else {
            speaker.words.input_now(&room, 0)
        };
        speaker.message(&input).await?;
        sleep(room.period()).await;
    }
}
