//! The server's part of the WebSocket handshake (RFC 6455 section 4.2).
//!
//! A request head in, the response out. The HTTP routes call it for `/ws`.

use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use tungstenite::handshake::derive_accept_key;

use super::rejection::{Body, Rejection};

/// Accepts a WebSocket handshake. No extension and no subprotocol is ever negotiated.
///
/// # Errors
/// Why the handshake is rejected.
pub(crate) fn accept(request: &Parts) -> Result<Response<Body>, Rejection> {
    let headers = &request.headers;
    if request.method != Method::GET {
        return Err(Rejection::HandshakeMethod);
    }
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err(Rejection::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version != "13") {
        return Err(Rejection::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let (Some(key), Some(_), true) = (
        key,
        only(headers, &SEC_WEBSOCKET_VERSION),
        request.version == Version::HTTP_11 && has_token(headers, &CONNECTION, "upgrade"),
    ) else {
        return Err(Rejection::Handshake);
    };
    let accept_key = derive_accept_key(key.as_bytes());
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_ACCEPT, accept_key)
        .body(Body::default())
        .expect("base64 is a header value");
    Ok(response)
}

/// The value of a header that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a header with a list of tokens contains a token, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|member| member.trim().eq_ignore_ascii_case(token))
}

/// Whether this is the base64 of 16 bytes.
fn is_key(key: &[u8]) -> bool {
    key.len() == 24
        && key.ends_with(b"==")
        && key[..22]
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Parts {
        let mut builder = Request::builder().uri("/ws");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a valid request").into_parts().0
    }

    const GOOD: [(&str, &str); 4] = [
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "WebSocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn refusal(headers: &[(&str, &str)]) -> Option<Rejection> {
        accept(&request(headers)).err()
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let response = accept(&request(&GOOD)).expect("a valid handshake");
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn no_extension_and_no_subprotocol_is_negotiated() {
        let offers = [
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ("Sec-WebSocket-Protocol", "chat"),
        ];
        let response = accept(&request(&[&GOOD[..], &offers].concat())).expect("a valid handshake");
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["upgrade", "connection", "sec-websocket-accept"]);
    }

    #[test]
    fn a_request_without_an_upgrade_is_answered_with_426() {
        assert_eq!(refusal(&[]), Some(Rejection::NoUpgrade));
        let response = Rejection::NoUpgrade.response();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()[UPGRADE], "websocket");
    }

    #[test]
    fn another_version_is_answered_with_the_supported_one() {
        let mut headers = GOOD;
        headers[2].1 = "8";
        assert_eq!(refusal(&headers), Some(Rejection::Version));
        let response = Rejection::Version.response();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()[SEC_WEBSOCKET_VERSION], "13");
    }

    #[test]
    fn an_incomplete_handshake_is_rejected() {
        for (at, (name, _)) in GOOD.iter().enumerate().filter(|(_, (name, _))| *name != "Upgrade") {
            let mut headers = GOOD.to_vec();
            headers.remove(at);
            assert_eq!(refusal(&headers), Some(Rejection::Handshake), "without {name}");
        }
        let mut headers = GOOD;
        headers[3].1 = "short";
        assert_eq!(refusal(&headers), Some(Rejection::Handshake));
        for twice in &GOOD[2..] {
            let headers = [&GOOD[..], &[*twice]].concat();
            assert_eq!(refusal(&headers), Some(Rejection::Handshake), "two of {twice:?}");
        }
        let mut head = request(&GOOD);
        head.version = Version::HTTP_10;
        assert_eq!(accept(&head).err(), Some(Rejection::Handshake));
        let mut head = request(&GOOD);
        head.method = Method::HEAD;
        assert_eq!(accept(&head).err(), Some(Rejection::HandshakeMethod));
    }
}
