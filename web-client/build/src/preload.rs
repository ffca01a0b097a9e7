//! Adds `modulepreload` and `preload` links to a document, so that a distant browser requests all modules and
//! the wasm at once, and does not discover them import by import, a round trip each.
//!
//! [`crate::files`] calls it for the documents at the top. The links are hints: a wrong one costs bytes, a
//! missing one a round trip.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::tags;
use crate::files::{PageContent, WASM};

/// The module that loads the wasm.
const LOADS_WASM: &str = "game.js";

/// What to preload for a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preloads {
    /// Paths of modules, without those that the document preloads itself.
    modules: BTreeSet<String>,
    /// Whether the modules load the wasm.
    has_wasm: bool,
}

impl Preloads {
    /// The static imports of the document's module scripts, followed through these files.
    pub(crate) fn of(document: &str, files: &BTreeMap<String, PageContent>) -> Preloads {
        let tags = tags(document);
        let paths = |is: &dyn Fn(&crate::document::HtmlTag) -> bool| {
            let named = tags.iter().filter(|tag| is(tag)).filter_map(|tag| tag.path());
            named.map(str::to_owned).collect::<Vec<String>>()
        };
        let mut modules = BTreeSet::new();
        let mut pending = paths(&|tag| tag.is_module());
        while let Some(path) = pending.pop() {
            let Some(content) = files.get(&path) else { continue };
            if modules.insert(path.clone()) {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let source = String::from_utf8_lossy(&content.bytes);
                pending.extend(imports(&source).filter_map(|named| resolve(folder, named)));
            }
        }
        let has_wasm = files.contains_key(WASM)
            && files.get(LOADS_WASM).is_some_and(|content| content.is_of_kit)
            && modules.contains(LOADS_WASM);
        let named = paths(&|tag| tag.name == "link");
        for path in &named {
            modules.remove(path);
        }
        Preloads { modules, has_wasm: has_wasm && !named.iter().any(|path| path == WASM) }
    }

    /// Replaces the modules by those of the bundled document. Whether it loads the wasm stays as it was: the
    /// module that does so is inside the bundle.
    pub(crate) fn take_modules_of(&mut self, bundled: Preloads) {
        self.modules = bundled.modules;
    }

    /// Returns the document with the links before its first script or link. The wasm is first: it is the
    /// largest file, and the first request uses the connection that is already open.
    pub(crate) fn add_to(&self, document: &str) -> String {
        let Some(first) = tags(document).into_iter().next() else { return document.to_owned() };
        let (before, after) = document.split_at(first.range.start);
        let indent = &before[before.trim_end_matches([' ', '\t']).len()..];
        let wasm = self.has_wasm.then(|| {
            format!(r#"<link rel="preload" href="{WASM}" as="fetch" type="application/wasm" crossorigin />"#)
        });
        let module = |path| format!(r#"<link rel="modulepreload" href="{path}" />"#);
        let links = wasm.into_iter().chain(self.modules.iter().map(module));
        let links: String = links.map(|link| format!("{link}\n{indent}")).collect();
        format!("{before}{links}{after}")
    }
}

/// The specifiers of a module's static imports, or what looks like them.
pub(crate) fn imports(source: &str) -> impl Iterator<Item = &str> {
    let is_word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    ["from", "import"].into_iter().flat_map(move |word| {
        source.match_indices(word).filter_map(move |(at, _)| {
            if is_word(at.checked_sub(1).map(|before| source.as_bytes()[before])) {
                return None;
            }
            let after = source[at + word.len()..].trim_start();
            let quote = after.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
            after[1..].split(quote).next()
        })
    })
}

/// The path that a relative specifier in a module of this folder means; `None` for other specifiers.
pub(crate) fn resolve(folder: &str, named: &str) -> Option<String> {
    if !named.starts_with("./") && !named.starts_with("../") {
        return None;
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in named.split('/') {
        match step {
            "." => {}
            ".." => drop(steps.pop()?),
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, PageContent> {
        let content = |path: &str, text: &str| PageContent {
            bytes: text.as_bytes().to_vec(),
            is_of_kit: path == LOADS_WASM,
        };
        all.iter().map(|&(path, text)| (path.to_owned(), content(path, text))).collect()
    }

    #[test]
    fn a_document_preloads_its_static_imports_and_its_wasm_before_all_else() {
        let files = files(&[
            (
                "main.js",
                "import { a } from './a/one.js';\nimport \"./game.js\";\nimport(\"./later.js\");",
            ),
            ("a/one.js", "export { b } from \"../two.js\";\nimport three from 'three';"),
            (
                "two.js",
                "import \"./a/one.js\"; import \"./missing.js\"; import \"../../outside.js\";",
            ),
            ("game.js", ""),
            ("later.js", ""),
            ("tickwire.wasm", ""),
        ]);
        let document =
            "<p>\n  <link rel=modulepreload href=two.js><script type=module src=main.js></script>";
        let added = Preloads::of(document, &files).add_to(document);
        let expected = r#"<p>
  <link rel="preload" href="tickwire.wasm" as="fetch" type="application/wasm" crossorigin />
  <link rel="modulepreload" href="a/one.js" />
  <link rel="modulepreload" href="game.js" />
  <link rel="modulepreload" href="main.js" />
  "#;
        assert_eq!(added, expected.to_owned() + &document[6..]);
    }

    #[test]
    fn a_document_without_modules_or_without_the_wasm_stays_as_it_is() {
        let files = files(&[("main.js", "fetch(\"./game.js\")"), ("game.js", "")]);
        for document in
            ["<p>", "<script src=main.js></script>", "<script type=module src=/main.js></script>"]
        {
            assert_eq!(Preloads::of(document, &files).add_to(document), document);
        }
        let document = "<script type=module src=main.js></script>";
        let added = Preloads::of(document, &files).add_to(document);
        assert_eq!(added, format!("<link rel=\"modulepreload\" href=\"main.js\" />\n{document}"));
    }
}
