//! Strips comments that stand on their own lines from scripts and styles.
//!
//! It knows no grammar: a comment that begins within a line of code stays, and so does all of a file in
//! which a line could be something else than it looks like: code after a comment on the same line, a
//! template literal of several lines, and licences (`/*!`, `@license`), which must be passed on. `JSDoc`
//! annotations of an expression (`/** @type {X} */ (y)`) stay. [`crate::files`] uses it.

/// Replaces comments by empty lines, so that line numbers stay; `None` for a file that stays as it is.
pub(crate) fn strip_comments(source: &str) -> Option<String> {
    if ["/*!", "@license", "@preserve"].iter().any(|mark| source.contains(mark)) {
        return None;
    }
    let mut stripped = String::with_capacity(source.len());
    let mut is_within = false;
    for line in source.lines() {
        let trimmed = line.trim();
        let is_comment = is_within || trimmed.starts_with("/*");
        if is_comment {
            // The `/*` that begins a comment must not be read as its end.
            let inside = if is_within { trimmed } else { &trimmed[2..] };
            let after = inside.split_once("*/").map(|(_, after)| after.trim());
            match after {
                None => is_within = true,
                Some("") => is_within = false,
                Some(_) if !is_within && inside.starts_with("* @") => stripped.push_str(line),
                Some(_) => return None,
            }
        } else if !trimmed.starts_with("//") {
            if line.matches('`').count() % 2 == 1 {
                return None;
            }
            stripped.push_str(line);
        }
        stripped.push('\n');
    }
    Some(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_removed_and_code_and_line_numbers_stay() {
        let source = "// a\nlet x = 1; // b\n/** c */\n/**\n * d\n */\n\
                      f(/** @type {X} */ (y));\n/** @private */ z();\n  // e\nurl(https://e.f)\n";
        let light = "\nlet x = 1; // b\n\n\n\n\n\
                     f(/** @type {X} */ (y));\n/** @private */ z();\n\nurl(https://e.f)\n";
        assert_eq!(strip_comments(source).as_deref(), Some(light));
    }

    #[test]
    fn a_file_stays_as_it_is_where_a_line_could_be_something_else_than_a_comment() {
        for source in [
            "x\n/* a */ y();\n",
            "/*\n * a\n */ y();\n",
            "/* a */ y(); /* b */\n",
            "/** a */ y();\n",
            "let text = `\n// no comment\n`;\n",
            "/*! by somebody */\nx();\n",
            "// @license MIT\nx();\n",
        ] {
            assert_eq!(strip_comments(source), None, "{source}");
        }
        let one_line = "let text = `//`; // a `word`\n";
        assert_eq!(strip_comments(one_line).as_deref(), Some(one_line));
    }

    #[test]
    fn jsdoc_annotations_of_an_expression_stay() {
        let source = "/** @type {X} */ (y).z(); /* a */\n/** @private */ z();\n";
        assert_eq!(strip_comments(source).as_deref(), Some(source));
    }
}
