//! What a pass takes, counted instead of timed: memory that is allocated, rows that are gone through,
//! bytes that are coded. On every machine these are the same; they rise when somebody undoes what
//! makes passes cheap. `docs/performance.md` has them.
//!
//! A program of its own, since its allocator counts.

use std::time::Duration;

use allocation_counter::measure;
use skirmish_rules::{Input, Settings, Skirmish};
use tests::host::{Host, Slot, hello, script, slot};
use tests::real::say;
use tickwire_game::game::Setup;
use tickwire_game::protocol::Role;
use tickwire_game::tick::Tick;
use tickwire_host::room::{RoomCounters, RoomTemplate};

/// Ships come after two seconds; in a fight of twenty more all that grows with it has grown.
const WARM_UP_TICKS: u32 = 800;
/// In ten circles those who were lost are back, their bolts are gone, and views have settled.
const CALM_TICKS: u32 = 600;
const TICKS: u32 = 90;
/// Of how many allocations there may be in combat, by player and tick: one in seventy. They are lists of
/// rows known that outgrow their memory, and the first hit of each life, of which it is noted who scored it.
const COMBAT_ALLOCATIONS_MAX: f64 = 0.014;
/// By so much counts may exceed what was measured when they were last looked at.
const SLACK: f64 = 1.1;

/// A room of players over transports that allocate nothing.
struct Room {
    host: Host<Skirmish>,
    players: Vec<(u32, Slot)>,
}

/// What some ticks took.
#[derive(Debug)]
struct Work {
    /// Players times ticks.
    player_ticks: f64,
    allocations: u64,
    allocated_bytes: u64,
    writes: u64,
    counted: RoomCounters,
}

/// What was measured of one room, by player and tick.
struct Measured {
    players: u16,
    rows_stepped: f64,
    rows_at_rim: f64,
    snapshot_bytes: f64,
}

impl Room {
    /// A room without an end of its rounds, which would change what there is to see.
    fn open(players: u16) -> Room {
        let settings = Settings { round_s: 0, ..Settings::default() };
        let setup = Setup { players_max: players, seed: 5.into(), settings, ..Setup::default() };
        let template = RoomTemplate { setup, fill: 0, ..RoomTemplate::default() };
        let mut host = Host::new(template, Duration::ZERO);
        let join = |number| {
            let hello = hello::<Skirmish>(&format!("Player {number}"), Role::Player, true);
            let (slot, transport) = slot();
            let joined = host.connect_over(Duration::ZERO, &hello, Box::new(transport));
            joined.expect("there is space");
            (number, slot)
        };
        let players = (0..players.into()).map(join).collect();
        Room { host, players }
    }

    /// The same after a fight that goes on.
    fn fighting(players: u16) -> Room {
        let mut room = Room::open(players);
        room.ticks(WARM_UP_TICKS, script::fight);
        room
    }

    /// Makes so many ticks; `input` is what a player does in a tick, by its number.
    fn ticks(&mut self, ticks: u32, input: impl Fn(u32, Tick) -> Input) -> Work {
        let (before, mut allocations, mut allocated_bytes) = (self.writes(), 0, 0);
        self.host.room_counters = RoomCounters::default();
        for _ in 0..ticks {
            let now = self.host.room().tick();
            for (number, slot) in &self.players {
                let input = input(*number, script::next_tick(now));
                slot.send(|out| script::write_input(now, input, out));
            }
            let allocated = measure(|| _ = self.host.tick());
            allocations += allocated.count_total;
            allocated_bytes += allocated.bytes_total;
        }
        let player_ticks = f64::from(ticks) * self.players.len() as f64;
        let (writes, counted) = (self.writes() - before, self.host.room_counters);
        Work { player_ticks, allocations, allocated_bytes, writes, counted }
    }

    fn writes(&self) -> u64 {
        self.players.iter().map(|(_, slot)| slot.sent().writes).sum()
    }
}

impl Work {
    fn each(&self, sum: u64) -> f64 {
        sum as f64 / self.player_ticks
    }

    /// Says what it was, for each player and tick.
    fn say(&self, what: &str) {
        let Work { allocations, allocated_bytes, counted, .. } = self;
        let counted = [
            ("allocations", *allocations),
            ("bytes allocated", *allocated_bytes),
            ("rows known", counted.rows_known),
            ("stepped", counted.rows_stepped),
            ("at the rim", counted.rows_at_rim),
            ("bytes of snapshots", counted.snapshot_bytes),
            ("bytes of scores", counted.score_bytes),
        ];
        let each = counted.map(|(name, sum)| format!("{:.4} {name}", self.each(sum)));
        say(&format!("{what}, by player and tick: {}", each.join(", ")));
    }
}

#[test]
fn a_tick_of_steady_flight_allocates_nothing() {
    for players in [16, 64] {
        let mut room = Room::fighting(players);
        let cruise = |_, tick| script::cruise(tick);
        room.ticks(CALM_TICKS, cruise);
        let work = room.ticks(TICKS, cruise);
        work.say(&format!("{players} players in steady flight"));
        assert_eq!(work.counted.snapshots, u64::from(players) * u64::from(TICKS));
        assert_eq!(work.counted.inputs_in_vain, 0, "all fly");
        assert_eq!(work.allocations, 0, "{} bytes", work.allocated_bytes);
    }
}

#[test]
fn in_combat_a_player_is_allocated_memory_for_in_one_of_fifty_ticks() {
    for players in [16, 64, 200] {
        let work = Room::fighting(players).ticks(TICKS, script::fight);
        work.say(&format!("{players} players in combat"));
        assert!(work.each(work.allocations) <= COMBAT_ALLOCATIONS_MAX, "{work:?}");
    }
}

/// A change of the rules, the script or of what is sent needs another measurement.
#[test]
fn a_pass_goes_through_no_more_rows_and_codes_no_more_bytes_than_was_measured() {
    let measured = [
        Measured { players: 16, rows_stepped: 5.26, rows_at_rim: 17.9, snapshot_bytes: 15.1 },
        Measured { players: 200, rows_stepped: 10.33, rows_at_rim: 37.7, snapshot_bytes: 51.2 },
    ];
    for Measured { players, rows_stepped, rows_at_rim, snapshot_bytes } in measured {
        let work = Room::fighting(players).ticks(TICKS, script::fight);
        let counted = &work.counted;
        // All that a player is sent in a tick leaves at once.
        assert_eq!(work.writes, u64::from(players) * u64::from(TICKS));
        assert_eq!(counted.snapshots, work.writes, "everybody is sent every tick");
        for (what, now, before) in [
            ("rows stepped", counted.rows_stepped, rows_stepped),
            ("rows at the rim of views", counted.rows_at_rim, rows_at_rim),
            ("bytes of snapshots", counted.snapshot_bytes, snapshot_bytes),
        ] {
            let now = work.each(now);
            assert!(now <= SLACK * before, "{players} players: {now:.2} {what}, not {before}");
        }
    }
}
