//! [`Files`]: what a page is served as: its own files, the kit's, and its wasm.
//!
//! All of them are served under their plain names, and all but the documents in a folder whose name is a
//! hash of their content as well, which browsers may keep for ever. Documents at the top name the
//! others in that folder, so that modules' relative imports stay within it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use crate::bundle::bundle;
use crate::comments::{Language, strip_comments};
use crate::preload::Preloads;
use crate::{kit, repository, say};

/// What is served in place of a page that was not built.
const HELP: &str = include_str!("missing.html");

/// The name under which the wasm of every page is served.
pub(crate) const WASM: &str = "tickwire.wasm";

/// The files of a page.
#[derive(Debug)]
pub(crate) struct Files {
    /// By their paths, which begin with no slash.
    pub(crate) files: BTreeMap<String, PageContent>,
    /// What the hash of all files is.
    pub(crate) hash: String,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageContent {
    pub(crate) bytes: Vec<u8>,
    /// Whether every page is served it: of the kit, or the wasm.
    pub(crate) is_of_kit: bool,
}

/// The files of a page that was built, of this folder and with this wasm. Its documents name the `repository` of
/// its source, which may be empty. With a folder for `bundles`, modules and styles are bundled, and intermediate files
/// are written there.
///
/// # Errors
/// If the folder is not there or has no `index.html`, a file cannot be read, its name cannot stand in a
/// URL, or nothing can be bundled.
pub(crate) fn of_page(
    public: &Path,
    wasm: &Path,
    repository: &str,
    bundles: Option<&Path>,
) -> Result<Files, Box<dyn Error>> {
    let mut files = kit_files();
    files.insert(WASM.to_owned(), PageContent { bytes: fs::read(wasm)?, is_of_kit: true });
    collect(public, "", &mut |path, mut bytes| {
        if is_document(&path) && !path.contains('/') {
            let text = String::from_utf8(bytes)?;
            bytes = repository::add_to(&text, repository).into_bytes();
        }
        files.insert(path, PageContent { bytes, is_of_kit: false });
        Ok(())
    })?;
    if !files.contains_key("index.html") {
        return Err(format!("{} has no index.html", public.display()).into());
    }
    served(files, bundles)
}

/// The generic page, with this wasm: of a game that has no page of its own. It is bundled like any other.
///
/// # Errors
/// If the wasm cannot be read, or nothing can be bundled.
pub(crate) fn of_generic_page(
    wasm: &Path,
    bundles: Option<&Path>,
) -> Result<Files, Box<dyn Error>> {
    let mut files = kit_files();
    files.insert(WASM.to_owned(), PageContent { bytes: fs::read(wasm)?, is_of_kit: true });
    add_viewer(&mut files, &[("index.html", kit::generic_page(true))]);
    served(files, bundles)
}

/// The generic page where the game's wasm could not be built.
pub(crate) fn of_generic_page_without_rules() -> Files {
    let mut files = kit_files();
    add_viewer(&mut files, &[("index.html", kit::generic_page(false))]);
    Files { hash: hash_of(&files), files }
}

/// What every server has: the generic page without a game's rules, and the laboratory with and without
/// them.
///
/// # Errors
/// If a file is no text: a mistake of the kit's own.
pub(crate) fn of_viewer() -> Result<Files, Box<dyn Error>> {
    let mut files = kit_files();
    let documents = [
        ("index.html", kit::generic_page(false)),
        ("lab.html", kit::lab(true)),
        ("lab-plain.html", kit::lab(false)),
    ];
    add_viewer(&mut files, &documents);
    served(files, None)
}

/// The client for pages.
fn kit_files() -> BTreeMap<String, PageContent> {
    let content = |bytes: &[u8]| PageContent { bytes: bytes.to_vec(), is_of_kit: true };
    kit::FILES.iter().map(|(name, bytes)| ((*name).to_owned(), content(bytes))).collect()
}

fn add_viewer(files: &mut BTreeMap<String, PageContent>, documents: &[(&str, String)]) {
    let own = |bytes: Vec<u8>| PageContent { bytes, is_of_kit: false };
    for (name, bytes) in kit::VIEWER {
        files.insert((*name).to_owned(), own(bytes.to_vec()));
    }
    for (name, text) in documents {
        files.insert((*name).to_owned(), own(text.clone().into_bytes()));
    }
}

/// These files as they are served: bundled if there is a folder for that, without comments, and with the
/// documents at the top preloading and naming the others in the hashed folder.
fn served(
    mut files: BTreeMap<String, PageContent>,
    bundles: Option<&Path>,
) -> Result<Files, Box<dyn Error>> {
    // A document with hashes of its files needs them unchanged.
    let are_hashed = files.iter().any(|(path, content)| {
        is_document(path) && String::from_utf8_lossy(&content.bytes).contains("integrity=")
    });
    let is_top_document = |path: &str| is_document(path) && !path.contains('/');
    let mut preloads = BTreeMap::new();
    if !are_hashed {
        for (path, content) in files.iter().filter(|(path, _)| is_top_document(path)) {
            let text = String::from_utf8_lossy(&content.bytes);
            preloads.insert(path.clone(), Preloads::of(&text, &files));
        }
    }
    match bundles {
        Some(_) if are_hashed => {
            say("warning=the page is not bundled: its documents have hashes of their files");
        }
        Some(folder) => {
            files.extend(bundle(&files, folder)?);
            for (path, preload) in &mut preloads {
                let text = String::from_utf8_lossy(&files[path].bytes);
                preload.take_modules_of(Preloads::of(&text, &files));
            }
        }
        None => {}
    }
    for (path, content) in &mut files {
        if content.is_of_kit || !are_hashed {
            let bytes = std::mem::take(&mut content.bytes);
            content.bytes = lighter(path, bytes).map_err(|error| format!("{path}: {error}"))?;
        }
    }
    for (path, preload) in preloads {
        let text = String::from_utf8(files[&path].bytes.clone())?;
        let bytes = preload.add_to(&text).into_bytes();
        files.insert(path, PageContent { bytes, is_of_kit: false });
    }
    let hash = hash_of(&files);
    let documents: Vec<String> =
        files.keys().filter(|path| is_top_document(path)).cloned().collect();
    for document in documents {
        let text = String::from_utf8(files[&document].bytes.clone())?;
        let is_file = |path: &str| is_hashed(path) && files.contains_key(path);
        let text = name_hashed(&text, &hash, is_file);
        files.insert(document, PageContent { bytes: text.into_bytes(), is_of_kit: false });
    }
    Ok(Files { files, hash })
}

/// The help page alone, where the page could not be built.
pub(crate) fn of_help() -> Files {
    let help = PageContent { bytes: HELP.as_bytes().to_vec(), is_of_kit: false };
    let files = BTreeMap::from([("index.html".to_owned(), help)]);
    Files { hash: hash_of(&files), files }
}

/// Whether a file is served in the hashed folder too. Documents are not, since they name it; nor are
/// manifests of web apps, in which all is relative to their own address.
pub(crate) fn is_hashed(path: &str) -> bool {
    !is_document(path) && !path.ends_with(".webmanifest")
}

pub(crate) fn is_document(path: &str) -> bool {
    path.ends_with(".html")
}

/// A hash of some bytes, in hexadecimal. It is the same for the same bytes and toolchain.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}

fn hash_of(files: &BTreeMap<String, PageContent>) -> String {
    let mut hasher = DefaultHasher::new();
    for (path, content) in files {
        for part in [path.as_bytes(), &content.bytes] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
    }
    format!("{:016x}", hasher.finish())
}

/// Reads all files below a folder, with their paths. Hidden ones are left out.
pub(crate) fn collect(
    folder: &Path,
    prefix: &str,
    take: &mut impl FnMut(String, Vec<u8>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let in_folder = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(in_folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{name:?}: its name"))?;
        if name.starts_with('.') {
            continue;
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            let place = entry.path();
            return Err(format!(
                "{}: names of what is served consist of letters, digits and -_. alone",
                place.display()
            )
            .into());
        }
        let path = format!("{prefix}{name}");
        // A link to a folder is none: it may lead anywhere, also back.
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), take)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        take(path, bytes).map_err(|error| format!("{}: {error}", entry.path().display()))?;
    }
    Ok(())
}

/// A file without its comments and its indentation: in scripts and styles they are a third of the bytes and
/// of no use in the browser. Line numbers stay.
fn lighter(path: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Box<dyn Error>> {
    let language = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs") => Language::Script,
        Some("css") => Language::Style,
        _ => return Ok(bytes),
    };
    let text = String::from_utf8(bytes)?;
    // What is written by a bundler has code behind comments, and few of them.
    Ok(strip_comments(&text, language).unwrap_or(text).into_bytes())
}

/// Has the `src` and `href` of a document that are relative and name one of its files name them in the
/// hashed folder.
fn name_hashed(document: &str, hash: &str, is_file: impl Fn(&str) -> bool) -> String {
    let mut named = String::with_capacity(document.len() + 512);
    let mut rest = document;
    loop {
        let starts = [" src=", " href="].map(|name| Some(rest.find(name)? + name.len()));
        let Some(start) = starts.into_iter().flatten().min() else { break };
        let quote = rest[start..].chars().next().filter(|quote| ['"', '\''].contains(quote));
        let start = start + usize::from(quote.is_some());
        named.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|letter: char| match quote {
            Some(quote) => letter == quote,
            None => letter.is_whitespace() || letter == '>',
        });
        let (address, after) = rest.split_at(end.unwrap_or(rest.len()));
        let relative = address.strip_prefix("./").unwrap_or(address);
        let path = relative.split(['?', '#']).next().unwrap_or_default();
        if is_file(path) {
            named.push_str(&format!("./~{hash}/{relative}"));
        } else {
            named.push_str(address);
        }
        rest = after;
    }
    named.push_str(rest);
    named
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::preload::{imports, resolve};

    /// A folder of its own, removed on drop.
    struct Scratch(PathBuf);

    impl Scratch {
        fn with(files: &[(&str, &str)]) -> Scratch {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("tickwire-files-{}-{number}", std::process::id());
            let scratch = Scratch(std::env::temp_dir().join(name));
            for (path, text) in files {
                let path = scratch.0.join(path);
                fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
                fs::write(path, text).expect("it can be written");
            }
            scratch
        }

        fn page(&self) -> Result<Files, String> {
            self.page_of("")
        }

        fn page_of(&self, repository: &str) -> Result<Files, String> {
            of_page(&self.0.join("public"), &self.0.join("a.wasm"), repository, None)
                .map_err(|error| error.to_string())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_document_names_its_files_in_the_hashed_folder_and_nothing_else() {
        let is_file = |path: &str| ["main.js", "hud/hud.css", "icon.svg"].contains(&path);
        for (before, after) in [
            (r#"<script src="main.js">"#, r#"<script src="./~7/main.js">"#),
            (r#"<script src="./main.js?x=1#y">"#, r#"<script src="./~7/main.js?x=1#y">"#),
            ("<link href='hud/hud.css'>", "<link href='./~7/hud/hud.css'>"),
            ("<link href=icon.svg>", "<link href=./~7/icon.svg>"),
            (r#"<a href="/main.js">"#, r#"<a href="/main.js">"#),
            (r#"<a href="https://a.example/main.js">"#, r#"<a href="https://a.example/main.js">"#),
            (r##"<a href="#main.js">"##, r##"<a href="#main.js">"##),
            (r#"<a href="other.js">"#, r#"<a href="other.js">"#),
            (r#"<a data-src="main.js" src="#, r#"<a data-src="main.js" src="#),
        ] {
            assert_eq!(name_hashed(before, "7", is_file), after);
        }
        let both = r#"<link href="icon.svg"><script src="main.js"></script>"#;
        let named = r#"<link href="./~7/icon.svg"><script src="./~7/main.js"></script>"#;
        assert_eq!(name_hashed(both, "7", is_file), named);
    }

    #[test]
    fn a_page_has_its_files_and_its_wasm_and_another_hash_when_any_of_them_changes() {
        let files = [
            ("a.wasm", "wasm"),
            (
                "public/index.html",
                r#"<script type=module src="main.js"></script><a href="about.html">"#,
            ),
            ("public/about.html", "<p>"),
            ("public/main.js", "// a\nlet b;\n"),
            ("public/draw/c.css", "/* a */\n"),
            ("public/.hidden", ""),
        ];
        let scratch = Scratch::with(&files);
        let page = scratch.page().expect("it is whole");
        let is_of_kit = |path: &&str| kit::FILES.iter().any(|(name, _)| name == path);
        let paths = page.files.keys().map(String::as_str);
        let paths: Vec<&str> = paths.filter(|path| !is_of_kit(path)).collect();
        assert_eq!(paths, ["about.html", "draw/c.css", "index.html", "main.js", "tickwire.wasm"]);
        assert_eq!(page.files["main.js"].bytes, b"\nlet b;\n");
        assert!(page.files["tickwire.wasm"].is_of_kit && !page.files["main.js"].is_of_kit);
        let index = format!(
            "<link rel=\"modulepreload\" href=\"./~{0}/main.js\" />\n\
             <script type=module src=\"./~{0}/main.js\"></script><a href=\"about.html\">",
            page.hash
        );
        assert_eq!(page.files["index.html"].bytes, index.as_bytes());
        assert_eq!(scratch.page().expect("it is whole").hash, page.hash);
        for changed in ["a.wasm", "public/index.html", "public/main.js"] {
            let mut files = files;
            let file = files.iter_mut().find(|(path, _)| *path == changed).expect("it is one");
            file.1 = "let other;";
            assert_ne!(Scratch::with(&files).page().expect("whole").hash, page.hash, "{changed}");
        }
    }

    #[test]
    fn the_generic_page_says_whether_there_are_rules_and_names_files_that_are_there() {
        let scratch = Scratch::with(&[("a.wasm", "wasm")]);
        let generic = of_generic_page(&scratch.0.join("a.wasm"), None).expect("it is whole");
        let viewer = of_viewer().expect("it is whole");
        let text = |files: &Files, name: &str| {
            String::from_utf8(files.files[name].bytes.clone()).expect("text")
        };
        for (files, name, has_rules) in [
            (&generic, "index.html", true),
            (&viewer, "index.html", false),
            (&viewer, "lab.html", true),
            (&viewer, "lab-plain.html", false),
        ] {
            let document = text(files, name);
            assert_eq!(document.contains(kit::RULES), has_rules, "{name}");
            assert_eq!(document.contains(kit::NO_RULES), !has_rules, "{name}");
            let hashed = format!("./~{}/viewer/", files.hash);
            assert!(document.contains(&hashed), "{name}: {document}");
        }
        assert!(generic.files.contains_key(WASM) && !viewer.files.contains_key(WASM));
        // Each module that another one imports is there.
        for (name, content) in viewer.files.iter().filter(|(name, _)| name.ends_with(".js")) {
            let script = String::from_utf8_lossy(&content.bytes);
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            for path in imports(&script).filter_map(|named| resolve(folder, named)) {
                assert!(viewer.files.contains_key(&path), "{name} imports {path}");
            }
        }
    }

    #[test]
    fn what_a_document_names_by_its_hash_stays_as_it_is() {
        let script = "// a\n  b();\n";
        let files = [
            ("a.wasm", "wasm"),
            ("public/index.html", r#"<script src="main.js" integrity="sha384-x"></script>"#),
            ("public/main.js", script),
        ];
        let page = Scratch::with(&files).page().expect("it is whole");
        assert_eq!(page.files["main.js"].bytes, script.as_bytes());
    }

    #[test]
    fn the_documents_at_the_top_name_the_repository_of_the_game() {
        let document = "<link rel=icon href=icon.svg>";
        let files = [
            ("a.wasm", "wasm"),
            ("public/index.html", document),
            ("public/docs/index.html", document),
            ("public/icon.svg", ""),
        ];
        let scratch = Scratch::with(&files);
        let named = |page: &Files, path: &str| {
            String::from_utf8_lossy(&page.files[path].bytes).contains("rel=\"code-repository\"")
        };
        let page = scratch.page_of("https://example.org/ann/tag").expect("it is whole");
        assert!(named(&page, "index.html") && !named(&page, "docs/index.html"));
        assert!(!named(&scratch.page().expect("it is whole"), "index.html"));
    }

    #[test]
    fn a_file_of_the_page_takes_the_place_of_one_of_the_kit() {
        let mut files = vec![("a.wasm", "wasm"), ("public/index.html", "")];
        let own = kit::FILES.iter().map(|(name, _)| format!("public/{name}"));
        let own: Vec<String> = own.chain(["public/tickwire.wasm".to_owned()]).collect();
        files.extend(own.iter().map(|path| (path.as_str(), "own")));
        let page = Scratch::with(&files).page().expect("it is whole");
        for path in own {
            let content = &page.files[path.trim_start_matches("public/")];
            assert!(content.bytes.starts_with(b"own") && !content.is_of_kit, "{path}");
        }
    }

    #[test]
    fn a_page_that_nobody_could_open_is_an_error_that_names_the_file() {
        let no_index = Scratch::with(&[("a.wasm", ""), ("public/main.js", "")]);
        assert!(no_index.page().is_err_and(|error| error.contains("index.html")));
        let no_folder = Scratch::with(&[("a.wasm", "")]);
        assert!(no_folder.page().is_err_and(|error| error.contains("public")));
        let files = [("a.wasm", ""), ("public/index.html", ""), ("public/a b.png", "")];
        assert!(Scratch::with(&files).page().is_err_and(|error| error.contains("a b.png")));
    }
}
