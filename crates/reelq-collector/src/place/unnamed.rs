//! A file that has no name before it is whole and durable: whoever dies on the way leaves nothing behind.
//!
//! Only Linux has such files, and not on every file system; elsewhere a part is written and renamed.

use std::{fs::File, io, path::Path};

/// A whole file on the disk that has no name yet.
#[derive(Debug)]
pub(super) struct Unnamed {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there are none elsewhere"))]
    file: File,
}

/// What came of giving it a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Linked {
    /// It has the name.
    Done,
    /// Another file has it.
    Taken,
    /// The file system gives no names to such files.
    Unsupported,
}

#[cfg(target_os = "linux")]
impl Unnamed {
    /// Writes the content, durably, where a file in `folder` will lie; `None` where that cannot be done in this way. Blocks.
    pub(super) fn write(folder: &Path, content: &[u8]) -> Option<Self> {
        use std::io::Write as _;

        use rustix::fs::{CWD, Mode, OFlags, fdatasync, openat};

        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
        let mut file = File::from(openat(CWD, folder, flags, mode).ok()?);
        // A disk that is full, or broken, is reported by the other way.
        file.write_all(content).ok()?;
        fdatasync(&file).ok()?;
        Some(Self { file })
    }

    /// Gives it a name in the same folder, in one step, and never another file's. Blocks.
    pub(super) fn link(&self, target: &Path) -> Linked {
        use std::os::fd::AsRawFd as _;

        use rustix::{
            fs::{AtFlags, CWD, linkat},
            io::Errno,
        };

        // The way that needs no privilege.
        let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        match linkat(CWD, own, CWD, target, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => Linked::Done,
            Err(Errno::EXIST) => Linked::Taken,
            Err(_) => Linked::Unsupported,
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Unnamed {
    /// `None`: there are no such files. Blocks.
    pub(super) fn write(_folder: &Path, _content: &[u8]) -> Option<Self> {
        None
    }

    /// Gives it no name.
    pub(super) fn link(&self, _target: &Path) -> Linked {
        Linked::Unsupported
    }
}

/// Writes the file, in a folder that is made where it is not there yet; `None` where it cannot be done in this way. Blocks.
pub(super) fn write(target: &Path, content: &[u8]) -> io::Result<Option<Unnamed>> {
    let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(None) };
    if let Some(written) = Unnamed::write(folder, content) {
        return Ok(Some(written));
    }
    if folder.exists() {
        return Ok(None);
    }
    std::fs::create_dir_all(folder)?;
    Ok(Unnamed::write(folder, content))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_has_no_name_until_it_is_whole_and_takes_no_other_files_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("films/a.mp4");
        let Some(written) = write(&target, b"one").unwrap() else { return };
        assert_eq!(
            fs::read_dir(target.parent().unwrap()).unwrap().count(),
            0,
            "nothing is left where this process dies"
        );
        assert_eq!(written.link(&target), Linked::Done);
        assert_eq!(fs::read(&target).unwrap(), b"one");
        let other = write(&target, b"two").unwrap().unwrap();
        assert_eq!(other.link(&target), Linked::Taken);
        assert_eq!(other.link(&folder.path().join("films/b.mp4")), Linked::Done, "another name is free");
        assert_eq!(fs::read(&target).unwrap(), b"one");
        assert_eq!(fs::read(folder.path().join("films/b.mp4")).unwrap(), b"two");
    }

    #[test]
    fn file_system_without_such_files_is_written_to_in_the_other_way() {
        assert!(write(Path::new("/proc/a.mp4"), b"one").unwrap().is_none());
        assert!(write(Path::new("a.mp4"), b"one").unwrap().is_none(), "a place without a folder");
    }
}
