//! Builds the browser client to wasm and embeds the page in the server, so that plain `cargo run` is
//! enough.
//!
//! `WEB_CLIENT` selects what happens if the client cannot be built: with `auto` (the default) a help
//! page is embedded instead, with `require` the build fails. With `skip` the client is not built.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use self::content_type::content_type;
use self::wasm_build::TARGET;

#[path = "src/edge/http/page/comments.rs"]
mod comments;
#[path = "src/edge/http/page/content_type.rs"]
mod content_type;
#[path = "src/edge/http/page/wasm_build.rs"]
mod wasm_build;

fn main() -> Result<(), Box<dyn Error>> {
    let server = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = server.parent().ok_or("the server is in a workspace")?.to_path_buf();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=WEB_CLIENT");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/edge/http/page");
    for input in [
        "web-client",
        "games/skirmish/page",
        "games/skirmish/rules",
        "shared/src",
        "shared/Cargo.toml",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let (wasm, missing) = match env::var("WEB_CLIENT").as_deref() {
        Ok("skip") => (None, "it was built with WEB_CLIENT=skip".to_owned()),
        Ok("require") => (Some(build(&root, &out)?), String::new()),
        Ok("auto" | "") | Err(_) => match build(&root, &out) {
            Ok(wasm) => (Some(wasm), String::new()),
            Err(error) => {
                println!("cargo::warning=the page was not built: {error}");
                println!("cargo::warning=build with WEB_CLIENT=require to see the whole output");
                (None, error.to_string())
            }
        },
        Ok(other) => {
            return Err(format!("WEB_CLIENT={other}: expected auto, skip or require").into());
        }
    };
    // The server says so at start.
    println!("cargo::rustc-env=TICKWIRE_PAGE_MISSING={}", missing.replace(['\r', '\n'], " "));
    let mut files = Vec::new();
    if wasm.is_some() {
        collect(&root.join("games/skirmish/page/public"), "", &mut files)?;
    }
    if let Some(wasm) = wasm.as_ref() {
        files.push(("/tickwire.wasm".to_owned(), wasm.clone()));
    }
    if !files.iter().any(|(path, _)| path == "/index.html") {
        files.push(("/index.html".to_owned(), server.join("src/edge/http/page/missing.html")));
    }
    files.sort();
    strip_files(&mut files, &out)?;
    fs::write(out.join("page_files.rs"), table(&files, &gzip(&files, &out)?))?;
    Ok(())
}

/// Builds the client and returns the path of its wasm.
fn build(root: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    add_target()?;
    let target_dir = out.join("web-client");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo
        .args(["build", "--profile", "web", "--locked", "-p", "skirmish-page"])
        .arg("--manifest-path")
        .arg(root.join("Cargo.toml"));
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    wasm_build::shield(&mut cargo, &target_dir, has_rust_lld()?, names);
    run(&mut cargo)?;
    let wasm = target_dir.join(TARGET).join("web").join("skirmish_page.wasm");
    if !wasm.is_file() {
        return Err("the build of skirmish-page wrote no skirmish_page.wasm".into());
    }
    Ok(wasm)
}

/// Installs the standard library for wasm if it is missing.
fn add_target() -> Result<(), Box<dyn Error>> {
    let libdir = target_libdir(&["--target", TARGET])?;
    if libdir.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", libdir.display());
    run(Command::new("rustup").args(["target", "add", TARGET])).map_err(|error| {
        format!(
            "{error}; the standard library for wasm is missing: try rustup target add {TARGET}, or \
             the package of your distribution (libstd-rust-dev-wasm32 on Debian and Ubuntu)"
        )
        .into()
    })
}

/// Whether the toolchain has the linker for wasm that rustc uses by default.
fn has_rust_lld() -> Result<bool, Box<dyn Error>> {
    let linker = format!("bin/rust-lld{}", env::consts::EXE_SUFFIX);
    let host = target_libdir(&[])?;
    Ok(host.parent().is_some_and(|host| host.join(linker).is_file()))
}

/// Where rustc keeps the standard library of a target.
fn target_libdir(arguments: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("RUSTC is not set")?;
    let printed =
        Command::new(rustc).args(["--print", "target-libdir"]).args(arguments).output()?;
    Ok(PathBuf::from(String::from_utf8(printed.stdout)?.trim()))
}

/// Runs a command. The first error of its output becomes part of the returned error.
fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The build output contains all of it; a warning has only one line.
    #[allow(clippy::print_stderr, reason = "cargo shows it if the build fails")]
    {
        eprintln!("{stderr}");
    }
    let first =
        stderr.lines().find(|line| line.starts_with("error")).unwrap_or("no error in its output");
    Err(format!("{program} failed: {first}").into())
}

/// Collects all files below a folder, with their URL paths.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{name:?}: its name"))?;
        let path = format!("{prefix}/{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if !name.starts_with('.') {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}

/// Strips the comments from scripts and styles: they are a third of the bytes and of no use in the
/// browser. Line numbers stay.
fn strip_files(files: &mut [(String, PathBuf)], out: &Path) -> Result<(), Box<dyn Error>> {
    let is_code = |path: &str| path.ends_with(".js") || path.ends_with(".css");
    for (number, (_, path)) in files.iter_mut().enumerate().filter(|(_, (path, _))| is_code(path)) {
        let to = out.join(format!("page-{number}"));
        let stripped = comments::strip_comments(&fs::read_to_string(&*path)?).map_err(|line| {
            format!("{}:{line}: code follows a comment on its line", path.display())
        })?;
        fs::write(&to, stripped)?;
        *path = to;
    }
    Ok(())
}

/// Gzips each file; `None` for files that do not get smaller.
fn gzip(files: &[(String, PathBuf)], out: &Path) -> Result<Vec<Option<PathBuf>>, Box<dyn Error>> {
    let mut gzipped = Vec::new();
    for (number, (_, path)) in files.iter().enumerate() {
        let plain = fs::read(path)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        let small = encoder.finish()?;
        let to = out.join(format!("page-{number}.gz"));
        gzipped.push((small.len() < plain.len()).then_some(to.clone()));
        fs::write(to, small)?;
    }
    Ok(gzipped)
}

/// The Rust source of the table of files.
fn table(files: &[(String, PathBuf)], gzipped: &[Option<PathBuf>]) -> String {
    let mut source = String::from("pub(super) static FILES: &[Embedded] = &[\n");
    for ((path, file), gzipped) in files.iter().zip(gzipped) {
        let content_type = content_type(path);
        let gzipped = match gzipped {
            Some(gzipped) => format!("Some(include_bytes!({gzipped:?}))"),
            None => "None".to_owned(),
        };
        writeln!(source, "    ({path:?}, {content_type:?}, include_bytes!({file:?}), {gzipped}),")
            .expect("writing to a String cannot fail");
    }
    source.push_str("];\n");
    source
}
