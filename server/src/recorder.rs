//! [`Recorder`]: writes what happens in one room to a file, for `stream-report`.
//!
//! The lobby owns it until it opens the first room, then that room's shard does. The tick only
//! formats lines: a thread of its own writes them, behind a queue with an end, so that no disk
//! holds a tick up.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use shared::game::Game;
use shared::limits::RECORDING_QUEUE_TICKS;
use tracing::{info, warn};

use crate::room::{OwnStates, Room};

/// A recording that is being made, by the thread that steps the room.
pub(crate) struct Recorder<G: Game> {
    ticks: SyncSender<String>,
    begun: bool,
    before: OwnStates<G>,
    /// About how long the lines of a tick are.
    usual_bytes: usize,
}

impl<G: Game> Recorder<G> {
    /// Creates the file, or empties it, and starts the thread that writes it. The thread ends
    /// with the recorder, when all is written.
    pub(crate) fn create(path: &Path) -> io::Result<(Recorder<G>, JoinHandle<()>)> {
        let file = File::create(path)?;
        let (recorder, ticks) = Recorder::in_memory();
        let writer = thread::Builder::new().name("recorder".into());
        Ok((recorder, writer.spawn(move || write_all(file, &ticks))?))
    }

    /// A recording whose lines somebody else takes.
    pub(crate) fn in_memory() -> (Recorder<G>, Receiver<String>) {
        let (sender, ticks) = sync_channel(RECORDING_QUEUE_TICKS);
        let before = OwnStates::default();
        (Recorder { ticks: sender, begun: false, before, usual_bytes: 0 }, ticks)
    }

    /// Records the newest tick of the room, and says whether the recording goes on: then it must
    /// be called after each.
    #[must_use]
    pub(crate) fn record(&mut self, room: &Room<G>) -> bool {
        let mut lines = String::with_capacity(self.usual_bytes);
        if !self.begun {
            self.begun = true;
            info!(room = room.name(), "records its scenes");
            room.write_recording_head(&mut lines);
        }
        room.write_recorded_tick(&mut self.before, &mut lines);
        self.usual_bytes = lines.len() + lines.len() / 8;
        match self.ticks.try_send(lines) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                let (room, tick) = (room.name(), room.tick());
                warn!(room, %tick, "recording ends: the disk is too slow");
                false
            }
            // The thread has told why.
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Writes tick after tick, each at once: whatever ends the server, the file ends at a whole tick.
fn write_all(mut file: File, ticks: &Receiver<String>) {
    let mut whole_bytes = 0;
    for tick in ticks {
        if let Err(error) = file.write_all(tick.as_bytes()) {
            warn!(%error, "recording ends: the file takes no more");
            // A part of a tick is worse than none. If this fails, too, its reader will tell.
            let _ = file.set_len(whole_bytes);
            return;
        }
        whole_bytes += tick.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use shared::game::Setup;
    use shared::recording::Reader;

    use super::*;
    use crate::room::RoomSettings;
    use crate::room::dots::Dots;

    #[test]
    fn when_the_disk_is_too_slow_the_recording_ends_at_a_whole_tick() {
        let mut room = Room::<Dots>::new(RoomSettings {
            name: "den".into(),
            setup: Setup { players_max: 4, ..Setup::default() },
            ..RoomSettings::default()
        })
        .expect("the room opens");
        room.join("Ann").expect("there is a place");
        let (mut recorder, lines) = Recorder::in_memory();
        for _ in 0..RECORDING_QUEUE_TICKS {
            room.step();
            assert!(recorder.record(&room), "there is space for it");
        }
        room.step();
        assert!(!recorder.record(&room), "it goes on");
        drop(recorder);
        let mut reader = Reader::new();
        let mut ticks = 0;
        for line in lines.iter().collect::<String>().lines() {
            ticks += usize::from(reader.line(line).expect("it is a recording").is_some());
        }
        ticks += usize::from(reader.finish().expect("it has a head").is_some());
        assert_eq!(ticks, RECORDING_QUEUE_TICKS);
    }
}
