//! The client in Python, run by the Python of this machine. It plays with a real server in `generic_page.rs`, beside
//! tests that wait, and decodes what the fuzz targets make in `golden`.

use std::time::Duration;

use tests::real::{Python, say};

#[test]
fn the_client_in_python_decodes_the_golden_files_and_writes_the_golden_messages() {
    let Some(python) = Python::find() else { return };
    let (status, printed) = python.run(&["check.py"], Duration::ZERO);
    assert!(status.success(), "{status}\n{printed}");
    // Both codings of all streams but those in one.
    assert!(printed.starts_with("26 streams, "), "{printed}");
    say(&format!("Python: {printed}"));
}

#[test]
fn the_client_in_python_keeps_its_promises() {
    let Some(python) = Python::find() else { return };
    let (status, printed) =
        python.run(&["-m", "unittest", "test_tickwire", "test_room"], Duration::from_secs(60));
    assert!(status.success(), "{status}\n{printed}");
}
