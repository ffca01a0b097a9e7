//! Openings that take too long or are too many, and memory that is scarce.

use super::*;

#[test]
fn an_opening_that_is_not_done_in_time_is_ended_whatever_it_waits_for() {
    let server = server();
    let address = server.address();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut silent = connect_from([127, 0, 0, 1], address);
            let mut answer = Vec::new();
            silent.read_to_end(&mut answer).expect("closed in order");
            assert_eq!(answer, b"", "it asked for nothing");
        });
        threads.spawn(|| {
            let slow = connect_from([127, 0, 0, 1], address);
            let mut ear = slow.try_clone().expect("a socket can be cloned");
            let slow = threads.spawn(move || {
                // A byte at a time, for as long as it is taken.
                for byte in "GET / HTTP/1.1\r\nHost: a\r\nX: ".bytes().chain((0..).map(|_| b'x')) {
                    if (&slow).write_all(&[byte]).is_err() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            let answer = head(&mut ear, "").to_lowercase();
            assert!(answer.starts_with("http/1.1 408 "), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            drop(ear);
            slow.join().expect("no panic");
        });
        threads.spawn(|| connect(address).ends_by(End::HelloTimeout));
    });
    let status = status(&server);
    assert_eq!(count(&status, "deadlines_missed"), 3, "{status}");
    assert_eq!(refused(&server, 408), 1);
}

#[test]
fn connections_that_say_nothing_do_not_close_the_door_and_do_not_hide_the_counters() {
    const CROWD: usize = 1_100;
    let server = server();
    let address = server.address();
    let mut inside = connect(address);
    inside.join(RoomWish::Any).expect("there is a place");
    let crowd: Vec<_> = (0..CROWD).map(|_| connect_from([127, 0, 0, 1], address)).collect();
    let _watching: Vec<_> =
        (0..40).map(|_| connect_from([127, 0, 0, 1], server.admin_address())).collect();
    connect(address).join(RoomWish::Any).expect("the newest has its place");
    wait_until("the oldest made way", || {
        let status = status(&server);
        assert!(count(&status, "openings") <= 1_024, "{status}");
        count(&status, "openings_evicted") >= (CROWD - 1_024) as u64
    });
    let mut oldest = &crowd[0];
    assert_eq!(oldest.read(&mut [0]).expect("closed in order"), 0);
    inside.say(&ClientMessage::Ping(Ping { number: 1 }));
    inside.hear_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
    drop(crowd);
    wait_until("nothing stays of them", || count(&status(&server), "openings") == 0);
}

#[cfg(target_os = "linux")]
fn used_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1_024
}

#[test]
#[cfg(target_os = "linux")]
fn while_memory_is_scarce_nobody_is_let_in_and_players_play_on() {
    /// More than the other tests of this process need meanwhile.
    const SPACE: usize = 256 << 20;
    let memory_max = Some(used_bytes() + SPACE as u64);
    let server = start_door(DoorConfig { memory_max, ..DoorConfig::default() });
    let address = server.address();
    let mut inside = connect(address);
    inside.join(RoomWish::Any).expect("there is memory");
    let ballast = vec![1_u8; 2 * SPACE];
    let mut refusal = None;
    wait_until("joins are refused", || {
        let mut peer = connect(address);
        refusal = peer.join(RoomWish::Any).err();
        refusal.is_some()
    });
    assert_eq!(refusal, Some(Refusal::ServerFull));
    assert!(count(&status(&server), "joins_refused_memory") >= 1);
    inside.say(&ClientMessage::Ping(Ping { number: 1 }));
    inside.hear_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
    assert_eq!(ballast[SPACE], 1);
    drop(ballast);
    wait_until("joins are taken again", || connect(address).join(RoomWish::Any).is_ok());
}
