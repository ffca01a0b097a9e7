//! The server as it is shipped: what `server/src/main.rs` does, with its allocator and its defaults.
//!
//! What differs from no arguments at all: its ports are free ones, it has one shard, since it has one
//! core, and no bots of its own, since all players are there; rooms are as large and as many as the
//! workload says. Clients on the loopback are not limited by default, so nothing is lifted.

use std::io::Read;

use clap::Parser;
use skirmish_rules::Skirmish;

use crate::ALLOCATOR;
use crate::options::Options;

pub(super) fn serve(options: &Options) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        let mut orders = Vec::new();
        // However it ends: nobody is there any more.
        let _ = std::io::stdin().read_to_end(&mut orders);
        std::process::exit(0);
    });
    ::tickwire::set_live_bytes(|| ALLOCATOR.allocated());
    let (room_size, tick_rate) = (options.room_size.to_string(), options.tick_rate.to_string());
    let config = ::tickwire::Config::parse_from([
        "tickwire",
        "--listen=127.0.0.1:0",
        "--admin-listen=127.0.0.1:0",
        "--seed=7",
        "--shards=1",
        "--fill=0",
        "--rooms-max=300",
        "--room-size",
        &room_size,
        "--tick-rate",
        &tick_rate,
    ]);
    ::tickwire::run::<Skirmish>(config)?;
    Ok(())
}
