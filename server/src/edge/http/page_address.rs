//! The public address of the page, for a request: the configured one, else by the host that the request
//! names and the scheme by which it came.
//!
//! It decides what a response says of the server's own address, and no more: what a client writes there
//! is only ever sent back to that client. [`super::routes`] has it fill in the documents that name their
//! address.

use hyper::header::{HOST, HeaderMap};
use hyper::http::request::Parts;
use tickwire_host::hello::is_room_name;

use super::forwarded;
use super::page::file::{Content, File};
use super::page::marked::{Marks, PageAddress};
use crate::config::PublicUrl;
use crate::edge::context::EdgeContext;
use crate::edge::peer::PeerInfo;

/// A document of these marks as this request is answered with it, compressed by gzip if it is sent in a
/// `coding`, which can be no other; and the names of the headers by which it differs.
pub(crate) fn fill(
    context: &EdgeContext,
    peer: PeerInfo,
    head: &Parts,
    (file, marks): (&File, &Marks),
    coding: Option<&str>,
) -> (Content, &'static str) {
    let is_proxy = context.is_proxy(peer.address);
    let scheme = scheme(&head.headers, is_proxy, context.server.tls.is_some());
    let configured = context.public_url.as_ref();
    let address = page_address(head, configured, scheme);
    let gzip = coding.and(file.gzip.as_ref()).map(|gzip| &gzip.bytes[..]);
    let filled = Content::new(marks.fill(&file.plain.bytes, gzip, &address).into());
    let is_by_proxy = is_proxy && configured.is_none();
    (filled, if is_by_proxy { "accept-encoding, x-forwarded-proto" } else { "accept-encoding" })
}

/// By which scheme a request came: what a trusted proxy says, else whether this server serves TLS.
fn scheme(headers: &HeaderMap, is_proxy: bool, has_tls: bool) -> &'static str {
    let said = if is_proxy { forwarded::scheme(headers) } else { None };
    said.unwrap_or(if has_tls { "https" } else { "http" })
}

/// The addresses of a document, and of the page that it belongs to. A request whose host cannot be read is
/// answered with relative ones.
fn page_address(head: &Parts, configured: Option<&PublicUrl>, scheme: &str) -> PageAddress {
    let by_host = || PublicUrl::of_host(scheme, head.headers.get(HOST)?.to_str().ok()?);
    let path = head.uri.path().trim_start_matches('/');
    let public = match configured {
        Some(url) => url.to_string(),
        None => by_host().map_or_else(|| to_root(path), |url| url.to_string()),
    };
    let path = if path == "index.html" { "" } else { path };
    let room = room(head.uri.query().unwrap_or_default());
    let room = room.map(|room| format!("?room={room}")).unwrap_or_default();
    PageAddress { page: format!("{public}{path}{room}"), public }
}

/// The root of the page, relative to a document at this path.
fn to_root(path: &str) -> String {
    match path.matches('/').count() {
        0 => "./".to_owned(),
        folders => "../".repeat(folders),
    }
}

/// The room that a query asks for, if a room can have that name: then it needs no escaping.
fn room(query: &str) -> Option<&str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, name) = pairs.into_iter().find(|(key, _)| *key == "room")?;
    Some(name).filter(|name| is_room_name(name))
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::header::{HOST, HeaderValue};

    use super::*;

    fn head(target: &str, headers: &[(&str, &[u8])]) -> Parts {
        let mut request = Request::get(target);
        for &(name, value) in headers {
            request = request.header(name, HeaderValue::from_bytes(value).expect("a header"));
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn address(target: &str, host: &[u8], configured: Option<&str>) -> (String, String) {
        let configured = configured.map(|url| url.parse().expect("a URL"));
        let PageAddress { public, page } =
            page_address(&head(target, &[(HOST.as_str(), host)]), configured.as_ref(), "https");
        (public, page)
    }

    fn both(public: &str, page: &str) -> (String, String) {
        (public.to_owned(), page.to_owned())
    }

    #[test]
    fn the_address_is_the_configured_one_or_that_of_the_host() {
        let own = "https://game.example/";
        assert_eq!(address("/", b"Game.Example:443", None), both(own, own));
        let other = "http://[::1]:7/game";
        assert_eq!(
            address("/about.html", b"game.example", Some(other)),
            both("http://[::1]:7/game/", "http://[::1]:7/game/about.html")
        );
        // Names of services in a network of containers have underscores.
        let service = "https://game_server:8080/";
        assert_eq!(address("/", b"game_server:8080", None), both(service, service));
        for host in [
            &b"game.example\"><script>"[..],
            b"game.example/path",
            b"user@game.example",
            b"game.example:port",
            b"game.example\xff",
            b"[::1",
            b"",
        ] {
            assert_eq!(address("/", host, None), both("./", "./"), "{host:?}");
            assert_eq!(address("/", host, Some(own)), both(own, own), "{host:?}");
            let page = |path| address(path, host, None);
            assert_eq!(page("/about.html"), both("./", "./about.html"));
            assert_eq!(page("/docs/about.html"), both("../", "../docs/about.html"));
            assert_eq!(page("/a/b/c.html?room=d"), both("../../", "../../a/b/c.html?room=d"));
        }
    }

    #[test]
    fn the_address_of_a_document_has_the_room_that_was_asked_for_and_nothing_else_of_a_query() {
        for (target, page) in [
            ("/?play&name=Ann&room=blue-1&latency=80", "https://a/?room=blue-1"),
            ("/index.html?room=B_2", "https://a/?room=B_2"),
            ("/?room=a&room=b", "https://a/?room=a"),
            ("/?name=Ann", "https://a/"),
            ("/?room=", "https://a/"),
            ("/?room", "https://a/"),
            ("/?rooms=a", "https://a/"),
            ("/?room=a%22b", "https://a/"),
            ("/?room='a'", "https://a/"),
        ] {
            assert_eq!(address(target, b"a", None), both("https://a/", page), "{target}");
        }
        let long = format!("/?room={}", "r".repeat(33));
        assert_eq!(address(&long, b"a", None).1, "https://a/");
    }

    #[test]
    fn only_a_trusted_proxy_says_by_which_scheme_a_request_came() {
        let scheme = |values: &[&[u8]], is_proxy, has_tls| {
            let lines: Vec<_> = values.iter().map(|&value| ("X-Forwarded-Proto", value)).collect();
            scheme(&head("/", &lines).headers, is_proxy, has_tls)
        };
        assert_eq!(scheme(&[b"https"], true, false), "https");
        assert_eq!(scheme(&[b" HTTP "], true, true), "http");
        assert_eq!(scheme(&[b"https"], false, false), "http");
        assert_eq!(scheme(&[b"http"], false, true), "https");
        for unreadable in
            [&[][..], &[&b""[..]], &[b"wss"], &[b"https, http"], &[b"https", b"https"], &[b"\xff"]]
        {
            assert_eq!(scheme(unreadable, true, false), "http", "{unreadable:?}");
            assert_eq!(scheme(unreadable, true, true), "https", "{unreadable:?}");
        }
    }
}
