//! [`TicketKey`]: verifies the signature of a join ticket.
//!
//! It parses tokens in the compact serialisation of RFC 7515; the cryptography is `ring`'s. The key
//! alone determines the algorithm: the `alg` header of a token must match it, and never selects it.
//! It knows no claims. [`crate::edge::tickets`] owns it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use ring::{hmac, signature};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::TicketError;
use crate::config::TicketConfig;
use crate::edge::pem;

/// Shortest secret, in bytes: the output length of SHA-256 (RFC 7518 section 3.2). A shorter one is
/// refused at start.
const SECRET_MIN_BYTES: usize = 32;
/// Largest file of a key, in bytes. A larger one is refused at start.
const FILE_MAX_BYTES: usize = 16_384;
/// The DER of an Ed25519 public key before its 32 bytes (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// The key that verifies the signatures of tickets.
pub(crate) enum TicketKey {
    /// `EdDSA` with Ed25519: the server can verify tickets, but not sign them.
    Ed25519(signature::UnparsedPublicKey<[u8; 32]>),
    /// `HS256`: everyone who knows the secret can sign tickets.
    Secret(hmac::Key),
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TicketKey").field(&self.algorithm()).finish()
    }
}

/// The fields of a token's header that the server reads.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    /// Extensions that a verifier must support; this one supports none.
    crit: Option<IgnoredAny>,
}

impl TicketKey {
    /// Loads the configured key; `None` if no key is configured.
    pub(crate) fn load(config: &TicketConfig) -> Result<Option<TicketKey>, String> {
        match (&config.ticket_key, &config.ticket_key_text) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err("the ticket key is set twice: use either --ticket-key or TICKWIRE_TICKET_KEY"
                    .into())
            }
            (Some(path), None) => {
                let describe = |error: String| format!("--ticket-key {}: {error}", path.display());
                let bytes = read(path).map_err(describe)?;
                TicketKey::parse(&bytes).map(Some).map_err(describe)
            }
            (None, Some(text)) => TicketKey::parse(text.expose().as_bytes())
                .map(Some)
                .map_err(|error| format!("TICKWIRE_TICKET_KEY: {error}")),
        }
    }

    /// Parses a key: an Ed25519 public key in PEM, or else a secret. White space around it is removed,
    /// since editors add it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<TicketKey, String> {
        pem::check_is_text(bytes)?;
        let bytes = bytes.trim_ascii();
        if !bytes.starts_with(b"-----BEGIN") {
            return TicketKey::secret(bytes);
        }
        let public = SubjectPublicKeyInfoDer::from_pem_slice(bytes)
            .map_err(|_| "not a public key in PEM and not a secret")?;
        let raw = public
            .strip_prefix(&ED25519_PREFIX[..])
            .and_then(|raw| <[u8; 32]>::try_from(raw).ok())
            .ok_or("not an Ed25519 key: other public keys are not supported")?;
        Ok(TicketKey::Ed25519(signature::UnparsedPublicKey::new(&signature::ED25519, raw)))
    }

    /// Parses a secret: one word of ASCII. Text that could be a public key in another format is
    /// refused: as a secret, everybody who knows the public key could sign tickets.
    fn secret(bytes: &[u8]) -> Result<TicketKey, String> {
        if bytes.len() < SECRET_MIN_BYTES {
            return Err(format!("a secret needs at least {SECRET_MIN_BYTES} bytes"));
        }
        let is_word = bytes.iter().all(u8::is_ascii_graphic);
        if !is_word || bytes.starts_with(b"{") {
            return Err(
                "neither a public key in PEM nor a secret: a secret is one word of ASCII, \
                 such as random bytes in base64 or hexadecimal"
                    .into(),
            );
        }
        Ok(TicketKey::Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The algorithm, by its name in the log.
    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithms()[0]
    }

    /// The names of the algorithm in JSON Web Tokens. RFC 9864 replaces the name `EdDSA`, which
    /// leaves the curve open.
    fn algorithms(&self) -> &'static [&'static str] {
        match self {
            TicketKey::Ed25519(_) => &["EdDSA", "Ed25519"],
            TicketKey::Secret(_) => &["HS256"],
        }
    }

    /// Returns the claims of a token as JSON, if this key signed it.
    ///
    /// # Errors
    /// Why the token is refused.
    pub(crate) fn verify(&self, token: &str) -> Result<Vec<u8>, TicketError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TicketError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TicketError::Malformed)?;
        let signature = decode(signature)?;
        let is_valid = match self {
            TicketKey::Ed25519(key) => key.verify(signed.as_bytes(), &signature).is_ok(),
            TicketKey::Secret(key) => hmac::verify(key, signed.as_bytes(), &signature).is_ok(),
        };
        // Nothing of an unsigned token is parsed.
        if !is_valid {
            return Err(TicketError::Signature);
        }
        let header: Header = json_object(&decode(header)?).ok_or(TicketError::Header)?;
        if !self.algorithms().contains(&&*header.alg) {
            return Err(TicketError::Algorithm);
        }
        if header.typ.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
            return Err(TicketError::Type);
        }
        if header.crit.is_some() {
            return Err(TicketError::Critical);
        }
        // A further dot in the claims is not a character of base64url, so decoding fails.
        decode(claims)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TicketError> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| TicketError::Malformed)
}

/// Parses a JSON object; `None` for anything else, and for one that has a field of `T` twice.
pub(super) fn json_object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    // serde also fills a struct from an array, by position.
    let is_object = json.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(json).ok()).flatten()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() > FILE_MAX_BYTES {
        return Err(format!("the file is larger than {FILE_MAX_BYTES} bytes"));
    }
    Ok(bytes)
}
