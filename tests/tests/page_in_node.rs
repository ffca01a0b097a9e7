//! What the page promises that needs no screen: its modules, run by Node, on virtual time or beside a
//! real server.

use tests::real::{Node, Server, alone, say};

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
fn skirmishs_page_shows_shots_and_rounds_as_they_were() {
    run("tests/skirmish.mjs");
}

#[test]
fn hulls_are_opaque_and_shields_are_around_their_ships_at_any_scale() {
    run("tests/ships.mjs");
}

#[test]
fn the_pictures_quality_follows_the_frames_down_and_up_and_is_kept() {
    run("tests/quality.mjs");
}

#[test]
fn the_demo_shows_its_fight_beside_the_form_and_leaving_is_asked_once() {
    run("tests/start.mjs");
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
fn a_page_has_its_player_back_after_a_cut_a_reload_and_a_crash_and_no_second_tab_takes_it() {
    run("tests/session.mjs");
}

#[test]
fn who_leaves_where_no_goodbye_can_be_sent_has_the_player_back_in_the_same_room() {
    run("tests/leaving.mjs");
}

#[test]
fn where_the_browsers_clock_is_coarse_each_frame_still_shows_another_moment() {
    run("tests/clock.mjs");
}

#[test]
fn what_a_listener_does_while_a_frame_asks_for_rows_counts_for_that_frame() {
    run("tests/game.mjs");
}

#[test]
fn who_does_not_get_into_a_room_is_offered_one_way_out() {
    run("tests/trouble.mjs");
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
fn the_servers_view_finds_where_a_rail_was_judged_and_the_frames_until_an_answer_are_counted() {
    run("tests/server-view.mjs");
}

#[test]
fn the_viewer_knows_whose_a_row_is_and_keeps_no_ticket() {
    run("tests/viewer.mjs");
}

#[test]
fn a_page_knows_whether_its_server_has_another_wasm_by_now() {
    run("tests/replaced.mjs");
}

#[test]
fn the_example_in_node_decodes_a_live_room() {
    const SNAPSHOTS: usize = 300;
    let Some(node) = Node::find() else { return };
    let _alone = alone();
    let server = Server::start(&["--fill", "8", "--seed", "1"]);
    for (path, kind) in
        [("/client.js", "text/javascript"), ("/tickwire.d.ts", "application/typescript")]
    {
        let file = server.get(path);
        assert_eq!(file.status, 200, "{path}");
        let is = file.header("content-type").unwrap_or_default();
        assert!(is.starts_with(kind), "{path}: {is}");
    }
    let count = SNAPSHOTS.to_string();
    let (status, printed) = node.run("examples/watch.mjs", &[&server.url(""), "watched", &count]);
    let last = printed.lines().next_back().unwrap_or_default();
    say(&format!("watch.mjs: {last}"));
    assert!(status.success(), "{status}: {printed}");
    // Others may have been under way when it left.
    let decoded = last.split(' ').next().and_then(|number| number.parse::<usize>().ok());
    assert!(decoded.is_some_and(|decoded| decoded >= SNAPSHOTS), "{last}");
    let events = last.split(' ').nth(2).and_then(|number| number.parse::<u32>().ok());
    assert!(events.is_some_and(|events| events > 0), "{last}");
    let looks: Vec<_> = printed.lines().filter(|line| line.starts_with("tick ")).collect();
    assert!(looks.len() >= SNAPSHOTS / 30, "{printed}");
    // A ship goes by its player's name, which the roster has; the bots are called like this. The first ships
    // come after two seconds.
    let tick_of = |look: &str| look["tick ".len()..].split(':').next()?.parse::<u32>().ok();
    let later: Vec<_> =
        looks.into_iter().filter(|look| tick_of(look).is_some_and(|tick| tick > 90)).collect();
    assert!(later.len() > 2, "{printed}");
    for look in later {
        let named = ["Ash", "Birch", "Clover", "Dune", "Ember", "Fern", "Gale", "Heath"];
        assert!(named.iter().any(|name| look.contains(&format!(" {name} at "))), "{look}");
    }
}

#[test]
fn the_client_module_keeps_its_promises_in_node() {
    let Some(node) = Node::find() else { return };
    let _alone = alone();
    let server = Server::start(&["--fill", "4", "--seed", "1"]);
    let (status, printed) = node.run("tests/client.mjs", &[&server.url("")]);
    assert!(status.success(), "{status}: {printed}");
    let faults = printed.lines().find(|line| line.contains("meddled")).expect("it came to the end");
    say(&format!("client.mjs: {faults}"));
}

#[test]
fn a_client_that_shows_its_token_has_its_player_back_and_no_other_does() {
    let Some(node) = Node::find() else { return };
    let _alone = alone();
    // Fill bots would be in the roster.
    let server = Server::start(&["--fill", "0", "--seed", "1"]);
    let (status, printed) = node.run("tests/resume.mjs", &[&server.url("")]);
    assert!(status.success(), "{status}: {printed}");
    say(&format!("resume.mjs: {} claims hold", printed.lines().count()));
}

#[test]
fn a_program_in_node_plays_by_tickwire_js_as_a_page_does() {
    let Some(node) = Node::find() else { return };
    let _alone = alone();
    let server = Server::start(&["--fill", "2", "--seed", "1"]);
    let (status, printed) = node.run("tests/tickwire.mjs", &[&server.url("")]);
    assert!(status.success(), "{status}: {printed}");
    say(&format!("tickwire.mjs: {} claims hold", printed.lines().count()));
}
