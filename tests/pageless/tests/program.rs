//! The programs as they are run.

use std::process::Command;

#[test]
fn each_says_its_own_name() {
    for (program, name) in
        [(env!("CARGO_BIN_EXE_played"), "played"), (env!("CARGO_BIN_EXE_watched"), "dots")]
    {
        let said = Command::new(program).arg("--version").output().expect("it runs");
        let expected = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8_lossy(&said.stdout), expected);
    }
}
