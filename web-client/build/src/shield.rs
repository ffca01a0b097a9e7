//! Keeps the build of a page apart from the build that it is a part of: flags, linkers, wrappers and
//! profiles that are set for the host are not for wasm.
//!
//! Cargo reads them from the environment and from configuration files in every folder above. Files
//! cannot be left out, for they may say where dependencies come from; but what the environment says has
//! precedence. [`crate::wasm`] calls it.

use std::path::Path;
use std::process::Command;

/// The target of every page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Settings for this target, in the environment.
const OWN: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_";

/// Sets the target and the folder of a `cargo build`, and shields it from what is meant for the host.
/// `names` are those of the variables that it would inherit. With `has_rust_lld` the toolchain has a
/// linker for wasm of its own; distributions may use another.
pub(crate) fn shield(
    cargo: &mut Command,
    target_dir: &Path,
    has_rust_lld: bool,
    names: impl IntoIterator<Item = String>,
) {
    for name in names {
        // Its profile is in the arguments, and the same in every build.
        let is_profile = name.starts_with("CARGO_PROFILE_");
        if is_profile || name.starts_with(OWN) || name == "RUSTFLAGS" {
            cargo.env_remove(name);
        }
    }
    cargo.args(["--target", TARGET]).arg("--target-dir").arg(target_dir);
    // Intermediate files too: the outer cargo holds the lock of its own folder.
    cargo.env("CARGO_BUILD_BUILD_DIR", target_dir);
    // Set and empty: no flags, wherever others are configured.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "");
    // Likewise; Clippy is such a wrapper.
    cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    if has_rust_lld {
        cargo.env(format!("{OWN}LINKER"), "rust-lld");
    }
    // The first line that begins with `error` is reported.
    cargo.env("CARGO_TERM_COLOR", "never");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;
    use std::process::Output;
    use std::{env, fs, io};

    use super::*;

    /// A configuration in which everything is for a host, and wrong for wasm.
    const FOR_THE_HOST: &str = r#"
        [build]
        rustflags = ["-C", "link-arg=-fuse-ld=lld"]
        rustc-wrapper = "no-such-wrapper"
        rustc-workspace-wrapper = "no-such-wrapper"
        target = "no-such-target"
        target-dir = "no-such-folder"
        build-dir = "no-such-folder"

        [target.'cfg(all())']
        linker = "no-such-linker"
        rustflags = ["-C", "link-arg=-fuse-ld=lld"]

        [target.wasm32-unknown-unknown]
        rustflags = ["-C", "link-arg=-fuse-ld=lld"]
    "#;

    /// The same in the environment.
    const VARIABLES: [(&str, &str); 9] = [
        ("RUSTFLAGS", "-C link-arg=-fuse-ld=lld"),
        ("CARGO_BUILD_RUSTFLAGS", "-C link-arg=-fuse-ld=lld"),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-C link-arg=-fuse-ld=lld"),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "no-such-linker"),
        ("CARGO_BUILD_RUSTC_WRAPPER", "no-such-wrapper"),
        ("CARGO_BUILD_TARGET", "no-such-target"),
        ("RUSTC_WORKSPACE_WRAPPER", "no-such-wrapper"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "no-such-level"),
        ("CARGO_TERM_COLOR", "always"),
    ];

    /// A client of one line in a folder of its own, with a configuration. Removed on drop.
    struct Client(PathBuf);

    impl Client {
        fn new(config: &str) -> Client {
            let folder = env::temp_dir().join(format!("tickwire-wasm-{}", std::process::id()));
            let write = |name: &str, text: &str| {
                let path = folder.join(name);
                fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
                fs::write(path, text).expect("the file can be written");
            };
            write(
                "Cargo.toml",
                "[package]\nname = \"client\"\nedition = \"2021\"\n[lib]\n\
                 crate-type = [\"cdylib\"]\n[workspace]\n",
            );
            write("src/lib.rs", "#[no_mangle]\npub extern \"C\" fn one() -> u32 { 1 }\n");
            write(".cargo/config.toml", config);
            Client(folder)
        }

        fn build(&self, prepare: impl FnOnce(&mut Command)) -> Output {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--release", "--offline"]).current_dir(&self.0).envs(VARIABLES);
            prepare(&mut cargo);
            cargo.output().expect("cargo runs")
        }
    }

    impl Drop for Client {
        fn drop(&mut self) {
            // If this fails, the operating system cleans up the temporary folder.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_configured_for_the_host_does_not_reach_the_client() {
        let libdir = |arguments: &[&str]| {
            let mut rustc = Command::new("rustc");
            let printed = rustc.args(["--print", "target-libdir"]).args(arguments).output();
            let printed = printed.expect("rustc runs").stdout;
            PathBuf::from(String::from_utf8(printed).expect("a path").trim())
        };
        let linker = format!("../bin/rust-lld{}", env::consts::EXE_SUFFIX);
        if !libdir(&["--target", TARGET]).is_dir() || !libdir(&[]).join(linker).is_file() {
            // The build says how to add the one; without the other there is nothing to compare with.
            let skipped =
                "SKIPPED: the toolchain lacks the wasm target, or a linker for it of its own";
            let is_required = env::var("WEB_CLIENT").is_ok_and(|what| what == "require");
            assert!(!is_required, "{skipped}");
            // Past the test runner, which keeps what `println!` prints of a test that passes.
            let _ = writeln!(io::stderr(), "{skipped}");
            return;
        }
        let client = Client::new(FOR_THE_HOST);
        assert!(!client.build(|_| {}).status.success(), "nothing is shielded");
        let target_dir = client.0.join("here");
        let inherited = VARIABLES.map(|(name, _)| name.to_owned());
        let output = client.build(|cargo| shield(cargo, &target_dir, true, inherited));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains('\u{1B}'), "{said}");
        assert!(target_dir.join(TARGET).join("release/client.wasm").is_file());
        assert!(!client.0.join("no-such-folder").exists());
    }
}
