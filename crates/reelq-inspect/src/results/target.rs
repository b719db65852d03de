//! The file that results are written to: a regular one is replaced whole, anything else is written through.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Where the results go.
#[derive(Debug)]
pub(super) enum OutFile {
    /// A pipe, a device, an open stream: nothing can be put beside it, nor in its place.
    Through(File),
    /// A regular file, or none yet: written beside, synced, and renamed.
    Beside { file: File, draft: PathBuf, path: PathBuf },
}

impl OutFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if is_stream(path) {
            return OpenOptions::new().write(true).open(path).map(Self::Through);
        }
        // A link stays, and what it leads to is replaced.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let draft = beside(&path)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        Ok(Self::Beside { file, draft, path })
    }

    pub(super) const fn writer(&self) -> &File {
        match self {
            Self::Through(file) | Self::Beside { file, .. } => file,
        }
    }

    /// Puts what was written in its place, for good.
    pub(super) fn finish(self) -> io::Result<()> {
        let Self::Beside { file, draft, path } = self else { return Ok(()) };
        let placed = file.sync_all().and_then(|()| std::fs::rename(&draft, &path));
        if placed.is_err() {
            drop(std::fs::remove_file(&draft));
        }
        placed?;
        File::open(folder(&path))?.sync_all()
    }

    /// Leaves what was there as it was.
    pub(super) fn abandon(self) {
        if let Self::Beside { draft, .. } = self {
            drop(std::fs::remove_file(draft));
        }
    }
}

/// Whether it is open already, or no regular file.
fn is_stream(path: &Path) -> bool {
    let system = ["/dev", "/proc"].iter().any(|system| path.starts_with(system));
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir() && (system || !metadata.is_file()))
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".part-{}", std::process::id()));
    Ok(path.with_file_name(draft))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether both paths lead to the same file, whatever they are called.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path| std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
    match (identity(one), identity(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
