//! Builds the wasm of a page by a `cargo build` within the one that runs the build script.
//!
//! Profile and target folder are its own: they are not in the manifest of the package that builds
//! it, and do not touch what the outer build uses.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shield::{self, TARGET};
use crate::{one_line, say};

/// A wasm, and what it was made of.
pub(crate) struct Wasm {
    pub(crate) file: PathBuf,
    /// Files that it must be built again for when they change.
    pub(crate) inputs: Vec<PathBuf>,
}

/// What the wasm is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// To be changed again soon: quick to build.
    Dev,
    /// To be loaded by players: small and fast.
    Release,
}

impl Profile {
    /// The one for what Cargo calls `PROFILE` in a build script.
    pub(crate) fn of(name: &str) -> Profile {
        if name == "debug" { Profile::Dev } else { Profile::Release }
    }

    const fn name(self) -> &'static str {
        match self {
            Profile::Dev => "page-dev",
            Profile::Release => "page",
        }
    }

    /// All of it is said, so that settings of the outer build do not change it.
    fn settings(self) -> impl Iterator<Item = String> {
        const BOTH: [&str; 6] = [
            "inherits='release'",
            "debug-assertions=false",
            "overflow-checks=false",
            "rpath=false",
            "panic='abort'",
            "debug=false",
        ];
        const DEV: [&str; 5] = [
            "opt-level=1",
            "lto='off'",
            "incremental=true",
            "codegen-units=256",
            "strip='debuginfo'",
        ];
        const RELEASE: [&str; 5] =
            ["opt-level='s'", "lto='fat'", "incremental=false", "codegen-units=1", "strip=true"];
        let own = if self == Profile::Dev { DEV } else { RELEASE };
        let name = self.name();
        BOTH.into_iter().chain(own).map(move |setting| format!("profile.{name}.{setting}"))
    }
}

/// Builds the package in `folder` and returns its wasm.
///
/// # Errors
/// If there is no such package, it has no wasm or more than one, or it does not compile.
pub(crate) fn build(
    folder: &Path,
    out: &Path,
    profile: Profile,
    toolchain: Toolchain,
) -> Result<Wasm, Box<dyn Error>> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(format!("{} is not there", manifest.display()).into());
    }
    let target_dir = target_dir(out);
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo.args(["build", "--message-format=json-render-diagnostics", "--profile", profile.name()]);
    for setting in profile.settings() {
        cargo.arg("--config").arg(setting);
    }
    cargo.arg("--manifest-path").arg(&manifest);
    let lock = lock_file(folder);
    if lock.is_some() {
        // What the outer build resolved is what the page is built of.
        cargo.arg("--locked");
    }
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    shield::shield(&mut cargo, &target_dir, toolchain.has_rust_lld, names);
    let messages = run(&mut cargo)?;
    let file = wasm_of(&messages, &manifest)?;
    let dep_info = fs::read_to_string(file.with_extension("d"))?;
    let mut inputs = with_manifests(sources(&dep_info));
    inputs.extend([manifest]);
    inputs.extend(lock.iter().cloned());
    // Versions, features and patches of a workspace stand beside its lock file.
    inputs.extend(lock.map(|lock| lock.with_extension("toml")).filter(|root| root.is_file()));
    inputs.sort();
    inputs.dedup();
    Ok(Wasm { file, inputs })
}

/// Where the nested build keeps what it made: beside what the outer one makes in the same profile, so that
/// pages of one workspace share what they depend on.
fn target_dir(out: &Path) -> PathBuf {
    // `OUT_DIR` is `<target>/<profile>/build/<package>/out`.
    let is_usual =
        out.ends_with("out") && out.ancestors().nth(2).is_some_and(|it| it.ends_with("build"));
    let profile = out.ancestors().nth(3).filter(|_| is_usual);
    profile.unwrap_or(out).join("wasm")
}

/// The lock file of the workspace that a folder belongs to: the nearest above it.
fn lock_file(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|above| above.join("Cargo.lock")).find(|lock| lock.is_file())
}

/// The wasm of the package with this manifest, by the messages of `cargo build`.
fn wasm_of(messages: &str, manifest: &Path) -> Result<PathBuf, Box<dyn Error>> {
    // Cargo says a path as it was found, which may be by other links.
    let resolved = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let is_same = |path: &str| resolved(Path::new(path)) == resolved(manifest);
    let mut found = Vec::new();
    for message in messages.lines() {
        if strings_after(message, "manifest_path").first().is_some_and(|path| is_same(path)) {
            let files = strings_after(message, "filenames");
            found.extend(files.into_iter().filter(|file| file.ends_with(".wasm")));
        }
    }
    match &found[..] {
        [file] => Ok(PathBuf::from(file)),
        [] => Err(format!(
            "the package of {} makes no wasm: does its [lib] say crate-type = [\"cdylib\"]?",
            manifest.display()
        )
        .into()),
        several => Err(format!("the page makes more than one wasm: {}", several.join(", ")).into()),
    }
}

/// The string, or the strings of the list, that a key of a JSON object has.
fn strings_after(json: &str, key: &str) -> Vec<String> {
    let Some((_, rest)) = json.split_once(&format!("\"{key}\":")) else { return Vec::new() };
    let is_list = rest.starts_with('[');
    let (mut strings, mut current) = (Vec::new(), None::<String>);
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match (&mut current, letter) {
            (None, '"') => current = Some(String::new()),
            (None, ']') => break,
            (None, _) => {}
            // Of what may be escaped, paths have only this and quotes.
            (Some(text), '\\') => text.extend(letters.next()),
            (Some(_), '"') => {
                strings.extend(current.take());
                if !is_list {
                    break;
                }
            }
            (Some(text), letter) => text.push(letter),
        }
    }
    strings
}

/// The files that a dep-info file names: those of the package and of all that it depends on by path.
fn sources(dep_info: &str) -> Vec<PathBuf> {
    let line = dep_info.lines().next().unwrap_or_default();
    let after = line.split_once(": ").map_or("", |(_, after)| after);
    let (mut sources, mut current) = (Vec::new(), String::new());
    let mut letters = after.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // A blank within a path.
            '\\' if letters.peek() == Some(&' ') => current.extend(letters.next()),
            ' ' => sources.push(PathBuf::from(std::mem::take(&mut current))),
            letter => current.push(letter),
        }
    }
    sources.push(PathBuf::from(current));
    sources.retain(|source| !source.as_os_str().is_empty());
    sources
}

/// Adds the manifests of the packages that these files belong to.
fn with_manifests(mut sources: Vec<PathBuf>) -> Vec<PathBuf> {
    let manifest = |source: &PathBuf| {
        let above = source.ancestors().skip(1).map(|folder| folder.join("Cargo.toml"));
        above.into_iter().find(|manifest| manifest.is_file())
    };
    let mut manifests: Vec<PathBuf> = sources.iter().filter_map(manifest).collect();
    manifests.sort();
    manifests.dedup();
    sources.extend(manifests);
    sources
}

/// What the toolchain compiles to wasm with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toolchain {
    /// Whether it has the linker for wasm that rustc uses by default.
    has_rust_lld: bool,
}

/// Finds what compiles to wasm, and installs the standard library for it if that is missing.
///
/// # Errors
/// If there is no standard library or no linker for it: what to do.
pub(crate) fn prepare() -> Result<Toolchain, Box<dyn Error>> {
    let libdir = target_libdir(&["--target", TARGET])?;
    if !libdir.is_dir() {
        say(&format!("rerun-if-changed={}", libdir.display()));
        let added = run(Command::new("rustup").args(["target", "add", TARGET]));
        // It may have installed it for another toolchain than the one that is compiling this.
        let reason = match added {
            Ok(_) if libdir.is_dir() => None,
            Ok(_) => Some(format!("rustup added {TARGET} elsewhere")),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason {
            return Err(format!(
                "{reason}; the standard library for wasm is missing: try rustup target add {TARGET}, or \
                 the package of your distribution (libstd-rust-dev-wasm32 on Debian and Ubuntu)"
            )
            .into());
        }
    }
    let linker = format!("bin/rust-lld{}", env::consts::EXE_SUFFIX);
    let host = target_libdir(&[])?;
    let has_rust_lld = host.parent().is_some_and(|host| host.join(linker).is_file());
    // Distributions may have rustc use another, which only they know; they have it by one of these names.
    let has_other = || {
        let linkers = ["wasm-ld", "lld", "rust-lld"];
        linkers.iter().any(|name| Command::new(name).arg("--version").output().is_ok())
    };
    if !has_rust_lld && !has_other() {
        return Err("there is no linker for wasm: the package lld has one".into());
    }
    Ok(Toolchain { has_rust_lld })
}

/// Where rustc keeps the standard library of a target.
fn target_libdir(arguments: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("RUSTC is not set")?;
    let printed =
        Command::new(rustc).args(["--print", "target-libdir"]).args(arguments).output()?;
    Ok(PathBuf::from(String::from_utf8(printed.stdout)?.trim()))
}

/// Runs a command and returns its standard output. The first error becomes part of the returned error.
fn run(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    // The build output contains all of it; a warning has only one line.
    #[allow(clippy::print_stderr, reason = "cargo shows it if the build fails")]
    {
        eprintln!("{stderr}");
    }
    let first =
        stderr.lines().find(|line| line.starts_with("error")).unwrap_or("no error in its output");
    Err(format!("{program} failed: {}", one_line(first)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasm_is_the_one_of_the_package_whatever_else_was_built() {
        let message = |folder: &str, files: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/{folder}/Cargo.toml","target":{{"name":"x"}},"filenames":[{files}],"fresh":true}}"#
            )
        };
        let messages = [
            message("rules", r#""/t/librules.rlib","/t/rules.wasm""#),
            message("a \\\"page", r#""/t/a page.wasm","/t/a.rlib""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ]
        .join("\n");
        let of = |folder: &str| {
            let manifest = Path::new("/").join(folder).join("Cargo.toml");
            wasm_of(&messages, &manifest).map_err(|error| error.to_string())
        };
        assert_eq!(of("a \"page"), Ok(PathBuf::from("/t/a page.wasm")));
        assert_eq!(of("rules"), Ok(PathBuf::from("/t/rules.wasm")));
        assert!(of("other").is_err_and(|error| error.contains("cdylib")));
    }

    #[test]
    fn all_sources_of_a_dep_info_file_are_read_with_the_blanks_in_their_paths() {
        let text = "/out/a.wasm: /a/src/lib.rs /b\\ c/src/lib.rs /d/e.json\n\n/a/src/lib.rs:\n";
        let paths = ["/a/src/lib.rs", "/b c/src/lib.rs", "/d/e.json"].map(PathBuf::from);
        assert_eq!(sources(text), paths);
        assert_eq!(sources(""), Vec::<PathBuf>::new());
    }

    #[test]
    fn the_manifests_of_the_sources_are_inputs_too() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = with_manifests(vec![own.join("src/lib.rs"), own.join("src/wasm.rs")]);
        assert_eq!(found[2..], [own.join("Cargo.toml")]);
    }
}
