//! Bundles the modules and the styles of a page, with `WEB_CLIENT=bundle`: a distant browser then requests one
//! script and one style sheet instead of up to a hundred files.
//!
//! esbuild does the work; `npx` downloads it, with the program for this machine. Documents at the top name
//! the bundles instead of the bundled files. All files are still served: for pages of other origins and for
//! workers. An import whose name is only known at run time is left as it is, and so is relative to the document:
//! `docs/client.md` says what that means. [`crate::files`] calls it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::document::{HtmlTag, tags};
use crate::files::PageContent;

/// The bundler, pinned to the version that was tested.
const ESBUILD: &str = "esbuild@0.28.2";

/// Folders of esbuild's input and output.
const SOURCES: &str = "sources";
const BUNDLES: &str = "bundles";

/// Folder of the style sheets that import those of a document. It is hidden, so no file of a page is in it.
const STYLES: &str = ".styles";

/// What to bundle, and the documents that name the bundles.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// By their paths.
    documents: BTreeMap<String, String>,
    /// Paths of the module scripts of documents.
    modules: BTreeSet<String>,
    /// Name of each style bundle, without `.bundle.css`, and the paths of the style sheets in it.
    styles: BTreeMap<String, Vec<String>>,
}

/// Returns the bundles, and the documents that name them. `files` are the original ones, with comments.
/// Intermediate files are left in `folder`.
///
/// # Errors
/// If npx or esbuild is not available, or esbuild fails.
pub(crate) fn bundle(
    files: &BTreeMap<String, PageContent>,
    folder: &Path,
) -> Result<BTreeMap<String, PageContent>, Box<dyn Error>> {
    let plan = Plan::of(files)?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let own = |bytes: Vec<u8>| PageContent { bytes, is_of_kit: false };
    let mut added = BTreeMap::new();
    if !plan.modules.is_empty() || !plan.styles.is_empty() {
        write_sources(&plan, files, &folder.join(SOURCES))?;
        esbuild(&plan, files, folder)?;
        crate::files::collect(&folder.join(BUNDLES), "", &mut |path, bytes| {
            match files.get(&path) {
                None => drop(added.insert(path, own(bytes))),
                // An image that a style sheet names: esbuild writes it to its old path.
                Some(there) if there.bytes == bytes => {}
                Some(_) => return Err(format!("a file has the name of a bundle: {path}").into()),
            }
            Ok(())
        })?;
    }
    added.extend(plan.documents.into_iter().map(|(path, text)| (path, own(text.into_bytes()))));
    Ok(added)
}

impl Plan {
    /// # Errors
    /// If the bundles of two modules would have the same name.
    fn of(files: &BTreeMap<String, PageContent>) -> Result<Plan, Box<dyn Error>> {
        let mut plan = Plan::default();
        let is_document = |path: &str| path.ends_with(".html") && !path.contains('/');
        for (path, content) in files.iter().filter(|(path, _)| is_document(path)) {
            let text =
                std::str::from_utf8(&content.bytes).map_err(|error| format!("{path}: {error}"))?;
            let document = plan.with_bundles(path, text, files);
            plan.documents.insert(path.clone(), document);
        }
        let mut names = BTreeMap::new();
        for module in &plan.modules {
            if let Some(other) = names.insert(bundle_of(module), module) {
                let name = bundle_of(module);
                return Err(format!("{other} and {module} would both be bundled as {name}").into());
            }
        }
        Ok(plan)
    }

    /// Adds the modules and styles of a document to the plan. Returns the document that names their bundles.
    fn with_bundles(
        &mut self,
        document_path: &str,
        document: &str,
        files: &BTreeMap<String, PageContent>,
    ) -> String {
        let is_file = |tag: &HtmlTag| tag.path().is_some_and(|path| files.contains_key(path));
        let is_style = |tag: &HtmlTag| {
            tag.is_link("stylesheet") && tag.has_only(&["rel", "href", "type"]) && is_file(tag)
        };
        let stem = document_path.trim_end_matches(".html");
        let (mut text, mut copied) = (String::with_capacity(document.len()), 0);
        // The last style bundle, and where its last link ends. Only adjacent style sheets share a bundle: their
        // order decides which of them wins.
        let mut current: Option<(String, usize)> = None;
        for tag in tags(document) {
            let follows = |end: usize| document[end..tag.range.start].trim().is_empty();
            if is_style(&tag) {
                let path = tag.path().expect("it names a file").to_owned();
                match current.take().filter(|&(_, end)| follows(end)) {
                    Some((name, _)) => {
                        self.styles.entry(name.clone()).or_default().push(path);
                        current = Some((name, tag.range.end));
                    }
                    None => {
                        let number = self.styles.keys().filter(|name| is_of(name, stem)).count();
                        let name = match number {
                            0 => stem.to_owned(),
                            number => format!("{stem}.{}", number + 1),
                        };
                        text.push_str(&document[copied..tag.range.start]);
                        text.push_str(&format!(
                            r#"<link rel="stylesheet" href="{name}.bundle.css" />"#
                        ));
                        self.styles.insert(name.clone(), vec![path]);
                        current = Some((name, tag.range.end));
                    }
                }
                copied = tag.range.end;
            } else if tag.is_module() && is_file(&tag) {
                let path = tag.path().expect("it names a file");
                let place = tag.place("src").expect("it has one");
                text.push_str(&document[copied..place.start]);
                text.push_str(&bundle_of(path));
                copied = place.end;
                self.modules.insert(path.to_owned());
            } else if tag.is_link("modulepreload") && is_file(&tag) {
                // It is in a bundle, which is preloaded instead.
                text.push_str(&document[copied..tag.range.start]);
                copied = tag.range.end;
            }
        }
        text.push_str(&document[copied..]);
        text
    }

    /// esbuild's entry points, relative to its input folder.
    fn entries(&self) -> impl Iterator<Item = String> {
        let styles = self.styles.keys().map(|name| format!("{STYLES}/{name}.css"));
        self.modules.iter().map(|path| format!("./{path}")).chain(styles)
    }
}

/// Whether a style bundle belongs to the document with this stem.
fn is_of(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The path of a module's bundle. It is always at the top, where most files are that modules find by
/// `import.meta.url`.
fn bundle_of(module: &str) -> String {
    let name = module.rsplit('/').next().unwrap_or(module);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.bundle.js")
}

/// Writes esbuild's input.
fn write_sources(
    plan: &Plan,
    files: &BTreeMap<String, PageContent>,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let write = |path: &str, bytes: &[u8]| -> Result<(), Box<dyn Error>> {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
        Ok(fs::write(path, bytes)?)
    };
    for (path, content) in files {
        match extension(path) {
            "js" | "mjs" if path.contains('/') => {
                let source = String::from_utf8(content.bytes.clone())
                    .map_err(|error| format!("{path}: {error}"))?;
                write(path, at_the_top(path, &source).as_bytes())?;
            }
            _ => write(path, &content.bytes)?,
        }
    }
    for (name, paths) in &plan.styles {
        let imports: String =
            paths.iter().map(|path| format!("@import \"../{path}\";\n")).collect();
        write(&format!("{STYLES}/{name}.css"), imports.as_bytes())?;
    }
    // Otherwise a package.json in a folder above applies, whose `sideEffects` may drop modules.
    write("package.json", b"{}")
}

/// The source of a module from a subfolder for a bundle at the top: `import.meta.url` keeps its value.
fn at_the_top(path: &str, source: &str) -> String {
    source.replace("import.meta.url", &format!("new URL(\"{path}\", import.meta.url).href"))
}

/// Runs esbuild.
fn esbuild(
    plan: &Plan,
    files: &BTreeMap<String, PageContent>,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let mut npx = Command::new(if cfg!(windows) { "npx.cmd" } else { "npx" });
    npx.args(["--yes", "--prefer-offline", ESBUILD]).args(plan.entries());
    npx.args(["--bundle", "--format=esm", "--splitting", "--minify", "--charset=utf8"]);
    npx.args(["--entry-names=[name].bundle", "--chunk-names=[name]-[hash].bundle"]);
    // Images and fonts that style sheets name keep their paths.
    npx.args(["--outbase=.", "--asset-names=[dir]/[name]"]);
    let known = ["", "js", "mjs", "ts", "css", "json", "wasm"];
    let extensions: BTreeSet<&str> = files.keys().map(|path| extension(path)).collect();
    for extension in extensions.into_iter().filter(|extension| !known.contains(extension)) {
        npx.arg(format!("--loader:.{extension}=file"));
    }
    // Ignores a tsconfig.json in a folder above.
    npx.args(["--tsconfig-raw={}", "--log-level=warning", "--color=false"]);
    npx.arg(format!("--outdir=../{BUNDLES}"));
    let output = npx
        .current_dir(folder.join(SOURCES))
        .output()
        .map_err(|error| format!("WEB_CLIENT=bundle needs npx of Node's npm: npx: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    // The build output contains all of it.
    #[allow(clippy::print_stderr, reason = "cargo shows it if the build fails")]
    if !said.is_empty() {
        eprintln!("{said}");
    }
    if output.status.success() {
        return Ok(());
    }
    let first = said.lines().find(|line| line.to_ascii_lowercase().contains("error"));
    let first = first.unwrap_or("no error in its output").trim();
    Err(format!("WEB_CLIENT=bundle: npx {ESBUILD} failed: {first}").into())
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, PageContent> {
        let content =
            |text: &str| PageContent { bytes: text.as_bytes().to_vec(), is_of_kit: false };
        all.iter().map(|&(path, text)| (path.to_owned(), content(text))).collect()
    }

    #[test]
    fn a_document_names_one_script_and_one_style_in_place_of_its_own() {
        let index = "<link rel=\"stylesheet\" href=\"a.css\" />\n  <link rel=stylesheet href=./hud/b.css>\n\
            <link rel=modulepreload href=js/main.js><script type=\"module\" src=\"js/main.js?1\"></script>\n\
            <script src=other.js></script><script type=module src=//far.example/x.js></script>";
        let about = "<link rel=stylesheet href=a.css><link rel=stylesheet href=print.css media=print>\
            <link rel=stylesheet href=a.css><link rel=stylesheet href=missing.css>";
        let files = files(&[
            ("index.html", index),
            ("about.html", about),
            ("below/index.html", index),
            ("js/main.js", ""),
            ("other.js", ""),
            ("a.css", ""),
            ("hud/b.css", ""),
            ("print.css", ""),
        ]);
        let plan = Plan::of(&files).expect("it can be bundled");
        let expected = "<link rel=\"stylesheet\" href=\"index.bundle.css\" />\n\
            <script type=\"module\" src=\"main.bundle.js\"></script>\n\
            <script src=other.js></script><script type=module src=//far.example/x.js></script>";
        assert_eq!(plan.documents["index.html"], expected);
        let expected = "<link rel=\"stylesheet\" href=\"about.bundle.css\" />\
            <link rel=stylesheet href=print.css media=print>\
            <link rel=\"stylesheet\" href=\"about.2.bundle.css\" /><link rel=stylesheet href=missing.css>";
        assert_eq!(plan.documents["about.html"], expected);
        assert_eq!(plan.documents.len(), 2);
        let entries: Vec<String> = plan.entries().collect();
        let styles = [".styles/about.css", ".styles/about.2.css", ".styles/index.css"];
        assert_eq!(entries, [&["./js/main.js"][..], &styles].concat());
        assert_eq!(plan.styles["index"], ["a.css", "hud/b.css"]);
    }

    #[test]
    fn two_modules_of_one_name_are_an_error_that_names_both() {
        let script = |path: &str| format!("<script type=module src={path}></script>");
        let index = script("a/main.js") + &script("b/main.js");
        let files = files(&[("index.html", &index), ("a/main.js", ""), ("b/main.js", "")]);
        let error = Plan::of(&files).expect_err("one would replace the other").to_string();
        assert!(error.contains("a/main.js") && error.contains("b/main.js"), "{error}");
    }

    #[test]
    fn a_page_without_modules_and_styles_needs_nothing() {
        let files = files(&[("index.html", "<p>")]);
        let out = std::env::temp_dir().join(format!("tickwire-nothing-{}", std::process::id()));
        let bundled = bundle(&files, &out).expect("there is nothing to do");
        assert_eq!(bundled, files);
        assert!(!out.exists());
    }

    #[test]
    fn a_module_below_the_top_keeps_its_address_in_a_bundle_at_the_top() {
        let source = "new Worker(new URL('w.js', import.meta.url)); import.meta.url.length;";
        let moved = "new Worker(new URL('w.js', new URL(\"a/b.js\", import.meta.url).href)); \
                     new URL(\"a/b.js\", import.meta.url).href.length;";
        assert_eq!(at_the_top("a/b.js", source), moved);
    }
}
