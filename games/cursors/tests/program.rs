//! The program as it is run.

use std::process::Command;

#[test]
fn it_says_its_own_name_and_version() {
    let said =
        Command::new(env!("CARGO_BIN_EXE_cursors")).arg("--version").output().expect("it runs");
    let expected = concat!("cursors ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(String::from_utf8_lossy(&said.stdout), expected);
}
