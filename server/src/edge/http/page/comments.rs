//! Strips comments that stand on their own lines from scripts and styles.
//!
//! It knows no grammar: a comment that begins within a line of code stays, and a string literal must
//! not contain a line that looks like a comment. Code after a comment on the same line is an error,
//! since it would be lost; only `JSDoc` annotations of an expression (`/** @type {X} */ (y)`) stay. The
//! build script uses it; the server includes it for its tests.

/// Replaces comments by empty lines, so that line numbers stay.
///
/// # Errors
/// The number of a line that has code after a comment.
pub(crate) fn strip_comments(source: &str) -> Result<String, usize> {
    let mut stripped = String::with_capacity(source.len());
    let mut is_within = false;
    for (line, number) in source.lines().zip(1..) {
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
                Some(_) => return Err(number),
            }
        } else if !trimmed.starts_with("//") {
            stripped.push_str(line);
        }
        stripped.push('\n');
    }
    Ok(stripped)
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
        assert_eq!(strip_comments(source).as_deref(), Ok(light));
    }

    #[test]
    fn code_after_a_comment_on_its_line_is_an_error() {
        for (source, line) in [
            ("x\n/* a */ y();\n", 2),
            ("/*\n * a\n */ y();\n", 3),
            ("/* a */ y(); /* b */\n", 1),
            ("/** a */ y();\n", 1),
        ] {
            assert_eq!(strip_comments(source), Err(line), "{source}");
        }
    }

    #[test]
    fn jsdoc_annotations_of_an_expression_stay() {
        let source = "/** @type {X} */ (y).z(); /* a */\n/** @private */ z();\n";
        assert_eq!(strip_comments(source).as_deref(), Ok(source));
    }
}
