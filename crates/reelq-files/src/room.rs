//! Room on the disk for lines that must not be lost: written in full beforehand, so that a full disk cannot keep them out.
//!
//! Lines of a checksum and a text, up to the first zero byte. What a process leaves there is read when it is gone.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use reelq_model::Digest;

use crate::{private, sync_parent};

/// Bytes of a room: some five hundred lines.
const SIZE: usize = 256 * 1024;
/// Characters of a line's checksum.
const CHECK: usize = 12;

/// This process's room, locked while it lives.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    file: File,
    used: usize,
}

impl Room {
    /// Makes one whose name begins with `begin`, followed by the process's number. Blocks until it is on disk.
    ///
    /// # Errors
    /// Where the disk has no room for it, or the folder cannot be written.
    pub fn make(begin: &Path) -> io::Result<Self> {
        let (path, mut file) = create(begin)?;
        file.lock()?;
        // Real bytes: a hole would need room once it is written to.
        let made = file.write_all(&vec![0; SIZE]).and_then(|()| file.sync_all()).and_then(|()| sync_parent(&path));
        if made.is_err() {
            std::fs::remove_file(&path).ok();
        }
        made.map(|()| Self { path, file, used: 0 })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line. Blocks until it is on disk.
    ///
    /// # Errors
    /// Where the room is used up, or the disk fails.
    pub fn add(&mut self, text: &str) -> io::Result<()> {
        let line = format!("{} {text}\n", checksum(text)).into_bytes();
        if self.used + line.len() >= SIZE {
            return Err(io::Error::other("its room is used up"));
        }
        self.file.seek(SeekFrom::Start(self.used as u64))?;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.used += line.len();
        Ok(())
    }

    /// Makes room anew: nothing of it is needed any more. Where that fails, what is there is read once more than needed.
    pub fn clear(&mut self) {
        // What lies behind the first zero byte is not read.
        let cleared = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&vec![0; self.used]));
        if cleared.is_ok() {
            self.used = 0;
        }
    }
}

/// A file that no one had: another process of the same number may have left one.
fn create(begin: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut name = begin.as_os_str().to_owned();
        name.push(format!("{}-{number}", std::process::id()));
        let path = PathBuf::from(name);
        match private::options().create_new(true).read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (path, file)),
        }
    }
}

/// What a process that is gone has left at `path`, with the file's lock; `None` where there is nothing, its process lives, or
/// the room was not whole yet: then nothing is in it.
///
/// # Errors
/// Where it cannot be read or locked.
pub fn left_at(path: &Path) -> io::Result<Option<(File, Vec<String>)>> {
    let mut file = match private::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((bytes.len() >= SIZE).then(|| (file, lines(&bytes))))
}

/// The texts up to the first zero byte; a line that was cut short is left out.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let whole =
        |line: &str| line.split_once(' ').filter(|(sum, text)| *sum == checksum(text)).map(|(_, text)| text.to_owned());
    text.lines().filter_map(whole).collect()
}

fn checksum(text: &str) -> String {
    let mut sum = Digest::of(text.as_bytes()).to_string();
    sum.truncate(CHECK);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(room: &Room) -> Vec<String> {
        lines(&std::fs::read(room.path()).unwrap())
    }

    #[test]
    fn what_is_added_is_read_until_the_room_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let mut room = Room::make(&folder.path().join("state.db.accepted-")).unwrap();
        room.add("one").unwrap();
        room.add("two words").unwrap();
        assert_eq!(read(&room), ["one", "two words"]);
        room.clear();
        assert_eq!(read(&room), [""; 0]);
        room.add("three").unwrap();
        assert_eq!(read(&room), ["three"]);
        assert_eq!(std::fs::metadata(room.path()).unwrap().len(), SIZE as u64, "its place on the disk stays");
        let full = "x".repeat(SIZE);
        assert!(room.add(&full).is_err());
        assert_eq!(read(&room), ["three"]);
    }

    #[test]
    fn what_is_left_is_told_once_its_process_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut room = Room::make(&folder.path().join("state.db.accepted-")).unwrap();
        room.add("one").unwrap();
        let path = room.path().to_owned();
        assert!(left_at(&path).unwrap().is_none(), "its process lives");
        drop(room);
        assert_eq!(left_at(&path).unwrap().unwrap().1, ["one"]);
        std::fs::write(&path, "cut").unwrap();
        assert!(left_at(&path).unwrap().is_none(), "it was never whole");
        std::fs::remove_file(&path).unwrap();
        assert!(left_at(&path).unwrap().is_none());
    }

    #[test]
    fn a_line_that_was_cut_short_is_left_out() {
        let whole = ["one", "two"].map(|text| format!("{} {text}\n", checksum(text))).concat().into_bytes();
        for cut in 1..10 {
            assert_eq!(lines(&whole[..whole.len() - cut])[0], "one");
            let mut torn = whole[..whole.len() - cut].to_vec();
            torn.extend([0; 64]);
            assert_eq!(lines(&torn)[0], "one");
        }
    }
}
