//! [`Connection`]: one player, from its socket to its end.
//!
//! It never waits. The generator calls it when its socket can be read, and when an input is due.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use skirmish_rules::Skirmish;
use tickwire_game::game::Game;
use tickwire_game::protocol::snapshot::TickReader;
use tickwire_game::protocol::{
    ClientMessage, Hello, PROTOCOL_VERSION, Role, RoomChoice, ServerMessage,
};
use tickwire_game::tick::Tick;

use super::frames::{BINARY, CLOSE, Frame, FrameError, FrameReader, PING, PONG, write_frame};
use super::sample::Sample;
use super::script::Script;
use super::socket::Socket;
use super::traffic::Traffic;
use crate::options::{Candidate, Case};

/// Kinds of the server's messages that are counted apart (`docs/protocol.md`).
const ROSTER: u8 = 131;
const SNAPSHOT: u8 = 132;
/// Longest answer to an upgrade, in bytes.
const UPGRADE_MAX_BYTES: usize = 4_096;
/// The key is the example of RFC 6455: nobody checks that it is random.
const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// Why a connection ended.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Lost(pub(super) String);

impl From<FrameError> for Lost {
    fn from(error: FrameError) -> Lost {
        Lost(error.to_string())
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Lost {
        Lost(error.kind().to_string())
    }
}

/// What all connections use in turns.
pub(super) struct Scratch {
    pub(super) input: Vec<u8>,
    pub(super) control: Vec<u8>,
    message: Vec<u8>,
    output: Vec<u8>,
}

impl Scratch {
    pub(super) fn new() -> Scratch {
        Scratch {
            input: vec![0; 64 * 1_024],
            control: nix::cmsg_space!(nix::sys::time::TimeSpec),
            message: Vec::new(),
            output: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The answer to the upgrade is to come.
    Upgrading,
    /// The hello is under way.
    Greeting,
    Playing,
}

/// Who decides on inputs.
enum Mind {
    Script(Box<Script>),
    Sample(Box<Sample>),
}

pub(super) struct Connection {
    socket: Socket,
    stage: Stage,
    candidate: Candidate,
    number: usize,
    room: String,
    mind: Mind,
    upgrade: Vec<u8>,
    frames: FrameReader,
    ticks: TickReader,
    /// Of the newest snapshot; for who sends no ticks, how many messages came.
    tick: Tick,
    /// Of the last snapshot, by the kernel if it says so.
    snapshot_at: Option<Duration>,
}

impl Connection {
    pub(super) fn open(
        address: SocketAddr,
        candidate: Candidate,
        case: Case,
        number: usize,
        is_sample: bool,
    ) -> io::Result<Connection> {
        let mut socket = Socket::connect(address)?;
        if !socket.write(UPGRADE.as_bytes())? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let room = case.room_of(number);
        let is_sample = is_sample && candidate == Candidate::Tickwire;
        let mind = if is_sample {
            Mind::Sample(Box::new(Sample::new(name_of(number), room.clone(), number)))
        } else {
            Mind::Script(Box::new(Script::new(number)))
        };
        Ok(Connection {
            socket,
            stage: Stage::Upgrading,
            candidate,
            number,
            room,
            mind,
            upgrade: Vec::new(),
            frames: FrameReader::new(candidate == Candidate::Tickwire),
            ticks: TickReader::new(),
            tick: Tick(0),
            snapshot_at: None,
        })
    }

    pub(super) fn is_playing(&self) -> bool {
        self.stage == Stage::Playing
    }

    pub(super) fn tick(&self) -> Tick {
        self.tick
    }

    /// Reads all that is there.
    pub(super) fn read(
        &mut self,
        now: Duration,
        scratch: &mut Scratch,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        loop {
            let read = self.socket.read(&mut scratch.input, &mut scratch.control)?;
            let Some(read) = read else { return Ok(()) };
            if read.bytes == 0 {
                return Err(Lost("closed".into()));
            }
            traffic.by_kernel_time |= read.received_at.is_some();
            let received_at = read.received_at.unwrap_or(now);
            let bytes = std::mem::take(&mut scratch.input);
            let taken = self.take(now, received_at, &bytes[..read.bytes], scratch, traffic);
            scratch.input = bytes;
            taken?;
            // A short read took all: the next bytes raise another event.
            if read.bytes < scratch.input.len() {
                return Ok(());
            }
        }
    }

    fn take(
        &mut self,
        now: Duration,
        received_at: Duration,
        mut bytes: &[u8],
        scratch: &mut Scratch,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        if self.stage == Stage::Upgrading {
            let before = self.upgrade.len();
            self.upgrade.extend_from_slice(bytes);
            let end = self.upgrade.windows(4).position(|window| window == b"\r\n\r\n");
            let Some(end) = end else {
                let is_long = self.upgrade.len() > UPGRADE_MAX_BYTES;
                return if is_long { Err(Lost("no upgrade".into())) } else { Ok(()) };
            };
            if !self.upgrade.starts_with(b"HTTP/1.1 101 ") {
                let line = self.upgrade.split(|byte| *byte == b'\r').next().unwrap_or_default();
                return Err(Lost(String::from_utf8_lossy(line).into_owned()));
            }
            bytes = &bytes[end + 4 - before..];
            self.upgrade = Vec::new();
            self.greet(scratch, traffic)?;
        }
        let mut frames = std::mem::take(&mut self.frames);
        let read =
            frames.read(bytes, |frame| self.take_frame(now, received_at, &frame, scratch, traffic));
        self.frames = frames;
        read
    }

    /// The real server answers the hello; of others it is known by the first message that they let in.
    fn greet(&mut self, scratch: &mut Scratch, traffic: &mut Traffic) -> Result<(), Lost> {
        self.stage = Stage::Greeting;
        if self.candidate == Candidate::Floor {
            self.join(traffic);
            return Ok(());
        }
        if let Mind::Sample(_) = self.mind {
            return self.send_outgoing(scratch, traffic);
        }
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            game: Skirmish::NAME,
            rules: Skirmish::RULES,
            role: Role::Player,
            name: &name_of(self.number),
            room: RoomChoice::Named(&self.room),
            replays: true,
            ticket: None,
            settings: None,
            resume: None,
        };
        scratch.message.clear();
        ClientMessage::Hello(hello).encode(&mut scratch.message);
        let message = std::mem::take(&mut scratch.message);
        self.send(BINARY, &message, scratch)?;
        scratch.message = message;
        Ok(())
    }

    fn join(&mut self, traffic: &mut Traffic) {
        if self.stage == Stage::Greeting {
            self.stage = Stage::Playing;
            traffic.connected += 1;
        }
    }

    fn take_frame(
        &mut self,
        now: Duration,
        received_at: Duration,
        frame: &Frame<'_>,
        scratch: &mut Scratch,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        traffic.bytes += frame.bytes as u64;
        match frame.opcode {
            BINARY if self.candidate == Candidate::Tickwire => {
                self.take_message(now, received_at, frame, traffic)?;
            }
            BINARY => {
                self.join(traffic);
                self.tick = self.tick.next();
                traffic.snapshot_bytes += frame.bytes as u64;
                self.note_snapshot(received_at, traffic);
            }
            CLOSE => return Err(Lost("closed by the server".into())),
            PING => {
                self.send(PONG, frame.payload, scratch)?;
                traffic.other_bytes += frame.bytes as u64;
            }
            _ => traffic.other_bytes += frame.bytes as u64,
        }
        Ok(())
    }

    fn take_message(
        &mut self,
        now: Duration,
        received_at: Duration,
        frame: &Frame<'_>,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        let (&kind, body) = frame.payload.split_first().ok_or(Lost("an empty message".into()))?;
        match kind {
            SNAPSHOT => traffic.snapshot_bytes += frame.bytes as u64,
            ROSTER => traffic.roster_bytes += frame.bytes as u64,
            _ => traffic.other_bytes += frame.bytes as u64,
        }
        match &mut self.mind {
            Mind::Sample(sample) => {
                if let Some(tick) = sample.receive(now, frame.payload).map_err(Lost)? {
                    self.tick = tick;
                }
                if kind == SNAPSHOT {
                    sample.note_snapshot(traffic);
                }
            }
            Mind::Script(_) if kind == SNAPSHOT => {
                self.tick = self.ticks.read(body).map_err(|error| Lost(error.to_string()))?;
            }
            // Scores and names: most of all other messages, and of no use here.
            Mind::Script(_) if kind == ROSTER => {}
            Mind::Script(_) => match ServerMessage::decode(frame.payload) {
                Ok(ServerMessage::Refused(refusal)) => {
                    return Err(Lost(format!("refused: {refusal}")));
                }
                Ok(ServerMessage::Goodbye(end)) => return Err(Lost(end.name().to_owned())),
                Ok(_) => {}
                Err(error) => return Err(Lost(error.to_string())),
            },
        }
        if kind == SNAPSHOT {
            self.join(traffic);
            self.note_snapshot(received_at, traffic);
        }
        Ok(())
    }

    /// Two snapshots that were read at once have one time: what lies between them does not count, for
    /// what lies before them does.
    fn note_snapshot(&mut self, received_at: Duration, traffic: &mut Traffic) {
        traffic.snapshots += 1;
        let last = self.snapshot_at.replace(received_at);
        if let Some(last) = last.filter(|last| *last != received_at) {
            traffic.intervals.record(received_at.saturating_sub(last));
        }
    }

    /// Sends the input that its turn brings.
    pub(super) fn take_turn(
        &mut self,
        scratch: &mut Scratch,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        let Mind::Script(script) = &mut self.mind else { return Ok(()) };
        // Floor and plain say nothing of ticks: each message stands for one.
        if self.stage != Stage::Playing {
            return Ok(());
        }
        scratch.message.clear();
        let is_due = script.write_input(self.tick, &mut scratch.message);
        let message = std::mem::take(&mut scratch.message);
        let is_sent = is_due && self.send(BINARY, &message, scratch)?;
        scratch.message = message;
        traffic.inputs_sent += u64::from(is_sent);
        traffic.inputs_unsent += u64::from(!is_sent);
        Ok(())
    }

    /// Does what the clock of a sampled player says is due.
    pub(super) fn play(
        &mut self,
        now: Duration,
        scratch: &mut Scratch,
        traffic: &mut Traffic,
    ) -> Result<(), Lost> {
        let Mind::Sample(sample) = &mut self.mind else { return Ok(()) };
        if self.stage == Stage::Playing {
            sample.play(now);
            self.send_outgoing(scratch, traffic)?;
        }
        Ok(())
    }

    fn send_outgoing(&mut self, scratch: &mut Scratch, traffic: &mut Traffic) -> Result<(), Lost> {
        loop {
            let Mind::Sample(sample) = &mut self.mind else { return Ok(()) };
            let Some(message) = sample.outgoing() else { return Ok(()) };
            let is_sent = self.send(BINARY, &message, scratch)?;
            traffic.inputs_sent += u64::from(is_sent);
            traffic.inputs_unsent += u64::from(!is_sent);
        }
    }

    fn send(&mut self, opcode: u8, payload: &[u8], scratch: &mut Scratch) -> io::Result<bool> {
        scratch.output.clear();
        write_frame(opcode, payload, &mut scratch.output);
        self.socket.write(&scratch.output)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn name_of(number: usize) -> String {
    format!("player {number}")
}
