//! The wasm of Skirmish's page.

mod view;

tickwire_web::export!(skirmish_rules::Skirmish, view::SkirmishView);
