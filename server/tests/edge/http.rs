//! Valid and invalid requests, origins, and the admin listener.

use tickwire::{AllowedOrigin, NoOrigin};

use super::*;

#[test]
fn every_invalid_request_is_rejected_with_its_status_and_reason_and_closed() {
    let server = server();
    let get = |rest: &str| format!("GET / HTTP/1.1\r\n{rest}\r\n");
    let ws = |rest: &str| format!("GET /ws HTTP/1.1\r\nHost: a\r\n{rest}\r\n");
    let cases = [
        (400, "nonsense\r\n\r\n".into()),
        (400, "\u{16}\u{3}\u{1}\u{2}".into()),
        (400, "PROXY TCP4 192.0.2.1 192.0.2.2 4711 7777\r\n".to_owned() + &get("Host: a\r\n")),
        (400, "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{c}".into()),
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
        // No request has `Connection: close`: the server closes on its own.
        let response = exchange(server.address(), request);
        let what = format!("{request:.60?}: {response}");
        assert!(response.starts_with(&format!("HTTP/1.1 {code} ")), "{what}");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        let head = head.to_lowercase();
        let connection = head.lines().find(|line| line.starts_with("connection: "));
        assert!(connection.is_some_and(|line| line.ends_with("close")), "{what}");
        assert!(body.ends_with(".\n") || request.starts_with("HEAD"), "{what}");
        let required = [(405, "\nallow: get"), (426, "\nupgrade: websocket")];
        assert!(required.iter().all(|(of, line)| of != code || head.contains(line)), "{what}");
        *counts.entry(*code).or_default() += 1;
    }
    for (code, count) in counts {
        assert_eq!(rejected_with(&server, code), count, "{code}");
    }
}

#[test]
fn one_connection_serves_many_requests_even_after_a_404_and_then_the_websocket() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let head_request = |path: &str| format!("HEAD {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    assert!(response_head(&mut stream, &head_request("/nothing")).starts_with("HTTP/1.1 404 "));
    assert!(response_head(&mut stream, &head_request("/")).starts_with("HTTP/1.1 200 "));
    // Two at once are answered in sequence.
    let both = head_request("/healthz") + &head_request("/nothing");
    assert!(response_head(&mut stream, &both).starts_with("HTTP/1.1 200 "));
    assert!(response_head(&mut stream, "").starts_with("HTTP/1.1 404 "));
    assert!(request_upgrade(&mut stream, "").starts_with("HTTP/1.1 101 "));
    let role = tungstenite::protocol::Role::Client;
    let mut peer = TestClient(WebSocket::from_raw_socket(stream, role, None));
    peer.join(RoomChoice::Any).expect("a seat is free");
}

#[test]
fn bytes_right_after_the_handshake_are_not_lost() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let mut bytes = format!("GET /ws HTTP/1.1\r\nHost: here\r\n{HANDSHAKE}\r\n").into_bytes();
    let mut message = Vec::new();
    ClientMessage::Hello(hello(RoomChoice::Any)).encode(&mut message);
    // A frame with a mask of zeros.
    bytes.extend([0x82, 0x80 | message.len() as u8, 0, 0, 0, 0]);
    bytes.extend(&message);
    stream.write_all(&bytes).expect("the server reads");
    assert!(response_head(&mut stream, "").starts_with("HTTP/1.1 101 "));
    let role = tungstenite::protocol::Role::Client;
    let mut peer = TestClient(WebSocket::from_raw_socket(stream, role, None));
    peer.receive_until(|message| matches!(message, ServerMessage::Welcome(_)));
}

#[test]
fn no_extension_and_no_subprotocol_is_negotiated() {
    let server = server();
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let offers = "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n";
    let response = request_upgrade(&mut stream, offers).to_lowercase();
    assert!(response.starts_with("http/1.1 101 "), "{response}");
    assert!(!response.contains("extensions") && !response.contains("protocol:"), "{response}");
}

#[test]
fn pages_of_other_hosts_can_open_a_websocket_only_if_they_are_allowed() {
    let status_of = |server: &Server<Tiny>, origin: &str| {
        let mut stream = connect_from([127, 0, 0, 1], server.address());
        let line = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        request_upgrade(&mut stream, &line)[9..12].to_owned()
    };
    let allow = |origin: &str| vec![origin.parse::<AllowedOrigin>().expect("an origin")];
    let by_default = server();
    let edge = EdgeConfig { allow_origin: allow("https://play.example"), ..EdgeConfig::default() };
    let with_list = start_with_edge(edge);
    let edge = EdgeConfig { no_origin: NoOrigin::Refuse, ..EdgeConfig::default() };
    let browsers_only = start_with_edge(edge);
    let with_any =
        start_with_edge(EdgeConfig { allow_origin: allow("*"), ..EdgeConfig::default() });
    let with_apps = start_with_edge(EdgeConfig {
        allow_origin: [allow("null"), allow("app://game"), allow("http://a.example:80")].concat(),
        ..EdgeConfig::default()
    });
    let with_echo = start(Config { echo: true, ..Config::default() });
    for (server, origin, code) in [
        (&by_default, "http://here", "101"),
        (&by_default, "", "101"),
        (&by_default, "https://play.example", "403"),
        (&with_list, "https://play.example", "101"),
        (&with_list, "http://here", "101"),
        (&with_list, "https://play.example.evil.example", "403"),
        (&browsers_only, "", "403"),
        (&browsers_only, "http://here", "101"),
        (&with_any, "https://evil.example", "101"),
        (&with_echo, "https://evil.example", "101"),
        (&with_list, "https://play.example:443", "101"),
        (&with_list, "null", "403"),
        (&with_apps, "null", "101"),
        (&with_apps, "app://game", "101"),
        (&with_apps, "app://other", "403"),
        (&with_apps, "http://a.example", "101"),
    ] {
        assert_eq!(status_of(server, origin), code, "{origin:?}");
    }
    assert_eq!(rejected_with(&by_default, 403), 1);
    // Only the WebSocket checks the origin.
    let page = "GET / HTTP/1.1\r\nHost: here\r\nOrigin: http://evil\r\nConnection: close\r\n\r\n";
    assert!(exchange(by_default.address(), page).starts_with("HTTP/1.1 200 "));
}

#[test]
fn only_the_admin_listener_serves_the_counters() {
    let server = server();
    let (public, admin) = (server.address(), server.admin_address());
    assert!(admin.ip().is_loopback());
    assert!(get(public, "/api/status").starts_with("HTTP/1.1 404 "));
    for both in [public, admin] {
        assert!(get(both, "/healthz").contains("\"status\":\"ok\""));
        assert!(get(both, "/readyz").ends_with("\r\n\r\n{\"ready\":true}\n"));
        assert!(get(both, "/api/rooms").ends_with("\r\n\r\n[]"));
    }
    for path in ["/", "/ws"] {
        assert!(get(admin, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    let status = status(&server);
    for gauge in
        ["pending_connections", "edge_tasks", "addresses", "people", "memory_bytes", "descriptors"]
    {
        let value = status.get(gauge).unwrap_or_else(|| panic!("no {gauge} in {status}"));
        assert!(
            value.is_u64() || (value.is_null() && !cfg!(target_os = "linux")),
            "{gauge}: {value}"
        );
    }
    assert_eq!(count(&status, "ticks"), 0);
}

#[test]
fn the_admin_port_is_ten_thousand_above_or_as_configured_and_never_another_one() {
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
        let edge = EdgeConfig { admin_listen, ..EdgeConfig::default() };
        Server::<Tiny>::start(Config { listen, fill: 0, edge, ..Config::default() })
    };
    let (listen, above) = free();
    let configured = above.local_addr().expect("bound");
    for (listen, admin) in [(listen, None), (loopback(0), Some(configured))] {
        let error = start_at(listen, admin).err().expect("the port is taken");
        assert_eq!(error.exit_code(), 1);
        let text = error.to_string();
        assert!(text.contains(&configured.to_string()), "{text}");
        assert!(text.contains("--admin-listen"), "it says what to set: {text}");
    }
    drop(above);
    let at_configured = start_at(loopback(0), Some(configured)).expect("it is free now");
    assert_eq!(at_configured.admin_address(), configured);
    let (listen, above) = free();
    drop(above);
    let at_default = start_at(listen, None).expect("both are free");
    assert_eq!(at_default.admin_address().port(), listen.port() + 10_000);
}

#[test]
fn a_server_on_all_addresses_starts_with_an_admin_listener_on_the_loopback() {
    let listen = "[::]:0".parse().expect("an address");
    let started = Server::<Tiny>::start(Config { listen, fill: 0, ..Config::default() });
    let server = started.expect("it starts, whether this machine has an IPv6 loopback or not");
    assert!(server.admin_address().ip().is_loopback());
    assert!(get(server.admin_address(), "/api/status").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_admin_listener_is_not_served_by_names_that_others_chose() {
    let edge = EdgeConfig { admin_host: vec!["admin.example".to_owned()], ..EdgeConfig::default() };
    let server = start_with_edge(edge);
    let code = |address, host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        exchange(address, &request)[9..12].to_owned()
    };
    for path in ["/api/status", "/api/rooms", "/healthz", "/readyz"] {
        for (host, expected) in [
            ("localhost:17777", "200"),
            ("192.0.2.1", "200"),
            ("Admin.example:80", "200"),
            ("rebound.evil.example:17777", "403"),
            ("127.0.0.1.evil.example", "403"),
        ] {
            assert_eq!(code(server.admin_address(), host, path), expected, "{host} {path}");
        }
    }
    assert_eq!(code(server.address(), "any.example", "/healthz"), "200");
    let without_host = exchange(server.admin_address(), "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(without_host.starts_with("HTTP/1.0 200 "), "only programs send none: {without_host}");
}

#[test]
fn options_are_answered_for_monitoring_and_for_pages_of_other_origins() {
    let play = "https://play.example".parse::<AllowedOrigin>().expect("an origin");
    let edge = EdgeConfig { allow_origin: vec![play], ..EdgeConfig::default() };
    let server = start_with_edge(edge);
    for address in [server.address(), server.admin_address()] {
        for path in ["/healthz", "/readyz"] {
            // What HAProxy checks servers with by default.
            let response = exchange(address, &format!("OPTIONS {path} HTTP/1.0\r\n\r\n"));
            assert!(response.starts_with("HTTP/1.0 204 "), "{response}");
            assert!(!response.contains("keep-alive"), "it closes: {response}");
            assert!(response.contains("\r\nallow: GET, HEAD, OPTIONS\r\n"), "{response}");
        }
    }
    let ask = |method: &str, path: &str, origin: &str| {
        let head = "Host: here\r\nConnection: close\r\nAccess-Control-Request-Method: GET";
        let request = format!("{method} {path} HTTP/1.1\r\n{head}\r\nOrigin: {origin}\r\n\r\n");
        exchange(server.address(), &request)
    };
    for path in ["/", "/index.html", "/api/rooms", "/healthz", "/nothing"] {
        for method in ["OPTIONS", "GET", "HEAD"] {
            let allowed = ask(method, path, "https://play.example");
            let cors = "\r\naccess-control-allow-origin: https://play.example\r\n";
            assert!(allowed.contains(cors), "{method} {path}: {allowed}");
            let refused = ask(method, path, "https://evil.example");
            assert!(!refused.contains("\r\naccess-control-allow-origin:"), "{refused}");
            for response in [allowed, refused] {
                assert!(response.contains("\r\nvary: origin\r\n"), "{response}");
            }
        }
    }
    // A client that may not connect may know it.
    let probe = ask("GET", "/ws", "https://evil.example");
    assert!(probe.starts_with("HTTP/1.1 403 "), "{probe}");
    assert!(probe.contains("\r\naccess-control-allow-origin: *\r\n"), "{probe}");
    assert!(probe.contains("--allow-origin https://evil.example"), "{probe}");
}

#[test]
fn nothing_that_is_served_names_an_absolute_address_of_this_server() {
    let server = server();
    for path in ["/", "/nothing", "/api/rooms", "/healthz", "/readyz", "/ws", "/index.html/"] {
        let response = get(server.address(), path);
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        assert!(!head.contains("location:"), "a proxy may have removed a path: {head}");
        for absolute in ["=\"/", "='/", "(/", "http://localhost:1", "ws://localhost:1"] {
            assert!(!body.contains(absolute), "{path}: {absolute} in {body}");
        }
    }
}

#[test]
fn while_the_server_is_closing_requests_are_answered_with_503() {
    // With a drain there is more time for goodbyes.
    let session = SessionConfig { drain: Duration::from_secs(60), ..SessionConfig::default() };
    let server = start(Config { session, ..Config::default() });
    let address = server.address();
    let mut stays = connect(address);
    stays.join(RoomChoice::Any).expect("a seat is free");
    // It has begun a request, so the server waits for it.
    let mut requesting = connect_from([127, 0, 0, 1], address);
    requesting.write_all(b"GET / HTTP/1.1\r\n").expect("the server reads");
    wait_until("both are connected", || count(&status(&server), "pending_connections") == 1);
    let stopping = std::thread::spawn(move || server.stop());
    wait_until("new requests are rejected", || {
        let response = get(address, "/healthz");
        assert!(response.starts_with("HTTP/1.1 "), "no response: {response:?}");
        response.starts_with("HTTP/1.1 503 ") && response.contains("\r\nretry-after: ")
    });
    // A connection from now on that sends its request later is answered as well.
    let late: Vec<_> = (0..8).map(|_| connect_from([127, 0, 0, 1], address)).collect();
    std::thread::sleep(Duration::from_millis(50));
    for mut late in late {
        let response = response_head(&mut late, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    }
    let mut response = String::new();
    requesting.read_to_string(&mut response).expect("it is answered");
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    drop(stays);
    stopping.join().expect("it stops");
}

#[test]
fn a_slow_reader_receives_a_large_file_whole_and_the_connection_stays_usable() {
    const BYTES: usize = 6 << 20;
    let folder = std::env::temp_dir().join(format!("tickwire-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("it can be made");
    std::fs::write(folder.join("large.js"), vec![b'x'; BYTES]).expect("it can be written");
    let server = start(Config { web_dir: Some(folder.clone()), ..Config::default() });
    let mut stream = connect_from([127, 0, 0, 1], server.address());
    let both = "GET /large.js HTTP/1.1\r\nHost: a\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(response_head(&mut stream, both).starts_with("HTTP/1.1 200 "));
    let (mut left, mut bytes) = (BYTES, vec![0; 1 << 20]);
    while left > 0 {
        // Long enough for the kernel buffers to fill.
        std::thread::sleep(Duration::from_millis(50));
        let most = left.min(bytes.len());
        let count = stream.read(&mut bytes[..most]).expect("it arrives");
        assert!(count > 0 && bytes[..count].iter().all(|byte| *byte == b'x'), "{left} to come");
        left -= count;
    }
    assert!(response_head(&mut stream, "").starts_with("HTTP/1.1 200 "));
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}
