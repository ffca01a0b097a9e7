//! A client that sends message by message, so that a test can also send what no client sends.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use tickwire_game::game::Game;
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Hello, JoinError, PROTOCOL_VERSION, Ping, Role, RoomChoice,
    ServerMessage,
};
use tungstenite::error::{Error, ProtocolError};
use tungstenite::{Message, WebSocket};

use super::{GIVE_UP, Server};

/// One connection to a server.
pub struct TestClient {
    socket: WebSocket<TcpStream>,
}

/// What a client says of itself; begins as one that is let in.
#[derive(Clone, Debug)]
pub struct Player {
    /// The protocol that it speaks.
    pub protocol: u16,
    /// The game that it plays.
    pub game: String,
    /// The rules that it plays by.
    pub rules: u32,
    /// What it wants to be.
    pub role: Role,
    /// Where it wants to be.
    pub room: String,
}

impl Player {
    /// A player of `G`.
    #[must_use]
    pub fn of<G: Game>(room: &str) -> Player {
        Player {
            protocol: PROTOCOL_VERSION,
            game: G::NAME.to_owned(),
            rules: G::RULES,
            role: Role::Player,
            room: room.to_owned(),
        }
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The close code, if the server sent one.
    pub code: Option<u16>,
    /// The reason of a refusal, if one went before.
    pub refusal: Option<JoinError>,
    /// The reason of a goodbye, if one went before.
    pub goodbye: Option<DisconnectReason>,
}

impl TestClient {
    /// Connects, and says nothing yet.
    #[must_use]
    pub fn open(server: &Server) -> TestClient {
        TestClient::open_through(server.address(), "/ws")
    }

    /// The same through something that stands before a server and shows its WebSocket at `path`.
    #[must_use]
    pub fn open_through(address: SocketAddr, path: &str) -> TestClient {
        let stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("the option is there");
        let (socket, _) = tungstenite::client(format!("ws://{address}{path}"), stream)
            .unwrap_or_else(|error| panic!("no WebSocket: {error}"));
        TestClient { socket }
    }

    /// Connects and greets.
    #[must_use]
    pub fn greet(server: &Server, player: &Player) -> TestClient {
        let mut client = TestClient::open(server);
        client.say_hello(player);
        client
    }

    /// Connects, greets, and waits for the first snapshot.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn join(server: &Server, player: &Player) -> TestClient {
        let mut client = TestClient::greet(server, player);
        client.snapshots(1);
        client
    }

    /// Says who it is and what it wants.
    pub fn say_hello(&mut self, player: &Player) {
        self.say(&ClientMessage::Hello(Hello {
            protocol: player.protocol,
            game: &player.game,
            rules: player.rules,
            role: player.role,
            name: "Ann",
            room: RoomChoice::Named(&player.room),
            replays: false,
            ticket: None,
            settings: None,
            resume: None,
        }));
    }

    /// Says one message.
    pub fn say(&mut self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.send(Message::binary(bytes));
    }

    /// Says anything that WebSocket can carry.
    pub fn send(&mut self, message: Message) {
        self.socket.send(message).expect("the server reads");
    }

    /// Says anything at all, past WebSocket.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).expect("the server reads");
    }

    /// Waits for this many more snapshots.
    ///
    /// # Panics
    /// When they do not come.
    pub fn snapshots(&mut self, mut count: u32) {
        while count > 0 {
            match self.hear() {
                Ok(Message::Binary(bytes)) => match ServerMessage::decode(&bytes) {
                    Ok(ServerMessage::Snapshot(_)) => count -= 1,
                    Ok(ServerMessage::Refused(refusal)) => panic!("refused: {refusal}"),
                    Ok(_) => {}
                    Err(error) => panic!("not a message of the server: {error}"),
                },
                Ok(Message::Close(close)) => panic!("closed instead of a snapshot: {close:?}"),
                Ok(_) => {}
                Err(error) => panic!("no snapshot: {error}"),
            }
        }
    }

    /// Waits until the server has answered the hello.
    ///
    /// # Errors
    /// Why it refuses.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn verdict(&mut self) -> Result<(), JoinError> {
        loop {
            match self.hear() {
                Ok(Message::Binary(bytes)) => match ServerMessage::decode(&bytes) {
                    Ok(ServerMessage::Refused(refusal)) => return Err(refusal),
                    Ok(_) => return Ok(()),
                    Err(error) => panic!("not a message of the server: {error}"),
                },
                Ok(_) => {}
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Waits until the server says that it closes; in how many seconds, and how that is put to people.
    ///
    /// # Panics
    /// When it does not.
    pub fn closing(&mut self) -> (u16, String) {
        let mut in_seconds = None;
        loop {
            match self.hear() {
                Ok(Message::Binary(bytes)) => match ServerMessage::decode(&bytes) {
                    Ok(ServerMessage::Closing(closing)) => in_seconds = Some(closing.in_seconds),
                    Ok(ServerMessage::Notice(notice)) => {
                        if let Some(in_seconds) = in_seconds {
                            return (in_seconds, notice.text.to_owned());
                        }
                    }
                    Ok(ServerMessage::Goodbye(end)) => panic!("ended: {end}"),
                    Ok(_) => {}
                    Err(error) => panic!("not a message of the server: {error}"),
                },
                Ok(_) => {}
                Err(error) => panic!("it does not say so: {error}"),
            }
        }
    }

    /// Plays on for a moment: what it says is answered.
    ///
    /// # Panics
    /// When it is not.
    pub fn plays_on(&mut self) {
        let ping = Ping { number: 7 };
        self.say(&ClientMessage::Ping(ping));
        loop {
            match self.hear() {
                Ok(Message::Binary(bytes)) => match ServerMessage::decode(&bytes) {
                    Ok(ServerMessage::Pong(pong)) if pong == ping => return,
                    Ok(ServerMessage::Goodbye(end)) => panic!("ended: {end}"),
                    Ok(_) => {}
                    Err(error) => panic!("not a message of the server: {error}"),
                },
                Ok(_) => {}
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Waits until the server ends the connection.
    ///
    /// # Panics
    /// When it does not.
    pub fn ending(&mut self) -> Ending {
        let mut ending = Ending { code: None, refusal: None, goodbye: None };
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < GIVE_UP, "the server does not end it: {ending:?}");
            match self.hear() {
                Ok(Message::Binary(bytes)) => match ServerMessage::decode(&bytes) {
                    Ok(ServerMessage::Refused(refusal)) => ending.refusal = Some(refusal),
                    Ok(ServerMessage::Goodbye(end)) => ending.goodbye = Some(end),
                    Ok(_) => {}
                    Err(error) => panic!("not a message of the server: {error}"),
                },
                Ok(Message::Close(close)) => ending.code = close.map(|close| close.code.into()),
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return ending,
                // An end without a close frame, or with one that was lost behind unread bytes.
                Err(
                    Error::Io(_) | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                ) => {
                    return ending;
                }
                Err(error) => panic!("what came is not WebSocket: {error}"),
            }
        }
    }

    /// The next message, whatever it is.
    fn hear(&mut self) -> Result<Message, Error> {
        self.socket.read().inspect_err(|error| {
            // The read timeout's way to say that it is over.
            if let Error::Io(error) = error
                && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
            {
                panic!("the server says nothing");
            }
        })
    }
}
