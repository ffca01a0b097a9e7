//! Requests, good and bad, and who may ask.

use tickwire::{AllowedOrigin, NoOrigin};

use super::*;

#[test]
fn every_bad_opening_has_its_status_says_why_and_is_closed() {
    let server = server();
    let get = |rest: &str| format!("GET / HTTP/1.1\r\n{rest}\r\n");
    let ws = |rest: &str| format!("GET /ws HTTP/1.1\r\nHost: a\r\n{rest}\r\n");
    let cases = [
        (400, "nonsense\r\n\r\n".into()),
        (400, "\u{16}\u{3}\u{1}\u{2}".into()),
        (400, get("")),
        (400, get("Host: a\r\nHost: b\r\n")),
        (400, get("Host: a\r\nContent-Length: 4\r\n") + "body"),
        (400, get("Host: a\r\nTransfer-Encoding: chunked\r\n") + "4\r\nbody\r\n0\r\n\r\n"),
        (400, ws("Connection: Upgrade\r\nUpgrade: websocket\r\n")),
        (400, ws(&format!("{HANDSHAKE}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))),
        (403, ws(&format!("{HANDSHAKE}Origin: http://b\r\n"))),
        (405, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody".into()),
        (405, format!("HEAD /ws HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\n")),
        (414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(2_048))),
        (414, "GET /".to_owned() + &"x".repeat(4_000)),
        (426, ws("")),
        (426, ws(&HANDSHAKE.replace("13", "12"))),
        (431, get(&format!("Host: a\r\nX: {}\r\n", "x".repeat(20_000)))),
        (431, get(&format!("Host: a\r\n{}", "X: y\r\n".repeat(64)))),
    ];
    let mut counts = std::collections::BTreeMap::<u16, u64>::new();
    for (code, request) in &cases {
        // None says `Connection: close`: that it ends is the server's doing.
        let answer = exchange(server.address(), request);
        let what = format!("{request:.60?}: {answer}");
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{what}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let head = head.to_lowercase();
        let connection = head.lines().find(|line| line.starts_with("connection: "));
        assert!(connection.is_some_and(|line| line.ends_with("close")), "{what}");
        assert!(body.ends_with(".\n") || request.starts_with("HEAD"), "{what}");
        let asked_for = [(405, "\nallow: get"), (426, "\nupgrade: websocket")];
        assert!(asked_for.iter().all(|(of, line)| of != code || head.contains(line)), "{what}");
        *counts.entry(*code).or_default() += 1;
    }
    for (code, count) in counts {
        assert_eq!(refused(&server, code), count, "{code}");
    }
}

#[test]
fn one_connection_serves_many_requests_even_when_one_is_for_nothing_and_then_the_websocket() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let ask_for = |path: &str| format!("HEAD {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    assert!(head(&mut stream, &ask_for("/nothing")).starts_with("HTTP/1.1 404 "));
    assert!(head(&mut stream, &ask_for("/")).starts_with("HTTP/1.1 200 "));
    // Two at once are answered one after the other.
    let both = ask_for("/healthz") + &ask_for("/nothing");
    assert!(head(&mut stream, &both).starts_with("HTTP/1.1 200 "));
    assert!(head(&mut stream, "").starts_with("HTTP/1.1 404 "));
    assert!(ask(&mut stream, "").starts_with("HTTP/1.1 101 "));
    let role = tungstenite::protocol::Role::Client;
    let mut peer = Peer(WebSocket::from_raw_socket(stream, role, None));
    peer.join(RoomWish::Any).expect("there is a place");
}

#[test]
fn what_follows_the_handshake_at_once_is_not_lost() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let mut bytes = format!("GET /ws HTTP/1.1\r\nHost: here\r\n{HANDSHAKE}\r\n").into_bytes();
    let mut message = Vec::new();
    ClientMessage::Hello(hello(RoomWish::Any)).encode(&mut message);
    // A frame with a mask of nothing but zeroes.
    bytes.extend([0x82, 0x80 | message.len() as u8, 0, 0, 0, 0]);
    bytes.extend(&message);
    stream.write_all(&bytes).expect("it reads");
    assert!(head(&mut stream, "").starts_with("HTTP/1.1 101 "));
    let role = tungstenite::protocol::Role::Client;
    let mut peer = Peer(WebSocket::from_raw_socket(stream, role, None));
    peer.hear_until(|message| matches!(message, ServerMessage::Welcome(_)));
}

#[test]
fn no_extension_and_no_subprotocol_is_negotiated() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let offers = "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n";
    let answer = ask(&mut stream, offers).to_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(!answer.contains("extensions") && !answer.contains("protocol:"), "{answer}");
}

#[test]
fn pages_of_other_hosts_open_no_websocket_unless_they_are_allowed() {
    let status_of = |server: &Server<Tiny>, origin: &str| {
        let mut stream = connect_from([127, 0, 0, 1], server.address());
        let line = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        ask(&mut stream, &line)[9..12].to_owned()
    };
    let allow = |origin: &str| vec![origin.parse::<AllowedOrigin>().expect("an origin")];
    let of_default = server();
    let door = DoorConfig { allow_origin: allow("https://play.example"), ..DoorConfig::default() };
    let of_list = start_door(door);
    let door = DoorConfig { no_origin: NoOrigin::Refuse, ..DoorConfig::default() };
    let of_browsers = start_door(door);
    let of_any = start_door(DoorConfig { allow_origin: allow("*"), ..DoorConfig::default() });
    let of_echo = start(Config { echo: true, ..Config::default() });
    for (server, origin, code) in [
        (&of_default, "http://here", "101"),
        (&of_default, "", "101"),
        (&of_default, "https://play.example", "403"),
        (&of_list, "https://play.example", "101"),
        (&of_list, "http://here", "101"),
        (&of_list, "https://play.example.evil.example", "403"),
        (&of_browsers, "", "403"),
        (&of_browsers, "http://here", "101"),
        (&of_any, "https://evil.example", "101"),
        (&of_echo, "https://evil.example", "101"),
    ] {
        assert_eq!(status_of(server, origin), code, "{origin:?}");
    }
    assert_eq!(refused(&of_default, 403), 1);
    // Only the WebSocket asks for it.
    let page = "GET / HTTP/1.1\r\nHost: here\r\nOrigin: http://evil\r\nConnection: close\r\n\r\n";
    assert!(exchange(of_default.address(), page).starts_with("HTTP/1.1 200 "));
}

#[test]
fn counters_are_shown_at_the_admin_listener_alone() {
    let server = server();
    let (public, admin) = (server.address(), server.admin_address());
    assert!(admin.ip().is_loopback());
    assert!(get(public, "/api/status").starts_with("HTTP/1.1 404 "));
    for both in [public, admin] {
        assert!(get(both, "/healthz").ends_with("\r\n\r\nok\n"));
        assert!(get(both, "/api/rooms").ends_with("\r\n\r\n[]"));
    }
    for path in ["/", "/ws"] {
        assert!(get(admin, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    let status = status(&server);
    for gauge in ["openings", "door_tasks", "addresses", "people", "memory_bytes", "descriptors"] {
        let told = status.get(gauge).unwrap_or_else(|| panic!("no {gauge} in {status}"));
        assert!(told.is_u64() || (told.is_null() && !cfg!(target_os = "linux")), "{gauge}: {told}");
    }
    assert_eq!(count(&status, "ticks"), 0);
}

#[test]
fn the_admin_listener_is_ten_thousand_ports_above_or_where_it_was_set_or_where_there_is_space() {
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let free = || loop {
        let listener = std::net::TcpListener::bind(loopback(0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let above = port.checked_add(10_000).map(loopback);
        if let Some(Ok(above)) = above.map(std::net::TcpListener::bind) {
            return (loopback(port), above);
        }
    };
    let start_at = |listen, admin_listen| {
        let door = DoorConfig { admin_listen, ..DoorConfig::default() };
        Server::<Tiny>::start(Config { listen, fill: 0, door, ..Config::default() })
    };
    let (listen, above) = free();
    let taken = start_at(listen, None).expect("another port does as well");
    assert_ne!(taken.admin_address().port(), listen.port() + 10_000);
    assert!(get(taken.admin_address(), "/api/status").starts_with("HTTP/1.1 200 "));
    let set = above.local_addr().expect("bound");
    assert!(start_at(loopback(0), Some(set)).is_err(), "what was set is meant");
    drop(above);
    let at_set = start_at(loopback(0), Some(set)).expect("it is free now");
    assert_eq!(at_set.admin_address(), set);
    let (listen, above) = free();
    drop(above);
    let usual = start_at(listen, None).expect("both are free");
    assert_eq!(usual.admin_address().port(), listen.port() + 10_000);
}

#[test]
fn while_the_server_is_closing_requests_are_answered_by_503() {
    let server = server();
    let address = server.address();
    let mut stays = connect(address);
    stays.join(RoomWish::Any).expect("there is a place");
    // It has begun to ask, and is the one that is waited for.
    let mut asks = connect_from([127, 0, 0, 1], address);
    asks.write_all(b"GET / HTTP/1.1\r\n").expect("it reads");
    wait_until("both are there", || count(&status(&server), "openings") == 1);
    let stopping = std::thread::spawn(move || server.stop());
    wait_until("new ones are told", || {
        let answer = get(address, "/healthz");
        assert!(answer.starts_with("HTTP/1.1 "), "told nothing: {answer:?}");
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: ")
    });
    // Whoever comes now and asks a little later is told, too.
    let late: Vec<_> = (0..8).map(|_| connect_from([127, 0, 0, 1], address)).collect();
    std::thread::sleep(Duration::from_millis(50));
    for mut late in late {
        let answer = head(&mut late, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    let mut answer = String::new();
    asks.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(stays);
    stopping.join().expect("it stops");
}

#[test]
fn a_large_file_comes_whole_to_one_who_reads_slowly_and_the_connection_goes_on() {
    const BYTES: usize = 6 << 20;
    let folder = std::env::temp_dir().join(format!("tickwire-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("it can be made");
    std::fs::write(folder.join("large.js"), vec![b'x'; BYTES]).expect("it can be written");
    let server = start(Config { web_dir: Some(folder.clone()), ..Config::default() });
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let both = "GET /large.js HTTP/1.1\r\nHost: a\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(head(&mut stream, both).starts_with("HTTP/1.1 200 "));
    let (mut left, mut bytes) = (BYTES, vec![0; 1 << 20]);
    while left > 0 {
        // Longer than it takes the kernel's buffers to fill.
        std::thread::sleep(Duration::from_millis(50));
        let most = left.min(bytes.len());
        let count = stream.read(&mut bytes[..most]).expect("it comes");
        assert!(count > 0 && bytes[..count].iter().all(|byte| *byte == b'x'), "{left} to come");
        left -= count;
    }
    assert!(head(&mut stream, "").starts_with("HTTP/1.1 200 "));
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}
