//! [`Page`]: the files of a game's page, as [`page!`](crate::page!) embeds them in a program, and the name
//! of that program.

/// One file of a page: its path, which begins with a slash; its entity tag, without the quotes; whether
/// it is served in the hashed folder as well; whether it is of the kit, which every page has; its
/// content; and that compressed by brotli and by gzip, where that is smaller.
pub type PageFile = (
    &'static str,
    &'static str,
    bool,
    bool,
    &'static [u8],
    Option<&'static [u8]>,
    Option<&'static [u8]>,
);

/// What a build script by `tickwire_build` has made of a page: the name of the hashed folder; why the
/// page is missing, if it is; and its files.
pub type PageTable = (&'static str, &'static str, &'static [PageFile]);

/// The page that a server serves, and the name and version of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    name: &'static str,
    version: &'static str,
    table: PageTable,
}

impl Page {
    /// What [`page!`](crate::page!) makes.
    #[must_use]
    pub const fn embedded(name: &'static str, version: &'static str, table: PageTable) -> Page {
        Page { name, version, table }
    }

    /// No page of its own: such a server shows the generic page. The program has this name and version.
    #[must_use]
    pub const fn none(name: &'static str, version: &'static str) -> Page {
        Page { name, version, table: ("", "", &[]) }
    }

    /// The name of the program: it is in its help and its messages, and variables of the environment
    /// begin with it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The version of the program.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// Why the page could not be built, if it could not: then a help page is in its place.
    #[must_use]
    pub fn missing(&self) -> Option<&'static str> {
        Some(self.table.1).filter(|reason| !reason.is_empty())
    }

    pub(crate) const fn table(&self) -> PageTable {
        self.table
    }
}

/// The generic page without a game's rules, and the laboratory.
pub(crate) const VIEWER: PageTable = include!(concat!(env!("OUT_DIR"), "/tickwire_page.rs"));

/// The page that the build script of the calling package has built by `tickwire_build::page`, as a
/// [`Page`]. The program is named as its binary is.
///
/// It embeds the files of the page, so it stands in the program itself.
#[macro_export]
macro_rules! page {
    () => {
        $crate::Page::embedded(
            match ::core::option_env!("CARGO_BIN_NAME") {
                ::core::option::Option::Some(name) => name,
                ::core::option::Option::None => ::core::env!("CARGO_PKG_NAME"),
            },
            ::core::env!("CARGO_PKG_VERSION"),
            ::core::include!(::core::concat!(
                ::core::env!(
                    "OUT_DIR",
                    "tickwire::page!() needs a build.rs that calls tickwire_build::page(\"page\")"
                ),
                "/tickwire_page.rs"
            )),
        )
    };
}
