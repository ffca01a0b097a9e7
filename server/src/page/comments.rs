//! Takes the comments out of scripts and styles that have lines of their own.
//!
//! It knows no grammar: a comment that begins within a line of code stays, and no text of ours may
//! have a line that looks like one. Code after a comment on one line it would lose or misjudge, so
//! that is an error; only what `JSDoc` says of an expression (`/** @type {X} */ (y)`) stays with
//! it. Used by the build; the server has it for its test.

/// The same with comments empty, line by line; or the number of a line that has code after a
/// comment.
pub(crate) fn removed(source: &str) -> Result<String, usize> {
    let mut light = String::with_capacity(source.len());
    let mut is_within = false;
    for (line, number) in source.lines().zip(1..) {
        let trimmed = line.trim();
        let is_comment = is_within || trimmed.starts_with("/*");
        if is_comment {
            // What begins it does not end it.
            let inside = if is_within { trimmed } else { &trimmed[2..] };
            let after = inside.split_once("*/").map(|(_, after)| after.trim());
            match after {
                None => is_within = true,
                Some("") => is_within = false,
                Some(_) if !is_within && inside.starts_with("* @") => light.push_str(line),
                Some(_) => return Err(number),
            }
        } else if !trimmed.starts_with("//") {
            light.push_str(line);
        }
        light.push('\n');
    }
    Ok(light)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_code_and_line_numbers_stay() {
        let source = "// a\nlet x = 1; // b\n/** c */\n/**\n * d\n */\n\
                      f(/** @type {X} */ (y));\n/** @private */ z();\n  // e\nurl(https://e.f)\n";
        let light = "\nlet x = 1; // b\n\n\n\n\n\
                     f(/** @type {X} */ (y));\n/** @private */ z();\n\nurl(https://e.f)\n";
        assert_eq!(removed(source).as_deref(), Ok(light));
    }

    #[test]
    fn code_after_a_comment_on_its_line_is_an_error() {
        for (source, line) in [
            ("x\n/* a */ y();\n", 2),
            ("/*\n * a\n */ y();\n", 3),
            ("/* a */ y(); /* b */\n", 1),
            ("/** a */ y();\n", 1),
        ] {
            assert_eq!(removed(source), Err(line), "{source}");
        }
    }

    #[test]
    fn what_jsdoc_says_of_an_expression_stays() {
        let source = "/** @type {X} */ (y).z(); /* a */\n/** @private */ z();\n";
        assert_eq!(removed(source).as_deref(), Ok(source));
    }
}
