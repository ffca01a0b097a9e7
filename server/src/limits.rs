//! The limits of the shell: connections, HTTP, TLS and files. Every maximum, rate and size that is
//! not a setting has its unit in its name, and its comment states what happens at the limit. The
//! limits of rooms and sessions are in [`tickwire_host::limits`].

use std::time::Duration;

use tickwire_host::limits::CLIENT_MESSAGE_MAX_BYTES;

/// Longest time from accept to a complete hello, including TLS and HTTP; counted from the last
/// response if the connection served HTTP requests before. Beyond it, an incomplete request head
/// is answered with 408, and a silent connection is closed.
pub const OPENING_MAX: Duration = Duration::from_secs(10);
/// How long a task polls once more after a deadline. If the server itself was stalled, the runtime
/// reports the expired deadline before the bytes that arrived in the meantime.
pub const DEADLINE_GRACE: Duration = Duration::from_millis(50);
/// Most bytes that a client may send before its TLS handshake is complete. Beyond it the handshake
/// fails. The hello of a browser takes 2 KiB, and is sent twice at most.
pub const TLS_HANDSHAKE_MAX_BYTES: usize = 12_288;
/// Longest lifetime of a connection that only uses HTTP. Then it is closed, even if it is in use.
pub const HTTP_CONNECTION_MAX: Duration = Duration::from_secs(60);
/// Requests per second that one HTTP connection is served on average. Further requests are
/// delayed, and nothing else is read from the connection until then.
pub const REQUESTS_PER_SECOND_MAX: u32 = 20;
/// Requests that one HTTP connection may send in a burst: enough for the page and all its files.
pub const REQUESTS_BURST: u32 = 100;
/// How old the list of rooms at `/api/rooms` may be. Requests in the meantime share it.
pub const ROOM_LIST_AGE_MAX: Duration = Duration::from_millis(250);
/// How old what `/readyz` says of the server's load may be. Requests in the meantime share it.
pub const READINESS_AGE_MAX: Duration = Duration::from_millis(250);
/// Largest file that is served from `--web-dir`, in bytes. A larger one is answered with 404.
pub const WEB_DIR_FILE_MAX_BYTES: usize = 64 << 20;
/// Most bytes of files from `--web-dir` that are kept in memory. Beyond it all are dropped, and read
/// again.
pub const WEB_DIR_CACHE_MAX_BYTES: usize = 64 << 20;
/// Most files that are read from `--web-dir` at the same time. Further requests wait.
pub const WEB_DIR_READS_MAX: usize = 4;
/// Largest head of an HTTP request, in bytes. A larger one is answered with 431.
pub const HTTP_HEAD_MAX_BYTES: usize = 16_384;
/// Bytes of an HTTP connection that are read at once: so many may follow a head that is complete.
pub const HTTP_READ_BYTES: usize = 2_048;
/// Longest scheme of an origin, in bytes. A longer one is no origin, and refused.
pub const ORIGIN_SCHEME_MAX_BYTES: usize = 64;
/// Longest host of an origin, in bytes, as DNS allows it. A longer one is no origin, and refused.
pub const ORIGIN_HOST_MAX_BYTES: usize = 253;
/// Longest `--public-url`, in bytes. A longer one is refused at start.
pub const PUBLIC_URL_MAX_BYTES: usize = 512;
/// Most places of a document in which it names its own address. One with more fails the build; in the folder
/// of `--web-dir` it is served as it is, with a warning in the log.
pub const PAGE_MARKS_MAX: usize = 16;
/// Most headers of an HTTP request. A request with more is answered with 431.
pub const HTTP_HEADERS_MAX: usize = 64;
/// Longest target of an HTTP request, in bytes. A longer one is answered with 414.
pub const HTTP_TARGET_MAX_BYTES: usize = 2_048;
/// Most members of `X-Forwarded-For` that are read, from its end. A client behind more trusted
/// proxies counts as unreadable.
pub const FORWARDED_MEMBERS_MAX: usize = 32;
/// Longest time that a rejected connection gets to read the response. Then it is closed.
pub const REJECTED_LINGER_MAX: Duration = Duration::from_secs(1);
/// Most bytes of a rejected connection that are read and discarded. Then it is closed.
pub const REJECTED_DRAIN_MAX_BYTES: usize = 65_536;
/// Most connections that are being rejected at accept with a response at the same time. Further
/// ones are closed without a response.
pub const ACCEPT_REJECTIONS_MAX: usize = 64;
/// Most connections that are not in a room yet. For a newer one makes way the one that has been idle,
/// or without a complete request, for longest; if there is none, the oldest.
pub const PENDING_CONNECTIONS_MAX: usize = 1_024;
/// Age from which a connection without a complete request makes way for others like an idle one:
/// a silent client must not outlive active ones.
pub const OPENING_PROMPT_MAX: Duration = Duration::from_secs(2);
/// Most connections of the admin listener. The oldest is evicted for the newest.
pub const ADMIN_CONNECTIONS_MAX: usize = 16;
/// Most addresses in the address limiter. Beyond it, the addresses whose last use is longest ago are
/// removed, those without WebSockets first.
pub const ADDRESSES_MAX: usize = 65_536;
/// Burst of connects of one address, in seconds at its average rate.
pub const ADDRESS_BURST_SECONDS: u32 = 4;
/// Default of the most open WebSockets of one address. Further ones are answered with 429.
pub const ADDRESS_CONNECTIONS_DEFAULT: u32 = 256;
/// Default of the new WebSockets of one address per second. Further ones are answered with 429.
pub const ADDRESS_CONNECTS_PER_SECOND_DEFAULT: u32 = 32;
/// Default of the HTTP requests of one address per second. Beyond it and its burst they are delayed,
/// and then answered with 429.
pub const ADDRESS_REQUESTS_PER_SECOND_DEFAULT: u32 = 500;
/// Burst of requests of one address, in seconds at its average rate: a class of forty that opens the
/// page at the same time.
pub const REQUESTS_BURST_SECONDS: u32 = 8;
/// How many requests a new connection counts as: what accepting it and a TLS handshake cost.
pub const CONNECT_REQUESTS: u32 = 4;
/// Longest delay of a response because of the request rate of its address. A request that would wait
/// longer is answered with 429.
pub const REQUEST_DELAY_MAX: Duration = Duration::from_secs(2);
/// Default of the most open HTTP connections of one address. For another one, its own one that has
/// been idle or without a complete request for longest is closed; if there is none, it is answered with
/// 429.
pub const ADDRESS_HTTP_CONNECTIONS_DEFAULT: u32 = 512;
/// Most refusals whose log line is remembered, of each sort. Beyond it the oldest is forgotten, and may be
/// logged again.
pub const REFUSALS_LOGGED_MAX: usize = 256;
/// Time after which the same refusal is logged again.
pub const REFUSAL_LOGGED_AGAIN: Duration = Duration::from_secs(3_600);
/// Shortest time between two log lines about refused origins that the same address causes: it can make
/// up as many origins as it likes. Further ones are not logged.
pub const REFUSAL_LINE_OF_ADDRESS_EVERY: Duration = Duration::from_secs(300);
/// Average interval of log lines about refusals, of each sort. Further ones are not logged.
pub const REFUSALS_LINE_EVERY: Duration = Duration::from_secs(10);
/// Log lines about refusals at once, of each sort.
pub const REFUSAL_LINES_BURST: u32 = 8;
/// Default of the memory limit, in percent of the available memory. Above it, joins are refused.
pub const MEMORY_MAX_DEFAULT_PERCENT: u64 = 80;
/// Memory use below which joins are accepted again, in percent of the memory limit.
pub const MEMORY_AGAIN_PERCENT: u64 = 95;
/// Memory that the allocator needs beyond the bytes that are allocated, in percent of them. What it
/// holds beyond that is free, and does not count against the memory limit.
pub const HEAP_OVERHEAD_PERCENT: u64 = 25;
/// Longest time that a connection which ended gets to receive the goodbye. Then it is closed.
pub const FAREWELL_MAX: Duration = Duration::from_secs(2);
/// Shortest time that a server may take to close, once nobody plays any more. With `--drain` it may take up
/// to [`FAREWELL_MAX`]. Clients that have not answered their goodbye by then are disconnected, and parts
/// that are stuck are left behind.
pub const CLOSING_MIN: Duration = Duration::from_secs(1);
/// How much of that is left for threads to end when it is too late for goodbyes.
pub const CLOSING_RESERVE: Duration = Duration::from_millis(200);
/// Longest time that closing waits in addition for the file of recorded scenes. Then its end is lost.
pub const RECORDING_END_MAX: Duration = Duration::from_secs(1);
/// Most bytes of a connection which ended that are read and discarded. Then it is closed.
pub const FAREWELL_DRAIN_MAX_BYTES: usize = 4 << 20;
/// Most bytes read from one connection in one pass of its shard, or one turn of its task. The rest
/// waits in the kernel. It is enough for as many messages of the usual size as a pass receives.
pub const READ_PASS_MAX_BYTES: usize = 8_192;
/// Kernel memory for bytes in flight to one client, in bytes. A client that is further behind is
/// sent fewer snapshots.
pub const SOCKET_SEND_BUFFER_BYTES: usize = 32_768;
/// Kernel memory for unread bytes of one client, in bytes. Beyond it TCP makes the client wait.
pub const SOCKET_RECEIVE_BUFFER_BYTES: u32 = 32_768;
/// Most bytes for one client that the kernel holds without having sent them, in bytes. Beyond it
/// the kernel accepts no more, where it supports this limit.
pub const SOCKET_UNSENT_MAX_BYTES: u32 = 4_096;
/// How many times one TLS connection is read in one pass of its shard, or one turn of its task,
/// 4 KiB each. The rest waits in the kernel. It is enough for one record of the largest size, or
/// for as many messages of the usual size as a pass receives, each in its own record.
pub const TLS_TURN_MAX_READS: usize = 6;
/// Most ciphertext of a client without any plaintext in it, in bytes. Beyond it the connection ends
/// as `Lost`: empty records are allowed, and each costs as much as a small one with content.
pub const TLS_IDLE_CIPHERTEXT_MAX_BYTES: usize = 65_536;
/// Ciphertext that each byte of plaintext earns back. The shortest WebSocket frame in its own
/// record takes 8 bytes of ciphertext for each byte.
pub const TLS_CIPHERTEXT_PER_BYTE_MAX: usize = 32;
/// Most bytes in one TLS record to a client. A record that the kernel accepts only in part waits
/// here encrypted: nothing in it can be replaced by newer data.
pub const TLS_RECORD_OUT_MAX_BYTES: usize = 4_096;
/// Most passes of a recording that wait for the disk. Beyond it the recording ends.
pub const RECORDING_QUEUE_PASSES: usize = 256;
/// WebSocket frames of a client that are read per second, control frames included. Further ones
/// wait in the kernel; a client that exceeds the rate for [`FLOOD_MAX`] ends as `Flood`.
pub const FRAMES_PER_SECOND_MAX: u32 = 1_000;
/// Burst of frames, as a time at the average rate. It covers what a client sends at the usual
/// rates during the longest tolerated silence.
pub const FRAMES_BURST: Duration = Duration::from_secs(4);
/// Bytes of a client that are read per second, frame headers included. Further ones wait as frames
/// do.
pub const CLIENT_BYTES_PER_SECOND_MAX: u32 = 65_536;
/// Burst of bytes, as a time at the average rate.
pub const CLIENT_BYTES_BURST: Duration = Duration::from_secs(4);
/// Longest time for which a client may exceed the rate of frames or bytes. Then it ends as
/// `Flood`.
pub const FLOOD_MAX: Duration = Duration::from_secs(10);
/// Silence after which a client is sent a WebSocket ping. Its WebSocket library answers by itself;
/// a client that stays silent ends as `Silent`.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// Longest time for which a fragmented message may be incomplete. Then the connection ends as
/// `Silent`.
pub const FRAGMENTS_MAX: Duration = Duration::from_secs(60);
/// Largest message of a client of `--echo`, in bytes.
pub const ECHO_MESSAGE_MAX_BYTES: usize = 1 << 20;
/// Bytes per second that are read from a client of `--echo`.
pub const ECHO_BYTES_PER_SECOND_MAX: u32 = 16 << 20;
/// Longest time for which the kernel retransmits to a peer that is gone. Then it discards the
/// bytes.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);
/// Most lines of the log that wait to be written. Beyond it lines are dropped and counted
/// (`log_lines_dropped`).
pub const LOG_QUEUE_LINES: usize = 1_024;
/// Longest line of the log, in bytes. A longer one is cut.
pub const LOG_LINE_MAX_BYTES: usize = 4_096;
/// Lines that one place in the code may log in a burst, at `info` and above. Further ones are left
/// out and counted (`log_lines_paced`).
pub const LOG_LINES_BURST: u32 = 60;
/// Lines per second that one place in the code may log on average, at `info` and above.
pub const LOG_LINES_PER_SECOND: u32 = 2;
/// Shortest time between two lines of the log that say how many are missing.
pub const LOG_LOST_NOTICE_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether a shard is still at the same step, and the builder at the same room.
pub const SHARD_LOOK_EVERY: Duration = Duration::from_millis(125);
/// After so many looks that find a shard at the same step it is given up, and its other rooms go on in a
/// new thread: 0.75 s. Looks are counted and not time: while the whole process stands still there are none.
pub const SHARD_LOOKS_MAX: u32 = 6;
/// After so many looks that find the builder at the same room, that room fails, and a new thread builds the
/// others: 5 s. A world for thousands of players takes 20 ms.
pub const BUILD_LOOKS_MAX: u32 = 40;
/// How often it is looked whether the lobby has answered which rooms of such a shard go on, once in
/// [`THREAD_END_LOOK_EVERY`]: for 2 s. Without an answer the server ends.
pub const RECOVERY_LOOKS_MAX: u32 = 1_000;
/// How often it is looked for what is about to come: that answer, or the end of the threads of a server that closes.
pub const THREAD_END_LOOK_EVERY: Duration = Duration::from_millis(2);
/// How often one shard is taken over by a new thread in [`SHARD_RECOVERIES_WITHIN`]. With one more the server
/// ends: something is wrong that does not pass.
pub const SHARD_RECOVERIES_MAX: usize = 8;
/// Most threads that were given up and still run, of shards and of the builder, each of which holds its rooms
/// as they were. With one more the server ends.
pub const GIVEN_UP_THREADS_MAX: usize = 16;
/// See [`SHARD_RECOVERIES_MAX`].
pub const SHARD_RECOVERIES_WITHIN: Duration = Duration::from_secs(60);
/// Longest interval between two signs of life of a thread of the server.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// Longest time between two notifications of the service manager of how the server is.
pub const STATUS_EVERY: Duration = Duration::from_secs(5);
/// How much longer than it may take to close the service manager is asked to wait for it.
pub const STOP_MARGIN: Duration = Duration::from_secs(10);
/// Time without a sign of life after which `/healthz` asks a thread for one.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);
/// How long `/healthz` waits for a sign of life of a thread. Then it answers with 503.
pub const HEALTH_ANSWER_MAX: Duration = Duration::from_secs(2);

/// Largest TLS record of a client with its header, in bytes, as TLS 1.2 allows it. A larger one ends
/// the connection. An incomplete one is kept until the rest arrives.
pub const TLS_RECORD_IN_MAX_BYTES: usize = (16 << 10) + (2 << 10) + 5;
/// Most bytes of a client that are kept while its connection is pending: an incomplete record of TLS,
/// and the head of a request, in the gate and in hyper. Each is in a buffer that has grown by
/// doubling. TLS handshakes and hellos take less.
pub const PENDING_KEPT_MAX_BYTES: usize =
    2 * (TLS_RECORD_IN_MAX_BYTES + (HTTP_HEAD_MAX_BYTES + HTTP_READ_BYTES) + HTTP_HEAD_MAX_BYTES);
/// Most bytes of a client that are kept while its WebSocket waits for the hello: an incomplete record
/// of TLS, and what was read of messages. Each is in a buffer that has grown by doubling.
pub const HELLO_KEPT_MAX_BYTES: usize =
    2 * (TLS_RECORD_IN_MAX_BYTES + CLIENT_MESSAGE_MAX_BYTES + READ_PASS_MAX_BYTES);

// The limits must be consistent with each other; a wrong edit does not compile.
const _: () = {
    use tickwire_game::limits::TICK_RATE_DEFAULT_HZ;
    use tickwire_host::limits::SILENCE_MAX;

    assert!(PING_AFTER.as_millis() * 2 < SILENCE_MAX.as_millis());
    // At the usual rates, the frames of the longest tolerated silence are no flood.
    assert!(
        FRAMES_PER_SECOND_MAX as u64 * FRAMES_BURST.as_secs()
            > 2 * (TICK_RATE_DEFAULT_HZ as u64 + 20) * SILENCE_MAX.as_secs()
    );
    assert!(WEB_DIR_FILE_MAX_BYTES <= WEB_DIR_CACHE_MAX_BYTES);
    assert!(HTTP_TARGET_MAX_BYTES < HTTP_HEAD_MAX_BYTES);
    // The hello of a client with key shares of post-quantum cryptography, twice, and the rest.
    assert!(TLS_HANDSHAKE_MAX_BYTES >= 3 * 4_096);
    assert!(2 * TLS_HANDSHAKE_MAX_BYTES <= PENDING_KEPT_MAX_BYTES);
    assert!(HELLO_KEPT_MAX_BYTES <= PENDING_KEPT_MAX_BYTES);
    // What strangers can make the server keep at most before they are in a room (`SECURITY.md`).
    // Handshakes and heads are of HTTP connections, hellos of WebSockets.
    let all = PENDING_CONNECTIONS_MAX;
    assert!(all * TLS_HANDSHAKE_MAX_BYTES <= 12 << 20);
    assert!(all * PENDING_KEPT_MAX_BYTES <= 105 << 20);
    assert!(all * HELLO_KEPT_MAX_BYTES <= 56 << 20);
    assert!(all * SOCKET_RECEIVE_BUFFER_BYTES as usize <= 32 << 20);
    let http = ADDRESS_HTTP_CONNECTIONS_DEFAULT as usize;
    let websockets = ADDRESS_CONNECTIONS_DEFAULT as usize;
    assert!(http * TLS_HANDSHAKE_MAX_BYTES <= 6 << 20);
    assert!(http * PENDING_KEPT_MAX_BYTES <= 53 << 20);
    assert!(websockets * HELLO_KEPT_MAX_BYTES <= 14 << 20);
    assert!((http + websockets) * SOCKET_RECEIVE_BUFFER_BYTES as usize <= 24 << 20);
    assert!(OPENING_PROMPT_MAX.as_millis() < OPENING_MAX.as_millis());
    assert!(OPENING_MAX.as_millis() < HTTP_CONNECTION_MAX.as_millis());
    assert!(REQUEST_DELAY_MAX.as_millis() <= FAREWELL_MAX.as_millis());
    assert!(CLOSING_RESERVE.as_millis() < CLOSING_MIN.as_millis());
    assert!(CLOSING_MIN.as_millis() <= FAREWELL_MAX.as_millis());
    assert!(REQUESTS_BURST_SECONDS >= CONNECT_REQUESTS, "at any rate, one connection is served");
    assert!(ADDRESSES_MAX > PENDING_CONNECTIONS_MAX && ADDRESS_BURST_SECONDS > 0);
    assert!(LOG_LINES_BURST.is_multiple_of(LOG_LINES_PER_SECOND));
    // After a stall of the whole process, its threads are asked for longer than they sleep.
    assert!(HEARTBEAT_EVERY.as_millis() < HEALTH_ANSWER_MAX.as_millis());
    assert!(HEARTBEAT_EVERY.as_millis() < STUCK_AFTER.as_millis());
    // Before a builder that is replaced could be found stuck.
    let build = SHARD_LOOK_EVERY.as_millis() * BUILD_LOOKS_MAX as u128;
    assert!(STUCK_AFTER.as_millis() + HEALTH_ANSWER_MAX.as_millis() > build);
    assert!(MEMORY_MAX_DEFAULT_PERCENT < 100 && MEMORY_AGAIN_PERCENT < 100);
};
