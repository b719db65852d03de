//! The folder of journals: one lock file and up to three files of lines a process. The system frees a lock when its process ends.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use reelq_model::{Digest, WorkerId};

use super::entry::{Contents, decode};
use reelq_files::{private, process_lock};

/// The journals of one store in a folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Begins the names of this namespace's journals.
    store: String,
    namespace: String,
}

/// The files of one process, the oldest first. The last exists only while the first two change places.
const FILES: [&str; 3] = ["1", "journal", "new"];

impl Folder {
    pub(super) fn open(path: &Path, store: &str) -> io::Result<Self> {
        private::own_folder(path)?;
        for entry in std::fs::read_dir(path)?.flatten() {
            private::narrow(&entry.path());
        }
        let namespace = store.to_owned();
        let mut store = Digest::of(store.as_bytes()).to_string();
        store.truncate(12);
        Ok(Self { path: path.to_owned(), store, namespace })
    }

    /// The folder's own id, made with its first use.
    pub(super) fn id(&self) -> io::Result<String> {
        let path = self.path.join("folder.id");
        match std::fs::read_to_string(&path) {
            Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Written whole and then named: of two processes that make it at once, both read the first one's.
        let id = format!("{:016x}", reelq_files::fresh::number());
        let new = self.path.join(format!("folder.{id}"));
        let mut file = private::options().create(true).write(true).truncate(true).open(&new)?;
        io::Write::write_all(&mut file, id.as_bytes())?;
        file.sync_all()?;
        let named = std::fs::hard_link(&new, &path).or_else(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { std::fs::rename(&new, &path) }
        });
        std::fs::remove_file(&new).ok();
        named?;
        self.sync()?;
        Ok(std::fs::read_to_string(&path)?.trim().to_owned())
    }

    /// Where it is kept which lives of the namespace the folder has met.
    pub(super) fn lives(&self) -> PathBuf {
        self.path.join(format!("{}.lives", self.store))
    }

    /// The name of a worker's journal.
    pub(super) fn name(&self, worker: &WorkerId) -> String {
        // Names may hold characters that some file systems do not take.
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '=' };
        format!("{}-{}", self.store, worker.as_str().chars().map(safe).collect::<String>())
    }

    /// Every journal of this store.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".lock")) else { continue };
            if name.starts_with(&self.store) || self.is_of_format_1(name) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Whether it is a journal of this namespace that was filed under the address of its store.
    fn is_of_format_1(&self, name: &str) -> bool {
        let suffix = format!(", namespace {}", self.namespace);
        let store = self.read(name).ok().and_then(|contents| contents.store);
        store.is_some_and(|(format, store)| format == 1 && store.ends_with(&suffix))
    }

    pub(super) fn file(&self, name: &str, part: &str) -> PathBuf {
        self.path.join(format!("{name}.{part}"))
    }

    /// Everything that a journal holds, the oldest line first.
    pub(super) fn read(&self, name: &str) -> io::Result<Contents> {
        let mut contents = Contents::default();
        for part in FILES {
            contents.add(self.read_part(name, part)?);
        }
        Ok(contents)
    }

    /// What one file of a journal holds; nothing where there is none.
    pub(super) fn read_part(&self, name: &str, part: &str) -> io::Result<Contents> {
        match std::fs::read(self.file(name, part)) {
            Ok(bytes) => Ok(decode(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
            Err(error) => Err(error),
        }
    }

    /// Locks a journal for as long as its process lives; `None` where another live process has it.
    pub(super) fn lock(&self, name: &str) -> io::Result<Option<File>> {
        process_lock::take(&self.file(name, "lock"))
    }

    /// Whether the process of a journal lives. Where that cannot be told, it does.
    pub(super) fn is_live(&self, name: &str) -> bool {
        match process_lock::is_free(&self.file(name, "lock")) {
            Ok(is_free) => !is_free,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Removes a journal that is not needed any more.
    pub(super) fn remove(&self, name: &str) {
        for part in FILES.iter().chain(&["lock"]) {
            match std::fs::remove_file(self.file(name, part)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(journal = name, %error, "a journal that is not needed any more could not be removed");
                }
                _ => {}
            }
        }
    }

    /// Makes the names in the folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
