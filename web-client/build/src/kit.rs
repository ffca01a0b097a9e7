//! The files that are served beside every page: the client for pages, from the folder `kit`.
//!
//! A file of the same name in the page's own `public` takes the place of one.

/// Name and content of each.
pub(crate) const FILES: &[(&str, &[u8])] = &[
    ("client.d.ts", include_bytes!("../kit/client.d.ts")),
    ("client.js", include_bytes!("../kit/client.js")),
    ("connection.js", include_bytes!("../kit/connection.js")),
    ("core.js", include_bytes!("../kit/core.js")),
    ("env.js", include_bytes!("../kit/env.js")),
    ("game.js", include_bytes!("../kit/game.js")),
    ("guard.js", include_bytes!("../kit/guard.js")),
    ("stream/bytes.js", include_bytes!("../kit/stream/bytes.js")),
    ("stream/decoder.js", include_bytes!("../kit/stream/decoder.js")),
    ("stream/messages.js", include_bytes!("../kit/stream/messages.js")),
    ("stream/motion.js", include_bytes!("../kit/stream/motion.js")),
    ("stream/schema.js", include_bytes!("../kit/stream/schema.js")),
    ("stream/symbols.js", include_bytes!("../kit/stream/symbols.js")),
    ("tickwire.d.ts", include_bytes!("../kit/tickwire.d.ts")),
    ("tickwire.js", include_bytes!("../kit/tickwire.js")),
];
