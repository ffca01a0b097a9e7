//! The real server behind real reverse proxies, each configured as `docs/operations.md` shows: the page
//! plays at the root and below a path, and the limits of an address hold whatever it says of itself.
//!
//! Where a proxy is not installed, what stands here of it is skipped, and says so.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use skirmish_rules::Skirmish;
use socket2::{Domain, Socket, Type};
use tests::real::{
    Browser, GIVE_UP, Player, Proxy, ProxyKind, Server, TestClient, alone, http, poll,
};

/// So many connections one address may have open here.
const CONNECTIONS_MAX: usize = 2;

/// The server as the documentation starts it. All of the loopback is without limits by default; here
/// only the proxy's own address is, so that other addresses of the loopback are clients as any.
fn server(connections_max: usize) -> Server {
    let max = connections_max.to_string();
    Server::start(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--uncapped",
        "127.0.0.1",
        "--address-connections-max",
        &max,
        "--fill",
        "2",
    ])
}

/// Runs a claim behind each proxy that is installed.
fn behind_each(server: &Server, claim: impl Fn(ProxyKind, &Proxy)) {
    for kind in ProxyKind::ALL {
        if let Some(proxy) = Proxy::start(kind, server) {
            claim(kind, &proxy);
        }
    }
}

/// Connects from one of the addresses of the loopback and asks for the WebSocket with these headers
/// besides. Returns the status, and the connection while it is open.
fn upgrade(from: Ipv4Addr, to: SocketAddr, path: &str, headers: &[u8]) -> (u16, TcpStream) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("the loopback has this address");
    socket.connect(&to.into()).expect("the proxy listens");
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    let request = [head.as_bytes(), headers, b"\r\n"].concat();
    stream.write_all(&request).expect("the proxy reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1..) => head.push(byte[0]),
            Ok(0) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("no answer to {request:?}: {error}"),
        }
    }
    let text = String::from_utf8_lossy(&head);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {text:?}")), stream)
}

/// What a client may say in `X-Forwarded-For` before a proxy adds its address.
const FORGED: [(&str, &[u8]); 12] = [
    ("nothing", b""),
    ("another address", b"X-Forwarded-For: 198.51.100.1\r\n"),
    ("the proxy's address", b"X-Forwarded-For: 127.0.0.1\r\n"),
    ("a byte that is not ASCII", b"X-Forwarded-For: 198.51.100.1\xFF\r\n"),
    ("letters beyond ASCII", "X-Forwarded-For: \u{e9}\u{4e00}\r\n".as_bytes()),
    ("several lines", b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 198.51.100.2\r\n"),
    ("several lines, one not ASCII", b"X-Forwarded-For: \xC3\xA9\r\nX-Forwarded-For: 10.0.0.1\r\n"),
    ("an empty value", b"X-Forwarded-For:\r\n"),
    ("empty members", b"X-Forwarded-For: , 198.51.100.1,, ,\r\n"),
    ("unknown", b"X-Forwarded-For: unknown\r\n"),
    ("addresses with ports", b"X-Forwarded-For: 198.51.100.1:4711, [2001:db8::1]:4711\r\n"),
    ("a node of RFC 7239", b"X-Forwarded-For: for=\"_hidden\"\r\nForwarded: for=198.51.100.1\r\n"),
];

#[test]
fn an_address_stays_within_its_limits_behind_each_proxy_whatever_it_says_of_itself() {
    /// As many as are allowed, one more, and one of another address.
    const EXPECTED: [u16; CONNECTIONS_MAX + 2] = [101, 101, 429, 101];
    let (server, faults) = (server(CONNECTIONS_MAX), RefCell::new(Vec::new()));
    behind_each(&server, |kind, proxy| {
        for (number, (name, headers)) in FORGED.into_iter().enumerate() {
            // An address of its own for each, so that none waits for the connections before it.
            let from = Ipv4Addr::new(127, 0, 1 + kind as u8, 10 + number as u8);
            let open = |from| upgrade(from, proxy.address(), "/ws", headers);
            let held: Vec<_> = (0..CONNECTIONS_MAX).map(|_| open(from)).collect();
            let beyond = open(from);
            let other = open(Ipv4Addr::new(127, 0, 1 + kind as u8, 100 + number as u8));
            let statuses: Vec<u16> =
                held.iter().chain([&beyond, &other]).map(|(status, _)| *status).collect();
            if statuses != EXPECTED {
                faults.borrow_mut().push(format!("{kind:?}, {name}: {statuses:?}"));
            }
        }
    });
    let faults = faults.into_inner();
    assert!(faults.is_empty(), "not {EXPECTED:?}:\n{}", faults.join("\n"));
}

#[test]
fn the_page_plays_at_the_root_and_below_a_path_behind_each_proxy() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let server = server(256);
    behind_each(&server, |kind, proxy| {
        let bare = http::request(proxy.address(), "GET", "/game");
        assert!([301, 302, 308].contains(&bare.status), "{kind:?}: {bare:?}");
        for path in ["/", "/game/"] {
            let page = browser.page();
            page.open(&proxy.url(&format!("{path}?play&name=Ann")));
            page.wait_until(
                "tickwire.state().connected && tickwire.state().snapshots > 15",
                GIVE_UP,
            );
            assert_eq!(page.take_faults(), Vec::<String>::new(), "{kind:?} {path}");
        }
    });
}

#[test]
fn players_play_on_and_newcomers_get_in_while_a_proxy_is_reloaded() {
    let server = server(CONNECTIONS_MAX);
    behind_each(&server, |kind, proxy| {
        if kind == ProxyKind::Caddy {
            // It closes upgraded connections at a reload: documented, and nothing to hold.
            return;
        }
        let player = Player::of::<Skirmish>("lounge");
        let join = || {
            let mut client = TestClient::open_through(proxy.address(), "/game/ws");
            client.say_hello(&player);
            client.snapshots(1);
            client
        };
        let mut before = join();
        let old = proxy.workers();
        assert!(!old.is_empty(), "{kind:?} has workers");
        proxy.reload(kind);
        let is_new = || proxy.workers().iter().any(|id| !old.contains(id)).then_some(());
        poll(GIVE_UP, is_new).expect("new workers come");
        before.plays_on();
        let mut after = join();
        after.plays_on();
        before.plays_on();
    });
}
