//! Paths, links, and what else may lie in a folder.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;

use super::*;

/// A folder of its own, removed when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tickwire-folder-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("page/sub")).expect("it can be made");
        Scratch(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.0.join(path), bytes).expect("it can be written");
    }

    fn folder(&self) -> Arc<Folder> {
        Arc::new(Folder::new(self.0.join("page")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn bytes(folder: &Arc<Folder>, path: &str) -> Option<Vec<u8>> {
    let file = folder.file(path).await.expect("it is not refused")?;
    Some(file.plain.bytes.to_vec())
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge/http");
    let folder = Arc::new(Folder::new(root));
    assert!(bytes(&folder, "/page.rs").await.is_some(), "the folder is read");
    assert!(bytes(&folder, "/page/folder.rs").await.is_some(), "and what is below it");
    for path in [
        "/../Cargo.toml",
        "/./page.rs",
        "//etc/passwd",
        "/page/../page.rs",
        "/%2e%2e/Cargo.toml",
        "/..\\Cargo.toml",
        "/page.rs/",
        "/page.rs/x",
        "/page.rs\0",
        "page.rs",
        "",
    ] {
        assert_eq!(bytes(&folder, path).await, None, "{path:?}");
    }
}

#[tokio::test]
#[cfg(unix)]
async fn links_are_followed_within_the_folder_and_nowhere_else() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    scratch.write("secret.txt", b"secret");
    scratch.write("page/a.js", b"a");
    // As configuration is mounted into containers.
    fs::create_dir(scratch.0.join("page/..data")).expect("it can be made");
    scratch.write("page/..data/b.js", b"b");
    let link = |to: &str, name: &str| {
        symlink(to, scratch.0.join("page").join(name)).expect("it can be linked");
    };
    link("a.js", "inside.js");
    link("..data/b.js", "mounted.js");
    link("../secret.txt", "up.txt");
    link(scratch.0.join("secret.txt").to_str().expect("UTF-8"), "absolute.txt");
    link("/etc", "etc");
    link("..", "parent");
    link("loop", "loop");
    link("nothing", "dangling");
    let folder = scratch.folder();
    assert_eq!(bytes(&folder, "/inside.js").await, Some(b"a".to_vec()));
    assert_eq!(bytes(&folder, "/mounted.js").await, Some(b"b".to_vec()));
    for path in ["/up.txt", "/absolute.txt", "/etc/passwd", "/parent/secret.txt"] {
        let refused = folder.file(path).await;
        assert!(matches!(refused, Err(Refused::Outside)), "{path}: {refused:?}");
    }
    assert!(folder.file("/loop").await.is_err());
    assert_eq!(bytes(&folder, "/dangling").await, None);
    // The folder itself may be a link, and lead elsewhere later.
    symlink(scratch.0.join("page"), scratch.0.join("current")).expect("it can be linked");
    let folder = Arc::new(Folder::new(scratch.0.join("current")));
    assert_eq!(bytes(&folder, "/a.js").await, Some(b"a".to_vec()));
}

#[tokio::test]
#[cfg(unix)]
async fn what_is_no_plain_file_is_refused_without_waiting_for_it() {
    let scratch = Scratch::new();
    let fifo = scratch.0.join("page/fifo.js");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("it is installed");
    assert!(made.success());
    let socket = std::os::unix::net::UnixListener::bind(scratch.0.join("page/socket"));
    let _socket = socket.expect("it can be bound");
    let folder = scratch.folder();
    // More than read at the same time: none of them waits.
    for path in ["/fifo.js", "/socket", "/sub"].repeat(WEB_DIR_READS_MAX + 1) {
        let refused = folder.file(path).await;
        assert!(matches!(refused, Err(Refused::NotPlain)), "{path}: {refused:?}");
    }
    // The same for a FIFO that has taken the place of a file since.
    let version = Version { bytes: 1, modified: None, identity: (0, 0, 0, 0) };
    assert!(matches!(read_plain(&fifo, version), Err(Refused::NotPlain)));
    for device in ["/dev/zero", "/dev/tty"] {
        let refused = Version::of(&fs::metadata(device).expect("it exists"));
        assert!(matches!(refused, Err(Refused::NotPlain)), "{device}: {refused:?}");
    }
}

#[tokio::test]
async fn a_file_beyond_the_largest_size_is_refused() {
    let scratch = Scratch::new();
    let large = fs::File::create(scratch.0.join("page/large.js")).expect("it can be made");
    // Without its blocks.
    large.set_len(WEB_DIR_FILE_MAX_BYTES as u64 + 1).expect("it can be long");
    let refused = scratch.folder().file("/large.js").await;
    assert!(matches!(refused, Err(Refused::TooLarge)), "{refused:?}");
}

#[tokio::test]
async fn a_file_is_read_and_hashed_again_only_when_it_has_changed() {
    let scratch = Scratch::new();
    let path = scratch.0.join("page/a.js");
    let set_age = |age: Duration| {
        let file = fs::File::options().write(true).open(&path).expect("it exists");
        file.set_modified(SystemTime::now() - age).expect("its time can be set");
    };
    scratch.write("page/a.js", b"one");
    set_age(2 * SETTLED_AFTER);
    let folder = scratch.folder();
    let file = async || folder.file("/a.js").await.expect("it is served").expect("it is there");
    let first = file().await;
    assert!(Arc::ptr_eq(&first, &file().await));
    scratch.write("page/a.js", b"two");
    // It has just changed, and may change again at the same time.
    let (second, again) = (file().await, file().await);
    assert_eq!((&second.plain.bytes[..], &again.plain.bytes[..]), (&b"two"[..], &b"two"[..]));
    assert_ne!(first.plain.tag, second.plain.tag);
    assert!(!Arc::ptr_eq(&second, &again));
    set_age(2 * SETTLED_AFTER);
    let settled = file().await;
    assert!(Arc::ptr_eq(&settled, &file().await));
}

#[test]
fn the_cache_is_bounded() {
    let mut cache = Cache::default();
    let plain = Content::new(vec![0; WEB_DIR_CACHE_MAX_BYTES / 4 + 1].into());
    let file = Arc::new(File::plain("", plain));
    let version = Version::of(
        &fs::metadata(env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml").expect("it exists"),
    );
    let version = version.expect("it is a file");
    for number in 0..20 {
        cache.insert(PathBuf::from((number % 9).to_string()), version, Arc::clone(&file));
        let bytes: usize = cache.files.values().map(|(_, file)| file.plain.bytes.len()).sum();
        assert_eq!(cache.bytes, bytes);
        assert!(bytes <= WEB_DIR_CACHE_MAX_BYTES);
    }
}

#[tokio::test]
async fn a_read_counts_until_it_ends_though_nobody_waits_for_it_any_more() {
    let scratch = Scratch::new();
    scratch.write("page/a.js", b"a");
    let folder = scratch.folder();
    // A disk that stalls.
    let ((locked, is_locked), (go_on, stalled)) = (channel(), channel::<()>());
    let stalling = Arc::clone(&folder);
    std::thread::spawn(move || {
        let _cache = stalling.cache();
        locked.send(()).expect("the test waits");
        let _ = stalled.recv();
    });
    is_locked.recv().expect("the thread runs");
    for left in (0..WEB_DIR_READS_MAX).rev() {
        let reading = Arc::clone(&folder);
        let request = tokio::spawn(async move { reading.file("/a.js").await.is_ok() });
        while folder.reads.available_permits() > left {
            tokio::task::yield_now().await;
        }
        request.abort();
        assert!(request.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(folder.reads.available_permits(), left);
    }
    drop(go_on);
    while folder.reads.available_permits() < WEB_DIR_READS_MAX {
        tokio::task::yield_now().await;
    }
}
