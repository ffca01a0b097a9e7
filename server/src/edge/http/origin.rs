//! [`Origins`]: which pages may open a WebSocket.
//!
//! Browsers let any page connect to any server, and send the true origin of the page. This check keeps
//! a foreign page from playing in the name of its visitor. Programs can send any origin or none. The
//! route of the WebSocket uses it.

use hyper::header::{HOST, HeaderMap, ORIGIN};

use crate::config::{AllowedOrigin, NoOrigin, Origin};

/// The configured origins.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) allowed: Vec<AllowedOrigin>,
    pub(crate) none: NoOrigin,
}

/// What a request says of its origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stated {
    /// Nothing.
    Nothing,
    /// This origin.
    Origin(Origin),
    /// Something that is not one origin.
    Unreadable,
}

impl Stated {
    /// What the headers of a request say of its origin.
    pub(crate) fn by(headers: &HeaderMap) -> Stated {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Stated::Nothing,
            (Some(origin), None) => Stated::of(origin.as_bytes()),
            (Some(_), Some(_)) => Stated::Unreadable,
        }
    }

    /// The origin that a text names.
    pub(crate) fn of(text: &[u8]) -> Stated {
        let parsed = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        parsed.map_or(Stated::Unreadable, Stated::Origin)
    }
}

impl Origins {
    /// Whether a request with these headers may open a WebSocket.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        self.allow_page(&Stated::by(headers), headers)
    }

    /// Whether pages of an origin may open a WebSocket at the host that these headers name.
    pub(crate) fn allow_page(&self, stated: &Stated, headers: &HeaderMap) -> bool {
        if self.allow_any() {
            return true;
        }
        match stated {
            Stated::Nothing => self.none == NoOrigin::Allow,
            Stated::Origin(origin) => {
                let is_this = |allowed: &_| matches!(allowed, AllowedOrigin::Exactly(exact) if exact == origin);
                is_of_host(origin, headers) || self.allowed.iter().any(is_this)
            }
            Stated::Unreadable => false,
        }
    }

    /// Whether pages of every origin may open a WebSocket.
    pub(crate) fn allow_any(&self) -> bool {
        self.allowed.contains(&AllowedOrigin::Any)
    }
}

/// Whether an origin is of the host and port that a request was sent to. Either may omit the default
/// port of the scheme.
fn is_of_host(origin: &Origin, headers: &HeaderMap) -> bool {
    let Some(scheme @ ("http" | "https")) = origin.scheme() else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.and_then(|host| Origin::of_host(scheme, host)).is_some_and(|own| own == *origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &[&str], none: NoOrigin, origins: &[&str], host: &str) -> bool {
        let allowed = allowed.iter().map(|text| text.parse().expect("an origin")).collect();
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header"));
        for origin in origins {
            headers.append(ORIGIN, origin.parse().expect("a header"));
        }
        Origins { allowed, none }.allow(&headers)
    }

    #[test]
    fn only_pages_of_the_own_host_are_allowed_by_default() {
        for (origin, host, yes) in [
            ("http://game.example", "game.example", true),
            ("https://game.example", "game.example", true),
            ("https://game.example", "game.example:443", true),
            ("http://game.example:80", "game.example", true),
            ("http://game.example:7777", "game.example:7777", true),
            ("http://[::1]:7777", "[::1]:7777", true),
            ("http://game.example", "GAME.example", true),
            ("http://game.example", "game.example.:80", true),
            ("http://[0:0::1]:7777", "[::1]:7777", true),
            ("http://game.example", "game.example:443", false),
            ("http://game.example", "user@game.example", false),
            ("http://game.example", "", false),
            ("http://game.example:7778", "game.example:7777", false),
            ("http://game.example.evil.example", "game.example", false),
            ("http://evil-game.example", "game.example", false),
            ("http://game.example/", "game.example", false),
            ("file://game.example", "game.example", false),
            ("null", "game.example", false),
            ("http://", "", false),
        ] {
            assert_eq!(allows(&[], NoOrigin::Allow, &[origin], host), yes, "{origin} at {host}");
        }
    }

    #[test]
    fn configured_origins_are_allowed_exactly_and_beside_the_own_host() {
        let allowed = ["https://play.example"];
        for (origin, yes) in [
            ("https://play.example", true),
            ("https://play.example:443", true),
            ("https://PLAY.example.", true),
            ("http://here", true),
            ("http://play.example", false),
            ("https://play.example:80", false),
            ("null", false),
            ("file://", false),
            ("https://play.example:8443", false),
            ("https://sub.play.example", false),
        ] {
            assert_eq!(allows(&allowed, NoOrigin::Allow, &[origin], "here"), yes, "{origin}");
        }
        assert!(allows(&["*"], NoOrigin::Refuse, &["null"], "here"));
        assert!(allows(&["*"], NoOrigin::Refuse, &["no origin"], "here"));
        for app in
            ["null", "file://", "capacitor://localhost", "app://game", "chrome-extension://ab"]
        {
            assert!(allows(&[app], NoOrigin::Refuse, &[app], "here"), "{app}");
            assert!(!allows(&["https://play.example"], NoOrigin::Allow, &[app], "here"), "{app}");
        }
    }

    #[test]
    fn a_request_without_an_origin_is_allowed_or_not_as_configured() {
        assert!(allows(&[], NoOrigin::Allow, &[], "here"));
        assert!(!allows(&[], NoOrigin::Refuse, &[], "here"));
        assert!(!allows(&[], NoOrigin::Allow, &["http://here", "http://here"], "here"));
    }
}
