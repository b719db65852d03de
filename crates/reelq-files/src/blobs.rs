//! Image bytes by the digest of their content, one file each, beside the state.
//!
//! A file is complete or absent, and what is read is checked against its name.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use reelq_model::Digest;

use crate::{private, replace};

type Result<T> = std::result::Result<T, BlobError>;

/// Why bytes are not kept or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The file system refused.
    #[error("{what} {}: {reason}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason. It is in the text: callers print the text alone as often as its causes.
        reason: io::Error,
    },
    /// The content is not what the name says.
    #[error("{} is damaged: its content has another digest", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// A folder of blobs. Nothing is removed from it but by the user.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Opens the folder, creating it where it is new.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        private::own_folder(&folder).map_err(|reason| failed("create", &folder, reason))?;
        Ok(Self { folder })
    }

    /// Keeps the bytes; durable when it returns. The same bytes again cost nothing.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        // A file of the right length under this name may still be damaged: then it is written anew.
        if self.get(&digest).is_ok_and(|known| known.is_some()) {
            return Ok(digest);
        }
        let path = self.path(&digest);
        replace(&path, bytes).map_err(|reason| failed("write", &path, reason))?;
        Ok(digest)
    }

    /// The bytes with this digest, or `None` where they are not here.
    pub fn get(&self, digest: &Digest) -> Result<Option<Bytes>> {
        let path = self.path(digest);
        match std::fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes.into())),
            Ok(_) => Err(BlobError::Damaged { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    /// Where the bytes with this digest are, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }
}

fn failed(what: &'static str, path: &Path, reason: io::Error) -> BlobError {
    BlobError::File { what, path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        let digest = blobs.put(b"image").unwrap();
        assert_eq!(blobs.put(b"image").unwrap(), digest);
        assert_eq!(blobs.get(&digest).unwrap().unwrap(), &b"image"[..]);
        assert_eq!(blobs.get(&Digest::of(b"other")).unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 1, "no part is left");
    }

    #[cfg(unix)]
    #[test]
    fn image_bytes_are_their_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        let digest = blobs.put(b"image").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.path().join("blobs")), mode(&blobs.path(&digest))), (0o700, 0o600));
    }

    #[test]
    fn damaged_bytes_are_refused_and_can_be_put_again() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let digest = blobs.put(b"image").unwrap();
        std::fs::write(blobs.path(&digest), b"imagf").unwrap();
        assert!(matches!(blobs.get(&digest), Err(BlobError::Damaged { .. })));
        blobs.put(b"image").unwrap();
        assert!(blobs.get(&digest).unwrap().is_some());
    }
}
