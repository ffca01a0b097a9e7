//! Which coding of a file a request is answered with (RFC 9110, section 12.5.3).

use hyper::header::{ACCEPT_ENCODING, HeaderMap};

use super::page::file::{Content, File};

/// The coding that the client likes best among those that the file has, the smaller one where it likes
/// two equally, with its name; the plain content if it takes none of them.
pub(crate) fn choose<'a>(
    headers: &HeaderMap,
    file: &'a File,
) -> (Option<&'static str>, &'a Content) {
    let mut best = (0.0, None, &file.plain);
    for (name, content) in [("br", &file.brotli), ("gzip", &file.gzip)] {
        if let Some(content) = content
            && let weight = weight(headers, name)
            && weight > best.0
        {
            best = (weight, Some(name), content);
        }
    }
    (best.1, best.2)
}

/// How much a client likes a coding, from 0 (not at all) to 1.
fn weight(headers: &HeaderMap, coding: &str) -> f32 {
    let mut any = 0.0;
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    for accepted in values.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(',')) {
        let (name, weight) = accepted.split_once(';').unwrap_or((accepted, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
        let weight = weight.ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
        if name.trim().eq_ignore_ascii_case(coding) {
            return weight;
        }
        if name.trim() == "*" {
            any = weight;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    #[test]
    fn a_client_is_sent_the_smallest_coding_that_it_takes() {
        let content = |text: &'static str| Content {
            bytes: Bytes::from(text),
            tag: text.parse().expect("a header value"),
        };
        let [plain, brotli, gzip] = ["plain", "br", "gzip"].map(content);
        let (brotli, gzip) = (Some(brotli), Some(gzip));
        let file = File { brotli, gzip, ..File::plain("", plain) };
        for (accepted, coding) in [
            ("", None),
            ("identity", None),
            ("gzip", Some("gzip")),
            ("gzip, deflate, br, zstd", Some("br")),
            ("GZIP;q=0.5 , BR", Some("br")),
            ("br;q=0, gzip", Some("gzip")),
            ("br;q=0.5, gzip", Some("gzip")),
            ("br;q=0.0, gzip;q=0", None),
            ("*", Some("br")),
            ("*, br;q=0", Some("gzip")),
            ("*;q=0, gzip", Some("gzip")),
            ("br;q=much", None),
            ("brotli", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepted.parse().expect("a header value"));
            let (chosen, content) = choose(&headers, &file);
            assert_eq!(chosen, coding, "{accepted}");
            assert_eq!(content.tag, coding.unwrap_or("plain"), "{accepted}");
        }
        let without = File { brotli: None, gzip: None, ..file };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, "br, gzip".parse().expect("a header value"));
        assert_eq!(choose(&headers, &without), (None, &without.plain));
    }
}
