//! Whether an HTTP request may become a WebSocket, by RFC 6455 section 4.2.
//!
//! Pure: a request's head in, the answer out. The HTTP routes call it for `/ws`.

use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, Version};
use tungstenite::handshake::derive_accept_key;

use crate::http::{Body, text};

/// The answer to a request for the WebSocket, and whether it is yes.
pub(crate) fn answer(request: &Parts) -> (bool, Response<Body>) {
    let headers = &request.headers;
    if !has_token(headers, &UPGRADE, "websocket") {
        let mut response = text(
            StatusCode::UPGRADE_REQUIRED,
            "This address speaks WebSocket, and nothing else.\n",
        );
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
        return (false, response);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version != "13") {
        let mut response =
            text(StatusCode::UPGRADE_REQUIRED, "Only version 13 of WebSocket is spoken here.\n");
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
        return (false, response);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let (Some(key), true) = (
        key,
        request.version == Version::HTTP_11
            && has_token(headers, &CONNECTION, "upgrade")
            && headers.contains_key(SEC_WEBSOCKET_VERSION),
    ) else {
        return (false, text(StatusCode::BAD_REQUEST, "Not a WebSocket handshake.\n"));
    };
    let accept = derive_accept_key(key.as_bytes());
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::default())
        .expect("base64 is a header value");
    (true, response)
}

/// Whether a header that is a list has a member, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
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

    #[test]
    fn the_example_of_the_rfc_is_taken() {
        let (yes, response) = answer(&request(&GOOD));
        assert!(yes);
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_plain_request_is_told_to_upgrade() {
        let (yes, response) = answer(&request(&[]));
        assert!(!yes);
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()[UPGRADE], "websocket");
    }

    #[test]
    fn another_version_is_told_ours() {
        let mut headers = GOOD;
        headers[2].1 = "8";
        let (yes, response) = answer(&request(&headers));
        assert!(!yes);
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()[SEC_WEBSOCKET_VERSION], "13");
    }

    #[test]
    fn what_is_half_a_handshake_is_refused() {
        for (missing, (name, _)) in
            GOOD.iter().enumerate().filter(|(_, (name, _))| *name != "Upgrade")
        {
            let mut headers = GOOD.to_vec();
            headers.remove(missing);
            assert_eq!(answer(&request(&headers)).1.status(), 400, "without {name}");
        }
        let mut headers = GOOD;
        headers[3].1 = "short";
        assert_eq!(answer(&request(&headers)).1.status(), 400);
    }
}
