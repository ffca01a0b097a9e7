//! People's browsers: a headless Firefox, driven by WebDriver BiDi as a person would by keys and mouse.
//!
//! It has the verbs that a test of any browser needs ([`Tab`]), and no others.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::browser::{find, fresh_profile, save_picture, text};
use super::devtools::Devtools;
use super::process::Process;
use super::tab::{Key, Tab};
use super::{GIVE_UP, poll, say};

/// A running Firefox with a profile of its own, which goes with it.
pub struct Firefox {
    wire: RefCell<Devtools>,
    process: RefCell<Process>,
    profile: PathBuf,
}

/// One window with a container of its own. A tab beside others would be hidden behind them.
pub struct FirefoxPage<'f> {
    firefox: &'f Firefox,
    /// What BiDi calls the window's tab.
    context: String,
}

impl Firefox {
    /// Starts one; `None`, with one line that says so, where there is no Firefox. With
    /// `FIREFOX_REQUIRED=1` in the environment that is a failure.
    #[must_use]
    pub fn start() -> Option<Firefox> {
        let Some(firefox) = find("FIREFOX", &["firefox-esr", "firefox"]) else {
            assert!(
                env::var_os("FIREFOX_REQUIRED").is_none_or(|required| required != "1"),
                "no Firefox found, though FIREFOX_REQUIRED=1"
            );
            say("skipped: no Firefox found (install it, or set FIREFOX)");
            return None;
        };
        let profile = fresh_profile("firefox");
        let mut command = Command::new(firefox);
        // Under root it refuses another user's home.
        command.env("HOME", &profile);
        command.args(["--headless", "--no-remote", "--remote-debugging-port=0", "--profile"]);
        command.arg(&profile).arg("about:blank");
        let process = Process::start("Firefox", &mut command);
        // Firefox writes where it listens into its profile.
        let port = poll(GIVE_UP, || {
            let place = fs::read(profile.join("WebDriverBiDiServer.json")).ok()?;
            let place: Value = serde_json::from_slice(&place).ok()?;
            u16::try_from(place["ws_port"].as_u64()?).ok()
        });
        let port = port.unwrap_or_else(|| panic!("Firefox does not start:\n{}", process.log()));
        let wire = RefCell::new(Devtools::connect(port, "/session"));
        let firefox = Firefox { wire, process: RefCell::new(process), profile };
        firefox.command("session.new", json!({ "capabilities": {} }));
        firefox.command("session.subscribe", json!({ "events": ["log.entryAdded"] }));
        Some(firefox)
    }

    /// A new page, empty yet, of 1280 by 800 CSS pixels.
    ///
    /// # Panics
    /// When Firefox does not do what it is asked to.
    #[must_use]
    pub fn page(&self) -> FirefoxPage<'_> {
        let container = self.command("browser.createUserContext", json!({}));
        let window = json!({ "type": "window", "userContext": container["userContext"] });
        let context = text(&self.command("browsingContext.create", window)["context"]);
        let page = FirefoxPage { firefox: self, context };
        page.command(
            "browsingContext.setViewport",
            json!({ "viewport": { "width": 1280, "height": 800 }, "devicePixelRatio": 1.0 }),
        );
        page
    }

    fn command(&self, method: &str, params: Value) -> Value {
        self.wire
            .borrow_mut()
            .command(None, method, params)
            .unwrap_or_else(|error| panic!("Firefox: {error}"))
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        // Asked to go it takes its own children along; one that does not is killed.
        let _ = self.wire.borrow_mut().command(None, "browser.close", json!({}));
        let process = self.process.get_mut();
        if poll(Duration::from_secs(5), || process.ended()).is_none() {
            process.kill();
        }
        // Its last children may still write while they die.
        poll(Duration::from_secs(2), || fs::remove_dir_all(&self.profile).ok());
    }
}

impl FirefoxPage<'_> {
    fn command(&self, method: &str, mut params: Value) -> Value {
        params["context"] = json!(self.context);
        self.firefox.command(method, params)
    }

    /// Has a device do these actions, one after the other. What it held before it still holds.
    fn act(&self, mut device: Value, actions: &[Value]) {
        // Only in the window in front does Enter press a button.
        self.command("browsingContext.activate", json!({}));
        device["actions"] = json!(actions);
        self.command("input.performActions", json!({ "actions": [device] }));
    }
}

impl Tab for FirefoxPage<'_> {
    fn open(&self, url: &str) {
        self.command("browsingContext.navigate", json!({ "url": url, "wait": "interactive" }));
    }

    fn try_eval(&self, script: &str) -> Result<Value, String> {
        // As text, since BiDi writes values with their types.
        let script = format!("(async () => JSON.stringify((await ({script})) ?? null))()");
        let params = json!({
            "expression": script, "awaitPromise": true, "target": { "context": self.context },
        });
        let answer = self.firefox.wire.borrow_mut().command(None, "script.evaluate", params)?;
        let thrown = &answer["exceptionDetails"];
        if !thrown.is_null() {
            return Err(thrown["text"].as_str().unwrap_or("it throws").to_owned());
        }
        let value = answer["result"]["value"].as_str().ok_or("it has no value")?;
        serde_json::from_str(value).map_err(|error| error.to_string())
    }

    fn key_down(&self, key: Key) {
        self.act(keyboard(), &[json!({ "type": "keyDown", "value": typed(key) })]);
    }

    fn key_up(&self, key: Key) {
        self.act(keyboard(), &[json!({ "type": "keyUp", "value": typed(key) })]);
    }

    fn mouse(&self, what: &str, x: f64, y: f64) {
        let mouse =
            json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" } });
        let to = json!({ "type": "pointerMove", "x": x.round(), "y": y.round() });
        let then = match what {
            "mousePressed" => vec![json!({ "type": "pointerDown", "button": 0 })],
            "mouseReleased" => vec![json!({ "type": "pointerUp", "button": 0 })],
            _ => Vec::new(),
        };
        self.act(mouse, &[vec![to], then].concat());
    }

    fn screenshot(&self, path: &Path) {
        save_picture(&self.command("browsingContext.captureScreenshot", json!({})), path);
    }

    fn take_faults(&self) -> Vec<String> {
        // Events are read on the way to an answer: ask for anything, to have read them all.
        let _ = self.try_eval("0");
        self.firefox.wire.borrow_mut().take_faults(&self.context)
    }
}

fn keyboard() -> Value {
    json!({ "type": "key", "id": "keyboard" })
}

/// What WebDriver calls a key: by what it types, or by a number for what types nothing.
fn typed(key: Key) -> &'static str {
    match key.key {
        "Enter" => "\u{e007}",
        "Escape" => "\u{e00c}",
        typed if typed.chars().count() == 1 => typed,
        other => panic!("no test has pressed {other} in Firefox yet: name it here"),
    }
}
