//! Takes the comments out of scripts and styles that have lines of their own.
//!
//! It knows no grammar: a comment that begins or ends within a line of code stays, and no text of
//! ours may have a line that looks like one. Used by the build; the server has it for its test.

/// The same with comments empty, line by line.
pub(crate) fn removed(source: &str) -> String {
    let mut light = String::with_capacity(source.len());
    let mut is_within = false;
    for line in source.lines() {
        let trimmed = line.trim();
        let begins = !is_within && trimmed.starts_with("/*");
        let is_comment = is_within
            || trimmed.starts_with("//")
            || begins && (!trimmed.contains("*/") || trimmed.ends_with("*/"));
        if is_within || (begins && is_comment) {
            is_within = !trimmed.ends_with("*/");
        }
        if !is_comment {
            light.push_str(line);
        }
        light.push('\n');
    }
    light
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
        assert_eq!(removed(source), light);
    }
}
