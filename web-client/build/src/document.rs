//! Finds the `<script>` and `<link>` tags of an HTML document: [`crate::bundle`] replaces some,
//! [`crate::preload`] adds some.
//!
//! It is no HTML parser: it skips comments and the text of scripts, and reads attributes.

use std::ops::Range;

/// One `<script>` or `<link>`: its start tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HtmlTag {
    /// `script` or `link`.
    pub(crate) name: &'static str,
    /// Its bytes in the document, including `<` and `>`.
    pub(crate) range: Range<usize>,
    attributes: Vec<Attribute>,
}

#[derive(Debug, PartialEq, Eq)]
struct Attribute {
    /// In lower case.
    name: String,
    value: String,
    /// The bytes of the value in the document, without quotes.
    range: Range<usize>,
}

impl HtmlTag {
    /// The value of an attribute, empty if it has none; `None` without the attribute. The name is in
    /// lower case.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(|attribute| attribute.value.as_str())
    }

    /// The bytes of an attribute's value in the document.
    pub(crate) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.attribute(name).map(|attribute| attribute.range.clone())
    }

    /// Whether it has no other attributes than these.
    pub(crate) fn has_only(&self, names: &[&str]) -> bool {
        self.attributes.iter().all(|attribute| names.contains(&attribute.name.as_str()))
    }

    /// Whether it is a module script.
    pub(crate) fn is_module(&self) -> bool {
        self.name == "script" && self.value("type") == Some("module")
    }

    /// Whether it is a link whose `rel` is this alone.
    pub(crate) fn is_link(&self, kind: &str) -> bool {
        self.name == "link" && self.value("rel").is_some_and(|rel| rel.eq_ignore_ascii_case(kind))
    }

    /// The path in its `src` or `href`, without `./`, query and fragment.
    pub(crate) fn path(&self) -> Option<&str> {
        let address = self.value(if self.name == "script" { "src" } else { "href" })?;
        let relative = address.strip_prefix("./").unwrap_or(address);
        relative.split(['?', '#']).next().filter(|path| !path.is_empty())
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// The scripts and links of a document, in its order.
pub(crate) fn tags(document: &str) -> Vec<HtmlTag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = document[at..].find('<') {
        at += found;
        let rest = &document[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            at += comment.find("-->").map_or(rest.len(), |end| end + "<!---->".len());
            continue;
        }
        let Some(name) = ["script", "link"].into_iter().find(|name| begins_with(rest, name)) else {
            at += 1;
            continue;
        };
        let (attributes, end) = attributes(document, at + 1 + name.len());
        tags.push(HtmlTag { name, range: at..end, attributes });
        at = end;
        if name == "script" {
            // Its text may hold any other tag.
            let end = document[at..].to_ascii_lowercase().find("</script");
            at += end.unwrap_or(document.len() - at);
        }
    }
    tags
}

/// Whether a text begins with a start tag of this name.
fn begins_with(text: &str, name: &str) -> bool {
    let tag = text.get(1..=name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name));
    let after = text.as_bytes().get(1 + name.len());
    tag && after.is_none_or(|after| after.is_ascii_whitespace() || b"/>".contains(after))
}

/// The attributes from this position in a tag on, and the end of the tag.
fn attributes(document: &str, mut at: usize) -> (Vec<Attribute>, usize) {
    let bytes = document.as_bytes();
    let until = |from: usize, ends: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|&byte| ends(byte)).map_or(bytes.len(), |found| from + found)
    };
    let mut attributes = Vec::new();
    loop {
        at = until(at, &|byte| !byte.is_ascii_whitespace() && byte != b'/');
        match bytes.get(at) {
            None => return (attributes, at),
            Some(b'>') => return (attributes, at + 1),
            Some(_) => {}
        }
        let end = until(at + 1, &|byte| byte.is_ascii_whitespace() || b"=/>".contains(&byte));
        let name = document[at..end].to_ascii_lowercase();
        at = until(end, &|byte| !byte.is_ascii_whitespace());
        let mut range = end..end;
        if bytes.get(at) == Some(&b'=') {
            at = until(at + 1, &|byte| !byte.is_ascii_whitespace());
            match bytes.get(at) {
                Some(&quote @ (b'"' | b'\'')) => {
                    range = at + 1..until(at + 1, &|byte| byte == quote);
                    at = bytes.len().min(range.end + 1);
                }
                _ => {
                    range = at..until(at, &|byte| byte.is_ascii_whitespace() || byte == b'>');
                    at = range.end;
                }
            }
        }
        attributes.push(Attribute { name, value: document[range.clone()].to_owned(), range });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_links_are_found_however_they_are_written() {
        let document = "<!doctype html><!-- <script src=a.js></script> --><LINK rel=stylesheet href=a.css>\n\
            <link\n rel='modulepreload'\n HREF = \"./b.js?x\" /><linked href=c><script type=\"module\" async \
            src='d.js'></script><script>\"<link href=e>\"</script><link";
        let found = tags(document);
        let paths: Vec<_> = found.iter().map(|tag| (tag.name, tag.path())).collect();
        let expected = [
            ("link", Some("a.css")),
            ("link", Some("b.js")),
            ("script", Some("d.js")),
            ("script", None),
            ("link", None),
        ];
        assert_eq!(paths, expected);
        assert!(found[0].is_link("stylesheet") && found[0].has_only(&["rel", "href"]));
        assert!(found[1].is_link("modulepreload") && !found[1].is_module());
        assert!(found[2].is_module() && !found[2].has_only(&["type", "src"]));
        assert_eq!(found[2].value("async"), Some(""));
        assert_eq!(&document[found[2].place("src").expect("it has one")], "d.js");
        assert_eq!(&document[found[0].range.clone()], "<LINK rel=stylesheet href=a.css>");
    }

    #[test]
    fn what_never_ends_is_read_to_the_end() {
        for document in
            ["<", "<!--", "<script", "<script a=\"", "<script>é", "<link href", "é<linké"]
        {
            assert!(tags(document).len() <= 1, "{document}");
        }
    }
}
