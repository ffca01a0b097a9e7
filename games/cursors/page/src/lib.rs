//! The wasm of the page: the rules, and all that a client needs for them.

tickwire_web::export!(cursors_rules::Cursors);
