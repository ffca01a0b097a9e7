//! The wasm of Tag's page.

tickwire_web::export!(tag_rules::Tag);
