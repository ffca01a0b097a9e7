//! Records a battle of the bundled game's own bots as a recording of scenes, the same from the
//! same seed:
//!
//! `cargo run --release -p tests --example record-skirmish -- combat OUT.scenes`
//!
//! `combat` is the standard work: as many ships in view as a crowded arena gives, all fighting,
//! each with about two shots a second. The bots shoot less by themselves, for people should win;
//! here they are helped to pull their triggers. `cruise` is as dense a crowd with its triggers held
//! off. Four of the players are recorded as
//! viewers, with their own states. `stream-report` reads what comes of it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use skirmish_rules::kinds::{Bolt, Ship};
use skirmish_rules::{Input, Own, Skirmish};
use tickwire_game::game::{Dice, Game, InputStatus, PlayerInput, Seen, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::InputSource;
use tickwire_game::recording::{RecordedOwn, RecordedViewer, write_head, write_tick};
use tickwire_game::scene::{Rows, Scene, Schema, View};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::TickRate;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Work {
    /// All fight.
    Combat,
    /// Nobody shoots.
    Cruise,
}

/// Records Skirmish as its bots play it.
#[derive(Clone, Debug, Parser)]
struct Options {
    work: Work,
    /// The file to write.
    file: std::path::PathBuf,
    #[arg(long, default_value_t = 2)]
    seed: u64,
    /// How many play [default: as many as give 32 other ships in a view: 240 in combat, of which
    /// many wait for their next life, and 104 in cruise]
    #[arg(long)]
    bots: Option<u16>,
    /// Of how many of them the view and own state are recorded.
    #[arg(long, default_value_t = 4)]
    viewers: u16,
    /// In combat: the chance, at a tick, that a bot pulls its trigger that would not have
    #[arg(long, default_value_t = 0.1)]
    eager: f32,
    /// Seconds played before the recording begins.
    #[arg(long, default_value_t = 20)]
    warm_up: u32,
    /// Seconds recorded.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

impl Options {
    fn bots(&self) -> u16 {
        self.bots.unwrap_or(match self.work {
            Work::Combat => 240,
            Work::Cruise => 104,
        })
    }
}

fn main() -> ExitCode {
    match record(&Options::parse()) {
        Ok(text) => {
            #[allow(clippy::print_stdout, reason = "a program says what it found")]
            {
                print!("{text}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "a program says why it failed")]
            {
                eprintln!("record-skirmish: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn record(options: &Options) -> io::Result<String> {
    let mut file = BufWriter::new(File::create(&options.file)?);
    let mut battle = Battle::new(options);
    let rate = TickRate::default();
    for _ in 0..options.warm_up * u32::from(rate.hz()) {
        battle.step();
    }
    let mut text = String::new();
    write_head(&battle.schema, rate, &mut text);
    let mut counted = Counted::default();
    for _ in 0..options.seconds * u32::from(rate.hz()) {
        let viewers = battle.step_watched(options.viewers.min(options.bots()));
        counted.count(&battle, &viewers);
        write_tick(&battle.schema, battle.simulation.scene(), &viewers, &mut text);
        file.write_all(text.as_bytes())?;
        text.clear();
    }
    file.flush()?;
    Ok(counted.report(options))
}

/// A world full of bots.
struct Battle {
    simulation: Simulation<Skirmish>,
    schema: Schema,
    work: Work,
    eager: f32,
    bots: Vec<Dice>,
    /// Which bots are helped.
    help: Dice,
    inputs: Vec<PlayerInput<Input>>,
    rows: Rows,
}

impl Battle {
    fn new(options: &Options) -> Battle {
        let setup =
            Setup { seed: options.seed.into(), players_max: options.bots(), ..Setup::default() };
        let mut simulation = Simulation::<Skirmish>::new(&setup);
        (0..options.bots()).for_each(|id| simulation.join(PlayerId(id), None));
        Battle {
            simulation,
            schema: Skirmish::schema(),
            work: options.work,
            eager: options.eager,
            help: Dice::new(options.seed, u64::MAX),
            bots: (0..options.bots()).map(|id| Dice::new(options.seed, id.into())).collect(),
            inputs: Vec::new(),
            rows: Rows::default(),
        }
    }

    fn step(&mut self) {
        self.inputs.clear();
        for (id, dice) in (0..).zip(&mut self.bots) {
            let (player, game) = (PlayerId(id), self.simulation.game());
            let view = game.view(player);
            let scene = self.simulation.scene();
            self.rows.clear();
            let rows = scene.rows().iter().enumerate();
            rows.filter(|(index, _)| scene.may_know_row(&self.schema, *index, Some(player), &view))
                .for_each(|(_, row)| self.rows.push_row(row));
            let look = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, dice);
            let mut input = self.simulation.look(player, &self.rows, look);
            match self.work {
                Work::Combat if self.help.chance(self.eager) => input.buttons |= Input::FIRE,
                Work::Combat => {}
                Work::Cruise => input.buttons &= !(Input::FIRE | Input::RAIL),
            }
            self.inputs.push(PlayerInput::at_once(player, InputStatus::Received(input)));
        }
        self.simulation.step(&self.inputs);
    }

    /// Makes a tick and returns the own states of the first players.
    fn step_watched(&mut self, viewers: u16) -> Vec<RecordedViewer> {
        let own_of = |battle: &Battle, id| battle.simulation.game().own(PlayerId(id));
        let before: Vec<Option<Own>> = (0..viewers).map(|id| own_of(self, id)).collect();
        self.step();
        let viewer = |(id, before): (u16, Option<Own>)| {
            let PlayerInput { player, input, .. } = self.inputs[usize::from(id)];
            let replayed = before.map(|mut own| {
                Skirmish::advance(
                    &mut own,
                    self.simulation.level(),
                    input.or_default(),
                    TickRate::default().dt(),
                );
                encoded(&own)
            });
            RecordedViewer {
                player,
                view: self.simulation.game().view(player),
                own: Some(RecordedOwn {
                    own: own_of(self, id).as_ref().map(encoded),
                    replayed,
                    source: InputSource::Received,
                    margin_ticks: 1,
                }),
            }
        };
        (0..).zip(before).map(viewer).collect()
    }
}

fn encoded(own: &Own) -> Vec<u8> {
    bincode::serde::encode_to_vec(own, WIRE).expect("an own state encodes")
}

/// What there was to see.
#[derive(Default)]
struct Counted {
    ticks: u32,
    shots: u64,
    views: u64,
    ships_in_view: u64,
    bolts_in_view: u64,
    living: u64,
}

impl Counted {
    fn count(&mut self, battle: &Battle, viewers: &[RecordedViewer]) {
        let (scene, game) = (battle.simulation.scene(), battle.simulation.game());
        self.ticks += 1;
        let owns = battle.inputs.iter().filter_map(|input| game.own(input.player));
        for own in owns {
            self.shots += u64::from(own.shots.bolt);
            self.living += u64::from(own.is_alive());
        }
        for viewer in viewers {
            self.views += 1;
            let kinds = battle.schema.kinds();
            for row in seen(scene, &battle.schema, viewer.player, &viewer.view) {
                let ship = row.read::<Ship>(kinds);
                let others_ship = ship.is_some_and(|ship| ship.player != viewer.player);
                self.ships_in_view += u64::from(others_ship);
                self.bolts_in_view += u64::from(row.read::<Bolt>(kinds).is_some());
            }
        }
    }

    fn report(&self, options: &Options) -> String {
        let mean = |sum: u64, of: u64| sum as f64 / of.max(1) as f64;
        format!(
            "{:?}, seed {}: {} ticks of {} ships; in a view on average {:.1} other ships and {:.1} \
             bolts; {:.2} shots per living ship and second; {:.1} ships alive\n",
            options.work,
            options.seed,
            self.ticks,
            options.bots(),
            mean(self.ships_in_view, self.views),
            mean(self.bolts_in_view, self.views),
            mean(self.shots, self.living) * f64::from(TickRate::default().hz()),
            mean(self.living, self.ticks.into()),
        )
    }
}

/// The rows of a scene that a player may know.
fn seen<'a>(
    scene: &'a Scene,
    schema: &'a Schema,
    player: PlayerId,
    view: &'a View,
) -> impl Iterator<Item = tickwire_game::scene::RowRef<'a>> {
    let rows = scene.rows().iter().enumerate();
    rows.filter(move |(index, _)| scene.may_know_row(schema, *index, Some(player), view))
        .map(|(_, row)| row)
}
