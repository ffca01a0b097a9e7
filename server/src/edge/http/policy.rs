//! [`PagePolicy`]: the `Content-Security-Policy` of the page: what it may load and connect to, and which
//! pages may frame it.

use hyper::header::HeaderValue;

use crate::config::{EdgeConfig, HOST_IN_POLICY};

/// The policy, with a mark where the host of the request is named.
#[derive(Debug)]
pub(crate) struct PagePolicy(String);

impl PagePolicy {
    /// The configured one; else the page may load files of this server, and what is in its own
    /// memory, and connect to this server, nothing else.
    pub(crate) fn new(config: &EdgeConfig) -> PagePolicy {
        if let Some(policy) = &config.content_security_policy {
            return PagePolicy(policy.to_string());
        }
        let ancestors: Vec<String> =
            config.frame_ancestors.iter().map(ToString::to_string).collect();
        let ancestors =
            if ancestors.is_empty() { "'none'".to_owned() } else { ancestors.join(" ") };
        // Game engines decode images in workers that they make of a blob, and load what they hold in memory:
        // neither leads to another host. Not every browser treats a WebSocket to the same host as `'self'`.
        PagePolicy(format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
             img-src 'self' data: blob:; media-src 'self' data: blob:; worker-src 'self' blob:; \
             object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; \
             connect-src 'self' data: blob: ws://{HOST_IN_POLICY} wss://{HOST_IN_POLICY}"
        ))
    }

    /// The header for a request to this host; sources that name the host are left out for one without
    /// it.
    pub(crate) fn header(&self, host: Option<&str>) -> HeaderValue {
        let policy = match host {
            Some(host) => self.0.replace(HOST_IN_POLICY, host),
            None => {
                let words = self.0.split(' ').filter_map(|word| {
                    if !word.contains(HOST_IN_POLICY) {
                        return Some(word);
                    }
                    word.ends_with(';').then_some(";")
                });
                words.collect::<Vec<_>>().join(" ")
            }
        };
        policy.parse().expect("a policy and a host are a header value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(frame_ancestors: &[&str], policy: Option<&str>, host: Option<&str>) -> String {
        let config = EdgeConfig {
            frame_ancestors: frame_ancestors.iter().map(|it| it.parse().expect(it)).collect(),
            content_security_policy: policy.map(|policy| policy.parse().expect(policy)),
            ..EdgeConfig::default()
        };
        let header = PagePolicy::new(&config).header(host);
        header.to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn by_default_the_page_connects_to_its_own_host_and_nobody_frames_it() {
        let strict = header(&[], None, Some("game.example:7"));
        assert!(
            strict.ends_with(
                "connect-src 'self' data: blob: ws://game.example:7 wss://game.example:7"
            ),
            "{strict}"
        );
        assert!(strict.contains("; frame-ancestors 'none'; "), "{strict}");
        let without_host = header(&[], None, None);
        assert!(without_host.ends_with("; connect-src 'self' data: blob:"), "{without_host}");
    }

    #[test]
    fn who_may_frame_the_page_and_the_whole_policy_can_be_set() {
        let framed = header(&["https://portal.example", "self"], None, Some("a"));
        assert!(framed.contains("; frame-ancestors https://portal.example 'self'; "), "{framed}");
        let own = "connect-src 'self' wss://{host}; img-src *";
        assert_eq!(header(&[], Some(own), Some("a")), "connect-src 'self' wss://a; img-src *");
        assert_eq!(header(&[], Some(own), None), "connect-src 'self' ; img-src *");
    }
}
