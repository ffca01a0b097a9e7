//! The files that are served beside every page: the client for pages, from the folder `kit`; and the generic
//! page and the laboratory, from the folder `viewer` there.
//!
//! A file of the same name in the page's own `public` takes the place of one.

/// Name and content of each.
pub(crate) const FILES: &[(&str, &[u8])] = &[
    ("client.d.ts", include_bytes!("../kit/client.d.ts")),
    ("client.js", include_bytes!("../kit/client.js")),
    ("clock.js", include_bytes!("../kit/clock.js")),
    ("connection.js", include_bytes!("../kit/connection.js")),
    ("core.js", include_bytes!("../kit/core.js")),
    ("deadlines.js", include_bytes!("../kit/deadlines.js")),
    ("early.js", include_bytes!("../kit/early.js")),
    ("env.js", include_bytes!("../kit/env.js")),
    ("game.js", include_bytes!("../kit/game.js")),
    ("guard.js", include_bytes!("../kit/guard.js")),
    ("lifecycle.js", include_bytes!("../kit/lifecycle.js")),
    ("load.js", include_bytes!("../kit/load.js")),
    ("probe.js", include_bytes!("../kit/probe.js")),
    ("renewal.js", include_bytes!("../kit/renewal.js")),
    ("retry.js", include_bytes!("../kit/retry.js")),
    ("session.js", include_bytes!("../kit/session.js")),
    ("sockets.js", include_bytes!("../kit/sockets.js")),
    ("stream/bytes.js", include_bytes!("../kit/stream/bytes.js")),
    ("stream/costs.js", include_bytes!("../kit/stream/costs.js")),
    ("stream/decoder.js", include_bytes!("../kit/stream/decoder.js")),
    ("stream/input.js", include_bytes!("../kit/stream/input.js")),
    ("stream/messages.js", include_bytes!("../kit/stream/messages.js")),
    ("stream/motion.js", include_bytes!("../kit/stream/motion.js")),
    ("stream/schema.js", include_bytes!("../kit/stream/schema.js")),
    ("stream/symbols.js", include_bytes!("../kit/stream/symbols.js")),
    ("tickwire.d.ts", include_bytes!("../kit/tickwire.d.ts")),
    ("tickwire.js", include_bytes!("../kit/tickwire.js")),
    ("values.js", include_bytes!("../kit/values.js")),
];

/// The modules and the styles of the generic page and the laboratory.
pub(crate) const VIEWER: &[(&str, &[u8])] = &[
    ("viewer/between.js", include_bytes!("../kit/viewer/between.js")),
    ("viewer/chart.js", include_bytes!("../kit/viewer/chart.js")),
    ("viewer/controls.js", include_bytes!("../kit/viewer/controls.js")),
    ("viewer/dom.js", include_bytes!("../kit/viewer/dom.js")),
    ("viewer/feed.js", include_bytes!("../kit/viewer/feed.js")),
    ("viewer/field.js", include_bytes!("../kit/viewer/field.js")),
    ("viewer/lab.css", include_bytes!("../kit/viewer/lab.css")),
    ("viewer/lab.js", include_bytes!("../kit/viewer/lab.js")),
    ("viewer/log.js", include_bytes!("../kit/viewer/log.js")),
    ("viewer/panels.js", include_bytes!("../kit/viewer/panels.js")),
    ("viewer/recorder.js", include_bytes!("../kit/viewer/recorder.js")),
    ("viewer/scenes.js", include_bytes!("../kit/viewer/scenes.js")),
    ("viewer/viewer.css", include_bytes!("../kit/viewer/viewer.css")),
    ("viewer/viewer.js", include_bytes!("../kit/viewer/viewer.js")),
];

/// Where the documents of the viewer say whether the rules of the game are served.
pub(crate) const NO_RULES: &str = r#"data-rules="none""#;
pub(crate) const RULES: &str = r#"data-rules="tickwire.wasm""#;

/// The generic page, of a game whose wasm is served beside it or not.
pub(crate) fn generic_page(has_rules: bool) -> String {
    document(include_str!("../kit/viewer/index.html"), has_rules)
}

/// The laboratory.
pub(crate) fn lab(has_rules: bool) -> String {
    document(include_str!("../kit/viewer/lab.html"), has_rules)
}

fn document(text: &str, has_rules: bool) -> String {
    debug_assert!(text.contains(NO_RULES));
    if has_rules { text.replacen(NO_RULES, RULES, 1) } else { text.to_owned() }
}
