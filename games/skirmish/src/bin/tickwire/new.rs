//! `tickwire new NAME`: writes the workspace of a new game.
//!
//! What it writes is `games/template`, a member of this workspace, under the name of the new game.
//! It touches nothing but the folder that it makes.

use std::fmt;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::str::FromStr;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};

/// The files of the template, by where they go in the new workspace.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../../../template/Cargo.toml")),
    ("Cargo.lock", include_str!("../../../../../Cargo.lock")),
    ("README.md", include_str!("../../../../template/README.md")),
    ("build.rs", include_str!("../../../../template/build.rs")),
    ("rustfmt.toml", include_str!("../../../../../rustfmt.toml")),
    (".gitignore", "/target\n"),
    (".github/workflows/ci.yml", include_str!("../../../../template/ci.yml")),
    ("src/main.rs", include_str!("../../../../template/src/main.rs")),
    ("rules/Cargo.toml", include_str!("../../../../template/rules/Cargo.toml")),
    ("rules/clippy.toml", include_str!("../../../../template/rules/clippy.toml")),
    ("rules/src/lib.rs", include_str!("../../../../template/rules/src/lib.rs")),
    ("rules/tests/simulated.rs", include_str!("../../../../template/rules/tests/simulated.rs")),
    ("page/Cargo.toml", include_str!("../../../../template/page/Cargo.toml")),
    ("page/src/lib.rs", include_str!("../../../../template/page/src/lib.rs")),
    ("page/public/index.html", include_str!("../../../../template/page/public/index.html")),
    ("page/public/main.js", include_str!("../../../../template/page/public/main.js")),
    ("page/public/style.css", include_str!("../../../../template/page/public/style.css")),
];

/// What the new workspace takes from Tickwire, and in which folder of the checkout it is.
const PACKAGES: [(&str, &str); 5] = [
    ("tickwire", "server"),
    ("tickwire-build", "web-client/build"),
    ("tickwire-game", "shared"),
    ("tickwire-test", "tests/simulator"),
    ("tickwire-web", "web-client"),
];

/// The checkout that this program was built from.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

const NAME_MAX_CHARS: usize = 40;

/// Words that cannot name a crate, or that Cargo keeps for itself.
const RESERVED: &str = "abstract alloc as async await become box break build const continue core crate \
    deps do dyn else enum examples extern false final fn for gen if impl in incremental let loop macro match \
    mod move mut override priv proc-macro pub ref return self serde static std struct super test trait true \
    try type typeof unsafe unsized use virtual where while yield";

/// Names that the template's code uses: the game's own type has to be called otherwise.
const TAKEN_TYPES: &str = "Clone Coin Copy Debug Default Deserialize Dice EntityId Event ExitCode Game Input \
    LeaveReason Level None Option Own PartialEq Path Player PlayerId Program Row Runner \
    SceneWriter Schema Seen Self Serialize Settings Setup Simulator Some Step Subject Taken \
    Timer Vec";

/// The subcommand, for the program.
pub(crate) fn command() -> Command {
    New::augment_args(Command::new("new"))
        .about("Write the workspace of a game of your own, ready to be run")
}

/// Does what the subcommand's arguments ask for.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let written = match New::from_arg_matches(matches) {
        Ok(new) => new.write(Path::new("")).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    // Nobody may be there to read it; the exit code says it as well.
    match written {
        Ok(written) => {
            let _ = writeln!(io::stdout(), "{written}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "tickwire new: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A game to be written.
#[derive(Debug, clap::Args)]
struct New {
    /// Name of the game, of its folder and of its program: lower-case letters, digits, - and _
    name: GameName,

    /// Take Tickwire from this Git repository instead of from the checkout that this program is of
    #[arg(long, value_name = "URL")]
    git: Option<String>,
}

/// The name of a game, as a package may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GameName(String);

/// Why a name cannot be a game's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NameError {
    #[error("a name has 1 to {NAME_MAX_CHARS} characters")]
    Length,
    #[error("a name begins with a letter, and has lower-case letters, digits, - and _ alone")]
    Characters,
    #[error("{0} is a word of Rust, of Cargo or of Tickwire: take another name")]
    Reserved(String),
}

impl FromStr for GameName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<GameName, NameError> {
        if text.is_empty() || text.len() > NAME_MAX_CHARS {
            return Err(NameError::Length);
        }
        let is_allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.chars().all(is_allowed) {
            return Err(NameError::Characters);
        }
        if RESERVED.split_whitespace().any(|word| word == text) || text.starts_with("tickwire") {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Ok(GameName(text.to_owned()))
    }
}

impl GameName {
    /// As a crate is called in code.
    fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As the type of the game is called.
    fn camel(&self) -> String {
        let words = self.0.split(['-', '_']).filter(|word| !word.is_empty());
        let camel: String = words
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_uppercase() + rest
            })
            .collect();
        if TAKEN_TYPES.split_whitespace().any(|name| name == camel) {
            format!("{camel}World")
        } else {
            camel
        }
    }

    /// A text of the template, under this name.
    fn apply(&self, text: &str) -> String {
        text.replace("my-game", &self.0)
            .replace("my_game", &self.snake())
            .replace("MyGame", &self.camel())
    }
}

/// Why there is no new game.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the checkout that this program was built from is not there any more ({}): give the \
         repository with --git URL",
        .0.display()
    )]
    NoCheckout(PathBuf),
}

/// What was written, and what to do next.
#[derive(Debug)]
struct Written {
    name: String,
    files: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { name, files } = self;
        writeln!(f, "{name}: a new game, {files} files in the folder {name}\n")?;
        write!(f, "    cd {name}\n    cargo run\n\nand open the address that it prints.")
    }
}

impl New {
    /// Writes the workspace below `folder`.
    fn write(&self, folder: &Path) -> Result<Written, NewError> {
        let root = folder.join(&self.name.0);
        if root.exists() {
            return Err(NewError::Exists(root));
        }
        let source = self.source()?;
        for (path, text) in FILES {
            let text = match *path {
                "Cargo.toml" => root_manifest(&self.name.apply(&own_manifest(text)), &source),
                "Cargo.lock" => locked(text),
                path if path.ends_with("Cargo.toml") => self.name.apply(&own_manifest(text)),
                _ => self.name.apply(text),
            };
            let path = root.join(path);
            let written = path.parent().map_or(Ok(()), fs::create_dir_all);
            let written = written.and_then(|()| fs::write(&path, text));
            written.map_err(|source| NewError::Io { path, source })?;
        }
        // Names of another length, or from another part of the alphabet, want other line breaks. Without a
        // rustfmt the files are as good.
        let mut format = process::Command::new("cargo");
        let _ = format.args(["fmt", "--all", "--quiet"]).current_dir(&root).output();
        Ok(Written { name: self.name.0.clone(), files: FILES.len() })
    }

    /// The dependencies on Tickwire.
    fn source(&self) -> Result<String, NewError> {
        let dependency = |(package, folder): &(&str, &str), checkout: &Path| match &self.git {
            Some(url) => format!("{package} = {{ git = {url:?} }}\n"),
            None => format!("{package} = {{ path = {:?} }}\n", checkout.join(folder)),
        };
        let checkout = match (&self.git, fs::canonicalize(CHECKOUT)) {
            (Some(_), _) => PathBuf::new(),
            (None, Ok(checkout)) => checkout,
            (None, Err(_)) => return Err(NewError::NoCheckout(CHECKOUT.into())),
        };
        Ok(PACKAGES.iter().map(|package| dependency(package, &checkout)).collect())
    }
}

/// A manifest of the template without what only our workspace has.
fn own_manifest(text: &str) -> String {
    let is_ours = |line: &&str| {
        line.starts_with("license.workspace") || line.starts_with("authors.workspace")
    };
    let (text, _) = text.split_once("\n[lints]").unwrap_or((text, ""));
    text.lines().filter(|line| !is_ours(line)).map(|line| format!("{line}\n")).collect()
}

/// A lock file without the packages of a workspace: those of the new one are added by Cargo, with the
/// versions of all others kept as they are tried here.
fn locked(text: &str) -> String {
    let (head, packages) = text.split_once("[[package]]").unwrap_or((text, ""));
    let from_elsewhere =
        packages.split("[[package]]").filter(|package| package.contains("\nsource = "));
    from_elsewhere.fold(head.to_owned(), |lock, package| lock + "[[package]]" + package)
}

/// The manifest of the new workspace, whose own package is the program.
fn root_manifest(package: &str, source: &str) -> String {
    let rust_version = env!("CARGO_PKG_RUST_VERSION");
    format!(
        r#"[workspace]
resolver = "3"
members = ["rules", "page"]

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "{rust_version}"
publish = false

[workspace.dependencies]
serde = {{ version = "1", features = ["derive"] }}
{source}
{package}
# Little to optimise in what changes often, much in what does not: a changed number is playable soon,
# and the server is fast enough for a room of friends.
[profile.dev]
opt-level = 1
debug = "line-tables-only"
# Nothing is optimised across crates: a change would have all of the program compiled again.
lto = "off"

[profile.dev.package."*"]
opt-level = 2
debug = false
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<GameName, NameError> {
        text.parse()
    }

    #[test]
    fn a_name_is_one_that_a_package_may_have() {
        for good in ["tag", "my-game2", "a", "capture_the_flag"] {
            assert!(name(good).is_ok(), "{good}");
        }
        for bad in ["", "Tag", "2d", "-x", "../up", "a b", "match", "tickwire", "tickwire-x", "é"]
        {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert_eq!(name(&"a".repeat(41)), Err(NameError::Length));
    }

    #[test]
    fn the_type_of_a_game_is_called_as_no_other_of_its_rules() {
        assert_eq!(name("capture_the-flag").unwrap().camel(), "CaptureTheFlag");
        assert_eq!(name("runner").unwrap().camel(), "RunnerWorld");
    }

    /// The words of the template's Rust that begin with a capital letter.
    fn capitalised() -> std::collections::BTreeSet<&'static str> {
        let rust = FILES.iter().filter(|(path, _)| path.ends_with(".rs"));
        let code = rust.flat_map(|(_, text)| text.lines());
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let is_type = |word: &&str| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.contains(|c: char| c.is_ascii_lowercase())
        };
        words.filter(is_type).collect()
    }

    #[test]
    fn no_name_that_the_template_uses_is_the_type_of_a_new_game() {
        for word in capitalised() {
            let is_kept = TAKEN_TYPES.split_whitespace().any(|name| name == word);
            assert!(
                is_kept || ["MyGame", "Ada"].contains(&word),
                "{word} is not among TAKEN_TYPES"
            );
        }
    }

    #[test]
    fn no_file_of_a_new_game_names_the_template_or_the_bundled_game() {
        let folder = std::env::temp_dir().join(format!("tickwire-new-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let new = New { name: name("blue-tag").unwrap(), git: None };
        let written = new.write(&folder).expect("it can be written");
        assert_eq!(written.files, FILES.len());
        for (path, _) in FILES {
            let text = fs::read_to_string(folder.join("blue-tag").join(path)).expect("it is there");
            for word in ["my-game", "my_game", "MyGame", "skirmish", "Skirmish"] {
                assert!(!text.contains(word), "{path} names {word}");
            }
        }
        assert!(matches!(new.write(&folder), Err(NewError::Exists(_))));
        fs::remove_dir_all(&folder).expect("it can be removed");
    }
}
