//! [`Renewal`]: reloads the certificate when its files change, unless what they hold is worse.
//!
//! It is given the content of the files and the time. A connection keeps the certificate of its
//! handshake.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::ServerConfig;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use super::certificate::{Certificate, Pem};
use super::facts::{Facts, Validity};
use crate::ops::metrics::Metrics;

/// How often the files of the certificate are checked for changes.
const RELOAD_CHECK_EVERY: Duration = Duration::from_secs(2);
/// At how many checks in a row a chain that may be half-written must be found unchanged before it
/// is used: about ten seconds.
const SETTLED_CHECKS: u32 = 5;

/// The time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The files of the certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct PemFiles {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

impl PemFiles {
    pub(super) fn read(&self) -> Result<Pem, String> {
        Pem::read(&self.cert, &self.key)
    }

    pub(super) fn load(&self, pem: &Pem) -> Result<Certificate, String> {
        let (cert, key) = (self.cert.display(), self.key.display());
        pem.load().map_err(|error| format!("{cert} with {key}: {error}"))
    }
}

/// Why a new certificate does not replace the one in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worse {
    Invalid(Validity),
    SelfIssued,
    OtherHosts,
    Alone,
}

impl Worse {
    /// Whether this is the same reason, be it at another time.
    fn is_like(self, other: Worse) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Worse::Invalid(validity) => validity.fmt(f),
            Worse::SelfIssued => f.write_str(
                "it is self-signed, and the one in use is from an authority; if that is intended, \
                 restart the server",
            ),
            Worse::OtherHosts => f.write_str(
                "it is for other hosts than the one in use; if that is intended, restart the server",
            ),
            Worse::Alone => f.write_str(
                "its chain of intermediate certificates is missing, which the one in use has; \
                 if that is intended, restart the server",
            ),
        }
    }
}

/// What to do with a new certificate at a check.
enum Decision {
    Use,
    /// The rest of the file may follow.
    Wait,
    Keep(Worse),
}

/// A certificate from the changed files that is not in use yet.
#[derive(Debug)]
struct NewCertificate {
    certificate: Certificate,
    /// At how many checks the files were found as they are now.
    checks: u32,
    /// Why it was last reported not to be used.
    reported: Option<Worse>,
}

impl NewCertificate {
    fn judge(&self, current: &Facts, now: Duration) -> Decision {
        let new = &self.certificate.facts;
        if (new.is_alone() || new.chain < current.chain) && self.checks < SETTLED_CHECKS {
            return Decision::Wait;
        }
        // Nothing is worse than one that every client refuses.
        if current.validity(now) != Validity::Valid {
            return Decision::Use;
        }
        match new.validity(now) {
            Validity::Valid => {}
            invalid => return Decision::Keep(Worse::Invalid(invalid)),
        }
        // A self-signed one is often a placeholder until the real one is there, for whatever host.
        if current.is_self_issued {
            Decision::Use
        } else if new.is_self_issued {
            Decision::Keep(Worse::SelfIssued)
        } else if new.is_for_other_hosts(current) {
            Decision::Keep(Worse::OtherHosts)
        } else if new.is_alone() && current.chain > 1 {
            Decision::Keep(Worse::Alone)
        } else {
            Decision::Use
        }
    }
}

/// Watches the files of a certificate, and replaces it for new connections when they change.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(super) files: PemFiles,
    /// Their content at the last check, valid or not.
    seen: Pem,
    /// Whether reading them failed at the last check.
    failed: bool,
    /// The certificate in use.
    current: Facts,
    /// Whether the one in use was reported as expired or not yet valid.
    invalid_reported: bool,
    candidate: Option<NewCertificate>,
    sender: watch::Sender<Arc<ServerConfig>>,
}

impl Renewal {
    /// Watches `files`, of which `seen` is in use.
    pub(super) fn new(
        files: PemFiles,
        seen: Pem,
        certificate: Certificate,
        now: Duration,
    ) -> (Renewal, watch::Receiver<Arc<ServerConfig>>) {
        let (sender, receiver) = watch::channel(certificate.config);
        let mut renewal = Renewal {
            files,
            seen,
            failed: false,
            current: certificate.facts,
            invalid_reported: false,
            candidate: None,
            sender,
        };
        renewal.report_validity(now);
        if renewal.current.is_alone() {
            warn!(
                "the file has the server's certificate alone: clients that do not know its issuer \
                 refuse it; use the full chain (such as fullchain.pem)"
            );
        }
        (renewal, receiver)
    }

    /// Checks the files forever, and at once when `check_now` is notified.
    pub(crate) async fn run(mut self, check_now: Arc<Notify>, metrics: Arc<Metrics>) {
        loop {
            // Either way the files are checked.
            let _ = tokio::time::timeout(RELOAD_CHECK_EVERY, check_now.notified()).await;
            let files = self.files.clone();
            // A stalled disk must not block the edge.
            match tokio::task::spawn_blocking(move || files.read()).await {
                Ok(read) => self.update(read, now(), &metrics),
                // The server is shutting down.
                Err(_) => return,
            }
        }
    }

    /// Loads the files if they changed. An invalid pair is logged and counted once, and the last valid
    /// certificate stays in use: while the files are being replaced, one is new before the other.
    pub(super) fn update(&mut self, read: Result<Pem, String>, now: Duration, metrics: &Metrics) {
        match read {
            Ok(pem) => {
                self.failed = false;
                if pem != self.seen {
                    let loaded = self.files.load(&pem);
                    self.seen = pem;
                    self.candidate = None;
                    match loaded {
                        Ok(certificate) => {
                            self.candidate =
                                Some(NewCertificate { certificate, checks: 0, reported: None });
                        }
                        Err(error) => report_unusable(&error, metrics),
                    }
                }
                self.judge_candidate(now, metrics);
            }
            Err(_) if self.failed => {}
            Err(error) => {
                self.failed = true;
                report_unusable(&error, metrics);
            }
        }
        self.report_validity(now);
    }

    /// Judges a candidate again at each check: one that is worse today may be better once the
    /// certificate in use has expired.
    fn judge_candidate(&mut self, now: Duration, metrics: &Metrics) {
        let Some(mut candidate) = self.candidate.take() else { return };
        candidate.checks = candidate.checks.saturating_add(1);
        match candidate.judge(&self.current, now) {
            Decision::Use => {
                let Certificate { config, fingerprint, facts } = candidate.certificate;
                info!(
                    sha256 = fingerprint,
                    names = facts.names.join(" "),
                    "the certificate was reloaded; new connections use it"
                );
                self.sender.send_replace(config);
                (self.current, self.invalid_reported) = (facts, false);
                metrics.tls_reloads.fetch_add(1, Relaxed);
                return;
            }
            Decision::Wait => {}
            Decision::Keep(worse) => {
                if !candidate.reported.is_some_and(|reported| reported.is_like(worse)) {
                    candidate.reported = Some(worse);
                    report_unusable(&worse.to_string(), metrics);
                }
            }
        }
        self.candidate = Some(candidate);
    }

    /// Warns once if the certificate in use is expired or not yet valid. It is used nevertheless: the
    /// clock may be wrong, and the files may be renewed at any time.
    fn report_validity(&mut self, now: Duration) {
        let validity = self.current.validity(now);
        if validity == Validity::Valid {
            self.invalid_reported = false;
        } else if !self.invalid_reported {
            self.invalid_reported = true;
            warn!(
                reason = %validity,
                "browsers refuse the TLS certificate in use; replace its files, which needs no restart"
            );
        }
    }
}

fn report_unusable(error: &str, metrics: &Metrics) {
    warn!(error, "cannot use the changed certificate; the last one stays in use");
    metrics.tls_reload_errors.fetch_add(1, Relaxed);
}
