//! Which pages of other origins may read responses (CORS, in the Fetch standard), and what a page may
//! know of why its WebSocket was refused.
//!
//! The pages that may open a WebSocket may also load the module, its wasm and the API. Browsers do not
//! tell a page the status of a refused WebSocket; so anyone may read whether a page of some origin may
//! connect, by a plain request for `/ws`.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, HeaderValue,
    ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::origin::{Origins, Stated};
use super::rejection::{Body, Rejection};

/// Lets pages of allowed origins read a response.
pub(crate) fn add_headers(origins: &Origins, head: &Parts, response: &mut Response<Body>) {
    let any = HeaderValue::from_static("*");
    let allowed = if origins.allow_any() {
        Some(any)
    } else {
        // The response depends on the origin also if there is none.
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        let origin = head.headers.get(ORIGIN);
        origin.filter(|_| origins.allow(&head.headers)).cloned()
    };
    if let Some(allowed) = allowed {
        let headers = response.headers_mut();
        headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(allowed);
        // By which a page finds that a file is another by now.
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag"));
    }
}

/// Answers OPTIONS, which browsers send before some requests of other origins, and proxies to check
/// that the server runs.
pub(crate) fn options() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// Answers a plain request for `/ws`: 403 with the reason if pages of its origin may not connect, else
/// 426. Every page may read it. A page of the same origin sends no `Origin` with such a request, and
/// names it in the query: `/ws?origin=https%3A%2F%2Fgame.example`. Then it is not asked to upgrade, for
/// proxies that speak HTTP/2 may pass `Upgrade` on, which browsers take for an error there: it is answered
/// with 204, or with 429 if its address has `no_permit` left.
pub(crate) fn probe(origins: &Origins, head: &Parts, no_permit: bool) -> Response<Body> {
    let named = head.uri.query().and_then(|query| {
        query.split('&').find_map(|pair| pair.strip_prefix("origin=")).map(percent_decoded)
    });
    let is_named = named.is_some();
    let stated = named.map_or_else(|| Stated::by(&head.headers), |named| Stated::of(&named));
    let mut response = match &stated {
        Stated::Nothing => Rejection::NoUpgrade.response(),
        stated if origins.allow_page(stated, &head.headers) => match (is_named, no_permit) {
            (false, _) => Rejection::NoUpgrade.response(),
            (true, true) => Rejection::Address.response(),
            (true, false) => no_content(),
        },
        Stated::Origin(origin) => {
            let mut response = Rejection::Origin.response();
            *response.body_mut() = Body::from(format!(
                "Pages of {origin} may not connect to this server. Its operator can allow them with \
                 --allow-origin {origin}, or must let the proxy pass the Host header on unchanged.\n"
            ));
            response
        }
        Stated::Unreadable => Rejection::Origin.response(),
    };
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        let coded = after.first_chunk::<2>().filter(|_| *first == b'%');
        let digits = coded.and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::header::UPGRADE;

    use super::*;
    use crate::config::NoOrigin;

    fn head(target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut builder = Request::builder().uri(target).header("host", "here");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a valid request").into_parts().0
    }

    fn origins(allowed: &[&str]) -> Origins {
        let allowed = allowed.iter().map(|text| text.parse().expect("an origin")).collect();
        Origins { allowed, none: NoOrigin::Allow }
    }

    #[test]
    fn only_pages_of_allowed_origins_may_read_responses() {
        let with_cors = |allowed: &[&str], headers: &[(&str, &str)]| {
            let mut response = Response::new(Body::default());
            add_headers(&origins(allowed), &head("/", headers), &mut response);
            let text = |name| {
                let value = response.headers().get(name);
                value.map(|value: &HeaderValue| value.to_str().expect("ASCII").to_owned())
            };
            (text(ACCESS_CONTROL_ALLOW_ORIGIN), text(VARY))
        };
        let play = "https://play.example";
        for (allowed, origin, echoed) in [
            (&[play][..], Some(play), Some(play)),
            // As the page writes it, which is what its browser compares with.
            (&["https://play.example:443"], Some(play), Some(play)),
            (&["null"], Some("null"), Some("null")),
            (&[play], Some("https://evil.example"), None),
            (&[play], Some("null"), None),
            (&[play], None, None),
        ] {
            let headers: Vec<_> = origin.iter().map(|origin| ("origin", *origin)).collect();
            let (cors, vary) = with_cors(allowed, &headers);
            assert_eq!(cors.as_deref(), echoed, "{allowed:?} {origin:?}");
            assert_eq!(vary.as_deref(), Some("origin"), "{allowed:?} {origin:?}");
        }
        assert_eq!(with_cors(&["*"], &[]), (Some("*".to_owned()), None));
        assert_eq!(with_cors(&[play], &[("origin", play), ("origin", play)]).0, None);
    }

    #[test]
    fn every_page_may_know_whether_it_may_connect() {
        let allowed = origins(&["https://play.example"]);
        for (target, origin, status) in [
            ("/ws", None, 426),
            ("/ws", Some("https://play.example"), 426),
            ("/ws", Some("http://here"), 426),
            ("/ws", Some("https://evil.example"), 403),
            ("/ws", Some("nonsense"), 403),
            ("/ws?origin=https%3A%2F%2Fplay.example%3a443", None, 204),
            ("/ws?a=b&origin=http://here", None, 204),
            ("/ws?origin=https%3A%2F%2Fevil.example", None, 403),
            ("/ws?origin=https%3A%2F%2Fevil.example", Some("http://here"), 403),
            ("/ws?origin=%", None, 403),
            ("/ws?origin=%ff%+1", None, 403),
            ("/ws?origin=", None, 403),
        ] {
            let headers: Vec<_> = origin.iter().map(|origin| ("origin", *origin)).collect();
            let response = probe(&allowed, &head(target, &headers), false);
            assert_eq!(response.status(), status, "{target} {origin:?}");
            assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
            assert_eq!(response.headers().contains_key(UPGRADE), status == 426, "{target}");
            let crowded = probe(&allowed, &head(target, &headers), true).status();
            assert_eq!(crowded, if status == 204 { 429 } else { status }, "{target} {origin:?}");
        }
    }
}
