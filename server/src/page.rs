//! The files of the page: built into the program, or read from a folder while they are worked
//! on.
//!
//! It knows names, bytes and content types, and nothing of HTTP's verbs; the routes serve what
//! it finds. It never leaves the folder it was given.

use std::path::Path;

use hyper::body::Bytes;

use self::content_type::content_type;

#[cfg(test)]
mod comments;
mod content_type;

/// One file of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it is, as HTTP says it.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Bytes,
    /// The same gzipped, where that is built in and smaller.
    pub gzip: Option<Bytes>,
}

mod embedded {
    //! Made by `build.rs`: `FILES`, by rising path, and `WASM`.

    /// Path, content type, bytes, and the bytes gzipped.
    type Embedded = (&'static str, &'static str, &'static [u8], Option<&'static [u8]>);

    include!(concat!(env!("OUT_DIR"), "/page_files.rs"));
}

/// The client's wasm that is built in, if it is.
pub const WASM: Option<&[u8]> = embedded::WASM;

/// The built-in file at a path like `/index.html`; `/` is the page itself.
#[must_use]
pub fn file(path: &str) -> Option<File> {
    let path = if path == "/" { "/index.html" } else { path };
    let &(_, content_type, bytes, gzip) =
        embedded::FILES.iter().find(|(name, ..)| *name == path)?;
    Some(File {
        content_type,
        bytes: Bytes::from_static(bytes),
        gzip: gzip.map(Bytes::from_static),
    })
}

/// The same from a folder. The wasm is the built-in one when the folder has none, since it is
/// not made there.
pub(crate) fn file_in(folder: &Path, path: &str) -> Option<File> {
    let path = if path == "/" { "/index.html" } else { path };
    let mut place = folder.to_path_buf();
    for name in path.strip_prefix('/')?.split('/') {
        if !is_plain_name(name) {
            return None;
        }
        place.push(name);
    }
    match std::fs::read(place) {
        Ok(bytes) => {
            Some(File { content_type: content_type(path), bytes: bytes.into(), gzip: None })
        }
        Err(_) if path.ends_with(".wasm") => file(path),
        Err(_) => None,
    }
}

/// Whether a name is a file's and nothing more: neither `..`, nor hidden, nor with anything
/// that a file system could take for a separator or a device.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there() {
        let page = file("/").expect("a page or the help in its place");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert_eq!(file("/index.html"), Some(page));
        assert_eq!(file("/nothing"), None);
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(file_in(&folder, "/page.rs").is_some(), "the folder is read");
        for path in [
            "/../Cargo.toml",
            "/./page.rs",
            "//etc/passwd",
            "/room/../page.rs",
            "/%2e%2e/Cargo.toml",
            "/..\\Cargo.toml",
            "/page.rs/",
            "/page.rs\0",
            "page.rs",
            "",
        ] {
            assert_eq!(file_in(&folder, path), None, "{path:?}");
        }
    }
}
