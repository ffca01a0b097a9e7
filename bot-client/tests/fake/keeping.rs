//! A server that keeps sessions, and says what its clients did to their connections.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::{
    ClientMessage, Closing, DisconnectReason, JoinError, ResumeToken, Role, ServerMessage,
};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, accept};

use super::{Conduct, Seat, Standing, say};

/// What it does to its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// All that it should.
    Keep,
    /// It welcomes those who come back only after so long.
    Hesitate(Duration),
    /// It has no snapshot for spectators who come back, as if its delay were longer than any run.
    Delay,
    /// It keeps no session, whatever it says.
    Forget,
    /// It lets those who come back in as somebody new.
    Mistake,
    /// It breaks the first connection of each session without a word.
    Break,
    /// It breaks all connections, and is not there any more.
    Vanish,
    /// It says that it closes, does so, and is there again.
    Restart,
}

/// What it saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Hellos without a token.
    pub(crate) joins: u64,
    /// Hellos with one, by what had become of the connection before.
    pub(crate) after_end: u64,
    pub(crate) after_silence: u64,
    /// Connections that ended with a goodbye and a close in order.
    pub(crate) in_order: u64,
}

impl Seen {
    pub(crate) fn returns(&self) -> u64 {
        self.after_end + self.after_silence
    }
}

/// Asks a connection whether it is there still: it answers, or drops the question.
type Asking = Sender<Sender<()>>;

#[derive(Default)]
struct Sessions {
    /// The token that is good for each, and its newest connection.
    kept: HashMap<SessionId, (ResumeToken, Asking)>,
    tokens: u8,
    seen: Seen,
}

/// A running server.
pub(crate) struct KeepingServer {
    pub(crate) port: u16,
    is_closed: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl KeepingServer {
    pub(crate) fn start(manner: Manner, grace_seconds: u16) -> KeepingServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        listener.set_nonblocking(true).expect("it is a TCP socket");
        let is_closed = Arc::<AtomicBool>::default();
        let closed = Arc::clone(&is_closed);
        let thread = std::thread::spawn(move || {
            let sessions = Arc::<Mutex<Sessions>>::default();
            let mut connections = Vec::new();
            while !closed.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((tcp, _)) => {
                        let (sessions, closed) = (Arc::clone(&sessions), Arc::clone(&closed));
                        connections.push(std::thread::spawn(move || {
                            let connection = Connection { sessions, manner, grace_seconds };
                            connection.serve(tcp, &closed);
                        }));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        sleep(Duration::from_millis(1));
                    }
                    Err(error) => panic!("the loopback fails: {error}"),
                }
            }
            drop(listener);
            for connection in connections {
                connection.join().expect("a connection does not panic");
            }
            sessions.lock().expect("nobody panicked").seen
        });
        KeepingServer { port, is_closed, thread }
    }

    /// Takes no more connections, and says what it saw when all have ended.
    pub(crate) fn finish(self) -> Seen {
        self.is_closed.store(true, Ordering::Relaxed);
        self.thread.join().expect("the server does not panic")
    }
}

struct Connection {
    sessions: Arc<Mutex<Sessions>>,
    manner: Manner,
    grace_seconds: u16,
}

impl Connection {
    fn serve(&self, tcp: TcpStream, server_closed: &AtomicBool) {
        tcp.set_nonblocking(false).expect("it is a TCP socket");
        tcp.set_nodelay(true).expect("it is a TCP socket");
        let Ok(mut socket) = accept(tcp) else { return };
        let Ok(Message::Binary(hello)) = socket.read() else { return };
        let Ok(ClientMessage::Hello(hello)) = ClientMessage::decode(&hello) else { return };
        let (asking, asked) = channel();
        let Some(standing) = self.admit(hello.resume, asking) else {
            return say(&mut socket, &ServerMessage::Refused(JoinError::NotResumable));
        };
        if let (Manner::Hesitate(wait), true) = (self.manner, standing.resumed) {
            sleep(wait);
        }
        let player = (hello.role == Role::Player).then_some(PlayerId(0));
        socket.get_ref().set_nonblocking(true).expect("it is a TCP socket");
        let seat = Seat::enter(socket, player, hello.replays, Conduct::Serve, standing);
        if self.play(seat, standing, &asked, server_closed) {
            self.sessions.lock().expect("nobody panicked").seen.in_order += 1;
        }
    }

    /// The session that a client begins or resumes; `None` if its token is refused.
    fn admit(&self, token: Option<ResumeToken>, asking: Asking) -> Option<Standing> {
        let before = token.map(|token| {
            let sessions = self.sessions.lock().expect("nobody panicked");
            let (good, before) = sessions.kept.get(&token.session()).expect("it was there");
            assert_eq!(*good, token, "not the newest token");
            before.clone()
        });
        let was_silent = before.map(|before| {
            let (answer, answered) = channel();
            // What the client sent before it came back has arrived: so its end would be seen by now.
            before.send(answer).is_ok() && answered.recv().is_ok()
        });
        let mut sessions = self.sessions.lock().expect("nobody panicked");
        match was_silent {
            None => sessions.seen.joins += 1,
            Some(true) => sessions.seen.after_silence += 1,
            Some(false) => sessions.seen.after_end += 1,
        }
        if token.is_some() && self.manner == Manner::Forget {
            return None;
        }
        let old = token.filter(|_| self.manner != Manner::Mistake).map(|token| token.session());
        let session = old.unwrap_or(SessionId(sessions.seen.joins + sessions.seen.returns()));
        sessions.tokens += 1;
        let token = ResumeToken::new(session, [sessions.tokens; 16]);
        sessions.kept.insert(session, (token, asking));
        Some(Standing { token, resumed: old.is_some(), grace_seconds: self.grace_seconds })
    }

    /// Whether the client left in order.
    fn play(
        &self,
        mut seat: Seat,
        standing: Standing,
        asked: &Receiver<Sender<()>>,
        server_closed: &AtomicBool,
    ) -> bool {
        let mut heard_when_replaced = None;
        for tick in 0.. {
            match self.manner {
                Manner::Break if tick == 5 && !standing.resumed => return false,
                Manner::Vanish if tick == 5 => {
                    server_closed.store(true, Ordering::Relaxed);
                    return false;
                }
                Manner::Restart if tick == 5 && !standing.resumed => {
                    restart(&mut seat);
                }
                _ => {}
            }
            let questions: Vec<_> = asked.try_iter().collect();
            if let Some(in_order) = seat.read() {
                return in_order;
            }
            for answer in questions {
                heard_when_replaced = Some(seat.heard);
                let _ = answer.send(());
            }
            assert!(
                heard_when_replaced.is_none_or(|heard| heard == seat.heard),
                "a client that is back says more over its old connection"
            );
            let is_delayed = standing.resumed && seat.player.is_none();
            if self.manner != Manner::Delay || !is_delayed {
                seat.tick();
            }
            sleep(Duration::from_millis(20));
        }
        false
    }
}

fn restart(seat: &mut Seat) {
    say(&mut seat.socket, &ServerMessage::Closing(Closing { in_seconds: 1 }));
    say(&mut seat.socket, &ServerMessage::Goodbye(DisconnectReason::Closing));
    let code = CloseCode::from(DisconnectReason::Closing.code());
    let _ = seat.socket.close(Some(CloseFrame { code, reason: "".into() }));
}
