//! [`PublicUrl`]: the address of the page as everybody reaches it, which previews of links need.

use std::fmt;
use std::str::FromStr;

use super::origin::Origin;
use crate::limits::PUBLIC_URL_MAX_BYTES;

/// A URL of scheme `http` or `https`, with a host and a path, and without user, query and fragment. Its
/// path ends with a slash: what is served beside the page lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is not such a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a URL like https://game.example or https://portal.example/game/ (http or https, without user, \
     query and fragment; international names in their form with xn--)"
)]
pub struct PublicUrlError;

impl PublicUrl {
    /// The root of this host, which may have a port.
    pub(crate) fn of_host(scheme: &str, host: &str) -> Option<PublicUrl> {
        let origin = Origin::of_host(scheme, host)?;
        Some(PublicUrl(format!("{origin}/")))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<PublicUrl, PublicUrlError> {
        normal_form(text.trim()).map(PublicUrl).ok_or(PublicUrlError)
    }
}

fn normal_form(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let origin = Origin::of_host(scheme, host)?;
    let segments = path.strip_suffix('/').unwrap_or(path);
    let is_safe = path.is_empty() || segments.split('/').all(is_segment);
    let is_web = matches!(origin.scheme(), Some("http" | "https"));
    if text.len() > PUBLIC_URL_MAX_BYTES || !is_web || !is_safe {
        return None;
    }
    Some(if path.is_empty() { format!("{origin}/") } else { format!("{origin}/{segments}/") })
}

/// Whether this is a part of a path (RFC 3986, section 3.3) that stays where it is.
fn is_segment(segment: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    !["", ".", ".."].contains(&segment) && segment.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_one_form_that_ends_with_a_slash() {
        for (written, normal) in [
            ("https://game.example", "https://game.example/"),
            (" HTTPS://Game.Example:443/ ", "https://game.example/"),
            ("http://127.0.0.1:7777", "http://127.0.0.1:7777/"),
            ("http://[0::1]:80/", "http://[::1]/"),
            ("https://portal.example/Games/tag", "https://portal.example/Games/tag/"),
            ("https://portal.example/a&b/", "https://portal.example/a&b/"),
        ] {
            let url = written.parse::<PublicUrl>().map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(normal), "{written}");
        }
        for host in ["game.example", "Game.Example:443", "game.example."] {
            let url = PublicUrl::of_host("https", host).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Some("https://game.example/"), "{host}");
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        let long = format!("https://game.example/{}", "p".repeat(PUBLIC_URL_MAX_BYTES));
        for text in [
            "",
            "game.example",
            "//game.example/",
            "ws://game.example",
            "file:///index.html",
            "null",
            "https://",
            "https:///game",
            "https://user@game.example/",
            "https://game.example?room=a",
            "https://game.example/?room=a",
            "https://game.example/#a",
            "https://game.example/a//b",
            "https://game.example//",
            "https://game.example/../",
            "https://game.example/a b",
            "https://game.example/\"><script>",
            "https://b\u{fc}cher.example",
            "https://game.example:99999",
            &long,
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError), "{text:?}");
        }
        for host in ["", "a b", "a\"><script>", "a/b", "a@b", "a:b", "[::1", "a\u{fc}"] {
            assert_eq!(PublicUrl::of_host("https", host), None, "{host:?}");
        }
    }
}
