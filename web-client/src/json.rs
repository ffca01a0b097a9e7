//! [`Json`]: texts for the page, written by hand.
//!
//! It writes and never reads. serde_json would do the same for 30 kB of wasm more, a tenth of
//! the page. Used by `texts` and `value`.

use std::fmt::Write;

/// A JSON text that is being written.
#[derive(Debug, Default)]
pub(crate) struct Json(String);

impl Json {
    /// A list or an object, with what `fill` writes in it.
    pub(crate) fn list(&mut self, fill: impl FnOnce(&mut Json)) {
        self.enclosed('[', ']', fill);
    }

    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Json)) {
        self.enclosed('{', '}', fill);
    }

    fn enclosed(&mut self, open: char, close: char, fill: impl FnOnce(&mut Json)) {
        self.begin_value();
        self.0.push(open);
        fill(self);
        self.0.push(close);
    }

    /// The key of the value that is to follow.
    pub(crate) fn key(&mut self, name: &str) -> &mut Json {
        self.text(name);
        self.0.push(':');
        self
    }

    /// Not-a-number and infinities have no JSON.
    #[inline(never)]
    pub(crate) fn number(&mut self, value: f64) {
        self.begin_value();
        if value.is_finite() {
            // A String takes all.
            let _ = write!(self.0, "{value}");
        } else {
            self.0.push_str("null");
        }
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) {
        self.begin_value();
        self.0.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => self.0.extend(['\\', char]),
                '\0'..='\x1f' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(char));
                }
                _ => self.0.push(char),
            }
        }
        self.0.push('"');
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.word(if value { "true" } else { "false" });
    }

    pub(crate) fn null(&mut self) {
        self.word("null");
    }

    fn word(&mut self, word: &str) {
        self.begin_value();
        self.0.push_str(word);
    }

    /// A comma, unless this is the first value within something or follows its key.
    #[inline(never)]
    fn begin_value(&mut self) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'[' | b'{' | b':')) {
            self.0.push(',');
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write_stays_text() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("name").text("a\"b\\c\n</é");
            json.key("list").list(|json| {
                json.number(1.0);
                json.number(0.5);
                json.number(f64::NAN);
                json.object(|_| {});
                json.flag(true);
            });
        });
        let text = String::from_utf8(json.into_bytes()).unwrap();
        assert_eq!(text, r#"{"name":"a\"b\\c\u000a</é","list":[1,0.5,null,{},true]}"#);
    }
}
