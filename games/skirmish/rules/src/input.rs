//! What a player does in a tick: buttons held, and where the pointer is.
//!
//! It owns [`Input`] and what its values mean. What comes of them is in [`super::ship`].

use glam::Vec2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::class::Class;
use super::rules::AIM_STEPS;
use tickwire_game::game::Keys;

/// One player's intent for one tick. Every value is valid: what is beyond the ranges is cut off.
///
/// The default is what nobody gave: the ship coasts, points where it did, and a charge is lost
/// instead of fired.
///
/// To people and pages it is `{ up, down, left, right, fire, rail, tall, aim, class }`: booleans, an
/// angle in radians, and the class wished for or null. Such an input is always given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Which buttons are held: [`Input::UP`] and the others, or-ed.
    pub buttons: u8,
    /// Where the pointer is, seen from the ship: steps of which [`AIM_STEPS`] make a turn, from
    /// the direction of rising x towards that of rising y.
    pub aim: u16,
    /// The class of the next ship: one more than its index, or 0 for what was wished before.
    pub wish: u8,
}

impl Input {
    /// Fly towards lower y: up on a screen.
    pub const UP: u8 = 1;
    /// Fly towards higher y.
    pub const DOWN: u8 = 2;
    /// Fly towards lower x.
    pub const LEFT: u8 = 4;
    /// Fly towards higher x.
    pub const RIGHT: u8 = 8;
    /// Shoot, as soon and as often as possible.
    pub const FIRE: u8 = 16;
    /// Charge the rail; let go of it when it is charged, and it fires. No bolts meanwhile.
    pub const RAIL: u8 = 32;

    /// The screen is tall: the player is to know as much, but turned.
    pub const TALL: u8 = 128;

    /// Set in whatever a player gives: who is not heard of has let go of nothing.
    const GIVEN: u8 = 64;

    pub(super) const BUTTONS: u8 = u8::MAX ^ Input::GIVEN;

    /// These buttons held, the pointer there.
    #[must_use]
    pub const fn new(buttons: u8, aim: u16) -> Input {
        Input { buttons: buttons | Input::GIVEN, aim: aim % AIM_STEPS, wish: 0 }
    }

    /// What the keys of a generic page hold. Without an aim the ship points where it flies.
    pub(super) fn of_keys(held: &Keys) -> Input {
        let buttons = [
            (held.up, Input::UP),
            (held.down, Input::DOWN),
            (held.left, Input::LEFT),
            (held.right, Input::RIGHT),
            (held.primary, Input::FIRE),
            (held.secondary, Input::RAIL),
        ];
        let held_buttons = buttons.iter().filter(|(is_held, _)| *is_held);
        let held_buttons = held_buttons.fold(0, |all, (_, button)| all | button);
        let aim = held.aim.map_or(held.direction(), |aim| direction(aim).to_array());
        Input::towards(held_buttons, aim[0], aim[1])
    }

    /// The same, wishing for a class.
    #[must_use]
    pub const fn wishing(self, class: Class) -> Input {
        Input { wish: class as u8 + 1, ..self }
    }

    /// The class that it wishes for, if it does.
    pub(super) fn wished(self) -> Option<Class> {
        Class::at(usize::from(self.wish).checked_sub(1)?)
    }

    /// Whether it would do something with a ship: to point and to wish one needs none.
    pub(super) fn acts(self) -> bool {
        const ACTS: u8 =
            Input::UP | Input::DOWN | Input::LEFT | Input::RIGHT | Input::FIRE | Input::RAIL;
        self.held().is_some_and(|held| held.buttons & ACTS != 0)
    }

    /// What is held of it; `None` if nobody gave it.
    pub(super) fn held(self) -> Option<Input> {
        let held = Input { wish: self.wish, ..Input::new(self.buttons, self.aim) };
        (self.buttons & Input::GIVEN != 0).then_some(held)
    }

    /// These buttons held, the pointer in the direction of `(dx, dy)`.
    #[must_use]
    pub fn towards(buttons: u8, dx: f32, dy: f32) -> Input {
        let turns = libm::atan2f(dy, dx) / std::f32::consts::TAU;
        let steps = libm::rintf(turns * f32::from(AIM_STEPS)) as i32;
        Input::new(buttons, steps.rem_euclid(i32::from(AIM_STEPS)) as u16)
    }

    /// The direction in which the engine pushes: each part is -1, 0 or 1. Opposite buttons cancel
    /// out.
    pub(super) fn thrust(self) -> Vec2 {
        let held = |button: u8| f32::from(u8::from(self.buttons & button != 0));
        let x = held(Input::RIGHT) - held(Input::LEFT);
        let y = held(Input::DOWN) - held(Input::UP);
        Vec2::new(x, y)
    }
}

/// What goes over the wire. A client that knows only the schema begins with the default, which nobody gave:
/// that is what a bit says here, so that whatever such a client sets it has given.
#[derive(Serialize, Deserialize)]
struct WireInput {
    /// As [`Input::buttons`], with [`Input::GIVEN`] the other way round.
    buttons: u8,
    aim: u16,
    wish: u8,
}

/// What people read and pages write.
#[derive(Serialize, Deserialize)]
struct ReadableInput {
    up: bool,
    down: bool,
    left: bool,
    right: bool,
    fire: bool,
    rail: bool,
    tall: bool,
    /// In radians.
    aim: f64,
    class: Option<Class>,
}

impl Serialize for Input {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Input { buttons, aim, wish } = *self;
        if !serializer.is_human_readable() {
            return WireInput { buttons: buttons ^ Input::GIVEN, aim, wish }.serialize(serializer);
        }
        let held = |button: u8| buttons & button != 0;
        let turns = f64::from(aim) / f64::from(AIM_STEPS);
        let readable = ReadableInput {
            up: held(Input::UP),
            down: held(Input::DOWN),
            left: held(Input::LEFT),
            right: held(Input::RIGHT),
            fire: held(Input::FIRE),
            rail: held(Input::RAIL),
            tall: held(Input::TALL),
            aim: turns * std::f64::consts::TAU,
            class: self.wished(),
        };
        readable.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Input, D::Error> {
        if !deserializer.is_human_readable() {
            let WireInput { buttons, aim, wish } = WireInput::deserialize(deserializer)?;
            return Ok(Input { buttons: buttons ^ Input::GIVEN, aim, wish });
        }
        let readable = ReadableInput::deserialize(deserializer)?;
        let buttons = [
            (readable.up, Input::UP),
            (readable.down, Input::DOWN),
            (readable.left, Input::LEFT),
            (readable.right, Input::RIGHT),
            (readable.fire, Input::FIRE),
            (readable.rail, Input::RAIL),
            (readable.tall, Input::TALL),
        ];
        let held = buttons.iter().filter(|(is_held, _)| *is_held);
        let held = held.fold(0, |held, (_, button)| held | button);
        let turns = readable.aim / std::f64::consts::TAU;
        // A cast from float saturates, and takes not-a-number to 0.
        let steps = (turns * f64::from(AIM_STEPS)).round() as i64;
        let input = Input::new(held, steps.rem_euclid(i64::from(AIM_STEPS)) as u16);
        Ok(readable.class.map_or(input, |class| input.wishing(class)))
    }
}

/// The direction of a step of aim.
#[must_use]
pub fn aim_direction(aim: u16) -> Vec2 {
    let turns = f32::from(aim % AIM_STEPS) / f32::from(AIM_STEPS);
    direction(turns * std::f32::consts::TAU)
}

/// The direction of an angle in radians.
pub(super) fn direction(angle: f32) -> Vec2 {
    let (sin, cos) = libm::sincosf(angle);
    Vec2::new(cos, sin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickwire_game::protocol::WIRE;

    #[test]
    fn an_input_is_small_on_the_wire() {
        let input = Input { buttons: u8::MAX, aim: u16::MAX, wish: u8::MAX };
        assert!(bincode::serde::encode_to_vec(input, WIRE).unwrap().len() <= 8);
    }

    #[test]
    fn an_input_is_read_by_names_and_travels_as_three_numbers() {
        let input: Input = serde_json::from_str(
            r#"{"up":true,"down":false,"left":false,"right":false,"fire":true,
            "rail":false,"tall":false,"aim":-1.5707963267948966,"class":"Bulwark"}"#,
        )
        .unwrap();
        let aimed = Input::new(Input::UP | Input::FIRE, AIM_STEPS / 4 * 3);
        assert_eq!(input, aimed.wishing(Class::Bulwark));
        let text = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
        let bytes = bincode::serde::encode_to_vec(input, WIRE).unwrap();
        let held = Input::UP | Input::FIRE;
        let numbers = bincode::serde::encode_to_vec((held, input.aim, input.wish), WIRE);
        assert_eq!(bytes, numbers.unwrap());
        let (read, _) = bincode::serde::decode_from_slice(&bytes, WIRE).unwrap();
        assert_eq!(input, read);
        // What nobody gave is another thing than nothing held.
        let absent = bincode::serde::encode_to_vec(Input::default(), WIRE).unwrap();
        assert_eq!(absent, [Input::GIVEN, 0, 0]);
        assert_eq!(bincode::serde::encode_to_vec(Input::new(0, 0), WIRE).unwrap(), [0, 0, 0]);
    }

    #[test]
    fn keys_fly_fire_and_aim_at_the_pointer_or_where_they_fly() {
        let flown = Input::of_keys(&Keys { down: true, primary: true, ..Keys::default() });
        assert_eq!(flown, Input::new(Input::DOWN | Input::FIRE, AIM_STEPS / 4));
        let aim = Some(std::f32::consts::PI);
        let aimed = Input::of_keys(&Keys { right: true, secondary: true, aim, ..Keys::default() });
        assert_eq!(aimed, Input::new(Input::RIGHT | Input::RAIL, AIM_STEPS / 2));
    }

    #[test]
    fn aim_finds_its_way_back() {
        for aim in 0..AIM_STEPS {
            let direction = aim_direction(aim);
            assert_eq!(Input::towards(0, direction.x, direction.y).aim, aim);
        }
        assert_eq!(Input::towards(0, 0.0, 0.0).aim, 0);
    }
}
