//! Threads that do not come back, beside a lobby and a recorder: nobody waits for them.

use std::env;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process;
use std::sync::mpsc;

use test_games::trouble::{self, Order, Settings, Trouble};
use tickwire_game::game::Setup;
use tickwire_game::protocol::{ClientMessage, Input, Role, ServerMessage};
use tickwire_game::tick::{Rewind, Tick, TickRate};
use tickwire_host::room::RoomTemplate;
use tickwire_host::{
    DirectoryLimits, GameVersion, GuestSettings, Lobby, LobbySettings, OpenerLimits, PeerKey,
    PendingJoin, RequestedRoom, RoomBuilder, RoomOrder,
};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::unbounded_channel;
use tracing::Span;
use tungstenite::{Message, WebSocket};

use std::io::{ErrorKind, Read};
use std::time::Duration;

use super::*;
use crate::lobby_task::{LobbyOutlets, LobbyTask, release_seat, system_secrets};
use crate::ops::metrics::{Metrics, OpenWebSocket};
use crate::ops::recorder::Recorder;
use crate::shard_outlets::Leaving;
use crate::transport::websocket::tests::pair_holding;

/// Within so much time all happens unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// Steps are held and released for the whole process.
static HANGS: Mutex<()> = Mutex::new(());

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !is_so() {
        assert!(asked.elapsed() < PATIENCE, "never {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A keeper of one shard, with all that waits for the senders of its threads.
struct Stage {
    keeper: ShardKeeper<Trouble>,
    supervisor: Arc<Supervisor>,
    closing: watch::Sender<bool>,
    builder: RoomBuilder<Trouble>,
    orders: mpsc::Receiver<RoomOrder<Settings>>,
    metrics: Arc<Metrics>,
    farewells: UnboundedReceiver<Leaving>,
    recorder: JoinHandle<()>,
    scenes: PathBuf,
}

impl Stage {
    fn set(name: &str) -> Stage {
        trouble::hold();
        let (closing, closing_seen) = watch::channel(false);
        let supervisor = Arc::new(Supervisor::new(closing_seen));
        let scenes = env::temp_dir().join(format!("tickwire-{name}-{}", process::id()));
        let (recorder, written) = Recorder::create(&scenes, &supervisor).expect("it can be made");
        let (lobby, requests) = unbounded_channel();
        let (leaving, farewells) = unbounded_channel();
        let metrics = Arc::<Metrics>::default();
        let outlets = ShardOutlets {
            lobby: lobby.clone(),
            farewells: leaving,
            metrics: Arc::clone(&metrics),
            recorder: Some(recorder),
        };
        let mail = vec![MailSender::new()];
        let policy = Checkpoints::Never;
        let keeper = ShardKeeper::start(mail, outlets, policy, Arc::clone(&supervisor));
        let keeper = keeper.expect("threads can be had");
        let (builder, orders) = mpsc::channel();
        let lobby_outlets = LobbyOutlets {
            shards: keeper.command_senders(),
            builder,
            drained: watch::channel(false).0,
        };
        let task = LobbyTask::new(
            self::lobby(release_seat(&lobby)),
            requests,
            lobby_outlets,
            Arc::clone(&metrics),
            Arc::default(),
        );
        let heartbeat = supervisor.heartbeat("lobby");
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            runtime.expect("a runtime").block_on(task.run(heartbeat));
        });
        let setup = Setup { players_max: 4, ..Setup::default() };
        let builder = RoomBuilder::new(RoomTemplate { setup, ..RoomTemplate::default() });
        let recorder = written;
        Stage { keeper, supervisor, closing, builder, orders, metrics, farewells, recorder, scenes }
    }

    /// A player in a room that it opens, who orders it not to come back from a step, which it then does not.
    fn hang(&self) -> WebSocket<TcpStream> {
        let (reply, answer) = oneshot::channel();
        let (role, room) = (Role::Player, RequestedRoom::named("room"));
        let (opener, subject, resume) = (None, None, None);
        let join = LobbyRequest::Join { role, room, opener, subject, resume, reply };
        assert!(self.keeper.outlets.lobby.send(join).is_ok(), "the lobby runs");
        let admission = answer.blocking_recv().expect("it replies").expect("there is space");
        let order = self.orders.recv_timeout(PATIENCE).expect("the room is to be built");
        let built = self.builder.build(order);
        let built = ShardMail::Built(Box::new(built));
        assert!(self.keeper.shards[0].mail.send(built).is_ok(), "the shard runs");
        let (websocket, peer) = pair_holding(Box::new(OpenWebSocket::count(&self.metrics)));
        let shard = &self.keeper.command_senders()[0];
        shard.hold(websocket.detached().expect("a shard is to poll it"));
        let (name, span) = ("Ada".to_owned(), Span::none());
        let (transport, peer_key) = (Box::new(websocket), PeerKey(1));
        let pending = PendingJoin {
            transport,
            admission,
            peer: peer_key,
            subject: None,
            name,
            replays: false,
            span,
        };
        assert!(shard.send(Command::Join(Box::new(pending))).is_ok(), "the shard runs");
        peer.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        let role = tungstenite::protocol::Role::Client;
        let mut client = WebSocket::from_raw_socket(peer, role, None);
        let now = welcomed_at(&mut client);
        for ahead in 1..60 {
            let (tick, seen, rewind) = (now.plus(ahead), Tick(0), Rewind::default());
            let (mut bytes, input) = (Vec::new(), Order::Sleep.encoded());
            ClientMessage::Input(Input { tick, seen, rewind, input: &input }).encode(&mut bytes);
            client.send(Message::binary(bytes)).expect("the server reads");
        }
        wait_until("the step does not come back", || trouble::hanging() == 1);
        client
    }

    /// Closes the server: nobody waits for a thread that does not come back.
    fn close(self) {
        self.closing.send_replace(true);
        let Stage { keeper, supervisor, builder, mut farewells, recorder, closing, .. } = self;
        let (closing, heartbeat) = (closing.subscribe(), supervisor.heartbeat("keeper"));
        // Of which nothing is ordered: the stage builds its room itself.
        let (_, orders) = mpsc::channel();
        let builder = KeptBuilder::start(builder, orders, Vec::new(), supervisor);
        let builder = builder.expect("threads can be had");
        let keeper = thread::spawn(move || keeper.run(builder, &closing, &heartbeat));
        wait_until("the keeper ends", || keeper.is_finished());
        let ended = || farewells.try_recv().err() == Some(TryRecvError::Disconnected);
        wait_until("the edge knows that all goodbyes were handed over", ended);
        wait_until("the recorder knows that it has all lines", || recorder.is_finished());
        let _ = fs::remove_file(self.scenes);
    }

    /// How many people are in all rooms, once the lobby has heard all that it was sent.
    fn people(&self) -> u64 {
        let (reply, answer) = oneshot::channel();
        let sent = self.keeper.outlets.lobby.send(LobbyRequest::Readiness { reply });
        assert!(sent.is_ok(), "the lobby runs");
        let _ = answer.blocking_recv().expect("it replies");
        self.metrics.people.load(Relaxed)
    }
}

fn lobby(release: tickwire_host::ReleaseSeat) -> Lobby<Settings> {
    let limits = DirectoryLimits {
        players_max: 4,
        rooms_max: 4,
        connections_max: 4,
        empty_max: Duration::MAX,
        opener: OpenerLimits::default(),
    };
    let settings = LobbySettings {
        game: GameVersion::of::<Trouble>(),
        tick_rate: TickRate::default(),
        limits,
        shards: 1,
        seed: 1.into(),
        records_first: true,
        grace: Duration::ZERO,
        absent_per_client_max: 1,
    };
    let guest_settings = GuestSettings::new::<Trouble>(Settings::default()).expect("they are");
    Lobby::new(settings, guest_settings, release, system_secrets())
}

/// The tick at which a client has joined.
fn welcomed_at(client: &mut WebSocket<TcpStream>) -> Tick {
    let bytes = client.read().expect("an answer").into_data();
    match ServerMessage::decode(&bytes).expect("a message") {
        ServerMessage::Welcome(welcome) => welcome.tick,
        other => panic!("no welcome: {other:?}"),
    }
}

/// Reads what was sent before the connection ended.
fn read_to_end(mut client: WebSocket<TcpStream>) {
    while client.read().is_ok_and(|message| !message.is_close()) {}
}

/// All ends of connections, those by a fault of the server, and how many are open.
fn counted(metrics: &Metrics) -> (u64, u64, u64) {
    let status = metrics.to_json();
    let of = |count: &serde_json::Value| count.as_u64().expect("a number");
    let ends = status["ends"].as_object().expect("they are by reason");
    (ends.values().map(of).sum(), of(&ends["fault"]), of(&status["websockets_open"]))
}

#[test]
fn nobody_waits_for_a_thread_that_was_given_up_and_what_it_does_later_counts_for_nothing() {
    let _alone = HANGS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stage = Stage::set("given-up");
    let client = stage.hang();
    assert_eq!(counted(&stage.metrics), (0, 0, 1));
    let mut found = None;
    wait_until("it is found", || {
        found = stage.keeper.shards[0].look();
        found.is_some()
    });
    let (reason, room) = found.expect("it is");
    assert!(room.is_some(), "{reason}");
    stage.keeper.take_over(0, &reason, room).expect("a new thread can be had");
    read_to_end(client);
    assert_eq!(counted(&stage.metrics), (1, 1, 0));
    let hung = stage.keeper.given_up.swap_remove(0);
    let metrics = Arc::clone(&stage.metrics);
    stage.close();
    assert_eq!(trouble::hanging(), 1, "nobody waited for it");
    assert!(!hung.is_finished());
    let longest_pass = metrics.to_json()["pass_max_us"].clone();
    trouble::release();
    wait_until("it ends when it finds out", || hung.is_finished());
    assert_eq!(counted(&metrics), (1, 1, 0));
    assert_eq!(metrics.to_json()["pass_max_us"], longest_pass);
}

#[test]
fn a_thread_that_does_not_come_back_while_the_server_closes_is_left_behind() {
    let _alone = HANGS.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = Stage::set("left-behind");
    let client = stage.hang();
    let metrics = Arc::clone(&stage.metrics);
    stage.close();
    assert_eq!(trouble::hanging(), 1, "nobody waited for it");
    read_to_end(client);
    assert_eq!(counted(&metrics), (1, 1, 0));
    trouble::release();
    wait_until("it goes on", || trouble::hanging() == 0);
}

#[test]
fn a_thread_that_wakes_up_as_it_is_given_up_gives_nothing_back_before_its_rooms_are_taken_over() {
    let _alone = HANGS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stage = Stage::set("wakes-up");
    let client = stage.hang();
    stage.keeper.shards[0].thread.give_up();
    trouble::release();
    wait_until("it ends when it finds out", || stage.keeper.shards[0].thread.handle.is_finished());
    assert_eq!(stage.people(), 1, "its players may go on");
    stage.keeper.take_over(0, "a test", None).expect("a new thread can be had");
    assert_eq!(stage.people(), 0, "there was no copy of its room");
    read_to_end(client);
    stage.close();
}

#[test]
fn the_lobby_hears_of_a_takeover_before_any_client_does() {
    let (lobby, mut requests) = unbounded_channel();
    let (farewells, _leaving) = unbounded_channel();
    let (_closing, closing_seen) = watch::channel(false);
    let supervisor = Arc::new(Supervisor::new(closing_seen));
    let outlets = ShardOutlets { lobby, farewells, metrics: Arc::default(), recorder: None };
    let mail = vec![MailSender::new()];
    let keeper = ShardKeeper::<Trouble>::start(mail, outlets, Checkpoints::Never, supervisor);
    let mut keeper = keeper.expect("threads can be had");
    let (websocket, mut peer) = pair_holding(Box::new(()));
    let socket = websocket.detached().expect("a shard is to poll it");
    keeper.command_senders()[0].hold(socket);
    let taken_over = thread::spawn(move || keeper.take_over(0, "is to be", None));
    let Some(LobbyRequest::Recover { reply, .. }) = requests.blocking_recv() else {
        panic!("the lobby is asked first")
    };
    let read = peer.set_nonblocking(true).and_then(|()| peer.read(&mut [0]));
    assert_eq!(read.expect_err("it is open").kind(), ErrorKind::WouldBlock);
    reply.send(Vec::new()).expect("it waits");
    taken_over.join().expect("it ends").expect("a new thread can be had");
    let read = peer.set_nonblocking(false).and_then(|()| peer.read(&mut [0]));
    assert_eq!(read.expect("it ends"), 0);
}
