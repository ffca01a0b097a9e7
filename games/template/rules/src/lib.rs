//! The rules of my-game: players run about a square field and race for a coin.
//!
//! The server steps [`MyGame`]; each player's client runs [`MyGame::advance`] ahead of it, so that
//! a key shows in the next frame. Raise [`MyGame::RULES`] whenever `step` or `advance` changes.

use serde::{Deserialize, Serialize};
use tickwire_game::prelude::*;

/// Half of the field's side, in metres.
const HALF: f32 = 10.0;
/// Metres per second.
const SPEED: f32 = 8.0;
/// Who is nearer than this to the coin takes it, in metres.
const REACH: f32 = 0.8;

/// What a player wants in one tick. The page gives it as an object with these names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub up: bool,
    pub down: bool,
    pub left: bool,
    pub right: bool,
}

/// One player's own state: all that `advance` uses of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    pub entity: EntityId,
    pub player: PlayerId,
    pub x: f32,
    pub y: f32,
}

/// A runner, as everybody sees it. The page finds it by its kind, `runner`.
#[derive(Row)]
#[row(place(x, y))]
pub struct Runner {
    #[field(range = -HALF..=HALF, step = 1.0 / 64.0, unit = "m")]
    pub x: f32,
    #[field(range = -HALF..=HALF, step = 1.0 / 64.0, unit = "m")]
    pub y: f32,
    pub player: PlayerId,
}

/// The coin.
#[derive(Row)]
#[row(place(x, y))]
pub struct Coin {
    #[field(range = -HALF..=HALF, step = 1.0 / 64.0, unit = "m")]
    pub x: f32,
    #[field(range = -HALF..=HALF, step = 1.0 / 64.0, unit = "m")]
    pub y: f32,
}

/// A player took the coin.
#[derive(Event)]
pub struct Taken {
    pub player: PlayerId,
}

/// The world, which only the server has.
#[derive(Clone, Serialize, Deserialize)]
pub struct MyGame {
    dice: Dice,
    next_entity: EntityId,
    coin: (EntityId, f32, f32),
    players: Vec<Player>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Player {
    own: Own,
    coins: i32,
}

impl Game for MyGame {
    const NAME: &'static str = "my-game";
    const RULES: u32 = 1;

    type Settings = ();
    type Level = ();
    type Input = Input;
    type Own = Own;

    fn schema() -> Schema {
        Schema::new().row::<Runner>().row::<Coin>().event::<Taken>()
    }

    fn new(setup: &Setup<()>) -> (MyGame, ()) {
        let (dice, mut next_entity) = (Dice::new(setup.seed, 0), EntityId(1));
        let coin = (next_entity.take(), 0.0, 0.0);
        (MyGame { dice, next_entity, coin, players: Vec::new() }, ())
    }

    fn join(&mut self, _: &mut Step<'_, MyGame>, player: PlayerId, _: Option<Subject>) {
        let (x, y) = (self.dice.between(-HALF, HALF), self.dice.between(-HALF, HALF));
        let own = Own { entity: self.next_entity.take(), player, x, y };
        self.players.push(Player { own, coins: 0 });
    }

    fn leave(&mut self, _: &mut Step<'_, MyGame>, player: PlayerId, _: LeaveReason) {
        self.players.retain(|one| one.own.player != player);
    }

    fn step(&mut self, now: &mut Step<'_, MyGame>) {
        for Player { own, coins } in &mut self.players {
            MyGame::advance(own, now.level, now.input(own.player).or_default(), now.dt);
            let (dx, dy) = (own.x - self.coin.1, own.y - self.coin.2);
            if dx * dx + dy * dy < REACH * REACH {
                *coins += 1;
                now.emit(&Taken { player: own.player });
                let place = (self.dice.between(-HALF, HALF), self.dice.between(-HALF, HALF));
                self.coin = (self.next_entity.take(), place.0, place.1);
            }
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        let (entity, x, y) = self.coin;
        scene.row(entity, &Coin { x, y });
        for player in &self.players {
            MyGame::show_own(&player.own, scene);
        }
    }

    fn own(&self, player: PlayerId) -> Option<Own> {
        self.players.iter().find(|one| one.own.player == player).map(|one| one.own.clone())
    }

    fn advance(own: &mut Own, _: &(), input: Input, dt: f32) {
        let way = |low: bool, high: bool| f32::from(i8::from(high) - i8::from(low));
        own.x = (own.x + way(input.left, input.right) * SPEED * dt).clamp(-HALF, HALF);
        own.y = (own.y + way(input.up, input.down) * SPEED * dt).clamp(-HALF, HALF);
    }

    fn show_own(own: &Own, scene: &mut SceneWriter) {
        scene.row(own.entity, &Runner { x: own.x, y: own.y, player: own.player });
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.players.iter().find(|one| one.own.player == player).map_or(0, |one| one.coins)
    }

    fn bot(seen: &Seen<'_, MyGame>, dice: &mut Dice) -> Input {
        let (Some(own), Some((_, coin))) = (seen.own, seen.each::<Coin>().next()) else {
            return Input::default();
        };
        // Not always, so that people have a chance.
        if dice.chance(0.3) {
            return Input::default();
        }
        let (dx, dy) = (coin.x - own.x, coin.y - own.y);
        Input { up: dy < -0.3, down: dy > 0.3, left: dx < -0.3, right: dx > 0.3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_goes_where_its_keys_say_and_stays_in_the_field() {
        let mut own = Own { entity: EntityId(1), player: PlayerId(0), x: 0.0, y: 0.0 };
        let input = Input { right: true, ..Input::default() };
        MyGame::advance(&mut own, &(), input, 0.5);
        assert_eq!((own.x, own.y), (4.0, 0.0));
        (0..9).for_each(|_| MyGame::advance(&mut own, &(), input, 0.5));
        assert_eq!((own.x, own.y), (HALF, 0.0));
    }
}
