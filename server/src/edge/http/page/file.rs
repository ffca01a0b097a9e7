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
    /// Its content compressed by brotli, if that is embedded and smaller.
    pub(crate) brotli: Option<Content>,
    /// The same by gzip.
    pub(crate) gzip: Option<Content>,
}

/// Bytes of a file as they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    /// The entity tag: quoted, and another one for other bytes.
    pub(crate) tag: HeaderValue,
}

impl Content {
    /// With a hash of the bytes as its tag.
    pub(super) fn new(bytes: Bytes) -> Content {
        let tag = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
        Content::tagged(bytes, &tag)
    }

    /// With this tag, which is of letters, digits and hyphens.
    pub(super) fn tagged(bytes: Bytes, tag: &str) -> Content {
        let tag = format!("\"{tag}\"").parse().expect("quoted letters are a header value");
        Content { bytes, tag }
    }
}
