//! [`File`]: a file of the page, as it is sent.

use hyper::body::Bytes;
use hyper::header::HeaderValue;

use super::marked::{Marks, TooManyMarks};

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
    /// Where it names its own address, if it is a document that does.
    pub(crate) marks: Option<Marks>,
    /// Why it is served as it is although it names its own address.
    pub(crate) unfilled: Option<TooManyMarks>,
}

impl File {
    /// A file that is not compressed.
    pub(crate) fn plain(content_type: &'static str, plain: Content) -> File {
        File { content_type, plain, brotli: None, gzip: None, marks: None, unfilled: None }
    }

    /// The same with its marks, if it is a document. Of one that has some only codings remain in which
    /// these can be replaced.
    pub(super) fn with_marks(mut self) -> File {
        if !self.content_type.starts_with("text/html") {
            return self;
        }
        let gzip = self.gzip.as_ref().map(|content| &content.bytes[..]);
        match Marks::of(&self.plain.bytes, gzip) {
            Ok(marks) => self.marks = marks,
            Err(too_many) => self.unfilled = Some(too_many),
        }
        if let Some(marks) = &self.marks {
            self.brotli = None;
            self.gzip = self.gzip.filter(|_| marks.has_gzip());
        }
        self
    }
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
    pub(crate) fn new(bytes: Bytes) -> Content {
        let tag = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
        Content::tagged(bytes, &tag)
    }

    /// With this tag, which is of letters, digits and hyphens.
    pub(super) fn tagged(bytes: Bytes, tag: &str) -> Content {
        let tag = format!("\"{tag}\"").parse().expect("quoted letters are a header value");
        Content { bytes, tag }
    }
}
