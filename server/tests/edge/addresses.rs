//! Limits of addresses, and the addresses that proxies forward.

use super::*;

fn capped(connections_max: u32, per_second: u32) -> EdgeConfig {
    EdgeConfig {
        uncapped: Vec::new(),
        address_connections_max: connections_max,
        address_connects_per_second: per_second,
        ..EdgeConfig::default()
    }
}

/// Joins from this address, as soon as connections that ended no longer count.
fn player_from(from: [u8; 4], server: &Server<Tiny>) -> TestClient {
    let mut upgraded = None;
    wait_until("it is admitted", || {
        let mut stream = connect_from(from, server.address());
        let is_upgraded = request_upgrade(&mut stream, "").starts_with("HTTP/1.1 101 ");
        upgraded = Some(stream).filter(|_| is_upgraded);
        is_upgraded
    });
    let role = tungstenite::protocol::Role::Client;
    let mut peer = TestClient(WebSocket::from_raw_socket(upgraded.expect("it is"), role, None));
    peer.join(RoomChoice::Any).expect("a seat is free");
    peer
}

/// The status with which one more request for this path is answered, on a connection of its own.
fn status_from(from: [u8; 4], server: &Server<Tiny>, path: &str) -> u16 {
    let mut stream = connect_from(from, server.address());
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let response = response_head(&mut stream, &request);
    let status = response[9..12].parse().expect("a status");
    if status == 429 {
        assert!(response.contains("\r\nretry-after: 1\r\n"), "{response}");
        assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    }
    status
}

/// Whether one more WebSocket of this address is admitted.
fn is_admitted(from: [u8; 4], server: &Server<Tiny>) -> bool {
    let mut stream = connect_from(from, server.address());
    let response = request_upgrade(&mut stream, "");
    assert!(["101", "429"].contains(&&response[9..12]), "{response}");
    &response[9..12] == "101"
}

#[test]
fn websockets_and_players_count_against_their_address_and_no_other() {
    let server = start_with_edge(capped(3, 1_000));
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    let first = player_from(one, &server);
    let _second = player_from(one, &server);
    let mut pending = connect_from(one, server.address());
    assert!(request_upgrade(&mut pending, "").starts_with("HTTP/1.1 101 "));
    assert!(!is_admitted(one, &server));
    assert_eq!(status_from(one, &server, "/"), 200, "files of the page do not count");
    let may_connect = |from| status_from(from, &server, "/ws?origin=http%3A%2F%2Fa");
    assert_eq!(
        (may_connect(one), may_connect(other)),
        (429, 204),
        "a page can ask before it tries"
    );
    assert!(is_admitted(other, &server));
    drop(pending);
    wait_until("one that waited for its hello no longer counts", || is_admitted(one, &server));
    let _third = player_from(one, &server);
    assert!(!is_admitted(one, &server));
    drop(first);
    wait_until("a player who left no longer counts", || is_admitted(one, &server));
    let status = status(&server);
    assert!(count(&status, "address_connections_refused") >= 2, "{status}");
    assert_eq!(count(&status, "address_connects_refused"), 0, "{status}");
    assert!(rejected_with(&server, 429) >= 2);
}

#[test]
fn an_address_opens_websockets_at_a_limited_rate() {
    let server = start_with_edge(capped(1_000, 1));
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    // A burst of four, and one for each second that this takes.
    wait_until("one is rejected", || !is_admitted(one, &server));
    assert!(is_admitted(other, &server));
    assert!(count(&status(&server), "address_connects_refused") >= 1);
    wait_until("the rate allows another one", || is_admitted(one, &server));
}

/// Asks to play in a room from this address, with a ticket or as a guest.
fn ask_from(
    from: [u8; 4],
    server: &Server<Tiny>,
    room: &str,
    ticket: Option<&str>,
) -> Result<TestClient, JoinError> {
    let stream = connect_from(from, server.address());
    let url = format!("ws://{}/ws", server.address());
    let (socket, _) = tungstenite::client(url, stream).expect("upgraded");
    let mut peer = TestClient(socket);
    let ticket = ticket.map(tickwire_game::protocol::Ticket);
    peer.send(&ClientMessage::Hello(Hello { ticket, ..hello(RoomChoice::Named(room)) }));
    let bytes = peer.receive().expect("an answer");
    match ServerMessage::decode(&bytes).expect("a message") {
        ServerMessage::Welcome(_) => Ok(peer),
        ServerMessage::Refused(refusal) => Err(refusal),
        other => panic!("neither welcome nor refusal: {other:?}"),
    }
}

#[test]
fn an_address_opens_so_many_rooms_and_keeps_no_other_from_its_own() {
    let server = start_with_edge(EdgeConfig { address_rooms_max: 2, ..capped(99, 1_000) });
    let ask = |from: u8, room: &str| ask_from([127, 0, 0, from], &server, room, None);
    let _in_rooms = ["a", "b"].map(|room| ask(2, room).expect("its share"));
    assert_eq!(ask(2, "c").err(), Some(JoinError::OwnRoomsMax));
    let _other = ask(3, "c").expect("each address has its own share");
    let _in_that = ask(2, "c").expect("a room that is there may be joined");
    let status = status(&server);
    assert_eq!(count(&status, "own_rooms_refused_max"), 1, "{status}");
    assert_eq!((count(&status, "rooms_open"), count(&status, "rooms_deserted")), (3, 0));
}

#[test]
fn an_address_opens_rooms_at_a_limited_rate() {
    let server = start_with_edge(EdgeConfig { address_rooms_per_minute: 3, ..capped(99, 1_000) });
    let ask = |from: u8, room: &str| ask_from([127, 0, 0, from], &server, room, None);
    let mut rooms = (0..9).map(|room| ask(2, &format!("r{room}")).err());
    let refused = rooms.find_map(|refusal| refusal);
    assert_eq!(refused, Some(JoinError::OwnRoomsRate));
    assert!(ask(3, "of-another").is_ok());
    assert!(count(&status(&server), "own_rooms_refused_rate") >= 1);
}

#[test]
fn rooms_count_for_the_subject_of_a_ticket_from_wherever_it_comes() {
    let edge = EdgeConfig { address_rooms_max: 2, ..capped(99, 1_000) };
    let config = Config { edge, ..crate::tickets::config_with_a_key(tickwire::Guests::Allow) };
    let server = start(config);
    let [one, other] = ["one", "other"].map(crate::tickets::ticket_of);
    let ask = |from: u8, room: &str, ticket: &str| {
        ask_from([127, 0, 0, from], &server, room, Some(ticket))
    };
    let _in_rooms =
        [(2, "a"), (3, "b")].map(|(from, room)| ask(from, room, &one).expect("a share"));
    assert_eq!(ask(4, "c", &one).err(), Some(JoinError::OwnRoomsMax));
    // Others at an address that it came from have their own.
    let _other = ask(2, "c", &other).expect("another subject");
    let _guest = ask_from([127, 0, 0, 2], &server, "d", None).expect("a guest of that address");
}

#[test]
fn the_requests_of_an_address_have_one_rate_over_all_its_connections() {
    let proxy = "127.0.0.9/32".parse().expect("a prefix");
    let edge = EdgeConfig {
        address_requests_per_second: 1,
        trusted_proxy: vec![proxy],
        ..capped(1_000, 1_000)
    };
    let server = start_with_edge(edge);
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    // Two connections are the whole burst; what little more there is comes with time.
    wait_until("one is rejected", || status_from(one, &server, "/nothing") == 429);
    assert_eq!(status_from(other, &server, "/nothing"), 404);
    // Through a proxy, each client has a rate of its own. The burst is eight, two more are delayed.
    let at_once = |client: &str, path: &str| {
        let request =
            format!("HEAD {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {client}\r\n\r\n");
        let mut streams: Vec<_> =
            (0..20).map(|_| connect_from([127, 0, 0, 9], server.address())).collect();
        for stream in &mut streams {
            stream.write_all(request.as_bytes()).expect("the server reads");
        }
        let mut answered = std::collections::BTreeMap::<String, usize>::new();
        for stream in &mut streams {
            *answered.entry(response_head(stream, "")[9..12].to_owned()).or_default() += 1;
        }
        answered
    };
    for client in ["203.0.113.1", "203.0.113.2", "unknown"] {
        let answered = at_once(client, "/nothing");
        assert!(answered["429"] > 0 && answered["404"] >= 8, "{client}: {answered:?}");
    }
    let answered = at_once("unknown", "/healthz");
    assert_eq!(answered["200"], 20, "the proxy's own checks forward nobody");
    let answered = at_once("203.0.113.1", "/healthz");
    assert!(answered["429"] > 0, "others ask at their rate: {answered:?}");
    assert!(count(&status(&server), "address_requests_refused") >= 4);
}

#[test]
fn a_class_behind_one_address_gets_all_files_and_plays() {
    const BROWSERS: usize = 35;
    const CONNECTIONS: usize = 6;
    const FILES: usize = 77;
    let server = start_with_edge(EdgeConfig { uncapped: Vec::new(), ..EdgeConfig::default() });
    let from = [127, 0, 0, 2];
    let mut connections: Vec<_> =
        (0..BROWSERS * CONNECTIONS).map(|_| connect_from(from, server.address())).collect();
    let request = "HEAD / HTTP/1.1\r\nHost: here\r\n\r\n";
    for number in 0..BROWSERS * FILES {
        let connection = number % connections.len();
        let response = response_head(&mut connections[connection], request);
        assert!(response.starts_with("HTTP/1.1 200 "), "{number}: {response}");
    }
    // They join while their connections for files are still open.
    let mut players = Vec::new();
    for _ in 0..BROWSERS {
        let mut stream = connect_from(from, server.address());
        let response = request_upgrade(&mut stream, "");
        assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
        let role = tungstenite::protocol::Role::Client;
        let mut player = TestClient(WebSocket::from_raw_socket(stream, role, None));
        player.join(RoomChoice::Any).expect("a seat is free");
        players.push(player);
    }
    let status = status(&server);
    for refused in
        ["address_connections_refused", "address_connects_refused", "address_requests_refused"]
    {
        assert_eq!(count(&status, refused), 0, "{status}");
    }
}

#[test]
fn an_address_with_too_many_http_connections_gives_way_by_its_own_idle_ones() {
    let edge = EdgeConfig { address_http_connections_max: 4, ..capped(1_000, 1_000) };
    let server = start_with_edge(edge);
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    let request = "HEAD / HTTP/1.1\r\nHost: here\r\n\r\n";
    let mut bystander = connect_from(other, server.address());
    response_head(&mut bystander, request);
    let opening = connect_from(one, server.address());
    let mut idle: Vec<_> = (0..3).map(|_| connect_from(one, server.address())).collect();
    for stream in idle.iter_mut().rev() {
        response_head(stream, request);
    }
    let _more: Vec<_> = (0..3).map(|_| connect_from(one, server.address())).collect();
    for stream in &mut idle {
        assert_eq!(stream.read(&mut [0]).expect("closed without a reset"), 0);
    }
    // None of the rest is idle: the oldest makes way.
    let _last = connect_from(one, server.address());
    assert_eq!((&opening).read(&mut [0]).expect("closed without a reset"), 0);
    assert!(response_head(&mut bystander, request).starts_with("HTTP/1.1 200 "));
    let status = status(&server);
    assert_eq!(count(&status, "pending_evicted"), 4, "{status}");
    assert_eq!(count(&status, "address_connections_refused"), 0, "{status}");
}

#[test]
fn uncapped_addresses_are_not_counted() {
    let server =
        start_with_edge(EdgeConfig { address_connections_max: 1, ..EdgeConfig::default() });
    let _players: Vec<_> = (0..5).map(|_| player_from([127, 0, 0, 1], &server)).collect();
    let rooms = 0..2 * tickwire::EdgeConfig::default().address_rooms_max;
    let ask = |room| ask_from([127, 0, 0, 1], &server, &format!("r{room}"), None);
    let _in_rooms: Vec<_> = rooms.map(|room| ask(room).expect("no limit on rooms")).collect();
    assert_eq!(count(&status(&server), "addresses"), 0);
}

#[test]
fn only_a_trusted_proxy_can_forward_the_address_of_a_client() {
    let proxy = "127.0.0.9/32".parse().expect("a prefix");
    let server = start_with_edge(EdgeConfig { trusted_proxy: vec![proxy], ..capped(1, 1_000) });
    let mut open = Vec::new();
    let mut status_of = |from: [u8; 4], headers: &str| {
        let mut stream = connect_from(from, server.address());
        let response = request_upgrade(&mut stream, headers);
        open.push(stream);
        response[9..12].to_owned()
    };
    let proxy = [127, 0, 0, 9];
    for (from, headers, code) in [
        (proxy, "X-Forwarded-For: 192.0.2.1\r\n", "101"),
        (proxy, "X-Forwarded-For: 192.0.2.1\r\n", "429"),
        (proxy, "X-Forwarded-For: 192.0.2.2\r\n", "101"),
        // The part that the client itself sends is not trusted.
        (proxy, "X-Forwarded-For: 192.0.2.3, 192.0.2.2\r\n", "429"),
        (proxy, "X-Forwarded-For: 192.0.2.3, 127.0.0.9\r\n", "101"),
        // All that cannot be read count as one.
        (proxy, "X-Forwarded-For: nobody\r\n", "101"),
        (proxy, "", "429"),
        ([127, 0, 0, 8], "X-Forwarded-For: 192.0.2.4\r\n", "101"),
        ([127, 0, 0, 8], "X-Forwarded-For: 192.0.2.5\r\n", "429"),
    ] {
        assert_eq!(status_of(from, headers), code, "{from:?} {headers:?}");
    }
    // The three clients, the unreadable ones, and the address that is not a proxy.
    assert_eq!(count(&status(&server), "addresses"), 5);
}

#[test]
fn no_header_of_a_client_makes_it_the_proxy_or_nobody() {
    let proxy: [u8; 4] = [127, 0, 0, 9];
    // The loopback is uncapped, and so is the proxy.
    let edge = EdgeConfig {
        address_connections_max: 1,
        trusted_proxy: vec!["127.0.0.9/32".parse().expect("a prefix")],
        ..EdgeConfig::default()
    };
    // What the client sends itself, and then what the proxy appends: the first in a line of its own.
    let own: [&[u8]; 6] =
        [b"caf\xe9", b"\xff\xfe, \xff", b",,,", b"unknown, _hidden", b"127.0.0.1", b""];
    for (appended, may_join) in [
        ("203.0.113.5", true),
        ("203.0.113.6:4711", true),
        ("unknown", true),
        ("unix:", false),
        ("[fe80::1%eth0]", true),
    ] {
        let server = start_with_edge(edge.clone());
        let mut open = Vec::new();
        if !may_join {
            let mut first = connect_from(proxy, server.address());
            let response = request_upgrade(&mut first, "X-Forwarded-For: unknown\r\n");
            assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
            open.push(first);
        }
        for (at, own) in own.iter().enumerate() {
            for separator in ["\r\nX-Forwarded-For: ", ", "] {
                let mut stream = connect_from(proxy, server.address());
                let head =
                    format!("GET /ws HTTP/1.1\r\nHost: here\r\n{HANDSHAKE}X-Forwarded-For: ");
                let rest = format!("{separator}{appended}\r\n\r\n");
                let request = [head.as_bytes(), own, rest.as_bytes()].concat();
                stream.write_all(&request).expect("the server reads");
                let response = response_head(&mut stream, "");
                let code = if open.is_empty() { "101" } else { "429" };
                assert_eq!(&response[9..12], code, "{at} {separator:?} {appended}");
                open.push(stream);
            }
        }
    }
}
