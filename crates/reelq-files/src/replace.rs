//! Files that are written whole or not at all.

use std::{ffi::OsString, io, io::Write as _, path::Path};

use crate::{fresh, private, sync_parent};

/// Writes a file for this user alone: under another name first, and under its own once every byte is on the disk. What
/// stood there before stays until then. Blocks.
///
/// # Errors
///
/// Where it cannot be written, put in its place, or made durable there. May be repeated.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = OsString::from(path);
    draft.push(format!(".{:x}.part", fresh::number()));
    let draft = Path::new(&draft);
    let written = private::options().create_new(true).write(true).open(draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(draft, path)
    });
    if written.is_err() {
        // It may not even be there; the error that counts is the first.
        std::fs::remove_file(draft).ok();
    }
    written?;
    sync_parent(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_its_place_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"one").is_err());
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
