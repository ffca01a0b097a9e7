//! The client address of a request that a proxy forwards, and by which scheme it came.
//!
//! Anyone can send `X-Forwarded-For`; only the part that a trusted proxy appends at its end is
//! reliable. So the list is read from its end, as bytes, and no further than the client's member:
//! what stands to the left of that is the client's own text and never matters. A member that is not
//! an address makes the client [`ClientAddress::Unreadable`], never the proxy: the proxy is often
//! without limits, and a client could choose to be unreadable.

use std::net::{IpAddr, SocketAddr};

use hyper::header::HeaderMap;
use ipnet::IpNet;

use crate::edge::peer::ClientAddress;
use crate::limits::FORWARDED_MEMBERS_MAX;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Whether an address is in one of these networks.
pub(crate) fn is_within(address: IpAddr, nets: &[IpNet]) -> bool {
    let address = address.to_canonical();
    nets.iter().any(|net| net.contains(&address))
}

/// The client of a request from a trusted proxy: the right-most member that is not a trusted proxy,
/// or the left-most one if all of them are.
///
/// Without the header the client is unreadable as well. A client can make some proxies drop it, by
/// naming it in `Connection`.
pub(crate) fn client(headers: &HeaderMap, proxies: &[IpNet]) -> ClientAddress {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let members = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut client = ClientAddress::Unreadable;
    for (at, member) in members.enumerate() {
        let Some(address) = address(member.trim_ascii()).filter(|_| at < FORWARDED_MEMBERS_MAX)
        else {
            return ClientAddress::Unreadable;
        };
        client = ClientAddress::Known(address);
        if !is_within(address, proxies) {
            break;
        }
    }
    client
}

/// By which scheme a request came to a trusted proxy, if it says so once.
pub(crate) fn scheme(headers: &HeaderMap) -> Option<&'static str> {
    let mut said = headers.get_all(FORWARDED_PROTO).iter();
    let (Some(said), None) = (said.next(), said.next()) else { return None };
    let is = |scheme: &&str| said.as_bytes().trim_ascii().eq_ignore_ascii_case(scheme.as_bytes());
    ["https", "http"].into_iter().find(is)
}

/// Parses an address as proxies write it: some append the port, some the zone of a link-local
/// address.
fn address(member: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(member).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let without_zone = match bare.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() => address,
        _ => bare,
    };
    let parsed = without_zone.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    Some(parsed?.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies() -> [IpNet; 2] {
        ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a net"))
    }

    fn found<L: AsRef<[u8]>>(lines: &[L]) -> ClientAddress {
        let mut headers = HeaderMap::new();
        for line in lines {
            let line = HeaderValue::from_bytes(line.as_ref()).expect("a header");
            headers.append(FORWARDED_FOR, line);
        }
        client(&headers, &proxies())
    }

    fn known(address: &str) -> ClientAddress {
        ClientAddress::Known(address.parse().expect("an address"))
    }

    #[test]
    fn the_right_most_address_that_is_not_a_proxy_is_the_client() {
        for (lines, client) in [
            (&["192.0.2.7"][..], "192.0.2.7"),
            (&["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
            (&["198.51.100.1, 192.0.2.7, 10.1.1.1, fd00::1"], "192.0.2.7"),
            (&["198.51.100.1", "192.0.2.7, ::ffff:10.0.0.1"], "192.0.2.7"),
            (&["198.51.100.1", "192.0.2.7", "10.0.0.1"], "192.0.2.7"),
            (&["192.0.2.7:4711"], "192.0.2.7"),
            (&["\t 192.0.2.7 \t"], "192.0.2.7"),
            (&["::ffff:192.0.2.7"], "192.0.2.7"),
            (&["[::ffff:192.0.2.7]:4711"], "192.0.2.7"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["fe80::1%eth0"], "fe80::1"),
            (&["[fe80::1%eth0]"], "fe80::1"),
            // Without another client, the left-most proxy is it.
            (&["10.0.0.2, 10.0.0.1"], "10.0.0.2"),
        ] {
            assert_eq!(found(lines), known(client), "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_as_an_address_is_never_the_proxy_nor_nobody() {
        for lines in [
            &["192.0.2.7, bad"][..],
            &["192.0.2.7,"],
            &["192.0.2.7", ""],
            &["192.0.2.7, unknown"],
            &["192.0.2.7, _hidden"],
            &["192.0.2.7, 198.51.100.1:99999"],
            &["192.0.2.7, 198.51.100.1:"],
            &["192.0.2.7, 198.51.100.1%eth0"],
            &["192.0.2.7, 198.51.100.001"],
            &["192.0.2.7, unix:"],
            &["192.0.2.7, \"198.51.100.1\""],
            &["bad, 10.0.0.1"],
            &[""],
            &[","],
            &[],
        ] {
            assert_eq!(found(lines), ClientAddress::Unreadable, "{lines:?}");
        }
        let text = [b"192.0.2.7, 198.51.100.1\xff".as_slice(), b"192.0.2.7, \xfe, 10.0.0.1"];
        for line in text {
            assert_eq!(found(&[line]), ClientAddress::Unreadable, "{line:?}");
        }
        // Nobody has so many proxies.
        let proxies = vec!["10.0.0.1"; FORWARDED_MEMBERS_MAX].join(", ");
        assert_eq!(found(&[&proxies]), known("10.0.0.1"));
        assert_eq!(found(&[format!("192.0.2.7, {proxies}")]), ClientAddress::Unreadable);
    }

    proptest! {
        #[test]
        fn nothing_that_the_client_writes_changes_who_it_is(
            own in proptest::collection::vec("[\\x20-\\x7E\\x80-\\xFF\t]{0,40}", 0..4),
            same_line: bool,
            proxied: bool,
        ) {
            let bytes = |text: &str| text.chars().map(|char| char as u32 as u8).collect::<Vec<u8>>();
            let mut lines: Vec<_> = own.iter().map(|text| bytes(text)).collect();
            let appended = if proxied { "192.0.2.7:80, 10.0.0.1" } else { "192.0.2.7" };
            match lines.last_mut().filter(|_| same_line) {
                Some(last) => last.extend(format!(", {appended}").bytes()),
                None => lines.push(bytes(appended)),
            }
            prop_assert_eq!(found(&lines), known("192.0.2.7"));
        }
    }
}
