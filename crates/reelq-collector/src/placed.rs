//! What was put into its place and may not be committed yet: a log beside the parts, one line a file.
//!
//! Only the newest lines matter, so the log is bounded: once full it becomes the older one, whose lines go.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use reelq_model::{Digest, JobId};
use serde::{Deserialize, Serialize};

use crate::{Media, PlaceError};

/// A log of this size holds some thousand files: all of them were committed, or given up, long ago.
const FULL_BYTES: u64 = 1 << 20;

/// A file that was put into its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) job: JobId,
    /// Counts the job's outputs from 1.
    pub(crate) output: usize,
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
    /// What it is; `None` in lines of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<Media>,
    /// The digest of the link that it came from, for a later reply may name the outputs in another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Digest>,
}

impl Placed {
    /// What it is. Older versions put nothing but MP4s into a place, and what they did not check.
    pub(crate) fn media(&self) -> Media {
        let extension = self.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        self.media.or_else(|| Media::of_extension(extension)).unwrap_or(Media::Mp4)
    }
}

fn newer(folder: &Path) -> PathBuf {
    folder.join("placed.jsonl")
}

fn older(folder: &Path) -> PathBuf {
    folder.join("placed.older.jsonl")
}

/// Adds a line; several processes may do so at once. Blocks.
pub(crate) fn note(folder: &Path, placed: &Placed) -> Result<(), PlaceError> {
    let log = newer(folder);
    let write = || -> io::Result<()> {
        let mut line = serde_json::to_vec(placed)?;
        line.push(b'\n');
        let mut file = open(folder, &log)?;
        // One write, so that the lines of two processes never mix.
        file.write_all(&line)?;
        if file.metadata()?.len() >= FULL_BYTES { fs::rename(&log, older(folder)) } else { Ok(()) }
    };
    write().map_err(PlaceError::file("note", &log))
}

fn open(folder: &Path, log: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().append(true).create(true).open(log);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            open()
        }
        opened => opened,
    }
}

/// The newest note of a job's output that `is_it` knows. Blocks.
pub(crate) fn find(folder: &Path, job: JobId, is_it: impl Fn(&Placed) -> bool) -> Option<Placed> {
    let logs = [newer(folder), older(folder)].map(|log| fs::read(log).unwrap_or_default());
    let lines = logs.iter().flat_map(|log| log.rsplit(|byte| *byte == b'\n'));
    // A line that a crash cut off is none.
    let mut placed = lines.filter_map(|line| serde_json::from_slice::<Placed>(line).ok());
    placed.find(|placed| placed.job == job && is_it(placed))
}

/// Removes the logs. Blocks.
pub(crate) fn forget(folder: &Path) {
    for log in [newer(folder), older(folder)] {
        // Whatever stays is small, and removed the next time.
        drop(fs::remove_file(log));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelq_testkit::sample;

    fn placed(output: usize, path: &str) -> Placed {
        let (job, sha256) = (sample::job("cat").id, Digest::of(b"one"));
        Placed { job, output, path: path.to_owned(), bytes: 3, sha256, media: Some(Media::Mp4), source: None }
    }

    fn found(folder: &Path, output: usize) -> Option<Placed> {
        find(folder, sample::job("cat").id, |placed| placed.output == output)
    }

    #[test]
    fn line_of_an_older_version_is_read_and_says_by_its_name_what_it_is() {
        let older = |path: &str| -> Placed {
            let sha256 = Digest::of(b"one").to_string();
            let job = sample::job("cat").id;
            serde_json::from_value(serde_json::json!({
                "job": job, "output": 1, "path": path, "bytes": 3, "sha256": sha256
            }))
            .unwrap()
        };
        assert_eq!(older("a/b.mp4").media(), Media::Mp4);
        assert_eq!(older("a/b.PNG").media(), Media::Png);
        assert_eq!(older("a.b/c").media(), Media::Mp4);
    }

    #[test]
    fn newest_note_of_an_output_is_found_and_a_cut_line_is_none() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".parts");
        assert_eq!(found(&folder, 1), None);
        for placed in [placed(1, "old.mp4"), placed(2, "b.mp4"), placed(1, "a.mp4")] {
            note(&folder, &placed).unwrap();
        }
        let mut log = OpenOptions::new().append(true).open(newer(&folder)).unwrap();
        log.write_all(b"{\"job\":").unwrap();
        assert_eq!(found(&folder, 1), Some(placed(1, "a.mp4")));
        assert_eq!(found(&folder, 2), Some(placed(2, "b.mp4")));
        assert_eq!(found(&folder, 3), None);
        forget(&folder);
        assert_eq!(found(&folder, 1), None);
    }

    #[test]
    fn log_is_bounded_and_its_newest_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(1 << 16);
        for output in 1..=40 {
            note(folder.path(), &placed(output, &long)).unwrap();
        }
        assert!(found(folder.path(), 40).is_some());
        assert!(found(folder.path(), 25).is_some());
        assert_eq!(found(folder.path(), 1), None);
        let size: u64 =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(size < 3 << 20);
    }
}
