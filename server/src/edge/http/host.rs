//! The `Host` of a request: whether it may be copied into a response, and whether the admin listener
//! serves it.
//!
//! A page can have a name of its own resolve to the address of the admin listener, as seen by its
//! visitor, and read from it as from its own server (DNS rebinding). The name gives it away.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::header::{HOST, HeaderMap};

/// The host of a request, if it is safe to copy into a response.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok().filter(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

/// Whether the admin listener serves a request with these headers: its host must be an address,
/// `localhost`, or one of these names. Only programs send no host; browsers always do.
pub(crate) fn is_served_by_admin(headers: &HeaderMap, names: &[String]) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => true,
        (Some(host), None) => host.to_str().is_ok_and(|host| is_own(host, names)),
        (Some(_), Some(_)) => false,
    }
}

fn is_own(host: &str, names: &[String]) -> bool {
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    if let Some((address, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_port && address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_known = name == "localhost" || names.contains(&name);
    is_port(port) && (is_known || name.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_admin_listener_serves_addresses_localhost_and_its_own_names_alone() {
        let names = ["admin.example".to_owned(), "metrics".to_owned()];
        let serves = |hosts: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_bytes(host).expect("a header"));
            }
            is_served_by_admin(&headers, &names)
        };
        for host in [
            "127.0.0.1",
            "127.0.0.1:17777",
            "192.0.2.7:80",
            "[::1]",
            "[::1]:17777",
            "localhost",
            "LOCALHOST:17777",
            "localhost.",
            "admin.example",
            "Admin.Example.:17777",
            "metrics:9",
        ] {
            assert!(serves(&[host.as_bytes()]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:17777",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "admin.example.evil.example",
            "127.0.0.1@evil.example",
            "[::1].evil.example",
            "[::1]:17777.evil.example",
            "localhost:x",
            "0x7f.1",
            "",
        ] {
            assert!(!serves(&[host.as_bytes()]), "{host}");
        }
        assert!(!serves(&[b"localhost\xff"]));
        assert!(!serves(&[b"localhost", b"localhost"]));
        assert!(serves(&[]));
    }
}
