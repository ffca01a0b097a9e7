//! What a pass costs without the kernel: the time of the host's thread for each player and tick, in
//! memory, everything but sockets and WebSocket frames included.
//!
//! ```text
//! cargo run --release -p tests --example pass-cost -- (room16|arena) [PLAYERS [TICKS]]
//! ```
//!
//! Players fly and fire by a script, so that the same is done in every run. Given out is the median
//! over the ticks, of the time of all passes of a tick divided by the players; beside it what a
//! player is sent.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::time::{Duration, Instant};

use skirmish_rules::{Settings, Skirmish};
use tests::host::{Host, Pipe, hello, script};
use tickwire_game::game::Setup;
use tickwire_game::protocol::Role;
use tickwire_game::tick::Tick;
use tickwire_host::room::RoomTemplate;

/// Ticks that are not counted: first lives are protected.
const WARM_UP: u32 = 150;
const ROOM_PLAYERS: u16 = 16;

struct Player {
    pipe: Pipe,
    number: u32,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let is_arena = arguments.next().as_deref() == Some("arena");
    let players: u16 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let ticks: u32 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(150);
    let per_room = if is_arena { players } else { ROOM_PLAYERS };
    let mut rooms: Vec<(Host<Skirmish>, Vec<Player>)> =
        (0..players / per_room).map(|room| open(room, per_room)).collect();
    let players: usize = rooms.iter().map(|(_, players)| players.len()).sum();
    let mut took = Vec::new();
    let (mut bytes, mut messages) = (0, 0);
    let mut before = (0, 0);
    for tick in 0..WARM_UP + ticks {
        for (host, players) in &rooms {
            players.iter().for_each(|player| player.play(host.room().tick()));
        }
        let began = Instant::now();
        for (host, _) in &mut rooms {
            host.tick();
        }
        let passed = began.elapsed();
        for player in rooms.iter().flat_map(|(_, players)| players) {
            while let Some(message) = player.pipe.receive() {
                if tick >= WARM_UP {
                    bytes += message.len();
                    messages += 1;
                }
            }
        }
        let counted = |of: fn(&Host<Skirmish>) -> u64| -> u64 {
            rooms.iter().map(|(host, _)| of(host)).sum()
        };
        let now = (
            counted(|host| host.room_counters.snapshot_bytes),
            counted(|host| host.room_counters.snapshots),
        );
        if tick < WARM_UP {
            before = now;
        } else {
            took.push(passed.as_secs_f64() * 1e6 / players as f64);
        }
        if tick + 1 == WARM_UP + ticks {
            let snapshots = now.1 - before.1;
            println!(
                "snapshots {snapshots}, mean {:.1} B",
                (now.0 - before.0) as f64 / snapshots as f64
            );
        }
    }
    took.sort_by(f64::total_cmp);
    let each = f64::from(ticks) * players as f64;
    println!(
        "{players} players: {:.2} us (least {:.2}), {:.1} B in {:.2} messages",
        took[took.len() / 2],
        took[took.len() / 20],
        bytes as f64 / each,
        f64::from(messages) / each,
    );
}

fn open(room: u16, players: u16) -> (Host<Skirmish>, Vec<Player>) {
    let setup = Setup { players_max: players, seed: u64::from(room).into(), ..Setup::default() };
    let template = RoomTemplate::<Settings> { setup, fill: 0, ..RoomTemplate::default() };
    let mut host = Host::new(template, Duration::ZERO);
    let join = |number| {
        let hello = hello::<Skirmish>(&format!("Bot {number}"), Role::Player, true);
        let (_, pipe) = host.connect(Duration::ZERO, &hello).expect("there is space");
        Player { pipe, number: u32::from(room) * 1_000 + u32::from(number) }
    };
    let players = (0..players).map(join).collect();
    (host, players)
}

impl Player {
    /// Sends the input for the tick after next.
    fn play(&self, now: Tick) {
        let mut message = Vec::new();
        let input = script::fight(self.number, script::next_tick(now));
        script::write_input(now, input, &mut message);
        self.pipe.send(message);
    }
}
