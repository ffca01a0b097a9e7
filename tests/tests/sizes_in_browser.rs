//! The page at all sizes: nothing lies on anything else, whatever notice is shown, all controls can be
//! pressed, by fingers where there are fingers, and all text can be read.
//!
//! `sizes_in_browser/boxes.js` looks; it has the states of the page, and the list of what may lie over what.

use serde_json::Value;
use tests::real::{Browser, GIVE_UP, Page, Server, alone};

/// Looks at the boxes of the page, and brings it into its states.
const BOXES: &str = include_str!("sizes_in_browser/boxes.js");

/// Screens of desktops in CSS pixels, and what is left of them at a zoom of 200 %.
const SCREENS: [(u32, u32); 6] =
    [(1920, 1080), (1366, 768), (960, 540), (683, 384), (640, 480), (640, 360)];
/// Touch screens: tablets, phones both ways, and the largest of those that lie flat.
const TOUCH_SCREENS: [(u32, u32); 10] = [
    (768, 1024),
    (820, 1180),
    (1024, 768),
    (390, 844),
    (844, 390),
    (700, 500),
    (667, 375),
    (640, 360),
    (360, 640),
    (320, 568),
];
/// What is as long as it may be shows where there is too little room.
const QUERY: &str = "name=Commander+Longname+9&room=the-room-with-the-longest-name-9";

/// The page's kinds of states, by the names that `boxes.js` has for them.
#[derive(Clone, Copy)]
enum Part {
    Starting,
    Playing,
    Spectating,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Starting => "starting",
            Part::Playing => "playing",
            Part::Spectating => "spectating",
        }
    }

    fn open(self, page: &Page<'_>, server: &Server) {
        let (url, is_ready) = match self {
            // The settings are loaded behind the start page, after all else.
            Part::Starting => {
                ("/".to_owned(), "document.getElementById('set-keys').firstChild !== null")
            }
            // It may be back in its ship, which the banner says for a moment.
            Part::Playing => (
                format!("/?play&{QUERY}"),
                "tickwire.state().me?.alive && document.getElementById('banner').hidden",
            ),
            Part::Spectating => (format!("/?spectate&{QUERY}"), "tickwire.state().entities > 8"),
        };
        page.open(&server.url(&url));
        page.wait_until(is_ready, GIVE_UP);
        let _ = page.eval(BOXES);
    }

    /// The names of its states.
    fn states(self, page: &Page<'_>, is_touch: bool) -> Vec<String> {
        strings(page.eval(&format!("sizes.names('{}', {is_touch})", self.name())))
    }

    /// What is wrong in one of its states.
    fn findings(self, page: &Page<'_>, state: &str, is_touch: bool) -> Vec<String> {
        strings(page.eval(&format!("sizes.look('{}', {state:?}, {is_touch})", self.name())))
    }
}

fn strings(list: Value) -> Vec<String> {
    serde_json::from_value(list).expect("boxes.js gives lists of strings")
}

fn become_size(page: &Page<'_>, (width, height): (u32, u32), is_touch: bool) {
    if is_touch {
        page.become_phone(width, height);
    } else {
        page.become_screen(width, height);
    }
}

#[test]
fn at_no_size_does_anything_lie_on_anything_else() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    // Nobody flies here, for as long as it takes.
    let always = ["--idle-after", "0", "--spectator-delay", "0"];
    let server = Server::start(&[&always[..], &["--fill", "12", "--seed", "1"]].concat());
    let page = browser.page();
    let mut faults = Vec::new();
    for (sizes, is_touch) in [(&SCREENS[..], false), (&TOUCH_SCREENS[..], true)] {
        become_size(&page, sizes[0], is_touch);
        for part in [Part::Starting, Part::Playing, Part::Spectating] {
            part.open(&page, &server);
            let states = part.states(&page, is_touch);
            for &(width, height) in sizes {
                become_size(&page, (width, height), is_touch);
                let hand = if is_touch { " touch" } else { "" };
                for state in &states {
                    let at = |finding| format!("{width}x{height}{hand}, {state}: {finding}");
                    faults.extend(part.findings(&page, state, is_touch).into_iter().map(at));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} findings:\n{}", faults.len(), faults.join("\n"));

    Part::Playing.open(&page, &server);
    become_size(&page, (844, 390), true);
    // One thing that lies wrong is found.
    for (state, selector, property, value, finding) in [
        ("fight", "#mute", "translate", "-40px", "#leave"),
        ("fight", "#rail", "translate", "0 40px", "overlaps #rail"),
        ("fight", "#feed", "translate", "-60px", "#feed"),
        ("fight", "#leave", "translate", "-300px", "is partly outside"),
        ("fight", "#leave", "min-height", "0", "#leave is a target of"),
        ("fight", "#clock", "font-size", "10.5px", "#clock has text of 10.5 px"),
        // Up to where the cards are.
        ("network offer", "#banner", "translate", "0 -220px", "a moment.\": #network-offer ("),
        ("death", "#banner", "translate", "0 -100px", "Back in your ship.\": #death ("),
        ("result", "#banner", "translate", "200px", "a moment.\": #result ("),
    ] {
        let element = format!("document.querySelector({selector:?}).style");
        let set = format!("{element}.setProperty({property:?}, {value:?}, 'important')");
        let _ = page.eval(&format!("void ({set})"));
        let found = Part::Playing.findings(&page, state, true);
        let is_found = found.iter().any(|found| found.contains(finding));
        assert!(is_found, "{selector} {property}: {found:?}");
        let _ = page.eval(&format!("void ({element}.cssText = '')"));
    }
    assert_eq!(page.take_faults(), Vec::<String>::new());
}
