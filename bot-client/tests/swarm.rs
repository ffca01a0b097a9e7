//! Whole runs against a server over real sockets, good and bad.

mod fake;
mod resuming;

use std::net::TcpListener;

use clap::Parser;
use fake::{Bead, Conduct, server};
use tickwire_bots::{Options, Report, SwarmError, run};

fn options(port: u16, more: &str) -> Options {
    let words = format!("bot-client --json --warm-up 200ms --ramp 500/s --url 127.0.0.1:{port}");
    Options::try_parse_from(words.split_whitespace().chain(more.split_whitespace()))
        .expect("they are options")
}

/// Runs against a server that treats each connection as said; gives also how many connections
/// ended with a goodbye and a close in order.
fn play(conducts: Vec<Conduct>, more: &str) -> (Report, usize) {
    let (port, server) = server(conducts);
    let report = run::<Bead>(&options(port, more)).expect("there is a server");
    (report, server.join().expect("the server does not panic"))
}

fn measured(value: Option<f64>) -> f64 {
    value.expect("it was measured")
}

/// On a path that never stands still no input is excused, unless this machine itself stood still.
fn assert_nothing_stalled(report: &Report) {
    let stood_still = report.own_lateness_ms.max > Some(100.0);
    assert!(stood_still || report.stalled_inputs_percent == Some(0.0), "{report}");
}

#[test]
fn ten_bots_play_and_leave_in_order() {
    let (report, in_order) = play(vec![Conduct::Serve; 10], "--bots 10 --duration 1s --seed 3");
    assert_eq!((report.connected, report.seed), (10, 3));
    assert_eq!((report.not_connected, report.refused), (0, 0), "{report}");
    assert_eq!((report.disconnected, report.decode_errors), (0, 0), "{report}");
    assert!(report.is_clean());
    assert_eq!(report.tick_rate_hz, Some(50));
    assert!(report.snapshots > 0);
    assert!(report.snapshot_interval_ms.p99.is_some(), "{report}");
    assert!(report.snapshot_bytes.p50.is_some(), "{report}");
    assert!(report.input_latency_ms.p50.is_some(), "{report}");
    assert!(report.kbit_per_s_per_client > Some(0.0));
    assert!(report.sent_kbit_per_s_per_client > Some(0.0));
    assert_eq!(in_order, 10);
    assert_nothing_stalled(&report);
    assert!(report.extrapolated_percent < Some(50.0), "{report}");
    // What differed was foretold wrongly only because the server had other inputs to go by.
    let no_input_was_late = report.late_inputs_percent == Some(0.0);
    assert!(!no_input_was_late || report.corrections.count == 0, "{report}");
}

#[test]
fn spectators_watch_and_threads_share_the_work() {
    let more = "--bots 3 --spectators 4 --threads 2 --duration 1s";
    let (report, in_order) = play(vec![Conduct::Serve; 7], more);
    assert_eq!((report.bots, report.spectators, report.connected), (3, 4, 7), "{report}");
    assert!(report.is_clean(), "{report}");
    assert_eq!(in_order, 7);
}

#[test]
fn a_bot_on_a_slow_line_reads_no_faster_than_that_and_counts_apart() {
    let conducts = vec![Conduct::Serve; 3];
    let more = "--bots 3 --slow 1 --slow-line 1kbit/s --duration 2s";
    let (report, in_order) = play(conducts, more);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.slow.bots, in_order), (1, 3), "{report}");
    assert!(report.slow.snapshots > 0, "{report}");
    let slow = report.slow.kbit_per_s_per_client.expect("it was measured");
    let others = report.kbit_per_s_per_client.expect("they were measured");
    assert!(slow > 0.0 && slow <= 1.05, "{report}");
    // The server says the same to all, and more than goes over that line.
    assert!(others > slow, "{report}");
    assert!(report.slow.snapshot_age_ms.p50.is_some(), "{report}");
}

#[test]
fn over_a_simulated_path_all_comes_late_and_in_order() {
    let more = "--bots 3 --spectators 1 --duration 3s --seed 5 \
                --latency 120ms --jitter 10ms --stall 5%/100ms";
    let (report, in_order) = play(vec![Conduct::Serve; 4], more);
    // A stream out of order could not be decoded, nor would the server see a goodbye last.
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.connected, in_order), (4, 4), "{report}");
    let rtt = measured(report.rtt_ms.p50);
    // The server looks every 20 ms; the least of eight has little of that and of the jitter.
    assert!((120.0..160.0).contains(&rtt), "{report}");
    assert!(report.input_latency_ms.p50 > Some(120.0), "{report}");
    assert!(report.stalled_inputs_percent > Some(0.0), "{report}");
    assert_eq!(report.link.and_then(|link| link.stall).as_deref(), Some("5%/100ms"));
}

#[test]
fn jitter_is_met_by_inputs_that_are_early_and_makes_pictures_a_guess() {
    let (report, _) =
        play(vec![Conduct::Serve; 3], "--bots 3 --duration 4s --seed 5 --jitter 80ms");
    assert!(report.is_clean(), "{report}");
    // By more than a tick, so that the sign shows, and by no more than all of the jitter explains.
    let margin = report.input_margin_ms;
    assert!((20.0..200.0).contains(&measured(margin.p50)), "{report}");
    assert!(margin.p99 >= margin.p50, "{report}");
    assert!((0.1..50.0).contains(&measured(report.extrapolated_percent)), "{report}");
    assert_nothing_stalled(&report);
}

#[test]
fn a_path_that_stands_still_is_to_blame_for_what_was_sent_meanwhile() {
    let more = "--bots 3 --duration 4s --seed 5 --stall 20%/300ms";
    let (report, _) = play(vec![Conduct::Serve; 3], more);
    assert!(report.is_clean(), "{report}");
    assert!((5.0..40.0).contains(&measured(report.stalled_inputs_percent)), "{report}");
    assert!((2.0..60.0).contains(&measured(report.extrapolated_percent)), "{report}");
}

#[test]
fn margins_are_reported_as_the_server_tells_them() {
    for (margin_ticks, ms) in [(3, 60.0), (-2, -40.0)] {
        let (report, _) = play(vec![Conduct::Claim { margin_ticks }], "--bots 1 --duration 1s");
        assert_eq!(report.input_margin_ms.p50, Some(ms), "{report}");
        assert_eq!(report.input_margin_ms.p99, Some(ms), "{report}");
    }
}

#[test]
fn the_share_of_inputs_that_a_server_loses_is_reported_as_late() {
    let (report, _) = play(vec![Conduct::Lose { lull_ms: 0 }; 3], "--bots 3 --duration 3s");
    assert!(report.is_clean(), "{report}");
    // One in four; a slow machine adds some of its own.
    assert!((24.0..40.0).contains(&measured(report.late_inputs_percent)), "{report}");
    assert_nothing_stalled(&report);
}

#[test]
fn inputs_that_a_bot_slept_through_count_apart_and_the_others_do_not() {
    let (report, _) = play(vec![Conduct::Lose { lull_ms: 300 }], "--bots 1 --duration 4s");
    assert!(report.is_clean(), "{report}");
    // About 15 of 50 ticks, and one in four of the others.
    assert!((5.0..50.0).contains(&measured(report.stalled_inputs_percent)), "{report}");
    assert!((10.0..40.0).contains(&measured(report.late_inputs_percent)), "{report}");
    assert!(report.own_lateness_ms.max > Some(200.0), "{report}");
}

#[test]
fn a_bot_that_is_a_little_late_itself_is_no_excuse() {
    let (report, _) = play(vec![Conduct::Lose { lull_ms: 60 }], "--bots 1 --duration 3s");
    assert!(report.is_clean(), "{report}");
    assert!((24.0..60.0).contains(&measured(report.late_inputs_percent)), "{report}");
    assert!(report.own_lateness_ms.max > Some(30.0), "{report}");
    assert_nothing_stalled(&report);
}

#[test]
fn what_was_said_before_an_end_is_heard_over_a_simulated_path_too() {
    let (report, _) = play(vec![Conduct::Refuse], "--bots 1 --duration 1h --latency 200ms");
    assert_eq!((report.connected, report.refused, report.disconnected), (0, 1, 0));
    assert_eq!(report.refused_reasons.get("the room is full"), Some(&1), "{report}");
}

#[test]
fn a_server_that_sends_garbage_is_told_of() {
    let conducts = vec![Conduct::Serve, Conduct::Garble, Conduct::Serve];
    let (report, in_order) = play(conducts, "--bots 3 --duration 800ms");
    assert_eq!((report.connected, report.decode_errors, report.disconnected), (3, 1, 0));
    assert_eq!(report.decode_error_reasons.len(), 1, "{report}");
    assert!(!report.is_clean());
    assert_eq!(in_order, 2, "the others go on");
}

#[test]
fn a_client_that_is_dropped_counts_as_disconnected() {
    let conducts = vec![Conduct::Serve, Conduct::Drop, Conduct::Serve];
    let (report, in_order) = play(conducts, "--bots 3 --duration 800ms");
    assert_eq!((report.connected, report.disconnected, report.decode_errors), (3, 1, 0));
    assert_eq!(report.disconnected_reasons.get("lost"), Some(&1), "{report}");
    assert!(!report.is_clean());
    assert_eq!(in_order, 2, "the others go on");
}

#[test]
fn a_server_that_goes_down_is_named_as_the_reason_and_ends_the_run() {
    let (report, _) = play(vec![Conduct::GoDown; 2], "--bots 2 --duration 1h");
    assert_eq!(report.disconnected_reasons.get("closing"), Some(&2), "{report}");
    assert!(!report.is_clean());
}

#[test]
fn a_refused_client_counts_with_its_reason() {
    let (report, _) = play(vec![Conduct::Refuse], "--bots 1 --duration 1h");
    assert_eq!((report.connected, report.refused, report.disconnected), (0, 1, 0));
    assert_eq!(report.refused_reasons.get("the room is full"), Some(&1), "{report}");
    assert!(!report.is_clean());
}

#[test]
fn a_server_that_is_not_there_is_told_of_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    let error = run::<Bead>(&options(port, "--bots 5 --duration 1h")).expect_err("nobody listens");
    assert!(matches!(error, SwarmError::Unreachable { .. }));
    assert!(error.to_string().contains("cannot reach ws://127.0.0.1:"), "{error}");
}

#[test]
fn nobody_is_too_few() {
    let error = run::<Bead>(&options(1, "--bots 0")).expect_err("there is nobody");
    assert!(matches!(error, SwarmError::Nobody));
}
