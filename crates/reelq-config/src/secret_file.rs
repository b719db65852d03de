//! Files that hold a secret: read whole, and never waited for without end. What is no regular file is read once.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

/// No key or password is longer.
const LONGEST: u64 = 64 * 1024;
/// A pipe that no one writes to, or closes, is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a secret's file. The reason for which it cannot be read is a fragment for messages.
pub fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_file() {
        warn_if_exposed(path, &metadata);
        return whole(path).map_err(|error| error.to_string());
    }
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    from_pipe(path.to_owned())
}

/// Reads a secret's file once more, after a change; `None` where it is no regular file, which gives its secret only once.
pub fn read_again(path: &Path) -> Option<Result<String, String>> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Some(whole(path).map_err(|error| error.to_string())),
        Ok(_) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

/// What tells one state of a secret's file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMark {
    changed: (i64, i64),
    number: u64,
    length: u64,
}

/// The state of a secret's file; `None` where there is no regular file.
pub fn mark(path: &Path) -> Option<FileMark> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Some(FileMark { changed, number: metadata.ino(), length: metadata.len() })
}

/// Reads what is no regular file, where opening it may wait as well.
fn from_pipe(path: PathBuf) -> Result<String, String> {
    let (told, heard) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "a read that hangs cannot be joined: it ends with the process")]
    std::thread::spawn(move || drop(told.send(whole(&path))));
    match heard.recv_timeout(PATIENCE) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "it was not written and closed within {} s: write the secret into it and close it, or name a regular file",
            PATIENCE.as_secs()
        )),
    }
}

fn whole(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it holds more than {LONGEST} bytes")));
    }
    // An editor may have put a mark before it that no one sees.
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn warn_if_exposed(path: &Path, metadata: &Metadata) {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(
            "other users of this machine may use {path}, which holds a secret (mode {mode:03o}): chmod 600 {path}"
        );
    }
}
