//! Each part of a running server is killed on purpose: the program ends with that reason.
//!
//! The programs are this test itself, started again by it for one part each.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::time::{Duration, Instant};

use test_games::tiny::Tiny;

use crate::ops::supervision::kill_switch::{MOMENT, PART, REASON};
use crate::transport::test_tls::pem;
use crate::{Config, TicketConfig, TlsConfig};

/// Where the files of a started program lie.
const FOLDER: &str = "TEST_KILLS_FOLDER";
/// Within so much time it ends unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every part that there is. Those that do nothing until they are asked cannot be killed at work.
const PARTS: [(&str, &str); 8] = [
    ("edge", "running"),
    ("lobby", "running"),
    ("builder", "running"),
    ("shard-0", "running"),
    ("shard-1", "running"),
    ("renewal", "start"),
    ("ticket-key", "start"),
    ("recorder", "start"),
];

/// A server that has all parts.
fn config(folder: &Path) -> Config {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a temporary file can be written");
        path
    };
    let (cert, key, _) = pem();
    let tls = TlsConfig {
        tls_cert: Some(write("cert", &cert)),
        tls_key: Some(write("key", &key)),
        tls_self_signed: false,
    };
    let secret = write("secret", "a-secret-that-is-as-long-as-it-must-be-at-least");
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        shards: Some(2),
        record_scenes: Some(folder.join("scenes")),
        tickets: TicketConfig { ticket_key: Some(secret), ..TicketConfig::default() },
        tls,
        ..Config::default()
    }
}

/// Starts this test again, to be the program of which that part is killed.
fn start(test: &str, part: &str, moment: &str) -> (process::Child, PathBuf) {
    let folder = env::temp_dir().join(format!("tickwire-killed-{part}-{}", process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let child = Command::new(env::current_exe().expect("a running test has a path"))
        .args([test, "--exact"])
        .envs([(PART, part), (MOMENT, moment)])
        .env(FOLDER, &folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started");
    (child, folder)
}

/// How a program ended, and what it said.
fn end((mut child, folder): (process::Child, PathBuf)) -> Output {
    let began = Instant::now();
    while child.try_wait().expect("a child can be waited for").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it is still there");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // What is left there is the operating system's to clear away.
    let _ = fs::remove_dir_all(folder);
    child.wait_with_output().expect("it has ended")
}

#[test]
fn a_program_of_which_any_part_is_killed_ends_with_that_reason() {
    if let Some(folder) = env::var_os(FOLDER) {
        let ended = crate::run::<Tiny>(config(Path::new(&folder)));
        process::exit(ended.map_or_else(|error| error.exit_code().into(), |()| 0));
    }
    let test = "run::tests::killed::a_program_of_which_any_part_is_killed_ends_with_that_reason";
    let programs = PARTS.map(|(part, moment)| (part, start(test, part, moment)));
    for (part, program) in programs {
        let Output { status, stdout, stderr } = end(program);
        let [out, log] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(status.code(), Some(1), "{part}: {status}\n{out}\n{log}");
        assert!(log.contains(&format!("failure={part} panicked: {REASON}")), "{part}:\n{log}");
    }
}
