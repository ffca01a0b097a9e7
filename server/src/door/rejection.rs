//! [`Rejection`]: every way in which HTTP is answered by no, in one place: status, text, and the
//! bytes of it.
//!
//! Pure. Each of these ends its connection. What was asked for well and is only not there (404)
//! is none of them.

use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Response, StatusCode};

use crate::http::Body;

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// It is not HTTP/1.1, nor HTTP/1.0.
    Malformed,
    /// It does not say to whom it is, or says so more than once.
    Host,
    /// It brings a body, which nothing here takes.
    HasBody,
    /// It asks for the WebSocket, but not as RFC 6455 says.
    Handshake,
    /// The page that it comes from is not let in.
    Origin,
    /// Another method than GET and HEAD.
    Method,
    /// The WebSocket by another method than GET.
    HandshakeMethod,
    /// Its head was not whole in time.
    Timeout,
    /// The address in it is too long.
    TargetTooLong,
    /// The WebSocket is asked for as if it were a page.
    NoUpgrade,
    /// The WebSocket is asked for in plain, where TLS is spoken.
    Insecure,
    /// Another version of WebSocket.
    Version,
    /// Its address has as many connections as it may have, or connects too often.
    Address,
    /// Its head is too large, or has too many headers.
    HeadTooLarge,
    /// There are no descriptors for it.
    Exhausted,
    /// The server is going down.
    Closing,
}

impl Rejection {
    /// Its status code.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Rejection::Malformed | Rejection::Host | Rejection::HasBody | Rejection::Handshake => {
                StatusCode::BAD_REQUEST
            }
            Rejection::Origin => StatusCode::FORBIDDEN,
            Rejection::Method | Rejection::HandshakeMethod => StatusCode::METHOD_NOT_ALLOWED,
            Rejection::Timeout => StatusCode::REQUEST_TIMEOUT,
            Rejection::TargetTooLong => StatusCode::URI_TOO_LONG,
            Rejection::NoUpgrade | Rejection::Insecure | Rejection::Version => {
                StatusCode::UPGRADE_REQUIRED
            }
            Rejection::Address => StatusCode::TOO_MANY_REQUESTS,
            Rejection::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Rejection::Exhausted | Rejection::Closing => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it says to people.
    const fn text(self) -> &'static str {
        match self {
            Rejection::Malformed => "This is not HTTP/1.1.\n",
            Rejection::Host => "A request has one Host header.\n",
            Rejection::HasBody => "A request has no body here.\n",
            Rejection::Handshake => "Not a WebSocket handshake.\n",
            Rejection::Origin => "Pages of this origin are not let in.\n",
            Rejection::Method => "Only GET and HEAD are served.\n",
            Rejection::HandshakeMethod => "A WebSocket begins with GET.\n",
            Rejection::Timeout => "The request took too long.\n",
            Rejection::TargetTooLong => "The address is too long.\n",
            Rejection::NoUpgrade => "This address speaks WebSocket, and nothing else.\n",
            Rejection::Insecure => "Only wss:// is spoken here.\n",
            Rejection::Version => "Only version 13 of WebSocket is spoken here.\n",
            Rejection::Address => "Too many connections come from this address.\n",
            Rejection::HeadTooLarge => "The head of the request is too large.\n",
            Rejection::Exhausted => "The server has no more connections to give.\n",
            Rejection::Closing => "The server is closing.\n",
        }
    }

    /// The headers that its status asks for, beside those of every answer.
    fn headers(self) -> &'static [(HeaderName, &'static str)] {
        match self {
            Rejection::Method => &[(ALLOW, "GET, HEAD")],
            Rejection::HandshakeMethod => &[(ALLOW, "GET")],
            Rejection::NoUpgrade => &[(UPGRADE, "websocket")],
            // RFC 2817 has a name for it; no client is expected to do so on this connection.
            Rejection::Insecure => &[(UPGRADE, "TLS/1.2")],
            Rejection::Version => &[(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")],
            Rejection::Address | Rejection::Exhausted => &[(RETRY_AFTER, "1")],
            Rejection::Closing => &[(RETRY_AFTER, "5")],
            _ => &[],
        }
    }

    const fn connection(self) -> &'static str {
        match self {
            Rejection::NoUpgrade | Rejection::Insecure | Rejection::Version => "Upgrade, close",
            _ => "close",
        }
    }

    /// The answer to a request that was read whole.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::new(Bytes::from_static(self.text().as_bytes())));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static(self.connection()));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers() {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// The same in bytes, for what was never read whole.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let response = self.response();
        let mut text = format!("HTTP/1.1 {}\r\n", self.status());
        for (name, value) in response.headers() {
            let value = value.to_str().expect("all of them are text of ours");
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.text();
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_bytes_is_http_and_closes() {
        let text = String::from_utf8(Rejection::Address.bytes()).expect("it is text");
        assert!(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{text}");
        assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
        assert!(text.contains("\r\nretry-after: 1\r\n"), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{text}");
    }
}
