//! Documents that name their own public address: previews of links need it in full, and only a request
//! says which it is.
//!
//! Such a document has marks, [`PUBLIC_URL`] and [`PAGE_URL`], in whose place it is sent with the addresses
//! of the request. The build leaves each mark in a block of its own of the compressed document, which is not
//! compressed, so that nothing has to be compressed for a request, and nothing is kept of one. The routes
//! call it, and only for documents with marks; [`super`] finds those.

use crate::limits::PAGE_MARKS_MAX;

/// In a document: the public address of the page, which ends with a slash.
const PUBLIC_URL: &str = "{public-url}";
/// In a document: the address of the document itself, with the room that was asked for.
const PAGE_URL: &str = "{page-url}";
/// All marks.
const MARKS: [&str; 2] = [PUBLIC_URL, PAGE_URL];

/// The addresses of a document, as one request asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageAddress {
    /// In place of [`PUBLIC_URL`].
    pub(crate) public: String,
    /// In place of [`PAGE_URL`].
    pub(crate) page: String,
}

/// Where a document has marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    plain: Vec<MarkRange>,
    /// The stored blocks of the marks, in the document compressed by gzip.
    gzip: Option<Vec<MarkRange>>,
}

/// One mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MarkRange {
    /// The bytes that are replaced.
    start: usize,
    end: usize,
    of: &'static str,
}

/// A document has so many marks, and none of them is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it names its own address in {0} places; {PAGE_MARKS_MAX} at most are filled in, and so none of them is"
)]
pub(crate) struct TooManyMarks(usize);

/// Bytes of a gzip stream after its compressed data: the CRC-32 and the length of the data.
const GZIP_TAIL_BYTES: usize = 8;

impl Marks {
    /// Those of a document, and of what the build has made of it with gzip; `None` for one without.
    ///
    /// # Errors
    /// If there are too many.
    pub(super) fn of(plain: &[u8], gzip: Option<&[u8]>) -> Result<Option<Marks>, TooManyMarks> {
        let found = find(plain, |mark| mark.as_bytes().to_vec());
        if found.len() > PAGE_MARKS_MAX {
            return Err(TooManyMarks(found.len()));
        }
        if found.is_empty() {
            return Ok(None);
        }
        let blocks = gzip.map(|gzip| find(gzip, |mark| stored(mark.as_bytes())));
        let is_same = |blocks: &Vec<MarkRange>| {
            blocks.iter().map(|it| it.of).eq(found.iter().map(|it| it.of))
        };
        Ok(Some(Marks { gzip: blocks.filter(is_same), plain: found }))
    }

    /// Whether the compressed document has its marks where they can be replaced.
    pub(super) fn has_gzip(&self) -> bool {
        self.gzip.is_some()
    }

    /// A document of these marks with addresses in their place, compressed if `gzip` is what the build has
    /// made of it.
    pub(crate) fn fill(&self, plain: &[u8], gzip: Option<&[u8]>, address: &PageAddress) -> Vec<u8> {
        let text = |of| escaped(if of == PAGE_URL { &address.page } else { &address.public });
        let filled = replaced(plain, &self.plain, |of| text(of).into_bytes());
        let (Some(gzip), Some(blocks)) = (gzip, &self.gzip) else {
            return filled;
        };
        let data = gzip.len() - GZIP_TAIL_BYTES;
        let mut bytes = replaced(&gzip[..data], blocks, |of| stored(text(of).as_bytes()));
        bytes.extend(crc32(&filled).to_le_bytes());
        bytes.extend((filled.len() as u32).to_le_bytes());
        bytes
    }
}

/// The marks in these bytes, in their order; each is looked for as `written`.
fn find(bytes: &[u8], written: impl Fn(&str) -> Vec<u8>) -> Vec<MarkRange> {
    let mut found = Vec::new();
    for of in MARKS {
        let wanted = written(of);
        let mut start = 0;
        while let Some(at) = bytes[start..].windows(wanted.len()).position(|them| them == wanted) {
            let end = start + at + wanted.len();
            found.push(MarkRange { start: start + at, end, of });
            start = end;
        }
    }
    found.sort_by_key(|mark| mark.start);
    found
}

/// These bytes with others in place of the marks.
fn replaced(bytes: &[u8], marks: &[MarkRange], text: impl Fn(&'static str) -> Vec<u8>) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes.len() + 256);
    let mut from = 0;
    for mark in marks {
        filled.extend(&bytes[from..mark.start]);
        filled.extend(text(mark.of));
        from = mark.end;
    }
    filled.extend(&bytes[from..]);
    filled
}

/// A text as a stored block of deflate (RFC 1951, section 3.2.4) that is not the last one. It begins with a
/// byte: what is before it ends with one.
fn stored(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("an address is short");
    let mut block = vec![0];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(text);
    block
}

/// A text as it stands in HTML, also in an attribute.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    html
}

/// The checksum of gzip (RFC 1952, section 8).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut rest, mut bit) = (byte as u32, 0);
            while bit < 8 {
                rest = if rest & 1 == 1 { (rest >> 1) ^ 0xedb8_8320 } else { rest >> 1 };
                bit += 1;
            }
            table[byte] = rest;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn address(public: &str) -> PageAddress {
        PageAddress { public: public.to_owned(), page: format!("{public}?room=blue-1") }
    }

    fn marks(plain: &[u8], gzip: Option<&[u8]>) -> Marks {
        Marks::of(plain, gzip).expect("they are few").expect("it has some")
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).expect("it is text")
    }

    #[test]
    fn a_document_is_sent_with_the_addresses_of_its_request() {
        let document = b"<a b=\"{page-url}\" c='{public-url}card.png'>{public-url}{other}";
        let marks = marks(document, None);
        let one = marks.fill(document, None, &address("https://one.example/"));
        assert_eq!(
            text(&one),
            "<a b=\"https://one.example/?room=blue-1\" c='https://one.example/card.png'>\
             https://one.example/{other}"
        );
    }

    #[test]
    fn what_an_address_has_is_never_markup() {
        let marks = marks(b"{public-url}", None);
        let filled = marks.fill(b"{public-url}", None, &address("\"'<script>&"));
        assert_eq!(text(&filled), "&quot;&#39;&lt;script&gt;&amp;");
    }

    #[test]
    fn a_document_without_marks_has_none_nor_one_with_too_many() {
        assert_eq!(Marks::of(b"<p>{host} {public_url} {public-url", None), Ok(None));
        let with = |marks: usize| Marks::of(PUBLIC_URL.repeat(marks).as_bytes(), None);
        assert!(with(PAGE_MARKS_MAX).is_ok_and(|marks| marks.is_some()));
        assert_eq!(with(PAGE_MARKS_MAX + 1), Err(TooManyMarks(PAGE_MARKS_MAX + 1)));
    }

    #[test]
    fn the_build_knows_the_same_marks_and_as_many_of_them() {
        assert_eq!(tickwire_build::MARKS, MARKS);
        assert_eq!(tickwire_build::MARKS_MAX, PAGE_MARKS_MAX);
    }

    #[test]
    fn a_compressed_document_is_filled_as_it_is() {
        let line = "<p>authoritative</p>\n".repeat(200);
        let document = format!("{PAGE_URL}{line}{PUBLIC_URL}card.png{line}{PUBLIC_URL}");
        let gzip = tickwire_build::gzip(document.as_bytes());
        assert!(gzip.len() < 400, "it is compressed: {}", gzip.len());
        let marks = marks(document.as_bytes(), Some(&gzip));
        for public in ["https://one.example/", "./", "https://a.long.example/with/a/path/"] {
            let address = address(public);
            let filled = marks.fill(document.as_bytes(), Some(&gzip), &address);
            let mut inflated = String::new();
            let mut decoder = flate2::read::GzDecoder::new(&filled[..]);
            decoder.read_to_string(&mut inflated).expect("it is gzip, with its checksum");
            let plain = marks.fill(document.as_bytes(), None, &address);
            assert_eq!(inflated, text(&plain), "{public}");
        }
    }

    #[test]
    fn a_compressed_document_without_the_marks_in_their_blocks_is_not_filled() {
        assert!(!marks(b"a {public-url}", Some(b"compressed as a whole")).has_gzip());
    }
}
