//! Connects and ends of many addresses, on a time of their own.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const LIMITS: AddressLimits = AddressLimits { connections_max: 3, connects_per_second: 2 };

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn numbered(number: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, number])
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let guests = Arc::new(Mutex::new(Guests::new(LIMITS)));
    let enter = |address, now| Guest::enter(&guests, address, now);
    let mut inside: Vec<_> =
        (0..3).map(|_| enter(numbered(1), seconds(0)).expect("they fit")).collect();
    assert_eq!(enter(numbered(1), seconds(99)).err(), Some(Crowd::TooMany));
    enter(numbered(2), seconds(0)).expect("another one has its own");
    inside.pop();
    inside.push(enter(numbered(1), seconds(99)).expect("one left"));
    assert_eq!(enter(numbered(1), seconds(99)).err(), Some(Crowd::TooMany));
}

#[test]
fn an_address_connects_in_a_burst_and_then_so_often() {
    let mut guests = Guests::new(AddressLimits { connections_max: 99, ..LIMITS });
    let mut connects = |now| {
        let entered = |_: &u32| guests.enter(numbered(1), now).is_ok();
        (0..20).take_while(entered).count()
    };
    assert_eq!(connects(seconds(0)), 2 * ADDRESS_BURST_SECONDS as usize);
    assert_eq!(connects(seconds(0)), 0);
    assert_eq!(connects(seconds(1)), 2);
    assert_eq!(connects(seconds(100)), 2 * ADDRESS_BURST_SECONDS as usize);
}

#[test]
fn addresses_of_one_subscriber_are_one() {
    assert_eq!(prefix(ip("2001:db8:1:2:3::4")), prefix(ip("2001:db8:1:2:ffff::")));
    assert_ne!(prefix(ip("2001:db8:1:2::")), prefix(ip("2001:db8:1:3::")));
    assert_eq!(prefix(ip("::ffff:192.0.2.1")), prefix(ip("192.0.2.1")));
    assert_ne!(prefix(ip("192.0.2.2")), prefix(ip("192.0.2.1")));
}

#[test]
fn a_quiet_address_is_forgotten_and_one_with_connections_is_not() {
    let mut guests = Guests::new(LIMITS);
    let key = guests.enter(numbered(1), seconds(0)).expect("it may");
    let left = guests.enter(numbered(2), seconds(0)).expect("it may");
    guests.leave(left);
    guests.expire(Duration::ZERO);
    assert_eq!(guests.len(), 2, "its connect counts still");
    guests.expire(seconds(1));
    assert_eq!(guests.len(), 1);
    guests.leave(key);
    guests.expire(seconds(1));
    assert_eq!(guests.len(), 0);
}

#[test]
fn when_the_table_is_full_the_longest_idle_go_and_their_ends_count_against_nobody() {
    let mut guests = Guests::of_size(LIMITS, 8);
    let held = guests.enter(numbered(0), seconds(0)).expect("it may");
    for number in 1..8 {
        let key = guests.enter(numbered(number), seconds(number.into())).expect("it may");
        guests.leave(key);
        // They are not as good as unknown yet.
        guests.addresses[key].rested = seconds(1_000);
    }
    guests.enter(numbered(8), seconds(8)).expect("there is space for the newest");
    assert!(guests.by_prefix.contains_key(&numbered(0)), "one that has a connection");
    assert!(!guests.by_prefix.contains_key(&numbered(1)), "the longest idle");
    assert!(guests.by_prefix.contains_key(&numbered(7)));
    guests.clear(seconds(8));
    for number in 10..30 {
        guests.enter(numbered(number), seconds(number.into())).expect("it may");
    }
    // It was forgotten meanwhile, and came anew.
    let again = guests.enter(numbered(0), seconds(30)).expect("it may");
    assert_ne!(again, held);
    guests.leave(held);
    assert_eq!(guests.addresses[again].open, 1);
}

proptest! {
    #[test]
    fn the_table_never_grows_and_counts_what_is_open(
        steps in proptest::collection::vec((0..40_u8, any::<bool>(), 0..900_u64), 1..300),
    ) {
        const SIZE: usize = 16;
        let guests = Arc::new(Mutex::new(Guests::of_size(LIMITS, SIZE)));
        let (mut open, mut now) = (HashMap::<u8, Vec<Guest>>::new(), Duration::ZERO);
        for (number, enters, later_ms) in steps {
            now += Duration::from_millis(later_ms);
            let inside = open.entry(number).or_default();
            if enters {
                inside.extend(Guest::enter(&guests, numbered(number), now));
            } else {
                inside.pop();
            }
            let table = guests.lock().expect("nobody panicked");
            prop_assert!(table.len() <= SIZE && table.by_prefix.len() == table.len());
            for (prefix, key) in &table.by_prefix {
                let address = &table.addresses[*key];
                prop_assert_eq!(address.prefix, *prefix);
                prop_assert!(address.open <= LIMITS.connections_max);
                let IpAddr::V4(v4) = prefix else { panic!("only these came") };
                let held = open.get(&v4.octets()[3]).map_or(0, Vec::len);
                // Of those that were forgotten and came anew, only the new ones count.
                prop_assert!(address.open as usize <= held);
            }
        }
        open.clear();
        let table = guests.lock().expect("nobody panicked");
        prop_assert!(table.addresses.values().all(|address| address.open == 0));
    }
}
