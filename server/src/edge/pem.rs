//! Certificates and keys in PEM: parsed, or refused by the name of what is wrong with the file.
//!
//! No error contains any content of a file. [`super::tls`] and [`super::tickets`] call it.

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Keys that the server cannot sign with, by the object identifiers in their DER.
const UNSUPPORTED: [(&[u8], &str); 12] = [
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x23], "on the curve P-521"),
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x21], "on the curve P-224"),
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x0a], "on the curve secp256k1"),
    (&[6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1], "on a Brainpool curve"),
    (&[6, 3, 0x2b, 0x65, 0x71], "for Ed448"),
    (&[6, 3, 0x2b, 0x65, 0x6e], "for X25519, which signs nothing"),
    (&[6, 3, 0x2b, 0x65, 0x6f], "for X448, which signs nothing"),
    (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0a], "for RSASSA-PSS alone"),
    (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], RSA_SIZE),
    (&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "for DSA"),
    (&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3], "for ML-DSA"),
    (&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "on another curve"),
];
const RSA_SIZE: &str = "for RSA, and not of 2,048 to 4,096 bits";

/// Refuses a file that cannot be PEM, by the name of what it is.
///
/// # Errors
/// A message for people.
pub(super) fn check_is_text(file: &[u8]) -> Result<(), String> {
    let what = match file {
        [0xef, 0xbb, 0xbf, ..] => "begins with a byte order mark (BOM)",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16, with a byte order mark (BOM)",
        [0x30, 0x80..=0x84, ..] => "is DER or PKCS #12, not PEM",
        [] => return Err("it is empty".into()),
        _ => return Ok(()),
    };
    let todo = if what.contains("BOM") {
        "save it as plain text without one"
    } else {
        "convert it with openssl"
    };
    Err(format!("it {what}: {todo}"))
}

/// Parses a certificate chain.
///
/// # Errors
/// A message for people.
pub(super) fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    check_is_text(file)?;
    let chain = CertificateDer::pem_slice_iter(file).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| describe(&error))?;
    if chain.is_empty() && PrivateKeyDer::from_pem_slice(file).is_ok() {
        return Err(
            "it contains a private key and no certificate: are the two files swapped?".into()
        );
    }
    if chain.is_empty() {
        return Err("it contains no certificate in PEM".into());
    }
    Ok(chain)
}

/// Parses a private key.
///
/// # Errors
/// A message for people.
pub(super) fn private_key(file: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    check_is_text(file)?;
    let error = match PrivateKeyDer::from_pem_slice(file) {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    let has = |text: &[u8]| file.windows(text.len()).any(|part| part == text);
    // The second is how OpenSSL encrypted keys before PKCS #8.
    if has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Err(
            "the private key is encrypted, and the server asks for no password: decrypt it \
            (openssl pkey) and protect the file by its permissions"
                .into(),
        );
    }
    Err(match error {
        pem::Error::NoItemsFound if has(b"-----BEGIN CERTIFICATE-----") => {
            "it contains a certificate and no private key: are the two files swapped?".into()
        }
        pem::Error::NoItemsFound if has(b"-----BEGIN OPENSSH PRIVATE KEY-----") => {
            "the private key is in the format of OpenSSH: convert it to PEM (ssh-keygen -p -m PEM)"
                .into()
        }
        pem::Error::NoItemsFound => "it contains no private key in PEM".into(),
        error => describe(&error),
    })
}

/// Why the server cannot sign with this key.
pub(super) fn describe_unsupported(key: &PrivateKeyDer<'_>) -> String {
    let der = key.secret_der();
    let has = |oid: &[u8]| der.windows(oid.len()).any(|part| part == oid);
    let found = UNSUPPORTED.iter().find(|(oid, _)| has(oid)).map(|(_, what)| *what);
    let what = match (key, found) {
        (_, Some(what)) => what,
        (PrivateKeyDer::Pkcs1(_), None) => RSA_SIZE,
        _ => "of an unknown kind, or damaged",
    };
    format!(
        "the private key is {what}: use one for ECDSA on P-256 or P-384, for RSA of 2,048 to 4,096 \
         bits, or for Ed25519"
    )
}

/// The parser's own texts could contain a part of a key.
fn describe(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "it is cut short: it ends within a block of PEM",
        pem::Error::IllegalSectionStart { .. } => {
            "a line that begins a block of PEM is malformed, or it is cut short there"
        }
        pem::Error::Base64Decode(_) => "a block of PEM is not valid base64",
        _ => "it is not valid PEM",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::test_tls::armour;

    #[test]
    fn what_is_wrong_with_a_file_is_told_by_its_name() {
        let cert = armour("CERTIFICATE", &[0x30, 0]);
        let key = armour("PRIVATE KEY", &[0x30, 0]);
        let utf16: Vec<u8> =
            [0xfe_ff].into_iter().chain(cert.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let bad: [(&[u8], &str); 8] = [
            (b"", "empty"),
            (&[b"\xef\xbb\xbf", cert.as_bytes()].concat(), "BOM"),
            (&utf16, "UTF-16"),
            (&[0x30, 0x82, 1, 1], "DER or PKCS #12"),
            (&cert.as_bytes()[..40], "cut short"),
            (b"-----BEGIN CERTIFICATE\n", "malformed"),
            (b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", "base64"),
            (b"hello", "in PEM"),
        ];
        for (file, message) in bad {
            let error = certificates(file).expect_err(message);
            assert!(error.contains(message), "{error}");
            let file = String::from_utf8_lossy(file).replace("CERTIFICATE", "PRIVATE KEY");
            if !file.contains('\u{FFFD}') {
                let error = private_key(file.as_bytes()).expect_err(message);
                assert!(error.contains(message), "{error}");
            }
        }
        for (swapped, message) in [
            (certificates(key.as_bytes()).map(|_| ()), "swapped"),
            (private_key(cert.as_bytes()).map(|_| ()), "swapped"),
            (
                private_key(armour("ENCRYPTED PRIVATE KEY", b"x").as_bytes()).map(|_| ()),
                "encrypted",
            ),
            (private_key(armour("OPENSSH PRIVATE KEY", b"x").as_bytes()).map(|_| ()), "OpenSSH"),
        ] {
            let error = swapped.expect_err(message);
            assert!(error.contains(message), "{error}");
        }
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
            DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert!(private_key(old.as_bytes()).expect_err("no password").contains("encrypted"));
        assert!(certificates(cert.as_bytes()).is_ok() && private_key(key.as_bytes()).is_ok());
    }

    #[test]
    fn a_key_that_cannot_sign_is_told_by_its_curve_or_size() {
        for (oid, what) in UNSUPPORTED {
            let der = [&[0x30, 0x80, 2, 1, 0, 0x30, 0x10], oid, &[4, 2, 1, 1]].concat();
            let key = private_key(armour("PRIVATE KEY", &der).as_bytes()).expect("PEM");
            let error = describe_unsupported(&key);
            assert!(error.contains(what) && error.contains("P-256"), "{error}");
        }
        let short = private_key(armour("RSA PRIVATE KEY", b"x").as_bytes()).expect("PEM");
        assert!(describe_unsupported(&short).contains("2,048"));
        let other = private_key(armour("PRIVATE KEY", b"x").as_bytes()).expect("PEM");
        assert!(describe_unsupported(&other).contains("unknown"));
    }
}
