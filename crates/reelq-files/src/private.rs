//! Files and folders that hold prompts, task ids and links: they are this user's alone.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
};

/// The folder that reelq keeps its own things in, unless it is told otherwise.
const OWN_FOLDER: &str = ".reelq";

/// Makes a folder with those above it, for this user alone. One that was there is narrowed only where it is reelq's own:
/// a state file may lie in a folder that holds other things.
///
/// # Errors
///
/// Where the folder cannot be made. May be repeated.
pub fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        if path.file_name().is_some_and(|name| name == OWN_FOLDER) {
            narrow(path);
        }
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The same for a folder that holds nothing but reelq's own files: it is narrowed wherever it lies.
///
/// # Errors
///
/// As [`folder`].
pub fn own_folder(path: &Path) -> io::Result<()> {
    folder(path)?;
    narrow(path);
    Ok(())
}

/// Options for files that only this user reads.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes every right on the file or folder from others, where there is one; a failure is logged and is no reason to stop.
pub fn narrow(path: &Path) {
    #[cfg(unix)]
    if let Err(error) = narrow_mode(path) {
        tracing::warn!(path = %path.display(), %error, "others may read this, and their rights could not be taken");
    }
}

#[cfg(unix)]
fn narrow_mode(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = match fs::metadata(path) {
        Ok(found) => found.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let own = found & 0o700;
    if found & 0o777 == own { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(own)) }
}
