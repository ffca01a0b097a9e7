//! The files that are served beside every page: the client for pages, from the folder `kit`.
//!
//! A file of the same name in the page's own `public` takes the place of one.

/// Name and content of each.
pub(crate) const FILES: &[(&str, &[u8])] = &[];
