//! The server of my-game, and with `my-game bots` its load test.

use std::process::ExitCode;

use my_game_rules::MyGame;

fn main() -> ExitCode {
    tickwire::count_memory!();
    tickwire::Program::<MyGame>::new().page(tickwire::page!()).defaults(|c| c.fill = 4).main()
}
