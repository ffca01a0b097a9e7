//! The wasm of the page: the rules, and all that a client needs for them.

tickwire_web::export!(test_games::dots::Dots);
