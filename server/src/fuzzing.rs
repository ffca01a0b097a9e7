//! Entry points for fuzzing the parsers of untrusted bytes. They exist in builds of cargo-fuzz and
//! for the tests below.
//!
//! The parsers are private, so their checks are here: each function takes any bytes and panics if an
//! invariant does not hold.

mod http;
mod websocket;

pub use http::http;
pub use websocket::websocket;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn any_bytes_are_heads_of_requests_or_refused_by_a_status(
            bytes in prop::collection::vec(any::<u8>(), 0..512),
        ) {
            super::http(&bytes);
        }

        #[test]
        fn any_bytes_after_a_handshake_are_messages_or_an_end(
            bytes in prop::collection::vec(any::<u8>(), 0..1_024),
        ) {
            super::websocket(&bytes);
        }
    }

    #[test]
    fn inputs_kept_from_fuzzing_pass() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/kept");
        for (target, check) in [("http", super::http as fn(&[u8])), ("websocket", super::websocket)]
        {
            let lines = std::fs::read_to_string(kept.join(format!("{target}.hex")));
            let lines = lines.unwrap_or_else(|error| panic!("{target}: {error}"));
            assert!(!lines.is_empty(), "nothing is kept for {target}");
            for line in lines.lines() {
                let bytes = HEXLOWER.decode(line.as_bytes()).expect("hexadecimal");
                let failed = std::panic::catch_unwind(|| check(&bytes)).is_err();
                assert!(!failed, "{target}: {line}");
            }
        }
    }
}
