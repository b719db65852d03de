//! Damage to a state file that no one has open.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{fs, path::Path};

/// Makes of what a job asks for, in the state file at `path`, what no version can read. Panics where it is not in the file.
pub fn damage_record(path: &Path, job: &str) {
    let id: Vec<u8> = (0..job.len()).step_by(2).map(|at| u8::from_str_radix(&job[at..at + 2], 16).unwrap()).collect();
    // What was asked for stands behind the id.
    damage_behind(path, &id, "{\"batch\"");
}

/// Makes of a text that begins so what no version can read. Panics where there is none.
pub fn damage_text(path: &Path, begins: &str) {
    damage_behind(path, &[], begins);
}

fn damage_behind(path: &Path, before: &[u8], begins: &str) {
    let (mut bytes, wanted) = (fs::read(path).unwrap(), [before, begins.as_bytes()].concat());
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&wanted)).collect();
    assert!(!places.is_empty(), "{begins} is in the file");
    for at in places {
        bytes[at + before.len()] = b'!';
    }
    fs::write(path, bytes).unwrap();
}
