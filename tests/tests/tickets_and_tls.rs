//! Join tickets and TLS with the real programs: the bots, and the page in a real browser.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use tests::real::{Bots, Browser, GIVE_UP, Server, alone, poll};

const SECRET: &str = "a-secret-that-only-this-test-and-its-server-know";
const STAY: Duration = Duration::from_secs(2);

/// A ticket that is good for so many seconds more.
fn ticket(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let claims = format!(r#"{{"sub":"u1","room":"cup","exp":{}}}"#, now + seconds);
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", part(br#"{"alg":"HS256"}"#), part(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = part(hmac::sign(&key, signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

/// A file that is gone with the test.
struct Secret(PathBuf);

impl Secret {
    fn new(name: &str, text: &str) -> Secret {
        let path = std::env::temp_dir().join(format!("tickwire-{name}-{}", std::process::id()));
        fs::write(&path, format!("{text}\n")).expect("the disk takes it");
        Secret(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a name of ours")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // What is left there is the operating system's to clear away.
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn bots_play_over_wss_with_a_certificate_that_nobody_vouches_for_only_if_they_are_told_to() {
    let server = Server::start(&["--tls-self-signed", "--fill", "0"]);
    let logged = poll(GIVE_UP, || server.log().contains("sha256").then_some(()));
    assert!(logged.is_some(), "{}", server.log());
    let cut = ["--bots", "5", "--cut", "300ms", "--tls-insecure"];
    let report = Bots::start(&server, STAY, &cut).finish();
    assert!(report.status.success(), "{report:?}");
    assert_eq!((report.count("connected"), report.count("decode_errors")), (5, 0));
    assert!(report.count("resumed") > 0, "{report:?}");
    let status = server.status();
    assert_eq!(status["tls_handshakes_failed"], 0, "{status}");

    let (status, said) = Bots::start(&server, STAY, &["--bots", "1"]).fail();
    assert!(!status.success() && said.contains("UnknownIssuer"), "{said}");
    assert_eq!(server.status()["tls_handshakes_failed"], 1);
}

#[test]
fn bots_come_in_by_a_ticket_where_guests_are_refused() {
    let (key, good) = (Secret::new("bots-key", SECRET), Secret::new("good", &ticket(60)));
    let server = Server::start(&["--ticket-key", key.path(), "--guests", "refuse", "--fill", "0"]);
    // They have one ticket, and yet each comes back as itself.
    let settings = ["--bots", "3", "--ticket-file", good.path(), "--cut", "300ms"];
    let report = Bots::start(&server, STAY, &settings).finish();
    assert!(report.status.success(), "{report:?}");
    assert_eq!((report.count("connected"), report.count("lost_sessions")), (3, 0));
    assert!(report.count("resumed") > 0, "{report:?}");
    let rooms = server.get("/api/rooms").text();
    assert!(rooms.contains("\"cup\""), "the ticket says where: {rooms}");
    let report = Bots::start(&server, STAY, &["--bots", "2"]).finish();
    assert_eq!(report.count("refused"), 2);
    assert_eq!(server.status()["tickets_refused"], 2);
}

#[test]
fn the_page_plays_over_https_by_the_ticket_of_its_site_and_says_for_good_when_there_is_none() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let key = Secret::new("page-key", SECRET);
    let server = Server::start(&[
        "--tls-self-signed",
        "--ticket-key",
        key.path(),
        "--guests",
        "refuse",
        "--fill",
        "2",
    ]);
    let page = browser.page();
    page.open(&server.url("/?play&name=Ann"));
    page.wait_until("document.body.innerText.includes('A ticket is needed here')", GIVE_UP);
    let put = |ticket: &str| {
        // It gives nothing to look at.
        let _ = page.eval(&format!("sessionStorage.setItem('tickwire-ticket', '{ticket}')"));
        page.open(&server.url("/?play&name=Ann"));
    };
    put(&ticket(-60));
    page.wait_until("document.body.innerText.includes('The ticket has expired')", GIVE_UP);
    assert_eq!(
        server.status()["tickets_refused"],
        2,
        "what is refused for good is not tried again"
    );
    put(&ticket(60));
    page.wait_until("tickwire.state().connected && tickwire.state().snapshots > 15", GIVE_UP);
    assert_eq!(page.eval("tickwire.state().room"), "cup");
    assert_eq!(page.take_faults(), Vec::<String>::new());
}
