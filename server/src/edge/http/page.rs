//! The files of the page: embedded in the program, or read from a folder during development. A program
//! without a page has the generic one, and every program the laboratory.
//!
//! It knows paths, bytes, content types and tags, but no requests; the routes serve the files. The tag
//! of a file is made when the program is built, or when the file of a folder has changed. Only documents that
//! name their own address are made, with a tag of their own, for a request.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::body::Bytes;
use tokio::time::Instant;
use tracing::warn;

use self::content_type::content_type;
use self::file::{Content, File};
use self::folder::Folder;
use crate::edge::refusal_log::RefusalLog;
use crate::page::{Page, PageTable, VIEWER};

mod content_type;
pub(crate) mod file;
mod folder;
pub(crate) mod marked;

/// All files of the page.
#[derive(Debug)]
pub(crate) struct PageFiles {
    /// Those of the game's own page, with the kit; empty if it has none.
    own: Embedded,
    /// Those of the generic page and the laboratory, where they are served.
    viewer: Option<Embedded>,
    has_lab: bool,
    /// If set, files are read from there in place of the own ones.
    folder: Option<Arc<Folder>>,
    /// Files of the folder of which the log has a line.
    refusals: RefusalLog<String>,
    started: Instant,
}

/// The address of the laboratory, and its documents for games with and without rules for clients.
const LAB: &str = "/lab";
const LAB_FILES: [&str; 2] = ["/lab.html", "/lab-plain.html"];

/// Files of a program.
#[derive(Debug)]
struct Embedded {
    files: HashMap<&'static str, EmbeddedFile>,
    /// What the addresses of files begin with that browsers may keep for ever.
    hashed: String,
}

#[derive(Debug)]
struct EmbeddedFile {
    file: Arc<File>,
    is_hashed: bool,
    is_of_kit: bool,
}

/// A file at an address.
#[derive(Debug, PartialEq)]
pub(crate) struct ServedFile {
    pub(crate) file: Arc<File>,
    /// Whether there will never be another one at this address.
    pub(crate) is_immutable: bool,
}

impl Embedded {
    fn new((hash, _, files): PageTable) -> Embedded {
        let files = files.iter().map(|&(path, tag, is_hashed, is_of_kit, bytes, brotli, gzip)| {
            let content = |bytes, coding| {
                Content::tagged(Bytes::from_static(bytes), &format!("{tag}{coding}"))
            };
            let file = File {
                brotli: brotli.map(|bytes| content(bytes, "-br")),
                gzip: gzip.map(|bytes| content(bytes, "-gz")),
                ..File::plain(content_type(path), content(bytes, ""))
            };
            let file = Arc::new(file.with_marks());
            (path, EmbeddedFile { file, is_hashed, is_of_kit })
        });
        Embedded { files: files.collect(), hashed: format!("/~{hash}/") }
    }

    fn file(&self, path: &str) -> Option<ServedFile> {
        let (path, is_immutable) = match path.strip_prefix(&self.hashed) {
            Some(_) => (&path[self.hashed.len() - 1..], true),
            None => (path, false),
        };
        let embedded = self.files.get(path)?;
        (embedded.is_hashed || !is_immutable)
            .then(|| ServedFile { file: Arc::clone(&embedded.file), is_immutable })
    }
}

impl PageFiles {
    /// The embedded page, or the one in a folder: then the kit is the embedded one, unless the folder
    /// has its files as well. Without either it is the generic page.
    pub(crate) fn new(page: Option<&Page>, web_dir: Option<PathBuf>, has_lab: bool) -> PageFiles {
        let own = Embedded::new(page.map_or(("", "", &[]), Page::table));
        PageFiles {
            viewer: (own.files.is_empty() || has_lab).then(|| Embedded::new(VIEWER)),
            own,
            has_lab,
            folder: web_dir.map(|root| Arc::new(Folder::new(root))),
            refusals: RefusalLog::default(),
            started: Instant::now(),
        }
    }

    /// The file at a path like `/index.html`; `/` is the page itself.
    pub(crate) async fn file(&self, path: &str) -> Option<ServedFile> {
        if let Some(viewer) = &self.viewer {
            if path == LAB && self.has_lab {
                let has_rules = self.has_wasm().await;
                return viewer.file(LAB_FILES[usize::from(!has_rules)]);
            }
            if path.starts_with(&viewer.hashed) {
                return viewer.file(path);
            }
        }
        let path = if path == "/" { "/index.html" } else { path };
        let Some(folder) = &self.folder else { return self.embedded(path) };
        let file = match folder.file(path).await {
            // Neither the wasm nor the client for pages is in the folder: the build embeds them.
            Ok(None) => {
                let program = match &self.viewer {
                    Some(viewer) if self.own.files.is_empty() => viewer,
                    _ => &self.own,
                };
                let embedded = program.files.get(path).filter(|embedded| embedded.is_of_kit);
                embedded.map(|embedded| Arc::clone(&embedded.file))
            }
            Ok(found) => {
                if let Some(too_many) = found.as_ref().and_then(|file| file.unfilled)
                    && self.is_logged(path)
                {
                    warn!(path, %too_many, "a document of --web-dir is served as it is");
                }
                found
            }
            Err(refused) => {
                if self.is_logged(path) {
                    warn!(path, %refused, "a file of --web-dir is not served");
                }
                None
            }
        };
        Some(ServedFile { file: file?, is_immutable: false })
    }

    /// Whether the log gets a line on a file of the folder.
    fn is_logged(&self, path: &str) -> bool {
        self.refusals.is_due(&path.to_owned(), self.started.elapsed())
    }

    /// Whether clients are served the rules of the game.
    async fn has_wasm(&self) -> bool {
        const WASM: &str = "/tickwire.wasm";
        let in_folder = match &self.folder {
            Some(folder) => matches!(folder.file(WASM).await, Ok(Some(_))),
            None => false,
        };
        in_folder || self.own.files.contains_key(WASM)
    }

    fn embedded(&self, path: &str) -> Option<ServedFile> {
        if !self.own.files.is_empty() {
            return self.own.file(path);
        }
        let viewer = self.viewer.as_ref()?;
        // Those have an address of their own, if any.
        viewer.file(path).filter(|_| !LAB_FILES.contains(&path))
    }

    /// The answer to a request without a file.
    pub(crate) fn not_found(&self, path: &str) -> &'static str {
        match &self.folder {
            _ if path == LAB => "Not found: the laboratory is served with --lab.\n",
            Some(_) => "Not found: there is no such file in the folder of --web-dir.\n",
            None => "Not found.\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page::embedded(
        "tag",
        "1.0.0",
        (
            "7",
            "",
            &[
                ("/index.html", "a", false, false, b"<p>", None, None),
                ("/main.js", "b", true, false, b"let x;", Some(b"br"), Some(b"gz")),
                ("/tickwire.wasm", "c", true, true, b"wasm", None, None),
            ],
        ),
    );

    #[tokio::test]
    async fn files_are_served_under_their_names_and_for_ever_under_their_hash() {
        let page = PageFiles::new(Some(&PAGE), None, false);
        let index = page.file("/").await.expect("there is one");
        assert_eq!(index.file.content_type, "text/html; charset=utf-8");
        assert_eq!(page.file("/index.html").await, Some(index));
        let plain = page.file("/main.js").await.expect("there is one");
        let hashed = page.file("/~7/main.js").await.expect("there is one");
        assert!(Arc::ptr_eq(&plain.file, &hashed.file));
        assert!(hashed.is_immutable && !plain.is_immutable);
        for path in ["/nothing", "/~7", "/~7/", "/~7/index.html", "/~8/main.js", "/~7main.js", "//"]
        {
            assert_eq!(page.file(path).await, None, "{path}");
        }
    }

    #[tokio::test]
    async fn each_coding_of_a_file_has_a_tag_of_its_own() {
        let file =
            PageFiles::new(Some(&PAGE), None, false).file("/main.js").await.expect("it is there");
        let [brotli, gzip] = [&file.file.brotli, &file.file.gzip].map(Option::clone);
        let tags = [&file.file.plain, &brotli.expect("small"), &gzip.expect("small")];
        assert_eq!(tags.map(|content| content.tag.clone()), [r#""b""#, r#""b-br""#, r#""b-gz""#]);
    }

    #[tokio::test]
    async fn a_folder_is_served_with_the_embedded_kit_and_nothing_else_of_the_embedded_page() {
        let folder = std::env::temp_dir().join(format!("tickwire-kit-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        std::fs::write(folder.join("own.js"), "own").expect("it can be written");
        let page = PageFiles::new(Some(&PAGE), Some(folder.clone()), false);
        assert!(page.file("/own.js").await.is_some());
        assert!(page.file("/tickwire.wasm").await.is_some_and(|served| !served.is_immutable));
        for path in ["/", "/main.js", "/~7/main.js", "/~7/tickwire.wasm"] {
            assert_eq!(page.file(path).await, None, "{path}");
        }
        std::fs::write(folder.join("tickwire.wasm"), "other").expect("it can be written");
        let wasm = page.file("/tickwire.wasm").await.expect("there are two");
        assert_eq!(wasm.file.plain.bytes, "other");
        std::fs::remove_dir_all(&folder).expect("it can be removed");
    }

    #[tokio::test]
    async fn a_document_of_a_folder_that_names_its_address_too_often_is_logged_once() {
        let folder = std::env::temp_dir().join(format!("tickwire-often-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        let page = PageFiles::new(Some(&PAGE), Some(folder.clone()), false);
        for (name, marks) in [("few.html", 16), ("many.html", 17), ("many.js", 17)] {
            std::fs::write(folder.join(name), "{page-url}".repeat(marks)).expect("it is written");
            let file = page.file(&format!("/{name}")).await.expect("it is served").file;
            assert_eq!(
                (file.marks.is_some(), file.unfilled.is_some()),
                (marks == 16, name == "many.html")
            );
        }
        // There is a line of one of them, and so none is due.
        let is_due = ["/few.html", "/many.html", "/many.js"].map(|path| page.is_logged(path));
        assert_eq!(is_due, [true, false, true]);
        std::fs::remove_dir_all(&folder).expect("it can be removed");
    }

    #[tokio::test]
    async fn without_a_page_there_is_the_generic_one() {
        let none = Page::none("tag", "1.0.0");
        for page in [PageFiles::new(None, None, false), PageFiles::new(Some(&none), None, false)] {
            let index = page.file("/").await.expect("there is one");
            let text = String::from_utf8_lossy(&index.file.plain.bytes).into_owned();
            let (_, rest) = text.split_once("src=\"./").expect("it has a script");
            let (script, _) = rest.split_once('"').expect("its address ends");
            let script = page.file(&format!("/{script}")).await.expect("it is there");
            assert!(script.is_immutable && script.file.content_type.starts_with("text/javascript"));
            assert!(page.file("/client.js").await.is_some());
            for path in ["/nothing", "/lab", "/lab.html", "/lab-plain.html"] {
                assert_eq!(page.file(path).await, None, "{path}");
            }
            assert!(page.not_found("/lab").contains("--lab"));
        }
    }

    #[tokio::test]
    async fn the_laboratory_stands_beside_any_page_where_it_is_wanted() {
        let folder = std::env::temp_dir().join(format!("tickwire-lab-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        for (page, has_rules) in [
            (PageFiles::new(Some(&PAGE), None, true), true),
            (PageFiles::new(Some(&PAGE), Some(folder.clone()), true), true),
            (PageFiles::new(None, None, true), false),
        ] {
            let lab = page.file(LAB).await.expect("it is wanted");
            let text = String::from_utf8_lossy(&lab.file.plain.bytes).into_owned();
            assert_eq!(text.contains("data-rules=\"none\""), !has_rules);
            let (_, rest) = text.split_once("src=\"./").expect("it has a script");
            let (script, _) = rest.split_once('"').expect("its address ends");
            assert!(page.file(&format!("/{script}")).await.is_some());
            assert_eq!(page.file("/lab.html").await, None);
        }
        // A page from a folder, of a program that has none: its kit is that of the viewer.
        std::fs::write(folder.join("index.html"), "own").expect("it can be written");
        std::fs::write(folder.join("tickwire.wasm"), "wasm").expect("it can be written");
        let page = PageFiles::new(None, Some(folder.clone()), true);
        assert_eq!(page.file("/").await.expect("it is there").file.plain.bytes, "own");
        assert!(page.file("/client.js").await.is_some());
        assert_eq!(page.file("/viewer/viewer.js").await, None, "of the kit alone");
        let lab = page.file(LAB).await.expect("it is wanted");
        let text = String::from_utf8_lossy(&lab.file.plain.bytes).into_owned();
        assert!(!text.contains("data-rules=\"none\""), "the rules are in the folder");
        std::fs::remove_dir_all(&folder).expect("it can be removed");
        let unwanted = PageFiles::new(Some(&PAGE), None, false);
        assert_eq!(unwanted.file(LAB).await, None);
    }
}
