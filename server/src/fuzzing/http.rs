//! Request heads that arrive in pieces, and the headers that the server parses itself.

use std::net::IpAddr;

use crate::limits::HTTP_HEAD_MAX_BYTES;
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use ipnet::IpNet;

use crate::config::NoOrigin;
use crate::edge::http::forwarded;
use crate::edge::http::head::HeadReader;
use crate::edge::http::origin::Origins;
use crate::edge::peer::ClientAddress;

/// The first byte is the size of the pieces in which the rest arrives. Complete heads are within their
/// limit and come out unchanged, an invalid head is rejected with a status, and the buffer is
/// bounded. The same bytes are parsed as header values without a panic.
pub fn http(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    heads(stream, usize::from(*size) + 1);
    headers(stream);
}

fn heads(stream: &[u8], size: usize) {
    let mut reader = HeadReader::default();
    let mut taken = 0;
    for piece in stream.chunks(size) {
        reader.push(piece);
        loop {
            match reader.head_bytes() {
                Ok(Some(count)) => {
                    assert!(count <= HTTP_HEAD_MAX_BYTES, "a head of {count} bytes");
                    let head: Vec<u8> = reader.take(count).collect();
                    assert!(head.ends_with(b"\n"), "a head ends with a newline");
                    taken += head.len();
                    assert!(taken <= stream.len(), "more bytes come out than went in");
                }
                Ok(None) => break,
                Err(rejection) => {
                    let status = rejection.status();
                    assert!(status.is_client_error() || status.is_server_error(), "{status}");
                    return;
                }
            }
        }
    }
    assert!(reader.into_rest().len() <= HTTP_HEAD_MAX_BYTES + size, "the buffer is bounded");
}

fn headers(stream: &[u8]) {
    let proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse::<IpNet>().expect("a net"));
    let mut headers = HeaderMap::new();
    for line in stream.split(|byte| *byte == b'\n').take(8) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        headers.append("x-forwarded-for", value.clone());
        let _ = forwarded::client(&headers, &proxies);
        headers.append(HOST, value.clone());
        headers.insert(ORIGIN, value);
    }
    // A proxy appends the address of the client: whatever came before, this is it.
    let appended = IpAddr::from([192, 0, 2, 7]);
    headers.append("x-forwarded-for", HeaderValue::from_static("192.0.2.7"));
    let client = forwarded::client(&headers, &proxies);
    assert_eq!(client, ClientAddress::Known(appended), "nobody chooses who they are");
    let origins = Origins { allowed: Vec::new(), none: NoOrigin::Refuse };
    if origins.allow(&headers) {
        assert!(headers.contains_key(ORIGIN), "a request without an origin is refused");
    }
}
