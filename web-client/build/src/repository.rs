//! Says in a document where the source of its game is: by `<link rel="code-repository">`, from `repository` in the
//! `Cargo.toml` of the package whose build script builds the page.
//!
//! A page may show links to it, or not; without a repository the document stays as it is. [`crate::files`] calls
//! it for the documents at the top.

use crate::document::tags;

/// The document with the link before its first script or link, if there is a repository on the web.
pub(crate) fn add_to(document: &str, repository: &str) -> String {
    let is_web = ["https://", "http://"].iter().any(|scheme| repository.starts_with(scheme));
    let first = tags(document).into_iter().next();
    let (true, Some(first)) = (is_web, first) else { return document.to_owned() };
    let (before, after) = document.split_at(first.range.start);
    let indent = &before[before.trim_end_matches([' ', '\t']).len()..];
    let address = repository.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!("{before}<link rel=\"code-repository\" href=\"{address}\" />\n{indent}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "<head>\n  <link rel=icon href=icon.svg>\n</head>";

    #[test]
    fn a_document_names_the_repository_in_its_head() {
        let named = add_to(DOCUMENT, "https://example.org/ann/tag");
        let expected = "<head>\n  <link rel=\"code-repository\" href=\"https://example.org/ann/tag\" />\n  \
                        <link rel=icon href=icon.svg>\n</head>";
        assert_eq!(named, expected);
        let odd = add_to(DOCUMENT, "https://example.org/?a=\"><script>&b");
        assert!(odd.contains("href=\"https://example.org/?a=&quot;>&lt;script>&amp;b\""), "{odd}");
        assert_eq!(tags(&odd).len(), 2, "nothing gets out of its attribute");
    }

    #[test]
    fn without_a_repository_on_the_web_a_document_stays_as_it_is() {
        for repository in ["", "git@example.org:ann/tag.git", "javascript:alert(1)", "ann/tag"] {
            assert_eq!(add_to(DOCUMENT, repository), DOCUMENT, "{repository}");
        }
        assert_eq!(add_to("<p>", "https://example.org/ann/tag"), "<p>");
    }
}
