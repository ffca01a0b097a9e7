//! [`File`]: a file of the page, as it is sent.

use hyper::body::Bytes;
use hyper::header::HeaderValue;

/// One file of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its content type.
    pub(crate) content_type: &'static str,
    /// Its content.
    pub(crate) plain: Content,
    /// Its gzipped content, if that is embedded and smaller.
    pub(crate) gzip: Option<Content>,
}

/// Bytes of a file as they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    /// The entity tag: a quoted hash of the bytes.
    pub(crate) tag: HeaderValue,
}

impl Content {
    pub(super) fn new(bytes: Bytes) -> Content {
        let tag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&bytes));
        Content { bytes, tag: tag.parse().expect("a quoted number is a header value") }
    }
}
