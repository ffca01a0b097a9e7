//! Bots whose connections are cut, by themselves or others, and what they do about it.

use std::time::Duration;

use tickwire_bots::{Report, SwarmError, run};

use super::fake::Bead;
use super::fake::keeping::{KeepingServer, Manner, Seen};
use super::{measured, options};

/// Runs against a server that keeps sessions for so long; gives also what that saw.
fn play(manner: Manner, grace_seconds: u16, more: &str) -> (Report, Seen) {
    let server = KeepingServer::start(manner, grace_seconds);
    let report = run::<Bead>(&options(server.port, more)).expect("there is a server");
    (report, server.finish())
}

#[test]
fn bots_and_spectators_that_are_cut_in_either_way_come_back_at_once_and_play_on() {
    let more = "--bots 4 --spectators 2 --threads 2 --seed 1 --cut 150ms --duration 1200ms";
    let (report, seen) = play(Manner::Keep, 30, more);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.connected, report.disconnected, report.lost_sessions), (6, 0, 0));
    assert_eq!(report.resumed, seen.returns(), "{report}");
    assert!(seen.after_end > 0 && seen.after_silence > 0, "{seen:?}");
    assert_eq!((seen.joins, seen.in_order), (6, 6), "all leave at the end: {seen:?}");
    assert!(report.resume_ms.p50 > Some(0.0) && report.resume_ms.p99 >= report.resume_ms.p50);
}

#[test]
fn over_a_simulated_path_they_come_back_as_well() {
    let more = "--bots 3 --seed 2 --cut 150ms --duration 800ms --latency 60ms --jitter 10ms";
    let (report, seen) = play(Manner::Keep, 30, more);
    assert!(report.is_clean(), "{report}");
    assert!(report.resumed > 0 && report.resumed == seen.returns(), "{report}");
    // There and back again.
    assert!(report.resume_ms.p50 > Some(60.0), "{report}");
}

#[test]
fn a_cut_takes_as_long_as_until_the_next_snapshot_and_counts_as_no_interval() {
    let wait = Duration::from_millis(600);
    let more = "--bots 3 --cut-all 400ms --duration 1500ms";
    let (report, _) = play(Manner::Hesitate(wait), 30, more);
    assert!(report.is_clean() && report.resumed == 3, "{report}");
    assert!(measured(report.resume_ms.p50) > 599.0, "{report}");
    let stood_still = report.own_lateness_ms.max > Some(100.0);
    assert!(stood_still || measured(report.snapshot_interval_ms.max) < 600.0, "{report}");
}

#[test]
fn a_spectator_is_back_when_it_is_welcomed_however_late_its_stream_is() {
    let more = "--bots 1 --spectators 3 --cut-all 400ms --duration 700ms";
    let (report, seen) = play(Manner::Delay, 30, more);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.resumed, seen.returns(), seen.in_order), (4, 4, 4), "{seen:?}");
    assert!(report.resume_ms.p50.is_some(), "{report}");

    let more = "--bots 0 --spectators 2 --cut-all 400ms --duration 700ms";
    let (report, seen) = play(Manner::Keep, 30, more);
    assert_eq!((report.resumed, seen.returns()), (2, 2), "{report}");
    assert_eq!(report.resume_ms.p50, None, "of players alone: {report}");
}

#[test]
fn all_are_cut_at_once_and_once_and_those_who_are_not_back_at_the_end_are_awaited() {
    let manner = Manner::Hesitate(Duration::from_millis(600));
    let more = "--bots 8 --spectators 2 --cut-all 400ms --duration 600ms";
    let (report, seen) = play(manner, 30, more);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.resumed, seen.returns(), seen.in_order), (10, 10, 10), "{seen:?}");
}

#[test]
fn who_is_refused_after_a_cut_has_lost_its_session_and_joins_anew() {
    let more = "--bots 2 --spectators 1 --cut-all 400ms --duration 700ms";
    let (report, seen) = play(Manner::Forget, 30, more);
    assert_eq!((report.lost_sessions, report.resumed), (3, 0), "{report}");
    let why = "the place in the room is not kept any more: join anew";
    assert_eq!(report.lost_session_reasons.get(why), Some(&3), "{report}");
    assert_eq!((report.connected, report.refused, report.disconnected), (3, 0, 0), "{report}");
    assert_eq!((seen.joins, seen.returns(), seen.in_order), (6, 3, 3), "{seen:?}");
    assert!(!report.is_clean());
}

#[test]
fn where_no_session_is_kept_a_cut_client_tries_once_all_the_same() {
    let (report, seen) = play(Manner::Keep, 0, "--bots 2 --cut-all 400ms --duration 600ms");
    assert!(report.is_clean() && report.resumed == 2, "{report}");
    assert_eq!((seen.returns(), seen.in_order), (2, 2), "{seen:?}");
}

#[test]
fn who_comes_back_as_somebody_else_has_lost_its_session_and_plays_on() {
    let (report, seen) = play(Manner::Mistake, 30, "--bots 2 --cut-all 400ms --duration 600ms");
    assert_eq!((report.lost_sessions, report.resumed), (2, 0), "{report}");
    assert_eq!((seen.returns(), seen.in_order), (2, 2), "{seen:?}");
    assert!(!report.is_clean());
}

#[test]
fn who_loses_its_connection_comes_back_and_is_not_disconnected() {
    for manner in [Manner::Break, Manner::Restart] {
        let (report, seen) = play(manner, 30, "--bots 3 --spectators 1 --duration 500ms");
        assert!(report.is_clean(), "{report}");
        assert_eq!((report.resumed, report.disconnected), (4, 0), "{manner:?}: {report}");
        assert_eq!((seen.after_end, seen.in_order), (4, 4), "{manner:?}: {seen:?}");
    }
}

#[test]
fn who_does_not_come_back_within_the_grace_counts_as_disconnected_by_what_broke() {
    let (report, _) = play(Manner::Vanish, 1, "--bots 1 --duration 1h");
    assert_eq!((report.resumed, report.lost_sessions, report.disconnected), (0, 0, 1), "{report}");
    assert_eq!(report.disconnected_reasons.get("lost"), Some(&1), "{report}");
    assert!(!report.is_clean());
}

#[test]
fn a_cut_of_all_that_would_come_after_the_end_is_refused() {
    let error = run::<Bead>(&options(1, "--cut-all 10s --duration 10s")).expect_err("too late");
    assert!(matches!(error, SwarmError::CutTooLate), "{error}");
}
