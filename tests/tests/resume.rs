//! Sessions that outlive their connections, on virtual time: links break at any moment, hellos race,
//! tokens are used twice. Each of these tests prints its seed; `SEED=n` runs it from another. The real
//! programs come last.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use skirmish_rules::{Own, Skirmish};
use test_games::tape::{Mark, Tape};
use tests::real::{Bots, GIVE_UP, Server, alone, poll, say};
use tickwire_game::client::{Client, Stage};
use tickwire_game::dice::Dice;
use tickwire_game::game::Game as _;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::DisconnectReason;
use tickwire_test::{Path, Simulator, Who, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// For how long a player is kept, which nobody here stays away for unless it is meant to.
const GRACE: Duration = Duration::from_secs(6);
const PLAYERS: usize = 4;

fn path(dice: &mut Dice) -> Path {
    let stalls = [None, Some((3 * SECOND, 400 * MS))];
    Path {
        one_way: MS * dice.below(120),
        jitter: MS * dice.below(60),
        stall: stalls[dice.below(2) as usize],
        ..Path::default()
    }
}

/// What happens to the connections of one client.
struct Mishaps {
    who: Who,
    /// Over which of its connections it gives its inputs, from 1: each says so.
    connection: Rc<Cell<u32>>,
    /// When it comes back, if it is away.
    back_at: Option<Duration>,
    /// How many more times it comes back at once, before it can know what became of the last.
    again: u32,
    /// How many of its hellos got no answer before it said another: they may still arrive.
    overtaken: u32,
}

impl Mishaps {
    fn come_back(&mut self, world: &mut Simulator<Tape>, path: Path) {
        self.connection.set(self.connection.get() + 1);
        self.overtaken += u32::from(world.client(self.who).stage() == Stage::Greeting);
        world.resume(self.who, path);
    }

    fn happen(&mut self, world: &mut Simulator<Tape>, dice: &mut Dice) {
        if let Some(at) = self.back_at {
            if at > world.now() {
                return;
            }
            self.come_back(world, path(dice));
            // A page that thinks that this has failed as well tries again at once, by the same token.
            self.again = self.again.checked_sub(1).unwrap_or_else(|| dice.below(3));
            self.back_at = (self.again > 0).then(|| world.now() + MS * dice.below(150));
        } else if let Some(end) = world.ended(self.who) {
            // Whatever ended it, a client that wants to play on comes back, but to a session that somebody else
            // has now.
            if end == DisconnectReason::Replaced {
                let own = self.overtaken.checked_sub(1);
                self.overtaken = own.expect("nobody else has its token");
            }
            self.back_at = Some(world.now() + MS * dice.below(1_000));
        } else if dice.chance(0.06) {
            // Half of the time the server hears nothing of it.
            if dice.chance(0.5) {
                world.cut(self.who);
            }
            self.again = 0;
            self.back_at = Some(world.now() + MS * dice.below(2_000));
        }
    }
}

/// A room through all kinds of mishaps, until all is quiet again.
fn a_room_of_bad_luck(seed: u64) {
    let mut dice = Dice::new(seed, 5);
    let mut world = Simulator::<Tape>::new(seed).grace(GRACE).spectator_delay(Duration::ZERO);
    let mut mishaps = Vec::new();
    for at in 0..=PLAYERS {
        let who = if at < PLAYERS {
            world.join(&format!("player {at}"), path(&mut dice))
        } else {
            world.spectate(path(&mut dice))
        };
        let connection = Rc::new(Cell::new(1));
        let given = Rc::clone(&connection);
        world.act(who, move |_: Duration, _: &mut Client<Tape>| Mark(given.get()));
        mishaps.push(Mishaps { who, connection, back_at: None, again: 0, overtaken: 0 });
    }
    world.run(2 * SECOND);
    world.all_play();
    let whos: Vec<Who> = mishaps.iter().map(|it| it.who).collect();
    let ids = |world: &Simulator<Tape>| -> Vec<_> {
        whos.iter().map(|who| (world.player(*who), world.client(*who).session())).collect()
    };
    let before = ids(&world);
    while world.now() < 10 * SECOND {
        world.run(MS * (20 + dice.below(100)));
        for mishap in &mut mishaps {
            mishap.happen(&mut world, &mut dice);
            let end = world.ended(mishap.who);
            assert_ne!(end, Some(DisconnectReason::Refused), "locked out");
        }
    }
    // All is quiet: the hellos that are still under way arrive, and who was replaced by one comes back.
    for _ in 0..4 {
        for mishap in &mut mishaps {
            if mishap.back_at.take().is_some() || world.ended(mishap.who).is_some() {
                mishap.come_back(&mut world, Path::good());
            }
        }
        world.run(SECOND);
    }
    world.all_play();
    assert_eq!(ids(&world), before, "everybody is who it was");
    assert_eq!(usize::from(world.room().people()), PLAYERS, "no second seat");
    assert_eq!(world.room_host().sessions().len(), PLAYERS + 1);
    let tape = world.world();
    assert_eq!((tape.arrivals.len(), tape.departures.len()), (PLAYERS, 0), "nobody came twice");
    check_inputs(tape);
}

/// No tick was made of two inputs of a player, and none of what it gave over an earlier connection once
/// one that it gave over a later one had counted.
fn check_inputs(tape: &Tape) {
    let mut last = BTreeMap::<PlayerId, (u32, u32)>::new();
    for entry in &tape.entries {
        let (tick, connection) = last.entry(entry.player).or_default();
        assert!(entry.tick.0 > *tick, "{} has two inputs in {:?}", entry.player, entry.tick);
        *tick = entry.tick.0;
        // It does nothing in ticks that its clock has only just found due.
        if entry.mark != 0 {
            assert!(
                entry.mark >= *connection,
                "{}, in {:?}: an input of its connection {} after one of {connection}",
                entry.player,
                entry.tick,
                entry.mark
            );
            *connection = entry.mark;
        }
    }
}

#[test]
fn whatever_happens_to_connections_everybody_keeps_its_place_and_no_input_counts_twice() {
    let first = seed_or(1);
    println!("seeds {first} to {}", first + 999);
    // On two processors at once; a room that fails says from which seed.
    thread::scope(|threads| {
        for half in 0..2 {
            threads.spawn(move || {
                (first..first + 1_000).skip(half).step_by(2).for_each(a_room_of_bad_luck);
            });
        }
    });
}

#[test]
fn bots_whose_connections_break_play_on_with_equal_mirrors_as_the_same_players() {
    let seed = seed_or(1);
    println!("seed {seed}");
    let mut dice = Dice::new(seed, 6);
    let mut world = Simulator::<Skirmish>::new(seed).bots(4);
    let bots: Vec<Who> = (0..8).map(|_| world.join_bot(path(&mut dice))).collect();
    let watcher = world.spectate(path(&mut dice));
    world.run(5 * SECOND);
    let players: Vec<_> = bots.iter().map(|bot| world.player(*bot)).collect();
    for _ in 0..40 {
        world.run(500 * MS);
        let who = bots[dice.below(bots.len() as u32) as usize];
        world.cut(who);
        world.run(MS * dice.below(1_500));
        world.resume(who, path(&mut dice));
        if dice.chance(0.2) {
            world.cut(watcher);
            world.resume(watcher, path(&mut dice));
        }
    }
    world.run(3 * SECOND);
    world.all_play();
    let after: Vec<_> = bots.iter().map(|bot| world.player(*bot)).collect();
    assert_eq!(after, players);
    for bot in bots {
        // Each was compared with the server's mirror.
        assert!(world.client(bot).counters().snapshots > 10);
    }
}

#[test]
fn who_stays_away_for_longer_than_the_grace_has_left_and_joins_anew() {
    let mut world = Simulator::<Tape>::new(seed_or(1)).grace(GRACE);
    let who = world.join("gone", Path::good());
    let stays = world.join("stays", Path::good());
    world.run(SECOND);
    world.cut(who);
    world.run(GRACE - 100 * MS);
    assert_eq!(world.world().departures, []);
    assert_eq!(world.room().people(), 2);
    world.run(200 * MS);
    assert_eq!(world.world().departures.len(), 1);
    world.resume(who, Path::good());
    world.run(SECOND);
    assert_eq!(world.ended(who), Some(DisconnectReason::Refused));
    assert_eq!(world.room().people(), 1);
    assert_eq!(world.ended(stays), None);
}

#[test]
fn who_says_goodbye_is_gone_at_once() {
    let mut world = Simulator::<Tape>::new(seed_or(1)).grace(GRACE);
    let who = world.join("leaves", Path::good());
    world.join("stays", Path::good());
    world.run(SECOND);
    world.leave(who);
    world.run(SECOND);
    assert_eq!(world.world().departures.len(), 1);
    world.resume(who, Path::good());
    world.run(SECOND);
    assert_eq!(world.ended(who), Some(DisconnectReason::Refused));
}

#[test]
fn bots_and_spectators_of_a_real_server_that_are_cut_are_all_back() {
    let _alone = alone();
    // Without a delay even spectators have had a snapshot when all are cut.
    let settings = ["--fill", "0", "--room-size", "32", "--seed", "1", "--spectator-delay", "0s"];
    let server = Server::start(&settings);
    let load = ["--bots", "20", "--spectators", "4", "--room", "arena", "--seed", "1"];
    let cuts = ["--cut", "1s", "--cut-all", "2s"];
    let report = Bots::start(&server, 3 * SECOND, &[&load[..], &cuts].concat()).finish();
    say(&format!("24 that are cut: {}", report.counts));
    assert!(report.status.success(), "{:#}", report.counts);
    assert_eq!(report.count("connected"), 24);
    for nothing in ["refused", "disconnected", "lost_sessions", "decode_errors"] {
        assert_eq!(report.count(nothing), 0, "{nothing}: {:#}", report.counts);
    }
    // Each was cut by all or on its way back just then.
    assert!(report.count("resumed") >= 24, "{:#}", report.counts);
    assert!(report.counts["resume_ms"]["p99"].is_number(), "{:#}", report.counts);
    let gone = || Some(server.status()).filter(|status| status["people"] == 0);
    let status = poll(GIVE_UP, gone).expect("all have left, and no seat is held");
    let of_server =
        [&status["sessions"], &status["sessions_resumed"]].map(serde_json::Value::as_u64);
    assert_eq!(of_server, [Some(24), Some(report.count("resumed"))], "{status}");
}

/// A bot plays among others until it has points and is in the middle of a fight; then its connection
/// breaks for a while. Whether its ship was still there when it came back.
fn a_fight_goes_on_without_a_player(seed: u64) -> bool {
    let mut world = Simulator::<Skirmish>::new(seed).bots(8);
    let who = world.join_bot(Path::latency_ms(60));
    let is_hurt = |world: &Simulator<Skirmish>| {
        let full = |own: &Own| own.class.traits().hull_max;
        world.own(who).filter(Own::is_alive).filter(|own| own.armor.hull < full(own))
    };
    let mut before = None;
    while before.is_none() {
        world.run(50 * MS);
        assert!(world.now() < 120 * SECOND, "it never fights");
        let player = world.player(who).filter(|player| world.world().score(*player) > 0);
        before = player.zip(is_hurt(&world));
    }
    let (player, before) = before.expect("it fights");
    world.cut(who);
    // For half a second its last input is repeated; then none is left to act on.
    world.run(700 * MS);
    let score = world.world().score(player);
    let last = world.own(who).expect("it stays");
    for _ in 0..20 {
        world.run(100 * MS);
        let own = world.own(who).expect("it stays");
        assert_eq!(world.world().score(player), score, "nobody scores who is away");
        assert!(!own.shots.bolt && !own.shots.rail && own.motion.buttons == 0);
        assert!(own.ship == last.ship, "no other ship is given to who is away");
    }
    let stays = world.own(who).filter(|own| own.is_alive() && own.ship == before.ship);
    world.resume(who, Path::latency_ms(60));
    // Who was destroyed while away has waited for a part of what a ship takes, at least.
    world.run(if stays.is_some() { SECOND / 2 } else { 2 * SECOND });
    world.all_play();
    assert_eq!(world.player(who), Some(player));
    assert!(score > 0 && world.world().score(player) >= score);
    let own = world.own(who).expect("it plays");
    match &stays {
        // It may have died since.
        Some(_) => assert!(own.ship == before.ship),
        None => assert!(own.ship > before.ship, "it has another ship"),
    }
    assert_eq!(world.predicted(who).map(|own| own.ship), Some(own.ship));
    stays.is_some()
}

#[test]
fn a_player_whose_connection_breaks_in_a_fight_has_its_points_and_its_ship_if_nobody_destroyed_it()
{
    let first = seed_or(1);
    println!("seeds {first} to {}", first + 19);
    let stayed = (first..first + 20).filter(|seed| a_fight_goes_on_without_a_player(*seed)).count();
    assert!((1..20).contains(&stayed), "{stayed} of 20 ships were still there");
}
