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

use crate::PlaceError;

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

/// Where an output was put, as far as that is noted. Blocks.
pub(crate) fn find(folder: &Path, job: JobId, output: usize) -> Option<Placed> {
    let logs = [newer(folder), older(folder)].map(|log| fs::read(log).unwrap_or_default());
    let lines = logs.iter().flat_map(|log| log.rsplit(|byte| *byte == b'\n'));
    // A line that a crash cut off is none.
    let mut placed = lines.filter_map(|line| serde_json::from_slice::<Placed>(line).ok());
    placed.find(|placed| placed.job == job && placed.output == output)
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
    use crate::fixture;

    fn placed(output: usize, path: &str) -> Placed {
        Placed { job: fixture::job("cat").id, output, path: path.to_owned(), bytes: 3, sha256: Digest::of(b"one") }
    }

    #[test]
    fn newest_note_of_an_output_is_found_and_a_cut_line_is_none() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".parts");
        let job = fixture::job("cat").id;
        assert_eq!(find(&folder, job, 1), None);
        for placed in [placed(1, "old.mp4"), placed(2, "b.mp4"), placed(1, "a.mp4")] {
            note(&folder, &placed).unwrap();
        }
        let mut log = OpenOptions::new().append(true).open(newer(&folder)).unwrap();
        log.write_all(b"{\"job\":").unwrap();
        assert_eq!(find(&folder, job, 1), Some(placed(1, "a.mp4")));
        assert_eq!(find(&folder, job, 2), Some(placed(2, "b.mp4")));
        assert_eq!(find(&folder, job, 3), None);
        forget(&folder);
        assert_eq!(find(&folder, job, 1), None);
    }

    #[test]
    fn log_is_bounded_and_its_newest_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(1 << 16);
        for output in 1..=40 {
            note(folder.path(), &placed(output, &long)).unwrap();
        }
        let job = fixture::job("cat").id;
        assert!(find(folder.path(), job, 40).is_some());
        assert!(find(folder.path(), job, 25).is_some());
        assert_eq!(find(folder.path(), job, 1), None);
        let size: u64 =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(size < 3 << 20);
    }
}
