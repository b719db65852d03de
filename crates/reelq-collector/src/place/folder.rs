//! An output place that is a folder.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use reelq_model::Digest;

use super::{
    blocking::blocking,
    fsync_coalescer::FsyncCoalescer,
    small::fresh,
    unnamed::{self, Linked, Unnamed},
};
use crate::PlaceError;

/// An output place that is a folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    fsyncs: FsyncCoalescer,
}

impl Folder {
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root, fsyncs: FsyncCoalescer::default() }
    }

    pub(super) async fn holds(&self, name: &str, bytes: u64, sha256: &Digest) -> Result<bool, PlaceError> {
        let (path, sha256) = (self.root.join(name), *sha256);
        blocking(move || match fs::metadata(&path) {
            Ok(found) if found.len() == bytes => Ok(hash(&path)? == sha256),
            _ => Ok(false),
        })
        .await
    }

    pub(super) async fn replace(&self, file: &Path, name: &str) -> Result<(), PlaceError> {
        let (file, target, folder) = (file.to_owned(), self.root.join(name), self.clone());
        blocking(move || {
            if let Some(above) = target.parent() {
                fs::create_dir_all(above).map_err(PlaceError::file("create the folder", above))?;
            }
            fs::rename(&file, &target).map_err(PlaceError::file("replace", &target))?;
            folder.sync(&target)
        })
        .await
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>, PlaceError> {
        let path = self.root.join(name);
        blocking(move || match fs::read(&path) {
            Ok(content) => Ok(Some(content.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PlaceError::file("read", &path)(error)),
        })
        .await
    }

    pub(super) async fn probe(&self) -> Result<(), PlaceError> {
        let root = self.root.clone();
        blocking(move || {
            fs::create_dir_all(&root).map_err(PlaceError::file("create the folder", &root))?;
            // Several workers may look at once.
            let (path, mut file) = fresh(&root, ".reelq-probe").map_err(PlaceError::file("write", &root))?;
            file.write_all(b"probe").map_err(PlaceError::file("write", &path))?;
            fs::remove_file(&path).map_err(PlaceError::file("remove", &path))
        })
        .await
    }

    /// Writes a whole file that has no name yet, where `name` will lie; `None` where the file system has no such files. Blocks.
    pub(super) fn write(&self, content: &[u8], name: &str) -> Result<Option<Unnamed>, PlaceError> {
        let target = self.root.join(name);
        unnamed::write(&target, content).map_err(PlaceError::file("create the folder of", &target))
    }

    /// Gives such a file its name; [`Linked::Taken`] where another content has it. Blocks.
    pub(super) fn link(&self, file: &Unnamed, name: &str, sha256: &Digest) -> Result<Linked, PlaceError> {
        let target = &self.root.join(name);
        let linked = file.link(target);
        let is_there = match linked {
            Linked::Done => true,
            Linked::Taken => target.is_file() && hash(target)? == *sha256,
            Linked::Unsupported => false,
        };
        if !is_there {
            return Ok(linked);
        }
        self.sync(target)?;
        Ok(Linked::Done)
    }

    /// Moves the file to its name; `false` where the name is taken by another content. Blocks.
    pub(super) fn put(&self, part: &Path, name: &str, sha256: &Digest) -> Result<bool, PlaceError> {
        let target = &self.root.join(name);
        let taken = match place(part, target) {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
            Err(error) => return Err(PlaceError::file("place", target)(error)),
        };
        if taken && (!target.is_file() || hash(target)? != *sha256) {
            return Ok(false);
        }
        self.sync(target)?;
        if taken {
            drop(fs::remove_file(part));
        }
        Ok(true)
    }

    /// Makes the names durable, from the file's own folder up to the place's.
    fn sync(&self, target: &Path) -> Result<(), PlaceError> {
        for folder in target.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)) {
            self.fsyncs.sync(folder, sync_folder).map_err(PlaceError::file("sync the folder", folder))?;
        }
        Ok(())
    }
}

/// Gives the file its name, in a folder that is made where it is not there yet.
fn place(part: &Path, target: &Path) -> io::Result<()> {
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match move_to(part, target) {
        Err(error) if missing(&error) => {
            fs::create_dir_all(target.parent().unwrap_or(target))?;
            move_to(part, target)
        }
        done => done,
    }
}

/// Renames the file unless the name is taken: in one step where the system has one for that.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn move_to(part: &Path, target: &Path) -> io::Result<()> {
    use rustix::{
        fs::{CWD, RenameFlags, renameat_with},
        io::Errno,
    };
    match renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        // Older kernels and some file systems know no such rename.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_to(part, target),
        done => Ok(done?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn move_to(part: &Path, target: &Path) -> io::Result<()> {
    link_to(part, target)
}

/// A link is atomic and never replaces either; not every file system has links.
fn link_to(part: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(part, target) {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
            if fs::symlink_metadata(target).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(part, target)
        }
        Ok(()) => {
            // The file has its name; what is left of the part is only a second one.
            drop(fs::remove_file(part));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened as files; the system journals names by itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn hash(path: &Path) -> Result<Digest, PlaceError> {
    let read = File::open(path).and_then(Digest::read);
    Ok(read.map_err(PlaceError::file("read", path))?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_text(folder: &Folder, name: &str, text: &str) -> bool {
        let part = folder.root.join("part");
        fs::write(&part, text).unwrap();
        folder.put(&part, name, &Digest::of(text.as_bytes())).unwrap()
    }

    #[tokio::test]
    async fn file_is_placed_once_and_never_replaces_another() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::at(root.path().to_owned());
        assert!(put_text(&folder, "a/b.mp4", "one"));
        assert!(put_text(&folder, "a/b.mp4", "one"), "the same content is ours");
        assert!(!put_text(&folder, "a/b.mp4", "two"));
        assert_eq!(fs::read_to_string(root.path().join("a/b.mp4")).unwrap(), "one");
        assert!(folder.holds("a/b.mp4", 3, &Digest::of(b"one")).await.unwrap());
        assert!(!folder.holds("a/b.mp4", 3, &Digest::of(b"two")).await.unwrap());
        assert!(!folder.holds("a/c.mp4", 3, &Digest::of(b"one")).await.unwrap());
    }

    #[test]
    fn link_never_replaces_and_leaves_one_name() {
        let root = tempfile::tempdir().unwrap();
        let (part, target) = (root.path().join("part"), root.path().join("a.mp4"));
        fs::write(&part, "one").unwrap();
        link_to(&part, &target).unwrap();
        assert!(!part.exists());
        fs::write(&part, "two").unwrap();
        assert_eq!(link_to(&part, &target).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&target).unwrap(), "one");
    }

    #[test]
    fn name_taken_by_a_folder_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::at(root.path().to_owned());
        fs::create_dir(root.path().join("a.mp4")).unwrap();
        assert!(!put_text(&folder, "a.mp4", "one"));
    }
}
