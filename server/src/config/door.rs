//! [`DoorConfig`]: what the door lets in: origins, addresses, proxies, memory, and who may see the
//! counters.

use std::net::SocketAddr;
use std::str::FromStr;

use ipnet::IpNet;
use shared::limits::{ADDRESS_CONNECTIONS_DEFAULT, ADDRESS_CONNECTS_PER_SECOND_DEFAULT};

/// A page that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// All of them.
    Any,
    /// Those of exactly this origin.
    Exactly(String),
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<AllowedOrigin, String> {
        if text == "*" {
            return Ok(AllowedOrigin::Any);
        }
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |byte: u8| byte.is_ascii_lowercase() || b"0123456789.-:[]".contains(&byte);
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(is_host) => {
                Ok(AllowedOrigin::Exactly(text.to_owned()))
            }
            _ => Err("not an origin like https://game.example, in lower case, nor *".into()),
        }
    }
}

/// Whether anyone may connect who says no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum NoOrigin {
    /// Yes: programs say none, such as bots.
    Allow,
    /// No: only browsers play here.
    Refuse,
}

/// Addresses whose connections are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncapped {
    /// Nobody's.
    Nobody,
    /// Those within this.
    Within(IpNet),
}

impl FromStr for Uncapped {
    type Err = String;

    fn from_str(text: &str) -> Result<Uncapped, String> {
        if text == "none" { Ok(Uncapped::Nobody) } else { net(text).map(Uncapped::Within) }
    }
}

/// The part of [`crate::Config`] that says what the door lets in: origins, addresses, proxies,
/// memory, and who may see the counters.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct DoorConfig {
    /// Let in pages of this origin, too: scheme, host and port; * lets in all. Those of the own
    /// host are always
    #[arg(long, env = "TICKWIRE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<AllowedOrigin>,

    /// Whether anyone may connect who says no origin, as programs do
    #[arg(long, env = "TICKWIRE_NO_ORIGIN", value_name = "HOW", default_value = "allow")]
    pub no_origin: NoOrigin,

    /// Most open connections of one address; of IPv6, of one /64
    #[arg(long, env = "TICKWIRE_ADDRESS_CONNECTIONS_MAX", value_name = "N",
        default_value_t = DoorConfig::default().address_connections_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_connections_max: u32,

    /// Most connects of one address per second, four seconds' worth of them at once
    #[arg(long, env = "TICKWIRE_ADDRESS_CONNECTS_PER_SECOND", value_name = "N",
        default_value_t = DoorConfig::default().address_connects_per_second,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_connects_per_second: u32,

    /// Do not count connections from here; none counts them all
    #[arg(
        long,
        env = "TICKWIRE_UNCAPPED",
        value_name = "ADDR/PREFIX",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub uncapped: Vec<Uncapped>,

    /// Believe what a proxy at this address says in X-Forwarded-For
    #[arg(long, env = "TICKWIRE_TRUSTED_PROXY", value_name = "ADDR/PREFIX", value_delimiter = ',',
        value_parser = net)]
    pub trusted_proxy: Vec<IpNet>,

    /// Address and port of the counters [default: loopback, at a port 10,000 above that of
    /// --listen; a free one when there is none or it is taken]
    #[arg(long, env = "TICKWIRE_ADMIN_LISTEN", value_name = "ADDR:PORT")]
    pub admin_listen: Option<SocketAddr>,

    /// Above so much memory nobody is let in: 512MiB, 2GiB [default: 80 % of what there is]
    #[arg(long, env = "TICKWIRE_MEMORY_MAX", value_name = "BYTES", value_parser = bytes)]
    pub memory_max: Option<u64>,
}

impl Default for DoorConfig {
    fn default() -> DoorConfig {
        let loopback = ["127.0.0.0/8", "::1/128"];
        DoorConfig {
            allow_origin: Vec::new(),
            no_origin: NoOrigin::Allow,
            address_connections_max: ADDRESS_CONNECTIONS_DEFAULT,
            address_connects_per_second: ADDRESS_CONNECTS_PER_SECOND_DEFAULT,
            uncapped: loopback.map(|net| net.parse().expect("these are prefixes")).into(),
            trusted_proxy: Vec::new(),
            admin_listen: None,
            memory_max: None,
        }
    }
}

impl DoorConfig {
    /// From where connections are not counted.
    pub(crate) fn uncapped_nets(&self) -> Vec<IpNet> {
        let net = |uncapped: &Uncapped| match uncapped {
            Uncapped::Nobody => None,
            Uncapped::Within(net) => Some(*net),
        };
        self.uncapped.iter().filter_map(net).collect()
    }
}

/// An address, or all that begin as it does.
fn net(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse().or_else(|_| {
        text.parse()
            .map(|address| IpNet::new_assert(address, if text.contains(':') { 128 } else { 32 }))
    });
    parsed.map_err(|_| "not an address with a prefix, like 10.0.0.0/8".into())
}

/// A number of bytes, with its unit.
fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let found = UNITS.iter().find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, *bits)));
    let (number, bits) = found.unwrap_or((text, 0));
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    let bytes = number.and_then(|number| number.checked_mul(1 << bits));
    bytes.ok_or_else(|| "not a number of bytes like 512MiB or 2GiB".into())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Config;

    fn door(arguments: &[&str]) -> Result<DoorConfig, clap::Error> {
        let all = ["tickwire"].iter().chain(arguments);
        Config::try_parse_from(all).map(|config| config.door)
    }

    #[test]
    fn what_the_door_lets_in_is_as_was_said() {
        let said = [
            "--allow-origin=https://a.example,http://b.example:81",
            "--allow-origin=*",
            "--no-origin=refuse",
            "--uncapped=none",
            "--trusted-proxy=10.0.0.0/8",
            "--trusted-proxy=::1",
            "--admin-listen=127.0.0.1:9",
            "--memory-max=3MiB",
        ];
        let exactly = |text: &str| AllowedOrigin::Exactly(text.to_owned());
        let meant = DoorConfig {
            allow_origin: vec![
                exactly("https://a.example"),
                exactly("http://b.example:81"),
                AllowedOrigin::Any,
            ],
            no_origin: NoOrigin::Refuse,
            uncapped: vec![Uncapped::Nobody],
            trusted_proxy: ["10.0.0.0/8", "::1/128"].map(|net| net.parse().expect("nets")).into(),
            admin_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9))),
            memory_max: Some(3 << 20),
            ..DoorConfig::default()
        };
        assert_eq!(door(&said).expect("these are allowed"), meant);
        assert_eq!(meant.uncapped_nets(), []);
        assert_eq!(DoorConfig::default().uncapped_nets().len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "--allow-origin=game.example",
            "--allow-origin=https://",
            "--allow-origin=https://game.example/",
            "--allow-origin=https://Game.example",
            "--allow-origin=null",
            "--no-origin=maybe",
            "--address-connections-max=0",
            "--address-connects-per-second=0",
            "--uncapped=all",
            "--trusted-proxy=10.0.0.0/33",
            "--admin-listen=here",
            "--memory-max=0",
            "--memory-max=2GB",
            "--memory-max=18446744073709551615GiB",
        ] {
            assert!(door(&[bad]).is_err(), "{bad}");
        }
    }
}
