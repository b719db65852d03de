//! Many workers over a real Redis, and whatever befalls them, in a seeded sequence.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of a test: a broken assumption is a failed test")]

use std::path::Path;

mod dying;
mod losing;

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the log can be listed") {
        let entry = entry.expect("the log can be listed");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("the log can be copied");
    }
}
