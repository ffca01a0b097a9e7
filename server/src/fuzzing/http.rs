//! Heads of requests in pieces, and the headers that we read ourselves.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use ipnet::IpNet;
use shared::limits::HTTP_HEAD_MAX_BYTES;

use crate::config::NoOrigin;
use crate::door::forwarded;
use crate::door::head::HeadReader;
use crate::door::origin::Origins;

/// The first byte says in pieces of what size the rest comes. Whole heads are within their limit and
/// come out as they went in, what is none is refused by a status, and what waits is bounded. The same
/// bytes as values of headers are judged without a fault.
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
                    assert!(head.ends_with(b"\n"), "it has an end");
                    taken += head.len();
                    assert!(taken <= stream.len(), "more comes out than went in");
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
    assert!(reader.into_rest().len() <= HTTP_HEAD_MAX_BYTES + size, "much waits for its end");
}

fn headers(stream: &[u8]) {
    let proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse::<IpNet>().expect("a net"));
    let mut headers = HeaderMap::new();
    for line in stream.split(|byte| *byte == b'\n').take(8) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        headers.append("x-forwarded-for", value.clone());
        headers.append(HOST, value.clone());
        headers.insert(ORIGIN, value);
    }
    let client: Option<IpAddr> = forwarded::client(&headers, &proxies);
    assert!(client.is_none_or(|client| !forwarded::is_within(client, &proxies)), "{client:?}");
    let origins = Origins { allowed: Vec::new(), none: NoOrigin::Refuse };
    if origins.allow(&headers) {
        assert!(headers.contains_key(ORIGIN), "nobody else is let in");
    }
}
