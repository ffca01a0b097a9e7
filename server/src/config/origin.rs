//! [`Origin`]: where a page comes from, in one normal form for settings and requests alike.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::limits::{ORIGIN_HOST_MAX_BYTES, ORIGIN_SCHEME_MAX_BYTES};

/// The origin of a page (RFC 6454): `scheme://host`, `scheme://host:port`, or `null`.
///
/// Scheme and host are in lower case, the default port of the scheme is left out, an IPv6 address is
/// in its shortest form, and a dot at the end of the host is removed. The scheme may be any: programs
/// and extensions that contain a browser have their own. Hosts are compared as they are written:
/// internationalised names in the form that browsers send (`xn--`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// A text that is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an origin like https://game.example or https://game.example:8443 (without a path; \
     international names in their form with xn--), app://game, null or file://"
)]
pub struct OriginError;

impl Origin {
    /// The origin that a page of this scheme has if its host, with or without a port, is `host`.
    pub(crate) fn of_host(scheme: &str, host: &str) -> Option<Origin> {
        format!("{scheme}://{host}").parse().ok()
    }

    /// Its scheme; `None` for `null`.
    pub(crate) fn scheme(&self) -> Option<&str> {
        self.0.split_once("://").map(|(scheme, _)| scheme)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Origin, OriginError> {
        normal_form(text).map(Origin).ok_or(OriginError)
    }
}

fn normal_form(text: &str) -> Option<String> {
    if text.eq_ignore_ascii_case("null") {
        return Some("null".to_owned());
    }
    let (scheme, authority) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if scheme.len() > ORIGIN_SCHEME_MAX_BYTES
        || !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        || !scheme.bytes().all(is_scheme)
    {
        return None;
    }
    let default_port = match scheme.as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    };
    let (host, port) = split_port(authority)?;
    if host.len() > ORIGIN_HOST_MAX_BYTES {
        return None;
    }
    // file:// has no host, and neither have some schemes of programs.
    if host.is_empty() && (default_port.is_some() || port.is_some()) {
        return None;
    }
    let port = port.filter(|port| Some(*port) != default_port);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}"))
}

/// The normal form of a host, and the port.
fn split_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        let (host, port) = authority.split_at(end);
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !host.bytes().all(is_host) {
            return None;
        }
        let host = host.to_ascii_lowercase();
        (host.strip_suffix('.').unwrap_or(&host).to_owned(), port)
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_form_however_it_is_written() {
        for (written, normal) in [
            ("https://game.example", "https://game.example"),
            ("https://game.example:443", "https://game.example"),
            ("HTTPS://Game.Example:0443", "https://game.example"),
            ("https://game.example.", "https://game.example"),
            ("https://game.example.:443", "https://game.example"),
            ("http://game.example:80", "http://game.example"),
            ("http://game.example:443", "http://game.example:443"),
            ("ws://game.example:80", "ws://game.example"),
            ("wss://game.example:443", "wss://game.example"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[0:0::0001]:7777", "http://[::1]:7777"),
            ("http://127.0.0.1:7777", "http://127.0.0.1:7777"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("null", "null"),
            ("file://", "file://"),
            ("app://", "app://"),
            ("app://game", "app://game"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost:80", "ionic://localhost:80"),
            ("tauri://localhost", "tauri://localhost"),
            (
                "chrome-extension://gighmmpiobklfepjocnamgkkbiglidom",
                "chrome-extension://gighmmpiobklfepjocnamgkkbiglidom",
            ),
            (
                "moz-extension://2C127FA4-62C7-7E4F-90E5-472B45EECFDC",
                "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
            ),
        ] {
            let origin = written.parse::<Origin>().expect(written);
            assert_eq!(origin.to_string(), normal, "{written}");
            assert_eq!(normal.parse::<Origin>(), Ok(origin), "{normal} is its own form");
        }
    }

    #[test]
    fn an_origin_is_no_longer_than_a_host_and_a_scheme_can_be() {
        for (scheme, host, is_origin) in
            [(64, 253, true), (65, 253, false), (64, 254, false), (1, 9_000, false)]
        {
            let text = format!("{}://{}", "s".repeat(scheme), "h".repeat(host));
            assert_eq!(text.parse::<Origin>().is_ok(), is_origin, "{scheme} {host}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "*",
            "game.example",
            "game.example:7777",
            "//game.example",
            "://game.example",
            "1http://game.example",
            "ht tp://game.example",
            "https://",
            "https://.",
            "https://:443",
            "file://:80",
            "https://game.example/",
            "https://game.example/page",
            "https://game.example?query",
            "https://user@game.example",
            "https://game.example:",
            "https://game.example:port",
            "https://game.example:+1",
            "https://game.example:65536",
            "https://game.example:1:2",
            "https://[::1",
            "https://[::1]x",
            "https://[game]",
            "https://::1",
            "https://b\u{fc}cher.example",
            "https://game.example, https://other.example",
            "https://game.example\n",
            "nullx",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(OriginError), "{text:?}");
        }
    }
}
