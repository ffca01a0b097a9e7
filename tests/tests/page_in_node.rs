//! What the page promises that needs no screen: its modules, run by Node on virtual time.

use tests::real::{Node, say};

/// Runs a script of `web-client/tests`, which throws at the first claim that does not hold.
fn run(script: &str) {
    let Some(node) = Node::find() else { return };
    let (status, printed) = node.run(script, &[]);
    assert!(status.success(), "{script}: {status}\n{printed}");
    let claims = printed.lines().count();
    assert!(claims > 5, "{script} claims nothing:\n{printed}");
    say(&format!("{script}: {claims} lines"));
}

#[test]
fn whatever_hands_do_between_two_ticks_is_told_of_and_is_a_number() {
    run("tests/input.mjs");
}

#[test]
fn whatever_window_mouse_and_clock_say_the_camera_stays_finite_and_the_frame_goes_on() {
    run("tests/camera.mjs");
}

#[test]
fn beyond_the_border_there_is_a_sky_that_is_the_same_to_all_and_dimmer_than_any_ship() {
    run("tests/sky.mjs");
}

#[test]
fn a_connection_is_back_soon_after_its_line_its_server_or_its_page_is() {
    run("tests/connection.mjs");
}

#[test]
fn a_socket_that_opens_while_the_page_loads_is_used_once_if_it_is_of_use() {
    run("tests/early.mjs");
}

#[test]
fn a_client_without_rules_says_what_it_has_seen_and_takes_no_nonsense() {
    run("tests/stream.mjs");
}

#[test]
fn the_viewer_knows_whose_a_row_is_and_keeps_no_ticket() {
    run("tests/viewer.mjs");
}

#[test]
fn a_page_knows_whether_its_server_has_another_wasm_by_now() {
    run("tests/replaced.mjs");
}
