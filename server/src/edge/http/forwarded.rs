//! The client address of a request that a proxy forwards.
//!
//! Anyone can send `X-Forwarded-For`; only the part that a trusted proxy appends at its end is
//! reliable. The route of the WebSocket uses it for connections from a trusted proxy.

use std::net::{IpAddr, SocketAddr};

use hyper::header::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether an address is in one of these networks.
pub(crate) fn is_within(address: IpAddr, nets: &[IpNet]) -> bool {
    let address = address.to_canonical();
    nets.iter().any(|net| net.contains(&address))
}

/// The right-most address that is not a trusted proxy; `None` if the header does not name one.
pub(crate) fn client(headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    for line in lines.into_iter().rev() {
        for member in line.to_str().ok()?.rsplit(',') {
            let address = address(member.trim())?;
            if !is_within(address, proxies) {
                return Some(address);
            }
        }
    }
    None
}

/// Parses an address as proxies write it: some append the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str]) -> Option<String> {
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a net"));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().expect("a header"));
        }
        client(&headers, &proxies).map(|address| address.to_string())
    }

    #[test]
    fn the_right_most_address_that_is_not_a_proxy_is_the_client() {
        for (lines, client) in [
            (&["192.0.2.7"][..], Some("192.0.2.7")),
            (&["198.51.100.1, 192.0.2.7"], Some("192.0.2.7")),
            (&["198.51.100.1, 192.0.2.7, 10.1.1.1, fd00::1"], Some("192.0.2.7")),
            (&["198.51.100.1", "192.0.2.7, ::ffff:10.0.0.1"], Some("192.0.2.7")),
            (&["192.0.2.7:4711"], Some("192.0.2.7")),
            (&["[2001:db8::1]:4711"], Some("2001:db8::1")),
            (&["[2001:db8::1]"], Some("2001:db8::1")),
            (&["bad, 192.0.2.7"], Some("192.0.2.7")),
            (&["192.0.2.7, bad"], None),
            (&["192.0.2.7, "], None),
            (&["10.0.0.1"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(found(lines).as_deref(), client, "{lines:?}");
        }
    }
}
