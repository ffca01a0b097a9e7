//! People's browsers: a headless Chromium, driven as a person would by keys, mouse and fingers,
//! and asked in JavaScript what it shows.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::devtools::Devtools;
use super::process::Process;
use super::tab::{Key, Tab};
use super::{GIVE_UP, poll, say, target};

/// A running Chromium with a profile of its own, which goes with it.
pub struct Browser {
    devtools: RefCell<Devtools>,
    process: RefCell<Process>,
    profile: PathBuf,
}

/// One tab, apart from all others unless it is of the browser's own profile: they share neither storage
/// nor connections.
pub struct Page<'b> {
    browser: &'b Browser,
    /// What is its own; `None` for a tab of the profile.
    context: Option<String>,
    target: String,
    session: String,
    /// Which are on its screen.
    fingers: RefCell<Vec<Finger>>,
}

/// One finger on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Finger {
    /// Which one: the same from its coming down until it is lifted.
    pub id: u8,
    /// Where it is, in CSS pixels.
    pub x: f64,
    pub y: f64,
}

impl Browser {
    /// Starts one; `None`, with one line that says so, where there is no Chromium. With
    /// `CHROMIUM_REQUIRED=1` in the environment that is a failure.
    #[must_use]
    pub fn start() -> Option<Browser> {
        let Some(chromium) = find("CHROMIUM", &CHROMIUMS) else {
            assert!(
                env::var_os("CHROMIUM_REQUIRED").is_none_or(|required| required != "1"),
                "no Chromium found, though CHROMIUM_REQUIRED=1"
            );
            say("skipped: no Chromium found (install it, or set CHROMIUM)");
            return None;
        };
        let profile = fresh_profile("chromium");
        let mut command = Command::new(chromium);
        command.args([
            "--headless",
            "--no-sandbox",
            // Some servers here vouch for themselves.
            "--ignore-certificate-errors",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Several people look at their own screens at a time: none is in the background.
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            "--disable-background-timer-throttling",
            "--disable-dev-shm-usage",
            "--window-size=1280,800",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        let process = Process::start("Chromium", &mut command);
        // Chromium writes where it listens into its profile: the port, then the path.
        let place = poll(GIVE_UP, || {
            let text = fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
            let (port, path) = text.trim().split_once('\n')?;
            Some((port.parse::<u16>().ok()?, path.to_owned()))
        });
        let (port, path) =
            place.unwrap_or_else(|| panic!("Chromium does not start:\n{}", process.log()));
        let devtools = RefCell::new(Devtools::connect(port, &path));
        Some(Browser { devtools, process: RefCell::new(process), profile })
    }

    /// A new page, empty yet.
    ///
    /// # Panics
    /// When Chromium does not do what it is asked to.
    #[must_use]
    pub fn page(&self) -> Page<'_> {
        let context = self.command(None, "Target.createBrowserContext", json!({}));
        self.page_in(Some(text(&context["browserContextId"])))
    }

    /// A new page of the browser's profile: it finds what pages of that left there, such as files that
    /// they loaded.
    ///
    /// # Panics
    /// When Chromium does not do what it is asked to.
    #[must_use]
    pub fn page_of_profile(&self) -> Page<'_> {
        self.page_in(None)
    }

    fn page_in(&self, context: Option<String>) -> Page<'_> {
        let mut target = json!({ "url": "about:blank" });
        if let Some(context) = &context {
            target["browserContextId"] = json!(context);
        }
        let target = text(&self.command(None, "Target.createTarget", target)["targetId"]);
        self.attach(context, target)
    }

    fn attach(&self, context: Option<String>, target: String) -> Page<'_> {
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = self.command(None, "Target.attachToTarget", attach);
        let session = text(&attached["sessionId"]);
        let page = Page { browser: self, context, target, session, fingers: RefCell::default() };
        for domain in ["Page", "Runtime", "Log"] {
            page.command(&format!("{domain}.enable"), json!({}));
        }
        page.command("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        page
    }

    fn command(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.devtools
            .borrow_mut()
            .command(session, method, params)
            .unwrap_or_else(|error| panic!("Chromium: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to go it takes its own children along; one that does not is killed.
        let _ = self.devtools.borrow_mut().command(None, "Browser.close", json!({}));
        let process = self.process.get_mut();
        let closed = poll(Duration::from_secs(5), || process.ended());
        if closed.is_none() {
            process.kill();
        }
        // Its last children may still write while they die.
        poll(Duration::from_secs(2), || fs::remove_dir_all(&self.profile).ok());
    }
}

impl Page<'_> {
    /// Goes to a URL.
    ///
    /// # Panics
    /// When nothing answers there.
    pub fn open(&self, url: &str) {
        let result = self.command("Page.navigate", json!({ "url": url }));
        assert!(result["errorText"].is_null(), "{url} does not open: {}", result["errorText"]);
    }

    /// The value of an expression of JavaScript, awaited if it is a promise.
    ///
    /// # Panics
    /// When it throws.
    #[must_use]
    pub fn eval(&self, script: &str) -> Value {
        self.try_eval(script).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    fn try_eval(&self, script: &str) -> Result<Value, String> {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.browser.devtools.borrow_mut().command(
            Some(&self.session),
            "Runtime.evaluate",
            params,
        )?;
        let thrown = &answer["exceptionDetails"];
        if thrown.is_null() {
            return Ok(answer["result"]["value"].take());
        }
        Err(thrown["exception"]["description"].as_str().unwrap_or("it throws").to_owned())
    }

    /// Waits until an expression is neither false, null nor thrown, and gives its value.
    ///
    /// # Panics
    /// When it does not come true in time.
    pub fn wait_until(&self, script: &str, give_up: Duration) -> Value {
        Tab::wait_until(self, script, give_up)
    }

    /// The address of a module that the page has loaded, by its file's name without the extension: by another
    /// address it would be another instance.
    ///
    /// # Panics
    /// When it has loaded none of that name.
    #[must_use]
    pub fn module(&self, name: &str) -> String {
        let found = self.eval(&format!(
            "performance.getEntriesByType('resource').map(({{ name }}) => name)
                .find((url) => new URL(url).pathname.endsWith('/{name}.js'))"
        ));
        found.as_str().unwrap_or_else(|| panic!("the page has no module {name}")).to_owned()
    }

    /// Presses a key and holds it.
    pub fn key_down(&self, key: Key) {
        self.key("keyDown", key);
    }

    /// Lets a key go.
    pub fn key_up(&self, key: Key) {
        self.key("keyUp", key);
    }

    fn key(&self, what: &str, key: Key) {
        let Key { key, code, number } = key;
        let params = json!({
            "type": what, "key": key, "code": code,
            "windowsVirtualKeyCode": number, "nativeVirtualKeyCode": number,
            // A form is sent by the character that the key types, not by the key.
            "text": if key == "Enter" && what == "keyDown" { "\r" } else { "" },
        });
        self.command("Input.dispatchKeyEvent", params);
    }

    /// Presses a key and lets it go.
    pub fn press(&self, key: Key) {
        self.key_down(key);
        self.key_up(key);
    }

    /// Becomes a screen of this size, in CSS pixels.
    pub fn become_screen(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Becomes a phone: a touch screen of this size, in CSS pixels.
    pub fn become_phone(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        self.command("Emulation.setDeviceMetricsOverride", metrics);
        let touch = json!({ "enabled": true, "maxTouchPoints": 5 });
        self.command("Emulation.setTouchEmulationEnabled", touch);
    }

    /// Puts these fingers on the screen, all others being on it no more: new ones come down, known
    /// ones move, and those that are not named are lifted.
    pub fn touch(&self, fingers: &[Finger]) {
        let mut down = self.fingers.borrow_mut();
        let is_in = |all: &[Finger], one: &Finger| all.iter().any(|finger| finger.id == one.id);
        let lifted: Vec<Finger> =
            down.iter().filter(|finger| !is_in(fingers, finger)).copied().collect();
        let is_new = fingers.iter().any(|finger| !is_in(&down, finger));
        let what = if is_new { "touchStart" } else { "touchMove" };
        for (what, fingers) in [("touchEnd", &lifted[..]), (what, fingers)] {
            let point = |finger: &Finger| json!({ "id": finger.id, "x": finger.x, "y": finger.y });
            let points: Vec<Value> = fingers.iter().map(point).collect();
            if !points.is_empty() {
                let params = json!({ "type": what, "touchPoints": points });
                self.command("Input.dispatchTouchEvent", params);
            }
        }
        *down = fingers.to_vec();
    }

    /// Has a script run in whatever it opens from now on, before anything else does.
    pub fn prepare(&self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Has requests to these addresses fail from now on; `*` stands for anything.
    pub fn block(&self, addresses: &[&str]) {
        self.command("Network.enable", json!({}));
        self.command("Network.setBlockedURLs", json!({ "urls": addresses }));
    }

    /// Has the browser delay each request by a round trip, and receive at most so many bytes per second, as
    /// its developer tools do. Connecting is not delayed.
    pub fn throttle(&self, round_trip_ms: u32, bytes_per_second: u32) {
        self.command("Network.enable", json!({}));
        let conditions = json!({
            "offline": false, "latency": round_trip_ms,
            "downloadThroughput": bytes_per_second, "uploadThroughput": bytes_per_second,
        });
        self.command("Network.emulateNetworkConditions", conditions);
    }

    /// Opens the page that it shows in a second tab, which begins with a copy of what this one has in its session's
    /// storage, as a tab that is duplicated does.
    ///
    /// # Panics
    /// When Chromium opens none.
    #[must_use]
    pub fn duplicate(&self) -> Page<'_> {
        let known = |targets: &Value| -> Vec<String> {
            let targets = targets["targetInfos"].as_array().into_iter().flatten();
            let opened = targets.filter(|target| target["openerId"] == self.target.as_str());
            opened.map(|target| text(&target["targetId"])).collect()
        };
        let targets = || known(&self.browser.command(None, "Target.getTargets", json!({})));
        let before = targets();
        let open = json!({ "expression": "void window.open(location.href)", "userGesture": true });
        self.command("Runtime.evaluate", open);
        let opened = poll(GIVE_UP, || targets().into_iter().find(|one| !before.contains(one)));
        self.browser.attach(None, opened.expect("a second tab"))
    }

    /// Has its process crash, so that nothing of it runs any more; then it can be loaded anew.
    ///
    /// # Panics
    /// When it goes on.
    pub fn crash(&self) {
        let mut devtools = self.browser.devtools.borrow_mut();
        let crashed =
            devtools.command_until(&self.session, "Page.crash", "Inspector.targetCrashed");
        crashed.unwrap_or_else(|error| panic!("Chromium: {error}"));
    }

    /// Cuts it off from the network, as its developer tools do, or lets it back. A connection that was opened before
    /// the first call stays as it is: let it back once before it opens any.
    pub fn set_offline(&self, offline: bool) {
        self.command("Network.enable", json!({}));
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.command("Network.emulateNetworkConditions", conditions);
    }

    /// Loads it anew, as its user does.
    pub fn reload(&self) {
        self.command("Page.reload", json!({}));
    }

    /// Moves the mouse to a place of the page, or presses (`mousePressed`) or lets go
    /// (`mouseReleased`) its left button there.
    pub fn mouse(&self, what: &str, x: f64, y: f64) {
        let pressed = what == "mousePressed";
        let button = if what == "mouseMoved" { "none" } else { "left" };
        let params = json!({
            "type": what, "x": x, "y": y, "button": button,
            "buttons": u8::from(pressed), "clickCount": u8::from(what != "mouseMoved"),
        });
        self.command("Input.dispatchMouseEvent", params);
    }

    /// Saves what it shows: as JPEG if the path ends with `.jpg`, else as PNG.
    ///
    /// # Panics
    /// When there is nothing to be had or no place for it.
    pub fn screenshot(&self, path: &Path) {
        let format = match path.extension().is_some_and(|extension| extension == "jpg") {
            true => json!({ "format": "jpeg", "quality": 86 }),
            false => json!({ "format": "png" }),
        };
        let shot = self.command("Page.captureScreenshot", format);
        save_picture(&shot, path);
    }

    /// What it gives to assistive technology: the nodes of its accessibility tree that are not ignored, as
    /// the protocol of the developer tools has them.
    ///
    /// # Panics
    /// When Chromium has no tree of it.
    #[must_use]
    pub fn accessibility_tree(&self) -> Vec<Value> {
        let mut tree = self.command("Accessibility.getFullAXTree", json!({}));
        let Value::Array(nodes) = tree["nodes"].take() else { panic!("a page has a tree") };
        nodes.into_iter().filter(|node| node["ignored"] == false).collect()
    }

    /// Takes what its console showed in red so far.
    #[must_use]
    pub fn take_faults(&self) -> Vec<String> {
        // Events are read on the way to an answer: ask for anything, to have read them all.
        let _ = self.try_eval("0");
        self.browser.devtools.borrow_mut().take_faults(&self.session)
    }

    fn command(&self, method: &str, params: Value) -> Value {
        self.browser.command(Some(&self.session), method, params)
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // The whole browser may be gone already.
        let mut devtools = self.browser.devtools.borrow_mut();
        let _ = match &self.context {
            // Closes the tab too.
            Some(context) => {
                let context = json!({ "browserContextId": context });
                devtools.command(None, "Target.disposeBrowserContext", context)
            }
            None => {
                devtools.command(None, "Target.closeTarget", json!({ "targetId": self.target }))
            }
        };
    }
}

/// What a test of any browser needs; the page's own verbs do it.
impl Tab for Page<'_> {
    fn open(&self, url: &str) {
        Page::open(self, url);
    }

    fn try_eval(&self, script: &str) -> Result<Value, String> {
        Page::try_eval(self, script)
    }

    fn key_down(&self, key: Key) {
        Page::key_down(self, key);
    }

    fn key_up(&self, key: Key) {
        Page::key_up(self, key);
    }

    fn mouse(&self, what: &str, x: f64, y: f64) {
        Page::mouse(self, what, x, y);
    }

    fn screenshot(&self, path: &Path) {
        Page::screenshot(self, path);
    }

    fn take_faults(&self) -> Vec<String> {
        Page::take_faults(self)
    }
}

/// A name that a browser has given.
pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("a browser names what it makes").to_owned()
}

/// Saves the picture of an answer.
pub(super) fn save_picture(answer: &Value, path: &Path) {
    let picture = answer["data"].as_str().expect("a screenshot has data");
    let picture = data_encoding::BASE64.decode(picture.as_bytes()).expect("the data is base64");
    fs::write(path, picture).expect("a screenshot can be saved");
}

/// Usual names of Chromium.
const CHROMIUMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser: the one that a variable of the environment names, or the first of some names on the path.
pub(super) fn find(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = env::var_os(variable).filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let directories: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|path| path.is_file())
}

/// An empty directory for the profile of a browser of this name.
pub(super) fn fresh_profile(browser: &str) -> PathBuf {
    static PROFILES: AtomicU32 = AtomicU32::new(0);
    let number = PROFILES.fetch_add(1, Ordering::Relaxed);
    let name = format!("{browser}-{}-{number}", std::process::id());
    let profile = target().0.join("tmp").join(name);
    fs::create_dir_all(&profile).expect("the target directory can be written");
    profile
}
