//! [`Origins`]: which pages may open a WebSocket.
//!
//! Browsers let any page connect to any server, and send the true origin of the page. This check keeps
//! a foreign page from playing in the name of its visitor. Programs can send any origin or none. The
//! route of the WebSocket uses it.

use hyper::header::{HOST, HeaderMap, ORIGIN};

use crate::config::{AllowedOrigin, NoOrigin};

/// The configured origins.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) allowed: Vec<AllowedOrigin>,
    pub(crate) none: NoOrigin,
}

impl Origins {
    /// Whether a request with these headers may open a WebSocket.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        if self.allowed.contains(&AllowedOrigin::Any) {
            return true;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return self.none == NoOrigin::Allow };
        let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
        let is_own = headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| is_of_host(origin, host));
        is_own
            || self
                .allowed
                .iter()
                .any(|allowed| matches!(allowed, AllowedOrigin::Exactly(exact) if exact == origin))
    }
}

/// Whether an origin is of this host and port. Either may omit the default port of the scheme.
fn is_of_host(origin: &str, host: &str) -> bool {
    let (rest, port) = if let Some(rest) = origin.strip_prefix("https://") {
        (rest, ":443")
    } else if let Some(rest) = origin.strip_prefix("http://") {
        (rest, ":80")
    } else {
        return false;
    };
    let without_port = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    !rest.is_empty() && without_port(rest) == without_port(host)
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
            ("http://game.example", "game.example:443", false),
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
            ("http://here", true),
            ("http://play.example", false),
            ("https://play.example:8443", false),
            ("https://sub.play.example", false),
        ] {
            assert_eq!(allows(&allowed, NoOrigin::Allow, &[origin], "here"), yes, "{origin}");
        }
        assert!(allows(&["*"], NoOrigin::Refuse, &["null"], "here"));
    }

    #[test]
    fn a_request_without_an_origin_is_allowed_or_not_as_configured() {
        assert!(allows(&[], NoOrigin::Allow, &[], "here"));
        assert!(!allows(&[], NoOrigin::Refuse, &[], "here"));
        assert!(!allows(&[], NoOrigin::Allow, &["http://here", "http://here"], "here"));
    }
}
