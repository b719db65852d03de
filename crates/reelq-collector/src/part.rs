//! A file that is not whole yet, with a note beside it: enough to go on after a crash, and to know what was done.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use reelq_http::{Resume, Validator};
use reelq_model::{Digest, JobId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{PlaceError, fetched_outputs::without_query};

/// Bytes written between two syncs; what was not synced is not trusted after a crash.
const SYNC_BYTES: u64 = 4 << 20;

/// What is known of a part. Read by later versions: every field has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    /// Where it comes from, without query: signatures change, and must not be kept.
    pub(crate) source: String,
    /// The whole address, as a digest: a query may well name the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<Digest>,
    /// The version of the file that the bytes are of.
    pub(crate) validator: Option<Validator>,
    /// The length of the whole file, where the server said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// The media type that the server claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    /// Bytes that are certainly on the disk.
    pub(crate) synced: u64,
}

/// What the head of a download says of its file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    /// The file's version.
    pub(crate) validator: Option<Validator>,
    /// Its length.
    pub(crate) total: Option<u64>,
    /// Its media type.
    pub(crate) content_type: Option<String>,
}

/// A part that this worker has locked: no one else writes to it meanwhile.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) note: Note,
    note_path: PathBuf,
    /// The note is on the disk, if in an older version.
    noted: bool,
    file: File,
    hasher: Sha256,
    length: u64,
}

impl Part {
    /// Opens a job's part; `None` where another worker has locked it. Blocks.
    pub(crate) fn open(folder: &Path, job: JobId, output: usize) -> Result<Option<Self>, PlaceError> {
        let path = path(folder, job, output);
        let note_path = path.with_extension("json");
        let file = open(folder, &path).map_err(PlaceError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(PlaceError::file("lock", &path)(error)),
        }
        // Before the lock was ours, another may have put the file into its place: then it is no part any more.
        if !names(&path, &file).map_err(PlaceError::file("look at", &path))? {
            return Ok(None);
        }
        let found = fs::read(&note_path).ok();
        let note = found.as_ref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        Ok(Some(Self { path, note, note_path, noted: found.is_some(), file, hasher: Sha256::new(), length: 0 }))
    }

    /// Where to go on with the file at `url`, if there is anything to go on with. Blocks.
    pub(crate) fn resume(&mut self, url: &str) -> Result<Option<Resume>, PlaceError> {
        let Some(validator) = self.note.validator.clone() else { return Ok(None) };
        // A time of last change distinguishes versions of one address, not one address from another.
        let vouches = validator.is_strong() || self.note.address == Some(Digest::of(url.as_bytes()));
        let offset = self.note.synced;
        let found = self.file.metadata().map_err(self.fault("read"))?.len();
        if !vouches || offset == 0 || found < offset {
            return Ok(None);
        }
        self.file.set_len(offset).map_err(self.fault("shorten"))?;
        self.rehash().map_err(self.fault("read"))?;
        let (total, content_type) = (self.note.total, self.note.content_type.clone());
        Ok(Some(Resume { offset, validator, total, content_type }))
    }

    fn rehash(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        (self.hasher, self.length) = (Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = self.file.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.hasher.update(&buffer[..count]);
            self.length += count as u64;
        }
    }

    /// Begins anew with the file at `url`, as `begun` describes it. Blocks.
    pub(crate) fn restart(&mut self, url: &str, begun: Begun) -> Result<(), PlaceError> {
        let Begun { validator, total, content_type } = begun;
        let (source, address) = (without_query(url).to_owned(), Some(Digest::of(url.as_bytes())));
        self.note = Note { source, address, validator, total, content_type, synced: 0 };
        if self.noted {
            self.write_note()?;
        }
        self.empty()
    }

    fn empty(&mut self) -> Result<(), PlaceError> {
        self.file.set_len(0).map_err(self.fault("empty"))?;
        self.file.seek(SeekFrom::Start(0)).map_err(self.fault("empty"))?;
        (self.hasher, self.length) = (Sha256::new(), 0);
        Ok(())
    }

    /// Takes a whole file at once, durably, and notes nothing: what is lost before it is in its place is fetched again.
    /// Blocks.
    pub(crate) fn fill(&mut self, bytes: &[u8]) -> Result<(), PlaceError> {
        self.empty()?;
        self.file.write_all(bytes).map_err(self.fault("write"))?;
        self.file.sync_all().map_err(self.fault("sync"))?;
        self.hasher.update(bytes);
        self.length = bytes.len() as u64;
        Ok(())
    }

    /// Adds bytes. Blocks for as long as a write to the system's cache takes, and now and then for a sync.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), PlaceError> {
        self.file.write_all(bytes).map_err(self.fault("write"))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if self.length.saturating_sub(self.note.synced) >= SYNC_BYTES && self.note.validator.is_some() {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes what is there durable, and notes how much that is. Blocks.
    pub(crate) fn sync(&mut self) -> Result<(), PlaceError> {
        self.file.sync_all().map_err(self.fault("sync"))?;
        self.note.synced = self.length;
        self.write_note()
    }

    /// The file's length and digest.
    pub(crate) fn summary(&self) -> (u64, Digest) {
        (self.length, Digest::from_bytes(self.hasher.clone().finalize().into()))
    }

    /// A second handle for reading, from the beginning. Blocks.
    pub(crate) fn reader(&self) -> Result<File, PlaceError> {
        File::open(&self.path).map_err(self.fault("read"))
    }

    /// Throws away a whole file that is not the output, and what was noted of it. Blocks.
    pub(crate) fn discard(&mut self) -> Result<(), PlaceError> {
        self.note =
            Note { validator: None, total: None, content_type: None, synced: 0, ..std::mem::take(&mut self.note) };
        self.write_note()?;
        self.empty()
    }

    /// Forgets the note of a part that was put into its place. Blocks.
    pub(crate) fn finish(self) {
        if self.noted {
            // A note without a part is swept when the batch ends.
            drop(fs::remove_file(&self.note_path));
        }
    }

    fn write_note(&mut self) -> Result<(), PlaceError> {
        let text = serde_json::to_vec(&self.note).map_err(|error| self.fault("note")(error.into()))?;
        let fresh = self.note_path.with_extension("json.new");
        let write = || fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &self.note_path));
        write().map_err(self.fault("note"))?;
        self.noted = true;
        Ok(())
    }

    fn fault(&self, what: &'static str) -> impl FnOnce(io::Error) -> PlaceError + use<> {
        PlaceError::file(what, &self.path)
    }
}

fn path(folder: &Path, job: JobId, output: usize) -> PathBuf {
    folder.join(format!("{job}-{output}.part"))
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            open()
        }
        opened => opened,
    }
}

/// Whether `path` is still the name of `file`.
#[cfg(unix)]
fn names(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let opened = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open is not renamed by others.
#[cfg(not(unix))]
fn names(path: &Path, _: &File) -> io::Result<bool> {
    path.try_exists()
}

/// Whether an earlier attempt left a note of an output. Blocks for as long as one look at a folder takes.
pub(crate) fn is_noted(folder: &Path, job: JobId, output: usize) -> bool {
    path(folder, job, output).with_extension("json").exists()
}

/// The jobs that have something lying in the folder. Blocks.
pub(crate) fn jobs_in(folder: &Path) -> Vec<JobId> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut jobs: Vec<JobId> = entries.filter_map(|entry| job_of(&entry.file_name().to_string_lossy())).collect();
    jobs.sort_unstable();
    jobs.dedup();
    jobs
}

/// Removes whatever lies in the folder for these jobs (sorted), and the folder once it is empty. Blocks.
pub(crate) fn sweep(folder: &Path, over: &[JobId]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if job_of(&entry.file_name().to_string_lossy()).is_some_and(|job| over.binary_search(&job).is_ok()) {
            // Whatever stays is small, and swept the next time.
            drop(fs::remove_file(entry.path()));
        }
    }
    drop(fs::remove_dir(folder));
}

fn job_of(name: &str) -> Option<JobId> {
    name.get(..32)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelq_testkit::sample;

    #[test]
    fn part_left_behind_goes_on_from_what_was_synced() {
        let folder = tempfile::tempdir().unwrap();
        let id = sample::job("cat").id;
        let open = || Part::open(folder.path(), id, 1).unwrap();
        let mut headers_only = open().unwrap();
        let validator: Validator = serde_json::from_str(r#""\"v1\"""#).unwrap();
        let begun = Begun { validator: Some(validator.clone()), total: Some(10), content_type: None };
        headers_only.restart("https://cdn/a", begun).unwrap();
        headers_only.append(b"01234").unwrap();
        assert!(open().is_none(), "another worker has locked it");
        headers_only.sync().unwrap();
        headers_only.append(b"56").unwrap();
        drop(headers_only);
        let mut part = open().unwrap();
        let resume = part.resume("https://cdn/b").unwrap().unwrap();
        assert_eq!(resume, Resume { offset: 5, validator, total: Some(10), content_type: None });
        part.append(b"56789").unwrap();
        assert_eq!(part.summary(), (10, Digest::of(b"0123456789")));
        assert_eq!(fs::read(&part.path).unwrap(), b"0123456789");
    }

    #[test]
    fn whole_file_leaves_no_note_and_what_lay_there_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let id = sample::job("cat").id;
        fs::write(path(folder.path(), id, 1), b"left by a crash").unwrap();
        let mut part = Part::open(folder.path(), id, 1).unwrap().unwrap();
        part.fill(b"whole").unwrap();
        assert_eq!(part.summary(), (5, Digest::of(b"whole")));
        assert_eq!(fs::read(&part.path).unwrap(), b"whole");
        assert!(!is_noted(folder.path(), id, 1));
    }

    #[cfg(unix)]
    #[test]
    fn file_that_was_renamed_meanwhile_is_no_part_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), sample::job("cat").id, 1);
        let file = open(folder.path(), &path).unwrap();
        assert!(names(&path, &file).unwrap());
        fs::rename(&path, folder.path().join("placed.mp4")).unwrap();
        assert!(!names(&path, &file).unwrap());
        fs::write(&path, b"another").unwrap();
        assert!(!names(&path, &file).unwrap());
    }

    #[test]
    fn time_of_last_change_vouches_only_for_its_own_address() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(folder.path(), sample::job("cat").id, 1).unwrap().unwrap();
        let validator = serde_json::from_str(r#""Sat, 21 Nov 2026 02:00:00 GMT""#).unwrap();
        part.restart("https://cdn/a?id=1", Begun { validator: Some(validator), ..Begun::default() }).unwrap();
        part.append(b"01234").unwrap();
        part.sync().unwrap();
        for other in ["https://cdn/b?id=1", "https://cdn/a?id=2", "https://cdn/a"] {
            assert!(part.resume(other).unwrap().is_none(), "{other}");
        }
        assert!(part.resume("https://cdn/a?id=1").unwrap().is_some());
    }

    #[test]
    fn note_of_an_earlier_version_is_read_and_vouches_only_by_its_tag() {
        let folder = tempfile::tempdir().unwrap();
        let id = sample::job("cat").id;
        for (validator, goes_on) in [(r#""\"v1\"""#, true), (r#""Sat, 21 Nov 2026 02:00:00 GMT""#, false)] {
            fs::write(path(folder.path(), id, 1), b"0123456").unwrap();
            let note = format!(r#"{{"source":"https://cdn/a","validator":{validator},"synced":5,"bad":0}}"#);
            fs::write(path(folder.path(), id, 1).with_extension("json"), note).unwrap();
            let mut part = Part::open(folder.path(), id, 1).unwrap().unwrap();
            let resume = part.resume("https://cdn/a").unwrap();
            assert_eq!(resume.map(|from| (from.offset, from.total)), goes_on.then_some((5, None)));
        }
    }
}
