//! The program without a log: whatever becomes of stderr, players do not notice.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::real::{Bots, GIVE_UP, Process, Server, alone, poll, say};

/// How long the bots play.
const PLAY: Duration = Duration::from_secs(4);
/// How many clients come and go between two looks at the counters.
const NUISANCES: usize = 100;

/// Runs a program as it is.
fn plainly() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\""]);
    command
}

/// A client that opens a WebSocket and leaves, which causes a line.
fn come_and_go(server: &Server) {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    let head = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    let mut first = [0];
    stream.read_exact(&mut first).expect("it answers");
}

/// Plays with twenty bots while others come and go, and some more join later.
///
/// `halfway` is called in between, and lines that are lost until the end are counted.
fn twenty_play_on_and_more_join(server: &Server, halfway: impl FnOnce()) {
    let bots = Bots::start(server, PLAY, &["--bots", "20"]);
    let lost = poll(GIVE_UP, || {
        (0..NUISANCES).for_each(|_| come_and_go(server));
        server.status()["log_lines_dropped"].as_u64().filter(|dropped| *dropped > 0)
    });
    assert!(lost.is_some(), "lines are lost, and counted");
    halfway();
    let later = Bots::start(server, PLAY, &["--bots", "5"]);
    for (bots, expected) in [(bots, 20), (later, 5)] {
        let report = bots.finish();
        assert!(report.status.success(), "{:#}", report.counts);
        assert_eq!(report.count("connected"), expected, "{:#}", report.counts);
        let broken = report.count("disconnected") + report.count("resumed");
        assert_eq!(broken, 0, "{:#}", report.counts);
    }
    assert_eq!(server.get("/healthz").status, 200);
}

/// Both ends of a log; the server's is full.
fn full_log(is_nonblocking: bool) -> (UnixStream, Stdio) {
    let (reader, mut writer) = UnixStream::pair().expect("sockets can be made");
    writer.set_nonblocking(true).expect("it can");
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    writer.set_nonblocking(is_nonblocking).expect("it can");
    (reader, OwnedFd::from(writer).into())
}

/// Reads the log until it contains `text`.
fn read_until(mut reader: UnixStream, text: &str) {
    reader.set_nonblocking(true).expect("it can");
    let (mut log, mut chunk) = (Vec::new(), [0; 65_536]);
    let found = poll(GIVE_UP, || {
        while let Ok(bytes @ 1..) = reader.read(&mut chunk) {
            log.extend_from_slice(&chunk[..bytes]);
        }
        String::from_utf8_lossy(&log).contains(text).then_some(())
    });
    assert!(found.is_some(), "no {text:?} in {} bytes", log.len());
}

#[test]
fn when_the_reader_of_the_log_is_gone_players_play_on() {
    let _alone = alone();
    let (reader, writer) = io::pipe().expect("a pipe can be made");
    let server = Server::start_within(plainly(), writer.into(), &[]);
    drop(reader);
    twenty_play_on_and_more_join(&server, || {});
}

#[test]
fn when_nobody_reads_the_log_players_play_on() {
    let _alone = alone();
    let (reader, log) = full_log(false);
    let server = Server::start_within(plainly(), log, &[]);
    twenty_play_on_and_more_join(&server, || {});
    read_until(reader, "could not be written");
    drop(server);
}

#[test]
fn when_the_log_is_full_and_does_not_block_players_play_on() {
    let _alone = alone();
    let (reader, log) = full_log(true);
    let server = Server::start_within(plainly(), log, &[]);
    twenty_play_on_and_more_join(&server, || {});
    read_until(reader, "could not be written");
    drop(server);
}

/// A disk of this process and its children, of 64 KiB, half of them taken by a file `taken`.
fn small_disk(folder: &PathBuf) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg(
        "mount -t tmpfs -o size=64k tmpfs \"$0\" && head -c 32768 /dev/zero > \"$0/taken\" && \
         exec \"$@\" 2> \"$0/log\"",
    );
    command.arg(folder);
    command
}

#[test]
fn when_the_disk_of_the_log_is_full_players_play_on_and_the_log_too_once_it_is_free() {
    let _alone = alone();
    let folder = std::env::temp_dir().join(format!("tickwire-log-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let mut trial = small_disk(&folder);
    if !Process::start("a disk", trial.arg("true")).wait(GIVE_UP).success() {
        say("SKIPPED in part: no disk can be made here; a device that is always full is used");
        let full = fs::File::options().write(true).open("/dev/full").expect("there is one");
        let server = Server::start_within(plainly(), full.into(), &[]);
        return twenty_play_on_and_more_join(&server, || {});
    }
    let server = Server::start_within(small_disk(&folder), Stdio::null(), &[]);
    let disk = PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()));
    twenty_play_on_and_more_join(&server, || {
        fs::remove_file(disk.join("taken")).expect("it is there");
    });
    let found = poll(GIVE_UP, || {
        come_and_go(&server);
        let log = fs::read(disk.join("log")).expect("it is there");
        String::from_utf8_lossy(&log).contains("could not be written").then_some(())
    });
    assert!(found.is_some(), "it says what was lost");
    drop(server);
    let _ = fs::remove_dir(&folder);
}

#[test]
fn a_server_answers_hangups_and_user_signals_and_plays_on() {
    let _alone = alone();
    let server = Server::start(&[]);
    let bots = Bots::start(&server, PLAY, &["--bots", "4"]);
    for signal in ["HUP", "USR1", "USR2", "XFSZ", "HUP"] {
        server.signal(signal);
        let logged = poll(GIVE_UP, || server.log().contains(&format!("SIG{signal}")).then_some(()));
        assert!(logged.is_some(), "{signal}: {}", server.log());
    }
    let report = bots.finish();
    assert!(report.status.success(), "{:#}", report.counts);
    let broken = report.count("disconnected") + report.count("resumed");
    assert_eq!(broken, 0, "{:#}", report.counts);
}
