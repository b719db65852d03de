//! Where outputs go: a folder, or a prefix in an S3 bucket. What is put there appears whole, or not at all, and never in
//! the place of something else.

mod blocking;
mod bucket;
mod folder;
mod fsync_coalescer;
mod options;
mod small;
mod unnamed;

use std::path::{Path, PathBuf};

use reelq_model::{BatchName, Digest, JobId};

use crate::{
    Media, PlaceError,
    part::{self, Part},
    placed::{self, Placed},
};

pub(crate) use self::blocking::blocking;
pub use self::options::StorageOptions;
pub(crate) use self::small::{fresh, sweep_fresh};
use self::{bucket::Bucket, folder::Folder, unnamed::Linked};

/// How often another name is tried where one is taken.
const NAMES_MAX: u32 = 1000;

/// An output place.
#[derive(Debug)]
pub struct Place {
    kind: Kind,
    parts: PathBuf,
}

#[derive(Debug)]
enum Kind {
    Folder(Folder),
    Bucket(Bucket),
}

impl Place {
    /// Opens the output place of a batch; creates and sends nothing.
    pub fn open(output: &str, batch: &BatchName, options: &StorageOptions) -> Result<Self, PlaceError> {
        if output.starts_with("s3://") {
            let parts = options.scratch.join(batch.as_str().replace(':', "_"));
            return Ok(Self { kind: Kind::Bucket(Bucket::open(output, options)?), parts });
        }
        if output.is_empty() || output.contains("://") {
            return Err(PlaceError::Unknown(output.to_owned()));
        }
        let root = PathBuf::from(output);
        Ok(Self { parts: root.join(".parts"), kind: Kind::Folder(Folder::at(root)) })
    }

    /// Where a file of the place lies on this machine; nothing where the place is a bucket.
    pub(crate) fn local(&self, name: &str) -> Option<PathBuf> {
        let root = self.parts.parent().filter(|_| matches!(self.kind, Kind::Folder(_)));
        root.map(|root| root.join(name))
    }

    /// The local folder of files that are not whole yet.
    pub fn parts(&self) -> &Path {
        &self.parts
    }

    /// Moves a whole, synced file into the place under `name`, or a name like it where that is taken by another content.
    ///
    /// Says which name it has. A file that is there already with the same content is taken for ours.
    pub async fn put(&self, part: &Path, name: &str, sha256: &Digest) -> Result<String, PlaceError> {
        let bucket = match &self.kind {
            Kind::Bucket(bucket) => bucket,
            Kind::Folder(folder) => {
                let (folder, part, name, sha256) = (folder.clone(), part.to_owned(), name.to_owned(), *sha256);
                return blocking(move || put_in(&folder, &part, &name, &sha256)).await;
            }
        };
        for name in (1..=NAMES_MAX).map(|number| numbered(name, number)) {
            if bucket.put(part, &name, sha256).await? {
                return Ok(name);
            }
        }
        Err(PlaceError::Taken(name.to_owned()))
    }

    /// Puts the bytes into the place like [`Self::put`]: as a file that has no name before it is whole, or by way of a part.
    /// `None` where another worker uses the part.
    pub(crate) async fn keep(&self, draft: Draft) -> Result<Option<Placed>, PlaceError> {
        let parts = self.parts.clone();
        match &self.kind {
            Kind::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || {
                    let (bytes, sha256) = (draft.content.len() as u64, Digest::of(&draft.content));
                    if let Some(path) = put_whole(&folder, &draft.content, &draft.name, &sha256)? {
                        return draft.placed(&parts, None, path, bytes, sha256).map(Some);
                    }
                    let Some(part) = draft.part(&parts)? else { return Ok(None) };
                    let path = put_in(&folder, &part.path, &draft.name, &sha256)?;
                    draft.placed(&parts, Some(part), path, bytes, sha256).map(Some)
                })
                .await
            }
            Kind::Bucket(_) => {
                let filled = blocking(move || Ok((draft.part(&parts)?, draft, parts))).await?;
                let (Some(part), draft, parts) = filled else { return Ok(None) };
                let (bytes, sha256) = part.summary();
                let path = self.put(&part.path, &draft.name, &sha256).await?;
                blocking(move || draft.placed(&parts, Some(part), path, bytes, sha256).map(Some)).await
            }
        }
    }

    /// Whether a file with this content is in the place under `name`.
    pub async fn holds(&self, name: &str, bytes: u64, sha256: &Digest) -> Result<bool, PlaceError> {
        match &self.kind {
            Kind::Folder(folder) => folder.holds(name, bytes, sha256).await,
            Kind::Bucket(bucket) => bucket.holds(name, bytes, sha256).await,
        }
    }

    /// Puts a report of our own into the place, instead of its older version.
    pub async fn replace(&self, file: &Path, name: &str) -> Result<(), PlaceError> {
        match &self.kind {
            Kind::Folder(folder) => folder.replace(file, name).await,
            Kind::Bucket(bucket) => bucket.replace(file, name).await,
        }
    }

    /// The jobs that have unfinished files or notes here.
    pub(crate) async fn jobs_with_parts(&self) -> Result<Vec<JobId>, PlaceError> {
        let folder = self.parts.clone();
        blocking(move || Ok(part::jobs_in(&folder))).await
    }

    /// Forgets what was placed before: all of it is committed.
    pub(crate) async fn forget_placed(&self) -> Result<(), PlaceError> {
        let folder = self.parts.clone();
        blocking(move || {
            placed::forget(&folder);
            Ok(())
        })
        .await
    }

    /// Removes the unfinished files and notes of jobs that are over.
    pub(crate) async fn sweep(&self, mut over: Vec<JobId>) -> Result<(), PlaceError> {
        let folder = self.parts.clone();
        over.sort_unstable();
        blocking(move || {
            part::sweep(&folder, &over);
            sweep_fresh(&folder);
            Ok(())
        })
        .await
    }

    /// Room left on the disk that downloads go to first; `None` where that is not known.
    pub fn free_space(&self) -> Option<u64> {
        self.parts
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .find_map(|f| fs4::available_space(f).ok())
            .or_else(|| fs4::available_space(".").ok())
    }

    /// Checks that the place can be written to, by writing a small file and taking it away again.
    pub async fn probe(&self) -> Result<(), PlaceError> {
        // Files that are not whole yet go here first.
        let parts = Folder::at(self.parts.clone());
        match &self.kind {
            Kind::Folder(folder) => {
                folder.probe().await?;
                if self.parts.exists() { parts.probe().await } else { Ok(()) }
            }
            Kind::Bucket(bucket) => {
                parts.probe().await?;
                bucket.probe().await
            }
        }
    }
}

/// A small file that is whole, on its way into the place.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) job: JobId,
    /// Counts the job's outputs from 1.
    pub(crate) output: usize,
    /// The name that the file is to have.
    pub(crate) name: String,
    pub(crate) media: Media,
    /// The mark of its link.
    pub(crate) source: Digest,
    pub(crate) content: Vec<u8>,
}

impl Draft {
    fn part(&self, parts: &Path) -> Result<Option<Part>, PlaceError> {
        let Some(mut part) = Part::open(parts, self.job, self.output)? else { return Ok(None) };
        part.fill(&self.content)?;
        Ok(Some(part))
    }

    fn placed(
        self,
        parts: &Path,
        part: Option<Part>,
        path: String,
        bytes: u64,
        sha256: Digest,
    ) -> Result<Placed, PlaceError> {
        let (media, source) = (Some(self.media), Some(self.source));
        let placed = Placed { job: self.job, output: self.output, path, bytes, sha256, media, source };
        placed::note(parts, &placed)?;
        if let Some(part) = part {
            part.finish();
        }
        Ok(placed)
    }
}

/// Puts a whole small file into the folder without a part; `None` where the file system cannot. Two workers that do so at once
/// put the same content under one name, or two contents under two. Blocks.
fn put_whole(folder: &Folder, content: &[u8], name: &str, sha256: &Digest) -> Result<Option<String>, PlaceError> {
    let Some(file) = folder.write(content, name)? else { return Ok(None) };
    for name in (1..=NAMES_MAX).map(|number| numbered(name, number)) {
        match folder.link(&file, &name, sha256)? {
            Linked::Done => return Ok(Some(name)),
            Linked::Taken => {}
            Linked::Unsupported => return Ok(None),
        }
    }
    Err(PlaceError::Taken(name.to_owned()))
}

/// Moves a part into the folder under the first name like `name` that is free. Blocks.
fn put_in(folder: &Folder, part: &Path, name: &str, sha256: &Digest) -> Result<String, PlaceError> {
    for name in (1..=NAMES_MAX).map(|number| numbered(name, number)) {
        if folder.put(part, &name, sha256)? {
            return Ok(name);
        }
    }
    Err(PlaceError::Taken(name.to_owned()))
}

/// `name`, and for numbers past 1 `name-2` with the number before the extension.
fn numbered(name: &str, number: u32) -> String {
    if number == 1 {
        return name.to_owned();
    }
    let stem_end = name.rfind('.').filter(|dot| name.rfind('/').is_none_or(|slash| slash < *dot)).unwrap_or(name.len());
    format!("{}-{number}{}", &name[..stem_end], &name[stem_end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_goes_before_the_extension_of_the_last_part() {
        assert_eq!(numbered("a/b.mp4", 1), "a/b.mp4");
        assert_eq!(numbered("a.b/c.mp4", 2), "a.b/c-2.mp4");
        assert_eq!(numbered("a.b/c", 3), "a.b/c-3");
    }

    #[test]
    fn only_folders_and_s3_are_places() {
        let batch = BatchName::new("films").unwrap();
        let open = |output: &str| Place::open(output, &batch, &StorageOptions::default());
        assert!(open("out/films").is_ok());
        for output in ["", "gs://bucket/x", "http://host/x"] {
            assert!(matches!(open(output), Err(PlaceError::Unknown(_))), "{output}");
        }
    }
}
