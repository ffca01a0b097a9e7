//! [`Rejection`]: every reason for which the server rejects an HTTP request, with its status, text and
//! bytes.
//!
//! Each of them ends its connection. A valid request for a missing file (404) is not one of them.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Response, StatusCode};

/// The body of every response: complete, since all of them are small.
pub(crate) type Body = Full<Bytes>;

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// It is neither HTTP/1.1 nor HTTP/1.0.
    Malformed,
    /// It has no `Host` header, or more than one.
    Host,
    /// It has a body, which no route accepts.
    HasBody,
    /// It is an invalid WebSocket handshake (RFC 6455).
    Handshake,
    /// Pages of its origin may not connect.
    Origin,
    /// It requests the admin listener by a name that is not its own.
    AdminHost,
    /// Its method is none of GET, HEAD and OPTIONS.
    Method,
    /// It is a WebSocket handshake with another method than GET.
    HandshakeMethod,
    /// Its head was not complete in time.
    Timeout,
    /// Its target is too long.
    TargetTooLong,
    /// It requests `/ws` without an upgrade.
    NoUpgrade,
    /// It requests `/ws` in plaintext from a listener that serves TLS.
    Insecure,
    /// It requests another version of WebSocket.
    Version,
    /// Its address has too many open connections, or connects or requests too often.
    Address,
    /// Its head is too large or has too many headers.
    HeadTooLarge,
    /// The process is out of descriptors.
    Exhausted,
    /// The server is shutting down.
    Closing,
}

impl Rejection {
    /// The status code.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Rejection::Malformed | Rejection::Host | Rejection::HasBody | Rejection::Handshake => {
                StatusCode::BAD_REQUEST
            }
            Rejection::Origin | Rejection::AdminHost => StatusCode::FORBIDDEN,
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

    /// The body, for people.
    const fn text(self) -> &'static str {
        match self {
            Rejection::Malformed => "This is not HTTP/1.1.\n",
            Rejection::Host => "A request needs exactly one Host header.\n",
            Rejection::HasBody => "No request here may have a body.\n",
            Rejection::Handshake => "This is not a valid WebSocket handshake.\n",
            Rejection::Origin => "Pages of this origin may not connect.\n",
            Rejection::AdminHost => {
                "The admin listener is requested by its address, as localhost, or by a name of \
                 --admin-host.\n"
            }
            Rejection::Method => "Only GET, HEAD and OPTIONS are served.\n",
            Rejection::HandshakeMethod => "A WebSocket begins with GET.\n",
            Rejection::Timeout => "The request took too long.\n",
            Rejection::TargetTooLong => "The address is too long.\n",
            Rejection::NoUpgrade => "This address only accepts WebSocket connections.\n",
            Rejection::Insecure => "This server uses TLS: connect with wss://.\n",
            Rejection::Version => "Only version 13 of WebSocket is supported.\n",
            Rejection::Address => {
                "This address has too many connections or requests: try again later.\n"
            }
            Rejection::HeadTooLarge => "The headers of the request are too large.\n",
            Rejection::Exhausted => {
                "The server cannot accept more connections now: try again later.\n"
            }
            Rejection::Closing => "The server is closing: try again later.\n",
        }
    }

    /// The headers that the status requires, beside those of every rejection.
    fn headers(self) -> &'static [(HeaderName, &'static str)] {
        match self {
            Rejection::Method => &[(ALLOW, "GET, HEAD, OPTIONS")],
            Rejection::HandshakeMethod => &[(ALLOW, "GET")],
            Rejection::NoUpgrade => &[(UPGRADE, "websocket")],
            // The token of RFC 2817; no client is expected to upgrade on this connection.
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

    /// The response to a request that hyper has parsed.
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

    /// The response in bytes, for a request that hyper never saw.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let response = self.response();
        let mut text = format!("HTTP/1.1 {}\r\n", self.status());
        for (name, value) in response.headers() {
            let value = value.to_str().expect("all values are ASCII constants");
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
    fn a_response_in_bytes_is_http_and_closes() {
        let text = String::from_utf8(Rejection::Address.bytes()).expect("it is text");
        assert!(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{text}");
        assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
        assert!(text.contains("\r\nretry-after: 1\r\n"), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{text}");
    }
}
