//! Builds the browser's client to wasm and puts the page into the server, so that plain
//! `cargo run` is all it takes.
//!
//! `WEB_CLIENT` says how hard to try: `auto` (the default) puts a page in its place that says
//! what to type when it does not work, `skip` does not try, `require` fails the build.

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

#[path = "src/page/comments.rs"]
mod comments;
#[path = "src/page/content_type.rs"]
mod content_type;

const TARGET: &str = "wasm32-unknown-unknown";

/// What the outer build has set for itself and the inner one must not inherit: it builds for
/// another target, with another profile, into another folder.
const OUTER: [&str; 6] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];

fn main() -> Result<(), Box<dyn Error>> {
    let server = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = server.parent().ok_or("the server lies in the workspace")?.to_path_buf();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=WEB_CLIENT");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/page");
    for input in ["web-client", "shared/src", "shared/Cargo.toml", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let wasm = match env::var("WEB_CLIENT").as_deref() {
        Ok("skip") => None,
        Ok("require") => Some(build(&root, &out)?),
        Ok("auto" | "") | Err(_) => build(&root, &out)
            .inspect_err(|error| {
                println!("cargo::warning=the page is not built: {error}");
                println!("cargo::warning=build with WEB_CLIENT=require to see all of it");
            })
            .ok(),
        Ok(other) => return Err(format!("WEB_CLIENT={other}: auto, skip or require").into()),
    };
    let mut files = Vec::new();
    if wasm.is_some() {
        collect(&root.join("web-client/page"), "", &mut files)?;
    }
    if let Some(wasm) = wasm.as_ref() {
        files.push(("/tickwire.wasm".to_owned(), wasm.clone()));
    }
    if !files.iter().any(|(path, _)| path == "/index.html") {
        files.push(("/index.html".to_owned(), server.join("src/page/missing.html")));
    }
    files.sort();
    lighten(&mut files, &out)?;
    fs::write(out.join("page_files.rs"), table(&files, wasm.is_some(), &zip(&files, &out)?))?;
    Ok(())
}

/// Builds the client, and says where its wasm is.
fn build(root: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    add_target()?;
    // A folder of its own: cargo locks the one it works in, and the outer one holds that lock.
    let target_dir = out.join("web-client");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("cargo does not say where it is")?);
    cargo
        .args(["build", "--profile", "web", "--target", TARGET, "--locked", "-p", "web-client"])
        .arg("--manifest-path")
        .arg(root.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir);
    for name in OUTER {
        cargo.env_remove(name);
    }
    run(&mut cargo)?;
    let wasm = target_dir.join(TARGET).join("web").join("web_client.wasm");
    if !wasm.is_file() {
        return Err("web-client made no web_client.wasm".into());
    }
    Ok(wasm)
}

/// Fetches the standard library for wasm when it is missing.
fn add_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("cargo does not say where rustc is")?;
    let printed =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let libdir = PathBuf::from(String::from_utf8(printed.stdout)?.trim());
    if libdir.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", libdir.display());
    run(Command::new("rustup").args(["target", "add", TARGET]))
        .map_err(|error| format!("{error}; try: rustup target add {TARGET}").into())
}

/// Runs a command; what it said becomes part of the error.
fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The whole of it is in the build's own output; a warning has one line.
    #[allow(clippy::print_stderr, reason = "cargo shows it when the build fails")]
    {
        eprintln!("{said}");
    }
    let first =
        said.lines().find(|line| line.starts_with("error")).unwrap_or("it does not say why");
    Err(format!("{program} failed: {first}").into())
}

/// All files below a folder, with their paths as a browser asks for them.
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

/// Leaves the comments of scripts and styles at home: a third of their bytes on the way, and of no
/// use there. Lines keep their numbers.
fn lighten(files: &mut [(String, PathBuf)], out: &Path) -> Result<(), Box<dyn Error>> {
    let is_code = |path: &str| path.ends_with(".js") || path.ends_with(".css");
    for (number, (_, place)) in files.iter_mut().enumerate().filter(|(_, (path, _))| is_code(path))
    {
        let to = out.join(format!("page-{number}"));
        let light = comments::removed(&fs::read_to_string(&*place)?).map_err(|line| {
            format!("{}:{line}: code follows a comment on its line", place.display())
        })?;
        fs::write(&to, light)?;
        *place = to;
    }
    Ok(())
}

/// Gzips each file once, for all who will ask for it; `None` for those that get no smaller.
fn zip(files: &[(String, PathBuf)], out: &Path) -> Result<Vec<Option<PathBuf>>, Box<dyn Error>> {
    let mut zipped = Vec::new();
    for (number, (_, place)) in files.iter().enumerate() {
        let plain = fs::read(place)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        let small = encoder.finish()?;
        let to = out.join(format!("page-{number}.gz"));
        zipped.push((small.len() < plain.len()).then_some(to.clone()));
        fs::write(to, small)?;
    }
    Ok(zipped)
}

/// The source of the table of files.
fn table(files: &[(String, PathBuf)], has_wasm: bool, zipped: &[Option<PathBuf>]) -> String {
    let mut source = String::from("pub(super) static FILES: &[Embedded] = &[\n");
    for ((path, place), zipped) in files.iter().zip(zipped) {
        let content_type = content_type(path);
        let zipped = match zipped {
            Some(zipped) => format!("Some(include_bytes!({zipped:?}))"),
            None => "None".to_owned(),
        };
        writeln!(source, "    ({path:?}, {content_type:?}, include_bytes!({place:?}), {zipped}),")
            .expect("a String takes all");
    }
    source.push_str("];\n");
    let wasm = files.iter().find(|(path, _)| has_wasm && path == "/tickwire.wasm");
    match wasm {
        Some((_, place)) => {
            writeln!(
                source,
                "pub(super) const WASM: Option<&[u8]> = Some(include_bytes!({place:?}));"
            )
        }
        None => writeln!(source, "pub(super) const WASM: Option<&[u8]> = None;"),
    }
    .expect("a String takes all");
    source
}
