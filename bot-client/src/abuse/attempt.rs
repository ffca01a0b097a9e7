//! One connection of an abuser, from connect to its end, and what it counts as.
//!
//! Owns the socket: one half says what the script of the kind says, the other listens. It is over
//! when the server ends it, when the abuser leaves, or when the time of the run is.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tickwire_game::game::Dice;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::tcp::ReadHalf;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::AbuseKind;
use super::hearing::Hearing;
use super::script::{Then, act};
use super::speaker::{Speaker, Words};

/// How long a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long an end is waited for that should be under way.
const END_MAX: Duration = Duration::from_secs(3);
/// How often one that reads nothing looks whether it was cut.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What the kernel of one that reads nothing takes in its stead, in bytes, so that the server's own
/// buffers soon fill. The kernel doubles it, for what it needs itself.
const UNREAD_MAX_BYTES: u32 = 2_048;
/// How much is read at once, in bytes.
const READ_BYTES: usize = 16_384;

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum AttemptOutcome {
    /// There was none.
    NotConnected(io::Error),
    /// The server ended it.
    Ended,
    /// The abuser did.
    Left,
    /// It was still there when the run was over.
    StillOpen,
}

/// What is the same for all attempts of a run.
#[derive(Debug)]
pub(super) struct AttemptPlan {
    pub(super) kind: AbuseKind,
    pub(super) address: SocketAddr,
    pub(super) words: Words,
    pub(super) seed: u64,
    pub(super) end: Instant,
}

/// One attempt, and what it heard.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) outcome: AttemptOutcome,
    pub(super) hearing: Hearing,
    pub(super) bytes_out: u64,
}

impl AttemptPlan {
    /// Makes attempt number `turn`.
    pub(super) async fn attempt(&self, turn: usize) -> Attempt {
        let hearing = Hearing::default();
        let bytes_out = Cell::new(0);
        let outcome = match self.connect().await {
            Err(error) => AttemptOutcome::NotConnected(error),
            Ok(mut tcp) => {
                let stay = self.stay(&mut tcp, &hearing, &bytes_out, turn);
                let outcome = timeout_at(self.end, stay).await;
                outcome.unwrap_or(AttemptOutcome::StillOpen)
            }
        };
        Attempt { outcome, hearing, bytes_out: bytes_out.get() }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if matches!(self.kind, AbuseKind::Stall | AbuseKind::HalfOpen) {
            // Before it connects: what the kernel offers the server is settled by then.
            socket.set_recv_buffer_size(UNREAD_MAX_BYTES)?;
        }
        let connecting = timeout(CONNECT_MAX, socket.connect(self.address)).await;
        let tcp = connecting.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }

    async fn stay(
        &self,
        tcp: &mut TcpStream,
        hearing: &Hearing,
        bytes_out: &Cell<u64>,
        turn: usize,
    ) -> AttemptOutcome {
        let then = {
            let (ear, mouth) = tcp.split();
            let dice = Dice::new(self.seed, turn as u64);
            let mut speaker = Speaker::new(mouth, hearing, &self.words, bytes_out, (dice, turn));
            let mut listening = pin!(listen(ear, hearing));
            let said = tokio::select! {
                biased;
                () = &mut listening => return AttemptOutcome::Ended,
                said = act(self.kind, &mut speaker) => said,
            };
            match said {
                Ok(Then::Stay) => {
                    listening.await;
                    return AttemptOutcome::Ended;
                }
                Ok(Then::Leave) => {
                    // One that vanishes does not care how the server takes it.
                    let _ = timeout(END_MAX, listening).await;
                    return AttemptOutcome::Left;
                }
                Ok(Then::Reset) => Then::Reset,
                Err(_) => {
                    // What the server said before it cut the connection may still be there.
                    hearing.deaf.set(false);
                    let _ = timeout(END_MAX, listening).await;
                    return AttemptOutcome::Ended;
                }
            }
        };
        if then == Then::Reset {
            // Where it cannot be set, the connection ends in order instead.
            let _ = tcp.set_zero_linger();
        }
        AttemptOutcome::Left
    }
}

/// Hears whatever comes until the connection is over.
async fn listen(mut half: ReadHalf<'_>, hearing: &Hearing) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        while hearing.deaf.get() {
            match half.ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => sleep(LOOK_EVERY).await,
                _ => hearing.deaf.set(false),
            }
        }
        match half.read(&mut buffer).await {
            Ok(bytes @ 1..) => hearing.hear(&buffer[..bytes]),
            _ => return,
        }
        let answered = hearing.status().is_some() && !hearing.is_upgraded();
        if answered || hearing.close().is_some() && !hearing.ignores_close.get() {
            return;
        }
    }
}
