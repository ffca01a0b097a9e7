//! [`Trouble`]: a game that does what no game should, on command: it panics in any of its calls, does not
//! come back, takes too long, takes memory, or comes to another world than it did before.
//!
//! A player orders it by its input; what goes wrong while a room is made, by the settings that a guest
//! chooses. Without orders it is a number for each player, which its inputs make grow.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Dice, Game, LeaveReason, Seen, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::protocol::WIRE;
use tickwire_game::scene::{Row, SceneWriter, Schema, View};

/// A player's number, and whether the room's bots are to panic that see it.
#[derive(Row)]
pub struct Number {
    /// Grows by one with each tick in which the player does something.
    #[field(range = 0..=1_000_000)]
    pub value: u32,
    /// Whether bots are to panic.
    pub alarms_bots: bool,
}

/// What a player orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Nothing.
    #[default]
    Nothing,
    /// Its number grows.
    Count,
    /// To panic in the next call of this sort.
    Panic(Call),
    /// Not to come back from the step, without using the processor, until [`release`] is called.
    Sleep,
    /// The same, using all of the processor.
    Spin,
    /// From now on each step takes so many milliseconds of the processor's time.
    Burn(u16),
    /// To keep so many mebibytes more.
    Allocate(u16),
    /// To come to a world that does not follow from what was there.
    Diverge,
    /// Not to come back, as with `Sleep`, from being restored: from the copy that is made of a copy.
    SleepRestored,
}

impl Order {
    /// As it stands in a message.
    #[must_use]
    pub fn encoded(self) -> Vec<u8> {
        bincode::serde::encode_to_vec(self, WIRE).expect("an order encodes")
    }
}

/// The calls in which a game's code runs for a room that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// [`Game::step`].
    Step,
    /// [`Game::join`].
    Join,
    /// [`Game::leave`].
    Leave,
    /// [`Game::show`].
    Show,
    /// [`Game::view`].
    View,
    /// [`Game::own`].
    Own,
    /// [`Game::advance`], as the server calls it.
    Advance,
    /// [`Game::score`].
    Score,
    /// [`Game::team`].
    Team,
    /// [`Game::bot`].
    Bot,
    /// [`Clone::clone`], as a checkpoint calls it.
    Copy,
    /// [`Drop::drop`], once the room has ended.
    Drop,
}

impl Call {
    /// All of them that are made while it is open.
    pub const ALL: [Call; 11] = [
        Call::Step,
        Call::Join,
        Call::Leave,
        Call::Show,
        Call::View,
        Call::Own,
        Call::Advance,
        Call::Score,
        Call::Team,
        Call::Bot,
        Call::Copy,
    ];
}

/// What goes wrong while a room is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opening {
    /// Nothing.
    #[default]
    Fine,
    /// [`Game::check_settings`] panics.
    PanicsInCheck,
    /// [`Game::new`] panics.
    PanicsInNew,
    /// [`Game::new`] does not come back until [`release_worlds`] is called.
    Sleeps,
}

/// What a guest may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How the room opens.
    pub opening: Opening,
}

static RELEASED: AtomicBool = AtomicBool::new(false);
/// How many steps do not come back now.
static HANGING: AtomicU32 = AtomicU32::new(0);
static WORLDS_RELEASED: AtomicBool = AtomicBool::new(false);
/// How often a world was ordered to diverge in this process: nothing in the world says so.
static DIVERGED: AtomicU32 = AtomicU32::new(0);

/// Lets all steps end that do not come back, until [`hold`] is called.
pub fn release() {
    RELEASED.store(true, Relaxed);
}

/// Lets steps not come back again, if they were released before.
pub fn hold() {
    RELEASED.store(false, Relaxed);
}

/// How many steps do not come back now.
#[must_use]
pub fn hanging() -> u32 {
    HANGING.load(Relaxed)
}

/// Waits in this way until steps are released.
fn hang(wait: impl Fn()) {
    HANGING.fetch_add(1, Relaxed);
    while !RELEASED.load(Relaxed) {
        wait();
    }
    HANGING.fetch_sub(1, Relaxed);
}

/// The same for worlds that are being made, for good.
pub fn release_worlds() {
    WORLDS_RELEASED.store(true, Relaxed);
}

/// The world.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Trouble {
    players: Vec<Counter>,
    panics_in: Option<Call>,
    burn_ms: u16,
    kept: Vec<Vec<u8>>,
    chance: u32,
    sleeps_restored: bool,
    #[serde(skip)]
    is_copy: bool,
}

/// What a player's own client knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    player: PlayerId,
    value: u32,
    panics_next: bool,
}

impl Clone for Trouble {
    fn clone(&self) -> Trouble {
        self.call(Call::Copy);
        if self.sleeps_restored && self.is_copy {
            hang(|| sleep(Duration::from_millis(10)));
        }
        Trouble {
            players: self.players.clone(),
            panics_in: self.panics_in,
            burn_ms: self.burn_ms,
            kept: self.kept.clone(),
            chance: self.chance,
            sleeps_restored: self.sleeps_restored,
            is_copy: true,
        }
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.call(Call::Drop);
    }
}

impl Trouble {
    /// The code of such a call runs.
    fn call(&self, call: Call) {
        assert!(self.panics_in != Some(call), "ordered to panic in {call:?}");
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Nothing | Order::Count => {}
            Order::Panic(call) => self.panics_in = Some(call),
            Order::Sleep => hang(|| sleep(Duration::from_millis(10))),
            Order::Spin => hang(spin_loop),
            Order::Burn(ms) => self.burn_ms = ms,
            Order::Allocate(mib) => self.kept.push(vec![1; usize::from(mib) << 20]),
            Order::SleepRestored => self.sleeps_restored = true,
            Order::Diverge => self.chance += 1 + DIVERGED.fetch_add(1, Relaxed),
        }
    }
}

impl Game for Trouble {
    const NAME: &'static str = "trouble";
    const RULES: u32 = 1;
    const PLAYERS_MAY_IDLE: bool = true;
    const PLAYERS_MAX: u16 = 256;
    const GUEST_SETTINGS: &'static [&'static str] = &["opening"];
    type Settings = Settings;
    type Level = ();
    type Input = Order;
    type Own = Counter;

    fn schema() -> Schema {
        Schema::new().row::<Number>()
    }

    fn check_settings(settings: &Settings) -> Result<(), String> {
        assert_ne!(settings.opening, Opening::PanicsInCheck, "ordered to panic in a check");
        Ok(())
    }

    fn new(setup: &Setup<Settings>) -> (Trouble, ()) {
        let opening = setup.settings.opening;
        assert_ne!(opening, Opening::PanicsInNew, "ordered to panic in new");
        if opening == Opening::Sleeps {
            while !WORLDS_RELEASED.load(Relaxed) {
                sleep(Duration::from_millis(10));
            }
        }
        (Trouble::default(), ())
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: Option<Subject>) {
        self.call(Call::Join);
        self.players.push(Counter { player, value: 0, panics_next: false });
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: LeaveReason) {
        self.call(Call::Leave);
        self.players.retain(|counter| counter.player != player);
    }

    fn step(&mut self, now: &mut Step<'_, Trouble>) {
        self.call(Call::Step);
        let orders: Vec<Order> =
            self.players.iter().map(|it| now.input(it.player).or_default()).collect();
        for (at, order) in orders.into_iter().enumerate() {
            self.obey(order);
            let panics = self.panics_in == Some(Call::Advance);
            let counter = &mut self.players[at];
            counter.panics_next = panics;
            Trouble::advance(counter, &(), order, now.dt);
        }
        let burnt = Instant::now();
        while burnt.elapsed() < Duration::from_millis(self.burn_ms.into()) {}
    }

    fn show(&self, scene: &mut SceneWriter) {
        self.call(Call::Show);
        let alarms_bots = self.panics_in == Some(Call::Bot);
        for counter in &self.players {
            let entity = EntityId(counter.player.0.into());
            scene.row(entity, &Number { value: counter.value, alarms_bots });
        }
    }

    fn own(&self, player: PlayerId) -> Option<Counter> {
        self.call(Call::Own);
        self.players.iter().find(|counter| counter.player == player).cloned()
    }

    fn advance(own: &mut Counter, (): &(), order: Order, _: f32) {
        assert!(!own.panics_next, "ordered to panic in Advance");
        own.value += u32::from(order == Order::Count);
    }

    fn view(&self, _: PlayerId) -> View {
        self.call(Call::View);
        View::Everything
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.call(Call::Score);
        self.players.iter().find(|it| it.player == player).map_or(0, |it| it.value as i32)
    }

    fn team(&self, _: PlayerId) -> u8 {
        self.call(Call::Team);
        0
    }

    fn bot(seen: &Seen<'_, Trouble>, _: &mut Dice) -> Order {
        let is_alarmed = seen.each::<Number>().any(|(_, number)| number.alarms_bots);
        assert!(!is_alarmed, "ordered to panic in Bot");
        Order::Count
    }
}
