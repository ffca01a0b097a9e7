//! [`FrameAncestor`] and [`ContentPolicy`]: parts of the page's `Content-Security-Policy`, checked when
//! the server starts: browsers ignore what they do not understand, and say so where nobody looks.

use std::fmt;
use std::str::FromStr;

use super::origin::Origin;

/// What stands in a policy for the host of the request.
pub(crate) const HOST_IN_POLICY: &str = "{host}";

/// A page that may show the server's page in a frame: an origin, with `*.` before its host for all below
/// it; `self`; `none`; or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameAncestor(String);

impl fmt::Display for FrameAncestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FrameAncestor {
    type Err = String;

    fn from_str(text: &str) -> Result<FrameAncestor, String> {
        let text = text.trim();
        let ancestor = match text.trim_matches('\'') {
            "self" => Some("'self'".to_owned()),
            "none" => Some("'none'".to_owned()),
            "*" => Some("*".to_owned()),
            _ => match text.split_once("://*.") {
                Some((scheme, host)) => {
                    let below = format!("{scheme}://{host}").parse::<Origin>().ok();
                    below.map(|origin| origin.to_string().replacen("://", "://*.", 1))
                }
                // A frame without an origin cannot be named.
                None => {
                    let origin = text.parse::<Origin>().ok().map(|origin| origin.to_string());
                    origin.filter(|origin| origin != "null" && !origin.ends_with("://"))
                }
            },
        };
        ancestor.map(FrameAncestor).ok_or_else(|| {
            "not an origin like https://portal.example or https://*.portal.example (without a path), \
             self, none or *"
                .to_owned()
        })
    }
}

/// A whole policy: directives with their values, separated by semicolons. `{host}` in it stands for the
/// host of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentPolicy(String);

impl fmt::Display for ContentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The directives that browsers know.
const DIRECTIVES: [&str; 27] = [
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "report-to",
    "report-uri",
    "require-trusted-types-for",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
    "upgrade-insecure-requests",
    "worker-src",
    "block-all-mixed-content",
];

impl FromStr for ContentPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<ContentPolicy, String> {
        let text = text.trim();
        if let Some(wrong) = text.chars().find(|letter| !(' '..='~').contains(letter)) {
            return Err(format!("{wrong:?} cannot stand in a header"));
        }
        let mut seen = Vec::new();
        for directive in text.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
            let name = directive.split(' ').next().unwrap_or_default().to_ascii_lowercase();
            if !DIRECTIVES.contains(&&*name) {
                return Err(format!("{name:?} is no directive of a Content-Security-Policy"));
            }
            if seen.contains(&name) {
                return Err(format!("{name} stands there twice: browsers ignore the second"));
            }
            seen.push(name);
        }
        if seen.is_empty() {
            return Err("there is no directive in it".to_owned());
        }
        Ok(ContentPolicy(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ancestor_is_an_origin_or_one_of_three_words() {
        for (text, written) in [
            ("https://portal.example", "https://portal.example"),
            (" HTTPS://Portal.example:443 ", "https://portal.example"),
            ("https://*.portal.example:8443", "https://*.portal.example:8443"),
            ("self", "'self'"),
            ("'self'", "'self'"),
            ("none", "'none'"),
            ("*", "*"),
        ] {
            let ancestor = text.parse::<FrameAncestor>().map(|ancestor| ancestor.to_string());
            assert_eq!(ancestor.as_deref(), Ok(written), "{text}");
        }
        for wrong in [
            "",
            "portal.example",
            "https://portal.example/games",
            "https://a.example; script-src *",
            "https://a.example https://b.example",
            "https://*",
            "https://a.*.example",
            "null",
            "file://",
            "all",
        ] {
            assert!(wrong.parse::<FrameAncestor>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_policy_of_directives_that_browsers_know_is_taken_as_it_is() {
        let policy = "default-src 'self'; connect-src wss://{host};";
        let parsed = policy.parse::<ContentPolicy>().map(|policy| policy.to_string());
        assert_eq!(parsed.as_deref(), Ok(policy));
        for (wrong, said) in [
            ("", "no directive"),
            (";", "no directive"),
            ("default-scr 'self'", "default-scr"),
            ("default-src 'self'; Default-Src *", "twice"),
            ("default-src 'self'\r\nX: y", "header"),
            ("default-src b\u{fc}cher.example", "header"),
        ] {
            let error = wrong.parse::<ContentPolicy>().expect_err(wrong);
            assert!(error.contains(said), "{error}");
        }
    }
}
