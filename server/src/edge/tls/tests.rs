//! Certificates on disk: created, invalid, and replaced while in use.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;

use super::certificate::Pem;
use super::*;
use crate::ops::metrics::Metrics;
use crate::transport::test_tls::{armour, client, handshake, pem};

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tickwire-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // If this fails, the operating system cleans up the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[test]
fn settings_without_a_valid_certificate_fail_with_the_reason() {
    let folder = Folder::new("certificates");
    let (cert, key, _) = pem();
    let (_, other_key, _) = pem();
    let cert = folder.write("cert", &cert);
    let [key, other_key, none] = [("key", key), ("other", other_key), ("none", "none".into())]
        .map(|(name, text)| folder.write(name, &text));
    let files = |cert: &PathBuf, key: &PathBuf| TlsConfig {
        tls_cert: Some(cert.clone()),
        tls_key: Some(key.clone()),
        tls_self_signed: false,
    };
    for (config, message) in [
        (TlsConfig { tls_key: None, ..files(&cert, &key) }, "must be set together"),
        (TlsConfig { tls_cert: None, ..files(&cert, &key) }, "must be set together"),
        (TlsConfig { tls_self_signed: true, ..files(&cert, &key) }, "cannot be combined"),
        (files(&cert, &other_key), "not that of the first certificate"),
        (files(&key, &key), "swapped"),
        (files(&cert, &cert), "swapped"),
        (files(&none, &key), "no certificate"),
        (files(&folder.0.join("missing"), &key), "missing"),
    ] {
        let error = Tls::load(&config, here()).map(|_| ()).expect_err(message);
        assert!(error.contains(message), "{error}");
    }
    assert!(Tls::load(&TlsConfig::default(), here()).expect("no TLS").is_none());
    let loaded = Tls::load(&files(&cert, &key), here()).expect("they match");
    let (_, renewal) = loaded.expect("a certificate");
    assert!(renewal.is_some());
}

#[test]
fn a_changed_certificate_is_used_and_a_broken_one_is_not() {
    let folder = Folder::new("renewal");
    let (cert, key, old) = pem();
    let (new_cert, new_key, new) = pem();
    let config = TlsConfig {
        tls_cert: Some(folder.write("cert", &cert)),
        tls_key: Some(folder.write("key", &key)),
        tls_self_signed: false,
    };
    let metrics = Arc::<Metrics>::default();
    let loaded = Tls::load(&config, here()).expect("they match").expect("a certificate");
    let (tls, Some(mut renewal)) = loaded else { panic!("files are watched") };
    let agrees = |trusted: &CertificateDer<'static>| {
        let mut server = ServerConnection::new(tls.current()).expect("a server");
        handshake(&mut server, &mut client(trusted)).is_ok()
    };
    let mut check = || {
        let read = renewal.files.read();
        renewal.update(read, renewal::now(), &metrics);
        (metrics.tls_reloads.load(Relaxed), metrics.tls_reload_errors.load(Relaxed))
    };
    assert_eq!(check(), (0, 0));
    // Half of a new pair, then a missing file; each is counted once.
    folder.write("cert", &new_cert);
    assert_eq!([check(), check()], [(0, 1), (0, 1)]);
    assert!(agrees(&old) && !agrees(&new));
    std::fs::remove_file(folder.0.join("key")).expect("it was there");
    assert_eq!([check(), check()], [(0, 2), (0, 2)]);
    assert!(agrees(&old));
    folder.write("key", &new_key);
    assert_eq!([check(), check()], [(1, 2), (1, 2)]);
    assert!(agrees(&new) && !agrees(&old));
}

/// The beginning of a year, in the time since 1970, give or take a few days.
fn year(year: u64) -> Duration {
    Duration::from_secs((year - 1970) * 31_556_952 + 2 * 86_400)
}

/// A certificate for `hosts`, valid from the beginning of one year until another, with so many
/// intermediate certificates (its issuer's, in their place).
fn issued(hosts: &[&str], from: i32, until: i32, intermediates: usize) -> Pem {
    let key = KeyPair::generate().expect("randomness");
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("valid names");
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let mut authority = CertificateParams::new(vec![]).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
    let authority_key = KeyPair::generate().expect("randomness");
    let intermediate = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = Issuer::new(authority, authority_key);
    let leaf = params.signed_by(&key, &issuer).expect("a certificate");
    let mut cert = armour("CERTIFICATE", leaf.der());
    for _ in 0..intermediates {
        cert += &armour("CERTIFICATE", intermediate.der());
    }
    Pem { cert: cert.into(), key: armour("PRIVATE KEY", &key.serialize_der()).into() }
}

/// A certificate for a host that no authority issued.
fn self_signed(host: &str, until: i32) -> Pem {
    let key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a valid name");
    params.not_before = rcgen::date_time_ymd(2030, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let cert = params.self_signed(&key).expect("a certificate");
    let key = armour("PRIVATE KEY", &key.serialize_der()).into();
    Pem { cert: armour("CERTIFICATE", cert.der()).into(), key }
}

/// A renewal of files that are only in memory.
struct Watched {
    renewal: Renewal,
    current: watch::Receiver<Arc<ServerConfig>>,
    metrics: Metrics,
}

impl Watched {
    fn new(pem: Pem, now: Duration) -> Watched {
        let files = PemFiles { cert: "cert".into(), key: "key".into() };
        let certificate = files.load(&pem).expect("it can be loaded");
        let (renewal, current) = Renewal::new(files, pem, certificate, now);
        Watched { renewal, current, metrics: Metrics::default() }
    }

    /// Whether the certificate in use changes within so many checks of files with this content.
    fn takes(&mut self, pem: &Pem, now: Duration, checks: u32) -> bool {
        let before = Arc::clone(&self.current.borrow());
        for _ in 0..checks {
            self.renewal.update(Ok(pem.clone()), now, &self.metrics);
        }
        !Arc::ptr_eq(&before, &self.current.borrow())
    }

    fn errors(&self) -> u64 {
        self.metrics.tls_reload_errors.load(Relaxed)
    }
}

const A: &[&str] = &["a.example", "www.a.example"];

#[test]
fn a_worse_certificate_never_replaces_a_better_one() {
    let now = year(2035);
    let mut watched = Watched::new(issued(A, 2030, 2040, 2), now);
    for (errors, worse) in [
        (1, issued(A, 2030, 2034, 2)),
        (2, issued(A, 2036, 2050, 2)),
        (3, issued(&["b.example"], 2030, 2050, 2)),
        (4, issued(A, 2030, 2050, 0)),
    ] {
        assert!(!watched.takes(&worse, now, 100));
        assert_eq!(watched.errors(), errors, "each is reported once");
    }
    // As good: another end, another number of hosts or of intermediate certificates.
    for good in [
        issued(A, 2031, 2036, 2),
        issued(&["a.example"], 2030, 2040, 3),
        issued(&["*.example"], 2030, 2040, 1),
        issued(&["c.example", "d.c.example"], 2030, 2040, 1),
    ] {
        assert!(watched.takes(&good, now, 10));
    }
    assert_eq!(watched.errors(), 4);
}

#[test]
fn a_self_signed_certificate_makes_way_for_one_of_an_authority_and_never_replaces_it() {
    let now = year(2035);
    let mut watched = Watched::new(self_signed("localhost", 2040), now);
    assert!(watched.takes(&self_signed("placeholder.example", 2040), now, 1), "as good");
    assert!(watched.takes(&issued(A, 2030, 2040, 1), now, 1), "the real one");
    let placeholder = self_signed(A[0], 2060);
    assert!(!watched.takes(&placeholder, now, 100));
    assert_eq!(watched.errors(), 1, "it is reported once");
    assert!(watched.takes(&placeholder, year(2045), 1), "the one in use has expired");
    // From a placeholder for another host to one of an authority without intermediate certificates.
    let mut watched = Watched::new(self_signed("localhost", 2040), now);
    assert!(watched.takes(&issued(A, 2030, 2040, 0), now, 9));
}

#[test]
fn what_was_worse_is_used_once_the_certificate_in_use_is_no_better() {
    let mut watched = Watched::new(issued(A, 2030, 2040, 1), year(2035));
    let early = issued(A, 2038, 2050, 1);
    assert!(!watched.takes(&early, year(2035), 9));
    assert!(watched.takes(&early, year(2039), 1), "it is valid by now");
    let other = issued(&["b.example"], 2030, 2060, 1);
    assert!(!watched.takes(&other, year(2045), 9));
    assert!(watched.takes(&other, year(2055), 1), "the one in use has expired");
    // An expired one is used at start, with a warning: nothing better is there.
    let mut expired = Watched::new(issued(A, 2030, 2031, 1), year(2035));
    assert!(expired.takes(&issued(A, 2030, 2032, 1), year(2035), 1));
    assert!(expired.takes(&issued(A, 2030, 2040, 1), year(2035), 1));
}

#[test]
fn a_chain_cut_short_waits_for_its_rest() {
    let now = year(2035);
    let whole = issued(A, 2030, 2040, 2);
    let blocks: Vec<usize> = (0..whole.cert.len())
        .filter(|at| whole.cert[*at..].starts_with(b"-----END CERTIFICATE-----\n"))
        .map(|at| at + "-----END CERTIFICATE-----\n".len())
        .collect();
    assert_eq!(blocks.len(), 3);
    // Without its last end of line it is whole.
    for cut in 0..whole.cert.len() - 1 {
        let mut watched = Watched::new(issued(A, 2030, 2036, 2), now);
        let part = Pem { cert: whole.cert[..cut].to_vec(), key: whole.key.clone() };
        assert!(!watched.takes(&part, now, 4), "cut after {cut} bytes");
        assert!(watched.takes(&whole, now, 1), "cut after {cut} bytes");
    }
    // From a certificate without a chain, and a shorter chain that is all there is.
    let mut watched = Watched::new(issued(A, 2030, 2036, 0), now);
    let alone = Pem { cert: whole.cert[..blocks[0]].to_vec(), key: whole.key.clone() };
    assert!(!watched.takes(&alone, now, 4) && watched.takes(&whole, now, 1));
    let shorter = Pem { cert: whole.cert[..blocks[1]].to_vec(), key: whole.key.clone() };
    assert!(!watched.takes(&shorter, now, 4) && watched.takes(&shorter, now, 1));
    let mut private = Watched::new(issued(A, 2030, 2036, 0), now);
    assert!(private.takes(&alone, now, 9), "an authority of one's own may have no chain");
}

#[test]
fn a_certificate_that_is_not_for_servers_is_told_so() {
    let key = KeyPair::generate().expect("randomness");
    let mut params = CertificateParams::new(vec!["a.example".into()]).expect("a valid name");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    let cert = params.self_signed(&key).expect("a certificate");
    let cert = armour("CERTIFICATE", cert.der()).into();
    let key = armour("PRIVATE KEY", &key.serialize_der()).into();
    let error = Pem { cert, key }.load().expect_err("it is for clients");
    assert!(error.contains("not for servers"), "{error}");
}

#[test]
fn the_validity_of_a_certificate_is_that_of_its_bounds() {
    use super::facts::Validity;

    let facts = issued(A, 2030, 2040, 0).load().expect("it can be loaded").facts;
    assert_eq!(facts.names, A);
    assert_eq!(facts.validity(year(2035)), Validity::Valid);
    let (before, after) = (facts.validity(year(2028)), facts.validity(year(2044)));
    assert!(matches!(before, Validity::NotYetValid(_)) && matches!(after, Validity::Expired(_)));
    assert!(before.to_string().contains("not yet valid, but only in 7"), "{before}");
    assert!(after.to_string().contains("expired 14"), "{after}");
}

#[test]
fn a_self_signed_certificate_is_for_the_loopback_and_the_listening_address() {
    let listen = SocketAddr::from(([192, 0, 2, 7], 443));
    let certificate = certificate::self_signed(listen).expect("it can be created");
    assert_eq!(certificate.fingerprint.len(), 32 * 3 - 1);
    let config = TlsConfig { tls_self_signed: true, ..TlsConfig::default() };
    assert!(Tls::load(&config, listen).expect("it can be created").is_some());
}

#[test]
fn no_session_is_stored_and_only_http_1_is_offered() {
    let config = certificate::self_signed(here()).expect("it can be created").config;
    assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(!config.session_storage.can_cache() && !config.ticketer.enabled());
    assert_eq!((config.send_tls13_tickets, config.max_early_data_size), (0, 0));
}

#[test]
fn a_client_and_the_server_agree_on_a_session() {
    let (cert, key, trusted) = pem();
    let certificate = Pem { cert: cert.into(), key: key.into() }.load().expect("they match");
    let mut server = ServerConnection::new(certificate.config).expect("a server");
    let mut client = client(&trusted);
    handshake(&mut server, &mut client).expect("they agree");
    client.writer().write_all(b"hello").expect("a Vec accepts all bytes");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("a Vec accepts all bytes");
    server.read_tls(&mut &bytes[..]).expect("a slice can be read");
    server.process_new_packets().expect("it is TLS");
    let mut received = [0; 5];
    server.reader().read_exact(&mut received).expect("all of it arrived");
    assert_eq!(&received, b"hello");
}
