//! What a test does with a tab of any browser: it opens pages, asks in JavaScript what they show, and
//! plays by keys and mouse. Tests of one browser alone use more of it than that.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::poll;

/// One tab of a browser, apart from all others: they share neither storage nor connections.
pub trait Tab {
    /// Goes to a URL.
    ///
    /// # Panics
    /// When nothing answers there.
    fn open(&self, url: &str);

    /// The value of an expression of JavaScript, awaited if it is a promise.
    ///
    /// # Errors
    /// What it throws.
    fn try_eval(&self, script: &str) -> Result<Value, String>;

    /// Presses a key and holds it.
    fn key_down(&self, key: Key);

    /// Lets a key go.
    fn key_up(&self, key: Key);

    /// Moves the mouse to a place of the page, in CSS pixels, or presses (`mousePressed`) or lets go
    /// (`mouseReleased`) its left button there.
    fn mouse(&self, what: &str, x: f64, y: f64);

    /// Saves what it shows as PNG.
    fn screenshot(&self, path: &Path);

    /// Takes what its console showed in red so far.
    #[must_use]
    fn take_faults(&self) -> Vec<String>;

    /// The value of an expression of JavaScript, awaited if it is a promise.
    ///
    /// # Panics
    /// When it throws.
    #[must_use]
    fn eval(&self, script: &str) -> Value {
        self.try_eval(script).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until an expression is neither false, null nor thrown, and gives its value.
    ///
    /// # Panics
    /// When it does not come true in time.
    fn wait_until(&self, script: &str, give_up: Duration) -> Value {
        let mut last = Err("it was never asked".to_owned());
        let found = poll(give_up, || {
            last = self.try_eval(script);
            last.clone().ok().filter(|value| !value.is_null() && *value != Value::Bool(false))
        });
        found.unwrap_or_else(|| {
            let state = self.try_eval("window.tickwire?.state()");
            let faults = self.take_faults();
            panic!("not within {give_up:?}: {script}\n{last:?}\nstate {state:?}\n{faults:#?}")
        })
    }

    /// Presses a key and lets it go.
    fn press(&self, key: Key) {
        self.key_down(key);
        self.key_up(key);
    }

    /// Clicks on the middle of an element, by its id.
    ///
    /// # Panics
    /// When there is none.
    fn click(&self, id: &str) {
        let of_box = format!("document.getElementById({id:?}).getBoundingClientRect()");
        let middle = |side: &str, size: &str| {
            let place = self.eval(&format!("{of_box}.{side} + {of_box}.{size} / 2"));
            place.as_f64().expect("a place is a number")
        };
        let (x, y) = (middle("x", "width"), middle("y", "height"));
        for what in ["mouseMoved", "mousePressed", "mouseReleased"] {
            self.mouse(what, x, y);
        }
    }
}

/// A key of the keyboard, as a page sees it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// What it types or does: `w`, `ArrowUp`.
    pub key: &'static str,
    /// Where it lies: `KeyW`, `ArrowUp`.
    pub code: &'static str,
    /// The number that old pages know it by.
    pub number: u16,
}
