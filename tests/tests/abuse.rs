//! Abuse of every kind, by the real program, of the real server: each ends for the reason that it
//! should, a victim in the same room plays on, and nothing stays of it.
//!
//! Nothing here asserts how long something took; `examples/victim.rs` measures.

use std::time::Duration;

use skirmish_rules::Skirmish;
use tests::real::{
    Abusers, Bots, GIVE_UP, Gauges, Player, Report, Server, TestClient, alone, poll, say,
};
use tickwire_bots::abuse::AbuseKind;

const ROOM: &str = "yard";
/// So many abusers at a time.
const ABUSERS: &str = "3";

/// How an abuser's connection may end that was not still there at the end.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    /// Closes by code and name.
    ends: &'static [&'static str],
    /// Answers to HTTP.
    statuses: &'static [&'static str],
    /// Whether the server may end it without a word.
    cut: bool,
    /// Whether it ends by itself.
    leaves: bool,
    /// Whether it must have been ended by the server within a moment.
    at_once: bool,
    /// How the reason begins for which each hello is refused; none is, if there are none.
    refused: &'static [&'static str],
}

const NOTHING: Expected =
    Expected { ends: &[], statuses: &[], cut: false, leaves: false, at_once: false, refused: &[] };

fn expected(kind: AbuseKind) -> Expected {
    const PROTOCOL: &[&str] = &["1002 protocol"];
    const FLOODS: &[&str] = &["4004 too-much", "4006 flood"];
    match kind {
        AbuseKind::Flood | AbuseKind::Speed => Expected { ends: FLOODS, ..NOTHING },
        // A client without messages acknowledges nothing, however many frames it sends.
        AbuseKind::Pings | AbuseKind::Pongs | AbuseKind::EmptyFrames => {
            let ends = &["4004 too-much", "4006 flood", "4003 too-slow"];
            Expected { ends, ..NOTHING }
        }
        // By chance it begins as a shorter message does.
        AbuseKind::Garbage | AbuseKind::GarbageHello => {
            Expected { ends: &["1002 protocol", "1009 too-big"], at_once: true, ..NOTHING }
        }
        AbuseKind::EmptyMessages => Expected { ends: PROTOCOL, at_once: true, ..NOTHING },
        AbuseKind::GarbageHttp => {
            Expected { statuses: &["400", "414", "431"], at_once: true, ..NOTHING }
        }
        // What is not read cannot tell why it ended.
        AbuseKind::Stall => {
            Expected { ends: &["4003 too-slow", "4002 silent"], cut: true, ..NOTHING }
        }
        AbuseKind::HalfOpen => {
            Expected { ends: &["4003 too-slow", "4002 silent"], cut: true, ..NOTHING }
        }
        AbuseKind::Slowloris => Expected { statuses: &["408"], cut: true, ..NOTHING },
        AbuseKind::Silent => Expected { statuses: &["408"], cut: true, ..NOTHING },
        AbuseKind::SlowHello => Expected { ends: &["4001 hello-timeout"], ..NOTHING },
        AbuseKind::Churn => Expected { ends: &["1000 left"], leaves: true, ..NOTHING },
        AbuseKind::Oversize => {
            Expected { ends: &["1009 too-big", "1002 protocol"], at_once: true, ..NOTHING }
        }
        AbuseKind::Endless => {
            Expected { ends: &["1009 too-big", "4006 flood"], at_once: true, ..NOTHING }
        }
        AbuseKind::NoClose => Expected { ends: &["1003 not-binary"], at_once: true, ..NOTHING },
        AbuseKind::BadFrames => Expected {
            ends: &["1002 protocol", "1007 not-utf8", "1003 not-binary"],
            at_once: true,
            ..NOTHING
        },
        AbuseKind::Settings => Expected {
            ends: &["4000 refused"],
            at_once: true,
            refused: &["the settings of a room", "only teams, "],
            ..NOTHING
        },
        AbuseKind::Names => Expected { ends: &["1000 left"], ..NOTHING },
    }
}

/// What of a report is not as expected.
fn faults(kind: AbuseKind, report: &Report) -> Vec<String> {
    let expected = expected(kind);
    let mut faults = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            faults.push(format!("{kind}: {what}"));
        }
    };
    check(report.status.success(), format!("{}", report.status));
    check(report.count("connected") > 0, "nobody connected".to_owned());
    let sum_of = |name| report.counts_of(name).iter().map(|(_, times)| times).sum::<u64>();
    let counted = ["not_connected", "refused_http", "ends"].map(sum_of).iter().sum::<u64>()
        + ["cut", "left", "still_open"].map(|name| report.count(name)).iter().sum::<u64>();
    check(counted == report.count("attempts"), format!("{counted} attempts are accounted for"));
    for (end, times) in report.counts_of("ends") {
        check(expected.ends.contains(&end.as_str()), format!("{times} times {end}"));
    }
    for (status, times) in report.counts_of("refused_http") {
        check(expected.statuses.contains(&status.as_str()), format!("{times} times {status}"));
    }
    for (reason, times) in report.counts_of("not_connected") {
        check(false, format!("{times} times {reason}"));
    }
    for (reason, times) in report.counts_of("refused") {
        let is_expected = expected.refused.iter().any(|begin| reason.starts_with(begin));
        check(is_expected, format!("{times} times {reason}"));
    }
    check(expected.refused.is_empty() || report.count("joined") == 0, "one was let in".to_owned());
    check(expected.cut || report.count("cut") == 0, format!("{} cut", report.count("cut")));
    check(expected.leaves || report.count("left") == 0, format!("{} left", report.count("left")));
    if expected.at_once {
        let ended = report.count("attempts") - report.count("still_open");
        check(ended > 0, "the server ended none".to_owned());
    }
    faults
}

/// Waits until all is back at what it was: descriptors, threads, tasks, pending connections, people.
fn settled(server: &Server, base: &Gauges) {
    let back = poll(GIVE_UP, || Gauges::of(server).are_back_at(base).then_some(()));
    assert!(back.is_some(), "{:?}, before it was {base:?}", Gauges::of(server));
}

/// A server that has met each of its parts once, and what it holds when all are gone.
fn server() -> (Server, Gauges) {
    let server = Server::start(&["--grace", "0", "--fill", "4", "--empty-room-seconds", "600"]);
    drop(TestClient::join(&server, &Player::of::<Skirmish>(ROOM)));
    let base = poll(GIVE_UP, || {
        let gauges = Gauges::of(&server);
        (gauges.people == 0 && gauges.pending == 0).then_some(gauges)
    });
    (server, base.expect("the first player leaves"))
}

#[test]
fn whatever_abusers_do_a_victim_in_their_room_plays_on_and_they_end_for_the_reason_expected() {
    let _alone = alone();
    let (server, base) = server();
    let moment = Duration::from_millis(1_500);
    let quick = AbuseKind::all().iter().copied().filter(|kind| {
        !matches!(
            kind,
            AbuseKind::HalfOpen
                | AbuseKind::Stall
                | AbuseKind::Silent
                | AbuseKind::Slowloris
                | AbuseKind::SlowHello
        )
    });
    let quick: Vec<AbuseKind> = quick.collect();
    let victim = Bots::start(
        &server,
        // Longer than all of them together: it is asked to leave after them.
        Duration::from_secs(600),
        &["--bots", "1", "--room", ROOM, "--seed", "1"],
    );
    let mut found = Vec::new();
    for kind in quick {
        let settings = ["--bots", ABUSERS, "--room", ROOM, "--ramp", "20/s", "--seed", "1"];
        let abusers = Abusers::start(&server, &kind.name(), moment, &settings);
        // Another player joins meanwhile, and is sent what there is to see.
        let mut client = TestClient::join(&server, &Player::of::<Skirmish>(ROOM));
        client.snapshots(20);
        let report = abusers.finish();
        say(&format!("{kind}: {}", report.counts));
        found.extend(faults(kind, &report));
    }
    // The last of the others may be leaving still.
    let alone = poll(GIVE_UP, || (server.status()["people"] == 1).then_some(()));
    assert!(alone.is_some(), "the victim has been there all the time: {}", server.status());
    victim.interrupt();
    let victim = victim.finish();
    say(&format!("victim: {}", victim.counts));
    assert!(victim.status.success(), "{}: {}", victim.status, victim.counts);
    assert_eq!(victim.count("resumed"), 0, "{}", victim.counts);
    let late = victim.counts["late_inputs_percent"].as_f64();
    assert!(late.is_some_and(|late| late < 50.0), "most inputs are applied: {}", victim.counts);
    settled(&server, &base);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// All wait for deadlines most of the time, and so for no other test.
#[test]
fn what_waits_or_floods_for_ever_is_ended_and_a_victim_in_the_same_room_plays_on() {
    let (server, base) = server();
    let kinds = [
        AbuseKind::HalfOpen,
        AbuseKind::Stall,
        AbuseKind::Silent,
        AbuseKind::Slowloris,
        AbuseKind::SlowHello,
        AbuseKind::Flood,
        AbuseKind::Pings,
        AbuseKind::Pongs,
        AbuseKind::EmptyFrames,
    ];
    // Longer than any deadline of the server; half-open peers are to go within 20 s.
    let long = Duration::from_secs(24);
    let settings = ["--bots", "2", "--room", ROOM, "--ramp", "20/s", "--seed", "1"];
    let victim = Bots::start(&server, long, &["--bots", "1", "--room", ROOM, "--seed", "1"]);
    let all = kinds.map(|kind| (kind, Abusers::start(&server, &kind.name(), long, &settings)));
    let mut found = Vec::new();
    for (kind, abusers) in all {
        let report = abusers.finish();
        say(&format!("{kind}: {}", report.counts));
        found.extend(faults(kind, &report));
        // A client that reads nothing does not see its end: only the server counts that.
        let is_deaf = matches!(kind, AbuseKind::HalfOpen | AbuseKind::Stall);
        if !is_deaf && report.count("attempts") <= report.count("still_open") {
            found.push(format!("{kind}: the server ended none"));
        }
    }
    let ended = ["silent", "too-slow"].map(|end| server.status()["ends"][end].as_u64());
    if ended.iter().flatten().sum::<u64>() < 3 {
        found.push(format!("half-open and stalled ones that were ended: {ended:?}"));
    }
    let victim = victim.finish();
    say(&format!("victim: {}", victim.counts));
    assert!(victim.status.success(), "{}: {}", victim.status, victim.counts);
    assert_eq!(victim.count("resumed"), 0, "{}", victim.counts);
    settled(&server, &base);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_stays_of_hundreds_of_connections_that_come_and_drop_in_every_way() {
    let _alone = alone();
    let (server, base) = server();
    let mut attempts = 0;
    for kind in ["churn", "bad-frames", "garbage-http", "garbage-hello", "oversize"] {
        let settings = ["--bots", "20", "--room", ROOM, "--ramp", "200/s", "--seed", "1"];
        let report = Abusers::start(&server, kind, Duration::from_secs(1), &settings).finish();
        say(&format!("{kind}: {}", report.counts));
        attempts += report.count("attempts");
    }
    assert!(attempts > 100, "{attempts} attempts");
    settled(&server, &base);
}
