//! Durable folders.

use std::{fs::File, io, path::Path};

/// Makes renames and new names in a folder durable. An empty path means the working folder.
///
/// Systems other than Unix cannot open folders as files; they journal names by themselves.
///
/// # Errors
///
/// Where the folder cannot be opened or synced. May be repeated.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Makes the name of the file at `path` durable: see [`sync_folder`].
///
/// # Errors
///
/// As [`sync_folder`].
pub fn sync_parent(path: &Path) -> io::Result<()> {
    sync_folder(path.parent().unwrap_or(Path::new("")))
}
