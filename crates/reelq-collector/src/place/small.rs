//! Small files of our own in an output place: image bytes and stamps. Whole or not at all, and replaced by name.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{Kind, Place, blocking::blocking};
use crate::PlaceError;

impl Place {
    /// The content of a small file; `None` where there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Bytes>, PlaceError> {
        match &self.kind {
            Kind::Folder(folder) => folder.read(name).await,
            Kind::Bucket(bucket) => bucket.read(name).await,
        }
    }

    /// Writes a small file, instead of its older version.
    pub async fn write(&self, name: &str, content: Bytes) -> Result<(), PlaceError> {
        let parts = self.parts.clone();
        let part = blocking(move || {
            let (path, mut file) = fresh(&parts, "small").map_err(PlaceError::file("begin a file in", &parts))?;
            file.write_all(&content).and_then(|()| file.sync_all()).map_err(PlaceError::file("write", &path))?;
            Ok(path)
        });
        self.replace(&part.await?, name).await
    }
}

/// Begins a file in the folder that no other process, on whatever machine, writes to. Blocks.
pub(crate) fn fresh(folder: &Path, kind: &str) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    let mut number = 0_u32;
    loop {
        let path = folder.join(format!("{kind}-{}-{number}.new", std::process::id()));
        match File::create_new(&path) {
            // Containers may all have the same process id: the name counts only once it is taken.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|file| (path, file)),
        }
    }
}

/// What a process that died left of files like these is removed after this long.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_hours(24);

/// Removes what dead processes left behind. Blocks.
pub(crate) fn sweep_fresh(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "new"))
    {
        let age = fs::metadata(&path).and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > LEFT_BEHIND) {
            // Whatever stays is removed the next time.
            drop(fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::BatchName;

    use super::*;
    use crate::StorageOptions;

    #[test]
    fn files_begun_at_once_have_names_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let (one, _) = fresh(folder.path(), "results").unwrap();
        let (other, _) = fresh(folder.path(), "results").unwrap();
        assert_ne!(one, other);
    }

    #[tokio::test]
    async fn small_file_is_read_back_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out").display().to_string();
        let place = Place::open(&output, &BatchName::new("films").unwrap(), &StorageOptions::default()).unwrap();
        let name = ".reelq/images/abc";
        assert_eq!(place.read(name).await.unwrap(), None);
        for content in ["one", "two"] {
            place.write(name, Bytes::from(content)).await.unwrap();
            assert_eq!(place.read(name).await.unwrap().unwrap(), content);
        }
        assert_eq!(fs::read_dir(place.parts()).unwrap().count(), 0, "no part is left");
    }
}
