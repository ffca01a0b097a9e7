//! Who is called by which id, while players and bots come and go.

use tickwire_game::game::Dice;

use super::*;
use crate::limits::PLAYER_ID_RETIRED_FOR;

const PLAYERS_MAX: u16 = 12;
const SEEDS: u64 = 12;

/// The last tick at which each id was somebody's, and who that was.
#[derive(Default)]
struct Owners(BTreeMap<PlayerId, (Tick, Tick)>);

impl Owners {
    /// Looks who is in now. A player with the id of another came long enough after that one.
    fn look(&mut self, room: &Room<Stones>, seed: u64) {
        let now = room.tick();
        let rest = room.config().tick_rate().ticks_in(PLAYER_ID_RETIRED_FOR.as_secs_f32());
        for player in &room.state.players {
            let before = self.0.insert(player.id, (player.joined_at, now));
            let Some((joined_at, last_seen)) = before else { continue };
            let is_another = joined_at != player.joined_at || last_seen.next() < now;
            assert!(
                !is_another || now.since(last_seen) >= i64::from(rest),
                "seed {seed}: {} was another's {} ticks ago",
                player.id,
                now.since(last_seen)
            );
        }
    }
}

#[test]
fn no_id_is_another_players_within_the_limit_however_players_come_and_go() {
    let mut most = 0;
    let mut reused = 0;
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed, 29);
        let mut room = room(PLAYERS_MAX, dice.below(u32::from(PLAYERS_MAX) + 1) as u16);
        let (mut owners, mut people) = (Owners::default(), Vec::new());
        for _ in 0..3_000 {
            for _ in 0..dice.below(3) {
                if dice.chance(0.1) {
                    people.extend(room.join("moth", None));
                } else if !people.is_empty() && dice.chance(0.1) {
                    let at = dice.below(people.len() as u32) as usize;
                    room.leave(people.swap_remove(at), LeaveReason::Left);
                    if dice.chance(0.5) {
                        people.extend(room.join("moth", None));
                    }
                }
                owners.look(&room, seed);
            }
            room.step();
            owners.look(&room, seed);
        }
        let left = room.take_counters().left;
        most = most.max(owners.0.len());
        reused += left.saturating_sub(owners.0.len() as u64);
        assert_eq!(room.take_counters().player_ids_reused_early, 0);
    }
    // They are given out again after that: ids stay low, which keeps them short.
    assert!(reused > 0 && most < 400, "{reused} reused, at most {most} in use");
}

#[test]
fn someone_who_joins_as_another_leaves_is_called_by_an_id_of_its_own() {
    let mut room = room(4, 0);
    let first = room.join("a", None).expect("there is space");
    room.step();
    room.leave(first, LeaveReason::Left);
    let second = room.join("b", None).expect("there is space");
    assert_ne!(first, second);
    room.leave(second, LeaveReason::Left);
    let ticks = room.config().tick_rate().ticks_in(PLAYER_ID_RETIRED_FOR.as_secs_f32());
    (1..ticks).for_each(|_| room.step());
    assert_eq!(room.join("c", None), Ok(PlayerId(2)));
    room.step();
    assert_eq!(room.join("d", None), Ok(first));
}

#[test]
fn a_bot_that_comes_back_under_an_id_draws_something_else() {
    let mut room = room(1, 1);
    let bot = |room: &Room<Stones>| {
        let player = room.state.player(PlayerId(0)).expect("it plays");
        player.bot.as_ref().expect("it is a bot").at(7)
    };
    room.step();
    let first = bot(&room);
    let person = room.join("a", None).expect("there is space");
    let ticks = room.config().tick_rate().ticks_in(PLAYER_ID_RETIRED_FOR.as_secs_f32());
    (0..ticks).for_each(|_| room.step());
    room.leave(person, LeaveReason::Left);
    room.step();
    assert_ne!(bot(&room), first);
}
