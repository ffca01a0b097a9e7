//! The build script of a game's server in one line: builds the page's wasm, and embeds it together with
//! the files that a browser is served.
//!
//! ```no_run
//! // build.rs
//! # #[allow(clippy::needless_doctest_main)]
//! fn main() {
//!     tickwire_build::page("page");
//! }
//! ```
//!
//! Below the folder lie a package whose one `cdylib` exports the game (`Cargo.toml`, `src/lib.rs`) and,
//! in `public`, the files of the page. Without a folder `public` it is the generic page, which shows any
//! game, and on which a game can be played that has `Game::keys`. `tickwire::page!()` in the program takes what was made of them.
//! The path of the data: [`wasm`] builds the package, [`files`] collects what is served beside it
//! ([`kit`] brings the client for pages and the generic page), [`repository`] names the source in documents,
//! [`bundle`] makes few files of many with `WEB_CLIENT=bundle`, [`comments`] makes them smaller, [`preload`] adds
//! preloads to documents, [`table`] compresses it ([`marks`], a document that names its own address) and writes it as the
//! Rust source that `tickwire::page!()` includes.
//!
//! A page that does not compile fails the build. The variable `WEB_CLIENT` of the environment says what
//! happens where nothing can be compiled to wasm, for the toolchain has no standard library for it and
//! none can be installed: with `auto` (the default) a help page is embedded in its place, with
//! `require` the build fails. With `skip` it is not built, and the help page is embedded. With `bundle` it is
//! required, and its modules and styles are bundled, which needs Node's npm.
//!
//! It never builds the page of another game, and never writes outside of `OUT_DIR`.

#![warn(missing_docs)]

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use self::wasm::Profile;

#[doc(hidden)]
pub use self::marks::{MARKS, MARKS_MAX, gzip};

mod bundle;
mod comments;
mod document;
mod files;
mod kit;
mod marks;
mod preload;
mod repository;
mod shield;
mod table;
mod wasm;

/// Builds the page in `folder`, which is relative to the package whose build script calls it, and
/// embeds the files of its folder `public`. The same as `Page::new(folder).build()`.
pub fn page(folder: impl AsRef<Path>) {
    Page::new(folder).build();
}

/// A page to build: which package, and where the files are that are served beside its wasm.
#[derive(Clone, Debug)]
pub struct Page {
    folder: PathBuf,
    /// Where the files are that it is served as, if that was said.
    public: Option<PathBuf>,
}

impl Page {
    /// The page in this folder, relative to the package whose build script calls it. Its files are in
    /// the folder `public` there; if there is none, it is the generic page.
    pub fn new(folder: impl AsRef<Path>) -> Page {
        Page { folder: folder.as_ref().to_path_buf(), public: None }
    }

    /// Takes the files that a browser is served from this folder below that of the page, such as the
    /// one that a bundler writes.
    #[must_use]
    pub fn public(mut self, folder: impl AsRef<Path>) -> Page {
        self.public = Some(self.folder.join(folder));
        self
    }

    /// Builds it and writes what `tickwire::page!()` includes. For a build script: it prints
    /// instructions to Cargo. If the page cannot be built, and that is required, the build fails with
    /// the reason.
    pub fn build(&self) {
        if let Err(error) = self.embed() {
            say(&format!("error=the page was not built: {}", one_line(&error.to_string())));
            // Without it Cargo would not show what was printed, such as the errors of the compiler.
            std::process::exit(1);
        }
    }

    fn embed(&self) -> Result<(), Box<dyn Error>> {
        // Of the package whose build script this is.
        let repository = env::var("CARGO_PKG_REPOSITORY").unwrap_or_default();
        let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        let out = PathBuf::from(variable("OUT_DIR")?);
        let folder = package.join(&self.folder);
        let usual = folder.join("public");
        let is_generic = self.public.is_none() && !usual.exists();
        let public = self.public.as_ref().map_or(usual, |public| package.join(public));
        let profile = Profile::of(&variable("PROFILE")?);
        say("rerun-if-env-changed=WEB_CLIENT");
        let wanted = env::var("WEB_CLIENT").unwrap_or_default();
        let is_possible = match wanted.as_str() {
            "skip" => Err("it was built with WEB_CLIENT=skip".into()),
            "auto" | "" | "require" | "bundle" => wasm::prepare(),
            other => {
                let error = format!("WEB_CLIENT={other}: expected auto, bundle, require or skip");
                return Err(error.into());
            }
        };
        let built = match is_possible {
            Ok(toolchain) => Ok(wasm::build(&folder, &out, profile, toolchain)?),
            Err(error) if ["bundle", "require"].contains(&&*wanted) => return Err(error),
            Err(error) => {
                say(&format!("warning=the page was not built: {}", one_line(&error.to_string())));
                Err(error)
            }
        };
        let (files, missing) = match built {
            Ok(wasm) => {
                // A folder that is not there yet is noticed by the one in which it would be.
                let watched = if is_generic { &folder } else { &public };
                for path in wasm.inputs.iter().chain([watched]) {
                    say(&format!("rerun-if-changed={}", path.display()));
                }
                let bundles = (wanted == "bundle").then(|| out.join("bundle"));
                let bundles = bundles.as_deref();
                let files = match is_generic {
                    true => files::of_generic_page(&wasm.file, bundles)?,
                    false => files::of_page(&public, &wasm.file, &repository, bundles)?,
                };
                (files, String::new())
            }
            // The generic page shows the game by its schema, also without its rules.
            Err(error) if is_generic => {
                (files::of_generic_page_without_rules(), one_line(&error.to_string()))
            }
            Err(error) => (files::of_help(), one_line(&error.to_string())),
        };
        table::write(&out, &files, &missing, profile)
    }
}

/// Embeds what every server has: the generic page without a game's rules, and the laboratory. For the build
/// script of `tickwire` alone.
#[doc(hidden)]
pub fn viewer() {
    let embedded = || {
        let out = PathBuf::from(variable("OUT_DIR")?);
        table::write(&out, &files::of_viewer()?, "", Profile::of(&variable("PROFILE")?))
    };
    // It has no input but what is compiled into the build script.
    say("rerun-if-changed=build.rs");
    if let Err(error) = embedded() {
        say(&format!("error=the viewer was not embedded: {}", one_line(&error.to_string())));
        std::process::exit(1);
    }
}

/// An instruction to Cargo.
#[allow(clippy::print_stdout, reason = "the standard output of a build script is for Cargo")]
fn say(instruction: &str) {
    println!("cargo::{instruction}");
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|error| format!("{name}: {error}: is this a build script?").into())
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
