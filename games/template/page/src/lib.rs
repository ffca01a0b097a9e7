//! The wasm of the page: the rules, and all that a client needs for them.

tickwire_web::export!(my_game_rules::MyGame);
