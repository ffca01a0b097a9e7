//! Tickets that are valid, forged, expired, signed with a confused algorithm, or for something else.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use proptest::prelude::*;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use test_games::dots::Dots;
use tickwire_game::game::Game;
use tickwire_game::protocol::{ClientMessage, JoinError, PROTOCOL_VERSION};
use tickwire_host::hello::{GameVersion, HelloError, Identity, JoinRequest, RequestedRoom, judge};

use super::*;
use crate::config::KeyText;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
const NOW: Duration = Duration::from_secs(1_800_000_000);

fn sign(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", part(header.as_bytes()), part(claims.as_bytes()));
    let signature = part(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn by_secret(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |bytes| hmac::sign(&key, bytes).as_ref().to_vec()
}

fn hs256(claims: &str) -> String {
    sign(r#"{"alg":"HS256","typ":"JWT"}"#, claims, by_secret(SECRET.as_bytes()))
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed")
}

fn pem(pair: &Ed25519KeyPair) -> String {
    let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    der.extend_from_slice(pair.public_key().as_ref());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
}

fn eddsa(claims: &str) -> String {
    sign(r#"{"alg":"EdDSA"}"#, claims, |bytes| pair().sign(bytes).as_ref().to_vec())
}

fn tickets(key: &str, guests: Guests) -> Tickets {
    let ticket_key_text = (!key.is_empty()).then(|| KeyText::new(key.into()));
    let config = TicketConfig { ticket_key: None, ticket_key_text, guests };
    Tickets::load(&config).expect("these settings are allowed")
}

fn secret() -> Tickets {
    tickets(SECRET, Guests::Refuse)
}

fn hello<'a>(role: Role, room: RoomChoice<'a>, ticket: Option<&'a str>) -> Hello<'a> {
    Hello {
        protocol: PROTOCOL_VERSION,
        game: Dots::NAME,
        rules: Dots::RULES,
        role,
        name: "Ada",
        room,
        replays: false,
        ticket: ticket.map(Ticket),
        settings: None,
        resume: None,
    }
}

fn join(tickets: &Tickets, hello: Hello<'_>) -> Result<JoinRequest, JoinError> {
    let mut bytes = Vec::new();
    ClientMessage::Hello(hello).encode(&mut bytes);
    let judged = judge(&bytes, GameVersion::of::<Dots>(), |hello| {
        tickets.judge(hello, NOW).map_err(TicketError::refusal)
    });
    judged.map_err(|error| match error {
        HelloError::Refused(refusal) => refusal,
        HelloError::Ended(end) => panic!("ended by {end}"),
    })
}

/// A player's hello for any room, with this ticket.
fn play(tickets: &Tickets, ticket: &str) -> Result<JoinRequest, JoinError> {
    join(tickets, hello(Role::Player, RoomChoice::Any, Some(ticket)))
}

fn claims(more: &str) -> String {
    format!(r#"{{"sub":"u1","exp":{}{more}}}"#, NOW.as_secs() + 60)
}

#[test]
fn a_signed_ticket_is_valid_with_either_algorithm() {
    for (key, ticket) in
        [(SECRET.to_owned(), hs256(&claims(""))), (pem(&pair()), eddsa(&claims("")))]
    {
        let request = play(&tickets(&key, Guests::Refuse), &ticket).expect("it is signed");
        assert_eq!(request.identity, Identity::Subject("u1".into()));
        assert_eq!((request.name.as_str(), request.room), ("Ada", RequestedRoom::Any));
    }
}

#[test]
fn the_example_tokens_of_the_standards_are_verified() {
    // RFC 7515, appendix A.1; RFC 8037, appendix A.4.
    let secret = BASE64URL_NOPAD
        .decode(b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .expect("as printed there");
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
        cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let claims = TicketKey::Secret(hmac::Key::new(hmac::HMAC_SHA256, &secret))
        .verify(token)
        .expect("it is signed");
    assert!(claims.starts_with(br#"{"iss":"joe","#), "{claims:?}");

    let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    der.extend(BASE64URL_NOPAD.decode(public.as_bytes()).expect("as printed there"));
    let der = BASE64.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----");
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = TicketKey::parse(pem.as_bytes()).expect("a public key");
    assert_eq!(key.verify(token).as_deref(), Ok(&b"Example of Ed25519 signing"[..]));
}

#[test]
fn the_key_alone_determines_the_algorithm() {
    let public = pem(&pair());
    let (by_key, by_secret_key) = (tickets(&public, Guests::Allow), secret());
    let none = |_: &[u8]| Vec::new();
    let ed25519 = |bytes: &[u8]| pair().sign(bytes).as_ref().to_vec();
    for alg in
        ["none", "None", "", "HS256", "HS384", "EdDSA", "Ed25519", "ed25519", "Ed448", "RS256"]
    {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        // Unsigned; signed with the public key as a secret, in each of its formats; signed correctly but
        // with another algorithm in the header.
        let unsigned = sign(&header, &claims(""), none);
        assert_eq!(play(&by_key, &unsigned), Err(JoinError::TicketInvalid), "{alg}");
        assert_eq!(play(&by_secret_key, &unsigned), Err(JoinError::TicketInvalid), "{alg}");
        for shape in [public.as_bytes(), public.trim().as_bytes(), pair().public_key().as_ref()] {
            let confused = sign(&header, &claims(""), by_secret(shape));
            assert_eq!(play(&by_key, &confused), Err(JoinError::TicketInvalid), "{alg}");
        }
        let signed = sign(&header, &claims(""), ed25519);
        assert_eq!(play(&by_key, &signed).is_ok(), ["EdDSA", "Ed25519"].contains(&alg), "{alg}");
        let signed = sign(&header, &claims(""), by_secret(SECRET.as_bytes()));
        assert_eq!(play(&by_secret_key, &signed).is_ok(), alg == "HS256", "{alg}");
    }
}

#[test]
fn a_malformed_or_unsigned_token_is_refused() {
    let good = hs256(&claims(""));
    let (signed, signature) = good.rsplit_once('.').expect("it has three parts");
    for bad in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        signed,
        &format!("{signed}."),
        &format!("{good}."),
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}\n"),
        &format!(".{good}"),
        &format!("{signed}.{}", signature.to_uppercase()),
        &format!("{signed}.{}", &signature[..signature.len() - 2]),
        &format!(
            "{}.{signature}",
            hs256(&claims(r#","name":"Eve""#)).rsplit_once('.').expect("").0
        ),
    ] {
        assert_eq!(play(&secret(), bad), Err(JoinError::TicketInvalid), "{bad}");
    }
    for header in [
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"["HS256",null,null]"#,
        r#" ["HS256",null,null]"#,
        "\u{FEFF}{\"alg\":\"HS256\"}",
        r#"{"typ":"JWT"}"#,
        "HS256",
        "",
    ] {
        let ticket = sign(header, &claims(""), by_secret(SECRET.as_bytes()));
        assert_eq!(play(&secret(), &ticket), Err(JoinError::TicketInvalid), "{header}");
    }
    let other = sign(r#"{"alg":"HS256"}"#, &claims(""), by_secret(&[b'x'; 40]));
    assert_eq!(play(&secret(), &other), Err(JoinError::TicketInvalid));
}

#[test]
fn invalid_claims_are_refused() {
    let far = NOW.as_secs() + 60;
    for bad in [
        String::new(),
        "[]".into(),
        // Enough for every claim by its position.
        format!(r#"["u1",{far},null,null,null,null,null,null]"#),
        format!(r#"["u1",{far},null,null,"Eve","player","final"]"#),
        format!(r#"[{{"sub":"u1","exp":{far}}}]"#),
        "{}".into(),
        r#"{"sub":"u1"}"#.into(),
        format!(r#"{{"exp":{far}}}"#),
        format!(r#"{{"sub":7,"exp":{far}}}"#),
        format!(r#"{{"sub":"u1","exp":"{far}"}}"#),
        r#"{"sub":"u1","exp":null}"#.into(),
        r#"{"sub":"u1","exp":1e999}"#.into(),
        r#"{"sub":"u1","exp":NaN}"#.into(),
        format!(r#"{{"sub":"u1","exp":1,"exp":{far}}}"#),
        claims(r#","nbf":"now""#),
        claims(r#","name":7"#),
        claims(r#","role":"admin""#),
        claims(r#","role":{"player":null}"#),
        claims(r#","sub":"u2""#),
        claims(r#","room":"""#),
        claims(r#","room":"a room""#),
        claims(r#","room":"an-all-too-long-name-of-a-room-33""#),
        claims(r#","aud":"another""#),
        claims(r#","aud":[]"#),
        claims(r#","aud":7"#),
        format!("{}{}", "[".repeat(300), "]".repeat(300)),
    ] {
        assert_eq!(play(&secret(), &hs256(&bad)), Err(JoinError::TicketInvalid), "{bad}");
    }
    for good in
        [r#","aud":"tickwire""#, r#","aud":["x","tickwire"]"#, r#","iss":"me","jti":{"a":[1]}"#]
    {
        assert!(play(&secret(), &hs256(&claims(good))).is_ok(), "{good}");
    }
}

#[test]
fn a_ticket_is_valid_from_its_beginning_until_it_expires() {
    let now = NOW.as_secs_f64();
    let at = |exp: f64, nbf: f64| {
        play(&secret(), &hs256(&format!(r#"{{"sub":"u1","exp":{exp:?},"nbf":{nbf:?}}}"#)))
            .map(|_| ())
    };
    // Clocks may differ by five seconds.
    assert_eq!(at(now - 4.5, 0.0), Ok(()));
    assert_eq!(at(now - 5.0, 0.0), Err(JoinError::TicketExpired));
    assert_eq!(at(-1e300, 0.0), Err(JoinError::TicketExpired));
    assert_eq!(at(253_402_300_799.0, 0.0), Ok(()), "the end of the year 9999");
    assert_eq!(at(1e300, 0.0), Err(JoinError::TicketInvalid));
    assert_eq!(at(now + 9.0, now + 5.0), Ok(()));
    assert_eq!(at(now + 9.0, now + 5.5), Err(JoinError::TicketInvalid));
    // Only a ticket with a valid signature can be reported as expired.
    let forged = sign(r#"{"alg":"HS256"}"#, r#"{"sub":"u1","exp":1}"#, by_secret(&[b'x'; 40]));
    assert_eq!(play(&secret(), &forged), Err(JoinError::TicketInvalid));
}

/// Every reason against a ticket, with one that has it.
fn refused_tickets() -> Vec<(TicketError, Option<String>)> {
    use TicketError as E;
    let by_header = |header| Some(sign(header, &claims(""), by_secret(SECRET.as_bytes())));
    let with = |more| Some(hs256(&claims(more)));
    let at = |times: &str| Some(hs256(&format!(r#"{{"sub":"u1",{times}}}"#)));
    let (now, now_ms) = (NOW.as_secs(), NOW.as_millis());
    let other = sign(r#"{"alg":"HS256"}"#, &claims(""), by_secret(&[b'x'; 40]));
    let claim = |name, expected| E::Claim { name, expected };
    vec![
        (E::Missing, None),
        (E::TooLong, Some("a".repeat(TICKET_MAX_BYTES + 1))),
        (E::Malformed, Some("not a token".into())),
        (E::Signature, Some(other)),
        (E::Header, by_header(r#"["HS256",null,null]"#)),
        (E::Algorithm, by_header(r#"{"alg":"HS384"}"#)),
        (E::Type, by_header(r#"{"alg":"HS256","typ":"at+jwt"}"#)),
        (E::Critical, by_header(r#"{"alg":"HS256","crit":["exp"]}"#)),
        (E::Claims, Some(hs256("[]"))),
        (claim("sub", "a text"), Some(hs256(&format!(r#"{{"exp":{now}}}"#)))),
        (claim("exp", "a number of seconds"), at(r#""exp":"tomorrow""#)),
        (claim("exp", "a number of seconds"), Some(hs256(r#"{"sub":"u1"}"#))),
        (claim("name", "a text"), with(r#","name":7"#)),
        (claim("role", "player or spectator"), with(r#","role":"admin""#)),
        (claim("room", "a name of a room"), with(r#","room":"a room""#)),
        (E::Milliseconds("exp"), at(&format!(r#""exp":{}"#, now_ms + 60_000))),
        // Long expired, were it in seconds of today; still not taken for one of a far future.
        (E::Milliseconds("exp"), at(&format!(r#""exp":{}"#, now_ms / 2 + 100_000_000_000))),
        (E::Milliseconds("nbf"), at(&format!(r#""exp":{},"nbf":{now_ms}"#, now + 60))),
        (E::Milliseconds("iat"), at(&format!(r#""exp":{},"iat":{now_ms}"#, now + 60))),
        (E::Expired, at(&format!(r#""exp":{}"#, now - 60))),
        (E::NotYetValid, with(&format!(r#","nbf":{}"#, now + 30))),
        (E::Audience, with(r#","aud":"another""#)),
        (E::Role, with(r#","role":"spectator""#)),
        (E::Room, with(r#","room":"other""#)),
    ]
}

#[test]
fn every_refusal_is_told_apart_to_the_operator_but_not_to_the_client() {
    let mut texts = Vec::new();
    for (error, ticket) in refused_tickets() {
        let hello = hello(Role::Player, RoomChoice::Named("final"), ticket.as_deref());
        assert_eq!(secret().judge(&hello, NOW).err(), Some(error), "{ticket:?}");
        let refusal = match error {
            TicketError::Missing => JoinError::TicketRequired,
            TicketError::Expired => JoinError::TicketExpired,
            _ => JoinError::TicketInvalid,
        };
        assert_eq!(error.refusal(), refusal);
        let text = error.to_string();
        let parts = ticket.iter().flat_map(|ticket| ticket.split('.')).filter(|it| it.len() > 3);
        assert!(parts.into_iter().all(|part| !text.contains(part)), "{text}");
        texts.push((text, error));
    }
    for (text, error) in &texts {
        assert!(texts.iter().all(|(other, of)| (other == text) == (of == error)), "{text}");
    }
    let milliseconds = TicketError::Milliseconds("exp").to_string();
    assert!(milliseconds.starts_with("exp is in milliseconds; it must be seconds"));
}

#[test]
fn only_what_needs_the_key_counts_as_signed() {
    for (error, ticket) in refused_tickets() {
        // The same, by somebody who does not know the key.
        let forged = ticket.map(|ticket| match ticket.rsplit_once('.') {
            Some((signed, _)) => {
                let signature = by_secret(&[b'x'; 40])(signed.as_bytes());
                format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
            }
            None => ticket,
        });
        let hello = hello(Role::Player, RoomChoice::Any, forged.as_deref());
        let forged = secret().judge(&hello, NOW).err().expect("it is forged");
        assert!(!forged.is_signed(), "{forged:?}");
        assert_eq!(forged == error, !error.is_signed(), "{error:?}");
    }
}

#[test]
fn the_name_in_a_ticket_overrides_the_name_in_the_hello() {
    let request = play(&secret(), &hs256(&claims(r#","name":"Grace""#))).expect("it is signed");
    assert_eq!(request.name, "Grace");
}

#[test]
fn a_ticket_for_a_role_is_not_valid_for_another() {
    let ticket = |role| hs256(&claims(&format!(r#","role":"{role}""#)));
    for (role, claim, other) in
        [(Role::Player, "player", "spectator"), (Role::Spectator, "spectator", "player")]
    {
        let join = |ticket: &str| {
            join(&secret(), hello(role, RoomChoice::Any, Some(ticket))).map(|request| request.role)
        };
        assert_eq!(join(&ticket(claim)), Ok(role));
        assert_eq!(join(&ticket(other)), Err(JoinError::TicketInvalid));
        assert_eq!(join(&hs256(&claims(""))), Ok(role));
    }
}

#[test]
fn a_ticket_for_a_room_joins_only_that_room() {
    let ticket = hs256(&claims(r#","room":"final""#));
    let wish = |room| {
        join(&secret(), hello(Role::Player, room, Some(&ticket))).map(|request| request.room)
    };
    assert_eq!(wish(RoomChoice::Any), Ok(RequestedRoom::named("final")));
    assert_eq!(wish(RoomChoice::Named("final")), Ok(RequestedRoom::named("final")));
    assert_eq!(wish(RoomChoice::Named("other")), Err(JoinError::TicketInvalid));
}

#[test]
fn guests_may_join_unless_they_are_refused() {
    let guest = || hello(Role::Player, RoomChoice::Any, None);
    assert_eq!(
        join(&tickets(SECRET, Guests::Allow), guest()).map(|request| request.identity),
        Ok(Identity::Guest)
    );
    assert_eq!(join(&secret(), guest()), Err(JoinError::TicketRequired));
    // A client with an invalid ticket does not become a guest.
    assert_eq!(play(&tickets(SECRET, Guests::Allow), "a.b.c"), Err(JoinError::TicketInvalid));
}

#[test]
fn a_server_without_a_key_treats_a_client_with_a_ticket_as_a_guest() {
    let request = play(&tickets("", Guests::Allow), "a.b.c").expect("no ticket is required");
    assert_eq!((request.name.as_str(), request.identity), ("Ada", Identity::Guest));
}

#[test]
fn a_public_key_in_any_other_form_is_never_taken_for_a_secret() {
    let pem = pem(&pair());
    let der = BASE64.decode(pem.lines().nth(1).expect("its body").as_bytes()).expect("base64");
    let base64 = BASE64.encode(pair().public_key().as_ref());
    for key in [
        format!("\u{FEFF}{pem}").into_bytes(),
        format!("# the key of our lobby\n{pem}").into_bytes(),
        format!("ED25519 Public-Key:\n{pem}").into_bytes(),
        der,
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{base64}"}}"#).into_bytes(),
        format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{base64} lobby@example").into_bytes(),
        format!("two words of more than {SECRET}").into_bytes(),
    ] {
        let parsed = TicketKey::parse(&key).map(|key| key.algorithm());
        assert!(parsed.is_err(), "{parsed:?} of {}", String::from_utf8_lossy(&key));
    }
}

#[test]
fn invalid_settings_fail_at_start() {
    let load = |key: Option<&str>, guests| {
        let ticket_key_text = key.map(|key| KeyText::new(key.to_owned()));
        Tickets::load(&TicketConfig { ticket_key: None, ticket_key_text, guests })
    };
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJp\
        GXA7rAMcrn9g\n-----END PRIVATE KEY-----";
    let rsa = "-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ==\n\
        -----END PUBLIC KEY-----";
    for (key, message) in [
        ("short", "at least 32 bytes"),
        ("                                  short", "at least 32 bytes"),
        (private, "not a public key"),
        (rsa, "not an Ed25519 key"),
        ("-----BEGIN PUBLIC KEY-----", "not a public key"),
        ("\u{FEFF}-----BEGIN PUBLIC KEY-----", "BOM"),
    ] {
        let error = load(Some(key), Guests::Allow).expect_err(key);
        assert!(error.contains(message), "{error}");
        assert!(!error.contains(key), "{error}");
    }
    assert!(load(None, Guests::Refuse).expect_err("nobody could join").contains("--guests"));
    let twice = TicketConfig {
        ticket_key: Some("key".into()),
        ticket_key_text: Some(KeyText::new(SECRET.into())),
        guests: Guests::Allow,
    };
    assert!(Tickets::load(&twice).expect_err("which?").contains("twice"));
    let missing = TicketConfig { ticket_key: Some("no-such-file".into()), ..Default::default() };
    assert!(Tickets::load(&missing).expect_err("no file").contains("no-such-file"));
}

#[test]
fn a_key_is_never_printed() {
    for key in [SECRET, &pem(&pair())] {
        let shown = format!("{:?} {:?}", tickets(key, Guests::Allow), KeyText::new(key.into()));
        assert!(!shown.contains(key) && !shown.contains("11qYAYKx"), "{shown}");
    }
}

proptest! {
    #[test]
    fn any_text_and_any_change_of_a_ticket_is_refused(
        text in "[A-Za-z0-9_.=-]{0,200}",
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.-]",
    ) {
        let verify = |token: &str| TicketKey::parse(SECRET.as_bytes()).expect("long enough").verify(token);
        prop_assert!(verify(&text).is_err_and(|error| !error.is_signed()));
        let mut changed = hs256(&claims(""));
        let at = at.index(changed.len());
        prop_assume!(changed[at..=at] != *with);
        changed.replace_range(at..=at, &with);
        prop_assert!(verify(&changed).is_err_and(|error| !error.is_signed()));
    }
}
