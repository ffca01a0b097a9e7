//! Compresses documents that name their own public address, which only the server knows, and it for each
//! request: `{public-url}` and `{page-url}`.
//!
//! Each of these marks becomes a stored block of deflate, with what is around it compressed apart from each
//! other: so the server replaces a mark without compressing anything. It looks for these blocks, and serves
//! the document uncompressed if it does not find all of them. [`crate::table`] calls it.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// What the server replaces in a document. Its `edge/http/page/marked.rs` has the same, and a test there
/// compares both.
#[doc(hidden)]
pub const MARKS: [&str; 2] = ["{public-url}", "{page-url}"];

/// Most marks of a document: the server's `PAGE_MARKS_MAX`, compared there as well.
#[doc(hidden)]
pub const MARKS_MAX: usize = 16;

/// Head of a gzip stream (RFC 1952, section 2.3): deflate, no name, no time, of the best compression, by an
/// unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// How many marks a document has.
pub(crate) fn count(document: &[u8]) -> usize {
    let mut rest = document;
    let next = || {
        let (at, mark) = first(rest)?;
        rest = &rest[at + mark.len()..];
        Some(())
    };
    std::iter::from_fn(next).count()
}

/// A document, compressed by gzip, with its marks in blocks of their own.
#[doc(hidden)]
#[must_use]
pub fn gzip(document: &[u8]) -> Vec<u8> {
    let mut compressed = HEAD.to_vec();
    let mut rest = document;
    while let Some((at, mark)) = first(rest) {
        deflate(&rest[..at], FlushCompress::Sync, &mut compressed);
        let length = mark.len() as u16;
        compressed.push(0);
        compressed.extend(length.to_le_bytes());
        compressed.extend((!length).to_le_bytes());
        compressed.extend(mark.as_bytes());
        rest = &rest[at + mark.len()..];
    }
    deflate(rest, FlushCompress::Finish, &mut compressed);
    let mut crc = Crc::new();
    crc.update(document);
    compressed.extend(crc.sum().to_le_bytes());
    compressed.extend(crc.amount().to_le_bytes());
    compressed
}

/// The first mark, and where it is.
fn first(document: &[u8]) -> Option<(usize, &'static str)> {
    let place = |mark: &'static str| {
        let mut windows = document.windows(mark.len());
        Some((windows.position(|window| window == mark.as_bytes())?, mark))
    };
    MARKS.into_iter().filter_map(place).min()
}

/// Compresses bytes without reference to any before them. What `Sync` makes ends with a byte, so that a
/// stored block may follow.
fn deflate(bytes: &[u8], flush: FlushCompress, to: &mut Vec<u8>) {
    let mut compress = Compress::new(Compression::best(), false);
    let mut taken = 0;
    loop {
        to.reserve(bytes.len() + 64);
        let before = compress.total_in();
        let status =
            compress.compress_vec(&bytes[taken..], to, flush).expect("no dictionary is set");
        taken += (compress.total_in() - before) as usize;
        let is_done = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            _ => taken == bytes.len() && to.len() < to.capacity(),
        };
        if is_done {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_marked_document_is_gzip_with_its_marks_uncompressed() {
        let line = "<p>authoritative</p>\n".repeat(300);
        for document in [
            format!("{{public-url}}{line}{{page-url}}{{page-url}}{line}{{public-url}}"),
            format!("{line}{{public-url}}card.png"),
            "{page-url}".to_owned(),
        ] {
            let marks = MARKS.iter().map(|mark| document.matches(mark).count()).sum::<usize>();
            assert_eq!(count(document.as_bytes()), marks);
            let compressed = gzip(document.as_bytes());
            let mut inflated = String::new();
            let mut decoder = flate2::read::GzDecoder::new(&compressed[..]);
            decoder.read_to_string(&mut inflated).expect("it is gzip");
            assert_eq!(inflated, document);
            for mark in MARKS {
                let mut windows = compressed.windows(mark.len());
                let found = windows.by_ref().filter(|window| *window == mark.as_bytes()).count();
                assert_eq!(found, document.matches(mark).count(), "{mark} in {document}");
            }
            assert!(compressed.len() < document.len() / 4 + 100, "{}", compressed.len());
        }
        assert_eq!(count(b"<p>{public-url"), 0);
    }
}
