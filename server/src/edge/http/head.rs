//! [`HeadReader`]: finds the end of an HTTP request head, and checks whether the head is served.
//!
//! Bytes in, complete heads or a [`Rejection`] out. hyper only sees valid heads, so that the server
//! itself sends every rejection. Each byte is scanned once until the head is complete, and then a
//! bounded number of times. [`super::gate`] feeds it.

use crate::limits::{HTTP_HEAD_MAX_BYTES, HTTP_HEADERS_MAX, HTTP_TARGET_MAX_BYTES};
use httparse::{EMPTY_HEADER, Error, Request, Status};
use hyper::Uri;

use crate::edge::http::rejection::Rejection;

/// Longest request line without its target: the method, the version and the spaces.
const LINE_REST_MAX_BYTES: usize = 32;
/// Most bytes of empty lines before a head. More are rejected: they would never count as a head that
/// is too large.
const BLANK_MAX_BYTES: usize = 16;

/// The bytes of a connection that hyper has not read yet.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    bytes: Vec<u8>,
    /// How many of them were scanned without finding the end of a head.
    scanned: usize,
    /// Whether the request line is complete.
    has_line: bool,
    /// Bytes of empty lines before the next head.
    blank: usize,
}

impl HeadReader {
    /// Appends received bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing of the next head has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The length of the complete and valid head at the start; `None` while it is incomplete. Call it
    /// again only after [`HeadReader::take`].
    ///
    /// # Errors
    /// Why the head is rejected.
    pub(crate) fn head_bytes(&mut self) -> Result<Option<usize>, Rejection> {
        // Some clients send a line end after a body that is empty.
        let blank = self.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if self.scanned == 0 && blank > 0 {
            self.bytes.drain(..blank);
            self.blank += blank;
            if self.blank > BLANK_MAX_BYTES {
                return Err(Rejection::Malformed);
            }
        }
        match self.bytes.first() {
            None => return Ok(None),
            Some(first) if !first.is_ascii_alphabetic() => return Err(Rejection::Malformed),
            Some(_) => {}
        }
        let end = self.find_end();
        if end.unwrap_or(self.bytes.len()) > HTTP_HEAD_MAX_BYTES {
            return Err(self.too_long());
        }
        match end {
            Some(end) => validate(&self.bytes[..end]).map(|()| Some(end)),
            None if !self.has_line
                && self.bytes.len() > HTTP_TARGET_MAX_BYTES + LINE_REST_MAX_BYTES =>
            {
                Err(Rejection::TargetTooLong)
            }
            None => Ok(None),
        }
    }

    /// Removes and returns bytes from the start.
    pub(crate) fn take(&mut self, count: usize) -> impl Iterator<Item = u8> {
        (self.scanned, self.has_line, self.blank) = (0, false, 0);
        self.bytes.drain(..count)
    }

    /// Returns all remaining bytes.
    pub(crate) fn into_rest(self) -> Vec<u8> {
        self.bytes
    }

    fn too_long(&self) -> Rejection {
        if self.has_line { Rejection::HeadTooLarge } else { Rejection::TargetTooLong }
    }

    /// The position after the empty line that ends the head.
    fn find_end(&mut self) -> Option<usize> {
        let bytes = &self.bytes;
        // The end may have been split between two reads.
        for at in self.scanned.saturating_sub(2)..bytes.len() {
            if bytes[at] != b'\n' {
                continue;
            }
            self.has_line = true;
            match &bytes[at + 1..] {
                [b'\n', ..] => return Some(at + 2),
                [b'\r', b'\n', ..] => return Some(at + 3),
                _ => {}
            }
        }
        self.scanned = bytes.len();
        None
    }
}

/// Checks whether a complete head is served.
fn validate(head: &[u8]) -> Result<(), Rejection> {
    let mut headers = [EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = Request::new(&mut headers);
    let parsed = request.parse(head);
    if request.path.is_some_and(|target| target.len() > HTTP_TARGET_MAX_BYTES) {
        return Err(Rejection::TargetTooLong);
    }
    match parsed {
        Ok(Status::Complete(_)) => {}
        Err(Error::TooManyHeaders) => return Err(Rejection::HeadTooLarge),
        Ok(Status::Partial) | Err(_) => return Err(Rejection::Malformed),
    }
    if request.path.is_none_or(|target| target.parse::<Uri>().is_err()) {
        return Err(Rejection::Malformed);
    }
    if !matches!(request.method, Some("GET" | "HEAD" | "OPTIONS")) {
        return Err(Rejection::Method);
    }
    let all = |name: &'static str| {
        request.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    };
    let hosts = all("host").count();
    if hosts > 1 || (hosts == 0 && request.version == Some(1)) {
        return Err(Rejection::Host);
    }
    if all("transfer-encoding").count() > 0
        || all("content-length").any(|length| length.value != b"0")
    {
        return Err(Rejection::HasBody);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "GET /a?b HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n";

    /// The heads in these bytes, which arrive in pieces of `piece` bytes, and the rejection at the end.
    fn read(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<Rejection>) {
        let (mut reader, mut heads) = (HeadReader::default(), Vec::new());
        for piece in bytes.chunks(piece.max(1)) {
            reader.push(piece);
            loop {
                match reader.head_bytes() {
                    Ok(Some(count)) => heads.push(reader.take(count).collect()),
                    Ok(None) => break,
                    Err(rejection) => return (heads, Some(rejection)),
                }
            }
        }
        (heads, None)
    }

    fn rejected(head: &str) -> Option<Rejection> {
        read(head.as_bytes(), usize::MAX).1
    }

    #[test]
    fn heads_are_found_however_they_are_split() {
        let two = format!("\r\n{GOOD}\r\n{GOOD}GET");
        for piece in 1..two.len() {
            let (heads, rejection) = read(two.as_bytes(), piece);
            assert_eq!(rejection, None);
            assert_eq!(heads, [GOOD.as_bytes(), GOOD.as_bytes()], "in pieces of {piece}");
        }
    }

    #[test]
    fn lines_may_end_without_a_carriage_return() {
        assert_eq!(read(b"GET / HTTP/1.0\n\nGET", 1), (vec![b"GET / HTTP/1.0\n\n".to_vec()], None));
    }

    #[test]
    fn every_invalid_head_is_rejected_with_its_own_status() {
        let long = "x".repeat(HTTP_TARGET_MAX_BYTES);
        let many = "A: b\r\n".repeat(HTTP_HEADERS_MAX);
        let large = "x".repeat(HTTP_HEAD_MAX_BYTES);
        for (head, rejection) in [
            ("\u{16}\u{3}\u{1}", Rejection::Malformed),
            // The PROXY protocol, which is not spoken.
            (
                "PROXY TCP4 192.0.2.1 192.0.2.2 4711 7777\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                Rejection::Malformed,
            ),
            ("\r\n\r\n\0\r\nQUIT\n", Rejection::Malformed),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Rejection::Malformed),
            (&"\r\n".repeat(9), Rejection::Malformed),
            ("GET  HTTP/1.1\r\nHost: a\r\n\r\n", Rejection::Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", Rejection::Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", Rejection::Malformed),
            ("GET / HTTP/1.1\r\n\r\n", Rejection::Host),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Rejection::Host),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", Rejection::HasBody),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a\r\n\r\n", Rejection::HasBody),
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", Rejection::Method),
            (&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), Rejection::TargetTooLong),
            (&format!("GET /{long}{long}"), Rejection::TargetTooLong),
            (&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), Rejection::HeadTooLarge),
            (&format!("GET / HTTP/1.1\r\nHost: a\r\nA: {large}"), Rejection::HeadTooLarge),
        ] {
            assert_eq!(rejected(head), Some(rejection), "{head:.60?}");
        }
        let as_many = "A: b\r\n".repeat(HTTP_HEADERS_MAX - 1);
        let as_long = &long[1..];
        for head in [
            "GET / HTTP/1.0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            // What HAProxy checks servers with by default.
            "OPTIONS / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            &format!("HEAD /{as_long} HTTP/1.1\r\nHost: a\r\n{as_many}\r\n"),
        ] {
            assert_eq!(rejected(head), None, "{head:.60?}");
        }
    }

    proptest! {
        #[test]
        fn no_more_bytes_are_buffered_than_the_limit(
            bytes in proptest::collection::vec("[ -~]{0,40}(\r\n)?", 0..1_000),
            piece in 1..3_000_usize,
        ) {
            let mut reader = HeadReader::default();
            for piece in bytes.concat().as_bytes().chunks(piece) {
                reader.push(piece);
                let Ok(found) = reader.head_bytes() else { break };
                let kept = found.map_or(reader.bytes.len(), |count| {
                    drop(reader.take(count));
                    reader.bytes.len()
                });
                prop_assert!(kept <= HTTP_HEAD_MAX_BYTES + piece.len());
            }
        }

        #[test]
        fn the_heads_found_do_not_depend_on_the_splits(
            bytes in "(GET|POST|[ -~]{0,9})( |/|HTTP/1.1|[a-z:]{1,9}|\r\n|\n|\r){0,40}",
            piece in 1..50_usize,
        ) {
            prop_assert_eq!(read(bytes.as_bytes(), piece).0, read(bytes.as_bytes(), 1).0);
        }
    }
}
