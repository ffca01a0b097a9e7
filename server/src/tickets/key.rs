//! [`TicketKey`]: the key by which join tickets are signed, and whether a ticket is.
//!
//! It takes tokens apart as RFC 7515 (compact serialisation) has them; the cryptography is
//! `ring`'s. The key alone says by which algorithm a signature is checked: what a token says of
//! its own algorithm can only be wrong. It knows no claim. [`crate::tickets`] owns it.

use std::fmt;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use ring::{hmac, signature};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::config::TicketConfig;

/// Shortest secret, in bytes: as long as what SHA-256 gives (RFC 7518 section 3.2). A shorter one
/// is refused at start.
const SECRET_MIN_BYTES: usize = 32;
/// Largest file that is read for a key, in bytes. A larger one is refused at start.
const FILE_MAX_BYTES: usize = 16_384;
/// What stands before the 32 bytes of an Ed25519 key in the DER of a public key (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// By what a ticket's signature is checked.
pub(crate) enum TicketKey {
    /// `EdDSA` over Ed25519: this server can check tickets, but make none.
    Ed25519(signature::UnparsedPublicKey<[u8; 32]>),
    /// `HS256`: whoever knows the secret can make tickets.
    Secret(hmac::Key),
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TicketKey").field(&self.algorithm()).finish()
    }
}

/// What is read of a token's header.
#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: Option<&'a str>,
    /// Extensions that must be understood; here are none.
    crit: Option<IgnoredAny>,
}

impl TicketKey {
    /// The key that the settings name, if they name one.
    pub(crate) fn load(config: &TicketConfig) -> Result<Option<TicketKey>, String> {
        match (&config.ticket_key, &config.ticket_key_text) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err("a ticket key is given twice: --ticket-key and TICKWIRE_TICKET_KEY".into())
            }
            (Some(path), None) => {
                let told = |error: String| format!("--ticket-key {}: {error}", path.display());
                let bytes = read(path).map_err(told)?;
                TicketKey::parse(&bytes).map(Some).map_err(told)
            }
            (None, Some(text)) => TicketKey::parse(text.expose().as_bytes())
                .map(Some)
                .map_err(|error| format!("TICKWIRE_TICKET_KEY: {error}")),
        }
    }

    /// A public key in PEM is one for Ed25519; what is no PEM is a secret, but for spaces and
    /// ends of line around it, which editors leave there.
    pub(crate) fn parse(bytes: &[u8]) -> Result<TicketKey, String> {
        let bytes = bytes.trim_ascii();
        if !bytes.starts_with(b"-----BEGIN") {
            return TicketKey::secret(bytes);
        }
        let public = SubjectPublicKeyInfoDer::from_pem_slice(bytes)
            .map_err(|_| "not a public key in PEM, nor a secret")?;
        let raw = public
            .strip_prefix(&ED25519_PREFIX[..])
            .and_then(|raw| <[u8; 32]>::try_from(raw).ok())
            .ok_or("of public keys only those for Ed25519 are taken")?;
        Ok(TicketKey::Ed25519(signature::UnparsedPublicKey::new(&signature::ED25519, raw)))
    }

    /// One word of text. What may be a public key in some other form is none: whoever took that
    /// for a secret would believe everybody who knows it.
    fn secret(bytes: &[u8]) -> Result<TicketKey, String> {
        if bytes.len() < SECRET_MIN_BYTES {
            return Err(format!("a secret has at least {SECRET_MIN_BYTES} bytes"));
        }
        let is_word = bytes.iter().all(u8::is_ascii_graphic);
        if !is_word || bytes.starts_with(b"{") {
            return Err("neither a public key in PEM nor a secret, which is one word of ASCII: \
                 random bytes in base64 or hexadecimal"
                .into());
        }
        Ok(TicketKey::Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// Its algorithm, as JSON Web Tokens name it.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            TicketKey::Ed25519(_) => "EdDSA",
            TicketKey::Secret(_) => "HS256",
        }
    }

    /// What a token claims, as JSON, if it was signed by this key.
    pub(crate) fn open(&self, token: &str) -> Option<Vec<u8>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let good = match self {
            TicketKey::Ed25519(key) => key.verify(signed.as_bytes(), &signature).is_ok(),
            TicketKey::Secret(key) => hmac::verify(key, signed.as_bytes(), &signature).is_ok(),
        };
        // What was not signed is not even looked at.
        if !good {
            return None;
        }
        let header = BASE64URL_NOPAD.decode(header.as_bytes()).ok()?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        let is_token = header.typ.is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
        let fits = header.alg == self.algorithm() && is_token && header.crit.is_none();
        // A second dot in the claims is no character of theirs.
        BASE64URL_NOPAD.decode(claims.as_bytes()).ok().filter(|_| fits)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if bytes.len() > FILE_MAX_BYTES {
        return Err(format!("more than {FILE_MAX_BYTES} bytes"));
    }
    Ok(bytes)
}
