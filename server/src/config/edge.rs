//! [`EdgeConfig`]: which connections the edge accepts (origins, addresses, proxies, memory), and
//! where the counters are served.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::limits::{
    ADDRESS_CONNECTIONS_DEFAULT, ADDRESS_CONNECTS_PER_SECOND_DEFAULT,
    ADDRESS_HTTP_CONNECTIONS_DEFAULT, ADDRESS_REQUESTS_PER_SECOND_DEFAULT,
};
use ipnet::IpNet;
use tickwire_host::OpenerLimits;
use tickwire_host::limits::{OWN_ROOMS_MAX_DEFAULT, OWN_ROOMS_PER_MINUTE_DEFAULT};

use super::origin::{Origin, OriginError};
use super::policy::{ContentPolicy, FrameAncestor};
use super::public_url::PublicUrl;

/// Pages that may open a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Pages of every origin.
    Any,
    /// Pages of exactly this origin.
    Exactly(Origin),
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllowedOrigin::Any => f.write_str("*"),
            AllowedOrigin::Exactly(origin) => origin.fmt(f),
        }
    }
}

impl FromStr for AllowedOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<AllowedOrigin, OriginError> {
        let text = text.trim();
        if text == "*" { Ok(AllowedOrigin::Any) } else { text.parse().map(AllowedOrigin::Exactly) }
    }
}

/// Whether clients without an `Origin` header may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum NoOrigin {
    /// Yes: programs such as bots send none.
    Allow,
    /// No: only browsers may connect.
    Refuse,
}

/// Addresses whose connections are not limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncapped {
    /// No address.
    Nobody,
    /// The addresses of this network.
    Within(IpNet),
}

impl fmt::Display for Uncapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uncapped::Nobody => f.write_str("none"),
            Uncapped::Within(net) => net.fmt(f),
        }
    }
}

impl FromStr for Uncapped {
    type Err = String;

    fn from_str(text: &str) -> Result<Uncapped, String> {
        let text = text.trim();
        if text == "none" { Ok(Uncapped::Nobody) } else { net(text).map(Uncapped::Within) }
    }
}

/// The part of [`crate::Config`] for the edge: origins, addresses, proxies, memory, and the admin
/// listener.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct EdgeConfig {
    /// Also allow pages of this origin to connect, such as https://game.example, app://game or null;
    /// * allows all. Pages of the server's own host are always allowed
    #[expect(rustdoc::bare_urls, reason = "it is the text of --help")]
    #[arg(long, env = "TICKWIRE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<AllowedOrigin>,

    /// Whether clients without an Origin header, such as programs, may connect
    #[arg(long, env = "TICKWIRE_NO_ORIGIN", value_name = "HOW", default_value = "allow")]
    pub no_origin: NoOrigin,

    /// Let pages of this origin show the page in a frame, such as a portal's https://portal.example or
    /// https://*.portal.example; self is the own origin, * are all [default: none]
    #[expect(rustdoc::bare_urls, reason = "it is the text of --help")]
    #[arg(long, env = "TICKWIRE_FRAME_ANCESTORS", value_name = "ORIGIN", value_delimiter = ',')]
    pub frame_ancestors: Vec<FrameAncestor>,

    /// Send the page with this Content-Security-Policy as a whole, with {host} for the host of the
    /// request [default: its own files and its own server, and no frames]
    #[arg(
        long,
        env = "TICKWIRE_CONTENT_SECURITY_POLICY",
        value_name = "POLICY",
        conflicts_with = "frame_ancestors"
    )]
    pub content_security_policy: Option<ContentPolicy>,

    /// The address of the page as everybody reaches it, such as https://game.example/, which previews of
    /// its links name [default: by the host of the request]
    #[expect(rustdoc::bare_urls, reason = "it is the text of --help")]
    #[arg(long, env = "TICKWIRE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Most open WebSockets of one address (of one /64 for IPv6), and most players of one address, or of one
    /// ticket's `sub`, whose connections broke and who may come back
    #[arg(long, env = "TICKWIRE_ADDRESS_CONNECTIONS_MAX", value_name = "N",
        default_value_t = EdgeConfig::default().address_connections_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_connections_max: u32,

    /// Most new WebSockets of one address per second, in bursts of up to four seconds' worth
    #[arg(long, env = "TICKWIRE_ADDRESS_CONNECTS_PER_SECOND", value_name = "N",
        default_value_t = EdgeConfig::default().address_connects_per_second,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_connects_per_second: u32,

    /// Most open HTTP connections of one address; for another one, its oldest idle one is closed
    #[arg(long, env = "TICKWIRE_ADDRESS_HTTP_CONNECTIONS_MAX", value_name = "N",
        default_value_t = EdgeConfig::default().address_http_connections_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_http_connections_max: u32,

    /// Most HTTP requests of one address per second, in bursts of up to eight seconds' worth; a new
    /// connection counts as four
    #[arg(long, env = "TICKWIRE_ADDRESS_REQUESTS_PER_SECOND", value_name = "N",
        default_value_t = EdgeConfig::default().address_requests_per_second,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_requests_per_second: u32,

    /// Most rooms that one address (or the subject of one ticket) opened by name and that are still there
    #[arg(long, env = "TICKWIRE_ADDRESS_ROOMS_MAX", value_name = "N",
        default_value_t = EdgeConfig::default().address_rooms_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_rooms_max: u32,

    /// Most rooms that one address (or the subject of one ticket) opens per minute, in bursts of up
    /// to a minute's worth
    #[arg(long, env = "TICKWIRE_ADDRESS_ROOMS_PER_MINUTE", value_name = "N",
        default_value_t = EdgeConfig::default().address_rooms_per_minute,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub address_rooms_per_minute: u32,

    /// Do not limit the connections and rooms of these addresses; none limits all
    #[arg(
        long,
        env = "TICKWIRE_UNCAPPED",
        value_name = "ADDR/PREFIX",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub uncapped: Vec<Uncapped>,

    /// Trust the X-Forwarded-For and X-Forwarded-Proto headers of a proxy at this address
    #[arg(long, env = "TICKWIRE_TRUSTED_PROXY", value_name = "ADDR/PREFIX", value_delimiter = ',',
        value_parser = net)]
    pub trusted_proxy: Vec<IpNet>,

    /// Address and port of the admin listener, which serves the counters [default: loopback, at a
    /// port 10,000 above that of --listen]
    #[arg(long, env = "TICKWIRE_ADMIN_LISTEN", value_name = "ADDR:PORT")]
    pub admin_listen: Option<SocketAddr>,

    /// Also serve the admin listener to requests for a host of this name; addresses and localhost are
    /// always allowed
    #[arg(long, env = "TICKWIRE_ADMIN_HOST", value_name = "NAME", value_delimiter = ',',
        value_parser = host_name)]
    pub admin_host: Vec<String>,

    /// Refuse joins while the process uses more memory than this, such as 512MiB or 2GiB [default: 80 %
    /// of the available memory]
    #[arg(long, env = "TICKWIRE_MEMORY_MAX", value_name = "BYTES", value_parser = bytes)]
    pub memory_max: Option<u64>,
}

impl Default for EdgeConfig {
    fn default() -> EdgeConfig {
        let loopback = ["127.0.0.0/8", "::1/128"];
        EdgeConfig {
            allow_origin: Vec::new(),
            no_origin: NoOrigin::Allow,
            frame_ancestors: Vec::new(),
            content_security_policy: None,
            public_url: None,
            address_connections_max: ADDRESS_CONNECTIONS_DEFAULT,
            address_connects_per_second: ADDRESS_CONNECTS_PER_SECOND_DEFAULT,
            address_http_connections_max: ADDRESS_HTTP_CONNECTIONS_DEFAULT,
            address_requests_per_second: ADDRESS_REQUESTS_PER_SECOND_DEFAULT,
            address_rooms_max: OWN_ROOMS_MAX_DEFAULT,
            address_rooms_per_minute: OWN_ROOMS_PER_MINUTE_DEFAULT,
            uncapped: loopback.map(|net| net.parse().expect("these are prefixes")).into(),
            trusted_proxy: Vec::new(),
            admin_listen: None,
            admin_host: Vec::new(),
            memory_max: None,
        }
    }
}

impl EdgeConfig {
    /// How many rooms one client may open.
    pub(crate) fn opener_limits(&self) -> OpenerLimits {
        OpenerLimits {
            rooms_max: self.address_rooms_max,
            rooms_per_minute: self.address_rooms_per_minute,
        }
    }

    /// The networks whose connections are not limited.
    pub(crate) fn uncapped_nets(&self) -> Vec<IpNet> {
        let net = |uncapped: &Uncapped| match uncapped {
            Uncapped::Nobody => None,
            Uncapped::Within(net) => Some(*net),
        };
        self.uncapped.iter().filter_map(net).collect()
    }
}

/// Parses a network: an address with a prefix length, or a single address.
fn net(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| {
        text.parse()
            .map(|address| IpNet::new_assert(address, if text.contains(':') { 128 } else { 32 }))
    });
    parsed.map_err(|_| "not an address like 10.0.0.1 or a network like 10.0.0.0/8".into())
}

/// Parses the name of a host, without a port.
fn host_name(text: &str) -> Result<String, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err("not the name of a host like admin.example, without a port".into());
    }
    Ok(name.to_ascii_lowercase())
}

/// Parses a number of bytes with its unit.
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

    fn edge(arguments: &[&str]) -> Result<EdgeConfig, clap::Error> {
        let all = ["tickwire"].iter().chain(arguments);
        Config::try_parse_from(all).map(|config| config.edge)
    }

    #[test]
    fn the_settings_of_the_edge_are_taken_from_the_arguments() {
        let arguments = [
            "--allow-origin=https://A.example:443,http://b.example:81,null",
            "--allow-origin=*",
            "--no-origin=refuse",
            "--address-rooms-max=3",
            "--address-rooms-per-minute=9",
            "--public-url=https://A.example:443/game",
            "--uncapped=none",
            "--trusted-proxy=10.0.0.0/8",
            "--trusted-proxy=::1",
            "--admin-listen=127.0.0.1:9",
            "--admin-host=Admin.example.,metrics",
            "--memory-max=3MiB",
        ];
        let exactly = |text: &str| AllowedOrigin::Exactly(text.parse().expect("an origin"));
        let expected = EdgeConfig {
            allow_origin: vec![
                exactly("https://a.example"),
                exactly("http://b.example:81"),
                exactly("null"),
                AllowedOrigin::Any,
            ],
            no_origin: NoOrigin::Refuse,
            address_rooms_max: 3,
            address_rooms_per_minute: 9,
            public_url: Some("https://a.example/game/".parse().expect("a URL")),
            uncapped: vec![Uncapped::Nobody],
            trusted_proxy: ["10.0.0.0/8", "::1/128"].map(|net| net.parse().expect("nets")).into(),
            admin_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9))),
            admin_host: ["admin.example", "metrics"].map(str::to_owned).into(),
            memory_max: Some(3 << 20),
            ..EdgeConfig::default()
        };
        assert_eq!(edge(&arguments).expect("these are allowed"), expected);
        assert_eq!(expected.uncapped_nets(), []);
        assert_eq!(EdgeConfig::default().uncapped_nets().len(), 2);
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for bad in [
            "--allow-origin=game.example",
            "--allow-origin=https://",
            "--allow-origin=https://game.example/",
            "--allow-origin=https://b\u{fc}cher.example",
            "--no-origin=maybe",
            "--public-url=game.example",
            "--public-url=https://game.example/?room=a",
            "--address-connections-max=0",
            "--address-connects-per-second=0",
            "--address-http-connections-max=0",
            "--address-requests-per-second=0",
            "--address-rooms-max=0",
            "--address-rooms-per-minute=0",
            "--uncapped=all",
            "--trusted-proxy=10.0.0.0/33",
            "--admin-listen=here",
            "--admin-host=admin.example:9",
            "--admin-host=*",
            "--memory-max=0",
            "--memory-max=2GB",
            "--memory-max=18446744073709551615GiB",
        ] {
            assert!(edge(&[bad]).is_err(), "{bad}");
        }
    }
}
