//! [`Program`]: a game's server as a program: its name, its defaults, its subcommands, and the lines in
//! which it ends when it fails.
//!
//! What depends on the game is in two functions that it is handed; the rest is compiled once.

use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use tickwire_game::game::Game;

use crate::config::Settings;
use crate::ops::print::{PRINT_MAX, print_within};
use crate::page::Page;
use crate::run::{RunError, run_program};
use crate::server::Running;
use crate::{Config, StartError};

/// The server of a game as a program, with the load test as its subcommand `bots`:
///
/// ```no_run
/// # use tickwire_game::game::Game;
/// # fn main_of<Tag: Game>() -> std::process::ExitCode {
/// tickwire::Program::<Tag>::new().defaults(|config| config.fill = 4).main()
/// # }
/// ```
///
/// With `.page(tickwire::page!())` it serves the page that its build script has built, and has the
/// name and version of its package.
pub struct Program<G: Game> {
    parts: Parts,
    game: PhantomData<fn() -> G>,
}

/// A subcommand that the program brings along.
struct Subcommand {
    command: Command,
    run: Box<dyn FnOnce(&ArgMatches) -> ExitCode>,
}

/// What does not depend on the game.
struct Parts {
    settings: Settings,
    subcommands: Vec<Subcommand>,
}

/// What depends on the game.
struct GameParts {
    start: fn(Config) -> Result<Running, StartError>,
    bots: fn(&str, &tickwire_bots::Options) -> ExitCode,
}

/// The name of the subcommand that every program has.
const BOTS: &str = "bots";

impl<G: Game> Default for Program<G> {
    fn default() -> Program<G> {
        Program::new()
    }
}

impl<G: Game> Program<G> {
    /// A program without a page that is called as the game is. Its default tick rate and size of rooms
    /// are the game's.
    #[must_use]
    pub fn new() -> Program<G> {
        let defaults =
            Config { tick_rate: G::TICK_RATE_HZ, room_size: G::PLAYERS_MAX, ..Config::default() };
        let page = Page::none(G::NAME, env!("CARGO_PKG_VERSION"));
        let settings = Settings { page, defaults };
        Program { parts: Parts { settings, subcommands: Vec::new() }, game: PhantomData }
    }

    /// Serves this page, and takes name and version from it: see [`page!`](crate::page!).
    #[must_use]
    pub fn page(mut self, page: Page) -> Program<G> {
        self.parts.settings.page = page;
        self
    }

    /// Changes defaults of settings. The environment precedes them, and the command line that; `--help`
    /// shows them.
    #[must_use]
    pub fn defaults(mut self, change: impl FnOnce(&mut Config)) -> Program<G> {
        change(&mut self.parts.settings.defaults);
        self
    }

    /// Adds a subcommand of the program's own, which is the first argument. `run` is called with the
    /// arguments behind it, and its exit code is that of the program.
    #[must_use]
    pub fn subcommand(
        mut self,
        command: Command,
        run: impl FnOnce(&ArgMatches) -> ExitCode + 'static,
    ) -> Program<G> {
        self.parts.subcommands.push(Subcommand { command, run: Box::new(run) });
        self
    }

    /// Does what the command line and the environment ask for: runs the server until it is stopped, or a
    /// subcommand. What goes wrong is printed to stderr; the exit code is 2 for invalid settings, 1 for
    /// everything else.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let game =
            GameParts { start: Running::start::<G>, bots: tickwire_bots::play_and_report::<G> };
        self.parts.main(std::env::args_os().collect(), &game)
    }
}

impl Parts {
    fn main(mut self, arguments: Vec<OsString>, game: &GameParts) -> ExitCode {
        let name = self.settings.page.name();
        self.settings.defaults.page = Some(self.settings.page);
        let first = arguments.get(1).and_then(|first| first.to_str()).unwrap_or_default();
        let parsed = if first == BOTS {
            let (parse, program) = (self.parse_bots(&arguments), format!("{name} {BOTS}"));
            parse.map(|options| (game.bots)(&program, &options))
        } else if let Some(at) =
            self.subcommands.iter().position(|own| own.command.get_name() == first)
        {
            let Subcommand { command, run } = self.subcommands.swap_remove(at);
            let matches =
                command.bin_name(format!("{name} {first}")).try_get_matches_from(&arguments[1..]);
            matches.map(|matches| run(&matches))
        } else {
            self.parse(arguments).map(|config| self.serve(config, game.start))
        };
        parsed.unwrap_or_else(|error| {
            // Nobody may be there to read it; the exit code says it as well.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
        })
    }

    fn serve(&self, config: Config, start: fn(Config) -> Result<Running, StartError>) -> ExitCode {
        let Err(error) = run_program(&self.settings, config, start) else {
            return ExitCode::SUCCESS;
        };
        let text = match &error {
            RunError::Start(StartError::Config(text)) => self.settings.with_own_variables(text),
            other => other.to_string(),
        };
        let text = format!("{}: {text}\n", self.settings.page.name());
        // If nobody reads that, this gives up after a second.
        print_within(PRINT_MAX, io::stderr(), text);
        ExitCode::from(error.exit_code())
    }

    /// The settings of the server.
    fn parse(&self, arguments: Vec<OsString>) -> Result<Config, clap::Error> {
        let bots = tickwire_bots::Options::command_named(BOTS, &self.settings.prefix());
        let own = self.subcommands.iter().map(|own| own.command.clone());
        let command = self
            .settings
            .command()
            .subcommands(own)
            .subcommand(bots)
            .args_conflicts_with_subcommands(true)
            .disable_help_subcommand(true);
        self.settings.parse_as(&command, arguments, |name| std::env::var_os(name))
    }

    fn parse_bots(&self, arguments: &[OsString]) -> Result<tickwire_bots::Options, clap::Error> {
        let command = tickwire_bots::Options::command_named(BOTS, &self.settings.prefix())
            .bin_name(format!("{} {BOTS}", self.settings.page.name()))
            .version(self.settings.page.version());
        let ticket = std::env::var_os(format!("{}TICKET", self.settings.prefix()));
        tickwire_bots::Options::parse_by(command, &arguments[1..], ticket)
    }
}
