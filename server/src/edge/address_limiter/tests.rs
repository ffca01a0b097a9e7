//! Many addresses connect and leave, on virtual time.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const LIMITS: AddressLimits =
    AddressLimits { connections_max: 3, connects_per_second: 2, requests_per_second: 10 };

fn ip(text: &str) -> ClientAddress {
    ClientAddress::Known(text.parse().expect("an address"))
}

fn numbered(number: u8) -> ClientAddress {
    ClientAddress::Known(IpAddr::from([10, 0, 0, number]))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_address_has_at_most_the_configured_number_of_websockets() {
    let limiter = Arc::new(Mutex::new(AddressLimiter::new(LIMITS)));
    let enter = |address, now| ConnectionPermit::take(&limiter, address, now);
    let mut permits: Vec<_> =
        (0..3).map(|_| enter(numbered(1), seconds(0)).expect("below the limit")).collect();
    assert_eq!(enter(numbered(1), seconds(99)).err(), Some(AddressLimit::Connections));
    assert!(lock(&limiter).is_full(numbered(1)) && !lock(&limiter).is_full(numbered(2)));
    enter(numbered(2), seconds(0)).expect("another address has its own limit");
    permits.pop();
    permits.push(enter(numbered(1), seconds(99)).expect("a connection has ended"));
    assert_eq!(enter(numbered(1), seconds(99)).err(), Some(AddressLimit::Connections));
}

#[test]
fn an_address_opens_websockets_in_a_burst_and_then_at_its_rate() {
    let mut limiter = AddressLimiter::new(AddressLimits { connections_max: 99, ..LIMITS });
    let mut connects = |now| {
        let entered = |_: &u32| limiter.take(numbered(1), now).is_ok();
        (0..20).take_while(entered).count()
    };
    assert_eq!(connects(seconds(0)), 2 * ADDRESS_BURST_SECONDS as usize);
    assert_eq!(connects(seconds(0)), 0);
    assert_eq!(connects(seconds(1)), 2);
    assert_eq!(connects(seconds(100)), 2 * ADDRESS_BURST_SECONDS as usize);
}

#[test]
fn the_requests_of_an_address_have_a_burst_then_are_delayed_and_then_refused() {
    let mut limiter = AddressLimiter::new(LIMITS);
    let burst = 10 * REQUESTS_BURST_SECONDS;
    for _ in 0..burst {
        assert_eq!(limiter.request(numbered(1), seconds(0)), Ok(Duration::ZERO));
    }
    let mut last = Duration::ZERO;
    while let Ok(delay) = limiter.request(numbered(1), seconds(0)) {
        assert_eq!(delay - last, Duration::from_millis(100), "each waits for its turn");
        last = delay;
    }
    assert_eq!(last, REQUEST_DELAY_MAX);
    assert_eq!(limiter.request(numbered(1), seconds(0)), Err(AddressLimit::Requests));
    assert_eq!(limiter.connect(numbered(1), seconds(0)), Err(AddressLimit::Requests));
    assert_eq!(limiter.request(numbered(2), seconds(0)), Ok(Duration::ZERO));
    limiter.take(numbered(1), seconds(0)).expect("WebSockets have a rate of their own");
    limiter.expire(seconds(0));
    assert_eq!(limiter.len(), 2, "what was requested is not forgotten");
    assert!(limiter.request(numbered(1), seconds(1)).is_ok());
    // The burst is replenished, and two seconds' worth are owed.
    let connects = (0..).take_while(|_| limiter.connect(numbered(1), seconds(100)).is_ok()).count();
    assert_eq!(connects as u32, (burst + 2 * 10).div_ceil(CONNECT_REQUESTS));
}

#[test]
fn a_connection_is_let_in_whenever_a_request_would_be() {
    let mut limiter = AddressLimiter::new(LIMITS);
    let mut now = seconds(0);
    for _ in 0..99 {
        // Somebody requests as often as that is answered, by a connection that is open.
        while limiter.request(numbered(1), now).is_ok() {}
        now += Duration::from_millis(100);
        limiter.connect(numbered(1), now).expect("another one at the same address");
        assert_eq!(limiter.request(numbered(1), now), Err(AddressLimit::Requests));
        now += (CONNECT_REQUESTS - 1) * Duration::from_millis(100);
    }
}

#[test]
fn the_addresses_of_one_subscriber_count_as_one() {
    assert_eq!(prefix(ip("2001:db8:1:2:3::4")), prefix(ip("2001:db8:1:2:ffff::")));
    assert_ne!(prefix(ip("2001:db8:1:2::")), prefix(ip("2001:db8:1:3::")));
    assert_eq!(prefix(ip("::ffff:192.0.2.1")), prefix(ip("192.0.2.1")));
    assert_ne!(prefix(ip("192.0.2.2")), prefix(ip("192.0.2.1")));
}

#[test]
fn a_quiet_address_expires_and_one_with_connections_does_not() {
    let mut limiter = AddressLimiter::new(LIMITS);
    let key = limiter.take(numbered(1), seconds(0)).expect("it is allowed");
    let left = limiter.take(numbered(2), seconds(0)).expect("it is allowed");
    limiter.release(left);
    limiter.expire(Duration::ZERO);
    assert_eq!(limiter.len(), 2, "its connect still counts");
    limiter.expire(seconds(1));
    assert_eq!(limiter.len(), 1);
    limiter.release(key);
    limiter.expire(seconds(1));
    assert_eq!(limiter.len(), 0);
}

#[test]
fn a_full_table_removes_the_longest_idle_addresses_and_their_late_releases_are_ignored() {
    let mut limiter = AddressLimiter::with_capacity(LIMITS, 8);
    let held = limiter.take(numbered(0), seconds(0)).expect("it is allowed");
    for number in 1..8 {
        let key = limiter.take(numbered(number), seconds(number.into())).expect("it is allowed");
        limiter.release(key);
        // They do not expire yet.
        limiter.addresses[key].connects.full_at = seconds(1_000);
    }
    limiter.take(numbered(8), seconds(8)).expect("the newest address gets an entry");
    assert!(limiter.by_prefix.contains_key(&numbered(0)), "it has a connection");
    assert!(!limiter.by_prefix.contains_key(&numbered(1)), "the longest idle");
    assert!(limiter.by_prefix.contains_key(&numbered(7)));
    limiter.clear(seconds(8));
    for number in 10..30 {
        limiter.take(numbered(number), seconds(number.into())).expect("it is allowed");
    }
    // Its entry was removed meanwhile; it gets a new one.
    let again = limiter.take(numbered(0), seconds(30)).expect("it is allowed");
    assert_ne!(again, held);
    limiter.release(held);
    assert_eq!(limiter.addresses[again].open, 1);
}

proptest! {
    #[test]
    fn the_table_never_grows_and_counts_what_is_open(
        steps in proptest::collection::vec((0..40_u8, any::<bool>(), 0..900_u64), 1..300),
    ) {
        const SIZE: usize = 16;
        let limiter = Arc::new(Mutex::new(AddressLimiter::with_capacity(LIMITS, SIZE)));
        let (mut open, mut now) = (HashMap::<u8, Vec<ConnectionPermit>>::new(), Duration::ZERO);
        for (number, enters, later_ms) in steps {
            now += Duration::from_millis(later_ms);
            let permits = open.entry(number).or_default();
            if enters {
                permits.extend(ConnectionPermit::take(&limiter, numbered(number), now));
            } else {
                permits.pop();
            }
            let table = limiter.lock().expect("nobody panicked");
            prop_assert!(table.len() <= SIZE && table.by_prefix.len() == table.len());
            for (prefix, key) in &table.by_prefix {
                let address = &table.addresses[*key];
                prop_assert_eq!(address.prefix, *prefix);
                prop_assert!(address.open <= LIMITS.connections_max);
                let ClientAddress::Known(IpAddr::V4(v4)) = prefix else { panic!("all are IPv4") };
                let held = open.get(&v4.octets()[3]).map_or(0, Vec::len);
                // Connections of a removed entry do not count in the new one.
                prop_assert!(address.open as usize <= held);
            }
        }
        open.clear();
        let table = limiter.lock().expect("nobody panicked");
        prop_assert!(table.addresses.values().all(|address| address.open == 0));
    }
}
