//! The page over real sockets: addresses, codings, folders, and who may frame it.

use flate2::read::GzDecoder;
use tickwire::FrameAncestor;

use super::*;

/// The answer to a request for this path, with additional headers.
fn get_with(server: &Server<Tiny>, path: &str, headers: &str) -> String {
    let head = "Host: game.example\r\nConnection: close\r\n";
    exchange(server.address(), &format!("GET {path} HTTP/1.1\r\n{head}{headers}\r\n"))
}

/// A header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(other, _)| *other == name).map(|(_, value)| value)
}

/// A folder of its own, removed on drop.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let name = format!("tickwire-web-dir-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("it can be made");
        Scratch(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("it can be written");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_has_its_hash_in_its_address_is_kept_for_ever_and_all_else_is_asked_for_again() {
    let server = server();
    for (path, caching, tag) in [
        ("/", "no-cache", "\"a1\""),
        ("/main.js", "no-cache", "\"b2\""),
        ("/~0123/main.js", "public, max-age=31536000, immutable", "\"b2\""),
        ("/~0123/tickwire.wasm", "public, max-age=31536000, immutable", "\"d4\""),
    ] {
        let answer = get_with(&server, path, "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(header(&answer, "cache-control"), Some(caching), "{path}");
        assert_eq!(header(&answer, "etag"), Some(tag), "{path}");
        let again = get_with(&server, path, &format!("If-None-Match: W/\"x\", {tag}\r\n"));
        assert!(again.starts_with("HTTP/1.1 304 ") && again.ends_with("\r\n\r\n"), "{again}");
    }
    // Of another version of the page nothing is served: it would not go with the rest.
    for path in ["/~0124/main.js", "/~0123/index.html", "/~0123/", "/~0123", "/main.css"] {
        let answer = get_with(&server, path, "");
        assert!(
            answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("Not found.\n"),
            "{answer}"
        );
        assert_eq!(header(&answer, "cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn a_file_is_sent_in_the_best_coding_that_its_client_takes() {
    let server = server();
    for (path, accepted, coding, body) in [
        ("/main.js", "", None, "let plain;"),
        ("/main.js", "gzip, deflate, br, zstd", Some("br"), "brotli"),
        ("/~0123/main.js", "gzip;q=0.8, br", Some("br"), "brotli"),
        ("/main.js", "gzip", Some("gzip"), "gzip"),
        ("/main.js", "br;q=0, gzip", Some("gzip"), "gzip"),
        ("/tickwire.wasm", "br, gzip", Some("gzip"), "gzip"),
        ("/tickwire.js", "br, gzip", None, "export {};"),
    ] {
        let answer = get_with(&server, path, &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!(header(&answer, "content-encoding"), coding, "{path} {accepted}");
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
        assert!(answer.contains("\r\nvary: accept-encoding\r\n"), "{answer}");
    }
}

#[test]
fn a_folder_is_served_as_it_is_now_with_the_kit_and_without_any_other_file() {
    let scratch = Scratch::new("now");
    scratch.write("index.html", "first");
    let config = Config { web_dir: Some(scratch.0.clone()), ..Config::default() };
    let server = start(config);
    assert!(get(server.address(), "/").ends_with("\r\n\r\nfirst"));
    scratch.write("index.html", "second");
    assert!(get(server.address(), "/").ends_with("\r\n\r\nsecond"), "a change is seen at once");
    assert!(get(server.address(), "/tickwire.js").ends_with("\r\n\r\nexport {};"));
    assert!(get(server.address(), "/tickwire.wasm").ends_with("\r\n\r\n\0asm"));
    for path in ["/main.js", "/~0123/main.js", "/~0123/tickwire.js"] {
        let answer = get(server.address(), path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(answer.contains("--web-dir"), "{answer}");
    }
    scratch.write("tickwire.js", "own");
    assert!(get(server.address(), "/tickwire.js").ends_with("\r\n\r\nown"));
}

/// The body of the answer to a request for a document that names its address.
fn named(server: &Server<Tiny>, target: &str, headers: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    let answer = exchange(server.address(), &request);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
}

#[test]
fn a_document_names_its_address_by_the_host_of_its_request_or_as_it_is_configured() {
    let server = server();
    for (target, host, body) in [
        ("/about.html", "game.example", "http://game.example/about.html http://game.example/a.png"),
        (
            "/about.html?room=b-1&name=Ann",
            "[::1]:7",
            "http://[::1]:7/about.html?room=b-1 http://[::1]:7/a.png",
        ),
        // What is no host is never in a document.
        ("/about.html", "a\"><script>", "./about.html ./a.png"),
        ("/about.html", "a/b", "./about.html ./a.png"),
        ("/docs/about.html", "a/b", "../docs/about.html ../a.png"),
    ] {
        assert_eq!(named(&server, target, &format!("Host: {host}\r\n")), body);
    }
    // Who is no trusted proxy says nothing of the scheme.
    let forged = "Host: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n";
    assert_eq!(named(&server, "/about.html", forged), "http://a/about.html http://a/a.png");

    let trusted_proxy = vec!["127.0.0.1/32".parse().expect("a net")];
    let proxied = start_with_edge(EdgeConfig { trusted_proxy, ..EdgeConfig::default() });
    assert_eq!(named(&proxied, "/about.html", forged), "https://a/about.html https://a/a.png");

    let public_url = Some("https://play.example/game".parse().expect("a URL"));
    let public = start_with_edge(EdgeConfig { public_url, ..EdgeConfig::default() });
    let own = "https://play.example/game/";
    assert_eq!(named(&public, "/about.html", forged), format!("{own}about.html {own}a.png"));
}

/// A server whose page is a document that names its address, in both codings as the build makes them.
fn start_named(edge: EdgeConfig) -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let gzip = tickwire_build::gzip(NAMED.as_bytes()).leak();
    let file: tickwire::PageFile =
        ("/index.html", "f6", false, false, NAMED.as_bytes(), None, Some(gzip));
    let page = Page::embedded("tiny-server", "1.2.3", ("0123", "", vec![file].leak()));
    let config = Config { listen, fill: 0, page: Some(page), edge, ..Config::default() };
    Server::start(config).expect("the server starts")
}

const NAMED: &str = "<meta property=\"og:url\" content=\"{page-url}\" />\n<meta content=\"{public-url}card.png\" />\n";

/// Head and body of the answer to a request that takes gzip.
fn exchange_gzip(server: &Server<Tiny>, method: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    let request = format!(
        "{method} /?room=b-1 HTTP/1.1\r\nHost: Game_1.example\r\nConnection: close\r\n\
         Accept-Encoding: gzip, br\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server responds and closes");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).expect("a head is text"), body)
}

#[test]
fn a_document_that_names_its_address_is_filled_in_as_it_is_compressed() {
    let trusted_proxy = vec!["127.0.0.1/32".parse().expect("a net")];
    let proxied = EdgeConfig { trusted_proxy, ..EdgeConfig::default() };
    let public_url = Some("https://play.example/game".parse().expect("a URL"));
    let public = EdgeConfig { public_url: public_url.clone(), ..EdgeConfig::default() };
    let both = EdgeConfig { public_url, ..proxied.clone() };
    let (by_client, by_proxy) = ("accept-encoding", "accept-encoding, x-forwarded-proto");
    let forwarded = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    for (edge, own, vary) in [
        (EdgeConfig::default(), "http://game_1.example/", by_client),
        (proxied, "https://game_1.example/", by_proxy),
        (public, "https://play.example/game/", by_client),
        (both, "https://play.example/game/", by_client),
    ] {
        let server = start_named(edge);
        let text = NAMED.replace("{public-url}", own);
        let text = text.replace("{page-url}", &format!("{own}?room=b-1"));
        let (head, body) = exchange_gzip(&server, "GET", forwarded);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(header(&head, "content-encoding"), Some("gzip"));
        assert_eq!(header(&head, "vary"), Some(vary), "{own}");
        let mut inflated = String::new();
        GzDecoder::new(&body[..]).read_to_string(&mut inflated).expect("it is whole");
        assert_eq!(inflated, text);
        // Each coding has its tag.
        let tag = header(&head, "etag").expect("it has one");
        let refused = format!("{forwarded}Accept-Encoding: gzip;q=0\r\n");
        let plain = get_plain(&server, &refused);
        assert_eq!(header(&plain, "content-encoding"), None);
        assert_eq!(header(&plain, "vary"), Some(vary));
        assert!(plain.ends_with(&format!("\r\n\r\n{text}")), "{plain}");
        assert_ne!(header(&plain, "etag"), Some(tag));
        // Without a body all else is the same.
        let (asked, none) = exchange_gzip(&server, "HEAD", forwarded);
        assert_eq!((without_date(&asked), none), (without_date(&head), Vec::new()));
        let known = format!("{forwarded}If-None-Match: {tag}\r\n");
        let (again, none) = exchange_gzip(&server, "GET", &known);
        assert!(again.starts_with("HTTP/1.1 304 ") && none.is_empty(), "{again}");
        for name in ["etag", "vary", "content-encoding"] {
            assert_eq!(header(&again, name), header(&head, name), "{name}");
        }
        let plain = get_plain(&server, &format!("{refused}If-None-Match: {tag}\r\n"));
        assert!(plain.starts_with("HTTP/1.1 200 "), "it is the tag of the other coding: {plain}");
    }
}

/// The answer to a request for the same document with these headers.
fn get_plain(server: &Server<Tiny>, headers: &str) -> String {
    let head = "Host: Game_1.example\r\nConnection: close\r\n";
    exchange(server.address(), &format!("GET /?room=b-1 HTTP/1.1\r\n{head}{headers}\r\n"))
}

/// The lines of a head but for its date.
fn without_date(head: &str) -> Vec<&str> {
    head.lines().filter(|line| !line.starts_with("date: ")).collect()
}

#[test]
fn a_document_that_names_its_address_has_another_tag_for_each_host_and_all_others_are_as_they_were()
{
    let server = server();
    let get = |path: &str, host: &str, headers: &str| {
        let headers = format!("Host: {host}\r\nConnection: close\r\n{headers}");
        exchange(server.address(), &format!("GET {path} HTTP/1.1\r\n{headers}\r\n"))
    };
    let tag = |host: &str| {
        // It is compressed by nothing in which it could be filled in.
        let answer = get("/about.html", host, "Accept-Encoding: br\r\n");
        assert_eq!(header(&answer, "content-encoding"), None);
        header(&answer, "etag").expect("it has one").to_owned()
    };
    let (one, other) = (tag("one.example"), tag("other.example"));
    assert_ne!(one, other);
    for (host, status) in [("one.example", "304"), ("other.example", "200")] {
        let answer = get("/about.html", host, &format!("If-None-Match: {one}\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
    for host in ["one.example", "other.example"] {
        let answer = get("/", host, "");
        assert_eq!(header(&answer, "etag"), Some("\"a1\""));
        assert!(answer.ends_with("\r\n\r\n<script src=\"./~0123/main.js\">"), "{answer}");
    }
    let scratch = Scratch::new("named");
    scratch.write("index.html", "{public-url}a.png");
    scratch.write("a.js", "{public-url}");
    let server = start(Config { web_dir: Some(scratch.0.clone()), ..Config::default() });
    assert_eq!(named(&server, "/", "Host: a\r\n"), "http://a/a.png");
    assert_eq!(named(&server, "/a.js", "Host: a\r\n"), "{public-url}", "it is no document");
}

#[test]
fn a_server_without_a_page_serves_the_generic_one_and_the_laboratory_only_if_it_is_wanted() {
    for lab in [false, true] {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen, fill: 0, lab, ..Config::default() };
        let server = Server::<Tiny>::start(config).expect("it starts");
        let page = get(server.address(), "/");
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("viewer.js"), "{page}");
        let answer = get(server.address(), "/lab");
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), lab, "{answer}");
        assert_eq!(answer.contains("--lab"), !lab, "{answer}");
    }
}

#[test]
fn a_portal_may_frame_the_page_if_it_is_named_and_nobody_else_ever() {
    let policy = |edge: EdgeConfig| {
        let answer = get_with(&start_with_edge(edge), "/", "");
        header(&answer, "content-security-policy").expect("there is one").to_owned()
    };
    let strict = policy(EdgeConfig::default());
    assert!(strict.contains("; frame-ancestors 'none';"), "{strict}");
    let portal = "https://portal.example".parse::<FrameAncestor>().expect("an origin");
    let framed =
        policy(EdgeConfig { frame_ancestors: vec![portal.clone()], ..EdgeConfig::default() });
    assert_eq!(framed, strict.replace("ancestors 'none'", "ancestors https://portal.example"));
    let own = "default-src 'self'; connect-src wss://{host}".parse().expect("a policy");
    let own = EdgeConfig { content_security_policy: Some(own), ..EdgeConfig::default() };
    assert_eq!(policy(own), "default-src 'self'; connect-src wss://game.example");
    let none = "none".parse().expect("a word");
    let edge = EdgeConfig { frame_ancestors: vec![none, portal], ..EdgeConfig::default() };
    let error = Server::<Tiny>::start(Config { edge, ..Config::default() });
    assert!(error.is_err_and(|error| error.exit_code() == 2));
}
