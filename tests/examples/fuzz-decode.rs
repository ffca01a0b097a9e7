//! Puts decoders of the snapshot stream to what no encoder made, millions of times, on any
//! toolchain:
//!
//! `cargo run --release -p tests --example fuzz-decode -- [--millions 10] [--seed N]`
//!
//! Each run takes a decoder that has followed a real stream for a while and gives it a message
//! that was damaged, comes from elsewhere, or is noise, and then goes on with the stream. What
//! comes of it must be a value within all bounds or a typed error. The streams are a battle of
//! the bundled game and games made of random bytes, in both codings. With
//! `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true` no number may overflow, either.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program tells what it found")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use clap::Parser;
use skirmish_rules::Skirmish;
use tests::fuzz::{Foretold, Play, Source, decode};
use tickwire_game::game::{Dice, Game, InputStatus, PlayerInput, Seen, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Picture, PlayerPart, SnapshotDecoder, SnapshotEncoder,
};
use tickwire_game::scene::{RowRef, Rows};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::{Tick, TickRate};

/// Gives damaged snapshots to decoders.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Millions of runs
    #[arg(long, default_value_t = 1.0)]
    millions: f64,
    /// Random, and printed, if it is not given
    #[arg(long)]
    seed: Option<u64>,
}

/// After so many runs the random games are made anew.
const RUNS_PER_MAKE: u64 = 50_000;
const RANDOM_STREAMS: usize = 24;
/// Longest noise, in bytes.
const NOISE_MAX: u32 = 200;

fn main() -> ExitCode {
    let options = Options::parse();
    let random = || RandomState::new().hash_one(std::process::id()) >> 32;
    let seed = options.seed.unwrap_or_else(random);
    println!("seed {seed}");
    let runs = (options.millions * 1e6) as u64;
    let mut fuzz = Fuzz::new(seed);
    for run in 0..runs {
        if run % RUNS_PER_MAKE == 0 {
            fuzz.make();
        }
        let went = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fuzz.run()));
        if went.is_err() {
            eprintln!("fuzz-decode: failed at run {run} of seed {seed}");
            return ExitCode::FAILURE;
        }
    }
    println!("{runs} runs clean: {} streams made", fuzz.made);
    for (what, times) in &fuzz.outcomes {
        println!("{times:>12} x {what}");
    }
    ExitCode::SUCCESS
}

struct Fuzz {
    dice: Dice,
    battles: Vec<Stream>,
    random: Vec<Stream>,
    made: u64,
    outcomes: BTreeMap<String, u64>,
    message: Vec<u8>,
}

/// A real stream, and what a decoder knows after each of its messages.
struct Stream {
    codec: Codec,
    messages: Vec<Vec<u8>>,
    /// Before the message of the same number.
    decoders: Vec<SnapshotDecoder>,
}

impl Stream {
    fn new(codec: Codec) -> Stream {
        Stream { codec, messages: Vec::new(), decoders: vec![SnapshotDecoder::new()] }
    }

    /// Encodes a picture and follows it.
    fn add(
        &mut self,
        encoder: &mut SnapshotEncoder,
        picture: &Picture<'_>,
        replayed: Option<&[u8]>,
    ) {
        let mut message = Vec::new();
        encoder.encode(&self.codec, picture, &mut message);
        let mut decoder = self.decoders[self.messages.len()].clone();
        let decoded = decoder.decode(&self.codec, &message, &mut Foretold(replayed));
        decoded.expect("what was encoded decodes");
        self.messages.push(message);
        self.decoders.push(decoder);
    }
}

impl Fuzz {
    fn new(seed: u64) -> Fuzz {
        Fuzz {
            dice: Dice::new(seed, 0),
            battles: [Coding::Plain, Coding::Range].map(|coding| battle(seed, coding)).into(),
            random: Vec::new(),
            made: 2,
            outcomes: BTreeMap::new(),
            message: Vec::new(),
        }
    }

    /// Makes new random games.
    fn make(&mut self) {
        self.random.clear();
        while self.random.len() < RANDOM_STREAMS {
            let length = 200 + self.dice.below(2_000);
            let bytes: Vec<u8> = (0..length).map(|_| self.dice.bits() as u8).collect();
            self.random.push(random_game(&bytes));
            self.made += 1;
        }
    }

    /// One decoder, one message that no encoder made at this place, and what follows.
    fn run(&mut self) {
        let Fuzz { dice, battles, random, outcomes, message, .. } = self;
        let stream = choose(dice, battles, random);
        let elsewhere = &choose(dice, battles, random).messages;
        let stray = &elsewhere[dice.below(elsewhere.len() as u32) as usize];
        let at = dice.below(stream.messages.len() as u32) as usize;
        message.clone_from(&stream.messages[at]);
        damage(dice, message, stray);
        let mut decoder = stream.decoders[at].clone();
        let mut outcome = decode(&stream.codec, &mut decoder, message, &[7; 30]);
        let damaged_was_taken = outcome.is_ok();
        for next in stream.messages.iter().skip(at + 1).take(2) {
            if outcome.is_ok() {
                outcome = decode(&stream.codec, &mut decoder, next, &[7; 30]);
            }
        }
        let what = match outcome {
            Ok(()) => "taken, and what followed, too".to_owned(),
            Err(error) if damaged_was_taken => format!("taken, but later: {error}"),
            Err(error) => error.to_string(),
        };
        *outcomes.entry(what).or_default() += 1;
    }
}

/// Half of the time one of the battles: they are what is really sent.
fn choose<'a>(dice: &mut Dice, battles: &'a [Stream], random: &'a [Stream]) -> &'a Stream {
    let streams = if random.is_empty() || dice.chance(0.5) { battles } else { random };
    &streams[dice.below(streams.len() as u32) as usize]
}

/// Makes of a message one that no encoder made.
fn damage(dice: &mut Dice, message: &mut Vec<u8>, stray: &[u8]) {
    let length = message.len() as u32;
    match dice.below(8) {
        0..=2 => {
            for _ in 0..=dice.below(6) {
                if length > 0 {
                    let at = dice.below(length) as usize;
                    message[at] ^= 1 << dice.below(8);
                }
            }
        }
        3 => message.truncate(dice.below(length.max(1)) as usize),
        4 => message.extend((0..=dice.below(8)).map(|_| dice.bits() as u8)),
        5 => {
            message.clear();
            message.extend((0..dice.below(NOISE_MAX)).map(|_| dice.bits() as u8));
        }
        6 => {
            message.truncate(dice.below(length.max(1)) as usize);
            let from = dice.below(stray.len().max(1) as u32) as usize;
            message.extend_from_slice(&stray[from.min(stray.len())..]);
        }
        _ => {
            message.clear();
            message.extend_from_slice(stray);
        }
    }
}

fn random_game(bytes: &[u8]) -> Stream {
    let mut source = Source::new(bytes);
    let mut play = Play::new(&mut source);
    let mut stream = Stream::new(play.codec().clone());
    let mut encoder = SnapshotEncoder::new();
    loop {
        let moment = play.next(&mut source);
        if moment.restarts {
            encoder.restart();
        }
        let events = moment.events();
        stream.add(&mut encoder, &moment.picture(&events), moment.foretold());
        if source.is_empty() || stream.messages.len() == 24 {
            return stream;
        }
    }
}

/// What one player of a battle of bots is sent.
fn battle(seed: u64, coding: Coding) -> Stream {
    const BOTS: u16 = 24;
    const TICKS: u32 = 240;
    let codec =
        Codec::new(Skirmish::schema(), TickRate::default(), coding).expect("the schema is sound");
    let setup = Setup { seed: seed.into(), players_max: BOTS, ..Setup::default() };
    let mut simulation = Simulation::<Skirmish>::new(&setup);
    (0..BOTS).for_each(|id| simulation.join(PlayerId(id), None));
    let mut bots: Vec<Dice> = (0..BOTS).map(|id| Dice::new(seed, id.into())).collect();
    let mut stream = Stream::new(codec);
    let mut encoder = SnapshotEncoder::new();
    for _ in 0..TICKS {
        let input = |(id, dice): (u16, &mut Dice)| {
            let look = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, dice);
            let input = simulation.look(PlayerId(id), simulation.scene().rows(), look);
            PlayerInput::at_once(PlayerId(id), InputStatus::Received(input))
        };
        let inputs: Vec<_> = (0..).zip(&mut bots).map(input).collect();
        let replayed = simulation.game().own(PlayerId(0)).map(|mut own| {
            Skirmish::advance(
                &mut own,
                simulation.level(),
                inputs[0].input.or_default(),
                TickRate::default().dt(),
            );
            encoded(&own)
        });
        simulation.step(&inputs);
        add_battle(&mut stream, &mut encoder, &simulation, replayed.as_deref());
    }
    stream
}

fn encoded(own: &impl serde::Serialize) -> Vec<u8> {
    bincode::serde::encode_to_vec(own, WIRE).expect("an own state encodes")
}

/// Adds what the first player may know of the newest scene.
fn add_battle(
    stream: &mut Stream,
    encoder: &mut SnapshotEncoder,
    simulation: &Simulation<Skirmish>,
    replayed: Option<&[u8]>,
) {
    let player = PlayerId(0);
    let (game, scene) = (simulation.game(), simulation.scene());
    let (schema, view) = (Skirmish::schema(), game.view(player));
    let visible: Vec<u32> = (0..scene.rows().len())
        .filter(|&index| scene.may_know_row(&schema, index, Some(player), &view))
        .map(|index| index as u32)
        .collect();
    let happened: &Rows = scene.events();
    let events: Vec<(Tick, RowRef<'_>)> = happened
        .iter()
        .enumerate()
        .filter(|(index, _)| scene.may_know_event(&schema, *index, Some(player), &view))
        .map(|(_, event)| (scene.tick(), event))
        .collect();
    let own = game.own(player).as_ref().map(encoded);
    let part = PlayerPart {
        sources: &[InputSource::Received],
        margin_ticks: 1,
        own: own.as_deref(),
        replayed,
    };
    let picture = Picture {
        tick: scene.tick(),
        player: Some(part),
        rows: scene.rows(),
        visible: &visible,
        events: &events,
        focus: None,
        max_bytes: SNAPSHOT_MAX_BYTES,
    };
    stream.add(encoder, &picture, replayed);
}
