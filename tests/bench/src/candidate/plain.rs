//! The plain server: the same game as one would write a server for it first, on the usual crates.
//!
//! A task for each connection and one for each room, channels between them, and after each tick all
//! rows of the room in bincode: encoded once, sent to everybody. Nothing in it is slow on purpose: it
//! shares the bytes, disables Nagle's algorithm, has small buffers, and wakes no room between ticks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use skirmish_rules::{Input, Skirmish};
use tickwire_game::game::{InputStatus, LeaveReason, PlayerInput, Setup};
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::protocol::{ClientMessage, RoomChoice, WIRE};
use tickwire_game::scene::RowRef;
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::TickRate;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::LISTENING;
use crate::candidate::lateness::Lateness;
use crate::options::Options;

const BUFFER_BYTES: usize = 4_096;
/// How many scenes may wait for a connection that is behind. It misses further ones.
const SCENES_PENDING_MAX: usize = 8;
/// What the kernel keeps for each connection. By itself it would take gigabytes for large arenas.
const SEND_BUFFER_BYTES: u32 = 128 * 1_024;
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4_096;

enum RoomMessage {
    Join(PlayerId, mpsc::Sender<Bytes>),
    Input(PlayerId, Input),
    Leave(PlayerId),
}

/// A room as connections know it.
struct Room {
    inbox: mpsc::Sender<RoomMessage>,
    joined: u16,
}

struct Rooms {
    size: u16,
    tick_rate: TickRate,
    lateness: Arc<Lateness>,
    by_name: Mutex<HashMap<String, Room>>,
}

pub(super) fn serve(options: &Options, lateness: Arc<Lateness>) -> anyhow::Result<()> {
    let tick_rate = TickRate::new(options.tick_rate).context("no such tick rate")?;
    let by_name = Mutex::default();
    let rooms = Rooms { size: options.room_size, tick_rate, lateness, by_name };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(Arc::new(rooms)))
}

async fn accept(rooms: Arc<Rooms>) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    #[expect(clippy::print_stdout, reason = "the process that started it reads this")]
    {
        println!("{LISTENING}{}", listener.local_addr()?);
    }
    loop {
        let (stream, _) = listener.accept().await?;
        let rooms = Arc::clone(&rooms);
        tokio::spawn(async move {
            // Whatever ends a connection ends nothing else.
            let _ = serve_connection(stream, &rooms).await;
        });
    }
}

async fn serve_connection(stream: TcpStream, rooms: &Rooms) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let config =
        WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(BUFFER_BYTES);
    let socket = accept_async_with_config(stream, Some(config)).await?;
    let (mut sink, mut source) = socket.split();
    let Some(Message::Binary(first)) = source.next().await.transpose()? else { return Ok(()) };
    let ClientMessage::Hello(hello) = ClientMessage::decode(&first)? else { return Ok(()) };
    let RoomChoice::Named(name) = hello.room else { return Ok(()) };
    let Some((player, room)) = rooms.enter(name) else { return Ok(()) };
    let (sender, mut scenes) = mpsc::channel(SCENES_PENDING_MAX);
    room.send(RoomMessage::Join(player, sender)).await?;
    loop {
        tokio::select! {
            message = source.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Some(input) = input_of(&bytes) {
                        room.send(RoomMessage::Input(player, input)).await?;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            scene = scenes.recv() => {
                let Some(scene) = scene else { break };
                if sink.send(Message::Binary(scene)).await.is_err() {
                    break;
                }
            }
        }
    }
    room.send(RoomMessage::Leave(player)).await?;
    Ok(())
}

fn input_of(bytes: &[u8]) -> Option<Input> {
    let ClientMessage::Input(input) = ClientMessage::decode(bytes).ok()? else { return None };
    let (input, _) = bincode::serde::decode_from_slice(input.input, WIRE).ok()?;
    Some(input)
}

impl Rooms {
    /// A seat in a room, which is made if it is not there; `None` if it is full. Nobody comes back in
    /// a measurement, so that seats are given out once.
    fn enter(&self, name: &str) -> Option<(PlayerId, mpsc::Sender<RoomMessage>)> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let room = by_name.entry(name.to_owned()).or_insert_with(|| {
            let (inbox, messages) = mpsc::channel(4 * usize::from(self.size));
            let lateness = Arc::clone(&self.lateness);
            tokio::spawn(run_room(self.size, self.tick_rate, lateness, messages));
            Room { inbox, joined: 0 }
        });
        let player = PlayerId(room.joined);
        room.joined += 1;
        (player.0 < self.size).then(|| (player, room.inbox.clone()))
    }
}

struct Player {
    scenes: mpsc::Sender<Bytes>,
    /// What came since the last tick.
    newest: Option<Input>,
    last: Input,
}

async fn run_room(
    size: u16,
    tick_rate: TickRate,
    lateness: Arc<Lateness>,
    mut messages: mpsc::Receiver<RoomMessage>,
) {
    let setup = Setup { seed: 7_u64.into(), players_max: size, tick_rate, ..Setup::default() };
    let mut simulation = Simulation::<Skirmish>::new(&setup);
    let mut players: BTreeMap<PlayerId, Player> = BTreeMap::new();
    let mut inputs = Vec::new();
    let mut ticks = interval(tick_rate.period());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let due = ticks.tick().await;
        lateness.record(Instant::now() - due);
        while let Ok(message) = messages.try_recv() {
            match message {
                RoomMessage::Join(id, scenes) => {
                    simulation.join(id, None);
                    players.insert(id, Player { scenes, newest: None, last: Input::default() });
                }
                RoomMessage::Input(id, input) => {
                    if let Some(player) = players.get_mut(&id) {
                        player.newest = Some(input);
                    }
                }
                RoomMessage::Leave(id) => {
                    players.remove(&id);
                    simulation.leave(id, LeaveReason::Left);
                }
            }
        }
        inputs.clear();
        inputs.extend(players.iter_mut().map(|(id, player)| {
            let input = match player.newest.take() {
                Some(input) => {
                    player.last = input;
                    InputStatus::Received(input)
                }
                None => InputStatus::Repeated(player.last),
            };
            PlayerInput::at_once(*id, input)
        }));
        simulation.step(&inputs);
        let scene = Bytes::from(encode(&simulation));
        for player in players.values() {
            // One that is too far behind misses this scene.
            let _ = player.scenes.try_send(scene.clone());
        }
    }
}

fn encode(simulation: &Simulation<Skirmish>) -> Vec<u8> {
    let row = |row: RowRef<'_>| (row.entity, row.kind, row.values.to_vec());
    let rows: Vec<(EntityId, u8, Vec<i32>)> = simulation.scene().rows().iter().map(row).collect();
    bincode::serde::encode_to_vec((simulation.tick(), rows), WIRE).expect("rows encode")
}
