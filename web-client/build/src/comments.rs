//! Strips comments and indentation from scripts and styles: of what a page loads they are a third, and of no
//! use in the browser.
//!
//! It knows no grammar, and leaves what could be something else than it looks like. All of a file stays in
//! which there is code after a comment of several lines, a template literal of several lines, or a word of a
//! licence, which must be passed on. Within a line of a script a comment goes if no quote stands before it.
//! Line numbers stay. [`crate::files`] uses it.

/// Replaces comments by empty lines, so that line numbers stay; `None` for a file that stays as it is. In
/// styles `//` is no comment, and a comment within a line parts nothing.
pub(crate) fn strip_comments(source: &str, language: Language) -> Option<String> {
    let is_script = language == Language::Script;
    let lower = source.to_lowercase();
    let licences = ["/*!", "licen", "@preserve", "copyright", "spdx-"];
    // Other ends of a line than those that are looked for here.
    let ends = ["\u{2028}", "\u{2029}", "\r"];
    let source = source.replace("\r\n", "\n");
    if licences.iter().any(|mark| lower.contains(mark))
        || ends.iter().any(|end| source.contains(end))
    {
        return None;
    }
    let mut stripped = String::with_capacity(source.len());
    let mut is_within = false;
    // A string that goes on in the next line has the blanks at its beginning.
    let mut goes_on = false;
    for line in source.lines() {
        let trimmed = line.trim();
        let begins = !goes_on && trimmed.starts_with("/*") && !trimmed.starts_with("/*#");
        // The `/*` that begins a comment must not be read as its end.
        let inside = if begins { &trimmed[2..] } else { trimmed };
        let after = inside.split_once("*/").map(|(_, after)| after.trim());
        // An annotation of the expression behind it is within a line of code.
        let annotates = is_script && begins && inside.starts_with("* @") && after != Some("");
        if is_within || (begins && !(annotates && after.is_some())) {
            match after {
                None => is_within = true,
                Some("") => is_within = false,
                Some(_) => return None,
            }
        } else if goes_on || !is_script || !trimmed.starts_with("//") || trimmed.starts_with("//#")
        {
            if leaves_a_comment_open(line) || (is_script && may_leave_a_template_open(line)) {
                return None;
            }
            let at = stripped.len();
            match (goes_on, is_script) {
                (true, _) => stripped.push_str(line),
                (false, true) => stripped.push_str(without_comments(trimmed).trim_end()),
                (false, false) => stripped.push_str(trimmed),
            }
            goes_on = stripped[at..].ends_with('\\');
        }
        stripped.push('\n');
    }
    Some(stripped)
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Script,
    Style,
}

/// Whether a comment that begins in this line, or what looks like one, does not end in it.
fn leaves_a_comment_open(line: &str) -> bool {
    line.rsplit_once("/*").is_some_and(|(_, after)| !after.contains("*/"))
}

/// A line of code without the comments in it, up to the first quote: what comes after may be a string.
fn without_comments(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['/', '"', '\'', '`']) {
        let (code, from) = rest.split_at(at);
        kept.push_str(code);
        rest = from;
        if let Some((_, after)) = from.strip_prefix("/*").and_then(|inside| inside.split_once("*/"))
        {
            // It parts words as a blank does.
            kept.push(' ');
            rest = after.trim_start();
        } else if from.starts_with("// ") && code.ends_with(' ') {
            return kept;
        } else {
            // A string, or a slash that may begin a regular expression.
            break;
        }
    }
    kept + rest
}

/// Whether a template literal that begins in this line may not end in it.
fn may_leave_a_template_open(line: &str) -> bool {
    // In a string it begins none.
    if ["\"`\"", "'`'"].iter().any(|quoted| line.contains(quoted)) {
        return true;
    }
    // What is open, the innermost last: a template by its quote, an expression in one by its brace.
    let mut open = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (open.last(), letter) {
            (Some('`'), '\\') => drop(letters.next()),
            (Some('`'), '`') => drop(open.pop()),
            (Some('`'), '$') if letters.peek() == Some(&'{') => {
                letters.next();
                open.push('{');
            }
            (Some('`'), _) => {}
            (_, '`') => open.push('`'),
            (Some('{'), '{') => open.push('{'),
            (Some('{'), '}') => drop(open.pop()),
            _ => {}
        }
    }
    !open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_are_removed_and_code_and_line_numbers_stay() {
        let source = "// a\nlet x = 1; // b\n/** c */\n/**\n * d\n */\n  {\n    y;\n  }\n\
                      f(/** @type {X} */ (y));\n/** @private */ z();\n  // e\nurl(https://e.f)\n";
        let light = "\nlet x = 1;\n\n\n\n\n{\ny;\n}\n\
                     f( (y));\n z();\n\nurl(https://e.f)\n";
        assert_eq!(strip_comments(source, Language::Script).as_deref(), Some(light));
    }

    #[test]
    fn what_may_be_a_string_or_an_expression_stays() {
        for source in [
            "say(\"a // b\"); // c\n",
            "say('/* a */');\n",
            "let text = `//`; // a `word`\n",
            "let text = `${all.map((one) => `<${one}>`)} // a`;\n",
            "split(/a // b/);\n",
            "let half = x / 2; /* a */\n",
            "let a = \"b \\\n    // c \\\n  d\";\n",
            "x();\n//# sourceMappingURL=x.js.map\n",
        ] {
            assert_eq!(strip_comments(source, Language::Script).as_deref(), Some(source));
        }
    }

    #[test]
    fn a_file_stays_as_it_is_where_a_line_could_be_something_else_than_a_comment() {
        for source in [
            "x\n/* a */ y();\n",
            "/*\n * a\n */ y();\n",
            "/* a */ y(); /* b */\n",
            "/** a */ y();\n",
            "x(); /* a\n// b */ y();\n",
            "/** @type {any} */ (y); /* a\n// b */\n",
            "let a = \"b \\\n  /* c\";\n",
            "let tick = \"`\" +\n// x\n\"`\";\n",
            "x(); // a\u{2028}y();\n",
            "x(); // a\ry();\n",
            "// Copyright somebody\nx();\n",
            "// SPDX-License-Identifier: MIT\nx();\n",
            "let text = `\n// no comment\n`;\n",
            "let text = `a ${`b\n  c`}`;\n",
            "let text = `a ${b(\n  c)}`;\n",
            "/*! by somebody */\nx();\n",
            "// @license MIT\nx();\n",
        ] {
            assert_eq!(strip_comments(source, Language::Script), None, "{source}");
        }
    }

    #[test]
    fn annotations_of_an_expression_go_and_leave_it_whole() {
        let source = "return /** @type {X} */ (y).z(); /* a */\n/** @private */ z();\n\
                      a /** @type {X} */(b);\n";
        let light = "return  (y).z();\n z();\na  (b);\n";
        assert_eq!(strip_comments(source, Language::Script).as_deref(), Some(light));
    }

    #[test]
    fn a_string_that_goes_on_behind_an_annotation_keeps_its_blanks() {
        let source = "/** @type {any} */ (e).t = \"a \\\n    b\";\n";
        let light = " (e).t = \"a \\\n    b\";\n";
        assert_eq!(strip_comments(source, Language::Script).as_deref(), Some(light));
        let source = "x(); // C:\\\n  // a\n  y();\n";
        assert_eq!(strip_comments(source, Language::Script).as_deref(), Some("x();\n\ny();\n"));
    }

    #[test]
    fn of_styles_only_comments_on_lines_of_their_own_go() {
        let source = "/* a\n * b\n */\n.a/**/.b { c: d } // e\n  f { }\n//g\n/* h */\n";
        let light = "\n\n\n.a/**/.b { c: d } // e\nf { }\n//g\n\n";
        assert_eq!(strip_comments(source, Language::Style).as_deref(), Some(light));
    }
}
