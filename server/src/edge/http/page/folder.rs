//! [`Folder`]: files of the page from a folder, for development.
//!
//! It never serves what is outside of the folder, with links resolved, nor anything but plain files,
//! and never waits for one: opening a FIFO would block a thread for ever. A file is read and hashed
//! again only when it has changed.

use std::collections::HashMap;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;

use super::content_type::content_type;
use super::file::{Content, File};
use crate::limits::{WEB_DIR_CACHE_MAX_BYTES, WEB_DIR_FILE_MAX_BYTES, WEB_DIR_READS_MAX};

/// A file that changed less long ago is read again for each request: it may change twice within the
/// resolution of the file system's times.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Why something in the folder is not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Its links lead out of the folder.
    #[error("it leads out of the folder")]
    Outside,
    /// It is a folder, a device, a FIFO or a socket.
    #[error("it is not a plain file")]
    NotPlain,
    /// It is too large.
    #[error("it is larger than {WEB_DIR_FILE_MAX_BYTES} bytes")]
    TooLarge,
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Files below a folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    cache: Mutex<Cache>,
    /// Limits how many files are read, and so in memory, at the same time.
    reads: Arc<Semaphore>,
}

/// Files that were read, by their path.
#[derive(Debug, Default)]
struct Cache {
    files: HashMap<PathBuf, (Version, Arc<File>)>,
    bytes: usize,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, file, and when it was changed last, in seconds and nanoseconds.
    #[cfg(unix)]
    identity: (u64, u64, i64, i64),
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Folder {
        let reads = Arc::new(Semaphore::new(WEB_DIR_READS_MAX));
        Folder { root, cache: Mutex::default(), reads }
    }

    /// The file at a path like `/index.html`; `None` if there is none.
    ///
    /// # Errors
    /// Why what is there is not served.
    pub(super) async fn file(self: &Arc<Folder>, path: &str) -> Result<Option<Arc<File>>, Refused> {
        let names: Option<Vec<_>> = path
            .strip_prefix('/')
            .map(|names| names.split('/').filter(|name| is_plain_name(name)).collect());
        let count = path.matches('/').count();
        let Some(names) = names.filter(|names| names.len() == count) else { return Ok(None) };
        let (relative, folder) = (names.iter().collect::<PathBuf>(), Arc::clone(self));
        let permit = Arc::clone(&self.reads).acquire_owned().await.expect("it is never closed");
        let read = move || {
            // The read goes on when nobody waits for it any more.
            let _permit = permit;
            folder.read(&relative)
        };
        let found = tokio::task::spawn_blocking(read).await;
        match found.map_err(io::Error::other)? {
            Err(Refused::Io(error)) if is_missing(&error) => Ok(None),
            found => found.map(Some),
        }
    }

    fn read(&self, relative: &Path) -> Result<Arc<File>, Refused> {
        // Resolved each time: a deployment may switch a link to another folder.
        let root = fs::canonicalize(&self.root)?;
        let path = fs::canonicalize(root.join(relative))?;
        if !path.starts_with(&root) {
            return Err(Refused::Outside);
        }
        let version = Version::of(&fs::metadata(&path)?)?;
        if let Some(file) = self.cache().fresh(&path, version) {
            return Ok(file);
        }
        let bytes = read_plain(&path, version)?;
        let content_type = content_type(&relative.to_string_lossy());
        let plain = Content::new(bytes.into());
        let file = Arc::new(File::plain(content_type, plain).with_marks());
        if version.is_settled() {
            self.cache().insert(path, version, Arc::clone(&file));
        }
        Ok(file)
    }

    /// A poisoned lock is still consistent: no code panics while it changes the cache.
    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn fresh(&self, path: &Path, version: Version) -> Option<Arc<File>> {
        let (cached, file) = self.files.get(path)?;
        (*cached == version).then(|| Arc::clone(file))
    }

    /// Adds a file, in place of its older version; a full cache begins anew.
    fn insert(&mut self, path: PathBuf, version: Version, file: Arc<File>) {
        let bytes = file.plain.bytes.len();
        if let Some((_, older)) = self.files.remove(&path) {
            self.bytes -= older.plain.bytes.len();
        }
        if self.bytes + bytes > WEB_DIR_CACHE_MAX_BYTES {
            *self = Cache::default();
        }
        self.bytes += bytes;
        self.files.insert(path, (version, file));
    }
}

impl Version {
    /// # Errors
    /// If it is not a plain file, or too large.
    fn of(metadata: &Metadata) -> Result<Version, Refused> {
        if !metadata.is_file() {
            return Err(Refused::NotPlain);
        }
        if metadata.len() > WEB_DIR_FILE_MAX_BYTES as u64 {
            return Err(Refused::TooLarge);
        }
        Ok(Version {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: {
                use std::os::unix::fs::MetadataExt as _;
                (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
            },
        })
    }

    fn is_settled(&self) -> bool {
        let age = self.modified.and_then(|modified| modified.elapsed().ok());
        age.is_some_and(|age| age > SETTLED_AFTER)
    }
}

/// Reads a plain file of this version. What has taken its place in the meantime is not read.
fn read_plain(path: &Path, version: Version) -> Result<Vec<u8>, Refused> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = options.open(path)?;
    if Version::of(&file.metadata()?)? != version {
        return Err(io::Error::other("it has just changed").into());
    }
    let mut bytes = Vec::with_capacity(version.bytes as usize);
    file.take(WEB_DIR_FILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    // It may have grown since.
    if bytes.len() > WEB_DIR_FILE_MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    Ok(bytes)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a name is a plain file name: not `..`, not hidden, and without characters that a file
/// system could interpret as a separator or a device.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests;
