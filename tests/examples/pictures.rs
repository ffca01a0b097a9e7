//! Pictures of Skirmish's page in each of its states at eleven sizes, from a desktop's screen to a small
//! phone's, and of each state one sheet with all sizes, to be looked at before and after a change.
//!
//! ```text
//! cargo run -p tests --example pictures -- after
//! cargo run -p tests --example pictures -- before --program ../old/target/release/tickwire
//! cargo run -p tests --example pictures -- after -- --web-dir ../edited
//! ```
//!
//! It takes about three minutes. A phone's and a tablet's page is touched, a desktop's has keys and a
//! mouse. Bots fight by themselves, so no two runs give the same picture.

#![expect(clippy::print_stdout, reason = "where the pictures are is all that it says")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tests::real::{Browser, Finger, GIVE_UP, Key, Page, Server};

/// Width and height in CSS pixels, and whether it is a touch screen.
const SIZES: [(u32, u32, bool); 11] = [
    (1920, 1080, false),
    (1366, 768, false),
    (768, 1024, true),
    (820, 1180, true),
    (1024, 768, true),
    (390, 844, true),
    (844, 390, true),
    (667, 375, true),
    (640, 360, true),
    (360, 640, true),
    (320, 568, true),
];
/// Of the sheets, in CSS pixels.
const SHEET_WIDTH: u32 = 1440;
/// All pictures have the same area on a sheet, in square pixels.
const SHEET_PICTURE_AREA: f64 = 110_000.0;

/// For the page to lay itself out anew.
const SETTLE: Duration = Duration::from_millis(300);
/// For the ship to get going.
const FLIGHT: Duration = Duration::from_millis(900);
/// Until the demo behind the start page is in full swing.
const DEMO: Duration = Duration::from_secs(3);
/// No ship that lies still lives so long among many.
const LIFE_MAX: Duration = Duration::from_secs(90);
/// Rounds are short and the pause after them is not: one may be missed.
const ROUND_OVER: Duration = Duration::from_secs(90);

const D: Key = Key { key: "d", code: "KeyD", number: 68 };
const E: Key = Key { key: "e", code: "KeyE", number: 69 };
const N: Key = Key { key: "n", code: "KeyN", number: 78 };

#[derive(Parser)]
struct Options {
    /// The folder to write to
    folder: PathBuf,
    /// The server's program; by default that of this workspace
    #[arg(long)]
    program: Option<PathBuf>,
    /// Which states, separated by commas; all if it is not given
    #[arg(long, value_delimiter = ',')]
    states: Vec<State>,
    /// Further arguments of the server, after `--`
    #[arg(last = true)]
    server: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Start,
    Fight,
    Death,
    Result,
    Spectate,
    /// Server's view on a long path
    ServerView,
    /// The same, with the network panel open
    Network,
    Settings,
}

impl State {
    fn name(self) -> String {
        let value = self.to_possible_value().expect("all states have a name");
        value.get_name().to_owned()
    }

    /// What the page is opened with.
    fn query(self) -> &'static str {
        match self {
            State::Start => "/",
            State::Fight | State::Death | State::Settings => "/?play&name=Ann&room=fight",
            State::Result => "/?play&name=Ann&room=short",
            State::Spectate => "/?spectate&room=fight",
            State::ServerView | State::Network => {
                "/?play&name=Ann&room=fight&server-view=1&latency=150"
            }
        }
    }
}

/// One state's page, and where its pictures go.
struct Studio<'b> {
    page: Page<'b>,
    state: State,
    folder: &'b Path,
}

impl Studio<'_> {
    fn wait(&self, script: &str) {
        self.page.wait_until(script, GIVE_UP);
    }

    /// Waits until the own ship flies.
    fn wait_until_alive(&self) {
        self.wait("tickwire.state().me?.alive && tickwire.state().snapshots > 15");
    }

    fn is(&self, script: &str) -> bool {
        self.page.eval(&format!("Boolean({script})")) == true
    }

    fn resize(&self, (width, height, touch): (u32, u32, bool)) {
        if touch {
            self.page.become_phone(width, height);
        } else {
            self.page.become_screen(width, height);
        }
    }

    fn shoot(&self, size: (u32, u32, bool)) {
        self.page.screenshot(&self.folder.join(picture_name(self.state, size)));
    }

    /// Flies and fires, by thumbs or by keys and mouse.
    fn play(&self, (width, height, touch): (u32, u32, bool)) {
        let (width, height) = (f64::from(width), f64::from(height));
        if touch {
            let (left, right, y) = (width * 0.18, width * 0.82, height - 110.0);
            let down = [Finger { id: 1, x: left, y }, Finger { id: 2, x: right, y }];
            let held = [
                Finger { id: 1, x: left + 30.0, y: y - 10.0 },
                Finger { id: 2, x: right + 20.0, y: y - 30.0 },
            ];
            self.page.touch(&down);
            self.page.touch(&held);
        } else {
            self.page.key_down(D);
            self.page.mouse("mousePressed", width * 0.7, height * 0.4);
        }
    }

    /// Lets go of everything.
    fn rest(&self, (_, _, touch): (u32, u32, bool)) {
        if touch {
            self.page.touch(&[]);
        } else {
            self.page.key_up(D);
            self.page.mouse("mouseReleased", 10.0, 400.0);
        }
    }

    /// One tap or click, so that the page knows what it is used by.
    fn touch_once(&self, size: (u32, u32, bool)) {
        self.play(size);
        self.rest(size);
    }

    /// A picture of the ship in flight: a new one when it was destroyed meanwhile.
    fn shoot_flying(&self, size: (u32, u32, bool)) {
        loop {
            self.wait_until_alive();
            self.play(size);
            sleep(FLIGHT);
            self.shoot(size);
            self.rest(size);
            if self.is("tickwire.state().me?.alive") {
                break;
            }
        }
    }

    /// Pictures of a state that stands for a moment only: those that it was over for are taken anew when it
    /// comes again.
    fn shoot_while(&self, size: (u32, u32, bool), script: &str, give_up: Duration) {
        loop {
            self.page.wait_until(script, give_up);
            self.touch_once(size);
            sleep(SETTLE);
            self.shoot(size);
            if self.is(script) {
                break;
            }
        }
    }

    /// Opens the page as a screen of this size finds it.
    fn open(&self, url: &str, size: (u32, u32, bool)) {
        self.resize(size);
        self.page.open(url);
        match self.state {
            State::Start => self.wait("document.getElementById('play')?.disabled === false"),
            State::Spectate => {
                self.wait("tickwire.state().entities > 5");
                self.page.press(E);
            }
            _ => self.wait_until_alive(),
        }
        if self.state == State::Network {
            self.page.press(N);
        }
    }

    /// All sizes, by one page for screens and one for touch screens.
    fn shoot_all(&self, url: &str) {
        let mut opened = None;
        for size in SIZES {
            if opened != Some(size.2) || self.state == State::Start {
                self.open(url, size);
                opened = Some(size.2);
            }
            self.resize(size);
            self.shoot_state(size);
        }
    }

    fn shoot_state(&self, size: (u32, u32, bool)) {
        match self.state {
            State::Start => {
                sleep(DEMO);
                self.shoot(size);
            }
            State::Fight | State::ServerView | State::Network => self.shoot_flying(size),
            State::Death => {
                self.shoot_while(size, "tickwire.state().me?.alive === false", LIFE_MAX);
            }
            State::Result => self.shoot_while(size, "tickwire.state().me?.truce", ROUND_OVER),
            State::Spectate => {
                sleep(SETTLE);
                self.shoot(size);
            }
            State::Settings => {
                let press = |what: &str| {
                    self.page.eval(&format!("void document.querySelector('{what}').click()"))
                };
                let _ = press("#hud .settings-open");
                sleep(SETTLE);
                self.shoot(size);
                let _ = press("#settings-close");
            }
        }
    }
}

fn picture_name(state: State, (width, height, _): (u32, u32, bool)) -> String {
    format!("{}-{width}x{height}.png", state.name())
}

/// All pictures of a state on one.
fn sheet(browser: &Browser, folder: &Path, state: State) -> PathBuf {
    let mut html = "<!doctype html><meta charset=utf-8><style>
        body { margin: 8px; display: flex; flex-wrap: wrap; gap: 8px; background: #555; color: #fff;
               font: 13px sans-serif }
        figure { margin: 0 } img { display: block }</style>"
        .to_owned();
    for size in SIZES {
        let (width, height, touch) = size;
        let (file, kind) = (picture_name(state, size), if touch { " touch" } else { "" });
        let scale = (SHEET_PICTURE_AREA / f64::from(width) / f64::from(height)).sqrt();
        let shown = f64::from(width) * scale;
        let _ = write!(
            html,
            "<figure>{width}x{height}{kind}<img src={file} width={shown:.0}></figure>"
        );
    }
    let source = folder.join(format!("{}.html", state.name()));
    fs::write(&source, html).expect("the folder can be written");
    let page = browser.page();
    page.become_screen(SHEET_WIDTH, 800);
    page.open(&format!("file://{}", source.display()));
    page.wait_until(
        "document.images.length === 11 && [...document.images].every((image) => image.complete)",
        GIVE_UP,
    );
    let height = page.eval("document.documentElement.scrollHeight").as_u64();
    let height = height.and_then(|height| u32::try_from(height).ok()).expect("a page has a height");
    page.become_screen(SHEET_WIDTH, height);
    let path = folder.join(format!("all-{}.png", state.name()));
    page.screenshot(&path);
    fs::remove_file(&source).expect("it was written a moment ago");
    path
}

fn main() {
    let options = Options::parse();
    let Some(browser) = Browser::start() else { return };
    fs::create_dir_all(&options.folder).expect("the folder can be made");
    let folder = options.folder.canonicalize().expect("the folder is there");
    let states = match &options.states[..] {
        [] => State::value_variants(),
        chosen => chosen,
    };
    let start = |settings: &[&str]| {
        let further = options.server.iter().map(String::as_str);
        let settings: Vec<&str> = settings.iter().copied().chain(further).collect();
        match &options.program {
            Some(program) => Server::start_program(program, &settings),
            None => Server::start(&settings),
        }
    };
    let common = ["--fill", "8", "--seed", "1", "--bot-skill", "hard"];
    let server = start(&common);
    // An idle ship does not last long there.
    let crowd = start(&["--fill", "24", "--seed", "1", "--bot-skill", "hard"]);
    let short = start(&[&common[..], &["--settings", r#"{"round_s":30}"#]].concat());
    for &state in states {
        let studio = Studio { page: browser.page(), state, folder: &folder };
        let server = match state {
            State::Result => &short,
            State::Death => &crowd,
            _ => &server,
        };
        studio.shoot_all(&server.url(state.query()));
        println!("{}", sheet(&browser, &folder, state).display());
    }
}
