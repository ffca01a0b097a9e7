//! What scores cost in an arena of a thousand, and that those who need them have them: the production
//! host on virtual time, with a few clients among bots.

use std::collections::VecDeque;
use std::time::Duration;

use skirmish_rules::kinds::Kill;
use skirmish_rules::{Input, Skirmish};
use tests::host::{Host, Pipe, ROOM};
use tests::real::say;
use tickwire_game::client::{Client, Greeting, Names, Stage};
use tickwire_game::game::{Dice, Game, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::SCORES_FOR_ALL_MAX;
use tickwire_game::protocol::snapshot::SnapshotDecoder;
use tickwire_game::protocol::{Role, ServerMessage};
use tickwire_game::scene::Kinds;
use tickwire_game::scene::View;
use tickwire_game::tick::TickRate;
use tickwire_host::limits::SCORES_LEADERS;
use tickwire_host::room::RoomTemplate;

const VIEWERS: usize = 16;
/// Ships soon are amid a fight; then what was saved of the budget is spent.
const WARM_UP_TICKS: u32 = 14 * 30;
/// What stands before a short message of WebSocket from a server.
const FRAME_BYTES: usize = 2;

/// What came for one client, of one sort.
#[derive(Clone, Copy, Debug, Default)]
struct Came {
    messages: usize,
    bytes: usize,
}

/// A client and its bot.
struct Viewer {
    client: Client<Skirmish>,
    pipe: Pipe,
    dice: Dice,
    rosters: Came,
    scores: Came,
    kills: usize,
}

impl Viewer {
    fn join(host: &mut Host<Skirmish>, number: usize) -> Viewer {
        let (name, room) = (format!("Viewer {number}"), Some(ROOM.to_owned()));
        let greeting =
            Greeting { name, role: Role::Player, room, ticket: None, settings: None, resume: None };
        let mut client = Client::headless(greeting);
        let hello = client.outgoing().expect("a client opens with its hello");
        let (_, pipe) = host.connect(Duration::ZERO, &hello).expect("there is space");
        let (rosters, scores) = Default::default();
        Viewer { client, pipe, dice: Dice::new(7, number as u64), rosters, scores, kills: 0 }
    }

    /// Takes what came and plays on.
    fn turn(&mut self, now: Duration) {
        while let Some(message) = self.pipe.receive() {
            let came = match ServerMessage::decode(&message).expect("it is a message") {
                ServerMessage::Roster(_) => &mut self.rosters,
                ServerMessage::Scores(_) | ServerMessage::BoardPage(_) => &mut self.scores,
                _ => &mut Came::default(),
            };
            came.messages += 1;
            came.bytes += message.len() + FRAME_BYTES;
            self.client.receive(now, &message).expect("the server keeps to its protocol");
            let events = self.client.decoder().into_iter().flat_map(SnapshotDecoder::events);
            if matches!(ServerMessage::decode(&message), Ok(ServerMessage::Snapshot(_))) {
                let kill = Kinds::of::<Skirmish>().index::<Kill>();
                self.kills += events.filter(|(_, event)| event.kind == kill).count();
            }
        }
        let Viewer { client, dice, .. } = self;
        let input = client.seen().map_or(Input::default(), |seen| Skirmish::bot(&seen, dice));
        client.play(now, input);
        while let Some(message) = client.outgoing() {
            self.pipe.send(message);
        }
    }

    fn player(&self) -> PlayerId {
        self.client.player().expect("it plays")
    }

    /// The score of a player as it knows it.
    fn known(&self, player: PlayerId) -> Option<i32> {
        Some(self.client.names()?.player(player)?.score)
    }
}

/// A room of so many players, most of them bots.
struct Arena {
    host: Host<Skirmish>,
    viewers: Vec<Viewer>,
    /// Everybody's score in the last ticks, the newest last.
    past: VecDeque<Vec<(PlayerId, i32)>>,
    kills: usize,
}

impl Arena {
    fn new(players: u16, viewers: usize) -> Arena {
        let setup = Setup { players_max: players, seed: 5.into(), ..Setup::default() };
        let template = RoomTemplate { setup, fill: players, ..RoomTemplate::default() };
        let mut host = Host::new(template, Duration::ZERO);
        let viewers = (0..viewers).map(|number| Viewer::join(&mut host, number)).collect();
        Arena { host, viewers, past: VecDeque::new(), kills: 0 }
    }

    fn ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            let now = self.host.tick();
            self.viewers.iter_mut().for_each(|viewer| viewer.turn(now));
            let events = self.host.room().published().scene().events();
            self.kills += events.each::<Kill>(&Kinds::of::<Skirmish>()).count();
            let game = self.host.room().game();
            let names = self.viewers[0].client.names().into_iter().flat_map(Names::iter);
            self.past.push_back(names.map(|(player, _)| (player, game.score(player))).collect());
            if self.past.len() > 90 {
                self.past.pop_front();
            }
        }
    }

    fn forget(&mut self) {
        self.kills = 0;
        for viewer in &mut self.viewers {
            (viewer.rosters, viewer.scores, viewer.kills) = Default::default();
        }
    }

    /// Whether a player had this score in the last `ticks` ticks.
    fn had(&self, player: PlayerId, score: i32, ticks: usize) -> bool {
        self.past.iter().rev().take(ticks).any(|scores| scores.contains(&(player, score)))
    }

    /// The players whose scores a viewer needs, without the leaders.
    fn in_view(&self, viewer: &Viewer) -> Vec<PlayerId> {
        let game = self.host.room().game();
        let view = game.view(viewer.player());
        let holds = |player: &PlayerId| match game.view(*player) {
            View::Everything => false,
            View::Rect { min, max } => {
                view.holds([0, 1].map(|i| (f64::from(min[i]) + f64::from(max[i])) / 2.0))
            }
        };
        let newest = self.past.back().expect("there were ticks").iter();
        newest.map(|(player, _)| *player).filter(holds).collect()
    }

    /// Who was among the best in each of the last `ticks` ticks: one that has just come there is sent a moment later.
    fn leaders(&self, ticks: usize) -> Vec<PlayerId> {
        let top = |scores: &Vec<(PlayerId, i32)>| {
            let mut all = scores.clone();
            all.sort_by_key(|(player, score)| (-score, *player));
            all.truncate(SCORES_LEADERS);
            all.into_iter().map(|(player, _)| player).collect::<Vec<_>>()
        };
        let mut last = self.past.iter().rev().take(ticks).map(top);
        let mut leaders = last.next().expect("there were ticks");
        last.for_each(|top| leaders.retain(|player| top.contains(player)));
        leaders
    }
}

#[test]
fn in_an_arena_of_a_thousand_scores_take_less_than_six_bytes_a_player_and_tick() {
    let ticks = 5 * u32::from(TickRate::default().hz());
    let mut arena = Arena::new(1_000, VIEWERS);
    arena.ticks(WARM_UP_TICKS);
    arena.forget();
    let before = arena.host.room_counters;
    arena.ticks(ticks);
    let sum = |of: fn(&Viewer) -> usize| arena.viewers.iter().map(of).sum::<usize>() as f64;
    let turns = f64::from(ticks) * VIEWERS as f64;
    let bytes = sum(|viewer| viewer.rosters.bytes + viewer.scores.bytes) / turns;
    let waited = arena.host.room_counters.scores_waiting - before.scores_waiting;
    let near = arena.viewers.iter().map(|viewer| arena.in_view(viewer).len()).sum::<usize>();
    say(&format!(
        "arena of 1,000: {bytes:.2} B of rosters and scores a player and tick, in {:.3} messages, \
         {near} in {VIEWERS} views, {:.1} kills a tick, {waited} scores waited",
        sum(|viewer| viewer.rosters.messages + viewer.scores.messages) / turns,
        arena.kills as f64 / 2.0 / f64::from(ticks),
    ));
    assert!(arena.kills > 100, "there is no fight");
    assert!(bytes < 6.0, "{bytes:.2} B");
    let seen = sum(|viewer| viewer.kills) as usize;
    assert!(seen * 20 < arena.kills * VIEWERS, "{seen} kills sent of {}", arena.kills);
    let mut behind = 0;
    for viewer in &arena.viewers {
        assert_eq!(viewer.client.stage(), Stage::Playing);
        let known = |player| viewer.known(player).expect("everybody is in the roster");
        let late = |needed: &[PlayerId]| {
            needed.iter().filter(|player| !arena.had(**player, known(**player), 90)).count()
        };
        let (leaders, in_view) = (arena.leaders(30), arena.in_view(viewer));
        // Most of those who lead have done so for a second.
        assert!(leaders.len() * 2 > SCORES_LEADERS, "{leaders:?}");
        assert_eq!(late(&leaders), 0, "of {leaders:?}");
        behind += usize::from(late(&in_view) * 2 > in_view.len());
        assert!(arena.had(viewer.player(), known(viewer.player()), 30), "its own");
    }
    // After a new ship all in view are news.
    assert!(behind * 8 <= VIEWERS, "{behind} of {VIEWERS} viewers");
}

#[test]
fn in_a_small_room_everybody_knows_every_score_within_half_a_second() {
    let mut arena = Arena::new(SCORES_FOR_ALL_MAX as u16, 4);
    arena.ticks(WARM_UP_TICKS);
    for _ in 0..300 {
        arena.ticks(1);
        for viewer in &arena.viewers {
            for (player, score) in arena.past.back().expect("there were ticks") {
                let known = viewer.known(*player).expect("everybody is in the roster");
                assert!(arena.had(*player, known, 15), "{player:?} has {score}, it knows {known}");
            }
        }
    }
    assert_eq!(arena.host.room_counters.scores_waiting, 0);
}
