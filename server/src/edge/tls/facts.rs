//! [`Facts`]: what a certificate says of itself, as far as one is better than another.
//!
//! It knows no clock: it is given the time since 1970. [`super::renewal`] compares by it.

use std::fmt;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// What a certificate chain says of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The time from which it is valid, in seconds since 1970; 0 for 1970 and before.
    not_before: u64,
    /// The last second of its validity.
    not_after: u64,
    /// The host names that it is for, wildcards included. Addresses are not listed.
    pub(super) names: Vec<String>,
    /// How many certificates there are, the server's own included.
    pub(super) chain: usize,
    /// Whether no authority issued it: clients accept it only by an option of theirs.
    pub(super) is_self_issued: bool,
}

/// Whether a certificate is valid at a time, and if not, since or until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    Valid,
    /// Expired so many seconds ago.
    Expired(u64),
    /// Valid only in so many seconds.
    NotYetValid(u64),
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Validity::Valid => f.write_str("it is valid"),
            Validity::Expired(ago) => write!(f, "it expired {} ago", RoughTime(*ago)),
            Validity::NotYetValid(ahead) => {
                write!(
                    f,
                    "it is not yet valid, but only in {}: compare the clocks",
                    RoughTime(*ahead)
                )
            }
        }
    }
}

/// A time span in its largest unit.
struct RoughTime(u64);

impl fmt::Display for RoughTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
        let (seconds, unit) =
            UNITS.into_iter().find(|(unit, _)| self.0 >= 2 * unit).unwrap_or((1, "seconds"));
        write!(f, "{} {unit}", self.0 / seconds)
    }
}

impl Facts {
    /// Reads a chain, the server's own certificate first.
    ///
    /// # Errors
    /// If that is no certificate of a server: a message for people.
    pub(super) fn of_chain(chain: &[CertificateDer<'_>]) -> Result<Facts, String> {
        let certificate = EndEntityCert::try_from(&chain[0])
            .map_err(|error| format!("the certificate is not valid X.509: {error}"))?;
        // A check without any trust anchor always fails; before that it judges the time. That is the
        // only way in which webpki tells the bounds.
        let error_at = |seconds| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let usage = KeyUsage::server_auth();
            certificate.verify_for_usage(&[], &[], &[], time, usage, None, None).err()
        };
        let not_before = match error_at(0) {
            Some(Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
            _ => 0,
        };
        let not_after = match error_at(u64::MAX) {
            Some(Error::CertExpired { not_after, .. }) => not_after.as_secs(),
            _ => return Err("the certificate has no end of its validity".into()),
        };
        if let Some(Error::RequiredEkuNotFoundContext(_)) = error_at(not_before) {
            return Err(
                "the certificate is not for servers: its extended key usage lacks it".into()
            );
        }
        Ok(Facts {
            not_before,
            not_after,
            names: certificate.valid_dns_names().map(str::to_ascii_lowercase).collect(),
            chain: chain.len(),
            is_self_issued: certificate.issuer() == certificate.subject(),
        })
    }

    /// Whether it is valid at this time since 1970.
    pub(super) fn validity(&self, now: Duration) -> Validity {
        let now = now.as_secs();
        if now > self.not_after {
            Validity::Expired(now - self.not_after)
        } else if now < self.not_before {
            Validity::NotYetValid(self.not_before - now)
        } else {
            Validity::Valid
        }
    }

    /// Whether the certificates between it and its authority are missing: clients that do not know
    /// its issuer refuse it.
    pub(super) fn is_alone(&self) -> bool {
        self.chain == 1 && !self.is_self_issued
    }

    /// Whether both are for hosts, and for none in common.
    pub(super) fn is_for_other_hosts(&self, other: &Facts) -> bool {
        let is_common = |name: &String| {
            other.names.iter().any(|other| covers(name, other) || covers(other, name))
        };
        !self.names.is_empty() && !other.names.is_empty() && !self.names.iter().any(is_common)
    }
}

/// Whether a name of a certificate, perhaps a wildcard, is that of a host or covers it.
fn covers(name: &str, host: &str) -> bool {
    name == host
        || name
            .strip_prefix("*.")
            .is_some_and(|domain| host.split_once('.').is_some_and(|(_, rest)| rest == domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        for (name, host, is_covered) in [
            ("a.example", "a.example", true),
            ("*.example", "a.example", true),
            ("*.example", "b.a.example", false),
            ("*.example", "example", false),
            ("*.example", "*.example", true),
            ("a.example", "*.example", false),
        ] {
            assert_eq!(covers(name, host), is_covered, "{name} {host}");
        }
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        for (seconds, text) in [
            (1, "1 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (180_000, "2 days"),
        ] {
            assert_eq!(RoughTime(seconds).to_string(), text);
        }
    }
}
