//! How many connections an address may have, and whose they are.

use super::*;

fn capped(connections_max: u32, per_second: u32) -> DoorConfig {
    DoorConfig {
        uncapped: Vec::new(),
        address_connections_max: connections_max,
        address_connects_per_second: per_second,
        ..DoorConfig::default()
    }
}

/// One more player of this address, as soon as those who left count no more.
fn player_from(from: [u8; 4], server: &Server<Tiny>) -> Peer {
    let mut agreed = None;
    wait_until("it is let in", || {
        let mut stream = connect_from(from, server.address());
        let yes = ask(&mut stream, "").starts_with("HTTP/1.1 101 ");
        agreed = Some(stream).filter(|_| yes);
        yes
    });
    let role = tungstenite::protocol::Role::Client;
    let mut peer = Peer(WebSocket::from_raw_socket(agreed.expect("it is"), role, None));
    peer.join(RoomWish::Any).expect("there is a place");
    peer
}

/// Whether one more connection of this address is let in.
fn is_let_in(from: [u8; 4], server: &Server<Tiny>) -> bool {
    let mut stream = connect_from(from, server.address());
    let answer = head(&mut stream, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    if answer.starts_with("HTTP/1.1 429 ") {
        assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        return false;
    }
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    true
}

#[test]
fn an_address_has_so_many_connections_wherever_they_are_and_another_has_its_own() {
    let server = start_door(capped(3, 1_000));
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    let first = player_from(one, &server);
    let _second = player_from(one, &server);
    let opening = connect_from(one, server.address());
    assert!(!is_let_in(one, &server));
    assert!(is_let_in(other, &server));
    drop(opening);
    wait_until("an opening that ended counts no more", || is_let_in(one, &server));
    let _third = player_from(one, &server);
    assert!(!is_let_in(one, &server));
    drop(first);
    wait_until("a player who left counts no more", || is_let_in(one, &server));
    let status = status(&server);
    assert!(count(&status, "address_connections_refused") >= 2, "{status}");
    assert_eq!(count(&status, "address_connects_refused"), 0, "{status}");
    assert!(refused(&server, 429) >= 2);
}

#[test]
fn an_address_connects_so_often_and_no_more() {
    let server = start_door(capped(1_000, 1));
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    // Four at once, and one for each second that this takes.
    wait_until("one is refused", || !is_let_in(one, &server));
    assert!(is_let_in(other, &server));
    assert!(count(&status(&server), "address_connects_refused") >= 1);
    wait_until("time makes it good", || is_let_in(one, &server));
}

#[test]
fn addresses_that_are_not_capped_are_not_counted() {
    let server = start_door(DoorConfig { address_connections_max: 1, ..DoorConfig::default() });
    let _inside: Vec<_> = (0..5).map(|_| player_from([127, 0, 0, 1], &server)).collect();
    assert_eq!(count(&status(&server), "addresses"), 0);
}

#[test]
fn a_trusted_proxy_says_whose_its_connections_are_and_nobody_else_does() {
    let proxy = "127.0.0.9/32".parse().expect("a prefix");
    let server = start_door(DoorConfig { trusted_proxy: vec![proxy], ..capped(1, 1_000) });
    let mut inside = Vec::new();
    let mut brings = |from: [u8; 4], headers: &str| {
        let mut stream = connect_from(from, server.address());
        let answer = ask(&mut stream, headers);
        inside.push(stream);
        answer[9..12].to_owned()
    };
    let proxy = [127, 0, 0, 9];
    for (from, headers, code) in [
        (proxy, "X-Forwarded-For: 192.0.2.1\r\n", "101"),
        (proxy, "X-Forwarded-For: 192.0.2.1\r\n", "429"),
        (proxy, "X-Forwarded-For: 192.0.2.2\r\n", "101"),
        // What the client itself says of where it comes from is believed by nobody.
        (proxy, "X-Forwarded-For: 192.0.2.3, 192.0.2.2\r\n", "429"),
        (proxy, "X-Forwarded-For: 192.0.2.3, 127.0.0.9\r\n", "101"),
        // Without a name, or with one that is none, the proxy counts itself.
        (proxy, "X-Forwarded-For: nobody\r\n", "101"),
        (proxy, "", "429"),
        ([127, 0, 0, 8], "X-Forwarded-For: 192.0.2.4\r\n", "101"),
        ([127, 0, 0, 8], "X-Forwarded-For: 192.0.2.5\r\n", "429"),
    ] {
        assert_eq!(brings(from, headers), code, "{from:?} {headers:?}");
    }
    // One and two, three, the proxy itself, and the one that is none.
    assert_eq!(count(&status(&server), "addresses"), 5);
}
