//! Too many or too slow pending connections, and scarce memory.

use super::*;

#[test]
fn a_pending_connection_that_exceeds_the_deadline_ends_whatever_it_waits_for() {
    let server = server();
    let address = server.address();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut silent = connect_from([127, 0, 0, 1], address);
            let mut response = Vec::new();
            silent.read_to_end(&mut response).expect("closed without a reset");
            assert_eq!(response, b"", "it sent no request");
        });
        threads.spawn(|| {
            let slow = connect_from([127, 0, 0, 1], address);
            let mut reader = slow.try_clone().expect("a socket can be cloned");
            let slow = threads.spawn(move || {
                // A byte at a time, until the connection is closed.
                for byte in "GET / HTTP/1.1\r\nHost: a\r\nX: ".bytes().chain((0..).map(|_| b'x')) {
                    if (&slow).write_all(&[byte]).is_err() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            let response = response_head(&mut reader, "").to_lowercase();
            assert!(response.starts_with("http/1.1 408 "), "{response}");
            assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
            drop(reader);
            slow.join().expect("no panic");
        });
        threads.spawn(|| connect(address).expect_end(DisconnectReason::HelloTimeout));
    });
    let status = status(&server);
    assert_eq!(count(&status, "deadlines_missed"), 3, "{status}");
    assert_eq!(rejected_with(&server, 408), 1);
}

#[test]
fn silent_connections_block_neither_new_clients_nor_the_counters() {
    const CROWD: usize = 1_100;
    let server = server();
    let address = server.address();
    let mut player = connect(address);
    player.join(RoomChoice::Any).expect("a seat is free");
    let crowd: Vec<_> = (0..CROWD).map(|_| connect_from([127, 0, 0, 1], address)).collect();
    let _admin_connections: Vec<_> =
        (0..40).map(|_| connect_from([127, 0, 0, 1], server.admin_address())).collect();
    connect(address).join(RoomChoice::Any).expect("the newest is admitted");
    wait_until("the oldest were evicted", || {
        let status = status(&server);
        assert!(count(&status, "pending_connections") <= 1_024, "{status}");
        count(&status, "pending_evicted") >= (CROWD - 1_024) as u64
    });
    let mut oldest = &crowd[0];
    assert_eq!(oldest.read(&mut [0]).expect("closed without a reset"), 0);
    player.send(&ClientMessage::Ping(Ping { number: 1 }));
    player.receive_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
    drop(crowd);
    wait_until("none of them is left", || count(&status(&server), "pending_connections") == 0);
}

#[cfg(target_os = "linux")]
fn used_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is reported");
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the line exists");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1_024
}

#[test]
#[cfg(target_os = "linux")]
fn while_memory_is_scarce_joins_are_refused_and_players_play_on() {
    /// More than the other tests of this process allocate meanwhile.
    const SPACE: usize = 256 << 20;
    let memory_max = Some(used_bytes() + SPACE as u64);
    let server = start_with_edge(EdgeConfig { memory_max, ..EdgeConfig::default() });
    let address = server.address();
    let mut player = connect(address);
    player.join(RoomChoice::Any).expect("memory is not scarce");
    let ballast = vec![1_u8; 2 * SPACE];
    let mut refusal = None;
    wait_until("joins are refused", || {
        let mut peer = connect(address);
        refusal = peer.join(RoomChoice::Any).err();
        refusal.is_some()
    });
    assert_eq!(refusal, Some(JoinError::ServerFull));
    assert!(count(&status(&server), "joins_refused_memory") >= 1);
    player.send(&ClientMessage::Ping(Ping { number: 1 }));
    player.receive_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
    assert_eq!(ballast[SPACE], 1);
    drop(ballast);
    wait_until("joins are accepted again", || connect(address).join(RoomChoice::Any).is_ok());
}
